//! Putting a whole folder: small files travel as frames of one request, large ones beside them.
//!
//! Several threads read small files ahead and pack them into pieces of about a megabyte; one thread
//! streams the pieces to the node, which commits them in batches. Large files go one after the other
//! on a connection of their own, so that they never hold the small ones up.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use serde::Serialize;
use serde_json::{Value, json};
use ureq::http::Method;

use super::local::{self, Found};
use super::put::put_file;
use super::tree::{Node, Tree};
use crate::client::{Progress, RemotePath};
use crate::output::{field, number};

/// Larger files are streamed one by one; smaller ones are read whole and framed.
const SMALL: u64 = 1024 * 1024;
/// A reader hands its frames on when it holds this many bytes.
const PIECE: usize = 1024 * 1024;
/// Threads that read small files.
const READERS: usize = 3;

/// What became of a folder.
#[derive(Debug, Default, Serialize)]
pub(super) struct Outcome {
    pub(super) files: u64,
    pub(super) folders: u64,
    pub(super) bytes: u64,
    pub(super) failed: Vec<Lost>,
}

/// Something that is not in the drive now, and why.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Lost {
    pub(super) path: String,
    pub(super) code: String,
}

/// Puts everything below `root` into `folder`.
pub(super) fn import(
    tree: &Tree,
    root: &Path,
    folder: &Node,
    to: &RemotePath,
    on_conflict: &str,
    progress: &Progress,
) -> anyhow::Result<Outcome> {
    let (small, small_queue) = sync_channel::<(PathBuf, String)>(4096);
    let (large, large_queue) = channel::<(PathBuf, String)>();
    let (piece, pieces) = sync_channel::<Vec<u8>>(8);
    let (lost, all_lost) = channel::<Lost>();
    let small_queue = Arc::new(Mutex::new(small_queue));
    let stop = AtomicBool::new(false);

    let mut outcome = thread::scope(|scope| -> anyhow::Result<Outcome> {
        let framed = scope.spawn(|| {
            let sent = send_frames(tree, folder, on_conflict, pieces);
            if sent.is_err() {
                stop.store(true, Ordering::Relaxed);
            }
            sent
        });
        let streamed = scope.spawn({
            let lost = lost.clone();
            let stop = &stop;
            move || send_large(tree, to, on_conflict, &large_queue, &lost, progress, stop)
        });
        for _ in 0..READERS {
            let (queue, piece, lost) = (small_queue.clone(), piece.clone(), lost.clone());
            scope.spawn(move || read_small(&queue, &piece, &lost, progress));
        }
        // Only the readers hold the queue now: when the node goes away they end, and the walk with them.
        drop(small_queue);
        let walked = walk(root, &small, &large, &piece, &lost, &stop);
        drop((small, large, piece));
        drop(lost);
        walked?;
        let mut outcome = join(framed)?;
        let (files, bytes) = join(streamed)?;
        outcome.files += files;
        outcome.bytes += bytes;
        Ok(outcome)
    })?;
    outcome.failed.extend(all_lost);
    Ok(outcome)
}

fn join<T>(handle: thread::ScopedJoinHandle<'_, anyhow::Result<T>>) -> anyhow::Result<T> {
    handle
        .join()
        .unwrap_or_else(|_| Err(anyhow::anyhow!("a transfer thread ended unexpectedly")))
}

fn walk(
    root: &Path,
    small: &SyncSender<(PathBuf, String)>,
    large: &Sender<(PathBuf, String)>,
    piece: &SyncSender<Vec<u8>>,
    lost: &Sender<Lost>,
    stop: &AtomicBool,
) -> anyhow::Result<()> {
    local::walk(root, &mut |found| {
        let sent = match found {
            Found::File {
                path,
                relative,
                size,
            } if size <= SMALL => small.send((path, relative)).is_ok(),
            Found::File { path, relative, .. } => large.send((path, relative)).is_ok(),
            Found::EmptyFolder { relative } => {
                let mut frame = Vec::new();
                push_frame(
                    &mut frame,
                    &json!({ "path": relative, "folder": true }),
                    &[],
                );
                piece.send(frame).is_ok()
            }
            Found::LeftOut { path, why } => lost
                .send(Lost {
                    path: path.display().to_string(),
                    code: why,
                })
                .is_ok(),
        };
        sent && !stop.load(Ordering::Relaxed)
    })
}

/// Reads small files from the queue and packs them into pieces of frames.
fn read_small(
    queue: &Mutex<Receiver<(PathBuf, String)>>,
    piece: &SyncSender<Vec<u8>>,
    lost: &Sender<Lost>,
    progress: &Progress,
) {
    let mut frames = Vec::with_capacity(PIECE + PIECE / 4);
    let mut content = Vec::new();
    loop {
        let next = queue.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok((path, relative)) = next else { break };
        match read_whole(&path, &mut content) {
            Ok(modified) => {
                let header =
                    json!({ "path": relative, "size": content.len(), "modified": modified });
                push_frame(&mut frames, &header, &content);
                progress.add(content.len() as u64);
            }
            Err(error) => {
                let _ = lost.send(Lost {
                    path: path.display().to_string(),
                    code: error.to_string(),
                });
            }
        }
        if frames.len() >= PIECE {
            let full = std::mem::replace(&mut frames, Vec::with_capacity(PIECE + PIECE / 4));
            if piece.send(full).is_err() {
                return;
            }
        }
    }
    if !frames.is_empty() {
        let _ = piece.send(frames);
    }
}

/// Reads a small file that may grow or shrink meanwhile: what is read is what is sent.
fn read_whole(path: &Path, content: &mut Vec<u8>) -> io::Result<Option<String>> {
    content.clear();
    let file = File::open(path)?;
    let metadata = file.metadata()?;
    (&file).take(4 * SMALL).read_to_end(content)?;
    if content.len() as u64 == 4 * SMALL {
        return Err(io::Error::other("the file grows while it is read"));
    }
    Ok(local::modified(&metadata))
}

/// One frame: header length (u32, little endian), header, content.
fn push_frame(out: &mut Vec<u8>, header: &Value, content: &[u8]) {
    let header = header.to_string();
    let length = u32::try_from(header.len()).unwrap_or(u32::MAX);
    out.extend_from_slice(&length.to_le_bytes());
    out.extend_from_slice(header.as_bytes());
    out.extend_from_slice(content);
}

/// Streams the pieces as one request; none when there is nothing to send.
fn send_frames(
    tree: &Tree,
    folder: &Node,
    on_conflict: &str,
    pieces: Receiver<Vec<u8>>,
) -> anyhow::Result<Outcome> {
    let Ok(first) = pieces.recv() else {
        return Ok(Outcome::default());
    };
    let mut body = Pieces {
        current: io::Cursor::new(first),
        rest: pieces,
    };
    let path = format!(
        "/api/drive/import?parent={}&onConflict={on_conflict}",
        folder.id()
    );
    let answer = tree.client().send(Method::POST, &path, &mut body)?;
    Ok(Outcome {
        files: number(&answer, "files"),
        folders: number(&answer, "folders"),
        bytes: number(&answer, "bytes"),
        failed: answer
            .get("failed")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
            .map(|lost| Lost {
                path: field(lost, "path").to_owned(),
                code: field(lost, "code").to_owned(),
            })
            .collect(),
    })
}

/// The body of the import request, fed by the readers.
struct Pieces {
    current: io::Cursor<Vec<u8>>,
    rest: Receiver<Vec<u8>>,
}

impl Read for Pieces {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            let count = self.current.read(buffer)?;
            if count > 0 {
                return Ok(count);
            }
            match self.rest.recv() {
                Ok(piece) => self.current = io::Cursor::new(piece),
                Err(_) => return Ok(0),
            }
        }
    }
}

/// Streams large files one after the other; folders they need are made on the way.
fn send_large(
    tree: &Tree,
    to: &RemotePath,
    on_conflict: &str,
    queue: &Receiver<(PathBuf, String)>,
    lost: &Sender<Lost>,
    progress: &Progress,
    stop: &AtomicBool,
) -> anyhow::Result<(u64, u64)> {
    let mut folders: HashMap<String, Node> = HashMap::new();
    let (mut files, mut bytes) = (0, 0);
    while let Ok((path, relative)) = queue.recv() {
        if stop.load(Ordering::Relaxed) {
            break;
        }
        let (parent, name) = relative.rsplit_once('/').unwrap_or(("", &relative));
        let sent = folder_at(tree, to, parent, &mut folders)
            .and_then(|folder| put_file(tree, &path, &folder, name, on_conflict, progress));
        match sent {
            Ok(node) => {
                files += 1;
                bytes += node.size();
            }
            Err(error) if is_fatal(&error) => {
                stop.store(true, Ordering::Relaxed);
                return Err(error);
            }
            Err(error) => {
                let _ = lost.send(Lost {
                    path: relative,
                    code: format!("{error:#}"),
                });
            }
        }
    }
    Ok((files, bytes))
}

fn folder_at(
    tree: &Tree,
    to: &RemotePath,
    relative: &str,
    known: &mut HashMap<String, Node>,
) -> anyhow::Result<Node> {
    if let Some(folder) = known.get(relative) {
        return Ok(folder.clone());
    }
    let mut path = to.clone();
    for name in relative.split('/').filter(|name| !name.is_empty()) {
        path = path.join(name);
    }
    let folder = tree.ensure_folder(&path)?;
    known.insert(relative.to_owned(), folder.clone());
    Ok(folder)
}

/// Nothing after this can succeed either: the node is gone, locked or full.
fn is_fatal(error: &anyhow::Error) -> bool {
    crate::client::is_unreachable(error)
        || matches!(
            super::tree::code(error),
            Some("locked" | "disk-full" | "quota-exceeded")
        )
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_frame_is_length_header_content() {
        let mut out = Vec::new();
        push_frame(&mut out, &json!({ "path": "a", "size": 2 }), b"hi");
        let length = u32::from_le_bytes(out[..4].try_into().unwrap()) as usize;
        assert_eq!(&out[4..4 + length], br#"{"path":"a","size":2}"#);
        assert_eq!(&out[4 + length..], b"hi");
    }

    #[test]
    fn pieces_read_as_one_stream() {
        let (send, rest) = sync_channel(8);
        for piece in [&b"b"[..], b"", b"cd"] {
            send.send(piece.to_vec()).unwrap();
        }
        drop(send);
        let mut body = Pieces {
            current: io::Cursor::new(b"a".to_vec()),
            rest,
        };
        let mut text = String::new();
        body.read_to_string(&mut text).unwrap();
        assert_eq!(text, "abcd");
    }
}
