//! QNet's overlay (L0): how nodes find each other, stay connected and carry messages, with nobody's server in between.
//!
//! The protocols are state machines without sockets, clock or randomness of their own: they take an [`Input`] and the time
//! and give [`Output`]s. The same machines run on real links, in the simulator and under the fuzzer.
//!
//! ```
//! use webx_overlay::{Config, Event, Input, Node, Output, Time, UnixTime};
//!
//! let key = ed25519_dalek::SigningKey::from_bytes(&[7; 32]);
//! let mut node = Node::new(Config::default(), key, [1; 32]);
//! node.handle(Time(0), Input::Clock(UnixTime(1_800_000_000)));
//! let own = node.record().cloned().ok_or("signed once the time is known")?;
//! assert_eq!(own.id, node.id());
//! // The driver carries out what the node asks for.
//! while let Some(output) = node.poll() {
//!     if let Output::Event(Event::Own(record)) = output {
//!         assert_eq!(record, own);
//!     }
//! }
//! # Ok::<(), &str>(())
//! ```
//!
//! In reading order: [`NodeId`] names a node; [`record`] says where it is and what lies in the table; [`Protocol`] is what a
//! connection is for; [`Node`] composes the machines (neighbours, table, [`gossip`], [`coordinates`]); [`transport`] is the
//! door to links of any kind. With the feature `run`, `driver` runs a node on tokio and `memory` is a network inside one
//! process. The bytes on the wire stand in `docs/protocol/overlay.md`.

mod budget;
mod control;
pub mod coordinates;
#[cfg(feature = "run")]
pub mod driver;
#[doc(hidden)]
pub mod fuzz;
pub mod gossip;
mod id;
mod machine;
#[cfg(feature = "run")]
pub mod memory;
mod node;
mod out;
mod protocol;
mod random;
pub mod record;
mod score;
#[cfg(any(test, feature = "sim"))]
pub mod sim;
mod table;
mod topic;
pub mod topology;
pub mod transport;
mod wire;

pub use id::{NodeId, NotANodeId};
pub use machine::{Input, Output, Time, UnixTime};
pub use node::{Alarm, Config, Event, LastResort, Node, Outcome, PeerView, QueryId, Traffic, View};
pub use protocol::Protocol;
pub use score::Offence;
pub use topic::{MessageId, Topic, Verdict};
pub use wire::Malformed;
