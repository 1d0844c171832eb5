//! The signature: a DSSE envelope around an in-toto Statement v1.
//!
//! <https://github.com/secure-systems-lab/dsse>, <https://github.com/in-toto/attestation>

use base64::{Engine, engine::general_purpose::STANDARD};
use ed25519_dalek::Signature;
use semver::Version;
use serde_json::{Value, json};

use crate::{CONTENT, Digest, LOG, MANIFEST, PublisherRoot, Refusal, json, refusal::shown};

/// Type of the payload in the envelope.
pub const PAYLOAD_TYPE: &str = "application/vnd.in-toto+json";
/// Type of the statement's predicate.
pub const PREDICATE_TYPE: &str = "urn:webx:wxa:package:v1";

/// The pre-authentication encoding of DSSE v1: what is signed.
#[must_use]
pub fn pae(payload_type: &str, payload: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(payload.len() + payload_type.len() + 32);
    out.extend_from_slice(b"DSSEv1 ");
    out.extend_from_slice(
        format!("{} {payload_type} {} ", payload_type.len(), payload.len()).as_bytes(),
    );
    out.extend_from_slice(payload);
    out
}

/// What the publisher says by signing.
pub(crate) struct Statement<'a> {
    pub(crate) content: Digest,
    pub(crate) manifest: Digest,
    pub(crate) log: Option<Digest>,
    /// Length and digest of every byte before the signature's own entry.
    pub(crate) archive: (usize, Digest),
    pub(crate) id: &'a str,
    pub(crate) version: &'a Version,
    pub(crate) root: &'a PublisherRoot,
}

impl Statement<'_> {
    /// The canonical bytes of the statement.
    pub(crate) fn payload(&self) -> Vec<u8> {
        let subject = |name: &str, digest: Digest| json!({"name": name, "digest": {"sha256": digest.to_string()}});
        let mut subjects = vec![
            subject(MANIFEST, self.manifest),
            subject(CONTENT, self.content),
        ];
        subjects.extend(self.log.map(|digest| subject(LOG, digest)));
        let statement = json!({
            "_type": "https://in-toto.io/Statement/v1",
            "subject": subjects,
            "predicateType": PREDICATE_TYPE,
            "predicate": {
                "archive": {"length": self.archive.0, "sha256": self.archive.1.to_string()},
                "id": self.id,
                "publisher": self.root.as_str(),
                "version": self.version.to_string(),
            },
        });
        json::canonical(&statement).unwrap_or_default()
    }
}

/// A parsed envelope.
pub(crate) struct Envelope {
    pub(crate) payload: Vec<u8>,
    pub(crate) key_id: String,
    pub(crate) signature: Signature,
}

impl Envelope {
    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        let value = json!({
            "payload": STANDARD.encode(&self.payload),
            "payloadType": PAYLOAD_TYPE,
            "signatures": [{"keyid": self.key_id, "sig": STANDARD.encode(self.signature.to_bytes())}],
        });
        json::canonical(&value).unwrap_or_default()
    }

    /// Reads an envelope; there is one way to spell it.
    pub(crate) fn parse(bytes: &[u8]) -> Result<Self, Refusal> {
        let value = json::parse(bytes)
            .map_err(|error| Refusal::signature(format!("it is no good JSON: {error}")))?;
        let text = |value: &Value, member: &str| {
            let text = value.get(member).and_then(Value::as_str).map(str::to_owned);
            text.ok_or_else(|| Refusal::signature(format!("it has no {member}")))
        };
        let decode = |text: String| {
            STANDARD
                .decode(text)
                .map_err(|_| Refusal::signature("it is no base64"))
        };
        let kind = text(&value, "payloadType")?;
        if kind != PAYLOAD_TYPE {
            let kind = shown(kind.as_bytes());
            return Err(Refusal::signature(format!("it signs a “{kind}”")));
        }
        let Some([one]) = value
            .get("signatures")
            .and_then(Value::as_array)
            .map(Vec::as_slice)
        else {
            return Err(Refusal::signature("there must be exactly one"));
        };
        let envelope = Self {
            payload: decode(text(&value, "payload")?)?,
            key_id: text(one, "keyid")?,
            signature: Signature::from_slice(&decode(text(one, "sig")?)?)
                .map_err(|_| Refusal::signature("it does not have 64 bytes"))?,
        };
        if envelope.to_bytes() != bytes {
            return Err(Refusal::signature("it is not in the canonical form"));
        }
        Ok(envelope)
    }
}
