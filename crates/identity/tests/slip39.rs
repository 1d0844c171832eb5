//! The official vectors of SLIP-0039, and what happens to shares that were tampered with.
//!
//! `slip39-vectors.json` is `vectors.json` of trezor/python-shamir-mnemonic (MIT), as of commit 17fcce1.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use proptest::prelude::*;
use webx_identity::RecoveryWords;
use webx_identity::slip39::{Group, Policy, Share, ShareError, combine, split, split_with};

/// What a vector is called, its shares, the secret or nothing, and a key that is not of interest here.
type Vector = (String, Vec<String>, String, String);

fn vectors() -> Vec<Vector> {
    serde_json::from_str(include_str!("slip39-vectors.json")).unwrap()
}

fn recover(shares: &[String]) -> Result<Vec<u8>, ShareError> {
    let shares: Vec<Share> = shares
        .iter()
        .map(|share| share.parse())
        .collect::<Result<_, _>>()?;
    combine(&shares, b"TREZOR").map(|secret| secret.to_vec())
}

/// Why each vector of that name is refused.
fn reason(name: &str, error: ShareError) -> bool {
    use ShareError::*;
    let all = [
        ("with invalid checksum", matches!(error, Checksum)),
        ("with invalid padding", matches!(error, Padding)),
        (
            "Basic sharing 2-of-3",
            matches!(
                error,
                TooFew {
                    found: 1,
                    needed: 2
                }
            ),
        ),
        ("with different identifiers", matches!(error, OtherSet)),
        ("different iteration exponents", matches!(error, OtherSet)),
        ("mismatching group thresholds", matches!(error, OtherGroups)),
        ("mismatching group counts", matches!(error, OtherGroups)),
        (
            "greater group threshold than group counts",
            matches!(error, GroupCount { .. }),
        ),
        ("duplicate member indices", matches!(error, Repeated { .. })),
        (
            "mismatching member thresholds",
            matches!(error, OtherThreshold),
        ),
        ("giving an invalid digest", matches!(error, Digest)),
        (
            "Insufficient number of groups",
            matches!(error, TooFewGroups { .. }),
        ),
        (
            "insufficient number of members",
            matches!(error, TooFew { .. }),
        ),
        (
            "with insufficient length",
            matches!(error, WordCount { found: 19 }),
        ),
        (
            "invalid master secret length",
            matches!(error, WordCount { found: 21 }),
        ),
    ];
    let (_, right) = all
        .iter()
        .find(|(part, _)| name.contains(part))
        .expect(name);
    *right
}

#[test]
fn every_official_vector_gives_its_secret_or_its_reason() {
    let (mut accepted, mut refused) = (0, 0);
    for (name, shares, secret, _) in vectors() {
        match recover(&shares) {
            Ok(found) => {
                assert_eq!(hex::encode(found), secret, "{name}");
                accepted += 1;
            }
            Err(error) => {
                assert_eq!(secret, "", "{name}: {error}");
                assert!(reason(&name, error), "{name}: {error:?}");
                refused += 1;
            }
        }
    }
    assert_eq!((accepted, refused), (15, 30));
}

#[test]
fn what_is_read_is_written_again_word_for_word() {
    for (name, shares, ..) in vectors() {
        for text in shares {
            if let Ok(share) = text.parse::<Share>() {
                assert_eq!(*share.text(), text, "{name}");
            }
        }
    }
}

#[test]
fn every_single_changed_word_is_refused() {
    let words: Vec<&str> = include_str!("../src/slip39/english.txt").lines().collect();
    let (_, shares, ..) = vectors()
        .into_iter()
        .find(|(name, ..)| name.starts_with("45."))
        .unwrap();
    let share: Vec<&str> = shares[0].split(' ').collect();
    let mut tried = 0;
    for place in 0..share.len() {
        for other in &words {
            let mut changed = share.clone();
            changed[place] = other;
            if changed == share {
                continue;
            }
            let refused = changed.join(" ").parse::<Share>().unwrap_err();
            assert_eq!(refused, ShareError::Checksum, "word {place} as {other}");
            tried += 1;
        }
    }
    assert_eq!(tried, 33 * 1023);
}

#[test]
fn swapped_missing_unknown_and_endless_words_are_refused() {
    let (_, shares, ..) = vectors().remove(22);
    let share: Vec<&str> = shares[0].split(' ').collect();
    for place in 1..share.len() {
        let mut swapped = share.clone();
        swapped.swap(place - 1, place);
        if swapped != share {
            assert_eq!(
                swapped.join(" ").parse::<Share>().unwrap_err(),
                ShareError::Checksum
            );
        }
        let mut unknown = share.clone();
        unknown[place] = "abandon";
        let refused = unknown.join(" ").parse::<Share>().unwrap_err();
        assert_eq!(
            refused,
            ShareError::UnknownWord {
                position: place + 1
            }
        );
        let short = share[..place].join(" ").parse::<Share>().unwrap_err();
        assert!(
            matches!(short, ShareError::WordCount { .. } | ShareError::Checksum),
            "{short}"
        );
    }
    for text in [
        "",
        "academic",
        &"academic ".repeat(10_000),
        &"x".repeat(10_000_000),
    ] {
        assert!(matches!(
            text.parse::<Share>().unwrap_err(),
            ShareError::WordCount { .. }
        ));
    }
    let shouted = format!("\n {}\t", shares[0].to_uppercase().replace(' ', "\n  "));
    assert!(shouted.parse::<Share>().is_ok());
}

#[test]
fn a_policy_that_cannot_be_is_refused() {
    for (threshold, shares) in [(0, 1), (0, 0), (2, 1), (17, 17), (2, 17), (1, 2), (1, 0)] {
        let refused = Policy::of(threshold, shares).unwrap_err();
        assert_eq!(refused, ShareError::Policy { threshold, shares });
    }
    let group = Group::new(2, 3).unwrap();
    assert!(Policy::groups(2, vec![group]).is_err());
    assert!(Policy::groups(1, vec![]).is_err());
    assert!(Policy::groups(1, vec![group; 17]).is_err());
    assert!(Policy::groups(16, vec![group; 16]).is_ok());
}

#[test]
fn secrets_and_passphrases_outside_the_limits_are_refused() {
    let policy = Policy::of(2, 3).unwrap();
    let mut none = |_: &mut [u8]| Ok(());
    for found in [0, 14, 17, 33, 65, 66, 1000] {
        let refused = split(&vec![1; found], b"", &policy, &mut none).unwrap_err();
        assert_eq!(refused, ShareError::SecretLength { found });
    }
    for passphrase in ["\n", "pass\u{7f}", "grün"] {
        let refused = split(&[1; 16], passphrase.as_bytes(), &policy, &mut none).unwrap_err();
        assert_eq!(refused, ShareError::Passphrase);
    }
    let mut empty = |_: &mut [u8]| Err(webx_identity::slip39::NoRandomness);
    let refused = split(&[1; 16], b"", &policy, &mut empty).unwrap_err();
    assert_eq!(refused, ShareError::Randomness);
}

#[test]
fn a_new_set_of_the_same_secret_does_not_mix_with_the_old_one() {
    let policy = Policy::of(2, 3).unwrap();
    let mut counter = 0_u8;
    let mut random = |bytes: &mut [u8]| {
        for byte in bytes {
            counter = counter.wrapping_mul(5).wrapping_add(101);
            *byte = counter;
        }
        Ok(())
    };
    let old = split(&[3; 32], b"", &policy, &mut random).unwrap();
    let new = split(&[3; 32], b"", &policy, &mut random).unwrap();
    assert_ne!(old[0].identifier(), new[0].identifier());
    let mixed = [old[0].clone(), new[1].clone()];
    assert_eq!(combine(&mixed, b"").unwrap_err(), ShareError::OtherSet);
}

#[test]
fn the_words_come_back_from_what_is_shared() {
    let words = RecoveryWords::generate(&[0x6e; 32]).unwrap();
    let policy = Policy::of(3, 5).unwrap();
    let mut fill = 1;
    let mut random = |bytes: &mut [u8]| {
        bytes.fill(fill);
        fill += 1;
        Ok(())
    };
    let shares = words.split(&policy, &mut random).unwrap();
    let again = RecoveryWords::from_shares(&shares[1..]).unwrap();
    assert_eq!(*again.words(), *words.words());
    let few = RecoveryWords::from_shares(&shares[3..]).unwrap_err();
    assert_eq!(
        few,
        ShareError::TooFew {
            found: 2,
            needed: 3
        }
    );
    let short = split(&[7; 16], b"", &policy, &mut random).unwrap();
    let other = RecoveryWords::from_shares(&short).unwrap_err();
    assert_eq!(other, ShareError::NotWords { found: 16 });
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn any_threshold_of_the_shares_gives_the_secret_and_one_less_never_does(
        secret in prop_oneof![prop::collection::vec(any::<u8>(), 16), prop::collection::vec(any::<u8>(), 32)],
        (threshold, count) in (2_u8..=16).prop_flat_map(|count| (2..=count, Just(count))),
        order in any::<[u16; 16]>(),
        bytes in prop::collection::vec(any::<u8>(), 2 + 17 * 32),
        extendable in any::<bool>(),
        passphrase in "[ -~]{0,12}",
    ) {
        let mut source = bytes.into_iter().cycle();
        let mut random = |into: &mut [u8]| {
            into.iter_mut().for_each(|byte| *byte = source.next().unwrap());
            Ok(())
        };
        let policy = Policy::of(threshold, count).unwrap();
        let passphrase = passphrase.as_bytes();
        let made = split_with(&secret, passphrase, &policy, 0, extendable, &mut random).unwrap();
        let mut shares: Vec<(u16, Share)> = order.into_iter().zip(made).collect();
        shares.sort_by_key(|(order, _)| *order);
        let shares: Vec<Share> = shares.into_iter().map(|(_, share)| share.text().parse().unwrap()).collect();
        let enough = usize::from(threshold);
        let found = combine(&shares[..enough], passphrase).unwrap();
        prop_assert_eq!(&*found, &secret);
        let refused = combine(&shares[..enough - 1], passphrase).unwrap_err();
        prop_assert_eq!(refused, ShareError::TooFew { found: threshold - 1, needed: threshold });
    }

    #[test]
    fn any_allowed_choice_of_groups_gives_the_secret(
        secret in any::<[u8; 32]>(),
        (needed, groups) in prop::collection::vec((1_u8..=4).prop_flat_map(|n| (if n == 1 {1..=1} else {2..=n}, Just(n))), 1..=5)
            .prop_flat_map(|groups| (1..=groups.len(), Just(groups))),
        bytes in prop::collection::vec(any::<u8>(), 997),
    ) {
        let mut source = bytes.into_iter().cycle();
        let mut random = |into: &mut [u8]| {
            into.iter_mut().for_each(|byte| *byte = source.next().unwrap());
            Ok(())
        };
        let sizes: Vec<Group> = groups.iter().map(|(t, n)| Group::new(*t, *n).unwrap()).collect();
        let policy = Policy::groups(u8::try_from(needed).unwrap(), sizes).unwrap();
        let shares = split_with(&secret, b"", &policy, 0, true, &mut random).unwrap();
        let mut chosen = Vec::new();
        for (group, (threshold, _)) in groups.iter().enumerate().skip(groups.len() - needed) {
            let of: Vec<&Share> = shares.iter().filter(|share| usize::from(share.group()) == group + 1).collect();
            chosen.extend(of.into_iter().rev().take(usize::from(*threshold)).cloned());
        }
        let found = combine(&chosen, b"").unwrap();
        prop_assert_eq!(found.as_slice(), &secret);
    }
}
