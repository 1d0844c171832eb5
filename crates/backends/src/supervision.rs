//! When a backend that failed is started again. Pure: time comes in.

use std::time::{Duration, Instant};

/// The first rest after a failure.
const FIRST: Duration = Duration::from_secs(1);
/// The longest rest.
const LONGEST: Duration = Duration::from_secs(300);
/// Failures in a row that are forgiven without a rest: one bad request must not stop an app.
const FORGIVEN: u32 = 3;
/// Good answers after which failures are forgotten.
const RECOVERED: u32 = 5;

/// Counts failures and says when to rest.
///
/// ```
/// use std::time::{Duration, Instant};
/// use webx_backends::{Decision, Supervision};
/// let (mut supervision, now) = (Supervision::default(), Instant::now());
/// for _ in 0..4 {
///     assert_eq!(supervision.ask(now), Decision::Go);
///     supervision.failed(now);
/// }
/// assert_eq!(supervision.ask(now), Decision::Rest(Duration::from_secs(1)));
/// assert_eq!(supervision.ask(now + Duration::from_secs(1)), Decision::Go);
/// ```
#[derive(Clone, Debug, Default)]
pub struct Supervision {
    failures: u32,
    good: u32,
    until: Option<Instant>,
    restarts: u32,
}

/// Whether a request may go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// It may.
    Go,
    /// It is refused; ask again after this.
    Rest(Duration),
}

impl Supervision {
    /// May a request go on?
    pub fn ask(&mut self, now: Instant) -> Decision {
        match self.until {
            Some(until) if until > now => Decision::Rest(until - now),
            Some(_) => {
                self.until = None;
                self.restarts = self.restarts.saturating_add(1);
                Decision::Go
            }
            None => Decision::Go,
        }
    }

    /// A request was answered.
    pub fn answered(&mut self) {
        self.good = self.good.saturating_add(1);
        if self.good >= RECOVERED {
            self.failures = 0;
        }
    }

    /// An instance crashed, hung or could not be started. After some failures in a row the rest doubles each time.
    pub fn failed(&mut self, now: Instant) {
        self.good = 0;
        self.failures = self.failures.saturating_add(1);
        if self.failures > FORGIVEN {
            let doublings = (self.failures - FORGIVEN - 1).min(16);
            self.until = Some(now + (FIRST * 2_u32.pow(doublings)).min(LONGEST));
        }
    }

    /// Somebody restarted it: failures are forgotten.
    pub fn reset(&mut self) {
        self.failures = 0;
        self.good = 0;
        self.until = None;
        self.restarts = self.restarts.saturating_add(1);
    }

    /// Until when it rests.
    #[must_use]
    pub fn resting_until(&self, now: Instant) -> Option<Instant> {
        self.until.filter(|until| *until > now)
    }

    /// How often it was started again.
    #[must_use]
    pub fn restarts(&self) -> u32 {
        self.restarts
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_rest_is_twice_the_last_up_to_five_minutes() {
        let (mut supervision, mut now) = (Supervision::default(), Instant::now());
        let mut rests = Vec::new();
        for _ in 0..14 {
            supervision.failed(now);
            if let Decision::Rest(rest) = supervision.ask(now) {
                rests.push(rest.as_secs());
                now += rest;
                assert_eq!(supervision.ask(now), Decision::Go);
            }
        }
        assert_eq!(rests, [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300]);
        assert_eq!(supervision.restarts(), 11);
    }

    #[test]
    fn a_few_good_answers_make_it_whole() {
        let (mut supervision, now) = (Supervision::default(), Instant::now());
        for _ in 0..3 {
            supervision.failed(now);
        }
        for _ in 0..RECOVERED {
            supervision.answered();
        }
        supervision.failed(now);
        assert_eq!(supervision.ask(now), Decision::Go);
    }

    #[test]
    fn a_restart_by_hand_ends_the_rest() {
        let (mut supervision, now) = (Supervision::default(), Instant::now());
        for _ in 0..9 {
            supervision.failed(now);
        }
        assert!(supervision.resting_until(now).is_some());
        supervision.reset();
        assert_eq!(supervision.ask(now), Decision::Go);
    }
}
