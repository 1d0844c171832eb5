//! QNet's overlay (L0): how nodes find each other, stay connected and carry messages, with nobody's server in between.
//!
//! The protocols are state machines without sockets, clock or randomness of their own: they take an [`Input`] and the time
//! and give [`Output`]s. The same machines run on real links, in the simulator and under the fuzzer.

mod budget;
mod control;
pub mod coordinates;
#[cfg(feature = "run")]
pub mod driver;
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
pub use node::{Alarm, Config, Event, Node, PeerView, QueryId, Traffic, View};
pub use protocol::Protocol;
pub use score::Offence;
pub use topic::{MessageId, Topic, Verdict};
pub use wire::Malformed;
