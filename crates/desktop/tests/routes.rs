//! Every route as the desktop and the command line use it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use common::{Browser, CONTROL, Node, PASSPHRASE, browser::id, wire::part};
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
fn folders_are_made_listed_moved_copied_and_removed() {
    let (_node, browser) = Node::open();
    let photos = browser.folder("root", "Photos");
    browser
        .json(
            "POST",
            "/api/drive/nodes/root/children",
            json!({"name": "Photos"}),
        )
        .refused(409, "exists");
    browser
        .json(
            "POST",
            "/api/drive/nodes/root/children",
            json!({"name": "a/b"}),
        )
        .refused(422, "bad-name");
    let cat = browser.put(&photos, "cat é.txt", b"meow");
    browser.put(&photos, "b10.txt", b"0123456789");
    browser.put(&photos, "b9.txt", b"9");
    let names = |query: &str| -> Vec<String> {
        let page = browser.get(&format!("/api/drive/nodes/{photos}/children{query}"));
        page["items"]
            .as_array()
            .unwrap()
            .iter()
            .map(|n| n["name"].as_str().unwrap().to_owned())
            .collect()
    };
    assert_eq!(names(""), ["b9.txt", "b10.txt", "cat é.txt"]);
    assert_eq!(names("?sort=size&descending=true&limit=1"), ["b10.txt"]);
    assert_eq!(names("?offset=2"), ["cat é.txt"]);
    let before = time::OffsetDateTime::now_utc()
        .format(&time::format_description::well_known::Rfc3339)
        .unwrap();

    let path = browser.get(&format!("/api/drive/nodes/{}/path", id(&cat)));
    assert_eq!(path["path"], "/Photos/cat é.txt");
    assert_eq!(
        path["ancestors"]
            .as_array()
            .unwrap()
            .iter()
            .map(|a| a["name"].as_str().unwrap())
            .collect::<Vec<_>>(),
        ["", "Photos"]
    );
    assert_eq!(
        id(&browser.get(&format!(
            "/api/drive/resolve?path={}",
            part("/Photos/cat é.txt")
        ))),
        id(&cat)
    );
    assert_eq!(
        browser.get("/api/drive/search?q=cat")[0]["path"],
        "/Photos/cat é.txt"
    );

    let address = format!("/api/drive/nodes/{}", id(&cat));
    let moved = browser
        .json(
            "PATCH",
            &address,
            json!({"name": "dog.txt", "parent": "root"}),
        )
        .expect(200)
        .value();
    assert_eq!(
        (moved["name"].as_str(), moved["id"].as_str()),
        (Some("dog.txt"), cat["id"].as_str())
    );
    browser
        .json("PATCH", &address, json!({}))
        .refused(400, "bad-request");
    let copy = browser
        .json(
            "POST",
            &format!("{address}/copy"),
            json!({"parent": photos}),
        )
        .expect(200)
        .value();
    assert_eq!(
        browser
            .ask("GET", &format!("/api/drive/nodes/{}/content", id(&copy)))
            .expect(200)
            .text(),
        "meow"
    );

    browser.ask("DELETE", &address).expect(204);
    assert_eq!(
        browser.get("/api/drive/trash")["items"][0]["trashed"]["fromPath"],
        "/dog.txt"
    );
    let back = browser
        .ask("POST", &format!("/api/drive/trash/{}/restore", id(&cat)))
        .expect(200)
        .value();
    assert_eq!(back["path"], "/dog.txt");
    browser.ask("DELETE", &address).expect(204);
    browser
        .ask("DELETE", &format!("/api/drive/trash/{}", id(&cat)))
        .expect(204);
    browser.ask("GET", &address).refused(404, "not-found");
    let undo = browser
        .json(
            "POST",
            &format!("/api/drive/nodes/{photos}/restore-at"),
            json!({"at": before}),
        )
        .expect(200)
        .value();
    assert!(
        undo["trashed"].as_u64().unwrap()
            + undo["restored"].as_u64().unwrap()
            + undo["copied"].as_u64().unwrap()
            > 0,
        "{undo}"
    );
    browser.ask("DELETE", "/api/drive/trash").expect(204);
    assert_eq!(browser.get("/api/drive/trash")["total"], 0);
}

#[test]
fn a_file_is_read_whole_in_parts_and_only_when_it_changed() {
    let (_node, browser) = Node::open();
    let bytes: Vec<u8> = (0..700_001u32).map(|i| (i % 251) as u8).collect();
    let file = browser.put("root", "film \"1\".mp4", &bytes);
    assert_eq!(file["size"], 700_001);
    let path = format!("/api/drive/nodes/{}/content", id(&file));
    let whole = browser.ask("GET", &path).expect(200);
    assert!(whole.body == bytes && whole.whole);
    assert_eq!(whole.get("content-type"), "video/mp4");
    assert_eq!(whole.get("accept-ranges"), "bytes");
    assert!(
        whole
            .get("content-security-policy")
            .starts_with("sandbox; default-src 'none'")
    );
    assert_eq!(
        whole.get("content-disposition"),
        "inline; filename=\"film _1_.mp4\"; filename*=UTF-8''film%20%221%22.mp4"
    );
    assert!(
        browser
            .ask("GET", &format!("{path}?download=true"))
            .expect(200)
            .get("content-disposition")
            .starts_with("attachment")
    );
    let etag = whole.get("etag").to_owned();

    let part = browser
        .ask("GET", &path)
        .header("range", "bytes=262140-262150")
        .expect(206);
    assert_eq!(part.body, bytes[262_140..=262_150]);
    assert_eq!(part.get("content-range"), "bytes 262140-262150/700001");
    let tail = browser
        .ask("GET", &path)
        .header("range", "bytes=-5")
        .header("if-range", &etag)
        .expect(206);
    assert_eq!(tail.body, bytes[699_996..]);
    assert_eq!(
        browser
            .ask("GET", &path)
            .header("range", "bytes=-5")
            .header("if-range", "\"old\"")
            .expect(200)
            .body
            .len(),
        700_001
    );
    assert_eq!(
        browser
            .ask("GET", &path)
            .header("range", "bytes=700001-")
            .refused(416, "range")
            .get("content-range"),
        "bytes */700001"
    );
    browser
        .ask("GET", &path)
        .header("if-none-match", &etag)
        .expect(304);
    browser
        .ask("GET", &path)
        .header("if-match", "\"other\"")
        .refused(412, "changed");
    let head = browser
        .ask("HEAD", &path)
        .header("range", "bytes=0-9")
        .expect(206);
    assert!(head.body.is_empty() && head.get("content-length") == "10");

    browser.put("root", "film \"1\".mp4", b"second");
    assert_eq!(
        browser
            .ask("GET", &path)
            .header("if-none-match", &etag)
            .expect(200)
            .text(),
        "second"
    );
    let versions = browser.get(&format!("/api/drive/nodes/{}/versions", id(&file)));
    assert_eq!(versions.as_array().unwrap().len(), 2);
    let first = versions
        .as_array()
        .unwrap()
        .iter()
        .find(|v| v["current"] == false)
        .unwrap()["id"]
        .as_u64()
        .unwrap();
    assert_eq!(
        browser
            .ask("GET", &format!("{path}?version={first}"))
            .expect(200)
            .body
            .len(),
        700_001
    );
    browser
        .ask(
            "POST",
            &format!("/api/drive/nodes/{}/versions/{first}/restore", id(&file)),
        )
        .expect(200);
    assert_eq!(browser.ask("GET", &path).expect(200).body.len(), 700_001);
    browser
        .ask(
            "POST",
            &format!("/api/drive/nodes/{}/versions/999999/restore", id(&file)),
        )
        .refused(404, "no-such-version");
    let empty = browser.put("root", "empty", b"");
    assert_eq!(
        browser
            .ask("GET", &format!("/api/drive/nodes/{}/content", id(&empty)))
            .expect(200)
            .body,
        b""
    );
}

#[test]
fn an_upload_goes_on_where_it_stopped() {
    let (_node, browser) = Node::open();
    let bytes: Vec<u8> = (0..2_500_000u32).map(|i| (i % 253) as u8).collect();
    let new = json!({"parent": "root", "name": "big.bin", "size": bytes.len(), "modified": "2020-01-02T03:04:05Z"});
    let upload = browser
        .json("POST", "/api/drive/uploads", new)
        .expect(200)
        .value();
    let path = format!("/api/drive/uploads/{}", id(&upload));
    let mut offset = 0;
    while offset < bytes.len() {
        let end = (offset + 1_000_000).min(bytes.len());
        let step = browser
            .ask("PATCH", &path)
            .header("upload-offset", &offset.to_string())
            .bytes(&bytes[offset..end]);
        let now = step.expect(200).value();
        offset = usize::try_from(now["offset"].as_u64().unwrap()).unwrap();
        assert_eq!(browser.get(&path)["offset"], offset);
    }
    browser
        .ask("PATCH", &path)
        .header("upload-offset", "5")
        .bytes(b"x")
        .refused(409, "wrong-offset");
    assert_eq!(browser.get("/api/drive/uploads")[0]["name"], "big.bin");
    let file = browser
        .ask("POST", &format!("{path}/finish"))
        .expect(200)
        .value();
    assert_eq!(file["modified"], "2020-01-02T03:04:05Z");
    assert!(
        browser
            .ask("GET", &format!("/api/drive/nodes/{}/content", id(&file)))
            .expect(200)
            .body
            == bytes
    );
    browser.ask("GET", &path).refused(404, "no-such-upload");

    let new = json!({"parent": "root", "name": "gone.bin", "size": 10});
    let upload = browser
        .json("POST", "/api/drive/uploads", new)
        .expect(200)
        .value();
    let path = format!("/api/drive/uploads/{}", id(&upload));
    browser
        .ask("PATCH", &path)
        .bytes(b"x")
        .refused(400, "bad-request");
    browser
        .ask("PATCH", &path)
        .header("upload-offset", "0")
        .refused(411, "length-required");
    browser
        .ask("POST", &format!("{path}/finish"))
        .refused(400, "wrong-size");
    browser.ask("DELETE", &path).expect(204);
}

fn frame(header: &Value, bytes: &[u8]) -> Vec<u8> {
    let header = header.to_string();
    [
        &u32::try_from(header.len()).unwrap().to_le_bytes()[..],
        header.as_bytes(),
        bytes,
    ]
    .concat()
}

#[test]
fn many_files_come_in_and_go_out_as_one_stream() {
    let (_node, browser) = Node::open();
    let mut stream = Vec::new();
    for i in 0..300 {
        let text = format!("file {i}");
        stream.extend(frame(
            &json!({"path": format!("album/{}/{i}.txt", i % 3), "size": text.len()}),
            text.as_bytes(),
        ));
    }
    stream.extend(frame(&json!({"path": "album/empty", "folder": true}), b""));
    stream.extend(frame(&json!({"path": "../evil", "size": 1}), b"x"));
    let report = browser
        .ask("POST", "/api/drive/import?parent=root")
        .bytes(&stream)
        .expect(200)
        .value();
    assert_eq!(
        (
            report["files"].as_u64(),
            report["failed"].as_array().unwrap().len()
        ),
        (Some(300), 1),
        "{report}"
    );
    assert_eq!(
        report["failed"][0],
        json!({"path": "../evil", "code": "bad-name"})
    );
    browser
        .ask("POST", "/api/drive/import?parent=root")
        .bytes(b"\xff\xff\xff\xffnonsense")
        .refused(400, "bad-frame");

    let album = browser.get("/api/drive/resolve?path=/album");
    let zip = browser
        .ask("GET", &format!("/api/drive/nodes/{}/archive", id(&album)))
        .expect(200);
    assert!(zip.whole);
    assert_eq!(zip.get("content-type"), "application/zip");
    assert!(
        zip.get("content-disposition")
            .starts_with("attachment; filename=\"album.zip\"")
    );
    let mut archive = zip::ZipArchive::new(std::io::Cursor::new(zip.body)).unwrap();
    assert_eq!(archive.len(), 300 + 4);
    let mut text = String::new();
    std::io::Read::read_to_string(&mut archive.by_name("2/299.txt").unwrap(), &mut text).unwrap();
    assert_eq!(text, "file 299");
    let file = browser.put("root", "one.txt", b"1");
    let both = browser
        .ask(
            "GET",
            &format!("/api/drive/archive?ids={},{}", id(&album), id(&file)),
        )
        .expect(200);
    let archive = zip::ZipArchive::new(std::io::Cursor::new(both.body)).unwrap();
    assert!(
        archive.index_for_name("album/0/0.txt").is_some()
            && archive.index_for_name("one.txt").is_some()
    );
    browser
        .ask("GET", &format!("/api/drive/nodes/{}/archive", id(&file)))
        .refused(422, "not-a-folder");
    browser
        .ask("GET", "/api/drive/archive?ids=")
        .refused(404, "not-found");
}

#[test]
fn the_drive_is_verified_as_a_job() {
    let (_node, browser) = Node::open();
    browser.put("root", "a.txt", &[7; 100_000]);
    let job = browser.ask("POST", "/api/drive/verify").expect(200).value()["job"].clone();
    let mut last = Value::Null;
    Node::eventually("the job ends", || {
        last = browser
            .get("/api/jobs")
            .as_array()
            .unwrap()
            .iter()
            .find(|j| j["id"] == job)
            .unwrap()
            .clone();
        last["state"] != "running"
    });
    assert_eq!(
        (last["state"].as_str(), last["kind"].as_str()),
        (Some("done"), Some("verify")),
        "{last}"
    );
    assert_eq!(last["result"]["damaged"], json!([]));
    let path = format!("/api/jobs/{}", job.as_str().unwrap());
    browser.ask("DELETE", &path).expect(204);
    browser.ask("DELETE", &path).refused(404, "not-found");
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
