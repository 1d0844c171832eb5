//! Who is in a swarm, and how a message reaches all of it.
//!
//! A [`Gossip`] machine holds one swarm for the whole overlay ([`Topic::QNET`]) and one for each topic its node subscribed
//! to. A swarm is a HyParView membership (a few open connections, a reserve of known nodes) with a Plumtree broadcast on
//! top of it. A join for a topic walks through the overlay's swarm until it meets a subscriber; where topics are rare,
//! [`Event::Alone`] asks the floor above for subscribers' records.

mod broadcast;
mod bucket;
mod membership;
mod wire;

use core::time::Duration;
use std::collections::{BTreeMap, VecDeque};

use bytes::Bytes;

use self::broadcast::Broadcast;
use self::bucket::Bucket;
use self::membership::{Membership, later, micros};
use self::wire::Body;
pub use crate::topic::{MessageId, Topic, Verdict};

use crate::id::NodeId;
use crate::machine::{Input, Output, Time};
use crate::protocol::Protocol;
use crate::random::Random;
use crate::record::PeerRecord;
use crate::score::Offence;

/// The longest message of a broadcast, in bytes.
pub const MAX_MESSAGE: usize = 32 * 1024;
/// The most topics a node takes part in.
pub const MAX_TOPICS: usize = 64;
/// Gossip connections that peers may hold open at once.
const CONNECTIONS: usize = 256;
/// A connection that belongs to no swarm is closed after this.
const IDLE: Duration = Duration::from_secs(20);

/// Sizes and paces of a swarm.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Config {
    /// Neighbours with an open connection.
    pub active: usize,
    /// Nodes in reserve.
    pub passive: usize,
    /// Between shuffles; a quarter of it while the reserve is less than half full.
    pub shuffle: Duration,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            active: 5,
            passive: 30,
            shuffle: Duration::from_secs(600),
        }
    }
}

/// What the machine tells its node.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Event {
    /// A new neighbour in a swarm.
    Up {
        /// Which swarm.
        topic: Topic,
        /// Who.
        peer: NodeId,
    },
    /// No longer a neighbour.
    Down {
        /// Which swarm.
        topic: Topic,
        /// Who.
        peer: NodeId,
    },
    /// A message that waits for [`Gossip::accept`], ten seconds at most.
    Message {
        /// Its name.
        id: MessageId,
        /// Its swarm.
        topic: Topic,
        /// The neighbour it came from.
        from: NodeId,
        /// The content.
        bytes: Bytes,
    },
    /// A record that a peer passed on; verified.
    Learned(PeerRecord),
    /// The peer was the first to bring a message that turned out good.
    First {
        /// Who.
        peer: NodeId,
        /// In which swarm.
        topic: Topic,
    },
    /// The peer broke the rules.
    Misbehaved {
        /// Who.
        peer: NodeId,
        /// How.
        what: Offence,
    },
    /// No neighbour and nobody to ask: [`Gossip::introduce`] somebody.
    Alone(Topic),
}

/// What a swarm wants done.
#[derive(Debug)]
pub(crate) enum Effect {
    Send(NodeId, Body),
    Known(PeerRecord),
    /// The connection is not needed any more.
    Release(NodeId),
    /// The same, once the last word has gone out.
    Retire(NodeId),
    Up(NodeId),
    Down(NodeId),
    Learned(PeerRecord),
    Message(MessageId, NodeId, Bytes),
    First(NodeId),
    Offence(NodeId, Offence),
    Alone,
}

/// Why a message is not published.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Refused {
    /// Empty, or more than 32 KiB.
    #[error("a message has 1 to {MAX_MESSAGE} bytes, this one has {0}")]
    Size(usize),
    /// Not subscribed.
    #[error("subscribe to the topic first")]
    NotSubscribed,
}

#[derive(Debug)]
struct Swarm {
    membership: Membership,
    broadcast: Broadcast,
}

#[derive(Debug)]
struct Line {
    frames: Bucket,
    /// Closed then, if no swarm wants it.
    until: Time,
    connected: bool,
}

/// The swarms of a node. Takes every [`Input`] of [`Protocol::Gossip`].
#[derive(Debug)]
pub struct Gossip {
    config: Config,
    own: PeerRecord,
    random: Random,
    swarms: BTreeMap<Topic, Swarm>,
    lines: BTreeMap<NodeId, Line>,
    outputs: VecDeque<Output<Event>>,
}

/// The name of a message: what it says, in which topic.
fn message_id(topic: Topic, bytes: &[u8]) -> MessageId {
    let mut hash = blake3::Hasher::new_derive_key("webx overlay gossip message v1");
    hash.update(&topic.0);
    hash.update(bytes);
    MessageId(*hash.finalize().as_bytes())
}

impl Gossip {
    /// A machine that knows nobody; `own` is the node's signed record.
    #[must_use]
    pub fn new(config: Config, own: PeerRecord, seed: &[u8; 32], now: Time) -> Self {
        let mut gossip = Self {
            config,
            own,
            random: Random::new(seed, "gossip"),
            swarms: BTreeMap::new(),
            lines: BTreeMap::new(),
            outputs: VecDeque::new(),
        };
        gossip.open(now, Topic::QNET);
        gossip
    }

    /// The own record has changed.
    pub fn set_record(&mut self, own: PeerRecord) {
        for swarm in self.swarms.values_mut() {
            swarm.membership.set_record(own.clone());
        }
        self.own = own;
    }

    /// Adds nodes to fall back on. Their records must be verified.
    pub fn introduce(&mut self, now: Time, topic: Topic, records: Vec<PeerRecord>) {
        if let Some(swarm) = self.swarms.get_mut(&topic) {
            swarm.membership.introduce(now, records);
        }
    }

    /// Takes part in a topic. At most 64 at once.
    pub fn subscribe(&mut self, now: Time, topic: Topic) {
        if self.swarms.len() <= MAX_TOPICS && !self.swarms.contains_key(&topic) {
            self.open(now, topic);
            // Neighbours either subscribed as well or send the join on its walk.
            let near: Vec<_> = self
                .swarms
                .get(&Topic::QNET)
                .map_or_else(Vec::new, |swarm| {
                    swarm
                        .membership
                        .active()
                        .map(|(_, record, _)| record.clone())
                        .collect()
                });
            self.introduce(now, topic, near);
        }
    }

    /// Leaves a topic; the swarm of the whole overlay stays.
    pub fn unsubscribe(&mut self, now: Time, topic: Topic) {
        if topic != Topic::QNET {
            if let Some(mut swarm) = self.swarms.remove(&topic) {
                let mut effects = Vec::new();
                swarm.membership.leave(&mut effects);
                self.carry_out(now, topic, effects);
            }
        }
    }

    /// Broadcasts to all who subscribed.
    ///
    /// # Errors
    /// When the message is empty or too long, or the topic not subscribed to.
    pub fn publish(&mut self, now: Time, topic: Topic, bytes: Bytes) -> Result<MessageId, Refused> {
        if bytes.is_empty() || bytes.len() > MAX_MESSAGE {
            return Err(Refused::Size(bytes.len()));
        }
        let swarm = self.swarms.get_mut(&topic).ok_or(Refused::NotSubscribed)?;
        let mut effects = Vec::new();
        let id = swarm.broadcast.publish(now, bytes, &mut effects);
        self.carry_out(now, topic, effects);
        Ok(id)
    }

    /// Says what an [`Event::Message`] was worth. Only what is accepted is passed on.
    pub fn accept(&mut self, now: Time, id: MessageId, verdict: Verdict) {
        let topics: Vec<_> = self.swarms.keys().copied().collect();
        for topic in topics {
            let mut effects = Vec::new();
            let judged = self
                .swarms
                .get_mut(&topic)
                .is_some_and(|swarm| swarm.broadcast.judge(now, id, verdict, &mut effects));
            if judged {
                self.carry_out(now, topic, effects);
                return;
            }
        }
    }

    /// The neighbours in the swarm of the whole overlay, and since when.
    #[must_use]
    pub fn neighbours(&self) -> Vec<(NodeId, Time)> {
        self.swarms
            .get(&Topic::QNET)
            .map_or_else(Vec::new, |swarm| {
                swarm
                    .membership
                    .active()
                    .map(|(id, _, since)| (*id, since))
                    .collect()
            })
    }

    /// The records of the neighbours in a swarm.
    pub fn neighbour_records(&self, topic: Topic) -> impl Iterator<Item = &PeerRecord> {
        let swarm = self.swarms.get(&topic);
        swarm
            .into_iter()
            .flat_map(|swarm| swarm.membership.active().map(|(_, record, _)| record))
    }

    /// The reserve of the swarm of the whole overlay.
    #[must_use]
    pub fn reserve(&self) -> &[PeerRecord] {
        self.swarms
            .get(&Topic::QNET)
            .map_or(&[], |swarm| swarm.membership.passive())
    }

    /// Lets a better neighbour take the place of another once it has agreed. Only a node of the reserve is asked, one at a
    /// time.
    pub fn swap(&mut self, now: Time, drop: NodeId, add: NodeId) -> bool {
        let mut effects = Vec::new();
        let asked = self
            .swarms
            .get_mut(&Topic::QNET)
            .is_some_and(|swarm| swarm.membership.swap(now, drop, add, &mut effects));
        self.carry_out(now, Topic::QNET, effects);
        asked
    }

    /// Drops a peer from every swarm, such as one whose score fell too low.
    pub fn expel(&mut self, now: Time, peer: NodeId) {
        self.lose(now, peer);
        self.outputs.push_back(Output::Close {
            peer,
            protocol: Protocol::Gossip,
        });
    }

    /// Something happened outside.
    pub fn handle(&mut self, now: Time, input: Input) {
        match input {
            Input::Message {
                from,
                protocol: Protocol::Gossip,
                bytes,
            } => self.on_bytes(now, from, &bytes),
            Input::Connected {
                peer,
                protocol: Protocol::Gossip,
                ..
            } => {
                if self.lines.values().filter(|line| line.connected).count() >= CONNECTIONS
                    && !self.wanted(&peer)
                {
                    self.outputs.push_back(Output::Close {
                        peer,
                        protocol: Protocol::Gossip,
                    });
                    return;
                }
                let line = self.line(now, peer);
                line.connected = true;
            }
            Input::Disconnected {
                peer,
                protocol: Protocol::Gossip,
            }
            | Input::DialFailed {
                peer,
                protocol: Protocol::Gossip,
            } => self.lose(now, peer),
            Input::Wake => {}
            _ => return,
        }
        self.wake(now);
    }

    /// The next thing to do; none when all is done.
    pub fn poll(&mut self) -> Option<Output<Event>> {
        self.outputs.pop_front()
    }

    /// When to call [`Gossip::handle`] with [`Input::Wake`] at the latest.
    #[must_use]
    pub fn next_wake(&self) -> Option<Time> {
        let swarms = self.swarms.values().flat_map(|swarm| {
            let wake = swarm.membership.next_wake();
            [Some(wake), swarm.broadcast.next_wake()]
        });
        let lines = self.lines.iter().filter(|(peer, _)| !self.wanted(peer));
        swarms
            .flatten()
            .chain(lines.map(|(_, line)| line.until))
            .min()
    }

    fn open(&mut self, now: Time, topic: Topic) {
        let random = self.random.child();
        let swarm = Swarm {
            membership: Membership::new(self.config, self.own.clone(), random, now),
            broadcast: Broadcast::new(topic),
        };
        self.swarms.insert(topic, swarm);
    }

    fn wake(&mut self, now: Time) {
        let due: Vec<_> = self
            .swarms
            .iter()
            .filter(|(_, swarm)| {
                let wake = swarm.membership.next_wake();
                swarm.broadcast.next_wake().map_or(wake, |at| at.min(wake)) <= now
            })
            .map(|(topic, _)| *topic)
            .collect();
        for topic in due {
            let mut effects = Vec::new();
            if let Some(swarm) = self.swarms.get_mut(&topic) {
                swarm.membership.wake(now, &mut effects);
                swarm.broadcast.wake(now, &mut effects);
            }
            self.carry_out(now, topic, effects);
        }
        let idle: Vec<_> = self
            .lines
            .iter()
            .filter(|(peer, line)| line.until <= now && !self.wanted(peer))
            .map(|(peer, line)| (*peer, line.connected))
            .collect();
        for (peer, connected) in idle {
            self.lines.remove(&peer);
            if connected {
                self.outputs.push_back(Output::Close {
                    peer,
                    protocol: Protocol::Gossip,
                });
            }
        }
    }

    fn on_bytes(&mut self, now: Time, from: NodeId, bytes: &[u8]) {
        if !self.line(now, from).frames.take(now, 1.0) {
            self.misbehaved(from, Offence::Flood);
            return;
        }
        let Ok((topic, body)) = wire::decode(bytes) else {
            self.misbehaved(from, Offence::Malformed);
            return;
        };
        if matches!(body, Body::Forward(..)) && !self.is_near(topic, &from) {
            return;
        }
        if !self.swarms.contains_key(&topic) {
            self.on_foreign(now, from, topic, body);
            return;
        }
        let mut effects = Vec::new();
        if let Some(swarm) = self.swarms.get_mut(&topic) {
            match body {
                Body::Push(..) | Body::Have(_) | Body::Graft(_) | Body::Prune => {
                    swarm.broadcast.on_message(now, from, body, &mut effects);
                }
                body => swarm.membership.on_message(now, from, body, &mut effects),
            }
        }
        self.carry_out(now, topic, effects);
    }

    /// A topic this node does not follow: a join walks on, anything else is answered with a no.
    fn on_foreign(&mut self, now: Time, from: NodeId, topic: Topic, body: Body) {
        let (hops, record) = match body {
            Body::Join(record) if record.id == from => {
                self.send(now, from, topic, Body::Answer(false));
                (wire::WALK, record)
            }
            Body::Forward(hops @ 1..=wire::WALK, record) => (hops - 1, record),
            Body::Neighbour(..) => {
                self.send(now, from, topic, Body::Answer(false));
                return;
            }
            _ => return,
        };
        let others: Vec<_> = self
            .neighbours()
            .into_iter()
            .map(|(peer, _)| peer)
            .filter(|peer| *peer != from && *peer != record.id)
            .collect();
        if let Some(next) = self.random.pick(&others).copied() {
            self.send(now, next, topic, Body::Forward(hops, record));
        }
    }

    fn lose(&mut self, now: Time, peer: NodeId) {
        self.lines.remove(&peer);
        let topics: Vec<_> = self.swarms.keys().copied().collect();
        for topic in topics {
            let mut effects = Vec::new();
            if let Some(swarm) = self.swarms.get_mut(&topic) {
                swarm.membership.gone(now, &peer, &mut effects);
            }
            self.carry_out(now, topic, effects);
        }
    }

    fn carry_out(&mut self, now: Time, topic: Topic, effects: Vec<Effect>) {
        for effect in effects {
            match effect {
                Effect::Send(to, body) => self.send(now, to, topic, body),
                Effect::Known(record) => self.outputs.push_back(Output::Known(record)),
                Effect::Release(peer) => {
                    if !self.wanted(&peer) && self.lines.remove(&peer).is_some() {
                        self.outputs.push_back(Output::Close {
                            peer,
                            protocol: Protocol::Gossip,
                        });
                    }
                }
                Effect::Retire(peer) => {
                    if let Some(line) = self.lines.get_mut(&peer) {
                        line.until = later(now, micros(IDLE) / 4);
                    }
                }
                Effect::Up(peer) => {
                    if let Some(swarm) = self.swarms.get_mut(&topic) {
                        swarm.broadcast.up(now, peer);
                    }
                    self.event(Event::Up { topic, peer });
                }
                Effect::Down(peer) => {
                    if let Some(swarm) = self.swarms.get_mut(&topic) {
                        swarm.broadcast.down(&peer);
                    }
                    self.event(Event::Down { topic, peer });
                }
                Effect::Learned(record) => self.event(Event::Learned(record)),
                Effect::Message(id, from, bytes) => self.event(Event::Message {
                    id,
                    topic,
                    from,
                    bytes,
                }),
                Effect::First(peer) => self.event(Event::First { peer, topic }),
                Effect::Offence(peer, what) => self.misbehaved(peer, what),
                Effect::Alone => self.event(Event::Alone(topic)),
            }
        }
    }

    fn send(&mut self, now: Time, to: NodeId, topic: Topic, body: Body) {
        self.line(now, to);
        self.outputs.push_back(Output::Send {
            to,
            protocol: Protocol::Gossip,
            bytes: wire::encode(topic, body),
        });
    }

    fn line(&mut self, now: Time, peer: NodeId) -> &mut Line {
        self.lines.entry(peer).or_insert_with(|| Line {
            frames: Bucket::new(400.0, 100.0),
            until: later(now, micros(IDLE)),
            connected: false,
        })
    }

    fn wanted(&self, peer: &NodeId) -> bool {
        self.swarms
            .values()
            .any(|swarm| swarm.membership.wants(peer))
    }

    /// Whether a peer is a neighbour in this swarm or in that of the whole overlay.
    fn is_near(&self, topic: Topic, peer: &NodeId) -> bool {
        [topic, Topic::QNET].iter().any(|topic| {
            let swarm = self.swarms.get(topic);
            swarm.is_some_and(|swarm| swarm.membership.is_neighbour(peer))
        })
    }

    fn misbehaved(&mut self, peer: NodeId, what: Offence) {
        self.event(Event::Misbehaved { peer, what });
    }

    fn event(&mut self, event: Event) {
        self.outputs.push_back(Output::Event(event));
    }
}

#[cfg(test)]
mod tests;
