//! Live events: who hears them, what they say, when they end.

use std::{net::TcpStream, time::Duration};

use crate::common::{Browser, CONTROL, Node};
use serde_json::{Value, json};
use tungstenite::{
    Message, WebSocket, client::IntoClientRequest as _, handshake::client::Response,
};

pub(crate) type Socket = WebSocket<TcpStream>;

fn connect(
    node: &Node,
    headers: &[(&'static str, String)],
) -> Result<
    (Socket, Response),
    Box<tungstenite::HandshakeError<tungstenite::ClientHandshake<TcpStream>>>,
> {
    let mut request = format!("ws://webx.localhost:{}/api/live", node.port)
        .into_client_request()
        .unwrap();
    for (name, value) in headers {
        request.headers_mut().insert(*name, value.parse().unwrap());
    }
    let stream = TcpStream::connect(("127.0.0.1", node.port)).unwrap();
    stream
        .set_read_timeout(Some(Duration::from_secs(30)))
        .unwrap();
    tungstenite::client(request, stream).map_err(Box::new)
}

fn next(socket: &mut Socket) -> Value {
    loop {
        match socket.read().unwrap() {
            Message::Text(text) => return serde_json::from_str(&text).unwrap(),
            Message::Close(frame) => return json!({"close": frame.map(|f| u16::from(f.code))}),
            _ => {}
        }
    }
}

/// The next event of one type; others pass by.
pub(crate) fn wait_for(socket: &mut Socket, kind: &str) -> Value {
    loop {
        let event = next(socket);
        assert!(
            event.get("close").is_none(),
            "closed while waiting for {kind}: {event}"
        );
        if event["type"] == kind {
            return event;
        }
    }
}

fn proof(browser: &Browser, nonce: &Value, change: impl Fn(&mut Value)) -> Value {
    let mut claims = browser.claims("GET", "/api/live");
    claims["nonce"] = nonce.clone();
    change(&mut claims);
    json!({"token": browser.token, "proof": browser.sign(&claims)})
}

pub(crate) fn open(node: &Node, browser: &Browser) -> Socket {
    let (mut socket, _) = connect(node, &[("origin", browser.origin())]).unwrap();
    let hello = next(&mut socket);
    assert_eq!(hello["type"], "hello");
    socket
        .send(Message::text(
            proof(browser, &hello["nonce"], |_| {}).to_string(),
        ))
        .unwrap();
    assert_eq!(next(&mut socket)["type"], "ready");
    socket
}

#[test]
fn a_browser_hears_what_changes() {
    let (node, browser) = Node::open();
    let mut socket = open(&node, &browser);
    let file = browser.put("root", "new.txt", b"x");
    let event = wait_for(&mut socket, "drive");
    assert_eq!(
        (event["op"].as_str(), &event["node"]),
        (Some("created"), &file["id"])
    );
    assert!(event["parent"].is_string());
    browser
        .json("PATCH", "/api/settings", json!({"theme": "dark"}))
        .expect(200);
    assert_eq!(
        wait_for(&mut socket, "settings")["settings"]["theme"],
        "dark"
    );
    assert_eq!(
        wait_for(&mut socket, "activity")["item"]["kind"]
            .as_str()
            .unwrap()
            .split('.')
            .count(),
        2
    );
    browser
        .json("POST", "/api/notifications", json!({"title": "Hi"}))
        .expect(200);
    assert_eq!(wait_for(&mut socket, "notification")["item"]["title"], "Hi");
    browser
        .json("PUT", "/api/desktop", json!({"a": 1}))
        .expect(204);
    wait_for(&mut socket, "desktop");
    browser.ask("POST", "/api/drive/verify").expect(200);
    let job = wait_for(&mut socket, "job");
    assert_eq!(
        (job["kind"].as_str(), job["done"].is_u64()),
        (Some("verify"), true),
        "{job}"
    );
    socket.send(Message::text(r#"{"type":"active"}"#)).unwrap();
    browser.ask("POST", "/api/lock").expect(204);
    wait_for(&mut socket, "locked");
    assert_eq!(next(&mut socket)["close"], 4423);
}

#[test]
fn the_socket_ends_with_the_login() {
    let (node, browser) = Node::open();
    let mut socket = open(&node, &browser);
    browser.ask("DELETE", "/api/session").expect(204);
    loop {
        let event = next(&mut socket);
        if event.get("close").is_some() {
            assert_eq!(event["close"], 4401);
            return;
        }
    }
}

#[test]
fn without_the_right_proof_nothing_is_told() {
    let (node, browser) = Node::open();
    let thief = Browser::new(node.port);
    let answers: [&dyn Fn(&Value) -> String; 7] = [
        &|_| "nonsense".into(),
        &|nonce| proof(&browser, nonce, |c| c["nonce"] = json!("other")).to_string(),
        &|nonce| {
            proof(&browser, nonce, |c| {
                c["htu"] = json!("ws://evil.example/api/live");
            })
            .to_string()
        },
        &|nonce| proof(&browser, nonce, |c| c["ath"] = json!("AAAA")).to_string(),
        &|nonce| proof(&browser, nonce, |c| c["htm"] = json!("POST")).to_string(),
        &|nonce| {
            let mut stolen = proof(&thief, nonce, |_| {});
            stolen["token"] = json!(browser.token);
            stolen.to_string()
        },
        &|_| json!({"type": "active"}).to_string(),
    ];
    for answer in answers {
        let (mut socket, _) = connect(&node, &[("origin", browser.origin())]).unwrap();
        let nonce = next(&mut socket)["nonce"].clone();
        socket.send(Message::text(answer(&nonce))).unwrap();
        browser.put("root", "secret.txt", b"x");
        assert_eq!(next(&mut socket), json!({"close": 4401}));
    }
    // The same proof does not open a second socket, though its nonce was right once.
    let (mut socket, _) = connect(&node, &[("origin", browser.origin())]).unwrap();
    let nonce = next(&mut socket)["nonce"].clone();
    let used = proof(&browser, &nonce, |_| {}).to_string();
    socket.send(Message::text(used.clone())).unwrap();
    assert_eq!(next(&mut socket)["type"], "ready");
    let (mut again, _) = connect(&node, &[("origin", browser.origin())]).unwrap();
    next(&mut again);
    again.send(Message::text(used)).unwrap();
    assert_eq!(next(&mut again), json!({"close": 4401}));
}

#[test]
fn foreign_pages_and_plain_requests_get_no_socket() {
    let (node, browser) = Node::open();
    for origin in [
        "http://evil.example".to_owned(),
        "null".into(),
        format!("http://localhost:{}", node.port),
    ] {
        assert!(connect(&node, &[("origin", origin)]).is_err());
    }
    browser
        .ask("GET", "/api/live")
        .refused(400, "not-a-websocket");
    // A program without the control token is asked for a proof like a browser.
    let (mut socket, _) = connect(&node, &[]).unwrap();
    assert_eq!(next(&mut socket)["type"], "hello");
    let (mut socket, _) =
        connect(&node, &[("authorization", format!("Bearer {CONTROL}"))]).unwrap();
    assert_eq!(next(&mut socket)["type"], "ready");
    node.control("PUT", "/api/drive/nodes/root/files/a")
        .bytes(b"x")
        .expect(200);
    assert_eq!(wait_for(&mut socket, "drive")["op"], "created");
    socket.send(Message::text("x".repeat(20_000))).unwrap();
    loop {
        match socket.read() {
            Err(_) | Ok(Message::Close(_)) => break,
            Ok(_) => {}
        }
    }
}
