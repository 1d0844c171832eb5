//! The devices of the person: in the log, and what this device knows of them besides.

use std::collections::BTreeMap;
use std::time::Duration;

use ed25519_dalek::{SigningKey, VerifyingKey};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use webx_desktop::{OpenError, Person as _};
use webx_identity::{DidLog, Identity, Seed, multikey};
use webx_overlay::NodeId;
use webx_peers::pairing::Package;
use webx_vault::Vault;
use webx_vault::rusqlite::{OptionalExtension as _, params};

use super::{New, Record, other, trouble};

/// An entry of the log must be later than the one before it, in whole seconds. A clock that is behind by more than this is wrong.
const BEHIND: Duration = Duration::from_secs(2);
/// How long one waits between two looks at the clock.
const LOOK: Duration = Duration::from_millis(200);

/// A device of the person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::node) struct Device {
    pub(in crate::node) node: NodeId,
    pub(in crate::node) name: Option<String>,
    pub(in crate::node) own: bool,
    pub(in crate::node) added: OffsetDateTime,
    pub(in crate::node) finished: bool,
}

/// Why the log was not changed.
#[derive(Debug, thiserror::Error)]
pub(in crate::node) enum LogError {
    #[error("these 24 words are not those of this identity")]
    Words,
    #[error("this machine's clock is behind the last change of the identity; set it and try again")]
    Clock,
    #[error("the identity was changed meanwhile; try again")]
    Changed,
    #[error("that device is not one of yours")]
    Unknown,
    #[error(transparent)]
    Open(#[from] OpenError),
}

impl From<webx_identity::Error> for LogError {
    fn from(error: webx_identity::Error) -> Self {
        match error {
            webx_identity::Error::NotTheController => Self::Words,
            webx_identity::Error::ClockBehind => Self::Clock,
            error => Self::Open(other(error)),
        }
    }
}

impl Record {
    /// Writes the record of a device whose person has another one, with everything that one gave.
    pub(in crate::node) fn adopt(
        vault: &Vault,
        package: &Package,
        device: &SigningKey,
        device_name: &str,
    ) -> Result<Self, OpenError> {
        let record = Self::write_new(
            vault,
            &New {
                did: &package.did().map_err(other)?,
                log: &package.log().map_err(other)?,
                device,
                drive_root_key: package.drive_root_key(),
                display_name: package.name(),
                device_name,
                created: package.created(),
            },
        )?;
        for (node, name) in package.devices() {
            record.keep_device(*node, Some(name), true)?;
        }
        // Whoever let this device in has just typed all 24.
        record.confirm_recovery()?;
        Ok(record)
    }

    /// All devices of the newest version of the log, this one first. Blocks.
    pub(in crate::node) fn devices(&self, now: OffsetDateTime) -> Result<Vec<Device>, LogError> {
        let (_, log) = self.log()?;
        let identity = Identity::open(log.as_str(), now)?;
        let own = NodeId(self.device_key()?.verifying_key().to_bytes());
        let card = self.card()?;
        let since = since(&log, card.created_at);
        let mut devices = Vec::new();
        for (_, key) in identity.devices(now)? {
            let node = NodeId(key.to_bytes());
            let kept = self.kept_device(node)?;
            let (name, finished) = kept.unwrap_or((None, true));
            devices.push(Device {
                node,
                name: if node == own {
                    Some(card.device_name.clone())
                } else {
                    name
                },
                own: node == own,
                added: since
                    .get(&multikey(&key))
                    .copied()
                    .unwrap_or(card.created_at),
                finished: finished || node == own,
            });
        }
        devices.sort_by_key(|device| (!device.own, device.added, device.node));
        Ok(devices)
    }

    /// Writes a new device into the log, and that it has not finished yet; both or none. Blocks.
    pub(in crate::node) fn add_device(
        &self,
        seed: &Seed,
        node: NodeId,
        name: &str,
    ) -> Result<DidLog, LogError> {
        let key = VerifyingKey::from_bytes(node.as_bytes()).map_err(other)?;
        self.rotate(seed, |devices| {
            if !devices.contains(&key) {
                devices.push(key);
            }
            Ok(Kept::Added(node, name))
        })
    }

    /// Takes a device out of the log. Blocks.
    pub(in crate::node) fn remove_device(
        &self,
        seed: &Seed,
        node: NodeId,
    ) -> Result<DidLog, LogError> {
        self.rotate(seed, |devices| {
            let before = devices.len();
            devices.retain(|key| key.as_bytes() != node.as_bytes());
            if devices.len() == before {
                return Err(LogError::Unknown);
            }
            Ok(Kept::Removed(node))
        })
    }

    fn rotate<'a>(
        &self,
        seed: &Seed,
        change: impl FnOnce(&mut Vec<VerifyingKey>) -> Result<Kept<'a>, LogError>,
    ) -> Result<DidLog, LogError> {
        let (_, before) = self.log()?;
        let mut identity = Identity::open(before.as_str(), OffsetDateTime::now_utc())?;
        let devices = identity.devices(OffsetDateTime::now_utc())?;
        let mut keys: Vec<VerifyingKey> = devices.into_iter().map(|(_, key)| key).collect();
        let kept = change(&mut keys)?;
        rotate_when_due(&mut identity, seed, &keys)?;
        let changed = self
            .vault
            .db()
            .write(|tx| {
                let changed = tx.execute(
                    "UPDATE person SET log = ?1, recovery_confirmed = 1 WHERE log = ?2",
                    (identity.log.as_str(), before.as_str()),
                )?;
                match kept {
                    Kept::Added(node, name) => tx.execute(
                        "INSERT OR REPLACE INTO device (node, name, finished) VALUES (?1, ?2, 0)",
                        (node.to_string(), name),
                    )?,
                    Kept::Removed(node) => {
                        tx.execute("DELETE FROM device WHERE node = ?1", [node.to_string()])?
                    }
                };
                Ok::<_, webx_vault::Error>(changed)
            })
            .map_err(trouble)?;
        if changed == 0 {
            return Err(LogError::Changed);
        }
        Ok(identity.log)
    }

    /// Takes a newer log that another device of the person has shown, if it goes on where this one ends. The log was verified.
    pub(in crate::node) fn follow_log(&self, shown: &DidLog) -> Result<bool, OpenError> {
        let (_, before) = self.log()?;
        let longer = shown.as_str().len() > before.as_str().len();
        if !longer || !shown.as_str().starts_with(before.as_str()) {
            return Ok(false);
        }
        let changed = self
            .vault
            .db()
            .write(|tx| {
                Ok::<_, webx_vault::Error>(tx.execute(
                    "UPDATE person SET log = ?1 WHERE log = ?2",
                    (shown.as_str(), before.as_str()),
                )?)
            })
            .map_err(trouble)?;
        Ok(changed > 0)
    }

    /// Remembers that a device has its keys: it said so, or proved it.
    pub(in crate::node) fn finished(&self, node: NodeId) -> Result<(), OpenError> {
        self.write(
            "UPDATE device SET finished = 1 WHERE node = ?1 AND finished = 0",
            [node.to_string()],
        )
    }

    fn keep_device(
        &self,
        node: NodeId,
        name: Option<&str>,
        finished: bool,
    ) -> Result<(), OpenError> {
        self.write(
            "INSERT OR REPLACE INTO device (node, name, finished) VALUES (?1, ?2, ?3)",
            params![node.to_string(), name, finished],
        )
    }

    fn kept_device(&self, node: NodeId) -> Result<Option<(Option<String>, bool)>, OpenError> {
        self.vault
            .db()
            .read(|db| {
                Ok::<_, webx_vault::Error>(
                    db.query_row(
                        "SELECT name, finished FROM device WHERE node = ?1",
                        [node.to_string()],
                        |row| Ok((row.get(0)?, row.get(1)?)),
                    )
                    .optional()?,
                )
            })
            .map_err(trouble)
    }
}

/// Makes the next version of a log. Blocks for a moment when the last one is of this very second.
pub(super) fn rotate_when_due(
    identity: &mut Identity,
    seed: &Seed,
    devices: &[VerifyingKey],
) -> Result<(), LogError> {
    let begun = std::time::Instant::now();
    loop {
        match identity.rotate(seed, devices, OffsetDateTime::now_utc()) {
            // Two changes in one second: the second one waits for the next.
            Err(webx_identity::Error::ClockBehind) if begun.elapsed() < BEHIND => {
                std::thread::sleep(LOOK);
            }
            other => return Ok(other?),
        }
    }
}

/// What is written beside the new log.
enum Kept<'a> {
    Added(NodeId, &'a str),
    Removed(NodeId),
}

/// Since when each key has stood in the log without a break. The date of the first entry is the same for everybody and says
/// nothing; `made` takes its place.
fn since(log: &DidLog, made: OffsetDateTime) -> BTreeMap<String, OffsetDateTime> {
    let mut since = BTreeMap::new();
    for (index, entry) in log.entries().iter().enumerate() {
        let time = entry.get("versionTime").and_then(|time| time.as_str());
        let time = time.and_then(|time| OffsetDateTime::parse(time, &Rfc3339).ok());
        let time = if index == 0 {
            made
        } else {
            time.unwrap_or(made)
        };
        let methods = entry
            .pointer("/state/verificationMethod")
            .and_then(|methods| methods.as_array());
        let mut now = BTreeMap::new();
        for method in methods.into_iter().flatten() {
            if let Some(key) = method
                .get("publicKeyMultibase")
                .and_then(|key| key.as_str())
            {
                let first = since.get(key).copied().unwrap_or(time);
                now.insert(key.to_owned(), first);
            }
        }
        since = now;
    }
    since
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic)]
    use super::*;
    use webx_identity::RecoveryWords;
    use webx_vault::{DataDir, KdfCost, NewVault, Passphrase, Secret32};

    fn vault() -> (tempfile::TempDir, Vault) {
        let folder = tempfile::tempdir().unwrap();
        let vault = DataDir::open(folder.path())
            .unwrap()
            .create(NewVault {
                passphrase: &Passphrase::new("correct horse battery staple").unwrap(),
                recovery_key: &Secret32::random().unwrap(),
                kdf: KdfCost::insecure_for_tests(),
            })
            .unwrap();
        (folder, vault)
    }

    fn seed(byte: u8) -> Seed {
        RecoveryWords::generate(&[byte; 32]).unwrap().seed()
    }

    fn node(byte: u8) -> NodeId {
        NodeId(
            SigningKey::from_bytes(&[byte; 32])
                .verifying_key()
                .to_bytes(),
        )
    }

    #[test]
    fn a_device_is_added_finishes_and_is_removed() {
        let (_folder, vault) = vault();
        let record = Record::create(&vault, &seed(1), "Ada", "desk").unwrap();
        let now = OffsetDateTime::now_utc;
        let one = record.devices(now()).unwrap();
        assert_eq!((one.len(), one[0].own, one[0].finished), (1, true, true));
        assert_eq!(one[0].name.as_deref(), Some("desk"));

        record.add_device(&seed(1), node(9), "phone").unwrap();
        let two = record.devices(now()).unwrap();
        assert_eq!((two.len(), two[1].node), (2, node(9)));
        assert_eq!(
            (two[1].name.as_deref(), two[1].finished),
            (Some("phone"), false)
        );
        assert!(two[1].added >= two[0].added - Duration::from_secs(1));
        record.finished(node(9)).unwrap();
        assert!(record.devices(now()).unwrap()[1].finished);

        record.remove_device(&seed(1), node(9)).unwrap();
        assert_eq!(record.devices(now()).unwrap(), one);
        let gone = record.remove_device(&seed(1), node(9));
        assert!(matches!(gone, Err(LogError::Unknown)));
    }

    #[test]
    fn the_words_of_somebody_else_change_nothing() {
        let (_folder, vault) = vault();
        let record = Record::create(&vault, &seed(1), "Ada", "desk").unwrap();
        let before = record.log().unwrap();
        let refused = record.add_device(&seed(2), node(9), "phone");
        assert!(matches!(refused, Err(LogError::Words)));
        let refused = record.remove_device(&seed(2), before_node(&record));
        assert!(matches!(refused, Err(LogError::Words)));
        assert_eq!(record.log().unwrap(), before);
        assert_eq!(record.devices(OffsetDateTime::now_utc()).unwrap().len(), 1);
    }

    fn before_node(record: &Record) -> NodeId {
        NodeId(record.device_key().unwrap().verifying_key().to_bytes())
    }

    #[test]
    fn a_log_is_followed_when_it_goes_on_and_never_back_or_aside() {
        let (_one, first) = vault();
        let (_two, second) = vault();
        let old = Record::create(&first, &seed(1), "Ada", "desk").unwrap();
        let new = Record::create(&second, &seed(1), "Ada", "phone").unwrap();
        let longer = old.add_device(&seed(1), node(9), "phone").unwrap();
        assert!(new.follow_log(&longer).unwrap());
        assert_eq!(new.log().unwrap(), old.log().unwrap());
        assert!(!new.follow_log(&longer).unwrap(), "the same again");

        // Both change the identity without having met: two histories.
        let here = old.remove_device(&seed(1), node(9)).unwrap();
        new.add_device(&seed(1), node(8), "tablet").unwrap();
        let there = new.add_device(&seed(1), node(7), "watch").unwrap();
        assert!(!new.follow_log(&here).unwrap());
        assert!(!old.follow_log(&there).unwrap());
    }
}
