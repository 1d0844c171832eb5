//! What a device is and what it offers: hardware, energy, links, roles.
//!
//! What can be seen is detected, what cannot be seen or should be otherwise is set by the person, and what others are told
//! is signed by the device.

mod platform;

use std::path::Path;

use ed25519_dalek::{Signature, Signer as _, VerifyingKey};
use serde::{Deserialize, Serialize};
use serde_bytes::ByteArray;
use webx_overlay::NodeId;

use crate::{Error, proof::Own, wire};

const DOMAIN: &[u8] = b"webx device profile 1\0";
/// Longest profile on the wire, in bytes.
pub const MAX_PROFILE: usize = 512;

/// Where the energy comes from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Energy {
    /// The system does not say.
    #[default]
    Unknown,
    /// The mains.
    Mains,
    /// A battery that is running down.
    Battery,
}

/// What a machine is, as far as its system says. Nothing is guessed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Detected {
    /// Threads that run at the same time.
    pub cores: Option<u32>,
    /// Bytes of memory.
    pub memory: Option<u64>,
    /// Bytes free on the volume of the data folder.
    pub disk: Option<u64>,
    /// Where the energy comes from.
    pub energy: Energy,
    /// Whether the link costs by the byte; only mobile modems are known to.
    pub metered: Option<bool>,
}

impl Detected {
    /// Looks at this machine. `data` is the data folder.
    #[must_use]
    pub fn of_this_machine(data: &Path) -> Self {
        platform::detect(data)
    }
}

/// What a node does for others when its owner allows it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase", default)]
pub struct Roles {
    /// Relays connections and answers address look-ups.
    pub relay: bool,
    /// Keeps sealed data of others.
    pub storage: bool,
    /// Computes for others.
    pub compute: bool,
}

/// What the person set. What is `None` follows what was detected.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase", default)]
pub struct Settings {
    /// What the node does for others.
    pub roles: Roles,
    /// Bytes of disk for others.
    pub storage: Option<u64>,
    /// Cores for others.
    pub cores: Option<u32>,
    /// Whether the link costs by the byte.
    pub metered: Option<bool>,
    /// Bytes a second to others at most.
    pub up: Option<u64>,
    /// Bytes a second from others at most.
    pub down: Option<u64>,
}

/// What others are told of a device.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Profile {
    v: u8,
    /// Which device.
    pub node: NodeId,
    /// Seconds since 1970; the newer profile counts.
    pub issued: u64,
    /// Cores it offers.
    pub cores: Option<u32>,
    /// Bytes of memory it has.
    pub memory: Option<u64>,
    /// Bytes of disk it offers.
    pub disk: Option<u64>,
    /// Where its energy comes from.
    pub energy: Energy,
    /// Whether its link costs by the byte.
    pub metered: Option<bool>,
    /// Bytes a second it sends at most.
    pub up: Option<u64>,
    /// Bytes a second it takes at most.
    pub down: Option<u64>,
    /// What it does for others.
    pub roles: Roles,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Signed {
    #[serde(with = "serde_bytes")]
    body: Vec<u8>,
    signature: ByteArray<64>,
}

impl Profile {
    /// What others are told of this device, from what was detected and what the person set. Disk and cores are named only
    /// where the person offers them, and never more than there is.
    #[must_use]
    pub fn new(node: NodeId, issued: u64, detected: &Detected, settings: &Settings) -> Self {
        let offered = |offered: bool, set: Option<u64>, found: Option<u64>| match (set, found) {
            _ if !offered => None,
            (Some(set), Some(found)) => Some(set.min(found)),
            (set, found) => set.or(found),
        };
        let cores = offered(
            settings.roles.compute,
            settings.cores.map(u64::from),
            detected.cores.map(u64::from),
        );
        Self {
            v: 1,
            node,
            issued,
            cores: cores.and_then(|cores| u32::try_from(cores).ok()),
            memory: detected.memory.filter(|_| settings.roles.compute),
            disk: offered(settings.roles.storage, settings.storage, detected.disk),
            energy: detected.energy,
            metered: settings.metered.or(detected.metered),
            up: settings.up,
            down: settings.down,
            roles: settings.roles,
        }
    }

    /// Signs the profile of this device.
    ///
    /// # Errors
    /// [`Error::Refused`] when it is the profile of another device.
    pub fn sign(&self, own: &Own) -> Result<Vec<u8>, Error> {
        if self.node != own.node() {
            return Err(refuse("it is of another device"));
        }
        let body = wire::encode(self).ok_or(Error::Crypto("encoding a profile"))?;
        let signature = own.key().sign(&signed(&body)).to_bytes().into();
        wire::encode(&Signed { body, signature }).ok_or(Error::Crypto("encoding a profile"))
    }

    /// Reads the profile that `node` says of itself. `now` is in seconds since 1970.
    ///
    /// # Errors
    /// [`Error::Refused`] saying what is wrong with it.
    pub fn decode(bytes: &[u8], node: NodeId, now: u64) -> Result<Self, Error> {
        let outer: Signed = wire::decode(bytes, MAX_PROFILE).ok_or(refuse("it is malformed"))?;
        let profile: Self =
            wire::decode(&outer.body, MAX_PROFILE).ok_or(refuse("it is malformed"))?;
        if profile.v != 1 {
            return Err(refuse("it is of another version"));
        }
        if profile.node != node {
            return Err(refuse("it is of another device"));
        }
        VerifyingKey::from_bytes(node.as_bytes())
            .and_then(|key| {
                let signature = Signature::from_bytes(&outer.signature);
                key.verify_strict(&signed(&outer.body), &signature)
            })
            .map_err(|_| refuse("its signature does not hold"))?;
        if profile.issued > now.saturating_add(600) {
            return Err(refuse("it is dated in the future"));
        }
        Ok(profile)
    }
}

fn refuse(why: &'static str) -> Error {
    Error::Refused {
        what: "a device profile",
        why,
    }
}

fn signed(body: &[u8]) -> Vec<u8> {
    [DOMAIN, body].concat()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::testing::person;

    fn detected() -> Detected {
        Detected {
            cores: Some(8),
            memory: Some(16 << 30),
            disk: Some(100 << 30),
            energy: Energy::Mains,
            metered: None,
        }
    }

    fn profile() -> Profile {
        let settings = Settings {
            roles: Roles {
                relay: true,
                storage: true,
                compute: false,
            },
            storage: Some(200 << 30),
            metered: Some(true),
            ..Settings::default()
        };
        Profile::new(person(1).node(0), 1_800_000_000, &detected(), &settings)
    }

    #[test]
    fn only_what_the_person_offers_is_told_and_never_more_than_there_is() {
        let profile = profile();
        assert_eq!(profile.disk, Some(100 << 30));
        assert_eq!((profile.cores, profile.memory), (None, None));
        assert_eq!(profile.metered, Some(true));
        let nothing = Profile::new(profile.node, 0, &detected(), &Settings::default());
        assert_eq!(nothing.disk, None);
    }

    #[test]
    fn a_profile_is_read_as_it_was_signed_and_no_other_one() {
        let own = person(1).own();
        let bytes = profile().sign(&own).unwrap();
        assert!(bytes.len() < 400, "{}", bytes.len());
        let now = 1_800_000_000;
        assert_eq!(Profile::decode(&bytes, own.node(), now).unwrap(), profile());
        assert!(Profile::decode(&bytes, person(2).node(0), now).is_err());
        assert!(Profile::decode(&bytes, own.node(), now - 601).is_err());
        assert!(profile().sign(&person(2).own()).is_err());
        for at in 0..bytes.len() {
            let mut other = bytes.clone();
            other[at] ^= 1;
            assert!(Profile::decode(&other, own.node(), now).is_err(), "{at}");
        }
        assert!(Profile::decode(&[0; 4096], own.node(), now).is_err());
    }

    #[test]
    fn a_profile_keeps_its_bytes() {
        let bytes = profile().sign(&person(1).own()).unwrap();
        assert_eq!(
            blake3::hash(&bytes).to_hex().as_str(),
            "94bbda52ad96522cc0151248565ce4b9e276029dccda8e0d00aaf9ce75a2f5d0"
        );
    }
}
