//! The messages between neighbours.

use serde::{Deserialize, Serialize};

use crate::coordinates::Coordinate;
use crate::id::NodeId;
use crate::protocol::Protocol;
use crate::record::PeerRecord;
use crate::wire::{self, Malformed};

const VERSION: u8 = 1;
/// The most records in an exchange.
pub(crate) const MOST_PEERS: usize = 8;
/// What they may fill, in bytes.
const ROOM: usize = 7 * 1024;

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
    /// Yes, with the number of the ping.
    #[serde(rename = "q")]
    Pong(u64, Coordinate),
    /// Whom do you know? At most so many.
    #[serde(rename = "a")]
    Ask(u8),
    /// These.
    #[serde(rename = "r")]
    Peers(Vec<PeerRecord>),
    /// How far are you from this node?
    #[serde(rename = "w")]
    Way(NodeId),
    /// So many microseconds.
    #[serde(rename = "d")]
    Detour(NodeId, u32),
}

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

    pub(crate) const fn pong(nonce: u64, coordinate: Coordinate) -> Self {
        Self(VERSION, Body::Pong(nonce, coordinate))
    }

    pub(crate) const fn ask(count: u8) -> Self {
        Self(VERSION, Body::Ask(count))
    }

    /// As many of the records as an exchange may carry.
    pub(crate) fn peers(mut records: Vec<PeerRecord>) -> Self {
        let mut room = ROOM;
        records.retain(|record| {
            let size = record.encode().len();
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
}
