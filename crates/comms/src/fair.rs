//! Bandwidth for each protocol: a limit for all together, and shares of it by weight where it is short.
//!
//! Start-time fair queueing (Goyal, Vin, Cheng 1996) over a token bucket, without clock and tasks: whoever waits is served
//! in the order of virtual start times, so protocols that always want to send get bytes in proportion to their weights, and
//! what one does not use goes to the others. Places are granted one at a time, so that who was served can queue again before
//! the next one is chosen.

use std::collections::BTreeMap;

/// One protocol in the queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Class(pub(crate) usize);

/// A place in the queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Ticket {
    start: u64,
    number: u64,
}

#[derive(Debug)]
struct Share {
    weight: u32,
    finish: u64,
}

/// The queue. Times are in microseconds.
#[derive(Debug)]
pub(crate) struct Fair {
    /// Bytes a second for all; `None` is no limit.
    rate: Option<u64>,
    tokens: f64,
    last: u64,
    virtual_time: u64,
    shares: Vec<Share>,
    waiting: BTreeMap<Ticket, u32>,
    number: u64,
}

/// A virtual byte of weight 1 is this long, so that whole numbers do.
const SCALE: u64 = 1024;

impl Fair {
    pub(crate) fn new(rate: Option<u64>) -> Self {
        Self {
            rate,
            tokens: 0.0,
            last: 0,
            virtual_time: 0,
            shares: Vec::new(),
            waiting: BTreeMap::new(),
            number: 0,
        }
    }

    pub(crate) fn class(&mut self, weight: u32) -> Class {
        self.shares.push(Share {
            weight: weight.max(1),
            finish: 0,
        });
        Class(self.shares.len() - 1)
    }

    pub(crate) fn set_weight(&mut self, class: Class, weight: u32) {
        if let Some(share) = self.shares.get_mut(class.0) {
            share.weight = weight.max(1);
        }
    }

    pub(crate) fn rate(&self) -> Option<u64> {
        self.rate
    }

    pub(crate) fn set_rate(&mut self, rate: Option<u64>) {
        self.rate = rate;
        self.tokens = 0.0;
    }

    /// Takes a place for `bytes`.
    pub(crate) fn enter(&mut self, class: Class, bytes: u32) -> Ticket {
        let start = match self.shares.get_mut(class.0) {
            Some(share) => {
                let start = share.finish.max(self.virtual_time);
                let length = u64::from(bytes).saturating_mul(SCALE) / u64::from(share.weight);
                share.finish = start.saturating_add(length);
                start
            }
            None => self.virtual_time,
        };
        self.number += 1;
        let ticket = Ticket {
            start,
            number: self.number,
        };
        self.waiting.insert(ticket, bytes);
        ticket
    }

    /// Gives a place back.
    pub(crate) fn leave(&mut self, ticket: Ticket) {
        self.waiting.remove(&ticket);
    }

    /// Who may send now, one of them.
    pub(crate) fn grant(&mut self, now: u64) -> Option<Ticket> {
        let elapsed = now.saturating_sub(self.last);
        self.last = self.last.max(now);
        if let Some(rate) = self.rate {
            // A tenth of a second of burst.
            let most = rate as f64 / 10.0;
            self.tokens = (self.tokens + rate as f64 * elapsed as f64 / 1e6).min(most);
            if self.tokens < 0.0 {
                return None;
            }
        }
        let (ticket, bytes) = self.waiting.pop_first()?;
        self.virtual_time = self.virtual_time.max(ticket.start);
        if self.rate.is_some() {
            self.tokens -= f64::from(bytes);
        }
        Some(ticket)
    }

    /// In how many microseconds somebody may send next; `None` if nobody waits.
    pub(crate) fn wait(&self) -> Option<u64> {
        if self.waiting.is_empty() {
            return None;
        }
        let Some(rate) = self.rate.filter(|_| self.tokens < 0.0) else {
            return Some(0);
        };
        Some((-self.tokens * 1e6 / rate.max(1) as f64).ceil() as u64)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use proptest::prelude::*;

    /// Runs classes that always want to send for `seconds`, looked at every millisecond; gives the bytes of each.
    fn run(rate: u64, weights: &[u32], sizes: &[u32], seconds: u64) -> Vec<u64> {
        let mut fair = Fair::new(Some(rate));
        let classes: Vec<_> = weights.iter().map(|weight| fair.class(*weight)).collect();
        let mut sent = vec![0; weights.len()];
        let mut waiting = BTreeMap::new();
        for (index, class) in classes.iter().enumerate() {
            waiting.insert(fair.enter(*class, sizes[index]), index);
        }
        for now in (0..seconds * 1_000_000).step_by(1000) {
            while let Some(ticket) = fair.grant(now) {
                let index = waiting.remove(&ticket).unwrap();
                sent[index] += u64::from(sizes[index]);
                waiting.insert(fair.enter(classes[index], sizes[index]), index);
            }
        }
        sent
    }

    #[test]
    fn those_who_always_send_share_by_weight() {
        let sent = run(1_000_000, &[1, 2, 5], &[16_000, 1200, 16_000], 20);
        let total: u64 = sent.iter().sum();
        assert!((19_000_000..21_000_000).contains(&total), "{total}");
        for (bytes, weight) in sent.iter().zip([1, 2, 5]) {
            let share = *bytes as f64 / total as f64;
            let due = f64::from(weight) / 8.0;
            assert!((share - due).abs() < 0.01, "{share} {weight}");
        }
    }

    #[test]
    fn what_nobody_else_wants_goes_to_the_one_who_does() {
        let mut fair = Fair::new(Some(1_000_000));
        let (busy, _idle) = (fair.class(1), fair.class(100));
        let mut sent = 0;
        fair.enter(busy, 16_000);
        for now in (0..5_000_000).step_by(1000) {
            while fair.grant(now).is_some() {
                sent += 16_000;
                fair.enter(busy, 16_000);
            }
        }
        assert!(sent > 4_900_000, "{sent}");
    }

    #[test]
    fn who_was_silent_saves_nothing_up() {
        let mut fair = Fair::new(Some(1_000_000));
        let (busy, late) = (fair.class(1), fair.class(1));
        for _ in 0..100 {
            fair.enter(busy, 10_000);
        }
        let mut now = 0;
        for _ in 0..50 {
            now += 10_000;
            while fair.grant(now).is_some() {}
        }
        // The late one goes next, and then they take turns: its silence gives it no more than that.
        let first: Vec<_> = (0..10).map(|_| fair.enter(late, 10_000)).collect();
        let mut order = Vec::new();
        while order.len() < 10 {
            now += 10_000;
            order.extend(std::iter::from_fn(|| fair.grant(now)));
        }
        let of_late = order.iter().filter(|ticket| first.contains(ticket)).count();
        assert!((4..=6).contains(&of_late), "{of_late}");
    }

    #[test]
    fn without_a_limit_nobody_waits() {
        let mut fair = Fair::new(None);
        let class = fair.class(1);
        let ticket = fair.enter(class, u32::MAX);
        assert_eq!(fair.wait(), Some(0));
        assert_eq!(fair.grant(0), Some(ticket));
        assert_eq!((fair.grant(0), fair.wait()), (None, None));
    }

    proptest! {
        #[test]
        fn nobody_starves(weights in proptest::collection::vec(1_u32..20, 2..6), size in 100_u32..16_000) {
            let sizes = vec![size; weights.len()];
            let sent = run(1_000_000, &weights, &sizes, 10);
            let total: u64 = weights.iter().map(|weight| u64::from(*weight)).sum();
            for (bytes, weight) in sent.iter().zip(&weights) {
                let due = 10_000_000 * u64::from(*weight) / total;
                prop_assert!(*bytes + 4 * 16_000 >= due * 9 / 10, "{bytes} of {due}");
            }
        }
    }
}
