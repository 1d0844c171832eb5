//! What comes in, and what the inner machines made of it.

use bytes::Bytes;

use super::{
    Alarm, Event, Gossip, Input, Link, Node, NodeId, Out, Output, PeerRecord, Protocol, Time,
    Topic, gossip,
};
use crate::budget::{CONNECTION, MESSAGE};
use crate::control::{MOST_PEERS, Message};
use crate::out::Act;
use crate::score::Offence;
use crate::table::Done;

/// Broadcasts of this size and more are the floors' own traffic and not the overlay's.
const PAYLOAD: usize = 2048;
/// How long an alarm stands after its last cause.
const ALARM: u64 = 3600 * 1_000_000;
/// The own record is signed again after this, so that others see it is fresh, in seconds.
const RENEW: u64 = 12 * 3600;

impl Node {
    /// Something happened outside.
    pub fn handle(&mut self, now: Time, input: Input) {
        match input {
            Input::Clock(unix) => {
                self.clock = Some((now, unix));
                self.apply_settings(now);
                let issued = self.record.as_ref().map_or(0, |record| record.issued);
                if self.record.is_none() || issued.saturating_add(RENEW) < unix.0 {
                    self.sign(now);
                }
                self.wake(now);
            }
            Input::Wake => self.wake(now),
            Input::Message {
                from,
                protocol,
                bytes,
            } => self.message(now, from, protocol, bytes),
            Input::Connected {
                peer,
                protocol,
                ip,
                dialled,
            } => {
                if dialled {
                    self.shape.reached.note(now, true);
                }
                if dialled && protocol == Protocol::Control {
                    self.chosen.insert(peer);
                }
                self.connected(now, peer, protocol, ip, input);
            }
            Input::Disconnected { peer, protocol } => {
                self.disconnected(now, peer, protocol, input, false);
            }
            Input::DialFailed { peer, protocol } => {
                self.known.failed(&peer);
                self.resorts.ended(now, &peer, false);
                self.shape.reached.note(now, false);
                self.disconnected(now, peer, protocol, input, true);
            }
        }
    }

    fn message(&mut self, now: Time, from: NodeId, protocol: Protocol, bytes: Bytes) {
        let length = bytes.len();
        self.count(now, protocol, length, false);
        if self.scores.banned(now, &from) {
            return;
        }
        if !self.rates.allow(now, from, protocol, length) {
            self.blame(now, from, Offence::Flood);
            return;
        }
        match protocol {
            Protocol::Table => self.with_table(now, |table, context, out| {
                table.on_message(context, from, &bytes, out);
            }),
            Protocol::Control => {
                let own = self.own(now);
                self.with_control(now, |control, context, out| {
                    control.on_message(context, &own, from, &bytes, out);
                });
            }
            Protocol::Gossip => {
                self.gossiped(now, &from);
                if let Some(gossip) = &mut self.gossip {
                    let input = Input::Message {
                        from,
                        protocol,
                        bytes,
                    };
                    gossip.handle(now, input);
                }
                self.drain_gossip(now);
            }
        }
    }

    fn connected(
        &mut self,
        now: Time,
        peer: NodeId,
        protocol: Protocol,
        ip: Option<core::net::IpAddr>,
        input: Input,
    ) {
        self.budget.spend(now, CONNECTION);
        if self.scores.banned(now, &peer) {
            self.outputs.push_back(Output::Close { peer, protocol });
            return;
        }
        let link = self.links.entry(peer).or_insert_with(|| Link {
            protocols: std::collections::BTreeSet::new(),
            ip: None,
            since: now,
            gossiped: now,
        });
        if protocol == Protocol::Gossip {
            link.gossiped = now;
        }
        link.protocols.insert(protocol);
        link.ip = ip.or(link.ip);
        self.known.reached(&peer);
        match protocol {
            Protocol::Table => self.table.connected(peer, ip),
            Protocol::Gossip => {
                if let Some(gossip) = &mut self.gossip {
                    gossip.handle(now, input);
                }
                self.drain_gossip(now);
            }
            Protocol::Control => {
                let full = self.config.max_neighbours + self.config.max_guests;
                if self.control.len() >= full && !self.control.linked(&peer) {
                    // Who is turned away learns of others.
                    let others = self.known.sample(&mut self.random, MOST_PEERS);
                    let others = others.into_iter().map(|record| (record, None)).collect();
                    let bytes = Message::peers(others).encode();
                    self.send(now, peer, protocol, bytes.into());
                    self.outputs.push_back(Output::Close { peer, protocol });
                    return;
                }
                self.with_control(now, |control, context, out| {
                    control.connected(context, peer, out);
                });
            }
        }
    }

    fn disconnected(
        &mut self,
        now: Time,
        peer: NodeId,
        protocol: Protocol,
        input: Input,
        failed: bool,
    ) {
        if let Some(link) = self.links.get_mut(&peer) {
            link.protocols.remove(&protocol);
            if link.protocols.is_empty() {
                self.links.remove(&peer);
            }
        }
        match protocol {
            Protocol::Table => self.with_table(now, |table, context, out| {
                if failed {
                    table.unreachable(context, peer, out);
                } else {
                    table.disconnected(context, peer, out);
                }
            }),
            // A connection that rested is closed, and the neighbour still there.
            Protocol::Gossip if !failed && self.control.met(&peer) && self.rests(&peer) => {}
            Protocol::Gossip => {
                if let Some(gossip) = &mut self.gossip {
                    gossip.handle(now, input);
                }
                self.drain_gossip(now);
            }
            Protocol::Control => {
                self.chosen.remove(&peer);
                let was_up = self.control.gone(&peer);
                self.coordinates.forget(&peer);
                self.lost_way(now, &peer);
                if was_up && self.rests(&peer) {
                    let protocol = Protocol::Gossip;
                    if let Some(gossip) = &mut self.gossip {
                        gossip.handle(now, Input::Disconnected { peer, protocol });
                    }
                    self.drain_gossip(now);
                }
                if was_up {
                    self.event(Event::PeerDown(peer));
                    self.control.suspect(now);
                }
                if failed {
                    self.with_table(now, |table, context, out| {
                        table.unreachable(context, peer, out);
                    });
                }
                self.keep_at = self.keep_at.min(now);
            }
        }
        self.wake(now);
    }

    /// Whatever is due is done.
    pub(super) fn wake(&mut self, now: Time) {
        if self.record.is_none() {
            return;
        }
        let slowdown = self.budget.slowdown(now);
        if self.budget.spent() {
            self.alarm(now, Alarm::Budget);
        }
        if now >= self.keep_at {
            self.keep(now);
        }
        if self.table.next_wake() <= now {
            self.with_table(now, |table, context, out| {
                table.wake(context, slowdown, out);
            });
        }
        if self.control.next_wake().is_some_and(|at| at <= now) {
            let coordinate = *self.coordinates.coordinate();
            self.with_control(now, |control, context, out| {
                control.wake(context, &coordinate, slowdown, out);
            });
        }
        let gossip = self.gossip.as_mut();
        if let Some(gossip) = gossip.filter(|one| one.next_wake().is_some_and(|at| at <= now)) {
            gossip.handle(now, Input::Wake);
        }
        self.drain_gossip(now);
    }

    /// Signs the own record anew.
    pub(super) fn sign(&mut self, now: Time) {
        if self.clock.is_none() {
            return;
        }
        let issued = self.unix(now).0;
        let last = self.record.as_ref().map_or(0, |record| record.sequence);
        let (mut hints, serves) = self.hints.clone();
        hints.direct.truncate(8);
        hints.relays.truncate(3);
        let serves = serves && self.config.serves;
        let sequence = issued.max(last + 1);
        let signed = PeerRecord::signed(&self.key, sequence, issued, hints, serves);
        let record = match signed {
            Ok(record) => record,
            // An address that no record may name: better to be found nowhere than not to exist.
            Err(_) => {
                let nowhere = crate::transport::Hints::default();
                match PeerRecord::signed(&self.key, sequence, issued, nowhere, serves) {
                    Ok(record) => record,
                    Err(_) => return,
                }
            }
        };
        self.record = Some(record.clone());
        if let Some(gossip) = &mut self.gossip {
            gossip.set_record(record.clone());
        } else {
            let mut gossip =
                Gossip::new(gossip::Config::default(), record.clone(), &self.seed, now);
            for topic in self.topics.keys() {
                gossip.subscribe(now, *topic);
            }
            let known = self.known.candidates(now, &mut self.random);
            gossip.introduce(now, Topic::QNET, known.into_iter().take(16).collect());
            self.gossip = Some(gossip);
            self.keep_at = now;
        }
        self.event(Event::Own(record));
        self.with_control(now, |control, context, out| control.tell(context, out));
    }

    /// Does what the inner machines want done.
    pub(super) fn carry_out(&mut self, now: Time, out: Out) {
        for act in out.0 {
            match act {
                Act::Send(to, protocol, bytes) => self.send(now, to, protocol, bytes),
                Act::Known(record) => self.outputs.push_back(Output::Known(record)),
                Act::Close(peer, protocol) => {
                    self.outputs.push_back(Output::Close { peer, protocol });
                }
                Act::Blame(peer, what) => self.blame(now, peer, what),
                Act::Learnt(record) => self.learn(&record),
            }
        }
    }

    pub(super) fn send(&mut self, now: Time, to: NodeId, protocol: Protocol, bytes: Bytes) {
        if bytes.len() > protocol.max_message() || self.scores.banned(now, &to) {
            return;
        }
        self.count(now, protocol, bytes.len(), true);
        if protocol == Protocol::Gossip {
            self.gossiped(now, &to);
        }
        self.outputs.push_back(Output::Send {
            to,
            protocol,
            bytes,
        });
    }

    /// Gossip was spoken with a peer.
    fn gossiped(&mut self, now: Time, peer: &NodeId) {
        if let Some(link) = self.links.get_mut(peer) {
            link.gossiped = now;
        }
    }

    fn count(&mut self, now: Time, protocol: Protocol, bytes: usize, sent: bool) {
        let whole = bytes as u64 + MESSAGE;
        let sums = self.traffic.entry(protocol).or_default();
        if sent {
            sums.0 += whole;
        } else {
            sums.1 += whole;
        }
        if protocol != Protocol::Gossip || bytes < PAYLOAD {
            self.budget.spend(now, whole);
        }
    }

    /// A peer broke the rules, here or on a floor above: its score falls, and below a bound it is not heard for a while.
    pub fn blame(&mut self, now: Time, peer: NodeId, what: Offence) {
        let banned = self.scores.offend(now, peer, what);
        self.event(Event::Misbehaved { peer, what });
        if banned {
            for protocol in Protocol::ALL {
                self.outputs.push_back(Output::Close { peer, protocol });
            }
            self.known.forget(&peer);
            if let Some(gossip) = &mut self.gossip {
                gossip.expel(now, peer);
            }
        }
    }

    /// Takes in a verified record.
    pub(super) fn learn(&mut self, record: &PeerRecord) {
        if record.id != self.id && self.known.learn(record) {
            self.outputs.push_back(Output::Known(record.clone()));
            self.event(Event::Record(record.clone()));
        }
    }

    pub(super) fn alarm(&mut self, now: Time, alarm: Alarm) {
        let fresh = |at: &Time| now.0.saturating_sub(at.0) < ALARM;
        if !self.alarms.get(&alarm).is_some_and(fresh) {
            self.event(Event::Alarm(alarm));
        }
        if self.alarms.len() >= 64 {
            self.alarms.retain(|_, at| fresh(at));
        }
        if self.alarms.len() < 64 || self.alarms.contains_key(&alarm) {
            self.alarms.insert(alarm, now);
        }
    }

    pub(super) fn drain_table(&mut self, now: Time) {
        for done in self.table.results() {
            match done {
                Done::Found(query, record, (hops, asked)) => {
                    let cached = |node: &Self| {
                        let wanted = node.wanted.get(&query)?;
                        node.known.get(wanted).cloned()
                    };
                    let record = record.or_else(|| cached(self));
                    self.wanted.remove(&query);
                    if let Some(record) = &record {
                        self.learn(record);
                    }
                    self.event(Event::Found {
                        query,
                        record,
                        hops,
                        asked,
                    });
                }
                Done::Stored(query, _) if self.quiet.remove(&query) => {}
                Done::Stored(query, copies) => self.event(Event::Stored { query, copies }),
                Done::Got(query, records, (hops, asked)) => match self.members.remove(&query) {
                    Some(topic) => self.met(now, topic, &records),
                    None => self.event(Event::Got {
                        query,
                        records,
                        hops,
                        asked,
                    }),
                },
                Done::Dense(key) => self.alarm(now, Alarm::Dense(key)),
            }
        }
    }
}
