//! What only the inside of a share can show.
#![allow(clippy::unwrap_used)]

use super::field::{Point, interpolate};
use super::{Policy, Share, ShareError, combine, combine_any, split, split_with};

fn shares(threshold: u8, count: u8, seed: u8) -> Vec<Share> {
    let mut state = seed;
    let mut random = |bytes: &mut [u8]| {
        for byte in bytes {
            state = state.wrapping_mul(141).wrapping_add(17);
            *byte = state ^ 0x5c;
        }
        Ok(())
    };
    let policy = Policy::of(threshold, count).unwrap();
    split(&[seed; 32], b"", &policy, &mut random).unwrap()
}

#[test]
fn shares_that_claim_a_lower_threshold_give_nothing() {
    let mut few = shares(3, 5, 9);
    few.truncate(2);
    for share in &mut few {
        share.threshold = 2;
        // The checksum is made anew: the claim is well-formed.
        assert_eq!(share.text().parse::<Share>().unwrap().threshold(), 2);
    }
    assert_eq!(combine(&few, b"").unwrap_err(), ShareError::Digest);
}

#[test]
fn below_the_threshold_every_secret_is_as_likely() {
    // To any two shares of three there is, for each of the 256 values of a byte, one third share that gives it.
    let shares = shares(3, 5, 3);
    let mut seen = std::collections::BTreeSet::new();
    for guess in 0..=255_u8 {
        let mut points: Vec<Point> = shares[..2]
            .iter()
            .map(|share| Point {
                x: share.member,
                y: share.value.clone(),
            })
            .collect();
        points.push(Point {
            x: 4,
            y: vec![guess; 32].into(),
        });
        seen.insert(interpolate(&points, 255)[0]);
    }
    assert_eq!(seen.len(), 256);
}

#[test]
fn one_forged_share_among_more_than_enough_is_found_out() {
    let mut five = shares(3, 5, 77);
    five[1].value[7] ^= 1;
    assert_eq!(combine(&five[..3], b"").unwrap_err(), ShareError::Digest);
    let (secret, agreed) = combine_any(&five, b"").unwrap();
    assert_eq!(*secret, [77; 32]);
    assert_eq!(agreed, [0, 2, 3]);
    assert_eq!(
        combine_any(&five[..3], b"").unwrap_err(),
        ShareError::Digest
    );
    let too_few = combine_any(&five[3..], b"").unwrap_err();
    assert_eq!(
        too_few,
        ShareError::TooFew {
            found: 2,
            needed: 3
        }
    );
}

#[test]
fn every_field_survives_being_written_and_read() {
    let set = shares(16, 16, 1);
    for share in &set {
        let again: Share = share.text().parse().unwrap();
        assert_eq!(again.set, share.set);
        assert_eq!(
            (again.group, again.groups, again.group_threshold),
            (0, 1, 1)
        );
        assert_eq!((again.member, again.threshold), (share.member, 16));
        assert_eq!(*again.value, *share.value);
    }
    assert_eq!(*combine(&set, b"").unwrap(), [1; 32]);
}

#[test]
fn a_share_that_asks_for_too_much_work_is_refused_when_read() {
    let mut share = shares(2, 2, 5).remove(0);
    share.set.exponent = 9;
    let refused = share.text().parse::<Share>().unwrap_err();
    assert_eq!(refused, ShareError::Exponent { exponent: 9 });
    let policy = Policy::of(2, 2).unwrap();
    let made = split_with(&[1; 16], b"", &policy, 9, true, &mut |_| Ok(()));
    assert_eq!(made.unwrap_err(), ShareError::Exponent { exponent: 9 });
}

#[test]
fn a_share_prints_nothing_of_its_value() {
    let share = shares(2, 3, 0xab).remove(1);
    let identifier = share.identifier();
    assert_eq!(
        format!("{share:?}"),
        format!("Share {{ identifier: {identifier}, group: 1, member: 2, threshold: 2, .. }}")
    );
}
