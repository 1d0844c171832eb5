//! DID documents: the keys in them, and the name they are read under.

use ed25519_dalek::VerifyingKey;
use serde_json::{Value, json};

use crate::{Did, did};

/// The host that stands in the log of a person without a domain. RFC 6761 promises that no name
/// under `.invalid` ever resolves, so nobody can serve a log in this place.
pub(crate) const NO_HOST: &str = "scid.invalid";

/// What a key may be used for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Purpose {
    /// Proving to be this person, as in a handshake.
    Authentication,
    /// Signing statements, as in a credential.
    AssertionMethod,
}

impl Purpose {
    fn member(self) -> &'static str {
        match self {
            Self::Authentication => "authentication",
            Self::AssertionMethod => "assertionMethod",
        }
    }
}

/// A DID document.
#[derive(Clone, Debug, PartialEq)]
pub struct DidDocument(Value);

impl DidDocument {
    pub(crate) fn new(value: Value) -> Self {
        Self(value)
    }

    /// The document as JSON.
    #[must_use]
    pub fn as_value(&self) -> &Value {
        &self.0
    }

    /// The `id` of the document.
    #[must_use]
    pub fn id(&self) -> &str {
        self.0.get("id").and_then(Value::as_str).unwrap_or_default()
    }

    /// The Ed25519 keys listed for `purpose`, each with the id of its verification method.
    ///
    /// Only methods that this very document defines and controls are given: a reference to
    /// somebody else's key is not this person's key.
    #[must_use]
    pub fn keys(&self, purpose: Purpose) -> Vec<(String, VerifyingKey)> {
        let listed = self.0.get(purpose.member()).and_then(Value::as_array);
        let Some(listed) = listed else {
            return Vec::new();
        };
        listed.iter().filter_map(|entry| self.key(entry)).collect()
    }

    fn key(&self, entry: &Value) -> Option<(String, VerifyingKey)> {
        let method = match entry {
            Value::String(reference) => self.method(reference)?,
            embedded => embedded,
        };
        let text = |member: &str| method.get(member).and_then(Value::as_str);
        if text("controller") != Some(self.id()) || text("type") != Some("Multikey") {
            return None;
        }
        let key = did::parse_multikey(text("publicKeyMultibase")?).ok()?;
        Some((text("id")?.to_owned(), key))
    }

    fn method(&self, reference: &str) -> Option<&Value> {
        let methods = self.0.get("verificationMethod")?.as_array()?;
        methods.iter().find(|method| {
            method.get("id").and_then(Value::as_str).is_some_and(|id| {
                id == reference
                    || (reference.starts_with('#') && id.strip_prefix(self.id()) == Some(reference))
            })
        })
    }
}

/// A document whose keys are those of `devices`.
pub(crate) fn of_keys(did: &str, devices: &[VerifyingKey]) -> Value {
    let document = json!({
        "@context": ["https://www.w3.org/ns/did/v1", "https://w3id.org/security/multikey/v1"],
        "id": did,
        "controller": did,
    });
    with_devices(document, devices)
}

/// `state` with its keys replaced: each device may prove to be the person and may sign for him.
pub(crate) fn with_devices(mut state: Value, devices: &[VerifyingKey]) -> Value {
    let did = state
        .get("id")
        .and_then(Value::as_str)
        .unwrap_or_default()
        .to_owned();
    let names: Vec<String> = devices.iter().map(did::multikey).collect();
    let ids: Vec<String> = names.iter().map(|name| format!("{did}#{name}")).collect();
    let method = |(id, name)| json!({"id": id, "type": "Multikey", "controller": did, "publicKeyMultibase": name});
    let methods: Vec<Value> = ids.iter().zip(&names).map(method).collect();
    if let Some(document) = state.as_object_mut() {
        document.insert("verificationMethod".into(), methods.into());
        document.insert("authentication".into(), ids.clone().into());
        document.insert("assertionMethod".into(), ids.into());
    }
    state
}

/// The document in the log, read under its place-less name: every reference to the placed DID
/// becomes one to `did`. A real place stays findable in `alsoKnownAs`.
pub(crate) fn under(did: &Did, state: &Value) -> Value {
    let Some(placed) = state.get("id").and_then(Value::as_str) else {
        return state.clone();
    };
    let mut document = state.clone();
    rename(&mut document, placed, did.as_str());
    let nowhere = format!(":{NO_HOST}");
    if !placed.ends_with(&nowhere)
        && let Some(object) = document.as_object_mut()
    {
        let also = object.entry("alsoKnownAs").or_insert_with(|| json!([]));
        if let Some(names) = also.as_array_mut() {
            names.push(placed.into());
        }
    }
    document
}

fn rename(value: &mut Value, from: &str, to: &str) {
    match value {
        Value::String(text) => {
            if let Some(rest) = text.strip_prefix(from)
                && (rest.is_empty() || rest.starts_with('#'))
            {
                *text = format!("{to}{rest}");
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| rename(item, from, to)),
        Value::Object(members) => {
            members
                .values_mut()
                .for_each(|member| rename(member, from, to));
        }
        _ => {}
    }
}
