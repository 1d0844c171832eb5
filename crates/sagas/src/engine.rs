//! The engine: reads the journal, asks the machine, runs steps, writes down what came of them.
use std::{
    collections::{BTreeMap, HashMap},
    sync::{
        Arc, Weak,
        atomic::{AtomicBool, Ordering},
    },
    thread::JoinHandle,
    time::Duration,
};

use parking_lot::{Condvar, Mutex, RwLock};
use serde_json::Value;
use time::OffsetDateTime;
use tokio::sync::broadcast;
use webx_vault::{Db, rusqlite::OptionalExtension};

use crate::{
    Definition, Error, Note, Plan, Result, Saga, SagaId, State,
    journal::{self, Record, forget_old, millis},
    machine::Millis,
};

mod work;

/// Sagas at work at the same time.
const WORKERS: usize = 4;
/// Sagas that are not over at most.
const MAX_OPEN: u64 = 500;
/// Bytes of an input at most.
const MAX_INPUT: usize = 256 * 1024;
/// Sagas a subscriber may be behind.
const CHANNEL: usize = 256;

/// A place in the life of a saga, for tests that end the process there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moment<'a> {
    /// It is written down that the saga exists.
    Started,
    /// It is written down that this step begins.
    Begun(&'a str),
    /// The step returned; nothing is written down of it.
    Ran(&'a str),
    /// It is written down what came of the step.
    Written(&'a str),
}

/// Is told each [`Moment`].
pub type Watch = Arc<dyn Fn(Moment<'_>) + Send + Sync>;

/// How an engine behaves. [`Default`] is what the product uses.
pub struct Options {
    /// The clock of the journal.
    pub clock: Arc<dyn Fn() -> OffsetDateTime + Send + Sync>,
    /// Random numbers from 0 to 1, for pauses.
    pub jitter: Box<dyn FnMut() -> f64 + Send>,
    /// Sagas that are over and kept, and as many that wait for somebody.
    pub keep: u32,
    /// Whether sagas run by themselves. Without it, [`Sagas::settle`] runs those that are due.
    pub background: bool,
    /// Is told each [`Moment`].
    pub watch: Option<Watch>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            clock: Arc::new(OffsetDateTime::now_utc),
            jitter: Box::new(|| {
                let mut bytes = [0; 4];
                // Without randomness all pauses are of full length.
                getrandom::fill(&mut bytes).map_or(1.0, |()| {
                    f64::from(u32::from_le_bytes(bytes)) / f64::from(u32::MAX)
                })
            }),
            keep: 1000,
            background: true,
            watch: None,
        }
    }
}

/// A saga to be started.
#[derive(Debug, Clone, PartialEq)]
pub struct NewSaga {
    /// What kind of saga it is.
    pub kind: String,
    /// What it is about, in words a person knows; cut at 200 characters.
    pub subject: String,
    /// What its steps need, at most 256 KiB of JSON. No secrets beyond what the vault may hold.
    pub input: Value,
    /// Two starts of one kind with one key are one saga.
    pub key: Option<String>,
    /// What it works on: of two sagas in one lane, the second is refused until the first is over.
    pub lane: Option<String>,
}

impl NewSaga {
    /// A saga without key and lane.
    #[must_use]
    pub fn new(kind: &str, subject: &str, input: Value) -> NewSaga {
        NewSaga {
            kind: kind.into(),
            subject: subject.into(),
            input,
            key: None,
            lane: None,
        }
    }
}

/// The engine of a vault. Clones share it; [`Sagas::close`] ends its threads.
#[derive(Clone)]
pub struct Sagas(Arc<Inner>);

struct Inner {
    db: Db,
    clock: Arc<dyn Fn() -> OffsetDateTime + Send + Sync>,
    jitter: Mutex<Box<dyn FnMut() -> f64 + Send>>,
    keep: u32,
    background: bool,
    watch: Option<Watch>,
    definitions: RwLock<HashMap<String, Arc<dyn Definition>>>,
    live: broadcast::Sender<Saga>,
    queue: Arc<Queue>,
}

/// What waits and what runs. Outlives the engine in its threads.
#[derive(Default)]
struct Queue {
    work: Mutex<Work>,
    changed: Condvar,
}

#[derive(Default)]
struct Work {
    closed: bool,
    /// What is to be looked at, not before a time.
    due: BTreeMap<SagaId, Millis>,
    busy: HashMap<SagaId, Busy>,
    dispatcher: Option<JoinHandle<()>>,
    workers: Vec<JoinHandle<()>>,
}

struct Busy {
    stop: Arc<AtomicBool>,
    progress: Option<f64>,
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.queue.close();
    }
}

impl Queue {
    fn close(&self) {
        let mut work = self.work.lock();
        work.closed = true;
        for busy in work.busy.values() {
            busy.stop.store(true, Ordering::Relaxed);
        }
        self.changed.notify_all();
    }
}

impl Sagas {
    /// Opens the journal in `db`, creating its tables. Nothing runs before [`Sagas::resume`].
    ///
    /// # Errors
    /// [`Error::Vault`].
    pub fn open(db: Db, options: Options) -> Result<Sagas> {
        db.migrate(journal::COMPONENT, journal::STEPS)?;
        Ok(Sagas(Arc::new(Inner {
            db,
            clock: options.clock,
            jitter: Mutex::new(options.jitter),
            keep: options.keep.max(1),
            background: options.background,
            watch: options.watch,
            definitions: RwLock::default(),
            live: broadcast::Sender::new(CHANNEL),
            queue: Arc::default(),
        })))
    }

    /// Says what sagas of a kind do. Before [`Sagas::resume`].
    pub fn register(&self, kind: &str, definition: Arc<dyn Definition>) {
        self.0
            .definitions
            .write()
            .insert(kind.to_owned(), definition);
    }

    /// Goes on with everything that is not over.
    ///
    /// # Errors
    /// [`Error::Vault`].
    pub fn resume(&self) -> Result<()> {
        let active = self.0.read(Record::active)?;
        let mut work = self.0.queue.work.lock();
        for (id, not_before) in active {
            work.due.entry(id).or_insert(not_before.unwrap_or(0));
        }
        if self.0.background && work.dispatcher.is_none() && !work.closed {
            let (queue, inner) = (Arc::clone(&self.0.queue), Arc::downgrade(&self.0));
            let thread = std::thread::Builder::new().name("webx-sagas".into());
            work.dispatcher = Some(thread.spawn(move || dispatch(&queue, &inner)).map_err(
                |_| Error::Vault(webx_vault::Error::Crypto("no thread from the system")),
            )?);
        }
        self.0.queue.changed.notify_all();
        Ok(())
    }

    /// Starts a saga; it is on the disk when this returns, and its steps follow by themselves.
    ///
    /// # Errors
    /// [`Error::Busy`] when another saga in its lane is not over; [`Error::UnknownKind`]; [`Error::TooLarge`];
    /// [`Error::TooMany`]; [`Error::Closed`]; [`Error::Vault`].
    pub fn start(&self, new: NewSaga) -> Result<SagaId> {
        if self.0.queue.work.lock().closed {
            return Err(Error::Closed);
        }
        let definition = self
            .0
            .definition(&new.kind)
            .ok_or_else(|| Error::UnknownKind(new.kind.clone()))?;
        let len = new.input.to_string().len();
        if len > MAX_INPUT {
            return Err(Error::TooLarge {
                what: "the input of an operation",
                len,
                max: MAX_INPUT,
            });
        }
        let plan = definition.plan(&new.input);
        let now = self.0.now();
        let mut random = [0; 10];
        getrandom::fill(&mut random)
            .map_err(|_| webx_vault::Error::Crypto("no randomness from the system"))?;
        let id = SagaId::new(u64::try_from(now).unwrap_or(0), random);
        let key = new.key.unwrap_or_else(|| id.to_string());
        let mut record = Record {
            n: 0,
            id,
            kind: new.kind,
            lane: new.lane,
            subject: new.subject.chars().take(200).collect(),
            input: new.input,
            steps: plan.steps.iter().map(|step| step.name.clone()).collect(),
            results: BTreeMap::new(),
            progress: crate::machine::Progress::default(),
            created: now,
            updated: now,
        };
        let known = self.0.db.write(|tx| {
            let known: Option<[u8; 16]> = tx
                .prepare_cached("SELECT id FROM saga WHERE kind = ?1 AND key = ?2")?
                .query_row([&record.kind, &key], |row| row.get(0))
                .optional()?;
            if let Some(known) = known {
                return Ok(Some(SagaId::from_bytes(known)));
            }
            if let Some(lane) = &record.lane {
                refuse_busy(tx, lane)?;
            }
            let open: u64 = tx
                .prepare_cached("SELECT count(*) FROM saga WHERE state IN ('running', 'undoing')")?
                .query_row([], |row| row.get::<_, i64>(0))?
                .unsigned_abs();
            if open >= MAX_OPEN {
                return Err(Error::TooMany(open));
            }
            Record::insert(tx, &mut record, &key)?;
            record.note(tx, now, "started", None, None)?;
            forget_old(tx, self.0.keep)?;
            Ok::<_, Error>(None)
        })?;
        if let Some(known) = known {
            return Ok(known);
        }
        self.0.told(Moment::Started);
        self.0.publish(record.view(Some(&plan), None));
        self.0.look_at(id, 0);
        Ok(id)
    }

    /// A saga.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Vault`].
    pub fn get(&self, id: SagaId) -> Result<Saga> {
        Ok(self.0.view(&self.0.read(|conn| Record::by_id(conn, id))?))
    }

    /// Sagas, the newest first, at most a thousand; only those in `state` when it is given.
    ///
    /// # Errors
    /// [`Error::Vault`].
    pub fn list(&self, state: Option<State>) -> Result<Vec<Saga>> {
        let records = self.0.read(|conn| Record::list(conn, state, 1000))?;
        Ok(records.iter().map(|record| self.0.view(record)).collect())
    }

    /// What a saga did, the last hundred lines.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Vault`].
    pub fn history(&self, id: SagaId) -> Result<Vec<Note>> {
        self.0.read(|conn| Record::notes(conn, id))
    }

    /// Tries the current step again, now: of a failed or stuck saga, or of one that waits.
    ///
    /// # Errors
    /// [`Error::NotNow`], [`Error::NotFound`], [`Error::Vault`].
    pub fn retry(&self, id: SagaId) -> Result<Saga> {
        self.ask(id, "retried", |progress, _, _| progress.retry())
    }

    /// Undoes a saga: what it did so far, or all of it when its kind allows that afterwards. A step that is under way is
    /// asked to stop.
    ///
    /// # Errors
    /// [`Error::NotNow`], [`Error::NotFound`], [`Error::Vault`].
    pub fn undo(&self, id: SagaId) -> Result<Saga> {
        self.ask(id, "undone", crate::machine::Progress::undo)
    }

    fn ask(
        &self,
        id: SagaId,
        what: &'static str,
        request: impl FnOnce(
            &mut crate::machine::Progress,
            &Plan,
            bool,
        ) -> Result<(), crate::machine::NotNow>,
    ) -> Result<Saga> {
        let now = self.0.now();
        // Held over the write, so that no step begins or ends in between.
        let work = self.0.queue.work.lock();
        if work.closed {
            return Err(Error::Closed);
        }
        let busy = work.busy.contains_key(&id);
        let record = self.0.db.write(|tx| {
            let mut record = Record::by_id(tx, id)?;
            let plan = self.0.plan(&record).unwrap_or_default();
            let state = record.progress.state;
            request(&mut record.progress, &plan, busy)
                .map_err(|_| Error::NotNow { state, what })?;
            record.store(tx, now)?;
            record.note(tx, now, "asked", None, Some(what))?;
            Ok::<_, Error>(record)
        })?;
        if let Some(busy) = work.busy.get(&id).filter(|_| record.progress.undo_wanted) {
            busy.stop.store(true, Ordering::Relaxed);
        }
        drop(work);
        let view = self.0.view(&record);
        self.0.publish(view.clone());
        self.0.look_at(id, 0);
        Ok(view)
    }

    /// Waits until a saga rests: done, undone, failed or stuck.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Vault`], [`Error::Closed`].
    pub fn wait(&self, id: SagaId) -> Result<Saga> {
        loop {
            {
                let mut work = self.0.queue.work.lock();
                while work.busy.contains_key(&id) && !work.closed {
                    self.0.queue.changed.wait(&mut work);
                }
                if work.closed {
                    return Err(Error::Closed);
                }
            }
            let saga = self.get(id)?;
            if !saga.state.is_active() {
                return Ok(saga);
            }
            if !self.0.background {
                self.settle()?;
                continue;
            }
            let mut work = self.0.queue.work.lock();
            self.0
                .queue
                .changed
                .wait_for(&mut work, Duration::from_millis(100));
        }
    }

    /// Runs, on this thread, whatever is due; for an engine without background work. Returns when the next thing is due.
    ///
    /// # Errors
    /// [`Error::Vault`].
    pub fn settle(&self) -> Result<Option<OffsetDateTime>> {
        loop {
            let now = self.0.now();
            let next = {
                let mut work = self.0.queue.work.lock();
                match work.take_due(now) {
                    Some(id) => Ok(id),
                    None => Err(work.due.values().min().copied()),
                }
            };
            match next {
                Ok(id) => self.0.work_on(id),
                Err(next) => return Ok(next.map(journal::time_of)),
            }
        }
    }

    /// Every change of a saga from now on.
    #[must_use]
    pub fn subscribe(&self) -> broadcast::Receiver<Saga> {
        self.0.live.subscribe()
    }

    /// Asks running steps to stop and waits for them. What is not over goes on at the next [`Sagas::resume`].
    pub fn close(&self) {
        self.0.queue.close();
        let (dispatcher, workers) = {
            let mut work = self.0.queue.work.lock();
            (work.dispatcher.take(), std::mem::take(&mut work.workers))
        };
        let me = std::thread::current().id();
        for thread in dispatcher.into_iter().chain(workers) {
            if thread.thread().id() != me {
                let _ = thread.join();
            }
        }
    }
}

fn refuse_busy(tx: &webx_vault::rusqlite::Transaction<'_>, lane: &str) -> Result<()> {
    let other: Option<([u8; 16], String, String)> = tx
        .prepare_cached(
            "SELECT id, subject, state FROM saga WHERE lane = ?1 AND state IN ('running', 'undoing', 'failed', 'stuck') LIMIT 1",
        )?
        .query_row([lane], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
        .optional()?;
    match other {
        None => Ok(()),
        Some((id, subject, state)) => Err(Error::Busy {
            saga: SagaId::from_bytes(id),
            subject,
            state: State::from_name(&state).unwrap_or(State::Running),
        }),
    }
}

impl Work {
    /// Takes what is due and not under way, and marks it as under way.
    fn take_due(&mut self, now: Millis) -> Option<SagaId> {
        if self.closed || self.busy.len() >= WORKERS {
            return None;
        }
        let id = *self
            .due
            .iter()
            .find(|(id, at)| **at <= now && !self.busy.contains_key(id))?
            .0;
        self.due.remove(&id);
        let busy = Busy {
            stop: Arc::default(),
            progress: None,
        };
        self.busy.insert(id, busy);
        Some(id)
    }
}

/// Gives what is due to workers, until the engine is closed or gone.
fn dispatch(queue: &Arc<Queue>, inner: &Weak<Inner>) {
    loop {
        let Some(engine) = inner.upgrade() else {
            return;
        };
        let now = engine.now();
        let mut work = queue.work.lock();
        if work.closed {
            return;
        }
        work.workers.retain(|worker| !worker.is_finished());
        if let Some(id) = work.take_due(now) {
            let mine = Arc::clone(&engine);
            let thread = std::thread::Builder::new().name("webx-saga".into());
            match thread.spawn(move || mine.work_on(id)) {
                Ok(worker) => work.workers.push(worker),
                Err(error) => {
                    tracing::error!(%error, "no thread for an operation; trying again");
                    work.busy.remove(&id);
                    work.due.insert(id, now.saturating_add(1000));
                }
            }
            continue;
        }
        let wait = work
            .due
            .iter()
            .filter(|(id, _)| !work.busy.contains_key(id))
            .map(|(_, at)| at.saturating_sub(now).max(1))
            .min()
            .map_or(Duration::from_secs(60), |wait| {
                Duration::from_millis(wait.unsigned_abs())
            });
        // Not held while it sleeps, so that dropping the last handle ends this.
        drop(engine);
        queue
            .changed
            .wait_for(&mut work, wait.min(Duration::from_secs(60)));
    }
}

impl Inner {
    fn now(&self) -> Millis {
        millis((self.clock)())
    }

    fn read<T>(&self, f: impl FnOnce(&webx_vault::rusqlite::Connection) -> Result<T>) -> Result<T> {
        self.db.read(f)
    }

    fn definition(&self, kind: &str) -> Option<Arc<dyn Definition>> {
        self.definitions.read().get(kind).cloned()
    }

    /// The steps of a saga as the program knows them; `None` when it was begun with others.
    fn plan(&self, record: &Record) -> Option<Plan> {
        let plan = self.definition(&record.kind)?.plan(&record.input);
        let same = plan.steps.iter().map(|step| &step.name).eq(&record.steps);
        same.then_some(plan)
    }

    fn view(&self, record: &Record) -> Saga {
        let progress = self
            .queue
            .work
            .lock()
            .busy
            .get(&record.id)
            .and_then(|busy| busy.progress);
        record.view(self.plan(record).as_ref(), progress)
    }

    fn publish(&self, saga: Saga) {
        // Fails only when nobody listens.
        let _ = self.live.send(saga);
    }

    fn told(&self, moment: Moment<'_>) {
        if let Some(watch) = &self.watch {
            watch(moment);
        }
    }

    fn look_at(&self, id: SagaId, not_before: Millis) {
        self.queue.work.lock().due.insert(id, not_before);
        self.queue.changed.notify_all();
    }
}

#[cfg(test)]
mod tests;
