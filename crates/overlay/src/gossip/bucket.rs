//! A token bucket: how much of something a peer may do.

use crate::machine::Time;

#[derive(Debug, Clone, Copy)]
pub(crate) struct Bucket {
    tokens: f64,
    burst: f64,
    each_second: f64,
    at: Time,
}

impl Bucket {
    pub(crate) const fn new(burst: f64, each_second: f64) -> Self {
        Self {
            tokens: burst,
            burst,
            each_second,
            at: Time(0),
        }
    }

    /// Takes `amount` if it is there.
    pub(crate) fn take(&mut self, now: Time, amount: f64) -> bool {
        let seconds = now.0.saturating_sub(self.at.0) as f64 / 1e6;
        self.tokens = (self.tokens + seconds * self.each_second).min(self.burst);
        self.at = self.at.max(now);
        let enough = self.tokens >= amount;
        if enough {
            self.tokens -= amount;
        }
        enough
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_taken_comes_back_with_time_and_never_beyond_the_burst() {
        let mut bucket = Bucket::new(2.0, 1.0);
        assert!(bucket.take(Time(0), 2.0));
        assert!(!bucket.take(Time(500_000), 1.0));
        assert!(bucket.take(Time(1_000_000), 1.0));
        assert!(bucket.take(Time(100_000_000), 2.0));
        assert!(!bucket.take(Time(100_000_000), 0.5));
        // A clock that steps back gives nothing.
        assert!(!bucket.take(Time(0), 0.5));
    }
}
