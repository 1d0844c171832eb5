//! A resolver's answers about a DID or DID URL, with the error codes of DID Resolution and did:key.

use serde_json::{Value, json};

use crate::{Error, PublicKey, Resolver, resolve::MAX_DID_URL};

/// What a resolver answers.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Resolution {
    /// The result as it is sent.
    pub body: Value,
    /// Why there is no document.
    pub failure: Option<Failure>,
}

/// Why a DID leads to nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Failure {
    /// Not a DID.
    InvalidDid,
    /// Not a DID URL.
    InvalidDidUrl,
    /// A method that is not read here.
    MethodNotSupported,
    /// A DID without a document at hand, or a part that its document has not.
    NotFound,
    /// A did:key whose key has another length than its kind.
    InvalidPublicKeyLength,
    /// A did:key whose key is no point of its curve.
    InvalidPublicKey,
    /// A kind of key, or a way to write one, that is not known here.
    UnsupportedPublicKeyType,
    /// A way to write keys that is known and not used.
    InvalidPublicKeyType,
}

impl Failure {
    /// The code in the metadata.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::InvalidDid => "invalidDid",
            Self::InvalidDidUrl => "invalidDidUrl",
            Self::MethodNotSupported => "methodNotSupported",
            Self::NotFound => "notFound",
            Self::InvalidPublicKeyLength => "invalidPublicKeyLength",
            Self::InvalidPublicKey => "invalidPublicKey",
            Self::UnsupportedPublicKeyType => "unsupportedPublicKeyType",
            Self::InvalidPublicKeyType => "invalidPublicKeyType",
        }
    }
}

/// How the keys of a did:key are written.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Format {
    Multikey,
    Jwk,
    Ed25519,
}

/// Resolves a DID, or finds the verification method that a DID URL names.
///
/// `format` is `publicKeyFormat` of did:key: `Multikey` (without a choice), `JsonWebKey2020` or
/// `Ed25519VerificationKey2020`. Other methods write their keys as their documents do.
#[must_use]
pub fn resolution(url: &str, format: Option<&str>, resolver: &dyn Resolver) -> Resolution {
    let end = url.find(['/', '?', '#']).unwrap_or(url.len());
    let (did, tail) = (
        url.get(..end).unwrap_or_default(),
        url.get(end..).unwrap_or_default(),
    );
    let metadata = if tail.is_empty() {
        "didResolutionMetadata"
    } else {
        "didDereferencingMetadata"
    };
    match found(did, tail, format, resolver) {
        Ok(document) => Resolution {
            body: json!({
                "@context": "https://w3id.org/did-resolution/v1", "didDocument": document,
                "didDocumentMetadata": {}, metadata: { "contentType": "application/did+ld+json" },
            }),
            failure: None,
        },
        Err((failure, message)) => Resolution {
            body: json!({
                "@context": "https://w3id.org/did-resolution/v1", "didDocument": {}, "didDocumentMetadata": {},
                metadata: { "error": failure.code(), "message": message },
            }),
            failure: Some(failure),
        },
    }
}

type Refused = (Failure, String);

fn found(
    did: &str,
    tail: &str,
    format: Option<&str>,
    resolver: &dyn Resolver,
) -> Result<Value, Refused> {
    let refused = |failure, reason: &str| Err((failure, reason.to_owned()));
    if did.len() + tail.len() > MAX_DID_URL {
        return refused(Failure::InvalidDid, "longer than 2048 bytes");
    }
    let Some((method, name)) = did
        .strip_prefix("did:")
        .and_then(|rest| rest.split_once(':'))
    else {
        return refused(Failure::InvalidDid, "a DID is did:METHOD:NAME");
    };
    let plain = |c: char| c.is_ascii_alphanumeric() || "._:%-".contains(c);
    if name.is_empty() || !name.chars().all(plain) || name.ends_with(':') {
        return refused(
            Failure::InvalidDid,
            "a character that no DID can have, or no name",
        );
    }
    let url = |c: char| c.is_ascii_alphanumeric() || "-._~!$&'()*+,;=:@%/?#".contains(c);
    if !tail.chars().all(url) || tail.matches('#').count() > 1 {
        return refused(
            Failure::InvalidDidUrl,
            "a character that no DID URL can have",
        );
    }
    let format = match format {
        None | Some("Multikey") => Format::Multikey,
        Some("JsonWebKey" | "JsonWebKey2020") => Format::Jwk,
        Some("Ed25519VerificationKey2020") => Format::Ed25519,
        Some(
            "Ed25519VerificationKey2018"
            | "X25519KeyAgreementKey2019"
            | "X25519KeyAgreementKey2020"
            | "EcdsaSecp256k1VerificationKey2019"
            | "EcdsaSecp256r1VerificationKey2019",
        ) => {
            return refused(
                Failure::InvalidPublicKeyType,
                "keys are written as Multikey, JsonWebKey2020 or Ed25519VerificationKey2020",
            );
        }
        Some(_) => {
            return refused(
                Failure::UnsupportedPublicKeyType,
                "an unknown publicKeyFormat",
            );
        }
    };
    let document = match method {
        "key" => did_key(did, name, format)?,
        "jwk" | "scid" | "webvh" => resolver
            .resolve(did, None)
            .map_err(|error| (Failure::NotFound, error.to_string()))?,
        _ => {
            return refused(
                Failure::MethodNotSupported,
                "a method that is not read here",
            );
        }
    };
    let Some(fragment) = tail.strip_prefix('#') else {
        return match tail {
            "" => Ok(document),
            _ => refused(Failure::NotFound, "paths and queries lead to nothing here"),
        };
    };
    let whole = format!("{did}#{fragment}");
    let named = |entry: &&Value| {
        let id = entry.get("id").and_then(Value::as_str);
        id.is_some_and(|id| id == whole || id.strip_prefix('#') == Some(fragment))
    };
    let methods = document.get("verificationMethod").and_then(Value::as_array);
    match methods.into_iter().flatten().find(named) {
        Some(method) => Ok(method.clone()),
        None => refused(Failure::NotFound, "its document has no such key"),
    }
}

/// The document of a did:key.
fn did_key(did: &str, name: &str, format: Format) -> Result<Value, Refused> {
    let refused = |failure, reason: &str| (failure, reason.to_owned());
    let key = key(name).map_err(|(failure, reason)| refused(failure, reason))?;
    let method = format!("{did}#{name}");
    let mut entry = json!({ "id": method, "controller": did });
    let (kind, context) = match (format, &key) {
        (Format::Multikey, _) => ("Multikey", "https://w3id.org/security/multikey/v1"),
        (Format::Jwk, _) => (
            "JsonWebKey2020",
            "https://w3id.org/security/suites/jws-2020/v1",
        ),
        (Format::Ed25519, PublicKey::Ed25519(_)) => (
            "Ed25519VerificationKey2020",
            "https://w3id.org/security/suites/ed25519-2020/v1",
        ),
        (Format::Ed25519, _) => {
            return Err(refused(Failure::InvalidPublicKeyType, "not an Ed25519 key"));
        }
    };
    if let Some(members) = entry.as_object_mut() {
        members.insert("type".to_owned(), kind.into());
        match format {
            Format::Jwk => members.insert("publicKeyJwk".to_owned(), key.jwk()),
            _ => members.insert("publicKeyMultibase".to_owned(), name.into()),
        };
    }
    Ok(json!({
        "@context": ["https://www.w3.org/ns/did/v1", context],
        "id": did,
        "verificationMethod": [entry],
        "authentication": [method],
        "assertionMethod": [method],
        "capabilityInvocation": [method],
        "capabilityDelegation": [method],
    }))
}

/// The key that a did:key is, or what did:key calls its fault.
fn key(name: &str) -> Result<PublicKey, (Failure, &'static str)> {
    let encoded = name
        .strip_prefix('z')
        .filter(|encoded| encoded.len() <= 128)
        .ok_or((
            Failure::InvalidDid,
            "a did:key is one multibase text, `z…`, without a version",
        ))?;
    let bytes = bs58::decode(encoded)
        .into_vec()
        .map_err(|_| (Failure::InvalidDid, "not base58btc"))?;
    let size = match bytes.get(..2) {
        Some([0xed, 0x01]) => 34,
        Some([0x80, 0x24]) => 35,
        Some([0x81, 0x24]) => 51,
        _ => {
            return Err((
                Failure::UnsupportedPublicKeyType,
                "neither Ed25519 nor P-256 nor P-384",
            ));
        }
    };
    if bytes.len() != size {
        return Err((
            Failure::InvalidPublicKeyLength,
            "the key has another length than its kind",
        ));
    }
    PublicKey::from_multikey(name).map_err(|error| match error {
        Error::Key(reason) => (Failure::InvalidPublicKey, reason),
        _ => (Failure::InvalidPublicKey, "not a key"),
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::DidKey;

    const DID: &str = "did:key:z6MkiTBz1ymuepAQ4HEHYSF1H8quG5GLVVQR3djdX3mDooWp";
    const NAME: &str = "z6MkiTBz1ymuepAQ4HEHYSF1H8quG5GLVVQR3djdX3mDooWp";

    fn failure(url: &str, format: Option<&str>) -> (Option<Failure>, &'static str) {
        let answer = resolution(url, format, &DidKey);
        let place = ["didResolutionMetadata", "didDereferencingMetadata"]
            .into_iter()
            .find(|place| answer.body.get(place).is_some())
            .unwrap();
        assert_eq!(
            answer.body[place]["error"].as_str(),
            answer.failure.map(Failure::code)
        );
        assert!(answer.body["didDocument"].is_object() && answer.body["@context"].is_string());
        (answer.failure, place)
    }

    #[test]
    fn what_is_no_did_raises_the_error_of_its_fault() {
        let resolving = "didResolutionMetadata";
        let with_version = format!("did:key:-4:{NAME}");
        let without_z = format!("did:key:{}", &NAME[1..]);
        let another = format!("did:experimental:{NAME}");
        let scheme = format!("notDid:key:{NAME}");
        let made = |bytes: &[u8]| format!("did:key:z{}", bs58::encode(bytes).into_string());
        let (short, agreement) = (
            made(&[0xed, 1, 7]),
            made(&[&[0xec, 1][..], &[9; 32]].concat()),
        );
        let off_curve = format!(
            "did:key:z{}",
            bs58::encode([&[0x80, 0x24, 5][..], &[9; 32]].concat()).into_string()
        );
        for (did, code) in [
            (scheme.as_str(), Failure::InvalidDid),
            (&another, Failure::MethodNotSupported),
            (&with_version, Failure::InvalidDid),
            (&without_z, Failure::InvalidDid),
            ("did:key:@", Failure::InvalidDid),
            ("did:key:", Failure::InvalidDid),
            ("", Failure::InvalidDid),
            (short.as_str(), Failure::InvalidPublicKeyLength),
            (&off_curve, Failure::InvalidPublicKey),
            (agreement.as_str(), Failure::UnsupportedPublicKeyType),
            (
                "did:scid:vh:1:Qmc57yQsqz5NYVyMwT1zWTAXBAX6cNHfiAzqcABAJTkLnY",
                Failure::NotFound,
            ),
        ] {
            assert_eq!(failure(did, None), (Some(code), resolving), "{did}");
        }
        assert_eq!(
            failure(&format!("did:key:{}", "z".repeat(4000)), None).0,
            Some(Failure::InvalidDid)
        );
    }

    #[test]
    fn a_public_key_format_that_is_unknown_or_not_used_raises_its_error() {
        assert_eq!(
            failure(DID, Some("unknown")),
            (
                Some(Failure::UnsupportedPublicKeyType),
                "didResolutionMetadata"
            )
        );
        for fragment in [NAME, "z6LSother"] {
            assert_eq!(
                failure(
                    &format!("{DID}#{fragment}"),
                    Some("Ed25519VerificationKey2018")
                ),
                (
                    Some(Failure::InvalidPublicKeyType),
                    "didDereferencingMetadata"
                )
            );
        }
        let jwk = resolution(DID, Some("JsonWebKey2020"), &DidKey).body;
        let jwk = &jwk["didDocument"]["verificationMethod"][0]["publicKeyJwk"];
        let key = PublicKey::from_jwk(jwk.as_object().unwrap()).unwrap();
        assert_eq!(key.multikey(), NAME);
    }

    #[test]
    fn a_did_url_leads_to_its_key_or_raises_invalid_did_url() {
        let found = resolution(&format!("{DID}#{NAME}"), None, &DidKey);
        assert_eq!(found.failure, None);
        assert_eq!(found.body["didDocument"]["controller"], DID);
        assert_eq!(found.body["didDocument"]["publicKeyMultibase"], NAME);
        let bad = format!("{DID}/^bar^/?query=`#{NAME}");
        let place = "didDereferencingMetadata";
        assert_eq!(failure(&bad, None), (Some(Failure::InvalidDidUrl), place));
        for nowhere in ["#other", "/path", "?a=b"] {
            let url = format!("{DID}{nowhere}");
            assert_eq!(failure(&url, None), (Some(Failure::NotFound), place));
        }
        let whole = resolution(DID, None, &DidKey).body;
        assert_eq!(whole["didDocument"], DidKey.resolve(DID, None).unwrap());
    }
}
