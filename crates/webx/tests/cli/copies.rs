//! Copies on a contact's node, with real nodes on loopback; and a drive out of its blocks alone.

use std::fs;

use crate::devices::{node_of, until};
use crate::support::{House, Node, noise};

/// Two nodes that are contacts of each other.
fn pair() -> ((House, House), (Node, Node)) {
    let ((ann, _), (ben, _)) = (House::with_person(), House::with_person());
    let running = (ann.up(), ben.up());
    node_of(&ann);
    node_of(&ben);
    for (from, to, name) in [(&ann, &ben, "Ann"), (&ben, &ann, "Ben")] {
        let card = from.json(&["contacts", "card"]);
        let card = card["card"].as_str().unwrap();
        to.json(&["contacts", "add", card, "--name", name]);
    }
    ((ann, ben), running)
}

#[test]
fn a_contact_keeps_copies_and_what_is_kept_is_plain_on_both_sides() {
    let ((ann, ben), _running) = pair();
    let file = ann.path("film.bin");
    let bytes: Vec<u8> = (0..3_000_000_u32).flat_map(u32::to_le_bytes).collect();
    fs::write(&file, &bytes).unwrap();
    ann.json(&["drive", "put", file.to_str().unwrap()]);
    let nobody = ann.json(&["copies", "now"]);
    assert_eq!(nobody["hosts"], 0);

    let given = ben.json(&["copies", "give", "Ann", "1GB"]);
    assert_eq!(given["agreements"][0]["given"], 1_000_000_000_u64);
    let round = until("Ben is reached", || {
        let round = ann.json(&["copies", "now"]);
        (round["hosts"] == 1 && round["nowhere"] == 0).then_some(round)
    });
    assert!(round["blocks"].as_u64().unwrap() >= 12, "{round}");
    let mine = ann.json(&["copies", "ls"]);
    let his = ben.json(&["copies", "ls"]);
    assert_eq!(mine["agreements"][0]["contact"], "Ben");
    assert_eq!(mine["agreements"][0]["blocks"], round["blocks"]);
    let kept = his["agreements"][0]["givenUsed"].as_u64().unwrap();
    assert!(kept >= bytes.len() as u64, "{his}");
    assert_eq!(mine["agreements"][0]["takenUsed"], kept);
    // What he keeps says nothing.
    assert_eq!(ben.json(&["drive", "ls", "/"]), serde_json::json!([]));
    assert!(
        !ann.run(&["copies", "give", "Nobody", "1GB"])
            .status
            .success()
    );
    assert!(
        !ann.run(&["copies", "restore", "--json"]).status.success(),
        "the drive is not empty"
    );
}

#[test]
fn an_archive_of_the_blocks_fills_an_empty_drive_of_the_same_words_and_no_other() {
    let (house, _) = House::with_person();
    let _node = house.up();
    let file = house.path("letter.txt");
    fs::write(&file, "dear reader\n".repeat(9000)).unwrap();
    house.json(&["drive", "put", file.to_str().unwrap()]);
    let archive = house.path("drive.car");
    let archive = archive.to_str().unwrap();
    house.json(&["drive", "rescue", archive]);
    let seen = fs::read(archive).unwrap();
    assert!(
        !seen
            .windows(6)
            .any(|window| window == b"reader" || window == b"letter")
    );
    let full = house.run(&["drive", "adopt", archive, "--json"]);
    assert!(!full.status.success());
    let (other, _) = House::with_person();
    let _other_node = other.up();
    let refused = other.run(&["drive", "adopt", archive, "--json"]);
    assert!(!refused.status.success(), "other words");
    other.json(&["drive", "put", file.to_str().unwrap()]);
}

/// `WEBX_COPY_KILLS` is the long form: `make soak`.
#[test]
fn a_node_that_is_killed_at_any_moment_of_copying_loses_nothing_that_was_acknowledged() {
    let kills = std::env::var("WEBX_COPY_KILLS").ok();
    let kills: u64 = kills.and_then(|kills| kills.parse().ok()).unwrap_or(6);
    let mut seed = [0; 8];
    getrandom::fill(&mut seed).unwrap();
    let seed = u64::from_le_bytes(seed) | 1;
    eprintln!("seed {seed}");
    let ((ann, ben), (mut running, _ben)) = pair();
    ben.json(&["copies", "give", "Ann", "20GB"]);
    let mut put = Vec::new();
    for kill in 0..kills {
        let random = noise(16, seed.wrapping_add(kill.wrapping_mul(0x9e37_79b9)) | 1);
        let size = 1000 + usize::from(random[0]) * 12_000;
        let name = format!("file {kill}");
        let file = ann.file(&name, noise(size, seed ^ (kill + 1)));
        ann.json(&["drive", "put", file.to_str().unwrap()]);
        put.push((name, size));
        let mut copying = ann.command(&["copies", "now", "--json"]);
        let copying = copying
            .stdout(std::process::Stdio::null())
            .stderr(std::process::Stdio::null());
        let mut copying = copying.spawn().unwrap();
        // Somewhere in the round: a question takes some milliseconds.
        for _ in 0..random[1] % 24 {
            ann.run(&["status"]);
        }
        running.kill();
        copying.wait().unwrap();
        running = ann.up();
        let verified = ann.json(&["drive", "verify"]);
        assert_eq!(
            verified["damaged"],
            serde_json::json!([]),
            "kill {kill}: {verified}"
        );
    }
    let round = until("Ben is reached again", || {
        let round = ann.json(&["copies", "now"]);
        (round["hosts"] == 1 && round["nowhere"] == 0).then_some(round)
    });
    assert_eq!(round["failed"], 0, "{round}");
    for (kill, (name, size)) in put.iter().enumerate() {
        let to = ann.path(&format!("back {kill}"));
        ann.ok(&["drive", "get", &format!("/{name}"), to.to_str().unwrap()]);
        assert!(
            fs::read(&to).unwrap() == noise(*size, seed ^ (kill as u64 + 1)),
            "{name}"
        );
    }
}

#[test]
fn with_everything_lost_but_the_words_the_identity_and_the_drive_come_back() {
    let ((ann, words), (ben, _)) = (House::with_person(), House::with_person());
    let (lost, _ben_node) = (ann.up(), ben.up());
    let card = |house: &House| {
        node_of(house);
        let card = house.json(&["contacts", "card"]);
        card["card"].as_str().unwrap().to_owned()
    };
    ben.json(&["contacts", "add", &card(&ann), "--name", "Ann"]);
    ann.json(&["contacts", "add", &card(&ben), "--name", "Ben"]);
    ben.json(&["copies", "give", "Ann", "1GB"]);
    let letters = noise(2_500_000, 7);
    let file = ann.file("letters", &letters);
    ann.json(&["drive", "put", file.to_str().unwrap()]);
    until("Ben keeps everything", || {
        let round = ann.json(&["copies", "now"]);
        (round["hosts"] == 1 && round["nowhere"] == 0).then_some(())
    });
    let did = ann.json(&["id", "show"])["did"].clone();
    lost.kill();
    drop(ann);

    let new = House::new();
    let words = new.file("words", words.join("\n")).display().to_string();
    let passphrase = new.passphrase_file();
    new.ok(&[
        "id",
        "recover",
        "--words-file",
        &words,
        "--passphrase-file",
        &passphrase,
        "--yes",
    ]);
    let _new_node = new.up();
    assert_eq!(new.json(&["id", "show"])["did"], did);
    new.json(&["contacts", "add", &card(&ben), "--name", "Ben"]);
    let back = until("Ben is reached", || {
        let asked = new.run(&["copies", "restore", "--json"]);
        asked.status.success().then_some(asked.stdout)
    });
    let back: serde_json::Value = serde_json::from_slice(&back).unwrap();
    assert_eq!(back["files"], 1);
    let to = new.path("back");
    new.ok(&["drive", "get", "/letters", to.to_str().unwrap()]);
    assert!(fs::read(&to).unwrap() == letters);
}
