//! Copies on a contact's node, with real nodes on loopback; and a drive out of its blocks alone.

use std::fs;

use crate::devices::{node_of, until};
use crate::support::{House, Node};

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
