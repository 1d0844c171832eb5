//! What a manifest may say.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use common::{full, least, manifest};
use serde_json::{Value, json};
use webx_wxa::{Manifest, Refusal};

#[test]
fn a_manifest_is_written_as_it_was_read() {
    for value in [full(), least()] {
        let read = manifest(&value);
        let again = Manifest::parse(&read.to_bytes()).unwrap();
        assert_eq!(read, again);
    }
    let written: Value = serde_json::from_slice(&manifest(&full()).to_bytes()).unwrap();
    let mut wanted = full();
    // Defaults are written out.
    wanted["services"][1]["idempotent"] = false.into();
    wanted["workflows"][0]["steps"][0]["attempts"] = 3.into();
    wanted["workflows"][0]["steps"][1]["timeoutSeconds"] = 30.into();
    assert_eq!(written, wanted);
}

/// Puts `value` where `at` points.
fn with(mut base: Value, at: &str, value: Value) -> Value {
    let (parent, last) = at.rsplit_once('/').unwrap();
    let parent = base.pointer_mut(parent).unwrap();
    match parent {
        Value::Array(items) => items[last.parse::<usize>().unwrap()] = value,
        Value::Object(members) if value == json!("-gone-") => {
            members.remove(last);
        }
        Value::Object(members) => {
            members.insert(last.to_owned(), value);
        }
        _ => panic!("{at}"),
    }
    base
}

/// Every mistake: where, what, and words that the refusal must have.
fn mistakes() -> Vec<(&'static str, Value, &'static str, &'static str)> {
    let long = |n: usize| Value::from("x".repeat(n));
    vec![
        ("/format", json!(2), "format", "must be 1"),
        ("/format", json!("1"), "format", "must be 1"),
        ("/api", json!("2"), "api", "must be \"1\""),
        ("/api", json!(1), "api", "must be a text, not a number"),
        ("/id", json!("Notes"), "id", "2 to 40"),
        ("/id", json!("n"), "id", "2 to 40"),
        ("/id", long(41), "id", "2 to 40"),
        ("/id", json!("-gone-"), "id", "is missing"),
        ("/name", json!(""), "name", "is empty"),
        ("/name", json!(" x"), "name", "begins or ends with a space"),
        ("/name", long(65), "name", "64 are allowed"),
        ("/name", json!("a\u{202e}b"), "name", "cannot be shown"),
        ("/name", json!("a\nb"), "name", "cannot be shown"),
        ("/name", json!("u\u{308}"), "name", "normal form C"),
        ("/name", json!(null), "name", "not null"),
        ("/version", json!("1.2"), "version", "like 1.2.0"),
        ("/version", json!("01.2.3"), "version", "like 1.2.0"),
        ("/version", json!("1.2.3+5"), "version", "build metadata"),
        (
            "/category",
            json!("fun"),
            "category",
            "“fun” is not one of productivity",
        ),
        ("/description", long(501), "description", "500 are allowed"),
        ("/icon", json!("../icon.svg"), "icon", "leads out"),
        ("/icon", json!("icon.exe"), "icon", ".svg"),
        ("/icon", json!("META/icon.svg"), "icon", "META/"),
        ("/entry", json!({}), "entry", "exactly one of"),
        (
            "/entry",
            json!({"builtin": {"module": "a.js"}, "iframe": {"start": "/"}}),
            "entry",
            "exactly one of",
        ),
        (
            "/entry",
            json!({"native": {}}),
            "entry.native",
            "not known here",
        ),
        (
            "/entry",
            json!({"builtin": {"module": "a.ts"}}),
            "entry.builtin.module",
            ".js",
        ),
        (
            "/entry",
            json!({"builtin": {"module": "a.js", "style": "a.js"}}),
            "entry.builtin.style",
            ".css",
        ),
        (
            "/entry",
            json!({"iframe": {"start": "//evil.example.org"}}),
            "entry.iframe.start",
            "own origin",
        ),
        (
            "/entry",
            json!({"iframe": {"start": "https://example.org"}}),
            "entry.iframe.start",
            "own origin",
        ),
        (
            "/backend",
            json!({"wasm": {"component": "b.wasm", "mount": "api"}}),
            "backend.wasm.mount",
            "begin and end",
        ),
        (
            "/backend",
            json!({"wasm": {"component": "b.wasm", "mount": "/a/../"}}),
            "backend.wasm.mount",
            "begin and end",
        ),
        (
            "/backend",
            json!({"wasm": {"component": "b.so", "mount": "/"}}),
            "backend.wasm.component",
            ".wasm",
        ),
        (
            "/backend",
            json!({"wsgi": {"app": "a:app", "source": "b/", "mount": "/"}}),
            "backend.wsgi",
            "either component or native",
        ),
        (
            "/backend",
            json!({"wsgi": {"app": "a", "source": "b/", "component": "b.wasm", "mount": "/"}}),
            "backend.wsgi.app",
            "like guestbook:app",
        ),
        (
            "/backend",
            json!({"wsgi": {"app": "a:app", "source": "b", "component": "b.wasm", "mount": "/"}}),
            "backend.wsgi.source",
            "end with /",
        ),
        (
            "/backend",
            json!({"docker": {}}),
            "backend.docker",
            "not known here",
        ),
        (
            "/permissions",
            json!([]),
            "permissions",
            "an object, not a list",
        ),
        (
            "/permissions",
            json!({"requried": []}),
            "permissions.requried",
            "not known here; known are required, optional",
        ),
        (
            "/permissions/required/0/reason",
            json!(""),
            "permissions.required[0].reason",
            "is empty",
        ),
        (
            "/permissions/required/0/reason",
            long(201),
            "permissions.required[0].reason",
            "200 are allowed",
        ),
        (
            "/permissions/required/0/reason",
            json!("-gone-"),
            "permissions.required[0].reason",
            "is missing",
        ),
        (
            "/permissions/required/0/access",
            json!("all"),
            "permissions.required[0].access",
            "not one of own, pick",
        ),
        (
            "/permissions/required/0/mode",
            json!("read"),
            "permissions.required[0].mode",
            "\"pick\" only",
        ),
        (
            "/permissions/required/0/hosts",
            json!(["a.org"]),
            "permissions.required[0].hosts",
            "not known here",
        ),
        (
            "/permissions/required/1/hosts",
            json!([]),
            "permissions.required[1].hosts",
            "is empty",
        ),
        (
            "/permissions/required/1/hosts/0",
            json!("*"),
            "permissions.required[1].hosts[0]",
            "first part",
        ),
        (
            "/permissions/required/1/hosts/0",
            json!("10.0.0.1"),
            "permissions.required[1].hosts[0]",
            "IP address",
        ),
        (
            "/permissions/required/1/hosts/0",
            json!("http://example.org"),
            "permissions.required[1].hosts[0]",
            "HTTPS is understood",
        ),
        (
            "/permissions/required/1/hosts/1",
            json!("api.example.org"),
            "permissions.required[1].hosts[1]",
            "occurs twice",
        ),
        (
            "/permissions/optional/0/mode",
            json!("-gone-"),
            "permissions.optional[0].mode",
            "is missing",
        ),
        (
            "/permissions/optional/1/claims",
            json!(["age"]),
            "permissions.optional[1].claims[0]",
            "“age” is not one of name, did-auth",
        ),
        (
            "/permissions/optional/1",
            json!({"kind": "storage", "access": "own", "reason": "Again"}),
            "permissions.optional[1]",
            "storage:own a second time",
        ),
        (
            "/permissions/optional/8/apps/0",
            json!("notes"),
            "permissions.optional[8].apps[0]",
            "own.<id>",
        ),
        (
            "/permissions/optional/8/apps/0",
            json!("abc.notes"),
            "permissions.optional[8].apps[0]",
            "16 characters",
        ),
        (
            "/services/0/method",
            json!("TRACE"),
            "services[0].method",
            "“TRACE” is not one of",
        ),
        (
            "/services/0/path",
            json!("entries"),
            "services[0].path",
            "like /render",
        ),
        (
            "/services/1/name",
            json!("post"),
            "services[1].name",
            "occurs twice",
        ),
        ("/backend", json!(null), "services", "needs a backend"),
        (
            "/workflows/0/steps",
            json!([]),
            "workflows[0].steps",
            "is empty",
        ),
        (
            "/workflows/0/steps/0/app",
            json!("own.other"),
            "workflows[0].steps[0].app",
            "services permission",
        ),
        (
            "/workflows/0/steps/1/service",
            json!("fly"),
            "workflows[0].steps[1].service",
            "no service “fly”",
        ),
        (
            "/workflows/0/steps/1/undo",
            json!("fly"),
            "workflows[0].steps[1].undo",
            "no service “fly”",
        ),
        (
            "/workflows/0/steps/0/with",
            json!({"a": "/steps/post/x"}),
            "workflows[0].steps[0].with.a",
            "does not come before",
        ),
        (
            "/workflows/0/steps/0/with",
            json!({"a": "input"}),
            "workflows[0].steps[0].with.a",
            "JSON Pointer",
        ),
        (
            "/workflows/0/steps/0/attempts",
            json!(0),
            "workflows[0].steps[0].attempts",
            "from 1 to 20",
        ),
        (
            "/screenshots/0",
            json!("shots/1.gif"),
            "screenshots[0]",
            ".png",
        ),
        (
            "/screenshots/1",
            json!("shots/1.png"),
            "screenshots[1]",
            "occurs twice",
        ),
        ("/languages/0", json!("EN"), "languages[0]", "like en"),
        (
            "/window",
            json!({"width": 100, "height": 620}),
            "window.width",
            "from 200 to 4096",
        ),
        ("/window/single", json!(1), "window.single", "true or false"),
        ("/source", json!("src"), "source", "end with /"),
        ("/publisher", json!("me"), "publisher", "not known here"),
    ]
}

#[test]
fn every_mistake_is_refused_at_its_place_and_in_words() {
    for (at, value, place, words) in mistakes() {
        let refusal = Manifest::from_value(&with(full(), at, value.clone())).unwrap_err();
        let sentence = refusal.to_string();
        let Refusal::Manifest { at: found, .. } = &refusal else {
            panic!("{at} {value}: {sentence}");
        };
        assert_eq!(found, place, "{at} {value}: {sentence}");
        assert!(sentence.contains(words), "{at} {value}: {sentence}");
    }
}

#[test]
fn a_permission_that_does_not_exist_is_refused_by_name() {
    let bad = with(
        full(),
        "/permissions/required/0",
        json!({"kind": "camera", "reason": "Sees you"}),
    );
    let refusal = Manifest::from_value(&bad).unwrap_err();
    assert_eq!(refusal.code(), "unknown-permission");
    assert!(refusal.to_string().contains("“camera”"), "{refusal}");
}

#[test]
fn native_wheels_need_the_permission_for_native_code() {
    let native =
        json!({"wsgi": {"app": "a:app", "source": "b/", "mount": "/", "native": {"wheels": []}}});
    let refusal = Manifest::from_value(&with(full(), "/backend", native.clone())).unwrap_err();
    assert!(refusal.to_string().contains("native-code"), "{refusal}");
    let mut good = with(least(), "/backend", native);
    good["permissions"] = json!({"required": [{"kind": "native-code", "reason": "Uses numpy"}]});
    assert!(Manifest::from_value(&good).is_ok());
}

#[test]
fn a_manifest_that_is_no_plain_json_is_refused() {
    for (text, words) in [
        ("", "EOF"),
        ("{\"format\":1,\"format\":1}", "occurs twice"),
        ("{} {}", "trailing"),
        ("{\"format\":1,}", "line 1"),
        ("[]", "must be an object"),
    ] {
        let refusal = Manifest::parse(text.as_bytes()).unwrap_err();
        assert!(refusal.to_string().contains(words), "{refusal}");
    }
    assert!(Manifest::parse(b"\xff").is_err());
    assert_eq!(
        Manifest::parse(&vec![b' '; 64 * 1024 + 1])
            .unwrap_err()
            .code(),
        "too-large"
    );
    assert!(Manifest::parse("[".repeat(60_000).as_bytes()).is_err());
}

#[test]
fn every_piece_of_a_permission_has_its_own_key_and_reason() {
    let asks = manifest(&full()).permissions.asks();
    let keys: Vec<&str> = asks.iter().map(|ask| ask.key.as_str()).collect();
    assert_eq!(
        keys,
        [
            "storage:own",
            "network:api.example.org",
            "network:*.example.org",
            "storage:pick:read",
            "identity:name",
            "identity:did-auth",
            "messages",
            "notify",
            "compute",
            "wallet",
            "native-code",
            "clipboard",
            "services:own.image-resize",
            "services:webx.files"
        ]
    );
    for ask in &asks {
        assert_eq!(ask.key.permission().unwrap(), ask.permission);
        let number = keys
            .iter()
            .position(|key| *key == ask.key.as_str())
            .unwrap();
        assert_eq!(ask.required, number < 3);
        assert!(!ask.reason.is_empty());
    }
    let ask = serde_json::to_value(&manifest(&full()).permissions.asks()[1]).unwrap();
    assert_eq!(
        ask,
        json!({"key": "network:api.example.org", "permission": {"kind": "network", "hosts": ["api.example.org"]},
               "reason": "Looks up places", "required": true})
    );
}
