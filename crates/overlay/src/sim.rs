//! The simulator: the real machines in virtual time, ten thousand of them in one process.
//!
//! A [`Sim`] is the driver and the internet at once. It carries out what machines put out over a [`World`] of places,
//! access links, NATs and partitions, and counts every byte, with what QUIC and IP add: handshakes, packet headers,
//! acknowledgements, keep-alives. Everything follows from one seed.

pub mod graph;
mod queue;
mod traffic;
mod world;

use core::time::Duration;
use std::collections::{BTreeMap, HashMap, HashSet};

use bytes::Bytes;

use self::queue::{Happening, Queue};
pub use self::traffic::{Traffic, WireCosts};
pub use self::world::{Chance, Nat, Place, World};
use crate::id::NodeId;
use crate::machine::{Input, Output, Time};
use crate::protocol::Protocol;

/// A table connection is closed after so long without a message.
const TABLE_IDLE: u64 = 30_000_000;
/// Nobody answered.
const DIAL_TIMEOUT: u64 = 5_000_000;
/// A silent peer is given up.
const SILENCE: u64 = 30_000_000;

/// A state machine that the simulator can run.
pub trait Machine {
    /// Its news.
    type Event;
    /// Its name.
    fn id(&self) -> NodeId;
    /// See [`crate::Node::handle`].
    fn handle(&mut self, now: Time, input: Input);
    /// See [`crate::Node::poll`].
    fn poll(&mut self) -> Option<Output<Self::Event>>;
    /// See [`crate::Node::next_wake`].
    fn next_wake(&self) -> Option<Time>;
}

/// A node's number in a run; numbers are not used twice.
pub type Number = u32;

#[derive(Debug)]
struct Slot<M> {
    id: NodeId,
    machine: Option<Box<M>>,
    place: Place,
    wake_at: u64,
    uplink_free: u64,
    known: HashSet<Number>,
    lines: BTreeMap<(Number, u8), usize>,
    traffic: Traffic,
}

#[derive(Debug)]
struct Line {
    ends: (Number, Number),
    protocol: u8,
    /// When both ends have it.
    stands: u64,
    /// What is sent earlier arrives earlier.
    ordered: [u64; 2],
    last: u64,
    relayed: bool,
    serial: u64,
}

/// A network of machines in virtual time.
pub struct Sim<M: Machine> {
    now: u64,
    world: World,
    chance: Chance,
    costs: WireCosts,
    slots: Vec<Slot<M>>,
    numbers: HashMap<NodeId, Number>,
    lines: Vec<Option<Line>>,
    free_lines: Vec<usize>,
    serial: u64,
    queue: Queue,
    events: Vec<(Time, Number, M::Event)>,
    /// Sends to nodes whose record the sender's driver never saw.
    blind_dials: u64,
    steps: u64,
}

impl<M: Machine> core::fmt::Debug for Sim<M> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Sim")
            .field("now", &self.now)
            .field("nodes", &self.slots.len())
            .finish_non_exhaustive()
    }
}

impl<M: Machine> Sim<M> {
    /// An empty network.
    #[must_use]
    pub fn new(seed: u64, world: World) -> Self {
        Self {
            now: 0,
            world,
            chance: Chance::new(seed),
            costs: WireCosts::default(),
            slots: Vec::new(),
            numbers: HashMap::new(),
            lines: Vec::new(),
            free_lines: Vec::new(),
            serial: 0,
            queue: Queue::default(),
            events: Vec::new(),
            blind_dials: 0,
            steps: 0,
        }
    }

    /// The virtual time.
    #[must_use]
    pub const fn now(&self) -> Time {
        Time(self.now)
    }

    /// Chance, for what is decided outside.
    pub const fn chance(&mut self) -> &mut Chance {
        &mut self.chance
    }

    /// Puts a machine somewhere in the world.
    pub fn add(&mut self, machine: M) -> Number {
        let place = self.world.place(&mut self.chance);
        self.add_at(machine, place)
    }

    /// Puts a machine at a place.
    pub fn add_at(&mut self, machine: M, place: Place) -> Number {
        let number = Number::try_from(self.slots.len()).unwrap_or(Number::MAX);
        let id = machine.id();
        self.numbers.insert(id, number);
        self.slots.push(Slot {
            id,
            machine: Some(Box::new(machine)),
            place,
            wake_at: u64::MAX,
            uplink_free: 0,
            known: HashSet::new(),
            lines: BTreeMap::new(),
            traffic: Traffic::default(),
        });
        self.drain(number);
        number
    }

    /// The machine, while it runs.
    #[must_use]
    pub fn machine(&self, number: Number) -> Option<&M> {
        self.slots.get(number as usize)?.machine.as_deref()
    }

    /// The numbers of all machines that run.
    pub fn running(&self) -> impl Iterator<Item = Number> {
        let running = self
            .slots
            .iter()
            .zip(0..)
            .filter(|(slot, _)| slot.machine.is_some());
        running.map(|(_, number)| number)
    }

    /// A node's number.
    #[must_use]
    pub fn number(&self, id: &NodeId) -> Option<Number> {
        self.numbers.get(id).copied()
    }

    /// A node's name.
    #[must_use]
    pub fn id(&self, number: Number) -> Option<NodeId> {
        self.slots.get(number as usize).map(|slot| slot.id)
    }

    /// Where a node stands.
    #[must_use]
    pub fn place(&self, number: Number) -> Option<&Place> {
        self.slots.get(number as usize).map(|slot| &slot.place)
    }

    /// The bytes of a node so far.
    pub fn traffic(&mut self, number: Number) -> Traffic {
        let lines: Vec<_> = self
            .slots
            .get(number as usize)
            .map_or_else(Vec::new, |slot| slot.lines.values().copied().collect());
        for line in lines {
            self.keep_alives(line);
        }
        self.slots
            .get(number as usize)
            .map_or_else(Traffic::default, |slot| slot.traffic)
    }

    /// Sends to strangers that no driver could have dialled; 0 in a sound protocol.
    #[must_use]
    pub const fn blind_dials(&self) -> u64 {
        self.blind_dials
    }

    /// Happenings carried out so far.
    #[must_use]
    pub const fn steps(&self) -> u64 {
        self.steps
    }

    /// Gives a machine a command and carries out what it wants done.
    pub fn with<R>(
        &mut self,
        number: Number,
        command: impl FnOnce(&mut M, Time) -> R,
    ) -> Option<R> {
        let now = Time(self.now);
        let machine = self
            .slots
            .get_mut(number as usize)?
            .machine
            .as_deref_mut()?;
        let result = command(machine, now);
        self.drain(number);
        Some(result)
    }

    /// The machine stops without a word. Others notice when they hear nothing for half a minute.
    pub fn crash(&mut self, number: Number) -> Option<M> {
        let slot = self.slots.get_mut(number as usize)?;
        let machine = slot.machine.take()?;
        let lines: Vec<_> = slot.lines.values().copied().collect();
        slot.known = HashSet::new();
        for line in lines {
            self.drop_line(line, Some((number, SILENCE)));
        }
        Some(*machine)
    }

    /// Splits the network: nodes of different groups no longer hear each other.
    pub fn partition(&mut self, group: impl Fn(Number) -> u8) {
        for (slot, number) in self.slots.iter_mut().zip(0..) {
            slot.place.group = group(number);
        }
        let cut: Vec<_> = self
            .lines
            .iter()
            .enumerate()
            .filter(|(_, line)| {
                line.as_ref()
                    .is_some_and(|line| !self.reaches(line.ends.0, line.ends.1))
            })
            .map(|(index, _)| index)
            .collect();
        for line in cut {
            self.drop_line(line, Some((Number::MAX, SILENCE)));
        }
    }

    /// What machines reported since the last call.
    pub fn events(&mut self) -> Vec<(Time, Number, M::Event)> {
        core::mem::take(&mut self.events)
    }

    /// Lets `span` of virtual time pass.
    pub fn run(&mut self, span: Duration) {
        let until = self.now + u64::try_from(span.as_micros()).unwrap_or(u64::MAX / 2);
        while let Some((at, happening)) = self.queue.pop_until(until) {
            self.now = self.now.max(at);
            self.steps += 1;
            self.happen(happening);
        }
        self.now = until;
    }

    fn happen(&mut self, happening: Happening) {
        match happening {
            Happening::Wake(number) => {
                let now = self.now;
                let Some(slot) = self.slots.get_mut(number as usize) else {
                    return;
                };
                if slot.wake_at > now {
                    return;
                }
                slot.wake_at = u64::MAX;
                self.give(number, Input::Wake);
            }
            Happening::Message {
                line,
                serial,
                from,
                to,
                protocol,
                bytes,
            } => {
                // What was under way when the line broke is lost.
                let stands = self.lines.get(line).and_then(Option::as_ref);
                if let (true, Some(from)) = (
                    stands.is_some_and(|line| line.serial == serial),
                    self.id(from),
                ) {
                    let protocol = named(protocol);
                    self.give(
                        to,
                        Input::Message {
                            from,
                            protocol,
                            bytes,
                        },
                    );
                }
            }
            Happening::Connected {
                at,
                peer,
                protocol,
                dialled,
            } => {
                let other = self.slots.get(peer as usize);
                if let Some((peer, place)) = other.map(|slot| (slot.id, slot.place)) {
                    let ip = Some(place.ip);
                    let protocol = named(protocol);
                    self.give(
                        at,
                        Input::Connected {
                            peer,
                            protocol,
                            ip,
                            dialled,
                        },
                    );
                }
            }
            Happening::Over { line, serial } => self.forget(line, serial),
            Happening::Disconnected { at, peer, protocol } => {
                // Told only of the last connection.
                let again = self
                    .slots
                    .get(at as usize)
                    .is_some_and(|slot| slot.lines.contains_key(&(peer, protocol)));
                if again {
                    return;
                }
                if let Some(peer) = self.id(peer) {
                    self.give(
                        at,
                        Input::Disconnected {
                            peer,
                            protocol: named(protocol),
                        },
                    );
                }
            }
            Happening::DialFailed { at, peer, protocol } => {
                if let Some(peer) = self.id(peer) {
                    self.give(
                        at,
                        Input::DialFailed {
                            peer,
                            protocol: named(protocol),
                        },
                    );
                }
            }
            Happening::Idle { line, serial } => {
                let current = self.lines.get(line).and_then(Option::as_ref);
                let current =
                    current.filter(|open| open.serial == serial && self.holds(line, open));
                if let Some(last) = current.map(|line| line.last) {
                    if last + TABLE_IDLE <= self.now {
                        self.drop_line(line, None);
                    } else {
                        self.queue
                            .push(last + TABLE_IDLE, Happening::Idle { line, serial });
                    }
                }
            }
        }
    }

    fn give(&mut self, number: Number, input: Input) {
        let now = Time(self.now);
        if let Some(machine) = self
            .slots
            .get_mut(number as usize)
            .and_then(|slot| slot.machine.as_deref_mut())
        {
            machine.handle(now, input);
            self.drain(number);
        }
    }

    /// Carries out what a machine wants done.
    fn drain(&mut self, number: Number) {
        loop {
            let Some(slot) = self.slots.get_mut(number as usize) else {
                return;
            };
            let Some(machine) = slot.machine.as_deref_mut() else {
                return;
            };
            let Some(output) = machine.poll() else { break };
            match output {
                Output::Send {
                    to,
                    protocol,
                    bytes,
                } => {
                    if let Some(to) = self.numbers.get(&to).copied() {
                        self.send(number, to, protocol, bytes);
                    }
                }
                Output::Known(record) => {
                    if let Some(known) = self.numbers.get(&record.id) {
                        slot.known.insert(*known);
                    }
                }
                Output::Close { peer, protocol } => {
                    let peer = self.numbers.get(&peer).copied();
                    let line =
                        peer.and_then(|peer| slot.lines.get(&(peer, protocol as u8)).copied());
                    if let Some(line) = line {
                        self.drop_line(line, None);
                    }
                }
                Output::Event(event) => self.events.push((Time(self.now), number, event)),
            }
        }
        let Some(slot) = self.slots.get_mut(number as usize) else {
            return;
        };
        if let Some(Time(at)) = slot.machine.as_deref().and_then(Machine::next_wake) {
            // A machine that wants to be woken at once gets at least a microsecond of time to pass.
            let at = at.max(self.now + 1);
            if at < slot.wake_at {
                slot.wake_at = at;
                self.queue.push(at, Happening::Wake(number));
            }
        }
    }

    fn send(&mut self, from: Number, to: Number, protocol: Protocol, bytes: Bytes) {
        let Some(line) = self.line(from, to, protocol as u8) else {
            return;
        };
        self.keep_alives(line);
        let wire = self.costs.message(bytes.len());
        let departs = self.departs(from, wire);
        self.charge(from, to, protocol as u8, bytes.len(), wire);
        let delay = self.delay(from, to, line);
        let Some(Some(open)) = self.lines.get_mut(line) else {
            return;
        };
        open.last = self.now;
        let lane = usize::from(open.ends.0 != from);
        let mut arrives = departs.max(open.stands) + delay;
        if let Some(ordered) = open.ordered.get_mut(lane) {
            arrives = arrives.max(*ordered);
            *ordered = arrives;
        }
        let serial = open.serial;
        let protocol = protocol as u8;
        self.queue.push(
            arrives,
            Happening::Message {
                line,
                serial,
                from,
                to,
                protocol,
                bytes,
            },
        );
    }

    /// The line between the two, dialled if there is none.
    fn line(&mut self, from: Number, to: Number, protocol: u8) -> Option<usize> {
        let slot = self.slots.get(from as usize)?;
        if let Some(line) = slot.lines.get(&(to, protocol)) {
            return Some(*line);
        }
        if !slot.known.contains(&to) {
            self.blind_dials += 1;
            self.queue.push(
                self.now + 1,
                Happening::DialFailed {
                    at: from,
                    peer: to,
                    protocol,
                },
            );
            return None;
        }
        let alive = self
            .slots
            .get(to as usize)
            .is_some_and(|slot| slot.machine.is_some());
        if from == to || !alive || !self.reaches(from, to) {
            let wire = self.costs.failed_dial;
            if let Some(slot) = self.slots.get_mut(from as usize) {
                slot.traffic.dials_failed += 1;
                slot.traffic.sent += wire;
            }
            self.queue.push(
                self.now + DIAL_TIMEOUT,
                Happening::DialFailed {
                    at: from,
                    peer: to,
                    protocol,
                },
            );
            return None;
        }
        Some(self.dial(from, to, protocol))
    }

    fn dial(&mut self, from: Number, to: Number, protocol: u8) -> usize {
        let nats = [from, to].map(|end| {
            self.slots
                .get(end as usize)
                .map_or(Nat::Open, |slot| slot.place.nat)
        });
        let relayed = !nats[0].reaches(nats[1]);
        self.serial += 1;
        let serial = self.serial;
        let line = self.free_lines.pop().unwrap_or_else(|| {
            self.lines.push(None);
            self.lines.len() - 1
        });
        let fresh = Line {
            ends: (from, to),
            protocol,
            stands: 0,
            ordered: [0; 2],
            last: self.now,
            relayed,
            serial,
        };
        if let Some(place) = self.lines.get_mut(line) {
            *place = Some(fresh);
        }
        let one_way = self.delay(from, to, line);
        // Behind a NAT the first round goes through a relay that tells both to punch.
        let punched = if nats[1] == Nat::Open { 0 } else { 2 * one_way };
        let stands = self.now + punched + 2 * one_way;
        if let Some(Some(open)) = self.lines.get_mut(line) {
            open.stands = stands;
            open.ordered = [stands + one_way; 2];
        }
        for (at, peer) in [(from, to), (to, from)] {
            if let Some(slot) = self.slots.get_mut(at as usize) {
                slot.lines.insert((peer, protocol), line);
                slot.traffic.handshakes += 1;
                slot.traffic.sent += self.costs.handshake / 2;
                slot.traffic.received += self.costs.handshake / 2;
            }
        }
        self.queue.push(
            stands,
            Happening::Connected {
                at: from,
                peer: to,
                protocol,
                dialled: true,
            },
        );
        self.queue.push(
            stands + one_way,
            Happening::Connected {
                at: to,
                peer: from,
                protocol,
                dialled: false,
            },
        );
        if protocol == Protocol::Table as u8 {
            self.queue
                .push(stands + TABLE_IDLE, Happening::Idle { line, serial });
        }
        line
    }

    /// Ends a line. `gone` = who vanished and how long the other needs to notice; otherwise both know.
    fn drop_line(&mut self, line: usize, gone: Option<(Number, u64)>) {
        self.keep_alives(line);
        let Some(Some(open)) = self.lines.get(line) else {
            return;
        };
        let (a, b) = open.ends;
        let (protocol, serial) = (open.protocol, open.serial);
        // The last words go out first, unless an end is gone.
        let delivered = open
            .ordered
            .iter()
            .copied()
            .max()
            .unwrap_or(0)
            .max(open.stands);
        let over = if gone.is_some() {
            self.now
        } else {
            delivered.max(self.now)
        };
        for (at, peer) in [(a, b), (b, a)] {
            if let Some(slot) = self.slots.get_mut(at as usize) {
                slot.lines.remove(&(peer, protocol));
            }
            let notices = gone.map_or(over, |(_, wait)| self.now + wait) + 1;
            if gone.is_none_or(|(who, _)| who != at) {
                self.queue
                    .push(notices, Happening::Disconnected { at, peer, protocol });
            }
        }
        self.queue.push(over + 1, Happening::Over { line, serial });
        if gone.is_some() {
            self.forget(line, serial);
        }
    }

    /// Whether the line is still the one between its ends, not one that only brings its last words.
    fn holds(&self, line: usize, open: &Line) -> bool {
        let slot = self.slots.get(open.ends.0 as usize);
        slot.is_some_and(|slot| slot.lines.get(&(open.ends.1, open.protocol)) == Some(&line))
    }

    fn forget(&mut self, line: usize, serial: u64) {
        if let Some(place) = self.lines.get_mut(line) {
            if place.as_ref().is_some_and(|open| open.serial == serial) {
                *place = None;
                self.free_lines.push(line);
            }
        }
    }

    fn reaches(&self, a: Number, b: Number) -> bool {
        let group = |number: Number| self.slots.get(number as usize).map(|slot| slot.place.group);
        group(a) == group(b)
    }

    fn delay(&mut self, from: Number, to: Number, line: usize) -> u64 {
        let relayed = self
            .lines
            .get(line)
            .and_then(Option::as_ref)
            .is_some_and(|line| line.relayed);
        let (Some(a), Some(b)) = (self.slots.get(from as usize), self.slots.get(to as usize))
        else {
            return 0;
        };
        self.world
            .delay(&a.place, &b.place, relayed, &mut self.chance)
    }

    /// When the last byte has left the sender's access link.
    fn departs(&mut self, from: Number, wire: u64) -> u64 {
        let now = self.now;
        self.slots.get_mut(from as usize).map_or(now, |slot| {
            slot.uplink_free =
                slot.uplink_free.max(now) + wire * 1_000_000 / slot.place.uplink.max(1);
            slot.uplink_free
        })
    }

    fn charge(&mut self, from: Number, to: Number, protocol: u8, payload: usize, wire: u64) {
        let ack = self.costs.packet;
        if let Some(slot) = self.slots.get_mut(from as usize) {
            slot.traffic.message(protocol, payload);
            slot.traffic.sent += wire;
            slot.traffic.received += ack;
        }
        if let Some(slot) = self.slots.get_mut(to as usize) {
            slot.traffic.received += wire;
            slot.traffic.sent += ack;
        }
    }

    /// Charges what kept a silent line open since its last message.
    fn keep_alives(&mut self, line: usize) {
        let Some(Some(open)) = self.lines.get_mut(line) else {
            return;
        };
        let silent = self.now.saturating_sub(open.last.max(open.stands));
        let count = silent / self.costs.keep_alive_every;
        if count == 0 {
            return;
        }
        open.last = open.last.max(open.stands) + count * self.costs.keep_alive_every;
        let bytes = count * self.costs.packet;
        for end in [open.ends.0, open.ends.1] {
            if let Some(slot) = self.slots.get_mut(end as usize) {
                slot.traffic.keep_alives += bytes * 2;
                slot.traffic.sent += bytes;
                slot.traffic.received += bytes;
            }
        }
    }
}

fn named(protocol: u8) -> Protocol {
    Protocol::ALL
        .into_iter()
        .find(|one| *one as u8 == protocol)
        .unwrap_or(Protocol::Control)
}

#[cfg(test)]
mod tests;
