//! Who keeps a share of this person's words, and whose shares this person keeps: tables in the vault's database.

use time::OffsetDateTime;
use webx_desktop::GuardianState as State;
use webx_identity::Did;
use webx_peers::guardian::{CheckKey, SetId, ShareText};
use webx_vault::rusqlite::{self, Connection, OptionalExtension as _, params};

/// The words and the own shares are stored nowhere; of a share that was given away its check key stays.
pub(super) const SCHEMA: &[&str] = &["CREATE TABLE guardian_set (
        one       INTEGER PRIMARY KEY CHECK (one = 1),
        id        BLOB NOT NULL CHECK (length(id) = 16),
        made      INTEGER NOT NULL,
        threshold INTEGER NOT NULL
    ) STRICT;
    CREATE TABLE guardian (
        did     TEXT PRIMARY KEY,
        key     BLOB NOT NULL CHECK (length(key) = 32),
        settled INTEGER NOT NULL DEFAULT 0,
        state   TEXT NOT NULL,
        proved  INTEGER,
        asked   INTEGER NOT NULL DEFAULT 0
    ) STRICT;
    -- Guardians of older sets who have not heard yet that they need not keep anything.
    CREATE TABLE guardian_former (did TEXT PRIMARY KEY) STRICT;
    CREATE TABLE ward (
        did     TEXT NOT NULL,
        -- 1: the set that all of its guardians have; 0: one that is being handed out.
        settled INTEGER NOT NULL,
        id      BLOB NOT NULL CHECK (length(id) = 16),
        made    INTEGER NOT NULL,
        share   TEXT NOT NULL,
        since   INTEGER NOT NULL,
        PRIMARY KEY (did, settled)
    ) STRICT"];

/// People for whom shares are kept.
pub(super) const MOST_WARDS: i64 = 64;

/// The present set of the person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Set {
    pub(super) id: SetId,
    pub(super) made: i64,
    pub(super) threshold: u8,
}

/// One who keeps a share of the present set.
#[derive(Clone, Debug)]
pub(super) struct Guardian {
    pub(super) did: Did,
    pub(super) key: CheckKey,
    /// Whether he has heard that all have their shares.
    pub(super) settled: bool,
    pub(super) state: State,
    pub(super) proved: Option<i64>,
    /// When he was asked last.
    pub(super) asked: i64,
}

/// What is kept for somebody.
#[derive(Clone, Debug)]
pub(super) struct Kept {
    pub(super) settled: bool,
    pub(super) id: SetId,
    pub(super) made: i64,
    pub(super) share: ShareText,
}

const STATES: [(State, &str); 3] = [
    (State::Kept, "kept"),
    (State::Away, "away"),
    (State::Lost, "lost"),
];

fn word(state: State) -> &'static str {
    let found = STATES.iter().find(|(one, _)| *one == state);
    found.map_or("lost", |(_, word)| word)
}

fn state(word: &str) -> State {
    let found = STATES.iter().find(|(_, one)| *one == word);
    found.map_or(State::Lost, |(state, _)| *state)
}

pub(super) fn set(db: &Connection) -> rusqlite::Result<Option<Set>> {
    db.query_row("SELECT id, made, threshold FROM guardian_set", [], |row| {
        Ok(Set {
            id: row.get(0)?,
            made: row.get(1)?,
            threshold: row.get(2)?,
        })
    })
    .optional()
}

pub(super) fn guardians(db: &Connection) -> rusqlite::Result<Vec<Guardian>> {
    let mut statement = db.prepare_cached(
        "SELECT did, key, settled, state, proved, asked FROM guardian ORDER BY did",
    )?;
    let rows = statement.query_map([], |row| {
        let Ok(did) = row.get::<_, String>(0)?.parse() else {
            return Ok(None);
        };
        Ok(Some(Guardian {
            did,
            key: CheckKey::from_bytes(row.get(1)?),
            settled: row.get(2)?,
            state: state(&row.get::<_, String>(3)?),
            proved: row.get(4)?,
            asked: row.get(5)?,
        }))
    })?;
    rows.filter_map(Result::transpose).collect()
}

/// Puts a set in the place of the one before; who is not in it any more is to be told.
pub(super) fn replace(
    db: &Connection,
    set: &Set,
    people: &[(Did, CheckKey)],
) -> rusqlite::Result<()> {
    db.execute(
        "INSERT OR REPLACE INTO guardian_former (did) SELECT did FROM guardian",
        [],
    )?;
    db.execute("DELETE FROM guardian", [])?;
    db.execute(
        "INSERT OR REPLACE INTO guardian_set (one, id, made, threshold) VALUES (1, ?1, ?2, ?3)",
        params![set.id, set.made, set.threshold],
    )?;
    for (did, key) in people {
        db.execute(
            "INSERT INTO guardian (did, key, state, asked) VALUES (?1, ?2, 'away', 0)",
            params![did.as_str(), key.as_bytes()],
        )?;
        db.execute("DELETE FROM guardian_former WHERE did = ?1", [did.as_str()])?;
    }
    Ok(())
}

/// Remembers what came of asking a guardian.
pub(super) fn asked(
    db: &Connection,
    did: &Did,
    state: State,
    now: OffsetDateTime,
) -> rusqlite::Result<()> {
    let now = now.unix_timestamp();
    let proved = (state == State::Kept).then_some(now);
    db.execute(
        "UPDATE guardian SET state = ?2, proved = coalesce(?3, proved), asked = ?4 WHERE did = ?1",
        params![did.as_str(), word(state), proved, now],
    )?;
    Ok(())
}

pub(super) fn settled(db: &Connection, did: &Did) -> rusqlite::Result<()> {
    db.execute(
        "UPDATE guardian SET settled = 1 WHERE did = ?1",
        [did.as_str()],
    )?;
    Ok(())
}

/// A guardian goes; false when he is none.
pub(super) fn release(db: &Connection, did: &Did) -> rusqlite::Result<bool> {
    let gone = db.execute("DELETE FROM guardian WHERE did = ?1", [did.as_str()])?;
    if gone > 0 {
        db.execute(
            "INSERT OR REPLACE INTO guardian_former (did) VALUES (?1)",
            [did.as_str()],
        )?;
    }
    Ok(gone > 0)
}

pub(super) fn former(db: &Connection) -> rusqlite::Result<Vec<Did>> {
    let mut statement = db.prepare_cached("SELECT did FROM guardian_former ORDER BY did")?;
    let rows = statement.query_map([], |row| Ok(row.get::<_, String>(0)?.parse().ok()))?;
    rows.filter_map(Result::transpose).collect()
}

pub(super) fn forget_former(db: &Connection, did: &Did) -> rusqlite::Result<()> {
    db.execute("DELETE FROM guardian_former WHERE did = ?1", [did.as_str()])?;
    Ok(())
}

/// What is kept for somebody: at most two shares.
pub(super) fn kept(db: &Connection, did: &Did) -> rusqlite::Result<Vec<Kept>> {
    let mut statement = db.prepare_cached(
        "SELECT settled, id, made, share FROM ward WHERE did = ?1 ORDER BY settled DESC",
    )?;
    let rows = statement.query_map([did.as_str()], |row| {
        let Some(share) = ShareText::read(&row.get::<_, String>(3)?) else {
            return Ok(None);
        };
        Ok(Some(Kept {
            settled: row.get(0)?,
            id: row.get(1)?,
            made: row.get(2)?,
            share,
        }))
    })?;
    rows.filter_map(Result::transpose).collect()
}

/// Keeps a share of a set that is being handed out, in the place of another such one.
pub(super) fn keep(
    db: &Connection,
    did: &Did,
    id: &SetId,
    made: i64,
    share: &ShareText,
    now: OffsetDateTime,
) -> rusqlite::Result<()> {
    db.execute(
        "INSERT OR REPLACE INTO ward (did, settled, id, made, share, since) VALUES (?1, 0, ?2, ?3, ?4, ?5)",
        params![did.as_str(), id, made, share.as_str(), now.unix_timestamp()],
    )?;
    Ok(())
}

/// The set that was being handed out is the present one.
pub(super) fn settle(db: &Connection, did: &Did) -> rusqlite::Result<()> {
    db.execute(
        "DELETE FROM ward WHERE did = ?1 AND settled = 1",
        [did.as_str()],
    )?;
    db.execute("UPDATE ward SET settled = 1 WHERE did = ?1", [did.as_str()])?;
    Ok(())
}

/// Throws away what is kept for somebody; false when there was nothing.
pub(super) fn drop_ward(db: &Connection, did: &Did) -> rusqlite::Result<bool> {
    Ok(db.execute("DELETE FROM ward WHERE did = ?1", [did.as_str()])? > 0)
}

/// For whom something is kept, and since when.
pub(super) fn wards(db: &Connection) -> rusqlite::Result<Vec<(Did, i64)>> {
    let mut statement =
        db.prepare_cached("SELECT did, max(since) FROM ward GROUP BY did ORDER BY did")?;
    let rows = statement.query_map([], |row| {
        let did = row.get::<_, String>(0)?.parse().ok();
        let since = row.get(1)?;
        Ok(did.map(|did| (did, since)))
    })?;
    rows.filter_map(Result::transpose).collect()
}

pub(super) fn count_wards(db: &Connection) -> rusqlite::Result<i64> {
    db.query_row("SELECT count(DISTINCT did) FROM ward", [], |row| row.get(0))
}
