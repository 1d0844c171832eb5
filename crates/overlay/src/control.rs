//! Talk between neighbours: hello, ping with coordinates, exchange of peers, detours.

mod message;

use core::time::Duration;
use std::collections::BTreeMap;

pub(crate) use message::{MOST_PEERS, Message, Peer};

use crate::coordinates::Coordinate;
use crate::id::NodeId;
use crate::machine::Time;
use crate::out::{Context, Out};
use crate::protocol::Protocol;
use crate::random::Random;
use crate::record::PeerRecord;
use crate::score::Offence;
use crate::topology::Sample;

/// Between two pings on a connection, whichever side sends them: for round trips. That the other side is gone the transport
/// notices earlier.
const PING: Duration = Duration::from_secs(120);
/// How long a ping waits, in microseconds, and how many in a row may go without an answer.
const PATIENCE: u64 = 3_000_000;
const MISSES: u8 = 2;
/// A connection on which nobody says hello is closed.
const HELLO: u64 = 10_000_000;
/// Between two answers to the same peer's questions for peers.
const EXCHANGE: u64 = 20_000_000;
const MOST_WAYS: usize = 16;

/// What came of a message or of its absence.
#[derive(Debug)]
pub(crate) enum News {
    /// The peer has shown its record, new or changed.
    Hello {
        record: PeerRecord,
        serving: bool,
        first: bool,
    },
    Probe(NodeId, Option<Duration>, Option<Coordinate>),
    /// How the network looks to the peer.
    Health(NodeId, Sample),
    /// The peer asks for so many records.
    Asked(NodeId, u8),
    /// The records that it was asked for; their signatures are not checked yet.
    Peers(NodeId, Vec<Peer>),
    /// The peer asks how far this node is from another.
    Way(NodeId, NodeId),
    Detour(NodeId, NodeId, Duration),
    /// The peer wants another pinged by way of this node; is pinged so; has answered so; or brings such an answer.
    Pass(NodeId, NodeId, u64),
    Passed(NodeId, NodeId, u64),
    PassBack(NodeId, NodeId, u64),
    Back(NodeId, NodeId, u64),
}

/// What this node says of itself when it is pinged.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Own {
    pub(crate) coordinate: Coordinate,
    pub(crate) sample: Option<Sample>,
}

#[derive(Debug)]
struct Link {
    /// Whether the connection stands; before, a hello is on its way.
    up: bool,
    since: Time,
    /// The sequence of the own record that was said.
    said: Option<u64>,
    record: Option<PeerRecord>,
    /// Whether it answers for the table, and so serves others.
    serving: bool,
    /// This side has ended it, and waits to be told that it is over.
    parting: bool,
    ping: Option<(u64, Time)>,
    next_ping: Time,
    missed: u8,
    /// The last answer.
    heard: Time,
    rtt: Option<Duration>,
    coordinate: Option<Coordinate>,
    asked: bool,
    answered: Option<Time>,
    ways: Vec<NodeId>,
}

/// All connections of [`Protocol::Control`].
#[derive(Debug)]
pub(crate) struct Control {
    random: Random,
    links: BTreeMap<NodeId, Link>,
    news: Vec<News>,
}

impl Control {
    pub(crate) fn new(seed: &[u8; 32]) -> Self {
        Self {
            random: Random::new(seed, "control"),
            links: BTreeMap::new(),
            news: Vec::new(),
        }
    }

    pub(crate) fn news(&mut self) -> Vec<News> {
        core::mem::take(&mut self.news)
    }

    /// The peers that have said hello, with their records.
    pub(crate) fn peers(&self) -> impl Iterator<Item = (&NodeId, &PeerRecord)> {
        self.links
            .iter()
            .filter(|(_, link)| link.up)
            .filter_map(|(id, link)| link.record.as_ref().map(|record| (id, record)))
    }

    /// Whether the peer is connected and has said hello.
    pub(crate) fn met(&self, peer: &NodeId) -> bool {
        let link = self.links.get(peer);
        link.is_some_and(|link| link.up && link.record.is_some())
    }

    /// Whether it serves others.
    pub(crate) fn serves(&self, peer: &NodeId) -> bool {
        self.links.get(peer).is_some_and(|link| link.serving)
    }

    pub(crate) fn linked(&self, peer: &NodeId) -> bool {
        self.links.contains_key(peer)
    }

    /// How many connections stand or are on their way.
    pub(crate) fn len(&self) -> usize {
        self.links.len()
    }

    pub(crate) fn up(&self) -> usize {
        self.peers().count()
    }

    pub(crate) fn record(&self, peer: &NodeId) -> Option<&PeerRecord> {
        self.links.get(peer)?.record.as_ref()
    }

    pub(crate) fn rtt(&self, peer: &NodeId) -> Option<Duration> {
        self.links.get(peer)?.rtt
    }

    pub(crate) fn coordinate(&self, peer: &NodeId) -> Option<Coordinate> {
        self.links.get(peer)?.coordinate
    }

    /// Opens a connection by saying hello.
    pub(crate) fn dial(&mut self, context: &Context<'_>, record: &PeerRecord, out: &mut Out) {
        if !self.linked(&record.id) {
            out.known(record);
            self.call(context, record.id, out);
        }
    }

    /// The same to a node of which the driver knows where it is.
    pub(crate) fn call(&mut self, context: &Context<'_>, node: NodeId, out: &mut Out) {
        if self.linked(&node) {
            return;
        }
        self.links.insert(node, link(context.now));
        self.hello(context, node, out);
    }

    pub(crate) fn connected(&mut self, context: &Context<'_>, peer: NodeId, out: &mut Out) {
        let entry = self.links.entry(peer);
        let link = entry.or_insert_with(|| link(context.now));
        link.up = true;
        if core::mem::take(&mut link.parting) {
            (link.said, link.next_ping) = (None, context.now);
        }
        link.since = context.now;
        self.hello(context, peer, out);
    }

    /// Ends a connection. Nothing more is said on it: that would open it again.
    pub(crate) fn part(&mut self, peer: &NodeId, out: &mut Out) {
        if let Some(link) = self.links.get_mut(peer) {
            link.parting = true;
            (link.ping, link.next_ping) = (None, Time(u64::MAX));
            out.close(*peer, Protocol::Control);
        }
    }

    /// Says whether the peer had shown itself.
    pub(crate) fn gone(&mut self, peer: &NodeId) -> bool {
        let link = self.links.remove(peer);
        link.is_some_and(|link| link.up && link.record.is_some())
    }

    fn hello(&mut self, context: &Context<'_>, peer: NodeId, out: &mut Out) {
        let (Some(own), Some(link)) = (context.own, self.links.get_mut(&peer)) else {
            return;
        };
        if link.said != Some(own.sequence) && !link.parting {
            link.said = Some(own.sequence);
            let hello = Message::hello(own.clone(), context.serving);
            out.send(peer, Protocol::Control, hello.encode());
        }
    }

    /// The own record is new: every peer hears of it.
    pub(crate) fn tell(&mut self, context: &Context<'_>, out: &mut Out) {
        let peers: Vec<NodeId> = self.links.keys().copied().collect();
        for peer in peers {
            self.hello(context, peer, out);
        }
    }

    /// Pings everybody now, because somebody went silent.
    pub(crate) fn suspect(&mut self, now: Time) {
        for link in self.links.values_mut() {
            let lately = now.0.saturating_sub(link.heard.0) < 2 * PATIENCE;
            if link.ping.is_none() && !lately && link.next_ping != Time(u64::MAX) {
                link.next_ping = link.next_ping.min(now);
            }
        }
    }

    pub(crate) fn ask_for_peers(&mut self, peer: NodeId, out: &mut Out) {
        if let Some(link) = self.links.get_mut(&peer).filter(|link| link.up) {
            link.asked = true;
            let ask = Message::ask(u8::try_from(MOST_PEERS).unwrap_or(u8::MAX));
            out.send(peer, Protocol::Control, ask.encode());
        }
    }

    /// Asks all neighbours for a way to a node.
    pub(crate) fn ask_for_way(&mut self, to: NodeId, out: &mut Out) {
        for (peer, link) in &mut self.links {
            if link.up && *peer != to && link.ways.len() < MOST_WAYS {
                link.ways.push(to);
                out.send(*peer, Protocol::Control, Message::way(to).encode());
            }
        }
    }

    pub(crate) fn on_message(
        &mut self,
        context: &Context<'_>,
        own: &Own,
        from: NodeId,
        bytes: &[u8],
        out: &mut Out,
    ) {
        let Ok(message) = Message::decode(bytes) else {
            out.blame(from, Offence::Malformed);
            return;
        };
        let now = context.now;
        let Some(link) = self.links.get_mut(&from).filter(|link| !link.parting) else {
            return;
        };
        match message.body() {
            message::Body::Hello(record, serving) => {
                let changed = link.record.as_ref() != Some(&record);
                if record.id != from {
                    out.blame(from, Offence::Lie);
                } else if changed && record.verify().is_err() {
                    out.blame(from, Offence::Forged);
                } else if link
                    .record
                    .as_ref()
                    .is_some_and(|old| old.sequence > record.sequence)
                {
                    out.blame(from, Offence::Expired);
                } else {
                    let first = link.record.is_none();
                    link.record = Some(record.clone());
                    link.serving = serving;
                    self.news.push(News::Hello {
                        record,
                        serving,
                        first,
                    });
                }
            }
            message::Body::Ping(nonce, theirs) => {
                link.coordinate = Some(theirs);
                // Who asks is alive, so that the two sides take turns; but a round trip is wanted now and then.
                if link.missed == 0 && link.rtt.is_some() {
                    let span = self.random.about(PING);
                    link.next_ping = link.next_ping.max(Time(now.0.saturating_add(span)));
                }
                let pong = Message::pong(nonce, own.coordinate, own.sample);
                out.send(from, Protocol::Control, pong.encode());
            }
            message::Body::Pong(nonce, theirs, sample) => {
                let Some((_, at)) = link.ping.filter(|(sent, _)| *sent == nonce) else {
                    // A late answer to an earlier ping carries an old number; only a flood of them costs.
                    out.blame(from, Offence::Unasked);
                    return;
                };
                let rtt = Duration::from_micros(now.0.saturating_sub(at.0));
                link.ping = None;
                link.missed = 0;
                link.heard = now;
                link.rtt = Some(rtt);
                link.coordinate = Some(theirs);
                self.news.push(News::Probe(from, Some(rtt), Some(theirs)));
                self.news
                    .extend(sample.map(|sample| News::Health(from, sample)));
            }
            message::Body::Ask(count) => {
                let again = |at: Time| now.0.saturating_sub(at.0) < EXCHANGE;
                if link.answered.is_some_and(again) {
                    return;
                }
                link.answered = Some(now);
                self.news.push(News::Asked(from, count));
            }
            message::Body::Peers(records) => {
                // Records that were not asked for come with a refusal before hello, and never otherwise.
                if !link.asked && link.record.is_some() {
                    out.blame(from, Offence::Unasked);
                    return;
                }
                link.asked = false;
                self.news.push(News::Peers(from, records));
            }
            message::Body::Way(to) => self.news.push(News::Way(from, to)),
            message::Body::Detour(to, micros) => {
                let Some(index) = link.ways.iter().position(|one| *one == to) else {
                    out.blame(from, Offence::Unasked);
                    return;
                };
                link.ways.swap_remove(index);
                let rtt = Duration::from_micros(micros.into());
                self.news.push(News::Detour(from, to, rtt));
            }
            message::Body::Pass(to, number) => self.news.push(News::Pass(from, to, number)),
            message::Body::Passed(asker, number) => {
                self.news.push(News::Passed(from, asker, number));
            }
            message::Body::PassBack(asker, number) => {
                self.news.push(News::PassBack(from, asker, number));
            }
            message::Body::Back(to, number) => self.news.push(News::Back(from, to, number)),
        }
    }

    pub(crate) fn wake(
        &mut self,
        context: &Context<'_>,
        coordinate: &Coordinate,
        slowdown: f64,
        out: &mut Out,
    ) {
        let now = context.now;
        let mut somebody_silent = false;
        for (peer, link) in &mut self.links {
            if !link.up {
                continue;
            }
            if link.record.is_none() && now.0.saturating_sub(link.since.0) >= HELLO {
                out.blame(*peer, Offence::Silent);
                out.close(*peer, Protocol::Control);
                link.since = Time(u64::MAX);
            }
            if let Some((_, at)) = link.ping
                && at.0.saturating_add(PATIENCE) <= now.0
            {
                link.ping = None;
                link.missed += 1;
                link.next_ping = now;
                somebody_silent = true;
                self.news.push(News::Probe(*peer, None, None));
                if link.missed >= MISSES {
                    out.close(*peer, Protocol::Control);
                    link.next_ping = Time(u64::MAX);
                }
            }
        }
        if somebody_silent {
            self.suspect(now);
        }
        let due = self.links.iter_mut().filter(|(_, link)| {
            link.up && link.record.is_some() && link.ping.is_none() && link.next_ping <= now
        });
        for (peer, link) in due {
            let nonce = self.random.next();
            link.ping = Some((nonce, now));
            let span = self.random.about(PING) as f64 * slowdown;
            link.next_ping = Time(now.0.saturating_add(span as u64));
            let ping = Message::ping(nonce, *coordinate);
            out.send(*peer, Protocol::Control, ping.encode());
        }
    }

    pub(crate) fn next_wake(&self) -> Option<Time> {
        let links = self.links.values().filter(|link| link.up);
        links
            .map(|link| match (link.ping, &link.record) {
                (Some((_, at)), _) => Time(at.0.saturating_add(PATIENCE)),
                (None, Some(_)) => link.next_ping,
                (None, None) => Time(link.since.0.saturating_add(HELLO)),
            })
            .min()
    }
}

fn link(now: Time) -> Link {
    Link {
        up: false,
        since: now,
        said: None,
        record: None,
        serving: false,
        parting: false,
        ping: None,
        next_ping: now,
        missed: 0,
        heard: now,
        rtt: None,
        coordinate: None,
        asked: false,
        answered: None,
        ways: Vec::new(),
    }
}
