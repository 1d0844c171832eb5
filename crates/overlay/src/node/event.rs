//! What a node tells the floors above, and what it shows.

use core::time::Duration;

use bytes::Bytes;

use crate::coordinates::Coordinate;
use crate::id::NodeId;
use crate::machine::Time;
use crate::protocol::Protocol;
use crate::record::{Key, PeerRecord, SignedRecord};
use crate::score::Offence;
use crate::topic::{MessageId, Topic};
use crate::topology::Estimate;

use super::LastResort;

/// The number of a question to the overlay.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct QueryId(pub u64);

/// News of a node.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Event {
    /// A peer is connected and has shown its record.
    PeerUp(NodeId),
    /// Its last connection is gone.
    PeerDown(NodeId),
    /// The answer of [`crate::Node::find`].
    Found {
        /// Which question.
        query: QueryId,
        /// Where the node is; verified.
        record: Option<PeerRecord>,
        /// How many nodes stood between this one and the answer; 0 if it was known.
        hops: u8,
        /// How many nodes were asked.
        asked: u16,
    },
    /// The answer of [`crate::Node::put`].
    Stored {
        /// Which question.
        query: QueryId,
        /// How many nodes took it.
        copies: usize,
    },
    /// The answer of [`crate::Node::get`].
    Got {
        /// Which question.
        query: QueryId,
        /// Verified and alive, the newest of each owner, at most 16. Under an owned key at most one.
        records: Vec<SignedRecord>,
        /// How many nodes stood between this one and the last answer that counted.
        hops: u8,
        /// How many nodes were asked.
        asked: u16,
    },
    /// A broadcast message that waits for [`crate::Node::accept`].
    Message {
        /// Its name.
        id: MessageId,
        /// Where it was published.
        topic: Topic,
        /// The neighbour it came from; who wrote it stands in the message itself, if anywhere.
        from: NodeId,
        /// Not checked by the overlay.
        bytes: Bytes,
    },
    /// A peer broke the rules; its score has fallen.
    Misbehaved {
        /// Who.
        peer: NodeId,
        /// How.
        what: Offence,
    },
    /// Something a person should see.
    Alarm(Alarm),
    /// A ping was answered, or not.
    Probe {
        /// Who was asked.
        peer: NodeId,
        /// How long it took; none if no answer came.
        rtt: Option<Duration>,
    },
    /// A newly learnt record; verified.
    Record(PeerRecord),
    /// The own record has changed.
    Own(PeerRecord),
    /// Nobody has been a neighbour for a while, and this node of [`super::Config::last_resort`] is to be called: whoever
    /// knows where it is says so to the driver, which has it met by [`crate::Node::meet`].
    LastResort(NodeId),
    /// A neighbour offers to be the way to another node.
    Detour {
        /// The neighbour.
        via: NodeId,
        /// Where it leads.
        to: NodeId,
        /// The neighbour's own round trip to it, as it says.
        rtt: Duration,
    },
}

/// Something a person should see.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Alarm {
    /// No peer is connected.
    Alone,
    /// Many more nodes stand around a key than the network's size explains: somebody may try to own it. The region of puts
    /// and gets was widened.
    Dense(Key),
    /// The day's control traffic is used up; upkeep runs at its slowest.
    Budget,
    /// No wall clock yet, so no record can be judged.
    NoClock,
}

/// What a screen shows of a node.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct View {
    /// Whose.
    pub id: NodeId,
    /// Its record; none before its addresses are known.
    pub record: Option<PeerRecord>,
    /// The own network coordinate.
    pub coordinate: Coordinate,
    /// Who is connected.
    pub peers: Vec<PeerView>,
    /// How many nodes it has heard of and could dial.
    pub known: usize,
    /// How many nodes stand in the table.
    pub table: usize,
    /// How many records are kept for others.
    pub stored: usize,
    /// How many nodes the network has, as far as this one can tell.
    pub network_size: Option<u64>,
    /// Bytes for each protocol.
    pub traffic: Vec<Traffic>,
    /// How well the network holds together, by what neighbours told in the last hour; none if nobody did.
    pub health: Option<Estimate>,
    /// The nodes of the last resort, as they were set.
    pub last_resort: Vec<LastResort>,
    /// Control bytes of the last 24 hours, and what is allowed.
    pub budget: (u64, u64),
    /// What stands now.
    pub alarms: Vec<Alarm>,
}

/// One connected peer.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct PeerView {
    /// Who.
    pub id: NodeId,
    /// The last round trip.
    pub rtt: Option<Duration>,
    /// Its network coordinate, as it says.
    pub coordinate: Option<Coordinate>,
    /// 0 is neutral, below it bad.
    pub score: f64,
    /// The connections that stand.
    pub protocols: Vec<Protocol>,
    /// Its address, if a path is direct.
    pub direct: Option<core::net::IpAddr>,
    /// Whether this node keeps it as a neighbour of its own choice.
    pub neighbour: bool,
    /// Since when.
    pub since: Time,
    /// The neighbour over which it was measured to be nearer than straight, and the round trip that way.
    pub detour: Option<(NodeId, Duration)>,
}

/// Bytes of one protocol, as messages; what the transport adds is not in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Traffic {
    /// Which.
    pub protocol: Protocol,
    /// Sent.
    pub sent: u64,
    /// Received.
    pub received: u64,
}
