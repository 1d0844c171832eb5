//! One saga at work.
use std::{
    panic::AssertUnwindSafe,
    sync::{Arc, atomic::AtomicBool, atomic::Ordering},
    time::{Duration, Instant},
};

use parking_lot::Mutex;
use serde_json::Value;

use super::{Inner, Moment};
use crate::{
    Context, Definition, Error, Plan, Result, SagaId, State, StepError,
    journal::Record,
    machine::{Move, Outcome},
};

/// Bytes of a step's result at most.
const MAX_RESULT: usize = 64 * 1024;
/// Progress is told this often at most.
const TELL_EVERY: Duration = Duration::from_millis(100);
/// When the journal cannot be written, the engine looks again after this many milliseconds.
const LATER: i64 = 5_000;

impl Inner {
    /// Works on a saga that is marked as under way, until it rests or waits.
    pub(super) fn work_on(self: &Arc<Self>, id: SagaId) {
        let stop = self
            .queue
            .work
            .lock()
            .busy
            .get(&id)
            .map(|busy| Arc::clone(&busy.stop))
            .unwrap_or_default();
        let next = match self.steps(id, &stop) {
            Ok(next) => next,
            Err(Error::Vault(webx_vault::Error::Locked) | Error::Closed | Error::NotFound(_)) => {
                None
            }
            Err(error) => {
                tracing::error!(saga = %id, %error, "the journal of an operation cannot be written; trying again");
                Some(self.now().saturating_add(LATER))
            }
        };
        let mut work = self.queue.work.lock();
        work.busy.remove(&id);
        if let Some(at) = next {
            // Somebody may have asked meanwhile.
            work.due.entry(id).or_insert(at);
        }
        self.queue.changed.notify_all();
    }

    /// Step after step. Returns when to go on.
    fn steps(&self, id: SagaId, stop: &Arc<AtomicBool>) -> Result<Option<i64>> {
        loop {
            if self.queue.work.lock().closed {
                return Ok(None);
            }
            let record = self.read(|conn| Record::by_id(conn, id))?;
            let Some(definition) = self.definition(&record.kind) else {
                tracing::warn!(
                    kind = record.kind,
                    "nobody knows this kind of operation; it waits"
                );
                return Ok(None);
            };
            let Some(plan) = self.plan(&record) else {
                self.give_up(id)?;
                return Ok(None);
            };
            let (record, step) = match self.begin(id, &plan)? {
                (record, Move::Run(step) | Move::Undo(step)) => (record, step),
                (_, Move::Wait(until)) => return Ok(Some(until)),
                (record, Move::Rest) => {
                    if !record.progress.state.is_active() {
                        definition.rested(&record.view(Some(&plan), None));
                    }
                    return Ok(None);
                }
            };
            let Some(name) = plan.steps.get(step).map(|step| step.name.as_str()) else {
                return Ok(None);
            };
            self.told(Moment::Begun(name));
            self.publish(record.view(Some(&plan), None));
            let result = self.run(&*definition, &record, &plan, step, stop);
            self.told(Moment::Ran(name));
            let closed = self.queue.work.lock().closed;
            self.end(id, &plan, name, result, closed)?;
            self.told(Moment::Written(name));
            stop.store(closed, Ordering::Relaxed);
        }
    }

    /// Writes down that the next step begins.
    fn begin(&self, id: SagaId, plan: &Plan) -> Result<(Record, Move)> {
        let now = self.now();
        let (record, next, rested) = self.db.write(|tx| {
            let mut record = Record::by_id(tx, id)?;
            let before = record.progress.clone();
            record.progress.settle(plan);
            let next = record.progress.next(now);
            if let Move::Run(step) | Move::Undo(step) = next {
                record.progress.begin();
                let what = if record.progress.state == State::Undoing {
                    "undoing"
                } else {
                    "begun"
                };
                let name = plan.steps.get(step).map(|step| step.name.as_str());
                record.note(tx, now, what, name, None)?;
            }
            let rested = before.state.is_active() && !record.progress.state.is_active();
            if rested {
                let p = &record.progress;
                record.note(tx, now, p.state.name(), None, p.reason.as_deref())?;
            }
            if record.progress != before {
                record.store(tx, now)?;
            }
            Ok::<_, Error>((record, next, rested))
        })?;
        if rested {
            self.publish(record.view(Some(plan), None));
        }
        Ok((record, next))
    }

    fn run(
        &self,
        definition: &dyn Definition,
        record: &Record,
        plan: &Plan,
        step: usize,
        stop: &Arc<AtomicBool>,
    ) -> Result<Value, StepError> {
        let Some(step) = plan.steps.get(step) else {
            return Err(StepError::never("there is no such step"));
        };
        let last = Mutex::new(None::<Instant>);
        let tell = |done: f64| {
            let mut last = last.lock();
            if last.is_some_and(|at| at.elapsed() < TELL_EVERY) && done < 1.0 {
                return;
            }
            *last = Some(Instant::now());
            if let Some(busy) = self.queue.work.lock().busy.get_mut(&record.id) {
                busy.progress = Some(done);
            }
            self.publish(record.view(Some(plan), Some(done)));
        };
        let deadline = Instant::now()
            .checked_add(step.timeout)
            .unwrap_or_else(Instant::now);
        let context = Context {
            saga: record.id,
            step: &step.name,
            attempt: record.progress.attempt,
            input: &record.input,
            results: &record.results,
            deadline,
            stop,
            progress: &tell,
        };
        let undoing = record.progress.state == State::Undoing;
        let result = std::panic::catch_unwind(AssertUnwindSafe(|| {
            if undoing {
                definition.undo(&step.name, &context).map(|()| Value::Null)
            } else {
                definition.run(&step.name, &context)
            }
        }));
        if let Some(busy) = self.queue.work.lock().busy.get_mut(&record.id) {
            busy.progress = None;
        }
        let result = result
            .unwrap_or_else(|_| Err(StepError::never("the program made a mistake in this step")));
        match result {
            Err(_) if context.left().is_zero() && !stop.load(Ordering::Relaxed) => {
                Err(StepError::again(format!(
                    "it took longer than {} s",
                    step.timeout.as_secs_f32()
                )))
            }
            Ok(value) if value.to_string().len() > MAX_RESULT => {
                Err(StepError::never("its result is too large"))
            }
            result => result,
        }
    }

    /// Writes down what came of a step.
    fn end(
        &self,
        id: SagaId,
        plan: &Plan,
        name: &str,
        result: Result<Value, StepError>,
        closed: bool,
    ) -> Result<()> {
        let now = self.now();
        let jitter = (self.jitter.lock())();
        let record = self.db.write(|tx| {
            let mut record = Record::by_id(tx, id)?;
            if closed && result.is_err() {
                // It was asked to stop, which is not its failure.
                record.progress.call_off();
                record.store(tx, now)?;
                return Ok(record);
            }
            let undoing = record.progress.state == State::Undoing;
            let outcome = match result {
                Ok(value) => {
                    if undoing {
                        record.results.remove(name);
                    } else if !value.is_null() {
                        record.results.insert(name.to_owned(), value);
                    }
                    record.note(
                        tx,
                        now,
                        if undoing { "undone" } else { "done" },
                        Some(name),
                        None,
                    )?;
                    Outcome::Done
                }
                Err(error) => {
                    let outcome = error.outcome();
                    let (Outcome::Again(why) | Outcome::Never(why)) = &outcome else {
                        return Ok(record);
                    };
                    record.note(tx, now, "failed", Some(name), Some(why))?;
                    outcome
                }
            };
            record.progress.end(plan, outcome, now, jitter);
            if !record.progress.state.is_active() {
                let p = &record.progress;
                record.note(tx, now, p.state.name(), None, p.reason.as_deref())?;
            }
            record.store(tx, now)?;
            Ok::<_, Error>(record)
        })?;
        self.publish(record.view(Some(plan), None));
        Ok(())
    }

    /// The program was replaced by one whose steps differ: somebody must decide.
    fn give_up(&self, id: SagaId) -> Result<()> {
        let now = self.now();
        let record = self.db.write(|tx| {
            let mut record = Record::by_id(tx, id)?;
            let p = &mut record.progress;
            p.reason = Some(
                "it was begun by another version of the program, which does it in other steps"
                    .into(),
            );
            p.state = if p.state == State::Undoing {
                State::Stuck
            } else {
                State::Failed
            };
            record.store(tx, now)?;
            Ok::<_, Error>(record)
        })?;
        self.publish(record.view(None, None));
        Ok(())
    }
}
