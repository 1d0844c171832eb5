//! A protocol as both directions use it: who answers it, what each peer has open, what it used.

use std::{collections::HashMap, fmt, sync::Arc, time::Duration};

use parking_lot::{Mutex, RwLock};
use tokio::time::Instant;
use webx_overlay::NodeId;

use crate::{
    Limits, Metrics,
    comms::Handler,
    datagram::Mailbox,
    fair::Class,
    limits::{Counters, Tally},
};

/// Peers whose use of one protocol is remembered at most; those with nothing open go first.
const MAX_PEERS: usize = 4096;
/// Who has not come for so long has all his tokens back.
const REFILLED: Duration = Duration::from_secs(10);

pub(crate) struct Protocol {
    pub(crate) name: String,
    pub(crate) class: Class,
    pub(crate) handler: RwLock<Option<Handler>>,
    pub(crate) mailbox: RwLock<Option<Arc<Mailbox>>>,
    limits: RwLock<Limits>,
    total: Arc<Counters>,
    peers: Mutex<HashMap<NodeId, Use>>,
}

struct Use {
    open: u32,
    streams: Bucket,
    datagrams: Bucket,
    at: Instant,
    counters: Arc<Counters>,
}

/// Tokens that come back with time.
#[derive(Debug)]
struct Bucket {
    tokens: f64,
    at: Instant,
}

impl Bucket {
    fn take(&mut self, now: Instant, rate: f64, most: f64) -> bool {
        let elapsed = now.saturating_duration_since(self.at).as_secs_f64();
        self.at = now;
        self.tokens = (self.tokens + elapsed * rate).min(most);
        let enough = self.tokens >= 1.0;
        if enough {
            self.tokens -= 1.0;
        }
        enough
    }
}

/// One stream that counts against its peer's limit until it is dropped.
pub(crate) struct Slot {
    protocol: Arc<Protocol>,
    peer: NodeId,
}

impl Drop for Slot {
    fn drop(&mut self) {
        if let Some(one) = self.protocol.peers.lock().get_mut(&self.peer) {
            one.open = one.open.saturating_sub(1);
        }
    }
}

impl fmt::Debug for Protocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Protocol({})", self.name)
    }
}

impl Protocol {
    pub(crate) fn new(name: &str, limits: Limits, class: Class) -> Self {
        Self {
            name: name.to_owned(),
            class,
            handler: RwLock::default(),
            mailbox: RwLock::default(),
            limits: RwLock::new(limits),
            total: Arc::default(),
            peers: Mutex::default(),
        }
    }

    pub(crate) fn limits(&self) -> Limits {
        *self.limits.read()
    }

    pub(crate) fn set_limits(&self, limits: Limits) {
        *self.limits.write() = limits;
    }

    /// A place for one more stream of `peer`, if its limits allow it.
    pub(crate) fn admit(self: &Arc<Self>, peer: NodeId, now: Instant) -> Option<Slot> {
        let limits = self.limits();
        let rate = f64::from(limits.rate.max(1));
        self.with_peer(peer, now, |one| {
            // A place first: who has too many open pays nothing for asking.
            let admitted = one.open < limits.streams && one.streams.take(now, rate, rate * 10.0);
            one.open += u32::from(admitted);
            admitted
        })?
        .then(|| Slot {
            protocol: self.clone(),
            peer,
        })
    }

    /// Whether one more datagram of `peer` is within its rate.
    pub(crate) fn admit_datagram(&self, peer: NodeId, now: Instant) -> bool {
        let rate = f64::from(self.limits().datagrams.max(1));
        self.with_peer(peer, now, |one| one.datagrams.take(now, rate, rate))
            .unwrap_or(false)
    }

    /// Counts for this protocol and one peer.
    pub(crate) fn tally(&self, peer: NodeId) -> Tally {
        let counters = self.with_peer(peer, Instant::now(), |one| one.counters.clone());
        Tally([self.total.clone(), counters.unwrap_or_default()])
    }

    pub(crate) fn metrics(&self) -> Metrics {
        self.total.metrics(&self.name, None)
    }

    pub(crate) fn metrics_by_peer(&self) -> Vec<Metrics> {
        let peers = self.peers.lock();
        peers
            .iter()
            .map(|(node, one)| one.counters.metrics(&self.name, Some(*node)))
            .collect()
    }

    /// `None` when the table is full of peers that use the protocol right now.
    fn with_peer<T>(
        &self,
        peer: NodeId,
        now: Instant,
        act: impl FnOnce(&mut Use) -> T,
    ) -> Option<T> {
        let limits = self.limits();
        let mut peers = self.peers.lock();
        if peers.len() >= MAX_PEERS && !peers.contains_key(&peer) {
            let idle = peers
                .iter()
                .filter(|(_, one)| one.open == 0 && now - one.at >= REFILLED)
                .min_by_key(|(_, one)| one.at)
                .map(|(node, _)| *node)?;
            peers.remove(&idle);
        }
        let full = |tokens: u32| Bucket {
            tokens: f64::from(tokens.max(1)),
            at: now,
        };
        let one = peers.entry(peer).or_insert_with(|| Use {
            open: 0,
            streams: full(limits.rate.saturating_mul(10)),
            datagrams: full(limits.datagrams),
            at: now,
            counters: Arc::default(),
        });
        one.at = now;
        Some(act(one))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn protocol(limits: Limits) -> Arc<Protocol> {
        Arc::new(Protocol::new("test/1", limits, Class(0)))
    }

    #[tokio::test(start_paused = true)]
    async fn a_peer_has_as_many_streams_and_as_often_as_allowed() {
        let limits = Limits {
            streams: 2,
            rate: 1,
            ..Limits::default()
        };
        let protocol = protocol(limits);
        let (ann, ben) = (NodeId([1; 32]), NodeId([2; 32]));
        let now = Instant::now();
        let first = protocol.admit(ann, now).unwrap();
        let _second = protocol.admit(ann, now).unwrap();
        assert!(protocol.admit(ann, now).is_none());
        assert!(protocol.admit(ben, now).is_some());
        drop(first);
        for _ in 0..8 {
            assert!(protocol.admit(ann, now).is_some());
        }
        // Ten seconds' worth are used up.
        assert!(protocol.admit(ann, now).is_none());
        assert!(protocol.admit(ann, now + Duration::from_secs(1)).is_some());
    }

    #[tokio::test(start_paused = true)]
    async fn a_flood_of_strangers_takes_no_more_than_its_table() {
        let protocol = protocol(Limits::default());
        let now = Instant::now();
        let node = |n: u32| {
            let mut id = [0; 32];
            id[..4].copy_from_slice(&n.to_be_bytes());
            NodeId(id)
        };
        let held: Vec<_> = (0..10).map(|n| protocol.admit(node(n), now)).collect();
        for n in 10..10_000 {
            protocol.admit(node(n), now);
        }
        assert_eq!(protocol.peers.lock().len(), MAX_PEERS);
        let later = now + REFILLED;
        assert!(protocol.admit(node(20_000), later).is_some());
        assert_eq!(protocol.peers.lock().len(), MAX_PEERS);
        // Who has something open is not forgotten.
        assert!((0..10).all(|n| protocol.peers.lock().contains_key(&node(n))));
        drop(held);
    }
}
