//! Packages of the tests.
use anyhow::Result;
use ed25519_dalek::SigningKey;
use serde_json::{Value, json};
use time::OffsetDateTime;
use webx_wxa::{Draft, KeySigner, Manifest};

/// Stands in files of packages and in data; must stand nowhere in the data folder.
pub const CANARY: &str = "canary-7f3a91c2-of-an-app";

/// The time of all tests.
///
/// # Panics
/// Never: the number is a time.
#[must_use]
pub fn now() -> OffsetDateTime {
    OffsetDateTime::from_unix_timestamp(1_795_000_000).unwrap_or(OffsetDateTime::UNIX_EPOCH)
}

#[must_use]
pub fn manifest(version: &str, asks: &Value) -> Value {
    json!({
        "format": 1, "api": "1", "id": "notes", "name": "Notes", "version": version, "category": "productivity",
        "description": "Keeps notes.", "icon": "icon.svg", "entry": { "builtin": { "module": "app.js" } },
        "backend": { "wasm": { "component": "backend.wasm", "mount": "/_api/" } },
        "permissions": { "required": asks, "optional": [] },
    })
}

/// The files of a version, some shared with the other one.
#[must_use]
pub fn files(version: &str) -> Vec<(String, Vec<u8>)> {
    let large: Vec<u8> = (0..1_300_000_u32)
        .map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8)
        .collect();
    vec![
        (
            "app.js".into(),
            format!("export default '{CANARY} {version}'").into_bytes(),
        ),
        ("icon.svg".into(), b"<svg/>".to_vec()),
        ("shared.bin".into(), large),
        (
            "backend.wasm".into(),
            format!("\0asm {version}").into_bytes(),
        ),
    ]
}

/// Version 1.0.0 or 1.1.0 of the app, which asks for more.
///
/// # Errors
/// When the format refuses it.
pub fn pack(version: &str) -> Result<Vec<u8>> {
    let own = json!({ "kind": "storage", "access": "own", "reason": "Keeps notes." });
    let notify = json!({ "kind": "notify", "reason": "Reminds you." });
    let asks = if version == "1.0.0" {
        json!([own])
    } else {
        json!([own, notify])
    };
    let manifest = Manifest::from_value(&manifest(version, &asks))?;
    let signer = KeySigner::new(SigningKey::from_bytes(&[4; 32]));
    Ok(Draft::new(manifest, files(version))?.sign(&signer, now())?)
}
