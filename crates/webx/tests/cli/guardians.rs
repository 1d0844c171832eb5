//! Lost everything: shares on paper and shares of guardians bring the same identity back, too few of them never do.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::support::House;

/// How long nodes may take to find each other on a busy machine.
const PATIENCE: Duration = Duration::from_secs(90);

/// Asks until the answer is the one that is waited for.
fn until<T>(what: &str, mut asked: impl FnMut() -> Option<T>) -> T {
    let began = Instant::now();
    loop {
        if let Some(answer) = asked() {
            return answer;
        }
        assert!(began.elapsed() < PATIENCE, "{what}");
    }
}

fn words_file(house: &House, words: &[String]) -> String {
    house.file("words", words.join(" ")).display().to_string()
}

fn did(house: &House) -> Value {
    house.json(&["id", "show"])["did"].clone()
}

#[test]
fn shares_on_paper_bring_the_same_identity_back_and_too_few_never_do() {
    let (ada, words) = House::with_person();
    let file = words_file(&ada, &words);
    let out = ada.path("shares").display().to_string();
    let split = [
        "id",
        "guardians",
        "split",
        "-t",
        "3",
        "-n",
        "5",
        "--words-file",
        &file,
        "--out",
        &out,
    ];
    let made = ada.json(&split);
    let files: Vec<String> = serde_json::from_value(made["files"].clone()).unwrap();
    assert_eq!(files.len(), 5);
    let line = ada.refused(&split);
    assert!(line.contains("is there already"), "{line}");

    let recover = |house: &House, given: &[&str]| {
        let passphrase = house.passphrase_file();
        let mut all = vec![
            "id",
            "recover",
            "--passphrase-file",
            &passphrase,
            "--name",
            "Ada",
        ];
        for file in given {
            all.extend(["--shares-file", file]);
        }
        house.run(&[&all[..], &["--json"]].concat())
    };
    let new = House::new();
    for few in [&files[..1], &files[1..3]] {
        let few: Vec<&str> = few.iter().map(String::as_str).collect();
        let refused = recover(&new, &few);
        let line = String::from_utf8_lossy(&refused.stderr);
        assert!(line.contains("3 are needed"), "{line}");
    }
    assert!(
        !new.data().join("people").exists(),
        "no home is made of too few"
    );
    // Four, of which one is forged: any three sound ones are enough.
    let other = House::with_person();
    let others = words_file(&other.0, &other.1);
    let theirs = other.0.json(&[
        "id",
        "guardians",
        "split",
        "-t",
        "3",
        "-n",
        "5",
        "--words-file",
        &others,
    ]);
    let foreign = new.file("foreign", theirs["shares"][0].as_str().unwrap());
    let mixed = recover(
        &new,
        &[&files[0], &files[1], &foreign.display().to_string()],
    );
    let line = String::from_utf8_lossy(&mixed.stderr).into_owned();
    assert!(
        line.contains("3 are needed") || line.contains("different sets"),
        "{line}"
    );

    let done = recover(&new, &[&files[0], &files[2], &files[4]]);
    assert!(
        done.status.success(),
        "{}",
        String::from_utf8_lossy(&done.stderr)
    );
    let back: Value = serde_json::from_slice(&done.stdout).unwrap();
    assert_eq!(back["did"], made["did"]);
    let shown: Vec<String> = serde_json::from_value(back["words"].clone()).unwrap();
    assert_eq!(shown, words);
    // It opens by the new passphrase and by the old words; here nobody can come back a second time.
    let node = new.up_locked();
    let here = words_file(&new, &words);
    new.ok(&["unlock", "--words-file", &here]);
    assert_eq!(did(&new), made["did"]);
    new.ok(&["lock"]);
    new.ok(&["unlock", "--passphrase-file", &new.passphrase_file()]);
    drop(node);
    let again = recover(&new, &[&files[0], &files[2], &files[4]]);
    let line = String::from_utf8_lossy(&again.stderr).into_owned();
    assert!(line.contains("there is an identity here already"), "{line}");
}

#[test]
fn the_words_and_the_log_bring_the_identity_back_with_a_new_device_as_the_only_one() {
    let (ada, words) = House::with_person();
    let node = ada.up();
    let log = ada.file("log", ada.ok(&["id", "show", "--log"]));
    let old = ada.json(&["id", "devices", "ls"])[0]["node"].clone();
    let known = did(&ada);
    drop(node);

    let new = House::new();
    let running = new.up_locked();
    let (file, log) = (words_file(&new, &words), log.display().to_string());
    let passphrase = new.passphrase_file();
    let recover = [
        "id",
        "recover",
        "--words-file",
        &file,
        "--log-file",
        &log,
        "--passphrase-file",
        &passphrase,
    ];
    let back = new.json(&recover);
    assert_eq!((&back["did"], back.get("words")), (&known, None));
    let devices = new.json(&["id", "devices", "ls"]);
    assert_eq!(devices.as_array().unwrap().len(), 1);
    assert_ne!(devices[0]["node"], old);
    let shown = new.json(&["id", "show"]);
    assert_eq!(shown["log"].as_array().unwrap().len(), 2);
    assert_eq!(shown["recoveryConfirmed"], true);
    drop(running);

    // The log of somebody else.
    let (other, _) = House::with_person();
    let theirs = other.up();
    let foreign = other.file("log", other.ok(&["id", "show", "--log"]));
    drop(theirs);
    let third = House::new();
    let foreign = foreign.display().to_string();
    let line = third.refused(&[
        "id",
        "recover",
        "--words-file",
        &file,
        "--log-file",
        &foreign,
        "--passphrase-file",
        &passphrase,
    ]);
    assert!(line.contains("that of another identity"), "{line}");
}

/// `webx id guardians approve`, which shows a code and waits.
struct Approving {
    child: Child,
    code: String,
}

impl Approving {
    fn begin(house: &House, who: &str) -> Self {
        let mut child = house
            .command(&["id", "guardians", "approve", who, "--yes"])
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.as_mut().unwrap()).lines();
        let code = lines
            .by_ref()
            .map(Result::unwrap)
            .find(|line| line.starts_with("webx:recover?"));
        Self {
            code: code.expect("a code is shown"),
            child,
        }
    }

    fn end(mut self) -> bool {
        self.child.wait().unwrap().success()
    }
}

#[test]
fn guardians_give_their_shares_back_to_a_new_device_and_the_old_one_is_out() {
    let (ada, words) = House::with_person();
    let mut ada_node = Some(ada.up());
    let known = did(&ada);
    let people: Vec<_> = (0..3)
        .map(|_| {
            let (house, _) = House::with_person();
            let node = house.up();
            (house, node)
        })
        .collect();
    let card = |house: &House| {
        until("the node is on QNet", || {
            let card = house.run(&["contacts", "card", "--json"]);
            let card: Value = serde_json::from_slice(&card.stdout).ok()?;
            Some(card["card"].as_str()?.to_owned())
        })
    };
    for (place, (house, _)) in people.iter().enumerate() {
        let name = format!("G{place}");
        ada.ok(&[
            "contacts",
            "add",
            &card(house),
            "--name",
            &name,
            "--in-person",
        ]);
        house.ok(&[
            "contacts",
            "add",
            &card(&ada),
            "--name",
            "Ada",
            "--in-person",
        ]);
    }
    let file = words_file(&ada, &words);
    let set = [
        "id",
        "guardians",
        "set",
        "-t",
        "2",
        "G0",
        "G1",
        "G2",
        "--words-file",
        &file,
    ];
    let view = until("all guardians are there", || {
        let set = ada.run(&[&set[..], &["--json"]].concat());
        set.status
            .success()
            .then(|| serde_json::from_slice::<Value>(&set.stdout).unwrap())
    });
    assert_eq!(view["threshold"], 2);
    for one in view["guardians"].as_array().unwrap() {
        assert_eq!(one["state"], "kept", "{view}");
    }
    // The words of somebody else are no words to share here.
    let (_, others) = House::with_person();
    let others = ada.file("others", others.join(" ")).display().to_string();
    let line = ada.refused(&[
        "id",
        "--quiet",
        "guardians",
        "set",
        "-t",
        "2",
        "G0",
        "G1",
        "--words-file",
        &others,
    ]);
    assert!(line.contains("not those of this identity"), "{line}");
    let theirs = people[0].0.json(&["id", "guardians", "ls"]);
    assert_eq!(
        (&theirs["wards"][0]["did"], &theirs["wards"][0]["name"]),
        (&known, &"Ada".into())
    );

    // Ada's machine is gone.
    ada_node.take();
    let new = House::new();
    let passphrase = new.passphrase_file();
    let recover = |codes: &[&str]| {
        let mut all = vec![
            "id",
            "recover",
            "--passphrase-file",
            &passphrase,
            "--name",
            "Ada",
            "--json",
        ];
        for code in codes {
            all.extend(["--guardian", code]);
        }
        new.run(&all)
    };
    // One guardian alone is too few, although he gives what he keeps.
    let alone = Approving::begin(&people[0].0, "Ada");
    let refused = recover(&[&alone.code]);
    let line = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(line.contains("1 of 2 shares are there"), "{line}");
    assert!(alone.end());
    // A code is good once, and one of pairing is none.
    let line = String::from_utf8_lossy(&recover(&["webx:pair?x"]).stderr).into_owned();
    assert!(line.contains("not a guardian's code"), "{line}");

    let (first, second) = (
        Approving::begin(&people[0].0, "Ada"),
        Approving::begin(&people[1].0, "Ada"),
    );
    let used = first.code.clone();
    let done = recover(&[&first.code, &second.code]);
    assert!(
        done.status.success(),
        "{}",
        String::from_utf8_lossy(&done.stderr)
    );
    assert!(first.end() && second.end());
    let line = String::from_utf8_lossy(&recover(&[&used]).stderr).into_owned();
    assert!(line.contains("is open on that device"), "{line}");
    let back: Value = serde_json::from_slice(&done.stdout).unwrap();
    assert_eq!(back["did"], known);
    let shown: Vec<String> = serde_json::from_value(back["words"].clone()).unwrap();
    assert_eq!(shown, words);

    // The new device is on QNet by its guardians, who see a new number of the same person; the lost one is refused by them.
    let _new_node = new.up();
    let guardian = people[0].0.json(&["net", "topology"])["id"]
        .as_str()
        .unwrap()
        .to_owned();
    until("the new device meets a guardian", || {
        let met = new.run(&["net", "ping", &guardian]);
        met.status.success().then_some(())
    });
    let seen = people[0].0.json(&["contacts", "ls"]);
    assert_eq!(
        (seen.as_array().unwrap().len(), &seen[0]["did"]),
        (1, &known)
    );
    assert_eq!(
        seen[0]["trust"], "changed",
        "the guardian decides about the new keys"
    );
    let _lost = ada.up();
    until("the lost device is refused", || {
        let tried = ada.run(&["net", "ping", &guardian]);
        let line = String::from_utf8_lossy(&tried.stderr).into_owned();
        line.contains("not in the newest version").then_some(())
    });
}
