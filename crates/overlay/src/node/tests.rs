#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod abuse;
mod net;

use core::time::Duration;

use super::*;
use net::Net;

fn everybody_finds_everybody(net: &mut Net) {
    let alive = net.alive();
    for &from in &alive {
        for &to in &alive {
            let wanted = net.id(to);
            let query = net.with(from, |node, now| node.find(now, wanted));
            let record = net.until(from, Duration::from_secs(90), |event| match event {
                Event::Found {
                    query: of, record, ..
                } if *of == query => Some(record.clone()),
                _ => None,
            });
            let found = record.flatten().map(|record| record.id);
            assert_eq!(found, Some(wanted), "{from} looks for {to}");
        }
    }
}

#[test]
fn twelve_meet_from_one_invite_and_outlive_their_issuer() {
    let mut net = Net::new(1);
    let issuer = net.add(Config::default());
    for _ in 1..12 {
        let one = net.add(Config::default());
        net.join(one, issuer);
        net.run(Duration::from_secs(2));
    }
    net.run(Duration::from_secs(60));
    for index in 0..12 {
        assert!(net.neighbours(index) >= 3, "{index} has too few neighbours");
    }
    everybody_finds_everybody(&mut net);
    net.kill(issuer);
    net.run(Duration::from_secs(60));
    let late = net.add(Config::default());
    net.join(late, 7);
    net.run(Duration::from_secs(30));
    assert!(net.neighbours(late) >= 3);
    everybody_finds_everybody(&mut net);
}

#[test]
fn six_of_twelve_die_at_once_and_the_rest_find_each_other() {
    let mut net = Net::new(2);
    let first = net.add(Config::default());
    for _ in 1..12 {
        let one = net.add(Config::default());
        net.join(one, first);
    }
    net.run(Duration::from_secs(120));
    for index in 0..6 {
        net.kill(index);
    }
    net.run(Duration::from_secs(40));
    everybody_finds_everybody(&mut net);
}

#[test]
fn records_are_put_found_and_outlive_half_their_holders() {
    let mut net = Net::new(3);
    net.grow(30);
    let record = net.with(4, |node, now| {
        let expires = UnixTime(node.unix(now).0 + 3600);
        SignedRecord::owned(&node.key, b"profile", 1, expires, b"hello".to_vec()).unwrap()
    });
    let query = net.with(4, |node, now| node.put(now, record.clone()));
    let copies = net.until(4, Duration::from_secs(60), |event| match event {
        Event::Stored { query: of, copies } if *of == query => Some(*copies),
        _ => None,
    });
    assert!(copies.unwrap() >= 18, "only {copies:?} copies");
    for index in 10..20 {
        net.kill(index);
    }
    assert_eq!(net.get(25, record.key), vec![record.clone()]);
    assert!(net.get(25, Key::open(b"nothing")).is_empty());
}

#[test]
fn members_of_a_topic_hear_each_other() {
    let mut net = Net::new(4);
    net.grow(12);
    let topic = Topic::named("chess");
    for index in [2, 5, 9] {
        net.with(index, |node, now| node.subscribe(now, topic));
    }
    net.run(Duration::from_secs(120));
    let bytes = Bytes::from_static(b"e4");
    net.with(2, |node, now| node.publish(now, topic, bytes.clone()))
        .unwrap();
    for index in [5, 9] {
        let got = net.until(index, Duration::from_secs(20), |event| match event {
            Event::Message { bytes, id, .. } => Some((*id, bytes.clone())),
            _ => None,
        });
        let (id, said) = got.expect("the message came");
        assert_eq!(said, bytes);
        net.with(index, |node, now| node.accept(now, id, Verdict::Accept));
    }
}

#[test]
fn who_does_not_serve_is_still_found() {
    let mut net = Net::new(5);
    net.grow(12);
    let config = Config {
        metered: true,
        ..Config::default()
    };
    let shy = net.add(config);
    net.join(shy, 3);
    net.run(Duration::from_secs(60));
    let wanted = net.id(shy);
    for from in 0..12 {
        let query = net.with(from, |node, now| node.find(now, wanted));
        let found = net.until(from, Duration::from_secs(60), |event| match event {
            Event::Found {
                query: of, record, ..
            } if *of == query => Some(record.is_some()),
            _ => None,
        });
        assert_eq!(found, Some(true), "{from} finds the metered node");
    }
}

#[test]
fn twelve_idle_nodes_stay_within_the_budget() {
    let mut net = Net::new(6);
    net.grow(12);
    net.run(Duration::from_secs(2 * 3600));
    for index in 0..12 {
        let now = net.now;
        let (spent, allowed) = net.node(index).view(now).budget;
        assert!(
            4 * spent < allowed * 5,
            "{index} spent {spent} in six hours"
        );
    }
}

#[test]
fn a_node_that_changes_its_address_is_found_at_the_new_one() {
    let mut net = Net::new(7);
    net.grow(10);
    let hints = Hints {
        direct: vec!["10.9.9.9:7".parse().unwrap()],
        relays: vec![],
    };
    net.with(3, |node, now| node.set_hints(now, hints.clone(), false));
    net.run(Duration::from_secs(5));
    let wanted = net.id(3);
    for from in [0, 9] {
        let query = net.with(from, |node, now| node.find(now, wanted));
        let found = net.until(from, Duration::from_secs(30), |event| match event {
            Event::Found {
                query: of, record, ..
            } if *of == query => record.clone(),
            _ => None,
        });
        assert_eq!(found.unwrap().direct, hints.direct);
    }
}

#[test]
fn the_same_seed_replays_the_same_run() {
    let run = || {
        let mut net = Net::new(8);
        net.grow(8);
        net.run(Duration::from_secs(600));
        (net.messages, net.bytes)
    };
    assert_eq!(run(), run());
}

#[test]
fn silent_gossip_connections_close_and_the_neighbours_stay() {
    let mut net = Net::new(9);
    net.grow(12);
    let topic = Topic::named("chess");
    for index in 0..12 {
        net.with(index, |node, now| node.subscribe(now, topic));
    }
    net.run(Duration::from_secs(600));
    let open = |net: &Net| {
        let links = net.alive().into_iter().map(|index| {
            let node = net.node(index);
            let open = node.links.iter().filter(|(peer, link)| {
                link.protocols.contains(&Protocol::Gossip) && node.control.met(peer)
            });
            open.count()
        });
        links.sum::<usize>()
    };
    let neighbours = |net: &Net, index| {
        let gossip = net.node(index).gossip.as_ref().unwrap();
        gossip.neighbours().len()
    };
    assert!(open(&net) <= 12, "{} gossip connections", open(&net));
    for index in 0..12 {
        assert!(neighbours(&net, index) >= 3, "{index}");
    }
    let bytes = Bytes::from_static(b"e4");
    net.with(0, |node, now| node.publish(now, topic, bytes.clone()))
        .unwrap();
    let mut heard = 0;
    for _ in 0..20 {
        net.run(Duration::from_secs(1));
        for index in 1..12 {
            let events = core::mem::take(&mut net.events[index]);
            for event in events {
                if let Event::Message { id, .. } = event {
                    heard += 1;
                    net.with(index, |node, now| node.accept(now, id, Verdict::Accept));
                }
            }
        }
    }
    assert_eq!(heard, 11);
    // Whoever dies is missed although no gossip connection with him stands.
    net.run(Duration::from_secs(120));
    let dead = net.id(3);
    net.kill(3);
    net.run(Duration::from_secs(60));
    for index in net.alive() {
        let gossip = net.node(index).gossip.as_ref().unwrap();
        assert!(gossip.neighbours().iter().all(|(id, _)| *id != dead));
    }
}

#[test]
fn neighbours_tell_how_the_network_looks_to_them() {
    let mut net = Net::new(10);
    net.grow(12);
    net.run(Duration::from_secs(600));
    let now = net.now;
    let health = net.node(4).view(now).health.expect("somebody told");
    assert!(health.samples >= 3, "{health:?}");
    assert!((3.0..=11.0).contains(&health.degree), "{health:?}");
    let quiet = Config {
        exchange: false,
        ..Config::default()
    };
    for index in 0..12 {
        net.with(index, |node, now| node.configure(now, quiet.clone()));
    }
    net.run(Duration::from_secs(2 * 3600));
    let now = net.now;
    assert_eq!(
        net.node(4).view(now).health,
        None,
        "who may not tell does not"
    );
}
