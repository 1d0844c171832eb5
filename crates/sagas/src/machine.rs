//! The step machine: what a saga does next, from what was written down about it. No clock, no randomness, no storage.
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// Milliseconds since 1970.
pub(crate) type Millis = i64;

/// How often a step may be interrupted by the end of the process before that counts as its failure.
pub const MAX_INTERRUPTED: u32 = 20;

/// How a failing step is tried again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retry {
    /// Tries in all, at least 1.
    pub attempts: u32,
    /// Pause after the first failure; each further one is `factor` times as long.
    pub first: Duration,
    /// Growth of the pause.
    pub factor: u32,
    /// Longest pause.
    pub most: Duration,
}

impl Retry {
    /// One try.
    pub const NEVER: Retry = Retry {
        attempts: 1,
        first: Duration::ZERO,
        factor: 1,
        most: Duration::ZERO,
    };

    /// `attempts` tries, with pauses that begin at `first` and double up to a minute.
    #[must_use]
    pub const fn times(attempts: u32, first: Duration) -> Retry {
        Retry {
            attempts,
            first,
            factor: 2,
            most: Duration::from_secs(60),
        }
    }

    /// The pause after try number `attempt` (from 1) failed: between half and all of the full pause, as `jitter` (0 to
    /// 1) says, so that sagas that failed together do not come back together.
    #[must_use]
    pub fn pause(&self, attempt: u32, jitter: f64) -> Duration {
        let growth = f64::from(self.factor.max(1)).powi(attempt.saturating_sub(1).min(64) as i32);
        let full = (self.first.as_secs_f64() * growth).min(self.most.as_secs_f64());
        Duration::from_secs_f64(full * (0.5 + 0.5 * jitter.clamp(0.0, 1.0)))
    }
}

/// One step of a plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// Its name, the same in every version of the program: what is written down refers to it.
    pub name: String,
    /// How it is tried again.
    pub retry: Retry,
    /// How long one try may take. The step is asked to stop after it.
    pub timeout: Duration,
}

impl Step {
    /// A step of this name that is tried three times, half a minute each.
    #[must_use]
    pub fn new(name: impl Into<String>) -> Step {
        Step {
            name: name.into(),
            retry: Retry::times(3, Duration::from_millis(200)),
            timeout: Duration::from_secs(30),
        }
    }

    /// The same step with another time-out.
    #[must_use]
    pub fn within(mut self, timeout: Duration) -> Step {
        self.timeout = timeout;
        self
    }

    /// The same step, tried again as `retry` says.
    #[must_use]
    pub fn retried(mut self, retry: Retry) -> Step {
        self.retry = retry;
        self
    }
}

/// What happens when a step has failed for good.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OnFailure {
    /// Everything done so far is undone.
    #[default]
    Undo,
    /// The saga rests as [`State::Failed`] until somebody says retry or undo.
    Wait,
}

/// The steps of a saga, in order.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Plan {
    /// The steps.
    pub steps: Vec<Step>,
    /// See [`OnFailure`].
    pub on_failure: OnFailure,
    /// Whether a saga that is done can be undone.
    pub undo_when_done: bool,
    /// The first step after which there is no way back: once it has begun, nothing is undone any more, and a failure
    /// waits for somebody ([`State::Failed`]) whatever [`Plan::on_failure`] says.
    pub forward_from: Option<usize>,
}

/// Where a saga stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum State {
    /// Steps are done one after the other.
    Running,
    /// Every step is done.
    Done,
    /// A step failed for good; nothing is undone yet. Somebody decides.
    Failed,
    /// Steps are undone one after the other, the last one first.
    Undoing,
    /// Everything is undone.
    Undone,
    /// A step could not be undone; the reason says why. Retrying goes on.
    Stuck,
}

impl State {
    /// All states.
    pub const ALL: [State; 6] = [
        State::Running,
        State::Done,
        State::Failed,
        State::Undoing,
        State::Undone,
        State::Stuck,
    ];

    /// The name as it is written.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            State::Running => "running",
            State::Done => "done",
            State::Failed => "failed",
            State::Undoing => "undoing",
            State::Undone => "undone",
            State::Stuck => "stuck",
        }
    }

    /// The state of this name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<State> {
        State::ALL.into_iter().find(|state| state.name() == name)
    }

    /// Whether the engine works on it.
    #[must_use]
    pub fn is_active(self) -> bool {
        matches!(self, State::Running | State::Undoing)
    }

    /// Whether nothing is left to decide or to do.
    #[must_use]
    pub fn is_over(self) -> bool {
        matches!(self, State::Done | State::Undone)
    }
}

/// What one try of a step came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// It is done.
    Done,
    /// It failed and may succeed later.
    Again(String),
    /// It failed and trying again does not help.
    Never(String),
}

/// What is to be done next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Move {
    /// Run the step of this number.
    Run(usize),
    /// Undo the step of this number.
    Undo(usize),
    /// Nothing before this time.
    Wait(Millis),
    /// Nothing, until somebody asks.
    Rest,
}

/// Why a request does not fit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NotNow;

/// All that is written down about where a saga stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Progress {
    /// Where it stands.
    pub state: State,
    /// Running: the steps before this one are done. Undoing and stuck: the steps before this one are still to be undone.
    pub at: usize,
    /// Running: the step `at` was begun, so it may have had effects.
    pub begun: bool,
    /// Tries of the current step.
    pub attempt: u32,
    /// Nothing happens before this time.
    pub not_before: Option<Millis>,
    /// Why the last try failed, or why the saga is undone or stuck.
    pub reason: Option<String>,
    /// Somebody asked to undo it while a step was under way.
    pub undo_wanted: bool,
}

impl Default for Progress {
    fn default() -> Self {
        Self {
            state: State::Running,
            at: 0,
            begun: false,
            attempt: 0,
            not_before: None,
            reason: None,
            undo_wanted: false,
        }
    }
}

impl Progress {
    /// What is to be done at this moment.
    #[must_use]
    pub fn next(&self, now: Millis) -> Move {
        match (self.state, self.not_before) {
            (State::Running | State::Undoing, Some(until)) if until > now && !self.undo_wanted => {
                Move::Wait(until)
            }
            (State::Running, _) => Move::Run(self.at),
            (State::Undoing, _) => match self.at.checked_sub(1) {
                Some(step) => Move::Undo(step),
                None => Move::Rest,
            },
            _ => Move::Rest,
        }
    }

    /// Settles what needs no step: a request to undo, a plan without steps, a step interrupted too often. To be written
    /// down before [`Progress::next`] is asked.
    pub fn settle(&mut self, plan: &Plan) {
        if self.state == State::Running && self.undo_wanted && !self.is_forward(plan) {
            self.turn("it was undone on request");
        }
        let len = plan.steps.len();
        if self.state == State::Running && self.at >= len {
            self.rest(State::Done);
        }
        if self.state == State::Undoing && self.at == 0 {
            self.rest(State::Undone);
        }
        if self.state.is_active() && self.attempt >= self.patience(plan) {
            let times = self.attempt;
            self.fail(
                plan,
                format!("the program ended {times} times while it was at work on this"),
            );
        }
    }

    /// Whether there is no way back.
    fn is_forward(&self, plan: &Plan) -> bool {
        let begun = self.at + usize::from(self.begun);
        plan.forward_from.is_some_and(|first| begun > first)
    }

    fn patience(&self, plan: &Plan) -> u32 {
        let attempts = self.current(plan).map_or(1, |step| step.retry.attempts);
        attempts.saturating_add(MAX_INTERRUPTED)
    }

    /// The step that is run or undone now.
    #[must_use]
    pub fn current<'p>(&self, plan: &'p Plan) -> Option<&'p Step> {
        match self.state {
            State::Running | State::Failed => plan.steps.get(self.at),
            State::Undoing | State::Stuck => plan.steps.get(self.at.checked_sub(1)?),
            State::Done | State::Undone => None,
        }
    }

    /// A step begins; to be written down before it has any effect.
    pub fn begin(&mut self) {
        self.begun = self.state == State::Running;
        self.attempt = self.attempt.saturating_add(1);
        self.not_before = None;
    }

    /// The step that began was called off without a result, as at the end of the program.
    pub fn call_off(&mut self) {
        self.attempt = self.attempt.saturating_sub(1);
    }

    /// A step ended. `jitter` is a random number from 0 to 1.
    pub fn end(&mut self, plan: &Plan, outcome: Outcome, now: Millis, jitter: f64) {
        let retry = self.current(plan).map_or(Retry::NEVER, |step| step.retry);
        match outcome {
            Outcome::Done => {
                self.attempt = 0;
                self.not_before = None;
                if self.state == State::Running {
                    self.at += 1;
                    self.begun = false;
                    self.reason = None;
                } else {
                    self.at = self.at.saturating_sub(1);
                }
            }
            Outcome::Again(_) | Outcome::Never(_)
                if self.undo_wanted && self.state == State::Running && !self.is_forward(plan) => {}
            Outcome::Again(reason) if self.attempt < retry.attempts => {
                let pause = retry.pause(self.attempt, jitter).as_millis();
                self.not_before =
                    Some(now.saturating_add(Millis::try_from(pause).unwrap_or(Millis::MAX)));
                if self.state == State::Running {
                    self.reason = Some(reason);
                }
            }
            Outcome::Again(reason) | Outcome::Never(reason) => self.fail(plan, reason),
        }
        self.settle(plan);
    }

    fn fail(&mut self, plan: &Plan, reason: String) {
        match (self.state, plan.on_failure) {
            (State::Undoing, _) => {
                self.reason = Some(match self.reason.take() {
                    Some(first) => format!("{first}; and undoing it failed: {reason}"),
                    None => reason,
                });
                self.rest(State::Stuck);
            }
            (_, wait) if wait == OnFailure::Wait || self.is_forward(plan) => {
                self.reason = Some(reason);
                self.rest(State::Failed);
            }
            _ => self.turn(&reason),
        }
    }

    /// From doing to undoing: the step that was begun is undone too.
    fn turn(&mut self, reason: &str) {
        self.at += usize::from(self.begun);
        self.begun = false;
        self.attempt = 0;
        self.not_before = None;
        self.undo_wanted = false;
        self.reason = Some(reason.to_owned());
        self.state = State::Undoing;
        if self.at == 0 {
            self.rest(State::Undone);
        }
    }

    fn rest(&mut self, state: State) {
        self.state = state;
        self.attempt = 0;
        self.not_before = None;
        self.undo_wanted = false;
    }

    /// Somebody wants it tried again, now.
    ///
    /// # Errors
    /// When there is nothing to try again.
    pub fn retry(&mut self) -> Result<(), NotNow> {
        match self.state {
            State::Failed => self.state = State::Running,
            State::Stuck => self.state = State::Undoing,
            State::Running | State::Undoing if self.not_before.is_some() => {}
            _ => return Err(NotNow),
        }
        self.attempt = 0;
        self.not_before = None;
        Ok(())
    }

    /// Somebody wants it undone. `busy`: a step is under way at this moment; then it is undone when that ends.
    ///
    /// # Errors
    /// When it is undone already, or is done and cannot be undone.
    pub fn undo(&mut self, plan: &Plan, busy: bool) -> Result<(), NotNow> {
        match self.state {
            State::Running | State::Failed if self.is_forward(plan) => return Err(NotNow),
            State::Running if busy => self.undo_wanted = true,
            State::Running | State::Failed => self.turn("it was undone on request"),
            State::Stuck => return self.retry(),
            State::Done if plan.undo_when_done && plan.forward_from.is_none() => {
                self.at = plan.steps.len();
                self.begun = false;
                self.turn("it was undone on request");
            }
            _ => return Err(NotNow),
        }
        Ok(())
    }

    /// Whether [`Progress::retry`] fits.
    #[must_use]
    pub fn can_retry(&self) -> bool {
        self.clone().retry().is_ok()
    }

    /// Whether [`Progress::undo`] fits.
    #[must_use]
    pub fn can_undo(&self, plan: &Plan) -> bool {
        self.clone().undo(plan, true).is_ok()
    }
}

#[cfg(test)]
mod tests;
