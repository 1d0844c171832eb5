//! What a kind of saga does.
use std::{
    collections::BTreeMap,
    sync::atomic::{AtomicBool, Ordering},
    time::{Duration, Instant},
};

use serde_json::Value;

use crate::{Plan, SagaId, machine::Outcome};

/// What a kind of saga does. Steps may be run again after a crash, and undone though they never ran: they are written so
/// that this changes nothing.
pub trait Definition: Send + Sync {
    /// The steps for this input. The same input always gives the same steps.
    fn plan(&self, input: &Value) -> Plan;

    /// Does a step. The value it returns is kept for later steps ([`Context::result`]), at most 64 KiB of JSON.
    ///
    /// # Errors
    /// [`StepError::again`] when it may succeed later, [`StepError::never`] when not.
    fn run(&self, step: &str, context: &Context<'_>) -> Result<Value, StepError>;

    /// Undoes a step: what it did, what it did half, or nothing when it did nothing.
    ///
    /// # Errors
    /// As [`Definition::run`]; an error for good leaves the saga stuck until somebody retries.
    fn undo(&self, step: &str, context: &Context<'_>) -> Result<(), StepError>;

    /// The saga came to rest, or will be told so again after a crash in between. Nothing depends on it.
    fn rested(&self, saga: &crate::Saga) {
        let _ = saga;
    }
}

/// Why a step failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct StepError {
    reason: String,
    again: bool,
}

impl StepError {
    /// A failure that may pass.
    #[must_use]
    pub fn again(reason: impl Into<String>) -> StepError {
        StepError {
            reason: reason.into(),
            again: true,
        }
    }

    /// A failure for good.
    #[must_use]
    pub fn never(reason: impl Into<String>) -> StepError {
        StepError {
            reason: reason.into(),
            again: false,
        }
    }

    pub(crate) fn outcome(self) -> Outcome {
        // A reason is one sentence for a person; a whole page of it helps nobody.
        let reason = match self.reason.trim() {
            "" => "no reason was given".to_owned(),
            reason => reason.chars().take(500).collect(),
        };
        if self.again {
            Outcome::Again(reason)
        } else {
            Outcome::Never(reason)
        }
    }
}

/// What a step knows while it runs.
pub struct Context<'a> {
    pub(crate) saga: SagaId,
    pub(crate) step: &'a str,
    pub(crate) attempt: u32,
    pub(crate) input: &'a Value,
    pub(crate) results: &'a BTreeMap<String, Value>,
    pub(crate) deadline: Instant,
    pub(crate) stop: &'a AtomicBool,
    pub(crate) progress: &'a (dyn Fn(f64) + Sync),
}

impl Context<'_> {
    /// The saga.
    #[must_use]
    pub fn saga(&self) -> SagaId {
        self.saga
    }

    /// Which try this is, from 1.
    #[must_use]
    pub fn attempt(&self) -> u32 {
        self.attempt
    }

    /// `<saga>/<step>`: the same at every try, for services that recognise what they have done already.
    #[must_use]
    pub fn key(&self) -> String {
        format!("{}/{}", self.saga, self.step)
    }

    /// What the saga was started with.
    #[must_use]
    pub fn input(&self) -> &Value {
        self.input
    }

    /// What an earlier step returned.
    #[must_use]
    pub fn result(&self, step: &str) -> Option<&Value> {
        self.results.get(step)
    }

    /// Time left of this try.
    #[must_use]
    pub fn left(&self) -> Duration {
        self.deadline.saturating_duration_since(Instant::now())
    }

    /// True when the step shall end at once, with any error: its time is over, the saga shall be undone, or the program
    /// ends. Long steps ask often.
    #[must_use]
    pub fn is_stopped(&self) -> bool {
        self.stop.load(Ordering::Relaxed) || self.left().is_zero()
    }

    /// Tells how much of the step is done, from 0 to 1.
    pub fn progress(&self, done: f64) {
        (self.progress)(done.clamp(0.0, 1.0));
    }
}
