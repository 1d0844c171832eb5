//! DID names and the did:key codec.

use std::{fmt, str::FromStr};

use ed25519_dalek::VerifyingKey;
use serde::{Deserialize, Serialize};

use crate::Error;

/// Longest DID this node reads, in bytes.
const MAX_DID: usize = 1024;

const SCID_VH: &str = "did:scid:vh:1:";
const WEBVH: &str = "did:webvh:";
const KEY: &str = "did:key:";

/// Multicodec prefix of an Ed25519 public key.
const ED25519: [u8; 2] = [0xed, 0x01];

/// A well-formed DID of a method this node understands. No path, query or fragment.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Did(String);

/// The method of a [`Did`], with what the name itself says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Method<'a> {
    /// `did:key`: the name is the key.
    Key(&'a str),
    /// `did:scid:vh:1:<SCID>`: a did:webvh log without a place.
    ScidVh {
        /// Self-certifying identifier: the hash of the log's first entry.
        scid: &'a str,
    },
    /// `did:webvh:<SCID>:<host>…`: a did:webvh log with a place.
    Webvh {
        /// Self-certifying identifier: the hash of the log's first entry.
        scid: &'a str,
    },
}

impl Did {
    /// The DID of the log whose first entry hashes to `scid`.
    ///
    /// # Errors
    /// [`Error::Did`] when `scid` is no base58btc SHA-256 multihash.
    pub fn from_scid(scid: &str) -> Result<Self, Error> {
        check_scid(scid)?;
        Ok(Self(format!("{SCID_VH}{scid}")))
    }

    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Which method it is.
    #[must_use]
    pub fn method(&self) -> Method<'_> {
        if let Some(scid) = self.0.strip_prefix(SCID_VH) {
            return Method::ScidVh { scid };
        }
        if let Some(rest) = self.0.strip_prefix(WEBVH) {
            return Method::Webvh {
                scid: rest.split(':').next().unwrap_or_default(),
            };
        }
        Method::Key(self.0.strip_prefix(KEY).unwrap_or_default())
    }

    /// The self-certifying identifier, where the method has one.
    #[must_use]
    pub fn scid(&self) -> Option<&str> {
        match self.method() {
            Method::ScidVh { scid } | Method::Webvh { scid } => Some(scid),
            Method::Key(_) => None,
        }
    }
}

impl FromStr for Did {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        if text.len() > MAX_DID {
            return Err(Error::Did {
                reason: "longer than 1024 bytes",
            });
        }
        let plain = |c: u8| c.is_ascii_alphanumeric() || b"._:%-".contains(&c);
        if !text.bytes().all(plain) {
            return Err(Error::Did {
                reason: "a character no DID can have",
            });
        }
        if let Some(scid) = text.strip_prefix(SCID_VH) {
            check_scid(scid)?;
        } else if let Some(rest) = text.strip_prefix(WEBVH) {
            let (scid, place) = rest.split_once(':').ok_or(Error::Did {
                reason: "did:webvh needs a host",
            })?;
            check_scid(scid)?;
            if place.split(':').any(str::is_empty) {
                return Err(Error::Did {
                    reason: "an empty part in the place",
                });
            }
        } else if text.starts_with(KEY) {
            parse_did_key(text)?;
        } else {
            return Err(Error::Did {
                reason: "the method is none of key, scid:vh:1, webvh",
            });
        }
        Ok(Self(text.to_owned()))
    }
}

impl fmt::Display for Did {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<String> for Did {
    type Error = Error;

    fn try_from(text: String) -> Result<Self, Error> {
        text.parse()
    }
}

impl From<Did> for String {
    fn from(did: Did) -> Self {
        did.0
    }
}

/// An SCID is a base58btc SHA-256 multihash, always 46 characters.
fn check_scid(scid: &str) -> Result<(), Error> {
    let wrong = Error::Did {
        reason: "the SCID is no base58btc SHA-256 multihash",
    };
    if scid.len() != 46 {
        return Err(wrong);
    }
    match bs58::decode(scid).into_vec() {
        Ok(bytes) if bytes.len() == 34 && bytes.starts_with(&[0x12, 0x20]) => Ok(()),
        _ => Err(wrong),
    }
}

/// The `publicKeyMultibase` (Multikey) form of an Ed25519 key: `z6Mk…`.
#[must_use]
pub fn multikey(key: &VerifyingKey) -> String {
    let mut bytes = ED25519.to_vec();
    bytes.extend_from_slice(key.as_bytes());
    format!("z{}", bs58::encode(bytes).into_string())
}

/// Reads the Multikey form of an Ed25519 key.
///
/// # Errors
/// [`Error::Did`] for another base, another key type, a wrong length, or a key that is no usable
/// curve point (small-order points are refused).
pub fn parse_multikey(text: &str) -> Result<VerifyingKey, Error> {
    let encoded = text.strip_prefix('z').ok_or(Error::Did {
        reason: "the key is not base58btc",
    })?;
    // 34 bytes make at most 48 characters; anything longer is not decoded at all.
    if encoded.len() > 48 {
        return Err(Error::Did {
            reason: "the key is too long",
        });
    }
    let bytes = bs58::decode(encoded).into_vec().map_err(|_| Error::Did {
        reason: "the key is not base58btc",
    })?;
    let raw = bytes.strip_prefix(&ED25519).ok_or(Error::Did {
        reason: "not an Ed25519 key",
    })?;
    let raw: &[u8; 32] = raw.try_into().map_err(|_| Error::Did {
        reason: "an Ed25519 key has 32 bytes",
    })?;
    let key = VerifyingKey::from_bytes(raw).map_err(|_| Error::Did {
        reason: "the key is no point of the curve",
    })?;
    if key.is_weak() {
        return Err(Error::Did {
            reason: "the key has small order",
        });
    }
    Ok(key)
}

/// The did:key of an Ed25519 key: `did:key:z6Mk…`.
#[must_use]
pub fn did_key(key: &VerifyingKey) -> String {
    format!("{KEY}{}", multikey(key))
}

/// The Ed25519 key a did:key names.
///
/// # Errors
/// [`Error::Did`] when it is no did:key of an Ed25519 key.
pub fn parse_did_key(did: &str) -> Result<VerifyingKey, Error> {
    parse_multikey(did.strip_prefix(KEY).ok_or(Error::Did {
        reason: "not a did:key",
    })?)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use proptest::prelude::*;

    /// did:key vectors of the did:key specification (W3C CCG test vectors, Ed25519).
    const KNOWN: [(&str, &str); 2] = [
        (
            "3b6a27bcceb6a42d62a3a8d02a6f0d73653215771de243a63ac048a18b59da29",
            "did:key:z6MkiTBz1ymuepAQ4HEHYSF1H8quG5GLVVQR3djdX3mDooWp",
        ),
        (
            "4cb5abf6ad79fbf5abbccafcc269d85cd2651ed4b885b5869f241aedf0a5ba29",
            "did:key:z6MkjchhfUsD6mmvni8mCdXHw216Xrm9bQe2mBH1P5RDjVJG",
        ),
    ];

    #[test]
    fn known_keys_have_their_published_did_key() {
        for (raw, did) in KNOWN {
            let raw: [u8; 32] = hex::decode(raw).unwrap().try_into().unwrap();
            let key = VerifyingKey::from_bytes(&raw).unwrap();
            assert_eq!(did_key(&key), did);
            assert_eq!(parse_did_key(did).unwrap(), key);
            assert!(matches!(
                did.parse::<Did>().unwrap().method(),
                Method::Key(_)
            ));
        }
    }

    #[test]
    fn a_key_of_small_order_is_refused() {
        let mut bytes = ED25519.to_vec();
        bytes.extend_from_slice(&{
            let mut identity = [0_u8; 32];
            identity[0] = 1;
            identity
        });
        let did = format!("did:key:z{}", bs58::encode(bytes).into_string());
        assert!(matches!(
            did.parse::<Did>(),
            Err(Error::Did {
                reason: "the key has small order"
            })
        ));
    }

    #[test]
    fn names_that_are_no_did_are_refused() {
        let scid = "Qmc57yQsqz5NYVyMwT1zWTAXBAX6cNHfiAzqcABAJTkLnY";
        for good in [
            format!("did:scid:vh:1:{scid}"),
            format!("did:webvh:{scid}:example.com:a"),
        ] {
            assert_eq!(good.parse::<Did>().unwrap().scid(), Some(scid));
        }
        for bad in [
            "",
            "did:",
            "did:key:",
            "did:key:z",
            "did:web:example.com",
            "did:scid:vh:1:",
            "did:scid:vh:2:Qmc57yQsqz5NYVyMwT1zWTAXBAX6cNHfiAzqcABAJTkLnY",
            "did:webvh:Qmc57yQsqz5NYVyMwT1zWTAXBAX6cNHfiAzqcABAJTkLnY",
            "did:webvh:Qmc57yQsqz5NYVyMwT1zWTAXBAX6cNHfiAzqcABAJTkLnY::a",
            "did:scid:vh:1:Qmc57yQsqz5NYVyMwT1zWTAXBAX6cNHfiAzqcABAJTkLn0",
            "did:scid:vh:1:Qmc57yQsqz5NYVyMwT1zWTAXBAX6cNHfiAzqcABAJTkLnY#key",
            "did:scid:vh:1:Qmc57yQsqz5NYVyMwT1zWTAXBAX6cNHfiAzqcABAJTkLnY?src=a",
        ] {
            assert!(bad.parse::<Did>().is_err(), "{bad}");
        }
        assert!("x".repeat(5000).parse::<Did>().is_err());
    }

    proptest! {
        #[test]
        fn any_text_parses_to_itself_or_is_refused(text in "\\PC{0,80}") {
            if let Ok(did) = text.parse::<Did>() {
                prop_assert_eq!(did.as_str(), text.as_str());
            }
            let _ = parse_multikey(&text);
        }
    }
}
