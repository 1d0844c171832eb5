//! People and their nodes (L1): who stands behind a node, whether it is still the same person, and what the node is worth.
//!
//! ```
//! use std::sync::Arc;
//! use time::OffsetDateTime;
//! use webx_identity::{Identity, RecoveryWords};
//! use webx_peers::{Peers, contacts::Origin, proof::Own};
//! # use webx_vault::{DataDir, KdfCost, NewVault, Passphrase, Secret32};
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let folder = tempfile::tempdir()?;
//! # let (passphrase, recovery_key) = (Passphrase::new("correct horse battery")?, Secret32::random()?);
//! # let new = NewVault { passphrase: &passphrase, recovery_key: &recovery_key, kdf: KdfCost::insecure_for_tests() };
//! # let vault = DataDir::open(folder.path())?.create(new)?;
//! let now = OffsetDateTime::now_utc();
//! let seed = RecoveryWords::generate(&[7; 32])?.seed();
//! let me = Identity::create(&seed, now)?;
//! let own = Own::new(me.did, me.log, Arc::new(seed.device_key(0)), now)?;
//! let peers = Peers::open(vault.db().clone(), own)?;
//!
//! let friend = Identity::create(&RecoveryWords::generate(&[8; 32])?.seed(), now)?;
//! let contact = peers.contacts().add(&friend.did, "Ann", Origin::Did)?;
//! // `proof::prove` over a connection proves who is there; `peers.met(&proven)` remembers it.
//! assert!(contact.devices.is_empty(), "Ann was never met");
//! # Ok(())
//! # }
//! ```
//!
//! # Concepts
//! - [`proof`]: right after the transport handshake both sides prove their DIDs over the channel binding.
//! - [`contacts`]: the people one knows, by petname. [`card`]: how they are added. [`safety`] and [`sas`]: what two people
//!   compare. A changed safety number is recorded, shown, and blocks sending until it is accepted.
//! - [`pairing`]: how a new device becomes one of a person who has a device already.
//! - [`guardian`]: what a person and those who keep shares of his words say to each other.
//! - [`profile`]: what a device is and offers, detected, set by the person, signed.
//! - [`fitness`]: what a node is at least worth, from what was seen, from receipts of both sides, and least of all from
//!   hearsay; [`credential`]: the same for other markets.
//! - [`Peers`]: the door to all of it, over the vault's database.
//!
//! Protocols are state machines without sockets and clock; the shells around them are thin. Formats stand in
//! `docs/protocol/peers.md`.

pub mod card;
pub mod contacts;
pub mod credential;
mod error;
pub mod fitness;
pub mod guardian;
pub mod pairing;
mod peers;
pub mod profile;
pub mod proof;
pub mod safety;
pub mod sas;
#[cfg(test)]
mod testing;
pub mod wire;

pub use error::Error;
pub use peers::{Peer, Peers};
