/// What can be wrong with sealed bytes, or with what is to be sealed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The bytes do not open: damaged, cut, or sealed under another key.
    #[error("the sealed {0} does not open: it is damaged or belongs to another key")]
    Unopened(&'static str),
    /// The bytes opened but are not what the format allows.
    #[error("malformed {what}: {why}")]
    Malformed {
        /// The structure that was read.
        what: &'static str,
        /// The rule that it breaks.
        why: &'static str,
    },
    /// More bytes or entries than the format allows.
    #[error("{what} has {len}, more than the {max} allowed")]
    TooLarge {
        /// What is too large.
        what: &'static str,
        /// Its size, in bytes or entries.
        len: u64,
        /// The limit.
        max: u64,
    },
    /// The cryptographic library refused, which it does only when the machine is out of memory.
    #[error("the cryptographic library failed")]
    Crypto,
}

impl Error {
    pub(crate) fn malformed(what: &'static str, why: &'static str) -> Error {
        Error::Malformed { what, why }
    }
}
