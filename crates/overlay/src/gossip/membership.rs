//! HyParView (Leitão, Pereira, Rodrigues, DSN 2007): a small active view of open connections, a larger passive view of
//! nodes to fall back on.
//!
//! Beyond the paper: an old neighbour is not displaced by a new one as long as younger ones are there; joins may displace
//! only so often; a shuffle is answered along the way it came, so it opens no connection; records are checked before they
//! are believed.

use core::time::Duration;
use std::collections::{BTreeMap, VecDeque};

use super::bucket::Bucket;
use super::wire::{Body, WALK};
use super::{Config, Effect};
use crate::id::NodeId;
use crate::machine::Time;
use crate::random::Random;
use crate::record::PeerRecord;
use crate::score::Offence;

/// How long a peer may take to answer a join or a request, dial included.
const ANSWER: Duration = Duration::from_secs(15);
/// Between attempts to fill an empty slot.
const RETRY: Duration = Duration::from_secs(2);
/// Neighbours that a full view still takes from those who miss some. Without it, a node that lost one would ask a dozen
/// others that are all full, at a handshake each.
const SLACK: usize = 2;
/// Between calls for help of a node that knows nobody.
const ALONE: Duration = Duration::from_secs(30);
/// Where on its walk a join is noted by those it passes.
const PASSIVE_AT: u8 = 3;

#[derive(Debug, Clone)]
pub(super) struct Neighbour {
    pub(super) record: PeerRecord,
    since: Time,
    /// Chosen by the topology; chance does not displace it.
    chosen: bool,
}

/// One node's view of one swarm.
#[derive(Debug)]
pub(crate) struct Membership {
    pub(super) config: Config,
    pub(super) own: PeerRecord,
    pub(super) random: Random,
    pub(super) active: BTreeMap<NodeId, Neighbour>,
    pub(super) passive: Vec<PeerRecord>,
    pending: BTreeMap<NodeId, (Time, PeerRecord)>,
    /// Waits for the answer of the one, to let the other go.
    swap: Option<(NodeId, NodeId)>,
    pub(super) walks: VecDeque<(u64, NodeId, Time)>,
    pub(super) own_walk: Option<(u64, Vec<NodeId>)>,
    displaced: Bucket,
    fill_at: Option<Time>,
    pub(super) shuffle_at: Time,
    alone_at: Time,
    /// Rounds of asking without a neighbour.
    in_vain: u32,
}

impl Membership {
    pub(crate) fn new(config: Config, own: PeerRecord, mut random: Random, now: Time) -> Self {
        let first = random.about(config.shuffle / 10);
        Self {
            displaced: Bucket::new(config.active as f64, 0.1),
            config,
            own,
            random,
            active: BTreeMap::new(),
            passive: Vec::new(),
            pending: BTreeMap::new(),
            swap: None,
            walks: VecDeque::new(),
            own_walk: None,
            fill_at: Some(now),
            shuffle_at: later(now, first),
            alone_at: now,
            in_vain: 0,
        }
    }

    pub(crate) fn active(&self) -> impl Iterator<Item = (&NodeId, &PeerRecord, Time)> {
        self.active
            .iter()
            .map(|(id, peer)| (id, &peer.record, peer.since))
    }

    pub(crate) fn passive(&self) -> &[PeerRecord] {
        &self.passive
    }

    /// Whether the connection with `peer` is wanted.
    pub(crate) fn wants(&self, peer: &NodeId) -> bool {
        self.active.contains_key(peer) || self.pending.contains_key(peer)
    }

    fn reserves(&self, peer: &NodeId) -> bool {
        self.passive.iter().any(|record| record.id == *peer)
    }

    pub(crate) fn is_neighbour(&self, peer: &NodeId) -> bool {
        self.active.contains_key(peer)
    }

    pub(crate) fn set_record(&mut self, own: PeerRecord) {
        self.own = own;
    }

    /// Adds candidates whose records are checked already.
    pub(crate) fn introduce(&mut self, now: Time, records: Vec<PeerRecord>) {
        for record in records {
            self.note(record);
        }
        self.in_vain = 0;
        self.hurry(now);
    }

    pub(crate) fn next_wake(&self) -> Time {
        let answers = self.pending.values().map(|(until, _)| *until).min();
        [self.fill_at, answers]
            .into_iter()
            .flatten()
            .fold(self.shuffle_at, Time::min)
    }

    pub(crate) fn wake(&mut self, now: Time, out: &mut Vec<Effect>) {
        let late: Vec<_> = self
            .pending
            .iter()
            .filter(|(_, (until, _))| *until <= now)
            .map(|(id, _)| *id)
            .collect();
        for peer in late {
            self.gone(now, &peer, out);
            out.push(Effect::Release(peer));
        }
        if self.fill_at.is_some_and(|at| at <= now) {
            self.fill(now, out);
        }
        if self.shuffle_at <= now {
            self.shuffle(now, out);
        }
    }

    /// The connection is gone or could not be opened.
    pub(crate) fn gone(&mut self, now: Time, peer: &NodeId, out: &mut Vec<Effect>) {
        if self.pending.remove(peer).is_some() {
            self.passive.retain(|record| record.id != *peer);
            self.hurry(now);
        }
        if self.swap.is_some_and(|(_, add)| add == *peer) {
            self.swap = None;
        }
        if self.active.remove(peer).is_some() {
            out.push(Effect::Down(*peer));
            self.hurry(now);
        }
    }

    /// Says good-bye to all.
    pub(crate) fn leave(&mut self, out: &mut Vec<Effect>) {
        for (peer, _) in core::mem::take(&mut self.active) {
            out.push(Effect::Send(peer, Body::Leave));
            out.push(Effect::Down(peer));
            out.push(Effect::Retire(peer));
        }
    }

    /// Asks `add` to become a neighbour in place of `drop`, which goes once `add` has agreed.
    pub(crate) fn swap(
        &mut self,
        now: Time,
        drop: NodeId,
        add: NodeId,
        out: &mut Vec<Effect>,
    ) -> bool {
        let known = self.passive.iter().find(|record| record.id == add).cloned();
        let Some(record) = known.filter(|_| self.active.contains_key(&drop) && !self.wants(&add))
        else {
            return false;
        };
        if self.swap.is_some() {
            return false;
        }
        self.swap = Some((drop, add));
        self.ask(now, record, false, out);
        true
    }

    pub(crate) fn on_message(
        &mut self,
        now: Time,
        from: NodeId,
        body: Body,
        out: &mut Vec<Effect>,
    ) {
        match body {
            Body::Join(record) => self.on_join(now, from, record, out),
            Body::Forward(hops, record) => self.on_forward(now, from, hops, record, out),
            Body::Neighbour(urgent, record) => self.on_request(now, from, urgent, record, out),
            Body::Answer(yes) => self.on_answer(now, from, yes, out),
            Body::Leave => {
                if let Some(peer) = self.active.remove(&from) {
                    self.note(peer.record);
                    out.push(Effect::Down(from));
                    self.hurry(now);
                }
                out.push(Effect::Release(from));
            }
            Body::Shuffle(walk, hops, records) if self.active.contains_key(&from) => {
                self.on_shuffle(now, from, walk, hops, records, out);
            }
            Body::Shuffled(walk, records) if self.active.contains_key(&from) => {
                self.on_shuffled(from, walk, records, out);
            }
            // One it knows takes itself for a neighbour; a connection that rests did not tell it otherwise.
            Body::Shuffle(..) if !self.wants(&from) && self.reserves(&from) => {
                out.push(Effect::Send(from, Body::Leave));
            }
            _ => {}
        }
    }

    fn on_join(&mut self, now: Time, from: NodeId, record: PeerRecord, out: &mut Vec<Effect>) {
        if record.id != from || record.verify().is_err() {
            out.push(Effect::Offence(from, Offence::Forged));
            return;
        }
        out.push(Effect::Learned(record.clone()));
        for peer in self.active.keys().filter(|peer| **peer != from) {
            out.push(Effect::Send(*peer, Body::Forward(WALK, record.clone())));
        }
        self.take_in(now, record, true, out);
    }

    fn on_forward(
        &mut self,
        now: Time,
        from: NodeId,
        hops: u8,
        record: PeerRecord,
        out: &mut Vec<Effect>,
    ) {
        if record.id == self.own.id {
            return;
        }
        if record.verify().is_err() {
            out.push(Effect::Offence(from, Offence::Forged));
            return;
        }
        let others: Vec<_> = self
            .active
            .keys()
            .filter(|peer| **peer != from && **peer != record.id)
            .copied()
            .collect();
        match self.random.pick(&others).copied() {
            Some(next) if hops > 0 => {
                if hops == PASSIVE_AT {
                    self.note(record.clone());
                }
                out.push(Effect::Send(next, Body::Forward(hops - 1, record)));
            }
            _ => {
                let room = self.active.len() + self.pending.len() < self.config.active;
                if !self.wants(&record.id) && (room || self.displaced.take(now, 1.0)) {
                    self.ask(now, record, true, out);
                } else {
                    self.note(record);
                }
            }
        }
    }

    fn on_request(
        &mut self,
        now: Time,
        from: NodeId,
        urgent: bool,
        record: PeerRecord,
        out: &mut Vec<Effect>,
    ) {
        if record.id != from || record.verify().is_err() {
            out.push(Effect::Offence(from, Offence::Forged));
            return;
        }
        out.push(Effect::Learned(record.clone()));
        self.take_in(now, record, urgent, out);
    }

    fn on_answer(&mut self, now: Time, from: NodeId, yes: bool, out: &mut Vec<Effect>) {
        let Some((_, record)) = self.pending.remove(&from) else {
            return;
        };
        let swap = self.swap.take_if(|(_, add)| *add == from);
        if yes {
            if let Some((drop, _)) = swap {
                self.let_go(drop, out);
            }
            if self.active.len() >= self.config.active + SLACK {
                self.displace(out);
            }
            self.welcome(now, record, swap.is_some(), out);
        } else {
            out.push(Effect::Release(from));
            self.note(record);
            self.hurry(now);
        }
    }

    /// Answers somebody who wants to be a neighbour.
    fn take_in(&mut self, now: Time, record: PeerRecord, urgent: bool, out: &mut Vec<Effect>) {
        let from = record.id;
        if self.active.contains_key(&from) {
            out.push(Effect::Send(from, Body::Answer(true)));
            return;
        }
        let full = self.active.len() >= self.config.active + SLACK;
        if full && !(urgent && self.displaced.take(now, 1.0)) {
            out.push(Effect::Send(from, Body::Answer(false)));
            out.push(Effect::Retire(from));
            self.note(record);
            return;
        }
        if full {
            self.displace(out);
        }
        self.pending.remove(&from);
        out.push(Effect::Send(from, Body::Answer(true)));
        self.welcome(now, record, false, out);
    }

    fn welcome(&mut self, now: Time, record: PeerRecord, chosen: bool, out: &mut Vec<Effect>) {
        let peer = record.id;
        self.in_vain = 0;
        self.passive.retain(|other| other.id != peer);
        let fresh = Neighbour {
            record,
            since: now,
            chosen,
        };
        if self.active.insert(peer, fresh).is_none() {
            out.push(Effect::Up(peer));
        }
    }

    /// Lets a neighbour go, one of the younger half.
    fn displace(&mut self, out: &mut Vec<Effect>) {
        let mut by_age: Vec<_> = self
            .active
            .iter()
            .map(|(id, peer)| (peer.chosen, peer.since, *id))
            .collect();
        by_age.sort();
        let free = by_age.iter().filter(|(chosen, ..)| !chosen).count();
        if free > 0 {
            by_age.truncate(free);
        }
        let young = by_age.get(by_age.len() / 2..).unwrap_or(&by_age);
        if let Some((_, _, peer)) = self.random.pick(young).copied() {
            self.let_go(peer, out);
        }
    }

    fn let_go(&mut self, peer: NodeId, out: &mut Vec<Effect>) {
        if let Some(gone) = self.active.remove(&peer) {
            self.note(gone.record);
            out.push(Effect::Send(peer, Body::Leave));
            out.push(Effect::Down(peer));
            out.push(Effect::Retire(peer));
        }
    }

    fn ask(&mut self, now: Time, record: PeerRecord, urgent: bool, out: &mut Vec<Effect>) {
        let peer = record.id;
        out.push(Effect::Known(record.clone()));
        let body = Body::Neighbour(urgent, self.own.clone());
        out.push(Effect::Send(peer, body));
        let until = later(now, micros(ANSWER));
        self.pending.insert(peer, (until, record));
    }

    fn fill(&mut self, now: Time, out: &mut Vec<Effect>) {
        self.fill_at = None;
        let wanted = self.config.active.saturating_sub(self.active.len());
        let free = wanted.saturating_sub(self.pending.len());
        if wanted == 0 {
            return;
        }
        let mut candidates: Vec<_> = self
            .passive
            .iter()
            .filter(|record| !self.wants(&record.id))
            .cloned()
            .collect();
        self.random.shuffle(&mut candidates);
        let lonely = self.active.is_empty();
        for (at, record) in candidates.into_iter().take(free).enumerate() {
            // One join walks through the whole surroundings; the others are asked for a place alone.
            if lonely && at == 0 {
                out.push(Effect::Known(record.clone()));
                out.push(Effect::Send(record.id, Body::Join(self.own.clone())));
                self.pending
                    .insert(record.id, (later(now, micros(ANSWER)), record));
            } else {
                self.ask(now, record, lonely, out);
            }
        }
        if lonely && self.pending.is_empty() && self.alone_at <= now {
            self.alone_at = later(now, micros(ALONE));
            out.push(Effect::Alone);
        }
        self.in_vain += 1;
        let doubled = 1 << self.in_vain.min(if lonely { 5 } else { 7 });
        let pause = if lonely { RETRY } else { RETRY * 2 } * doubled;
        self.fill_at = Some(later(now, self.random.about(pause)));
    }

    /// Notes a candidate; a newer record replaces an older one, a random one makes room.
    pub(super) fn note(&mut self, record: PeerRecord) {
        if record.id == self.own.id || self.active.contains_key(&record.id) {
            return;
        }
        if let Some(old) = self.passive.iter_mut().find(|old| old.id == record.id) {
            if record.sequence > old.sequence {
                *old = record;
            }
            return;
        }
        if self.passive.len() >= self.config.passive {
            let victim = self.random.below(self.passive.len());
            self.passive.swap_remove(victim);
        }
        self.passive.push(record);
    }

    fn hurry(&mut self, now: Time) {
        if self.active.len() < self.config.active {
            let soon = later(
                now,
                self.random.about(RETRY) / 8 * (1 << self.in_vain.min(5)),
            );
            self.fill_at = Some(self.fill_at.map_or(soon, |at| at.min(soon)));
        }
    }
}

pub(crate) fn micros(span: Duration) -> u64 {
    u64::try_from(span.as_micros()).unwrap_or(u64::MAX / 4)
}

pub(crate) fn later(now: Time, micros: u64) -> Time {
    Time(now.0.saturating_add(micros))
}
