//! `webx drive get|cat|export`: bytes out of the drive. Folders are read on several connections.

use std::fs;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::SystemTime;

use anyhow::Context as _;
use serde_json::json;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::super::Context;
use super::super::landing::Landing;
use super::list::version_id;
use super::local;
use super::tree::{Node, Tree};
use crate::args::GetArgs;
use crate::client::{Progress, RemotePath, encode};
use crate::failure::Failure;
use crate::output::printable;

/// Files of a folder that are fetched at once.
const PARALLEL: usize = 4;
/// Bytes copied at once.
const BUFFER: usize = 256 * 1024;

pub(super) fn get(context: &Context, tree: &Tree, args: &GetArgs) -> anyhow::Result<()> {
    let path = RemotePath::parse(&args.path)?;
    if args.to.as_deref() == Some(Path::new("-")) {
        return cat(tree, &args.path, args.version);
    }
    let node = tree.node(&path)?;
    let to = args.to.clone().unwrap_or_else(|| PathBuf::from("."));
    let target = match path.name() {
        Some(name) if to.is_dir() => local::below(&to, name)?,
        _ => to,
    };
    if node.is_folder() {
        return folder(context, tree, &node, &target, args.force);
    }
    let version = match args.version {
        Some(number) => Some(version_id(tree, &node, number)?),
        None => None,
    };
    let progress = Progress::bytes(context.output, node.name(), node.size());
    let size = fetch(
        tree,
        &node,
        version.as_deref(),
        &target,
        args.force,
        &progress,
    )?;
    progress.finish();
    context.output.show(
        &json!({ "files": 1, "bytes": size, "path": target }),
        |_| Ok(()),
    )
}

/// Writes what is inside a folder, or the folder as a zip file.
pub(super) fn export(
    context: &Context,
    tree: &Tree,
    from: &str,
    to: &Path,
    force: bool,
) -> anyhow::Result<()> {
    let node = tree.folder(&RemotePath::parse(from)?)?;
    let zip = to
        .extension()
        .is_some_and(|extension| extension.eq_ignore_ascii_case("zip"));
    if !zip {
        return folder(context, tree, &node, to, force);
    }
    let (mut body, length) = tree.client().open(&node.url("/archive"))?;
    let progress = Progress::bytes(context.output, from, length.unwrap_or(0));
    let mut landing = Landing::start(to, force)?;
    let size = copy(&mut body, &mut landing, &progress)?;
    landing.land(None)?;
    progress.finish();
    context
        .output
        .show(&json!({ "bytes": size, "path": to }), |_| Ok(()))
}

/// Writes a file's content to standard output.
pub(super) fn cat(tree: &Tree, path: &str, version: Option<u64>) -> anyhow::Result<()> {
    let node = tree.node(&RemotePath::parse(path)?)?;
    if node.is_folder() {
        return Err(
            Failure::refused("not-a-file", format!("{path} is a folder"))
                .todo("get it with webx drive get")
                .into(),
        );
    }
    let version = match version {
        Some(number) => Some(version_id(tree, &node, number)?),
        None => None,
    };
    let (mut body, length) = tree.client().open(&content(&node, version.as_deref()))?;
    let mut out = io::stdout().lock();
    let mut buffer = vec![0; BUFFER];
    let mut done = 0u64;
    loop {
        let count = body
            .read(&mut buffer)
            .map_err(|error| interrupted(&error))?;
        if count == 0 {
            break;
        }
        out.write_all(&buffer[..count])?;
        done += count as u64;
    }
    out.flush()?;
    complete(done, length)
}

fn content(node: &Node, version: Option<&str>) -> String {
    match version {
        Some(version) => node.url(&format!("/content?version={}", encode(version))),
        None => node.url("/content"),
    }
}

/// Fetches one file and puts it in its place when it is whole.
fn fetch(
    tree: &Tree,
    node: &Node,
    version: Option<&str>,
    target: &Path,
    force: bool,
    progress: &Progress,
) -> anyhow::Result<u64> {
    let mut landing = Landing::start(target, force)?;
    let (mut body, length) = tree.client().open(&content(node, version))?;
    let size = copy(&mut body, &mut landing, progress)?;
    complete(size, length)?;
    landing.land(modified(node))?;
    Ok(size)
}

fn copy(from: &mut impl Read, to: &mut impl Write, progress: &Progress) -> anyhow::Result<u64> {
    let mut buffer = vec![0; BUFFER];
    let mut done = 0u64;
    loop {
        let count = from
            .read(&mut buffer)
            .map_err(|error| interrupted(&error))?;
        if count == 0 {
            return Ok(done);
        }
        to.write_all(&buffer[..count])?;
        progress.add(count as u64);
        done += count as u64;
    }
}

/// The node breaks a stream off rather than send wrong bytes.
fn interrupted(error: &io::Error) -> Failure {
    Failure::refused(
        "interrupted",
        format!("the node broke the transfer off: {error}"),
    )
    .todo("look for damage with webx drive verify")
}

fn complete(done: u64, length: Option<u64>) -> anyhow::Result<()> {
    match length {
        Some(length) if length != done => Err(Failure::refused(
            "interrupted",
            format!("only {done} of {length} bytes came"),
        )
        .todo("look for damage with webx drive verify")
        .into()),
        _ => Ok(()),
    }
}

fn modified(node: &Node) -> Option<SystemTime> {
    OffsetDateTime::parse(node.field("modified"), &Rfc3339)
        .ok()
        .map(SystemTime::from)
}

/// What the fetching threads found.
#[derive(Default)]
struct Tally {
    files: u64,
    bytes: u64,
    failed: Vec<(String, String)>,
}

fn folder(
    context: &Context,
    tree: &Tree,
    node: &Node,
    target: &Path,
    force: bool,
) -> anyhow::Result<()> {
    let progress = Progress::bytes(context.output, node.name(), 0);
    let tally = Mutex::new(Tally::default());
    let mut unreadable = Vec::new();
    let (queue, work) = sync_channel::<(Node, PathBuf)>(1024);
    let work = Arc::new(Mutex::new(work));
    thread::scope(|scope| -> anyhow::Result<()> {
        for _ in 0..PARALLEL {
            scope.spawn(|| fetch_all(tree, &work, &tally, force, &progress));
        }
        let walked = walk_tree(tree, node, target, &mut unreadable, &mut |file, path| {
            queue
                .send((file, path))
                .map_err(|_| anyhow::anyhow!("stopped"))
        });
        drop(queue);
        walked
    })?;
    progress.finish();
    let mut tally = tally.into_inner().unwrap_or_else(PoisonError::into_inner);
    tally.failed.extend(unreadable);
    let failed: Vec<_> = tally
        .failed
        .iter()
        .map(|(path, why)| json!({ "path": path, "code": why }))
        .collect();
    context.output.show(
        &json!({ "files": tally.files, "bytes": tally.bytes, "path": target, "failed": failed }),
        |_| Ok(()),
    )?;
    for (path, why) in &tally.failed {
        context
            .output
            .remark(&printable(&format!("not written: {path} ({why})")));
    }
    match tally.failed.len() {
        0 => Ok(()),
        count => Err(Failure::refused(
            "incomplete",
            format!("{count} of the files were not written; all others are"),
        )
        .into()),
    }
}

/// Makes the folders and hands every file on, depth first. A folder that cannot be listed, or a name
/// that cannot be written here, is noted and left out.
pub(in crate::commands) fn walk_tree(
    tree: &Tree,
    node: &Node,
    target: &Path,
    left_out: &mut Vec<(String, String)>,
    each: &mut dyn FnMut(Node, PathBuf) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let mut folders = vec![(node.clone(), target.to_path_buf())];
    while let Some((folder, path)) = folders.pop() {
        fs::create_dir_all(&path).with_context(|| format!("cannot make {}", path.display()))?;
        let mut stopped = None;
        let listed = tree.children(&folder, "", &mut |child| {
            let place = match local::below(&path, child.name()) {
                Ok(place) => place,
                Err(error) => {
                    left_out.push((
                        format!("{}/{}", path.display(), child.name()),
                        error.to_string(),
                    ));
                    return Ok(());
                }
            };
            if child.is_folder() {
                folders.push((child, place));
                return Ok(());
            }
            each(child, place).inspect_err(|_| stopped = Some(()))
        });
        match listed {
            Err(error) if stopped.is_some() || crate::client::is_unreachable(&error) => {
                return Err(error);
            }
            Err(error) => left_out.push((path.display().to_string(), format!("{error:#}"))),
            Ok(()) => {}
        }
    }
    Ok(())
}

/// Fetches one file, or a version of it, to `target`, which must not exist.
pub(in crate::commands) fn fetch_file(
    tree: &Tree,
    node: &Node,
    version: Option<&str>,
    target: &Path,
    progress: &Progress,
) -> anyhow::Result<u64> {
    fetch(tree, node, version, target, false, progress)
}

fn fetch_all(
    tree: &Tree,
    work: &Mutex<Receiver<(Node, PathBuf)>>,
    tally: &Mutex<Tally>,
    force: bool,
    progress: &Progress,
) {
    loop {
        let next = work.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok((node, path)) = next else { return };
        let fetched = fetch(tree, &node, None, &path, force, progress);
        let mut tally = tally.lock().unwrap_or_else(PoisonError::into_inner);
        match fetched {
            Ok(size) => {
                tally.files += 1;
                tally.bytes += size;
            }
            Err(error) => tally
                .failed
                .push((path.display().to_string(), format!("{error:#}"))),
        }
    }
}
