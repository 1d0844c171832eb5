//! Bandwidth: token buckets for each peer and for all together, up and down.
//!
//! A bucket may go into debt: bytes are counted after they moved, and the next ones wait until the debt is paid. So a
//! limit costs nothing while it is not reached, and no byte is copied for it.

use core::num::NonZeroU64;
use core::time::Duration;
use std::collections::HashMap;
use std::sync::{Arc, Weak};

use parking_lot::{Mutex, RwLock};
use tokio::time::Instant;
use webx_overlay::NodeId;

use crate::config::Rates;

/// The most that moves between two looks at the buckets.
pub(crate) const STEP: usize = 64 * 1024;

/// A bucket that fills at a rate and holds what flows in a quarter of a second.
#[derive(Debug)]
struct Bucket {
    level: f64,
    filled: Instant,
}

impl Bucket {
    fn new(now: Instant) -> Self {
        Self {
            level: 0.0,
            filled: now,
        }
    }

    fn fill(&mut self, now: Instant, rate: NonZeroU64) {
        #[allow(
            clippy::cast_precision_loss,
            reason = "rates are far below 2^52 bytes a second"
        )]
        let rate = rate.get() as f64;
        let passed = now.saturating_duration_since(self.filled).as_secs_f64();
        self.filled = now;
        self.level = (self.level + passed * rate).min(rate / 4.0);
    }

    /// How long until the debt is paid.
    fn wait(&mut self, now: Instant, rate: Option<NonZeroU64>) -> Option<Duration> {
        let rate = rate?;
        self.fill(now, rate);
        if self.level >= 0.0 {
            return None;
        }
        #[allow(
            clippy::cast_precision_loss,
            reason = "rates are far below 2^52 bytes a second"
        )]
        let seconds = -self.level / rate.get() as f64;
        // No limit is so low that an hour does not pay for one step; a bound keeps the timer's arithmetic safe.
        Some(Duration::from_secs_f64(seconds.clamp(0.001, 3600.0)))
    }

    #[allow(clippy::cast_precision_loss, reason = "a step is small")]
    fn take(&mut self, bytes: usize) {
        self.level -= bytes as f64;
    }
}

#[derive(Debug)]
struct Both {
    up: Mutex<Bucket>,
    down: Mutex<Bucket>,
}

impl Both {
    fn new() -> Self {
        let now = Instant::now();
        Self {
            up: Mutex::new(Bucket::new(now)),
            down: Mutex::new(Bucket::new(now)),
        }
    }
}

#[derive(Debug)]
struct Rules {
    normal: Rates,
    metered: Rates,
    is_metered: bool,
}

impl Rules {
    fn now(&self) -> Rates {
        if self.is_metered {
            self.metered
        } else {
            self.normal
        }
    }
}

#[derive(Debug)]
struct Shared {
    rules: RwLock<Rules>,
    total: Both,
    peers: Mutex<HashMap<NodeId, Weak<Both>>>,
}

/// The bandwidth that all connections of a transport share. Cloning it gives another handle.
#[derive(Debug, Clone)]
pub struct Bandwidth(Arc<Shared>);

impl Bandwidth {
    /// With limits for ordinary links and for metered ones.
    #[must_use]
    pub fn new(normal: Rates, metered: Rates) -> Self {
        Self(Arc::new(Shared {
            rules: RwLock::new(Rules {
                normal,
                metered,
                is_metered: false,
            }),
            total: Both::new(),
            peers: Mutex::new(HashMap::new()),
        }))
    }

    /// Other limits, from now on, for connections that stand as well.
    pub fn set(&self, normal: Rates, metered: Rates) {
        let mut rules = self.0.rules.write();
        rules.normal = normal;
        rules.metered = metered;
    }

    /// Whether the link costs money by the byte.
    pub fn set_metered(&self, metered: bool) {
        self.0.rules.write().is_metered = metered;
    }

    /// The limits that hold now.
    #[must_use]
    pub fn rates(&self) -> Rates {
        self.0.rules.read().now()
    }

    /// The meter of a connection with this peer; all connections with one peer share its buckets.
    pub(crate) fn meter(&self, peer: NodeId) -> Meter {
        let mut peers = self.0.peers.lock();
        if let Some(both) = peers.get(&peer).and_then(Weak::upgrade) {
            return Meter {
                shared: self.0.clone(),
                peer: both,
            };
        }
        peers.retain(|_, both| both.strong_count() > 0);
        let both = Arc::new(Both::new());
        peers.insert(peer, Arc::downgrade(&both));
        Meter {
            shared: self.0.clone(),
            peer: both,
        }
    }
}

/// Which way bytes go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    Up,
    Down,
}

/// Counts the bytes of one peer.
#[derive(Debug, Clone)]
pub(crate) struct Meter {
    shared: Arc<Shared>,
    peer: Arc<Both>,
}

impl Meter {
    fn rates(&self, way: Way) -> (Option<NonZeroU64>, Option<NonZeroU64>) {
        let rates = self.shared.rules.read().now();
        match way {
            Way::Up => (rates.up, rates.peer_up),
            Way::Down => (rates.down, rates.peer_down),
        }
    }

    fn buckets(&self, way: Way) -> (&Mutex<Bucket>, &Mutex<Bucket>) {
        match way {
            Way::Up => (&self.shared.total.up, &self.peer.up),
            Way::Down => (&self.shared.total.down, &self.peer.down),
        }
    }

    /// Whether any limit holds this way.
    pub(crate) fn limited(&self, way: Way) -> bool {
        let (total, peer) = self.rates(way);
        total.is_some() || peer.is_some()
    }

    /// When bytes may move next, if not now.
    pub(crate) fn wait(&self, way: Way, now: Instant) -> Option<Instant> {
        let (total_rate, peer_rate) = self.rates(way);
        let (total, peer) = self.buckets(way);
        let total = total.lock().wait(now, total_rate);
        let peer = peer.lock().wait(now, peer_rate);
        total.max(peer).map(|wait| now + wait)
    }

    /// Bytes have moved.
    pub(crate) fn took(&self, way: Way, bytes: usize) {
        let (total_rate, peer_rate) = self.rates(way);
        let (total, peer) = self.buckets(way);
        if total_rate.is_some() {
            total.lock().take(bytes);
        }
        if peer_rate.is_some() {
            peer.lock().take(bytes);
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;
    use proptest::prelude::*;

    fn rate(bytes: u64) -> Option<NonZeroU64> {
        NonZeroU64::new(bytes)
    }

    /// Moves `total` bytes in steps as a busy stream would; says how long that took.
    fn move_bytes(meters: &[&Meter], way: Way, total: usize, step: usize) -> Duration {
        let start = Instant::now();
        let mut now = start;
        let mut moved = 0;
        while moved < total {
            for meter in meters {
                while let Some(later) = meter.wait(way, now) {
                    now = later;
                }
                meter.took(way, step);
                moved += step;
            }
        }
        now - start
    }

    #[test]
    fn an_unlimited_meter_never_waits() {
        let bandwidth = Bandwidth::new(Rates::default(), Rates::default());
        let meter = bandwidth.meter(NodeId([1; 32]));
        assert_eq!(
            move_bytes(&[&meter], Way::Up, 1 << 30, 1 << 20),
            Duration::ZERO
        );
        assert!(!meter.limited(Way::Up));
    }

    #[test]
    fn a_metered_link_has_limits_of_its_own() {
        let metered = Rates {
            up: rate(1000),
            ..Rates::default()
        };
        let bandwidth = Bandwidth::new(Rates::default(), metered);
        let meter = bandwidth.meter(NodeId([1; 32]));
        assert!(!meter.limited(Way::Up));
        bandwidth.set_metered(true);
        assert!(meter.limited(Way::Up) && !meter.limited(Way::Down));
        assert!(move_bytes(&[&meter], Way::Up, 10_000, 500) >= Duration::from_secs(8));
    }

    #[test]
    fn connections_with_one_peer_share_its_bucket_and_peers_do_not() {
        let rates = Rates {
            peer_down: rate(1_000_000),
            ..Rates::default()
        };
        let bandwidth = Bandwidth::new(rates, rates);
        let (one, same, other) = (
            bandwidth.meter(NodeId([1; 32])),
            bandwidth.meter(NodeId([1; 32])),
            bandwidth.meter(NodeId([2; 32])),
        );
        let shared = move_bytes(&[&one, &same], Way::Down, 4_000_000, 10_000);
        assert!(shared > Duration::from_millis(3700), "{shared:?}");
        assert_eq!(other.wait(Way::Down, Instant::now()), None);
    }

    #[test]
    fn peers_that_are_gone_leave_no_trace() {
        let bandwidth = Bandwidth::new(Rates::default(), Rates::default());
        for n in 0..100u8 {
            drop(bandwidth.meter(NodeId([n; 32])));
        }
        assert_eq!(bandwidth.0.peers.lock().len(), 1);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn the_rate_is_kept(per_second in 10_000u64..10_000_000, step in 1usize..STEP, peers in 1usize..5) {
            let rates = Rates { up: rate(per_second), ..Rates::default() };
            let bandwidth = Bandwidth::new(rates, rates);
            let meters: Vec<_> = (0..peers).map(|n| bandwidth.meter(NodeId([u8::try_from(n).unwrap(); 32]))).collect();
            let total = usize::try_from(per_second).unwrap() * 4 + step * peers * 8;
            let time = move_bytes(&meters.iter().collect::<Vec<_>>(), Way::Up, total, step);
            #[allow(clippy::cast_precision_loss)]
            let ideal = total as f64 / per_second as f64;
            // A quarter of a second may come as a burst; the last step of each peer is not yet paid for.
            #[allow(clippy::cast_precision_loss)]
            let slack = 0.27 + (step * (peers + 1)) as f64 / per_second as f64;
            prop_assert!((time.as_secs_f64() - ideal).abs() <= slack, "{time:?} for {ideal} s");
        }
    }
}
