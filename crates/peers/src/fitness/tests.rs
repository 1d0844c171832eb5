#![allow(clippy::unwrap_used, clippy::panic)]
use std::{collections::BTreeSet, time::Duration};

use ed25519_dalek::SigningKey;
use proptest::prelude::*;
use webx_overlay::NodeId;

use super::*;

const NOW: u64 = 1_800_000_000;
const TODAY: u32 = 20_833;
const D: Dimension = Dimension::Relay;

fn party(n: usize) -> Party {
    *blake3::hash(&n.to_le_bytes()).as_bytes()
}

fn says(issuer: usize, subject: usize, kept: u64, tried: u64) -> Testimony {
    Testimony {
        issuer: party(issuer),
        subject: party(subject),
        dimension: D,
        tried,
        kept,
    }
}

fn contacts(range: std::ops::Range<usize>) -> BTreeSet<Party> {
    range.map(party).collect()
}

fn value(
    subject: usize,
    own: Evidence,
    said: &[Testimony],
    heard: &[Hearsay],
    trust: &Trust,
) -> f64 {
    score(D, own, &party(subject), said, heard, trust).value
}

#[test]
fn a_newcomer_starts_low_and_rises_by_what_is_seen() {
    assert!((newcomer() - 0.05).abs() < 1e-12);
    let mut history = History::default();
    let mut last = newcomer();
    for n in 0..200 {
        history.observe(NOW + n, Observation::Relay(true));
        let own = history.evidence(NOW + n, D);
        let now = value(1, own, &[], &[], &Trust::default());
        assert!(now > last);
        last = now;
    }
    assert!(last > 0.98, "{last}");
}

#[test]
fn what_was_long_ago_fades() {
    let mut history = History::default();
    for n in 0..100 {
        history.observe(NOW + n, Observation::Probe(Some(Duration::from_millis(20))));
    }
    let later = NOW + 100 + 24 * 3600;
    assert!(
        history
            .evidence(later, Dimension::AvailabilityHour)
            .weight()
            < 0.001
    );
    let day = history.evidence(later, Dimension::AvailabilityDay).weight();
    assert!((49.0..51.0).contains(&day), "{day}");
    assert!(
        history
            .evidence(later, Dimension::AvailabilityMonth)
            .weight()
            > 97.0
    );
}

#[test]
fn latency_and_goodput_are_shown_with_their_figures() {
    let mut history = History::default();
    for n in 1..=100_u64 {
        history.observe(NOW + n, Observation::Probe(Some(Duration::from_millis(n))));
        history.observe(
            NOW + n,
            Observation::Transfer {
                bytes: 2_000_000,
                time: Duration::from_secs(1),
            },
        );
    }
    history.observe(
        NOW,
        Observation::Transfer {
            bytes: 10,
            time: Duration::from_secs(9),
        },
    );
    let view = rate(NOW + 100, &history, &party(1), &[], &[], &Trust::default());
    let of = |dimension| {
        view.reasons
            .iter()
            .find(|reason| reason.score.dimension == dimension)
            .unwrap()
    };
    let Measured::Milliseconds { p50, p95 } = of(Dimension::Latency).measured else {
        panic!();
    };
    // Of the last 64.
    assert!(
        (67.0..71.0).contains(&p50) && (96.0..99.0).contains(&p95),
        "{p50} {p95}"
    );
    assert_eq!(
        of(Dimension::Goodput).measured,
        Measured::BytesPerSecond { value: 2_000_000.0 }
    );
    assert_eq!(of(Dimension::Compute).effect, Effect::Missing);
    assert_eq!(view.rating, Rating::Excellent);
    assert_eq!(view.reasons.last().unwrap().effect, Effect::Missing);
}

#[test]
fn a_node_that_fails_is_poor_and_one_that_nobody_knows_is_unknown() {
    let nobody = rate(
        NOW,
        &History::default(),
        &party(1),
        &[],
        &[],
        &Trust::default(),
    );
    assert_eq!(nobody.rating, Rating::Unknown);
    let mut history = History::default();
    for n in 0..50 {
        history.observe(NOW + n, Observation::Probe(None));
    }
    let view = rate(NOW + 50, &history, &party(1), &[], &[], &Trust::default());
    assert_eq!(view.rating, Rating::Poor);
}

#[test]
fn one_honest_receipt_raises_a_newcomer() {
    let trust = Trust::new(&contacts(0..3), &[says(0, 10, 5, 5)]);
    let own = Evidence::default();
    assert!(value(10, own, &[says(0, 10, 5, 5)], &[], &trust) > newcomer() + 0.1);
}

#[test]
fn many_receipts_of_one_pair_weigh_no_more_than_one() {
    let many = Testimony::merged((0..100).map(|_| says(0, 10, 5, 5)));
    let trust = Trust::new(&contacts(0..3), &many);
    let one = value(10, Evidence::default(), &[says(0, 10, 5, 5)], &[], &trust);
    let all = value(10, Evidence::default(), &many, &[], &trust);
    assert!((one - all).abs() < 1e-12);
}

#[test]
fn hearsay_weighs_a_tenth_at_most_and_nothing_alone() {
    let trust = Trust::new(&contacts(0..3), &[]);
    let praise: Vec<Hearsay> = (0..3)
        .map(|n| Hearsay {
            from: party(n),
            dimension: D,
            rate: 1.0,
        })
        .collect();
    let alone = value(10, Evidence::default(), &[], &praise, &trust);
    assert!((alone - newcomer()).abs() < 1e-12);
    let own = Evidence {
        good: 9.0,
        bad: 0.0,
    };
    let with = score(D, own, &party(10), &[], &praise, &trust);
    assert!(with.value > value(10, own, &[], &[], &trust));
    assert!(with.hearsay <= (with.own + with.hearsay) * 0.1 + 1e-9);
}

fn key(n: u8) -> SigningKey {
    SigningKey::from_bytes(&[n; 32])
}

fn node(n: u8) -> NodeId {
    NodeId(key(n).verifying_key().to_bytes())
}

fn served() -> Served {
    Served::new(
        Service::Relay,
        (node(1), node(2)),
        (10, 9),
        1_000_000,
        TODAY,
        [7; 32],
    )
}

#[test]
fn a_receipt_needs_both_signatures_over_the_same_words() {
    let (one, two) = (served().sign(&key(1)), served().sign(&key(2)));
    let receipt = Receipt::new(served(), one, two, TODAY).unwrap();
    let again = Receipt::decode(&receipt.encode(), TODAY).unwrap();
    assert_eq!((again.id(), &again), (receipt.id(), &receipt));
    assert!(receipt.encode().len() < MAX_RECEIPT);
    assert!(Receipt::new(served(), two, one, TODAY).is_err());
    assert!(Receipt::new(served(), one, one, TODAY).is_err());
    let more = Served {
        kept: 10,
        ..served()
    };
    assert!(Receipt::new(more, one, two, TODAY).is_err());
}

#[test]
fn receipts_that_cannot_be_are_refused() {
    let signed = |served: Served, today| {
        let keys = [1, 2].map(|n| (node(n), key(n)));
        let by = |node| served.sign(&keys.iter().find(|(name, _)| *name == node).unwrap().1);
        let (one, two) = (by(served.provider), by(served.consumer));
        Receipt::new(served, one, two, today)
    };
    assert!(signed(served(), TODAY).is_ok());
    for bad in [
        Served {
            kept: 11,
            ..served()
        },
        Served {
            tried: 0,
            kept: 0,
            ..served()
        },
        Served {
            consumer: node(1),
            ..served()
        },
        Served {
            epoch: TODAY + 2,
            ..served()
        },
        Served {
            epoch: TODAY - 91,
            ..served()
        },
    ] {
        assert!(signed(bad, TODAY).is_err());
    }
    for bytes in [&b""[..], &[0; 1000], b"\xa0"] {
        assert!(Receipt::decode(bytes, TODAY).is_err());
    }
}

#[test]
fn a_receipt_keeps_its_bytes() {
    let receipt = Receipt::new(
        served(),
        served().sign(&key(1)),
        served().sign(&key(2)),
        TODAY,
    );
    let hash = blake3::hash(&receipt.unwrap().encode()).to_hex();
    assert_eq!(
        hash.as_str(),
        "97447c1fcb280ff38061652fe180157287a66d650fdeac8c9223ec93876b7d3c"
    );
}

/// Testimonies among parties 20..60 (strangers) and of contacts 0..5 about them.
fn babble() -> impl Strategy<Value = Vec<Testimony>> {
    let one = (0_usize..60, 20_usize..60, 0_u64..20, 1_u64..20)
        .prop_map(|(issuer, subject, kept, tried)| says(issuer, subject, kept.min(tried), tried));
    proptest::collection::vec(one, 0..200).prop_map(Testimony::merged)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn a_new_name_is_never_better_than_the_old_one(
        seen in proptest::collection::vec(any::<bool>(), 0..60), said in babble(), at in 20_usize..60,
    ) {
        let trust = Trust::new(&contacts(0..5), &said);
        let mut history = History::default();
        for (n, kept) in seen.iter().enumerate() {
            history.observe(NOW + n as u64, Observation::Relay(*kept));
        }
        let own = history.evidence(NOW + 100, D);
        let new_name = value(999, Evidence::default(), &said, &[], &trust);
        prop_assert!(value(at, own, &said, &[], &trust) >= new_name);
    }

    #[test]
    fn slander_never_lowers_a_score_below_the_own_evidence(
        good in 0_u32..200, bad in 0_u32..50, liars in 1_usize..60, hearsay in 0_usize..10,
    ) {
        let own = Evidence { good: f64::from(good), bad: f64::from(bad) };
        let lies: Vec<_> = (0..liars).map(|n| says(n, 99, 0, 1000)).collect();
        let heard: Vec<_> = (0..hearsay).map(|n| Hearsay { from: party(n), dimension: D, rate: 0.0 }).collect();
        let trust = Trust::new(&contacts(0..5), &lies);
        let alone = value(99, own, &[], &[], &trust);
        prop_assert!(value(99, own, &lies, &heard, &trust) >= alone);
    }

    #[test]
    fn a_ring_raises_no_member_above_a_newcomer_with_one_honest_receipt(
        ring in 2_usize..40, people in 1_usize..12, edges in 0_usize..3, extra in babble(),
    ) {
        // Everybody in the ring (100..) praises everybody else; some members have one honest receipt of a contact each.
        let mut said: Vec<_> = (0..ring)
            .flat_map(|i| (0..ring).filter(move |j| i != *j).map(move |j| says(100 + i, 100 + j, 1000, 1000)))
            .collect();
        said.extend((0..edges.min(ring)).map(|n| says(n % people, 100 + n, 5, 5)));
        // The newcomer (50_000) has one receipt of the same contact; a stranger's babble is there as well.
        said.push(says(0, 50_000, 5, 5));
        said.extend(extra.into_iter().filter(|one| !(0..people).any(|c| one.issuer == party(c))));
        let said = Testimony::merged(said);
        let trust = Trust::new(&contacts(0..people), &said);
        let gossip: Vec<_> = (0..ring).map(|n| Hearsay { from: party(100 + n), dimension: D, rate: 1.0 }).collect();
        for n in 0..ring {
            let member = value(100 + n, Evidence::default(), &said, &gossip, &trust);
            // Whose receipt the member has decides with which newcomer he is compared.
            let honest = if n < edges.min(ring) { n % people } else { 0 };
            let newcomer = value(60_000, Evidence::default(), &[says(honest, 60_000, 5, 5)], &[], &trust);
            prop_assert!(member <= newcomer + 1e-12, "{member} > {newcomer}");
        }
    }

    #[test]
    fn trust_stays_between_nothing_and_one(said in babble(), people in 0_usize..6) {
        let trust = Trust::new(&contacts(0..people), &said);
        for n in 0..60 {
            prop_assert!((0.0..=1.0).contains(&trust.weight(&party(n))));
        }
        prop_assert!(trust.most_of_strangers() <= 0.5);
    }
}
