//! What was offered to whom and how far it is: one table in the vault's database.

use std::str::FromStr;

use time::OffsetDateTime;
use webx_comms::transfer::Token;
pub(super) use webx_desktop::qnet::TransferState as State;
use webx_drive::{NodeId, UploadId, VersionId};
use webx_identity::Did;
use webx_vault::rusqlite::{self, Connection, Row, ToSql, params};

pub(super) const SCHEMA: &[&str] = &["CREATE TABLE transfer (
        id       INTEGER PRIMARY KEY,
        did      TEXT NOT NULL,
        incoming INTEGER NOT NULL,
        token    BLOB NOT NULL CHECK (length(token) = 16),
        name     TEXT NOT NULL,
        size     INTEGER NOT NULL,
        state    TEXT NOT NULL,
        why      TEXT NOT NULL DEFAULT '',
        -- The file in the drive: what is sent, or what came.
        node     TEXT,
        version  INTEGER,
        -- What came so far.
        upload   TEXT,
        -- Where the file is to be had.
        device   BLOB,
        created  INTEGER NOT NULL,
        changed  INTEGER NOT NULL,
        UNIQUE (did, incoming, token)
    ) STRICT"];

/// Files that one person may offer before some of them are decided.
pub(super) const OFFERS_OF_ONE: i64 = 16;
/// The same of all people together, and most files that are on their way, each way.
pub(super) const OPEN: i64 = 256;
/// Ended ones that are remembered.
const ENDED: i64 = 200;
/// An offer that nobody decides is forgotten after so many seconds.
const LIFE: i64 = 30 * 24 * 3600;

const STATES: [(State, &str); 7] = [
    (State::Waiting, "waiting"),
    (State::Offered, "offered"),
    (State::Accepted, "accepted"),
    (State::Done, "done"),
    (State::Refused, "refused"),
    (State::Withdrawn, "withdrawn"),
    (State::Failed, "failed"),
];

fn word(state: State) -> &'static str {
    let found = STATES.iter().find(|(one, _)| *one == state);
    found.map_or("failed", |(_, word)| word)
}

fn state(word: &str) -> State {
    let found = STATES.iter().find(|(_, one)| *one == word);
    found.map_or(State::Failed, |(state, _)| *state)
}

/// A file on its way.
#[derive(Clone, Debug)]
pub(in super::super) struct Transfer {
    pub(super) id: i64,
    pub(super) did: Did,
    pub(super) incoming: bool,
    pub(super) token: Token,
    pub(super) name: String,
    pub(super) size: u64,
    pub(super) state: State,
    pub(super) why: String,
    pub(super) node: Option<NodeId>,
    pub(super) version: Option<VersionId>,
    pub(super) upload: Option<UploadId>,
    pub(super) device: Option<webx_overlay::NodeId>,
    pub(super) created: OffsetDateTime,
    pub(super) changed: OffsetDateTime,
}

const COLUMNS: &str = "id, did, incoming, token, name, size, state, why, node, version, upload, device, created, changed";

fn parsed<T: FromStr>(text: Option<String>) -> Option<T> {
    text.and_then(|text| text.parse().ok())
}

fn read(row: &Row<'_>) -> rusqlite::Result<Option<Transfer>> {
    let at = |column| -> rusqlite::Result<OffsetDateTime> {
        let seconds: i64 = row.get(column)?;
        Ok(OffsetDateTime::from_unix_timestamp(seconds).unwrap_or(OffsetDateTime::UNIX_EPOCH))
    };
    let did: String = row.get(1)?;
    let Ok(did) = did.parse() else {
        return Ok(None);
    };
    Ok(Some(Transfer {
        id: row.get(0)?,
        did,
        incoming: row.get(2)?,
        token: row.get(3)?,
        name: row.get(4)?,
        size: row.get::<_, i64>(5)?.unsigned_abs(),
        state: state(&row.get::<_, String>(6)?),
        why: row.get(7)?,
        node: parsed(row.get(8)?),
        version: row
            .get::<_, Option<i64>>(9)?
            .map(|v| VersionId(v.unsigned_abs())),
        upload: parsed(row.get(10)?),
        device: row
            .get::<_, Option<[u8; 32]>>(11)?
            .map(webx_overlay::NodeId),
        created: at(12)?,
        changed: at(13)?,
    }))
}

/// Reads those that fit a condition.
fn select(
    db: &Connection,
    condition: &str,
    with: &[&dyn ToSql],
) -> rusqlite::Result<Vec<Transfer>> {
    let mut statement =
        db.prepare_cached(&format!("SELECT {COLUMNS} FROM transfer {condition}"))?;
    let rows = statement.query_map(with, read)?;
    rows.filter_map(Result::transpose).collect()
}

/// The newest first.
pub(super) fn list(db: &Connection, did: Option<&Did>) -> rusqlite::Result<Vec<Transfer>> {
    match did {
        Some(did) => select(db, "WHERE did = ?1 ORDER BY id DESC", &[&did.as_str()]),
        None => select(db, "ORDER BY id DESC", &[]),
    }
}

pub(super) fn get(db: &Connection, id: i64) -> rusqlite::Result<Option<Transfer>> {
    Ok(select(db, "WHERE id = ?1", &[&id])?.pop())
}

pub(super) fn by_token(
    db: &Connection,
    did: &Did,
    incoming: bool,
    token: &Token,
) -> rusqlite::Result<Option<Transfer>> {
    let with: [&dyn ToSql; 3] = [&did.as_str(), &incoming, token];
    let condition = "WHERE did = ?1 AND incoming = ?2 AND token = ?3";
    Ok(select(db, condition, &with)?.pop())
}

/// What this node has something to do for.
pub(super) fn pending(db: &Connection) -> rusqlite::Result<Vec<Transfer>> {
    let condition = "WHERE (incoming = 1 AND state = 'accepted')
        OR (incoming = 0 AND state IN ('waiting', 'offered')) ORDER BY id";
    select(db, condition, &[])
}

/// How many of a direction are open: of somebody, of all.
pub(super) fn open(db: &Connection, did: &Did, incoming: bool) -> rusqlite::Result<(i64, i64)> {
    let sql = "SELECT count(*) FILTER (WHERE did = ?1), count(*) FROM transfer
        WHERE incoming = ?2 AND state IN ('waiting', 'offered', 'accepted')";
    let mut statement = db.prepare_cached(sql)?;
    statement.query_row(params![did.as_str(), incoming], |row| {
        Ok((row.get(0)?, row.get(1)?))
    })
}

/// Writes a new one down and forgets what is too old.
pub(super) fn insert(db: &Connection, new: &Transfer) -> rusqlite::Result<i64> {
    let now = new.created.unix_timestamp();
    db.execute(
        "UPDATE transfer SET state = 'failed', why = 'expired', changed = ?1
         WHERE state IN ('waiting', 'offered') AND created < ?1 - ?2",
        [now, LIFE],
    )?;
    db.execute(
        "DELETE FROM transfer WHERE state NOT IN ('waiting', 'offered', 'accepted') AND id NOT IN (
            SELECT id FROM transfer WHERE state NOT IN ('waiting', 'offered', 'accepted')
            ORDER BY changed DESC, id DESC LIMIT ?1)",
        [ENDED],
    )?;
    db.execute(
        "INSERT INTO transfer (did, incoming, token, name, size, state, node, version, device, created, changed)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?10)",
        params![
            new.did.as_str(),
            new.incoming,
            new.token,
            new.name,
            i64::try_from(new.size).unwrap_or(i64::MAX),
            word(new.state),
            new.node.map(|node| node.to_string()),
            new.version.map(|version| version.0.cast_signed()),
            new.device.map(|device| device.0),
            now,
        ],
    )?;
    Ok(db.last_insert_rowid())
}

/// Moves an open one on. Says whether it still stood as `from`.
pub(super) fn advance(
    db: &Connection,
    id: i64,
    from: &[State],
    to: State,
    why: &str,
) -> rusqlite::Result<bool> {
    let now = OffsetDateTime::now_utc().unix_timestamp();
    let mut changed = 0;
    for state in from {
        changed += db.execute(
            "UPDATE transfer SET state = ?3, why = ?4, changed = ?5 WHERE id = ?1 AND state = ?2",
            params![id, word(*state), word(to), why, now],
        )?;
        if changed > 0 {
            break;
        }
    }
    Ok(changed > 0)
}

/// Remembers where the bytes go that come.
pub(super) fn set_upload(
    db: &Connection,
    id: i64,
    upload: Option<UploadId>,
) -> rusqlite::Result<()> {
    let upload = upload.map(|upload| upload.to_string());
    db.execute(
        "UPDATE transfer SET upload = ?2 WHERE id = ?1",
        params![id, upload],
    )?;
    Ok(())
}

/// A file is there, whole.
pub(super) fn landed(db: &Connection, id: i64, name: &str, node: NodeId) -> rusqlite::Result<()> {
    let now = OffsetDateTime::now_utc().unix_timestamp();
    db.execute(
        "UPDATE transfer SET state = 'done', why = '', upload = NULL, name = ?2, node = ?3, changed = ?4 WHERE id = ?1",
        params![id, name, node.to_string(), now],
    )?;
    Ok(())
}

pub(super) fn forget(db: &Connection, id: i64) -> rusqlite::Result<()> {
    db.execute("DELETE FROM transfer WHERE id = ?1", [id])?;
    Ok(())
}
