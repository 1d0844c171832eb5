//! Deterministic CBOR, read strictly: what does not encode to the very same bytes is refused.
//!
//! ```
//! let bytes = webx_peers::wire::encode(&("a", 1)).expect("it has an encoding");
//! assert_eq!(webx_peers::wire::decode::<(String, u8)>(&bytes, 16), Some(("a".into(), 1)));
//! assert_eq!(webx_peers::wire::decode::<(String, u8)>(&bytes, 3), None);
//! ```

use serde::{Serialize, de::DeserializeOwned};

/// Encodes a value. `None` only if the value has no such encoding, which the types of this crate always have.
#[must_use]
pub fn encode<T: Serialize>(value: &T) -> Option<Vec<u8>> {
    serde_ipld_dagcbor::to_vec(value).ok()
}

/// Decodes at most `limit` bytes; `None` for anything that is not the one canonical encoding.
pub fn decode<T: Serialize + DeserializeOwned>(bytes: &[u8], limit: usize) -> Option<T> {
    if bytes.len() > limit {
        return None;
    }
    let value: T = serde_ipld_dagcbor::from_slice(bytes).ok()?;
    (encode(&value)? == bytes).then_some(value)
}
