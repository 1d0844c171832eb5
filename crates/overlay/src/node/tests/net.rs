//! A small network in virtual time: 20 ms from anywhere to anywhere.

use core::time::Duration;
use std::collections::{BTreeMap, BTreeSet};

use crate::node::*;
use crate::table::message::{Body, Message};

const DELAY: u64 = 20_000;
const DIAL: u64 = 60_000;
const DIAL_FAILS: u64 = 3_000_000;
const SILENCE: u64 = 15_000_000;
const IDLE: u64 = 30_000_000;
const START: UnixTime = UnixTime(1_800_000_000);

enum What {
    Input(usize, Input),
    Wake(usize),
    Clock(usize),
    Idle(usize, usize),
}

pub(super) type Hostile = Box<dyn Fn(Body) -> Option<Body>>;

pub(super) struct Net {
    pub(super) now: Time,
    nodes: Vec<Option<Node>>,
    ids: BTreeMap<NodeId, usize>,
    queue: BTreeMap<(Time, u64), What>,
    order: u64,
    /// Whom each node can reach: those whose record it was given.
    known: Vec<BTreeSet<NodeId>>,
    links: BTreeMap<(usize, usize, Protocol), Time>,
    pub(super) events: Vec<Vec<Event>>,
    /// Nodes that take everything and answer nothing.
    pub(super) mute: BTreeSet<usize>,
    /// Nodes that answer the table's questions in their own way.
    pub(super) hostile: BTreeMap<usize, Hostile>,
    pub(super) skew: BTreeMap<usize, i64>,
    wakes: Vec<Time>,
    seed: u8,
    pub(super) messages: u64,
    pub(super) bytes: u64,
}

impl Net {
    pub(super) fn new(seed: u8) -> Self {
        eprintln!("seed {seed}");
        Self {
            now: Time(1_000_000),
            nodes: Vec::new(),
            ids: BTreeMap::new(),
            queue: BTreeMap::new(),
            order: 0,
            known: Vec::new(),
            links: BTreeMap::new(),
            events: Vec::new(),
            mute: BTreeSet::new(),
            hostile: BTreeMap::new(),
            skew: BTreeMap::new(),
            wakes: Vec::new(),
            seed,
            messages: 0,
            bytes: 0,
        }
    }

    pub(super) fn key(&self, index: usize) -> SigningKey {
        SigningKey::from_bytes(blake3::hash(&[self.seed, index as u8, 1]).as_bytes())
    }

    pub(super) fn add(&mut self, config: Config) -> usize {
        let index = self.nodes.len();
        let seed = *blake3::hash(&[self.seed, index as u8, 2]).as_bytes();
        let node = Node::new(config, self.key(index), seed);
        self.ids.insert(node.id(), index);
        self.nodes.push(Some(node));
        self.known.push(BTreeSet::new());
        self.events.push(Vec::new());
        self.wakes.push(Time(u64::MAX));
        self.clock(index);
        let address = format!("10.0.{}.{}:7701", index / 200, index % 200 + 1);
        let hints = Hints {
            direct: vec![address.parse().unwrap()],
            relays: vec![],
        };
        self.with(index, |node, now| node.set_hints(now, hints, false));
        index
    }

    fn clock(&mut self, index: usize) {
        let skew = self.skew.get(&index).copied().unwrap_or_default();
        let unix = START.0 + self.now.0 / 1_000_000;
        let unix = UnixTime(unix.saturating_add_signed(skew));
        self.push(60_000_000, What::Clock(index));
        self.give(index, Input::Clock(unix));
    }

    pub(super) fn grow(&mut self, count: usize) {
        let first = self.add(Config::default());
        for _ in 1..count {
            let one = self.add(Config::default());
            self.join(one, first);
            self.run(Duration::from_millis(500));
        }
        self.run(Duration::from_secs(90));
    }

    pub(super) fn join(&mut self, index: usize, through: usize) {
        let record = self.node(through).record().unwrap().clone();
        self.with(index, |node, now| node.join(now, vec![record]));
    }

    pub(super) fn node(&self, index: usize) -> &Node {
        self.nodes[index].as_ref().expect("alive")
    }

    pub(super) fn id(&self, index: usize) -> NodeId {
        NodeId(self.key(index).verifying_key().to_bytes())
    }

    pub(super) fn alive(&self) -> Vec<usize> {
        (0..self.nodes.len())
            .filter(|i| self.nodes[*i].is_some())
            .collect()
    }

    pub(super) fn neighbours(&self, index: usize) -> usize {
        self.node(index).control.up()
    }

    pub(super) fn with<T>(&mut self, index: usize, act: impl FnOnce(&mut Node, Time) -> T) -> T {
        let result = act(self.nodes[index].as_mut().expect("alive"), self.now);
        self.drain(index);
        result
    }

    pub(super) fn give(&mut self, index: usize, input: Input) {
        if let Some(node) = &mut self.nodes[index] {
            node.handle(self.now, input);
            self.drain(index);
        }
    }

    /// Dies without a word.
    pub(super) fn kill(&mut self, index: usize) {
        self.nodes[index] = None;
        let links: Vec<_> = self.links.keys().copied().collect();
        for (a, b, protocol) in links
            .into_iter()
            .filter(|(a, b, _)| *a == index || *b == index)
        {
            self.links.remove(&(a, b, protocol));
            let other = if a == index { b } else { a };
            let input = Input::Disconnected {
                peer: self.id(index),
                protocol,
            };
            self.push(SILENCE, What::Input(other, input));
        }
    }

    fn push(&mut self, after: u64, what: What) {
        self.order += 1;
        self.queue
            .insert((Time(self.now.0 + after), self.order), what);
    }

    fn linked(&self, a: usize, b: usize, protocol: Protocol) -> bool {
        self.links.contains_key(&(a.min(b), a.max(b), protocol))
    }

    fn drain(&mut self, index: usize) {
        while let Some(output) = self.nodes[index].as_mut().and_then(Node::poll) {
            match output {
                Output::Known(record) => {
                    self.known[index].insert(record.id);
                }
                Output::Event(event) => self.events[index].push(event),
                Output::Close { peer, protocol } => {
                    if let Some(&other) = self.ids.get(&peer) {
                        self.cut(index, other, protocol);
                    }
                }
                Output::Send {
                    to,
                    protocol,
                    bytes,
                } => self.send(index, to, protocol, bytes),
            }
        }
        let wake = self.nodes[index].as_ref().and_then(Node::next_wake);
        if let Some(at) = wake
            && (at < self.wakes[index] || self.wakes[index] <= self.now)
        {
            self.wakes[index] = at;
            self.push(at.0.saturating_sub(self.now.0), What::Wake(index));
        }
    }

    fn cut(&mut self, index: usize, other: usize, protocol: Protocol) {
        if self
            .links
            .remove(&(index.min(other), index.max(other), protocol))
            .is_some()
        {
            for (to, peer) in [(index, other), (other, index)] {
                let input = Input::Disconnected {
                    peer: self.id(peer),
                    protocol,
                };
                self.push(DELAY + 1, What::Input(to, input));
            }
        }
    }

    fn send(&mut self, from: usize, to: NodeId, protocol: Protocol, bytes: Bytes) {
        self.messages += 1;
        self.bytes += bytes.len() as u64;
        assert!(bytes.len() <= protocol.max_message());
        let peer = self.id(from);
        let other = self.ids.get(&to).copied();
        let other = other.filter(|other| self.nodes[*other].is_some());
        let Some(other) =
            other.filter(|o| self.linked(from, *o, protocol) || self.known[from].contains(&to))
        else {
            let input = Input::DialFailed { peer: to, protocol };
            self.push(DIAL_FAILS, What::Input(from, input));
            return;
        };
        let mut delay = DELAY;
        if !self.linked(from, other, protocol) {
            delay += DIAL;
            for (index, peer, dialled) in [(from, to, true), (other, peer, false)] {
                let input = Input::Connected {
                    peer,
                    protocol,
                    ip: None,
                    dialled,
                };
                self.push(DIAL, What::Input(index, input));
            }
            if protocol == Protocol::Table {
                self.push(IDLE, What::Idle(from, other));
            }
        }
        let key = (from.min(other), from.max(other), protocol);
        self.links.insert(key, Time(self.now.0 + delay));
        let input = Input::Message {
            from: peer,
            protocol,
            bytes,
        };
        self.push(delay, What::Input(other, input));
    }

    pub(super) fn step(&mut self) {
        let Some(((at, _), what)) = self.queue.pop_first() else {
            return;
        };
        self.now = self.now.max(at);
        match what {
            What::Input(index, _) if self.mute.contains(&index) => {}
            What::Input(
                index,
                Input::Message {
                    from,
                    protocol,
                    bytes,
                },
            ) => {
                let source = self.ids[&from];
                if protocol == Protocol::Table
                    && let Some(hostile) = self.hostile.get(&index)
                    && let Ok(Message {
                        1: number, 2: body, ..
                    }) = Message::decode(&bytes)
                    && matches!(
                        body,
                        Body::Find(..) | Body::Get(..) | Body::Store(..) | Body::Ping
                    )
                {
                    if let Some(answer) = hostile(body) {
                        let bytes = Message::new(number, answer).encode();
                        self.send(index, from, protocol, bytes.into());
                    }
                } else if self.linked(source, index, protocol) {
                    self.give(
                        index,
                        Input::Message {
                            from,
                            protocol,
                            bytes,
                        },
                    );
                }
            }
            What::Input(index, input) => self.give(index, input),
            What::Wake(index) => {
                self.wakes[index] = Time(u64::MAX);
                if !self.mute.contains(&index) {
                    self.give(index, Input::Wake);
                }
            }
            What::Clock(index) => self.clock(index),
            What::Idle(a, b) => {
                let key = (a.min(b), a.max(b), Protocol::Table);
                if let Some(last) = self.links.get(&key).copied() {
                    if last.0 + IDLE <= self.now.0 {
                        self.cut(a, b, Protocol::Table);
                    } else {
                        self.push(last.0 + IDLE - self.now.0, What::Idle(a, b));
                    }
                }
            }
        }
    }

    pub(super) fn run(&mut self, span: Duration) {
        let end = Time(self.now.0 + span.as_micros() as u64);
        while self
            .queue
            .first_key_value()
            .is_some_and(|((at, _), _)| *at <= end)
        {
            self.step();
        }
        self.now = end;
    }

    /// Runs until an event says something.
    pub(super) fn until<T>(
        &mut self,
        index: usize,
        most: Duration,
        mut says: impl FnMut(&Event) -> Option<T>,
    ) -> Option<T> {
        let end = Time(self.now.0 + most.as_micros() as u64);
        loop {
            if let Some(value) = self.events[index].iter().find_map(&mut says) {
                self.events[index].clear();
                return Some(value);
            }
            if self
                .queue
                .first_key_value()
                .is_none_or(|((at, _), _)| *at > end)
            {
                return None;
            }
            self.step();
        }
    }

    pub(super) fn get(&mut self, index: usize, key: Key) -> Vec<SignedRecord> {
        let query = self.with(index, |node, now| node.get(now, key));
        self.until(index, Duration::from_secs(90), |event| match event {
            Event::Got {
                query: of, records, ..
            } if *of == query => Some(records.clone()),
            _ => None,
        })
        .expect("an answer")
    }
}
