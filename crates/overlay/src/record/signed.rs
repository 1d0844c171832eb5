//! What somebody put into the table.

use ed25519_dalek::SigningKey;
use serde::{Deserialize, Serialize};
use serde_bytes::ByteBuf;

use super::{Key, NotARecord, check, sign};
use crate::id::NodeId;
use crate::machine::UnixTime;
use crate::wire::{self, Malformed};

/// The longest value, in bytes.
pub const MAX_VALUE: usize = 1024;
/// The longest label, in bytes.
pub const MAX_LABEL: usize = 64;
/// How long a record may live from now on, in seconds.
pub const MAX_LIFETIME: u64 = 48 * 3600;
/// How far a peer's clock may be ahead before its records count as too long-lived, in seconds.
const LENIENCE: u64 = 3600;
/// The longest encoded record, in bytes.
pub(crate) const MAX_SIGNED_RECORD: usize = MAX_VALUE + MAX_LABEL + 256;
const VERSION: u8 = 1;
const LABEL: &[u8] = b"webx overlay table record v1\0";

/// A value in the table, after BEP 44: signed by its owner, sequenced, gone after at most 48 hours unless put again.
///
/// A key made by [`Key::owned`] takes the owner's records alone, and the newest replaces the others. Under any other key
/// several owners stand side by side, and the reader judges which of them he believes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "Wire", try_from = "Wire")]
pub struct SignedRecord {
    /// Where it lies.
    pub key: Key,
    /// Whose.
    pub owner: NodeId,
    /// With the owner it makes up an owned key; empty otherwise. At most 64 bytes.
    pub label: Vec<u8>,
    /// Counts up with each change.
    pub sequence: u64,
    /// When it ends, in seconds since 1970.
    pub expires: u64,
    /// At most 1 KiB.
    pub value: Vec<u8>,
    /// Ed25519, over everything above.
    pub signature: Vec<u8>,
}

impl SignedRecord {
    /// A record that only this owner can write.
    ///
    /// # Errors
    /// When label or value are too long.
    pub fn owned(
        key: &SigningKey,
        label: &[u8],
        sequence: u64,
        expires: UnixTime,
        value: Vec<u8>,
    ) -> Result<Self, NotARecord> {
        let owner = NodeId(key.verifying_key().to_bytes());
        let place = Key::owned(&owner, label);
        Self::signed(key, place, label, sequence, expires, value)
    }

    /// A record at a place that others may write to as well.
    ///
    /// # Errors
    /// When the value is too long.
    pub fn open(
        key: &SigningKey,
        place: Key,
        sequence: u64,
        expires: UnixTime,
        value: Vec<u8>,
    ) -> Result<Self, NotARecord> {
        Self::signed(key, place, b"", sequence, expires, value)
    }

    fn signed(
        key: &SigningKey,
        place: Key,
        label: &[u8],
        sequence: u64,
        expires: UnixTime,
        value: Vec<u8>,
    ) -> Result<Self, NotARecord> {
        let mut record = Self {
            key: place,
            owner: NodeId(key.verifying_key().to_bytes()),
            label: label.to_vec(),
            sequence,
            expires: expires.0,
            value,
            signature: Vec::new(),
        };
        record.limits()?;
        record.signature = sign(key, LABEL, &record.body());
        Ok(record)
    }

    /// Reads a record: strict, canonical, signature verified. Whether it has expired is [`SignedRecord::alive`].
    ///
    /// # Errors
    /// When it is anything else than the canonical bytes of a record signed by its owner.
    pub fn decode(bytes: &[u8]) -> Result<Self, NotARecord> {
        let record: Self = wire::decode(bytes, MAX_SIGNED_RECORD)?;
        record.verify()?;
        Ok(record)
    }

    /// The canonical bytes.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        wire::encode(self)
    }

    /// Checks limits and signature.
    ///
    /// # Errors
    /// When a limit is passed or the signature is not the owner's.
    pub fn verify(&self) -> Result<(), NotARecord> {
        self.limits()?;
        if check(&self.owner, LABEL, &self.body(), &self.signature) {
            Ok(())
        } else {
            Err(NotARecord::Signature)
        }
    }

    /// Whether nobody but the owner can write at this place.
    #[must_use]
    pub fn is_owned(&self) -> bool {
        self.key == Key::owned(&self.owner, &self.label)
    }

    /// Whether it has not expired and does not claim to live longer than 48 hours from now.
    #[must_use]
    pub fn alive(&self, now: UnixTime) -> bool {
        self.expires > now.0 && self.expires <= now.0.saturating_add(MAX_LIFETIME + LENIENCE)
    }

    /// Whether it replaces another one of the same owner at the same place. Of two with one number the one with the
    /// greater bytes stands, so that all nodes agree.
    #[must_use]
    pub fn replaces(&self, other: &Self) -> bool {
        (self.sequence, self.expires, &self.value) > (other.sequence, other.expires, &other.value)
    }

    pub(crate) fn size(&self) -> usize {
        200 + self.value.len() + self.label.len()
    }

    fn body(&self) -> Vec<u8> {
        let mut wire = Wire::from(self.clone());
        wire.7.clear();
        wire::encode(&wire)
    }

    fn limits(&self) -> Result<(), NotARecord> {
        if self.value.len() > MAX_VALUE || self.label.len() > MAX_LABEL {
            return Err(NotARecord::Limits);
        }
        if !self.label.is_empty() && !self.is_owned() {
            return Err(NotARecord::Limits);
        }
        Ok(())
    }
}

/// Version, key, owner, label, sequence, expiry, value, signature.
#[derive(Clone, Serialize, Deserialize)]
struct Wire(u8, Key, NodeId, ByteBuf, u64, u64, ByteBuf, ByteBuf);

impl From<SignedRecord> for Wire {
    fn from(record: SignedRecord) -> Self {
        Self(
            VERSION,
            record.key,
            record.owner,
            ByteBuf::from(record.label),
            record.sequence,
            record.expires,
            ByteBuf::from(record.value),
            ByteBuf::from(record.signature),
        )
    }
}

impl TryFrom<Wire> for SignedRecord {
    type Error = NotARecord;

    fn try_from(wire: Wire) -> Result<Self, NotARecord> {
        if wire.0 != VERSION {
            return Err(Malformed::Version(wire.0).into());
        }
        if wire.7.len() != 64 {
            return Err(NotARecord::Signature);
        }
        let record = Self {
            key: wire.1,
            owner: wire.2,
            label: wire.3.into_vec(),
            sequence: wire.4,
            expires: wire.5,
            value: wire.6.into_vec(),
            signature: wire.7.into_vec(),
        };
        record.limits()?;
        Ok(record)
    }
}
