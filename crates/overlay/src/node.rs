//! The composed machine: everything of the overlay behind one door.

mod config;
mod event;

use std::collections::VecDeque;

use bytes::Bytes;
use ed25519_dalek::SigningKey;

pub use config::Config;
pub use event::{Alarm, Event, PeerView, QueryId, Traffic, View};

use crate::id::NodeId;
use crate::machine::{Input, Output, Time, UnixTime};
use crate::record::{Key, PeerRecord, SignedRecord};
use crate::topic::{MessageId, Topic, Verdict};
use crate::transport::Hints;

/// A node of the overlay, without sockets, clock or randomness of its own.
///
/// After every call the driver drains [`Node::poll`] and sleeps no longer than [`Node::next_wake`].
pub struct Node {
    id: NodeId,
    key: SigningKey,
    config: Config,
    record: Option<PeerRecord>,
    clock: Option<(Time, UnixTime)>,
    queries: u64,
    outputs: VecDeque<Output<Event>>,
}

impl core::fmt::Debug for Node {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Node")
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}

impl Node {
    /// A node that knows nobody. The key is wiped when the node is dropped; the seed makes its choices.
    #[must_use]
    pub fn new(config: Config, key: SigningKey, _seed: [u8; 32]) -> Self {
        Self {
            id: NodeId(key.verifying_key().to_bytes()),
            key,
            config,
            record: None,
            clock: None,
            queries: 0,
            outputs: VecDeque::new(),
        }
    }

    /// The own id.
    #[must_use]
    pub const fn id(&self) -> NodeId {
        self.id
    }

    /// Something happened outside.
    pub fn handle(&mut self, now: Time, input: Input) {
        if let Input::Clock(unix) = input {
            self.clock = Some((now, unix));
        }
    }

    /// The next thing to do; none when all is done.
    pub fn poll(&mut self) -> Option<Output<Event>> {
        self.outputs.pop_front()
    }

    /// When to call [`Node::handle`] with [`Input::Wake`] at the latest.
    #[must_use]
    pub fn next_wake(&self) -> Option<Time> {
        None
    }

    /// Meets these peers: from an invite, the local network or the cache. Records that are not rightly signed are dropped.
    pub fn join(&mut self, _now: Time, peers: Vec<PeerRecord>) {
        for peer in peers {
            self.outputs.push_back(Output::Known(peer));
        }
    }

    /// The own addresses have changed: a new record is signed and told to the neighbours.
    pub fn set_hints(&mut self, _now: Time, hints: Hints, serves: bool) {
        let sequence = self.record.as_ref().map_or(0, |record| record.sequence + 1);
        let issued = self.clock.map_or(0, |(_, unix)| unix.0);
        self.record = PeerRecord::signed(&self.key, sequence, issued, hints, serves).ok();
    }

    /// Looks for a node. The answer is [`Event::Found`].
    pub fn find(&mut self, _now: Time, _node: NodeId) -> QueryId {
        self.query()
    }

    /// Puts a record where all look for it, and again until it expires. The answer is [`Event::Stored`].
    pub fn put(&mut self, _now: Time, _record: SignedRecord) -> QueryId {
        self.query()
    }

    /// Looks for the records of a key. The answer is [`Event::Got`].
    pub fn get(&mut self, _now: Time, _key: Key) -> QueryId {
        self.query()
    }

    /// Takes part in a topic.
    pub fn subscribe(&mut self, _now: Time, _topic: Topic) {}

    /// Leaves a topic.
    pub fn unsubscribe(&mut self, _now: Time, _topic: Topic) {}

    /// Broadcasts at most 32 KiB to all who subscribed.
    pub fn publish(&mut self, _now: Time, _topic: Topic, _bytes: Bytes) {}

    /// Says what an [`Event::Message`] was worth; without it the message is not passed on.
    pub fn accept(&mut self, _now: Time, _message: MessageId, _verdict: Verdict) {}

    /// Asks the neighbours for a way to a node; each answer is an [`Event::Detour`].
    pub fn detour(&mut self, _now: Time, _to: NodeId) {}

    /// Changes the settings.
    pub fn configure(&mut self, _now: Time, config: Config) {
        self.config = config;
    }

    /// What a screen shows.
    #[must_use]
    pub fn view(&self, _now: Time) -> View {
        View {
            id: self.id,
            record: self.record.clone(),
            peers: Vec::new(),
            table: 0,
            stored: 0,
            network_size: None,
            traffic: Vec::new(),
            budget: (0, self.config.control_budget),
            alarms: Vec::new(),
        }
    }

    fn query(&mut self) -> QueryId {
        self.queries += 1;
        QueryId(self.queries)
    }
}
