//! How much is stored, and how much may be.
use rusqlite::Connection;

use crate::{Drive, Result, Retention, Usage, counters::Counters, schema::TRASH};

impl Drive {
    /// What the drive holds.
    ///
    /// # Errors
    /// [`crate::Error::Vault`].
    pub fn usage(&self) -> Result<Usage> {
        self.0.read(|conn| {
            let counters = Counters::load(conn)?;
            let sums = |sql: &str| -> Result<(u64, u64, u64)> {
                Ok(conn.prepare_cached(sql)?.query_row([TRASH], |row| {
                    let number = |i| row.get::<_, Option<i64>>(i).map(|value| value.unwrap_or(0) as u64);
                    Ok((number(0)?, number(1)?, number(2)?))
                })?)
            };
            let (files, folders, logical) = sums(
                "SELECT sum(kind = 1), sum(kind = 0), sum(size) FROM drive_node INDEXED BY drive_node_list \
                 WHERE parent > 0 AND parent <> ?1 OR parent = ?1",
            )?;
            let (trash_files, trash_folders, trash) = sums(
                "WITH RECURSIVE gone (n, kind, size) AS ( \
                 SELECT n, kind, size FROM drive_node WHERE parent = ?1 \
                 UNION ALL SELECT d.n, d.kind, d.size FROM gone JOIN drive_node d ON d.parent = gone.n WHERE gone.kind = 0) \
                 SELECT sum(kind = 1), sum(kind = 0), sum(size) FROM gone",
            )?;
            Ok(Usage {
                files: files - trash_files,
                folders: folders - trash_folders,
                logical: logical - trash,
                stored: counters.stored.max(0) as u64,
                versions: older_versions(conn)?,
                trash,
                quota: u64::try_from(counters.quota).ok(),
            })
        })
    }

    /// Limits what the drive may store, or lifts the limit. What is stored already stays, whatever the limit is.
    ///
    /// # Errors
    /// [`crate::Error::Vault`].
    pub fn set_quota(&self, bytes: Option<u64>) -> Result<()> {
        self.0.write(|txn| {
            txn.counters.quota = bytes.map_or(-1, |bytes| i64::try_from(bytes).unwrap_or(i64::MAX));
            Ok(())
        })
    }

    /// How long older versions are kept.
    ///
    /// # Errors
    /// [`crate::Error::Vault`].
    pub fn retention(&self) -> Result<Retention> {
        self.0.read(|conn| {
            let counters = Counters::load(conn)?;
            let limit = |value: i64| u64::try_from(value).ok();
            Ok(Retention {
                versions: limit(counters.keep_versions),
                days: limit(counters.keep_days),
            })
        })
    }

    /// Sets how long older versions are kept; the next [`Drive::gc`] removes what is beyond. At least the current
    /// version always stays.
    ///
    /// # Errors
    /// [`crate::Error::Vault`].
    pub fn set_retention(&self, retention: Retention) -> Result<()> {
        let limit =
            |value: Option<u64>| value.map_or(-1, |value| i64::try_from(value).unwrap_or(i64::MAX));
        self.0.write(|txn| {
            txn.counters.keep_versions = limit(retention.versions.map(|versions| versions.max(1)));
            txn.counters.keep_days = limit(retention.days);
            Ok(())
        })
    }
}

fn older_versions(conn: &Connection) -> Result<u64> {
    let bytes: Option<i64> = conn
        .prepare_cached(
            "SELECT sum(size) FROM (SELECT p.size FROM drive_past p JOIN drive_node d ON d.n = p.node \
             WHERE p.content IS NOT NULL AND p.since <> d.since GROUP BY p.node, p.since)",
        )?
        .query_row([], |row| row.get(0))?;
    Ok(bytes.unwrap_or(0) as u64)
}
