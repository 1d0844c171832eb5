//! Shares become a secret.

use std::collections::{BTreeMap, BTreeSet};

use aws_lc_rs::constant_time;
use zeroize::Zeroizing;

use super::field::{Point, interpolate};
use super::share::Share;
use super::split::{DIGEST, DIGEST_LENGTH, SECRET, keyed};
use super::{ShareError, cipher};

/// Puts exactly as many shares together as are needed.
///
/// Whether the passphrase was right cannot be seen: another one gives another secret.
///
/// # Errors
/// Everything that is wrong with the shares together, each by its own [`ShareError`].
pub fn combine(shares: &[Share], passphrase: &[u8]) -> Result<Zeroizing<Vec<u8>>, ShareError> {
    let first = shares.first().ok_or(ShareError::Nothing)?;
    let groups = sorted(shares)?;
    let found = count(groups.len());
    let needed = first.group_threshold;
    if found < needed {
        return Err(ShareError::TooFewGroups { found, needed });
    }
    if found > needed {
        return Err(ShareError::TooManyGroups { found, needed });
    }
    for group in groups.values() {
        let (found, needed) = (count(group.len()), threshold(group));
        if found < needed {
            return Err(ShareError::TooFew { found, needed });
        }
        if found > needed {
            return Err(ShareError::TooMany { found, needed });
        }
    }
    let encrypted = encrypted(&groups, needed)?;
    cipher::decrypt(&encrypted, passphrase, &first.set)
}

/// Puts shares together of which there may be more than are needed, and of which some may be forged: the first combination whose
/// digest is right counts. For sets of one group.
///
/// Also says which shares agreed, by their place in `shares`. At most 12,870 combinations are tried (8 of 16).
///
/// # Errors
/// As [`combine`]; [`ShareError::Digest`] when no combination fits.
pub fn combine_any(
    shares: &[Share],
    passphrase: &[u8],
) -> Result<(Zeroizing<Vec<u8>>, Vec<usize>), ShareError> {
    let first = shares.first().ok_or(ShareError::Nothing)?;
    let groups = sorted(shares)?;
    if first.groups != 1 {
        return combine(shares, passphrase).map(|secret| (secret, (0..shares.len()).collect()));
    }
    let needed = usize::from(first.threshold);
    let found = count(shares.len());
    if shares.len() < needed {
        return Err(ShareError::TooFew {
            found,
            needed: first.threshold,
        });
    }
    drop(groups);
    let mut chosen: Vec<usize> = (0..needed).collect();
    loop {
        let picked: Vec<Share> = chosen
            .iter()
            .filter_map(|place| shares.get(*place).cloned())
            .collect();
        match combine(&picked, passphrase) {
            Err(ShareError::Digest) => {}
            other => return other.map(|secret| (secret, chosen)),
        }
        if !advance(&mut chosen, shares.len()) {
            return Err(ShareError::Digest);
        }
    }
}

/// The next combination in order; false after the last.
fn advance(chosen: &mut [usize], of: usize) -> bool {
    let length = chosen.len();
    let movable = chosen
        .iter()
        .enumerate()
        .rposition(|(index, place)| place + (length - index) < of);
    let Some(start) = movable else {
        return false;
    };
    let from = chosen.get(start).copied().unwrap_or_default() + 1;
    for (step, place) in chosen.iter_mut().skip(start).enumerate() {
        *place = from + step;
    }
    true
}

type Groups<'a> = BTreeMap<u8, Vec<&'a Share>>;

/// The shares by their groups, when they can belong together.
fn sorted(shares: &[Share]) -> Result<Groups<'_>, ShareError> {
    let first = shares.first().ok_or(ShareError::Nothing)?;
    let mut groups = Groups::new();
    let mut seen = BTreeSet::new();
    for share in shares {
        if share.set != first.set {
            return Err(ShareError::OtherSet);
        }
        if (share.groups, share.group_threshold) != (first.groups, first.group_threshold) {
            return Err(ShareError::OtherGroups);
        }
        if share.value.len() != first.value.len() {
            return Err(ShareError::OtherLength);
        }
        if !seen.insert((share.group, share.member)) {
            return Err(ShareError::Repeated {
                group: share.group(),
                member: share.member(),
            });
        }
        let group = groups.entry(share.group).or_default();
        group.push(share);
        if threshold(group) != share.threshold {
            return Err(ShareError::OtherThreshold);
        }
    }
    Ok(groups)
}

fn threshold(group: &[&Share]) -> u8 {
    group.first().map_or(0, |share| share.threshold)
}

fn encrypted(groups: &Groups<'_>, needed: u8) -> Result<Zeroizing<Vec<u8>>, ShareError> {
    let mut values = Vec::with_capacity(groups.len());
    for (group, members) in groups {
        let points: Vec<Point> = members
            .iter()
            .map(|share| Point {
                x: share.member,
                y: share.value.clone(),
            })
            .collect();
        values.push(Point {
            x: *group,
            y: recover(threshold(members), &points)?,
        });
    }
    recover(needed, &values)
}

fn recover(threshold: u8, points: &[Point]) -> Result<Zeroizing<Vec<u8>>, ShareError> {
    if threshold == 1 {
        let only = points.first().ok_or(ShareError::Nothing)?;
        return Ok(only.y.clone());
    }
    let secret = interpolate(points, SECRET);
    let digest = interpolate(points, DIGEST);
    let (head, key) = digest
        .split_at_checked(DIGEST_LENGTH)
        .ok_or(ShareError::Digest)?;
    constant_time::verify_slices_are_equal(head, &keyed(key, &secret))
        .map_err(|_| ShareError::Digest)?;
    Ok(secret)
}

fn count(length: usize) -> u8 {
    u8::try_from(length).unwrap_or(u8::MAX)
}
