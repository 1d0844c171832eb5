//! Public content as IPFS knows it (floor L3): a store of public blocks in the vault, and an HTTP gateway to it.
//!
//! ```
//! use webx_content::{ipld::Blocks, unixfs::{self, Profile}};
//! use webx_ipfs::PublicStore;
//! # fn example(vault: &webx_vault::Vault, now: time::OffsetDateTime) -> Result<(), Box<dyn std::error::Error>> {
//! let store = PublicStore::open(vault)?;
//! let mut writer = store.writer()?;
//! let file = unixfs::import_file(&Profile::V1_2025, &mut writer, &mut &b"hello, world"[..])?;
//! writer.finish(&[file.cid], "greeting.txt", now)?;
//! let gateway = webx_ipfs::gateway::router(store); // to be served on a loopback port of its own
//! # Ok(()) }
//! ```
//!
//! - **[`PublicStore`]** holds what the person published, and nothing else. It has a table and a key of its own: a
//!   private block of the vault is neither found in the one nor opened by the other, whoever asks for its hash.
//! - **Roots** are what the person added; what no root leads to is swept.
//! - **[`rpc`]** speaks what Kubo's clients speak, to the holders of a token.
//! - **[`gateway`]** answers HTTP for browsers and for verifying clients. It has no way to anything but a [`PublicStore`],
//!   and asks no other node. **[`plain`]** is the command line's way in.
//!
//! `docs/protocol/ipfs.md` describes what is stored and what is answered.

pub mod gateway;
pub mod plain;
pub mod rpc;
mod store;
mod tar;
mod upload;

pub use store::{Error, PublicStore, Result, Root, Stat, Swept, Writer};
