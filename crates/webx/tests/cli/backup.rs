//! `webx export` and `webx restore`.

use std::path::Path;

use crate::support::{House, contents, noise};

fn filled() -> (House, Vec<String>) {
    let (house, words) = House::with_person();
    let node = house.up();
    house.file("in/small", "small");
    house.file("in/large", noise(3 * 1024 * 1024, 3));
    let source = house.path("in").display().to_string();
    house.ok(&["drive", "put", &source, "/in"]);
    house.ok(&["stop"]);
    node.wait();
    (house, words)
}

fn holds_everything(from: &House, other: &House) {
    let _node = other.up();
    let target = other.path("out").display().to_string();
    other.ok(&["drive", "get", "/in", &target]);
    assert_eq!(contents(&from.path("in")), contents(&other.path("out")));
    assert_eq!(
        other.json(&["drive", "verify"])["damaged"]
            .as_array()
            .map_or(0, Vec::len),
        0
    );
}

#[test]
fn a_backup_brings_everything_back_by_passphrase_or_words() {
    let (house, words) = filled();
    let passphrase = house.passphrase_file();
    let file = house.path("backup").display().to_string();
    house.ok(&["export", &file, "--passphrase-file", &passphrase]);
    assert!(
        house
            .refused(&["export", &file, "--passphrase-file", &passphrase])
            .contains("--force")
    );

    let by_passphrase = House::new();
    by_passphrase.ok(&["restore", &file, "--passphrase-file", &passphrase]);
    holds_everything(&house, &by_passphrase);

    let by_words = House::new();
    let words = by_words.file("words", words.join(" "));
    by_words.ok(&[
        "restore",
        &file,
        "--words-file",
        &words.display().to_string(),
    ]);
    holds_everything(&house, &by_words);
}

#[test]
fn a_running_node_is_backed_up_while_it_works() {
    let (house, _) = filled();
    let passphrase = house.passphrase_file();
    let file = house.path("backup").display().to_string();
    let _node = house.up();
    house.ok(&["export", &file]);
    let other = House::new();
    other.ok(&["restore", &file, "--passphrase-file", &passphrase]);
    holds_everything(&house, &other);
    // The restored one is the same person.
    let _other = other.up();
    let did = |house: &House| house.json(&["id", "show"])["did"].clone();
    assert_eq!(did(&house), did(&other));
}

#[test]
fn a_backup_shows_no_name_and_no_content() {
    let (house, _) = House::with_person();
    let node = house.up();
    let note = house.file("canary-name-7731.txt", "canary content 7732".repeat(100));
    house.ok(&["drive", "put", &note.display().to_string()]);
    let file = house.path("backup");
    house.ok(&["export", &file.display().to_string()]);
    drop(node);
    let bytes = std::fs::read(&file).unwrap();
    for canary in ["canary-name-7731", "canary content 7732", "Ada", "did:scid"] {
        assert!(
            !bytes.windows(canary.len()).any(|w| w == canary.as_bytes()),
            "{canary}"
        );
    }
}

#[test]
fn a_changed_cut_or_foreign_file_is_refused_and_leaves_nothing() {
    let (house, _) = filled();
    let passphrase = house.passphrase_file();
    let file = house.path("backup");
    house.ok(&[
        "export",
        &file.display().to_string(),
        "--passphrase-file",
        &passphrase,
    ]);
    let good = std::fs::read(&file).unwrap();
    let middle = good.len() / 2;
    let mut flipped = good.clone();
    flipped[middle] ^= 1;
    let cases: [(&str, Vec<u8>); 5] = [
        ("flipped", flipped),
        ("cut", good[..middle].to_vec()),
        ("longer", [&good[..], b"x"].concat()),
        ("empty", Vec::new()),
        ("foreign", b"PK\x03\x04 something else".to_vec()),
    ];
    let other = House::new();
    for (name, bytes) in cases {
        let bad = other.file(name, bytes).display().to_string();
        other.refused(&["restore", &bad, "--passphrase-file", &passphrase]);
        let people = std::fs::read_dir(other.data().join("people")).unwrap();
        assert_eq!(people.count(), 0, "{name}");
        assert!(!other.data().join("unfinished.json").exists(), "{name}");
    }
    let wrong = other
        .file("wrong", "not the passphrase")
        .display()
        .to_string();
    let file = file.display().to_string();
    let line = other.refused(&["restore", &file, "--passphrase-file", &wrong]);
    assert!(line.contains("wrong"), "{line}");
    other.ok(&["restore", &file, "--passphrase-file", &passphrase]);
    holds_everything(&house, &other);
}

#[test]
fn nobody_is_overwritten_by_a_backup() {
    let (house, _) = filled();
    let passphrase = house.passphrase_file();
    let file = house.path("backup").display().to_string();
    house.ok(&["export", &file, "--passphrase-file", &passphrase]);
    let line = house.refused(&["restore", &file, "--passphrase-file", &passphrase]);
    assert!(line.contains("--data"), "{line}");
}

#[test]
fn the_doctor_names_what_is_damaged_and_salvage_saves_the_rest() {
    let (house, _) = House::with_person();
    let passphrase = house.passphrase_file();
    let node = house.up();
    house.file("in/first", noise(2 * 1024 * 1024, 1));
    house.file("in/second", noise(2 * 1024 * 1024, 2));
    for name in ["first", "second"] {
        let path = house.path(&format!("in/{name}")).display().to_string();
        house.ok(&["drive", "put", &path, &format!("/{name}")]);
    }
    house.ok(&["stop"]);
    node.wait();

    // One bit in the last megabyte of the blocks: part of the second file.
    let pack = contents(&house.data())
        .into_iter()
        .map(|(name, _)| house.data().join(name))
        .find(|path| {
            path.extension()
                .is_some_and(|extension| extension == "pack")
        })
        .unwrap();
    let mut bytes = std::fs::read(&pack).unwrap();
    let at = bytes.len() - 500_000;
    bytes[at] ^= 1;
    std::fs::write(&pack, bytes).unwrap();

    let output = house.run(&[
        "doctor",
        "--deep",
        "--json",
        "--passphrase-file",
        &passphrase,
    ]);
    assert_eq!(output.status.code(), Some(1));
    let report = String::from_utf8(output.stdout).unwrap();
    assert!(
        report.contains("/second") && !report.contains("/first"),
        "{report}"
    );

    let target = house.path("saved");
    let shown = target.display().to_string();
    let output = house.run(&[
        "doctor",
        "--salvage",
        &shown,
        "--json",
        "--passphrase-file",
        &passphrase,
    ]);
    assert_eq!(output.status.code(), Some(1), "a loss is said");
    let salvaged: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(salvaged["files"], 1, "{salvaged}");
    assert!(
        salvaged["lost"][0]["path"]
            .as_str()
            .unwrap()
            .ends_with("second")
    );
    let saved = std::fs::read(target.join("first")).unwrap();
    assert_eq!(saved, std::fs::read(house.path("in/first")).unwrap());
    assert!(
        !target.join("second").exists(),
        "no wrong bytes are written"
    );
}

#[test]
fn the_doctor_repairs_a_database_with_a_damaged_page() {
    let (house, _) = House::with_person();
    let passphrase = house.passphrase_file();
    let node = house.up();
    house.file("in/kept", noise(300_000, 3));
    let path = house.path("in/kept").display().to_string();
    house.ok(&["drive", "put", &path, "/kept"]);
    let refused = house.run(&["doctor", "--repair", "--passphrase-file", &passphrase]);
    assert_eq!(refused.status.code(), Some(1), "not beside a running node");
    house.ok(&["stop"]);
    node.wait();

    let database = contents(&house.data())
        .into_iter()
        .map(|(name, _)| house.data().join(name))
        .find(|path| path.ends_with("store.db"))
        .unwrap();
    let mut bytes = std::fs::read(&database).unwrap();
    let last_page = bytes.len() - 2048;
    bytes[last_page] ^= 1;
    std::fs::write(&database, bytes).unwrap();

    let repaired = house.run(&[
        "doctor",
        "--repair",
        "--json",
        "--passphrase-file",
        &passphrase,
    ]);
    assert!(
        repaired.status.success(),
        "{}",
        String::from_utf8_lossy(&repaired.stderr)
    );
    let repaired: serde_json::Value = serde_json::from_slice(&repaired.stdout).unwrap();
    assert_eq!(repaired["fromSnapshot"], false, "{repaired}");
    assert!(Path::new(repaired["kept"].as_str().unwrap()).exists());

    let node = house.up();
    house.ok(&["drive", "ls", "/"]);
    house.ok(&["stop"]);
    node.wait();
}
