//! Personal records at places that change every day, so that who does not know a key cannot follow its owner.

use aws_lc_rs::aead::{AES_256_GCM_SIV, Aad, LessSafeKey, Nonce, UnboundKey};
use ed25519_dalek::SigningKey;
use serde::{Deserialize, Serialize};
use serde_bytes::ByteBuf;
use zeroize::Zeroizing;

use super::{Key, NotARecord, SignedRecord, check, sign};
use crate::id::NodeId;
use crate::machine::UnixTime;
use crate::wire::{self, Malformed};

const SECONDS: u64 = 86_400;
/// How far clocks may differ at midnight, in seconds.
const SKEW: u64 = 600;
const LABEL: &[u8] = b"webx overlay personal record v1\0";

/// A day, in UTC, counted since 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Day(pub u64);

impl Day {
    /// The day of a moment.
    #[must_use]
    pub const fn of(now: UnixTime) -> Self {
        Self(now.0 / SECONDS)
    }

    /// The days under which a record is put: today, and tomorrow too in the last ten minutes.
    #[must_use]
    pub fn to_put(now: UnixTime) -> Vec<Self> {
        let mut days = vec![
            Self::of(now),
            Self::of(UnixTime(now.0.saturating_add(SKEW))),
        ];
        days.dedup();
        days
    }

    /// The days that are looked up: today first, then both neighbours, for clocks differ and owners sleep.
    #[must_use]
    pub const fn to_get(now: UnixTime) -> [Self; 3] {
        let today = Self::of(now).0;
        [
            Self(today),
            Self(today.saturating_sub(1)),
            Self(today.saturating_add(1)),
        ]
    }

    /// Whether a record of this day is believed: yesterday's and today's, and tomorrow's from ten minutes before midnight.
    #[must_use]
    pub const fn believed(self, now: UnixTime) -> bool {
        self.0 + 1 >= Self::of(now).0 && self.0 <= Self::of(UnixTime(now.0.saturating_add(SKEW))).0
    }
}

/// The place and the encryption of one person's records for one purpose on one day.
///
/// The place is a hash of the person's key, the day and the label; the value is encrypted under a key that everybody who
/// knows the person's key can derive; and the record outside is signed by a key made for the day. A node that stores it
/// learns neither whose it is nor what it says, unless it already knows the person's key and looks for it.
#[derive(Debug, Clone, Copy)]
pub struct Personal<'a> {
    /// Whose.
    pub owner: &'a NodeId,
    /// For what, such as `mailbox`.
    pub label: &'a [u8],
    /// On which day.
    pub day: Day,
}

impl Personal<'_> {
    /// Where it lies.
    #[must_use]
    pub fn key(&self) -> Key {
        Key(self.derive("webx overlay personal place v1", self.owner.as_bytes()))
    }

    /// Encrypts and signs a value of at most about 860 bytes.
    ///
    /// # Errors
    /// When the value is too long, or the key is not the owner's.
    pub fn seal(
        &self,
        key: &SigningKey,
        sequence: u64,
        expires: UnixTime,
        value: &[u8],
    ) -> Result<SignedRecord, NotARecord> {
        if key.verifying_key().as_bytes() != self.owner.as_bytes() {
            return Err(NotARecord::Signature);
        }
        let secret = Zeroizing::new(key.to_bytes());
        let seed = Zeroizing::new(self.derive("webx overlay day key v1", secret.as_slice()));
        let day_key = SigningKey::from_bytes(&seed);
        let day_id = NodeId(day_key.verifying_key().to_bytes());
        let signature = sign(key, LABEL, &self.statement(&day_id, sequence, value));
        let inside = Inside(ByteBuf::from(signature), ByteBuf::from(value));
        let mut sealed = wire::encode(&inside);
        // The nonce depends on all that is encrypted, and the mode forgives a repeated one.
        let mut hash = blake3::Hasher::new_derive_key("webx overlay personal nonce v1");
        hash.update(&sequence.to_be_bytes());
        hash.update(&sealed);
        let mut nonce = [0; 12];
        hash.finalize_xof().fill(&mut nonce);
        self.cipher()?
            .seal_in_place_append_tag(
                Nonce::assume_unique_for_key(nonce),
                Aad::from(day_id.as_bytes()),
                &mut sealed,
            )
            .map_err(|_| NotARecord::Limits)?;
        let value = [nonce.as_slice(), sealed.as_slice()].concat();
        SignedRecord::open(&day_key, self.key(), sequence, expires, value)
    }

    /// Decrypts a record found at [`Personal::key`] and checks that the person made it, for this day and label.
    ///
    /// # Errors
    /// When anybody else made it, or for another day or purpose.
    pub fn open(&self, record: &SignedRecord) -> Result<Vec<u8>, NotARecord> {
        if record.key != self.key() {
            return Err(NotARecord::Limits);
        }
        let (nonce, sealed) = record
            .value
            .split_first_chunk::<12>()
            .ok_or(Malformed::Shape)?;
        let mut sealed = sealed.to_vec();
        let plain = self
            .cipher()?
            .open_in_place(
                Nonce::assume_unique_for_key(*nonce),
                Aad::from(record.owner.as_bytes()),
                &mut sealed,
            )
            .map_err(|_| NotARecord::Signature)?;
        let inside: Inside = wire::decode(plain, super::MAX_VALUE)?;
        let statement = self.statement(&record.owner, record.sequence, &inside.1);
        if check(self.owner, LABEL, &statement, &inside.0) {
            Ok(inside.1.into_vec())
        } else {
            Err(NotARecord::Signature)
        }
    }

    fn statement(&self, day_key: &NodeId, sequence: u64, value: &[u8]) -> Vec<u8> {
        wire::encode(&Statement(
            self.day.0,
            ByteBuf::from(self.label),
            *day_key,
            sequence,
            ByteBuf::from(value),
        ))
    }

    fn cipher(&self) -> Result<LessSafeKey, NotARecord> {
        let bytes =
            Zeroizing::new(self.derive("webx overlay personal value v1", self.owner.as_bytes()));
        UnboundKey::new(&AES_256_GCM_SIV, bytes.as_slice())
            .map(LessSafeKey::new)
            .map_err(|_| NotARecord::Limits)
    }

    fn derive(&self, context: &str, key: &[u8]) -> [u8; 32] {
        let mut hash = blake3::Hasher::new_derive_key(context);
        hash.update(key);
        hash.update(&self.day.0.to_be_bytes());
        hash.update(self.label);
        *hash.finalize().as_bytes()
    }
}

/// The person's signature and the value.
#[derive(Serialize, Deserialize)]
struct Inside(ByteBuf, ByteBuf);

/// What the person signs: day, label, the day's key, sequence, value.
#[derive(Serialize)]
struct Statement(u64, ByteBuf, NodeId, u64, ByteBuf);
