//! Versioned schemas, one for each component that keeps tables in the vault.
use super::Db;
use crate::error::{Error, Result};

impl Db {
    /// Brings the tables of `component` to the newest version: runs those of `steps` that the database has not seen,
    /// each in one transaction together with its version number. Steps are only ever appended, never edited.
    ///
    /// # Errors
    /// [`Error::NewerSchema`] when the database has seen more steps than there are; [`Error::Sql`] when a step fails:
    /// the steps before it stay done.
    pub fn migrate(&self, component: &'static str, steps: &[&str]) -> Result<()> {
        self.write(|tx| {
            tx.execute_batch(
                "CREATE TABLE IF NOT EXISTS schema_version (component TEXT PRIMARY KEY, version INTEGER NOT NULL) STRICT",
            )?;
            Ok::<(), Error>(())
        })?;
        loop {
            let more = self.write(|tx| {
                let found: u64 = tx.query_row(
                    "SELECT coalesce((SELECT version FROM schema_version WHERE component = ?1), 0)",
                    [component],
                    |row| row.get::<_, i64>(0).map(|v| u64::try_from(v).unwrap_or(0)),
                )?;
                let known = steps.len() as u64;
                if found > known {
                    return Err(Error::NewerSchema {
                        component: component.into(),
                        found,
                        known,
                    });
                }
                let Some(step) = usize::try_from(found).ok().and_then(|f| steps.get(f)) else {
                    return Ok(false);
                };
                tx.execute_batch(step)?;
                tx.execute(
                    "INSERT INTO schema_version VALUES (?1, ?2)
                     ON CONFLICT (component) DO UPDATE SET version = excluded.version",
                    (component, i64::try_from(found + 1).unwrap_or(i64::MAX)),
                )?;
                Ok(true)
            })?;
            if !more {
                return Ok(());
            }
        }
    }
}
