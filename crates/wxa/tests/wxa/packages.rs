//! Writing and opening packages.

use std::io::Read;

use crate::common::{
    NOW, full, full_files, full_package, key, least, least_files, least_package, manifest, signer,
    version,
};
use ed25519_dalek::SigningKey;
use serde_json::json;
use time::{Duration, OffsetDateTime};
use webx_identity::{Identity, RecoveryWords, Seed};
use webx_wxa::{AppId, Digest, Draft, Installed, KeySigner, Package, PermissionKey, check_update};

#[test]
fn what_was_written_is_read_back() {
    let bytes = full_package();
    let package = Package::open(&bytes, NOW).unwrap();
    assert_eq!(*package.manifest(), manifest(&full()));
    assert_eq!(package.digest(), Digest::of(&bytes));
    let mut files = full_files();
    files.push(("manifest.json".into(), manifest(&full()).to_bytes()));
    files.sort();
    let read: Vec<_> = package
        .entries()
        .map(|entry| (entry.path.to_owned(), package.read_all(entry.path).unwrap()))
        .collect();
    assert_eq!(read, files);
    for entry in package.entries() {
        let mut stream = Vec::new();
        package
            .read(entry.path)
            .unwrap()
            .read_to_end(&mut stream)
            .unwrap();
        assert_eq!(stream.len() as u64, entry.size);
        assert_eq!(Digest::of(&stream), entry.sha256);
    }
    assert!(package.read("META/content.json").is_err());
    assert_eq!(package.read_all("no").unwrap_err().code(), "no-such-file");
}

#[test]
fn the_same_input_makes_the_same_bytes() {
    let again: Vec<_> = full_files().into_iter().rev().collect();
    let again = Draft::new(manifest(&full()), again)
        .unwrap()
        .sign(&signer(), NOW)
        .unwrap();
    assert!(full_package() == again);
}

/// When this fails, packages made yesterday and today differ: that is a new format.
#[test]
fn the_format_is_pinned_byte_for_byte() {
    for (name, bytes) in [("full", full_package()), ("least", least_package())] {
        let path = format!(
            "{}/tests/wxa/fixtures/{name}.wxa",
            env!("CARGO_MANIFEST_DIR")
        );
        if std::env::var_os("WEBX_WRITE_FIXTURES").is_some() {
            std::fs::write(&path, &bytes).unwrap();
        }
        assert!(
            std::fs::read(&path).unwrap() == bytes,
            "{name}.wxa has changed"
        );
    }
}

#[test]
fn an_app_id_is_bound_to_its_publisher() {
    let bytes = least_package();
    let package = Package::open(&bytes, NOW).unwrap();
    let root = webx_identity::did_key(&key().verifying_key());
    let hash = &aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, root.as_bytes());
    let hash = data_encoding::BASE32_NOPAD
        .encode(&hash.as_ref()[..10])
        .to_lowercase();
    assert_eq!(package.publisher().root.as_str(), root);
    assert_eq!(package.app_id().as_str(), format!("{hash}.notes"));
    assert_eq!(
        package.app_id().to_string().parse::<AppId>().unwrap(),
        package.app_id()
    );
    let other = KeySigner::new(SigningKey::from_bytes(&[8; 32]));
    let other = Draft::new(manifest(&least()), least_files())
        .unwrap()
        .sign(&other, NOW)
        .unwrap();
    assert_ne!(
        Package::open(&other, NOW).unwrap().app_id(),
        package.app_id()
    );
}

#[test]
fn a_part_of_the_system_has_a_name_of_its_own_and_nobody_else_may_ask_for_its_rights() {
    let mut value = least();
    value["permissions"] =
        json!({"required": [{"kind": "system", "areas": ["drive"], "reason": "Shows files"}]});
    let draft = Draft::new(manifest(&value), least_files()).unwrap();
    let bytes = draft.sign_system(&signer(), NOW).unwrap();
    assert_eq!(
        Package::open_system(&bytes, NOW).unwrap().app_id().as_str(),
        "webx.notes"
    );
    let refusal = Package::open(&bytes, NOW).unwrap_err();
    assert_eq!(refusal.code(), "system-only");
    assert!(
        refusal.to_string().contains("permissions.required[0]"),
        "{refusal}"
    );
    assert_eq!(
        draft.sign(&signer(), NOW).unwrap_err().code(),
        "system-only"
    );
}

fn words(n: u8) -> Seed {
    RecoveryWords::generate(&[n; 32]).unwrap().seed()
}

fn with_log(seed: &Seed, identity: &Identity, device: u32) -> KeySigner {
    KeySigner::with_log(
        seed.device_key(device),
        identity.did.clone(),
        identity.log.clone(),
    )
}

fn later(hours: i64) -> OffsetDateTime {
    NOW - Duration::hours(100) + Duration::hours(hours)
}

#[test]
fn a_publisher_with_a_log_keeps_its_apps_when_its_keys_are_rotated() {
    let seed = words(1);
    let mut identity = Identity::create(&seed, NOW).unwrap();
    let first = version("1.0.0", json!({}), &with_log(&seed, &identity, 0));
    let before = identity.clone();
    identity
        .rotate(&seed, &[seed.device_key(1).verifying_key()], later(1))
        .unwrap();
    let second = version("1.1.0", json!({}), &with_log(&seed, &identity, 1));
    let (first, second) = (
        Package::open(&first, NOW).unwrap(),
        Package::open(&second, NOW).unwrap(),
    );
    assert!(first.publisher().root.as_str().starts_with("scid:Qm"));
    assert_eq!(first.app_id(), second.app_id());
    let change = check_update(&Installed::of(&first), &second).unwrap();
    assert!(change.log_grew);

    // The old key is worth nothing under the new log …
    let draft = Draft::new(manifest(&least()), least_files()).unwrap();
    assert_eq!(
        draft
            .sign(&with_log(&seed, &identity, 0), NOW)
            .unwrap_err()
            .code(),
        "signature"
    );
    // … and a package with the old log is no update of one that came with the new log.
    let stolen = version("2.0.0", json!({}), &with_log(&seed, &before, 0));
    let stolen = Package::open(&stolen, NOW).unwrap();
    let refusal = check_update(&Installed::of(&second), &stolen).unwrap_err();
    assert_eq!(refusal.code(), "publisher-forked");
}

#[test]
fn a_fork_of_the_publishers_log_is_no_update() {
    let seed = words(2);
    let fork = |device: u32, hours: i64, number: &str| {
        let mut identity = Identity::create(&seed, NOW).unwrap();
        identity
            .rotate(
                &seed,
                &[seed.device_key(device).verifying_key()],
                later(hours),
            )
            .unwrap();
        version(number, json!({}), &with_log(&seed, &identity, device))
    };
    let (a, b) = (fork(1, 1, "1.0.0"), fork(2, 2, "1.1.0"));
    let (a, b) = (
        Package::open(&a, NOW).unwrap(),
        Package::open(&b, NOW).unwrap(),
    );
    assert_eq!(
        check_update(&Installed::of(&a), &b).unwrap_err().code(),
        "publisher-forked"
    );
}

#[test]
fn a_key_that_is_not_the_publishers_signs_nothing() {
    let seed = words(3);
    let identity = Identity::create(&seed, NOW).unwrap();
    let thief = KeySigner::with_log(
        SigningKey::from_bytes(&[9; 32]),
        identity.did.clone(),
        identity.log,
    );
    let draft = Draft::new(manifest(&least()), least_files()).unwrap();
    assert_eq!(draft.sign(&thief, NOW).unwrap_err().code(), "signature");
    let other = Identity::create(&words(4), NOW).unwrap();
    let mixed = KeySigner::with_log(words(4).device_key(0), identity.did, other.log);
    assert_eq!(draft.sign(&mixed, NOW).unwrap_err().code(), "publisher");
}

#[test]
fn a_log_of_the_future_is_not_believed() {
    let seed = words(5);
    let mut identity = Identity::create(&seed, NOW).unwrap();
    identity
        .rotate(&seed, &[seed.device_key(1).verifying_key()], NOW)
        .unwrap();
    let bytes = version("1.0.0", json!({}), &with_log(&seed, &identity, 1));
    let refusal = Package::open(&bytes, NOW - Duration::days(1)).unwrap_err();
    assert_eq!(refusal.code(), "publisher", "{refusal}");
}

#[test]
fn only_a_higher_version_of_the_same_app_is_an_update() {
    let base = version("1.2.0", json!({}), &signer());
    let installed = Installed::of(&Package::open(&base, NOW).unwrap());
    for (number, code) in [
        ("1.2.0", Some("not-newer")),
        ("1.1.9", Some("not-newer")),
        ("1.2.0-rc.1", Some("not-newer")),
        ("1.2.1-alpha", None),
        ("1.10.0", None),
    ] {
        let next = version(number, json!({}), &signer());
        let answer = check_update(&installed, &Package::open(&next, NOW).unwrap());
        assert_eq!(answer.err().map(|refusal| refusal.code()), code, "{number}");
    }
    let other = KeySigner::new(SigningKey::from_bytes(&[8; 32]));
    let next = version("2.0.0", json!({}), &other);
    let refusal = check_update(&installed, &Package::open(&next, NOW).unwrap()).unwrap_err();
    assert_eq!(refusal.code(), "publisher-changed");
    let mut value = least();
    value["id"] = "board".into();
    let next = Draft::new(manifest(&value), least_files())
        .unwrap()
        .sign(&signer(), NOW)
        .unwrap();
    let refusal = check_update(&installed, &Package::open(&next, NOW).unwrap()).unwrap_err();
    assert_eq!(refusal.code(), "other-app");
    let stored = serde_json::to_string(&installed).unwrap();
    assert_eq!(
        serde_json::from_str::<Installed>(&stored).unwrap(),
        installed
    );
}

#[test]
fn an_update_names_just_what_is_new() {
    let own = json!({"kind": "storage", "access": "own", "reason": "Keeps notes"});
    let notify = json!({"kind": "notify", "reason": "Reminds you"});
    let hosts = |hosts: &[&str]| json!({"kind": "network", "hosts": hosts, "reason": "Syncs"});
    let base = version(
        "1.0.0",
        json!({"required": [own, hosts(&["a.example.org"])], "optional": [notify]}),
        &signer(),
    );
    let next = version(
        "1.1.0",
        json!({"required": [notify, hosts(&["a.example.org", "b.example.org"])]}),
        &signer(),
    );
    let installed = Installed::of(&Package::open(&base, NOW).unwrap());
    let change = check_update(&installed, &Package::open(&next, NOW).unwrap()).unwrap();
    let keys = |asks: &[webx_wxa::Ask]| {
        asks.iter()
            .map(|ask| ask.key.to_string())
            .collect::<Vec<_>>()
    };
    assert_eq!(keys(&change.added), ["network:b.example.org"]);
    assert_eq!(keys(&change.now_required), ["notify"]);
    assert_eq!(
        change.dropped,
        ["storage:own".parse::<PermissionKey>().unwrap()]
    );
    assert!(!change.log_grew);
}

#[test]
fn what_the_manifest_names_must_be_there() {
    for (missing, at) in [
        ("icon.svg", "icon"),
        ("backend.wasm", "backend.wsgi.component"),
        ("backend/guestbook.py", "backend.wsgi.source"),
        ("shots/2.webp", "screenshots[1]"),
        ("src/größe.txt", "source"),
    ] {
        let files = full_files().into_iter().filter(|(path, _)| path != missing);
        let refusal = Draft::new(manifest(&full()), files).unwrap_err();
        assert!(
            matches!(&refusal, webx_wxa::Refusal::Manifest { at: found, .. } if found == at),
            "{refusal}"
        );
    }
    let mut value = least();
    value["entry"] = json!({"iframe": {"start": "/"}});
    let refusal = Draft::new(manifest(&value), least_files()).unwrap_err();
    assert!(
        refusal.to_string().contains("no file in “web/”"),
        "{refusal}"
    );
}

#[test]
fn a_wheel_is_pinned_by_its_digest() {
    let mut value = least();
    value["permissions"] = json!({"required": [{"kind": "native-code", "reason": "Uses numpy"}]});
    let mut build = |digest: Digest| {
        value["backend"] = json!({"wsgi": {"app": "a:app", "source": "backend/", "mount": "/",
            "native": {"wheels": [{"path": "wheels/x-1-py3-none-any.whl", "sha256": digest.to_string()}]}}});
        let mut files = least_files();
        files.push(("wheels/x-1-py3-none-any.whl".into(), b"wheel".to_vec()));
        files.push(("backend/a.py".into(), b"app = None".to_vec()));
        Draft::new(manifest(&value), files)
    };
    assert!(
        build(Digest::of(b"wheel"))
            .unwrap()
            .sign(&signer(), NOW)
            .is_ok()
    );
    let refusal = build(Digest::of(b"other")).unwrap_err();
    assert!(
        refusal.to_string().contains("wheels[0].sha256"),
        "{refusal}"
    );
}
