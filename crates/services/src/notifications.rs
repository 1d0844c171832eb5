//! What waits for the person's attention.

use std::sync::{Arc, Mutex, PoisonError};

use serde::{Deserialize, Serialize};
use serde_json::Value;
use time::OffsetDateTime;
use tokio::sync::broadcast;
use uuid::Uuid;
use webx_vault::{Db, rusqlite::Row};

use crate::error::{Error, check_length};

const MIGRATIONS: &[&str] = &["
    CREATE TABLE notification (
        number INTEGER PRIMARY KEY,
        id BLOB NOT NULL UNIQUE,
        at INTEGER NOT NULL,
        level TEXT NOT NULL,
        title TEXT NOT NULL,
        body TEXT,
        action TEXT
    ) STRICT;
"];

/// Most notifications that wait; a further one pushes out the oldest.
const KEEP: i64 = 200;
const MAX_TITLE: usize = 200;
const MAX_BODY: usize = 2000;
const MAX_ACTION: usize = 4096;
const CHANNEL: usize = 64;

/// How a notification is drawn.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum NotificationLevel {
    /// Something to know.
    #[default]
    Info,
    /// Something went well.
    Success,
    /// Something needs a look.
    Warning,
    /// Something failed.
    Error,
}

/// What opens when the person follows a notification.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Action {
    /// The app.
    pub app: String,
    /// What the app is told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub args: Option<Value>,
}

/// A notification to be shown.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NewNotification {
    /// One line, 1 to 200 bytes.
    pub title: String,
    /// More, at most 2000 bytes.
    #[serde(default)]
    pub body: Option<String>,
    /// How it is drawn.
    #[serde(default)]
    pub level: NotificationLevel,
    /// What following it opens; at most 4 KiB as JSON.
    #[serde(default)]
    pub open: Option<Action>,
}

/// A notification that waits.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Notification {
    /// Its name, for dismissing it.
    pub id: Uuid,
    /// When it came, to the millisecond.
    #[serde(with = "time::serde::rfc3339")]
    pub at: OffsetDateTime,
    /// One line.
    pub title: String,
    /// More.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub body: Option<String>,
    /// How it is drawn.
    pub level: NotificationLevel,
    /// What following it opens.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub open: Option<Action>,
}

/// The notifications of a vault: at most 200, the oldest go first. Clones share them.
#[derive(Clone)]
pub struct Notifications(Arc<Inner>);

struct Inner {
    db: Db,
    clock: fn() -> OffsetDateTime,
    live: Mutex<broadcast::Sender<Notification>>,
}

impl Notifications {
    /// Opens the notifications in `db`, creating their table.
    ///
    /// # Errors
    /// [`Error::Vault`].
    pub fn open(db: Db) -> Result<Self, Error> {
        Self::open_with(db, OffsetDateTime::now_utc)
    }

    /// Like [`Notifications::open`], with another clock.
    ///
    /// # Errors
    /// [`Error::Vault`].
    pub fn open_with(db: Db, clock: fn() -> OffsetDateTime) -> Result<Self, Error> {
        db.migrate("notifications", MIGRATIONS)?;
        Ok(Self(Arc::new(Inner {
            db,
            clock,
            live: Mutex::new(broadcast::Sender::new(CHANNEL)),
        })))
    }

    /// Adds a notification and tells the subscribers.
    ///
    /// # Errors
    /// [`Error::Length`] for a text beyond its limit, else [`Error::Vault`].
    pub fn add(&self, new: NewNotification) -> Result<Notification, Error> {
        check_length("title", &new.title, 1, MAX_TITLE)?;
        check_length("body", new.body.as_deref().unwrap_or_default(), 0, MAX_BODY)?;
        let action = new.open.as_ref().map(to_text).transpose()?;
        check_length("open", action.as_deref().unwrap_or_default(), 0, MAX_ACTION)?;
        let live = self.0.live.lock().unwrap_or_else(PoisonError::into_inner);
        let millis = (self.0.clock)().unix_timestamp_nanos() / 1_000_000;
        let notification = Notification {
            id: Uuid::now_v7(),
            at: from_millis(millis),
            title: new.title,
            body: new.body,
            level: new.level,
            open: new.open,
        };
        self.0.db.write(|tx| {
            tx.execute(
                "INSERT INTO notification (id, at, level, title, body, action) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
                (
                    notification.id.as_bytes(),
                    i64::try_from(millis).unwrap_or(i64::MAX),
                    to_text(&notification.level)?,
                    &notification.title,
                    &notification.body,
                    &action,
                ),
            )?;
            tx.execute(
                "DELETE FROM notification WHERE number <= (SELECT max(number) FROM notification) - ?1",
                [KEEP],
            )?;
            Ok::<(), Error>(())
        })?;
        // Fails only when nobody listens.
        let _ = live.send(notification.clone());
        Ok(notification)
    }

    /// All that wait, newest first.
    ///
    /// # Errors
    /// [`Error::Vault`].
    pub fn list(&self) -> Result<Vec<Notification>, Error> {
        self.0.db.read(|db| {
            let mut statement = db.prepare_cached(
                "SELECT id, at, level, title, body, action FROM notification ORDER BY number DESC",
            )?;
            let rows = statement.query_map([], read)?;
            Ok(rows.collect::<Result<Vec<_>, _>>()?)
        })
    }

    /// Takes a notification away. Says whether it was there.
    ///
    /// # Errors
    /// [`Error::Vault`].
    pub fn dismiss(&self, id: Uuid) -> Result<bool, Error> {
        self.0.db.write(|tx| {
            Ok(tx.execute("DELETE FROM notification WHERE id = ?1", [id.as_bytes()])? > 0)
        })
    }

    /// New notifications from now on. A receiver that falls 64 behind is told how many it missed.
    #[must_use]
    pub fn subscribe(&self) -> broadcast::Receiver<Notification> {
        self.0
            .live
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .subscribe()
    }
}

impl std::fmt::Debug for Notifications {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Notifications").finish_non_exhaustive()
    }
}

fn read(row: &Row<'_>) -> webx_vault::rusqlite::Result<Notification> {
    let level: String = row.get(2)?;
    let action: Option<String> = row.get(5)?;
    Ok(Notification {
        id: Uuid::from_bytes(row.get(0)?),
        at: from_millis(i128::from(row.get::<_, i64>(1)?)),
        title: row.get(3)?,
        body: row.get(4)?,
        level: serde_json::from_str(&level).unwrap_or_default(),
        open: action.and_then(|text| serde_json::from_str(&text).ok()),
    })
}

fn from_millis(millis: i128) -> OffsetDateTime {
    OffsetDateTime::from_unix_timestamp_nanos(millis.saturating_mul(1_000_000))
        .unwrap_or(OffsetDateTime::UNIX_EPOCH)
}

fn to_text<T: Serialize>(value: &T) -> Result<String, Error> {
    serde_json::to_string(value).map_err(|_| Error::Length {
        field: "open",
        min: 0,
        max: MAX_ACTION,
    })
}
