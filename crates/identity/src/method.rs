//! The door at which DID methods are exchanged.

use time::OffsetDateTime;

use crate::{Did, DidDocument, DidLog, Error, Method, Resolved, did, document};

/// What a peer handed over together with a DID. It proves itself or it is refused.
#[derive(Clone, Copy, Debug, Default)]
pub struct Evidence<'a> {
    /// The log of a did:webvh or did:scid:vh, as JSON lines.
    pub log: &'a str,
    /// Its witness proofs, where it names witnesses.
    pub witnesses: Option<&'a str>,
}

/// A DID method: turns a name and its evidence into a document, without asking anybody.
pub trait DidMethod: Send + Sync {
    /// Whether this method reads `did`.
    fn reads(&self, did: &Did) -> bool;

    /// Resolves `did` by `evidence`, as seen at `now`.
    ///
    /// # Errors
    /// Whatever makes the evidence worthless; see [`Error`].
    fn resolve(
        &self,
        did: &Did,
        evidence: Evidence<'_>,
        now: OffsetDateTime,
    ) -> Result<Resolved, Error>;
}

/// did:webvh v1.0, named `did:webvh:…` or `did:scid:vh:1:…`.
#[derive(Clone, Copy, Debug, Default)]
pub struct Webvh;

impl DidMethod for Webvh {
    fn reads(&self, did: &Did) -> bool {
        did.scid().is_some()
    }

    fn resolve(
        &self,
        did: &Did,
        evidence: Evidence<'_>,
        now: OffsetDateTime,
    ) -> Result<Resolved, Error> {
        let log = DidLog::parse(evidence.log)?;
        let verified = match evidence.witnesses {
            Some(witnesses) => log.verify_witnessed(witnesses, now)?,
            None => log.verify(now)?,
        };
        verified.resolve(did)
    }
}

/// did:key for Ed25519: the name is the evidence.
#[derive(Clone, Copy, Debug, Default)]
pub struct DidKey;

impl DidMethod for DidKey {
    fn reads(&self, did: &Did) -> bool {
        matches!(did.method(), Method::Key(_))
    }

    fn resolve(&self, did: &Did, _: Evidence<'_>, now: OffsetDateTime) -> Result<Resolved, Error> {
        let key = did::parse_did_key(did.as_str())?;
        Ok(Resolved {
            document: DidDocument::new(document::of_keys(did.as_str(), &[key])),
            version_id: did::multikey(&key),
            version_number: 1,
            version_time: now,
            created: now,
            deactivated: false,
        })
    }
}
