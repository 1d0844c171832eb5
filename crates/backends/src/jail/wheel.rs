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
        Self {
            bytes: 512 << 20,
            files: 20_000,
        }
    }
}

/// The longest path in a wheel, in bytes.
const PATH: usize = 512;
/// The largest `RECORD`, in bytes.
const RECORD: u64 = 8 << 20;

/// Unpacks the wheel into `site`. What it gives on failure is why, in half a sentence.
pub(super) fn unpack(wheel: &[u8], site: &Path, room: &mut Room) -> Result<(), String> {
    let archive =
        ZipArchive::from_slice(wheel).map_err(|error| format!("it is no ZIP ({error})"))?;
    if archive.entries_hint() > room.files as u64 {
        return Err("it has too many files".into());
    }
    let mut found = BTreeMap::new();
    let mut folded = HashSet::new();
    let mut entries = archive.entries();
    while let Some(entry) = entries
        .next_entry()
        .map_err(|error| format!("its directory is damaged ({error})"))?
    {
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
        found.insert(
            path.to_owned(),
            (entry.wayfinder(), entry.compression_method(), size),
        );
    }
    let read = |path: &str, most: u64| -> Result<Vec<u8>, String> {
        let (way, method, size) = found
            .get(path)
            .ok_or_else(|| format!("{path} is missing"))?;
        if *size > most {
            return Err(format!("{path} is too large"));
        }
        let entry = archive
            .get_entry(*way)
            .map_err(|error| format!("{path} is damaged ({error})"))?;
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

    let mut records = found
        .keys()
        .filter(|path| path.ends_with(".dist-info/RECORD") && path.matches('/').count() == 1);
    let (Some(record), None) = (records.next(), records.next()) else {
        return Err("it has not exactly one RECORD".into());
    };
    let listed = read_record(&read(record, RECORD)?)?;
    let signatures = [format!("{record}.jws"), format!("{record}.p7s")];
    for (path, (_, _, size)) in &found {
        if path == record || signatures.contains(path) {
            continue;
        }
        let Some(hash) = listed.get(path) else {
            return Err(format!("{path} is not in its RECORD"));
        };
        room.bytes = room
            .bytes
            .checked_sub(*size)
            .ok_or("the wheels are too large together")?;
        room.files = room
            .files
            .checked_sub(1)
            .ok_or("the wheels have too many files together")?;
        let bytes = read(path, u64::MAX)?;
        if !hash.is_of(&bytes) {
            return Err(format!("{path} is not what its RECORD says"));
        }
        let Some(place) = place(path) else { continue };
        let target = site.join(place);
        if let Some(folder) = target.parent() {
            std::fs::create_dir_all(folder)
                .map_err(|error| format!("{path} cannot be written ({error})"))?;
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
    let Some((_, rest)) = path
        .split_once('/')
        .filter(|(first, _)| first.ends_with(".data"))
    else {
        return Some(path);
    };
    rest.strip_prefix("purelib/")
        .or_else(|| rest.strip_prefix("platlib/"))
}

/// A path that stays where it is put.
fn clean(path: &str) -> Result<&str, String> {
    let odd = |part: &str| {
        part.is_empty() || part == "." || part == ".." || part.contains(['\\', ':', '\0'])
    };
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
        let wrong = || {
            format!(
                "its RECORD has the line {:?}",
                line.chars().take(200).collect::<String>()
            )
        };
        let (path, rest) = match line.strip_prefix('"') {
            Some(quoted) => quoted
                .split_once("\",")
                .map(|(path, rest)| (path.replace("\"\"", "\""), rest)),
            None => line
                .split_once(',')
                .map(|(path, rest)| (path.to_owned(), rest)),
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
            _ => {
                return Err(format!(
                    "its RECORD uses {algorithm}, which is too weak or unknown"
                ));
            }
        };
        let value = BASE64_URL_SAFE_NO_PAD
            .decode(value.trim_end_matches('='))
            .map_err(|_| wrong())?;
        if listed
            .insert(path.clone(), Hash { algorithm, value })
            .is_some()
        {
            return Err(format!("{path} is in its RECORD twice"));
        }
    }
    Ok(listed)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use std::io::Write;

    use super::*;

    /// A ZIP of these entries, stored.
    fn zip(entries: &[(&str, &[u8])]) -> Vec<u8> {
        let mut out = Vec::new();
        let mut archive = rawzip::ZipArchiveWriter::new(&mut out);
        // The writer mends paths; they are put in afterwards, in the place of others of the same length.
        let stand_in = |n: usize, path: &str| format!("{}{n:02}", "~".repeat(path.len() - 2));
        for (n, (path, bytes)) in entries.iter().enumerate() {
            let (mut entry, config) = archive
                .new_file(stand_in(n, path).as_str())
                .start()
                .unwrap();
            let mut writer = config.wrap(&mut entry);
            writer.write_all(bytes).unwrap();
            let (_, descriptor) = writer.finish().unwrap();
            entry.finish(descriptor).unwrap();
        }
        archive.finish().unwrap();
        for (n, (path, _)) in entries.iter().enumerate() {
            let name = stand_in(n, path);
            let places = out
                .windows(name.len())
                .enumerate()
                .filter(|(_, bytes)| *bytes == name.as_bytes());
            let places: Vec<usize> = places.map(|(at, _)| at).collect();
            assert_eq!(
                places.len(),
                2,
                "{path}: one in front of the bytes, one in the directory"
            );
            places
                .iter()
                .for_each(|at| out[*at..at + path.len()].copy_from_slice(path.as_bytes()));
        }
        out
    }

    fn record(entries: &[(&str, &[u8])]) -> String {
        let line = |(path, bytes): &(&str, &[u8])| {
            let hash = BASE64_URL_SAFE_NO_PAD.encode(digest(&SHA256, bytes).as_ref());
            format!("{path},sha256={hash},{}\n", bytes.len())
        };
        entries.iter().map(line).collect::<String>() + "x-1.dist-info/RECORD,,\n"
    }

    fn wheel(entries: &[(&str, &[u8])]) -> Vec<u8> {
        let record = record(entries);
        let mut all = entries.to_vec();
        all.push(("x-1.dist-info/RECORD", record.as_bytes()));
        zip(&all)
    }

    fn unpacked(wheel: &[u8]) -> Result<Vec<String>, String> {
        let site = tempfile::tempdir().unwrap();
        unpack(
            wheel,
            site.path(),
            &mut Room {
                bytes: 1 << 20,
                files: 50,
            },
        )?;
        let mut found = Vec::new();
        let mut left = vec![site.path().to_owned()];
        while let Some(folder) = left.pop() {
            for entry in std::fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                match path.is_dir() {
                    true => left.push(path),
                    false => found.push(
                        path.strip_prefix(site.path())
                            .unwrap()
                            .to_string_lossy()
                            .into_owned(),
                    ),
                }
            }
        }
        found.sort();
        Ok(found)
    }

    #[test]
    fn importable_files_are_unpacked_and_scripts_are_not() {
        let made = wheel(&[
            ("x.py", b"a = 1"),
            ("pack/__init__.py", b""),
            ("x-1.data/purelib/more.py", b""),
            ("x-1.data/platlib/pack/fast.so", b"\x7fELF"),
            ("x-1.data/scripts/run", b"#!python"),
            ("x-1.data/data/etc/passwd", b""),
            ("x-1.data/headers/x.h", b""),
        ]);
        assert_eq!(
            unpacked(&made).unwrap(),
            ["more.py", "pack/__init__.py", "pack/fast.so", "x.py"]
        );
    }

    #[test]
    fn a_path_that_leads_elsewhere_is_refused() {
        for path in [
            "../x.py",
            "/etc/x",
            "a/../../x",
            "a//b",
            "./xy",
            "a\\..\\x",
            "c:x",
            "a/\u{7}",
            "x-1.data/purelib/../../../x",
        ] {
            let refused = unpacked(&wheel(&[(path, b"")])).unwrap_err();
            assert!(refused.contains("it has the path"), "{path}: {refused}");
        }
    }

    #[test]
    fn every_file_must_be_what_the_record_says() {
        let files: [(&str, &[u8]); 1] = [("x.py", b"good")];
        let record = record(&files);
        let with = |entries: &[(&str, &[u8])]| {
            let mut all = entries.to_vec();
            all.push(("x-1.dist-info/RECORD", record.as_bytes()));
            unpacked(&zip(&all)).unwrap_err()
        };
        assert!(with(&[("x.py", b"evil")]).contains("is not what its RECORD says"));
        assert!(with(&[("x.py", b"good"), ("extra.py", b"")]).contains("is not in its RECORD"));
        assert!(with(&[]).contains("is in its RECORD and missing"));
        assert!(
            unpacked(&zip(&files))
                .unwrap_err()
                .contains("exactly one RECORD")
        );
        let weak = zip(&[("x.py", b""), ("x-1.dist-info/RECORD", b"x.py,md5=abc,0\n")]);
        assert!(unpacked(&weak).unwrap_err().contains("too weak"));
    }

    #[test]
    fn names_that_are_one_on_some_system_are_refused() {
        assert!(
            unpacked(&wheel(&[("x.py", b"1"), ("X.py", b"2")]))
                .unwrap_err()
                .contains("twice")
        );
        assert!(
            unpacked(&wheel(&[("x.py", b"1"), ("x.py", b"2")]))
                .unwrap_err()
                .contains("twice")
        );
    }

    #[test]
    fn a_bomb_is_refused_before_it_grows() {
        let big = vec![0; 2 << 20];
        assert!(
            unpacked(&wheel(&[("x.py", &big)]))
                .unwrap_err()
                .contains("too large together")
        );
        let many: Vec<String> = (0..60).map(|n| format!("f{n}.py")).collect();
        let many: Vec<(&str, &[u8])> = many
            .iter()
            .map(|name| (name.as_str(), b"" as &[u8]))
            .collect();
        assert!(
            unpacked(&wheel(&many))
                .unwrap_err()
                .contains("too many files")
        );
    }

    #[test]
    fn an_entry_that_announces_less_than_it_holds_is_refused() {
        // The announced size stands in the directory, before the file's name; the true one is what is stored.
        let mut made = wheel(&[("x.py", b"0123456789")]);
        let central = made
            .windows(4)
            .position(|bytes| bytes == b"PK\x01\x02")
            .unwrap();
        made[central + 24] = 3;
        assert!(unpacked(&made).unwrap_err().contains("x.py"));
    }

    #[test]
    fn no_cut_and_no_flipped_bit_is_taken_for_the_wheel() {
        let made = wheel(&[("x.py", b"print('hello')"), ("pack/y.py", b"y = 2")]);
        let whole = unpacked(&made).unwrap();
        for at in 0..made.len() {
            assert!(unpacked(&made[..at]).is_err(), "cut at {at}");
            let mut flipped = made.clone();
            flipped[at] ^= 1;
            // A flip in a date, an attribute or a flag of a header changes nothing that is unpacked.
            if let Ok(found) = unpacked(&flipped) {
                assert_eq!(found, whole, "flipped at {at}");
            }
        }
    }
}
