//! What an app keeps: values by key, documents in collections, blobs, and the files of its backend's `/data` folder. All
//! of it lies in the vault; no app sees another's.

mod blobs;
mod docs;
mod door;
mod export;
mod kv;

pub use blobs::Blob;
pub use docs::{Document, Filter, Page};
pub use export::MANIFEST as EXPORT_MANIFEST;

pub(crate) use door::Door;

use std::sync::Arc;

use webx_backends::InstallId;
use webx_vault::rusqlite::{Connection, OptionalExtension, Transaction};

use crate::{
    Apps, Error, Result,
    apps::Inner,
    registry::{Row, bytes_of},
    sealed::Owner,
};

/// What an app may keep where nobody said otherwise, in bytes.
pub const DEFAULT_QUOTA: u64 = 1 << 30;
/// Bytes counted for every value, document and blob besides its own.
const OVERHEAD: u64 = 64;
/// Rows deleted in one transaction.
const SLICE: i64 = 500;

/// The storage of one installed app.
#[derive(Clone)]
pub struct Store {
    pub(crate) inner: Arc<Inner>,
    pub(crate) install: InstallId,
}

impl Apps {
    /// What an app keeps. Whoever acts for the app asks the broker first.
    ///
    /// # Errors
    /// [`Error::NotInstalled`].
    pub fn store(&self, install: InstallId) -> Result<Store> {
        self.0.registry().get(install)?;
        Ok(Store {
            inner: Arc::clone(&self.0),
            install,
        })
    }

    /// Limits what an app may keep. What it keeps already stays.
    ///
    /// # Errors
    /// [`Error::NotInstalled`], [`Error::Vault`].
    pub fn set_quota(&self, install: InstallId, bytes: u64) -> Result<()> {
        self.0.registry().get(install)?;
        self.0.db().write(|tx| {
            tx.execute(
                "INSERT INTO app_usage VALUES (?1, 0, ?2) ON CONFLICT (install) DO UPDATE SET quota = excluded.quota",
                (bytes_of(install), i64::try_from(bytes).unwrap_or(i64::MAX)),
            )?;
            Ok(())
        })
    }
}

/// Bytes that an app keeps.
pub(crate) fn used(conn: &Connection, install: InstallId) -> Result<u64> {
    let used: Option<i64> = conn
        .prepare_cached("SELECT bytes FROM app_usage WHERE install = ?1")?
        .query_row([bytes_of(install)], |row| row.get(0))
        .optional()?;
    Ok(used.unwrap_or(0).max(0).unsigned_abs())
}

/// Bytes that an app may keep.
pub(crate) fn quota(conn: &Connection, install: InstallId) -> Result<u64> {
    let quota: Option<Option<i64>> = conn
        .prepare_cached("SELECT quota FROM app_usage WHERE install = ?1")?
        .query_row([bytes_of(install)], |row| row.get(0))
        .optional()?;
    Ok(quota.flatten().map_or(DEFAULT_QUOTA, i64::unsigned_abs))
}

/// Counts what is added and what is gone, and refuses more than the quota.
fn account(tx: &Transaction<'_>, install: InstallId, added: u64, gone: u64) -> Result<()> {
    // The app may have been removed while this request was under way.
    if Row::get(tx, install)?.is_none_or(|row| row.state != crate::registry::INSTALLED) {
        return Err(Error::NotInstalled(install));
    }
    let (used, quota) = (used(tx, install)?, quota(tx, install)?);
    let next = (used + added).saturating_sub(gone);
    if next > quota && added > gone {
        return Err(Error::Quota {
            quota,
            used,
            needed: added - gone,
        });
    }
    tx.prepare_cached("INSERT INTO app_usage VALUES (?1, ?2, NULL) ON CONFLICT (install) DO UPDATE SET bytes = excluded.bytes")?
        .execute((bytes_of(install), i64::try_from(next).unwrap_or(i64::MAX)))?;
    Ok(())
}

/// Deletes everything that an app keeps, in slices. Doing it twice changes nothing.
pub(crate) fn delete_all(inner: &Inner, install: InstallId) -> Result<()> {
    loop {
        let more = inner.db().write(|tx| {
            let mut blobs = tx.prepare_cached(
                "DELETE FROM app_blob WHERE rowid IN (SELECT rowid FROM app_blob WHERE install = ?1 LIMIT ?2) RETURNING id",
            )?;
            let ids: Vec<Option<[u8; 16]>> = blobs
                .query_map((bytes_of(install), SLICE), |row| row.get(0))?
                .collect::<webx_vault::rusqlite::Result<_>>()?;
            for id in ids.iter().flatten() {
                Owner::Blob(*id).release(tx)?;
            }
            let mut gone = ids.len();
            for table in ["app_kv", "app_doc"] {
                gone += tx
                    .prepare_cached(&format!(
                        "DELETE FROM {table} WHERE rowid IN (SELECT rowid FROM {table} WHERE install = ?1 LIMIT ?2)"
                    ))?
                    .execute((bytes_of(install), SLICE))?;
            }
            if gone == 0 {
                tx.prepare_cached("DELETE FROM app_usage WHERE install = ?1")?
                    .execute([bytes_of(install)])?;
            }
            Ok::<_, Error>(gone > 0)
        })?;
        if !more {
            return Ok(());
        }
    }
}

/// A name of 1 to `max` bytes without control characters.
fn check_name(what: &'static str, name: &str, max: usize) -> Result<()> {
    let why = if name.is_empty() {
        "it is empty"
    } else if name.len() > max {
        "it is too long"
    } else if name.chars().any(char::is_control) {
        "it has control characters"
    } else {
        return Ok(());
    };
    Err(Error::BadName {
        what,
        name: name.chars().take(64).collect(),
        why,
    })
}

/// The smallest text that does not begin with `prefix` and comes after all that do; none when there is no such text.
fn after_prefix(prefix: &str) -> Option<String> {
    let mut chars: Vec<char> = prefix.chars().collect();
    while let Some(last) = chars.pop() {
        let next = ((last as u32 + 1)..=(char::MAX as u32)).find_map(char::from_u32);
        if let Some(next) = next {
            chars.push(next);
            return Some(chars.into_iter().collect());
        }
    }
    None
}

/// How many items one list gives at most.
fn limit(asked: u32) -> u32 {
    asked.clamp(1, 1000)
}
