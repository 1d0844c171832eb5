//! What goes over a gossip connection: `[1, topic or null, body]` in deterministic CBOR.

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use super::MAX_MESSAGE;
use crate::protocol::Protocol;
use crate::record::PeerRecord;
use crate::topic::{MessageId, Topic};
use crate::wire::{self, Malformed};

const VERSION: u8 = 1;
/// Hops that a join or a shuffle walks through the overlay.
pub(crate) const WALK: u8 = 6;
/// Records in one shuffle.
pub(crate) const SHUFFLED: usize = 8;
/// Ids in one announcement.
pub(crate) const ANNOUNCED: usize = 64;

/// What one node says to another about one swarm.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Body {
    /// Take me in.
    Join(PeerRecord),
    /// Somebody wants in; who is at the end of the walk becomes a neighbour.
    Forward(u8, PeerRecord),
    /// Be my neighbour; `true`: I have none.
    Neighbour(bool, PeerRecord),
    /// The answer to either.
    Answer(bool),
    /// No longer my neighbour.
    Leave,
    /// Whom I know, in exchange for whom you know: walk, hops left, records.
    Shuffle(u64, u8, Vec<PeerRecord>),
    /// The answer, back along the walk.
    Shuffled(u64, Vec<PeerRecord>),
    /// A message, and how many hops it came.
    Push(u16, #[serde(with = "content")] Bytes),
    /// I have these messages.
    Have(Vec<MessageId>),
    /// Send me this one, and the next ones at once.
    Graft(MessageId),
    /// I get your messages from another already.
    Prune,
}

#[derive(Serialize, Deserialize)]
struct Frame(u8, Option<Topic>, Body);

pub(crate) fn encode(topic: Topic, body: Body) -> Bytes {
    let topic = (topic != Topic::QNET).then_some(topic);
    Bytes::from(wire::encode(&Frame(VERSION, topic, body)))
}

pub(crate) fn decode(bytes: &[u8]) -> Result<(Topic, Body), Malformed> {
    let Frame(version, topic, body) = wire::decode(bytes, Protocol::Gossip.max_message())?;
    if version != VERSION {
        return Err(Malformed::Version(version));
    }
    let sound = match &body {
        Body::Forward(hops, _) => *hops <= WALK,
        Body::Shuffle(_, hops, records) => *hops <= WALK && records.len() <= SHUFFLED,
        Body::Shuffled(_, records) => records.len() <= SHUFFLED,
        Body::Push(_, bytes) => !bytes.is_empty() && bytes.len() <= MAX_MESSAGE,
        Body::Have(ids) => (1..=ANNOUNCED).contains(&ids.len()),
        _ => true,
    };
    if topic == Some(Topic::QNET) || !sound {
        return Err(Malformed::Shape);
    }
    Ok((topic.unwrap_or(Topic::QNET), body))
}

/// A byte string of CBOR.
mod content {
    use bytes::Bytes;
    use serde::{Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(bytes: &Bytes, to: S) -> Result<S::Ok, S::Error> {
        serde_bytes::serialize(bytes.as_ref(), to)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Bytes, D::Error> {
        serde_bytes::deserialize::<Vec<u8>, D>(from).map(Bytes::from)
    }
}
