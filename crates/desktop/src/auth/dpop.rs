//! DPoP proofs (RFC 9449): a request is signed by a key the browser cannot give away.
//!
//! The only algorithm is ES256 over P-256, because that is what every browser makes as a non-extractable key.
//! [`parse`] reads a proof without trusting it, [`Proof::check`] compares it with the request it came with.

use aws_lc_rs::{
    digest,
    signature::{ECDSA_P256_SHA256_FIXED, UnparsedPublicKey},
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::Deserialize;

/// Longest proof that is looked at, in bytes. Real ones are about 500.
pub(crate) const MAX_PROOF: usize = 4096;
/// How old a proof may be, in seconds.
pub(crate) const MAX_AGE: i64 = 60;
/// How far a proof may lie in the future, in seconds (clock of the same machine, rounded).
pub(crate) const MAX_AHEAD: i64 = 10;

/// SHA-256 thumbprint of a public key (RFC 7638): what a session is bound to.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) struct Thumbprint(pub(crate) [u8; 32]);

/// A proof whose signature is right. Whether it fits the request is told by [`Proof::check`].
#[derive(Debug)]
pub(crate) struct Proof {
    /// The key that signed it.
    pub(crate) key: Thumbprint,
    /// The proof's own identifier.
    pub(crate) jti: String,
    /// When it was made, in Unix seconds.
    pub(crate) iat: i64,
    htm: String,
    htu: String,
    ath: Option<String>,
    nonce: Option<String>,
}

/// What a proof has to match.
pub(crate) struct Expected<'a> {
    /// The request's method.
    pub(crate) method: &'a str,
    /// The request's URL without query and fragment.
    pub(crate) url: &'a str,
    /// The access token that came with it, when there is one.
    pub(crate) token: Option<&'a str>,
    /// The nonce the server gave, when it gave one.
    pub(crate) nonce: Option<&'a str>,
    /// Now, in Unix seconds.
    pub(crate) now: i64,
}

/// Why a proof is refused. The text goes to the client: it names the rule, never a secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Refused {
    #[error("the proof is not a DPoP proof")]
    Malformed,
    #[error("the proof's algorithm or key type is not ES256 over P-256")]
    Algorithm,
    #[error("the proof holds a private key")]
    PrivateKey,
    #[error("the proof's signature is wrong")]
    Signature,
    #[error("the proof is for another method")]
    Method,
    #[error("the proof is for another address")]
    Address,
    #[error("the proof is too old or from the future")]
    Time,
    #[error("the proof is for another token")]
    Token,
    #[error("the proof answers another nonce")]
    Nonce,
}

#[derive(Deserialize)]
struct Header {
    typ: String,
    alg: String,
    jwk: Jwk,
}

#[derive(Deserialize)]
struct Jwk {
    kty: String,
    crv: String,
    x: String,
    y: String,
    #[serde(default)]
    d: Option<serde::de::IgnoredAny>,
}

#[derive(Deserialize)]
struct Claims {
    htm: String,
    htu: String,
    iat: serde_json::Number,
    jti: String,
    #[serde(default)]
    ath: Option<String>,
    #[serde(default)]
    nonce: Option<String>,
}

/// Reads a compact JWS and verifies its signature against the key inside it.
pub(crate) fn parse(jwt: &str) -> Result<Proof, Refused> {
    if jwt.len() > MAX_PROOF {
        return Err(Refused::Malformed);
    }
    let mut parts = jwt.split('.');
    let (Some(header), Some(claims), Some(signature), None) =
        (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return Err(Refused::Malformed);
    };
    let signed = jwt
        .get(..header.len() + 1 + claims.len())
        .ok_or(Refused::Malformed)?;
    let header: Header = decode_json(header)?;
    if header.typ != "dpop+jwt" {
        return Err(Refused::Malformed);
    }
    if header.alg != "ES256" || header.jwk.kty != "EC" || header.jwk.crv != "P-256" {
        return Err(Refused::Algorithm);
    }
    if header.jwk.d.is_some() {
        return Err(Refused::PrivateKey);
    }
    let point = point(&header.jwk)?;
    let signature = decode(signature)?;
    UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, &point)
        .verify(signed.as_bytes(), &signature)
        .map_err(|_| Refused::Signature)?;
    let claims: Claims = decode_json(claims)?;
    if claims.jti.is_empty() || claims.jti.len() > 128 {
        return Err(Refused::Malformed);
    }
    Ok(Proof {
        key: thumbprint(&header.jwk),
        jti: claims.jti,
        iat: seconds(&claims.iat)?,
        htm: claims.htm,
        htu: claims.htu,
        ath: claims.ath,
        nonce: claims.nonce,
    })
}

impl Proof {
    /// Compares the proof with the request it came with.
    pub(crate) fn check(&self, expected: &Expected<'_>) -> Result<(), Refused> {
        if self.htm != expected.method {
            return Err(Refused::Method);
        }
        if strip(&self.htu) != expected.url {
            return Err(Refused::Address);
        }
        let age = expected.now.saturating_sub(self.iat);
        if !(-MAX_AHEAD..=MAX_AGE).contains(&age) {
            return Err(Refused::Time);
        }
        let ath = expected.token.map(token_hash);
        if self.ath != ath {
            return Err(Refused::Token);
        }
        if expected.nonce.is_some() && self.nonce.as_deref() != expected.nonce {
            return Err(Refused::Nonce);
        }
        Ok(())
    }
}

/// The `ath` claim of a token.
pub(crate) fn token_hash(token: &str) -> String {
    URL_SAFE_NO_PAD.encode(digest::digest(&digest::SHA256, token.as_bytes()))
}

/// RFC 9449 compares without query and fragment.
fn strip(url: &str) -> &str {
    url.split(['?', '#']).next().unwrap_or(url)
}

/// Browsers send whole seconds; a fraction is cut.
fn seconds(n: &serde_json::Number) -> Result<i64, Refused> {
    if let Some(whole) = n.as_i64() {
        return Ok(whole);
    }
    match n.as_f64() {
        Some(f) if f.is_finite() && f.abs() < 1e12 => Ok(f as i64),
        _ => Err(Refused::Malformed),
    }
}

fn decode(part: &str) -> Result<Vec<u8>, Refused> {
    URL_SAFE_NO_PAD.decode(part).map_err(|_| Refused::Malformed)
}

fn decode_json<T: for<'de> Deserialize<'de>>(part: &str) -> Result<T, Refused> {
    serde_json::from_slice(&decode(part)?).map_err(|_| Refused::Malformed)
}

/// The key as an uncompressed point (SEC 1). aws-lc checks that it lies on the curve.
fn point(jwk: &Jwk) -> Result<[u8; 65], Refused> {
    let (x, y) = (decode(&jwk.x)?, decode(&jwk.y)?);
    let mut out = [4u8; 65];
    if x.len() != 32 || y.len() != 32 {
        return Err(Refused::Algorithm);
    }
    out[1..33].copy_from_slice(&x);
    out[33..].copy_from_slice(&y);
    Ok(out)
}

/// RFC 7638: the required members in lexicographic order, without spaces. `x` and `y` are canonical base64url here,
/// because [`decode`] refuses padding and stray bits.
fn thumbprint(jwk: &Jwk) -> Thumbprint {
    let text = format!(
        r#"{{"crv":"P-256","kty":"EC","x":"{}","y":"{}"}}"#,
        jwk.x, jwk.y
    );
    let mut out = [0; 32];
    out.copy_from_slice(digest::digest(&digest::SHA256, text.as_bytes()).as_ref());
    Thumbprint(out)
}

#[cfg(test)]
pub(crate) mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use aws_lc_rs::{
        rand::SystemRandom,
        signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair},
    };
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;

    /// A browser's key for tests.
    pub(crate) struct Key(EcdsaKeyPair);

    impl Key {
        pub(crate) fn new() -> Self {
            Self(EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap())
        }

        pub(crate) fn jwk(&self) -> Value {
            let public = self.0.public_key().as_ref();
            json!({"kty": "EC", "crv": "P-256", "x": URL_SAFE_NO_PAD.encode(&public[1..33]), "y": URL_SAFE_NO_PAD.encode(&public[33..])})
        }

        pub(crate) fn sign(&self, header: &Value, claims: &Value) -> String {
            let head = URL_SAFE_NO_PAD.encode(header.to_string());
            let body = URL_SAFE_NO_PAD.encode(claims.to_string());
            let text = format!("{head}.{body}");
            let signature = self.0.sign(&SystemRandom::new(), text.as_bytes()).unwrap();
            format!("{text}.{}", URL_SAFE_NO_PAD.encode(signature))
        }

        fn proof(&self, claims: &Value) -> String {
            self.sign(
                &json!({"typ": "dpop+jwt", "alg": "ES256", "jwk": self.jwk()}),
                claims,
            )
        }
    }

    const URL: &str = "http://webx.localhost:7700/api/settings";

    fn expected<'a>() -> Expected<'a> {
        Expected {
            method: "GET",
            url: URL,
            token: Some("token"),
            nonce: None,
            now: 1_000_000,
        }
    }

    fn claims() -> Value {
        json!({"htm": "GET", "htu": format!("{URL}?a=1#x"), "iat": 1_000_000, "jti": "one", "ath": token_hash("token")})
    }

    fn with(name: &str, value: Value) -> Value {
        let mut all = claims();
        all[name] = value;
        all
    }

    #[test]
    fn a_proof_for_this_very_request_is_taken() {
        let key = Key::new();
        let proof = parse(&key.proof(&claims())).unwrap();
        assert_eq!(proof.check(&expected()), Ok(()));
        assert_eq!(proof.jti, "one");
    }

    #[test]
    fn every_mismatch_is_named() {
        let key = Key::new();
        let refused = |claims: &Value| {
            parse(&key.proof(claims))
                .unwrap()
                .check(&expected())
                .unwrap_err()
        };
        assert_eq!(refused(&with("htm", json!("POST"))), Refused::Method);
        assert_eq!(
            refused(&with("htu", json!("http://webx.localhost:7700/api/other"))),
            Refused::Address
        );
        assert_eq!(
            refused(&with("htu", json!("http://evil.example/api/settings"))),
            Refused::Address
        );
        assert_eq!(refused(&with("iat", json!(1_000_000 - 61))), Refused::Time);
        assert_eq!(refused(&with("iat", json!(1_000_011))), Refused::Time);
        assert_eq!(
            refused(&with("ath", json!(token_hash("other")))),
            Refused::Token
        );
        let mut bare = claims();
        bare.as_object_mut().unwrap().remove("ath");
        assert_eq!(refused(&bare), Refused::Token);
        let asked = Expected {
            nonce: Some("n"),
            ..expected()
        };
        assert_eq!(
            parse(&key.proof(&claims())).unwrap().check(&asked),
            Err(Refused::Nonce)
        );
    }

    #[test]
    fn a_proof_signed_by_another_key_than_it_names_is_refused() {
        let (key, thief) = (Key::new(), Key::new());
        let header = json!({"typ": "dpop+jwt", "alg": "ES256", "jwk": key.jwk()});
        assert_eq!(
            parse(&thief.sign(&header, &claims())).unwrap_err(),
            Refused::Signature
        );
    }

    #[test]
    fn algorithms_and_keys_other_than_es256_are_refused() {
        let key = Key::new();
        for (header, why) in [
            (
                json!({"typ": "dpop+jwt", "alg": "none", "jwk": key.jwk()}),
                Refused::Algorithm,
            ),
            (
                json!({"typ": "dpop+jwt", "alg": "HS256", "jwk": key.jwk()}),
                Refused::Algorithm,
            ),
            (
                json!({"typ": "JWT", "alg": "ES256", "jwk": key.jwk()}),
                Refused::Malformed,
            ),
            (
                json!({"typ": "dpop+jwt", "alg": "ES256"}),
                Refused::Malformed,
            ),
        ] {
            assert_eq!(
                parse(&key.sign(&header, &claims())).unwrap_err(),
                why,
                "{header}"
            );
        }
        let mut private = key.jwk();
        private["d"] = json!("AAAA");
        let header = json!({"typ": "dpop+jwt", "alg": "ES256", "jwk": private});
        assert_eq!(
            parse(&key.sign(&header, &claims())).unwrap_err(),
            Refused::PrivateKey
        );
        let mut off_curve = key.jwk();
        off_curve["x"] = json!(URL_SAFE_NO_PAD.encode([1; 32]));
        let header = json!({"typ": "dpop+jwt", "alg": "ES256", "jwk": off_curve});
        assert_eq!(
            parse(&key.sign(&header, &claims())).unwrap_err(),
            Refused::Signature
        );
    }

    #[test]
    fn the_thumbprint_is_that_of_rfc_7638() {
        // The same key, written with its members in another order, is the same session key.
        let jwk = Jwk {
            kty: "EC".into(),
            crv: "P-256".into(),
            x: "MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4".into(),
            y: "4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM".into(),
            d: None,
        };
        assert_eq!(
            URL_SAFE_NO_PAD.encode(thumbprint(&jwk).0),
            "cn-I_WNMClehiVp51i_0VpOENW1upEerA8sEam5hn-s"
        );
    }

    proptest! {
        #[test]
        fn any_text_is_answered_without_a_panic(text in ".{0,300}") {
            prop_assert!(parse(&text).is_err());
        }

        #[test]
        fn one_changed_character_makes_a_proof_worthless(at in 0usize..400, with in "[A-Za-z0-9_-]") {
            let key = Key::new();
            let good = key.proof(&claims());
            let at = at % good.len();
            let mut bad = good.clone();
            bad.replace_range(at..=at, &with);
            prop_assume!(bad != good && good.as_bytes()[at] != b'.');
            prop_assert!(parse(&bad).is_err());
        }
    }
}
