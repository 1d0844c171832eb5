//! Questions and answers of the table.

use serde::{Deserialize, Serialize};

use crate::protocol::Protocol;
use crate::record::{Key, PeerRecord, SignedRecord};
use crate::wire::{self, Malformed};

const VERSION: u8 = 1;
/// The most nodes in an answer.
pub(crate) const MOST_NODES: usize = 40;
/// The most records in an answer: as many owners as stand under one key.
pub(crate) const MOST_VALUES: usize = 16;
/// What an answer may fill with nodes, or with records, in bytes.
const HALF: usize = 11 * 1024;

/// The proof that a node was asked from an address, needed to put a record there.
pub(crate) type Token = [u8; 8];

/// Version, number of the question, body.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Message(u8, pub u32, pub Body);

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Body {
    /// Who I am, and whether I answer for the table. Its number is 0; no answer.
    #[serde(rename = "m")]
    Me(PeerRecord, bool),
    /// Are you there?
    #[serde(rename = "p")]
    Ping,
    /// Yes.
    #[serde(rename = "q")]
    Pong,
    /// Which nodes are closest to a place? At most so many.
    #[serde(rename = "f")]
    Find(Key, u8),
    /// These.
    #[serde(rename = "n")]
    Nodes(Vec<PeerRecord>, #[serde(with = "serde_bytes")] Token),
    /// What lies at a place, and which nodes are closest to it?
    #[serde(rename = "g")]
    Get(Key, u8),
    /// This, and these.
    #[serde(rename = "v")]
    Values(
        Vec<SignedRecord>,
        Vec<PeerRecord>,
        #[serde(with = "serde_bytes")] Token,
    ),
    /// Keep this.
    #[serde(rename = "s")]
    Store(SignedRecord, #[serde(with = "serde_bytes")] Token),
    /// Kept, or why not: 0 kept, 1 wrong token, 2 no room, 3 not my region, 4 not acceptable.
    #[serde(rename = "k")]
    Stored(u8),
}

impl Message {
    pub(crate) const fn new(number: u32, body: Body) -> Self {
        Self(VERSION, number, body)
    }

    pub(crate) fn encode(&self) -> Vec<u8> {
        wire::encode(self)
    }

    /// Strict; signatures of the records inside are not checked here.
    pub(crate) fn decode(bytes: &[u8]) -> Result<Self, Malformed> {
        let message: Self = wire::decode(bytes, Protocol::Table.max_message())?;
        if message.0 != VERSION {
            return Err(Malformed::Version(message.0));
        }
        let within = match &message.2 {
            Body::Nodes(nodes, _) => nodes.len() <= MOST_NODES,
            Body::Values(values, nodes, _) => {
                values.len() <= MOST_VALUES && nodes.len() <= MOST_NODES
            }
            Body::Find(_, want) | Body::Get(_, want) => usize::from(*want) <= MOST_NODES,
            Body::Stored(code) => *code <= 4,
            Body::Me(..) => message.1 == 0,
            _ => true,
        };
        if within {
            Ok(message)
        } else {
            Err(Malformed::Shape)
        }
    }

    /// As many nodes as fit into half a message.
    pub(crate) fn fit_nodes(mut nodes: Vec<PeerRecord>) -> Vec<PeerRecord> {
        let mut room = HALF;
        nodes.retain(|node| {
            let size = 140
                + node.direct.len() * 20
                + node
                    .relays
                    .iter()
                    .map(|relay| relay.len() + 3)
                    .sum::<usize>();
            let fits = size <= room;
            room -= if fits { size } else { 0 };
            fits
        });
        nodes
    }

    /// As many records as fit into half a message.
    pub(crate) fn fit_values(mut values: Vec<SignedRecord>) -> Vec<SignedRecord> {
        let mut room = HALF;
        values.retain(|value| {
            let fits = value.size() <= room;
            room -= if fits { value.size() } else { 0 };
            fits
        });
        values.truncate(MOST_VALUES);
        values
    }
}

#[cfg(test)]
#[path = "message_tests.rs"]
mod tests;
