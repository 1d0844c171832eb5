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
