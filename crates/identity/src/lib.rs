//! Self-sovereign identity: the 24 words, the keys derived from them, and the did:webvh log.
//!
//! ```
//! use time::macros::datetime;
//! use webx_identity::{Identity, Purpose, RecoveryWords};
//!
//! # fn main() -> Result<(), webx_identity::Error> {
//! let now = datetime!(2026-11-22 12:00 UTC);
//! let words = RecoveryWords::generate(&[7; 32])?; // entropy comes from the caller
//! let identity = Identity::create(&words.seed(), now)?;
//! assert!(identity.did.as_str().starts_with("did:scid:vh:1:Qm"));
//!
//! // Whoever holds the log can verify it, wherever it came from.
//! let document = identity.log.verify(now)?.resolve(&identity.did)?.document;
//! assert_eq!(document.keys(Purpose::Authentication).len(), 1);
//! # Ok(())
//! # }
//! ```
//!
//! # Concepts
//! - [`RecoveryWords`]: what the person writes down. Everything else grows from their [`Seed`].
//! - [`Identity`]: the person's [`Did`] with the [`DidLog`] that proves it. The name is the hash of
//!   the log's first entry, so no registry exists that could give it or take it away.
//! - Update keys change the log and are cold: each entry commits to the hash of the next one, so
//!   a thief of today's key cannot make tomorrow's entry. Device keys are hot and stand in the
//!   [`DidDocument`].
//! - [`slip39`]: the entropy of the words, split among guardians.
//! - [`DidMethod`]: the trait by which another method can be put in.
//!
//! The crate is pure: time and randomness are arguments, and there are no files and no sockets.
//! One exception is inherited: the log verifier also refuses entries that lie in the future of
//! the machine's own clock. Formats and derivation paths stand in `docs/protocol/identity.md`.

mod did;
mod document;
mod error;
mod identity;
mod json;
mod log;
mod method;
mod slip10;
pub mod slip39;
mod words;

pub use did::{Did, Method, did_key, multikey, parse_did_key, parse_multikey};
pub use document::{DidDocument, Purpose};
pub use error::Error;
pub use identity::{GENESIS, Identity};
pub use log::{
    DidLog, MAX_ENTRIES, MAX_ENTRY, MAX_LOG, MAX_WITNESSES, Resolved, VerifiedLog, Version,
};
pub use method::{DidKey, DidMethod, Evidence, Webvh};
pub use words::{RecoveryWords, Seed, WORD_COUNT};
