//! IPNS records: what the owner of a key says a name points to, signed, with a sequence number and an end.
//!
//! Version 2 of the record is what counts: its signed DAG-CBOR. The fields of version 1 beside it are only compared, and
//! a record without version 2 is refused. Keys are Ed25519 (in the name itself) and RSA (in the record). Records are
//! made with Ed25519 ([`Key`]), of version 2 alone.

use std::collections::BTreeMap;

use aws_lc_rs::signature::{ED25519, RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey};
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

use crate::ipld::{
    Cid, Error, IDENTITY, Ipld, LIBP2P_KEY, MAX_CID_TEXT, Result, base36, dag_cbor, parse_cid,
    protobuf::Fields, sha256,
};
use crate::segment::Mh;

mod sign;

pub use sign::{Key, Statement};

const WHAT: &str = "IPNS record";
/// Most bytes of a record.
pub const MAX_RECORD: usize = 10 * 1024;
/// What is signed begins with this.
const PREFIX: &[u8] = b"ipns-signature:";

/// A name: the hash of a public key, or the key itself when it is short.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Name(Mh);

impl Name {
    /// Reads a name: a CID of the codec `libp2p-key`, or the older forms without a codec (`12D3KooW…`, `Qm…`).
    ///
    /// # Errors
    /// [`Error::Malformed`].
    pub fn parse(text: &str) -> Result<Self> {
        if text.len() > MAX_CID_TEXT {
            return Err(Error::malformed("IPNS name", "it is too long"));
        }
        if text.starts_with('1') || text.starts_with("Qm") {
            // Base 58 of a bare multihash; `z` is that alphabet's mark.
            let (_, bytes) = cid::multibase::decode(format!("z{text}"))
                .map_err(|error| Error::malformed("IPNS name", error.to_string()))?;
            return Mh::from_bytes(&bytes)
                .map(Self)
                .map_err(|error| Error::malformed("IPNS name", error.to_string()));
        }
        let cid = parse_cid(text)?;
        if cid.codec() == LIBP2P_KEY {
            Ok(Self(*cid.hash()))
        } else {
            Err(Error::malformed("IPNS name", "it is the name of no key"))
        }
    }

    /// The name as a CID.
    pub fn cid(&self) -> Cid {
        Cid::new_v1(LIBP2P_KEY, self.0)
    }
}

impl std::fmt::Display for Name {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&base36(&self.cid()))
    }
}

/// A record whose signature was checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// What the name points to: a path that begins with `/ipfs/` or `/ipns/`.
    pub value: String,
    /// When it ends.
    pub until: OffsetDateTime,
    /// Grows with each record of a name.
    pub sequence: u64,
    /// Nanoseconds for which it may be kept without asking again.
    pub ttl: u64,
}

impl Record {
    /// Reads a record of a name and checks whether the name's key signed it. Whether it has ended is for the caller to
    /// ask ([`Record::is_over`]).
    ///
    /// # Errors
    /// [`Error::Malformed`] says what is wrong; [`Error::Unsupported`] for another kind of key.
    pub fn verify(name: &Name, bytes: &[u8]) -> Result<Self> {
        let bad = |why: &str| Error::malformed(WHAT, why);
        if bytes.len() > MAX_RECORD {
            return Err(bad("it is too long"));
        }
        let envelope = Envelope::read(bytes)?;
        let (Some(signature), Some(data)) = (envelope.signature, envelope.data) else {
            return Err(bad("it has no signature of version 2"));
        };
        let key = PublicKey::of(name, envelope.key)?;
        if !key.verifies(&[PREFIX, data].concat(), signature)? {
            return Err(bad("its signature is not that of the name"));
        }
        let Ipld::Map(map) = dag_cbor::decode(data)? else {
            return Err(bad("its data are no map"));
        };
        let (value, validity) = (bytes_of(&map, "Value")?, bytes_of(&map, "Validity")?);
        let (kind, sequence) = (
            number_of(&map, "ValidityType")?,
            number_of(&map, "Sequence")?,
        );
        let ttl = number_of(&map, "TTL")?;
        if kind != 0 {
            return Err(bad("its end is of an unknown kind"));
        }
        envelope.agrees(value, validity, sequence)?;
        let text = std::str::from_utf8(value).map_err(|_| bad("its value is no text"))?;
        if !text.starts_with("/ipfs/") && !text.starts_with("/ipns/") {
            return Err(bad("its value is no path"));
        }
        let until = std::str::from_utf8(validity)
            .ok()
            .and_then(|text| OffsetDateTime::parse(text, &Rfc3339).ok())
            .ok_or_else(|| bad("its end is no time"))?;
        Ok(Self {
            value: text.to_owned(),
            until,
            sequence,
            ttl,
        })
    }

    /// Whether it has ended.
    pub fn is_over(&self, now: OffsetDateTime) -> bool {
        now >= self.until
    }
}

/// The outer message.
#[derive(Default)]
struct Envelope<'a> {
    value: Option<&'a [u8]>,
    validity: Option<&'a [u8]>,
    sequence: Option<u64>,
    key: Option<&'a [u8]>,
    signature: Option<&'a [u8]>,
    data: Option<&'a [u8]>,
}

impl<'a> Envelope<'a> {
    fn read(bytes: &'a [u8]) -> Result<Self> {
        let mut read = Self::default();
        for field in Fields::new(WHAT, bytes) {
            let (number, value) = field?;
            match number {
                1 => read.value = Some(value.bytes(WHAT)?),
                4 => read.validity = Some(value.bytes(WHAT)?),
                5 => read.sequence = Some(value.number(WHAT)?),
                7 => read.key = Some(value.bytes(WHAT)?),
                8 => read.signature = Some(value.bytes(WHAT)?),
                9 => read.data = Some(value.bytes(WHAT)?),
                _ => {}
            }
        }
        Ok(read)
    }

    /// What stands in the fields of version 1 must be what was signed.
    fn agrees(&self, value: &[u8], validity: &[u8], sequence: u64) -> Result<()> {
        let differs = self.value.is_some_and(|v1| v1 != value)
            || self.validity.is_some_and(|v1| v1 != validity)
            || self.sequence.is_some_and(|v1| v1 != sequence);
        if differs {
            return Err(Error::malformed(WHAT, "its two versions differ"));
        }
        Ok(())
    }
}

enum PublicKey {
    Rsa(Vec<u8>),
    Ed25519(Vec<u8>),
}

impl PublicKey {
    /// The key of a name: from the name, or from the record when the name is its hash.
    fn of(name: &Name, given: Option<&[u8]>) -> Result<Self> {
        let bad = |why: &str| Error::malformed(WHAT, why);
        let message = match (name.0.code(), given) {
            (IDENTITY, _) => name.0.digest(),
            (_, Some(given)) if sha256(given) == name.0 => given,
            (_, Some(_)) => return Err(bad("its key is not that of the name")),
            (_, None) => return Err(bad("its key is missing")),
        };
        let (mut kind, mut data) = (None, None);
        for field in Fields::new("public key", message) {
            match field? {
                (1, value) => kind = Some(value.number(WHAT)?),
                (2, value) => data = Some(value.bytes(WHAT)?.to_vec()),
                _ => {}
            }
        }
        match (kind, data) {
            (Some(0), Some(data)) => Ok(Self::Rsa(data)),
            (Some(1), Some(data)) if data.len() == 32 => Ok(Self::Ed25519(data)),
            (Some(2 | 3), _) => Err(Error::Unsupported("this kind of key".to_owned())),
            _ => Err(bad("its key is none")),
        }
    }

    fn verifies(&self, message: &[u8], signature: &[u8]) -> Result<bool> {
        let verified = match self {
            Self::Rsa(key) => {
                UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, key).verify(message, signature)
            }
            Self::Ed25519(key) => UnparsedPublicKey::new(&ED25519, key).verify(message, signature),
        };
        Ok(verified.is_ok())
    }
}

fn bytes_of<'a>(map: &'a BTreeMap<String, Ipld>, key: &str) -> Result<&'a [u8]> {
    match map.get(key) {
        Some(Ipld::Bytes(bytes)) => Ok(bytes),
        _ => Err(Error::malformed(WHAT, format!("{key} is missing"))),
    }
}

fn number_of(map: &BTreeMap<String, Ipld>, key: &str) -> Result<u64> {
    match map.get(key) {
        Some(Ipld::Integer(number)) => u64::try_from(*number)
            .map_err(|_| Error::malformed(WHAT, format!("{key} is out of range"))),
        _ => Err(Error::malformed(WHAT, format!("{key} is missing"))),
    }
}
