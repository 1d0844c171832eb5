//! The time of this machine, for the crates that take it as an argument.

use std::time::{SystemTime, UNIX_EPOCH};

use time::OffsetDateTime;

/// Now.
pub(crate) fn now() -> OffsetDateTime {
    OffsetDateTime::now_utc()
}

/// Milliseconds since 1970.
pub(crate) fn millis() -> u128 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| since.as_millis())
}
