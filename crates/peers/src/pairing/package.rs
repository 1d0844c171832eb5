//! What the old device gives.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_bytes::ByteArray;
use time::OffsetDateTime;
use webx_identity::{Did, DidLog};
use webx_overlay::{NodeId, record::PeerRecord};
use zeroize::Zeroizing;

use super::{PairingError, is_name};
use crate::{contacts::MAX_PETNAME, proof};

/// Most contacts that are carried over.
pub const MAX_CARRIED: usize = 2000;
/// Most devices whose names are told.
pub const MAX_NAMED: usize = 64;

/// A key on its way. Wiped when dropped, never printed.
#[derive(Clone)]
struct Key(Zeroizing<[u8; 32]>);

impl Serialize for Key {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(self.0.as_slice())
    }
}

impl<'de> Deserialize<'de> for Key {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        ByteArray::<32>::deserialize(deserializer).map(|bytes| Self(Zeroizing::new(*bytes)))
    }
}

/// A contact as he is told to the own new device.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Carried {
    /// Who.
    pub did: String,
    /// What the person calls him.
    pub name: String,
    /// The accepted fingerprint of his keys, if he was met.
    #[serde(with = "serde_bytes")]
    pub digest: Option<Vec<u8>>,
    /// Whether the person compared it.
    pub verified: bool,
    /// Whether nothing is wanted of him.
    pub blocked: bool,
    /// One of his devices, to begin with.
    pub node: Option<NodeId>,
}

/// Everything that makes a device one of the person's. It holds keys.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Package {
    did: String,
    log: String,
    name: String,
    created: i64,
    drive: Key,
    recovery: Key,
    node: Option<PeerRecord>,
    devices: Vec<(NodeId, String)>,
    contacts: Vec<Carried>,
}

impl fmt::Debug for Package {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Package of {}", self.did)
    }
}

impl Package {
    /// `drive` is the key at the root of the drive, `recovery` the key that the 24 words give to every vault of the person.
    #[must_use]
    pub fn new(
        did: &Did,
        log: &DidLog,
        name: &str,
        created: OffsetDateTime,
        drive: &[u8; 32],
        recovery: &[u8; 32],
    ) -> Self {
        Self {
            did: did.to_string(),
            log: log.as_str().to_owned(),
            name: name.to_owned(),
            created: created.unix_timestamp(),
            drive: Key(Zeroizing::new(*drive)),
            recovery: Key(Zeroizing::new(*recovery)),
            node: None,
            devices: Vec::new(),
            contacts: Vec::new(),
        }
    }

    /// Tells where the old device is, and what the person's devices are called.
    #[must_use]
    pub fn with_devices(
        mut self,
        node: Option<PeerRecord>,
        mut names: Vec<(NodeId, String)>,
    ) -> Self {
        names.truncate(MAX_NAMED);
        self.node = node;
        self.devices = names;
        self
    }

    /// Carries contacts over, at most 2000.
    #[must_use]
    pub fn with_contacts(mut self, mut contacts: Vec<Carried>) -> Self {
        contacts.truncate(MAX_CARRIED);
        self.contacts = contacts;
        self
    }

    /// Checks everything that came from outside. `own` must be a device of the newest version of the log.
    pub(super) fn check(&self, own: NodeId, now: OffsetDateTime) -> Result<(), PairingError> {
        let bad = |what: String| Err(PairingError::Package(what));
        let (did, log) = match (self.did(), self.log()) {
            (Ok(did), Ok(log)) => (did, log),
            (Err(error), _) | (_, Err(error)) => return Err(error),
        };
        let devices = proof::devices(&did, Some(&log), now)
            .map_err(|refusal| PairingError::Package(refusal.to_string()))?;
        if !devices.contains(&own) {
            return bad("this device does not stand in the identity log".into());
        }
        if !is_name(&self.name) || !self.devices.iter().all(|(_, name)| is_name(name)) {
            return bad("a name cannot be shown".into());
        }
        if self.devices.len() > MAX_NAMED || self.contacts.len() > MAX_CARRIED {
            return bad("a list is too long".into());
        }
        if OffsetDateTime::from_unix_timestamp(self.created).is_err() {
            return bad("a date is out of range".into());
        }
        if self
            .node
            .as_ref()
            .is_some_and(|node| node.verify().is_err())
        {
            return bad("the record of the other device is wrong".into());
        }
        let odd = |contact: &Carried| {
            contact.did.parse::<Did>().is_err()
                || !(1..=MAX_PETNAME).contains(&contact.name.len())
                || contact
                    .digest
                    .as_ref()
                    .is_some_and(|digest| digest.len() != 32)
        };
        if self.contacts.iter().any(odd) {
            return bad("a contact cannot be read".into());
        }
        Ok(())
    }

    /// The person.
    ///
    /// # Errors
    /// When it is no DID.
    pub fn did(&self) -> Result<Did, PairingError> {
        self.did
            .parse()
            .map_err(|error| PairingError::Package(format!("{error}")))
    }

    /// The log that proves it.
    ///
    /// # Errors
    /// When it is no log.
    pub fn log(&self) -> Result<DidLog, PairingError> {
        DidLog::parse(&self.log).map_err(|error| PairingError::Package(error.to_string()))
    }

    /// How the person wants to be called.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// When the identity was made.
    #[must_use]
    pub fn created(&self) -> OffsetDateTime {
        OffsetDateTime::from_unix_timestamp(self.created).unwrap_or(OffsetDateTime::UNIX_EPOCH)
    }

    /// The key at the root of the drive.
    #[must_use]
    pub fn drive_root_key(&self) -> &[u8; 32] {
        &self.drive.0
    }

    /// What the 24 words open a vault with.
    #[must_use]
    pub fn recovery_key(&self) -> &[u8; 32] {
        &self.recovery.0
    }

    /// Where the old device is.
    #[must_use]
    pub fn node(&self) -> Option<&PeerRecord> {
        self.node.as_ref()
    }

    /// What the person's devices are called, as far as the old one knows.
    #[must_use]
    pub fn devices(&self) -> &[(NodeId, String)] {
        &self.devices
    }

    /// The people the person knows.
    #[must_use]
    pub fn contacts(&self) -> &[Carried] {
        &self.contacts
    }
}
