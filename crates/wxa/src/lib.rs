//! The `.wxa` package format: an app in one signed file. Pure: no files, clock or sockets inside.
//!
//! ```
//! use ed25519_dalek::SigningKey;
//! use time::macros::datetime;
//! use webx_wxa::{Draft, KeySigner, Manifest, Package};
//!
//! let now = datetime!(2026-11-22 12:00 UTC);
//! let manifest = Manifest::parse(br#"{
//!   "format": 1, "api": "1", "id": "hello", "name": "Hello", "version": "1.0.0",
//!   "category": "other", "description": "Says hello.", "icon": "icon.svg",
//!   "entry": {"builtin": {"module": "app.js"}}, "permissions": {}
//! }"#)?;
//! let files = [("app.js".into(), b"export {}".to_vec()), ("icon.svg".into(), b"<svg/>".to_vec())];
//! let signer = KeySigner::new(SigningKey::from_bytes(&[7; 32]));
//! let bytes = Draft::new(manifest, files)?.sign(&signer, now)?;
//!
//! let package = Package::open(&bytes, now)?; // every byte is checked here
//! assert_eq!(package.manifest().name, "Hello");
//! assert_eq!(package.read_all("app.js")?, b"export {}");
//! assert!(package.app_id().as_str().ends_with(".hello"));
//! # Ok::<(), webx_wxa::Refusal>(())
//! ```
//!
//! # Concepts, in reading order
//! - **[`Package`]** is a file that has been checked whole: canonical ZIP (one spelling, so no two programs can
//!   see two different trees in it), limits, [`Manifest`], checksums, signature. There is no half-checked package.
//! - **[`Refusal`]** is the only error: a sentence for a person and a code for a program.
//! - **[`Publisher`]**: the DID that signed. An **[`AppId`]** is bound to the publisher's root, which outlives rotated
//!   keys; [`check_update`] lets only the same publisher replace an app.
//! - **[`Permissions`]** are what the manifest asks for. Each piece ([`Ask`]) has a stable [`PermissionKey`] and is granted by itself.
//! - **[`Draft`]** writes packages, reproducibly; a **[`Signer`]** may be a key or a node that keeps it.
//!
//! `docs/wxa.md` is the specification, `docs/wxa.schema.json` the JSON Schema of the manifest.

mod app;
mod content;
mod draft;
pub mod dsse;
mod host;
pub mod json;
pub mod limits;
pub mod manifest;
mod package;
mod path;
mod permission;
mod publisher;
mod refusal;
mod text;
mod update;
mod zip;

pub use app::{AppId, AppRef, Digest, PublisherHash, PublisherRoot};
pub use draft::Draft;
pub use host::Host;
pub use manifest::{Category, Manifest};
pub use package::{Entry, Package};
pub use permission::{
    Area, Ask, Claim, Permission, PermissionKey, Permissions, PickMode, Request, Storage,
};
pub use publisher::{KeySigner, Publisher, Signer};
pub use refusal::{ArchiveFault, EntryFault, Refusal};
pub use text::check_line;
pub use update::{Change, Installed, check_update};

/// The manifest, always the first entry.
pub const MANIFEST: &str = "manifest.json";
/// The list of checksums.
pub const CONTENT: &str = "META/content.json";
/// The log of a publisher whose DID has one.
pub const LOG: &str = "META/publisher.jsonl";
/// The signature, always the last entry.
pub const SIGNATURE: &str = "META/sig.dsse.json";

/// Entry points for the fuzzer; no part of the API.
#[doc(hidden)]
pub mod fuzz {
    /// Feeds an archive: what the reader accepts has one spelling, and its entries inflate to what
    /// they say or to an error.
    pub fn archive(bytes: &[u8]) {
        let Ok(records) = crate::zip::read(bytes) else {
            return;
        };
        let mut again = Vec::new();
        for record in &records {
            record.local(&mut again);
            again.extend_from_slice(bytes.get(record.data()..record.end()).unwrap_or_default());
        }
        crate::zip::finish(&mut again, &records);
        assert_eq!(again, bytes, "an archive has one spelling");
        for record in &records {
            let read = crate::zip::Inflate::new(bytes, record, None).all();
            if let Ok(content) = read {
                assert_eq!(
                    content.len(),
                    record.size as usize,
                    "no entry is longer or shorter"
                );
            }
        }
    }

    /// Feeds a manifest.
    pub fn manifest(bytes: &[u8]) {
        if let Ok(manifest) = crate::Manifest::parse(bytes) {
            let again = crate::Manifest::parse(&manifest.to_bytes());
            assert_eq!(
                again.as_ref(),
                Ok(&manifest),
                "a manifest reads as it was written"
            );
        } else if let Ok(text) = std::str::from_utf8(bytes) {
            let _ = crate::manifest::locate(text, "permissions.required[0].reason");
        }
    }

    /// Feeds an envelope and a list of checksums.
    pub fn meta(bytes: &[u8]) {
        if let Ok(envelope) = crate::dsse::Envelope::parse(bytes) {
            assert_eq!(envelope.to_bytes(), bytes, "an envelope has one spelling");
            let _ = crate::publisher::Keys::did(&envelope.key_id);
        }
        if let Ok(content) = crate::content::read(bytes) {
            assert_eq!(
                crate::content::write(&content),
                bytes,
                "a list has one spelling"
            );
        }
    }
}
