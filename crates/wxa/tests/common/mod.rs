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
