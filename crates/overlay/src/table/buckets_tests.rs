#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use super::*;
use core::net::SocketAddr;
use proptest::prelude::*;

const OWN: Key = Key([0; 32]);

fn contact(number: u32, ip: [u8; 4], seen: u64, rtt: u32) -> Contact {
    let mut id = [0; 32];
    id[..4].copy_from_slice(&number.to_be_bytes());
    let id = NodeId(id);
    let record = PeerRecord {
        id,
        sequence: 0,
        issued: 0,
        direct: vec![SocketAddr::from((ip, 7701))],
        relays: vec![],
        serves: false,
        signature: vec![],
    };
    let prefix = Prefix::of(&record, None, true).unwrap();
    Contact {
        id,
        place: Key::of_node(&id),
        record,
        prefix,
        since: Time(seen),
        seen: Time(seen),
        rtt,
        fails: 0,
    }
}

/// Contacts of one bucket.
fn of_bucket(row: u32, count: usize) -> Vec<u32> {
    (0..)
        .filter(|n| OWN.shared(&contact(*n, [10, 0, 0, 1], 0, 0).place) == row)
        .take(count)
        .collect()
}

fn wide(n: usize) -> [u8; 4] {
    [20 + (n / 200) as u8, (n % 200) as u8, 1, 1]
}

#[test]
fn one_network_gets_one_place_in_a_bucket_and_two_in_the_table() {
    let mut buckets = Buckets::new(OWN);
    let far = of_bucket(0, 2);
    let near = of_bucket(1, 2);
    let nearer = of_bucket(2, 1);
    let at = |n: &u32| contact(*n, [203, 0, 113, *n as u8], 1, 1);
    assert_eq!(buckets.answered(at(&far[0])), Placed::In);
    assert_eq!(buckets.answered(at(&far[1])), Placed::Out);
    assert_eq!(buckets.answered(at(&near[0])), Placed::In);
    assert_eq!(buckets.answered(at(&nearer[0])), Placed::Out);
    assert_eq!(buckets.len(), 2);
}

#[test]
fn a_home_network_is_exempt() {
    let mut buckets = Buckets::new(OWN);
    for n in of_bucket(0, K) {
        assert_eq!(
            buckets.answered(contact(n, [127, 0, 0, 1], 1, 1)),
            Placed::In
        );
    }
}

#[test]
fn an_old_node_that_still_answers_keeps_its_place() {
    let mut buckets = Buckets::new(OWN);
    let nodes = of_bucket(0, K + 2);
    for (i, n) in nodes[..K].iter().enumerate() {
        buckets.answered(contact(*n, wide(i), i as u64, 1000));
    }
    // Full, all heard lately and old enough: a faster one waits.
    let later = OLD + 100;
    let new = contact(nodes[K], wide(K), later, 1);
    assert_eq!(buckets.answered(new), Placed::Out);
    // One was not heard for long: it is asked first.
    let later = QUIET + 1_000_000;
    let new = contact(nodes[K], wide(K), later, 1);
    let first = contact(nodes[0], wide(0), 0, 1).id;
    assert_eq!(buckets.answered(new.clone()), Placed::AskFirst(first));
    // It answers and stays.
    buckets.answered(contact(nodes[0], wide(0), later, 1000));
    assert!(buckets.get(&first).is_some());
    // It does not answer the next time and gives way.
    buckets.failed(&first);
    assert!(buckets.get(&first).is_none());
    assert!(buckets.get(&new.id).is_some());
    assert_eq!(buckets.len(), K);
}

#[test]
fn among_young_nodes_the_faster_one_wins() {
    let mut buckets = Buckets::new(OWN);
    let nodes = of_bucket(0, K + 1);
    for (i, n) in nodes[..K].iter().enumerate() {
        buckets.answered(contact(*n, wide(i), 1, 1000 + i as u32));
    }
    let new = contact(nodes[K], wide(K), 2, 100);
    assert_eq!(buckets.answered(new.clone()), Placed::In);
    assert!(buckets.get(&new.id).is_some());
    assert!(
        buckets
            .get(&contact(nodes[K - 1], wide(0), 0, 0).id)
            .is_none()
    );
}

#[test]
fn who_is_only_behind_a_relay_shares_its_allowance() {
    let mut buckets = Buckets::new(OWN);
    let placed = of_bucket(0, 8).into_iter().map(|n| {
        let mut one = contact(n, [1, 1, 1, 1], 1, 1);
        one.record.direct.clear();
        one.record.relays = vec!["https://relay.example/".into()];
        one.prefix = Prefix::of(&one.record, None, true).unwrap();
        buckets.answered(one)
    });
    assert_eq!(placed.filter(|one| *one == Placed::In).count(), 4);
}

proptest! {
    #[test]
    fn the_table_keeps_its_rules_whatever_happens(
        steps in prop::collection::vec((0u32..400, any::<[u8; 2]>(), 0u32..1000, 0u8..4), 1..400)
    ) {
        let mut buckets = Buckets::new(OWN);
        for (at, (n, net, rtt, what)) in steps.into_iter().enumerate() {
            let one = contact(n, [90, net[0] % 8, net[1] % 8, 1], at as u64 * 60_000_000, rtt);
            match what {
                0 => buckets.failed(&one.id),
                _ => { buckets.answered(one); }
            }
            let mut nets = std::collections::HashMap::new();
            for (index, row) in buckets.rows.iter().enumerate() {
                prop_assert!(row.contacts.len() <= K && row.waiting.len() <= WAITING);
                let mut here = std::collections::HashSet::new();
                for one in &row.contacts {
                    prop_assert_eq!(OWN.shared(&one.place) as usize, index);
                    prop_assert!(here.insert(one.prefix.clone()));
                    *nets.entry(one.prefix.clone()).or_insert(0) += 1;
                }
            }
            prop_assert!(nets.values().all(|count| *count <= 2));
        }
        let target = Key([0x5a; 32]);
        let near = buckets.closest(&target, 7);
        let mut all: Vec<_> = buckets.iter().filter(|c| c.fails < 2).map(|c| c.place.distance(&target)).collect();
        all.sort_unstable();
        all.truncate(7);
        prop_assert_eq!(near.iter().map(|c| c.place.distance(&target)).collect::<Vec<_>>(), all);
    }
}
