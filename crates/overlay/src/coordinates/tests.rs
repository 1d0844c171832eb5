#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use proptest::prelude::*;

use super::*;

fn id(number: usize) -> NodeId {
    NodeId(*blake3::hash(&number.to_le_bytes()).as_bytes())
}

/// Nodes on a plane with access links; `rtt` in seconds.
fn world(nodes: usize, seed: u8) -> (Vec<Vivaldi>, Vec<(f64, f64, f64)>) {
    let mut random = Random::new(&[seed; 32], "world");
    let places = (0..nodes)
        .map(|_| {
            (
                random.unit() * 0.15,
                random.unit() * 0.08,
                0.002 + random.unit() * 0.015,
            )
        })
        .collect();
    let machines = (0..nodes)
        .map(|number| Vivaldi::new(id(number).as_bytes()))
        .collect();
    (machines, places)
}

fn rtt(a: (f64, f64, f64), b: (f64, f64, f64)) -> f64 {
    (a.0 - b.0).hypot(a.1 - b.1) + a.2 + b.2
}

fn error_of(machines: &[Vivaldi], places: &[(f64, f64, f64)], honest: usize) -> f64 {
    let mut errors = Vec::new();
    for a in 0..honest {
        for b in 0..a {
            let real = rtt(places[a], places[b]);
            let said = machines[a].coordinate().distance(machines[b].coordinate());
            errors.push((said.as_secs_f64() - real).abs() / real);
        }
    }
    errors.sort_by(f64::total_cmp);
    errors[errors.len() / 2]
}

/// Each node pings eight others for `rounds` rounds, fifteen seconds apart; `lie` may change what a peer claims.
fn run(
    machines: &mut [Vivaldi],
    places: &[(f64, f64, f64)],
    rounds: usize,
    lie: impl Fn(usize, usize, Coordinate, f64) -> (Coordinate, f64),
) {
    let mut random = Random::new(&[9; 32], "pings");
    for round in 0..rounds {
        for node in 0..machines.len() {
            let peer = (node + 1 + 7 * random.below(8)) % machines.len();
            if peer == node {
                continue;
            }
            let real = rtt(places[node], places[peer]) * (1.0 + random.unit() * 0.1);
            let (claimed, real) = lie(peer, round, *machines[peer].coordinate(), real);
            let now = Time(round as u64 * 15_000_000);
            let _ = machines[node].observe(now, id(peer), &claimed, Duration::from_secs_f64(real));
        }
    }
}

#[test]
fn a_young_network_settles_and_predicts_round_trips() {
    let (mut machines, places) = world(60, 1);
    run(&mut machines, &places, 300, |_, _, told, rtt| (told, rtt));
    let error = error_of(&machines, &places, 60);
    assert!(error < 0.2, "median error {error}");
}

#[test]
fn liars_do_not_unsettle_the_others() {
    let (mut machines, places) = world(60, 2);
    run(&mut machines, &places, 200, |_, _, told, rtt| (told, rtt));
    let before = error_of(&machines, &places, 48);
    // Twelve of sixty claim to be everywhere, certain of it.
    run(&mut machines, &places, 200, |peer, round, told, rtt| {
        if peer < 48 {
            return (told, rtt);
        }
        let mut lie = Coordinate::origin();
        lie.place = [if round % 2 == 0 { 5.0 } else { -5.0 }; DIMENSIONS];
        lie.error = 0.01;
        (lie, rtt)
    });
    let after = error_of(&machines, &places, 48);
    assert!(
        after < before + 0.25,
        "median error {before} before, {after} after"
    );
}

#[test]
fn a_settled_node_ignores_the_uncertain_and_the_restless() {
    let mut node = Vivaldi::new(&[1; 32]);
    let mut peer = Coordinate::origin();
    peer.error = 0.1;
    peer.place[0] = 0.03;
    for second in 0..100 {
        let now = Time(second * 1_000_000);
        let _ = node.observe(now, id(1), &peer, Duration::from_millis(30));
    }
    assert!(node.coordinate().error() < ERROR_SETTLED);
    let still = *node.coordinate();
    let mut unsure = peer;
    unsure.error = 0.6;
    let trip = Duration::from_millis(30);
    assert_eq!(
        node.observe(Time(101_000_000), id(2), &unsure, trip),
        Err(Ignored::Uncertain)
    );
    let mut jumped = peer;
    jumped.place[1] = 0.5;
    assert_eq!(
        node.observe(Time(102_000_000), id(1), &jumped, trip),
        Err(Ignored::Restless)
    );
    assert_eq!(*node.coordinate(), still);
}

#[test]
fn one_observation_moves_a_node_by_twenty_milliseconds_at_most() {
    let mut node = Vivaldi::new(&[1; 32]);
    let mut far = Coordinate::origin();
    far.place[0] = 9.0;
    far.error = 0.001;
    node.observe(Time(0), id(1), &far, Duration::from_millis(1))
        .unwrap();
    assert!(norm(&node.coordinate().place) <= STEP_MAX + 1e-6);
}

#[test]
fn a_spike_among_three_round_trips_does_not_count() {
    let mut node = Vivaldi::new(&[1; 32]);
    let peer = Coordinate::origin();
    let settled = |node: &mut Vivaldi, at: u64, ms| {
        let (_, median) = node.remember(Time(at), id(1), &peer, ms);
        median
    };
    assert_eq!(settled(&mut node, 0, 0.03), 0.03);
    assert_eq!(settled(&mut node, 1, 3.0), 0.03);
    assert_eq!(settled(&mut node, 2, 0.03), 0.03);
}

#[test]
fn round_trips_that_are_none_are_refused() {
    let mut node = Vivaldi::new(&[1; 32]);
    for trip in [Duration::ZERO, Duration::from_secs(11), Duration::MAX] {
        let seen = node.observe(Time(0), id(1), &Coordinate::origin(), trip);
        assert_eq!(seen, Err(Ignored::NotADistance));
    }
}

#[test]
fn memory_stays_bounded_however_many_peers_speak() {
    let mut node = Vivaldi::new(&[1; 32]);
    for number in 0..2000 {
        let _ = node.observe(
            Time(number),
            id(number as usize),
            &Coordinate::origin(),
            Duration::from_millis(9),
        );
    }
    assert!(node.seen.len() <= REMEMBERED);
    assert!(node.residuals.len() <= ADJUSTMENT_WINDOW);
}

#[test]
fn the_wire_form_is_pinned() {
    let mut coordinate = Coordinate::origin();
    coordinate.place[0] = 0.001;
    coordinate.place[7] = -0.0005;
    let bytes = serde_ipld_dagcbor::to_vec(&coordinate).unwrap();
    assert_eq!(
        data_encoding::HEXLOWER.encode(&bytes),
        "84881903e80000000000003901f30a001905dc"
    );
    assert_eq!(
        serde_ipld_dagcbor::from_slice::<Coordinate>(&bytes).unwrap(),
        coordinate
    );
}

#[test]
fn a_coordinate_outside_the_space_is_refused() {
    type Fields = ([i64; 8], i64, i64, u64);
    let good: Fields = ([0; 8], 10, 0, 100);
    let read = |fields: &Fields| {
        serde_ipld_dagcbor::from_slice::<Coordinate>(&serde_ipld_dagcbor::to_vec(fields).unwrap())
    };
    assert!(read(&good).is_ok());
    for bad in [
        ([i64::from(i32::MAX); 8], 10, 0, 100),
        ([i64::MAX; 8], 10, 0, 100),
        ([0; 8], -1, 0, 100),
        ([0; 8], 10, 20_000_000, 100),
        ([0; 8], 10, 0, 1501),
    ] {
        assert!(read(&bad).is_err(), "{bad:?}");
    }
    let floats = ([0.5_f64; 8], 0.1, 0.1, 0.1);
    let bytes = serde_ipld_dagcbor::to_vec(&floats).unwrap();
    assert!(serde_ipld_dagcbor::from_slice::<Coordinate>(&bytes).is_err());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn whatever_peers_claim_the_own_coordinate_stays_in_the_space(
        claims in prop::collection::vec(
            (prop::array::uniform8(-10_000_000_i32..=10_000_000), 10_i32..=10_000_000, -10_000_000_i32..=10_000_000, 0_u16..=1500, 1_u64..10_000_000),
            1..60,
        )
    ) {
        let mut node = Vivaldi::new(&[3; 32]);
        for (number, (place, height, adjustment, error, trip)) in claims.into_iter().enumerate() {
            let bytes = serde_ipld_dagcbor::to_vec(&(place, height, adjustment, error)).unwrap();
            let claim: Coordinate = serde_ipld_dagcbor::from_slice(&bytes).unwrap();
            let _ = node.observe(Time(number as u64 * 1000), id(number % 5), &claim, Duration::from_micros(trip));
            let own = serde_ipld_dagcbor::to_vec(node.coordinate()).unwrap();
            prop_assert!(own.len() <= 80);
            let back: Coordinate = serde_ipld_dagcbor::from_slice(&own).unwrap();
            prop_assert_eq!(back, *node.coordinate());
        }
    }
}
