//! Secrets as a person gives them, parsed, and tried against a vault.

use webx_desktop::{OpenError, Secret as Proof};
use webx_identity::RecoveryWords;
use webx_vault::{LockedVault, Passphrase, Salvage, Secret32, Unlock, UnlockError, Vault};

use super::opener::trouble;
use crate::failure::Failure;
use crate::secret::Secret;

/// A secret as the person gave it, parsed.
pub(crate) fn open_with(secret: &Secret) -> anyhow::Result<Proof> {
    match secret {
        Secret::Passphrase(text) => Ok(Proof::Passphrase(parse_passphrase(text)?)),
        Secret::Words(text) => Ok(Proof::Words(RecoveryWords::parse(text).map_err(
            |error| {
                Failure::refused("bad-words", error.to_string())
                    .todo("compare with the 24 words you wrote down")
            },
        )?)),
    }
}

pub(crate) fn parse_passphrase(text: &str) -> Result<Passphrase, Failure> {
    Passphrase::new(text).map_err(|error| {
        Failure::refused("weak-passphrase", error.to_string()).todo("choose a longer one")
    })
}

/// The key that the 24 words give to the vault.
pub(super) fn recovery_key(words: &RecoveryWords) -> Result<Secret32, OpenError> {
    let key = words
        .seed()
        .vault_recovery_key()
        .map_err(|error| OpenError::Other(error.to_string()))?;
    Ok(Secret32::new(*key))
}

/// Opens a vault.
pub(crate) fn unlock(locked: &LockedVault, with: &Proof) -> Result<Vault, OpenError> {
    match with {
        Proof::Passphrase(passphrase) => locked.unlock(Unlock::Passphrase(passphrase)),
        Proof::Words(words) => locked.unlock(Unlock::Recovery(&recovery_key(words)?)),
    }
    .map_err(refused)
}

/// Saves what can be saved of a damaged database.
pub(crate) fn repair(locked: &LockedVault, with: &Proof) -> Result<Salvage, OpenError> {
    match with {
        Proof::Passphrase(passphrase) => locked.repair_database(Unlock::Passphrase(passphrase)),
        Proof::Words(words) => locked.repair_database(Unlock::Recovery(&recovery_key(words)?)),
    }
    .map_err(refused)
}

fn refused(error: UnlockError) -> OpenError {
    match error {
        UnlockError::Wrong { retry_after } => OpenError::Wrong { retry_after },
        UnlockError::TooSoon { retry_after } => OpenError::TooSoon { retry_after },
        UnlockError::Damaged(damage) => OpenError::Damaged(damage.to_string()),
        UnlockError::Vault(error) => trouble(error),
        other => OpenError::Other(other.to_string()),
    }
}
