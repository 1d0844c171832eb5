//! What an owner of blocks and a host say to each other: one question, one answer.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_bytes::{ByteArray, ByteBuf};
use webx_comms::{Limits, Priority};
use webx_content::BLOCK_LEN;
use webx_peers::wire;

/// The name of the protocol.
pub const PROTOCOL: &str = "webx/copies/1";
/// Blocks in one question at most.
pub(crate) const MAX_BLOCKS: usize = 256;
/// Bytes of the blocks in one question, as soon as there are two.
pub(crate) const BATCH_BYTES: usize = BLOCK_LEN;
/// Digests in one question at most.
pub(crate) const MAX_DIGESTS: usize = 1024;
/// Pieces asked for at once.
pub(crate) const MAX_PIECES: usize = 64;
/// Bytes of a head at most.
pub(crate) const MAX_HEAD: usize = 256;
/// Heads of one person that a host keeps: one for each device.
pub(crate) const MAX_HEADS: usize = 16;
const MAX_ASK: usize = BATCH_BYTES + BLOCK_LEN + 8 * 1024;
const MAX_ANSWER: usize = BLOCK_LEN + 4 * 1024;

pub(crate) type Digest = ByteArray<32>;

/// A question of an owner.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) enum Ask {
    /// How much is kept for me? Renews the lease of all that is.
    Terms,
    /// Keep these blocks.
    Keep(Vec<ByteBuf>),
    /// Which of these are kept?
    Have(Vec<Digest>),
    /// Give me this block.
    Give(Digest),
    /// Show a piece of each of these.
    Prove(Vec<(Digest, u32)>),
    /// These need not be kept any more.
    Drop(Vec<Digest>),
    /// This is the newest head of the device that asks.
    SetHead(ByteBuf),
    /// Which heads are kept, of all my devices?
    Heads,
}

/// The answer of a host.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) enum Answer {
    /// To `Terms`: bytes that may be kept, and that are.
    Terms(u64, u64),
    /// Done. To `Keep`: the blocks are on the disk.
    Done,
    /// To `Keep`: not all of these fit what was agreed, or the disk; none is kept.
    Full,
    /// To `Have`: a byte for each, 1 or 0.
    Have(ByteBuf),
    /// To `Give`.
    Block(Option<ByteBuf>),
    /// To `Prove`: the slices, empty where there is none.
    Slices(Vec<ByteBuf>),
    /// To `Heads`.
    Heads(Vec<ByteBuf>),
}

impl Ask {
    pub(crate) fn encode(&self) -> Vec<u8> {
        wire::encode(self).unwrap_or_default()
    }

    /// `None` for what is not one question, or asks for too much.
    pub(crate) fn decode(bytes: &[u8]) -> Option<Self> {
        let ask: Self = wire::decode(bytes, MAX_ASK)?;
        let fits = match &ask {
            Self::Terms | Self::Give(_) | Self::Heads => true,
            Self::Keep(blocks) => {
                blocks.len() <= MAX_BLOCKS
                    && blocks
                        .iter()
                        .all(|block| !block.is_empty() && block.len() <= BLOCK_LEN)
            }
            Self::Have(digests) | Self::Drop(digests) => digests.len() <= MAX_DIGESTS,
            Self::Prove(pieces) => pieces.len() <= MAX_PIECES,
            Self::SetHead(head) => head.len() <= MAX_HEAD,
        };
        fits.then_some(ask)
    }
}

impl Answer {
    pub(crate) fn encode(&self) -> Vec<u8> {
        wire::encode(self).unwrap_or_default()
    }

    pub(crate) fn decode(bytes: &[u8]) -> Option<Self> {
        wire::decode(bytes, MAX_ANSWER)
    }
}

/// What one peer may use. Copying is what waits when anything else is to be done.
pub(crate) fn limits() -> Limits {
    Limits {
        streams: 8,
        bytes: MAX_ASK as u64,
        answer: MAX_ANSWER as u64,
        rate: 200,
        time: Duration::from_secs(120),
        weight: 3,
        priority: Priority::Bulk,
        ..Limits::default()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn questions_and_answers_read_back_and_too_much_is_refused() {
        let digest = Digest::new([7; 32]);
        for ask in [
            Ask::Terms,
            Ask::Keep(vec![
                ByteBuf::from(vec![1; BLOCK_LEN]),
                ByteBuf::from(vec![2; 5]),
            ]),
            Ask::Have(vec![digest; MAX_DIGESTS]),
            Ask::Give(digest),
            Ask::Prove(vec![(digest, 1023); MAX_PIECES]),
            Ask::Drop(vec![digest]),
            Ask::SetHead(ByteBuf::from(vec![1; MAX_HEAD])),
            Ask::Heads,
        ] {
            assert_eq!(Ask::decode(&ask.encode()).unwrap(), ask);
            assert!(ask.encode().len() <= MAX_ASK);
        }
        for ask in [
            Ask::Keep(vec![ByteBuf::from(vec![1; BLOCK_LEN + 1])]),
            Ask::Keep(vec![ByteBuf::new()]),
            Ask::Keep(vec![ByteBuf::from(vec![1]); MAX_BLOCKS + 1]),
            Ask::Have(vec![digest; MAX_DIGESTS + 1]),
            Ask::Drop(vec![digest; MAX_DIGESTS + 1]),
            Ask::Prove(vec![(digest, 0); MAX_PIECES + 1]),
            Ask::SetHead(ByteBuf::from(vec![1; MAX_HEAD + 1])),
        ] {
            assert_eq!(Ask::decode(&ask.encode()), None);
        }
        for answer in [
            Answer::Terms(u64::MAX, 0),
            Answer::Done,
            Answer::Full,
            Answer::Have(ByteBuf::from(vec![1; MAX_DIGESTS])),
            Answer::Block(Some(ByteBuf::from(vec![9; BLOCK_LEN]))),
            Answer::Block(None),
            Answer::Slices(vec![
                ByteBuf::from(vec![3; crate::slice::MAX_SLICE]);
                MAX_PIECES
            ]),
            Answer::Heads(vec![ByteBuf::from(vec![1; MAX_HEAD]); MAX_HEADS]),
        ] {
            assert!(answer.encode().len() <= MAX_ANSWER);
            assert_eq!(Answer::decode(&answer.encode()).unwrap(), answer);
        }
    }

    proptest! {
        #[test]
        fn rubbish_is_refused(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            if let Some(ask) = Ask::decode(&bytes) {
                prop_assert_eq!(ask.encode(), bytes);
            } else {
                let _ = Answer::decode(&bytes);
            }
        }
    }
}
