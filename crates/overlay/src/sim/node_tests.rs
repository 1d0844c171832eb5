//! Whole nodes, small networks; the large ones are run by `make sim`.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use core::time::Duration;

use super::graph::Graph;
use super::network::{Network, Strategy};
use super::scenario::{Plan, Report, run};
use super::{Nat, Number, Place, World};
use crate::id::NodeId;
use crate::node::{Alarm, Config, Event};
use crate::record::Key;

fn small(nodes: usize) -> Plan {
    Plan {
        arrival: Duration::from_secs(60),
        settle: Duration::from_secs(400),
        quiet: Duration::from_secs(60),
        busy: Duration::from_secs(60),
        lookups: 120,
        ..Plan::of(nodes)
    }
}

fn report(plan: &Plan) -> Report {
    eprintln!("seed {}", plan.seed);
    run(plan, |_| {})
}

/// A settled network of honest nodes.
fn network(nodes: usize, seed: u64) -> Network {
    eprintln!("seed {seed}");
    let mut network = Network::new(seed, World::default());
    for _ in 0..nodes {
        network.add(&Config::default(), 3, None);
        network.run(Duration::from_secs(1));
    }
    network.run(Duration::from_secs(180));
    network.sim.events();
    network
}

/// How many of `pairs` find the second from the first.
fn found(network: &mut Network, pairs: &[(Number, Number)]) -> usize {
    network.sim.events();
    for (from, to) in pairs {
        let wanted = network.sim.id(*to).unwrap();
        network
            .sim
            .with(*from, |actor, now| actor.node_mut().find(now, wanted));
    }
    network.run(Duration::from_secs(61));
    let found = |event: &Event| {
        matches!(
            event,
            Event::Found {
                record: Some(_),
                ..
            }
        )
    };
    network
        .sim
        .events()
        .iter()
        .filter(|(_, _, event)| found(event))
        .count()
}

#[test]
fn all_find_each_other_and_no_stranger_is_dialled_blindly() {
    let report = report(&small(100));
    assert!(report.success() >= 0.99, "{}", report.success());
    assert_eq!(report.blind, 0);
    assert!(report.whole > 0.999 && report.lambda2 > 0.2, "{report:?}");
}

#[test]
fn all_find_each_other_under_churn() {
    let report = report(&Plan {
        churn: 0.5,
        ..small(100)
    });
    assert!(report.success() >= 0.97, "{}", report.success());
}

#[test]
fn a_fifth_of_hostile_nodes_does_not_keep_the_others_apart() {
    let report = report(&Plan {
        hostile: 0.2,
        ..small(120)
    });
    assert!(report.success() >= 0.95, "{}", report.success());
    assert!(report.whole > 0.99, "{}", report.whole);
}

#[test]
fn the_same_seed_is_the_same_run() {
    let twice = [(); 2].map(|()| {
        report(&Plan {
            lookups: 20,
            hostile: 0.1,
            churn: 1.0,
            ..small(40)
        })
    });
    assert_eq!(format!("{:?}", twice[0]), format!("{:?}", twice[1]));
}

#[test]
fn the_two_halves_of_a_split_network_find_each_other_again() {
    let mut network = network(60, 5);
    network.sim.partition(|number| (number % 2) as u8);
    network.run(Duration::from_secs(600));
    let near: Vec<_> = (0..30).map(|number| (number, (number + 2) % 60)).collect();
    assert!(found(&mut network, &near) >= 28, "each half works on");
    network.sim.partition(|_| 0);
    network.run(Duration::from_secs(600));
    let across: Vec<_> = (0..30).map(|number| (number, (number + 31) % 60)).collect();
    assert!(found(&mut network, &across) >= 29);
}

#[test]
fn when_half_fall_at_once_the_others_still_find_each_other() {
    let mut network = network(60, 6);
    for number in (0..60).step_by(2) {
        network.sim.crash(number);
    }
    network.run(Duration::from_secs(120));
    let pairs: Vec<_> = (1..60)
        .step_by(2)
        .map(|number| (number, (number + 14) % 60))
        .collect();
    assert_eq!(found(&mut network, &pairs), 30);
}

#[test]
fn a_node_is_found_although_others_crowd_around_its_place() {
    let mut network = network(80, 7);
    let victim = 33;
    let aim = Key::of_node(&network.sim.id(victim).unwrap());
    for _ in 0..24 {
        network.add(&Config::default(), 4, Some(Strategy::Poison(aim)));
        network.run(Duration::from_secs(2));
    }
    network.run(Duration::from_secs(300));
    let mut alarms = 0;
    let pairs: Vec<_> = (0..30).map(|number| (number, victim)).collect();
    network.sim.events();
    let wanted = network.sim.id(victim).unwrap();
    for (from, _) in &pairs {
        network
            .sim
            .with(*from, |actor, now| actor.node_mut().find(now, wanted));
    }
    network.run(Duration::from_secs(61));
    let mut found = 0;
    for (_, _, event) in network.sim.events() {
        found += usize::from(matches!(
            event,
            Event::Found {
                record: Some(_),
                ..
            }
        ));
        alarms += usize::from(matches!(event, Event::Alarm(Alarm::Dense(_))));
    }
    eprintln!("{found} of 30 found it, {alarms} alarms");
    assert!(found >= 28, "{found} of 30");
}

/// The mean round trip of what gossip keeps as neighbours, milliseconds.
fn round_trip(network: &Network) -> f64 {
    let now = network.sim.now();
    let mut trips = Vec::new();
    for number in network.sim.running() {
        let node = network.sim.machine(number).unwrap().node();
        let peers = node.view(now).peers;
        trips.extend(peers.iter().filter_map(|peer| peer.rtt));
    }
    let sum: f64 = trips.iter().map(Duration::as_secs_f64).sum();
    1000.0 * sum / trips.len() as f64
}

#[test]
fn neighbours_come_nearer_and_the_network_stays_whole() {
    let mut network = network(80, 8);
    let before = round_trip(&network);
    network.run(Duration::from_secs(3 * 3600));
    let after = round_trip(&network);
    eprintln!("mean round trip to neighbours: {before:.0} ms, then {after:.0} ms");
    assert!(after < 0.9 * before, "{before} {after}");
    let lines = network.sim.lines();
    let edges = lines.map(|(a, b, _)| (a as usize, b as usize));
    let graph = Graph::new(80, edges);
    assert!(graph.largest_part() > 0.999);
    let lambda2 = graph.lambda2(300, 1);
    assert!(lambda2 > 0.1, "{lambda2}");
}

#[test]
fn two_that_only_a_far_relay_joins_learn_of_the_faster_way_over_a_neighbour() {
    let mut network = Network::new(9, World::default());
    eprintln!("seed 9");
    let at = |x: f64, nat, last: u8| Place {
        at: (x, 0.0),
        access: 0.1,
        uplink: 10_000_000,
        nat,
        ip: [20, last, 0, 1].into(),
        group: 0,
    };
    let places = [
        at(0.0, Nat::Symmetric, 1),
        at(20.0, Nat::Symmetric, 2),
        at(10.0, Nat::Open, 3),
        at(12.0, Nat::Open, 4),
        at(8.0, Nat::Open, 5),
    ];
    for place in places {
        network.add_at(&Config::default(), 4, None, place);
        network.run(Duration::from_secs(5));
    }
    let other = network.sim.id(1).unwrap();
    let detour = |network: &Network| {
        let now = network.sim.now();
        let view = network.sim.machine(0).unwrap().node().view(now);
        let peer = view.peers.into_iter().find(|peer| peer.id == other)?;
        Some((peer.detour?, peer.rtt?))
    };
    let found = (0..360).find_map(|_| {
        network.run(Duration::from_secs(20));
        detour(&network)
    });
    let ((via, trip), straight) = found.expect("a detour within two hours");
    eprintln!("straight {straight:?}, over {via} {trip:?}");
    assert!(trip < straight.mul_f64(0.9));
}

/// A newcomer that knows three nodes, all of them dead, in a network of others; it is told where `at` is whenever it asks for
/// its last resort. Says after how many seconds it asked, and how many neighbours it has in the end.
fn stranded(network: &mut Network, last_resort: Vec<NodeId>, at: Number) -> (Vec<u64>, usize) {
    let first: Vec<_> = network.sim.running().take(3).collect();
    let dead: Vec<_> = first
        .into_iter()
        .map(|number| {
            let actor = network.sim.crash(number).unwrap();
            actor.node().record().unwrap().clone()
        })
        .collect();
    let config = Config {
        last_resort,
        ..Config::default()
    };
    let late = network.add(&config, 0, None);
    network
        .sim
        .with(late, |actor, now| actor.node_mut().join(now, dead));
    let mut asked = Vec::new();
    for second in 0..600 {
        network.run(Duration::from_secs(1));
        for (_, number, event) in network.sim.events() {
            if let Event::LastResort(wanted) = event
                && number == late
            {
                asked.push(second);
                network.sim.tell(late, at);
                network
                    .sim
                    .with(late, |actor, now| actor.node_mut().meet(now, wanted));
            }
        }
    }
    let now = network.sim.now();
    let view = network.sim.machine(late).unwrap().node().view(now);
    (asked, view.peers.len())
}

#[test]
fn a_node_whose_every_known_peer_is_dead_comes_back_by_its_last_resort() {
    let mut network = network(40, 10);
    let resort = network.sim.id(17).unwrap();
    let (asked, neighbours) = stranded(&mut network, vec![resort], 17);
    eprintln!("asked after {asked:?} s, {neighbours} neighbours after 600 s");
    assert!(matches!(asked[..], [first] if (118..125).contains(&first)));
    assert!(neighbours >= 3, "{neighbours}");
    let pairs: Vec<_> = (3..33).map(|number| (40, number)).collect();
    assert!(found(&mut network, &pairs) >= 29);
}

#[test]
fn without_a_last_resort_it_stays_alone_and_another_node_at_the_address_does_not_help() {
    let mut network = network(40, 11);
    let (asked, neighbours) = stranded(&mut network, vec![], 17);
    assert_eq!((asked.len(), neighbours), (0, 0));
    // Node 17 answers at the address, but nobody has the key that was named.
    let (asked, neighbours) = stranded(&mut network, vec![NodeId([9; 32])], 17);
    assert!((2..=4).contains(&asked.len()), "{asked:?}");
    assert_eq!(neighbours, 0);
}
