//! Plumtree (Leitão, Pereira, Rodrigues, SRDS 2007): messages run along a tree of eager links; the lazy links carry only
//! announcements and mend the tree where it breaks.
//!
//! Nothing is passed on before the floor above has judged it, so whoever sends an invalid message made it or passed it on
//! unjudged, and answers for it.

use core::time::Duration;
use std::collections::{BTreeMap, HashMap, VecDeque};

use bytes::Bytes;

use super::bucket::Bucket;
use super::membership::{later, micros};
use super::wire::{ANNOUNCED, Body};
use super::{Effect, message_id};
use crate::id::NodeId;
use crate::machine::Time;
use crate::score::Offence;
use crate::topic::{MessageId, Topic, Verdict};

/// Ids remembered, so that a message comes once.
pub(crate) const SEEN: usize = 4096;
/// Messages and bytes kept for those who ask.
pub(crate) const KEPT: usize = 256;
pub(crate) const KEPT_BYTES: usize = 1024 * 1024;
/// Messages that wait for their verdict, in all and from one peer.
pub(crate) const WAITING: usize = 64;
const WAITING_FROM_ONE: usize = 16;
/// Announced messages that have not come, in all and by one peer alone.
pub(crate) const MISSING: usize = 512;
const MISSING_FROM_ONE: usize = 128;
const SOURCES: usize = 4;
const VERDICT: Duration = Duration::from_secs(10);
/// How long an announced message may take on the tree before it is asked for.
const GRAFT_FIRST: Duration = Duration::from_millis(500);
const GRAFT_NEXT: Duration = Duration::from_millis(1000);
/// Announcements are gathered this long.
const GATHER: Duration = Duration::from_millis(100);
/// When the links of the tree hear what should have come over them.
const CONFIRM: Duration = Duration::from_secs(3);
/// Of what was broadcast before it came, a new neighbour hears so many ids.
const RECENT: usize = 32;
/// How often a missing message is asked for.
const ATTEMPTS: u8 = 6;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Waiting,
    Good,
    Bad,
    Ignored,
}

#[derive(Debug)]
struct Link {
    eager: bool,
    messages: Bucket,
    bytes: Bucket,
    announcements: Bucket,
    grafts: Bucket,
    to_announce: Vec<MessageId>,
}

#[derive(Debug)]
struct Waiting {
    from: NodeId,
    hops: u16,
    bytes: Bytes,
    until: Time,
}

#[derive(Debug)]
struct Missing {
    due: Time,
    asked: Option<NodeId>,
    attempts: u8,
    sources: VecDeque<NodeId>,
}

/// The broadcast of one swarm.
#[derive(Debug)]
pub(crate) struct Broadcast {
    topic: Topic,
    links: BTreeMap<NodeId, Link>,
    seen: HashMap<MessageId, State>,
    seen_order: VecDeque<MessageId>,
    kept: HashMap<MessageId, (u16, Bytes)>,
    kept_order: VecDeque<MessageId>,
    kept_bytes: usize,
    waiting: BTreeMap<MessageId, Waiting>,
    missing: BTreeMap<MessageId, Missing>,
    announce_at: Option<Time>,
    /// Told to the tree's own links too, a little later: a push may have been lost.
    to_confirm: VecDeque<(Time, MessageId, Option<NodeId>)>,
}

impl Broadcast {
    pub(crate) fn new(topic: Topic) -> Self {
        Self {
            topic,
            links: BTreeMap::new(),
            seen: HashMap::new(),
            seen_order: VecDeque::new(),
            kept: HashMap::new(),
            kept_order: VecDeque::new(),
            kept_bytes: 0,
            waiting: BTreeMap::new(),
            missing: BTreeMap::new(),
            announce_at: None,
            to_confirm: VecDeque::new(),
        }
    }

    pub(crate) fn up(&mut self, now: Time, peer: NodeId) {
        let recent: Vec<_> = self.kept_order.iter().rev().take(RECENT).copied().collect();
        if !recent.is_empty() {
            self.announce_at.get_or_insert(later(now, micros(GATHER)));
        }
        self.links.entry(peer).or_insert_with(|| Link {
            eager: true,
            messages: Bucket::new(200.0, 50.0),
            bytes: Bucket::new(1024.0 * 1024.0, 256.0 * 1024.0),
            announcements: Bucket::new(1024.0, 128.0),
            grafts: Bucket::new(64.0, 16.0),
            to_announce: recent,
        });
    }

    pub(crate) fn down(&mut self, peer: &NodeId) {
        self.links.remove(peer);
        // A broken branch: what others announced is asked for from them.
        for missing in self.missing.values_mut() {
            missing.sources.retain(|source| source != peer);
        }
    }

    pub(crate) fn next_wake(&self) -> Option<Time> {
        let verdicts = self.waiting.values().map(|waiting| waiting.until);
        let grafts = self.missing.values().map(|missing| missing.due);
        verdicts
            .chain(grafts)
            .chain(self.announce_at)
            .chain(self.to_confirm.front().map(|(at, ..)| *at))
            .min()
    }

    pub(crate) fn wake(&mut self, now: Time, out: &mut Vec<Effect>) {
        let late: Vec<_> = self
            .waiting
            .iter()
            .filter(|(_, waiting)| waiting.until <= now)
            .map(|(id, _)| *id)
            .collect();
        for id in late {
            self.judge(now, id, Verdict::Ignore, out);
        }
        let due: Vec<_> = self
            .missing
            .iter()
            .filter(|(_, missing)| missing.due <= now)
            .map(|(id, _)| *id)
            .collect();
        for id in due {
            self.ask_for(now, id, out);
        }
        while let Some((_, id, from)) = self.to_confirm.pop_front_if(|(at, ..)| *at <= now) {
            for (peer, link) in &mut self.links {
                if Some(*peer) != from && link.eager && link.to_announce.len() < 4 * ANNOUNCED {
                    link.to_announce.push(id);
                    self.announce_at = Some(now);
                }
            }
        }
        if self.announce_at.is_some_and(|at| at <= now) {
            self.announce_at = None;
            for (peer, link) in &mut self.links {
                while !link.to_announce.is_empty() {
                    let count = link.to_announce.len().min(ANNOUNCED);
                    let ids = link.to_announce.drain(..count).collect();
                    out.push(Effect::Send(*peer, Body::Have(ids)));
                }
            }
        }
    }

    pub(crate) fn publish(&mut self, now: Time, bytes: Bytes, out: &mut Vec<Effect>) -> MessageId {
        let id = message_id(self.topic, &bytes);
        if self.remember(id, State::Good) {
            self.pass_on(now, id, 0, bytes, None, out);
        }
        id
    }

    pub(crate) fn judge(
        &mut self,
        now: Time,
        id: MessageId,
        verdict: Verdict,
        out: &mut Vec<Effect>,
    ) -> bool {
        let Some(waiting) = self.waiting.remove(&id) else {
            return false;
        };
        let state = match verdict {
            Verdict::Accept => State::Good,
            Verdict::Reject => State::Bad,
            Verdict::Ignore => State::Ignored,
        };
        self.seen.insert(id, state);
        match verdict {
            Verdict::Accept => {
                out.push(Effect::First(waiting.from));
                let hops = waiting.hops.saturating_add(1);
                self.pass_on(now, id, hops, waiting.bytes, Some(waiting.from), out);
            }
            Verdict::Reject => {
                self.set_eager(&waiting.from, false);
                out.push(Effect::Offence(waiting.from, Offence::Rejected));
            }
            Verdict::Ignore => {}
        }
        true
    }

    pub(crate) fn on_message(
        &mut self,
        now: Time,
        from: NodeId,
        body: Body,
        out: &mut Vec<Effect>,
    ) {
        if !self.links.contains_key(&from) {
            return;
        }
        match body {
            Body::Push(hops, bytes) => self.on_push(now, from, hops, bytes, out),
            Body::Have(ids) => self.on_have(now, from, ids, out),
            Body::Graft(id) => self.on_graft(now, from, id, out),
            Body::Prune => self.set_eager(&from, false),
            _ => {}
        }
    }

    fn on_push(&mut self, now: Time, from: NodeId, hops: u16, bytes: Bytes, out: &mut Vec<Effect>) {
        let Some(link) = self.links.get_mut(&from) else {
            return;
        };
        if !link.messages.take(now, 1.0) || !link.bytes.take(now, bytes.len() as f64) {
            out.push(Effect::Offence(from, Offence::Flood));
            return;
        }
        let id = message_id(self.topic, &bytes);
        if let Some(state) = self.seen.get(&id).copied() {
            let was_eager = self.links.get(&from).is_some_and(|link| link.eager);
            self.set_eager(&from, false);
            if state == State::Bad {
                out.push(Effect::Offence(from, Offence::Rejected));
            } else if was_eager {
                out.push(Effect::Send(from, Body::Prune));
            }
            return;
        }
        let of_this_one = self
            .waiting
            .values()
            .filter(|waiting| waiting.from == from)
            .count();
        if self.waiting.len() >= WAITING || of_this_one >= WAITING_FROM_ONE {
            // Not noted as seen: it may come again once the judge has caught up.
            return;
        }
        self.missing.remove(&id);
        self.remember(id, State::Waiting);
        self.set_eager(&from, true);
        let until = later(now, micros(VERDICT));
        let held = Waiting {
            from,
            hops,
            bytes: bytes.clone(),
            until,
        };
        self.waiting.insert(id, held);
        out.push(Effect::Message(id, from, bytes));
    }

    fn on_have(&mut self, now: Time, from: NodeId, ids: Vec<MessageId>, out: &mut Vec<Effect>) {
        let Some(link) = self.links.get_mut(&from) else {
            return;
        };
        if !link.announcements.take(now, ids.len() as f64) {
            out.push(Effect::Offence(from, Offence::Flood));
            return;
        }
        let mut alone = self
            .missing
            .values()
            .filter(|missing| missing.sources.front() == Some(&from))
            .count();
        for id in ids {
            if self.seen.contains_key(&id) {
                continue;
            }
            if let Some(missing) = self.missing.get_mut(&id) {
                if missing.sources.len() < SOURCES && !missing.sources.contains(&from) {
                    missing.sources.push_back(from);
                }
            } else if self.missing.len() < MISSING && alone < MISSING_FROM_ONE {
                alone += 1;
                let due = later(now, micros(GRAFT_FIRST));
                let missing = Missing {
                    due,
                    asked: None,
                    attempts: 0,
                    sources: [from].into(),
                };
                self.missing.insert(id, missing);
            }
        }
    }

    /// The tree did not bring it: asks the next who announced it, and makes that link part of the tree.
    fn ask_for(&mut self, now: Time, id: MessageId, out: &mut Vec<Effect>) {
        let Some(mut missing) = self.missing.remove(&id) else {
            return;
        };
        if let Some(peer) = missing.asked.take() {
            out.push(Effect::Offence(peer, Offence::Silent));
        }
        missing.attempts += 1;
        if missing.attempts > ATTEMPTS {
            return;
        }
        if let Some(peer) = missing.sources.pop_front() {
            missing.sources.push_back(peer);
            self.set_eager(&peer, true);
            out.push(Effect::Send(peer, Body::Graft(id)));
            missing.asked = Some(peer);
            missing.due = later(now, micros(GRAFT_NEXT));
            self.missing.insert(id, missing);
        }
    }

    fn on_graft(&mut self, now: Time, from: NodeId, id: MessageId, out: &mut Vec<Effect>) {
        let Some(link) = self.links.get_mut(&from) else {
            return;
        };
        if !link.grafts.take(now, 1.0) {
            out.push(Effect::Offence(from, Offence::Flood));
            return;
        }
        link.eager = true;
        if let Some((hops, bytes)) = self.kept.get(&id) {
            out.push(Effect::Send(from, Body::Push(*hops, bytes.clone())));
        }
    }

    fn pass_on(
        &mut self,
        now: Time,
        id: MessageId,
        hops: u16,
        bytes: Bytes,
        from: Option<NodeId>,
        out: &mut Vec<Effect>,
    ) {
        for (peer, link) in &mut self.links {
            if Some(*peer) == from {
                continue;
            }
            if link.eager {
                out.push(Effect::Send(*peer, Body::Push(hops, bytes.clone())));
            } else if link.to_announce.len() < 4 * ANNOUNCED {
                link.to_announce.push(id);
                self.announce_at.get_or_insert(later(now, micros(GATHER)));
            }
        }
        if self.to_confirm.len() < KEPT {
            self.to_confirm
                .push_back((later(now, micros(CONFIRM)), id, from));
        }
        self.kept_bytes += bytes.len();
        self.kept.insert(id, (hops, bytes));
        self.kept_order.push_back(id);
        while self.kept.len() > KEPT || self.kept_bytes > KEPT_BYTES {
            let Some(oldest) = self.kept_order.pop_front() else {
                break;
            };
            if let Some((_, bytes)) = self.kept.remove(&oldest) {
                self.kept_bytes = self.kept_bytes.saturating_sub(bytes.len());
            }
        }
    }

    fn set_eager(&mut self, peer: &NodeId, eager: bool) {
        if let Some(link) = self.links.get_mut(peer) {
            link.eager = eager;
        }
    }

    /// Notes an id; the oldest goes. `false` if it was known.
    fn remember(&mut self, id: MessageId, state: State) -> bool {
        if self.seen.contains_key(&id) {
            return false;
        }
        self.seen.insert(id, state);
        self.seen_order.push_back(id);
        while self.seen_order.len() > SEEN {
            if let Some(oldest) = self.seen_order.pop_front() {
                self.seen.remove(&oldest);
            }
        }
        true
    }

    #[cfg(test)]
    pub(crate) fn sizes(&self) -> [usize; 5] {
        let queued = self.links.values().map(|link| link.to_announce.len()).max();
        [
            self.seen.len(),
            self.kept_bytes,
            self.waiting.len(),
            self.missing.len(),
            queued.unwrap_or(0),
        ]
    }
}
