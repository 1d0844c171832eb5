//! Why shares were refused.

/// Why a secret was not split, or shares were not put together. Never carries a word or a byte of a secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ShareError {
    /// No share has so many words.
    #[error(
        "a share has 20 or 33 words (or a number in between or above that fits), this one has {found}"
    )]
    WordCount {
        /// How many words there are.
        found: usize,
    },
    /// A word is not in the list.
    #[error("word {position} is not a word of a share; check its spelling")]
    UnknownWord {
        /// Which word, counted from 1.
        position: usize,
    },
    /// Every word is in the list, but together they fail the checksum.
    #[error("a word of this share is wrong or in the wrong place")]
    Checksum,
    /// Bits that must be zero are not.
    #[error("this share is malformed: its padding is not zero")]
    Padding,
    /// More groups are needed than there are.
    #[error("this share is malformed: it asks for {needed} groups of {groups}")]
    GroupCount {
        /// How many it says are needed.
        needed: u8,
        /// How many it says there are.
        groups: u8,
    },
    /// The share asks for more work than is done for anybody.
    #[error("this share asks for 10000 × 2^{exponent} iterations, more than is done here")]
    Exponent {
        /// Its iteration exponent.
        exponent: u8,
    },
    /// Nothing was given.
    #[error("no share was given")]
    Nothing,
    /// The shares were made at different times or for different secrets.
    #[error("these shares do not belong together: they are of different sets")]
    OtherSet,
    /// The shares disagree on groups.
    #[error("these shares do not belong together: they disagree on the number of groups")]
    OtherGroups,
    /// The shares are of secrets of different lengths.
    #[error("these shares do not belong together: they are of different lengths")]
    OtherLength,
    /// The shares of one group disagree on how many are needed.
    #[error("these shares do not belong together: they disagree on how many are needed")]
    OtherThreshold,
    /// A share is there twice.
    #[error("the same share is there twice (share {member} of group {group})")]
    Repeated {
        /// Which group, counted from 1.
        group: u8,
        /// Which share of it, counted from 1.
        member: u8,
    },
    /// A group has fewer shares than it needs.
    #[error("{found} of {needed} shares are there; {needed} are needed")]
    TooFew {
        /// How many are there.
        found: u8,
        /// How many are needed.
        needed: u8,
    },
    /// A group has more shares than it needs.
    #[error("{found} shares are there where {needed} are needed; leave some out")]
    TooMany {
        /// How many are there.
        found: u8,
        /// How many are needed.
        needed: u8,
    },
    /// Shares of too few groups.
    #[error("shares of {found} groups are there; {needed} are needed")]
    TooFewGroups {
        /// Of how many groups there are shares.
        found: u8,
        /// Of how many there must be.
        needed: u8,
    },
    /// Shares of too many groups.
    #[error("shares of {found} groups are there where {needed} are needed; leave some out")]
    TooManyGroups {
        /// Of how many groups there are shares.
        found: u8,
        /// Of how many there must be.
        needed: u8,
    },
    /// Each share is sound, but one of them is not of this secret.
    #[error(
        "these shares do not give the secret: at least one of them is forged or of another set"
    )]
    Digest,
    /// The passphrase has characters that not every system writes alike.
    #[error("a passphrase of shares is printable ASCII")]
    Passphrase,
    /// The secret cannot be split.
    #[error("a secret has 16 to 64 bytes, an even number; this one has {found}")]
    SecretLength {
        /// Its length in bytes.
        found: usize,
    },
    /// So many of so many cannot be asked for.
    #[error(
        "{threshold} of {shares} cannot be: 1 to 16 shares, no more needed than there are, and a single one where one is enough"
    )]
    Policy {
        /// How many are to be needed.
        threshold: u8,
        /// How many there are to be.
        shares: u8,
    },
    /// The shares give a secret that is not that of 24 words.
    #[error("these shares give a secret of {found} bytes; 24 words have 32")]
    NotWords {
        /// Its length in bytes.
        found: usize,
    },
    /// The system gave no random bytes.
    #[error("the system gives no randomness")]
    Randomness,
}

/// What a source of randomness says that has none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NoRandomness;

impl From<NoRandomness> for ShareError {
    fn from(_: NoRandomness) -> Self {
        Self::Randomness
    }
}
