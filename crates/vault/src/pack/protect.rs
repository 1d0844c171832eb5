//! What garbage collection must not take: blocks whose writer has not yet recorded them.
use std::collections::{BTreeMap, HashMap, VecDeque};
use std::hash::{BuildHasher, RandomState};
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use parking_lot::Mutex;

use super::Mh;
use super::record::Position;

/// Longest grace that is kept account of.
const LONGEST_GRACE: Duration = Duration::from_secs(3600);
/// How often the position of the log is noted.
const MARK_EVERY: Duration = Duration::from_secs(30);

/// Keeps every block put while it lives from being collected: taken before `put_many`, dropped after the commit that
/// refers to the blocks.
#[must_use = "the protection ends when the hold is dropped"]
#[derive(Debug)]
pub struct Hold {
    id: u64,
    protection: Weak<Mutex<Protection>>,
}

impl Drop for Hold {
    fn drop(&mut self) {
        if let Some(protection) = self.protection.upgrade() {
            protection.lock().holds.remove(&self.id);
        }
    }
}

#[derive(Debug)]
pub(crate) struct Protection {
    holds: BTreeMap<u64, (Position, Instant)>,
    next_hold: u64,
    /// Where the log was at which time.
    marks: VecDeque<(Instant, Position)>,
    /// Present blocks that were put again, by hash of their address. A collision only keeps a block a little longer.
    touched: HashMap<u64, Instant>,
    hasher: RandomState,
    loss: Option<Loss>,
    /// How many want nothing to be collected at all.
    pauses: usize,
}

/// Buffered blocks were lost: everyone who may have put them must hear of it.
#[derive(Debug)]
struct Loss {
    before_hold: u64,
    reported: bool,
}

/// Blocks put after this are not collected.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Horizon {
    pub(crate) position: Position,
    time: Instant,
}

impl Protection {
    pub(crate) fn new(now: Position) -> Arc<Mutex<Self>> {
        Arc::new(Mutex::new(Self {
            holds: BTreeMap::new(),
            next_hold: 0,
            marks: VecDeque::from([(Instant::now(), now)]),
            touched: HashMap::new(),
            hasher: RandomState::new(),
            loss: None,
            pauses: 0,
        }))
    }

    pub(crate) fn hold(this: &Arc<Mutex<Self>>, now: Position) -> Hold {
        let mut protection = this.lock();
        let id = protection.next_hold;
        protection.next_hold += 1;
        protection.holds.insert(id, (now, Instant::now()));
        Hold {
            id,
            protection: Arc::downgrade(this),
        }
    }

    pub(crate) fn pause(&mut self) {
        self.pauses += 1;
    }

    pub(crate) fn resume(&mut self) {
        self.pauses = self.pauses.saturating_sub(1);
    }

    pub(crate) fn is_paused(&self) -> bool {
        self.pauses > 0
    }

    /// Notes where the log is.
    pub(crate) fn mark(&mut self, position: Position) {
        let now = Instant::now();
        if self
            .marks
            .back()
            .is_none_or(|(last, _)| now.duration_since(*last) >= MARK_EVERY)
        {
            self.marks.push_back((now, position));
            while self.marks.len() > 2
                && self
                    .marks
                    .get(1)
                    .is_some_and(|(t, _)| now.duration_since(*t) > LONGEST_GRACE)
            {
                self.marks.pop_front();
            }
        }
    }

    /// Notes that a present block was put again.
    pub(crate) fn touch(&mut self, mh: &Mh) {
        let now = Instant::now();
        if self.touched.len() >= 4096 && self.touched.len() == self.touched.capacity() {
            let oldest_hold = self.holds.values().map(|(_, t)| *t).min().unwrap_or(now);
            self.touched
                .retain(|_, t| now.duration_since(*t) < LONGEST_GRACE || *t >= oldest_hold);
        }
        let key = self.hasher.hash_one(mh);
        self.touched.insert(key, now);
    }

    /// What a collection that starts now may take.
    pub(crate) fn horizon(&self, now: Position, grace: Duration) -> Horizon {
        let start = Instant::now();
        let mut horizon = Horizon {
            position: now,
            time: start,
        };
        if !grace.is_zero() {
            let graced = start.checked_sub(grace).unwrap_or(start);
            let old = self
                .marks
                .iter()
                .rev()
                .find(|(t, _)| *t <= graced)
                .or(self.marks.front());
            if let Some((_, position)) = old {
                horizon.position = horizon.position.min(*position);
            }
            horizon.time = graced;
        }
        for (position, time) in self.holds.values() {
            horizon.position = horizon.position.min(*position);
            horizon.time = horizon.time.min(*time);
        }
        horizon
    }

    pub(crate) fn is_touched(&self, mh: &Mh, horizon: &Horizon) -> bool {
        self.touched
            .get(&self.hasher.hash_one(mh))
            .is_some_and(|t| *t >= horizon.time)
    }

    /// Buffered blocks are gone.
    pub(crate) fn lost(&mut self) {
        self.loss = Some(Loss {
            before_hold: self.next_hold,
            reported: false,
        });
    }

    /// True while somebody may believe that what was lost is still there: at least once, and as long as a hold from
    /// before the loss lives.
    pub(crate) fn report_loss(&mut self) -> bool {
        let Some(loss) = &mut self.loss else {
            return false;
        };
        let concerned = !loss.reported
            || self
                .holds
                .keys()
                .next()
                .is_some_and(|id| *id < loss.before_hold);
        if concerned {
            loss.reported = true;
        } else {
            self.loss = None;
        }
        concerned
    }
}
