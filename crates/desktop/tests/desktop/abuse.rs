//! What hostile pages, thieves and broken clients get: nothing, and an answer that says so.

use std::{
    io::{Read, Write},
    time::Duration,
};

use crate::common::{Ask, Browser, CONTROL, Node, PASSPHRASE, Reply, browser::id, wire::part};
use proptest::prelude::*;
use serde_json::{Value, json};
use webx_desktop::Limits;

#[test]
fn names_that_only_point_to_this_machine_are_not_answered() {
    let (node, browser) = Node::open();
    let port = node.port;
    for host in [
        "evil.example".to_owned(),
        format!("evil.example:{port}"),
        format!("127.0.0.1.nip.io:{port}"),
        format!("app.webx.localhost:{port}"),
        "webx.localhost".to_owned(),
        "localhost:1".to_owned(),
        format!("0.0.0.0:{port}"),
        format!("[::1]:{port}"),
    ] {
        for path in ["/", "/api/status", "/api/settings", "/dav/"] {
            node.ask("GET", path)
                .host(&host)
                .refused(403, "foreign-host");
        }
        browser
            .ask("GET", "/api/settings")
            .host(&host)
            .refused(403, "foreign-host");
    }
    for host in [format!("localhost:{port}"), format!("127.0.0.1:{port}")] {
        node.ask("GET", "/api/status").host(&host).expect(200);
    }
    node.ask("GET", "/api/status")
        .header("host", &format!("evil.example:{port}"))
        .refused(403, "foreign-host");
    node.ask("GET", "http://evil.example/api/status")
        .refused(403, "foreign-host");
    assert_eq!(
        node.ask("GET", "/api/status").without("host").send().status / 100,
        4
    );
}

#[test]
fn other_origins_get_nothing_not_even_with_a_good_proof() {
    let (node, browser) = Node::open();
    let proof = || browser.sign(&browser.claims("GET", "/api/settings"));
    let with = |headers: &[(&str, &str)]| {
        let mut ask = node
            .ask("GET", "/api/settings")
            .header("authorization", &format!("DPoP {}", browser.token))
            .header("dpop", &proof());
        for (name, value) in headers {
            ask = ask.header(name, value);
        }
        ask
    };
    for origin in [
        "http://evil.example",
        "null",
        &format!("http://localhost:{}", node.port),
        &format!("http://x.webx.localhost:{}", node.port),
    ] {
        with(&[("origin", origin)]).refused(403, "foreign-origin");
    }
    with(&[("sec-fetch-site", "cross-site"), ("sec-fetch-mode", "cors")])
        .refused(403, "foreign-origin");
    with(&[("sec-fetch-site", "same-site")]).refused(403, "foreign-origin");
    with(&[("sec-fetch-site", "none"), ("sec-fetch-mode", "navigate")])
        .refused(403, "foreign-origin");
    with(&[]).expect(200);
    // A preflight is answered like any other foreign request: without a permission.
    node.ask("OPTIONS", "/api/settings")
        .header("origin", "http://evil.example")
        .header("access-control-request-method", "PUT")
        .refused(403, "foreign-origin");
    // A link on another page may open the desktop; a frame or a script of it may not be loaded.
    let link = [
        ("sec-fetch-site", "cross-site"),
        ("sec-fetch-mode", "navigate"),
        ("sec-fetch-dest", "document"),
    ];
    let opened = link
        .iter()
        .fold(node.ask("GET", "/"), |ask, (n, v)| ask.header(n, v));
    opened.expect(200);
    let framed = node
        .ask("GET", "/")
        .header("sec-fetch-site", "cross-site")
        .header("sec-fetch-mode", "navigate")
        .header("sec-fetch-dest", "iframe");
    framed.refused(403, "foreign-origin");
    node.ask("GET", "/sw.js")
        .header("sec-fetch-site", "cross-site")
        .header("sec-fetch-mode", "no-cors")
        .refused(403, "foreign-origin");
}

#[test]
fn simple_requests_of_a_form_change_nothing() {
    let node = Node::start();
    let body = json!({"passphrase": PASSPHRASE, "displayName": "Mallory", "deviceName": "x"});
    let form = |ask: Ask| {
        ask.header("content-type", "text/plain")
            .bytes(body.to_string().as_bytes())
    };
    form(
        node.ask("POST", "/api/onboarding")
            .header("origin", "http://evil.example"),
    )
    .refused(403, "foreign-origin");
    form(
        node.ask("POST", "/api/onboarding")
            .header("origin", "null")
            .header("sec-fetch-site", "cross-site"),
    )
    .refused(403, "foreign-origin");
    form(node.ask("POST", "/api/onboarding")).refused(403, "foreign-origin");
    node.ask("POST", "/api/onboarding")
        .own_page()
        .json(&body)
        .refused(401, "no-proof");
    let browser = Browser::new(node.port);
    form(browser.ask("POST", "/api/onboarding")).refused(415, "unsupported-media-type");
    assert_eq!(
        node.ask("GET", "/api/status").expect(200).value()["state"],
        "welcome"
    );
    let (node, browser) = Node::open();
    form(
        node.ask("POST", "/api/lock")
            .header("origin", "http://evil.example"),
    )
    .refused(403, "foreign-origin");
    form(browser.ask("PATCH", "/api/settings")).refused(415, "unsupported-media-type");
}

#[test]
fn a_stolen_token_is_worthless_without_its_key() {
    let (node, browser) = Node::open();
    let mut thief = Browser::new(node.port);
    thief.token = browser.token.clone();
    thief
        .ask("GET", "/api/settings")
        .refused(401, "invalid-token");
    node.ask("GET", "/api/settings")
        .own_page()
        .header("authorization", &format!("DPoP {}", browser.token))
        .refused(401, "no-proof");
    node.ask("GET", "/api/settings")
        .header("authorization", &format!("Bearer {}", browser.token))
        .refused(401, "invalid-token");
    node.ask("GET", "/api/settings")
        .header("authorization", &browser.token)
        .refused(401, "invalid-token");
    let reply = node
        .ask("GET", "/api/settings")
        .own_page()
        .refused(401, "no-token");
    assert!(reply.get("www-authenticate").starts_with("DPoP"));
}

#[test]
fn a_proof_is_good_once_and_for_one_request() {
    let (_node, browser) = Node::open();
    let path = "/api/settings";
    let good = browser.sign(&browser.claims("GET", path));
    browser.ask_with("GET", path, &good).expect(200);
    browser
        .ask_with("GET", path, &good)
        .refused(401, "replayed-proof");
    let refused = |change: &dyn Fn(&mut Value)| {
        let mut claims = browser.claims("GET", path);
        change(&mut claims);
        browser
            .ask_with("GET", path, &browser.sign(&claims))
            .refused(401, "invalid-proof")
    };
    refused(&|c| c["htm"] = json!("POST"));
    refused(&|c| c["htu"] = json!("http://webx.localhost:1/api/settings"));
    refused(&|c| c["htu"] = json!(format!("http://127.0.0.1:{}/api/settings", browser.port)));
    refused(&|c| c["htu"] = json!(format!("{}/api/drive/usage", browser.origin())));
    refused(&|c| c["ath"] = json!("AAAA"));
    refused(&|c| c["iat"] = json!(c["iat"].as_i64().unwrap() - 3600));
    refused(&|c| c["iat"] = json!(c["iat"].as_i64().unwrap() + 3600));
    refused(&|c| c["jti"] = json!("x".repeat(10_000)));
    refused(&|c| drop(c.as_object_mut().unwrap().remove("jti")));
    browser
        .ask_with("GET", path, "not a proof")
        .refused(401, "invalid-proof");
    browser
        .ask_with("GET", path, &good)
        .header("dpop", &good)
        .refused(401, "invalid-token");
    browser
        .ask_with(
            "DELETE",
            "/api/drive/trash",
            &browser.sign(&browser.claims("GET", "/api/drive/trash")),
        )
        .refused(401, "invalid-proof");
}

#[test]
fn the_control_token_is_nothing_for_a_browser() {
    let (node, _browser) = Node::open();
    node.control("GET", "/api/settings").expect(200);
    node.control("GET", "/api/settings")
        .own_page()
        .refused(403, "control-from-browser");
    node.control("GET", "/api/settings")
        .header("sec-fetch-site", "same-origin")
        .refused(403, "control-from-browser");
    node.control("GET", "/api/settings")
        .header("sec-fetch-mode", "cors")
        .refused(403, "foreign-origin");
    node.control("GET", "/api/control/ping")
        .own_page()
        .refused(403, "control-from-browser");
    node.ask("GET", "/api/settings")
        .header("authorization", &format!("Basic {CONTROL}"))
        .refused(401, "invalid-token");
    let half = &CONTROL[..CONTROL.len() / 2];
    node.ask("GET", "/api/settings")
        .header("authorization", &format!("Bearer {half}"))
        .refused(401, "invalid-token");
    node.ask("GET", "/api/settings")
        .header("authorization", "Bearer ")
        .refused(401, "invalid-token");
}

#[test]
fn a_locked_node_serves_welcome_unlock_and_the_shell_and_nothing_else() {
    let (node, browser) = Node::open();
    let document = node.ask("GET", "/api/openapi.json").expect(200).value();
    browser.ask("POST", "/api/lock").expect(204);
    node.ask("GET", "/").expect(200);
    node.ask("GET", "/api/status").expect(200);
    let open = ["/api/status", "/api/openapi.json", "/api/onboarding"];
    let mut tried = 0;
    for (path, methods) in document["paths"].as_object().unwrap() {
        for method in methods.as_object().unwrap().keys() {
            // What belongs to the welcome screen says by itself that somebody lives here already; see below.
            if open.contains(&path.as_str())
                || path.starts_with("/api/onboarding/")
                || (path == "/api/session" && method == "post")
            {
                continue;
            }
            let method = method.to_uppercase();
            let path = path
                .replace("{id}", "root")
                .replace("{name}", "x")
                .replace("{version}", "1");
            for ask in [
                node.ask(&method, &path),
                browser.ask(&method, &path),
                node.control(&method, &path),
            ] {
                let code = ask.send();
                assert_eq!(code.status, 423, "{method} {path}: {}", code.text());
            }
            tried += 1;
        }
    }
    assert!(tried > 40, "{tried}");
    let pairing = json!({"code": "webx:pair?x", "passphrase": PASSPHRASE, "deviceName": "x"});
    for path in ["/api/onboarding/pair", "/api/onboarding/pair/finish"] {
        let ask = Browser::new(node.port).json("POST", path, pairing.clone());
        ask.refused(409, "wrong-state");
        node.control("POST", path)
            .json(&pairing)
            .refused(409, "wrong-state");
    }
    Browser::new(node.port)
        .ask("DELETE", "/api/onboarding/pair")
        .refused(409, "wrong-state");
    node.ask("PROPFIND", "/dav/").refused(423, "locked");
    node.ask("GET", "/api/live").refused(423, "locked");
    node.ask("GET", "/api/whatever").refused(423, "locked");
}

#[test]
fn bodies_and_heads_have_an_end() {
    let (node, browser) = Node::open();
    let big = json!({"preferences": {"a": "x".repeat(400_000)}});
    browser
        .json("PATCH", "/api/settings", big)
        .refused(413, "too-large");
    let mut long = node.ask("GET", "/api/status");
    for i in 0..60 {
        long = long.header(&format!("x-{i}"), &"y".repeat(2000));
    }
    assert_eq!(long.send().status, 431);
    let mut many = node.ask("GET", "/api/status");
    for i in 0..200 {
        many = many.header(&format!("x-{i}"), "y");
    }
    assert_eq!(many.send().status, 431);
    let deep = "[".repeat(100_000);
    browser
        .ask("PUT", "/api/desktop")
        .header("content-type", "application/json")
        .bytes(deep.as_bytes())
        .refused(400, "bad-request");
    let upload = browser
        .json(
            "POST",
            "/api/drive/uploads",
            json!({"parent": "root", "name": "x", "size": 99_000_000}),
        )
        .expect(200)
        .value();
    let path = format!("/api/drive/uploads/{}", id(&upload));
    browser
        .ask("PATCH", &path)
        .header("upload-offset", "0")
        .header("content-length", "17000000")
        .refused(413, "too-large");
    node.ask("GET", &format!("/{}", "a".repeat(10_000)))
        .refused(404, "not-found");
    // A quota is told before the bytes are read.
    browser
        .json("PATCH", "/api/settings", json!({"quotaBytes": 1000}))
        .expect(200);
    browser
        .ask("PUT", "/api/drive/nodes/root/files/x")
        .header("content-length", "100000")
        .refused(507, "quota");
}

#[test]
fn who_is_refused_while_still_sending_learns_why_and_keeps_the_connection() {
    let (node, browser) = Node::open();
    browser
        .json("PATCH", "/api/settings", json!({"quotaBytes": 1000}))
        .expect(200);
    let body = vec![7; 4 << 20];
    let mut stream = node.ask("GET", "/").connect();
    for _ in 0..3 {
        let put = browser
            .ask("PUT", "/api/drive/nodes/root/files/x")
            .bytes(&body);
        let head = String::from_utf8(put.head()).unwrap();
        let head = head.replace("connection: close\r\n", "");
        stream.write_all(head.as_bytes()).unwrap();
        let mut answer = Vec::new();
        while !answer.ends_with(b"}") {
            let mut byte = [0];
            stream.read_exact(&mut byte).unwrap();
            answer.push(byte[0]);
        }
        let answer = String::from_utf8(answer).unwrap();
        assert!(answer.starts_with("HTTP/1.1 507 "), "{answer}");
        assert!(answer.contains(r#""code":"quota""#), "{answer}");
        // All of it is sent after the answer, more than any buffer holds.
        stream.write_all(&body).unwrap();
    }
}

/// Reads until the other side closes; whether it did before the test's own patience ended.
fn closed(mut stream: std::net::TcpStream) -> String {
    stream
        .set_read_timeout(Some(Duration::from_secs(20)))
        .unwrap();
    let mut all = Vec::new();
    stream
        .read_to_end(&mut all)
        .unwrap_or_else(|e| panic!("the node kept a slow client: {e}"));
    String::from_utf8_lossy(&all).into_owned()
}

#[test]
fn slow_clients_are_let_go() {
    let limits = Limits {
        head_timeout: Duration::from_millis(200),
        json_timeout: Duration::from_millis(200),
        stall_timeout: Duration::from_millis(300),
        ..Limits::default()
    };
    let (node, browser) = Node::open_with(limits);
    let silent = node.ask("GET", "/").connect();
    let mut half_head = node.ask("GET", "/").connect();
    half_head.write_all(b"GET / HTTP/1.1\r\nhost:").unwrap();
    let mut slow_json = node.ask("GET", "/").connect();
    let patch = browser
        .ask("PATCH", "/api/settings")
        .header("content-type", "application/json")
        .header("content-length", "100");
    slow_json.write_all(&patch.head()).unwrap();
    slow_json.write_all(b"{\"theme\"").unwrap();
    let mut slow_upload = node.ask("GET", "/").connect();
    let put = browser
        .ask("PUT", "/api/drive/nodes/root/files/slow")
        .header("content-length", "100");
    slow_upload.write_all(&put.head()).unwrap();
    slow_upload.write_all(b"some").unwrap();
    closed(silent);
    closed(half_head);
    assert!(closed(slow_json).contains("408"));
    assert!(closed(slow_upload).contains("408"));
    browser
        .ask("GET", "/api/drive/resolve?path=/slow")
        .refused(404, "not-found");
}

#[test]
fn a_client_that_leaves_takes_nothing_with_it_and_leaves_nothing_behind() {
    let (node, browser) = Node::open();
    let mut leaver = node.ask("GET", "/").connect();
    let put = browser
        .ask("PUT", "/api/drive/nodes/root/files/half")
        .header("content-length", "5000000");
    leaver.write_all(&put.head()).unwrap();
    leaver.write_all(&[1; 2_000_000]).unwrap();
    drop(leaver);
    let mut chunked = node.ask("GET", "/").connect();
    let put = browser
        .ask("PUT", "/api/drive/nodes/root/files/chunked")
        .header("transfer-encoding", "chunked");
    chunked.write_all(&put.head()).unwrap();
    chunked.write_all(b"4\r\nsome\r\n").unwrap();
    drop(chunked);
    // A download that nobody reads to its end.
    let file = browser.put("root", "big", &vec![3; 8_000_000]);
    let mut reader = node.ask("GET", "/").connect();
    reader
        .write_all(
            &browser
                .ask("GET", &format!("/api/drive/nodes/{}/content", id(&file)))
                .head(),
        )
        .unwrap();
    let mut some = [0; 1000];
    reader.read_exact(&mut some).unwrap();
    drop(reader);
    let names: Vec<Value> = browser.get("/api/drive/nodes/root/children")["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|n| n["name"].clone())
        .collect();
    assert_eq!(names, ["big"]);
}

#[test]
fn hostile_names_paths_and_ids_are_refused() {
    let (_node, browser) = Node::open();
    for name in [
        "..",
        ".",
        "a/b",
        "a\u{0}b",
        "a\nb",
        "\u{202e}exe.txt",
        " ",
        "",
        &"x".repeat(256),
        &"x".repeat(4096),
    ] {
        let reply = browser
            .ask(
                "PUT",
                &format!("/api/drive/nodes/root/files/{}", part(name)),
            )
            .bytes(b"x")
            .send();
        assert!(
            matches!(reply.status, 400 | 401 | 404 | 422),
            "{name:?}: {} {}",
            reply.status,
            reply.text()
        );
        browser
            .json(
                "POST",
                "/api/drive/nodes/root/children",
                json!({"name": name}),
            )
            .refused(422, "bad-name");
    }
    for name in [
        "CON",
        "nul.txt",
        "a\\b",
        "%2e%2e",
        "<script>",
        "аdmin",
        "x".repeat(255).as_str(),
        "a:b",
        "-rf",
        "~",
    ] {
        let node = browser.put("root", name, b"x");
        assert_eq!(node["name"], *name);
        let reply = browser
            .ask(
                "GET",
                &format!("/api/drive/nodes/{}/content?download=true", id(&node)),
            )
            .expect(200);
        assert!(reply.get("content-disposition").is_ascii());
    }
    for bad in [
        "..%2f..%2fetc%2fpasswd",
        "%00",
        "0",
        "-1",
        "root%00",
        "00000000-0000-0000-0000-000000000000",
        &"9".repeat(300),
        "%f0%9f%92%a9",
        "%ff",
    ] {
        let reply = browser
            .ask("GET", &format!("/api/drive/nodes/{bad}"))
            .send();
        assert!(matches!(reply.status, 400 | 404), "{bad}: {}", reply.text());
        assert!(
            browser
                .ask("GET", &format!("/api/drive/uploads/{bad}"))
                .send()
                .status
                / 100
                == 4
        );
        assert!(
            browser
                .ask("DELETE", &format!("/api/jobs/{bad}"))
                .send()
                .status
                / 100
                == 4
        );
    }
    for path in [
        "/../Cargo.toml",
        "/..%2f..%2fetc/passwd",
        "//etc/passwd",
        "/assets/../../x",
        "/%2e%2e/%2e%2e/etc/passwd",
        "/\\..\\x",
    ] {
        let reply = browser.ask("GET", path).send();
        assert!(reply.status / 100 == 4, "{path}: {}", reply.status);
    }
    for query in [
        "limit=-1",
        "limit=x",
        "at=yesterday",
        "sort=evil",
        "offset=-1",
        "descending=2",
    ] {
        browser
            .ask("GET", &format!("/api/drive/nodes/root/children?{query}"))
            .refused(400, "bad-request");
    }
}

#[test]
fn stored_pages_and_scripts_never_run_as_the_shell() {
    let (_node, browser) = Node::open();
    for name in [
        "evil.html",
        "evil.svg",
        "evil.js",
        "evil.mjs",
        "evil.css",
        "evil.xhtml",
        "evil.xml",
        "evil.pdf",
    ] {
        let file = browser.put("root", name, b"<script>alert(1)</script>");
        let path = format!("/api/drive/nodes/{}/content", id(&file));
        let reply = browser.ask("GET", &path).expect(200);
        assert!(
            reply.get("content-security-policy").starts_with("sandbox;"),
            "{name}"
        );
        assert!(
            !reply.get("content-security-policy").contains("allow-"),
            "{name}"
        );
        assert!(
            !reply.get("content-type").contains("script")
                && !reply.get("content-type").contains("html"),
            "{name}"
        );
        if name != "evil.pdf" {
            assert!(
                reply.get("content-disposition").starts_with("attachment"),
                "{name}"
            );
        }
        browser
            .ask("GET", &path)
            .header("sec-fetch-dest", "script")
            .refused(403, "not-code");
    }
}

#[test]
fn passphrases_are_not_tried_in_parallel() {
    let (node, browser) = Node::open();
    browser.ask("POST", "/api/lock").expect(204);
    let port = node.port;
    let tries: Vec<_> = (0..8)
        .map(|i| {
            std::thread::spawn(move || {
                Browser::new(port)
                    .log_in(json!({"passphrase": format!("guess number {i}")}))
                    .status
            })
        })
        .collect();
    let statuses: Vec<u16> = tries.into_iter().map(|t| t.join().unwrap()).collect();
    assert!(
        statuses.iter().all(|s| matches!(s, 401 | 429)),
        "{statuses:?}"
    );
    assert!(statuses.contains(&429), "{statuses:?}");
}

#[test]
fn sessions_are_bounded() {
    let (node, first) = Node::open_with(Limits {
        sessions: 2,
        ..Limits::default()
    });
    for _ in 0..10 {
        assert_eq!(
            Browser::new(node.port)
                .log_in(json!({"passphrase": PASSPHRASE}))
                .status,
            200
        );
    }
    first
        .ask("GET", "/api/settings")
        .refused(401, "invalid-token");
}

#[test]
fn requests_that_are_no_http_are_let_go() {
    let (node, _browser) = Node::open();
    for raw in [
        "\r\n\r\n\r\n",
        "GET\r\n\r\n",
        "\u{16}\u{3}\u{1}",
        "GET / HTTP/9.9\r\n\r\n",
        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    ] {
        let mut stream = node.ask("GET", "/").connect();
        stream.write_all(raw.as_bytes()).unwrap();
        stream.shutdown(std::net::Shutdown::Write).unwrap();
        let said = closed(stream);
        assert!(!said.contains("200 OK"), "{said}");
    }
    // Two lengths, a length beside chunks: the classic ways to smuggle a request.
    let two = node
        .ask("POST", "/api/session")
        .own_page()
        .header("content-length", "1")
        .header("content-length", "2")
        .send();
    assert_eq!(two.status, 400);
    let mut stream = node.ask("GET", "/").connect();
    let both = node
        .ask("POST", "/api/session")
        .own_page()
        .header("transfer-encoding", "chunked")
        .header("content-length", "4");
    stream.write_all(&both.head()).unwrap();
    stream
        .write_all(b"0\r\n\r\nGET /api/status HTTP/1.1\r\n\r\n")
        .unwrap();
    let reply = Reply::read(&mut stream, false);
    assert_eq!(reply.status / 100, 4);
    assert!(!reply.text().contains("\"state\""));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn no_range_ever_gives_other_bytes_than_asked_for(text in "(bytes=)?[0-9]{0,6}-?[0-9]{0,6}(,[0-9]-)?") {
        thread_local! {
            static PLACE: (Node, Browser, String) = {
                let (node, browser) = Node::open();
                let bytes: Vec<u8> = (0..5000u32).map(|i| (i % 256) as u8).collect();
                let file = browser.put("root", "f", &bytes);
                let path = format!("/api/drive/nodes/{}/content", id(&file));
                (node, browser, path)
            };
        }
        PLACE.with(|(_, browser, path)| {
            let reply = browser.ask("GET", path).header("range", &text).send();
            match reply.status {
                200 => assert_eq!(reply.body.len(), 5000),
                206 => {
                    let span = reply.get("content-range").strip_prefix("bytes ").unwrap().strip_suffix("/5000").unwrap();
                    let (first, last) = span.split_once('-').unwrap();
                    let first: usize = first.parse().unwrap();
                    assert_eq!(reply.body.len(), last.parse::<usize>().unwrap() - first + 1);
                    assert!(reply.body.iter().enumerate().all(|(i, b)| *b == ((first + i) % 256) as u8));
                }
                416 => {}
                other => panic!("{other}: {text}"),
            }
        });
    }
}
