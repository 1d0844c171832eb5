//! Coming back with words or shares, and the guardians who keep them.

use crate::common::{Ask, Browser, Node, PASSPHRASE, devices::DIGITS};
use serde_json::{Value, json};
use webx_identity::RecoveryWords;
use webx_identity::slip39::Policy;

fn words() -> RecoveryWords {
    RecoveryWords::generate(&[5; 32]).unwrap()
}

fn shares() -> Vec<String> {
    let mut byte = 0;
    let mut random = |bytes: &mut [u8]| {
        byte += 1;
        bytes.fill(byte);
        Ok(())
    };
    let shares = words()
        .split(&Policy::of(2, 3).unwrap(), &mut random)
        .unwrap();
    shares
        .iter()
        .map(|share| share.text().to_string())
        .collect()
}

fn recover(browser: &Browser, mut with: Value) -> Ask {
    let rest = json!({ "passphrase": PASSPHRASE, "displayName": "Ada", "deviceName": "New" });
    for (key, value) in rest.as_object().unwrap() {
        with.as_object_mut()
            .unwrap()
            .entry(key)
            .or_insert(value.clone());
    }
    browser.json("POST", "/api/onboarding/recover", with)
}

#[test]
fn who_comes_back_with_the_words_is_logged_in_and_need_not_prove_them_again() {
    let node = Node::start();
    let mut browser = Browser::new(node.port);
    let typed = words().words().join(" ").to_uppercase();
    let done = recover(&browser, json!({ "words": typed })).expect(200);
    browser.take_token(&done);
    let identity = browser.get("/api/identity");
    assert_eq!(
        (&identity["deviceName"], &identity["recoveryConfirmed"]),
        (&json!("New"), &json!(true))
    );
    browser
        .ask("GET", "/api/onboarding/challenge")
        .refused(409, "words-gone");
    recover(&Browser::new(node.port), json!({ "words": typed })).refused(409, "wrong-state");
}

#[test]
fn who_comes_back_with_shares_is_shown_the_words_and_asked_for_them() {
    let node = Node::start();
    let mut browser = Browser::new(node.port);
    let done = recover(&browser, json!({ "shares": shares()[1..] })).expect(200);
    let shown: Vec<String> = serde_json::from_value(done.value()["words"].clone()).unwrap();
    assert_eq!(shown, *words().words());
    browser.take_token(&done);
    assert_eq!(browser.get("/api/identity")["recoveryConfirmed"], false);
    let places = browser.get("/api/onboarding/challenge");
    assert_eq!(places["indexes"].as_array().unwrap().len(), 3);
}

#[test]
fn what_does_not_bring_anybody_back_makes_no_home() {
    let node = Node::start();
    let browser = Browser::new(node.port);
    let (share, mut wrong) = (shares().remove(0), shares().remove(1));
    wrong.push_str(" zero");
    let text = words().words().join(" ");
    for (with, status, code) in [
        (json!({}), 400, "bad-request"),
        (
            json!({ "words": text, "shares": [share] }),
            400,
            "bad-request",
        ),
        (
            json!({ "shares": vec![share.clone(); 17] }),
            400,
            "bad-request",
        ),
        (json!({ "words": "x".repeat(2000) }), 400, "bad-request"),
        (json!({ "words": "abandon abandon" }), 422, "not-words"),
        (json!({ "shares": [share, wrong] }), 422, "not-share"),
        (json!({ "shares": [share] }), 422, "wrong-shares"),
        (json!({ "shares": [share, share] }), 422, "wrong-shares"),
        (
            json!({ "words": text, "log": "no log" }),
            400,
            "bad-request",
        ),
    ] {
        recover(&browser, with).refused(status, code);
    }
    let status = node.ask("GET", "/api/status").expect(200).value();
    assert_eq!(status["state"], "welcome");
}

fn appoint(browser: &Browser, words: &RecoveryWords, threshold: u8, who: &[&str]) -> Ask {
    let words = words.words().join(" ");
    let body = json!({ "words": words, "threshold": threshold, "guardians": who });
    browser.json("PUT", "/api/guardians", body)
}

const ANN: &str = "did:key:z6MkiK4XED2wbL76iHJxfPLGraBqWkTJLTtwmRJ9sHDpKDt6";
const BEN: &str = "did:key:z6MkoazS6RKuvuYdFknACKYSWdQ1JRUhaMDG9gqDhzt2gDV6";

#[test]
fn guardians_are_appointed_with_the_words_alone() {
    let (_node, browser) = Node::open();
    assert_eq!(browser.get("/api/guardians")["guardians"], json!([]));
    for (threshold, who) in [
        (1, vec![ANN, BEN]),
        (3, vec![ANN, BEN]),
        (2, vec![ANN]),
        (2, vec![ANN; 17]),
        (2, vec![ANN, "nobody"]),
    ] {
        appoint(&browser, &words(), threshold, &who).refused(400, "bad-request");
    }
    let others = RecoveryWords::generate(&[9; 32]).unwrap();
    appoint(&browser, &others, 2, &[ANN, BEN]).refused(422, "wrong-words");
    let view = appoint(&browser, &words(), 2, &[ANN, BEN])
        .expect(200)
        .value();
    assert_eq!(
        (
            &view["threshold"],
            view["guardians"].as_array().unwrap().len()
        ),
        (&json!(2), 2)
    );
    browser
        .ask("DELETE", &format!("/api/guardians/{ANN}"))
        .expect(204);
    let left = browser
        .json("POST", "/api/guardians/check", json!({}))
        .expect(200);
    assert_eq!(left.value()["guardians"][0]["did"], BEN);
    let events = browser.get("/api/activity?limit=10").to_string();
    assert!(events.contains("identity.guardians-appointed") && !events.contains("abandon"));
}

#[test]
fn a_share_is_given_back_after_the_digits_were_compared() {
    let (_node, browser) = Node::open();
    assert_eq!(browser.get("/api/guardians/help")["state"], "none");
    let offer = browser
        .json(
            "POST",
            &format!("/api/guardians/wards/{ANN}/help"),
            json!({}),
        )
        .expect(200)
        .value();
    assert_eq!(offer["code"], "webx:recover?x");
    let asked = browser.get("/api/guardians/help");
    assert_eq!(
        (&asked["did"], &asked["state"], &asked["digits"]),
        (&json!(ANN), &json!("asked"), &json!(DIGITS))
    );
    let confirm = |digits: &str| {
        let body = json!({ "digits": digits });
        browser.json("POST", "/api/guardians/help/confirm", body)
    };
    confirm("000 000").refused(409, "other-digits");
    confirm(&"1".repeat(17)).refused(400, "bad-request");
    confirm(DIGITS).expect(204);
    browser.ask("DELETE", "/api/guardians/help").expect(204);
    assert_eq!(browser.get("/api/guardians/help")["state"], "none");
    browser
        .ask("DELETE", &format!("/api/guardians/wards/{BEN}"))
        .refused(404, "not-found");
    browser
        .ask("DELETE", "/api/guardians/wards/nobody")
        .refused(400, "bad-request");
}
