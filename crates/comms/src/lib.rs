//! Streams, requests, datagrams, files and topics with people and nodes (L2, its first rooms).
//!
//! ```no_run
//! # use std::sync::Arc;
//! # use webx_comms::{Comms, Config, Directory, Limits, People};
//! # use webx_overlay::transport::Transport;
//! # async fn example(transport: Arc<dyn Transport>, directory: Arc<dyn Directory>, people: Arc<dyn People>,
//! #     ann: webx_identity::Did) -> Result<(), webx_comms::Error> {
//! let comms = Comms::open(transport, directory, people, Config::default());
//! comms.on_request("time/1", Limits::default(), Arc::new(|peer, _| {
//!     Box::pin(async move { Ok(format!("{} asks for the time", peer.did).into()) })
//! }))?;
//! let answer = comms.request(ann, "time/1", b"").await?;
//! # Ok(())
//! # }
//! ```
//!
//! # Concepts
//! - [`Comms`]: the door. It reaches a [`Target`] by DID or node over the best connection that stands, or makes one; both
//!   sides have proved who they are before anything else is said.
//! - [`Directory`] and [`People`]: what it asks of the floors beside it; [`Lookup`] and [`webx_peers::Peers`] are QNet's own.
//! - [`Limits`]: what one peer may use of a protocol. [`Sender`] and [`Receiver`] hold them: a slow reader holds the writer
//!   back, a stalled stream is given up, what is too large is refused.
//! - Bandwidth is shared by the protocols' weights; [`Priority`] orders the streams of one connection; [`Metrics`] count, for
//!   each protocol and each peer of it.
//! - [`file`]: files over a stream, resumed where they broke off, checked at the end. [`pubsub`]: topics, where nothing is
//!   passed on before it is judged. [`profile`]: the first protocol, by which devices tell each other what they are.
//!   [`transfer`]: what is said when one person hands a file to another.
//!
//! The bytes are described in `docs/protocol/comms.md`.

mod bandwidth;
mod comms;
mod datagram;
mod error;
mod fair;
pub mod file;
#[doc(hidden)]
pub mod fuzz;
mod limits;
mod lookup;
mod memory;
mod people;
mod pool;
pub mod profile;
mod protocol;
pub mod pubsub;
mod stream;
#[cfg(test)]
mod tests;
pub mod transfer;
mod wire;

pub use comms::{ALPN, Comms, Config, Met, OnRequest, OnStream, Peer, Target};
pub use datagram::Datagrams;
pub use error::{Error, Refused, code};
pub use limits::{Limits, Metrics, Priority};
pub use lookup::Lookup;
pub use people::{Directory, People, Stance};
pub use stream::{Receiver, Sender};
