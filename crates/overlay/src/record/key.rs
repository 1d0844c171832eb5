//! Places in the table.

use core::fmt;

use serde::{Deserialize, Serialize};

use crate::id::NodeId;

/// A place in the table: 32 bytes, compared by XOR.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Key(#[serde(with = "serde_bytes")] pub [u8; 32]);

impl Key {
    /// The place of a node: the hash of its id, so that nodes and values are spread alike.
    #[must_use]
    pub fn of_node(node: &NodeId) -> Self {
        Self(blake3::derive_key(
            "webx overlay node place v1",
            node.as_bytes(),
        ))
    }

    /// The place that only `owner` may write to under this label.
    #[must_use]
    pub fn owned(owner: &NodeId, label: &[u8]) -> Self {
        let mut hash = blake3::Hasher::new_derive_key("webx overlay owned place v1");
        hash.update(owner.as_bytes());
        hash.update(label);
        Self(*hash.finalize().as_bytes())
    }

    /// The place of a subject that anybody may write about, such as "who holds this block".
    #[must_use]
    pub fn open(subject: &[u8]) -> Self {
        Self(blake3::derive_key("webx overlay open place v1", subject))
    }

    /// How far two places are apart, as a big-endian number.
    #[must_use]
    pub fn distance(&self, other: &Self) -> [u8; 32] {
        core::array::from_fn(|i| {
            self.0.get(i).copied().unwrap_or_default() ^ other.0.get(i).copied().unwrap_or_default()
        })
    }

    /// How many leading bits two places share, 0 to 256.
    #[must_use]
    pub fn shared(&self, other: &Self) -> u32 {
        let distance = self.distance(other);
        let mut bits = 0;
        for byte in distance {
            bits += byte.leading_zeros();
            if byte != 0 {
                break;
            }
        }
        bits
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = data_encoding::HEXLOWER.encode(&self.0[..5]);
        write!(f, "key {text}")
    }
}
