//! Unpacks wheels without running anything in them.
//!
//! A wheel is a ZIP whose `RECORD` lists every file with its hash (PEP 427). Unpacked is only what stands in both and
//! is equal; scripts, headers and data of a wheel are left out, and no `.pth` file is ever processed.

use std::collections::{BTreeMap, HashSet};
use std::io::Read;
use std::path::Path;

use aws_lc_rs::digest::{SHA256, SHA384, SHA512, digest};
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use rawzip::{CompressionMethod, ZipArchive};

/// The bounds of all wheels of one app together.
#[derive(Clone, Debug)]
pub(super) struct Room {
    /// Bytes that may still be unpacked.
    pub(super) bytes: u64,
    /// Files that may still be made.
    pub(super) files: usize,
}

impl Default for Room {
    fn default() -> Self {
        Self { bytes: 512 << 20, files: 20_000 }
    }
}

/// The longest path in a wheel, in bytes.
const PATH: usize = 512;
/// The largest `RECORD`, in bytes.
const RECORD: u64 = 8 << 20;

/// Unpacks the wheel into `site`. What it gives on failure is why, in half a sentence.
pub(super) fn unpack(wheel: &[u8], site: &Path, room: &mut Room) -> Result<(), String> {
    let archive = ZipArchive::from_slice(wheel).map_err(|error| format!("it is no ZIP ({error})"))?;
    if archive.entries_hint() > room.files as u64 {
        return Err("it has too many files".into());
    }
    let mut found = BTreeMap::new();
    let mut folded = HashSet::new();
    let mut entries = archive.entries();
    while let Some(entry) = entries.next_entry().map_err(|error| format!("its directory is damaged ({error})"))? {
        let path = entry.file_path();
        let raw = std::str::from_utf8(path.as_ref()).map_err(|_| "a path in it is no text")?;
        if entry.is_dir() {
            continue;
        }
        let path = clean(raw)?;
        let kind = entry.mode();
        if kind.is_symlink() {
            return Err(format!("{path} is a link"));
        }
        if !folded.insert(path.to_lowercase()) || found.len() >= room.files {
            return Err(format!("{path} is in it twice, or it has too many files"));
        }
        let size = entry.uncompressed_size_hint();
        found.insert(path.to_owned(), (entry.wayfinder(), entry.compression_method(), size));
    }
    let read = |path: &str, most: u64| -> Result<Vec<u8>, String> {
        let (way, method, size) = found.get(path).ok_or_else(|| format!("{path} is missing"))?;
        if *size > most {
            return Err(format!("{path} is too large"));
        }
        let entry = archive.get_entry(*way).map_err(|error| format!("{path} is damaged ({error})"))?;
        let data: Box<dyn Read + '_> = match *method {
            CompressionMethod::STORE => Box::new(entry.data()),
            CompressionMethod::DEFLATE => Box::new(flate2::read::DeflateDecoder::new(entry.data())),
            _ => return Err(format!("{path} is packed in a way that wheels do not use")),
        };
        // The verifier compares length and checksum; one byte more than announced is an error too.
        let mut bytes = Vec::new();
        let wanted = size.saturating_add(1);
        entry
            .verifying_reader(data.take(wanted))
            .take(wanted)
            .read_to_end(&mut bytes)
            .map_err(|error| format!("{path} is damaged ({error})"))?;
        if bytes.len() as u64 != *size {
            return Err(format!("{path} has not the size that is announced"));
        }
        Ok(bytes)
    };

    let mut records = found.keys().filter(|path| path.ends_with(".dist-info/RECORD") && path.matches('/').count() == 1);
    let (Some(record), None) = (records.next(), records.next()) else {
        return Err("it has not exactly one RECORD".into());
    };
    let listed = read_record(&read(record, RECORD)?)?;
    let signatures = [format!("{record}.jws"), format!("{record}.p7s")];
    for (path, (_, _, size)) in &found {
        if path == record || signatures.contains(path) {
            continue;
        }
        let Some(hash) = listed.get(path) else { return Err(format!("{path} is not in its RECORD")) };
        room.bytes = room.bytes.checked_sub(*size).ok_or("the wheels are too large together")?;
        room.files = room.files.checked_sub(1).ok_or("the wheels have too many files together")?;
        let bytes = read(path, u64::MAX)?;
        if !hash.is_of(&bytes) {
            return Err(format!("{path} is not what its RECORD says"));
        }
        let Some(place) = place(path) else { continue };
        let target = site.join(place);
        if let Some(folder) = target.parent() {
            std::fs::create_dir_all(folder).map_err(|error| format!("{path} cannot be written ({error})"))?;
        }
        std::fs::File::create_new(&target)
            .and_then(|mut file| std::io::Write::write_all(&mut file, &bytes))
            .map_err(|error| format!("{path} cannot be written ({error})"))?;
    }
    match listed.keys().find(|path| !found.contains_key(*path)) {
        Some(path) => Err(format!("{path} is in its RECORD and missing")),
        None => Ok(()),
    }
}

/// Where a file of the wheel goes; none for what is not importable.
fn place(path: &str) -> Option<&str> {
    let Some((_, rest)) = path.split_once('/').filter(|(first, _)| first.ends_with(".data")) else {
        return Some(path);
    };
    rest.strip_prefix("purelib/").or_else(|| rest.strip_prefix("platlib/"))
}

/// A path that stays where it is put.
fn clean(path: &str) -> Result<&str, String> {
    let odd = |part: &str| part.is_empty() || part == "." || part == ".." || part.contains(['\\', ':', '\0']);
    if path.len() > PATH || path.chars().any(char::is_control) || path.split('/').any(odd) {
        return Err(format!("it has the path {path:?}"));
    }
    Ok(path)
}

#[derive(Debug, PartialEq, Eq)]
struct Hash {
    algorithm: &'static aws_lc_rs::digest::Algorithm,
    value: Vec<u8>,
}

impl Hash {
    fn is_of(&self, bytes: &[u8]) -> bool {
        digest(self.algorithm, bytes).as_ref() == self.value
    }
}

/// `path,algorithm=hash,size` in each line (CSV); the RECORD itself has neither.
fn read_record(bytes: &[u8]) -> Result<BTreeMap<String, Hash>, String> {
    let text = std::str::from_utf8(bytes).map_err(|_| "its RECORD is no text")?;
    let mut listed = BTreeMap::new();
    for line in text.lines().filter(|line| !line.trim().is_empty()) {
        let wrong = || format!("its RECORD has the line {:?}", line.chars().take(200).collect::<String>());
        let (path, rest) = match line.strip_prefix('"') {
            Some(quoted) => quoted.split_once("\",").map(|(path, rest)| (path.replace("\"\"", "\""), rest)),
            None => line.split_once(',').map(|(path, rest)| (path.to_owned(), rest)),
        }
        .ok_or_else(wrong)?;
        let (hash, _size) = rest.split_once(',').ok_or_else(wrong)?;
        if hash.is_empty() {
            if path.ends_with(".dist-info/RECORD") || path.contains(".dist-info/RECORD.") {
                continue;
            }
            return Err(format!("{path} has no hash in its RECORD"));
        }
        let (algorithm, value) = hash.split_once('=').ok_or_else(wrong)?;
        let algorithm = match algorithm {
            "sha256" => &SHA256,
            "sha384" => &SHA384,
            "sha512" => &SHA512,
            _ => return Err(format!("its RECORD uses {algorithm}, which is too weak or unknown")),
        };
        let value = BASE64_URL_SAFE_NO_PAD.decode(value.trim_end_matches('=')).map_err(|_| wrong())?;
        if listed.insert(path.clone(), Hash { algorithm, value }).is_some() {
            return Err(format!("{path} is in its RECORD twice"));
        }
    }
    Ok(listed)
}
