//! Who is in a swarm, and how a message reaches all of it.
//!
//! A [`Gossip`] machine holds one swarm for the whole overlay ([`Topic::QNET`]) and one for each topic its node subscribed
//! to. A swarm is a HyParView membership (a few open connections, a reserve of known nodes) with a Plumtree broadcast on
//! top of it. A join for a topic walks through the overlay's swarm until it meets a subscriber; where topics are rare,
//! [`Event::Alone`] asks the floor above for subscribers' records.

mod broadcast;
mod bucket;
mod membership;
mod shuffle;
mod swarms;
mod wire;

use core::time::Duration;
use std::collections::{BTreeMap, VecDeque};

use bytes::Bytes;

use self::broadcast::Broadcast;
use self::bucket::Bucket;
use self::membership::Membership;
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
            active: 4,
            passive: 30,
            shuffle: Duration::from_secs(3600),
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
        if topic != Topic::QNET
            && let Some(mut swarm) = self.swarms.remove(&topic)
        {
            let mut effects = Vec::new();
            swarm.membership.leave(&mut effects);
            self.carry_out(now, topic, effects);
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
}

#[cfg(test)]
mod tests;
