//! Whom a node has heard of: the cache from which it finds new neighbours.

use std::collections::BTreeMap;

use crate::coordinates::Coordinate;
use crate::id::NodeId;
use crate::machine::Time;
use crate::random::Random;
use crate::record::PeerRecord;

const MOST: usize = 256;
const FIRST_WAIT: u64 = 5_000_000;
const LONGEST_SHIFT: u8 = 10;
/// Who was met is not looked at again as a better neighbour for so long.
const MET: u64 = 2 * 3600 * 1_000_000;

#[derive(Debug)]
struct One {
    record: PeerRecord,
    fails: u8,
    tried: Option<Time>,
    /// Where it stands, as others say.
    place: Option<Coordinate>,
}

/// Verified records, with how dialling them went.
#[derive(Debug, Default)]
pub(super) struct Known(BTreeMap<NodeId, One>);

impl Known {
    /// Says whether the record is news.
    pub(super) fn learn(&mut self, record: &PeerRecord) -> bool {
        if let Some(one) = self.0.get_mut(&record.id) {
            let newer = record.sequence > one.record.sequence;
            if newer {
                one.record = record.clone();
                one.fails = 0;
                one.tried = None;
            }
            return newer;
        }
        if self.0.len() >= MOST {
            let worst = self.0.iter().max_by_key(|(id, one)| (one.fails, **id));
            if let Some(worst) = worst.map(|(id, _)| *id) {
                self.0.remove(&worst);
            }
        }
        let one = One {
            record: record.clone(),
            fails: 0,
            tried: None,
            place: None,
        };
        self.0.insert(record.id, one);
        true
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    pub(super) fn get(&self, id: &NodeId) -> Option<&PeerRecord> {
        self.0.get(id).map(|one| &one.record)
    }

    /// Notes where a node stands, as others say.
    pub(super) fn place(&mut self, id: &NodeId, place: Coordinate) {
        if let Some(one) = self.0.get_mut(id) {
            one.place = Some(place);
        }
    }

    /// Who could be a better neighbour: those that never failed and were not met of late, with where they stand, as far as
    /// anybody has said.
    pub(super) fn placed(
        &self,
        now: Time,
    ) -> impl Iterator<Item = (&PeerRecord, Option<&Coordinate>)> {
        let long_ago = move |at: Time| now.0.saturating_sub(at.0) >= MET;
        let good = self
            .0
            .values()
            .filter(move |one| one.fails == 0 && one.tried.is_none_or(long_ago));
        good.map(|one| (&one.record, one.place.as_ref()))
    }

    pub(super) fn failed(&mut self, id: &NodeId) {
        if let Some(one) = self.0.get_mut(id) {
            one.fails = one.fails.saturating_add(1);
        }
    }

    pub(super) fn reached(&mut self, id: &NodeId) {
        if let Some(one) = self.0.get_mut(id) {
            one.fails = 0;
        }
    }

    pub(super) fn tried(&mut self, id: &NodeId, now: Time) {
        if let Some(one) = self.0.get_mut(id) {
            one.tried = Some(now);
        }
    }

    pub(super) fn forget(&mut self, id: &NodeId) {
        self.0.remove(id);
    }

    /// Whom to dial, those that never failed first, in random order.
    pub(super) fn candidates(&self, now: Time, random: &mut Random) -> Vec<PeerRecord> {
        let mut ready: Vec<&One> = self
            .0
            .values()
            .filter(|one| {
                let wait = FIRST_WAIT << one.fails.min(LONGEST_SHIFT);
                one.tried
                    .is_none_or(|at| now.0.saturating_sub(at.0) >= wait)
            })
            .collect();
        random.shuffle(&mut ready);
        ready.sort_by_key(|one| one.fails);
        ready.into_iter().map(|one| one.record.clone()).collect()
    }

    /// Those worth keeping for the next start, the most reliable first.
    pub(super) fn best(&self, most: usize) -> Vec<PeerRecord> {
        let mut all: Vec<&One> = self.0.values().collect();
        all.sort_by_key(|one| one.fails);
        all.into_iter()
            .take(most)
            .map(|one| one.record.clone())
            .collect()
    }

    /// Some that are likely to answer.
    pub(super) fn sample(&self, random: &mut Random, most: usize) -> Vec<PeerRecord> {
        let mut good: Vec<&One> = self.0.values().filter(|one| one.fails == 0).collect();
        random.shuffle(&mut good);
        good.into_iter()
            .take(most)
            .map(|one| one.record.clone())
            .collect()
    }
}
