//! App stores as signed data: an index under the roles of TUF, packages named by their digest.
//!
//! ```
//! use std::sync::Arc;
//! use ed25519_dalek::SigningKey;
//! use time::macros::datetime;
//! use webx_store::{FolderSource, Keys, RootPin, Store, StoreFolder};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let folder = tempfile::tempdir()?;
//! # let folder = folder.path().join("store");
//! let now = datetime!(2026-11-22 12:00 UTC);
//! let (root, online) = (SigningKey::from_bytes(&[1; 32]), SigningKey::from_bytes(&[2; 32]));
//! StoreFolder::create(&folder, "Our apps", &Keys { root: &root, online: &online }, now)?;
//!
//! let source = Arc::new(FolderSource::new(&folder));
//! let pin = RootPin::first_seen(&*source)?; // or handed over on a trusted way
//! let mut store = Store::open(source, &pin, None)?;
//! store.refresh(now)?;
//! assert_eq!(store.name(), "Our apps");
//! assert!(store.search("notes", None).is_empty());
//! let remembered = store.state(); // keep it: it is what makes old states refusable
//! # assert!(!remembered.is_empty());
//! # Ok(())
//! # }
//! ```
//!
//! # Concepts, in reading order
//! - A **[`Source`]** gives bytes and is not trusted: a folder now, the network later.
//! - A **[`RootPin`]** is what a store is known by. Everything else is proved by it: keys can be rotated, and nobody
//!   in between can show an old state, hold back a new one for longer than it lasts, or mix parts of several.
//! - **[`Store`]** is the client: [`Store::refresh`], [`Store::search`], [`Store::fetch`]. What it has come to believe is
//!   handed out as bytes and handed in the next time.
//! - A store vouches for its list, a publisher for the package: [`Store::fetch`] checks both. A **[`Warning`]** says
//!   when a name comes from another publisher than before.
//! - **[`StoreFolder`]** keeps a store in a folder: publish, withdraw, rate, renew, rotate keys.
//!
//! `docs/protocol/store.md` describes the files and every check.

mod canonical;
mod client;
mod error;
mod folder;
mod listing;
mod role;
mod search;
mod seen;
mod source;
mod trusted;

pub use client::{Refreshed, RootPin, Store};
pub use error::Error;
pub use folder::{Keys, Lifetimes, Published, RoleSigner, StoreFolder};
pub use listing::{App, ListedPublisher, Media, Offer, Rating};
pub use seen::Warning;
pub use source::{FolderSource, Source};

/// Entry points for the fuzzer; no part of the API.
#[doc(hidden)]
pub mod fuzz {
    use crate::role::{Envelope, Role, Root, Snapshot, Targets, Timestamp};

    /// Feeds the metadata of every role.
    pub fn metadata(bytes: &[u8]) {
        for role in Role::ALL {
            let Ok(envelope) = Envelope::parse(role, bytes) else {
                continue;
            };
            match role {
                Role::Root => {
                    if let Ok(root) = Root::parse(&envelope) {
                        let _ = envelope.verify(&root);
                    }
                }
                Role::Timestamp => drop(Timestamp::parse(&envelope)),
                Role::Snapshot => drop(Snapshot::parse(&envelope)),
                Role::Targets => {
                    if let Ok(targets) = Targets::parse(&envelope) {
                        let index = crate::listing::Index::of(&targets);
                        let _ = crate::search::search(index.apps.values(), "a b", None);
                    }
                }
            }
        }
    }
}
