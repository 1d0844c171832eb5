//! A second device, with real nodes on loopback: it is let in, contacts know it, it is removed, contacts refuse it.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, ChildStdout, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Deserializer, StreamDeserializer, Value, de::IoRead};

use crate::support::House;

/// How long nodes may take to find each other on a busy machine.
const PATIENCE: Duration = Duration::from_secs(90);

/// Asks until the answer is the one that is waited for.
pub(crate) fn until<T>(what: &str, mut asked: impl FnMut() -> Option<T>) -> T {
    let began = Instant::now();
    loop {
        if let Some(answer) = asked() {
            return answer;
        }
        assert!(began.elapsed() < PATIENCE, "{what}");
    }
}

/// What a command prints as JSON; none if it was refused.
fn try_json(house: &House, arguments: &[&str]) -> Option<Value> {
    let mut all = arguments.to_vec();
    all.push("--json");
    let done = house.run(&all);
    done.status
        .success()
        .then(|| serde_json::from_slice(&done.stdout).unwrap())
}

pub(crate) fn node_of(house: &House) -> String {
    let seen = until("the node is on QNet", || {
        try_json(house, &["net", "topology"])
    });
    seen["id"].as_str().unwrap().to_owned()
}

/// What a command prints, one thing after the other, while it runs.
type Said = StreamDeserializer<'static, IoRead<BufReader<ChildStdout>>, Value>;

fn said(child: &mut Child) -> Said {
    let stdout = child.stdout.take().unwrap();
    Deserializer::from_reader(BufReader::new(stdout)).into_iter()
}

/// `webx id devices add`, which shows a code and waits.
struct Adding {
    child: Child,
    code: String,
    said: Said,
}

impl Adding {
    fn begin(house: &House, words_file: &str) -> Self {
        Self::try_begin(house, words_file).unwrap()
    }

    /// None while another device waits for a decision.
    fn try_begin(house: &House, words_file: &str) -> Option<Self> {
        let mut child = house
            .command(&[
                "id",
                "devices",
                "add",
                "--words-file",
                words_file,
                "--yes",
                "--json",
            ])
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut said = said(&mut child);
        let Some(Ok(offer)) = said.next() else {
            child.wait().unwrap();
            return None;
        };
        assert_eq!(offer["reach"], "loopback");
        Some(Self {
            code: offer["code"].as_str().unwrap().to_owned(),
            child,
            said,
        })
    }

    fn done(mut self) -> Value {
        let added = self.said.next();
        let output = self.child.wait_with_output().unwrap();
        let errors = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{errors}");
        added.unwrap().unwrap()
    }

    fn refused(self) -> String {
        let output = self.child.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(1));
        String::from_utf8(output.stderr).unwrap()
    }
}

fn devices(house: &House) -> Vec<Value> {
    let listed = house.json(&["id", "devices", "ls"]);
    listed.as_array().unwrap().clone()
}

fn pair(new: &House, code: &str, name: &str) -> Value {
    new.json(&[
        "pair",
        code,
        "--passphrase-file",
        &new.passphrase_file(),
        "--name",
        name,
    ])
}

#[test]
fn a_second_device_is_let_in_known_to_contacts_and_after_its_removal_refused_by_them() {
    let (ada, words) = House::with_person();
    let words_file = ada.file("words", words.join("\n")).display().to_string();
    let _ada_node = ada.up();
    let ada_id = node_of(&ada);
    let did = ada.json(&["id", "show"])["did"].clone();

    // Cleo and Ada know each other.
    let (cleo, _) = House::with_person();
    let _cleo_node = cleo.up();
    let cleo_id = node_of(&cleo);
    let card = |house: &House| {
        let card = house.json(&["contacts", "card"]);
        card["card"].as_str().unwrap().to_owned()
    };
    cleo.ok(&[
        "contacts",
        "add",
        &card(&ada),
        "--name",
        "Ada",
        "--in-person",
    ]);
    ada.ok(&[
        "contacts",
        "add",
        &card(&cleo),
        "--name",
        "Cleo",
        "--in-person",
    ]);
    until("Cleo has met Ada", || {
        let ada_there = try_json(&cleo, &["contacts", "show", "Ada"])?;
        (ada_there["contact"]["trust"] == "verified").then_some(())
    });
    // By their cards alone, without an invite, they are neighbours on QNet.
    for (house, other) in [(&cleo, &ada_id), (&ada, &cleo_id)] {
        until("contacts become neighbours", || {
            let peers = try_json(house, &["net", "peers"])?;
            let known = peers
                .as_array()?
                .iter()
                .any(|peer| peer["id"] == other.as_str());
            known.then_some(())
        });
    }

    // A new device, paired in its folder without a node.
    let phone = House::new();
    let adding = Adding::begin(&ada, &words_file);
    assert_eq!(pair(&phone, &adding.code, "phone")["did"], did);
    let added = adding.done();
    assert_eq!(
        (&added["name"], &added["state"]),
        (&"phone".into(), &"ready".into())
    );
    let phone_id = added["node"].as_str().unwrap().to_owned();
    let listed = devices(&ada);
    assert_eq!(listed.len(), 2);
    assert_eq!(
        (&listed[0]["node"], &listed[0]["thisDevice"]),
        (&ada_id.as_str().into(), &true.into())
    );

    // It is the same person, its vault opens by its own passphrase and by the same 24 words, and it knows the contacts.
    let phone_node = phone.up_locked();
    let words_here = phone.file("words", words.join(" ")).display().to_string();
    phone.ok(&["unlock", "--words-file", &words_here]);
    phone.ok(&["lock"]);
    phone.ok(&["unlock", "--passphrase-file", &phone.passphrase_file()]);
    assert_eq!(phone.json(&["id", "show"])["did"], did);
    assert_eq!(phone.json(&["contacts", "ls"])[0]["name"], "Cleo");
    assert_eq!(node_of(&phone), phone_id);
    let names: Vec<_> = devices(&phone)
        .iter()
        .map(|device| device["node"].clone())
        .collect();
    assert_eq!(names, [phone_id.as_str(), ada_id.as_str()]);

    // By what Ada's first node knows, the new one finds Cleo, who sees the same person with two devices.
    until("the new device meets Cleo", || {
        try_json(&phone, &["net", "ping", &cleo_id])
    });
    let seen = cleo.json(&["contacts", "ls"]);
    assert_eq!(seen.as_array().unwrap().len(), 1);
    assert_eq!(seen[0]["did"], did);
    assert_eq!(seen[0]["devices"].as_array().unwrap().len(), 2);
    assert_eq!(
        seen[0]["trust"], "changed",
        "Cleo decides about the new device"
    );
    // The phone was told that Cleo's keys were compared.
    until("the phone knows Cleo", || {
        let there = try_json(&phone, &["contacts", "show", "Cleo"])?;
        (there["contact"]["trust"] == "verified").then_some(())
    });

    // The words of somebody else remove nothing, the right ones do.
    let (_, others) = House::with_person();
    let others = ada.file("others", others.join(" ")).display().to_string();
    let line = ada.refused(&[
        "id",
        "devices",
        "rm",
        &phone_id,
        "--words-file",
        &others,
        "--yes",
    ]);
    assert!(line.contains("not those of this identity"), "{line}");
    let line = ada.refused(&[
        "id",
        "devices",
        "rm",
        &ada_id,
        "--words-file",
        &words_file,
        "--yes",
    ]);
    assert!(line.contains("remove it from another one"), "{line}");
    assert_eq!(devices(&ada).len(), 2);
    ada.ok(&[
        "id",
        "devices",
        "rm",
        &phone_id,
        "--words-file",
        &words_file,
        "--yes",
    ]);
    assert_eq!(devices(&ada).len(), 1);

    // Once Cleo has met Ada again, she refuses the device that was removed, although it still has its key and its old log.
    until("Cleo knows the newest log", || {
        try_json(&cleo, &["net", "ping", &ada_id])?;
        let seen = cleo.json(&["contacts", "ls"]);
        (seen[0]["devices"].as_array().unwrap().len() == 1).then_some(())
    });
    let line = until("Cleo refuses the removed device", || {
        let tried = phone.run(&["net", "ping", &cleo_id]);
        let line = String::from_utf8_lossy(&tried.stderr).into_owned();
        line.contains("not in the newest version").then_some(line)
    });
    assert!(line.contains("refused this node's identity"), "{line}");
    until("and so does Ada's own device", || {
        let tried = phone.run(&["net", "ping", &ada_id]);
        let line = String::from_utf8_lossy(&tried.stderr).into_owned();
        line.contains("not in the newest version").then_some(())
    });
    drop(phone_node);
}

#[test]
fn a_running_node_is_paired_and_devices_follow_each_others_changes() {
    let (ada, words) = House::with_person();
    let words_file = ada.file("words", words.join(" ")).display().to_string();
    let _ada_node = ada.up();
    let new = |name: &str| {
        let house = House::new();
        let node = house.up_locked();
        let adding = Adding::begin(&ada, &words_file);
        pair(&house, &adding.code, name);
        let added = adding.done();
        assert_eq!(added["state"], "ready");
        (house, node, added["node"].as_str().unwrap().to_owned())
    };
    let (desk, _desk_node, desk_id) = new("desk");
    assert_eq!(desk.json(&["status"])["state"], "open");
    let (_pad, _pad_node, pad_id) = new("pad");
    // The first of the two was told by the other ones.
    until("desk knows pad", || {
        (devices(&desk).len() == 3).then_some(())
    });
    // And what it changes is known to the others.
    let words_there = desk.file("words", words.join(" ")).display().to_string();
    desk.ok(&[
        "id",
        "devices",
        "rm",
        &pad_id,
        "--words-file",
        &words_there,
        "--yes",
    ]);
    until("ada follows desk", || {
        (devices(&ada).len() == 2).then_some(())
    });
    assert!(
        devices(&ada)
            .iter()
            .any(|device| device["node"] == desk_id.as_str())
    );
}

#[test]
fn wrong_words_change_nothing_and_the_new_device_has_no_half_made_home() {
    let (ada, words) = House::with_person();
    let (_, others) = House::with_person();
    let others = ada.file("others", others.join(" ")).display().to_string();
    let _node = ada.up();
    let before = ada.json(&["id", "show"])["log"].clone();

    let phone = House::new();
    let adding = Adding::begin(&ada, &others);
    let used = adding.code.clone();
    let line = phone.refused(&[
        "pair",
        &adding.code,
        "--passphrase-file",
        &phone.passphrase_file(),
        "--quiet",
    ]);
    assert!(line.contains("the other device declined"), "{line}");
    let line = adding.refused();
    assert!(line.contains("not those of this identity"), "{line}");
    assert_eq!(ada.json(&["id", "show"])["log"], before);
    assert_eq!(devices(&ada).len(), 1);
    assert_eq!(
        std::fs::read_dir(phone.data().join("people")).map_or(0, Iterator::count),
        0
    );

    // A code that was used, and what is none.
    let arguments = |code: &str| {
        let file = phone.passphrase_file();
        ["pair", code, "--passphrase-file", &file, "--quiet"].map(str::to_owned)
    };
    let refused = |code: &str| {
        let arguments = arguments(code);
        phone.refused(&arguments.each_ref().map(String::as_str))
    };
    let line = refused(&used);
    assert!(line.contains("no pairing code is open"), "{line}");
    assert!(refused("webx:pair?AAAA").contains("not a pairing code"));

    // The folder is free for another try.
    let words_file = ada.file("words", words.join(" ")).display().to_string();
    let adding = Adding::begin(&ada, &words_file);
    pair(&phone, &adding.code, "phone");
    assert_eq!(adding.done()["state"], "ready");
}

#[test]
fn a_new_device_that_is_killed_while_it_waits_leaves_nothing_behind() {
    let (ada, words) = House::with_person();
    let words_file = ada.file("words", words.join(" ")).display().to_string();
    let _node = ada.up();
    let phone = House::new();
    let offer = {
        // Shown by the API alone, so that nobody confirms.
        let mut child = ada
            .command(&["id", "devices", "add", "--json"])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let offer = said(&mut child).next().unwrap().unwrap();
        child.kill().unwrap();
        child.wait().unwrap();
        offer
    };
    let code = offer["code"].as_str().unwrap();
    let mut waiting = phone
        .command(&["pair", code, "--passphrase-file", &phone.passphrase_file()])
        .stderr(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(waiting.stderr.take().unwrap())
        .read_line(&mut line)
        .unwrap();
    assert!(line.contains("Compare with the other device"), "{line}");
    waiting.kill().unwrap();
    waiting.wait().unwrap();
    assert_eq!(
        std::fs::read_dir(phone.data().join("people")).map_or(0, Iterator::count),
        0
    );
    assert_eq!(devices(&ada).len(), 1);

    // The old device sees it go, and shows a new code.
    let adding = until("a new code", || {
        let adding = Adding::try_begin(&ada, &words_file)?;
        Some(adding)
    });
    pair(&phone, &adding.code, "phone");
    adding.done();
    assert_eq!(devices(&ada).len(), 2);
}
