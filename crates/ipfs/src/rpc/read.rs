//! Reading files: `cat` and `get`.

use std::io::Write as _;

use flate2::Compression;
use flate2::write::GzEncoder;
use webx_content::ipld::{self, Cid};
use webx_content::unixfs::{self, File, Stat};

use super::answer::{Done, Failure};
use super::call::{Call, Kind};
use crate::tar;

/// A file, or what it is instead in the words of other implementations.
fn open(call: &Call, cid: &Cid) -> Done<File> {
    File::open(&call.store, cid).map_err(|error| match error {
        ipld::Error::WrongKind { .. } => match unixfs::stat(&call.store, cid) {
            Ok(Stat::Folder) => Failure::new("this dag node is a directory"),
            _ => Failure::new("this dag node is no file"),
        },
        error => error.into(),
    })
}

/// A number that may not be below zero.
fn natural(call: &Call, name: &str) -> Done<Option<u64>> {
    match call.ask.number::<i64>(name)? {
        Some(number) => u64::try_from(number)
            .map(Some)
            .map_err(|_| Failure::new(format!("cannot specify negative {name}"))),
        None => Ok(None),
    }
}

pub(super) fn cat(call: &mut Call) -> Done {
    let mut skip = natural(call, "offset")?.unwrap_or(0);
    let mut left = natural(call, "length")?.unwrap_or(u64::MAX);
    let mut files = Vec::new();
    for path in call.ask.args() {
        let cid = call.end(path)?;
        files.push(open(call, &cid)?);
    }
    call.out.begin(Kind::Bytes);
    for file in files {
        let end = skip.saturating_add(left).min(file.size());
        if skip >= end {
            skip = skip.saturating_sub(file.size());
            continue;
        }
        for piece in file.read(&call.store, skip..end) {
            call.out.piece(piece?)?;
        }
        left -= end - skip;
        skip = 0;
    }
    Ok(())
}

pub(super) fn get(call: &mut Call) -> Done {
    let (path, found) = call.resolve(call.ask.arg(0, "ipfs-path")?)?;
    if !found.within.is_empty() {
        return Err(Failure::new("the path ends within a block"));
    }
    let compresses = call.ask.flag("compress", false)?;
    let archives = call.ask.flag("archive", false)?;
    let level = match call.ask.number::<i64>("compression-level")? {
        None | Some(-1) => Compression::default(),
        Some(level @ 1..=9) => Compression::new(u32::try_from(level).unwrap_or(6)),
        Some(_) => {
            return Err(Failure::new("compression level must be between 1 and 9"));
        }
    };
    let (cid, name) = (found.cid, path.name());
    let store = call.store.clone();
    // What cannot be written is said before the first byte.
    tar::check(&store, &cid)?;
    if compresses && !archives {
        let file = open(call, &cid)?;
        call.out.begin(Kind::Gzip);
        let mut to = GzEncoder::new(call.out.body(), level);
        for piece in file.read(&store, 0..u64::MAX) {
            to.write_all(&piece?)?;
        }
        to.finish()?;
        return Ok(());
    }
    if compresses {
        call.out.begin(Kind::Gzip);
        let mut to = GzEncoder::new(call.out.body(), level);
        tar::write(&store, &cid, &name, &mut to)?;
        to.finish()?;
        return Ok(());
    }
    call.out.begin(Kind::Tar);
    tar::write(&store, &cid, &name, call.out.body())?;
    Ok(())
}
