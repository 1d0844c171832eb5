//! QNet and the contacts: who may ask, what is refused, what a screen hears.

use std::time::{Duration, Instant};

use crate::common::{Browser, Node, qnet::NUMBER, wire::part};
use serde_json::{Value, json};
use webx_apps::SystemApp;

const ANN: &str = "did:key:z6MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2doK";

macro_rules! system_app {
    ($id:literal, $area:literal) => {
        SystemApp {
            id: $id,
            build: "1",
            files: &[
                ("app.js", b"export default 1"),
                ("icon.svg", b"<svg/>"),
                (
                    "manifest.json",
                    concat!(
                        r#"{"format":1,"api":"1","id":""#, $id, r#"","name":"Part","version":"1.0.0","category":"system","#,
                        r#""description":"A part of the system.","icon":"icon.svg","entry":{"builtin":{"module":"app.js"}},"#,
                        r#""permissions":{"required":[{"kind":"system","areas":[""#, $area, r#""],"reason":"Shows it."}]}}"#
                    )
                    .as_bytes(),
                ),
            ],
        }
    };
}

static PARTS: &[SystemApp] = &[
    system_app!("network", "network"),
    system_app!("contacts", "contacts"),
    system_app!("store", "store"),
];

fn install_of(browser: &Browser, app: &str) -> String {
    let all = browser.get("/api/apps");
    let found = all.as_array().unwrap().iter().find(|one| one["app"] == app);
    found.unwrap()["install"].as_str().unwrap().to_owned()
}

fn contact(did: &str) -> String {
    format!("/api/contacts/{}", part(did))
}

fn settings(browser: &Browser) -> Value {
    browser.get("/api/net/settings")
}

#[test]
fn a_part_of_the_system_reaches_its_own_area_and_not_the_other() {
    let (_node, browser) = Node::open_with_system(PARTS);
    let network = install_of(&browser, "webx.network");
    let contacts = install_of(&browser, "webx.contacts");
    let store = install_of(&browser, "webx.store");
    for path in ["/api/net", "/api/net/settings"] {
        browser.ask_for(&network, "GET", path).expect(200);
        browser
            .ask_for(&contacts, "GET", path)
            .refused(403, "app-denied");
        browser
            .ask_for(&store, "GET", path)
            .refused(403, "app-denied");
    }
    for path in ["/api/contacts", "/api/contacts/card"] {
        browser.ask_for(&contacts, "GET", path).expect(200);
        browser
            .ask_for(&network, "GET", path)
            .refused(403, "app-denied");
        browser
            .ask_for(&store, "GET", path)
            .refused(403, "app-denied");
    }
    let invite = json!({"label": "", "hours": 1});
    browser
        .ask_for(&store, "POST", "/api/net/invite")
        .json(&invite)
        .refused(403, "app-denied");
    browser
        .ask_for(&network, "DELETE", &contact(ANN))
        .refused(403, "app-denied");
}

#[test]
fn nobody_without_a_login_learns_who_one_knows() {
    let (node, browser) = Node::open();
    browser.get("/api/contacts");
    for path in [
        "/api/contacts",
        "/api/contacts/card",
        "/api/net",
        "/api/net/settings",
    ] {
        assert_eq!(node.ask("GET", path).send().status, 401, "{path}");
        node.control("GET", path).expect(200);
    }
    browser.ask("POST", "/api/lock").expect(204);
    node.control("GET", "/api/contacts").refused(423, "locked");
}

#[test]
fn without_qnet_the_view_says_so_and_the_rest_is_a_problem() {
    let (_node, browser) = Node::open();
    assert_eq!(
        browser.get("/api/net"),
        json!({"reach": "off", "running": false})
    );
    browser
        .ask("GET", "/api/net/peers")
        .refused(409, "no-network");
    let ping = format!("/api/net/peers/{}/ping", "a".repeat(52));
    browser.ask("POST", &ping).refused(504, "unreachable");
}

#[test]
fn a_contact_is_added_changed_compared_and_removed() {
    let (_node, browser) = Node::open();
    let new = json!({"text": format!("  {ANN}\n"), "name": " Ann "});
    let added = browser
        .json("POST", "/api/contacts", new)
        .expect(200)
        .value();
    assert_eq!(
        (&added["did"], &added["name"]),
        (&json!(ANN), &json!("Ann"))
    );
    let change = json!({"name": "Ann B.", "note": "from work"});
    let changed = browser
        .json("PATCH", &contact(ANN), change)
        .expect(200)
        .value();
    assert_eq!(
        (&changed["name"], &changed["note"]),
        (&json!("Ann B."), &json!("from work"))
    );
    let detail = browser.get(&contact(ANN));
    assert_eq!(detail["safetyNumber"], NUMBER);
    let verify = format!("{}/verify", contact(ANN));
    browser
        .json("POST", &verify, json!({"safetyNumber": "1"}))
        .refused(409, "other-number");
    let verified = browser
        .json("POST", &verify, json!({"safetyNumber": NUMBER}))
        .expect(200)
        .value();
    assert_eq!(verified["trust"], "verified");
    assert_eq!(
        browser
            .get("/api/contacts?limit=5")
            .as_array()
            .unwrap()
            .len(),
        1
    );
    assert_eq!(
        browser
            .get("/api/contacts?offset=1")
            .as_array()
            .unwrap()
            .len(),
        0
    );
    browser.ask("DELETE", &contact(ANN)).expect(204);
    browser.ask("GET", &contact(ANN)).refused(404, "not-found");
}

#[test]
fn an_app_offers_a_file_only_if_it_may_read_it_and_a_screen_hears_of_it() {
    let (node, browser) = Node::open_with_system(PARTS);
    let contacts = install_of(&browser, "webx.contacts");
    let store = install_of(&browser, "webx.store");
    let file = browser.put("root", "cat.jpg", b"cat");
    let file = file["id"].as_str().unwrap();
    let files = format!("{}/files", contact(ANN));
    let new = json!({ "node": file });
    // The area alone is not enough: the person did not choose this file for the app.
    for app in [&contacts, &store] {
        browser
            .ask_for(app, "POST", &files)
            .json(&new)
            .refused(403, "app-denied");
    }
    assert_eq!(browser.get("/api/transfers"), json!([]));
    let mut socket = crate::live::open(&node, &browser);
    let sent = browser.json("POST", &files, new).expect(200).value();
    assert_eq!((&sent["did"], &sent["node"]), (&json!(ANN), &json!(file)));
    assert_eq!(crate::live::wait_for(&mut socket, "transfers")["did"], ANN);
    let listed = browser.ask_for(&contacts, "GET", "/api/transfers");
    assert_eq!(listed.expect(200).value(), json!([sent]));
    browser
        .ask_for(&store, "GET", "/api/transfers")
        .refused(403, "app-denied");
    let one = format!("/api/transfers/{}", sent["id"]);
    browser
        .ask("POST", &format!("{one}/accept"))
        .refused(409, "decided");
    browser.ask("DELETE", &one).expect(204);
    browser.ask("DELETE", &one).refused(404, "not-found");
    for wrong in ["/api/transfers/x", "/api/transfers/99999999999999999999"] {
        browser.ask("DELETE", wrong).refused(400, "bad-request");
    }
    for wrong in [
        json!({}),
        json!({"node": "x"}),
        json!({"node": 1}),
        json!({"node": file, "to": 1}),
    ] {
        let status = browser.json("POST", &files, wrong.clone()).send().status;
        assert!(matches!(status, 400 | 404), "{wrong}: {status}");
    }
}

#[test]
fn hostile_input_is_a_problem_and_changes_nothing() {
    let (_node, browser) = Node::open();
    let post = |path: &str, body: Value| browser.json("POST", path, body);
    let long = "a".repeat(5000);
    let wrong = [
        ("/api/contacts", json!({"text": ""})),
        ("/api/contacts", json!({"text": "   "})),
        ("/api/contacts", json!({"text": long})),
        (
            "/api/contacts",
            json!({"text": ANN, "name": "a".repeat(129)}),
        ),
        ("/api/contacts", json!({"text": ANN, "name": "  "})),
        (
            "/api/contacts",
            json!({"text": ANN, "name": "Ann", "trust": "verified"}),
        ),
        ("/api/contacts", json!({"text": ["did:key:x"]})),
        ("/api/contacts", json!({"text": "did:"})),
        ("/api/net/invite", json!({"label": "", "hours": 0})),
        ("/api/net/invite", json!({"label": "", "hours": 721})),
        ("/api/net/invite", json!({"label": "", "hours": -1})),
        (
            "/api/net/invite",
            json!({"label": "a".repeat(65), "hours": 1}),
        ),
        ("/api/net/join", json!({"invite": long})),
        ("/api/net/join", json!({"invite": "https://example.org"})),
    ];
    for (path, body) in wrong {
        let reply = post(path, body.clone()).send();
        assert_eq!(reply.status, 400, "{path} {body}: {}", reply.text());
        assert_eq!(reply.get("content-type"), "application/problem+json");
    }
    assert_eq!(browser.get("/api/contacts"), json!([]));
    for did in ["did:", "nobody", "did:key:%00", &"d".repeat(2000)] {
        let reply = browser.ask("GET", &contact(did)).send();
        assert!(matches!(reply.status, 400 | 404), "{did}: {}", reply.status);
    }
    browser
        .ask("GET", &format!("/api/net/peers/{}", "a".repeat(65)))
        .refused(400, "bad-request");
    let note = json!({"note": "a".repeat(4097)});
    browser
        .json("PATCH", &contact(ANN), note)
        .refused(400, "bad-request");
    browser
        .json(
            "POST",
            "/api/contacts",
            json!({"text": "a".repeat(300_000)}),
        )
        .refused(413, "too-large");
    browser
        .ask("GET", "/api/contacts?limit=-1")
        .refused(400, "bad-request");
}

#[test]
fn settings_are_whole_and_within_bounds() {
    let (_node, browser) = Node::open();
    let usual = settings(&browser);
    let change = |name: &str, value: Value| {
        let mut all = usual.clone();
        all[name] = value;
        browser.json("PUT", "/api/net/settings", all)
    };
    for (name, value) in [
        ("neighbours", json!(2)),
        ("neighbours", json!(1_000_000)),
        ("guests", json!(-1)),
        ("controlBudget", json!(0)),
        ("hours", json!({"from": 4, "to": 4})),
        ("hours", json!({"from": 4, "to": 300})),
        ("rates", json!({"up": 0})),
        ("rates", json!({"sideways": 5000})),
        ("relay", json!({"port": 443})),
        (
            "relay",
            json!({"port": 443, "public": "example.org:443", "clients": 8, "rate": 65536}),
        ),
        ("unknown", json!(true)),
    ] {
        change(name, value.clone()).refused(400, "bad-request");
        assert_eq!(settings(&browser), usual, "{name} {value}");
    }
    let relay = json!({"port": 443, "public": "203.0.113.7:443", "clients": 8, "rate": 65536});
    change("relay", relay.clone()).expect(200);
    assert_eq!(settings(&browser)["relay"], relay);
    browser
        .json("PUT", "/api/net/settings", json!({"neighbours": 5}))
        .refused(400, "bad-request");
}

#[test]
fn a_screen_hears_of_many_changes_once_a_second() {
    let (node, browser) = Node::open();
    let mut socket = crate::live::open(&node, &browser);
    let began = Instant::now();
    for peers in 0..50 {
        node.qnet.tell_peers(peers);
    }
    let mut heard = Vec::new();
    while heard.last() != Some(&json!(49)) {
        let event = crate::live::wait_for(&mut socket, "network");
        assert_eq!(event["running"], true);
        heard.push(event["peers"].clone());
    }
    let seconds = began.elapsed();
    let most = usize::try_from(seconds.as_secs()).unwrap() + 2;
    assert!(heard.len() <= most, "{heard:?} in {seconds:?}");
    assert!(seconds < Duration::from_secs(30));

    let new = json!({"text": ANN, "name": "Ann"});
    browser.json("POST", "/api/contacts", new).expect(200);
    assert_eq!(crate::live::wait_for(&mut socket, "contacts")["did"], ANN);
}

#[test]
fn space_is_given_by_the_person_and_by_the_screen_of_contacts_alone() {
    let (_node, browser) = Node::open_with_system(PARTS);
    let contacts = install_of(&browser, "webx.contacts");
    let store = install_of(&browser, "webx.store");
    let path = format!("/api/copies/{ANN}");
    let space = json!({ "bytes": 50_000_000_000_u64 });
    for (method, path) in [
        ("GET", "/api/copies"),
        ("POST", "/api/copies/round"),
        ("POST", "/api/copies/restore"),
    ] {
        browser
            .ask_for(&store, method, path)
            .refused(403, "app-denied");
    }
    browser
        .ask_for(&store, "PUT", &path)
        .json(&space)
        .refused(403, "app-denied");
    let given = browser
        .ask_for(&contacts, "PUT", &path)
        .json(&space)
        .expect(200)
        .value();
    assert_eq!(given["agreements"][0]["given"], 50_000_000_000_u64);
    assert_eq!(browser.get("/api/copies"), given);
    browser.ask("POST", "/api/copies/round").expect(200);
    browser
        .ask("POST", "/api/copies/restore")
        .refused(404, "not-found");
    for wrong in [
        json!({}),
        json!({ "bytes": -1 }),
        json!({ "bytes": "1" }),
        json!({ "bytes": 1, "more": 1 }),
    ] {
        browser
            .json("PUT", &path, wrong)
            .refused(400, "bad-request");
    }
    browser
        .json("PUT", "/api/copies/nobody", space)
        .refused(400, "bad-request");
}
