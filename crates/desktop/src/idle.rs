//! How long nobody used the node: the clock of the auto-lock.

use std::{
    sync::Arc,
    time::{Duration, Instant, SystemTime},
};

use parking_lot::Mutex;

/// A step of the wall clock that much beyond the steady clock means that the machine slept.
const SLEEP: Duration = Duration::from_secs(30);

/// Counts requests under way and remembers the last one. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Idle(Arc<Mutex<Inner>>);

struct Inner {
    last: Instant,
    under_way: usize,
}

/// A request under way. The node is not idle while one lives.
pub(crate) struct Busy {
    idle: Idle,
    counts: bool,
}

impl Idle {
    pub(crate) fn new(now: Instant) -> Self {
        Self(Arc::new(Mutex::new(Inner {
            last: now,
            under_way: 0,
        })))
    }

    /// A request begins. One that `counts` is a sign of a person; a refresh that a page makes by itself is none.
    pub(crate) fn enter(&self, counts: bool) -> Busy {
        let mut inner = self.0.lock();
        if counts {
            inner.last = Instant::now();
            inner.under_way += 1;
        }
        drop(inner);
        Busy {
            idle: self.clone(),
            counts,
        }
    }

    /// The person did something right now.
    pub(crate) fn touch(&self, now: Instant) {
        self.0.lock().last = now;
    }

    /// Whether nobody did anything for `limit`.
    pub(crate) fn longer_than(&self, limit: Duration, now: Instant) -> bool {
        let inner = self.0.lock();
        inner.under_way == 0 && now.saturating_duration_since(inner.last) >= limit
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        if self.counts {
            let mut inner = self.idle.0.lock();
            inner.under_way = inner.under_way.saturating_sub(1);
            inner.last = Instant::now();
        }
    }
}

/// Notices that the machine slept: the steady clock stands still meanwhile, the wall clock does not.
pub(crate) struct SleepWatch {
    steady: Instant,
    wall: SystemTime,
}

impl SleepWatch {
    pub(crate) fn new(steady: Instant, wall: SystemTime) -> Self {
        Self { steady, wall }
    }

    /// Whether the machine slept since the last call.
    pub(crate) fn slept(&mut self, steady: Instant, wall: SystemTime) -> bool {
        let steps = (
            steady.saturating_duration_since(self.steady),
            wall.duration_since(self.wall).unwrap_or_default(),
        );
        (self.steady, self.wall) = (steady, wall);
        steps.1 > steps.0 + SLEEP
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: Duration = Duration::from_secs(60);

    #[test]
    fn a_node_is_idle_after_its_time_and_never_during_a_transfer() {
        let start = Instant::now();
        let idle = Idle::new(start);
        assert!(!idle.longer_than(MINUTE, start + MINUTE / 2));
        assert!(idle.longer_than(MINUTE, start + MINUTE));
        let transfer = idle.enter(true);
        assert!(!idle.longer_than(MINUTE, start + 100 * MINUTE));
        drop(transfer);
        assert!(!idle.longer_than(MINUTE, Instant::now()));
        assert!(idle.longer_than(MINUTE, Instant::now() + MINUTE));
    }

    #[test]
    fn a_page_that_only_refreshes_its_login_does_not_keep_the_node_open() {
        let start = Instant::now();
        let idle = Idle::new(start);
        drop(idle.enter(false));
        assert!(idle.longer_than(MINUTE, start + MINUTE));
    }

    #[test]
    fn a_closed_lid_is_noticed() {
        let (steady, wall) = (Instant::now(), SystemTime::now());
        let mut watch = SleepWatch::new(steady, wall);
        assert!(!watch.slept(steady + MINUTE, wall + MINUTE));
        assert!(watch.slept(steady + 2 * MINUTE, wall + 60 * MINUTE));
        assert!(!watch.slept(steady + 3 * MINUTE, wall + 61 * MINUTE));
    }
}
