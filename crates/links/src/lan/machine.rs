//! What LAN discovery says and whom it meets, without sockets or clock.

use core::net::{Ipv4Addr, SocketAddrV4};
use std::collections::BTreeMap;

use webx_overlay::{NodeId, Time};

use super::message::{self, GROUP, Heard};

const SECOND: u64 = 1_000_000;
/// The question is asked again after a second, then after three times as long each time, and at last every half hour.
const ASK_FIRST: u64 = SECOND;
const ASK_LAST: u64 = 1800 * SECOND;
/// Announcements at the beginning, and the least time between any two.
const UNASKED: u8 = 2;
const BETWEEN: u64 = SECOND;
/// Keys that are remembered, in all and from one address.
const MOST: usize = 64;
const MOST_OF_ONE: usize = 4;
/// A key that was not heard of for so long is forgotten.
const FORGET: u64 = 600 * SECOND;
/// Of two that hear each other at once, one waits so long for the other to dial.
const YIELD: u64 = 3 * SECOND;
/// How often a key is dialled in vain, and the pause before the next try.
const TRIES: u8 = 3;
const RETRY: u64 = 15 * SECOND;
/// Introductions at once; at first in a row; and then one in so long.
const AT_ONCE: usize = 4;
const BURST: u64 = 16;
const PACE: u64 = 60 * SECOND;

/// What is to be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Act {
    /// Ask who is there.
    Ask,
    /// Say that this node is there.
    Announce,
    /// Dial this key at this address.
    Meet(NodeId, SocketAddrV4),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Waiting(Time),
    Meeting,
    Met,
    GivenUp,
}

#[derive(Debug)]
struct One {
    at: SocketAddrV4,
    heard: Time,
    tries: u8,
    state: State,
}

/// One stay in one network, under one key that is used for nothing else.
#[derive(Debug)]
pub(crate) struct Machine {
    own: NodeId,
    ask_at: Time,
    pause: u64,
    unasked: u8,
    announce_at: Option<Time>,
    said: Option<Time>,
    others: BTreeMap<NodeId, One>,
    /// Introductions that may begin now, and since when they are counted.
    allowed: u64,
    counted: Time,
    wobble: usize,
}

/// Whether an address is one of a local network: private (RFC 1918) or link-local (RFC 3927).
pub(crate) const fn is_local(ip: Ipv4Addr) -> bool {
    ip.is_private() || ip.is_link_local()
}

impl Machine {
    pub(crate) fn new(own: NodeId, now: Time) -> Self {
        let mut machine = Self {
            own,
            ask_at: now,
            pause: ASK_FIRST,
            unasked: UNASKED,
            announce_at: None,
            said: None,
            others: BTreeMap::new(),
            allowed: BURST,
            counted: now,
            wobble: 0,
        };
        machine.ask_at = machine.soon(now);
        machine.announce_at = Some(machine.soon(now));
        machine
    }

    /// 20 to 120 ms from now, so that not all speak at once (RFC 6762 section 5.2). The key is as good as a die.
    fn soon(&mut self, now: Time) -> Time {
        let bytes = self.own.as_bytes();
        self.wobble = (self.wobble + 1) % bytes.len();
        let die = bytes.get(self.wobble).copied().unwrap_or(0);
        Time(now.0 + 20_000 + u64::from(die) * 100_000 / 255)
    }

    /// A datagram came to the group. `Act`s follow from [`Self::wake`].
    pub(crate) fn heard(&mut self, now: Time, from: SocketAddrV4, bytes: &[u8]) {
        if !is_local(*from.ip()) {
            return;
        }
        match message::read(bytes) {
            Some(Heard::Question) => {
                // Somebody asked for all of us.
                self.ask_at = Time(self.ask_at.0.max(now.0 + self.pause));
                let soon = self.soon(now);
                let earliest = self.said.map_or(soon, |said| Time(said.0 + BETWEEN));
                let at = soon.max(earliest);
                self.announce_at = Some(self.announce_at.map_or(at, |old| old.min(at)));
            }
            // A response from another port is to be ignored (RFC 6762 section 6).
            Some(Heard::Announced(node, port)) if from.port() == GROUP.port() => {
                self.announced(now, node, SocketAddrV4::new(*from.ip(), port));
            }
            _ => {}
        }
    }

    fn announced(&mut self, now: Time, node: NodeId, at: SocketAddrV4) {
        if node == self.own {
            return;
        }
        if let Some(one) = self.others.get_mut(&node) {
            // Where it was first heard counts: nobody else can move it.
            if one.at == at {
                one.heard = now;
            }
            return;
        }
        if !self.room(now, *at.ip()) {
            return;
        }
        let wait = if self.own < node { 0 } else { YIELD };
        let one = One {
            at,
            heard: now,
            tries: 0,
            state: State::Waiting(Time(now.0 + wait)),
        };
        self.others.insert(node, one);
    }

    /// Whether one more may be remembered.
    fn room(&mut self, now: Time, ip: Ipv4Addr) -> bool {
        self.others.retain(|_, one| {
            one.state == State::Meeting || now.0.saturating_sub(one.heard.0) < FORGET
        });
        let of_one = self.others.values().filter(|one| *one.at.ip() == ip);
        if of_one.count() >= MOST_OF_ONE {
            return false;
        }
        if self.others.len() >= MOST {
            let gone = |(_, one): &(&NodeId, &One)| one.state == State::GivenUp;
            let gone = self.others.iter().find(gone).map(|(node, _)| *node);
            return gone.is_some_and(|node| self.others.remove(&node).is_some());
        }
        true
    }

    /// Does what is due.
    pub(crate) fn wake(&mut self, now: Time) -> Vec<Act> {
        let mut acts = Vec::new();
        if self.ask_at <= now {
            acts.push(Act::Ask);
            self.ask_at = Time(now.0 + self.pause);
            self.pause = (self.pause * 3).min(ASK_LAST);
        }
        if self.announce_at.is_some_and(|at| at <= now) {
            acts.push(Act::Announce);
            self.said = Some(now);
            self.unasked = self.unasked.saturating_sub(1);
            self.announce_at = (self.unasked > 0).then_some(Time(now.0 + BETWEEN));
        }
        self.refill(now);
        while self.allowed > 0 && self.meetings() < AT_ONCE {
            let due = self
                .others
                .iter()
                .filter_map(|(node, one)| match one.state {
                    // Who was never tried goes first.
                    State::Waiting(at) if at <= now => Some(((one.tries, at), *node)),
                    _ => None,
                });
            let Some((_, node)) = due.min() else { break };
            if let Some(one) = self.others.get_mut(&node) {
                one.state = State::Meeting;
                self.allowed -= 1;
                acts.push(Act::Meet(node, one.at));
            }
        }
        acts
    }

    fn meetings(&self) -> usize {
        let all = self.others.values();
        all.filter(|one| one.state == State::Meeting).count()
    }

    fn refill(&mut self, now: Time) {
        let fresh = now.0.saturating_sub(self.counted.0) / PACE;
        self.counted = Time(self.counted.0 + fresh * PACE);
        self.allowed = (self.allowed + fresh).min(BURST);
    }

    /// When to call [`Self::wake`] at the latest.
    pub(crate) fn next_wake(&self) -> Time {
        let mut at = self
            .announce_at
            .map_or(self.ask_at, |at| at.min(self.ask_at));
        if self.meetings() < AT_ONCE {
            let waiting = self.others.values().filter_map(|one| match one.state {
                State::Waiting(due) => Some(due),
                _ => None,
            });
            if let Some(due) = waiting.min() {
                let allowed = Time(self.counted.0 + PACE);
                at = at.min(if self.allowed > 0 {
                    due
                } else {
                    due.max(allowed)
                });
            }
        }
        at
    }

    /// How a [`Act::Meet`] ended.
    pub(crate) fn ended(&mut self, now: Time, node: NodeId, met: bool) {
        if let Some(one) = self.others.get_mut(&node) {
            one.tries = one.tries.saturating_add(1);
            one.state = match (met, one.tries) {
                (true, _) => State::Met,
                (false, TRIES..) => State::GivenUp,
                (false, tries) => State::Waiting(Time(now.0 + (RETRY << (2 * tries)))),
            };
        }
    }

    /// Whether somebody who dialled may introduce himself. He is then not dialled.
    pub(crate) fn admit(&mut self, now: Time, node: NodeId) -> bool {
        self.refill(now);
        if self.allowed == 0 {
            return false;
        }
        self.allowed -= 1;
        if let Some(one) = self.others.get_mut(&node)
            && matches!(one.state, State::Waiting(_))
        {
            one.state = State::Met;
        }
        true
    }
}

#[cfg(test)]
#[path = "machine_tests.rs"]
mod tests;
