//! Deterministic CBOR, read strictly: what does not encode to the very same bytes is refused.

use serde::{Serialize, de::DeserializeOwned};

/// Encodes a value. `None` only if the value has no such encoding, which the types of this crate always have.
pub(crate) fn encode<T: Serialize>(value: &T) -> Option<Vec<u8>> {
    serde_ipld_dagcbor::to_vec(value).ok()
}

/// Decodes at most `limit` bytes; `None` for anything that is not the one canonical encoding.
pub(crate) fn decode<T: Serialize + DeserializeOwned>(bytes: &[u8], limit: usize) -> Option<T> {
    if bytes.len() > limit {
        return None;
    }
    let value: T = serde_ipld_dagcbor::from_slice(bytes).ok()?;
    (encode(&value)? == bytes).then_some(value)
}
