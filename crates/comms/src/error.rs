//! What can go wrong between two nodes.

use webx_identity::Did;
use webx_overlay::{NodeId, driver::Stopped, transport::LinkError};
use webx_peers::proof::ProofError;

/// Codes that a stream or connection ends with.
pub mod code {
    /// Nobody here speaks the protocol.
    pub const UNKNOWN: u32 = 1;
    /// Too much at a time: come back later.
    pub const BUSY: u32 = 2;
    /// More bytes than the protocol allows.
    pub const TOO_LARGE: u32 = 3;
    /// Nothing moved for too long.
    pub const STALLED: u32 = 4;
    /// The node is going away.
    pub const STOPPING: u32 = 5;
    /// The other side did not prove who it is.
    pub const UNPROVEN: u32 = 6;
    /// The bytes made no sense.
    pub const MALFORMED: u32 = 7;
    /// Nobody used the connection; what was opened on it meanwhile was not looked at.
    pub const IDLE: u32 = 8;
}

/// Why a call of this crate failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The link failed.
    #[error(transparent)]
    Link(#[from] LinkError),
    /// The other side did not prove who it is.
    #[error(transparent)]
    Proof(#[from] ProofError),
    /// The node belongs to somebody else.
    #[error("node {node:?} belongs to {found}, not to {wanted}")]
    SomebodyElse {
        /// Which node.
        node: NodeId,
        /// Who was wanted.
        wanted: Did,
        /// Whose it is.
        found: Did,
    },
    /// No device of the person is known or answers.
    #[error("no device of {0} is known")]
    NoDevice(Did),
    /// The person blocked him, or has not accepted his changed safety number.
    #[error("nothing is sent to {0}: blocked, or the safety number changed")]
    Barred(Did),
    /// More bytes than allowed.
    #[error("more than the {0} bytes that are allowed here")]
    TooLarge(u64),
    /// Nothing moved for too long.
    #[error("nothing moved for too long")]
    Stalled,
    /// The answer took too long.
    #[error("the answer took too long")]
    TimedOut,
    /// The stream broke off.
    #[error("the stream broke off: {0}")]
    Broken(#[from] std::io::Error),
    /// The other side refused the request.
    #[error("the other side refused: {0}")]
    Refused(Refused),
    /// The other side broke the protocol.
    #[error("the other side broke the protocol: {0}")]
    Malformed(&'static str),
    /// What came is not what was announced.
    #[error("the file that came is not the one that was announced")]
    Corrupt,
    /// Too many protocols, topics or connections, or too many bytes at a time.
    #[error("too many {0} at a time")]
    Full(&'static str),
    /// A protocol's name is 1 to 64 bytes of printable ASCII.
    #[error("a protocol's name has 1 to 64 bytes of printable ASCII")]
    Name,
    /// A broadcast message was refused.
    #[error(transparent)]
    Broadcast(#[from] webx_overlay::gossip::Refused),
    /// What is known of peers could not be read or written, or a peer's word did not hold.
    #[error(transparent)]
    Peers(#[from] webx_peers::Error),
    /// The node is stopping.
    #[error("this node is stopping")]
    Stopping,
}

impl From<Stopped> for Error {
    fn from(_: Stopped) -> Self {
        Self::Stopping
    }
}

/// Why the other side did not answer a request.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Refused {
    /// It does not speak the protocol.
    #[error("it does not speak this protocol")]
    Unknown,
    /// It has too much to do.
    #[error("it is busy; try again later")]
    Busy,
    /// The request is too large.
    #[error("the request is too large")]
    TooLarge,
    /// It failed.
    #[error("it failed: {0}")]
    Failed(String),
}
