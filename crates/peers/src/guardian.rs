//! Guardians: what a person and those who keep shares of his 24 words say to each other over a connection on which both have proved
//! their DIDs. Pure: who is asked, what is kept and who decides is for the floors above.
//!
//! A person makes a *set* of shares ([`webx_identity::slip39`]) and hands each to another contact ([`Ask::Keep`]). When all of
//! them have theirs, he says so ([`Ask::Settle`]), and what they kept of older sets is thrown away. From time to time he asks
//! whether a share is still there ([`Ask::Check`]): the answer is a keyed hash over a fresh number, never the share. A share
//! goes back to a new device only by a person's hand, over [`pairing`](crate::pairing).

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_bytes::ByteArray;
use webx_identity::{Did, slip39::Share};
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use crate::wire;

/// The protocol's name.
pub const PROTOCOL: &str = "webx/guardian/1";
/// The longest question, in bytes: a share of 59 words of at most eight letters, and what stands around it.
pub const MAX_ASK: usize = 1024;
const VERSION: u8 = 1;
/// The longest share, in bytes.
const MAX_SHARE: usize = 59 * 9;

/// Names a set of shares; drawn at random.
pub type SetId = [u8; 16];

/// The words of a share, as they travel. Wiped when dropped, never printed.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, Zeroize, ZeroizeOnDrop)]
pub struct ShareText(String);

impl ShareText {
    /// The words of a share.
    #[must_use]
    pub fn of(share: &Share) -> Self {
        Self((*share.text()).clone())
    }

    /// Reads what was stored or came: the one spelling of a sound share.
    #[must_use]
    pub fn read(text: &str) -> Option<Self> {
        let share: Share = text.parse().ok().filter(|_| text.len() <= MAX_SHARE)?;
        (*share.text() == text).then(|| Self(text.to_owned()))
    }

    /// The words, with one space between them.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for ShareText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ShareText")
    }
}

/// What a person asks of a guardian. The question is about that person's own shares: his DID is the proved one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub enum Ask {
    /// Keep this. Asked again it is the same.
    Keep {
        /// Which set.
        set: ByteArray<16>,
        /// When it was made, in seconds since 1970; a set older than one that is kept is refused.
        made: u64,
        /// The share.
        share: ShareText,
    },
    /// All guardians have their shares of this set: throw others of mine away.
    Settle {
        /// Which set.
        set: ByteArray<16>,
    },
    /// Is the share of this set still there?
    Check {
        /// Which set.
        set: ByteArray<16>,
        /// A number that was never used before.
        nonce: ByteArray<32>,
    },
    /// You need not keep anything of mine any more.
    Forget,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Body {
    v: u8,
    ask: Ask,
}

impl Ask {
    /// As it is sent.
    #[must_use]
    pub fn encode(&self) -> Zeroizing<Vec<u8>> {
        let body = Body {
            v: VERSION,
            ask: self.clone(),
        };
        Zeroizing::new(wire::encode(&body).unwrap_or_default())
    }

    /// `None` for anything but the one encoding of a question of this version within its limits.
    #[must_use]
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        let body: Body = wire::decode(bytes, MAX_ASK)?;
        let sound = match &body.ask {
            Ask::Keep { share, .. } => ShareText::read(share.as_str()).is_some(),
            _ => true,
        };
        (body.v == VERSION && sound).then_some(body.ask)
    }
}

/// What a person keeps of a share that he gave away: enough to know it again, not to rebuild it. Never printed.
#[derive(Clone, PartialEq, Eq, Zeroize, ZeroizeOnDrop)]
pub struct CheckKey([u8; 32]);

impl CheckKey {
    /// The key of a share.
    #[must_use]
    pub fn of(share: &ShareText) -> Self {
        Self(blake3::derive_key(
            "webx 2026 guardian check key v1",
            share.0.as_bytes(),
        ))
    }

    /// One that was stored.
    #[must_use]
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// To be stored.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// What a guardian who has the share answers to [`Ask::Check`]. Comparing hashes takes the same time whatever they are.
    #[must_use]
    pub fn proof(&self, set: &SetId, nonce: &[u8; 32], ward: &Did, guardian: &Did) -> blake3::Hash {
        let mut hasher = blake3::Hasher::new_keyed(&self.0);
        hasher.update(set).update(nonce);
        for did in [ward, guardian] {
            hasher.update(blake3::hash(did.as_str().as_bytes()).as_bytes());
        }
        hasher.finalize()
    }
}

impl fmt::Debug for CheckKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CheckKey")
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use webx_identity::slip39::{self, Policy};

    fn share() -> ShareText {
        let policy = Policy::of(2, 3).unwrap();
        let shares = slip39::split(&[5; 32], b"", &policy, &mut |bytes| {
            bytes.fill(9);
            Ok(())
        });
        ShareText::of(&shares.unwrap()[0])
    }

    fn keep() -> Ask {
        Ask::Keep {
            set: [1; 16].into(),
            made: 1_790_000_000,
            share: share(),
        }
    }

    #[test]
    fn questions_have_one_form_which_never_changes() {
        let all = [
            keep(),
            Ask::Settle {
                set: [1; 16].into(),
            },
            Ask::Check {
                set: [1; 16].into(),
                nonce: [2; 32].into(),
            },
            Ask::Forget,
        ];
        for ask in &all {
            let bytes = ask.encode();
            assert_eq!(Ask::decode(&bytes).as_ref(), Some(ask));
            for cut in 0..bytes.len() {
                assert_eq!(Ask::decode(&bytes[..cut]), None);
            }
            let mut longer = bytes.to_vec();
            longer.push(0);
            assert_eq!(Ask::decode(&longer), None);
        }
        let forget = b"\xa2av\x01cask\x66Forget";
        assert_eq!(&**all[3].encode(), forget);
    }

    #[test]
    fn a_share_that_is_none_is_not_kept() {
        let mut words: Vec<&str> = Vec::new();
        let text = share();
        words.extend(text.as_str().split(' '));
        words.swap(4, 5);
        for bad in [
            words.join(" "),
            String::new(),
            "x".repeat(2000),
            text.as_str().to_uppercase(),
        ] {
            assert_eq!(ShareText::read(&bad), None);
            let ask = Ask::Keep {
                set: [1; 16].into(),
                made: 0,
                share: ShareText(bad),
            };
            assert_eq!(Ask::decode(&ask.encode()), None);
        }
    }

    #[test]
    fn a_proof_is_of_one_share_one_number_and_these_two_people() {
        let did = |byte| {
            let key = ed25519_dalek::SigningKey::from_bytes(&[byte; 32]);
            webx_identity::did_key(&key.verifying_key())
                .parse::<Did>()
                .unwrap()
        };
        let key = CheckKey::of(&share());
        let proof = key.proof(&[1; 16], &[2; 32], &did(1), &did(2));
        assert_eq!(proof, key.proof(&[1; 16], &[2; 32], &did(1), &did(2)));
        assert_ne!(proof, key.proof(&[2; 16], &[2; 32], &did(1), &did(2)));
        assert_ne!(proof, key.proof(&[1; 16], &[3; 32], &did(1), &did(2)));
        assert_ne!(proof, key.proof(&[1; 16], &[2; 32], &did(2), &did(1)));
        assert_ne!(proof, key.proof(&[1; 16], &[2; 32], &did(1), &did(3)));
        let other = CheckKey::from_bytes([7; 32]);
        assert_ne!(proof, other.proof(&[1; 16], &[2; 32], &did(1), &did(2)));
    }
}
