//! Rows of nodes, receipts and claims.

use std::collections::BTreeMap;

use time::OffsetDateTime;
use webx_identity::Did;
use webx_overlay::NodeId;
use webx_vault::rusqlite::{self, Connection, OptionalExtension as _, Transaction};

use crate::{
    Error,
    credential::FitnessClaim,
    fitness::{Dimension, History, Receipt},
};

/// A node as it is stored.
pub(super) struct Row {
    pub(super) node: NodeId,
    pub(super) did: Option<Did>,
    pub(super) history: History,
    pub(super) profile: Option<Vec<u8>>,
    pub(super) seen: i64,
}

const SELECT: &str = "SELECT node, did, history, profile, seen FROM peer";

fn read(row: &rusqlite::Row<'_>) -> rusqlite::Result<Row> {
    let did: Option<String> = row.get(1)?;
    let history: String = row.get(2)?;
    Ok(Row {
        node: NodeId(row.get(0)?),
        did: did.and_then(|did| did.parse().ok()),
        // A history of another version is forgotten; the node starts anew.
        history: serde_json::from_str(&history).unwrap_or_default(),
        profile: row.get(3)?,
        seen: row.get(4)?,
    })
}

pub(super) fn one(db: &Connection, node: NodeId) -> Result<Option<Row>, Error> {
    let sql = format!("{SELECT} WHERE node = ?1");
    Ok(db
        .prepare_cached(&sql)?
        .query_row([node.0], read)
        .optional()?)
}

pub(super) fn page(db: &Connection, skip: u32, limit: u32) -> Result<Vec<Row>, Error> {
    let sql = format!("{SELECT} ORDER BY seen DESC, node LIMIT ?1 OFFSET ?2");
    let mut statement = db.prepare_cached(&sql)?;
    let rows = statement.query_map([limit, skip], read)?;
    Ok(rows.collect::<Result<_, _>>()?)
}

pub(super) fn history(db: &Connection, node: NodeId) -> Result<Option<History>, Error> {
    Ok(one(db, node)?.map(|row| row.history))
}

pub(super) fn touch(tx: &Transaction<'_>, node: NodeId, now: u64) -> Result<(), Error> {
    tx.execute(
        "INSERT INTO peer (node, history, seen) VALUES (?1, '', ?2)
         ON CONFLICT (node) DO UPDATE SET seen = max(seen, excluded.seen)",
        (node.0, signed(now)),
    )?;
    Ok(())
}

pub(super) fn belongs(tx: &Transaction<'_>, node: NodeId, did: &Did) -> Result<(), Error> {
    tx.execute(
        "UPDATE peer SET did = ?2 WHERE node = ?1",
        (node.0, did.as_str()),
    )?;
    Ok(())
}

pub(super) fn save_profile(tx: &Transaction<'_>, node: NodeId, bytes: &[u8]) -> Result<(), Error> {
    tx.execute(
        "UPDATE peer SET profile = ?2 WHERE node = ?1",
        (node.0, bytes),
    )?;
    Ok(())
}

pub(super) fn save_history(
    tx: &Transaction<'_>,
    node: NodeId,
    history: &History,
    now: u64,
) -> Result<(), Error> {
    let text = serde_json::to_string(history).map_err(|_| Error::Crypto("encoding a history"))?;
    touch(tx, node, now)?;
    tx.execute(
        "UPDATE peer SET history = ?2 WHERE node = ?1",
        (node.0, text),
    )?;
    Ok(())
}

/// Keeps the nodes seen last, and all of contacts: a flood of strangers pushes out strangers.
pub(super) fn forget(tx: &Transaction<'_>, keep: i64) -> Result<(), Error> {
    let count: i64 = tx.query_row("SELECT count(*) FROM peer", [], |row| row.get(0))?;
    if count > keep {
        tx.execute(
            "DELETE FROM peer WHERE node IN (
                SELECT node FROM peer WHERE did IS NULL OR did NOT IN (SELECT did FROM contact)
                ORDER BY seen LIMIT ?1)",
            [count - keep],
        )?;
    }
    Ok(())
}

pub(super) fn people(db: &Connection) -> Result<BTreeMap<NodeId, Did>, Error> {
    let mut statement = db.prepare_cached("SELECT node, did FROM peer WHERE did IS NOT NULL")?;
    let rows = statement.query_map([], |row| {
        let did: String = row.get(1)?;
        Ok((NodeId(row.get(0)?), did.parse().ok()))
    })?;
    let mut people = BTreeMap::new();
    for row in rows {
        if let (node, Some(did)) = row? {
            people.insert(node, did);
        }
    }
    Ok(people)
}

pub(super) fn add_receipt(
    tx: &Transaction<'_>,
    receipt: &Receipt,
    most: u32,
) -> Result<bool, Error> {
    let served = receipt.served();
    let service = format!("{:?}", served.service);
    let same: i64 = tx.query_row(
        "SELECT count(*) FROM peer_receipt
         WHERE provider = ?1 AND consumer = ?2 AND service = ?3 AND epoch = ?4",
        (served.provider.0, served.consumer.0, &service, served.epoch),
        |row| row.get(0),
    )?;
    if same >= i64::from(most) {
        return Ok(false);
    }
    let added = tx.execute(
        "INSERT OR IGNORE INTO peer_receipt VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        (
            receipt.id(),
            served.provider.0,
            served.consumer.0,
            &service,
            served.epoch,
            receipt.encode(),
        ),
    )?;
    Ok(added > 0)
}

/// Drops receipts that are too old and, of too many, those of strangers first and the oldest first.
pub(super) fn drop_receipts(tx: &Transaction<'_>, first: u32, keep: i64) -> Result<(), Error> {
    tx.execute("DELETE FROM peer_receipt WHERE epoch < ?1", [first])?;
    let count: i64 = tx.query_row("SELECT count(*) FROM peer_receipt", [], |row| row.get(0))?;
    if count >= keep {
        tx.execute(
            "DELETE FROM peer_receipt WHERE id IN (
                SELECT id FROM peer_receipt ORDER BY consumer IN (
                    SELECT node FROM peer WHERE did IN (SELECT did FROM contact)), epoch
                LIMIT ?1)",
            [count - keep + 1],
        )?;
    }
    Ok(())
}

pub(super) fn receipts(db: &Connection, today: u32) -> Result<Vec<Receipt>, Error> {
    let mut statement = db.prepare_cached("SELECT bytes FROM peer_receipt")?;
    let rows = statement.query_map([], |row| row.get::<_, Vec<u8>>(0))?;
    let mut receipts = Vec::new();
    for row in rows {
        receipts.extend(Receipt::stored(&row?, today));
    }
    Ok(receipts)
}

pub(super) fn add_hearsay(
    tx: &Transaction<'_>,
    claim: &FitnessClaim,
    now: OffsetDateTime,
    most: i64,
) -> Result<(), Error> {
    let scores =
        serde_json::to_string(&claim.scores).map_err(|_| Error::Crypto("encoding a claim"))?;
    tx.execute(
        "DELETE FROM peer_hearsay WHERE until < ?1",
        [now.unix_timestamp()],
    )?;
    let count: i64 = tx.query_row("SELECT count(*) FROM peer_hearsay", [], |row| row.get(0))?;
    if count >= most {
        tx.execute(
            "DELETE FROM peer_hearsay WHERE rowid IN (SELECT rowid FROM peer_hearsay ORDER BY until LIMIT ?1)",
            [count - most + 1],
        )?;
    }
    tx.execute(
        "INSERT OR REPLACE INTO peer_hearsay VALUES (?1, ?2, ?3, ?4)",
        (
            claim.issuer.as_str(),
            claim.node.0,
            scores,
            claim.until.unix_timestamp(),
        ),
    )?;
    Ok(())
}

/// What contacts say of a node.
type Claims = Vec<(Did, Vec<(Dimension, f64)>)>;

pub(super) fn hearsay(db: &Connection, node: NodeId, now: OffsetDateTime) -> Result<Claims, Error> {
    let mut statement = db
        .prepare_cached("SELECT issuer, claim FROM peer_hearsay WHERE node = ?1 AND until >= ?2")?;
    let rows = statement.query_map((node.0, now.unix_timestamp()), |row| {
        let (issuer, claim): (String, String) = (row.get(0)?, row.get(1)?);
        Ok((issuer.parse().ok(), serde_json::from_str(&claim).ok()))
    })?;
    let mut claims = Vec::new();
    for row in rows {
        if let (Some(issuer), Some(scores)) = row? {
            claims.push((issuer, scores));
        }
    }
    Ok(claims)
}

fn signed(seconds: u64) -> i64 {
    i64::try_from(seconds).unwrap_or(i64::MAX)
}
