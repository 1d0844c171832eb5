//! `webx ipfs add`: files of this machine become blocks, which go to the node as one CAR while they are made.

use std::fs;
use std::io::{self, BufWriter, PipeReader, Read, Write as _};
use std::path::Path;
use std::thread::JoinHandle;

use anyhow::Context as _;
use bytes::Bytes;
use serde_json::json;
use ureq::http::Method;
use webx_content::car;
use webx_content::ipld::{self, Cid, Sink};
use webx_content::unixfs::{Folder, Imported, Profile, import_file, symlink};

use super::ROOT;
use crate::args::{IpfsAddArgs, UnixfsProfile};
use crate::client::{Progress, encode};
use crate::commands::Context;
use crate::failure::Failure;

/// How deep folders are followed.
const MAX_DEPTH: usize = 256;
/// Bytes that are gathered between the two threads.
const BUFFER: usize = 1 << 20;

pub(super) fn run(context: &Context, args: &IpfsAddArgs) -> anyhow::Result<()> {
    let profile = match args.profile {
        UnixfsProfile::V0 => Profile::V0_2015,
        UnixfsProfile::V1 => Profile::V1_2025,
    };
    let path = fs::canonicalize(&args.path)
        .with_context(|| format!("cannot read {}", args.path.display()))?;
    let name = path
        .file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned();
    let made = if args.only_hash {
        import(&profile, &path, &mut Nowhere, 0)?
    } else {
        let client = context.client()?;
        let progress = Progress::bytes(context.output, &name, 0);
        let sent = Making::start(profile, path)?;
        let url = format!("{ROOT}/car?last=true&name={}", encode(&name));
        let made =
            sent.send(|blocks| client.send(Method::POST, &url, &mut progress.meter(blocks)))?;
        progress.finish();
        made
    };
    let row = json!({ "cid": made.cid.to_string(), "name": name, "size": made.size, "total": made.total });
    context
        .output
        .show(&row, |out| writeln!(out, "{}  {name}", made.cid))
}

struct Nowhere;

impl Sink for Nowhere {
    fn put(&mut self, _: &Cid, _: Bytes) -> ipld::Result<()> {
        Ok(())
    }
}

fn import(
    profile: &Profile,
    path: &Path,
    sink: &mut dyn Sink,
    depth: usize,
) -> ipld::Result<Imported> {
    let kind = path.symlink_metadata()?.file_type();
    if kind.is_symlink() {
        let target = fs::read_link(path)?;
        return symlink(profile, sink, &target.to_string_lossy());
    }
    if kind.is_file() {
        return import_file(profile, sink, &mut fs::File::open(path)?);
    }
    if !kind.is_dir() || depth == MAX_DEPTH {
        let what = format!("{} is neither file nor folder", path.display());
        return Err(io::Error::other(what).into());
    }
    let mut folder = Folder::default();
    for entry in fs::read_dir(path)? {
        let entry = entry?;
        let name = entry.file_name();
        let name = name.to_str().ok_or_else(|| {
            io::Error::other(format!(
                "{} has a name that is no text",
                entry.path().display()
            ))
        })?;
        folder.insert(name, &import(profile, &entry.path(), sink, depth + 1)?)?;
    }
    folder.finish(profile, sink)
}

/// A thread that makes blocks, and the end of the pipe where they come out as a CAR.
struct Making {
    blocks: PipeReader,
    maker: Option<JoinHandle<ipld::Result<Imported>>>,
    made: Option<ipld::Result<Imported>>,
}

impl Making {
    fn start(profile: Profile, path: std::path::PathBuf) -> anyhow::Result<Self> {
        let (blocks, to) = io::pipe()?;
        let maker = std::thread::Builder::new()
            .name("ipfs-add".into())
            .spawn(move || {
                // The root is the last block; the header comes first and cannot know it.
                let mut car = car::Writer::new(BufWriter::with_capacity(BUFFER, to), &[])?;
                let made = import(&profile, &path, &mut car, 0)?;
                car.into_inner().flush()?;
                Ok(made)
            })?;
        Ok(Self {
            blocks,
            maker: Some(maker),
            made: None,
        })
    }

    /// Sends what comes. What the maker says counts before what the node says: when making fails, the node sees a
    /// request that breaks off.
    fn send(
        mut self,
        send: impl FnOnce(&mut Self) -> anyhow::Result<serde_json::Value>,
    ) -> anyhow::Result<Imported> {
        let answer = send(&mut self);
        match self.made.take() {
            Some(Err(error)) => Err(Failure::refused("not-added", error.to_string()).into()),
            Some(Ok(made)) => answer.map(|_| made),
            None => Err(answer.err().unwrap_or_else(|| {
                Failure::refused("not-added", "the node stopped listening").into()
            })),
        }
    }
}

impl Read for Making {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let count = self.blocks.read(out)?;
        if count > 0 || out.is_empty() {
            return Ok(count);
        }
        // The end is one only if all was made.
        if let Some(maker) = self.maker.take() {
            let made = maker
                .join()
                .unwrap_or_else(|_| Err(io::Error::other("making blocks failed").into()));
            self.made = Some(made);
        }
        match &self.made {
            Some(Ok(_)) => Ok(0),
            _ => Err(io::Error::other("not everything could be read")),
        }
    }
}
