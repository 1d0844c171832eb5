//! What goes into a node's state machine and what comes out of it.
//!
//! The machine has no sockets, no clock and no randomness of its own: the driver (or the simulator) hands it
//! [`Input`]s with the time and carries out its [`Output`]s.

use bytes::Bytes;

use crate::id::NodeId;
use crate::protocol::Protocol;

/// A moment of a monotonic clock, in microseconds since an arbitrary start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Time(pub u64);

/// Wall-clock time, in seconds since 1970: what signed records carry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct UnixTime(pub u64);

/// What happened outside.
#[derive(Debug, Clone)]
pub enum Input {
    /// A whole message came.
    Message {
        /// Who sent it; the transport has authenticated the key.
        from: NodeId,
        /// Over which protocol.
        protocol: Protocol,
        /// Hostile until parsed.
        bytes: Bytes,
    },
    /// A connection stands, whoever opened it.
    Connected {
        /// The other end.
        peer: NodeId,
        /// What it is for.
        protocol: Protocol,
        /// The other end's address, if the path is direct.
        ip: Option<core::net::IpAddr>,
        /// Whether this side dialled.
        dialled: bool,
    },
    /// The last connection of this protocol is gone.
    Disconnected {
        /// The other end.
        peer: NodeId,
        /// What it was for.
        protocol: Protocol,
    },
    /// Nobody answered at any of the addresses.
    DialFailed {
        /// Who was wanted.
        peer: NodeId,
        /// For what.
        protocol: Protocol,
    },
    /// The wall clock. Given at the start and about once a minute.
    Clock(UnixTime),
    /// The moment asked for by `next_wake` has come.
    Wake,
}

/// What the driver has to do.
#[derive(Debug, Clone)]
pub enum Output<E> {
    /// Send a message; the driver dials when no connection of that protocol stands. Bounded queues: when the peer reads too
    /// slowly the driver drops the message and says [`Input::Disconnected`].
    Send {
        /// To whom.
        to: NodeId,
        /// Over which protocol.
        protocol: Protocol,
        /// The message.
        bytes: Bytes,
    },
    /// Where a node may be found; the driver gives it to the transport before it dials.
    Known(crate::record::PeerRecord),
    /// End the connection of this protocol.
    Close {
        /// With whom.
        peer: NodeId,
        /// Which.
        protocol: Protocol,
    },
    /// News for the floors above.
    Event(E),
}
