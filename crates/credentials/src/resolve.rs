//! From the name of a verification method to its key.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Value, json};
use time::OffsetDateTime;

use crate::{Error, PublicKey, error::short, json, time::timestamp};

/// Longest DID URL that is looked at, in bytes.
pub(crate) const MAX_DID_URL: usize = 2048;

/// Where DID documents come from.
pub trait Resolver {
    /// The document of `did` as it was at `at`, or as it is now.
    ///
    /// # Errors
    /// [`Error::did`] when there is none.
    fn resolve(&self, did: &str, at: Option<OffsetDateTime>) -> Result<Value, Error>;
}

/// did:key, which needs nobody's help.
#[derive(Clone, Copy, Debug, Default)]
pub struct DidKey;

impl Resolver for DidKey {
    fn resolve(&self, did: &str, _: Option<OffsetDateTime>) -> Result<Value, Error> {
        let text = did
            .strip_prefix("did:key:")
            .ok_or_else(|| Error::did(did, "only did:key is resolved here"))?;
        PublicKey::from_multikey(text).map_err(|error| Error::did(did, error.to_string()))?;
        let method = format!("{did}#{text}");
        Ok(json!({
            "@context": ["https://www.w3.org/ns/did/v1", "https://w3id.org/security/multikey/v1"],
            "id": did,
            "verificationMethod": [{
                "id": method, "type": "Multikey", "controller": did, "publicKeyMultibase": text,
            }],
            "authentication": [method],
            "assertionMethod": [method],
            "capabilityInvocation": [method],
            "capabilityDelegation": [method],
        }))
    }
}

/// did:jwk: the name is the key, as a JSON Web Key.
#[derive(Clone, Copy, Debug, Default)]
pub struct DidJwk;

impl Resolver for DidJwk {
    fn resolve(&self, did: &str, _: Option<OffsetDateTime>) -> Result<Value, Error> {
        let refused = |reason: &str| Error::did(did, reason);
        let text = did
            .strip_prefix("did:jwk:")
            .filter(|text| text.len() <= MAX_DID_URL)
            .ok_or_else(|| refused("only did:jwk is resolved here"))?;
        let bytes = URL_SAFE_NO_PAD
            .decode(text)
            .map_err(|_| refused("not base64url"))?;
        let jwk = json::parse(&bytes)?;
        let members = jwk.as_object().ok_or_else(|| refused("not a key"))?;
        PublicKey::from_jwk(members).map_err(|error| refused(&error.to_string()))?;
        if members.get("use").is_some_and(|name| name != "sig") {
            return Err(refused("a key that is not for signatures"));
        }
        let method = format!("{did}#0");
        Ok(json!({
            "@context": ["https://www.w3.org/ns/did/v1", "https://w3id.org/security/suites/jws-2020/v1"],
            "id": did,
            "verificationMethod": [{
                "id": method, "type": "JsonWebKey2020", "controller": did, "publicKeyJwk": jwk,
            }],
            "authentication": [method],
            "assertionMethod": [method],
            "capabilityInvocation": [method],
            "capabilityDelegation": [method],
        }))
    }
}

/// The key behind a proof, and whose it is.
#[derive(Clone, Debug)]
pub(crate) struct Method {
    pub(crate) key: PublicKey,
    /// The DID whose document names the key.
    pub(crate) controller: String,
}

/// The key `url` names, when its DID document lists it under `purpose`, as it was at `at` or is now, and it is in
/// force `now`. With `jwk` the document may write it as a JSON Web Key too, which Data Integrity does not allow.
pub(crate) fn method(
    resolver: &dyn Resolver,
    url: &str,
    purpose: &str,
    (at, now): (Option<OffsetDateTime>, OffsetDateTime),
    jwk: bool,
) -> Result<Method, Error> {
    if url.len() > MAX_DID_URL {
        return Err(Error::did(url, "longer than 2048 bytes"));
    }
    let (did, fragment) = url
        .split_once('#')
        .ok_or_else(|| Error::did(url, "a verification method has a fragment"))?;
    if !did.starts_with("did:") || did.contains(['?', '/']) || fragment.is_empty() {
        return Err(Error::did(url, "not a DID with a fragment"));
    }
    let document = resolver.resolve(did, at)?;
    let refused = |reason: &str| Error::did(url, reason);
    if document.get("id").and_then(Value::as_str) != Some(did) {
        return Err(refused("its document is of another DID"));
    }
    let same =
        |id: Option<&str>| id.is_some_and(|id| id == url || id.strip_prefix('#') == Some(fragment));
    let id_of = |entry: &Value| entry.get("id").and_then(Value::as_str).map(str::to_owned);
    let list = |member: &str| {
        document
            .get(member)
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
    };
    let listed = list(purpose)
        .find(|entry| same(entry.as_str()) || same(id_of(entry).as_deref()))
        .ok_or_else(|| {
            refused(&format!(
                "not listed under {} in its document",
                short(purpose)
            ))
        })?;
    let method = if listed.is_object() {
        listed
    } else {
        list("verificationMethod")
            .find(|entry| same(id_of(entry).as_deref()))
            .ok_or_else(|| refused("its document does not describe the key"))?
    };
    if method.get("controller").and_then(Value::as_str) != Some(did) {
        return Err(refused("the key has another controller"));
    }
    for (member, reason) in [
        ("revoked", "the key is revoked"),
        ("expires", "the key has expired"),
    ] {
        if let Some(end) = method.get(member) {
            let end = end
                .as_str()
                .and_then(timestamp)
                .ok_or_else(|| refused(reason))?;
            if end <= now {
                return Err(refused(reason));
            }
        }
    }
    let kind = method
        .get("type")
        .and_then(Value::as_str)
        .unwrap_or_default();
    let none = || refused("the key is written in a way that is not read here");
    let key = match kind {
        "Multikey" | "Ed25519VerificationKey2020" => {
            let text = method.get("publicKeyMultibase").and_then(Value::as_str);
            PublicKey::from_multikey(text.ok_or_else(none)?)?
        }
        "JsonWebKey" | "JsonWebKey2020" if jwk => {
            let members = method.get("publicKeyJwk").and_then(Value::as_object);
            PublicKey::from_jwk(members.ok_or_else(none)?)?
        }
        _ => return Err(none()),
    };
    Ok(Method {
        key,
        controller: did.to_owned(),
    })
}
