//! Making records, and the forms in which their keys are handed over.

use std::collections::BTreeMap;

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use zeroize::Zeroizing;

use super::{MAX_RECORD, Name, PREFIX, WHAT};
use crate::ipld::protobuf::{Fields, put_bytes, put_number};
use crate::ipld::{Error, IDENTITY, Ipld, Result, dag_cbor};
use crate::segment::Mh;

/// What stands before the seed of an Ed25519 key in PKCS #8 (RFC 8410).
const PKCS8: [u8; 16] = [
    0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20,
];
const PEM_BEGIN: &str = "-----BEGIN PRIVATE KEY-----";
const PEM_END: &str = "-----END PRIVATE KEY-----";
/// Longest form of a key that is read.
const MAX_FORM: usize = 1024;

/// An Ed25519 key whose name records are made for.
pub struct Key {
    seed: Zeroizing<[u8; 32]>,
    pair: Ed25519KeyPair,
}

impl std::fmt::Debug for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Key({})", self.name())
    }
}

/// What a record says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement {
    /// What the name points to: a path that begins with `/ipfs/` or `/ipns/`.
    pub value: String,
    /// When the record ends.
    pub until: OffsetDateTime,
    /// Grows with each record of a name.
    pub sequence: u64,
    /// Nanoseconds for which it may be kept without asking again.
    pub ttl: u64,
}

impl Key {
    /// The key of a seed.
    ///
    /// # Errors
    /// [`Error::Malformed`].
    pub fn from_seed(seed: Zeroizing<[u8; 32]>) -> Result<Self> {
        let pair = Ed25519KeyPair::from_seed_unchecked(seed.as_slice())
            .map_err(|_| Error::malformed("key", "it is none"))?;
        Ok(Self { seed, pair })
    }

    /// Its seed.
    pub fn seed(&self) -> &[u8; 32] {
        &self.seed
    }

    /// Its public half as peers write it: a protobuf message with kind and bytes.
    pub fn public(&self) -> Vec<u8> {
        let mut message = Vec::with_capacity(36);
        put_number(&mut message, 1, 1);
        put_bytes(&mut message, 2, self.pair.public_key().as_ref());
        message
    }

    /// Its name.
    pub fn name(&self) -> Name {
        // The public half has 36 bytes, which fit.
        Name(Mh::wrap(IDENTITY, &self.public()).unwrap_or_default())
    }

    /// Signs a record of version 2.
    ///
    /// # Errors
    /// [`Error::Malformed`] for a value that is no path; [`Error::Limit`] for a record that is too long.
    pub fn sign(&self, statement: &Statement) -> Result<Vec<u8>> {
        if !statement.value.starts_with("/ipfs/") && !statement.value.starts_with("/ipns/") {
            return Err(Error::malformed(WHAT, "its value is no path"));
        }
        let until = statement
            .until
            .to_offset(time::UtcOffset::UTC)
            .format(&Rfc3339)
            .map_err(|error| Error::malformed(WHAT, error.to_string()))?;
        let bytes = |text: &str| Ipld::Bytes(text.as_bytes().to_vec());
        let data = dag_cbor::encode(&Ipld::Map(BTreeMap::from([
            ("Value".to_owned(), bytes(&statement.value)),
            ("Validity".to_owned(), bytes(&until)),
            ("ValidityType".to_owned(), Ipld::Integer(0)),
            (
                "Sequence".to_owned(),
                Ipld::Integer(statement.sequence.into()),
            ),
            ("TTL".to_owned(), Ipld::Integer(statement.ttl.into())),
        ])))?;
        let signature = self.pair.sign(&[PREFIX, &data].concat());
        let mut record = Vec::with_capacity(data.len() + 72);
        put_bytes(&mut record, 8, signature.as_ref());
        put_bytes(&mut record, 9, &data);
        if record.len() > MAX_RECORD {
            return Err(Error::Limit {
                what: "the size of a record",
                limit: MAX_RECORD as u64,
            });
        }
        Ok(record)
    }

    /// The whole key as libp2p writes it, unprotected.
    pub fn to_protobuf(&self) -> Zeroizing<Vec<u8>> {
        let mut both = Zeroizing::new([0; 64]);
        let (seed, public) = both.split_at_mut(32);
        seed.copy_from_slice(self.seed.as_slice());
        public.copy_from_slice(self.pair.public_key().as_ref());
        let mut message = Zeroizing::new(Vec::with_capacity(68));
        put_number(&mut message, 1, 1);
        put_bytes(&mut message, 2, both.as_slice());
        message
    }

    /// Reads what [`Key::to_protobuf`] writes.
    ///
    /// # Errors
    /// [`Error::Malformed`]; [`Error::Unsupported`] for another kind of key.
    pub fn from_protobuf(bytes: &[u8]) -> Result<Self> {
        let bad = |why: &str| Error::malformed("key", why);
        if bytes.len() > MAX_FORM {
            return Err(bad("it is too long"));
        }
        let (mut kind, mut data) = (None, None);
        for field in Fields::new("key", bytes) {
            match field? {
                (1, value) => kind = Some(value.number("key")?),
                (2, value) => data = Some(value.bytes("key")?),
                _ => {}
            }
        }
        let (Some(1), Some(data)) = (kind, data) else {
            return Err(match kind {
                Some(0 | 2 | 3) => Error::Unsupported("this kind of key".to_owned()),
                _ => bad("it is none"),
            });
        };
        // Older programs wrote the public half twice.
        let (seed, public) = data
            .split_first_chunk::<32>()
            .ok_or_else(|| bad("it is too short"))?;
        let key = Self::from_seed(Zeroizing::new(*seed))?;
        let own = key.pair.public_key().as_ref();
        if public.is_empty() || public.len() > 64 || public.chunks(32).any(|half| half != own) {
            return Err(bad("its halves do not belong together"));
        }
        Ok(key)
    }

    /// The whole key as PKCS #8 in PEM, unprotected.
    pub fn to_pem(&self) -> Zeroizing<String> {
        let mut der = Zeroizing::new([0; 48]);
        let (head, seed) = der.split_at_mut(16);
        head.copy_from_slice(&PKCS8);
        seed.copy_from_slice(self.seed.as_slice());
        let text = Zeroizing::new(data_encoding::BASE64.encode(der.as_slice()));
        Zeroizing::new(format!("{PEM_BEGIN}\n{}\n{PEM_END}\n", *text))
    }

    /// Reads PKCS #8 in PEM, unprotected.
    ///
    /// # Errors
    /// [`Error::Malformed`] for what is no Ed25519 key in this form.
    pub fn from_pem(text: &str) -> Result<Self> {
        let bad = || Error::malformed("key", "it is no Ed25519 key in PKCS #8");
        if text.len() > MAX_FORM {
            return Err(bad());
        }
        let inner = text
            .trim()
            .strip_prefix(PEM_BEGIN)
            .and_then(|rest| rest.strip_suffix(PEM_END))
            .ok_or_else(bad)?;
        let plain: Zeroizing<String> =
            Zeroizing::new(inner.chars().filter(|c| !c.is_ascii_whitespace()).collect());
        let der = data_encoding::BASE64
            .decode(plain.as_bytes())
            .map_err(|_| bad())?;
        let der = Zeroizing::new(der);
        let seed: &[u8; 32] = der
            .strip_prefix(&PKCS8)
            .and_then(|seed| seed.try_into().ok())
            .ok_or_else(bad)?;
        Self::from_seed(Zeroizing::new(*seed))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use time::macros::datetime;

    use super::super::Record;
    use super::*;

    fn key() -> Key {
        Key::from_seed(Zeroizing::new([7; 32])).unwrap()
    }

    fn statement() -> Statement {
        Statement {
            value: "/ipfs/bafkqaaa".to_owned(),
            until: datetime!(2027-01-01 12:00:00.5 UTC),
            sequence: u64::MAX / 2,
            ttl: 300_000_000_000,
        }
    }

    #[test]
    fn a_record_that_was_made_verifies_under_its_name_alone() {
        let (key, statement) = (key(), statement());
        let bytes = key.sign(&statement).unwrap();
        let record = Record::verify(&key.name(), &bytes).unwrap();
        assert_eq!(record.value, statement.value);
        assert_eq!(
            (record.until, record.sequence, record.ttl),
            (statement.until, statement.sequence, statement.ttl)
        );
        let other = Key::from_seed(Zeroizing::new([8; 32])).unwrap();
        assert!(Record::verify(&other.name(), &bytes).is_err());
        for at in 0..bytes.len() {
            let mut changed = bytes.clone();
            changed[at] ^= 1;
            if let Ok(record) = Record::verify(&key.name(), &changed) {
                // A field that nobody signs may change its number; nothing that counts may.
                assert_eq!(record.value, statement.value, "byte {at}");
            }
        }
    }

    #[test]
    fn what_is_no_path_is_not_signed() {
        let wrong = Statement {
            value: "https://example.org".to_owned(),
            ..statement()
        };
        assert!(key().sign(&wrong).is_err());
        let long = Statement {
            value: format!("/ipfs/bafkqaaa/{}", "a".repeat(MAX_RECORD)),
            ..statement()
        };
        assert!(key().sign(&long).is_err());
    }

    #[test]
    fn a_key_reads_back_from_both_forms() {
        let key = key();
        let again = Key::from_protobuf(&key.to_protobuf()).unwrap();
        assert_eq!(again.name(), key.name());
        let again = Key::from_pem(&key.to_pem()).unwrap();
        assert_eq!(again.name(), key.name());
        assert!(key.name().to_string().starts_with("k51"));
        assert_eq!(format!("{key:?}"), format!("Key({})", key.name()));
    }

    #[test]
    fn halves_that_do_not_belong_together_are_no_key() {
        let whole = key().to_protobuf();
        for at in 0..whole.len() {
            let mut changed = whole.to_vec();
            changed[at] ^= 1;
            assert!(Key::from_protobuf(&changed).is_err(), "byte {at}");
        }
        assert!(Key::from_protobuf(&[]).is_err());
        for text in [
            "",
            PEM_BEGIN,
            "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----",
        ] {
            assert!(Key::from_pem(text).is_err());
        }
    }
}
