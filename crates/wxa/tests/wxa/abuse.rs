//! Archives by people who do not mean well: each trick is refused, by its name.

use crate::common::{NOW, full_package, least_package};
use webx_wxa::Package;

/// An entry as an attacker writes it: both descriptions can be bent.
#[derive(Clone)]
struct Raw {
    name: Vec<u8>,
    data: Vec<u8>,
    made_by: u16,
    version: u16,
    flags: u16,
    method: u16,
    time: u16,
    date: u16,
    crc: u32,
    size: u32,
    packed: u32,
    extra: Vec<u8>,
    comment: Vec<u8>,
    attributes: u32,
    /// Bends the bytes of the local header.
    local: fn(&mut Vec<u8>),
    /// Bytes between the data and the next entry.
    behind: Vec<u8>,
    /// Another offset than where the entry lies.
    offset: Option<u32>,
}

fn raw(name: &str, content: &[u8]) -> Raw {
    let mut crc = flate2::Crc::new();
    crc.update(content);
    Raw {
        name: name.into(),
        data: content.to_vec(),
        made_by: 0x0314,
        version: 10,
        flags: 0x800,
        method: 0,
        time: 0,
        date: 0x21,
        crc: crc.sum(),
        size: content.len() as u32,
        packed: content.len() as u32,
        extra: Vec::new(),
        comment: Vec::new(),
        attributes: 0o100_644 << 16,
        local: |_| {},
        behind: Vec::new(),
        offset: None,
    }
}

fn zip(entries: &[Raw]) -> Vec<u8> {
    let (mut out, mut directory) = (Vec::new(), Vec::new());
    for entry in entries {
        let offset = entry.offset.unwrap_or(out.len() as u32);
        let mut common = Vec::new();
        for field in [
            entry.version,
            entry.flags,
            entry.method,
            entry.time,
            entry.date,
        ] {
            common.extend(field.to_le_bytes());
        }
        for field in [entry.crc, entry.packed, entry.size] {
            common.extend(field.to_le_bytes());
        }
        common.extend((entry.name.len() as u16).to_le_bytes());
        common.extend((entry.extra.len() as u16).to_le_bytes());
        let mut local = 0x0403_4b50_u32.to_le_bytes().to_vec();
        local.extend(&common);
        local.extend(&entry.name);
        local.extend(&entry.extra);
        (entry.local)(&mut local);
        out.extend(local);
        out.extend(&entry.data);
        out.extend(&entry.behind);
        directory.extend(0x0201_4b50_u32.to_le_bytes());
        directory.extend(entry.made_by.to_le_bytes());
        directory.extend(&common);
        directory.extend((entry.comment.len() as u16).to_le_bytes());
        directory.extend([0; 4]);
        directory.extend(entry.attributes.to_le_bytes());
        directory.extend(offset.to_le_bytes());
        directory.extend(&entry.name);
        directory.extend(&entry.extra);
        directory.extend(&entry.comment);
    }
    let start = out.len() as u32;
    out.extend(&directory);
    out.extend(0x0605_4b50_u32.to_le_bytes());
    out.extend([0; 4]);
    out.extend((entries.len() as u16).to_le_bytes());
    out.extend((entries.len() as u16).to_le_bytes());
    out.extend((directory.len() as u32).to_le_bytes());
    out.extend(start.to_le_bytes());
    out.extend([0; 2]);
    out
}

#[track_caller]
fn refused(bytes: &[u8], code: &str) {
    let refusal = Package::open(bytes, NOW).unwrap_err();
    assert_eq!(refusal.code(), code, "{refusal}");
}

/// An archive with one bent entry between good ones.
fn bent(bend: impl FnOnce(&mut Raw)) -> Vec<u8> {
    let mut middle = raw("middle.txt", b"content");
    bend(&mut middle);
    zip(&[raw("manifest.json", b"{}"), middle])
}

#[test]
fn the_archives_of_these_tests_are_canonical_but_for_their_tricks() {
    refused(&bent(|_| {}), "manifest");
}

#[test]
fn a_path_that_leads_out_is_refused() {
    for name in [
        "../../etc/passwd",
        "/etc/passwd",
        "a/../../b",
        "..\\..\\x",
        "C:\\x",
        "./a",
    ] {
        refused(&bent(|raw| raw.name = name.into()), "slip");
    }
}

#[test]
fn a_name_that_some_system_cannot_store_is_refused() {
    for name in [
        "NUL",
        "a/aux.txt",
        "C:x",
        "a\0b",
        "a/",
        "a//b",
        "trailing.",
        "x\u{202e}txt.exe",
    ] {
        let code = if name == "a/" { "folder" } else { "path" };
        refused(&bent(|raw| raw.name = name.into()), code);
    }
    refused(&bent(|raw| raw.name = vec![b'a'; 256]), "path");
    refused(&bent(|raw| raw.name = vec![b'a'; 65_000]), "path");
    refused(&bent(|raw| raw.name = vec![0xff, 0xfe]), "encoding");
    refused(&bent(|raw| raw.name = "u\u{308}".into()), "encoding");
}

#[test]
fn names_that_meet_are_refused() {
    for (a, b, code) in [
        ("a", "a", "duplicate"),
        ("A", "a", "case-equal"),
        ("SS", "ß", "case-equal"),
        ("Dir/a", "dir/b", "case-equal"),
        ("a", "a/b", "file-and-folder"),
        ("A", "a/b", "file-and-folder"),
    ] {
        let archive = zip(&[raw("manifest.json", b"{}"), raw(a, b"1"), raw(b, b"2")]);
        refused(&archive, code);
    }
}

#[test]
fn links_and_special_files_are_refused() {
    for mode in [
        0o120_777_u32,
        0o040_755,
        0o020_644,
        0o060_644,
        0o010_644,
        0o140_644,
    ] {
        refused(&bent(|raw| raw.attributes = mode << 16), "special");
    }
    refused(&bent(|raw| raw.attributes = 0o100_755 << 16), "flags");
    refused(&bent(|raw| raw.attributes = 0x10), "flags");
    refused(&bent(|raw| raw.attributes = 0), "flags");
}

#[test]
fn what_the_profile_does_not_use_is_refused() {
    refused(&bent(|raw| raw.flags = 0x801), "encrypted");
    refused(&bent(|raw| raw.flags = 0x841), "encrypted");
    refused(&bent(|raw| raw.flags = 0x808), "data-descriptor");
    refused(&bent(|raw| raw.flags = 0), "flags");
    refused(&bent(|raw| raw.method = 12), "method");
    refused(&bent(|raw| raw.method = 99), "method");
    refused(&bent(|raw| raw.extra = vec![1, 0, 0, 0]), "extra");
    refused(&bent(|raw| raw.comment = b"hello".to_vec()), "comment");
    refused(&bent(|raw| raw.date = 0x5a21), "time");
    refused(&bent(|raw| raw.time = 1), "time");
    refused(&bent(|raw| raw.version = 45), "flags");
    refused(&bent(|raw| raw.made_by = 20), "flags");
    for field in [
        |raw: &mut Raw| raw.size = u32::MAX,
        |raw: &mut Raw| raw.packed = u32::MAX,
        |raw: &mut Raw| raw.offset = Some(u32::MAX),
    ] {
        refused(&bent(field), "zip64");
    }
}

#[test]
fn a_header_that_differs_from_the_directory_is_refused() {
    refused(
        &bent(|raw| raw.local = |header| header[14] ^= 1),
        "header-mismatch",
    ); // CRC
    refused(
        &bent(|raw| raw.local = |header| header[18] ^= 1),
        "header-mismatch",
    ); // packed size
    refused(
        &bent(|raw| raw.local = |header| header[22] ^= 1),
        "header-mismatch",
    ); // size
    refused(
        &bent(|raw| raw.local = |header| header[8] = 8),
        "header-mismatch",
    ); // method
    refused(
        &bent(|raw| raw.local = |header| header[30] = b'M'),
        "header-mismatch",
    ); // name
    refused(
        &bent(|raw| raw.local = |header| header[6] |= 8),
        "data-descriptor",
    );
    refused(&bent(|raw| raw.local = |header| header[28] = 4), "extra");
    refused(&bent(|raw| raw.local = |header| header[0] = b'X'), "layout");
}

#[test]
fn entries_that_overlap_or_leave_gaps_are_refused() {
    // Two entries that share one body: the quine and overlap bombs.
    let first = raw("manifest.json", b"{}");
    let mut second = raw("a", b"{}");
    second.offset = Some(0);
    refused(&zip(&[first.clone(), second]), "layout");
    refused(&bent(|raw| raw.behind = b"hidden".to_vec()), "layout");
    let mut gap = first;
    gap.behind = b"hidden".to_vec();
    refused(&zip(&[gap, raw("a", b"1")]), "layout");
    refused(&bent(|raw| raw.packed = 1_000_000), "damaged");
    refused(
        &bent(|raw| {
            raw.packed = 1_000_000;
            raw.size = 1_000_000;
        }),
        "layout",
    );
}

#[test]
fn bytes_before_and_after_are_refused() {
    let good = full_package();
    let with = |before: &[u8], after: &[u8]| [before, &good, after].concat();
    refused(&with(b"#!/bin/sh\n", b""), "prefix");
    refused(&with(b"", b"tail"), "suffix");
    refused(&with(b"", &[0; 22]), "suffix");
    refused(&with(b"", &good), "prefix");
    let mut comment = with(b"", b"hello");
    let at = good.len() - 2;
    comment[at] = 5;
    refused(&comment, "suffix");
    // A prefix with all offsets put right again is a gap before the first entry.
    let mut moved = raw("manifest.json", b"{}");
    moved.local = |header| {
        header.splice(0..0, *b"PK junk");
    };
    moved.offset = Some(7);
    refused(&zip(&[moved]), "prefix");
}

#[test]
fn an_end_record_that_lies_is_refused() {
    let good = full_package();
    let end = good.len() - 22;
    let bend = |at: usize, value: u16| {
        let mut bad = good.clone();
        bad[end + at..end + at + 2].copy_from_slice(&value.to_le_bytes());
        bad
    };
    refused(&bend(4, 1), "split");
    refused(&bend(6, 1), "split");
    refused(&bend(8, 3), "split");
    refused(&bend(8, 0xffff), "split");
    refused(&bend(10, 0xffff), "zip64");
    let mut fewer = bend(10, 9);
    fewer[end + 8] = 9;
    refused(&fewer, "directory");
    let mut more = bend(10, 4000);
    more[end + 8..end + 10].copy_from_slice(&4000_u16.to_le_bytes());
    refused(&more, "directory");
    refused(b"", "not-zip");
    refused(b"PK\x05\x06", "not-zip");
    refused(&vec![0; 100_000], "not-zip");
}

#[test]
fn an_order_that_is_not_the_formats_is_refused() {
    refused(
        &zip(&[raw("a", b"1"), raw("manifest.json", b"{}")]),
        "order",
    );
    refused(
        &zip(&[raw("manifest.json", b"{}"), raw("b", b"1"), raw("a", b"2")]),
        "order",
    );
    refused(
        &zip(&[
            raw("META/sig.dsse.json", b"{}"),
            raw("manifest.json", b"{}"),
        ]),
        "order",
    );
}

fn deflated(name: &str, content: &[u8]) -> Raw {
    let mut entry = raw(name, content);
    let mut compress = flate2::Compress::new(flate2::Compression::best(), false);
    let mut data = Vec::with_capacity(content.len() + 1024);
    compress
        .compress_vec(content, &mut data, flate2::FlushCompress::Finish)
        .unwrap();
    entry.packed = data.len() as u32;
    entry.data = data;
    entry.method = 8;
    entry.version = 20;
    entry
}

#[test]
fn bombs_are_refused_before_they_are_inflated() {
    let zeros = vec![0; 10 << 20];
    refused(
        &zip(&[raw("manifest.json", b"{}"), deflated("bomb", &zeros)]),
        "ratio",
    );
    refused(&bent(|raw| raw.size = 65 << 20), "too-large");
    let many: Vec<Raw> = (0..4097).map(|n| raw(&format!("{n:05}"), b"")).collect();
    refused(&zip(&many), "too-large");
    // Five entries that say 64 MiB each.
    let mut claims = vec![raw("manifest.json", b"{}")];
    for n in 0..5 {
        let mut claim = deflated(&format!("{n}"), &vec![0; 400 << 10]);
        claim.size = 64 << 20;
        claim.data.resize(400 << 10, 0);
        claim.packed = 400 << 10;
        claims.push(claim);
    }
    refused(&zip(&claims), "too-large");
}

#[test]
fn an_entry_that_says_less_than_it_holds_is_refused() {
    let text = b"0123456789".repeat(50);
    let manifest = |bend: &dyn Fn(&mut Raw)| {
        let mut entry = deflated("manifest.json", &text);
        bend(&mut entry);
        zip(&[entry])
    };
    refused(&manifest(&|_| {}), "manifest");
    refused(&manifest(&|entry| entry.size -= 1), "damaged");
    refused(&manifest(&|entry| entry.size += 1), "damaged");
    refused(&manifest(&|entry| entry.crc ^= 1), "damaged");
    refused(
        &manifest(&|entry| {
            entry.data.push(0);
            entry.packed += 1;
        }),
        "damaged",
    );
    refused(
        &manifest(&|entry| {
            entry.data.pop();
            entry.packed -= 1;
        }),
        "damaged",
    );
    refused(&manifest(&|entry| entry.data[0] = 7), "damaged");
}

#[test]
fn stray_files_in_meta_are_refused() {
    for name in ["META/extra.json", "meta/content.json", "Meta/x"] {
        let archive = zip(&[raw("manifest.json", b"{}"), raw(name, b"")]);
        refused(&archive, "unknown-meta");
    }
}

/// Takes a good package apart and puts it together with changed entries.
fn rebuilt(change: impl Fn(&mut Vec<(String, Vec<u8>)>)) -> Vec<u8> {
    let good = least_package();
    let package = Package::open(&good, NOW).unwrap();
    let mut files: Vec<(String, Vec<u8>)> = package
        .entries()
        .map(|entry| (entry.path.to_owned(), package.read_all(entry.path).unwrap()))
        .collect();
    for meta in ["META/content.json", "META/sig.dsse.json"] {
        files.push((meta.to_owned(), stored(&good, meta)));
    }
    change(&mut files);
    files.sort_by_key(|(name, _)| match name.as_str() {
        "manifest.json" => (0, name.clone()),
        "META/sig.dsse.json" => (2, name.clone()),
        _ => (1, name.clone()),
    });
    let entries: Vec<Raw> = files
        .iter()
        .map(|(name, content)| raw(name, content))
        .collect();
    zip(&entries)
}

/// The content of an entry, found by hand.
fn stored(bytes: &[u8], name: &str) -> Vec<u8> {
    let at = bytes
        .windows(name.len())
        .position(|window| window == name.as_bytes())
        .unwrap();
    let header = &bytes[at - 30..at];
    let number = |at: usize| u32::from_le_bytes(header[at..at + 4].try_into().unwrap()) as usize;
    let data = &bytes[at + name.len()..at + name.len() + number(18)];
    if header[8] == 0 {
        return data.to_vec();
    }
    let mut out = Vec::with_capacity(number(22));
    let mut inflate = flate2::Decompress::new(false);
    inflate
        .decompress_vec(data, &mut out, flate2::FlushDecompress::Finish)
        .unwrap();
    out
}

fn file<'f>(files: &'f mut [(String, Vec<u8>)], name: &str) -> &'f mut Vec<u8> {
    &mut files.iter_mut().find(|(path, _)| path == name).unwrap().1
}

#[test]
fn content_that_was_not_signed_is_refused() {
    refused(
        &rebuilt(|files| file(files, "app.js").push(b' ')),
        "signature",
    );
    refused(
        &rebuilt(|files| files.push(("evil.js".into(), b"1".to_vec()))),
        "signature",
    );
    refused(
        &rebuilt(|files| files.retain(|(name, _)| name != "app.js")),
        "signature",
    );
    refused(
        &rebuilt(|files| files.retain(|(name, _)| name != "META/sig.dsse.json")),
        "unsigned",
    );
    refused(
        &rebuilt(|files| files.retain(|(name, _)| name != "META/content.json")),
        "missing",
    );
    refused(
        &rebuilt(|files| files.retain(|(name, _)| name != "manifest.json")),
        "missing",
    );
    refused(
        &rebuilt(|files| files.push(("META/publisher.jsonl".into(), b"{}".to_vec()))),
        "publisher",
    );
    // Same files, other compression: the statement covers the bytes of the archive too.
    refused(&rebuilt(|_| {}), "signature");
}

#[test]
fn a_signature_that_lies_otherwise_in_the_file_is_refused() {
    let good = least_package();
    let name = "META/sig.dsse.json";
    let find = |magic: &[u8; 4]| {
        let hit = |at: &usize| good[*at..].starts_with(magic);
        (0..good.len()).rev().find(hit).unwrap()
    };
    let (local, central) = (find(b"PK\x03\x04"), find(b"PK\x01\x02"));
    let end = good.len() - 22;
    let number = |at: usize| u32::from_le_bytes(good[at..at + 4].try_into().unwrap());
    let directory = number(end + 16) as usize;
    // The same signature, deflated: everything else stays as it was signed.
    let mut entry = deflated(name, &stored(&good, name));
    entry.offset = Some(local as u32);
    let one = zip(&[entry.clone()]);
    let own_directory = one.len() - 22 - 46 - name.len();
    let mut bad = good[..local].to_vec();
    bad.extend(&one[..own_directory]);
    let start = bad.len() as u32;
    bad.extend(&good[directory..central]);
    bad.extend(&one[own_directory..one.len() - 22]);
    bad.extend(&good[end..end + 16]);
    bad.extend(start.to_le_bytes());
    bad.extend([0; 2]);
    refused(&bad, "method");
}

#[test]
fn an_envelope_that_is_not_the_one_form_is_refused() {
    let edit = |from: &str, to: &str| {
        rebuilt(|files| {
            let envelope = file(files, "META/sig.dsse.json");
            let text = String::from_utf8(envelope.clone()).unwrap();
            assert!(text.contains(from), "{text}");
            *envelope = text.replace(from, to).into_bytes();
        })
    };
    refused(&edit("in-toto+json", "other+json"), "signature");
    refused(&edit("{\"payload\"", "{ \"payload\""), "signature");
    refused(&edit("{\"payload\"", "{\"x\":1,\"payload\""), "signature");
    refused(
        &edit("\"signatures\":[", "\"signatures\":[],\"x\":["),
        "signature",
    );
    refused(&edit("did:key:", "did:web:"), "publisher");
    refused(&edit("\"sig\":\"", "\"sig\":\"A"), "signature");
}
