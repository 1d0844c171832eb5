//! What is written down of each saga.
use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;
use time::OffsetDateTime;
use webx_vault::rusqlite::{Connection, OptionalExtension, Row, Transaction, params};

use crate::{
    Error, Plan, Result, SagaId, State,
    machine::{Millis, Progress},
};

pub(crate) const COMPONENT: &str = "sagas";
pub(crate) const STEPS: &[&str] = &["
    CREATE TABLE saga (
        n INTEGER PRIMARY KEY,
        id BLOB NOT NULL UNIQUE,
        kind TEXT NOT NULL,
        -- Two starts with one key are one saga.
        key TEXT NOT NULL,
        lane TEXT,
        subject TEXT NOT NULL,
        input TEXT NOT NULL,
        -- The names of its steps, in order, as they were when it began.
        steps TEXT NOT NULL,
        results TEXT NOT NULL,
        state TEXT NOT NULL,
        at INTEGER NOT NULL,
        begun INTEGER NOT NULL,
        attempt INTEGER NOT NULL,
        not_before INTEGER,
        reason TEXT,
        undo_wanted INTEGER NOT NULL,
        created INTEGER NOT NULL,
        updated INTEGER NOT NULL,
        UNIQUE (kind, key)
    ) STRICT;
    CREATE INDEX saga_by_state ON saga (state, n);
    CREATE TABLE saga_note (
        saga INTEGER NOT NULL REFERENCES saga (n) ON DELETE CASCADE,
        number INTEGER NOT NULL,
        at INTEGER NOT NULL,
        what TEXT NOT NULL,
        step TEXT,
        detail TEXT,
        PRIMARY KEY (saga, number)
    ) STRICT, WITHOUT ROWID;
"];

/// Notes kept of one saga.
const NOTES: i64 = 100;

/// Where one step of a saga stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum StepState {
    /// Not yet begun, or undone.
    Open,
    /// Being run or undone at this moment, or waiting to be tried again.
    Current,
    /// Done.
    Done,
}

/// One step, to be shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct StepView {
    /// Its name.
    pub name: String,
    /// Where it stands.
    pub state: StepState,
}

/// A saga, to be shown.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Saga {
    /// Its name for good.
    pub id: SagaId,
    /// What kind of saga it is.
    pub kind: String,
    /// What it is about, in words a person knows.
    pub subject: String,
    /// Where it stands.
    pub state: State,
    /// Its steps.
    pub steps: Vec<StepView>,
    /// Tries of the current step.
    pub attempt: u32,
    /// When the current step is tried again.
    #[serde(with = "time::serde::rfc3339::option")]
    pub next_at: Option<OffsetDateTime>,
    /// Why it failed, is undone, or waits.
    pub reason: Option<String>,
    /// How much of the current step is done, from 0 to 1, where the step tells.
    pub progress: Option<f64>,
    /// When it was started.
    #[serde(with = "time::serde::rfc3339")]
    pub created_at: OffsetDateTime,
    /// When something last changed.
    #[serde(with = "time::serde::rfc3339")]
    pub updated_at: OffsetDateTime,
    /// Whether trying again makes sense.
    pub can_retry: bool,
    /// Whether it can be undone.
    pub can_undo: bool,
    /// What it was started with.
    #[serde(skip)]
    pub input: Value,
    /// What its steps returned.
    #[serde(skip)]
    pub results: BTreeMap<String, Value>,
}

/// One line of what a saga did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Note {
    /// When.
    #[serde(with = "time::serde::rfc3339")]
    pub at: OffsetDateTime,
    /// What: `begun`, `done`, `undone`, `failed`, or a state it came to rest in.
    pub what: String,
    /// Of which step.
    pub step: Option<String>,
    /// Why.
    pub detail: Option<String>,
}

/// A saga as it is written down.
#[derive(Debug, Clone)]
pub(crate) struct Record {
    pub(crate) n: i64,
    pub(crate) id: SagaId,
    pub(crate) kind: String,
    pub(crate) lane: Option<String>,
    pub(crate) subject: String,
    pub(crate) input: Value,
    pub(crate) steps: Vec<String>,
    pub(crate) results: BTreeMap<String, Value>,
    pub(crate) progress: Progress,
    pub(crate) created: Millis,
    pub(crate) updated: Millis,
}

const COLUMNS: &str = "n, id, kind, lane, subject, input, steps, results, state, at, begun, attempt, not_before, reason, \
                       undo_wanted, created, updated";

impl Record {
    fn read(row: &Row<'_>) -> webx_vault::rusqlite::Result<Result<Record>> {
        let id = SagaId::from_bytes(row.get(1)?);
        let (input, steps, results, state): (String, String, String, String) =
            (row.get(5)?, row.get(6)?, row.get(7)?, row.get(8)?);
        let broken = |what: &dyn std::fmt::Display| Error::Broken(id, what.to_string());
        let parsed = (|| {
            Ok((
                serde_json::from_str(&input).map_err(|e| broken(&e))?,
                serde_json::from_str(&steps).map_err(|e| broken(&e))?,
                serde_json::from_str(&results).map_err(|e| broken(&e))?,
                State::from_name(&state).ok_or_else(|| broken(&"its state is unknown"))?,
            ))
        })();
        let (input, steps, results, state) = match parsed {
            Ok(parsed) => parsed,
            Err(error) => return Ok(Err(error)),
        };
        Ok(Ok(Record {
            n: row.get(0)?,
            id,
            kind: row.get(2)?,
            lane: row.get(3)?,
            subject: row.get(4)?,
            input,
            steps,
            results,
            progress: Progress {
                state,
                at: usize::try_from(row.get::<_, i64>(9)?).unwrap_or(0),
                begun: row.get(10)?,
                attempt: row.get(11)?,
                not_before: row.get(12)?,
                reason: row.get(13)?,
                undo_wanted: row.get(14)?,
            },
            created: row.get(15)?,
            updated: row.get(16)?,
        }))
    }

    pub(crate) fn by_id(conn: &Connection, id: SagaId) -> Result<Record> {
        conn.prepare_cached(&format!("SELECT {COLUMNS} FROM saga WHERE id = ?1"))?
            .query_row([id.as_bytes()], Record::read)
            .optional()?
            .ok_or(Error::NotFound(id))?
    }

    /// The newest first.
    pub(crate) fn list(conn: &Connection, state: Option<State>, limit: u32) -> Result<Vec<Record>> {
        let filter = if state.is_some() {
            "state = ?1"
        } else {
            "?1 IS NULL"
        };
        let sql = format!("SELECT {COLUMNS} FROM saga WHERE {filter} ORDER BY n DESC LIMIT ?2");
        let mut statement = conn.prepare_cached(&sql)?;
        let rows = statement.query_map(params![state.map(State::name), limit], Record::read)?;
        let mut all = Vec::new();
        for row in rows {
            all.push(row??);
        }
        Ok(all)
    }

    /// Those the engine works on, the oldest first.
    pub(crate) fn active(conn: &Connection) -> Result<Vec<(SagaId, Option<Millis>)>> {
        let mut statement = conn.prepare_cached(
            "SELECT id, not_before FROM saga WHERE state IN ('running', 'undoing') ORDER BY n",
        )?;
        let rows =
            statement.query_map([], |row| Ok((SagaId::from_bytes(row.get(0)?), row.get(1)?)))?;
        Ok(rows.collect::<webx_vault::rusqlite::Result<_>>()?)
    }

    pub(crate) fn insert(tx: &Transaction<'_>, record: &mut Record, key: &str) -> Result<()> {
        tx.prepare_cached(
            "INSERT INTO saga (id, kind, key, lane, subject, input, steps, results, state, at, begun, attempt, not_before, \
             reason, undo_wanted, created, updated) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, '{}', 'running', 0, 0, 0, NULL, NULL, 0, ?8, ?8)",
        )?
        .execute(params![
            record.id.as_bytes(),
            record.kind,
            key,
            record.lane,
            record.subject,
            record.input.to_string(),
            Value::from(record.steps.clone()).to_string(),
            record.created,
        ])?;
        record.n = tx.last_insert_rowid();
        Ok(())
    }

    /// Writes down where it stands.
    pub(crate) fn store(&mut self, tx: &Transaction<'_>, now: Millis) -> Result<()> {
        self.updated = now.max(self.created);
        let results = serde_json::to_string(&self.results).unwrap_or_else(|_| "{}".into());
        let p = &self.progress;
        tx.prepare_cached(
            "UPDATE saga SET results = ?2, state = ?3, at = ?4, begun = ?5, attempt = ?6, not_before = ?7, reason = ?8, \
             undo_wanted = ?9, updated = ?10 WHERE n = ?1",
        )?
        .execute(params![
            self.n,
            results,
            p.state.name(),
            p.at as i64,
            p.begun,
            p.attempt,
            p.not_before,
            p.reason,
            p.undo_wanted,
            self.updated,
        ])?;
        Ok(())
    }

    /// Adds a line to what it did; only the last hundred are kept.
    pub(crate) fn note(
        &self,
        tx: &Transaction<'_>,
        now: Millis,
        what: &str,
        step: Option<&str>,
        detail: Option<&str>,
    ) -> Result<()> {
        tx.prepare_cached(
            "INSERT INTO saga_note VALUES (?1, 1 + coalesce((SELECT max(number) FROM saga_note WHERE saga = ?1), 0), \
             ?2, ?3, ?4, ?5)",
        )?
        .execute(params![self.n, now, what, step, detail])?;
        tx.prepare_cached(
            "DELETE FROM saga_note WHERE saga = ?1 AND \
             number <= (SELECT max(number) FROM saga_note WHERE saga = ?1) - ?2",
        )?
        .execute([self.n, NOTES])?;
        Ok(())
    }

    pub(crate) fn notes(conn: &Connection, id: SagaId) -> Result<Vec<Note>> {
        let n = Record::by_id(conn, id)?.n;
        let mut statement = conn.prepare_cached(
            "SELECT at, what, step, detail FROM saga_note WHERE saga = ?1 ORDER BY number",
        )?;
        let rows = statement.query_map([n], |row| {
            Ok(Note {
                at: time_of(row.get(0)?),
                what: row.get(1)?,
                step: row.get(2)?,
                detail: row.get(3)?,
            })
        })?;
        Ok(rows.collect::<webx_vault::rusqlite::Result<_>>()?)
    }

    /// What is shown of it. `plan`: the steps as the program knows them now, when it does.
    pub(crate) fn view(&self, plan: Option<&Plan>, progress: Option<f64>) -> Saga {
        let p = &self.progress;
        let current = match p.state {
            State::Running | State::Failed => Some(p.at),
            State::Undoing | State::Stuck => p.at.checked_sub(1),
            State::Done | State::Undone => None,
        };
        let done = if p.state == State::Done {
            self.steps.len()
        } else {
            p.at
        };
        let steps = self.steps.iter().enumerate().map(|(n, name)| StepView {
            name: name.clone(),
            state: match n {
                n if current == Some(n) => StepState::Current,
                n if n < done && p.state != State::Undone => StepState::Done,
                _ => StepState::Open,
            },
        });
        Saga {
            id: self.id,
            kind: self.kind.clone(),
            subject: self.subject.clone(),
            state: p.state,
            steps: steps.collect(),
            attempt: p.attempt,
            next_at: p.not_before.map(time_of),
            reason: p.reason.clone(),
            progress,
            created_at: time_of(self.created),
            updated_at: time_of(self.updated),
            can_retry: plan.is_some() && p.can_retry(),
            can_undo: plan.is_some_and(|plan| p.can_undo(plan)),
            input: self.input.clone(),
            results: self.results.clone(),
        }
    }
}

/// Forgets the oldest of those that are over, but `keep`, and of those that wait for somebody, but as many.
pub(crate) fn forget_old(tx: &Transaction<'_>, keep: u32) -> Result<()> {
    for states in ["('done', 'undone')", "('failed', 'stuck')"] {
        tx.prepare_cached(&format!(
            "DELETE FROM saga WHERE n IN (SELECT n FROM saga WHERE state IN {states} ORDER BY n DESC LIMIT -1 OFFSET ?1)"
        ))?
        .execute([keep])?;
    }
    Ok(())
}

pub(crate) fn time_of(millis: Millis) -> OffsetDateTime {
    OffsetDateTime::from_unix_timestamp_nanos(i128::from(millis) * 1_000_000)
        .unwrap_or(OffsetDateTime::UNIX_EPOCH)
}

pub(crate) fn millis(time: OffsetDateTime) -> Millis {
    Millis::try_from(time.unix_timestamp_nanos() / 1_000_000).unwrap_or(0)
}
