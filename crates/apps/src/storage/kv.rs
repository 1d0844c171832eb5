//! Values by key.
use serde_json::Value;
use webx_vault::rusqlite::{OptionalExtension, params};

use super::{OVERHEAD, Page, Store, account, after_prefix, check_name, limit};
use crate::{
    Error, Result,
    registry::{bytes_of, micros},
};

/// Longest key in bytes.
const MAX_KEY: usize = 512;
/// Largest value in bytes of JSON.
pub(super) const MAX_VALUE: usize = 64 * 1024;

impl Store {
    /// The value under a key.
    ///
    /// # Errors
    /// [`Error::BadName`], [`Error::Vault`].
    pub fn get_value(&self, key: &str) -> Result<Option<Value>> {
        check_name("the key", key, MAX_KEY)?;
        let text: Option<String> = self.inner.db().read(|conn| {
            Ok::<_, Error>(
                conn.prepare_cached("SELECT value FROM app_kv WHERE install = ?1 AND key = ?2")?
                    .query_row(params![bytes_of(self.install), key], |row| row.get(0))
                    .optional()?,
            )
        })?;
        text.map(|text| parse("a value", &text)).transpose()
    }

    /// Keeps a JSON value of at most 64 KiB. It is on the disk when this returns.
    ///
    /// # Errors
    /// [`Error::BadName`], [`Error::TooLarge`], [`Error::Quota`], [`Error::NotInstalled`], [`Error::Vault`].
    pub fn put_value(&self, key: &str, value: &Value) -> Result<()> {
        check_name("the key", key, MAX_KEY)?;
        let text = value.to_string();
        if text.len() > MAX_VALUE {
            return Err(Error::TooLarge {
                what: "a value",
                max: MAX_VALUE as u64,
            });
        }
        let now = micros(self.inner.now());
        self.inner.db().write(|tx| {
            let before: Option<i64> = tx
                .prepare_cached("SELECT length(CAST(value AS BLOB)) FROM app_kv WHERE install = ?1 AND key = ?2")?
                .query_row(params![bytes_of(self.install), key], |row| row.get(0))
                .optional()?;
            let cost = |len: u64| len + key.len() as u64 + OVERHEAD;
            account(tx, self.install, cost(text.len() as u64), before.map_or(0, |len| cost(len.unsigned_abs())))?;
            tx.prepare_cached(
                "INSERT INTO app_kv VALUES (?1, ?2, ?3, ?4) \
                 ON CONFLICT (install, key) DO UPDATE SET value = excluded.value, at = excluded.at",
            )?
            .execute(params![bytes_of(self.install), key, text, now])?;
            Ok(())
        })
    }

    /// Forgets a value. Returns whether it was there.
    ///
    /// # Errors
    /// [`Error::BadName`], [`Error::Vault`].
    pub fn delete_value(&self, key: &str) -> Result<bool> {
        check_name("the key", key, MAX_KEY)?;
        self.inner.db().write(|tx| {
            let gone: Option<i64> = tx
                .prepare_cached("DELETE FROM app_kv WHERE install = ?1 AND key = ?2 RETURNING length(CAST(value AS BLOB))")?
                .query_row(params![bytes_of(self.install), key], |row| row.get(0))
                .optional()?;
            if let Some(len) = gone {
                account(tx, self.install, 0, len.unsigned_abs() + key.len() as u64 + OVERHEAD)?;
            }
            Ok(gone.is_some())
        })
    }

    /// Keys that begin with `prefix`, in the order of their bytes, after `after`, at most 1000.
    ///
    /// # Errors
    /// [`Error::Vault`].
    pub fn keys(&self, prefix: &str, after: Option<&str>, most: u32) -> Result<Page<String>> {
        let most = limit(most);
        let mut items: Vec<String> = self.inner.db().read(|conn| {
            let mut statement = conn.prepare_cached(
                "SELECT key FROM app_kv WHERE install = ?1 AND key >= ?2 AND (?3 IS NULL OR key < ?3) \
                 AND (?4 IS NULL OR key > ?4) ORDER BY key LIMIT ?5",
            )?;
            let rows = statement.query_map(
                params![bytes_of(self.install), prefix, after_prefix(prefix), after, most + 1],
                |row| row.get(0),
            )?;
            Ok::<_, Error>(rows.collect::<webx_vault::rusqlite::Result<_>>()?)
        })?;
        let next = Page::cut(&mut items, most, |key| key.clone());
        Ok(Page { items, next })
    }
}

pub(super) fn parse(what: &str, text: &str) -> Result<Value> {
    serde_json::from_str(text).map_err(|error| Error::Damaged {
        what: what.into(),
        why: error.to_string(),
    })
}
