//! The DID log: what it may look like, and what it says once it is verified.

use didwebvh_rs::{
    DIDWebVHState, log_entry::LogEntryMethods, witness::proofs::WitnessProofCollection,
};
use serde_json::{Map, Value};
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

use crate::{Did, DidDocument, Error, json::Strict};

/// Longest log that is looked at, in bytes.
pub const MAX_LOG: usize = 1024 * 1024;
/// Most entries of a log that is looked at.
pub const MAX_ENTRIES: usize = 1024;
/// Longest entry, in bytes.
pub const MAX_ENTRY: usize = 64 * 1024;
/// Longest list of witness proofs that is looked at, in bytes.
pub const MAX_WITNESSES: usize = 1024 * 1024;

const ENTRY_MEMBERS: [&str; 5] = ["versionId", "versionTime", "parameters", "state", "proof"];
const PARAMETERS: [&str; 9] = [
    "method",
    "scid",
    "updateKeys",
    "portable",
    "nextKeyHashes",
    "witness",
    "watchers",
    "deactivated",
    "ttl",
];
const PROOF_MEMBERS: [&str; 7] = [
    "type",
    "cryptosuite",
    "created",
    "verificationMethod",
    "proofPurpose",
    "proofValue",
    "nonce",
];

/// A did:webvh v1.0 log (JSON lines) of acceptable size and shape. Not yet verified.
///
/// The shape is strict on purpose: hash and signature cover what the format defines, so a member
/// they would not cover is refused rather than ignored.
#[derive(Clone, PartialEq, Eq)]
pub struct DidLog {
    text: String,
}

impl DidLog {
    /// Reads a log that came from anywhere. Sizes are checked before anything is parsed.
    ///
    /// # Errors
    /// [`Error::Shape`] naming the entry and what is wrong with it.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let whole = |reason| Error::Shape { entry: 0, reason };
        if text.len() > MAX_LOG {
            return Err(whole("larger than 1 MiB"));
        }
        let lines: Vec<&str> = text.lines().collect();
        if lines.is_empty() {
            return Err(whole("empty"));
        }
        if lines.len() > MAX_ENTRIES {
            return Err(whole("more than 1024 entries"));
        }
        for (index, line) in lines.iter().enumerate() {
            check_entry(line).map_err(|reason| Error::Shape {
                entry: index + 1,
                reason,
            })?;
        }
        let mut text = lines.join("\n");
        text.push('\n');
        Ok(Self { text })
    }

    /// The log as JSON lines, each ended by a newline.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The entries, oldest first, as JSON values.
    #[must_use]
    pub fn entries(&self) -> Vec<Value> {
        self.text
            .lines()
            .filter_map(|line| serde_json::from_str(line).ok())
            .collect()
    }

    /// Verifies the whole log: SCID, hash chain, signatures, update keys, pre-rotation, order of
    /// times, portability.
    ///
    /// # Errors
    /// [`Error::Verification`]; a log is accepted whole or not at all. A log that names witnesses
    /// needs [`DidLog::verify_witnessed`].
    pub fn verify(&self, now: OffsetDateTime) -> Result<VerifiedLog, Error> {
        self.check(None, now)
    }

    /// Like [`DidLog::verify`], with the witness proofs (`did-witness.json`) of the log.
    ///
    /// # Errors
    /// [`Error::Shape`] for proofs of the wrong size or shape, else [`Error::Verification`].
    pub fn verify_witnessed(
        &self,
        witnesses: &str,
        now: OffsetDateTime,
    ) -> Result<VerifiedLog, Error> {
        self.check(Some(witnesses), now)
    }

    fn check(&self, witnesses: Option<&str>, now: OffsetDateTime) -> Result<VerifiedLog, Error> {
        let (state, _) = self.state(witnesses, now)?;
        let mut versions = Vec::with_capacity(state.log_entries().len());
        for (index, entry) in state.log_entries().iter().enumerate() {
            let time = entry.log_entry.get_version_time_string();
            versions.push(Version {
                id: entry.get_version_id().to_owned(),
                number: u32::try_from(index + 1).unwrap_or(u32::MAX),
                time: parse_time(&time).ok_or(Error::Shape {
                    entry: index + 1,
                    reason: "versionTime is no UTC time in seconds",
                })?,
                state: entry.get_state().clone(),
            });
        }
        let portable = state
            .log_entries()
            .last()
            .and_then(|entry| entry.validated_parameters.portable)
            .unwrap_or(false);
        Ok(VerifiedLog {
            scid: state.scid().to_owned(),
            portable,
            deactivated: state.deactivated(),
            versions,
        })
    }

    /// The verified state of the library, for reading it or for appending to it.
    pub(crate) fn state(
        &self,
        witnesses: Option<&str>,
        now: OffsetDateTime,
    ) -> Result<(DIDWebVHState, OffsetDateTime), Error> {
        let mut last = OffsetDateTime::UNIX_EPOCH;
        for (index, entry) in self.entries().iter().enumerate() {
            let time = entry
                .get("versionTime")
                .and_then(Value::as_str)
                .and_then(parse_time);
            last = time.ok_or(Error::Shape {
                entry: index + 1,
                reason: "versionTime is no UTC time in seconds",
            })?;
            if last > now {
                return Err(Error::Shape {
                    entry: index + 1,
                    reason: "dated in the future",
                });
            }
        }
        let entries = DIDWebVHState::parse_log_entries(&self.text).map_err(Error::unverified)?;
        let entries = entries.into_iter().map(|entry| entry.log_entry).collect();
        let mut state = DIDWebVHState::from_log_entries(entries);
        if let Some(text) = witnesses {
            state.set_witness_proofs(parse_witnesses(text)?);
        }
        state
            .validate()
            .map_err(Error::unverified)?
            .assert_complete()
            .map_err(Error::unverified)?;
        Ok((state, last))
    }
}

impl std::fmt::Debug for DidLog {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "DidLog({} entries)", self.text.lines().count())
    }
}

/// One verified version of a DID.
#[derive(Clone, Debug)]
pub struct Version {
    /// `<number>-<entry hash>`.
    pub id: String,
    /// Counted from 1.
    pub number: u32,
    /// When the controller says it was made.
    pub time: OffsetDateTime,
    /// The DID document as it stands in the log.
    pub(crate) state: Value,
}

/// A log whose every entry has been verified.
#[derive(Clone, Debug)]
pub struct VerifiedLog {
    scid: String,
    portable: bool,
    deactivated: bool,
    versions: Vec<Version>,
}

impl VerifiedLog {
    /// The self-certifying identifier: the hash of the first entry.
    #[must_use]
    pub fn scid(&self) -> &str {
        &self.scid
    }

    /// Whether the DID may move to another place.
    #[must_use]
    pub fn portable(&self) -> bool {
        self.portable
    }

    /// Whether the last entry ended the DID.
    #[must_use]
    pub fn deactivated(&self) -> bool {
        self.deactivated
    }

    /// All versions, oldest first; never empty.
    #[must_use]
    pub fn versions(&self) -> &[Version] {
        &self.versions
    }

    /// What `did` resolves to by the newest entry.
    ///
    /// # Errors
    /// [`Error::OtherDid`] when this is not the log of `did`.
    pub fn resolve(&self, did: &Did) -> Result<Resolved, Error> {
        self.resolve_version(did, self.versions.last())
    }

    /// What `did` resolved to at version `number`.
    ///
    /// # Errors
    /// [`Error::OtherDid`], [`Error::NoSuchVersion`].
    pub fn resolve_number(&self, did: &Did, number: u32) -> Result<Resolved, Error> {
        self.resolve_version(
            did,
            self.versions
                .iter()
                .find(|version| version.number == number),
        )
    }

    /// What `did` resolved to at `time`: the newest version that is not younger.
    ///
    /// # Errors
    /// [`Error::OtherDid`], [`Error::NoSuchVersion`] when the DID did not exist yet.
    pub fn resolve_at(&self, did: &Did, time: OffsetDateTime) -> Result<Resolved, Error> {
        self.resolve_version(
            did,
            self.versions
                .iter()
                .rev()
                .find(|version| version.time <= time),
        )
    }

    fn resolve_version(&self, did: &Did, version: Option<&Version>) -> Result<Resolved, Error> {
        if did.scid() != Some(&self.scid) {
            return Err(Error::OtherDid);
        }
        let placed = matches!(did.method(), crate::Method::Webvh { .. });
        let named = |version: &Version| {
            version.state.get("id").and_then(Value::as_str) == Some(did.as_str())
        };
        if placed && !self.versions.iter().any(named) {
            return Err(Error::OtherDid);
        }
        let version = version.ok_or(Error::NoSuchVersion)?;
        let document = if placed {
            version.state.clone()
        } else {
            crate::document::under(did, &version.state)
        };
        Ok(Resolved {
            document: DidDocument::new(document),
            version_id: version.id.clone(),
            version_number: version.number,
            version_time: version.time,
            created: self
                .versions
                .first()
                .map_or(version.time, |first| first.time),
            deactivated: self.deactivated,
        })
    }
}

/// What a DID resolves to.
#[derive(Clone, Debug)]
pub struct Resolved {
    /// The DID document.
    pub document: DidDocument,
    /// `<number>-<entry hash>`; the key itself for did:key.
    pub version_id: String,
    /// Counted from 1.
    pub version_number: u32,
    /// When this version was made.
    pub version_time: OffsetDateTime,
    /// When the first version was made.
    pub created: OffsetDateTime,
    /// Whether the DID has been ended. Its document is history then and proves nothing any more.
    pub deactivated: bool,
}

fn check_entry(line: &str) -> Result<(), &'static str> {
    if line.len() > MAX_ENTRY {
        return Err("larger than 64 KiB");
    }
    let Ok(Strict(Value::Object(entry))) = serde_json::from_str(line) else {
        return Err("no JSON object without repeated members");
    };
    only(&entry, &ENTRY_MEMBERS).map_err(|()| "an unknown member")?;
    let time = entry
        .get("versionTime")
        .and_then(Value::as_str)
        .ok_or("no versionTime")?;
    if parse_time(time).is_none() {
        return Err("versionTime is no UTC time in seconds");
    }
    let Some(Value::Object(parameters)) = entry.get("parameters") else {
        return Err("no parameters");
    };
    only(parameters, &PARAMETERS).map_err(|()| "an unknown parameter")?;
    if parameters.values().any(Value::is_null) {
        return Err("a parameter is null");
    }
    if !matches!(entry.get("state"), Some(Value::Object(_))) {
        return Err("no DID document");
    }
    let Some(Value::Array(proofs)) = entry.get("proof") else {
        return Err("no proof");
    };
    let [Value::Object(proof)] = proofs.as_slice() else {
        return Err("not exactly one proof");
    };
    only(proof, &PROOF_MEMBERS).map_err(|()| "an unknown member in the proof")
}

fn only(object: &Map<String, Value>, known: &[&str]) -> Result<(), ()> {
    if object.keys().all(|name| known.contains(&name.as_str())) {
        Ok(())
    } else {
        Err(())
    }
}

/// `2026-01-31T23:59:59Z` and nothing else: hash and signature are computed over this form, so
/// any other spelling of the same second could be swapped in unnoticed.
pub(crate) fn parse_time(text: &str) -> Option<OffsetDateTime> {
    if text.len() != 20 || !text.ends_with('Z') || text.as_bytes().get(10) != Some(&b'T') {
        return None;
    }
    OffsetDateTime::parse(text, &Rfc3339).ok()
}

fn parse_witnesses(text: &str) -> Result<WitnessProofCollection, Error> {
    let wrong = |reason| Error::Shape { entry: 0, reason };
    if text.len() > MAX_WITNESSES {
        return Err(wrong("witness proofs larger than 1 MiB"));
    }
    serde_json::from_str::<Strict>(text).map_err(|_| wrong("witness proofs are no JSON"))?;
    DIDWebVHState::parse_witness_proofs(text).map_err(|_| wrong("witness proofs of another shape"))
}
