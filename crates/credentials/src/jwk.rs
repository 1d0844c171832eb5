//! Keys as JSON Web Keys (RFC 7517, RFC 8037), for JOSE and for DID documents that list them.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Map, Value, json};

use crate::{Error, PublicKey};

impl PublicKey {
    /// The key as a public JWK: `OKP` with `Ed25519`, or `EC` with `P-256` or `P-384`.
    #[must_use]
    pub fn jwk(&self) -> Value {
        let b64 = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        let point = |name: &str, uncompressed: &[u8]| {
            let halves = uncompressed.get(1..).unwrap_or_default();
            let (x, y) = halves.split_at(halves.len() / 2);
            json!({ "kty": "EC", "crv": name, "x": b64(x), "y": b64(y) })
        };
        match self {
            Self::Ed25519(key) => {
                json!({ "kty": "OKP", "crv": "Ed25519", "x": b64(key.as_bytes()) })
            }
            Self::P256(key) => point("P-256", key.to_sec1_point(false).as_bytes()),
            Self::P384(key) => point("P-384", key.to_sec1_point(false).as_bytes()),
        }
    }

    /// Reads a public JWK.
    ///
    /// # Errors
    /// [`Error::Key`] for another kind of key, a wrong length, a point off the curve or of small order, and for
    /// one with a secret in it, which its owner should hear about.
    pub fn from_jwk(jwk: &Map<String, Value>) -> Result<Self, Error> {
        if jwk.contains_key("d") {
            return Err(Error::Key("a JWK with its secret half"));
        }
        let text = |member: &str| jwk.get(member).and_then(Value::as_str);
        let bytes = |member: &str, size: usize| {
            text(member)
                .filter(|text| text.len() <= 64)
                .and_then(|text| URL_SAFE_NO_PAD.decode(text).ok())
                .filter(|bytes| bytes.len() == size)
                .ok_or(Error::Key("a JWK whose coordinates have another length"))
        };
        let off = |_| Error::Key("not a point of the curve");
        let point = |size| -> Result<Vec<u8>, Error> {
            Ok([&[4][..], &bytes("x", size)?, &bytes("y", size)?].concat())
        };
        match (text("kty"), text("crv")) {
            (Some("OKP"), Some("Ed25519")) => {
                let raw: [u8; 32] = bytes("x", 32)?
                    .try_into()
                    .map_err(|_| Error::Key("an Ed25519 key has 32 bytes"))?;
                let key = ed25519_dalek::VerifyingKey::from_bytes(&raw).map_err(off)?;
                if key.is_weak() {
                    return Err(Error::Key("of small order"));
                }
                Ok(Self::Ed25519(key))
            }
            (Some("EC"), Some("P-256")) => Ok(Self::P256(
                p256::ecdsa::VerifyingKey::from_sec1_bytes(&point(32)?).map_err(off)?,
            )),
            (Some("EC"), Some("P-384")) => Ok(Self::P384(
                p384::ecdsa::VerifyingKey::from_sec1_bytes(&point(48)?).map_err(off)?,
            )),
            _ => Err(Error::Key("neither Ed25519 nor P-256 nor P-384")),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_key_comes_back_from_its_jwk_and_a_bad_one_does_not() {
        // RFC 8037, appendix A.2.
        let okp = json!({ "kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo" });
        // RFC 7517, appendix A.1.
        let ec = json!({ "kty": "EC", "crv": "P-256",
            "x": "MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4", "y": "4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM" });
        for jwk in [okp.clone(), ec.clone()] {
            let key = PublicKey::from_jwk(jwk.as_object().unwrap()).unwrap();
            assert_eq!(key.jwk(), jwk);
            assert_eq!(PublicKey::from_multikey(&key.multikey()).unwrap(), key);
        }
        for (member, value) in [
            ("y", json!("4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyA")),
            ("y", json!("AA")),
            ("x", json!(1)),
            ("crv", json!("secp256k1")),
            ("kty", json!("RSA")),
            ("d", json!("AA")),
        ] {
            let mut bad = ec.clone();
            bad[member] = value;
            assert!(
                PublicKey::from_jwk(bad.as_object().unwrap()).is_err(),
                "{member}"
            );
        }
        let mut small = okp;
        small["x"] = json!("AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA");
        assert!(PublicKey::from_jwk(small.as_object().unwrap()).is_err());
    }
}
