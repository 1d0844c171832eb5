//! Limits on what peers may send and on what this node spends on upkeep.

use std::collections::HashMap;

use crate::id::NodeId;
use crate::machine::Time;
use crate::protocol::Protocol;

const SECOND: f64 = 1e6;
/// What a new connection costs on the wire (handshakes with post-quantum keys), in bytes.
pub(crate) const CONNECTION: u64 = 6 * 1024;
/// What a message costs beside its bytes: packet headers and acknowledgements.
pub(crate) const MESSAGE: u64 = 60;

/// What keeps a silent connection open for a day, in and out: a keep-alive and its acknowledgement at each pace.
pub(crate) const OPEN_DAY: u64 = 86_400 / crate::transport::KEEP_ALIVE.as_secs() * 2 * MESSAGE;

/// Fills at a steady rate up to a brim; what is taken must be in it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bucket {
    level: f64,
    at: Time,
}

impl Bucket {
    pub(crate) const fn full(brim: f64, now: Time) -> Self {
        Self {
            level: brim,
            at: now,
        }
    }

    fn fill(&mut self, now: Time, rate: f64, brim: f64) {
        let passed = now.0.saturating_sub(self.at.0) as f64 / SECOND;
        self.level = (self.level + passed * rate).min(brim);
        self.at = self.at.max(now);
    }

    /// Takes an amount if it is there; `rate` is per second.
    pub(crate) fn take(&mut self, now: Time, amount: f64, rate: f64, brim: f64) -> bool {
        self.fill(now, rate, brim);
        let enough = self.level >= amount;
        if enough {
            self.level -= amount;
        }
        enough
    }
}

/// Messages and bytes a second, and how many seconds may come at once.
const fn allowed(protocol: Protocol) -> (f64, f64, f64) {
    match protocol {
        Protocol::Control => (4.0, 8.0 * 1024.0, 15.0),
        Protocol::Table => (20.0, 64.0 * 1024.0, 10.0),
        Protocol::Gossip => (100.0, 1024.0 * 1024.0, 4.0),
    }
}

const MOST: usize = 2048;

/// What each peer may still send over each protocol.
#[derive(Debug, Default)]
pub(crate) struct Rates(HashMap<(NodeId, Protocol), (Bucket, Bucket)>);

impl Rates {
    /// Whether a message of that many bytes is within the peer's limits.
    pub(crate) fn allow(
        &mut self,
        now: Time,
        peer: NodeId,
        protocol: Protocol,
        bytes: usize,
    ) -> bool {
        let (messages, rate, seconds) = allowed(protocol);
        if self.0.len() >= MOST && !self.0.contains_key(&(peer, protocol)) {
            // After half a minute of silence every bucket is full again, so nothing is forgiven by forgetting.
            self.0
                .retain(|_, (bucket, _)| now.0.saturating_sub(bucket.at.0) < 30_000_000);
            if self.0.len() >= MOST {
                return false;
            }
        }
        let (count, volume) = self.0.entry((peer, protocol)).or_insert((
            Bucket::full(messages * seconds, now),
            Bucket::full(rate * seconds, now),
        ));
        let count = count.take(now, 1.0, messages, messages * seconds);
        volume.take(now, bytes as f64, rate, rate * seconds) && count
    }
}

const HOUR: u64 = 3600 * 1_000_000;
/// A new node may spend this many seconds' worth at once, to find its place.
const BURST: f64 = 6.0 * 3600.0;

/// What all control traffic together may cost a day.
#[derive(Debug)]
pub(crate) struct Budget {
    per_day: u64,
    bucket: Bucket,
    hours: [u64; 24],
    hour: u64,
}

impl Budget {
    pub(crate) fn new(per_day: u64) -> Self {
        let rate = per_day as f64 / 86_400.0;
        Self {
            per_day,
            bucket: Bucket::full(rate * BURST, Time(0)),
            hours: [0; 24],
            hour: 0,
        }
    }

    pub(crate) fn set(&mut self, per_day: u64) {
        self.per_day = per_day;
    }

    fn rate(&self) -> f64 {
        self.per_day as f64 / 86_400.0
    }

    /// Counts what was sent or came. May go below zero: answers to others are not refused, upkeep waits for them.
    pub(crate) fn spend(&mut self, now: Time, bytes: u64) {
        self.turn(now);
        let slot = self.hour % 24;
        if let Some(sum) = self.hours.get_mut(usize::try_from(slot).unwrap_or(0)) {
            *sum += bytes;
        }
        let (rate, brim) = (self.rate(), self.rate() * BURST);
        self.bucket.fill(now, rate, brim);
        self.bucket.level = (self.bucket.level - bytes as f64).max(-brim);
    }

    /// How many times longer upkeep waits than it would: 1 while there is plenty, 8 when all is spent.
    pub(crate) fn slowdown(&mut self, now: Time) -> f64 {
        let (rate, brim) = (self.rate(), self.rate() * BURST);
        self.bucket.fill(now, rate, brim);
        let left = (self.bucket.level / brim.max(1.0)).clamp(0.0, 1.0);
        if left > 0.5 { 1.0 } else { 8.0 - 14.0 * left }
    }

    /// Whether upkeep that is not urgent may go on.
    pub(crate) fn spent(&self) -> bool {
        self.bucket.level <= 0.0
    }

    /// Bytes of the last 24 hours.
    pub(crate) fn day(&self, now: Time) -> u64 {
        let passed = (now.0 / HOUR).saturating_sub(self.hour);
        if passed >= 24 {
            return 0;
        }
        let gone = |slot: u64| (1..=passed).any(|step| (self.hour + step) % 24 == slot);
        (0_u64..)
            .zip(self.hours)
            .filter(|(slot, _)| !gone(*slot))
            .map(|(_, sum)| sum)
            .sum()
    }

    fn turn(&mut self, now: Time) {
        let hour = now.0 / HOUR;
        let passed = hour.saturating_sub(self.hour).min(24);
        for step in 1..=passed {
            let slot = (self.hour + step) % 24;
            if let Some(sum) = self.hours.get_mut(usize::try_from(slot).unwrap_or(0)) {
                *sum = 0;
            }
        }
        self.hour = self.hour.max(hour);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_is_cut_at_its_rate_and_a_calm_peer_is_not() {
        let mut rates = Rates::default();
        let (flood, calm) = (NodeId([1; 32]), NodeId([2; 32]));
        let sent = (0..10_000)
            .filter(|_| rates.allow(Time(1), flood, Protocol::Control, 50))
            .count();
        assert_eq!(sent, 60);
        assert!(rates.allow(Time(1), calm, Protocol::Control, 50));
        assert!(rates.allow(Time(1), flood, Protocol::Table, 50));
        assert!(rates.allow(Time(1_000_001), flood, Protocol::Control, 50));
    }

    #[test]
    fn big_messages_use_up_the_bytes_before_the_count() {
        let mut rates = Rates::default();
        let sent = (0..100)
            .filter(|_| rates.allow(Time(1), NodeId([1; 32]), Protocol::Control, 8192))
            .count();
        assert_eq!(sent, 15);
    }

    #[test]
    fn memory_for_rates_is_bounded() {
        let mut rates = Rates::default();
        for number in 0..3 * MOST as u64 {
            let mut id = [0; 32];
            id[..8].copy_from_slice(&number.to_be_bytes());
            rates.allow(Time(number * 100), NodeId(id), Protocol::Table, 1);
        }
        assert!(rates.0.len() <= MOST);
    }

    #[test]
    fn upkeep_slows_down_as_the_budget_runs_out_and_recovers() {
        let mut budget = Budget::new(25_000_000);
        let now = Time(0);
        assert!(budget.slowdown(now) < 1.01);
        budget.spend(now, 5_000_000);
        assert!(budget.slowdown(now) > 2.0);
        budget.spend(now, 5_000_000);
        assert!(budget.slowdown(now) > 7.9);
        assert!(budget.spent());
        assert_eq!(budget.day(now), 10_000_000);
        let later = Time(23 * HOUR);
        assert!(budget.slowdown(later) < 1.01);
        assert_eq!(budget.day(later), 10_000_000);
        assert_eq!(budget.day(Time(24 * HOUR)), 0);
    }
}
