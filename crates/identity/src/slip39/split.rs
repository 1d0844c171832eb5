//! A secret becomes shares.

use aws_lc_rs::hmac;
use zeroize::Zeroizing;

use super::field::{Point, interpolate};
use super::share::{Set, Share};
use super::{LONGEST_SECRET, NoRandomness, Policy, SHORTEST_SECRET, ShareError, cipher};

/// Iteration exponent of shares that are made here: 20,000 iterations, as the reference implementation has it. It delays
/// guesses of a passphrase and nothing else: shares without one need no more.
pub const SHARE_EXPONENT: u8 = 1;

/// Where the secret lies on the polynomial, and where its digest does.
pub(super) const SECRET: u8 = 255;
pub(super) const DIGEST: u8 = 254;
pub(super) const DIGEST_LENGTH: usize = 4;

/// Where random bytes come from.
pub type Random<'a> = &'a mut dyn FnMut(&mut [u8]) -> Result<(), NoRandomness>;

/// Splits a secret by a policy, as an extendable set of [`SHARE_EXPONENT`]. The shares come group by group.
///
/// `random` must be fit for making keys. An empty passphrase is none.
///
/// # Errors
/// [`ShareError::SecretLength`], [`ShareError::Passphrase`], [`ShareError::Randomness`].
pub fn split(
    secret: &[u8],
    passphrase: &[u8],
    policy: &Policy,
    random: Random<'_>,
) -> Result<Vec<Share>, ShareError> {
    split_with(secret, passphrase, policy, SHARE_EXPONENT, true, random)
}

/// As [`split`], with the iteration exponent and the extendable flag chosen.
///
/// # Errors
/// As [`split`], and [`ShareError::Exponent`].
pub fn split_with(
    secret: &[u8],
    passphrase: &[u8],
    policy: &Policy,
    exponent: u8,
    extendable: bool,
    random: Random<'_>,
) -> Result<Vec<Share>, ShareError> {
    let found = secret.len();
    if !(SHORTEST_SECRET..=LONGEST_SECRET).contains(&found) || !found.is_multiple_of(2) {
        return Err(ShareError::SecretLength { found });
    }
    let mut identifier = [0; 2];
    random(&mut identifier)?;
    let set = Set {
        identifier: u16::from_be_bytes(identifier) >> 1,
        extendable,
        exponent,
    };
    let encrypted = cipher::encrypt(secret, passphrase, &set)?;
    let groups = u8::try_from(policy.groups.len()).unwrap_or_default();
    let values = points(policy.threshold, groups, &encrypted, random)?;
    let mut shares = Vec::new();
    for (group, value) in policy.groups.iter().zip(values) {
        for member in points(group.threshold(), group.shares(), &value.y, random)? {
            shares.push(Share {
                set,
                group: value.x,
                group_threshold: policy.threshold,
                groups,
                member: member.x,
                threshold: group.threshold(),
                value: member.y,
            });
        }
    }
    Ok(shares)
}

/// `count` points of polynomials that have `secret` at [`SECRET`], its digest at [`DIGEST`], and are given by `threshold` points.
fn points(
    threshold: u8,
    count: u8,
    secret: &[u8],
    random: Random<'_>,
) -> Result<Vec<Point>, ShareError> {
    let of = |x, y: &[u8]| Point {
        x,
        y: Zeroizing::new(y.to_vec()),
    };
    if threshold == 1 {
        return Ok((0..count).map(|x| of(x, secret)).collect());
    }
    let mut bytes = || {
        let mut bytes = Zeroizing::new(vec![0; secret.len()]);
        random(&mut bytes)?;
        Ok::<_, ShareError>(bytes)
    };
    // The first bytes of the digest's point are the digest, keyed with the rest.
    let mut digest = bytes()?;
    let (head, key) = digest.split_at_mut(DIGEST_LENGTH);
    head.copy_from_slice(&keyed(key, secret));
    let mut base = Vec::with_capacity(usize::from(threshold));
    for x in 0..threshold - 2 {
        base.push(Point { x, y: bytes()? });
    }
    base.push(Point {
        x: DIGEST,
        y: digest,
    });
    base.push(of(SECRET, secret));
    Ok((0..count)
        .map(|x| Point {
            x,
            y: interpolate(&base, x),
        })
        .collect())
}

/// The digest of a secret under a key.
pub(super) fn keyed(key: &[u8], secret: &[u8]) -> [u8; DIGEST_LENGTH] {
    let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), secret);
    let mut digest = [0; DIGEST_LENGTH];
    digest
        .iter_mut()
        .zip(tag.as_ref())
        .for_each(|(to, from)| *to = *from);
    digest
}
