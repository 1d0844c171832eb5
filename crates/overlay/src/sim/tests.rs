#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use core::convert::Infallible;
use std::collections::VecDeque;

use bytes::Bytes;

use super::*;
use crate::record::PeerRecord;

/// Says everything it hears.
#[derive(Debug)]
struct Echo {
    id: NodeId,
    heard: Vec<Input>,
    to_do: VecDeque<Output<Infallible>>,
}

impl Echo {
    fn new(number: u8) -> Self {
        Self {
            id: NodeId([number; 32]),
            heard: Vec::new(),
            to_do: VecDeque::new(),
        }
    }

    fn say(&mut self, to: u8, text: &'static [u8]) {
        let to = NodeId([to; 32]);
        self.to_do.push_back(Output::Known(record(to)));
        self.to_do.push_back(Output::Send {
            to,
            protocol: Protocol::Table,
            bytes: Bytes::from_static(text),
        });
    }
}

fn record(id: NodeId) -> PeerRecord {
    PeerRecord {
        id,
        sequence: 0,
        issued: 0,
        direct: vec![],
        relays: vec![],
        serves: false,
        signature: vec![0; 64],
    }
}

impl Machine for Echo {
    type Event = Infallible;
    fn id(&self) -> NodeId {
        self.id
    }
    fn handle(&mut self, _: Time, input: Input) {
        self.heard.push(input);
    }
    fn poll(&mut self) -> Option<Output<Infallible>> {
        self.to_do.pop_front()
    }
    fn next_wake(&self) -> Option<Time> {
        None
    }
}

fn two(world: World) -> Sim<Echo> {
    let mut sim = Sim::new(1, world);
    sim.add(Echo::new(0));
    sim.add(Echo::new(1));
    sim
}

fn heard(sim: &Sim<Echo>, number: Number) -> Vec<String> {
    let inputs = &sim.machine(number).unwrap().heard;
    inputs
        .iter()
        .map(|input| match input {
            Input::Message { bytes, .. } => String::from_utf8_lossy(bytes).into_owned(),
            Input::Connected { dialled, .. } => format!("connected, dialled: {dialled}"),
            Input::Disconnected { .. } => "disconnected".into(),
            Input::DialFailed { .. } => "failed".into(),
            _ => "else".into(),
        })
        .collect()
}

#[test]
fn a_message_opens_a_line_arrives_in_order_and_the_line_goes_when_idle() {
    let mut sim = two(World::default());
    sim.with(0, |echo, _| {
        echo.say(1, b"one");
        echo.say(1, b"two");
    });
    sim.run(Duration::from_secs(5));
    assert_eq!(heard(&sim, 0), ["connected, dialled: true"]);
    assert_eq!(heard(&sim, 1), ["connected, dialled: false", "one", "two"]);
    sim.run(Duration::from_secs(60));
    assert_eq!(heard(&sim, 0).last().unwrap(), "disconnected");
    assert_eq!(heard(&sim, 1).last().unwrap(), "disconnected");
    assert_eq!(sim.blind_dials(), 0);
}

#[test]
fn every_byte_is_counted_with_what_the_network_adds() {
    let mut sim = two(World::quiet());
    sim.with(0, |echo, _| echo.say(1, &[7; 2500]));
    sim.run(Duration::from_secs(5));
    let (sender, receiver) = (sim.traffic(0), sim.traffic(1));
    assert_eq!(sender.sent, 3 * 1024 + 2500 + 3 * 60);
    assert_eq!(sender.received, 3 * 1024 + 60);
    assert_eq!(receiver.received, sender.sent);
    assert_eq!(receiver.sent, sender.received);
    assert_eq!(sender.payload, [0, 2500, 0]);
}

#[test]
fn a_dead_or_unreachable_node_is_noticed() {
    let mut sim = two(World::quiet());
    sim.with(0, |echo, _| echo.say(1, b"one"));
    sim.run(Duration::from_secs(1));
    sim.crash(1);
    sim.run(Duration::from_secs(61));
    assert_eq!(heard(&sim, 0).last().unwrap(), "disconnected");
    sim.with(0, |echo, _| echo.say(1, b"two"));
    sim.run(Duration::from_secs(6));
    assert_eq!(heard(&sim, 0).last().unwrap(), "failed");
    assert_eq!(sim.traffic(0).dials_failed, 1);
}

#[test]
fn a_partition_cuts_and_heals() {
    let mut sim = two(World::quiet());
    sim.partition(|number| (number % 2) as u8);
    sim.with(0, |echo, _| echo.say(1, b"one"));
    sim.run(Duration::from_secs(6));
    assert_eq!(heard(&sim, 0), ["failed"]);
    sim.partition(|_| 0);
    sim.with(0, |echo, _| echo.say(1, b"two"));
    sim.run(Duration::from_secs(1));
    assert_eq!(heard(&sim, 1).last().unwrap(), "two");
}

#[test]
fn symmetric_nats_meet_through_a_relay_and_later() {
    assert!(Nat::Symmetric.reaches(Nat::EndpointIndependent));
    assert!(!Nat::Symmetric.reaches(Nat::AddressDependent));
    assert!(!Nat::Symmetric.reaches(Nat::Symmetric));
    let arrival = |nat| {
        let mut sim = Sim::new(1, World::quiet());
        for number in 0..2 {
            let place = World::quiet().place(&mut Chance::new(u64::from(number)));
            sim.add_at(Echo::new(number), Place { nat, ..place });
        }
        sim.with(0, |echo, _| echo.say(1, b"one"));
        (1..10_000).find(|_| {
            sim.run(Duration::from_millis(1));
            sim.machine(1).unwrap().heard.len() == 2
        })
    };
    let (open, cone, symmetric) = (
        arrival(Nat::Open),
        arrival(Nat::EndpointIndependent),
        arrival(Nat::Symmetric),
    );
    assert!(open.unwrap() < cone.unwrap(), "{open:?} {cone:?}");
    assert!(cone.unwrap() < symmetric.unwrap(), "{cone:?} {symmetric:?}");
}

#[test]
fn delays_look_like_those_of_the_internet() {
    let mut chance = Chance::new(5);
    let world = World::default();
    let places: Vec<_> = (0..400).map(|_| world.place(&mut chance)).collect();
    let mut trips: Vec<_> = places
        .chunks(2)
        .map(|pair| 2.0 * World::base_delay(&pair[0], &pair[1]))
        .collect();
    trips.sort_by(f64::total_cmp);
    let median = trips[trips.len() / 2];
    assert!(
        (60.0..220.0).contains(&median),
        "median round trip {median} ms"
    );
}
