//! Fitness as a verifiable credential (W3C VCDM 2.0 with an `eddsa-jcs-2022` proof), so that other markets can use it.

use std::{
    future::Future,
    pin::pin,
    task::{Context, Poll, Waker},
};

use affinidi_data_integrity::{
    DataIntegrityError, DataIntegrityProof, SignOptions, VerifyOptions, signer::Signer,
};
use didwebvh_rs::prelude::{KeyType, async_trait};
use ed25519_dalek::{Signer as _, SigningKey, VerifyingKey};
use serde_json::{Value, json};
use time::{Duration, OffsetDateTime, format_description::well_known::Rfc3339};
use webx_identity::{
    Did, DidKey, DidLog, DidMethod as _, Evidence, Method, Purpose, Resolved, Webvh,
};
use webx_overlay::NodeId;

use crate::{
    Error,
    fitness::{Dimension, Effect, View},
    proof::Own,
};

/// Longest credential that is read, in bytes.
pub const MAX_CREDENTIAL: usize = 32 * 1024;
/// How long a credential is good.
pub const VALIDITY: Duration = Duration::days(7);
/// A clock may be wrong by this much.
const SKEW: Duration = Duration::minutes(10);
const CONTEXT: [&str; 2] = [
    "https://www.w3.org/ns/credentials/v2",
    // Lets JSON-LD readers keep the terms below without fetching anything of ours.
    "https://www.w3.org/ns/credentials/undefined-terms/v2",
];
const TYPE: &str = "NodeFitnessCredential";
const PROOF_MEMBERS: [&str; 7] = [
    "@context",
    "type",
    "cryptosuite",
    "created",
    "verificationMethod",
    "proofPurpose",
    "proofValue",
];

/// What a verified credential says.
#[derive(Clone, Debug, PartialEq)]
pub struct FitnessClaim {
    /// Who says it.
    pub issuer: Did,
    /// Of which node.
    pub node: NodeId,
    /// What it is at least in each dimension, 0 to 1.
    pub scores: Vec<(Dimension, f64)>,
    /// Since when it is good.
    pub from: OffsetDateTime,
    /// Until when it is good.
    pub until: OffsetDateTime,
}

/// Signs what this person's node knows of the fitness of `node`, as JSON text. Dimensions about which too little is known
/// are left out.
///
/// # Errors
/// [`Error::Refused`] when the own key may not sign for the DID; [`Error::Crypto`].
pub fn issue(own: &Own, node: NodeId, view: &View, now: OffsetDateTime) -> Result<String, Error> {
    let crypto = || Error::Crypto("signing a credential");
    let resolved = resolve(own.did(), own.log(), now)?;
    let key = own.key().verifying_key();
    let keys = resolved.document.keys(Purpose::AssertionMethod);
    let (method, _) = keys
        .into_iter()
        .find(|(_, listed)| *listed == key)
        .ok_or(refuse("this device may not sign for the DID"))?;
    let subject = VerifyingKey::from_bytes(node.as_bytes()).map_err(|_| refuse("no node key"))?;
    let scores: Vec<Value> = view
        .reasons
        .iter()
        .filter(|reason| reason.effect != Effect::Missing)
        .map(|reason| {
            let round = |value: f64| (value * 1e4).round() / 1e4;
            json!({
                "dimension": reason.score.dimension,
                "atLeast": round(reason.score.value),
                "confidence": 0.95,
                "evidence": round(reason.score.own + reason.score.receipts + reason.score.hearsay),
            })
        })
        .collect();
    let mut credential = json!({
        "@context": CONTEXT,
        "type": ["VerifiableCredential", TYPE],
        "issuer": own.did(),
        "validFrom": text(now)?,
        "validUntil": text(now + VALIDITY)?,
        "credentialSubject": {
            "id": webx_identity::did_key(&subject),
            "rating": view.rating,
            "scores": scores,
        },
    });
    let signer = KeySigner::new(own.key(), method);
    let created = chrono::DateTime::from_timestamp(now.unix_timestamp(), 0).ok_or_else(crypto)?;
    let options = SignOptions::new()
        .with_created(created)
        .with_context(CONTEXT.map(str::to_owned).to_vec());
    let proof = ready(DataIntegrityProof::sign(&credential, &signer, options))
        .and_then(Result::ok)
        .ok_or_else(crypto)?;
    let proof = serde_json::to_value(proof).map_err(|_| crypto())?;
    if let Some(members) = credential.as_object_mut() {
        members.insert("proof".into(), proof);
    }
    Ok(credential.to_string())
}

/// Verifies a fitness credential of `issuer`, by the newest log that is known of him (none for a `did:key`). The key must
/// stand in the newest version: a removed device says nothing any more.
///
/// # Errors
/// [`Error::Refused`] saying what is wrong with it.
pub fn verify(
    credential: &str,
    issuer: &Did,
    log: Option<&DidLog>,
    now: OffsetDateTime,
) -> Result<FitnessClaim, Error> {
    if credential.len() > MAX_CREDENTIAL {
        return Err(refuse("it is larger than 32 KiB"));
    }
    let mut document: Value =
        serde_json::from_str(credential).map_err(|_| refuse("it is no JSON"))?;
    let proof = document
        .as_object_mut()
        .and_then(|members| members.remove("proof"))
        .ok_or(refuse("it has no proof"))?;
    check_proof(&proof, issuer, log, &document, now)?;
    let text = |member: &str| document.get(member).and_then(Value::as_str);
    if text("issuer") != Some(issuer.as_str()) {
        return Err(refuse("it is of another issuer"));
    }
    let types = document.get("type").and_then(Value::as_array);
    if !types.is_some_and(|types| types.iter().any(|name| name == TYPE)) {
        return Err(refuse("it is no fitness credential"));
    }
    let moment = |member| text(member).and_then(|text| OffsetDateTime::parse(text, &Rfc3339).ok());
    let from = moment("validFrom").ok_or(refuse("it has no validFrom"))?;
    let until = moment("validUntil").ok_or(refuse("it has no validUntil"))?;
    if from > now + SKEW || until <= now || until - from > VALIDITY + SKEW {
        return Err(refuse("it is not good now"));
    }
    let subject = document.get("credentialSubject");
    let node = subject
        .and_then(|subject| subject.get("id")?.as_str())
        .and_then(|id| webx_identity::parse_did_key(id).ok())
        .ok_or(refuse("it names no node"))?;
    let listed = subject
        .and_then(|subject| subject.get("scores")?.as_array())
        .filter(|scores| scores.len() <= Dimension::ALL.len())
        .ok_or(refuse("it has no scores"))?;
    let scores = listed
        .iter()
        .map(|score| {
            let dimension = serde_json::from_value(score.get("dimension")?.clone()).ok()?;
            let value = score.get("atLeast")?.as_f64()?;
            (0.0..=1.0).contains(&value).then_some((dimension, value))
        })
        .collect::<Option<Vec<_>>>()
        .ok_or(refuse("a score cannot be"))?;
    Ok(FitnessClaim {
        issuer: issuer.clone(),
        node: NodeId(node.to_bytes()),
        scores,
        from,
        until,
    })
}

/// Everything in the proof is either covered by the signature or refused.
fn check_proof(
    proof: &Value,
    issuer: &Did,
    log: Option<&DidLog>,
    document: &Value,
    now: OffsetDateTime,
) -> Result<(), Error> {
    let members = proof.as_object().ok_or(refuse("it has no single proof"))?;
    let known = |name: &String| PROOF_MEMBERS.contains(&name.as_str());
    let text = |member: &str| members.get(member).and_then(Value::as_str);
    if !members.keys().all(known)
        || text("type") != Some("DataIntegrityProof")
        || text("cryptosuite") != Some("eddsa-jcs-2022")
        || text("proofPurpose") != Some("assertionMethod")
        || members.get("@context") != document.get("@context")
    {
        return Err(refuse("its proof is of another kind"));
    }
    let resolved = resolve(issuer, log, now)?;
    let method = text("verificationMethod").unwrap_or_default();
    let keys = resolved.document.keys(Purpose::AssertionMethod);
    let key = keys
        .iter()
        .find_map(|(id, key)| (id == method).then_some(key))
        .ok_or(refuse(
            "its key does not stand in the newest version of the issuer's DID",
        ))?;
    let proof: DataIntegrityProof = serde_json::from_value(proof.clone())
        .map_err(|_| refuse("its proof is of another kind"))?;
    proof
        .verify_with_public_key(document, key.as_bytes(), VerifyOptions::new())
        .map_err(|_| refuse("its signature does not hold"))
}

fn resolve(did: &Did, log: Option<&DidLog>, now: OffsetDateTime) -> Result<Resolved, Error> {
    let evidence = Evidence {
        log: log.map_or("", DidLog::as_str),
        witnesses: None,
    };
    let resolved = match did.method() {
        Method::Key(_) => DidKey.resolve(did, evidence, now),
        _ => Webvh.resolve(did, evidence, now),
    };
    match resolved {
        Ok(resolved) if !resolved.deactivated => Ok(resolved),
        Ok(_) => Err(refuse("the issuer's DID is ended")),
        Err(_) => Err(refuse("the issuer's DID log does not hold")),
    }
}

fn refuse(why: &'static str) -> Error {
    Error::Refused {
        what: "a fitness credential",
        why,
    }
}

fn text(time: OffsetDateTime) -> Result<String, Error> {
    time.to_offset(time::UtcOffset::UTC)
        .replace_nanosecond(0)
        .ok()
        .and_then(|time| time.format(&Rfc3339).ok())
        .ok_or(Error::Crypto("time of the credential"))
}

/// Signs with a key that is borrowed for the moment; nothing is copied out of it.
pub(crate) struct KeySigner<'a> {
    key: &'a SigningKey,
    method: String,
}

impl<'a> KeySigner<'a> {
    pub(crate) fn new(key: &'a SigningKey, method: String) -> Self {
        Self { key, method }
    }
}

#[async_trait]
impl Signer for KeySigner<'_> {
    fn key_type(&self) -> KeyType {
        KeyType::Ed25519
    }

    fn verification_method(&self) -> &str {
        &self.method
    }

    async fn sign(&self, data: &[u8]) -> Result<Vec<u8>, DataIntegrityError> {
        Ok(self.key.sign(data).to_bytes().to_vec())
    }
}

/// The result of a future that never waits: with a key in memory the first poll is the last.
pub(crate) fn ready<F: Future>(future: F) -> Option<F::Output> {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => Some(output),
        Poll::Pending => None,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::{
        fitness::{self, History, Observation, Trust},
        testing::{NOW, person},
    };

    fn view() -> View {
        let mut history = History::default();
        for n in 0..100 {
            let rtt = std::time::Duration::from_millis(20);
            history.observe(n, Observation::Probe(Some(rtt)));
        }
        fitness::rate(100, &history, &[1; 32], &[], &[], &Trust::default())
    }

    #[test]
    fn a_credential_is_verified_by_the_log_of_its_issuer() {
        let (ann, node) = (person(1), person(2).node(0));
        let text = issue(&ann.own(), node, &view(), NOW).unwrap();
        let (did, log) = (&ann.identity.did, Some(&ann.identity.log));
        let claim = verify(&text, did, log, NOW + Duration::days(1)).unwrap();
        assert_eq!((claim.node, &claim.issuer), (node, did));
        assert_eq!(claim.scores.len(), 5);
        assert!(claim.scores.iter().all(|(_, value)| *value > 0.9));
        // A node without a person signs as well.
        let nobody = Own::anonymous(ann.key(0)).unwrap();
        let text = issue(&nobody, node, &view(), NOW).unwrap();
        assert!(verify(&text, nobody.did(), None, NOW).is_ok());
    }

    #[test]
    fn a_credential_that_was_changed_moved_or_kept_too_long_is_refused() {
        let (mut ann, eve) = (person(1), person(3));
        let node = person(2).node(0);
        let text = issue(&ann.own(), node, &view(), NOW).unwrap();
        let did = ann.identity.did.clone();
        let log = ann.identity.log.clone();
        let check = |text: &str, now| verify(text, &did, Some(&log), now).is_ok();
        assert!(check(&text, NOW));
        assert!(!check(&text.replace("excellent", "poor"), NOW));
        assert!(!check(&text, NOW + Duration::days(8)));
        assert!(!check(&text, NOW - Duration::days(1)));
        let mut value: Value = serde_json::from_str(&text).unwrap();
        value["credentialSubject"]["role"] = "admin".into();
        assert!(!check(&value.to_string(), NOW));
        let mut value: Value = serde_json::from_str(&text).unwrap();
        value["proof"]["domain"] = "elsewhere".into();
        assert!(!check(&value.to_string(), NOW));
        assert!(verify(&text, &eve.identity.did, Some(&eve.identity.log), NOW).is_err());
        assert!(!check(&"{".repeat(MAX_CREDENTIAL + 1), NOW));
        // The device is removed: what it signed counts no more.
        ann.rotate(&[1]);
        assert!(verify(&text, &did, Some(&ann.identity.log), NOW).is_err());
    }
}
