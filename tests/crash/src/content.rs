//! Content that can be told from its name: a tag and a length give the bytes.

use std::io::Read;

use serde::{Deserialize, Serialize};

/// What a version of a file holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Content {
    /// Chooses the bytes.
    pub tag: u64,
    /// How many there are.
    pub len: u64,
}

impl Content {
    /// Nothing is the same whatever its tag, so it has none.
    #[must_use]
    pub fn new(tag: u64, len: u64) -> Self {
        Self {
            tag: if len == 0 { 0 } else { tag },
            len,
        }
    }

    /// The bytes, as a stream.
    #[must_use]
    pub fn reader(self) -> impl Read {
        let mut hasher = blake3::Hasher::new();
        hasher.update(&self.tag.to_le_bytes());
        hasher.finalize_xof().take(self.len)
    }

    /// A hash of length and bytes.
    ///
    /// # Errors
    /// Never; reading from memory cannot fail.
    pub fn digest(self) -> std::io::Result<blake3::Hash> {
        digest(self.reader())
    }
}

/// A hash of everything a stream gives.
///
/// # Errors
/// Those of the stream.
pub fn digest(mut from: impl Read) -> std::io::Result<blake3::Hash> {
    let mut hasher = blake3::Hasher::new();
    let mut buffer = vec![0; 256 * 1024];
    loop {
        let n = from.read(&mut buffer)?;
        if n == 0 {
            return Ok(hasher.finalize());
        }
        hasher.update(&buffer[..n]);
    }
}
