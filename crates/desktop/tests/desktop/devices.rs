//! The person's devices, and a new node that becomes one of them.

use crate::common::{Browser, Node, PASSPHRASE, devices::DIGITS};
use serde_json::{Value, json};
use webx_identity::RecoveryWords;

fn words(byte: u8) -> String {
    RecoveryWords::generate(&[byte; 32])
        .unwrap()
        .words()
        .join(" ")
}

fn start(browser: &Browser, code: &str) -> crate::common::Ask {
    let body = json!({ "code": code, "passphrase": PASSPHRASE, "deviceName": "Phone" });
    browser.json("POST", "/api/onboarding/pair", body)
}

fn finish(browser: &Browser) -> crate::common::Ask {
    browser.json("POST", "/api/onboarding/pair/finish", json!({}))
}

#[test]
fn a_new_node_becomes_a_device_and_its_browser_is_logged_in() {
    let node = Node::start();
    let mut browser = Browser::new(node.port);
    finish(&browser).refused(409, "wrong-state");
    let met = start(&browser, "webx:pair?x").expect(200).value();
    assert_eq!(met, json!({ "digits": DIGITS }));
    assert_eq!(
        finish(&browser).expect(200).value(),
        json!({ "done": false })
    );
    // Another browser on this machine cannot take the login, nor end what it did not begin.
    let other = Browser::new(node.port);
    finish(&other).refused(409, "wrong-state");
    other
        .ask("DELETE", "/api/onboarding/pair")
        .refused(409, "wrong-state");
    node.control("DELETE", "/api/onboarding/pair")
        .refused(409, "wrong-state");
    let done = finish(&browser).expect(200);
    assert_eq!(done.value()["done"], true);
    assert_eq!(done.value()["did"], "did:scid:vh:1:QmTest");
    browser.take_token(&done);
    let identity = browser.get("/api/identity");
    assert_eq!(identity["deviceName"], "Phone");
    assert_eq!(identity["recoveryConfirmed"], true);
    start(&Browser::new(node.port), "webx:pair?x").refused(409, "wrong-state");
}

#[test]
fn the_command_line_pairs_without_a_token() {
    let node = Node::start();
    let body = json!({ "code": "webx:pair?x", "passphrase": PASSPHRASE, "deviceName": "Box" });
    node.control("POST", "/api/onboarding/pair")
        .json(&body)
        .expect(200);
    let finish = || {
        let ask = node.control("POST", "/api/onboarding/pair/finish");
        ask.json(&json!({})).expect(200).value()
    };
    assert_eq!(finish()["done"], false);
    let done = finish();
    assert_eq!(
        (&done["done"], &done["token"]),
        (&Value::Bool(true), &Value::Null)
    );
}

#[test]
fn what_goes_wrong_leaves_the_welcome_screen() {
    let node = Node::start();
    let browser = Browser::new(node.port);
    start(&browser, "something else").refused(409, "bad-code");
    start(&browser, &format!("webx:pair?{}", "x".repeat(3000))).refused(400, "bad-request");
    let short = json!({ "code": "webx:pair?x", "passphrase": "short", "deviceName": "Phone" });
    browser
        .json("POST", "/api/onboarding/pair", short)
        .refused(400, "weak-passphrase");
    start(&browser, "webx:pair?declined").expect(200);
    finish(&browser).refused(409, "declined");
    start(&browser, "webx:pair?x").expect(200);
    browser.ask("DELETE", "/api/onboarding/pair").expect(204);
    finish(&browser).refused(409, "wrong-state");
    let status = node.control("GET", "/api/status").expect(200).value();
    assert_eq!(status["state"], "welcome");
    let mut browser = browser;
    assert_eq!(browser.onboard().status, 200);
}

#[test]
fn a_device_is_let_in_and_removed_with_the_right_words_alone() {
    let (_node, browser) = Node::open();
    browser
        .json("POST", "/api/devices/pairing", json!({}))
        .expect(200);
    let asked = browser.get("/api/devices/pairing");
    assert_eq!(
        (&asked["state"], &asked["digits"]),
        (&json!("asked"), &json!(DIGITS))
    );
    let confirm = |words: &str, digits: &str| {
        let body = json!({ "words": words, "digits": digits });
        browser.json("POST", "/api/devices/pairing/confirm", body)
    };
    confirm("no words", DIGITS).refused(422, "not-words");
    confirm(&words(9), DIGITS).refused(422, "wrong-words");
    confirm(&words(1), "000 000").refused(409, "other-digits");
    confirm(&words(1), &"0".repeat(100)).refused(400, "bad-request");
    confirm(&"word ".repeat(500), DIGITS).refused(400, "bad-request");
    assert_eq!(browser.get("/api/devices").as_array().unwrap().len(), 1);
    let added = confirm(&words(1), DIGITS).expect(200).value();
    assert_eq!(added["node"], "phone");
    assert_eq!(browser.get("/api/devices").as_array().unwrap().len(), 2);

    let remove = |node: &str, words: &str| {
        let path = format!("/api/devices/{node}/remove");
        browser.json("POST", &path, json!({ "words": words }))
    };
    remove("phone", &words(9)).refused(422, "wrong-words");
    remove("tablet", &words(1)).refused(404, "not-found");
    remove(&"x".repeat(65), &words(1)).refused(400, "bad-request");
    remove("phone", &words(1)).expect(204);
    assert_eq!(browser.get("/api/devices").as_array().unwrap().len(), 1);
    let events = browser.get("/api/activity");
    let text = events.to_string();
    assert!(text.contains("identity.device-added") && text.contains("identity.device-removed"));
    assert!(!text.contains(&words(1)), "no word in the log");
}

#[test]
fn nobody_without_a_login_sees_or_changes_devices() {
    let (node, _browser) = Node::open();
    let stranger = Browser::new(node.port);
    for (method, path) in [
        ("GET", "/api/devices"),
        ("GET", "/api/devices/pairing"),
        ("POST", "/api/devices/pairing"),
        ("DELETE", "/api/devices/pairing"),
        ("POST", "/api/devices/pairing/confirm"),
        ("POST", "/api/devices/desk/remove"),
    ] {
        let reply = stranger.ask(method, path).send();
        assert_eq!(reply.status, 401, "{method} {path}");
    }
}
