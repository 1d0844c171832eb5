//! Prints the CIDs of everything in a folder, in both profiles: what `tests/peers` compares with another implementation.
//! One line for each entry: its name, `unixfs-v0-2015`, `unixfs-v1-2025`.

use std::fs;
use std::io::Write as _;
use std::path::Path;

use webx_content::ipld::{Cid, Result, Sink};
use webx_content::unixfs::{Folder, Imported, Profile, import_file};

struct Nowhere;

impl Sink for Nowhere {
    fn put(&mut self, _: &Cid, _: bytes::Bytes) -> Result<()> {
        Ok(())
    }
}

fn import(profile: &Profile, path: &Path) -> Result<Imported> {
    if !path.is_dir() {
        return import_file(profile, &mut Nowhere, &mut fs::File::open(path)?);
    }
    let mut folder = Folder::default();
    for entry in fs::read_dir(path)? {
        let entry = entry?;
        let name = entry.file_name();
        folder.insert(&name.to_string_lossy(), &import(profile, &entry.path())?)?;
    }
    folder.finish(profile, &mut Nowhere)
}

fn main() -> Result<()> {
    let folder = std::env::args_os().nth(1).unwrap_or_else(|| ".".into());
    let mut out = std::io::stdout().lock();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let v0 = import(&Profile::V0_2015, &entry.path())?;
        let v1 = import(&Profile::V1_2025, &entry.path())?;
        let name = entry.file_name();
        writeln!(out, "{} {} {}", name.to_string_lossy(), v0.cid, v1.cid)?;
    }
    Ok(())
}
