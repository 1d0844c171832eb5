//! A person's own DID: made from the words, changed with the words.

use std::{
    future::Future,
    pin::pin,
    task::{Context, Poll, Waker},
};

use affinidi_data_integrity::{DataIntegrityProof, SignOptions};
use didwebvh_rs::{
    Multibase,
    log_entry::{LogEntryMethods, spec_1_0::LogEntry1_0},
    prelude::{KeyType, Secret, Signer, async_trait},
};
use ed25519_dalek::{Signer as _, SigningKey, VerifyingKey};
use serde_json::{Value, json};
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

use crate::{Did, DidDocument, DidLog, Error, Purpose, Seed, did, document};

/// The `versionTime` of every first entry, 2026-01-01T00:00:00Z.
///
/// It is the same for everybody so that the first entry, and with it the DID, is a function of
/// the words alone: whoever has lost everything but the words still knows who he is.
pub const GENESIS: OffsetDateTime = time::macros::datetime!(2026-01-01 00:00:00 UTC);

/// Where the hash of the first entry goes, until it is known.
const SCID: &str = "{SCID}";

/// A person's DID with its log.
#[derive(Clone, Debug)]
pub struct Identity {
    /// `did:scid:vh:1:<SCID>`.
    pub did: Did,
    /// The log that proves it.
    pub log: DidLog,
}

impl Identity {
    /// The identity of `seed`: always the same DID and the same first entry.
    ///
    /// The log is portable, names the first device key for authentication and assertion, and
    /// commits to the key that may make the next entry. It is verified before it is returned.
    ///
    /// # Errors
    /// [`Error::Shape`] when `now` lies before [`GENESIS`], that is, when the clock is wrong.
    pub fn create(seed: &Seed, now: OffsetDateTime) -> Result<Self, Error> {
        let placed = format!("did:webvh:{SCID}:{}", document::NO_HOST);
        let draft = json!({
            "versionId": SCID,
            "versionTime": format_time(GENESIS)?,
            "parameters": {
                "method": "did:webvh:1.0",
                "scid": SCID,
                "updateKeys": [did::multikey(&seed.update_key(0).verifying_key())],
                "portable": true,
                "nextKeyHashes": [key_hash(&seed.update_key(1))?],
            },
            "state": document::of_keys(&placed, &[seed.device_key(0).verifying_key()]),
        });
        let scid = entry(draft.clone())?
            .generate_log_entry_hash()
            .map_err(Error::unverified)?;
        let mut first = entry(fill(draft, &scid))?;
        first.set_version_id(&scid);
        let line = seal(first, 1, &seed.update_key(0), GENESIS)?;
        let identity = Self {
            did: Did::from_scid(&scid)?,
            log: DidLog::parse(&line)?,
        };
        identity.log.verify(now)?.resolve(&identity.did)?;
        Ok(identity)
    }

    /// Takes up a stored identity, verifying all of it.
    ///
    /// # Errors
    /// Whatever [`DidLog::parse`] and [`DidLog::verify`] refuse.
    pub fn open(log: &str, now: OffsetDateTime) -> Result<Self, Error> {
        let log = DidLog::parse(log)?;
        let did = Did::from_scid(log.verify(now)?.scid())?;
        Ok(Self { did, log })
    }

    /// The current DID document, under the name `did:scid:vh:1:<SCID>`.
    ///
    /// # Errors
    /// As [`DidLog::verify`].
    pub fn document(&self, now: OffsetDateTime) -> Result<DidDocument, Error> {
        Ok(self.log.verify(now)?.resolve(&self.did)?.document)
    }

    /// Rotates: the next update key takes over, a further one is committed to, and `devices`
    /// become the device keys of the document.
    ///
    /// Version `n + 1` is signed by update key `n`, so the words need no memory of their own.
    ///
    /// # Errors
    /// [`Error::NotTheController`] when the words are not those of this DID, [`Error::ClockBehind`]
    /// when the last entry is not older than `now`.
    pub fn rotate(
        &mut self,
        seed: &Seed,
        devices: &[VerifyingKey],
        now: OffsetDateTime,
    ) -> Result<(), Error> {
        let (state, last) = self.log.state(None, now)?;
        if format_time(last)? >= format_time(now)? {
            return Err(Error::ClockBehind);
        }
        let previous = state.log_entries().last().ok_or(Error::NoSuchVersion)?;
        let number = u32::try_from(state.log_entries().len()).unwrap_or(u32::MAX);
        let key = seed.update_key(number);
        let committed = previous
            .validated_parameters
            .next_key_hashes
            .clone()
            .unwrap_or_default();
        let hash = key_hash(&key)?;
        if !committed
            .iter()
            .any(|next: &Multibase| next.as_str() == hash)
        {
            return Err(Error::NotTheController);
        }
        let draft = json!({
            "versionId": previous.get_version_id(),
            "versionTime": format_time(now)?,
            "parameters": {
                "updateKeys": [did::multikey(&key.verifying_key())],
                "nextKeyHashes": [key_hash(&seed.update_key(number.saturating_add(1)))?],
            },
            "state": document::with_devices(previous.get_state().clone(), devices),
        });
        let line = seal(entry(draft)?, number.saturating_add(1), &key, now)?;
        let log = DidLog::parse(&format!("{}{line}", self.log.as_str()))?;
        log.verify(now)?.resolve(&self.did)?;
        self.log = log;
        Ok(())
    }

    /// The device keys of the current document.
    ///
    /// # Errors
    /// As [`DidLog::verify`].
    pub fn devices(&self, now: OffsetDateTime) -> Result<Vec<(String, VerifyingKey)>, Error> {
        Ok(self.document(now)?.keys(Purpose::Authentication))
    }
}

/// Hashes, signs and writes an entry whose `versionId` still holds the previous one.
fn seal(
    mut entry: LogEntry1_0,
    number: u32,
    key: &SigningKey,
    time: OffsetDateTime,
) -> Result<String, Error> {
    let hash = entry.generate_log_entry_hash().map_err(Error::unverified)?;
    entry.set_version_id(&format!("{number}-{hash}"));
    let created = chrono::DateTime::from_timestamp(time.unix_timestamp(), 0)
        .ok_or(Error::Crypto("time of the proof"))?;
    let signer = UpdateSigner::new(key);
    let options = SignOptions::new().with_created(created);
    let proof = ready(DataIntegrityProof::sign(&entry, &signer, options))
        .ok_or(Error::Crypto("Ed25519 signing"))?
        .map_err(|_| Error::Crypto("Ed25519 signing"))?;
    entry.add_proof(proof);
    serde_json::to_string(&entry).map_err(|_| Error::Crypto("JSON of the entry"))
}

/// Signs with a key that is borrowed for the moment; nothing is copied out of it.
struct UpdateSigner<'a> {
    key: &'a SigningKey,
    method: String,
}

impl<'a> UpdateSigner<'a> {
    fn new(key: &'a SigningKey) -> Self {
        let name = did::multikey(&key.verifying_key());
        Self {
            key,
            method: format!("did:key:{name}#{name}"),
        }
    }
}

#[async_trait]
impl Signer for UpdateSigner<'_> {
    fn key_type(&self) -> KeyType {
        KeyType::Ed25519
    }

    fn verification_method(&self) -> &str {
        &self.method
    }

    async fn sign(
        &self,
        data: &[u8],
    ) -> Result<Vec<u8>, affinidi_data_integrity::DataIntegrityError> {
        Ok(self.key.sign(data).to_bytes().to_vec())
    }
}

/// The result of a future that never waits. The signing interface is asynchronous for the sake
/// of remote signers; with a key in memory the first poll is the last.
fn ready<F: Future>(future: F) -> Option<F::Output> {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => Some(output),
        Poll::Pending => None,
    }
}

fn entry(value: Value) -> Result<LogEntry1_0, Error> {
    serde_json::from_value(value).map_err(|_| Error::Crypto("JSON of the entry"))
}

fn fill(mut value: Value, scid: &str) -> Value {
    match &mut value {
        Value::String(text) => *text = text.replace(SCID, scid),
        Value::Array(items) => {
            for item in items {
                *item = fill(item.take(), scid);
            }
        }
        Value::Object(members) => {
            for member in members.values_mut() {
                *member = fill(member.take(), scid);
            }
        }
        _ => {}
    }
    value
}

fn key_hash(key: &SigningKey) -> Result<String, Error> {
    Secret::base58_hash_string(&did::multikey(&key.verifying_key()))
        .map_err(|_| Error::Crypto("hash of the next key"))
}

/// Seconds in UTC; fractions are cut off.
fn format_time(time: OffsetDateTime) -> Result<String, Error> {
    time.to_offset(time::UtcOffset::UTC)
        .replace_nanosecond(0)
        .ok()
        .and_then(|time| time.format(&Rfc3339).ok())
        .ok_or(Error::Crypto("time of the entry"))
}
