//! The WebDAV door: closed until it is opened, for programs with its own token alone.

use crate::common::{Ask, Browser, Node, browser::id};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::json;

struct Door {
    node: Node,
    browser: Browser,
    basic: String,
}

fn open() -> Door {
    let (node, browser) = Node::open();
    let made = browser
        .json("PUT", "/api/doors/webdav", json!({"enabled": true}))
        .expect(200)
        .value();
    let basic = format!(
        "Basic {}",
        STANDARD.encode(format!("webx:{}", made["token"].as_str().unwrap()))
    );
    Door {
        node,
        browser,
        basic,
    }
}

impl Door {
    fn ask(&self, method: &str, path: &str) -> Ask {
        self.node
            .ask(method, path)
            .header("authorization", &self.basic)
    }
}

#[test]
fn the_door_is_closed_until_the_person_opens_it() {
    let (node, browser) = Node::open();
    assert_eq!(browser.get("/api/doors/webdav")["enabled"], false);
    node.ask("PROPFIND", "/dav/").refused(403, "door-closed");
    let door = open();
    assert!(
        door.browser.get("/api/doors/webdav").get("token").is_none(),
        "the token is shown once"
    );
    door.ask("PROPFIND", "/dav/")
        .header("depth", "0")
        .expect(207);
    door.browser
        .json(
            "PUT",
            "/api/doors/webdav",
            json!({"enabled": true, "renewToken": true}),
        )
        .expect(200);
    door.ask("PROPFIND", "/dav/").refused(401, "invalid-token");
    door.browser
        .json("PUT", "/api/doors/webdav", json!({"enabled": false}))
        .expect(200);
    door.node
        .ask("PROPFIND", "/dav/")
        .refused(403, "door-closed");
}

#[test]
fn its_token_opens_nothing_else_and_nothing_else_opens_it() {
    let door = open();
    let asked = door
        .node
        .ask("PROPFIND", "/dav/")
        .refused(401, "invalid-token");
    assert!(asked.get("www-authenticate").starts_with("Basic"));
    door.node
        .control("PROPFIND", "/dav/")
        .refused(401, "invalid-token");
    for wrong in [
        "Basic",
        "Basic !!!",
        "Basic d2VieDo=",
        &format!("{}x", door.basic),
    ] {
        door.node
            .ask("PROPFIND", "/dav/")
            .header("authorization", wrong)
            .refused(401, "invalid-token");
    }
    door.ask("GET", "/api/settings")
        .refused(401, "invalid-token");
    door.ask("GET", "/dav/")
        .own_page()
        .refused(403, "not-for-browsers");
    door.ask("GET", "/dav/")
        .header("sec-fetch-site", "none")
        .header("sec-fetch-mode", "navigate")
        .refused(403, "not-for-browsers");
    door.ask("PROPFIND", "/dav/")
        .header("origin", "http://evil.example")
        .refused(403, "foreign-origin");
    door.ask("PROPFIND", "/dav/")
        .host("evil.example")
        .refused(403, "foreign-host");
    door.browser.ask("POST", "/api/lock").expect(204);
    door.ask("PROPFIND", "/dav/").refused(423, "locked");
}

#[test]
fn files_go_in_and_out_and_folders_in_one_step() {
    let door = open();
    let bytes: Vec<u8> = (0..1_300_000u32).map(|i| (i % 249) as u8).collect();
    door.ask("MKCOL", "/dav/a").expect(201);
    door.ask("MKCOL", "/dav/a/b%20c").expect(201);
    door.ask("PUT", "/dav/a/b%20c/big.bin")
        .bytes(&bytes)
        .expect(201);
    door.ask("PUT", "/dav/a/b%20c/big.bin")
        .bytes(&bytes[..1_200_000])
        .expect(204);
    let file = door.browser.get("/api/drive/resolve?path=/a/b%20c/big.bin");
    assert_eq!(
        (file["size"].as_u64(), file["version"].as_u64()),
        (Some(1_200_000), Some(2)),
        "a second write is a version"
    );
    let got = door.ask("GET", "/dav/a/b%20c/big.bin").expect(200);
    assert!(got.body == bytes[..1_200_000] && got.get("content-disposition").contains("big.bin"));
    assert_eq!(
        door.ask("GET", "/dav/a/b%20c/big.bin")
            .header("range", "bytes=5-9")
            .expect(206)
            .body,
        bytes[5..10]
    );
    door.ask("COPY", "/dav/a/")
        .header("destination", "/dav/copy/")
        .expect(201);
    assert_eq!(
        door.browser
            .get("/api/drive/resolve?path=/copy/b%20c/big.bin")["size"],
        1_200_000
    );
    door.ask("MOVE", "/dav/copy")
        .header("destination", "/dav/moved")
        .expect(201);
    door.ask("DELETE", "/dav/moved/").expect(204);
    let trash = door.browser.get("/api/drive/trash");
    assert_eq!(
        (trash["total"].as_u64(), trash["items"][0]["name"].as_str()),
        (Some(1), Some("moved")),
        "a folder is one thing in the trash"
    );
    door.browser
        .ask(
            "POST",
            &format!("/api/drive/trash/{}/restore", id(&trash["items"][0])),
        )
        .expect(200);
    assert_eq!(
        door.browser
            .get("/api/drive/resolve?path=/moved/b%20c/big.bin")["size"],
        1_200_000
    );
    let listed = door
        .ask("PROPFIND", "/dav/")
        .header("depth", "1")
        .expect(207)
        .text();
    assert!(
        listed.contains("/dav/a/") && listed.contains("quota-available-bytes")
            || listed.contains("/dav/moved/")
    );
}

#[test]
fn tricks_with_paths_lead_nowhere() {
    let door = open();
    for path in [
        "/dav/../api/settings",
        "/dav/%2e%2e/%2e%2e/etc/passwd",
        "/dav/a%2f..%2fb",
        "/dav/a%00b",
        "/dav/%ff",
        "/dav/a%0ab",
        "/dav/%e2%80%aeexe",
    ] {
        for method in ["GET", "PUT", "PROPFIND", "DELETE", "MKCOL"] {
            let reply = door.ask(method, path).header("content-length", "0").send();
            assert!(reply.status / 100 == 4, "{method} {path}: {}", reply.status);
        }
    }
    door.ask("PUT", "/dav/f").bytes(b"x").expect(201);
    for destination in [
        "/davx/y",
        "/api/settings",
        "/dav/../x",
        "http://evil.example/y",
    ] {
        let reply = door
            .ask("MOVE", "/dav/f")
            .header("destination", destination)
            .send();
        assert!(reply.status / 100 >= 4, "{destination}: {}", reply.status);
    }
    door.ask("PUT", "/dav/f")
        .header("content-range", "bytes 0-0/5")
        .bytes(b"y")
        .expect(501);
    assert_eq!(door.ask("GET", "/dav/f").expect(200).text(), "x");
    let bomb = format!(
        "<?xml version=\"1.0\"?><!DOCTYPE x [<!ENTITY a \"{}\">]><propfind xmlns=\"DAV:\"><prop>&a;</prop></propfind>",
        "x".repeat(1000)
    );
    assert!(
        door.ask("PROPFIND", "/dav/")
            .header("depth", "0")
            .bytes(bomb.as_bytes())
            .send()
            .status
            < 500
    );
    let huge = format!(
        "<propfind xmlns=\"DAV:\">{}</propfind>",
        " ".repeat(1_000_000)
    );
    assert_eq!(
        door.ask("PROPFIND", "/dav/")
            .header("depth", "0")
            .bytes(huge.as_bytes())
            .send()
            .status,
        413
    );
}
