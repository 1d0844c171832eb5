//! The composed machine: everything of the overlay behind one door.

mod config;
mod event;
mod inputs;
mod known;
mod last_resort;
mod neighbours;
mod shape;
mod talk;
mod view;

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use bytes::Bytes;
use ed25519_dalek::SigningKey;

pub use config::Config;
pub use event::{Alarm, Event, PeerView, QueryId, Traffic, View};
pub use last_resort::{LastResort, Outcome};

use crate::budget::{Budget, Rates};
use crate::control::Control;
use crate::coordinates::Vivaldi;
use crate::gossip::{self, Gossip};
use crate::id::NodeId;
use crate::machine::{Input, Output, Time, UnixTime};
use crate::out::{Context, Out};
use crate::protocol::Protocol;
use crate::random::Random;
use crate::record::{Key, PeerRecord, SignedRecord};
use crate::score::Scores;
use crate::table::Table;
use crate::topic::{MessageId, Topic, Verdict};
use crate::transport::Hints;
use known::Known;
use last_resort::LastResorts;
use shape::Shape;

/// A node of the overlay, without sockets, clock or randomness of its own.
///
/// It needs [`Input::Clock`] before anything else, for without the time it can neither sign its record nor judge others'.
/// After every call the driver drains [`Node::poll`] and sleeps no longer than [`Node::next_wake`].
pub struct Node {
    id: NodeId,
    key: SigningKey,
    seed: [u8; 32],
    random: Random,
    /// What the person set, and what of it holds at this hour.
    settings: Config,
    config: Config,
    clock: Option<(Time, UnixTime)>,
    hints: (Hints, bool),
    record: Option<PeerRecord>,
    scores: Scores,
    rates: Rates,
    budget: Budget,
    table: Table,
    control: Control,
    gossip: Option<Gossip>,
    coordinates: Vivaldi,
    known: Known,
    resorts: LastResorts,
    links: BTreeMap<NodeId, Link>,
    /// Neighbours that this node dialled itself.
    chosen: BTreeSet<NodeId>,
    shape: Shape,
    topics: BTreeMap<Topic, Announced>,
    /// Look-ups for the members of a topic.
    members: BTreeMap<QueryId, Topic>,
    /// Puts of the node's own, whose outcome is no news.
    quiet: BTreeSet<QueryId>,
    /// Whom a search is for.
    wanted: BTreeMap<QueryId, NodeId>,
    queries: u64,
    traffic: BTreeMap<Protocol, (u64, u64)>,
    alarms: BTreeMap<Alarm, Time>,
    keep_at: Time,
    /// When a neighbour was last asked whom it knows.
    exchanged: Time,
    /// Until when open connections are counted.
    counted: Time,
    outputs: VecDeque<Output<Event>>,
}

/// A connected peer.
#[derive(Debug)]
struct Link {
    protocols: BTreeSet<Protocol>,
    ip: Option<core::net::IpAddr>,
    since: Time,
    /// When gossip last used it.
    gossiped: Time,
}

/// When a topic's membership was last put into the table, and looked for.
#[derive(Debug)]
struct Announced {
    put: Option<Time>,
    sought: Option<Time>,
    /// How often members were looked for in vain; none while there is one.
    alone: Option<u32>,
}

impl Default for Announced {
    fn default() -> Self {
        Self {
            put: None,
            sought: None,
            alone: Some(0),
        }
    }
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
    pub fn new(config: Config, key: SigningKey, seed: [u8; 32]) -> Self {
        let id = NodeId(key.verifying_key().to_bytes());
        Self {
            id,
            key,
            random: Random::new(&seed, "node"),
            config: config.at(0),
            budget: Budget::new(config.control_budget),
            settings: config,
            clock: None,
            hints: (Hints::default(), false),
            record: None,
            scores: Scores::default(),
            rates: Rates::default(),
            table: Table::new(id, &seed),
            control: Control::new(&seed),
            gossip: None,
            coordinates: Vivaldi::new(&seed),
            known: Known::default(),
            resorts: LastResorts::default(),
            links: BTreeMap::new(),
            chosen: BTreeSet::new(),
            shape: Shape::default(),
            topics: BTreeMap::new(),
            members: BTreeMap::new(),
            quiet: BTreeSet::new(),
            wanted: BTreeMap::new(),
            queries: 0,
            traffic: BTreeMap::new(),
            alarms: BTreeMap::new(),
            keep_at: Time(u64::MAX),
            exchanged: Time(0),
            counted: Time(0),
            outputs: VecDeque::new(),
            seed,
        }
    }

    /// The own id.
    #[must_use]
    pub const fn id(&self) -> NodeId {
        self.id
    }

    /// The own record; none before the first [`Input::Clock`].
    #[must_use]
    pub const fn record(&self) -> Option<&PeerRecord> {
        self.record.as_ref()
    }

    /// The records worth keeping for the next start: whoever is connected, then whoever answered, at most `most`.
    #[must_use]
    pub fn cache(&self, most: usize) -> Vec<PeerRecord> {
        let mut best: Vec<PeerRecord> = self
            .control
            .peers()
            .map(|(_, record)| record.clone())
            .collect();
        let known = self.known.best(most);
        best.extend(
            known
                .into_iter()
                .filter(|one| !self.control.linked(&one.id)),
        );
        best.truncate(most);
        best
    }

    /// The next thing to do; none when all is done.
    pub fn poll(&mut self) -> Option<Output<Event>> {
        self.outputs.pop_front()
    }

    /// When to call [`Node::handle`] with [`Input::Wake`] at the latest.
    #[must_use]
    pub fn next_wake(&self) -> Option<Time> {
        self.record.as_ref()?;
        let gossip = self.gossip.as_ref().and_then(Gossip::next_wake);
        [self.control.next_wake(), gossip]
            .into_iter()
            .flatten()
            .chain([self.table.next_wake(), self.keep_at])
            .min()
    }

    /// Meets these peers: from an invite, the local network or the cache. Records that are not rightly signed are dropped.
    pub fn join(&mut self, now: Time, peers: Vec<PeerRecord>) {
        let mut good = Vec::new();
        for peer in peers {
            if peer.id != self.id && peer.verify().is_ok() {
                self.known.forget(&peer.id);
                self.learn(&peer);
                good.push(peer);
            }
        }
        self.table.join(now, good.clone());
        if let Some(gossip) = &mut self.gossip {
            gossip.introduce(now, Topic::QNET, good);
        }
        self.keep_at = now;
        self.wake(now);
    }

    /// The own addresses have changed: a new record is signed and told to the neighbours. Beyond the limits of a record the
    /// rest is left out.
    pub fn set_hints(&mut self, now: Time, hints: Hints, serves: bool) {
        if self.hints == (hints.clone(), serves) && self.record.is_some() {
            return;
        }
        self.hints = (hints, serves);
        self.sign(now);
        self.with_table(now, |table, context, out| table.announce(context, out));
        self.wake(now);
    }

    /// Looks for a node. The answer is [`Event::Found`].
    pub fn find(&mut self, now: Time, node: NodeId) -> QueryId {
        let query = self.query();
        let connected = self
            .control
            .record(&node)
            .or_else(|| self.links.get(&node).and_then(|_| self.known.get(&node)));
        let own = self.record.as_ref().filter(|record| record.id == node);
        if let Some(record) = own.or(connected).cloned() {
            self.event(Event::Found {
                query,
                record: Some(record),
                hops: 0,
                asked: 0,
            });
            return query;
        }
        self.wanted.insert(query, node);
        self.with_table(now, |table, context, out| {
            table.find(context, query, node, out);
        });
        query
    }

    /// Puts a record where all look for it, and again until it expires. The answer is [`Event::Stored`]; a record that is
    /// not rightly signed is stored nowhere.
    pub fn put(&mut self, now: Time, record: SignedRecord) -> QueryId {
        let query = self.query();
        if record.verify().is_err() {
            self.event(Event::Stored { query, copies: 0 });
            return query;
        }
        self.with_table(now, |table, context, out| {
            table.put(context, query, record, out);
        });
        query
    }

    /// Looks for the records of a key. The answer is [`Event::Got`].
    pub fn get(&mut self, now: Time, key: Key) -> QueryId {
        let query = self.query();
        self.with_table(now, |table, context, out| {
            table.get(context, query, key, out);
        });
        query
    }

    /// Takes part in a topic: its members are found by gossip and, where that is not enough, in the table.
    pub fn subscribe(&mut self, now: Time, topic: Topic) {
        if topic == Topic::QNET || self.topics.len() >= gossip::MAX_TOPICS {
            return;
        }
        self.topics.entry(topic).or_default();
        if let Some(gossip) = &mut self.gossip {
            gossip.subscribe(now, topic);
        }
        self.keep_at = now;
        self.wake(now);
    }

    /// Leaves a topic.
    pub fn unsubscribe(&mut self, now: Time, topic: Topic) {
        self.topics.remove(&topic);
        if let Some(gossip) = &mut self.gossip {
            gossip.unsubscribe(now, topic);
        }
        self.drain_gossip(now);
    }

    /// Broadcasts to all who subscribed.
    ///
    /// # Errors
    /// When the message is empty or longer than 32 KiB, or the topic not subscribed to.
    pub fn publish(
        &mut self,
        now: Time,
        topic: Topic,
        bytes: Bytes,
    ) -> Result<MessageId, gossip::Refused> {
        let gossip = self.gossip.as_mut().ok_or(gossip::Refused::NotSubscribed)?;
        let id = gossip.publish(now, topic, bytes);
        self.drain_gossip(now);
        id
    }

    /// Says what an [`Event::Message`] was worth; without it the message is not passed on.
    pub fn accept(&mut self, now: Time, message: MessageId, verdict: Verdict) {
        if let Some(gossip) = &mut self.gossip {
            gossip.accept(now, message, verdict);
        }
        self.drain_gossip(now);
    }

    /// Asks the neighbours for a way to a node; each answer is an [`Event::Detour`].
    pub fn detour(&mut self, now: Time, to: NodeId) {
        let mut out = Out::default();
        self.control.ask_for_way(to, &mut out);
        self.carry_out(now, out);
    }

    /// Changes the settings.
    pub fn configure(&mut self, now: Time, config: Config) {
        self.settings = config;
        self.apply_settings(now);
        self.keep_at = now;
        self.wake(now);
    }

    fn query(&mut self) -> QueryId {
        self.queries += 1;
        QueryId(self.queries)
    }

    fn event(&mut self, event: Event) {
        self.outputs.push_back(Output::Event(event));
    }

    fn unix(&self, now: Time) -> UnixTime {
        self.clock.map_or(UnixTime(0), |(at, unix)| {
            let passed = now.0.saturating_sub(at.0) / 1_000_000;
            UnixTime(unix.0.saturating_add(passed))
        })
    }

    fn with_table(&mut self, now: Time, act: impl FnOnce(&mut Table, &Context<'_>, &mut Out)) {
        let mut out = Out::default();
        let unix = self.unix(now);
        let context = context(now, unix, &self.scores, self.record.as_ref(), &self.config);
        act(&mut self.table, &context, &mut out);
        self.carry_out(now, out);
        self.drain_table(now);
    }

    fn with_control(&mut self, now: Time, act: impl FnOnce(&mut Control, &Context<'_>, &mut Out)) {
        let mut out = Out::default();
        let unix = self.unix(now);
        let context = context(now, unix, &self.scores, self.record.as_ref(), &self.config);
        act(&mut self.control, &context, &mut out);
        self.carry_out(now, out);
        self.drain_control(now);
    }
}

fn context<'a>(
    now: Time,
    unix: UnixTime,
    scores: &'a Scores,
    own: Option<&'a PeerRecord>,
    config: &Config,
) -> Context<'a> {
    Context {
        now,
        unix,
        scores,
        own,
        serving: config.table_serving,
        local_exempt: config.local_exempt,
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        zeroize::Zeroize::zeroize(&mut self.seed);
    }
}

#[cfg(test)]
mod tests;
