//! Two hundred known strings go in through every door; none may be found on the disk afterwards.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use base64::Engine as _;
use rand::{RngExt as _, SeedableRng as _, rngs::StdRng};
use serde_json::{Value, json};

/// Makes the strings and remembers them.
struct Canaries {
    rng: StdRng,
    all: Vec<String>,
}

impl Canaries {
    fn new(seed: u64) -> Self {
        eprintln!("seed {seed}");
        Self {
            rng: StdRng::seed_from_u64(seed),
            all: Vec::new(),
        }
    }

    fn next(&mut self, door: &str) -> String {
        let canary = format!("canary{door}{:016x}", self.rng.random::<u64>());
        self.all.push(canary.clone());
        canary
    }
}

struct Node {
    data: PathBuf,
    logs: PathBuf,
    passphrase: PathBuf,
    child: Option<Child>,
}

impl Node {
    fn webx(&self, arguments: &[&str]) -> std::process::Output {
        let output = Command::new(program())
            .args(arguments)
            .arg("--data")
            .arg(&self.data)
            .output()
            .unwrap();
        assert!(
            output.status.success(),
            "webx {arguments:?}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        output
    }

    fn up(&mut self) {
        let log = File::options()
            .create(true)
            .append(true)
            .open(self.logs.join("node.log"))
            .unwrap();
        let child = Command::new(program())
            .args(["up", "--port", "0", "--no-open", "--data"])
            .arg(&self.data)
            .env("RUST_LOG", "trace")
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .stdin(Stdio::null())
            .spawn()
            .unwrap();
        let pid = child.id();
        self.child = Some(child);
        while self.control().is_none_or(|control| control["pid"] != pid) {
            assert!(
                self.child.as_mut().unwrap().try_wait().unwrap().is_none(),
                "the node ended at its start"
            );
            std::thread::yield_now();
        }
        self.webx(&[
            "unlock",
            "--passphrase-file",
            self.passphrase.to_str().unwrap(),
        ]);
    }

    fn control(&self) -> Option<Value> {
        serde_json::from_slice(&std::fs::read(self.data.join("run/control.json")).ok()?).ok()
    }

    fn kill(&mut self) {
        let mut child = self.child.take().unwrap();
        child.kill().unwrap(); // SIGKILL
        child.wait().unwrap();
    }

    fn call(&self, method: &str, path: &str, content_type: &str, body: &[u8]) -> Value {
        let control = self.control().unwrap();
        let (addr, token) = (
            control["addr"].as_str().unwrap(),
            control["token"].as_str().unwrap(),
        );
        self.request(
            method,
            &format!("http://{addr}{path}"),
            &format!("Bearer {token}"),
            content_type,
            body,
        )
    }

    fn request(
        &self,
        method: &str,
        url: &str,
        authorization: &str,
        content_type: &str,
        body: &[u8],
    ) -> Value {
        let request = ureq::http::Request::builder()
            .method(method)
            .uri(url)
            .header("authorization", authorization)
            .header("content-type", content_type)
            .body(body.to_vec())
            .unwrap();
        let agent: ureq::Agent = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .allow_non_standard_methods(true)
            .build()
            .into();
        let mut response = agent.run(request).unwrap();
        let text = response.body_mut().read_to_string().unwrap();
        assert!(
            response.status().is_success(),
            "{method} {url}: {} {text}",
            response.status()
        );
        serde_json::from_str(&text).unwrap_or(Value::Null)
    }

    fn json(&self, method: &str, path: &str, body: &Value) -> Value {
        self.call(
            method,
            path,
            "application/json",
            body.to_string().as_bytes(),
        )
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        if let Some(child) = &mut self.child {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// The program under test, beside this test's own binary.
fn program() -> PathBuf {
    if let Some(path) = std::env::var_os("WEBX") {
        return path.into();
    }
    let mut path = std::env::current_exe().unwrap();
    path.pop();
    path.pop();
    let program = path.join(format!("webx{}", std::env::consts::EXE_SUFFIX));
    assert!(
        program.exists(),
        "build the program first: cargo build -p webx"
    );
    program
}

/// Puts canaries in through every door; `outside` is a folder for what the command line reads.
fn fill(node: &Node, canaries: &mut Canaries, outside: &Path) {
    // The API: file names and contents, folders, versions, trash.
    for i in 0..25 {
        let (name, content) = (canaries.next("name"), canaries.next("content"));
        let size = if i % 5 == 0 { 300_000 } else { 100 };
        let body = content.repeat(size / content.len() + 1);
        let put = node.call(
            "PUT",
            &format!("/api/drive/nodes/root/files/{name}?onConflict=newVersion"),
            "application/octet-stream",
            body.as_bytes(),
        );
        let id = put["id"].as_str().unwrap().to_owned();
        match i % 5 {
            0 => drop(node.json(
                "PATCH",
                &format!("/api/drive/nodes/{id}"),
                &json!({"name": canaries.next("renamed")}),
            )),
            1 => drop(node.call(
                "DELETE",
                &format!("/api/drive/nodes/{id}"),
                "application/json",
                b"",
            )),
            2 => drop(node.call(
                "PUT",
                &format!("/api/drive/nodes/root/files/{name}?onConflict=newVersion"),
                "text/plain",
                canaries.next("version").as_bytes(),
            )),
            3 => drop(node.json(
                "POST",
                "/api/drive/nodes/root/children",
                &json!({"name": canaries.next("folder")}),
            )),
            _ => drop(node.call(
                "GET",
                &format!("/api/drive/search?q={name}"),
                "application/json",
                b"",
            )),
        }
    }
    // Resumable uploads, finished and left open.
    for i in 0..8 {
        let body = canaries.next("chunk").repeat(4000);
        let start = json!({"parent": "root", "name": canaries.next("upload"), "size": body.len(), "onConflict": "fail"});
        let id = node.json("POST", "/api/drive/uploads", &start)["id"]
            .as_str()
            .unwrap()
            .to_owned();
        patch_upload(node, &id, body.as_bytes());
        if i % 2 == 0 {
            node.json(
                "POST",
                &format!("/api/drive/uploads/{id}/finish"),
                &json!({}),
            );
        }
    }
    // The batched import.
    let mut frames = Vec::new();
    for _ in 0..15 {
        let content = canaries.next("framed");
        let header = json!({"path": format!("{}/{}", canaries.next("dir"), canaries.next("leaf")), "size": content.len(), "modified": "2026-01-02T03:04:05Z"}).to_string();
        frames.extend_from_slice(&u32::try_from(header.len()).unwrap().to_le_bytes());
        frames.extend_from_slice(header.as_bytes());
        frames.extend_from_slice(content.as_bytes());
    }
    node.call(
        "POST",
        "/api/drive/import?parent=root&onConflict=keepBoth",
        "application/octet-stream",
        &frames,
    );
    // The command line.
    let tree = outside.join("tree");
    std::fs::create_dir_all(&tree).unwrap();
    for _ in 0..12 {
        std::fs::write(tree.join(canaries.next("cli")), canaries.next("clicontent")).unwrap();
    }
    node.webx(&[
        "drive",
        "put",
        tree.to_str().unwrap(),
        &format!("/{}", canaries.next("clidir")),
    ]);
    // WebDAV.
    let door = node.json(
        "PUT",
        "/api/doors/webdav",
        &json!({"enabled": true, "renewToken": true}),
    );
    let basic = format!(
        "{}:{}",
        door["username"].as_str().unwrap(),
        door["token"].as_str().unwrap()
    );
    let basic = format!(
        "Basic {}",
        base64::engine::general_purpose::STANDARD.encode(basic)
    );
    canaries
        .all
        .push(door["token"].as_str().unwrap().to_owned());
    let addr = node.control().unwrap()["addr"].as_str().unwrap().to_owned();
    for _ in 0..12 {
        let url = format!("http://{addr}/dav/{}", canaries.next("dav"));
        node.request(
            "PUT",
            &url,
            &basic,
            "application/octet-stream",
            canaries.next("davcontent").as_bytes(),
        );
    }
    // Names of person and device, window layout, notifications.
    node.json(
        "PATCH",
        "/api/identity",
        &json!({"displayName": canaries.next("person"), "deviceName": canaries.next("device")}),
    );
    node.json(
        "PUT",
        "/api/desktop",
        &json!({"windows": [{"title": canaries.next("window")}]}),
    );
    for _ in 0..5 {
        node.json("POST", "/api/notifications", &json!({"title": canaries.next("noticetitle"), "body": canaries.next("noticebody"), "level": "info"}));
    }
}

fn patch_upload(node: &Node, id: &str, body: &[u8]) {
    let control = node.control().unwrap();
    let url = format!(
        "http://{}/api/drive/uploads/{id}",
        control["addr"].as_str().unwrap()
    );
    ureq::patch(&url)
        .header(
            "authorization",
            format!("Bearer {}", control["token"].as_str().unwrap()),
        )
        .header("upload-offset", "0")
        .send(body)
        .unwrap();
}

fn assert_nothing_readable(node: &Node, canaries: &Canaries, when: &str) {
    for folder in [&node.data, &node.logs] {
        let found = webx_canary::find(folder, &canaries.all);
        assert!(
            found.is_empty(),
            "{when}: {} readable places, first {:?}",
            found.len(),
            &found[..found.len().min(5)]
        );
    }
}

#[test]
fn two_hundred_strings_through_every_door_leave_no_readable_trace() {
    let work = tempfile::tempdir().unwrap();
    let mut canaries = Canaries::new(
        std::env::var("WEBX_SEED")
            .ok()
            .and_then(|seed| seed.parse().ok())
            .unwrap_or(7),
    );
    let secret = canaries.next("passphrase");
    let mut node = Node {
        data: work.path().join("data"),
        logs: work.path().join("logs"),
        passphrase: work.path().join("passphrase"),
        child: None,
    };
    let outside = work.path().join("outside");
    std::fs::create_dir_all(&node.logs).unwrap();
    std::fs::write(&node.passphrase, &secret).unwrap();

    let name = canaries.next("displayname");
    let made = node.webx(&[
        "init",
        "--json",
        "--yes",
        "--name",
        &name,
        "--passphrase-file",
        node.passphrase.to_str().unwrap(),
    ]);
    let made: Value = serde_json::from_slice(&made.stdout).unwrap();
    let words: Vec<String> = made["words"]
        .as_array()
        .unwrap()
        .iter()
        .map(|word| word.as_str().unwrap().to_owned())
        .collect();
    assert_eq!(words.len(), 24);
    // Single words are ordinary English; pairs in order are the secret.
    canaries
        .all
        .extend(words.windows(2).map(|pair| pair.join(" ")));
    canaries.all.push(
        made["did"]
            .as_str()
            .unwrap()
            .rsplit(':')
            .next()
            .unwrap()
            .to_owned(),
    );

    node.up();
    fill(&node, &mut canaries, &outside);
    assert!(
        canaries.all.len() >= 200,
        "only {} strings",
        canaries.all.len()
    );
    node.kill();
    assert_nothing_readable(&node, &canaries, "after kill -9");

    node.up();
    fill(&node, &mut canaries, &outside);
    node.webx(&["lock"]);
    assert_nothing_readable(&node, &canaries, "locked, running");
    node.webx(&["stop"]);
    node.child.take().unwrap().wait().unwrap();
    assert_nothing_readable(&node, &canaries, "stopped");
    eprintln!("{} strings looked for", canaries.all.len());
}
