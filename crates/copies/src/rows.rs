//! What is agreed, what is kept for others, and where the own blocks lie: tables in the vault's database.

use webx_identity::Did;
use webx_overlay::NodeId;
use webx_vault::rusqlite::{Connection, OptionalExtension as _, Result, Transaction, params};

pub(crate) const COMPONENT: &str = "copies";
pub(crate) const STEPS: &[&str] = &["
-- What this node keeps for others.
CREATE TABLE copies_given (
    did TEXT PRIMARY KEY,
    bytes INTEGER NOT NULL,
    used INTEGER NOT NULL DEFAULT 0,
    -- When the owner was heard last, in seconds: his lease runs from there.
    heard INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE TABLE copies_held (
    did TEXT NOT NULL,
    digest BLOB NOT NULL,
    len INTEGER NOT NULL,
    PRIMARY KEY (did, digest)
) STRICT, WITHOUT ROWID;
CREATE TABLE copies_head_held (
    did TEXT NOT NULL,
    node BLOB NOT NULL,
    head BLOB NOT NULL,
    at INTEGER NOT NULL,
    PRIMARY KEY (did, node)
) STRICT, WITHOUT ROWID;
-- Who keeps blocks for this node, as they said when they were heard last.
CREATE TABLE copies_host (
    did TEXT PRIMARY KEY,
    granted INTEGER NOT NULL,
    used INTEGER NOT NULL,
    heard INTEGER NOT NULL,
    -- Pieces that were shown, and pieces that were not; and when, in seconds, the last one was not.
    proved INTEGER NOT NULL DEFAULT 0,
    failed INTEGER NOT NULL DEFAULT 0,
    failed_at INTEGER NOT NULL DEFAULT 0,
    head BLOB
) STRICT;
-- Which host has said that he keeps which block. One that is `going` is about to be given up, and counts no more.
CREATE TABLE copies_at (
    did TEXT NOT NULL,
    digest BLOB NOT NULL,
    len INTEGER NOT NULL,
    going INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (did, digest)
) STRICT, WITHOUT ROWID;
CREATE INDEX copies_at_digest ON copies_at (digest);
"];

/// What two people keep for each other. Bytes and blocks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Agreement {
    /// The other one.
    pub did: Did,
    /// What this node keeps for him at most.
    pub given: u64,
    /// What it does.
    pub given_used: u64,
    /// What he keeps for this node at most, as he said last.
    pub taken: u64,
    /// What he does.
    pub taken_used: u64,
    /// Blocks of this drive that he has said he keeps.
    pub blocks: u64,
    /// When he was heard last; seconds since 1970.
    pub heard: Option<i64>,
    /// Pieces he has shown, and pieces he could not show.
    pub proved: (u64, u64),
}

fn natural(number: i64) -> u64 {
    number.unsigned_abs()
}

fn stored(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// In whose name the vault keeps the blocks of somebody.
pub(crate) fn keeper(did: &Did) -> Vec<u8> {
    [
        b"copies/",
        &blake3::hash(did.as_str().as_bytes()).as_bytes()[..],
    ]
    .concat()
}

/// Everybody with whom there is an agreement, in either direction.
pub(crate) fn agreements(db: &Connection) -> Result<Vec<Agreement>> {
    let mut statement = db.prepare_cached(
        "SELECT d.did, coalesce(g.bytes, 0), coalesce(g.used, 0), coalesce(h.granted, 0), coalesce(h.used, 0), \
         (SELECT count(*) FROM copies_at a WHERE a.did = d.did AND a.going = 0), h.heard, coalesce(h.proved, 0), coalesce(h.failed, 0) \
         FROM (SELECT did FROM copies_given UNION SELECT did FROM copies_host) d \
         LEFT JOIN copies_given g ON g.did = d.did LEFT JOIN copies_host h ON h.did = d.did ORDER BY d.did",
    )?;
    let rows = statement.query_map([], |row| {
        let number = |column| row.get(column).map(natural);
        let Ok(did) = row.get::<_, String>(0)?.parse() else {
            return Ok(None);
        };
        Ok(Some(Agreement {
            did,
            given: number(1)?,
            given_used: number(2)?,
            taken: number(3)?,
            taken_used: number(4)?,
            blocks: number(5)?,
            heard: row.get(6)?,
            proved: (number(7)?, number(8)?),
        }))
    })?;
    rows.filter_map(Result::transpose).collect()
}

/// What is kept for somebody: bytes at most, bytes now.
pub(crate) fn given(db: &Connection, did: &Did) -> Result<Option<(u64, u64)>> {
    db.prepare_cached("SELECT bytes, used FROM copies_given WHERE did = ?1")?
        .query_row([did.as_str()], |row| {
            Ok((row.get(0).map(natural)?, row.get(1).map(natural)?))
        })
        .optional()
}

pub(crate) fn give(db: &Connection, did: &Did, bytes: u64) -> Result<()> {
    db.execute(
        "INSERT INTO copies_given (did, bytes) VALUES (?1, ?2) ON CONFLICT (did) DO UPDATE SET bytes = ?2",
        params![did.as_str(), stored(bytes)],
    )?;
    Ok(())
}

/// Somebody for whom blocks are kept was heard.
pub(crate) fn renew(db: &Connection, did: &Did, now: i64) -> Result<()> {
    db.execute(
        "UPDATE copies_given SET heard = ?2 WHERE did = ?1",
        params![did.as_str(), now],
    )?;
    Ok(())
}

/// Those for whom something is kept and who were not heard since `before`, or for whom nothing is to be kept any more.
pub(crate) fn lapsed(db: &Connection, before: i64) -> Result<Vec<Did>> {
    let mut statement = db.prepare_cached(
        "SELECT did FROM copies_given WHERE used > 0 AND (bytes = 0 OR (heard > 0 AND heard < ?1))",
    )?;
    let rows = statement.query_map([before], |row| row.get::<_, String>(0))?;
    Ok(rows
        .collect::<Result<Vec<_>>>()?
        .iter()
        .filter_map(|did| did.parse().ok())
        .collect())
}

pub(crate) fn is_held(db: &Connection, did: &Did, digest: &[u8; 32]) -> Result<Option<u64>> {
    db.prepare_cached("SELECT len FROM copies_held WHERE did = ?1 AND digest = ?2")?
        .query_row(params![did.as_str(), digest], |row| row.get(0).map(natural))
        .optional()
}

/// Notes a block that is kept for somebody. The caller has looked at the agreement.
pub(crate) fn hold(db: &Connection, did: &Did, digest: &[u8; 32], len: u64) -> Result<()> {
    let new = db
        .prepare_cached(
            "INSERT INTO copies_held (did, digest, len) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING",
        )?
        .execute(params![did.as_str(), digest, stored(len)])?;
    if new > 0 {
        db.prepare_cached("UPDATE copies_given SET used = used + ?2 WHERE did = ?1")?
            .execute(params![did.as_str(), stored(len)])?;
    }
    Ok(())
}

pub(crate) fn let_go(tx: &Transaction<'_>, did: &Did, digest: &[u8; 32]) -> Result<bool> {
    let len: Option<i64> = tx
        .prepare_cached("DELETE FROM copies_held WHERE did = ?1 AND digest = ?2 RETURNING len")?
        .query_row(params![did.as_str(), digest], |row| row.get(0))
        .optional()?;
    if let Some(len) = len {
        tx.prepare_cached("UPDATE copies_given SET used = max(used - ?2, 0) WHERE did = ?1")?
            .execute(params![did.as_str(), len])?;
    }
    Ok(len.is_some())
}

/// Forgets everything that was kept for somebody; the agreement stays.
pub(crate) fn let_all_go(tx: &Transaction<'_>, did: &Did) -> Result<()> {
    for sql in [
        "DELETE FROM copies_held WHERE did = ?1",
        "DELETE FROM copies_head_held WHERE did = ?1",
        "UPDATE copies_given SET used = 0, heard = 0 WHERE did = ?1",
    ] {
        tx.execute(sql, [did.as_str()])?;
    }
    Ok(())
}

pub(crate) fn set_head(
    tx: &Transaction<'_>,
    did: &Did,
    node: NodeId,
    head: &[u8],
    now: i64,
    most: usize,
) -> Result<()> {
    tx.execute(
        "INSERT OR REPLACE INTO copies_head_held (did, node, head, at) VALUES (?1, ?2, ?3, ?4)",
        params![did.as_str(), node.0, head, now],
    )?;
    tx.execute(
        "DELETE FROM copies_head_held WHERE did = ?1 AND node NOT IN \
         (SELECT node FROM copies_head_held WHERE did = ?1 ORDER BY at DESC, node LIMIT ?2)",
        params![did.as_str(), stored(most as u64)],
    )?;
    Ok(())
}

pub(crate) fn heads(db: &Connection, did: &Did) -> Result<Vec<Vec<u8>>> {
    let mut statement =
        db.prepare_cached("SELECT head FROM copies_head_held WHERE did = ?1 ORDER BY at DESC")?;
    let rows = statement.query_map([did.as_str()], |row| row.get(0))?;
    rows.collect()
}

/// A host, as it was heard last.
#[derive(Clone, Debug)]
pub(crate) struct Host {
    pub(crate) did: Did,
    pub(crate) granted: u64,
    pub(crate) used: u64,
    pub(crate) heard: i64,
    pub(crate) failed: u64,
    pub(crate) failed_at: i64,
    pub(crate) head: Option<Vec<u8>>,
}

pub(crate) fn hosts(db: &Connection) -> Result<Vec<Host>> {
    let mut statement = db.prepare_cached(
        "SELECT did, granted, used, heard, failed, failed_at, head FROM copies_host ORDER BY did",
    )?;
    let rows = statement.query_map([], |row| {
        let Ok(did) = row.get::<_, String>(0)?.parse() else {
            return Ok(None);
        };
        Ok(Some(Host {
            did,
            granted: row.get(1).map(natural)?,
            used: row.get(2).map(natural)?,
            heard: row.get(3)?,
            failed: row.get(4).map(natural)?,
            failed_at: row.get(5)?,
            head: row.get(6)?,
        }))
    })?;
    rows.filter_map(Result::transpose).collect()
}

/// A host has said what it keeps. One that keeps nothing and never did is not remembered.
pub(crate) fn heard(db: &Connection, did: &Did, granted: u64, used: u64, now: i64) -> Result<()> {
    db.execute(
        "INSERT INTO copies_host (did, granted, used, heard) SELECT ?1, ?2, ?3, ?4 WHERE ?2 + ?3 > 0 \
         OR EXISTS (SELECT 1 FROM copies_host WHERE did = ?1) \
         ON CONFLICT (did) DO UPDATE SET granted = ?2, used = ?3, heard = ?4",
        params![did.as_str(), stored(granted), stored(used), now],
    )?;
    Ok(())
}

pub(crate) fn told_head(db: &Connection, did: &Did, head: &[u8]) -> Result<()> {
    db.execute(
        "UPDATE copies_host SET head = ?2 WHERE did = ?1",
        params![did.as_str(), head],
    )?;
    Ok(())
}

pub(crate) fn audited(
    db: &Connection,
    did: &Did,
    proved: u64,
    failed: u64,
    now: i64,
) -> Result<()> {
    db.execute(
        "UPDATE copies_host SET proved = proved + ?2, failed = failed + ?3, \
         failed_at = CASE WHEN ?3 > 0 THEN ?4 ELSE failed_at END WHERE did = ?1",
        params![did.as_str(), stored(proved), stored(failed), now],
    )?;
    Ok(())
}

/// Who has said that he keeps a block.
pub(crate) fn at(db: &Connection, digest: &[u8; 32]) -> Result<Vec<String>> {
    let mut statement =
        db.prepare_cached("SELECT did FROM copies_at WHERE digest = ?1 AND going = 0")?;
    let rows = statement.query_map([digest], |row| row.get(0))?;
    rows.collect()
}

pub(crate) fn placed(tx: &Transaction<'_>, did: &Did, blocks: &[([u8; 32], u64)]) -> Result<()> {
    let mut statement = tx.prepare_cached(
        "INSERT INTO copies_at (did, digest, len) VALUES (?1, ?2, ?3) ON CONFLICT DO UPDATE SET going = 0",
    )?;
    for (digest, len) in blocks {
        statement.execute(params![did.as_str(), digest, stored(*len)])?;
    }
    Ok(())
}

/// Blocks are about to be given up at a host: from now on they count as not being there, whatever happens in between.
pub(crate) fn going(tx: &Transaction<'_>, did: &Did, digests: &[[u8; 32]]) -> Result<()> {
    let mut statement =
        tx.prepare_cached("UPDATE copies_at SET going = 1 WHERE did = ?1 AND digest = ?2")?;
    for digest in digests {
        statement.execute(params![did.as_str(), digest])?;
    }
    Ok(())
}

pub(crate) fn gone(tx: &Transaction<'_>, did: &Did, digests: &[[u8; 32]]) -> Result<()> {
    let mut statement =
        tx.prepare_cached("DELETE FROM copies_at WHERE did = ?1 AND digest = ?2")?;
    for digest in digests {
        statement.execute(params![did.as_str(), digest])?;
    }
    Ok(())
}

/// Blocks that a host has said it keeps, behind `after` by digest, at most `limit`; with `going` those, too, that are being
/// given up.
pub(crate) fn at_host(
    db: &Connection,
    did: &Did,
    after: &[u8],
    limit: u32,
    going: bool,
) -> Result<Vec<([u8; 32], u64)>> {
    let mut statement = db.prepare_cached(
        "SELECT digest, len FROM copies_at WHERE did = ?1 AND digest > ?2 AND going <= ?4 ORDER BY digest LIMIT ?3",
    )?;
    let rows = statement.query_map(params![did.as_str(), after, limit, going], |row| {
        Ok((row.get(0)?, row.get(1).map(natural)?))
    })?;
    rows.collect()
}
