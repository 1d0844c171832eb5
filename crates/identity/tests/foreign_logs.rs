//! Logs written by three other implementations resolve to what those recorded.
//!
//! The recordings are not part of this repository; where they are absent the test says so.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout
)]

use std::{fs, path::Path};

use serde_json::Value;
use time::macros::datetime;
use webx_identity::{Did, DidLog, Error};

/// A placed DID gets two implied services at resolution; they are no part of the log.
fn without_implied_services(document: &Value) -> Value {
    let mut document = document.clone();
    let Some(object) = document.as_object_mut() else {
        return document;
    };
    if let Some(services) = object.get_mut("service").and_then(Value::as_array_mut) {
        services.retain(|service| {
            let id = service["id"].as_str().unwrap_or_default();
            !id.ends_with("#files") && !id.ends_with("#whois")
        });
        if services.is_empty() {
            object.remove("service");
        }
    }
    document
}

#[test]
fn logs_of_other_implementations_resolve_as_recorded() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/fixtures/didwebvh");
    let Ok(cases) = fs::read_dir(&root) else {
        println!("skipped: the recorded logs are not on this machine");
        return;
    };
    let now = datetime!(2026-11-22 00:00 UTC);
    let mut resolutions = 0;
    let mut witnessed = 0;
    let mut ended = 0;
    for writer in cases.flat_map(|case| fs::read_dir(case.unwrap().path()).unwrap()) {
        let folder = writer.unwrap().path();
        let name = folder.strip_prefix(&root).unwrap().display().to_string();
        let log = DidLog::parse(&fs::read_to_string(folder.join("did.jsonl")).unwrap())
            .unwrap_or_else(|error| panic!("{name}: {error}"));
        let proofs = fs::read_to_string(folder.join("did-witness.json")).ok();
        let verified = match &proofs {
            Some(proofs) => {
                witnessed += 1;
                assert!(
                    matches!(log.verify(now), Err(Error::Verification { .. })),
                    "{name}"
                );
                log.verify_witnessed(proofs, now)
            }
            None => log.verify(now),
        }
        .unwrap_or_else(|error| panic!("{name}: {error}"));
        for file in fs::read_dir(&folder)
            .unwrap()
            .map(|file| file.unwrap().path())
        {
            let stem = file.file_stem().unwrap().to_str().unwrap().to_owned();
            if !stem.starts_with("resolutionResult") {
                continue;
            }
            let recorded: Value =
                serde_json::from_str(&fs::read_to_string(&file).unwrap()).unwrap();
            let metadata = &recorded["didDocumentMetadata"];
            let Some(id) = recorded["didDocument"]["id"].as_str() else {
                assert!(
                    verified.deactivated(),
                    "{name}/{stem}: recorded without a document"
                );
                ended += 1;
                continue;
            };
            let did: Did = id.parse().unwrap();
            // One of the writers recorded the newest version under every number, so the version
            // that was resolved is read from the recording, not from the name of its file.
            let version_id = metadata["versionId"].as_str().unwrap();
            let number = version_id.split('-').next().unwrap().parse().unwrap();
            let resolved = if stem == "resolutionResult" {
                verified.resolve(&did)
            } else {
                verified.resolve_number(&did, number)
            }
            .unwrap_or_else(|error| panic!("{name}/{stem}: {error}"));
            assert_eq!(version_id, resolved.version_id, "{name}/{stem}");
            assert_eq!(
                metadata["deactivated"], resolved.deactivated,
                "{name}/{stem}"
            );
            assert_eq!(metadata["portable"], verified.portable(), "{name}/{stem}");
            assert_eq!(metadata["scid"], verified.scid(), "{name}/{stem}");
            assert_eq!(
                without_implied_services(&recorded["didDocument"]),
                without_implied_services(resolved.document.as_value()),
                "{name}/{stem}"
            );
            let scid = Did::from_scid(verified.scid()).unwrap();
            assert_eq!(
                verified.resolve(&scid).unwrap().document.id(),
                scid.as_str()
            );
            resolutions += 1;
        }
    }
    println!("{resolutions} resolutions, {ended} ended DIDs, {witnessed} logs with witnesses");
    assert!(
        resolutions >= 40 && witnessed >= 6,
        "{resolutions} resolutions, {witnessed} witnessed"
    );
}
