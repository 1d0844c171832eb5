//! Takes into the program what it writes into projects: the templates, and the types that the build of `ui/` makes.
//!
//! Without a build of `ui/` there are no types; projects then say at the type check that `@webx/sdk` has none.

use std::fmt::Write as _;
use std::hash::{DefaultHasher, Hasher as _};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::{env, fs};

use flate2::Compression;
use flate2::write::DeflateEncoder;

fn main() -> io::Result<()> {
    let here = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").unwrap_or_default());
    let out = PathBuf::from(env::var_os("OUT_DIR").unwrap_or_default());
    println!("cargo::rerun-if-changed=build.rs");
    templates(&here.join("templates"), &out)?;
    types(&here.join("types"), &here.join("../../ui"), &out)
}

fn templates(folder: &Path, out: &Path) -> io::Result<()> {
    println!("cargo::rerun-if-changed={}", folder.display());
    let mut table = String::from("static TEMPLATES: &[(&str, &[u8])] = &[\n");
    for path in walk(folder)? {
        let file = folder.join(&path);
        writeln!(table, "    ({path:?}, include_bytes!({file:?})),").map_err(io::Error::other)?;
    }
    table.push_str("];\n");
    fs::write(out.join("templates.rs"), table)
}

fn types(own: &Path, ui: &Path, out: &Path) -> io::Result<()> {
    let folder = ui.join("dist-types");
    println!("cargo::rerun-if-changed={}", own.display());
    // A path that is missing would count as changed each time; the package file always exists.
    let watched = if folder.is_dir() {
        folder.clone()
    } else {
        ui.join("package.json")
    };
    println!("cargo::rerun-if-changed={}", watched.display());
    let mut table = String::from("static TYPES: &[(&str, &[u8])] = &[\n");
    let mut hash = DefaultHasher::new();
    let mut files = Vec::new();
    for folder in [own, folder.as_path()] {
        if folder.is_dir() {
            let paths = walk(folder)?;
            files.extend(paths.into_iter().map(|path| (folder.join(&path), path)));
        }
    }
    for (number, (file, path)) in files.iter().enumerate() {
        let bytes = fs::read(file)?;
        hash.write(path.as_bytes());
        hash.write(&bytes);
        let mut encoder = DeflateEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(&bytes)?;
        let name = format!("type-{number}.z");
        fs::write(out.join(&name), encoder.finish()?)?;
        writeln!(
            table,
            "    ({path:?}, include_bytes!(concat!(env!(\"OUT_DIR\"), \"/{name}\"))),"
        )
        .map_err(io::Error::other)?;
    }
    table.push_str("];\n");
    writeln!(table, "static STAMP: &str = \"{:016x}\";", hash.finish())
        .map_err(io::Error::other)?;
    fs::write(out.join("types.rs"), table)
}

/// All files below `folder`, by their path with `/`, sorted.
fn walk(folder: &Path) -> io::Result<Vec<String>> {
    let mut found = Vec::new();
    let mut open = vec![folder.to_owned()];
    while let Some(at) = open.pop() {
        for entry in fs::read_dir(&at)? {
            let path = entry?.path();
            if path.is_dir() {
                open.push(path);
            } else {
                let path = path.strip_prefix(folder).map_err(io::Error::other)?;
                found.push(path.to_string_lossy().replace('\\', "/"));
            }
        }
    }
    found.sort();
    Ok(found)
}
