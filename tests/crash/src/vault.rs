//! What every load has in common: the vault, settings and events.

use std::{
    collections::BTreeSet,
    path::Path,
    sync::atomic::{AtomicU64, Ordering},
    time::{Duration, SystemTime},
};

use anyhow::{Context, Result, bail};
use serde_json::json;
use webx_services::{Event, EventLog, Level};
use webx_vault::{
    DataDir, Db, KdfCost, NewVault, Options, PackOptions, Passphrase, PersonId, Secret32, Unlock,
    UnlockError, Vault,
};

use crate::{
    model::Model,
    words::{Line, say},
};

const PASSPHRASE: &str = "correct horse battery staple";
const SETTINGS: &[&str] =
    &["CREATE TABLE crash_setting (worker INTEGER PRIMARY KEY, value INTEGER NOT NULL) STRICT"];

/// How far the clock of the unlock delay is ahead, in seconds.
static AHEAD: AtomicU64 = AtomicU64::new(0);

fn clock() -> SystemTime {
    SystemTime::now() + Duration::from_secs(AHEAD.load(Ordering::Relaxed))
}

/// Unlocks; the delay that a crash during an earlier attempt may have left is waited for by the clock alone.
fn unlock(data: &DataDir, id: PersonId) -> Result<Vault> {
    let passphrase = Passphrase::new(PASSPHRASE)?;
    match data.locked(id)?.unlock(Unlock::Passphrase(&passphrase)) {
        Err(UnlockError::TooSoon { retry_after }) => {
            AHEAD.fetch_add(retry_after.as_secs() + 1, Ordering::Relaxed);
            Ok(data.locked(id)?.unlock(Unlock::Passphrase(&passphrase))?)
        }
        other => Ok(other?),
    }
}

/// Small segments, so that a short load fills, seals and compacts several; no free-space floor, so that a full
/// machine does not stop the test.
fn options() -> Options {
    Options {
        clock,
        packs: PackOptions {
            segment_bytes: 4 << 20,
            free_floor: 0,
        },
    }
}

/// Opens the vault, or makes it. That it was made is said when it is on the disk.
///
/// # Errors
/// When it does not open, or is gone though it was acknowledged.
pub fn open_vault(path: &Path, model: &Model) -> Result<(DataDir, Vault, EventLog)> {
    let data = DataDir::open_with(path, options()).context("data folder")?;
    let vault = match data.people()?.first() {
        Some(id) => unlock(&data, *id).context("unlock")?,
        None if model.created => bail!("the vault is gone"),
        None => {
            let passphrase = Passphrase::new(PASSPHRASE)?;
            let recovery_key = Secret32::new([7; 32]);
            let kdf = KdfCost::insecure_for_tests();
            let new = NewVault {
                passphrase: &passphrase,
                recovery_key: &recovery_key,
                kdf,
            };
            let vault = data.create(new).context("create")?;
            say(&Line::Created)?;
            vault
        }
    };
    let events = EventLog::open(vault.db().clone()).context("event log")?;
    vault
        .db()
        .migrate("crash-test", SETTINGS)
        .context("settings")?;
    Ok((data, vault, events))
}

/// Writes the setting of a worker.
///
/// # Errors
/// Those of the database.
pub fn set(db: &Db, worker: usize, value: u64) -> Result<()> {
    Ok(db.write(|tx| {
        let sql = "INSERT INTO crash_setting VALUES (?1, ?2) ON CONFLICT (worker) DO UPDATE SET value = excluded.value";
        tx.execute(sql, (worker as i64, value as i64))?;
        Ok::<_, webx_vault::Error>(())
    })?)
}

/// Records an event of a worker.
///
/// # Errors
/// Those of the log.
pub fn event(events: &EventLog, worker: usize, number: u64) -> Result<()> {
    events.append(Event {
        kind: "crash.event",
        level: Level::Info,
        subject: "an event of the load".into(),
        detail: json!({ "worker": worker, "number": number }),
    })?;
    Ok(())
}

/// The setting of a worker, 0 when it has none.
///
/// # Errors
/// Those of the database.
pub fn found_setting(db: &Db, worker: usize) -> Result<u64> {
    Ok(db.read(|db| {
        let sql = "SELECT coalesce((SELECT value FROM crash_setting WHERE worker = ?1), 0)";
        let value: i64 = db.query_row(sql, [worker as i64], |row| row.get(0))?;
        Ok::<_, webx_vault::Error>(value.unsigned_abs())
    })?)
}

/// The events of a worker.
///
/// # Errors
/// Those of the log; when one was recorded twice.
pub fn found_events(events: &EventLog, worker: usize) -> Result<BTreeSet<u64>> {
    let mut found = BTreeSet::new();
    let mut before = None;
    loop {
        let page = events.list(before, 1000, Some("crash.event"))?;
        for entry in page
            .items
            .iter()
            .filter(|entry| entry.detail["worker"] == worker)
        {
            let number = entry.detail["number"].as_u64().unwrap_or(u64::MAX);
            if !found.insert(number) {
                bail!("event {number} was recorded twice");
            }
        }
        before = page.next;
        if before.is_none() {
            return Ok(found);
        }
    }
}

/// What the vault calls damaged. An index that was rebuilt is said, and is no damage: nothing is lost with it.
#[must_use]
pub fn damages(vault: &Vault) -> Vec<String> {
    let is_index = |damage: &webx_vault::Damage| {
        damage
            .file
            .extension()
            .is_some_and(|extension| extension == "redb")
            && damage.remedy.contains("no block is lost")
    };
    let (rebuilt, damaged): (Vec<_>, Vec<_>) = vault.health().into_iter().partition(is_index);
    for damage in rebuilt {
        // Only fails when nobody listens any more.
        let _ = say(&Line::Rebuilt(damage.to_string()));
    }
    damaged
        .into_iter()
        .map(|damage| format!("vault: {damage}"))
        .collect()
}
