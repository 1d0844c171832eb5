//! The identity record in the vault's database: who lives here, and the keys of this device.

use std::time::SystemTime;

use ed25519_dalek::{Signer as _, SigningKey};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use webx_desktop::{IdentityCard, OpenError};
use webx_identity::{Did, DidLog, Identity, Seed, did_key};
use webx_vault::rusqlite::{self, OptionalExtension as _, params};
use webx_vault::{Secret32, Vault};
use zeroize::Zeroizing;

use super::opener::trouble;

mod devices;
mod regain;

pub(super) use devices::{Device, LogError};
pub(super) use regain::Regained;

/// The words and the update keys are never stored; what stands here is what the node needs every day.
const SCHEMA: &[&str] = &[
    "CREATE TABLE person (
        one                INTEGER PRIMARY KEY CHECK (one = 1),
        did                TEXT NOT NULL,
        log                TEXT NOT NULL,
        device_did         TEXT NOT NULL,
        device_key         BLOB NOT NULL CHECK (length(device_key) = 32),
        drive_root_key     BLOB NOT NULL CHECK (length(drive_root_key) = 32),
        display_name       TEXT NOT NULL,
        device_name        TEXT NOT NULL,
        created_at         TEXT NOT NULL,
        recovery_confirmed INTEGER NOT NULL DEFAULT 0
    ) STRICT",
    // What the log does not say of the person's devices: it is public.
    "CREATE TABLE device (
        node     TEXT PRIMARY KEY,
        name     TEXT,
        finished INTEGER NOT NULL
    ) STRICT",
];

/// The identity of an open vault.
pub(crate) struct Record {
    vault: Vault,
}

/// What a new record holds.
struct New<'a> {
    did: &'a Did,
    log: &'a DidLog,
    device: &'a SigningKey,
    drive_root_key: &'a [u8; 32],
    display_name: &'a str,
    device_name: &'a str,
    created: OffsetDateTime,
}

impl Record {
    /// Writes the record of a new person.
    pub(super) fn create(
        vault: &Vault,
        seed: &Seed,
        display_name: &str,
        device_name: &str,
    ) -> Result<Self, OpenError> {
        let now = OffsetDateTime::from(SystemTime::now());
        let identity = Identity::create(seed, now).map_err(other)?;
        let drive_root_key = seed.drive_root_key().map_err(other)?;
        Self::write_new(
            vault,
            &New {
                did: &identity.did,
                log: &identity.log,
                device: &seed.device_key(0),
                drive_root_key: &drive_root_key,
                display_name,
                device_name,
                created: now,
            },
        )
    }

    fn write_new(vault: &Vault, new: &New<'_>) -> Result<Self, OpenError> {
        let device_key = Zeroizing::new(new.device.to_bytes());
        let created_at = new.created.format(&Rfc3339).map_err(other)?;
        vault.db().migrate("identity", SCHEMA).map_err(trouble)?;
        let record = Self {
            vault: vault.clone(),
        };
        record.write(
            "INSERT INTO person (one, did, log, device_did, device_key, drive_root_key,
                                 display_name, device_name, created_at)
             VALUES (1, ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
            params![
                new.did.as_str(),
                new.log.as_str(),
                did_key(&new.device.verifying_key()),
                &device_key[..],
                &new.drive_root_key[..],
                new.display_name,
                new.device_name,
                created_at,
            ],
        )?;
        Ok(record)
    }

    /// Takes up the record of an unlocked vault.
    pub(super) fn open(vault: &Vault) -> Result<Self, OpenError> {
        vault.db().migrate("identity", SCHEMA).map_err(trouble)?;
        let record = Self {
            vault: vault.clone(),
        };
        record.card()?;
        Ok(record)
    }

    /// The key at the root of the drive's key tree.
    pub(super) fn drive_root_key(&self) -> Result<Secret32, OpenError> {
        let key = self
            .read("SELECT drive_root_key FROM person", |row| {
                row.get::<_, Vec<u8>>(0).map(Zeroizing::new)
            })?
            .ok_or_else(missing)?;
        let key: Zeroizing<[u8; 32]> =
            Zeroizing::new(key.as_slice().try_into().map_err(|_| missing())?);
        Ok(Secret32::new(*key))
    }

    /// The key of this device, which is the node's name on QNet.
    pub(super) fn device_key(&self) -> Result<SigningKey, OpenError> {
        let key = self
            .read("SELECT device_key FROM person", |row| {
                row.get::<_, Vec<u8>>(0).map(Zeroizing::new)
            })?
            .ok_or_else(missing)?;
        let key: Zeroizing<[u8; 32]> =
            Zeroizing::new(key.as_slice().try_into().map_err(|_| missing())?);
        Ok(SigningKey::from_bytes(&key))
    }

    /// The person's DID and the log that proves it.
    pub(super) fn log(&self) -> Result<(Did, DidLog), OpenError> {
        let (did, log) = self
            .read("SELECT did, log FROM person", |row| {
                Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?))
            })?
            .ok_or_else(missing)?;
        Ok((
            did.parse().map_err(other)?,
            DidLog::parse(&log).map_err(other)?,
        ))
    }

    fn read<T>(
        &self,
        sql: &str,
        get: impl FnOnce(&rusqlite::Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Option<T>, OpenError> {
        self.vault
            .db()
            .read(|db| Ok::<_, webx_vault::Error>(db.query_row(sql, [], get).optional()?))
            .map_err(trouble)
    }

    fn write(&self, sql: &str, values: impl rusqlite::Params) -> Result<(), OpenError> {
        self.vault
            .db()
            .write(|tx| {
                tx.execute(sql, values)?;
                Ok::<_, webx_vault::Error>(())
            })
            .map_err(trouble)
    }
}

impl webx_desktop::Person for Record {
    fn card(&self) -> Result<IdentityCard, OpenError> {
        let (mut card, created_at, log) = self
            .read(
                "SELECT did, device_did, display_name, device_name, created_at, recovery_confirmed, log
                 FROM person",
                |row| {
                    let card = IdentityCard {
                        did: row.get(0)?,
                        device_did: row.get(1)?,
                        display_name: row.get(2)?,
                        device_name: row.get(3)?,
                        created_at: OffsetDateTime::UNIX_EPOCH,
                        recovery_confirmed: row.get(5)?,
                        log: Vec::new(),
                        log_text: String::new(),
                    };
                    Ok((card, row.get::<_, String>(4)?, row.get::<_, String>(6)?))
                },
            )?
            .ok_or_else(missing)?;
        card.created_at = OffsetDateTime::parse(&created_at, &Rfc3339).map_err(|_| missing())?;
        card.log = log
            .lines()
            .filter_map(|line| serde_json::from_str(line).ok())
            .collect();
        card.log_text = log;
        Ok(card)
    }

    fn rename(
        &self,
        display_name: Option<&str>,
        device_name: Option<&str>,
    ) -> Result<(), OpenError> {
        self.write(
            "UPDATE person SET display_name = coalesce(?1, display_name),
                               device_name  = coalesce(?2, device_name)",
            params![display_name, device_name],
        )
    }

    fn confirm_recovery(&self) -> Result<(), OpenError> {
        self.write("UPDATE person SET recovery_confirmed = 1", [])
    }

    fn sign(&self, message: &[u8]) -> Result<[u8; 64], OpenError> {
        Ok(self.device_key()?.sign(message).to_bytes())
    }
}

use webx_desktop::Person as _;

fn missing() -> OpenError {
    OpenError::Damaged(
        "the identity record in store.db is missing or damaged; the 24 words and a backup bring it back"
            .into(),
    )
}

fn other(error: impl std::fmt::Display) -> OpenError {
    OpenError::Other(error.to_string())
}
