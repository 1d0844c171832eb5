//! Whole nodes, small networks; the large ones are run by `make sim`.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use core::time::Duration;

use super::network::{Network, Strategy};
use super::scenario::{Plan, Report, run};
use super::{Number, World};
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
