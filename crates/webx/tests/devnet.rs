//! Nodes of their own processes on loopback: they meet by one invite, and go on when nodes are killed.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

const WEBX: &str = env!("CARGO_BIN_EXE_webx");
/// How long the network may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(90);

/// A command against the node in `data`; none if it was refused.
fn ask(data: &Path, args: &[&str]) -> Option<Value> {
    let done = Command::new(WEBX)
        .arg("--data")
        .arg(data)
        .args(["--json", "--yes"])
        .args(args)
        .stdin(Stdio::null())
        .output()
        .unwrap();
    done.status
        .success()
        .then(|| serde_json::from_slice(&done.stdout).unwrap())
}

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

struct Node {
    data: PathBuf,
    id: String,
    pid: u64,
}

impl Node {
    fn kill(&self) {
        let pid = self.pid.to_string();
        assert!(
            Command::new("kill")
                .args(["-9", &pid])
                .status()
                .unwrap()
                .success()
        );
    }

    fn finds(&self, other: &Self) -> bool {
        ask(&self.data, &["net", "trace", &other.id]).is_some()
    }

    fn peers(&self) -> usize {
        ask(&self.data, &["net", "peers"]).map_or(0, |peers| peers.as_array().unwrap().len())
    }
}

/// A process that does not outlive the test.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = Command::new("kill").arg(self.0.id().to_string()).status();
        let _ = self.0.wait();
    }
}

fn devnet(dir: &Path, count: usize) -> (Running, Vec<Node>) {
    let mut child = Command::new(WEBX)
        .args(["--json", "devnet", "up", &count.to_string(), "--dir"])
        .arg(dir)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let running = Running(child);
    let nodes = (0..count).map(|_| {
        let row: Value = serde_json::from_str(&lines.next().expect("a node").unwrap()).unwrap();
        Node {
            data: row["data"].as_str().unwrap().into(),
            id: row["id"].as_str().unwrap().into(),
            pid: row["pid"].as_u64().unwrap(),
        }
    });
    let nodes = nodes.collect();
    (running, nodes)
}

/// One more node, which joins by that invite.
fn newcomer(dir: &Path, invite: &str) -> (Running, Node) {
    let data = dir.join("newcomer");
    let secret = dir.join("passphrase");
    let secret = secret.to_str().unwrap();
    assert!(ask(&data, &["init", "--passphrase-file", secret]).is_some());
    let child = Command::new(WEBX)
        .arg("--data")
        .arg(&data)
        .args([
            "up",
            "--port",
            "0",
            "--no-open",
            "--passphrase-file",
            secret,
        ])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let (pid, running) = (u64::from(child.id()), Running(child));
    let seen = until("the newcomer starts", || ask(&data, &["net", "topology"]));
    let id = seen["id"].as_str().unwrap().to_owned();
    assert!(ask(&data, &["net", "join", invite]).is_some());
    (running, Node { data, id, pid })
}

#[test]
fn twelve_nodes_meet_by_one_invite_and_the_network_outlives_its_nodes() {
    let dir = tempfile::tempdir().unwrap();
    let (_running, nodes) = devnet(dir.path(), 12);
    for node in &nodes {
        until("every node has peers", || (node.peers() > 0).then_some(()));
    }
    for node in &nodes {
        for other in nodes.iter().filter(|other| other.id != node.id) {
            until("everybody finds everybody", || {
                node.finds(other).then_some(())
            });
        }
    }

    // Who is there is proved by both ends.
    let pong = until("a node answers", || {
        ask(&nodes[3].data, &["net", "ping", &nodes[9].id])
    });
    let own = ask(&nodes[9].data, &["id", "show"]).unwrap();
    assert_eq!(pong["did"], own["did"]);

    // The one that invited them all is gone; a newcomer joins through any other.
    nodes[0].kill();
    let invite = ask(&nodes[7].data, &["net", "invite"]).unwrap();
    let (_newcomer_runs, newcomer) = newcomer(dir.path(), invite["invite"].as_str().unwrap());
    for node in &nodes[1..] {
        until("the newcomer finds everybody", || {
            newcomer.finds(node).then_some(())
        });
        until("everybody finds the newcomer", || {
            node.finds(&newcomer).then_some(())
        });
    }

    // Half of them at once.
    for node in &nodes[1..7] {
        node.kill();
    }
    let survivors: Vec<_> = nodes[7..].iter().chain([&newcomer]).collect();
    for node in &survivors {
        for other in survivors.iter().filter(|other| other.id != node.id) {
            let pinged = || ask(&node.data, &["net", "ping", &other.id]).map(|_| ());
            until("every survivor reaches every other", pinged);
        }
    }
}

#[test]
fn a_changed_invite_is_refused_and_a_node_without_qnet_says_so() {
    let dir = tempfile::tempdir().unwrap();
    let (_running, nodes) = devnet(dir.path(), 2);
    let invite = ask(&nodes[0].data, &["net", "invite", "--label", "x"]).unwrap();
    let invite = invite["invite"].as_str().unwrap();
    let (start, rest) = invite.split_at(60);
    let changed = format!(
        "{start}{}{}",
        if rest.starts_with('A') { 'B' } else { 'A' },
        &rest[1..]
    );
    for wrong in [
        "",
        "webx:join?",
        &changed,
        &invite[..invite.len() - 4],
        "https://example.org",
    ] {
        assert!(
            ask(&nodes[1].data, &["net", "join", wrong]).is_none(),
            "{wrong}"
        );
    }
    assert!(
        ask(&nodes[0].data, &["net", "join", invite]).is_none(),
        "its own"
    );
    assert!(ask(&nodes[1].data, &["net", "trace", "not-a-node"]).is_none());
    assert!(ask(&nodes[1].data, &["net", "join", invite]).is_some());
}

/// One field of what a command answers.
fn field(data: &Path, args: &[&str], name: &str) -> String {
    let answer = ask(data, args).unwrap();
    answer[name].as_str().unwrap_or_default().to_owned()
}

#[test]
fn two_people_become_contacts_and_compare_their_number() {
    let dir = tempfile::tempdir().unwrap();
    let (_running, nodes) = devnet(dir.path(), 2);
    let (ann, ben) = (&nodes[0], &nodes[1]);
    let (anns, bens) = (
        field(&ann.data, &["id", "show"], "did"),
        field(&ben.data, &["id", "show"], "did"),
    );
    let at_ann = |args: &[&str]| ask(&ann.data, args);
    let at_ben = |args: &[&str]| ask(&ben.data, args);

    // Ann has Ben's DID, Ben has Ann's card.
    assert!(at_ann(&["contacts", "add", &bens]).is_none(), "no name");
    at_ann(&["contacts", "add", &bens, "--name", "Ben"]).unwrap();
    assert!(at_ann(&["contacts", "add", &bens, "--name", "Ben"]).is_none());
    assert!(at_ann(&["contacts", "add", &anns, "--name", "I"]).is_none());
    // Nothing is known of Ben's keys yet.
    let before = at_ann(&["contacts", "show", "Ben"]).unwrap();
    assert_eq!(before["contact"]["devices"], serde_json::json!([]));
    assert!(before.get("safetyNumber").is_none());
    assert!(at_ann(&["contacts", "verify", "Ben"]).is_none());

    let card = field(&ann.data, &["contacts", "card"], "card");
    let added = at_ben(&["contacts", "add", &card.to_ascii_uppercase()]).unwrap();
    assert_eq!(added["did"], anns.as_str());
    assert_eq!(added["name"], "Node 1");
    assert_eq!(added["cardNode"], ann.id.as_str());
    assert!(at_ben(&["contacts", "add", &card[..card.len() - 8]]).is_none());

    // A card is enough to meet: nobody has to look for the other one.
    until("Ben has met Ann by her card", || {
        let seen = at_ben(&["contacts", "show", &anns])?;
        seen["safetyNumber"].as_str().map(|_| ())
    });
    let pong = until("Ben answers", || at_ann(&["net", "ping", &ben.id]));
    assert_eq!(pong["did"], bens.as_str());
    assert_eq!(pong["contact"], "Ben");
    let shown = at_ann(&["contacts", "show", "Ben"]).unwrap();
    assert_eq!(shown["contact"]["devices"][0]["node"], ben.id.as_str());
    assert_eq!(shown["contact"]["trust"], "new");
    let number = shown["safetyNumber"].as_str().unwrap();
    assert_eq!(number.split(' ').count(), 12);

    // Both sides proved themselves, and both see the same number.
    until("Ben has met Ann", || {
        let seen = at_ben(&["contacts", "show", &anns])?;
        (seen["safetyNumber"] == number).then_some(())
    });
    assert!(at_ann(&["contacts", "verify", "Ben", "12345"]).is_none());
    let verified = at_ann(&["contacts", "verify", "ben", &number.replace(' ', "")]).unwrap();
    assert_eq!(verified["trust"], "verified");
    at_ann(&["contacts", "note", "Ben", "from the fair"]).unwrap();
    assert_eq!(
        at_ann(&["contacts", "block", "Ben"]).unwrap()["trust"],
        "blocked"
    );
    let unblocked = at_ann(&["contacts", "unblock", "Ben"]).unwrap();
    assert_eq!(unblocked["trust"], "verified");
    assert_eq!(unblocked["note"], "from the fair");

    let peer = at_ann(&["net", "peer", &ben.id]).unwrap();
    assert_eq!(peer["contact"], "Ben");
    assert_eq!(peer["fitness"]["reasons"].as_array().unwrap().len(), 9);

    at_ann(&["contacts", "remove", "Ben"]).unwrap();
    assert!(at_ann(&["contacts", "show", "Ben"]).is_none());
}

#[test]
fn limits_hold_at_once_and_after_a_lock_and_a_relay_that_cannot_run_changes_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let (_running, nodes) = devnet(dir.path(), 2);
    let node = &nodes[0];
    let settings = |args: &[&str]| ask(&node.data, &[&["net", "settings"], args].concat());
    let relays = || {
        let seen = ask(&node.data, &["net", "topology"])?;
        Some(seen["relay"]["address"].as_str().map(str::to_owned))
    };

    let set = settings(&["--set", "neighbours=7", "--set", "rates.up=5000000"]).unwrap();
    assert_eq!(set["neighbours"], 7);
    assert_eq!(set["rates"]["up"], 5_000_000);
    for wrong in ["neighbours=1", "rates.up=0", "nothing=1", "neighbours"] {
        assert!(settings(&["--set", wrong]).is_none(), "{wrong}");
    }

    let taken = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = taken.local_addr().unwrap().port();
    let relay =
        format!(r#"relay={{"port":{port},"public":"127.0.0.1:{port}","clients":8,"rate":65536}}"#);
    assert!(settings(&["--set", &relay]).is_none(), "the port is taken");
    assert_eq!(settings(&[]).unwrap(), set);
    assert_eq!(until("the node is back", relays), None);
    drop(taken);
    settings(&["--set", &relay]).unwrap();
    let address = until("the relay runs", || relays().flatten());
    assert!(address.contains(&port.to_string()), "{address}");
    until("the peer is back", || (node.peers() > 0).then_some(()));

    let secret = dir.path().join("passphrase");
    ask(&node.data, &["lock"]).unwrap();
    assert!(ask(&node.data, &["contacts", "list"]).is_none());
    let unlock = ["unlock", "--passphrase-file", secret.to_str().unwrap()];
    ask(&node.data, &unlock).unwrap();
    assert_eq!(settings(&[]).unwrap()["neighbours"], 7);
    assert!(relays().flatten().is_some(), "the relay runs again");
    settings(&["--set", "relay=null"]).unwrap();
    assert_eq!(relays(), Some(None));
}

/// The transfer that is at the top of a node's list, once it stands so.
fn transfer(node: &Node, state: &str) -> Value {
    until(state, || {
        let all = ask(&node.data, &["contacts", "inbox"])?;
        let newest = all.as_array()?.first()?.clone();
        (newest["state"] == state).then_some(newest)
    })
}

#[test]
fn a_file_goes_from_person_to_person_when_it_is_accepted() {
    let dir = tempfile::tempdir().unwrap();
    let (_running, nodes) = devnet(dir.path(), 2);
    let (ann, ben) = (&nodes[0], &nodes[1]);
    let (anns, bens) = (
        field(&ann.data, &["id", "show"], "did"),
        field(&ben.data, &["id", "show"], "did"),
    );
    let mut bytes = vec![0; 3_000_000];
    let mut noise = blake3::Hasher::new().update(b"devnet").finalize_xof();
    noise.fill(&mut bytes);
    let local = dir.path().join("photo.jpg");
    std::fs::write(&local, &bytes).unwrap();
    let local = local.to_str().unwrap();
    ask(&ann.data, &["drive", "put", local, "/photo.jpg"]).unwrap();

    // To nobody but contacts; and who does not know her is not asked.
    assert!(ask(&ann.data, &["contacts", "send", &bens, "/photo.jpg"]).is_none());
    let card = field(&ben.data, &["contacts", "card"], "card");
    ask(&ann.data, &["contacts", "add", &card, "--name", "Ben"]).unwrap();
    ask(&ann.data, &["contacts", "send", "Ben", "/photo.jpg"]).unwrap();
    assert_eq!(transfer(ann, "failed")["why"], "stranger");
    assert_eq!(
        ask(&ben.data, &["contacts", "inbox"]),
        Some(serde_json::json!([]))
    );

    ask(&ben.data, &["contacts", "add", &anns, "--name", "Ann"]).unwrap();
    assert!(ask(&ann.data, &["contacts", "send", "Ben", "/"]).is_none());
    assert!(ask(&ann.data, &["contacts", "send", "Ben", "/nothing"]).is_none());
    ask(&ann.data, &["contacts", "send", "Ben", "/photo.jpg"]).unwrap();
    let offered = transfer(ben, "offered");
    assert_eq!(
        (&offered["contact"], &offered["trust"]),
        (&"Ann".into(), &"new".into())
    );
    assert_eq!(
        (&offered["name"], &offered["size"]),
        (&"photo.jpg".into(), &3_000_000.into())
    );
    ask(
        &ben.data,
        &["contacts", "fetch", &offered["id"].to_string()],
    )
    .unwrap();
    transfer(ben, "done");
    transfer(ann, "done");
    let got = dir.path().join("got.jpg");
    let there = ["drive", "get", "/Received/photo.jpg", got.to_str().unwrap()];
    ask(&ben.data, &there).unwrap();
    assert!(std::fs::read(&got).unwrap() == bytes);

    // A refusal reaches her; so does the end of an offer that she withdraws reach him.
    ask(&ann.data, &["contacts", "send", "Ben", "/photo.jpg"]).unwrap();
    let offered = transfer(ben, "offered");
    ask(
        &ben.data,
        &["contacts", "refuse", &offered["id"].to_string()],
    )
    .unwrap();
    transfer(ann, "refused");
    let sent = ask(&ann.data, &["contacts", "send", "Ben", "/photo.jpg"]).unwrap();
    transfer(ben, "offered");
    ask(&ann.data, &["contacts", "refuse", &sent["id"].to_string()]).unwrap();
    transfer(ben, "withdrawn");

    // He said yes while she was away; it comes when she is back.
    ask(&ann.data, &["contacts", "send", "Ben", "/photo.jpg"]).unwrap();
    let offered = transfer(ben, "offered");
    transfer(ann, "offered");
    ask(&ann.data, &["lock"]).unwrap();
    ask(
        &ben.data,
        &["contacts", "fetch", &offered["id"].to_string()],
    )
    .unwrap();
    transfer(ben, "accepted");
    let secret = dir.path().join("passphrase");
    let unlock = ["unlock", "--passphrase-file", secret.to_str().unwrap()];
    ask(&ann.data, &unlock).unwrap();
    transfer(ben, "done");
    assert!(ask(&ben.data, &["drive", "ls", "/Received/photo (2).jpg"]).is_some());

    // Blocked, she is not heard any more.
    ask(&ben.data, &["contacts", "block", "Ann"]).unwrap();
    ask(&ann.data, &["contacts", "send", "Ben", "/photo.jpg"]).unwrap();
    let inbox = ask(&ben.data, &["contacts", "inbox"]).unwrap();
    let open = |one: &Value| matches!(one["state"].as_str(), Some("offered" | "accepted"));
    assert!(!inbox.as_array().unwrap().iter().any(open));
}
