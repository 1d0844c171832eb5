//! What an app may do with a person's session: what the broker allows, and nothing else.

use crate::common::{
    Browser, Node,
    apps::{install, manifest, package, web_app},
    browser::id,
};
use serde_json::{Value, json};

/// An address of the document with something in each place.
fn filled(path: &str, install: &str) -> String {
    let mut out = String::new();
    let mut rest = path;
    while let Some((before, tail)) = rest.split_once('{') {
        let (name, tail) = tail.split_once('}').unwrap();
        out.push_str(before);
        out.push_str(match name {
            "install" => install,
            "id" if path.contains("/drive/nodes/") => "root",
            "number" | "version" => "0",
            _ => "x",
        });
        rest = tail;
    }
    out + rest
}

#[test]
fn an_app_without_grants_gets_nothing_of_the_whole_document() {
    let (node, browser) = Node::open();
    let app = install(&node, &browser, &package(&manifest("plain"), &[]), true);
    let app = app["install"].as_str().unwrap();
    let other = install(&node, &browser, &package(&manifest("other"), &[]), true);
    let other = other["install"].as_str().unwrap();
    let document = node.ask("GET", "/api/openapi.json").expect(200).value();
    // What every app may do: look at itself, read its own package, make addresses of what it may read, begin what it declares.
    let own = [
        ("get", "/api/apps/{install}"),
        ("get", "/api/apps/{install}/backend"),
        ("get", "/api/apps/{install}/package/{path}"),
        ("delete", "/api/apps/{install}/picked/{node}"),
        ("post", "/api/apps/{install}/objects"),
        ("post", "/api/apps/{install}/workflows/{name}"),
    ];
    let mut tried = 0;
    for (path, methods) in document["paths"].as_object().unwrap() {
        for method in methods.as_object().unwrap().keys() {
            let verb = method.to_uppercase();
            for target in [app, other] {
                let is_own = target == app && own.contains(&(method.as_str(), path.as_str()));
                let address = filled(path, target);
                let ask = browser.ask_for(app, &verb, &address);
                let reply = if verb == "GET" {
                    ask.send()
                } else {
                    ask.json(&json!({})).send()
                };
                assert_eq!(
                    reply.status == 403,
                    !is_own,
                    "{verb} {address}: {} {}",
                    reply.status,
                    reply.text()
                );
                if !is_own {
                    assert_eq!(reply.value()["code"], "app-denied", "{verb} {address}");
                }
                tried += 1;
            }
        }
    }
    assert!(tried > 150, "{tried}");
    for path in [
        "/api/live",
        "/api/control/ping",
        "/api/nothing",
        "/_api/x/y",
    ] {
        browser.ask_for(app, "GET", path).refused(403, "app-denied");
    }
    node.control("GET", "/api/control/ping")
        .header("webx-app", app)
        .refused(403, "app-denied");
    node.control("GET", "/api/settings")
        .header("webx-app", app)
        .refused(403, "app-denied");
}

#[test]
fn a_request_names_one_app_that_is_installed() {
    let (node, browser) = Node::open();
    let app = install(&node, &browser, &package(&manifest("plain"), &[]), true);
    let (app, path) = (
        app["install"].as_str().unwrap(),
        format!("/api/apps/{}", app["install"].as_str().unwrap()),
    );
    browser.ask_for(app, "GET", &path).expect(200);
    for bad in [
        "",
        "x",
        "webx.files",
        "00000000-0000-0000-0000-000000000000",
        "*",
    ] {
        browser
            .ask_for(bad, "GET", &path)
            .refused(403, "app-denied");
    }
    browser
        .ask_for(app, "GET", &path)
        .header("webx-app", app)
        .refused(403, "app-denied");
    // The header takes away and gives nothing: without a session it is worth nothing.
    node.ask("GET", &path)
        .own_page()
        .header("webx-app", app)
        .refused(401, "no-token");
}

#[test]
fn an_app_keeps_its_own_and_sees_nothing_of_others() {
    let (node, browser) = Node::open();
    let storing = |name: &str| {
        let mut manifest = manifest(name);
        manifest["permissions"] =
            json!({"required": [{"kind": "storage", "access": "own", "reason": "Keeps notes"}]});
        let app = install(&node, &browser, &package(&manifest, &[]), true);
        app["install"].as_str().unwrap().to_owned()
    };
    let (one, two) = (storing("one"), storing("two"));
    let at = |app: &str, rest: &str| format!("/api/apps/{app}/{rest}");
    let put = |app: &str, rest: &str, value: Value| {
        browser.ask_for(app, "PUT", &at(app, rest)).json(&value)
    };
    put(&one, "kv/colour", json!({"value": "blue"})).expect(204);
    put(
        &one,
        "docs/notes/a",
        json!({"value": {"title": "A", "stars": 3}}),
    )
    .expect(200);
    browser
        .ask_for(&one, "PUT", &at(&one, "blobs/picture"))
        .header("content-type", "image/png")
        .bytes(b"0123456789")
        .expect(200);
    let get = |app: &str, rest: &str| browser.ask_for(app, "GET", &at(app, rest));
    assert_eq!(
        get(&one, "kv/colour").expect(200).value(),
        json!({"value": "blue"})
    );
    assert_eq!(
        get(&one, "kv?prefix=col").expect(200).value(),
        json!({"keys": ["colour"]})
    );
    assert_eq!(
        get(&one, "docs/notes?where=stars:3").expect(200).value()["items"][0]["id"],
        "a"
    );
    assert_eq!(
        get(&one, "docs/notes?where=stars:4").expect(200).value()["items"],
        json!([])
    );
    let part = get(&one, "blobs/picture")
        .header("range", "bytes=2-4")
        .expect(206);
    assert_eq!(
        (part.body.as_slice(), part.get("content-type")),
        (&b"234"[..], "image/png")
    );
    put(&one, "docs/notes/a", json!({"value": {}, "ifVersion": 7})).refused(409, "changed");
    for rest in [
        "kv",
        "kv/colour",
        "docs/notes",
        "docs/notes/a",
        "blobs",
        "blobs/picture",
    ] {
        browser
            .ask_for(&two, "GET", &at(&one, rest))
            .refused(403, "app-denied");
        browser.ask_for(&two, "DELETE", &at(&one, rest)).send();
    }
    get(&one, "kv/colour").expect(200);
    get(&two, "kv/colour").refused(404, "not-found");
    browser
        .json(
            "PATCH",
            &at(&one, "grants"),
            json!({"revoke": ["storage:own"]}),
        )
        .expect(200);
    get(&one, "kv/colour").refused(403, "app-denied");
}

#[test]
fn a_picked_folder_opens_what_is_in_it_and_nothing_around_it() {
    let (node, browser) = Node::open();
    let mut wants = manifest("editor");
    wants["permissions"] = json!({"optional": [{"kind": "storage", "access": "pick", "mode": "write", "reason": "Edits files"}]});
    let app = install(&node, &browser, &package(&wants, &[]), true);
    let app = app["install"].as_str().unwrap();
    let folder = browser.folder("root", "given");
    let inside = browser.put(&folder, "in.txt", b"inside");
    let outside = browser.put("root", "out.txt", b"outside");
    let secret = browser.folder("root", "kept");
    let ask = |method: &str, path: &str| browser.ask_for(app, method, path);
    let content = |node: &Value| format!("/api/drive/nodes/{}/content", id(node));
    ask("GET", &content(&inside)).refused(403, "app-denied");
    let picked = format!("/api/apps/{app}/picked");
    browser
        .ask_for(app, "POST", &picked)
        .json(&json!({"node": folder, "mode": "write"}))
        .refused(403, "app-denied");
    browser
        .json("POST", &picked, json!({"node": folder, "mode": "write"}))
        .expect(200);
    assert_eq!(ask("GET", &content(&inside)).expect(200).body, b"inside");
    ask("PUT", &content(&inside)).bytes(b"changed").expect(200);
    ask("PUT", &format!("/api/drive/nodes/{folder}/files/new.txt"))
        .bytes(b"x")
        .expect(200);
    let renamed = format!("/api/drive/nodes/{}", id(&inside));
    ask("PATCH", &renamed)
        .json(&json!({"name": "renamed.txt"}))
        .expect(200);
    // Around it: other files, what was before, the folder's own name and place, ways out.
    ask("GET", &content(&outside)).refused(403, "app-denied");
    ask("GET", &format!("{}?version=1", content(&inside))).refused(403, "app-denied");
    ask("GET", &format!("{}?%76ersion=1", content(&inside))).refused(403, "app-denied");
    ask("GET", &format!("/api/drive/nodes/{}/versions", id(&inside))).refused(403, "app-denied");
    ask("GET", &format!("/api/drive/nodes/{}/path", id(&inside))).refused(403, "app-denied");
    ask("GET", "/api/drive/nodes/root/children").refused(403, "app-denied");
    ask("DELETE", &format!("/api/drive/nodes/{folder}")).refused(403, "app-denied");
    ask("PATCH", &renamed)
        .json(&json!({"parent": secret}))
        .refused(403, "app-denied");
    ask("POST", &format!("{renamed}/copy"))
        .json(&json!({"parent": secret}))
        .refused(403, "app-denied");
    ask("POST", &format!("/api/drive/nodes/{}/copy", id(&outside)))
        .json(&json!({"parent": folder}))
        .refused(403, "app-denied");
    ask("GET", &format!("/api/drive/archive?ids={}", id(&outside))).refused(403, "app-denied");
    ask(
        "GET",
        "/api/drive/nodes/00000000-0000-0000-0000-00000000beef",
    )
    .refused(403, "app-denied");
    browser
        .ask("DELETE", &format!("{picked}/{folder}"))
        .expect(204);
    ask("GET", &content(&inside)).refused(403, "app-denied");
}

#[test]
fn an_object_address_is_good_for_one_file_while_the_app_may_read_it() {
    let (node, mut browser) = Node::open();
    let mut wants = manifest("viewer");
    wants["permissions"] = json!({"required": [{"kind": "storage", "access": "pick", "mode": "read", "reason": "Shows pictures"}]});
    let app = install(&node, &browser, &package(&wants, &[]), true);
    let app = app["install"].as_str().unwrap();
    let picture = browser.put("root", "cat.png", b"0123456789");
    let other = browser.put("root", "dog.png", b"dog");
    browser
        .json(
            "POST",
            &format!("/api/apps/{app}/picked"),
            json!({"node": id(&picture), "mode": "read"}),
        )
        .expect(200);
    let make = |browser: &Browser, node: &Value| {
        browser
            .ask_for(app, "POST", &format!("/api/apps/{app}/objects"))
            .json(&json!({"node": id(node)}))
    };
    make(&browser, &other).refused(403, "app-denied");
    let url = make(&browser, &picture).expect(200).value()["url"]
        .as_str()
        .unwrap()
        .to_owned();
    // As a frame without an origin loads it: no session, from "elsewhere".
    let load = |url: &str| {
        node.ask("GET", url)
            .header("sec-fetch-site", "cross-site")
            .header("sec-fetch-mode", "no-cors")
            .header("sec-fetch-dest", "image")
    };
    let reply = load(&url).header("range", "bytes=1-3").expect(206);
    assert_eq!(reply.body, b"123");
    assert_eq!(reply.get("cross-origin-resource-policy"), "cross-origin");
    assert!(reply.get("content-security-policy").starts_with("sandbox"));
    load(&url)
        .without("sec-fetch-dest")
        .header("sec-fetch-dest", "script")
        .refused(403, "not-code");
    load(&format!("{}x", url)).refused(404, "not-found");
    load("/_object/").refused(403, "foreign-origin");
    browser
        .ask(
            "DELETE",
            &format!("/api/apps/{app}/picked/{}", id(&picture)),
        )
        .expect(204);
    load(&url).refused(404, "not-found");
    browser
        .json(
            "POST",
            &format!("/api/apps/{app}/picked"),
            json!({"node": id(&picture), "mode": "read"}),
        )
        .expect(200);
    load(&url).expect(200);
    browser.ask("POST", "/api/lock").expect(204);
    load(&url).refused(404, "not-found");
    browser.log_in(json!({"passphrase": crate::common::PASSPHRASE}));
    load(&url).refused(404, "not-found");
}

#[test]
fn the_backend_learns_who_asks_from_the_node_alone() {
    let (node, browser) = Node::open();
    let app = install(
        &node,
        &browser,
        &package(
            &web_app("echo", "/_api/"),
            &[("backend.wasm", b"\0asm"), ("web/index.html", b"<p>")],
        ),
        true,
    );
    let app = app["install"].as_str().unwrap();
    let path = format!("/_api/{app}/notes/1?a=b");
    let seen = browser
        .ask_for(app, "POST", &path)
        .header("x-webx-caller-did", "did:key:zForged")
        .header("x-webx-app", "forged")
        .header("x-webx-request-id", "forged")
        .header("cookie", "a=b")
        .header("x-own", "kept")
        .bytes(b"hello")
        .expect(200)
        .value();
    assert_eq!(
        (&seen["method"], &seen["target"], &seen["body"]),
        (&json!("POST"), &json!("/notes/1?a=b"), &json!("hello"))
    );
    assert_eq!(seen["caller"], "did:scid:vh:1:QmTest");
    assert_eq!(seen["install"], app);
    assert_eq!(seen["headers"]["x-own"], "kept");
    for gone in [
        "authorization",
        "dpop",
        "cookie",
        "webx-app",
        "x-webx-caller-did",
        "x-webx-app",
        "x-webx-request-id",
    ] {
        assert!(seen["headers"].get(gone).is_none(), "{gone}: {seen}");
    }
    let page = browser
        .ask_for(app, "GET", &format!("/_api/{app}/page"))
        .expect(200);
    assert!(
        page.headers
            .iter()
            .all(|(n, _)| n != "set-cookie" && n != "link")
    );
    assert!(
        page.get("content-security-policy")
            .contains("default-src 'none'")
    );
    let away = browser
        .ask_for(app, "GET", &format!("/_api/{app}/away"))
        .expect(302);
    assert!(away.headers.iter().all(|(n, _)| n != "location"));
    browser
        .ask_for(app, "GET", &path)
        .header("upgrade", "websocket")
        .header("connection", "upgrade")
        .refused(501, "no-upgrade");
    let other = install(&node, &browser, &package(&manifest("other"), &[]), true);
    browser
        .ask_for(other["install"].as_str().unwrap(), "GET", &path)
        .refused(403, "app-denied");
    node.ask("GET", &path).own_page().refused(401, "no-token");
    let stranger = format!("/_api/{}/x", other["install"].as_str().unwrap());
    browser.ask("GET", &stranger).refused(404, "no-backend");
}

#[test]
fn a_notification_of_an_app_leads_to_that_app() {
    let (node, browser) = Node::open();
    let mut wants = manifest("bell");
    wants["permissions"] = json!({"required": [{"kind": "notify", "reason": "Rings"}]});
    let app = install(&node, &browser, &package(&wants, &[]), true);
    let forged = json!({"title": "Your bank", "open": {"app": "webx.settings", "args": {"a": 1}}});
    let seen = browser
        .ask_for(
            app["install"].as_str().unwrap(),
            "POST",
            "/api/notifications",
        )
        .json(&forged)
        .expect(200)
        .value();
    assert_eq!(seen["open"], json!({"app": app["app"], "args": {"a": 1}}));
}

#[test]
fn a_proof_of_the_person_names_app_and_challenge() {
    use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
    use ed25519_dalek::{Signature, Verifier as _};
    let (node, browser) = Node::open();
    let mut wants = manifest("forum");
    wants["permissions"] = json!({"required": [{"kind": "identity", "claims": ["name", "did-auth"], "reason": "Signs you in"}]});
    let app = install(&node, &browser, &package(&wants, &[]), true);
    let path = format!("/api/apps/{}/identity", app["install"].as_str().unwrap());
    let ask =
        |method: &str, path: &str| browser.ask_for(app["install"].as_str().unwrap(), method, path);
    assert_eq!(
        ask("GET", &path).expect(200).value(),
        json!({"displayName": "Ada"})
    );
    let challenge = json!({"challenge": "0123456789abcdef"});
    let proof = ask("POST", &format!("{path}/authenticate"))
        .json(&challenge)
        .expect(200)
        .value();
    let payload = proof["payload"].as_str().unwrap();
    let signature = URL_SAFE_NO_PAD
        .decode(proof["signature"].as_str().unwrap())
        .unwrap();
    crate::common::device()
        .verifying_key()
        .verify(
            payload.as_bytes(),
            &Signature::from_slice(&signature).unwrap(),
        )
        .unwrap();
    let said: Value = serde_json::from_str(payload).unwrap();
    assert_eq!(
        (&said["app"], &said["challenge"], &said["purpose"]),
        (
            &app["app"],
            &challenge["challenge"],
            &json!("webx-app-authentication/1")
        )
    );
    ask("POST", &format!("{path}/authenticate"))
        .json(&json!({"challenge": "short"}))
        .refused(400, "bad-request");
}
