//! Copies of the drive's sealed blocks on the nodes of contacts (L3).
//!
//! ```no_run
//! # async fn example(comms: webx_comms::Comms, peers: webx_peers::Peers, vault: webx_vault::Vault,
//! #     drive: webx_drive::Drive, ann: webx_identity::Did) -> Result<(), webx_copies::Error> {
//! use webx_copies::{Copies, Rules};
//!
//! let copies = Copies::open(comms, peers, vault, drive, Rules::default())?;
//! copies.give(&ann, 50_000_000_000)?;         // what this node keeps for Ann
//! let round = copies.round().await?;          // copy what is not copied, check a sample, drop what is not needed
//! assert_eq!(round.lacking, 0, "every block is where it should be");
//! # Ok(()) }
//! ```
//!
//! # Concepts
//! - [`Copies`]: the door. It answers other nodes from the moment it is opened, and copies when [`Copies::round`] is called.
//! - **Agreement**: each side says how much it keeps for the other ([`Copies::give`]). A host sees blocks and their lengths; it
//!   knows neither names nor files nor the tree.
//! - **Round**: the catalogue is brought up to date, blocks go to as many hosts as [`Rules::copies`] says (chosen by rendezvous
//!   hashing, so that few move when a host comes or goes), a random sample is audited, the rest is dropped.
//! - **Audit**: a host shows a piece of 1 KiB with the hashes that lead to the block's name ([`slice`]). What it cannot show is
//!   copied anew, elsewhere when it happens again.
//! - **Restore**: a node with the same 24 words asks the hosts for the newest [head](webx_drive::Drive::seal_head) and becomes
//!   the drive that it names; files' bytes come when they are read, and all of them in the background.

mod ask;
mod error;
mod host;
mod owner;
mod restore;
mod rows;
pub mod slice;
#[cfg(test)]
mod tests;
mod wire;

pub use error::Error;
pub use owner::{Copies, Round, Rules};
pub use rows::Agreement;
pub use wire::PROTOCOL;

/// Entry points for the fuzzer; no part of the API.
#[doc(hidden)]
pub mod fuzz {
    /// Feeds a question, an answer and a slice.
    pub fn wire(bytes: &[u8]) {
        let _ = crate::wire::Ask::decode(bytes);
        let _ = crate::wire::Answer::decode(bytes);
        let _ = crate::slice::verify(&[0; 32], 1 << 20, 3, bytes);
    }
}
