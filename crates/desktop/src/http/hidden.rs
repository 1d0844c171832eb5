//! Secrets in JSON: wiped from memory when they are dropped, never printed.

use std::ops::Deref;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use zeroize::Zeroizing;

/// A secret text.
pub(crate) struct Hidden(pub(crate) Zeroizing<String>);

impl Deref for Hidden {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl<'de> Deserialize<'de> for Hidden {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(|text| Self(Zeroizing::new(text)))
    }
}

impl Serialize for Hidden {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self)
    }
}

/// Writes secret texts as a list.
pub(crate) fn list<S: Serializer>(
    words: &Zeroizing<Vec<String>>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    words.as_slice().serialize(serializer)
}
