//! What a DID log says, and how a shown log relates to a remembered one.

use time::OffsetDateTime;
use webx_identity::{Did, DidKey, DidLog, DidMethod as _, Error, Evidence};
use webx_overlay::NodeId;

use super::{MAX_LOG, PURPOSE, Refusal, is_key};

/// What the log that a peer showed was to the one that was remembered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum News {
    /// Nothing was known of this DID.
    First,
    /// It is the remembered log.
    Same,
    /// It goes on where the remembered one ended.
    Newer,
    /// It ends where the remembered one goes on: the peer does not know the newest version. It was judged by that one.
    Older,
}

/// A verified log, reduced to what decisions need.
#[derive(Clone, Debug)]
pub struct Known {
    did: Did,
    /// The ids of all versions, oldest first.
    pub versions: Vec<String>,
    /// The devices of the newest version.
    pub devices: Vec<NodeId>,
}

impl Known {
    /// The newest version's id.
    pub(crate) fn version(&self) -> &str {
        self.versions.last().map_or("", String::as_str)
    }

    /// Refuses a node that is not a device of the newest version.
    pub(crate) fn holds(&self, node: NodeId) -> Result<(), Refusal> {
        if self.devices.contains(&node) {
            Ok(())
        } else {
            Err(Refusal::NotADevice(self.did.clone()))
        }
    }

    /// What this log is to the remembered one.
    pub(crate) fn against(&self, remembered: &Self) -> Result<News, Refusal> {
        let differ = self
            .versions
            .iter()
            .zip(&remembered.versions)
            .find(|(shown, known)| shown != known);
        if let Some((shown, known)) = differ {
            return Err(Refusal::Forked {
                did: self.did.clone(),
                known: known.clone(),
                shown: shown.clone(),
            });
        }
        Ok(match self.versions.len().cmp(&remembered.versions.len()) {
            std::cmp::Ordering::Less => News::Older,
            std::cmp::Ordering::Equal => News::Same,
            std::cmp::Ordering::Greater => News::Newer,
        })
    }
}

#[expect(clippy::needless_pass_by_value, reason = "shaped for map_err")]
pub(crate) fn bad(error: Error) -> Refusal {
    Refusal::Log(error.to_string())
}

/// Reads and verifies the log of `did`.
pub(crate) fn read(did: &Did, log: Option<&DidLog>, now: OffsetDateTime) -> Result<Known, Refusal> {
    let (resolved, versions) = match log {
        None if is_key(did) => {
            let resolved = DidKey.resolve(did, Evidence::default(), now).map_err(bad)?;
            let versions = vec![resolved.version_id.clone()];
            (resolved, versions)
        }
        None => return Err(Refusal::Log("there is no log".into())),
        Some(log) if log.as_str().len() > MAX_LOG => return Err(Refusal::LogTooLarge),
        Some(log) => {
            let verified = log.verify(now).map_err(bad)?;
            let versions = verified.versions().iter().map(|v| v.id.clone()).collect();
            (verified.resolve(did).map_err(bad)?, versions)
        }
    };
    if resolved.deactivated {
        return Err(Refusal::Deactivated);
    }
    let keys = resolved.document.keys(PURPOSE);
    Ok(Known {
        did: did.clone(),
        versions,
        devices: keys.iter().map(|(_, key)| NodeId(key.to_bytes())).collect(),
    })
}
