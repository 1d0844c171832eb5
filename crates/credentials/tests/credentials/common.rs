//! What the tests share: issuers made from a byte, and one credential.

use serde_json::{Value, json};
use time::{OffsetDateTime, macros::datetime};
use webx_credentials::{
    Contexts, Credentials, DidKey, NoLists, ProofOptions, Purpose, Signer, StatusLists, Suite,
};

pub(crate) const NOW: OffsetDateTime = datetime!(2026-11-23 12:00 UTC);
pub(crate) const V2: &str = "https://www.w3.org/ns/credentials/v2";
pub(crate) const EXAMPLES: &str = "https://www.w3.org/ns/credentials/examples/v2";

/// A key with its did:key.
pub(crate) struct Party {
    pub(crate) did: String,
    pub(crate) method: String,
    pub(crate) key: Box<dyn Signer>,
}

impl Party {
    pub(crate) fn ed25519(byte: u8) -> Self {
        Self::new(Box::new(ed25519_dalek::SigningKey::from_bytes(&[byte; 32])))
    }

    pub(crate) fn p256(byte: u8) -> Self {
        Self::new(Box::new(
            p256::ecdsa::SigningKey::from_slice(&[byte; 32]).unwrap(),
        ))
    }

    pub(crate) fn p384(byte: u8) -> Self {
        Self::new(Box::new(
            p384::ecdsa::SigningKey::from_slice(&[byte; 48]).unwrap(),
        ))
    }

    fn new(key: Box<dyn Signer>) -> Self {
        let name = key.public_key().multikey();
        Self {
            did: format!("did:key:{name}"),
            method: format!("did:key:{name}#{name}"),
            key,
        }
    }

    pub(crate) fn asserts(&self, suite: Suite) -> ProofOptions {
        ProofOptions::new(suite, &self.method, Purpose::Assertion, NOW)
    }

    pub(crate) fn authenticates(
        &self,
        suite: Suite,
        challenge: &str,
        domain: &str,
    ) -> ProofOptions {
        let mut options = ProofOptions::new(suite, &self.method, Purpose::Authentication, NOW);
        options.challenge = Some(challenge.to_owned());
        options.domain = Some(domain.to_owned());
        options
    }
}

/// A door with the shipped contexts, did:key and `lists`.
pub(crate) fn with_lists<T>(
    lists: &dyn StatusLists,
    use_it: impl FnOnce(&Credentials<'_>) -> T,
) -> T {
    let contexts = Contexts::shipped().unwrap();
    use_it(&Credentials::new(&contexts, &DidKey, lists))
}

pub(crate) fn with<T>(use_it: impl FnOnce(&Credentials<'_>) -> T) -> T {
    with_lists(&NoLists, use_it)
}

/// An unsigned credential of `issuer`.
pub(crate) fn credential(issuer: &str) -> Value {
    json!({
        "@context": [V2, EXAMPLES],
        "id": "urn:uuid:58172aac-d8ba-11ed-83dd-0b3aef56cc33",
        "type": ["VerifiableCredential", "AlumniCredential"],
        "name": "Alumni Credential",
        "issuer": { "id": issuer, "name": { "@value": "School", "@language": "en" } },
        "validFrom": "2023-01-01T00:00:00Z",
        "validUntil": "2033-01-01T00:00:00Z",
        "credentialSubject": { "id": "did:example:abcdefgh", "alumniOf": { "name": "The School", "since": 1999 }, "degrees": ["BA", "MA"] },
        "evidence": { "type": "Attendance", "hours": 1.5, "seen": true },
    })
}
