//! What is broadcast: topics, messages and the verdict on them.

use core::fmt;

use serde::{Deserialize, Serialize};

/// A topic of broadcast: 32 bytes, usually the hash of a name.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Topic(#[serde(with = "serde_bytes")] pub [u8; 32]);

impl Topic {
    /// The swarm of the whole overlay; every node is in it.
    pub const QNET: Self = Self([0; 32]);

    /// The topic of a name.
    #[must_use]
    pub fn named(name: &str) -> Self {
        Self(blake3::derive_key("webx overlay topic v1", name.as_bytes()))
    }
}

impl fmt::Debug for Topic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = data_encoding::HEXLOWER.encode(&self.0[..5]);
        write!(f, "topic {text}")
    }
}

/// A broadcast message: the hash of its origin, topic and content.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct MessageId(#[serde(with = "serde_bytes")] pub [u8; 32]);

impl fmt::Debug for MessageId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = data_encoding::HEXLOWER.encode(&self.0[..5]);
        write!(f, "message {text}")
    }
}

/// What the floor above says of a message before it is passed on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Good: pass it on.
    Accept,
    /// Bad: drop it, the sender's score falls.
    Reject,
    /// Neither: drop it, nobody is blamed.
    Ignore,
}
