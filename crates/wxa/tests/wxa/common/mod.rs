//! Parts that the tests share.
#![allow(dead_code, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use ed25519_dalek::SigningKey;
use serde_json::{Value, json};
use time::{OffsetDateTime, macros::datetime};
use webx_wxa::{Draft, KeySigner, Manifest};

pub(crate) const NOW: OffsetDateTime = datetime!(2026-11-22 12:00 UTC);

pub(crate) fn key() -> SigningKey {
    SigningKey::from_bytes(&[7; 32])
}

pub(crate) fn signer() -> KeySigner {
    KeySigner::new(key())
}

/// A manifest with every member.
pub(crate) fn full() -> Value {
    json!({
        "format": 1, "api": "1", "id": "guestbook", "name": "Gästebuch", "version": "1.2.0-rc.1",
        "category": "communication", "description": "A guestbook.", "icon": "icon.svg",
        "entry": {"iframe": {"start": "/?lang=en#top"}},
        "backend": {"wsgi": {"app": "guestbook:app", "source": "backend/", "component": "backend.wasm", "mount": "/"}},
        "permissions": {
            "required": [
                {"kind": "storage", "access": "own", "reason": "Keeps the entries"},
                {"kind": "network", "hosts": ["api.example.org", "*.example.org"], "reason": "Looks up places"}
            ],
            "optional": [
                {"kind": "storage", "access": "pick", "mode": "read", "reason": "Opens pictures"},
                {"kind": "identity", "claims": ["name", "did-auth"], "reason": "Signs your entry"},
                {"kind": "messages", "reason": "Sends entries to friends"},
                {"kind": "notify", "reason": "Tells of new entries"},
                {"kind": "compute", "reason": "Renders"},
                {"kind": "wallet", "reason": "Takes gifts"},
                {"kind": "native-code", "reason": "Is fast"},
                {"kind": "clipboard", "reason": "Pastes"},
                {"kind": "services", "apps": ["own.image-resize", "webx.files"], "reason": "Shrinks pictures"}
            ]
        },
        "services": [{"name": "post", "method": "POST", "path": "/entries", "idempotent": true},
                     {"name": "remove", "method": "DELETE", "path": "/entries"}],
        "workflows": [{"name": "post-picture", "title": "Post a picture", "steps": [
            {"name": "resize", "app": "own.image-resize", "service": "resize", "with": {"image": "/input/image"}, "timeoutSeconds": 60},
            {"name": "post", "service": "post", "with": {"image": "/steps/resize/image", "text": "/input/text"}, "undo": "remove", "attempts": 5}
        ]}],
        "screenshots": ["shots/1.png", "shots/2.webp"], "languages": ["en", "pt-BR", "zh-Hant"],
        "window": {"width": 900, "height": 620, "single": true}, "source": "src/"
    })
}

/// The least manifest.
pub(crate) fn least() -> Value {
    json!({
        "format": 1, "api": "1", "id": "notes", "name": "Notes", "version": "1.2.0",
        "category": "productivity", "description": "Short notes.", "icon": "icon.svg",
        "entry": {"builtin": {"module": "app.js"}}, "permissions": {}
    })
}

pub(crate) fn manifest(value: &Value) -> Manifest {
    Manifest::from_value(value).expect("a good manifest")
}

/// The files that [`full`] names, and more.
pub(crate) fn full_files() -> Vec<(String, Vec<u8>)> {
    let text = "Thanks for the coffee. ".repeat(300);
    [
        (
            "icon.svg",
            "<svg xmlns=\"http://www.w3.org/2000/svg\"/>".as_bytes(),
        ),
        ("backend.wasm", b"\0asm\x0d\0\x01\0"),
        ("backend/guestbook.py", text.as_bytes()),
        ("shots/1.png", b"\x89PNG\r\n\x1a\n"),
        ("shots/2.webp", b"RIFF"),
        ("src/größe.txt", "größer".as_bytes()),
        ("web/empty.html", b""),
    ]
    .map(|(path, bytes)| (path.to_owned(), bytes.to_vec()))
    .to_vec()
}

pub(crate) fn least_files() -> Vec<(String, Vec<u8>)> {
    [
        ("icon.svg", "<svg/>"),
        ("app.js", "export default () => null;\n"),
    ]
    .map(|(path, text)| (path.to_owned(), text.as_bytes().to_vec()))
    .to_vec()
}

pub(crate) fn full_package() -> Vec<u8> {
    Draft::new(manifest(&full()), full_files())
        .unwrap()
        .sign(&signer(), NOW)
        .unwrap()
}

pub(crate) fn least_package() -> Vec<u8> {
    Draft::new(manifest(&least()), least_files())
        .unwrap()
        .sign(&signer(), NOW)
        .unwrap()
}

/// A least package with another version and other permissions.
pub(crate) fn version(version: &str, permissions: Value, signer: &KeySigner) -> Vec<u8> {
    let mut value = least();
    value["version"] = version.into();
    value["permissions"] = permissions;
    Draft::new(manifest(&value), least_files())
        .unwrap()
        .sign(signer, NOW)
        .unwrap()
}

/// Puts `value` where `at` points.
pub(crate) fn with(mut base: Value, at: &str, value: Value) -> Value {
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
pub(crate) fn mistakes() -> Vec<(&'static str, Value, &'static str, &'static str)> {
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
