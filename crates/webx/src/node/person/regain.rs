//! A person who comes back with the words alone, or with the words and the log.

use ed25519_dalek::SigningKey;
use time::OffsetDateTime;
use webx_desktop::{OpenError, Recovery};
use webx_identity::{DidLog, Identity, Seed};
use webx_vault::Vault;
use zeroize::Zeroizing;

use super::devices::{LogError, rotate_when_due};
use super::{New, Record, other};

/// Who comes back, and the key of the device that he comes back on.
pub(in crate::node) struct Regained {
    identity: Identity,
    device: SigningKey,
}

impl Regained {
    /// Without a log: the first version of the identity and its first device key, which follow from the words. With it: one
    /// further version, in which a new key is the only device.
    pub(in crate::node) fn new(seed: &Seed, log: Option<&DidLog>) -> Result<Self, LogError> {
        let now = OffsetDateTime::now_utc();
        let first = Identity::create(seed, now)?;
        let Some(log) = log else {
            return Ok(Self {
                identity: first,
                device: seed.device_key(0),
            });
        };
        let mut identity = Identity::open(log.as_str(), now)?;
        if identity.did != first.did {
            return Err(LogError::Words);
        }
        let mut bytes = Zeroizing::new([0; 32]);
        getrandom::fill(bytes.as_mut_slice()).map_err(other)?;
        let device = SigningKey::from_bytes(&bytes);
        rotate_when_due(&mut identity, seed, &[device.verifying_key()])?;
        Ok(Self { identity, device })
    }
}

impl Record {
    /// Writes the record of a person who came back.
    pub(in crate::node) fn regain(
        vault: &Vault,
        seed: &Seed,
        regained: &Regained,
        lost: &Recovery,
    ) -> Result<Self, OpenError> {
        let drive_root_key = seed.drive_root_key().map_err(other)?;
        let record = Self::write_new(
            vault,
            &New {
                did: &regained.identity.did,
                log: &regained.identity.log,
                device: &regained.device,
                drive_root_key: &drive_root_key,
                display_name: &lost.display_name,
                device_name: &lost.device_name,
                created: OffsetDateTime::now_utc(),
            },
        )?;
        if lost.typed {
            webx_desktop::Person::confirm_recovery(&record)?;
        }
        Ok(record)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use webx_identity::RecoveryWords;

    fn seed(byte: u8) -> Seed {
        RecoveryWords::generate(&[byte; 32]).unwrap().seed()
    }

    #[test]
    fn the_words_alone_give_the_first_version_and_its_device() {
        let regained = Regained::new(&seed(1), None).unwrap();
        let born = Identity::create(&seed(1), OffsetDateTime::now_utc()).unwrap();
        assert_eq!(regained.identity.log.as_str(), born.log.as_str());
        assert_eq!(regained.device, seed(1).device_key(0));
    }

    #[test]
    fn with_the_log_the_new_device_is_the_only_one_and_the_old_ones_are_out() {
        let mut born = Identity::create(&seed(1), OffsetDateTime::now_utc()).unwrap();
        let phone = SigningKey::from_bytes(&[9; 32]).verifying_key();
        let old = seed(1).device_key(0).verifying_key();
        rotate_when_due(&mut born, &seed(1), &[old, phone]).unwrap();
        let regained = Regained::new(&seed(1), Some(&born.log)).unwrap();
        assert_eq!(regained.identity.did, born.did);
        assert!(
            regained
                .identity
                .log
                .as_str()
                .starts_with(born.log.as_str())
        );
        let devices = regained
            .identity
            .devices(OffsetDateTime::now_utc())
            .unwrap();
        let keys: Vec<_> = devices.into_iter().map(|(_, key)| key).collect();
        assert_eq!(keys, [regained.device.verifying_key()]);
    }

    #[test]
    fn the_log_of_somebody_else_is_refused() {
        let theirs = Identity::create(&seed(2), OffsetDateTime::now_utc()).unwrap();
        let refused = Regained::new(&seed(1), Some(&theirs.log));
        assert!(matches!(refused, Err(LogError::Words)));
    }
}
