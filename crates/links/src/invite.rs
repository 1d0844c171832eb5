//! Invites: a link that says where to begin.
//!
//! `webx:join?` and base64url of deterministic CBOR: up to three node records, an expiry, a one-time secret and a label,
//! signed by the node that invites. The text is at most one KiB, so that it fits a QR code.

use core::fmt;
use core::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ed25519_dalek::{Signature, Signer as _, SigningKey, VerifyingKey};
use serde::{Deserialize, Serialize};
use webx_overlay::record::PeerRecord;
use webx_overlay::{NodeId, UnixTime};
use zeroize::Zeroize;

/// What every invite begins with.
const PREFIX: &str = "webx:join?";
/// The longest invite.
const LONGEST: usize = 1024;
/// What is signed begins with this, so that no other signature of the key is an invite.
const CONTEXT: &[u8] = b"webx invite 1\0";
/// The longest label, in bytes.
const LONGEST_LABEL: usize = 64;
/// The most nodes in an invite.
const MOST_NODES: usize = 3;

/// Proves to the inviting node that this invite was used. Not printed.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, Zeroize, zeroize::ZeroizeOnDrop)]
pub struct Secret(#[serde(with = "serde_bytes")] pub [u8; 16]);

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret")
    }
}

/// What is written and signed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Body {
    v: u8,
    by: NodeId,
    exp: u64,
    label: String,
    nodes: Vec<PeerRecord>,
    secret: Secret,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Sealed {
    #[serde(with = "serde_bytes")]
    body: Vec<u8>,
    #[serde(with = "serde_bytes")]
    sig: Vec<u8>,
}

/// An invite that is whole, canonical and signed by the node it names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invite {
    body: Body,
    text: String,
}

/// Why a text is no invite.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NotAnInvite {
    /// Something else, cut off, or written in another way than ours.
    #[error("this is not an invite, or a part of it is missing")]
    Malformed,
    /// It was changed on its way.
    #[error("the invite's signature does not hold: it was changed on its way")]
    Signature,
    /// It is too long to be written.
    #[error(
        "an invite holds one to three nodes and a label of 64 bytes, and is no longer than 1024 characters"
    )]
    TooLong,
    /// It is no longer good.
    #[error("the invite has expired; ask for a new one")]
    Expired,
}

impl Invite {
    /// Writes an invite. `nodes`: the inviting node's record first, then others that may still be there when it is not.
    ///
    /// # Errors
    /// When it would be too long.
    pub fn new(
        key: &SigningKey,
        nodes: Vec<PeerRecord>,
        expires: UnixTime,
        label: &str,
        secret: [u8; 16],
    ) -> Result<Self, NotAnInvite> {
        let by = NodeId(key.verifying_key().to_bytes());
        let body = Body {
            v: 1,
            by,
            exp: expires.0,
            label: label.to_owned(),
            nodes,
            secret: Secret(secret),
        };
        if !sound(&body) {
            return Err(NotAnInvite::TooLong);
        }
        let bytes = serde_ipld_dagcbor::to_vec(&body).map_err(|_| NotAnInvite::Malformed)?;
        let sig = key.sign(&signed(&bytes)).to_bytes().to_vec();
        let sealed = serde_ipld_dagcbor::to_vec(&Sealed { body: bytes, sig })
            .map_err(|_| NotAnInvite::Malformed)?;
        let text = format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(sealed));
        if text.len() > LONGEST {
            return Err(NotAnInvite::TooLong);
        }
        Ok(Self { body, text })
    }

    /// Whether it is still good.
    ///
    /// # Errors
    /// When it has expired.
    pub fn check(&self, now: UnixTime) -> Result<(), NotAnInvite> {
        if now.0 < self.body.exp {
            Ok(())
        } else {
            Err(NotAnInvite::Expired)
        }
    }

    /// Who invites.
    #[must_use]
    pub fn by(&self) -> NodeId {
        self.body.by
    }

    /// Until when.
    #[must_use]
    pub fn expires(&self) -> UnixTime {
        UnixTime(self.body.exp)
    }

    /// What the person who invites wrote.
    #[must_use]
    pub fn label(&self) -> &str {
        &self.body.label
    }

    /// Where to begin. Each record has a signature of its own, which the overlay checks.
    #[must_use]
    pub fn nodes(&self) -> &[PeerRecord] {
        &self.body.nodes
    }

    /// What is shown to the inviting node, once.
    #[must_use]
    pub fn secret(&self) -> &Secret {
        &self.body.secret
    }
}

fn signed(body: &[u8]) -> Vec<u8> {
    [CONTEXT, body].concat()
}

fn sound(body: &Body) -> bool {
    body.v == 1
        && (1..=MOST_NODES).contains(&body.nodes.len())
        && body.label.len() <= LONGEST_LABEL
        && !body.label.chars().any(char::is_control)
}

impl fmt::Display for Invite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl FromStr for Invite {
    type Err = NotAnInvite;

    fn from_str(text: &str) -> Result<Self, NotAnInvite> {
        let encoded = text
            .strip_prefix(PREFIX)
            .filter(|_| text.len() <= LONGEST)
            .ok_or(NotAnInvite::Malformed)?;
        let bytes = URL_SAFE_NO_PAD
            .decode(encoded)
            .map_err(|_| NotAnInvite::Malformed)?;
        let sealed: Sealed =
            serde_ipld_dagcbor::from_slice(&bytes).map_err(|_| NotAnInvite::Malformed)?;
        let body: Body =
            serde_ipld_dagcbor::from_slice(&sealed.body).map_err(|_| NotAnInvite::Malformed)?;
        let canonical = serde_ipld_dagcbor::to_vec(&body).is_ok_and(|again| again == sealed.body)
            && serde_ipld_dagcbor::to_vec(&sealed).is_ok_and(|again| again == bytes)
            && URL_SAFE_NO_PAD.encode(&bytes) == encoded;
        if !canonical || !sound(&body) {
            return Err(NotAnInvite::Malformed);
        }
        let key =
            VerifyingKey::from_bytes(body.by.as_bytes()).map_err(|_| NotAnInvite::Signature)?;
        let signature = Signature::from_slice(&sealed.sig).map_err(|_| NotAnInvite::Signature)?;
        key.verify_strict(&signed(&sealed.body), &signature)
            .map_err(|_| NotAnInvite::Signature)?;
        Ok(Self {
            body,
            text: text.to_owned(),
        })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;
    use proptest::prelude::*;

    fn record(seed: u8) -> PeerRecord {
        PeerRecord {
            id: NodeId(
                SigningKey::from_bytes(&[seed; 32])
                    .verifying_key()
                    .to_bytes(),
            ),
            sequence: 1,
            issued: 1_790_000_000,
            direct: vec!["203.0.113.7:7700".parse().unwrap()],
            relays: vec![],
            serves: false,
            signature: vec![seed; 64],
        }
    }

    fn invite() -> Invite {
        let key = SigningKey::from_bytes(&[1; 32]);
        Invite::new(
            &key,
            vec![record(1)],
            UnixTime(1_800_000_000),
            "Ada's node",
            [5; 16],
        )
        .unwrap()
    }

    #[test]
    fn an_invite_is_read_as_it_was_written() {
        let invite = invite();
        let text = invite.to_string();
        let read: Invite = text.parse().unwrap();
        assert_eq!(read, invite);
        assert_eq!(
            (read.label(), read.nodes().len(), read.secret()),
            ("Ada's node", 1, &Secret([5; 16]))
        );
        assert_eq!(read.by(), record(1).id);
        assert!(text.len() < 600, "{} characters for a QR code", text.len());
        assert_eq!(read.check(UnixTime(1_799_999_999)), Ok(()));
        assert_eq!(
            read.check(UnixTime(1_800_000_000)),
            Err(NotAnInvite::Expired)
        );
        assert!(
            !format!("{read:?}").contains("[5, 5"),
            "the secret is not printed with the rest"
        );
    }

    #[test]
    fn the_format_is_pinned() {
        assert_eq!(
            invite().to_string(),
            include_str!("../fixtures/invite-1.txt").trim()
        );
    }

    #[test]
    fn three_nodes_fit_and_a_fourth_does_not() {
        let key = SigningKey::from_bytes(&[1; 32]);
        let nodes = |n: u8| (1..=n).map(record).collect::<Vec<_>>();
        assert!(Invite::new(&key, nodes(3), UnixTime(1), "", [0; 16]).is_ok());
        for (nodes, label) in [
            (nodes(4), ""),
            (nodes(0), ""),
            (nodes(1), &*"x".repeat(65)),
            (nodes(1), "a\nb"),
        ] {
            assert_eq!(
                Invite::new(&key, nodes, UnixTime(1), label, [0; 16]),
                Err(NotAnInvite::TooLong)
            );
        }
    }

    #[test]
    fn what_is_no_invite_is_refused() {
        let good = invite().to_string();
        for text in [
            String::new(),
            "webx:join?".into(),
            good.replace("webx:", "WEBX:"),
            good.replace('?', ""),
            format!("{good}="),
            format!("{good} "),
            format!("webx:join?{}", "A".repeat(100_000)),
            good.trim_start_matches("webx:").into(),
        ] {
            assert!(text.parse::<Invite>().is_err(), "{text:.40}");
        }
    }

    proptest! {
        #[test]
        fn a_changed_or_cut_invite_is_never_taken(place in 10usize..500, change in 1u8..=255, cut in any::<bool>()) {
            let good = invite().to_string();
            let place = place % good.len();
            let mut bytes = good.clone().into_bytes();
            if cut { bytes.truncate(place); } else { bytes[place] ^= change; }
            if let Ok(text) = String::from_utf8(bytes) && text != good {
                prop_assert!(text.parse::<Invite>().is_err());
            }
        }

        #[test]
        fn no_bytes_panic(bytes in proptest::collection::vec(any::<u8>(), 0..700)) {
            let text = format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(bytes));
            prop_assert!(text.parse::<Invite>().is_err());
        }
    }
}
