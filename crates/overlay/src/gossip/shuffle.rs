//! Shuffles: nodes exchange samples of whom they know, along a random walk and back the same way.

use core::time::Duration;

use super::Effect;
use super::membership::{Membership, later, micros};
use super::wire::{Body, SHUFFLED};
use crate::id::NodeId;
use crate::machine::Time;
use crate::record::PeerRecord;
use crate::score::Offence;

/// How long the way back of a shuffle is kept.
const WALK_KEPT: Duration = Duration::from_secs(30);
const WALKS: usize = 64;
/// Hops of a shuffle. Records travel each of them twice.
const HOPS: u8 = 3;

impl Membership {
    pub(super) fn shuffle(&mut self, now: Time, out: &mut Vec<Effect>) {
        let soon = self.passive.len() < self.config.passive / 2;
        let pause = if soon {
            self.config.shuffle / 4
        } else {
            self.config.shuffle
        };
        self.shuffle_at = later(now, self.random.about(pause));
        let peers: Vec<_> = self.active.keys().copied().collect();
        let Some(to) = self.random.pick(&peers).copied() else {
            return;
        };
        let mut records = vec![self.own.clone()];
        let mut neighbours: Vec<_> = self
            .active
            .values()
            .filter(|peer| peer.record.id != to)
            .map(|peer| peer.record.clone())
            .collect();
        self.random.shuffle(&mut neighbours);
        records.extend(neighbours.into_iter().take(3));
        records.extend(self.sample(SHUFFLED - records.len(), &to));
        let walk = self.random.next() >> 11;
        self.own_walk = Some((walk, records.iter().map(|record| record.id).collect()));
        out.push(Effect::Send(to, Body::Shuffle(walk, HOPS, records)));
    }

    pub(super) fn on_shuffle(
        &mut self,
        now: Time,
        from: NodeId,
        walk: u64,
        hops: u8,
        records: Vec<PeerRecord>,
        out: &mut Vec<Effect>,
    ) {
        self.walks.retain(|(_, _, until)| *until > now);
        let others: Vec<_> = self
            .active
            .keys()
            .filter(|peer| **peer != from)
            .copied()
            .collect();
        let known = self.walks.iter().any(|(other, ..)| *other == walk);
        if hops > 0
            && !known
            && self.walks.len() < WALKS
            && let Some(next) = self.random.pick(&others).copied()
        {
            self.walks
                .push_back((walk, from, later(now, micros(WALK_KEPT))));
            out.push(Effect::Send(next, Body::Shuffle(walk, hops - 1, records)));
            return;
        }
        let origin = records.first().map_or(from, |record| record.id);
        let mine = self.sample(records.len().min(SHUFFLED), &origin);
        let given: Vec<_> = mine.iter().map(|record| record.id).collect();
        out.push(Effect::Send(from, Body::Shuffled(walk, mine)));
        self.integrate(from, records, &given, out);
    }

    pub(super) fn on_shuffled(
        &mut self,
        from: NodeId,
        walk: u64,
        records: Vec<PeerRecord>,
        out: &mut Vec<Effect>,
    ) {
        if let Some(at) = self.walks.iter().position(|(other, ..)| *other == walk) {
            if let Some((_, back, _)) = self.walks.remove(at) {
                out.push(Effect::Send(back, Body::Shuffled(walk, records)));
            }
        } else if let Some((_, given)) = self.own_walk.take_if(|(own, _)| *own == walk) {
            self.integrate(from, records, &given, out);
        }
    }

    fn sample(&mut self, count: usize, without: &NodeId) -> Vec<PeerRecord> {
        let mut sample: Vec<_> = self
            .passive
            .iter()
            .filter(|record| record.id != *without)
            .cloned()
            .collect();
        self.random.shuffle(&mut sample);
        sample.truncate(count);
        sample
    }

    /// Takes in records of a shuffle; what was given away makes room first.
    fn integrate(
        &mut self,
        from: NodeId,
        records: Vec<PeerRecord>,
        given: &[NodeId],
        out: &mut Vec<Effect>,
    ) {
        for record in records {
            if record.id == self.own.id || self.active.contains_key(&record.id) {
                continue;
            }
            let known = self.passive.contains(&record);
            if !known && record.verify().is_err() {
                out.push(Effect::Offence(from, Offence::Forged));
                return;
            }
            if self.passive.len() >= self.config.passive {
                let place = self
                    .passive
                    .iter()
                    .position(|other| given.contains(&other.id));
                if let Some(place) = place {
                    self.passive.swap_remove(place);
                }
            }
            if !known {
                out.push(Effect::Learned(record.clone()));
                self.note(record);
            }
        }
    }
}
