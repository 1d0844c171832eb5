//! People and their nodes (L1): who stands behind a node, whether it is still the same person, and what the node is worth.
//!
//! # Concepts
//! - [`proof`]: right after the transport handshake both sides prove their DIDs over the channel binding.
//!
//! Protocols are state machines without sockets and clock; the shells around them are thin. Formats stand in
//! `docs/protocol/peers.md`.

pub mod card;
pub mod contacts;
#[cfg(test)]
mod credential;
mod error;
pub mod fitness;
pub mod proof;
pub mod safety;
pub mod sas;
#[cfg(test)]
mod testing;
mod wire;

pub use error::Error;
