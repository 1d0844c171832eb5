//! The encryption of the secret: four rounds of Feistel with PBKDF2-HMAC-SHA256.

use std::num::NonZeroU32;

use aws_lc_rs::pbkdf2;
use zeroize::Zeroizing;

use super::ShareError;
use super::share::Set;

/// Iterations of one round at exponent 0: a quarter of the 10,000 of all four.
const ROUND: u32 = 2500;
const SALT: &[u8] = b"shamir";

pub(super) fn encrypt(
    secret: &[u8],
    passphrase: &[u8],
    set: &Set,
) -> Result<Zeroizing<Vec<u8>>, ShareError> {
    feistel(secret, passphrase, set, [0, 1, 2, 3])
}

pub(super) fn decrypt(
    encrypted: &[u8],
    passphrase: &[u8],
    set: &Set,
) -> Result<Zeroizing<Vec<u8>>, ShareError> {
    feistel(encrypted, passphrase, set, [3, 2, 1, 0])
}

fn feistel(
    input: &[u8],
    passphrase: &[u8],
    set: &Set,
    rounds: [u8; 4],
) -> Result<Zeroizing<Vec<u8>>, ShareError> {
    if !passphrase.iter().all(|byte| (32..=126).contains(byte)) {
        return Err(ShareError::Passphrase);
    }
    if set.exponent > super::HIGHEST_EXPONENT {
        return Err(ShareError::Exponent {
            exponent: set.exponent,
        });
    }
    let iterations = NonZeroU32::new(ROUND << set.exponent).unwrap_or(NonZeroU32::MIN);
    let (left, right) = input.split_at(input.len() / 2);
    let mut left = Zeroizing::new(left.to_vec());
    let mut right = Zeroizing::new(right.to_vec());
    for round in rounds {
        let mut password = Zeroizing::new(Vec::with_capacity(passphrase.len() + 1));
        password.push(round);
        password.extend_from_slice(passphrase);
        let mut salt = Zeroizing::new(Vec::with_capacity(right.len() + SALT.len() + 2));
        if !set.extendable {
            salt.extend_from_slice(SALT);
            salt.extend_from_slice(&set.identifier.to_be_bytes());
        }
        salt.extend_from_slice(&right);
        let mut mask = Zeroizing::new(vec![0; left.len()]);
        pbkdf2::derive(
            pbkdf2::PBKDF2_HMAC_SHA256,
            iterations,
            &salt,
            &password,
            &mut mask,
        );
        for (byte, mask) in left.iter_mut().zip(mask.iter()) {
            *byte ^= mask;
        }
        std::mem::swap(&mut left, &mut right);
    }
    let mut output = Zeroizing::new(Vec::with_capacity(input.len()));
    output.extend_from_slice(&right);
    output.extend_from_slice(&left);
    Ok(output)
}
