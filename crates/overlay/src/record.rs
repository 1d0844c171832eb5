//! Signed statements of a node about itself.

use core::net::SocketAddr;

use serde::{Deserialize, Serialize};

use crate::id::NodeId;

/// What a node says of itself: where it may be reached and what it does for others. Signed with its key; a newer `sequence`
/// replaces an older one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PeerRecord {
    /// Whose.
    pub id: NodeId,
    /// Counts up with each change.
    pub sequence: u64,
    /// Seconds since 1970.
    pub issued: u64,
    /// At most eight UDP addresses.
    pub direct: Vec<SocketAddr>,
    /// At most three `https://` addresses of relays it listens on.
    pub relays: Vec<String>,
    /// Whether it serves relay and address look-up to others.
    pub serves: bool,
    /// Ed25519, over everything above.
    #[serde(with = "serde_bytes")]
    pub signature: Vec<u8>,
}
