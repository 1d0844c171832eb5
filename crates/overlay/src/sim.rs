//! The simulator: the real machines in virtual time, ten thousand of them in one process.
//!
//! A [`Sim`] is the driver and the internet at once. It carries out what machines put out over a [`World`] of places,
//! access links, NATs and partitions, and counts every byte, with what QUIC and IP add: handshakes, packet headers,
//! acknowledgements, keep-alives. Everything follows from one seed.

pub mod graph;
mod hostile;
mod lines;
pub mod network;
mod queue;
pub mod scenario;
mod traffic;
mod world;

use core::time::Duration;
use std::collections::{BTreeMap, HashMap, HashSet};

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
const SILENCE: u64 = crate::transport::SILENCE.as_micros() as u64;

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
    /// When each end last sent.
    said: [u64; 2],
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

    /// How many numbers were given out.
    #[must_use]
    pub const fn total(&self) -> usize {
        self.slots.len()
    }

    /// The lines that stand: their ends and what they are for.
    pub fn lines(&self) -> impl Iterator<Item = (Number, Number, Protocol)> {
        self.lines.iter().enumerate().filter_map(|(at, line)| {
            let line = line.as_ref().filter(|line| self.holds(at, line))?;
            Some((line.ends.0, line.ends.1, named(line.protocol)))
        })
    }

    /// The internet.
    #[must_use]
    pub fn world(&self) -> World {
        self.world.clone()
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

    /// A machine's driver learns where another is, by other means than a record.
    pub fn tell(&mut self, number: Number, of: Number) {
        if let Some(slot) = self.slots.get_mut(number as usize) {
            slot.known.insert(of);
        }
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
                let sender = self.id(from);
                let sender = sender.filter(|_| stands.is_some_and(|line| line.serial == serial));
                if let Some(sender) = sender {
                    let input = Input::Message {
                        from: sender,
                        protocol: named(protocol),
                        bytes,
                    };
                    self.give(to, input);
                    self.acknowledge(line, to, from);
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
}

fn named(protocol: u8) -> Protocol {
    Protocol::ALL
        .into_iter()
        .find(|one| *one as u8 == protocol)
        .unwrap_or(Protocol::Control)
}

#[cfg(test)]
mod node_tests;
#[cfg(test)]
mod tests;
