//! A contact card: what a person shows as a QR code or sends as a link so that another one can add him.

use core::net::SocketAddr;

use ed25519_dalek::{Signature, Signer as _, VerifyingKey};
use serde::{Deserialize, Serialize};
use serde_bytes::ByteArray;
use time::OffsetDateTime;
use webx_identity::Did;
use webx_overlay::{NodeId, transport::Hints};

use crate::{Error, proof::Own, safety::IdentityDigest, wire};

const PREFIX: &str = "webx:contact:";
const DOMAIN: &[u8] = b"webx contact card 1\0";
const MAX_BYTES: usize = 1024;
const MAX_NAME: usize = 64;
const MAX_DIRECT: usize = 4;
const MAX_RELAYS: usize = 2;
const MAX_RELAY: usize = 128;

/// Who somebody is and where his node may be found. Signed by the device that made it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Card {
    /// The person.
    pub did: Did,
    /// The device that made the card.
    pub node: NodeId,
    /// The fingerprint of the person's keys when it was made.
    pub digest: IdentityDigest,
    /// How the person would like to be called; at most 64 bytes, may be empty.
    pub name: String,
    /// Where the device may be reached: at most four addresses and two relays.
    pub hints: Hints,
    /// Good until then, in seconds since 1970.
    pub expires: u64,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Body {
    v: u8,
    did: Did,
    node: NodeId,
    digest: ByteArray<32>,
    name: String,
    direct: Vec<SocketAddr>,
    relays: Vec<String>,
    expires: u64,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Signed {
    #[serde(with = "serde_bytes")]
    body: Vec<u8>,
    signature: ByteArray<64>,
}

impl Card {
    /// Makes the card of this device, as text for a link or a QR code. Surplus addresses are left out.
    ///
    /// # Errors
    /// [`Error::Length`] for the name.
    pub fn write(
        own: &Own,
        name: &str,
        hints: &Hints,
        expires: u64,
        now: OffsetDateTime,
    ) -> Result<String, Error> {
        crate::error::check_length("name", name, 0, MAX_NAME)?;
        let body = Body {
            v: 1,
            did: own.did().clone(),
            node: own.node(),
            digest: IdentityDigest::of(own.did(), own.log(), now)?.0.into(),
            name: name.to_owned(),
            direct: hints.direct.iter().take(MAX_DIRECT).copied().collect(),
            relays: hints
                .relays
                .iter()
                .filter(|relay| relay.len() <= MAX_RELAY)
                .take(MAX_RELAYS)
                .cloned()
                .collect(),
            expires,
        };
        let body = wire::encode(&body).ok_or(Error::Crypto("encoding a card"))?;
        let signature = own.key().sign(&signed(&body)).to_bytes().into();
        let bytes =
            wire::encode(&Signed { body, signature }).ok_or(Error::Crypto("encoding a card"))?;
        let text = data_encoding::BASE32_NOPAD.encode(&bytes);
        Ok(format!("{PREFIX}{}", text.to_ascii_lowercase()))
    }

    /// Reads a card. Upper case is read too: QR codes hold that in less space.
    ///
    /// # Errors
    /// [`Error::Refused`] saying what is wrong with it.
    pub fn read(text: &str, now: OffsetDateTime) -> Result<Self, Error> {
        let refuse = |why| Error::Refused {
            what: "the card",
            why,
        };
        let text = text.trim();
        if text.len() > PREFIX.len() + MAX_BYTES * 2 {
            return Err(refuse("it is too long"));
        }
        let rest = text
            .get(..PREFIX.len())
            .filter(|prefix| prefix.eq_ignore_ascii_case(PREFIX))
            .and_then(|_| text.get(PREFIX.len()..))
            .ok_or(refuse("it does not begin with webx:contact:"))?;
        let bytes = data_encoding::BASE32_NOPAD
            .decode(rest.to_ascii_uppercase().as_bytes())
            .map_err(|_| refuse("it is incomplete or mistyped"))?;
        let card: Signed =
            wire::decode(&bytes, MAX_BYTES).ok_or(refuse("it is incomplete or mistyped"))?;
        let body: Body =
            wire::decode(&card.body, MAX_BYTES).ok_or(refuse("it is not of this version"))?;
        if body.v != 1 {
            return Err(refuse("it is not of this version"));
        }
        VerifyingKey::from_bytes(body.node.as_bytes())
            .and_then(|key| {
                key.verify_strict(&signed(&card.body), &Signature::from_bytes(&card.signature))
            })
            .map_err(|_| refuse("its signature does not hold"))?;
        if body.name.len() > MAX_NAME
            || body.direct.len() > MAX_DIRECT
            || body.relays.len() > MAX_RELAYS
            || body.relays.iter().any(|relay| relay.len() > MAX_RELAY)
        {
            return Err(refuse("it holds too much"));
        }
        if i64::try_from(body.expires).is_ok_and(|expires| expires < now.unix_timestamp()) {
            return Err(refuse("it has expired; ask for a new one"));
        }
        Ok(Self {
            did: body.did,
            node: body.node,
            digest: IdentityDigest(*body.digest),
            name: body.name,
            hints: Hints {
                direct: body.direct,
                relays: body.relays,
            },
            expires: body.expires,
        })
    }
}

fn signed(body: &[u8]) -> Vec<u8> {
    [DOMAIN, body].concat()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::testing::{NOW, person};

    fn card() -> String {
        let hints = Hints {
            direct: vec!["192.0.2.7:4433".parse().unwrap()],
            relays: vec!["https://relay.example".into()],
        };
        Card::write(&person(1).own(), "Ann", &hints, 2_000_000_000, NOW).unwrap()
    }

    #[test]
    fn a_card_fits_a_qr_code_and_is_read_in_either_case() {
        let text = card();
        assert!(text.len() < 700, "{}", text.len());
        let card = Card::read(&text, NOW).unwrap();
        assert_eq!(card.did, person(1).identity.did);
        assert_eq!(card.node, person(1).node(0));
        assert_eq!(card.hints.relays, ["https://relay.example"]);
        assert_eq!(Card::read(&text.to_ascii_uppercase(), NOW).unwrap(), card);
    }

    #[test]
    fn a_changed_or_expired_card_is_refused() {
        let text = card();
        for at in (13..text.len()).step_by(7) {
            let mut other = text.clone();
            let new = if &other[at..=at] == "a" { "b" } else { "a" };
            other.replace_range(at..=at, new);
            assert!(Card::read(&other, NOW).is_err(), "{at}");
        }
        let late = OffsetDateTime::from_unix_timestamp(2_000_000_001).unwrap();
        assert!(Card::read(&text, late).is_err());
        for bad in [
            "",
            "webx:contact:",
            "webx:contact:a",
            "ä",
            &"w".repeat(9000),
        ] {
            assert!(Card::read(bad, NOW).is_err());
        }
    }
}
