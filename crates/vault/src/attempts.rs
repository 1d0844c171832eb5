//! Failed unlock attempts, kept beside the header so that a restart does not forgive them.
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

use crate::disk::{self, Disk};

pub(crate) const FILE: &str = "attempts.cbor";
const MAX_BYTES: usize = 256;
/// Longest delay: a forgetful owner waits minutes, never days.
const LONGEST: Duration = Duration::from_secs(300);
/// What a damaged counter counts as: not a fresh start, and no lock-out either.
const AFTER_DAMAGE: u32 = 5;

/// Failures since the last success.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Attempts {
    failures: u32,
    /// Milliseconds since 1970 of the last failure.
    last: u64,
}

impl Attempts {
    /// Reads the counter. A damaged one counts as some failures just now.
    pub(crate) fn load(disk: &dyn Disk, dir: &Path, now: SystemTime) -> Self {
        match disk::read_small(disk, &dir.join(FILE), MAX_BYTES) {
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => Self::default(),
            Ok(bytes) => match serde_ipld_dagcbor::from_slice::<Self>(&bytes) {
                // A clock that was set back must not stretch the wait: it starts anew from now, and that is kept.
                Ok(read) if read.last > millis(now) => {
                    let restarted = Self {
                        last: millis(now),
                        ..read
                    };
                    restarted.store(disk, dir);
                    restarted
                }
                Ok(read) => read,
                Err(_) => Self::suspicious(disk, dir, now),
            },
            Err(_) => Self::suspicious(disk, dir, now),
        }
    }

    fn suspicious(disk: &dyn Disk, dir: &Path, now: SystemTime) -> Self {
        let attempts = Self {
            failures: AFTER_DAMAGE,
            last: millis(now),
        };
        attempts.store(disk, dir);
        attempts
    }

    /// Time until the next attempt is allowed.
    pub(crate) fn wait(&self, now: SystemTime) -> Duration {
        let delay = delay(self.failures);
        let since = Duration::from_millis(millis(now).saturating_sub(self.last));
        delay.saturating_sub(since)
    }

    /// Counts a failure at `now`.
    pub(crate) fn failed(&mut self, now: SystemTime) {
        self.failures = self.failures.saturating_add(1);
        self.last = millis(now);
    }

    /// Moves the last failure to `now` without counting another one.
    pub(crate) fn touch(&mut self, now: SystemTime) {
        self.last = millis(now);
    }

    /// The whole delay after the last failure.
    pub(crate) fn delay(&self) -> Duration {
        delay(self.failures)
    }

    /// Written before the secret is tried, so that killing the process in between forgives nothing. A disk that is
    /// full or read-only must not keep the owner out, so a failure to write is only logged.
    pub(crate) fn store(&self, disk: &dyn Disk, dir: &Path) {
        let written = if self.failures == 0 {
            match disk.remove(&dir.join(FILE)) {
                Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(()),
                other => other,
            }
        } else {
            match serde_ipld_dagcbor::to_vec(self) {
                Ok(bytes) => disk::replace(disk, &dir.join(FILE), &bytes),
                Err(_) => Ok(()),
            }
        };
        if let Err(e) = written {
            tracing::warn!(error = %e, "the counter of unlock attempts could not be written");
        }
    }
}

/// 1, 2, 4, … seconds, at most five minutes.
fn delay(failures: u32) -> Duration {
    match failures {
        0 => Duration::ZERO,
        n => Duration::from_secs(1 << (n - 1).min(16)).min(LONGEST),
    }
}

fn millis(time: SystemTime) -> u64 {
    time.duration_since(UNIX_EPOCH)
        .map_or(0, |d| u64::try_from(d.as_millis()).unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::disk::SystemDisk;

    fn at(seconds: u64) -> SystemTime {
        UNIX_EPOCH + Duration::from_secs(seconds)
    }

    #[test]
    fn the_delay_grows_with_each_failure_and_ends_at_five_minutes() {
        let mut attempts = Attempts::default();
        let mut delays = Vec::new();
        for _ in 0..40 {
            attempts.failed(at(1000));
            delays.push(attempts.wait(at(1000)).as_secs());
        }
        assert_eq!(delays[..10], [1, 2, 4, 8, 16, 32, 64, 128, 256, 300]);
        assert_eq!(delays[39], 300);
    }

    #[test]
    fn a_clock_set_back_does_not_stretch_the_wait() {
        let dir = tempfile::tempdir().unwrap();
        let mut attempts = Attempts::default();
        attempts.failed(at(1_000_000));
        attempts.store(&SystemDisk, dir.path());
        assert_eq!(
            Attempts::load(&SystemDisk, dir.path(), at(10)).wait(at(10)),
            Duration::from_secs(1)
        );
        assert_eq!(
            Attempts::load(&SystemDisk, dir.path(), at(11)).wait(at(11)),
            Duration::ZERO
        );
    }

    #[test]
    fn a_damaged_counter_delays_once_and_then_lets_the_owner_in() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join(FILE), b"\xff rubbish").unwrap();
        assert_eq!(
            Attempts::load(&SystemDisk, dir.path(), at(100)).wait(at(100)),
            Duration::from_secs(16)
        );
        assert_eq!(
            Attempts::load(&SystemDisk, dir.path(), at(117)).wait(at(117)),
            Duration::ZERO
        );
    }
}
