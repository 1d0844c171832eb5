//! The messages between neighbours.

use serde::{Deserialize, Serialize};

use crate::coordinates::Coordinate;
use crate::id::NodeId;
use crate::protocol::Protocol;
use crate::record::PeerRecord;
use crate::topology::Sample;
use crate::wire::{self, Malformed};

const VERSION: u8 = 1;
/// The most records in an exchange.
pub(crate) const MOST_PEERS: usize = 8;
/// What they may fill, in bytes, and what a coordinate does at most.
const ROOM: usize = 7 * 1024;
const COORDINATE: usize = 64;

/// Version and body.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Message(u8, Body);

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) enum Body {
    /// Who I am, and whether I answer for the table.
    #[serde(rename = "h")]
    Hello(PeerRecord, bool),
    /// Are you there? With the sender's coordinate.
    #[serde(rename = "p")]
    Ping(u64, Coordinate),
    /// Yes, with the number of the ping, and how the network looks from here.
    #[serde(rename = "q")]
    Pong(u64, Coordinate, Option<Sample>),
    /// Whom do you know? At most so many.
    #[serde(rename = "a")]
    Ask(u8),
    /// These; with where they said they stand, if they told the sender themselves.
    #[serde(rename = "r")]
    Peers(Vec<Peer>),
    /// How far are you from this node?
    #[serde(rename = "w")]
    Way(NodeId),
    /// So many microseconds.
    #[serde(rename = "d")]
    Detour(NodeId, u32),
    /// Ping this node for me, with this number.
    #[serde(rename = "f")]
    Pass(NodeId, u64),
    /// This node pings you by way of me.
    #[serde(rename = "g")]
    Passed(NodeId, u64),
    /// Tell that node: yes.
    #[serde(rename = "k")]
    PassBack(NodeId, u64),
    /// This node says yes.
    #[serde(rename = "l")]
    Back(NodeId, u64),
}

/// A node and its coordinate.
pub(crate) type Peer = (PeerRecord, Option<Coordinate>);

impl Message {
    pub(crate) fn encode(&self) -> Vec<u8> {
        wire::encode(self)
    }

    /// Strict; signatures of the records inside are not checked here.
    pub(crate) fn decode(bytes: &[u8]) -> Result<Self, Malformed> {
        let message: Self = wire::decode(bytes, Protocol::Control.max_message())?;
        if message.0 != VERSION {
            return Err(Malformed::Version(message.0));
        }
        let within = match &message.1 {
            Body::Ask(count) => usize::from(*count) <= MOST_PEERS,
            Body::Peers(peers) => peers.len() <= MOST_PEERS,
            _ => true,
        };
        if within {
            Ok(message)
        } else {
            Err(Malformed::Shape)
        }
    }

    pub(crate) fn body(self) -> Body {
        self.1
    }

    pub(crate) const fn hello(record: PeerRecord, serving: bool) -> Self {
        Self(VERSION, Body::Hello(record, serving))
    }

    pub(crate) const fn ping(nonce: u64, coordinate: Coordinate) -> Self {
        Self(VERSION, Body::Ping(nonce, coordinate))
    }

    pub(crate) const fn pong(nonce: u64, coordinate: Coordinate, sample: Option<Sample>) -> Self {
        Self(VERSION, Body::Pong(nonce, coordinate, sample))
    }

    pub(crate) const fn ask(count: u8) -> Self {
        Self(VERSION, Body::Ask(count))
    }

    /// As many of the records as an exchange may carry.
    pub(crate) fn peers(mut records: Vec<Peer>) -> Self {
        let mut room = ROOM;
        records.retain(|(record, _)| {
            let size = record.encode().len() + COORDINATE;
            let fits = size <= room;
            room -= if fits { size } else { 0 };
            fits
        });
        records.truncate(MOST_PEERS);
        Self(VERSION, Body::Peers(records))
    }

    pub(crate) const fn way(to: NodeId) -> Self {
        Self(VERSION, Body::Way(to))
    }

    pub(crate) const fn detour(to: NodeId, micros: u32) -> Self {
        Self(VERSION, Body::Detour(to, micros))
    }

    pub(crate) const fn pass(to: NodeId, number: u64) -> Self {
        Self(VERSION, Body::Pass(to, number))
    }

    pub(crate) const fn passed(from: NodeId, number: u64) -> Self {
        Self(VERSION, Body::Passed(from, number))
    }

    pub(crate) const fn pass_back(to: NodeId, number: u64) -> Self {
        Self(VERSION, Body::PassBack(to, number))
    }

    pub(crate) const fn back(from: NodeId, number: u64) -> Self {
        Self(VERSION, Body::Back(from, number))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::transport::Hints;
    use ed25519_dalek::SigningKey;
    use proptest::prelude::*;

    fn peer() -> PeerRecord {
        let key = SigningKey::from_bytes(&[1; 32]);
        PeerRecord::signed(&key, 1, 1_800_000_000, Hints::default(), false).unwrap()
    }

    fn all() -> [Message; 12] {
        let (node, place) = (NodeId([3; 32]), Coordinate::origin());
        [
            Message::hello(peer(), true),
            Message::ping(7, place),
            Message::pong(7, place, None),
            Message::pong(7, place, Some(Sample::from((5, 20, 19)))),
            Message::ask(8),
            Message::peers(vec![(peer(), None), (peer(), Some(place))]),
            Message::way(node),
            Message::detour(node, 20_000),
            Message::pass(node, 9),
            Message::passed(node, 9),
            Message::pass_back(node, 9),
            Message::back(node, 9),
        ]
    }

    #[test]
    fn messages_are_read_as_they_were_written_and_stay_within_their_limit() {
        for message in all() {
            assert_eq!(Message::decode(&message.encode()), Ok(message));
        }
        assert!(Message::decode(&Message::ask(9).encode()).is_err());
        assert!(
            Message::decode(&Message(1, Body::Peers(vec![(peer(), None); 9])).encode()).is_err()
        );
        assert!(Message::decode(&Message(9, Body::Ask(1)).encode()).is_err());
        assert_eq!(
            Message::peers(vec![(peer(), None); 30]),
            Message::peers(vec![(peer(), None); 8])
        );
    }

    proptest! {
        #[test]
        fn damage_never_passes_as_the_same_message(which in 0usize..12, at in 0usize..4096, bit in 0u8..8) {
            let message = &all()[which];
            let mut bytes = message.encode();
            let at = at % bytes.len();
            prop_assert!(Message::decode(&bytes[..at]).is_err());
            bytes[at] ^= 1 << bit;
            if let Ok(other) = Message::decode(&bytes) {
                prop_assert_ne!(&other, message);
                prop_assert_eq!(other.encode(), bytes);
            }
        }
    }
}
