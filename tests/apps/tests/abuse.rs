//! Packages by people who do not mean well: each is refused with its reason, and nothing is written.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::io::Read;

use ed25519_dalek::SigningKey;
use serde_json::{Value, json};
use webx_apps::Error;
use webx_apps_crash::{
    home::Home,
    packages::{files, manifest, now, pack},
    state::State,
};
use webx_wxa::{Draft, KeySigner, Manifest};

fn home() -> (tempfile::TempDir, Home) {
    let folder = tempfile::tempdir().unwrap();
    let (home, _) = Home::open(folder.path(), None, true).unwrap();
    (folder, home)
}

/// Two entries, stored as they are, in an archive whose names and content are of the attacker's choice.
fn zip(entries: &[(&str, &[u8])]) -> Vec<u8> {
    let (mut out, mut directory) = (Vec::new(), Vec::new());
    for (name, content) in entries {
        let offset = out.len() as u32;
        let mut crc = flate2::Crc::new();
        crc.update(content);
        let mut common = Vec::new();
        for field in [10_u16, 0x800, 0, 0, 0x21] {
            common.extend(field.to_le_bytes());
        }
        for field in [crc.sum(), content.len() as u32, content.len() as u32] {
            common.extend(field.to_le_bytes());
        }
        common.extend((name.len() as u16).to_le_bytes());
        common.extend([0; 2]);
        out.extend(0x0403_4b50_u32.to_le_bytes());
        out.extend(&common);
        out.extend(name.as_bytes());
        out.extend(*content);
        directory.extend(0x0201_4b50_u32.to_le_bytes());
        directory.extend(0x0314_u16.to_le_bytes());
        directory.extend(&common);
        directory.extend([0; 6]);
        directory.extend((0o100_644_u32 << 16).to_le_bytes());
        directory.extend(0_u32.to_le_bytes());
        let at = directory.len() - 4;
        directory[at..].copy_from_slice(&offset.to_le_bytes());
        directory.extend(name.as_bytes());
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

fn signed(manifest: &Value) -> Result<Vec<u8>, webx_wxa::Refusal> {
    let manifest = Manifest::from_value(manifest)?;
    let signer = KeySigner::new(SigningKey::from_bytes(&[4; 32]));
    Draft::new(manifest, files("1.0.0"))?.sign(&signer, now())
}

/// The same bytes with all of `from` replaced by `to`, of the same length.
fn replaced(bytes: &[u8], from: &[u8], to: &[u8]) -> Vec<u8> {
    assert_eq!(from.len(), to.len());
    let mut out = bytes.to_vec();
    let mut found = 0;
    for at in 0..=bytes.len() - from.len() {
        if bytes[at..].starts_with(from) {
            out[at..at + from.len()].copy_from_slice(to);
            found += 1;
        }
    }
    assert!(found > 0);
    out
}

fn hostile() -> Vec<(&'static str, Vec<u8>)> {
    let good = pack("1.0.0").unwrap();
    let with = |ends: (&[u8], &[u8])| [ends.0, &good, ends.1].concat();
    let mut flipped = good.clone();
    let middle = flipped.len() / 2;
    flipped[middle] ^= 1;
    let text = br#"{"format":1}"#;
    vec![
        ("not-zip", Vec::new()),
        ("not-zip", b"#!/bin/sh\nrm -rf /\n".to_vec()),
        ("not-zip", good[..good.len() / 2].to_vec()),
        ("prefix", with((b"MZ", b""))),
        ("suffix", with((b"", b"more"))),
        ("slip", replaced(&good, b"shared.bin", b"../red.bin")),
        ("slip", replaced(&good, b"shared.bin", b"/etc/x.bin")),
        ("order", replaced(&good, b"shared.bin", b"META/SIG.d")),
        (
            "duplicate",
            zip(&[("manifest.json", text), ("a", b"1"), ("a", b"2")]),
        ),
        (
            "case-equal",
            zip(&[("manifest.json", text), ("a.js", b"1"), ("A.js", b"2")]),
        ),
        (
            "file-and-folder",
            zip(&[("manifest.json", text), ("a", b"1"), ("a/b", b"2")]),
        ),
        ("manifest", zip(&[("manifest.json", text)])),
        ("signature", flipped),
        ("signature", replaced(&good, b"shared.bin", b"spared.bin")),
    ]
}

#[test]
fn every_hostile_package_is_refused_with_its_reason_and_nothing_is_written() {
    let (_folder, home) = home();
    let before = State::of(&home).unwrap();
    let events = home.events.list(None, 10, None).unwrap().items.len();
    for (n, (code, bytes)) in hostile().into_iter().enumerate() {
        let error = home.apps.inspect(bytes.as_slice()).unwrap_err();
        assert!(matches!(error, Error::Refused(_)), "{n}: {error}");
        let said = error.to_string();
        assert!(
            said.ends_with('.') && said.len() < 500 && !said.contains('\n'),
            "a sentence: {said}"
        );
        assert_eq!(error.code(), code, "{n}: {said}");
        assert_eq!(
            State::of(&home).unwrap(),
            before,
            "{n} {code} wrote something"
        );
    }
    assert_eq!(
        home.events.list(None, 10, None).unwrap().items.len(),
        events
    );
    home.close();
}

#[test]
fn a_manifest_that_asks_for_what_there_is_not_is_refused() {
    let asks = json!([]);
    let good = manifest("1.0.0", &asks);
    signed(&good).unwrap();
    let bent = |at: &str, value: Value| {
        let mut manifest = good.clone();
        manifest[at] = value;
        signed(&manifest).unwrap_err().code().to_owned()
    };
    let one = |ask: Value| json!({ "required": [ask], "optional": [] });
    assert_eq!(
        bent("permissions", one(json!({ "kind": "root", "reason": "r" }))),
        "unknown-permission"
    );
    assert_eq!(
        bent(
            "permissions",
            one(json!({ "kind": "system", "areas": ["drive"], "reason": "r" }))
        ),
        "system-only"
    );
    assert_eq!(
        bent(
            "permissions",
            one(json!({ "kind": "network", "hosts": ["127.0.0.1"], "reason": "r" }))
        ),
        "manifest"
    );
    assert_eq!(
        bent(
            "permissions",
            one(json!({ "kind": "network", "hosts": ["*"], "reason": "r" }))
        ),
        "manifest"
    );
    assert_eq!(bent("name", json!("Notes\u{202e}gpj.exe")), "manifest");
    assert_eq!(bent("version", json!("one")), "manifest");
    assert_eq!(bent("surprise", json!(1)), "manifest");
}

#[test]
fn a_package_without_end_is_refused_before_it_fills_the_memory() {
    let (_folder, home) = home();
    let error = home
        .apps
        .inspect(std::io::repeat(b'P').take(300 << 20))
        .unwrap_err();
    assert_eq!(error.code(), "too-large");
    home.close();
}

#[test]
fn another_signature_or_none_is_refused() {
    let (_folder, home) = home();
    let before = State::of(&home).unwrap();
    // Signed, then changed, with everything else made to fit.
    let ours = pack("1.0.0").unwrap();
    let theirs = {
        let manifest = Manifest::from_value(&manifest("1.0.0", &json!([]))).unwrap();
        let signer = KeySigner::new(SigningKey::from_bytes(&[9; 32]));
        Draft::new(manifest, files("1.0.0"))
            .unwrap()
            .sign(&signer, now())
            .unwrap()
    };
    // The end of one package behind the start of another.
    let cut = ours.len().min(theirs.len()) - 1500;
    let mixed = [&ours[..cut], &theirs[theirs.len() - (ours.len() - cut)..]].concat();
    assert!(matches!(
        home.apps.inspect(mixed.as_slice()),
        Err(Error::Refused(_))
    ));
    assert_eq!(State::of(&home).unwrap(), before);
    home.close();
}
