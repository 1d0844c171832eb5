//! Signed statements: where a node is ([`PeerRecord`]) and what somebody put into the table ([`SignedRecord`]).
//!
//! Every signature is Ed25519 over `label ‖ canonical CBOR of all other fields`, with a label of its own for each kind,
//! so that a statement of one kind is never taken for another.

mod key;
mod peer;
mod personal;
mod signed;

pub use key::Key;
pub use peer::{MAX_PEER_RECORD, NotARecord, PeerRecord};
pub use personal::{Day, Personal};
pub use signed::{MAX_LABEL, MAX_LIFETIME, MAX_VALUE, SignedRecord};

use ed25519_dalek::{Signature, Signer, SigningKey, VerifyingKey};

use crate::id::NodeId;

/// Signs a statement of the kind `label`.
fn sign(key: &SigningKey, label: &[u8], body: &[u8]) -> Vec<u8> {
    key.sign(&[label, body].concat()).to_bytes().to_vec()
}

/// The one place where signatures of records are checked.
fn check(signer: &NodeId, label: &[u8], body: &[u8], signature: &[u8]) -> bool {
    let message = [label, body].concat();
    #[cfg(feature = "sim")]
    let seen = cache::digest(signer, &message, signature);
    #[cfg(feature = "sim")]
    if cache::holds(&seen) {
        return true;
    }
    let Ok(signature) = Signature::from_slice(signature) else {
        return false;
    };
    let good = VerifyingKey::from_bytes(signer.as_bytes())
        .is_ok_and(|key| key.verify_strict(&message, &signature).is_ok());
    #[cfg(feature = "sim")]
    if good {
        cache::insert(seen);
    }
    good
}

/// A simulated network checks the same record ten thousand times; once is enough.
#[cfg(feature = "sim")]
mod cache {
    use std::collections::HashSet;
    use std::sync::{LazyLock, Mutex, PoisonError};

    use crate::id::NodeId;

    const MOST: usize = 1 << 20;

    static GOOD: LazyLock<Mutex<HashSet<[u8; 16]>>> = LazyLock::new(Mutex::default);

    pub(super) fn digest(signer: &NodeId, message: &[u8], signature: &[u8]) -> [u8; 16] {
        let mut hash = blake3::Hasher::new();
        hash.update(signer.as_bytes());
        hash.update(signature);
        hash.update(message);
        let mut short = [0; 16];
        hash.finalize_xof().fill(&mut short);
        short
    }

    pub(super) fn holds(digest: &[u8; 16]) -> bool {
        GOOD.lock()
            .unwrap_or_else(PoisonError::into_inner)
            .contains(digest)
    }

    pub(super) fn insert(digest: [u8; 16]) {
        let mut good = GOOD.lock().unwrap_or_else(PoisonError::into_inner);
        if good.len() >= MOST {
            good.clear();
        }
        good.insert(digest);
    }
}

#[cfg(test)]
mod tests;
