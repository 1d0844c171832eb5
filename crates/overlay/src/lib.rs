//! QNet's overlay (L0): how nodes find each other, stay connected and carry messages, with nobody's server in between.
//!
//! The protocols are state machines without sockets, clock or randomness of their own: they take an [`Input`] and the time
//! and give [`Output`]s. The same machines run on real links, in the simulator and under the fuzzer.

mod id;
mod machine;
mod protocol;
pub mod record;
pub mod transport;

pub use id::{NodeId, NotANodeId};
pub use machine::{Input, Output, Time, UnixTime};
pub use protocol::Protocol;
