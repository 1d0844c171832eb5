use std::{fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use uuid::Uuid;

/// Names a saga for good: a UUIDv7.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SagaId([u8; 16]);

/// A text that is no id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not an id: {0:?}")]
pub struct BadId(String);

impl SagaId {
    /// A new id: 48 bits of time in milliseconds, the rest from `random`.
    #[must_use]
    pub fn new(unix_millis: u64, random: [u8; 10]) -> SagaId {
        SagaId(
            *uuid::Builder::from_unix_timestamp_millis(unix_millis, &random)
                .as_uuid()
                .as_bytes(),
        )
    }

    /// The 16 bytes of the UUID.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }

    /// The id with these bytes.
    #[must_use]
    pub fn from_bytes(bytes: [u8; 16]) -> SagaId {
        SagaId(bytes)
    }
}

impl fmt::Display for SagaId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Uuid::from_bytes(self.0).hyphenated().fmt(f)
    }
}

impl fmt::Debug for SagaId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SagaId({self})")
    }
}

impl FromStr for SagaId {
    type Err = BadId;

    fn from_str(text: &str) -> Result<SagaId, BadId> {
        match Uuid::try_parse(text) {
            Ok(uuid) if text.len() == 36 => Ok(SagaId(uuid.into_bytes())),
            _ => Err(BadId(text.chars().take(64).collect())),
        }
    }
}

impl Serialize for SagaId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for SagaId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<SagaId, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(serde::de::Error::custom)
    }
}
