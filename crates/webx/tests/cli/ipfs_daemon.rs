//! `webx ipfs init|daemon|config|id|version`: a repository that tools which drive Kubo handle; and the RPC of the node.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};

use serde_json::Value;

use crate::support::House;

/// A daemon that runs, and what it said.
struct Daemon {
    child: Child,
    lines: Vec<String>,
}

impl Daemon {
    fn start(house: &House, repo: &str) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_webx"))
            .args(["ipfs", "daemon", "--offline"])
            .env("IPFS_PATH", repo)
            .env("WEBX_DATA", house.path("data"))
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit())
            .spawn()
            .unwrap();
        let out = BufReader::new(child.stdout.take().unwrap());
        let mut lines = Vec::new();
        for line in out.lines() {
            let line = line.unwrap();
            let ready = line == "Daemon is ready";
            lines.push(line);
            if ready {
                return Self { child, lines };
            }
        }
        let _ = child.kill();
        let _ = child.wait();
        panic!("the daemon ended: {lines:?}");
    }

    fn port(&self, name: &str) -> u16 {
        let start = format!("{name} listening on /ip4/127.0.0.1/tcp/");
        let found = self.lines.iter().find_map(|line| line.strip_prefix(&start));
        found.unwrap().parse().unwrap()
    }

    fn ended(mut self) -> bool {
        self.child.wait().unwrap().success()
    }
}

/// One call of the RPC: status line and body.
fn call(port: u16, token: &str, command: &str) -> (String, String) {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    let request = format!(
        "POST /api/v0/{command} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nAuthorization: Bearer {token}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
    );
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    let status = head.lines().next().unwrap().to_owned();
    (status, body.to_owned())
}

#[test]
fn a_repository_is_made_configured_served_and_stopped() {
    let house = House::new();
    let repo = house.path("repo").display().to_string();
    let at = |args: &[&str]| {
        let mut all = vec!["ipfs"];
        all.extend(args);
        all.extend(["--repo", &repo]);
        house.ok(&all)
    };
    assert!(house.ok(&["ipfs", "version"]).starts_with("ipfs version "));
    let said = at(&["init", "--profile", "test"]);
    assert!(said.contains("peer identity: 12D3KooW"), "{said}");
    assert!(
        house
            .refused(&["ipfs", "init", "--repo", &repo])
            .contains("already exists")
    );
    at(&["config", "Some.Key", "value"]);
    assert_eq!(at(&["config", "some.key"]).trim(), "value");
    let config: Value = serde_json::from_str(&at(&["config", "show"])).unwrap();
    let secret = config["API"]["Authorizations"]["owner"]["AuthSecret"]
        .as_str()
        .unwrap();
    let token = secret.strip_prefix("bearer:").unwrap();

    let daemon = Daemon::start(&house, &repo);
    let port = daemon.port("RPC API server");
    daemon.port("Gateway server");
    let address = std::fs::read_to_string(house.path("repo/api")).unwrap();
    assert_eq!(address, format!("/ip4/127.0.0.1/tcp/{port}"));
    let (status, body) = call(port, token, "id");
    assert!(
        status.contains(" 200 ") && body.contains(config["Identity"]["PeerID"].as_str().unwrap())
    );
    let (status, _) = call(port, "wrong", "id");
    assert!(status.contains(" 403 "), "{status}");
    let (status, _) = call(port, token, "files/mkdir?arg=/stays");
    assert!(status.contains(" 200 "), "{status}");
    assert!(
        house
            .refused(&["ipfs", "daemon", "--repo", &repo])
            .contains("uses")
    );
    call(port, token, "shutdown");
    assert!(daemon.ended());
    assert!(!house.path("repo/api").exists() && !house.path("repo/gateway").exists());

    let daemon = Daemon::start(&house, &repo);
    let (_, body) = call(daemon.port("RPC API server"), token, "files/ls");
    assert!(body.contains("stays"), "{body}");
    let pid = daemon.child.id().to_string();
    let told = Command::new("kill").args(["-TERM", &pid]).status().unwrap();
    assert!(told.success() && daemon.ended());
}

#[test]
fn a_repository_listens_nowhere_but_on_this_machine() {
    let house = House::new();
    let repo = house.path("repo").display().to_string();
    house.ok(&["ipfs", "init", "--profile", "test", "--repo", &repo]);
    for address in [
        "/ip4/0.0.0.0/tcp/0",
        "/ip4/10.0.0.1/tcp/5001",
        "/ip6/::1/tcp/1",
        "/dns4/localhost/tcp/1",
    ] {
        house.ok(&["ipfs", "config", "Addresses.API", address, "--repo", &repo]);
        let said = house.refused(&["ipfs", "daemon", "--repo", &repo]);
        assert!(said.contains("for this machine alone"), "{said}");
    }
    house.refused(&[
        "ipfs",
        "init",
        "--algorithm",
        "rsa",
        "--repo",
        &house.path("other").display().to_string(),
    ]);
    std::fs::create_dir(house.path("kubo")).unwrap();
    std::fs::write(house.path("kubo/config"), "{}").unwrap();
    let said = house.refused(&[
        "ipfs",
        "daemon",
        "--repo",
        &house.path("kubo").display().to_string(),
    ]);
    assert!(said.contains("another program"), "{said}");
}

#[test]
fn the_rpc_of_the_node_is_off_until_it_is_turned_on_and_a_token_ends_with_it() {
    let (house, _) = House::with_person();
    let _node = house.up();
    assert_eq!(house.json(&["ipfs", "rpc", "status"])["enabled"], false);
    let on = house.json(&["ipfs", "rpc", "on", "--port", "0"]);
    let port = u16::try_from(on["port"].as_u64().unwrap()).unwrap();
    let token = on["token"].as_str().unwrap();
    assert!(call(port, token, "id").0.contains(" 200 "));
    assert!(call(port, token, "shutdown").1.contains("webx stop"));
    assert!(
        call(port, token, "config?arg=A&arg=b")
            .1
            .contains("not through the RPC")
    );
    let again = house.json(&["ipfs", "rpc", "on", "--port", "0"]);
    assert_eq!(again["token"], on["token"]);
    let off = house.json(&["ipfs", "rpc", "off"]);
    assert_eq!(
        (&off["listening"], &off["token"]),
        (&false.into(), &Value::Null)
    );
    let other = house.json(&["ipfs", "rpc", "on", "--port", "0"]);
    assert_ne!(other["token"], on["token"]);
    let port = u16::try_from(other["port"].as_u64().unwrap()).unwrap();
    assert!(call(port, token, "id").0.contains(" 403 "));
    house.ok(&["lock"]);
    assert!(TcpStream::connect(("127.0.0.1", port)).is_err());
}
