//! Shares of a secret that people can write down (SLIP-0039).
//!
//! A secret is encrypted, split among groups and in each group among members, and each share becomes 20 words (128 bits) or
//! 33 words (256 bits) that carry what is needed to put them together again: which set they are of, how many are needed, and a
//! checksum that notices up to three wrong words. Fewer shares than the threshold say nothing about the secret.
//!
//! ```
//! use webx_identity::slip39::{self, Policy};
//!
//! # fn main() -> Result<(), slip39::ShareError> {
//! # let mut random = |bytes: &mut [u8]| { bytes.fill(7); Ok(()) };
//! let secret = [0x5a; 32];
//! let shares = slip39::split(&secret, b"", &Policy::of(3, 5)?, &mut random)?;
//! assert_eq!(shares[0].text().split(' ').count(), 33);
//! assert_eq!(*slip39::combine(&shares[1..4], b"")?, secret);
//! assert!(slip39::combine(&shares[..2], b"").is_err());
//! # Ok(())
//! # }
//! ```
//!
//! Source: <https://github.com/satoshilabs/slips/blob/master/slip-0039.md>. The word list and the vectors that the tests use are
//! those of `trezor/python-shamir-mnemonic` (MIT). Secrets pass through arithmetic that takes the same time for every value;
//! looking words up does not.

mod cipher;
mod combine;
mod error;
mod field;
mod policy;
mod share;
mod split;
#[cfg(test)]
mod tests;
mod wordlist;

pub use combine::{combine, combine_any};
pub use error::{NoRandomness, ShareError};
pub use policy::{Group, Policy};
pub use share::Share;
pub use split::{Random, SHARE_EXPONENT, split, split_with};

/// Most members of a group, and most groups.
pub const MOST_SHARES: u8 = 16;
/// Shortest secret, in bytes.
pub const SHORTEST_SECRET: usize = 16;
/// Longest secret that is split or put together here, in bytes. The specification sets no limit.
pub const LONGEST_SECRET: usize = 64;
/// Highest iteration exponent that is accepted, 2,560,000 iterations: a share of a stranger must not keep a machine busy.
/// The specification allows 15.
pub const HIGHEST_EXPONENT: u8 = 8;
