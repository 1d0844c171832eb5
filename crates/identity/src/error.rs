//! What can go wrong with words, keys, DIDs and logs.

/// Why words, a DID or a DID log were refused.
///
/// No variant carries secret material: a wrong word is named by its place, never by its letters.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The kit has exactly 24 words.
    #[error("a recovery kit has 24 words, these are {found}")]
    WordCount {
        /// How many words were given.
        found: usize,
    },
    /// A word is not in the English BIP-39 list.
    #[error("word {position} is not a recovery word; check its spelling")]
    UnknownWord {
        /// Which word, counted from 1.
        position: usize,
    },
    /// Every word is in the list, but together they fail the checksum.
    #[error("these words do not belong together; check their order and each word")]
    WordChecksum,
    /// The text is no DID of a supported method.
    #[error("not a DID this node understands: {reason}")]
    Did {
        /// What is wrong with it.
        reason: &'static str,
    },
    /// The log was refused before its signatures were looked at.
    #[error("DID log entry {entry}: {reason}")]
    Shape {
        /// Which entry, counted from 1; 0 is the log as a whole.
        entry: usize,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// The hash chain, a signature, a witness or a parameter rule of did:webvh failed.
    #[error("DID log does not verify: {reason}")]
    Verification {
        /// What the verifier said.
        reason: String,
    },
    /// The log is sound, but it is the log of another DID.
    #[error("this log belongs to another DID")]
    OtherDid,
    /// No verified entry answers to the version or the time that was asked for.
    #[error("the log has no such version")]
    NoSuchVersion,
    /// Two entries of a log cannot carry the same second.
    #[error("the last entry of the log is not older than this one; check the clock and try again")]
    ClockBehind,
    /// The words do not control this log.
    #[error("these words do not hold the update key of this DID")]
    NotTheController,
    /// The cryptographic library refused an operation that cannot fail on valid input.
    #[error("cryptographic operation failed: {0}")]
    Crypto(&'static str),
}

impl Error {
    /// What the log verifier refused.
    #[expect(clippy::needless_pass_by_value, reason = "shaped for map_err")]
    pub(crate) fn unverified(error: didwebvh_rs::DIDWebVHError) -> Self {
        Self::Verification {
            reason: error.to_string(),
        }
    }
}
