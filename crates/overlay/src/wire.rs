//! Deterministic CBOR with one spelling for each value.

use serde::Serialize;
use serde::de::DeserializeOwned;

/// The bytes are not a message of this protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Malformed {
    /// More bytes than the protocol allows.
    #[error("{0} bytes are more than allowed")]
    TooLong(usize),
    /// No CBOR of the expected shape, or outside its limits.
    #[error("not a valid message")]
    Shape,
    /// Another spelling of a value than the canonical one.
    #[error("not in canonical form")]
    NotCanonical,
    /// A version this node does not speak.
    #[error("version {0} is unknown")]
    Version(u8),
}

/// The canonical bytes of a value of this crate; they always exist, so a failure gives none.
pub(crate) fn encode<T: Serialize>(value: &T) -> Vec<u8> {
    serde_ipld_dagcbor::to_vec(value).unwrap_or_default()
}

/// Reads one value, all of the bytes, in its one spelling.
pub(crate) fn decode<T: Serialize + DeserializeOwned>(
    bytes: &[u8],
    limit: usize,
) -> Result<T, Malformed> {
    if bytes.len() > limit {
        return Err(Malformed::TooLong(bytes.len()));
    }
    let value: T = serde_ipld_dagcbor::from_slice(bytes).map_err(|_| Malformed::Shape)?;
    if encode(&value) != bytes {
        return Err(Malformed::NotCanonical);
    }
    Ok(value)
}
