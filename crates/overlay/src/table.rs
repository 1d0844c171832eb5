//! The distributed table: Kademlia (Maymounkov and Mazières 2002) over records that prove themselves.
//!
//! What is different from the paper: look-ups walk over three disjoint paths (S/Kademlia 2007); a bucket takes one node of
//! each /24 or /48; old nodes stay; a put goes to the whole region around its key that the estimated size of the network
//! explains, and when nodes crowd around a key the region is widened and an alarm raised (arXiv 2307.12212, 2505.01139).

mod buckets;
mod lookup;
pub(crate) mod message;
mod serve;
mod size;
mod store;
mod upkeep;

use core::net::IpAddr;
use core::time::Duration;
use std::collections::BTreeMap;

pub(crate) use buckets::Prefix;
use buckets::{Buckets, Contact, K, Placed};
use lookup::{Goal, LOST, Lookup, Step};
use message::{Body, Message, Token};
use size::Size;
use store::Store;

use crate::budget::Bucket;
use crate::id::NodeId;
use crate::machine::Time;
use crate::node::QueryId;
use crate::out::{Context, Out};
use crate::protocol::Protocol;
use crate::random::Random;
use crate::record::{Key, PeerRecord, SignedRecord};
use crate::score::Offence;

const MINUTE: u64 = 60 * 1_000_000;
const REPUT: Duration = Duration::from_secs(6 * 3600);
const MOST_SEEDS: usize = 64;
const MOST_GUESTS: usize = 256;
const GUEST: u64 = 2 * 60 * MINUTE;
const MOST_PENDING: usize = 1024;
const MOST_LOOKUPS: usize = 64;
const MOST_PROBES: usize = 32;
const MOST_MINE: usize = 64;

/// What a question came to.
#[derive(Debug)]
pub(crate) enum Done {
    Found(QueryId, Option<PeerRecord>, (u8, u16)),
    Stored(QueryId, usize),
    Got(QueryId, Vec<SignedRecord>, (u8, u16)),
    /// Nodes crowd around this key.
    Dense(Key),
}

#[derive(Debug)]
enum Why {
    Lookup(u64),
    Put(u64),
    /// To let this record into the buckets, or to see whether an old one is still there.
    Probe(PeerRecord),
}

#[derive(Debug)]
struct Pending {
    peer: NodeId,
    at: Time,
    why: Why,
    /// Given up; an answer may still come and is no offence.
    lost: bool,
}

#[derive(Debug, Default)]
struct Link {
    ip: Option<IpAddr>,
    /// The sequence of the own record that the peer was told.
    told: Option<u64>,
    /// The last record it told.
    record: Option<PeerRecord>,
}

#[derive(Debug)]
struct Mine {
    record: SignedRecord,
    again: Time,
}

/// The part of the table that this node holds.
#[derive(Debug)]
pub(crate) struct Table {
    own: NodeId,
    place: Key,
    random: Random,
    buckets: Buckets,
    store: Store,
    size: Size,
    seeds: Vec<PeerRecord>,
    /// Nodes that do not serve the table but want to be found.
    guests: BTreeMap<NodeId, (PeerRecord, Time)>,
    lookups: BTreeMap<u64, Lookup>,
    /// Which question a look-up answers; refreshes answer none.
    queries: BTreeMap<u64, QueryId>,
    numbers: u64,
    pending: BTreeMap<u32, Pending>,
    links: BTreeMap<NodeId, Link>,
    mine: BTreeMap<(Key, NodeId), Mine>,
    secret: [u8; 32],
    served: Bucket,
    refresh_at: Time,
    place_at: Time,
    sweep_at: Time,
    done: Vec<Done>,
}

impl Table {
    pub(crate) fn new(own: NodeId, seed: &[u8; 32]) -> Self {
        let place = Key::of_node(&own);
        Self {
            own,
            place,
            random: Random::new(seed, "table"),
            buckets: Buckets::new(place),
            store: Store::new(place),
            size: Size::default(),
            seeds: Vec::new(),
            guests: BTreeMap::new(),
            lookups: BTreeMap::new(),
            queries: BTreeMap::new(),
            numbers: 0,
            pending: BTreeMap::new(),
            links: BTreeMap::new(),
            mine: BTreeMap::new(),
            secret: *blake3::keyed_hash(seed, b"table tokens").as_bytes(),
            served: Bucket::full(1000.0, Time(0)),
            refresh_at: Time(u64::MAX),
            place_at: Time(u64::MAX),
            sweep_at: Time(0),
            done: Vec::new(),
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.buckets.len()
    }

    pub(crate) const fn kept(&self) -> usize {
        self.store.len()
    }

    pub(crate) fn network_size(&self) -> Option<u64> {
        self.size.nodes().map(|nodes| nodes as u64 + 1)
    }

    pub(crate) fn results(&mut self) -> Vec<Done> {
        core::mem::take(&mut self.done)
    }

    /// Some nodes that have answered, for neighbours and exchange.
    pub(crate) fn some(&mut self, most: usize) -> Vec<PeerRecord> {
        let mut all: Vec<&Contact> = self.buckets.iter().filter(|one| one.fails == 0).collect();
        self.random.shuffle(&mut all);
        all.into_iter()
            .take(most)
            .map(|one| one.record.clone())
            .collect()
    }

    /// Nodes to start from, verified. With an empty table the search for the own place begins.
    pub(crate) fn join(&mut self, now: Time, records: Vec<PeerRecord>) {
        for record in records {
            self.seeds.retain(|one| one.id != record.id);
            if self.seeds.len() >= MOST_SEEDS {
                self.seeds.remove(0);
            }
            self.seeds.push(record);
        }
        if self.buckets.len() < 3 {
            self.place_at = self.place_at.min(now);
        }
    }

    /// A verified record of a node that says it serves: asked whether it answers, if there is room.
    pub(crate) fn suggest(&mut self, context: &Context<'_>, record: &PeerRecord, out: &mut Out) {
        let place = Key::of_node(&record.id);
        let probes = self
            .pending
            .values()
            .filter(|one| matches!(one.why, Why::Probe(_)) && (!one.lost || one.peer == record.id));
        if record.id == self.own
            || self.buckets.get(&record.id).is_some()
            || probes.count() >= MOST_PROBES
            || !self.buckets.wants(&place)
            || Prefix::of(record, None, context.local_exempt).is_none()
        {
            return;
        }
        self.probe(context, record.clone(), out);
    }

    fn probe(&mut self, context: &Context<'_>, record: PeerRecord, out: &mut Out) {
        let asked = self
            .pending
            .values()
            .any(|one| one.peer == record.id && !one.lost && matches!(one.why, Why::Probe(_)));
        if !asked {
            out.known(&record);
            self.ask(context, record.id, Body::Ping, Why::Probe(record), out);
        }
    }

    pub(crate) fn find(
        &mut self,
        context: &Context<'_>,
        query: QueryId,
        node: NodeId,
        out: &mut Out,
    ) {
        let target = Key::of_node(&node);
        self.begin(context, Some(query), Goal::Node(node), target, out);
    }

    pub(crate) fn get(&mut self, context: &Context<'_>, query: QueryId, key: Key, out: &mut Out) {
        self.begin(context, Some(query), Goal::Get, key, out);
    }

    /// Puts a record of one's own, verified, now and again until it expires.
    pub(crate) fn put(
        &mut self,
        context: &Context<'_>,
        query: QueryId,
        record: SignedRecord,
        out: &mut Out,
    ) {
        let again = Time(context.now.0.saturating_add(self.random.about(REPUT)));
        if self.mine.len() >= MOST_MINE {
            self.mine.pop_first();
        }
        let mine = Mine {
            record: record.clone(),
            again,
        };
        self.mine.insert((record.key, record.owner), mine);
        let key = record.key;
        self.begin(context, Some(query), Goal::Put(record), key, out);
    }

    /// The own record is new: those around the own place hear of it, for they are asked first.
    pub(crate) fn announce(&mut self, context: &Context<'_>, out: &mut Out) {
        if self.buckets.len() > 0 {
            self.begin(context, None, Goal::Get, self.place, out);
        }
    }

    fn begin(
        &mut self,
        context: &Context<'_>,
        query: Option<QueryId>,
        goal: Goal,
        target: Key,
        out: &mut Out,
    ) {
        self.numbers += 1;
        let number = self.numbers;
        let mut lookup = Lookup::new(context.now, goal, target, self.size.region());
        if let Goal::Get = lookup.goal {
            let here = self.store.get(&target, context.unix);
            lookup.values(context.unix, self.own, here, out);
        }
        let mut start: Vec<PeerRecord> = self
            .buckets
            .closest(&target, K)
            .into_iter()
            .map(|one| one.record.clone())
            .collect();
        if start.len() < 3 {
            start.extend(self.seeds.iter().cloned());
        }
        lookup.start(&self.own, start);
        if let Some(query) = query {
            self.queries.insert(number, query);
        }
        if self.lookups.len() >= MOST_LOOKUPS {
            self.finish(context, number, lookup, out);
            return;
        }
        self.buckets.touch(&target, context.now);
        self.lookups.insert(number, lookup);
        self.advance(context, number, out);
    }

    fn advance(&mut self, context: &Context<'_>, number: u64, out: &mut Out) {
        let Some(mut lookup) = self.lookups.remove(&number) else {
            return;
        };
        loop {
            match lookup.step(context, &self.size, out) {
                Step::Ask(record, want) => {
                    out.known(&record);
                    let body = match lookup.goal {
                        Goal::Get => Body::Get(lookup.target, want),
                        _ => Body::Find(lookup.target, want),
                    };
                    self.ask(context, record.id, body, Why::Lookup(number), out);
                }
                Step::Store(peer, token) => {
                    if let Goal::Put(record) = &lookup.goal {
                        let body = Body::Store(record.clone(), token);
                        self.ask(context, peer, body, Why::Put(number), out);
                    }
                }
                Step::Wait => {
                    self.lookups.insert(number, lookup);
                    return;
                }
                Step::Done => {
                    self.finish(context, number, lookup, out);
                    return;
                }
            }
        }
    }

    fn finish(&mut self, context: &Context<'_>, number: u64, lookup: Lookup, out: &mut Out) {
        for pending in self.pending.values_mut() {
            if matches!(pending.why, Why::Lookup(of) | Why::Put(of) if of == number) {
                pending.lost = true;
            }
        }
        for liar in lookup.liars() {
            out.blame(liar, Offence::Lie);
        }
        if lookup.swept() {
            self.size.sample(&lookup.distances());
        }
        if lookup.dense {
            self.done.push(Done::Dense(lookup.target));
        }
        let Some(query) = self.queries.remove(&number) else {
            return;
        };
        let effort = (lookup.hops, lookup.asked);
        self.done.push(match lookup.goal {
            Goal::Place | Goal::Bucket => return,
            Goal::Node(_) => Done::Found(query, lookup.found, effort),
            Goal::Put(record) => {
                // The own copy counts where this node stands among the holders.
                let near = context.serving && self.buckets.closer_than_self(&record.key) < K;
                let source = store::Source::Node(self.own);
                let kept = near && self.store.put(record, source, context.unix).is_ok();
                Done::Stored(query, lookup.copies + usize::from(kept))
            }
            Goal::Get => {
                let mut values: Vec<SignedRecord> = lookup.values.into_values().collect();
                values.truncate(message::MOST_VALUES);
                Done::Got(query, values, effort)
            }
        });
    }

    /// Sends a question, after saying who asks.
    fn ask(&mut self, context: &Context<'_>, peer: NodeId, body: Body, why: Why, out: &mut Out) {
        if self.pending.len() >= MOST_PENDING {
            let lost = self.pending.iter().find(|(_, one)| one.lost);
            let first = lost.or(self.pending.iter().next());
            if let Some(number) = first.map(|(number, _)| *number) {
                self.pending.remove(&number);
            }
        }
        if let Some(own) = context.own {
            let link = self.links.entry(peer).or_default();
            if link.told != Some(own.sequence) {
                link.told = Some(own.sequence);
                let me = Message::new(0, Body::Me(own.clone(), context.serving));
                out.send(peer, Protocol::Table, me.encode());
            }
        }
        let number = self.random.next() as u32;
        let pending = Pending {
            peer,
            at: context.now,
            why,
            lost: false,
        };
        self.pending.insert(number, pending);
        out.send(peer, Protocol::Table, Message::new(number, body).encode());
    }

    /// A connection for the table stands.
    pub(crate) fn connected(&mut self, peer: NodeId, ip: Option<IpAddr>) {
        self.links.entry(peer).or_default().ip = ip;
    }

    /// It is gone; what was asked over it will not be answered.
    pub(crate) fn disconnected(&mut self, context: &Context<'_>, peer: NodeId, out: &mut Out) {
        self.links.remove(&peer);
        self.give_up(context, |one| one.peer == peer, out);
    }

    /// A node cannot be reached at all.
    pub(crate) fn unreachable(&mut self, context: &Context<'_>, peer: NodeId, out: &mut Out) {
        self.links.remove(&peer);
        self.buckets.failed(&peer);
        self.seeds.retain(|one| one.id != peer);
        self.give_up(context, |one| one.peer == peer, out);
    }

    pub(crate) fn measured(&mut self, peer: &NodeId, rtt: Duration) {
        let micros = u32::try_from(rtt.as_micros()).unwrap_or(u32::MAX);
        self.buckets.measured(peer, micros);
    }

    fn give_up(&mut self, context: &Context<'_>, which: impl Fn(&Pending) -> bool, out: &mut Out) {
        let mut lookups = Vec::new();
        let mut failed = Vec::new();
        for pending in self.pending.values_mut() {
            if pending.lost || !which(pending) {
                continue;
            }
            pending.lost = true;
            failed.push(pending.peer);
            match pending.why {
                Why::Lookup(number) => {
                    lookups.push(number);
                    if let Some(lookup) = self.lookups.get_mut(&number) {
                        lookup.failed(&pending.peer);
                    }
                }
                Why::Put(number) => {
                    lookups.push(number);
                    if let Some(lookup) = self.lookups.get_mut(&number) {
                        lookup.stored(false);
                    }
                }
                Why::Probe(_) => {}
            }
        }
        failed.sort_unstable();
        failed.dedup();
        for peer in failed {
            self.buckets.failed(&peer);
        }
        lookups.dedup();
        for number in lookups {
            self.advance(context, number, out);
        }
    }

    /// When something is due.
    pub(crate) fn next_wake(&self) -> Time {
        let answers = self.pending.values().filter(|one| !one.lost);
        let answers = answers.map(|one| Time(one.at.0.saturating_add(LOST)));
        let lookups = self.lookups.values().filter_map(Lookup::next_wake);
        let mine = self.mine.values().map(|mine| mine.again);
        answers
            .chain(lookups)
            .chain(mine)
            .chain([self.refresh_at, self.place_at, self.sweep_at])
            .min()
            .unwrap_or(self.sweep_at)
    }
}

/// What counts as one network for a choice of neighbours; none where diversity does not matter or no address is known.
pub(crate) fn prefix_of(record: &PeerRecord, local_exempt: bool) -> Option<Prefix> {
    Prefix::of(record, None, local_exempt)
        .filter(|prefix| matches!(prefix, Prefix::V4(_) | Prefix::V6(_)))
}
