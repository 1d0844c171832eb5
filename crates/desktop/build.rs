//! Takes the built shell (`ui/dist`) into the program, compressed once here and never again at run time.
//!
//! Without a build of the shell there are no assets; the program then serves a page that says how to make them.

use std::{
    fmt::Write as _,
    fs,
    hash::{DefaultHasher, Hasher as _},
    io::{self, Write as _},
    path::{Path, PathBuf},
};

/// Smaller files are not worth a header.
const WORTH: usize = 512;

fn main() -> io::Result<()> {
    let here = PathBuf::from(variable("CARGO_MANIFEST_DIR"));
    let out = PathBuf::from(variable("OUT_DIR"));
    let dist = here.join("../../ui/dist");
    println!("cargo::rerun-if-changed=build.rs");
    // A path that is missing would count as changed each time; the folder above always exists.
    let watched = if dist.is_dir() {
        dist.clone()
    } else {
        here.join("../../ui/package.json")
    };
    println!("cargo::rerun-if-changed={}", watched.display());
    let best = std::env::var("PROFILE").is_ok_and(|p| p == "release");
    let mut files = Vec::new();
    if dist.join("index.html").is_file() {
        walk(&dist, &mut files)?;
        files.sort();
    }
    let mut table = String::from("pub(super) static ASSETS: &[Asset] = &[\n");
    for (number, file) in files.iter().enumerate() {
        let relative = file.strip_prefix(&dist).map_err(io::Error::other)?;
        let path = relative.to_string_lossy().replace('\\', "/");
        let bytes = fs::read(file)?;
        // A copy: the folder may be built anew while the compiler reads.
        let raw = out.join(format!("asset-{number}.raw"));
        fs::write(&raw, &bytes)?;
        let gzip = keep(
            &out,
            number,
            "gz",
            &bytes,
            squeeze(&path, &bytes, |b| gzip(b, best))?,
        )?;
        let brotli = keep(
            &out,
            number,
            "br",
            &bytes,
            squeeze(&path, &bytes, |b| brotli(b, best))?,
        )?;
        let mut hash = DefaultHasher::new();
        hash.write(&bytes);
        writeln!(
            table,
            "    Asset {{ path: {path:?}, etag: \"\\\"{:016x}\\\"\", raw: include_bytes!({:?}), gzip: {gzip}, brotli: {brotli} }},",
            hash.finish(),
            raw,
        )
        .map_err(io::Error::other)?;
    }
    table.push_str("];\n");
    fs::write(out.join("assets.rs"), table)
}

fn variable(name: &str) -> String {
    std::env::var(name).unwrap_or_default()
}

fn walk(folder: &Path, files: &mut Vec<PathBuf>) -> io::Result<()> {
    println!("cargo::rerun-if-changed={}", folder.display());
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            walk(&entry.path(), files)?;
        } else if entry.path().extension().is_none_or(|e| e != "map") {
            files.push(entry.path());
        }
    }
    Ok(())
}

fn squeeze(
    path: &str,
    bytes: &[u8],
    with: impl FnOnce(&[u8]) -> io::Result<Vec<u8>>,
) -> io::Result<Option<Vec<u8>>> {
    let text = [
        "html",
        "js",
        "mjs",
        "css",
        "svg",
        "json",
        "txt",
        "webmanifest",
        "wasm",
        "ico",
        "xml",
    ];
    let extension = path.rsplit_once('.').map_or("", |(_, e)| e);
    if bytes.len() < WORTH || !text.contains(&extension) {
        Ok(None)
    } else {
        with(bytes).map(Some)
    }
}

fn gzip(bytes: &[u8], best: bool) -> io::Result<Vec<u8>> {
    let level = if best {
        flate2::Compression::best()
    } else {
        flate2::Compression::fast()
    };
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), level);
    encoder.write_all(bytes)?;
    encoder.finish()
}

fn brotli(bytes: &[u8], best: bool) -> io::Result<Vec<u8>> {
    let quality = if best { 11 } else { 5 };
    let mut out = Vec::new();
    let mut encoder = brotli::CompressorWriter::new(&mut out, 64 * 1024, quality, 22);
    encoder.write_all(bytes)?;
    drop(encoder);
    Ok(out)
}

/// Writes a compressed form that is smaller, and returns the expression that includes it.
fn keep(
    out: &Path,
    number: usize,
    kind: &str,
    raw: &[u8],
    packed: Option<Vec<u8>>,
) -> io::Result<String> {
    let Some(packed) = packed.filter(|p| p.len() < raw.len()) else {
        return Ok("None".to_owned());
    };
    let file = out.join(format!("asset-{number}.{kind}"));
    fs::write(&file, packed)?;
    Ok(format!("Some(include_bytes!({file:?}))"))
}
