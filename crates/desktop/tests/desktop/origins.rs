//! Web apps in origins of their own, and the page that builtin apps run in.

use crate::common::{
    Ask, Browser, Node,
    apps::{done, install, package, web_app},
};
use serde_json::{Value, json};

/// A web app with static files, a server side and one granted host.
fn site(mount: &str) -> (Node, Browser, Value, String) {
    let (node, browser) = Node::open();
    let mut manifest = web_app("site", mount);
    manifest["permissions"] = json!({"optional": [{"kind": "network", "hosts": ["api.example.org"], "reason": "Weather"}]});
    let page = b"<!doctype html><title>x</title><iframe src=y></iframe><script>1</script>";
    let files: &[(&str, &[u8])] = &[
        ("backend.wasm", b"\0asm"),
        ("web/index.html", page),
        ("web/app.js", b"let a = 1"),
        ("web/sub/index.html", b"<p>sub"),
        (
            "web/picture.svg",
            b"<svg xmlns=\"http://www.w3.org/2000/svg\"/>",
        ),
    ];
    let app = install(&node, &browser, &package(&manifest, files), true);
    let origin = app["entry"]["origin"].as_str().unwrap().to_owned();
    (node, browser, app, origin)
}

fn host(origin: &str) -> &str {
    origin.strip_prefix("http://").unwrap()
}

/// As the frame on the desktop opens it.
fn frame(node: &Node, origin: &str, path: &str) -> Ask {
    node.ask("GET", path)
        .host(host(origin))
        .header("sec-fetch-site", "same-site")
        .header("sec-fetch-mode", "navigate")
        .header("sec-fetch-dest", "iframe")
}

/// As the app's own page asks.
fn own(node: &Node, origin: &str, method: &str, path: &str) -> Ask {
    node.ask(method, path)
        .host(host(origin))
        .header("sec-fetch-site", "same-origin")
        .header("sec-fetch-mode", "cors")
        .header("sec-fetch-dest", "empty")
}

#[test]
fn a_page_is_served_whole_with_nothing_to_reach_out_with() {
    let (node, _browser, _app, origin) = site("/_api/");
    let page = frame(&node, &origin, "/").expect(200);
    let text = page.text();
    assert!(
        text.starts_with("<!doctype html><script nonce="),
        "{}",
        &text[..80]
    );
    assert!(text.contains("<x-iframe src=y></x-iframe><script nonce="));
    let policy = page.get("content-security-policy");
    let nonce = text
        .split("nonce=")
        .nth(1)
        .unwrap()
        .split('>')
        .next()
        .unwrap();
    assert!(policy.contains(&format!("'nonce-{nonce}'")));
    assert!(
        policy.contains("frame-src 'none'")
            && policy.contains("form-action 'self'")
            && policy.contains("https://api.example.org")
    );
    assert!(policy.contains(&format!(
        "frame-ancestors http://webx.localhost:{}",
        node.port
    )));
    assert!(policy.contains("sandbox allow-scripts allow-same-origin allow-forms"));
    assert_eq!(
        page.get("connection-allowlist"),
        "(response-origin \"https://api.example.org/*\" \"wss://api.example.org/*\"); webrtc=block"
    );
    assert!(
        page.get("permissions-policy").contains("camera=()")
            && page.get("permissions-policy").contains("fullscreen=()")
    );
    for (name, value) in [
        ("cross-origin-opener-policy", "same-origin"),
        ("cross-origin-resource-policy", "same-origin"),
        ("origin-agent-cluster", "?1"),
        ("x-content-type-options", "nosniff"),
        ("referrer-policy", "no-referrer"),
        ("cache-control", "no-store"),
    ] {
        assert_eq!(page.get(name), value, "{name}");
    }
    assert_ne!(
        frame(&node, &origin, "/")
            .expect(200)
            .get("content-security-policy"),
        policy,
        "a nonce is used once"
    );
    assert!(
        frame(&node, &origin, "/sub/")
            .expect(200)
            .text()
            .ends_with("<p>sub")
    );
    let script = own(&node, &origin, "GET", "/app.js").expect(200);
    assert_eq!(
        (script.get("content-type"), script.body.as_slice()),
        ("text/javascript; charset=utf-8", &b"let a = 1"[..])
    );
    assert!(
        script
            .get("content-security-policy")
            .contains("default-src 'self'")
    );
    own(&node, &origin, "GET", "/none.js").refused(404, "not-found");
    own(&node, &origin, "GET", "/../manifest.json").refused(404, "not-found");
    own(&node, &origin, "GET", "/%2e%2e/manifest.json").refused(404, "not-found");
    own(&node, &origin, "POST", "/app.js").refused(405, "method");
}

#[test]
fn what_is_shown_as_a_page_and_is_none_has_no_script_and_no_origin() {
    let (node, _browser, _app, origin) = site("/_api/");
    for path in ["/picture.svg", "/app.js", "/none"] {
        let policy = frame(&node, &origin, path)
            .send()
            .get("content-security-policy")
            .to_owned();
        assert!(
            policy.starts_with("sandbox;") && !policy.contains("allow-"),
            "{path}: {policy}"
        );
    }
}

#[test]
fn the_server_side_answers_where_it_is_mounted() {
    let (node, _browser, app, origin) = site("/_api/");
    let seen = own(&node, &origin, "POST", "/_api/notes?x=1")
        .header("x-webx-caller-did", "forged")
        .bytes(b"hi")
        .expect(200)
        .value();
    assert_eq!(
        (&seen["target"], &seen["body"], &seen["install"]),
        (&json!("/notes?x=1"), &json!("hi"), &app["install"])
    );
    assert!(seen["headers"].get("x-webx-caller-did").is_none());
    own(&node, &origin, "POST", "/notes").refused(405, "method");
    let page = frame(&node, &origin, "/_api/page").expect(200);
    assert!(
        page.text().contains("<x-iframe src=x>")
            && page
                .headers
                .iter()
                .all(|(n, _)| n != "link" && n != "set-cookie")
    );
    let (node, _browser, _app, origin) = site("/");
    assert_eq!(
        own(&node, &origin, "GET", "/anything").expect(200).value()["target"],
        "/anything"
    );
    assert_eq!(
        own(&node, &origin, "GET", "/app.js").expect(200).body,
        b"let a = 1",
        "a static file comes first"
    );
}

#[test]
fn an_origin_is_for_its_own_pages_in_the_desktops_frame() {
    let (node, browser, app, origin) = site("/_api/");
    let at = |path: &str| node.ask("GET", path).host(host(&origin));
    at("/").refused(403, "foreign-origin");
    at("/app.js")
        .header("sec-fetch-site", "same-site")
        .header("sec-fetch-dest", "script")
        .refused(403, "foreign-origin");
    at("/")
        .header("sec-fetch-site", "cross-site")
        .header("sec-fetch-mode", "navigate")
        .header("sec-fetch-dest", "iframe")
        .refused(403, "foreign-origin");
    let alone = at("/")
        .header("sec-fetch-site", "none")
        .header("sec-fetch-mode", "navigate")
        .header("sec-fetch-dest", "document")
        .expect(403);
    assert!(alone.text().contains("opens on the desktop"));
    own(&node, &origin, "GET", "/app.js")
        .header("service-worker", "script")
        .refused(403, "no-service-worker");
    own(&node, &origin, "POST", "/_api/x")
        .header("origin", &browser.origin())
        .refused(403, "foreign-origin");
    // No API, no session, no desktop there: the app's own server side is all that answers.
    for path in [
        "/api/status",
        "/api/apps",
        "/dav/",
        "/_os/frame.html",
        "/_object/x",
    ] {
        own(&node, &origin, "GET", path).refused(404, "not-found");
    }
    let foreign = |origin: &str| {
        browser
            .ask("GET", "/api/apps")
            .without("origin")
            .header("origin", origin)
            .send()
            .status
    };
    assert_eq!(
        foreign(&origin),
        403,
        "the API takes nothing from an app's origin"
    );
    // Whether a label is known is not told.
    let unknown = format!("{}.webx.localhost:{}", "a".repeat(26), node.port);
    let shape = |ask: Ask| {
        let reply = ask.send();
        (
            reply.status,
            reply.value(),
            reply
                .headers
                .iter()
                .map(|(n, _)| n.clone())
                .collect::<Vec<_>>(),
        )
    };
    let any = shape(node.ask("GET", "/").host("evil.example"));
    assert_eq!(shape(node.ask("GET", "/").host(&unknown)), any);
    let removed = browser
        .ask(
            "DELETE",
            &format!("/api/apps/{}", app["install"].as_str().unwrap()),
        )
        .expect(200)
        .value();
    done(&browser, &removed["saga"]);
    assert_eq!(shape(frame(&node, &origin, "/")), any, "a removed app");
}

#[test]
fn a_locked_node_has_no_apps() {
    let (node, browser, _app, origin) = site("/_api/");
    frame(&node, &origin, "/").expect(200);
    browser.ask("POST", "/api/lock").expect(204);
    frame(&node, &origin, "/").refused(403, "foreign-host");
}

#[test]
fn a_host_that_is_taken_back_is_gone_from_the_next_answer() {
    let (node, browser, app, origin) = site("/_api/");
    let grants = format!("/api/apps/{}/grants", app["install"].as_str().unwrap());
    browser
        .json(
            "PATCH",
            &grants,
            json!({"revoke": ["network:api.example.org"]}),
        )
        .expect(200);
    let page = frame(&node, &origin, "/").expect(200);
    assert!(
        !page
            .get("content-security-policy")
            .contains("api.example.org")
    );
    assert_eq!(
        page.get("connection-allowlist"),
        "(response-origin); webrtc=block"
    );
}

#[test]
fn the_page_of_builtin_apps_is_opened_by_the_desktop_alone() {
    let (node, browser) = Node::open();
    let shell = node.ask("GET", "/").expect(200);
    let frames = format!("frame-src 'self' http://*.webx.localhost:{};", node.port);
    assert!(shell.get("content-security-policy").contains(&frames));
    let page = node.ask("GET", "/_os/frame.html").own_page().send();
    if page.status == 404 {
        return; // the web side was not built
    }
    let policy = page.get("content-security-policy").to_owned();
    assert!(policy.contains(&format!(
        "script-src http://webx.localhost:{}/_os/ 'sha256-",
        node.port
    )));
    assert!(
        policy.contains("connect-src 'none'")
            && policy.contains("sandbox allow-scripts allow-forms")
    );
    assert_eq!(
        page.get("connection-allowlist"),
        "(response-origin); webrtc=block"
    );
    for site in ["cross-site", "same-site", "none"] {
        let ask = node
            .ask("GET", "/_os/frame.html")
            .header("sec-fetch-site", site);
        ask.refused(403, "foreign-origin");
    }
    let text = page.text();
    let module = text
        .split("src=\"./")
        .nth(1)
        .unwrap()
        .split('"')
        .next()
        .unwrap();
    let module = node
        .ask("GET", &format!("/_os/{module}"))
        .header("origin", "null")
        .header("sec-fetch-site", "cross-site")
        .header("sec-fetch-mode", "cors")
        .header("sec-fetch-dest", "script")
        .expect(200);
    assert_eq!(module.get("access-control-allow-origin"), "*");
    assert_eq!(module.get("cross-origin-resource-policy"), "cross-origin");
    assert!(module.get("cache-control").contains("immutable"));
    browser
        .ask("POST", "/_os/frame.html")
        .refused(405, "method");
}
