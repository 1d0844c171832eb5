//! What the node did: an append-only, hash-chained, bounded log.

use std::sync::{Arc, Mutex, PoisonError};

use serde::{Deserialize, Serialize};
use serde_json::Value;
use time::OffsetDateTime;
use tokio::sync::broadcast;
use webx_vault::{
    Db,
    rusqlite::{OptionalExtension, Row, Transaction},
};

use crate::error::{Error, check_length};

const MIGRATIONS: &[&str] = &["
    CREATE TABLE event (
        id INTEGER PRIMARY KEY,
        at INTEGER NOT NULL,
        kind TEXT NOT NULL,
        level TEXT NOT NULL,
        subject TEXT NOT NULL,
        detail TEXT NOT NULL,
        hash BLOB NOT NULL
    ) STRICT;
    CREATE INDEX event_by_kind ON event (kind, id);
    -- Where the chain begins after old entries were dropped.
    CREATE TABLE event_checkpoint (one INTEGER PRIMARY KEY CHECK (one = 1), id INTEGER NOT NULL, hash BLOB NOT NULL) STRICT;
    INSERT INTO event_checkpoint VALUES (1, 0, zeroblob(32));
"];

/// Domain of the entry hash; a new layout of the hashed bytes gets a new one.
const HASH_CONTEXT: &str = "webx 2026 event log entry v1";
/// Most entries one [`EventLog::list`] gives.
const MAX_PAGE: u32 = 1000;
const MAX_KIND: usize = 64;
/// Longest subject in bytes; a longer one is cut, since paths can be long and the event must not be lost.
const MAX_SUBJECT: usize = 1024;
const MAX_DETAIL: usize = 16 * 1024;
/// Events a subscriber may be behind before it misses some.
const CHANNEL: usize = 256;

/// How serious an event is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Level {
    /// Something was done.
    Info,
    /// Something was refused or only half done.
    Warning,
    /// Something failed.
    Error,
}

impl Level {
    fn name(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }

    fn from_name(name: &str) -> Option<Self> {
        [Self::Info, Self::Warning, Self::Error]
            .into_iter()
            .find(|level| level.name() == name)
    }
}

/// An event to be recorded.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    /// What happened, as `<area>.<what>`, for example `vault.unlocked`. 1 to 64 bytes.
    pub kind: &'static str,
    /// How serious it is.
    pub level: Level,
    /// What it happened to, in words a person knows; cut at 1024 bytes.
    pub subject: String,
    /// More about it, as a JSON object of at most 16 KiB. No secrets.
    pub detail: Value,
}

/// A recorded event.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Entry {
    /// Counted from 1, without gaps.
    pub id: u64,
    /// When it was recorded, to the millisecond.
    #[serde(with = "time::serde::rfc3339")]
    pub at: OffsetDateTime,
    /// See [`Event::kind`].
    pub kind: String,
    /// See [`Event::level`].
    pub level: Level,
    /// See [`Event::subject`].
    pub subject: String,
    /// See [`Event::detail`].
    pub detail: Value,
}

/// A part of the log, newest entry first.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Page {
    /// The entries.
    pub items: Vec<Entry>,
    /// What to give as `before` for the next older entries; `None` at the end.
    pub next: Option<u64>,
}

/// The newest entry of a chain that holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    /// Its number; 0 when nothing was ever recorded.
    pub id: u64,
    /// Its hash, which covers every entry before it. Whoever noted it elsewhere can tell later that the past is the same.
    pub hash: [u8; 32],
}

/// How a log behaves. [`Default`] is what the product uses.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// How many entries are kept at least; at most an eighth more.
    pub keep: u32,
    /// The clock of the entries.
    pub clock: fn() -> OffsetDateTime,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            keep: 50_000,
            clock: OffsetDateTime::now_utc,
        }
    }
}

/// The event log of a vault. Clones share it.
#[derive(Clone)]
pub struct EventLog(Arc<Inner>);

struct Inner {
    db: Db,
    options: Options,
    /// Held over "record, then tell": subscribers see entries in the order of their numbers.
    live: Mutex<broadcast::Sender<Entry>>,
}

impl EventLog {
    /// Opens the log in `db`, creating its tables.
    ///
    /// # Errors
    /// [`Error::Vault`].
    pub fn open(db: Db) -> Result<Self, Error> {
        Self::open_with(db, Options::default())
    }

    /// Like [`EventLog::open`], with options.
    ///
    /// # Errors
    /// [`Error::Vault`].
    pub fn open_with(db: Db, options: Options) -> Result<Self, Error> {
        db.migrate("events", MIGRATIONS)?;
        Ok(Self(Arc::new(Inner {
            db,
            options,
            live: Mutex::new(broadcast::Sender::new(CHANNEL)),
        })))
    }

    /// Records an event. It is on the disk when this returns.
    ///
    /// # Errors
    /// [`Error::Length`] for a kind or a detail beyond its limit, else [`Error::Vault`].
    pub fn append(&self, event: Event) -> Result<Entry, Error> {
        check_length("kind", event.kind, 1, MAX_KIND)?;
        let detail = event.detail.to_string();
        check_length("detail", &detail, 0, MAX_DETAIL)?;
        let live = self.0.live.lock().unwrap_or_else(PoisonError::into_inner);
        let at = (self.0.options.clock)();
        let millis = i64::try_from(at.unix_timestamp_nanos() / 1_000_000).unwrap_or(i64::MAX);
        let entry = self.0.db.write(|tx| {
            let head = head(tx)?;
            let record = Record {
                id: head.id + 1,
                at: millis,
                kind: event.kind.to_owned(),
                level: event.level.name().to_owned(),
                subject: cut(event.subject),
                detail,
            };
            insert(tx, &record, record.hash(&head.hash))?;
            self.drop_old(tx, record.id)?;
            record.into_entry()
        })?;
        // Fails only when nobody listens.
        let _ = live.send(entry.clone());
        Ok(entry)
    }

    /// The entries older than number `before` (or the newest ones), newest first, at most `limit` and never more than
    /// 1000; only those of `kind` when it is given.
    ///
    /// # Errors
    /// [`Error::Vault`]; [`Error::Broken`] for an entry that cannot be read.
    pub fn list(&self, before: Option<u64>, limit: u32, kind: Option<&str>) -> Result<Page, Error> {
        let limit = limit.clamp(1, MAX_PAGE);
        let before = before
            .and_then(|id| i64::try_from(id).ok())
            .unwrap_or(i64::MAX);
        let mut items = self.0.db.read(|db| {
            let ask = |sql: &str, filter: &dyn webx_vault::rusqlite::ToSql| {
                let mut statement = db.prepare_cached(sql)?;
                let rows = statement.query_map((before, limit + 1, filter), Record::read)?;
                rows.map(|row| row?.into_entry())
                    .collect::<Result<Vec<_>, Error>>()
            };
            match kind {
                Some(kind) => ask(LIST_KIND, &kind),
                None => ask(LIST_ALL, &0_i64),
            }
        })?;
        let more = items.len() > limit as usize;
        items.truncate(limit as usize);
        let next = items.last().filter(|_| more).map(|entry| entry.id);
        Ok(Page { items, next })
    }

    /// New entries from now on. A receiver that falls 256 behind is told how many it missed.
    #[must_use]
    pub fn subscribe(&self) -> broadcast::Receiver<Entry> {
        self.0
            .live
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .subscribe()
    }

    /// Checks every kept entry against the chain and gives its newest link.
    ///
    /// # Errors
    /// [`Error::Broken`] naming the first entry that does not fit; [`Error::Vault`].
    pub fn verify(&self) -> Result<Head, Error> {
        self.0.db.read(|db| {
            let mut last = checkpoint(db)?;
            let mut statement = db.prepare(
                "SELECT id, at, kind, level, subject, detail, hash FROM event ORDER BY id",
            )?;
            let mut rows = statement.query([])?;
            while let Some(row) = rows.next()? {
                let record = Record::read(row)?;
                let stored: Vec<u8> = row.get(6)?;
                let hash = record.hash(&last.hash);
                if record.id != last.id + 1 || stored != hash {
                    return Err(Error::Broken { id: record.id });
                }
                last = Head {
                    id: record.id,
                    hash,
                };
            }
            Ok(last)
        })
    }

    /// Drops the oldest entries once an eighth too many are there, so that most appends delete nothing.
    fn drop_old(&self, tx: &Transaction<'_>, newest: u64) -> Result<(), Error> {
        let keep = u64::from(self.0.options.keep.max(1));
        let first = checkpoint(tx)?.id + 1;
        if newest - first < keep + keep / 8 {
            return Ok(());
        }
        let last_dropped = i64::try_from(newest - keep).unwrap_or(i64::MAX);
        tx.execute(
            "UPDATE event_checkpoint SET (id, hash) = (SELECT id, hash FROM event WHERE id = ?1)",
            [last_dropped],
        )?;
        tx.execute("DELETE FROM event WHERE id <= ?1", [last_dropped])?;
        Ok(())
    }
}

impl std::fmt::Debug for EventLog {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("EventLog")
            .field("options", &self.0.options)
            .finish_non_exhaustive()
    }
}

const LIST_ALL: &str = "SELECT id, at, kind, level, subject, detail FROM event
    WHERE id < ?1 AND ?3 = 0 ORDER BY id DESC LIMIT ?2";
const LIST_KIND: &str = "SELECT id, at, kind, level, subject, detail FROM event
    WHERE id < ?1 AND kind = ?3 ORDER BY id DESC LIMIT ?2";

/// A row, exactly as it is hashed.
struct Record {
    id: u64,
    at: i64,
    kind: String,
    level: String,
    subject: String,
    detail: String,
}

impl Record {
    fn read(row: &Row<'_>) -> webx_vault::rusqlite::Result<Self> {
        Ok(Self {
            id: row.get::<_, i64>(0)?.unsigned_abs(),
            at: row.get(1)?,
            kind: row.get(2)?,
            level: row.get(3)?,
            subject: row.get(4)?,
            detail: row.get(5)?,
        })
    }

    /// BLAKE3 over the previous hash, number, time and the texts with their lengths.
    fn hash(&self, previous: &[u8; 32]) -> [u8; 32] {
        let mut hasher = blake3::Hasher::new_derive_key(HASH_CONTEXT);
        hasher.update(previous);
        hasher.update(&self.id.to_le_bytes());
        hasher.update(&self.at.to_le_bytes());
        for text in [&self.kind, &self.level, &self.subject, &self.detail] {
            hasher.update(&(text.len() as u64).to_le_bytes());
            hasher.update(text.as_bytes());
        }
        hasher.finalize().into()
    }

    fn into_entry(self) -> Result<Entry, Error> {
        let broken = Error::Broken { id: self.id };
        let at = OffsetDateTime::from_unix_timestamp_nanos(i128::from(self.at) * 1_000_000);
        let (Ok(at), Some(level), Ok(detail)) = (
            at,
            Level::from_name(&self.level),
            serde_json::from_str(&self.detail),
        ) else {
            return Err(broken);
        };
        Ok(Entry {
            id: self.id,
            at,
            kind: self.kind,
            level,
            subject: self.subject,
            detail,
        })
    }
}

fn insert(tx: &Transaction<'_>, record: &Record, hash: [u8; 32]) -> Result<(), Error> {
    tx.prepare_cached("INSERT INTO event VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)")?
        .execute((
            i64::try_from(record.id).unwrap_or(i64::MAX),
            record.at,
            &record.kind,
            &record.level,
            &record.subject,
            &record.detail,
            hash,
        ))?;
    Ok(())
}

fn head(tx: &Transaction<'_>) -> Result<Head, Error> {
    let newest = tx
        .prepare_cached("SELECT id, hash FROM event ORDER BY id DESC LIMIT 1")?
        .query_row([], read_head)
        .optional()?;
    newest.map_or_else(|| checkpoint(tx), Ok)
}

fn checkpoint(db: &webx_vault::rusqlite::Connection) -> Result<Head, Error> {
    Ok(db
        .prepare_cached("SELECT id, hash FROM event_checkpoint")?
        .query_row([], read_head)?)
}

fn read_head(row: &Row<'_>) -> webx_vault::rusqlite::Result<Head> {
    Ok(Head {
        id: row.get::<_, i64>(0)?.unsigned_abs(),
        hash: row.get(1)?,
    })
}

/// At most [`MAX_SUBJECT`] bytes, cut between characters.
fn cut(mut subject: String) -> String {
    if subject.len() > MAX_SUBJECT {
        let mark = "…";
        subject.truncate(subject.floor_char_boundary(MAX_SUBJECT - mark.len()));
        subject.push_str(mark);
    }
    subject
}
