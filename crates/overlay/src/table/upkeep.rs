//! What the table does when its time has come: answers that are overdue, buckets that nobody touched, records of one's own.

use core::time::Duration;

use super::lookup::{Goal, LOST};
use super::{Context, GUEST, Key, MINUTE, NodeId, Offence, Out, REPUT, Random, Table, Time};

/// Between looks at the own place, and at a bucket that nothing else touched. A question to a stranger costs 10 KB at both
/// ends, and there are a dozen buckets in a network of ten thousand.
const PLACE: Duration = Duration::from_secs(3600);
const REFRESH: Duration = Duration::from_secs(4 * 3600);
/// Between two buckets; in the first round they follow at once.
const PAUSE: Duration = Duration::from_secs(1200);
const FIRST_PAUSE: u64 = 5_000_000;
const RETRY: Duration = Duration::from_secs(10);
const SWEEP: u64 = 10 * MINUTE;

impl Table {
    /// The time has come for whatever is due. `slowdown` stretches upkeep.
    pub(crate) fn wake(&mut self, context: &Context<'_>, slowdown: f64, out: &mut Out) {
        let now = context.now;
        let silent: Vec<NodeId> = self
            .pending
            .values()
            .filter(|one| !one.lost && one.at.0.saturating_add(LOST) <= now.0)
            .map(|one| one.peer)
            .collect();
        for peer in silent {
            // Only who holds a connection open and says nothing is to blame; the others may simply be gone.
            if self
                .links
                .get(&peer)
                .is_some_and(|link| link.record.is_some())
            {
                out.blame(peer, Offence::Silent);
            }
        }
        self.give_up(context, |one| one.at.0.saturating_add(LOST) <= now.0, out);
        self.pending
            .retain(|_, one| !one.lost || one.at.0.saturating_add(10 * LOST) > now.0);
        let running: Vec<u64> = self.lookups.keys().copied().collect();
        for number in running {
            self.advance(context, number, out);
        }
        self.upkeep(context, slowdown.max(1.0), out);
    }

    fn upkeep(&mut self, context: &Context<'_>, slowdown: f64, out: &mut Out) {
        let now = context.now;
        let after = |random: &mut Random, span: Duration, factor: f64| {
            Time(
                now.0
                    .saturating_add((random.about(span) as f64 * factor) as u64),
            )
        };
        if now >= self.place_at {
            let lonely = self.buckets.len() < 3;
            self.place_at = if lonely {
                after(&mut self.random, RETRY, slowdown)
            } else {
                after(&mut self.random, PLACE, slowdown)
            };
            if self.refresh_at == Time(u64::MAX) {
                self.refresh_at = after(&mut self.random, RETRY, 1.0);
            }
            if self.buckets.len() > 0 || !self.seeds.is_empty() {
                self.begin(context, None, Goal::Place, self.place, out);
            }
        }
        if now >= self.refresh_at {
            self.refresh(context, slowdown, out);
        }
        let due = self.mine.iter().find(|(_, mine)| mine.again <= now);
        if let Some((place, mine)) = due.map(|(place, mine)| (*place, mine.record.clone())) {
            let again = after(&mut self.random, REPUT, slowdown);
            if mine.alive(context.unix) {
                let key = mine.key;
                if let Some(one) = self.mine.get_mut(&place) {
                    one.again = again;
                }
                self.begin(context, None, Goal::Put(mine), key, out);
            } else {
                self.mine.remove(&place);
            }
        }
        if now >= self.sweep_at {
            self.sweep_at = Time(now.0.saturating_add(SWEEP));
            self.store.sweep(context.unix);
            self.guests
                .retain(|_, (_, at)| at.0.saturating_add(GUEST) > now.0);
        }
    }

    /// Looks up a random place in the bucket that was left alone longest.
    fn refresh(&mut self, context: &Context<'_>, slowdown: f64, out: &mut Out) {
        let now = context.now;
        let span = (self.random.about(REFRESH) as f64 * slowdown) as u64;
        let Some((index, touched)) = self.buckets.stalest() else {
            self.refresh_at = Time(now.0.saturating_add(span));
            return;
        };
        let due = if touched == Time(0) {
            0
        } else {
            touched.0.saturating_add(span)
        };
        if due > now.0 {
            self.refresh_at = Time(due.min(now.0.saturating_add(span)));
            return;
        }
        let pause = (self.random.about(PAUSE) as f64 * slowdown) as u64;
        let first = touched == Time(0);
        self.refresh_at = Time(
            now.0
                .saturating_add(if first { FIRST_PAUSE } else { pause }),
        );
        let target = self.random_place(index);
        self.begin(context, None, Goal::Bucket, target, out);
    }

    /// A random place that shares exactly so many leading bits with the own one.
    fn random_place(&mut self, shared: u32) -> Key {
        let mut place = Key(core::array::from_fn(|_| self.random.next() as u8));
        for bit in 0..=shared.min(255) {
            let (byte, mask) = (bit as usize / 8, 0x80_u8 >> (bit % 8));
            let own = self.place.0.get(byte).copied().unwrap_or_default() & mask;
            if let Some(target) = place.0.get_mut(byte) {
                let wanted = if bit == shared { own ^ mask } else { own };
                *target = (*target & !mask) | wanted;
            }
        }
        place
    }
}
