//! JSON Web Signatures in the compact form (RFC 7515), with the algorithms and headers that credentials use.

use std::fmt;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Map, Value};
use time::OffsetDateTime;

use crate::{
    Error, PublicKey, Resolver, Signer, json,
    limits::MAX_DOCUMENT,
    proof::AHEAD,
    resolve::{self, Method},
};

/// How a JSON Web Token is signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Algorithm {
    /// Ed25519 (RFC 8037).
    EdDsa,
    /// P-256 with SHA-256.
    Es256,
    /// P-384 with SHA-384.
    Es384,
}

impl Algorithm {
    /// The algorithm of a key.
    #[must_use]
    pub fn of(key: &PublicKey) -> Self {
        match key {
            PublicKey::Ed25519(_) => Self::EdDsa,
            PublicKey::P256(_) => Self::Es256,
            PublicKey::P384(_) => Self::Es384,
        }
    }

    /// The name in `alg`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::EdDsa => "EdDSA",
            Self::Es256 => "ES256",
            Self::Es384 => "ES384",
        }
    }
}

impl fmt::Display for Algorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A token that was taken apart. Its signature was not looked at.
#[derive(Debug)]
pub(crate) struct Jws<'a> {
    algorithm: Algorithm,
    pub(crate) header: Map<String, Value>,
    pub(crate) claims: Map<String, Value>,
    signed: &'a str,
    signature: Vec<u8>,
}

impl<'a> Jws<'a> {
    /// Takes `header.claims.signature` apart.
    pub(crate) fn read(text: &'a str) -> Result<Self, Error> {
        if text.len() > MAX_DOCUMENT {
            return Err(Error::TooLarge {
                what: "bytes of the document",
                limit: MAX_DOCUMENT,
            });
        }
        let wrong = Error::Jose("not three parts of base64url");
        let (signed, signature) = text.rsplit_once('.').ok_or(wrong.clone())?;
        let (header, claims) = signed.split_once('.').ok_or(wrong.clone())?;
        let bytes = |part: &str| URL_SAFE_NO_PAD.decode(part).map_err(|_| wrong.clone());
        let members = |part: &str, what| match json::parse(&bytes(part)?)? {
            Value::Object(members) => Ok(members),
            _ => Err(Error::Jose(what)),
        };
        let header = members(header, "the header is no object")?;
        if header.contains_key("crit") || header.contains_key("b64") {
            return Err(Error::Jose("a header that changes what is signed"));
        }
        let algorithm = match header.get("alg").and_then(Value::as_str) {
            Some("EdDSA" | "Ed25519") => Algorithm::EdDsa,
            Some("ES256") => Algorithm::Es256,
            Some("ES384") => Algorithm::Es384,
            _ => {
                return Err(Error::Jose(
                    "an algorithm that is none of EdDSA, ES256, ES384",
                ));
            }
        };
        Ok(Self {
            algorithm,
            claims: members(claims, "the claims are no object")?,
            header,
            signed,
            signature: bytes(signature)?,
        })
    }

    /// `typ`, in small letters and without `application/`.
    pub(crate) fn kind(&self) -> Result<Option<String>, Error> {
        match self.header.get("typ") {
            None => Ok(None),
            Some(Value::String(text)) if text.len() <= 64 => {
                let text = text.to_ascii_lowercase();
                let short = text.strip_prefix("application/").unwrap_or(&text);
                Ok(Some(short.to_owned()))
            }
            Some(_) => Err(Error::Jose("its typ is no short string")),
        }
    }

    /// A claim that is a string when it is there.
    pub(crate) fn text(&self, name: &str) -> Result<Option<&str>, Error> {
        match self.claims.get(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(Error::Jose("a claim that has to be a string is none")),
        }
    }

    /// Looks at `exp`, `nbf` and `iat`; returns `iat`.
    pub(crate) fn times(&self, now: OffsetDateTime) -> Result<Option<OffsetDateTime>, Error> {
        if self.time("exp")?.is_some_and(|end| end <= now) {
            return Err(Error::Jose("it has expired"));
        }
        let issued = self.time("iat")?;
        for begin in [self.time("nbf")?, issued].into_iter().flatten() {
            if begin > now + AHEAD {
                return Err(Error::Jose("its time has not come yet"));
            }
        }
        Ok(issued)
    }

    pub(crate) fn time(&self, name: &str) -> Result<Option<OffsetDateTime>, Error> {
        let Some(value) = self.claims.get(name) else {
            return Ok(None);
        };
        let seconds = match value {
            Value::Number(number) => number.as_i64().or_else(|| {
                let whole = number.as_f64()?.floor();
                (whole.abs() < 1e15).then(|| format!("{whole:.0}").parse().ok())?
            }),
            _ => None,
        };
        let time = seconds.and_then(|seconds| OffsetDateTime::from_unix_timestamp(seconds).ok());
        time.map(Some)
            .ok_or(Error::Jose("a time that is no NumericDate"))
    }

    /// The key that `kid` names. It has to be one of `owner` (the DID that says what is signed) and listed under `purpose`.
    pub(crate) fn method(
        &self,
        resolver: &dyn Resolver,
        owner: &str,
        purpose: &str,
        at: Option<OffsetDateTime>,
        now: OffsetDateTime,
    ) -> Result<(String, Method), Error> {
        let kid = self
            .header
            .get("kid")
            .and_then(Value::as_str)
            .ok_or(Error::Jose("it does not say by which key (kid)"))?;
        let url = if kid.starts_with('#') {
            format!("{owner}{kid}")
        } else {
            kid.to_owned()
        };
        let method = resolve::method(resolver, &url, purpose, (at, now), true)?;
        if method.controller != owner {
            return Err(Error::Jose("it is signed by another than it says"));
        }
        Ok((url, method))
    }

    /// Checks the signature.
    pub(crate) fn check(&self, key: &PublicKey) -> Result<Algorithm, Error> {
        if Algorithm::of(key) != self.algorithm {
            return Err(Error::Jose("the key is of another kind than its algorithm"));
        }
        if !key.verify(self.signed.as_bytes(), &self.signature) {
            return Err(Error::Jose("the signature is not one over this token"));
        }
        Ok(self.algorithm)
    }
}

/// Signs `claims`. `header` gets `alg` and `kid`.
pub(crate) fn sign(
    mut header: Map<String, Value>,
    claims: &Value,
    kid: &str,
    signer: &dyn Signer,
) -> Result<String, Error> {
    header.insert(
        "alg".to_owned(),
        Algorithm::of(&signer.public_key()).name().into(),
    );
    if !kid.is_empty() {
        header.insert("kid".to_owned(), kid.into());
    }
    let text = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let signed = format!("{}.{}", text(&Value::Object(header)), text(claims));
    let signature = signer.sign(signed.as_bytes())?;
    Ok(format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature)))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use serde_json::json;

    /// RFC 7515, appendix A.3.
    const ES256: &str = "eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q";

    #[test]
    fn the_es256_token_of_rfc_7515_holds_and_no_change_of_it_does() {
        let jwk = json!({ "kty": "EC", "crv": "P-256",
            "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU", "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0" });
        let key = PublicKey::from_jwk(jwk.as_object().unwrap()).unwrap();
        let token = Jws::read(ES256).unwrap();
        assert_eq!(token.check(&key), Ok(Algorithm::Es256));
        assert_eq!(token.text("iss"), Ok(Some("joe")));
        let expired = time::macros::datetime!(2011-03-22 18:43 UTC);
        assert!(token.times(expired).is_err());
        assert!(token.times(expired - time::Duration::seconds(1)).is_ok());
        for place in 0..ES256.len() {
            let mut bytes = ES256.as_bytes().to_vec();
            bytes[place] = if bytes[place] == b'A' { b'B' } else { b'A' };
            let text = String::from_utf8(bytes).unwrap();
            assert!(
                Jws::read(&text)
                    .and_then(|token| token.check(&key))
                    .is_err(),
                "{place}"
            );
        }
    }

    #[test]
    fn a_header_that_changes_the_rules_is_refused() {
        let key = ed25519_dalek::SigningKey::from_bytes(&[1; 32]);
        let claims = json!({ "a": 1 });
        let with = |name: &str, value: Value| {
            let mut header = Map::new();
            header.insert(name.to_owned(), value);
            sign(header, &claims, "k", &key).unwrap()
        };
        assert!(Jws::read(&with("x", json!(1))).is_ok());
        for bad in [with("crit", json!(["b64"])), with("b64", json!(false))] {
            assert!(Jws::read(&bad).is_err());
        }
        let b64 = |text: &str| URL_SAFE_NO_PAD.encode(text);
        for header in [
            r#"{"alg":"none"}"#,
            r#"{"alg":"HS256"}"#,
            r#"{"alg":"RS256"}"#,
            r#"{}"#,
            r#"{"alg":"EdDSA","alg":"none"}"#,
            r#"[]"#,
        ] {
            let text = format!("{}.{}.{}", b64(header), b64("{}"), b64("x"));
            assert!(Jws::read(&text).is_err(), "{header}");
        }
        for text in ["", ".", "..", "a.b", "a.b.c.d", "e30=.e30.e30"] {
            assert!(Jws::read(text).is_err(), "{text}");
        }
    }
}
