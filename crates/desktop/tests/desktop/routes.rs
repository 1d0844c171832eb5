//! Every route around a person and the desktop, as the desktop and the command line use it.

use crate::common::{Browser, CONTROL, Node, PASSPHRASE, browser::id};
use serde_json::{Value, json};

#[test]
fn a_first_person_moves_in_and_proves_the_words() {
    let node = Node::start();
    let status = node.ask("GET", "/api/status").expect(200).value();
    assert_eq!(
        status,
        json!({"state": "welcome", "ready": false, "version": "1.2.3"})
    );
    let mut browser = Browser::new(node.port);
    let welcome = browser.onboard().value();
    let words: Vec<&str> = welcome["words"]
        .as_array()
        .unwrap()
        .iter()
        .map(|w| w.as_str().unwrap())
        .collect();
    assert_eq!(words.len(), 24);
    assert!(welcome["did"].as_str().unwrap().starts_with("did:scid:vh:"));
    assert!(welcome["expiresAt"].as_str().unwrap().ends_with('Z'));
    assert_eq!(
        node.ask("GET", "/api/status").expect(200).value()["state"],
        "open"
    );

    let indexes = browser.get("/api/onboarding/challenge")["indexes"]
        .as_array()
        .unwrap()
        .clone();
    assert_eq!(indexes.len(), 3);
    let answers = |wrong: bool| -> Value {
        let word = |i: &Value| {
            if wrong {
                "zoo"
            } else {
                words[usize::try_from(i.as_u64().unwrap()).unwrap()]
            }
        };
        json!({"answers": indexes.iter().map(|i| json!({"index": i, "word": word(i)})).collect::<Vec<_>>()})
    };
    let same = json!({"answers": vec![json!({"index": 0, "word": words[0]}); 3]});
    browser
        .json("POST", "/api/onboarding/confirm", same)
        .refused(422, "wrong-words");
    if words.iter().all(|w| *w != "zoo") {
        browser
            .json("POST", "/api/onboarding/confirm", answers(true))
            .refused(422, "wrong-words");
    }
    assert_eq!(browser.get("/api/identity")["recoveryConfirmed"], false);
    browser
        .json("POST", "/api/onboarding/confirm", answers(false))
        .expect(204);
    assert_eq!(browser.get("/api/identity")["recoveryConfirmed"], true);
    browser
        .ask("GET", "/api/onboarding/challenge")
        .refused(409, "words-gone");
    let check = json!({"words": words.join(" ")});
    assert_eq!(
        browser
            .json("POST", "/api/security/recovery-check", check)
            .expect(200)
            .value()["matches"],
        true
    );
    browser
        .json(
            "POST",
            "/api/security/recovery-check",
            json!({"words": "one two"}),
        )
        .refused(422, "not-words");

    // Locked, and back with the 24 words alone; then a new passphrase.
    browser.ask("POST", "/api/lock").expect(204);
    assert_eq!(
        browser
            .log_in(json!({"words": words.join("  ").to_uppercase()}))
            .status,
        200
    );
    let change = json!({"words": words.join(" "), "next": "another passphrase"});
    browser
        .json("POST", "/api/security/passphrase", change)
        .expect(204);
    browser.ask("POST", "/api/lock").expect(204);
    assert_eq!(
        browser
            .log_in(json!({"passphrase": "another passphrase"}))
            .status,
        200
    );
    Browser::new(node.port)
        .json(
            "POST",
            "/api/onboarding",
            json!({"passphrase": PASSPHRASE, "displayName": "Eve", "deviceName": "x"}),
        )
        .refused(409, "wrong-state");
}

#[test]
fn logging_in_refreshing_and_out() {
    let (node, browser) = Node::open();
    let mut second = Browser::new(node.port);
    second.log_in(json!({"passphrase": "wrong wrong wrong"}));
    assert!(second.token.is_empty());
    let mut late = Browser::new(node.port);
    let reply = late.log_in(json!({"passphrase": PASSPHRASE}));
    assert!(matches!(reply.status, 200 | 429), "{}", reply.text());
    if reply.status == 429 {
        assert_eq!(reply.value()["code"], "too-soon");
        assert!(reply.value()["retryAfterSeconds"].as_u64().unwrap() >= 1);
    }
    let fresh = browser
        .ask("POST", "/api/session/refresh")
        .expect(200)
        .value();
    assert_ne!(fresh["token"], browser.token);
    browser.ask("GET", "/api/settings").expect(200);
    browser.ask("DELETE", "/api/session").expect(204);
    browser
        .ask("GET", "/api/settings")
        .refused(401, "invalid-token");
    let status = node.ask("GET", "/api/status").expect(200).value();
    assert_eq!(status["state"], "open", "others stay in");
}

#[test]
fn a_wrong_passphrase_says_how_long_to_wait() {
    let (node, browser) = Node::open();
    browser.ask("POST", "/api/lock").expect(204);
    let mut codes = Vec::new();
    for _ in 0..6 {
        let reply = Browser::new(node.port).log_in(json!({"passphrase": "wrong wrong wrong"}));
        codes.push((
            reply.status,
            reply.value()["code"].as_str().unwrap().to_owned(),
        ));
        assert!(
            reply.value()["retryAfterSeconds"].is_u64(),
            "{}",
            reply.text()
        );
    }
    assert_eq!(codes[0], (401, "wrong-passphrase".into()));
    assert!(codes.contains(&(429, "too-soon".into())), "{codes:?}");
}

#[test]
fn names_settings_layout_and_notifications_are_kept() {
    let (_node, browser) = Node::open();
    let identity = browser
        .json("PATCH", "/api/identity", json!({"displayName": "  Grace "}))
        .expect(200)
        .value();
    assert_eq!(
        (
            identity["displayName"].as_str(),
            identity["deviceName"].as_str()
        ),
        (Some("Grace"), Some("Laptop"))
    );
    browser
        .json(
            "PATCH",
            "/api/identity",
            json!({"displayName": "a\u{202e}b"}),
        )
        .refused(400, "bad-request");

    assert_eq!(browser.get("/api/settings")["autoLockMinutes"], 15);
    let patch = json!({"theme": "dark", "language": "de", "quotaBytes": 1_000_000_000, "dock": {"pinned": ["files"]}});
    let settings = browser
        .json("PATCH", "/api/settings", patch)
        .expect(200)
        .value();
    assert_eq!(settings, browser.get("/api/settings"));
    assert_eq!(settings["dock"]["pinned"][0], "files");
    assert_eq!(browser.get("/api/drive/usage")["quota"], 1_000_000_000);
    browser
        .json("PATCH", "/api/settings", json!({"theme": "loud"}))
        .refused(400, "bad-request");

    assert_eq!(browser.get("/api/desktop"), json!({}));
    browser
        .json("PUT", "/api/desktop", json!({"windows": [1, 2]}))
        .expect(204);
    assert_eq!(browser.get("/api/desktop"), json!({"windows": [1, 2]}));
    browser
        .json("PUT", "/api/desktop", json!({"x": "y".repeat(70_000)}))
        .refused(413, "too-large");
    browser
        .json("PUT", "/api/desktop", json!([]))
        .refused(400, "bad-request");

    let note = json!({"title": "Done", "level": "success", "open": {"app": "files"}});
    let note = browser
        .json("POST", "/api/notifications", note)
        .expect(200)
        .value();
    assert_eq!(browser.get("/api/notifications"), json!([note]));
    let path = format!("/api/notifications/{}", id(&note));
    browser.ask("DELETE", &path).expect(204);
    browser.ask("DELETE", &path).refused(404, "not-found");
}

#[test]
fn what_was_done_is_listed() {
    let (_node, browser) = Node::open();
    browser
        .json("PATCH", "/api/settings", json!({"theme": "dark"}))
        .expect(200);
    browser.put("root", "a.txt", b"a");
    Node::eventually("the upload is in the log", || {
        let page = browser.get("/api/activity?kind=drive.created");
        page["items"][0]["subject"] == "/a.txt"
    });
    let page = browser.get("/api/activity?limit=1");
    assert_eq!(page["items"].as_array().unwrap().len(), 1);
    let next = page["next"].as_u64().unwrap();
    let older = browser.get(&format!("/api/activity?before={next}"));
    assert!(
        older["items"]
            .as_array()
            .unwrap()
            .iter()
            .any(|i| i["kind"] == "settings.changed")
    );
}

#[test]
fn the_command_line_needs_no_browser() {
    let node = Node::start();
    let new = json!({"passphrase": PASSPHRASE, "displayName": "Ada", "deviceName": "Server"});
    let welcome = node
        .control("POST", "/api/onboarding")
        .json(&new)
        .expect(200)
        .value();
    assert_eq!(welcome["words"].as_array().unwrap().len(), 24);
    assert!(welcome.get("token").is_none());
    node.control("POST", "/api/lock").expect(204);
    node.control("GET", "/api/settings").refused(423, "locked");
    assert_eq!(
        node.control("GET", "/api/control/ping").expect(200).text(),
        "pong",
        "the roof's routes answer while locked"
    );
    node.control("POST", "/api/session")
        .json(&json!({"passphrase": PASSPHRASE}))
        .expect(204);
    node.control("PUT", "/api/drive/nodes/root/files/a")
        .bytes(b"abc")
        .expect(200);
    assert_eq!(
        node.control("GET", "/api/drive/usage").expect(200).value()["files"],
        1
    );
    node.ask("GET", "/api/control/ping")
        .refused(401, "no-token");
    node.control("GET", "/api/control/other")
        .refused(404, "not-found");
    node.ask("GET", "/api/control/ping")
        .header("authorization", &format!("Bearer x{CONTROL}"))
        .refused(401, "invalid-token");
}

#[test]
fn the_document_and_the_shell_are_served() {
    let node = Node::start();
    let document = node.ask("GET", "/api/openapi.json").expect(200);
    assert_eq!(document.text(), webx_desktop::openapi_json());
    let shell = node
        .ask("GET", "/")
        .header("accept-encoding", "br, gzip")
        .expect(200);
    assert_eq!(shell.get("content-type"), "text/html; charset=utf-8");
    let policy = shell.get("content-security-policy");
    assert!(
        policy.starts_with("default-src 'none'; script-src 'self';")
            && policy.contains("frame-ancestors 'none'")
    );
    node.ask("GET", "/nothing.js").refused(404, "not-found");
    node.ask("POST", "/").refused(405, "method");
    node.ask("GET", "/api/nothing").refused(423, "welcome");
    assert_eq!(node.ask("HEAD", "/").expect(200).body, b"");
}
