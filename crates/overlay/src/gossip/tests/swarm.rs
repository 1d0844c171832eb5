//! Whole swarms in the simulator.

use core::time::Duration;
use std::collections::VecDeque;

use ed25519_dalek::SigningKey;
use proptest::prelude::*;

use super::super::*;
use crate::sim::graph::Graph;
use crate::sim::{Chance, Machine, Number, Sim, World};
use crate::transport::Hints;

/// A gossip machine with a floor above that judges at once, and a sender that may lose frames.
#[derive(Debug)]
pub(super) struct Talker {
    pub(super) gossip: Gossip,
    id: NodeId,
    loss: f64,
    chance: Chance,
    pub(super) got: Vec<(Topic, Bytes)>,
    pub(super) offences: Vec<(NodeId, Offence)>,
    judged: VecDeque<MessageId>,
}

pub(super) fn record(seed: u64) -> PeerRecord {
    let key = SigningKey::from_bytes(&Chance::new(seed).bytes());
    let hints = Hints {
        direct: vec!["203.0.113.7:7701".parse().unwrap()],
        relays: vec![],
    };
    PeerRecord::signed(&key, 1, 1_800_000_000, hints, false).unwrap()
}

impl Talker {
    pub(super) fn new(seed: u64, loss: f64, now: Time) -> Self {
        let own = record(seed);
        let mut chance = Chance::new(seed ^ 0xabcd);
        let config = Config {
            shuffle: Duration::from_secs(40),
            ..Config::default()
        };
        Self {
            id: own.id,
            gossip: Gossip::new(config, own, &chance.bytes(), now),
            loss,
            chance,
            got: Vec::new(),
            offences: Vec::new(),
            judged: VecDeque::new(),
        }
    }
}

impl Machine for Talker {
    type Event = Event;

    fn id(&self) -> NodeId {
        self.id
    }

    fn handle(&mut self, now: Time, input: Input) {
        self.gossip.handle(now, input);
        let events: Vec<_> = self
            .gossip
            .outputs
            .iter()
            .filter_map(|output| match output {
                Output::Event(Event::Message {
                    id, topic, bytes, ..
                }) => Some((*id, *topic, bytes.clone())),
                _ => None,
            })
            .collect();
        for (id, topic, bytes) in events {
            if self.judged.contains(&id) {
                continue;
            }
            self.judged.push_back(id);
            let verdict = if bytes.starts_with(b"bad") {
                Verdict::Reject
            } else {
                Verdict::Accept
            };
            self.gossip.accept(now, id, verdict);
            if verdict == Verdict::Accept {
                self.got.push((topic, bytes));
            }
        }
    }

    fn poll(&mut self) -> Option<Output<Event>> {
        loop {
            let output = self.gossip.poll()?;
            if let Output::Event(Event::Misbehaved { peer, what }) = &output {
                self.offences.push((*peer, *what));
            }
            if let Output::Send { bytes, .. } = &output {
                let (_, body) = wire::decode(bytes).expect("own frames are sound");
                let lossy = matches!(
                    body,
                    Body::Push(..) | Body::Have(_) | Body::Graft(_) | Body::Prune
                );
                if lossy && self.chance.happens(self.loss) {
                    continue;
                }
            }
            return Some(output);
        }
    }

    fn next_wake(&self) -> Option<Time> {
        self.gossip.next_wake()
    }
}

/// Nodes that all know the one before them.
pub(super) fn network(nodes: u64, seed: u64, loss: f64, world: World) -> Sim<Talker> {
    eprintln!("seed {seed}");
    let mut sim = Sim::new(seed, world);
    for number in 0..nodes {
        join(&mut sim, seed, number, loss, number.checked_sub(1));
        sim.run(Duration::from_millis(300));
    }
    sim.run(Duration::from_secs(60));
    sim
}

fn join(sim: &mut Sim<Talker>, seed: u64, number: u64, loss: f64, contact: Option<u64>) {
    let added = sim.add(Talker::new(seed * 10_000 + number, loss, sim.now()));
    sim.with(added, |talker, now| {
        let contact = contact.map(|contact| record(seed * 10_000 + contact));
        talker
            .gossip
            .introduce(now, Topic::QNET, contact.into_iter().collect());
    });
}

fn links(sim: &Sim<Talker>) -> (Vec<Number>, Graph) {
    let running: Vec<_> = sim.running().collect();
    let at = |number| running.iter().position(|one| *one == number);
    let edges = running.iter().enumerate().flat_map(|(from, number)| {
        let near = sim.machine(*number).unwrap().gossip.neighbours();
        let ends: Vec<_> = near
            .into_iter()
            .filter_map(|(id, _)| at(sim.number(&id)?))
            .map(|to| (from, to))
            .collect();
        ends
    });
    let graph = Graph::new(running.len(), edges.collect::<Vec<_>>());
    (running, graph)
}

fn reach(sim: &Sim<Talker>, text: &[u8]) -> usize {
    sim.running()
        .filter(|number| {
            sim.machine(*number)
                .unwrap()
                .got
                .iter()
                .any(|(_, got)| got == text)
        })
        .count()
}

fn publish(sim: &mut Sim<Talker>, from: Number, topic: Topic, text: &'static [u8]) {
    let published = sim.with(from, |talker, now| {
        let done = talker.gossip.publish(now, topic, Bytes::from_static(text));
        talker.got.push((topic, Bytes::from_static(text)));
        done
    });
    published.unwrap().unwrap();
}

#[test]
fn views_stay_within_their_sizes_and_the_swarm_is_one() {
    let sim = network(80, 1, 0.0, World::default());
    let (running, graph) = links(&sim);
    assert_eq!(graph.largest_part(), 1.0);
    assert!(graph.mean_degree() > 4.0, "{}", graph.mean_degree());
    for number in running {
        let gossip = &sim.machine(number).unwrap().gossip;
        assert!((1..=7).contains(&gossip.neighbours().len()));
        assert!(gossip.reserve().len() <= 30);
    }
    assert_eq!(sim.blind_dials(), 0);
}

#[test]
fn a_message_comes_once_and_the_tree_sends_it_little_more_than_once() {
    let mut sim = network(80, 2, 0.0, World::default());
    for text in [&b"first"[..], b"second", b"third"] {
        publish(&mut sim, 7, Topic::QNET, text);
        sim.run(Duration::from_secs(3));
        assert_eq!(reach(&sim, text), 80);
    }
    let numbers: Vec<_> = sim.running().collect();
    let pushed = |sim: &mut Sim<Talker>| -> u64 {
        numbers
            .iter()
            .map(|number| sim.traffic(*number).payload[2])
            .sum()
    };
    let before = pushed(&mut sim);
    static LONG: [u8; 20_000] = [9; 20_000];
    publish(&mut sim, 7, Topic::QNET, &LONG);
    sim.run(Duration::from_secs(3));
    assert_eq!(reach(&sim, &LONG), 80);
    let copies = (pushed(&mut sim) - before) as f64 / (79.0 * LONG.len() as f64);
    assert!(copies < 1.3, "{copies} copies a node");
    for number in sim.running().collect::<Vec<_>>() {
        let got = &sim.machine(number).unwrap().got;
        assert_eq!(got.iter().filter(|(_, text)| text == &LONG[..]).count(), 1);
    }
}

#[test]
fn after_half_of_all_fell_at_once_the_rest_is_one_and_hears_all() {
    let mut sim = network(80, 3, 0.0, World::default());
    let mut chance = Chance::new(3);
    while sim.running().count() > 40 {
        sim.crash(chance.below(80) as Number);
    }
    sim.run(Duration::from_secs(105));
    let (running, graph) = links(&sim);
    assert_eq!(graph.largest_part(), 1.0);
    publish(&mut sim, running[0], Topic::QNET, b"still here");
    sim.run(Duration::from_secs(5));
    assert_eq!(reach(&sim, b"still here"), 40);
}

#[test]
fn a_topic_reaches_its_subscribers_and_nobody_else() {
    let mut sim = network(40, 4, 0.0, World::default());
    let topic = Topic::named("chess");
    for number in (0..40).step_by(4) {
        sim.with(number, |talker, now| talker.gossip.subscribe(now, topic));
    }
    sim.run(Duration::from_secs(120));
    publish(&mut sim, 8, topic, b"e4");
    sim.run(Duration::from_secs(5));
    let listeners: Vec<_> = sim
        .running()
        .filter(|number| {
            sim.machine(*number)
                .unwrap()
                .got
                .iter()
                .any(|(to, _)| *to == topic)
        })
        .collect();
    assert_eq!(listeners, (0..40).step_by(4).collect::<Vec<_>>());
    sim.with(4, |talker, now| talker.gossip.unsubscribe(now, topic));
    sim.run(Duration::from_secs(30));
    publish(&mut sim, 8, topic, b"e5");
    sim.run(Duration::from_secs(5));
    assert_eq!(reach(&sim, b"e5"), 9);
}

#[test]
fn what_is_rejected_goes_no_further_and_the_sender_answers_for_it() {
    let mut sim = network(30, 5, 0.0, World::default());
    publish(&mut sim, 3, Topic::QNET, b"bad news");
    sim.run(Duration::from_secs(5));
    assert_eq!(reach(&sim, b"bad news"), 1);
    let sender = sim.id(3).unwrap();
    let near = sim.machine(3).unwrap().gossip.neighbours();
    for (peer, _) in near {
        let offences = &sim.machine(sim.number(&peer).unwrap()).unwrap().offences;
        assert!(
            offences.contains(&(sender, Offence::Rejected)),
            "{offences:?}"
        );
    }
    let blamed: Vec<_> = sim
        .running()
        .flat_map(|number| sim.machine(number).unwrap().offences.clone())
        .collect();
    assert!(blamed.iter().all(|(peer, _)| *peer == sender), "{blamed:?}");
}

#[test]
fn a_better_neighbour_takes_the_place_of_another_once_it_agrees() {
    let mut sim = network(40, 6, 0.0, World::default());
    let swapped = (0..40).find(|number| {
        let gossip = &sim.machine(*number).unwrap().gossip;
        let (drop, add) = (gossip.neighbours()[0].0, gossip.reserve()[0].id);
        sim.with(*number, |talker, now| talker.gossip.swap(now, drop, add));
        sim.run(Duration::from_secs(4));
        let near: Vec<_> = sim.machine(*number).unwrap().gossip.neighbours();
        near.iter().any(|(id, _)| *id == add) && near.iter().all(|(id, _)| *id != drop)
    });
    assert!(swapped.is_some());
    assert_eq!(links(&sim).1.largest_part(), 1.0);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 8, failure_persistence: None, rng_seed: proptest::test_runner::RngSeed::Fixed(42), ..ProptestConfig::default() })]

    #[test]
    fn a_message_reaches_all_whatever_is_lost(seed in 100_u64..10_000, loss in 0.0..0.2_f64, nodes in 12_u64..50) {
        let mut sim = network(nodes, seed, loss, World::default());
        publish(&mut sim, 0, Topic::QNET, b"one");
        sim.run(Duration::from_millis(900));
        publish(&mut sim, (nodes / 2) as Number, Topic::QNET, b"two");
        sim.run(Duration::from_secs(20));
        prop_assert_eq!(reach(&sim, b"one") as u64, nodes);
        prop_assert_eq!(reach(&sim, b"two") as u64, nodes);
    }
}
