//! The numbers that a drive gives out and keeps.
use rusqlite::{Connection, params};

use crate::{Error, Result};

/// Numbers kept in `drive_counter`.
#[derive(Default, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Counters {
    /// The last change.
    pub(crate) seq: i64,
    /// Its time.
    pub(crate) at: i64,
    /// The highest row of nodes, contents and blocks ever given out.
    pub(crate) node: i64,
    pub(crate) content: i64,
    pub(crate) block: i64,
    /// Bytes of all blocks.
    pub(crate) stored: i64,
    /// Names up to this row are in the search index.
    pub(crate) indexed: i64,
    /// -1: none.
    pub(crate) quota: i64,
    pub(crate) keep_versions: i64,
    pub(crate) keep_days: i64,
}

const NAMES: [&str; 10] = [
    "seq",
    "at",
    "node",
    "content",
    "block",
    "stored",
    "indexed",
    "quota",
    "keep_versions",
    "keep_days",
];

impl Counters {
    fn fields(&mut self) -> [&mut i64; 10] {
        [
            &mut self.seq,
            &mut self.at,
            &mut self.node,
            &mut self.content,
            &mut self.block,
            &mut self.stored,
            &mut self.indexed,
            &mut self.quota,
            &mut self.keep_versions,
            &mut self.keep_days,
        ]
    }

    pub(crate) fn load(conn: &Connection) -> Result<Counters> {
        let mut counters = Counters {
            quota: -1,
            keep_versions: -1,
            keep_days: -1,
            ..Counters::default()
        };
        let mut statement = conn.prepare_cached("SELECT name, value FROM drive_counter")?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let name = row.get_ref(0)?.as_str().map_err(rusqlite::Error::from)?;
            let value = row.get(1)?;
            for (field, known) in counters.fields().into_iter().zip(NAMES) {
                if known == name {
                    *field = value;
                }
            }
        }
        Ok(counters)
    }

    pub(crate) fn store(mut self, mut before: Counters, conn: &Connection) -> Result<()> {
        let mut statement = conn
            .prepare_cached("INSERT OR REPLACE INTO drive_counter (name, value) VALUES (?1, ?2)")?;
        for ((now, before), name) in self.fields().into_iter().zip(before.fields()).zip(NAMES) {
            if now != before {
                statement.execute(params![name, *now])?;
            }
        }
        Ok(())
    }
}

/// Refuses a write that the quota does not allow.
pub(crate) fn check_quota(counters: &Counters, needed: u64) -> Result<()> {
    let (Ok(quota), used) = (u64::try_from(counters.quota), counters.stored.max(0) as u64) else {
        return Ok(());
    };
    if used.saturating_add(needed) > quota {
        return Err(Error::Quota {
            quota,
            used,
            needed,
        });
    }
    Ok(())
}
