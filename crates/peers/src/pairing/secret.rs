//! What both devices compute from the secret and from what they said: proofs and digits. Pure.

use webx_overlay::NodeId;
use zeroize::Zeroizing;

use super::{Digits, PairingSecret};

const COMMITMENT: &str = "webx 2026 pairing commitment v1";
const NEW: &str = "webx 2026 pairing proof of the new device v1";
const OLD: &str = "webx 2026 pairing proof of the old device v1";
const DIGITS: &str = "webx 2026 pairing digits v1";

/// What the new device says before it has seen the old one's number.
pub(super) fn commitment(random: &[u8; 32]) -> [u8; 32] {
    blake3::derive_key(COMMITMENT, random)
}

/// Everything both sides agree on. All parts but the name have a fixed length, and the name is hashed.
#[derive(Clone)]
pub(super) struct Transcript {
    pub(super) binding: [u8; 32],
    pub(super) new: NodeId,
    pub(super) old: NodeId,
    pub(super) random_new: [u8; 32],
    pub(super) random_old: [u8; 32],
    pub(super) name: String,
}

impl Transcript {
    fn keyed(&self, context: &str, secret: &PairingSecret) -> blake3::Hash {
        let key = Zeroizing::new(blake3::derive_key(context, &secret.0));
        let mut hasher = blake3::Hasher::new_keyed(&key);
        hasher
            .update(&self.binding)
            .update(self.new.as_bytes())
            .update(self.old.as_bytes())
            .update(&self.random_new)
            .update(&self.random_old)
            .update(blake3::hash(self.name.as_bytes()).as_bytes());
        hasher.finalize()
    }

    /// What the new device shows. Comparing hashes takes the same time whatever they are.
    pub(super) fn proof_of_new(&self, secret: &PairingSecret) -> blake3::Hash {
        self.keyed(NEW, secret)
    }

    /// What the old device shows.
    pub(super) fn proof_of_old(&self, secret: &PairingSecret) -> blake3::Hash {
        self.keyed(OLD, secret)
    }

    /// What people compare.
    pub(super) fn digits(&self, secret: &PairingSecret) -> Digits {
        let hash = self.keyed(DIGITS, secret);
        let number = hash
            .as_bytes()
            .first_chunk::<8>()
            .map_or(0, |bytes| u64::from_le_bytes(*bytes));
        Digits(u32::try_from(number % 1_000_000).unwrap_or_default())
    }
}
