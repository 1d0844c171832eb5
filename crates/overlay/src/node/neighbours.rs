//! Whom a node keeps as neighbours, and how it finds new ones.

use std::collections::BTreeMap;

use super::{Alarm, Event, Key, Node, NodeId, Out, PeerRecord, SignedRecord, Time, Topic};
use crate::budget::OPEN_DAY;
use crate::machine::UnixTime;
use crate::table::{Prefix, prefix_of};

/// Between two looks at the neighbours, when all is well and when some are missing.
const CALM: u64 = 20_000_000;
const HURRY: u64 = 1_000_000;
/// Fewer neighbours than this is an emergency.
const FEW: usize = 3;
/// Dials at once, in calm and in need.
const DIALS: (usize, usize) = (2, 6);
/// Between two questions whom a neighbour knows: in need, while somebody is missing, and otherwise.
const EXCHANGE: [u64; 3] = [20_000_000, 120_000_000, 1_800_000_000];
/// Of one network, among the neighbours that this node chose.
const SAME_NETWORK: usize = 2;
/// How soon members of a topic are looked for again while there are none: at first, and at most.
const SOUGHT_FIRST: u64 = 2_000_000;
const SOUGHT: u64 = 60_000_000;
/// How often a membership is put into the table, and how long it stands there.
const ANNOUNCE: u64 = 6 * 3600 * 1_000_000;
const ANNOUNCED: u64 = 12 * 3600;

/// How long a node that is alone in a topic waits before it looks again.
fn pause(tries: u32) -> u64 {
    SOUGHT_FIRST.saturating_mul(1 << tries.min(16)).min(SOUGHT)
}

impl Node {
    /// Fills up the neighbours and looks after topics.
    pub(super) fn keep(&mut self, now: Time) {
        self.count_open(now);
        let up = self.control.up();
        let wanted = self.config.max_neighbours;
        self.keep_at = Time(now.0 + if up < wanted.min(FEW) { HURRY } else { CALM });
        if up == 0 {
            self.alarm(now, Alarm::Alone);
        } else {
            self.alarms.remove(&Alarm::Alone);
        }
        self.resort(now, up == 0);
        let dialling = self.control.len().saturating_sub(up);
        let at_once = if up < FEW { DIALS.1 } else { DIALS.0 };
        let missing = wanted.saturating_sub(up + dialling);
        let room = missing.min(at_once.saturating_sub(dialling));
        let mut dialled = 0;
        if room > 0 {
            dialled = self.dial_some(now, room);
        }
        let [need, missed, calm] = EXCHANGE;
        let pause = match (up < FEW, dialled < missing) {
            (true, true) => need,
            (_, true) => missed,
            _ => calm,
        };
        if now.0.saturating_sub(self.exchanged.0) >= pause {
            self.exchange(now);
        }
        self.meet_gossips_neighbours(now);
        self.tune(now);
        self.release(now);
        self.rest(now);
        self.seek_detour(now);
        self.keep_topics(now);
    }

    /// What kept the connections open since the last look counts as upkeep too.
    fn count_open(&mut self, now: Time) {
        let passed = now.0.saturating_sub(self.counted.0);
        self.counted = now;
        let open: usize = self.links.values().map(|link| link.protocols.len()).sum();
        let bytes = OPEN_DAY as f64 * open as f64 * passed as f64 / 86_400e6;
        self.budget.spend(now, bytes as u64);
    }

    fn dial_some(&mut self, now: Time, room: usize) -> usize {
        let mut candidates = self.known.candidates(now, &mut self.random);
        if candidates.len() < room {
            for record in self.table.some(room * 2) {
                if self.known.learn(&record) {
                    candidates.push(record);
                }
            }
        }
        let mut networks: BTreeMap<Prefix, usize> = BTreeMap::new();
        for peer in &self.chosen {
            if let Some(network) = self.control.record(peer).and_then(|one| self.network(one)) {
                *networks.entry(network).or_default() += 1;
            }
        }
        let mut dialled = 0;
        for record in candidates {
            if dialled >= room {
                break;
            }
            if self.control.linked(&record.id) || !self.scores.good(now, &record.id) {
                continue;
            }
            if let Some(network) = self.network(&record) {
                let count = networks.entry(network).or_default();
                if *count >= SAME_NETWORK {
                    continue;
                }
                *count += 1;
            }
            self.dial(now, &record);
            dialled += 1;
        }
        dialled
    }

    /// What counts as one network; none where diversity does not matter.
    fn network(&self, record: &PeerRecord) -> Option<Prefix> {
        prefix_of(record, self.config.local_exempt)
    }

    pub(super) fn dial(&mut self, now: Time, record: &PeerRecord) {
        self.known.tried(&record.id, now);
        self.chosen.insert(record.id);
        self.with_control(now, |control, context, out| {
            control.dial(context, record, out);
        });
    }

    /// Asks a neighbour whom it knows.
    fn exchange(&mut self, now: Time) {
        self.exchanged = now;
        let peers: Vec<NodeId> = self.control.peers().map(|(id, _)| *id).collect();
        if let Some(peer) = self.random.pick(&peers).copied() {
            let mut out = Out::default();
            self.control.ask_for_peers(peer, &mut out);
            self.carry_out(now, out);
        }
    }

    /// Neighbours in gossip are neighbours in all: their pings tell of their death, and one handshake serves both.
    fn meet_gossips_neighbours(&mut self, now: Time) {
        let Some(gossip) = &self.gossip else { return };
        let unmet: Vec<PeerRecord> = gossip
            .neighbour_records(Topic::QNET)
            .filter(|record| !self.control.linked(&record.id))
            .cloned()
            .collect();
        for record in unmet.into_iter().take(2) {
            let waits = self.known.candidates(now, &mut self.random);
            if waits.iter().any(|one| one.id == record.id) {
                self.dial(now, &record);
            }
        }
    }

    /// Gives up neighbours that are too many, those first that gossip does not use.
    fn release(&mut self, now: Time) {
        if self.on_trial() || self.control.up() <= self.config.max_neighbours {
            return;
        }
        let gossip = self.gossip.as_ref();
        let used = |peer: &NodeId| gossip.is_some_and(|gossip| gossip.wanted(peer));
        let slowest = self
            .chosen
            .iter()
            .filter(|peer| !used(peer))
            .max_by_key(|peer| self.control.rtt(peer))
            .copied();
        if let Some(peer) = slowest {
            self.chosen.remove(&peer);
            let mut out = Out::default();
            self.control.part(&peer, &mut out);
            self.carry_out(now, out);
        }
    }

    /// A peer has shown its record.
    pub(super) fn greeted(&mut self, now: Time, record: &PeerRecord, serving: bool, first: bool) {
        self.learn(record);
        if serving {
            let record = record.clone();
            self.with_table(now, |table, context, out| {
                if table.len() < FEW {
                    table.join(now, vec![record.clone()]);
                }
                table.suggest(context, &record, out);
            });
        }
        if first {
            self.event(Event::PeerUp(record.id));
            self.resorts.ended(now, &record.id, true);
            self.alarms.remove(&Alarm::Alone);
            if let Some(gossip) = &mut self.gossip {
                gossip.introduce(now, Topic::QNET, vec![record.clone()]);
            }
            self.drain_gossip(now);
            if self.control.up() < FEW {
                let mut out = Out::default();
                self.control.ask_for_peers(record.id, &mut out);
                self.carry_out(now, out);
            }
        }
    }

    /// Gives gossip whom it may turn to: neighbours first, then the cache and the table.
    pub(super) fn introduce(&mut self, now: Time) {
        let mut records: Vec<PeerRecord> =
            self.control.peers().map(|(_, one)| one.clone()).collect();
        records.extend(self.known.sample(&mut self.random, 8));
        records.extend(self.table.some(8));
        records.dedup_by_key(|record| record.id);
        if let Some(gossip) = &mut self.gossip {
            gossip.introduce(now, Topic::QNET, records);
        }
    }

    fn keep_topics(&mut self, now: Time) {
        let topics: Vec<Topic> = self.topics.keys().copied().collect();
        for topic in topics {
            let Some(one) = self.topics.get_mut(&topic) else {
                continue;
            };
            let since = |at: Option<Time>| at.map_or(u64::MAX, |at| now.0.saturating_sub(at.0));
            // Who is alone asks soon, then ever less often; and says again that he is there, as the first time may have been
            // before there was anybody to say it to.
            let seek = since(one.sought) >= one.alone.map_or(ANNOUNCE, pause);
            let put = since(one.put) >= ANNOUNCE || (seek && one.alone.is_some());
            if put {
                one.put = Some(now);
            }
            if seek {
                one.sought = Some(now);
                one.alone = one.alone.map(|tries| tries.saturating_add(1));
            }
            if let Some(tries) = one.alone {
                let next = one.sought.unwrap_or(now).0.saturating_add(pause(tries));
                self.keep_at = self.keep_at.min(Time(next));
            }
            if put {
                self.announce(now, topic);
            }
            if seek {
                let query = self.query();
                self.members.insert(query, topic);
                self.with_table(now, |table, context, out| {
                    table.get(context, query, place(topic), out);
                });
            }
        }
    }

    /// Puts into the table that this node takes part in a topic.
    fn announce(&mut self, now: Time, topic: Topic) {
        let unix = self.unix(now);
        let Some(own) = &self.record else { return };
        let expires = UnixTime(unix.0.saturating_add(ANNOUNCED));
        let record = SignedRecord::open(&self.key, place(topic), unix.0, expires, own.encode());
        // A record too long for a value stays out: its node is met through others.
        let Ok(record) = record else { return };
        let query = self.query();
        self.quiet.insert(query);
        self.with_table(now, |table, context, out| {
            table.put(context, query, record, out);
        });
    }

    /// Members of a topic were found in the table.
    pub(super) fn met(&mut self, now: Time, topic: Topic, records: &[SignedRecord]) {
        let members: Vec<PeerRecord> = records
            .iter()
            .filter_map(|one| {
                let record = PeerRecord::decode(&one.value).ok()?;
                (record.id == one.owner && record.id != self.id).then_some(record)
            })
            .collect();
        for record in &members {
            self.learn(record);
        }
        if let Some(gossip) = &mut self.gossip {
            gossip.introduce(now, topic, members);
        }
        self.drain_gossip(now);
    }

    /// The settings of this hour.
    pub(super) fn apply_settings(&mut self, now: Time) {
        let hour = (self.unix(now).0 / 3600 % 24) as u8;
        let config = self.settings.at(hour);
        let told = (self.config.serves, self.config.table_serving);
        self.config = config;
        self.budget.set(self.config.control_budget);
        self.resorts.set(&self.config.last_resort);
        if told != (self.config.serves, self.config.table_serving) && self.record.is_some() {
            self.sign(now);
        }
    }
}

/// Where the members of a topic announce themselves.
fn place(topic: Topic) -> Key {
    Key::open(&[b"topic".as_slice(), &topic.0].concat())
}
