#![allow(clippy::unwrap_used, clippy::panic)]
use std::time::Duration;

use super::*;
use crate::{
    contacts::Origin,
    fitness::{Dimension, Effect, Rating, Served, Service},
    proof::{self, News},
    testing::{NOW, Person, person, vault},
};

fn clock() -> OffsetDateTime {
    NOW
}

fn open(vault: &webx_vault::Vault) -> Peers {
    Peers::open_with(vault.db().clone(), person(9).own(), clock).unwrap()
}

fn meet(peers: &Peers, person: &Person) {
    let own = person.own();
    let proven = Proven {
        did: own.did().clone(),
        device: own.node(),
        log: own.log().cloned(),
        version: String::new(),
        news: News::First,
        devices: proof::devices(own.did(), own.log(), NOW).unwrap(),
    };
    peers.met(&proven).unwrap();
}

fn receipt(provider: &Person, consumer: &Person, channel: u8) -> Vec<u8> {
    let served = Served::new(
        Service::Relay,
        (provider.node(0), consumer.node(0)),
        (5, 5),
        1,
        today(NOW),
        [channel; 32],
    );
    let (one, two) = (served.sign(&provider.key(0)), served.sign(&consumer.key(0)));
    Receipt::new(served, one, two, today(NOW)).unwrap().encode()
}

fn relay(view: &View) -> f64 {
    let relay = |reason: &&fitness::Reason| reason.score.dimension == Dimension::Relay;
    view.reasons.iter().find(relay).unwrap().score.value
}

#[test]
fn what_was_seen_survives_closing_and_shows_in_the_list() {
    let (folder, vault) = vault();
    let (ann, ben) = (person(1), person(2));
    {
        let peers = open(&vault);
        meet(&peers, &ann);
        peers
            .contacts()
            .add(&ann.identity.did, "Ann", Origin::Did)
            .unwrap();
        for _ in 0..100 {
            peers
                .observe(
                    ann.node(0),
                    Observation::Probe(Some(Duration::from_millis(30))),
                )
                .unwrap();
            peers
                .observe(ben.node(0), Observation::Probe(None))
                .unwrap();
        }
        peers.flush().unwrap();
    }
    let peers = open(&vault);
    let list = peers.list(0, 10).unwrap();
    assert_eq!(list.len(), 2);
    let of = |node| list.iter().find(|peer| peer.node == node).unwrap();
    let first = of(ann.node(0));
    assert_eq!(first.contact, Some(("Ann".into(), ContactTrust::New)));
    assert_eq!(first.did, Some(ann.identity.did.clone()));
    assert_eq!(first.fitness.rating, Rating::Excellent);
    assert_eq!(of(ben.node(0)).fitness.rating, Rating::Poor);
    assert_eq!(
        peers.person_of(ann.node(0)).unwrap(),
        Some(ann.identity.did.clone())
    );
    assert!(peers.find(person(3).node(0)).unwrap().is_none());
    let asked = [person(3).node(0), list[0].node];
    let found = peers.find_all(&asked).unwrap();
    let found: Vec<_> = found
        .iter()
        .map(|peer| peer.as_ref().map(|peer| peer.node))
        .collect();
    assert_eq!(found, [None, Some(list[0].node)]);
    drop(folder);
}

#[test]
fn the_receipt_of_a_contact_counts_once_and_that_of_a_stranger_does_not() {
    let (_folder, vault) = vault();
    let peers = open(&vault);
    let (friend, stranger, provider, other) = (person(1), person(2), person(3), person(4));
    meet(&peers, &friend);
    peers
        .contacts()
        .add(&friend.identity.did, "Friend", Origin::Did)
        .unwrap();
    let bytes = receipt(&provider, &friend, 1);
    assert!(peers.add_receipt(&bytes).unwrap());
    assert!(!peers.add_receipt(&bytes).unwrap());
    let raised = relay(&peers.fitness(provider.node(0)).unwrap());
    assert!(raised > fitness::newcomer() + 0.1);

    assert!(peers.add_receipt(&receipt(&other, &stranger, 1)).unwrap());
    let same = relay(&peers.fitness(other.node(0)).unwrap());
    assert!((same - fitness::newcomer()).abs() < 1e-9);

    // A few for each pair and day.
    let counted = (2..20).filter(|n| peers.add_receipt(&receipt(&provider, &friend, *n)).unwrap());
    assert_eq!(counted.count(), 3);
    assert!((relay(&peers.fitness(provider.node(0)).unwrap()) - raised).abs() < 1e-9);
    assert!(peers.add_receipt(b"nonsense").is_err());
}

#[test]
fn what_a_contact_publishes_is_heard_a_little_and_a_blocked_one_not_at_all() {
    let (_folder, vault) = vault();
    let (_other_folder, other_vault) = crate::testing::vault();
    let (friend, node) = (person(1), person(5).node(0));
    let theirs = Peers::open_with(other_vault.db().clone(), friend.own(), clock).unwrap();
    let peers = open(&vault);
    for _ in 0..50 {
        theirs.observe(node, Observation::Relay(true)).unwrap();
    }
    let text = theirs.publish_fitness(node).unwrap();
    assert!(matches!(
        peers.add_hearsay(&friend.identity.did, &text),
        Err(Error::Unknown(_))
    ));
    meet(&peers, &friend);
    peers
        .contacts()
        .add(&friend.identity.did, "Friend", Origin::Did)
        .unwrap();
    for _ in 0..5 {
        peers.observe(node, Observation::Relay(true)).unwrap();
    }
    let before = relay(&peers.fitness(node).unwrap());
    peers.add_hearsay(&friend.identity.did, &text).unwrap();
    let heard = relay(&peers.fitness(node).unwrap());
    assert!(heard > before && heard < before + 0.1, "{before} {heard}");
    peers.contacts().block(&friend.identity.did, true).unwrap();
    assert!((relay(&peers.fitness(node).unwrap()) - before).abs() < 1e-9);
}

#[test]
fn the_newest_profile_of_a_node_is_kept() {
    let (_folder, vault) = vault();
    let peers = open(&vault);
    let own = person(1).own();
    let detected = Detected::default();
    let signed = |issued, relay| {
        let mut settings = Settings::default();
        settings.roles.relay = relay;
        Profile::new(own.node(), issued, &detected, &settings)
            .sign(&own)
            .unwrap()
    };
    let now = seconds(NOW);
    peers.add_profile(own.node(), &signed(now, true)).unwrap();
    peers
        .add_profile(own.node(), &signed(now - 10, false))
        .unwrap();
    assert!(
        peers
            .find(own.node())
            .unwrap()
            .unwrap()
            .profile
            .unwrap()
            .roles
            .relay
    );
    assert!(
        peers
            .add_profile(person(2).node(0), &signed(now, true))
            .is_err()
    );
}

#[test]
fn settings_are_kept_and_the_own_profile_follows_them() {
    let (_folder, vault) = vault();
    let peers = open(&vault);
    assert_eq!(peers.settings().unwrap(), Settings::default());
    let settings = Settings {
        up: Some(1_000_000),
        metered: Some(true),
        ..Settings::default()
    };
    peers.set_settings(&settings).unwrap();
    assert_eq!(open(&vault).settings().unwrap(), settings);
    let bytes = peers.own_profile(&Detected::default()).unwrap();
    let profile = Profile::decode(&bytes, peers.own().node(), seconds(NOW)).unwrap();
    assert_eq!((profile.up, profile.metered), (Some(1_000_000), Some(true)));
}

#[test]
fn a_flood_of_nodes_pushes_out_the_longest_unseen_only() {
    let (_folder, vault) = vault();
    let peers = open(&vault);
    peers
        .0
        .db
        .write(|tx| {
            for n in 0..20_u64 {
                let node = NodeId(*blake3::hash(&n.to_le_bytes()).as_bytes());
                rows::touch(tx, node, n)?;
            }
            rows::forget(tx, 5)
        })
        .unwrap();
    let seen: Vec<i64> = peers
        .list(0, 100)
        .unwrap()
        .iter()
        .map(|peer| peer.seen.unix_timestamp())
        .collect();
    assert_eq!(seen, [19, 18, 17, 16, 15]);
}

#[test]
fn a_flood_of_strangers_receipts_pushes_out_strangers_receipts() {
    let (_folder, vault) = vault();
    let peers = open(&vault);
    let (friend, stranger, provider) = (person(1), person(2), person(3));
    meet(&peers, &friend);
    peers
        .contacts()
        .add(&friend.identity.did, "Friend", Origin::Did)
        .unwrap();
    peers.add_receipt(&receipt(&provider, &friend, 1)).unwrap();
    for n in 0..3 {
        peers
            .add_receipt(&receipt(&provider, &stranger, n))
            .unwrap();
    }
    peers
        .0
        .db
        .write(|tx| rows::drop_receipts(tx, 0, 2))
        .unwrap();
    let kept = peers
        .0
        .db
        .read(|db| rows::receipts(db, today(NOW)))
        .unwrap();
    assert_eq!(kept.len(), 1);
    assert_eq!(kept[0].served().consumer, friend.node(0));
}

#[test]
fn an_unknown_node_is_rated_unknown_with_everything_missing() {
    let (_folder, vault) = vault();
    let view = open(&vault).fitness(person(7).node(0)).unwrap();
    assert_eq!(view.rating, Rating::Unknown);
    assert!(
        view.reasons
            .iter()
            .all(|reason| reason.effect == Effect::Missing)
    );
}
