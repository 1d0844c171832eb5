//! What a guardian gives back.

use std::fmt;

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use webx_identity::{Did, DidLog};

use super::PairingError;
use crate::{guardian::ShareText, proof};

/// Most sets of which a guardian keeps a share for one person: the present one, and one that is being handed out.
pub const MAX_KEPT: usize = 2;

/// The shares that a guardian keeps for a person, and the newest log of that person that he has seen.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Returned {
    did: String,
    log: String,
    shares: Vec<ShareText>,
}

impl fmt::Debug for Returned {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Returned of {}", self.did)
    }
}

impl Returned {
    /// What is kept for a person.
    #[must_use]
    pub fn new(did: &Did, log: &DidLog, shares: Vec<ShareText>) -> Self {
        Self {
            did: did.to_string(),
            log: log.as_str().to_owned(),
            shares,
        }
    }

    /// Checks everything that came from outside: the log proves the DID, and each share is one.
    pub(super) fn check(&self, now: OffsetDateTime) -> Result<(), PairingError> {
        let bad = |what: &str| Err(PairingError::Package(what.to_owned()));
        let (did, log) = (self.did()?, self.log()?);
        proof::devices(&did, Some(&log), now)
            .map_err(|refusal| PairingError::Package(refusal.to_string()))?;
        if self.shares.is_empty() || self.shares.len() > MAX_KEPT {
            return bad("it has no share, or too many");
        }
        let sound = |share: &ShareText| ShareText::read(share.as_str()).is_some();
        if !self.shares.iter().all(sound) {
            return bad("a share is malformed");
        }
        Ok(())
    }

    /// Whose they are.
    ///
    /// # Errors
    /// When it is no DID.
    pub fn did(&self) -> Result<Did, PairingError> {
        self.did
            .parse()
            .map_err(|error| PairingError::Package(format!("{error}")))
    }

    /// The newest log that the guardian has seen.
    ///
    /// # Errors
    /// When it is no log.
    pub fn log(&self) -> Result<DidLog, PairingError> {
        DidLog::parse(&self.log).map_err(|error| PairingError::Package(error.to_string()))
    }

    /// The shares, of one set each.
    #[must_use]
    pub fn shares(&self) -> &[ShareText] {
        &self.shares
    }
}
