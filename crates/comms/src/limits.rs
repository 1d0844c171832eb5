//! What a protocol may use, and what it used.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use webx_overlay::NodeId;

/// How urgent a stream is among those of its connection.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Priority {
    /// Whatever is left: files, replication.
    Bulk,
    /// Messages and requests.
    #[default]
    Normal,
    /// What a person waits for right now.
    Interactive,
}

impl Priority {
    pub(crate) fn number(self) -> i32 {
        match self {
            Self::Bulk => -10,
            Self::Normal => 0,
            Self::Interactive => 10,
        }
    }
}

/// What one peer may use of a protocol, and how the protocol stands among the others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Streams and requests of one peer at the same time.
    pub streams: u32,
    /// Bytes that one stream or request may bring.
    pub bytes: u64,
    /// Bytes of an answer.
    pub answer: u64,
    /// Streams and requests of one peer a second, averaged; ten seconds' worth may come at once.
    pub rate: u32,
    /// Datagrams of one peer a second, averaged; one second's worth may come at once.
    pub datagrams: u32,
    /// A stream on which nothing moves for that long is ended.
    pub stall: Duration,
    /// A request is given up after that long.
    pub time: Duration,
    /// Share of the bandwidth, in relation to the other protocols'.
    pub weight: u32,
    /// How urgent its streams are among those of a connection.
    pub priority: Priority,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            streams: 16,
            bytes: 1024 * 1024,
            answer: 1024 * 1024,
            rate: 50,
            datagrams: 500,
            stall: Duration::from_secs(30),
            time: Duration::from_secs(30),
            weight: 10,
            priority: Priority::Normal,
        }
    }
}

/// What went over a protocol since the start: with all peers, or with one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Metrics {
    /// Which protocol.
    pub protocol: String,
    /// With which node; `None` for all together.
    pub node: Option<NodeId>,
    /// Bytes sent.
    pub sent: u64,
    /// Bytes received.
    pub received: u64,
    /// Streams and requests that this node opened.
    pub opened: u64,
    /// Streams and requests that were taken in.
    pub accepted: u64,
    /// Datagrams, both ways.
    pub datagrams: u64,
    /// Streams and datagrams that were turned away or dropped: over a limit.
    pub refused: u64,
    /// Streams and requests that failed under way.
    pub errors: u64,
    /// Pieces that wait for their turn to be sent.
    pub waiting: u64,
    /// How long all pieces together have waited for their turn.
    pub waited: Duration,
}

#[derive(Debug, Default)]
pub(crate) struct Counters {
    pub(crate) sent: AtomicU64,
    pub(crate) received: AtomicU64,
    pub(crate) opened: AtomicU64,
    pub(crate) accepted: AtomicU64,
    pub(crate) datagrams: AtomicU64,
    pub(crate) refused: AtomicU64,
    pub(crate) errors: AtomicU64,
    pub(crate) waiting: AtomicU64,
    pub(crate) waited_micros: AtomicU64,
}

impl Counters {
    pub(crate) fn metrics(&self, protocol: &str, node: Option<NodeId>) -> Metrics {
        let of = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Metrics {
            protocol: protocol.to_owned(),
            node,
            sent: of(&self.sent),
            received: of(&self.received),
            opened: of(&self.opened),
            accepted: of(&self.accepted),
            datagrams: of(&self.datagrams),
            refused: of(&self.refused),
            errors: of(&self.errors),
            waiting: of(&self.waiting),
            waited: Duration::from_micros(of(&self.waited_micros)),
        }
    }
}

/// Counts for a protocol as a whole and for one peer of it.
#[derive(Clone, Debug)]
pub(crate) struct Tally(pub(crate) [Arc<Counters>; 2]);

impl Tally {
    pub(crate) fn add(&self, counter: impl Fn(&Counters) -> &AtomicU64, more: u64) {
        for counters in &self.0 {
            counter(counters).fetch_add(more, Ordering::Relaxed);
        }
    }

    /// Counts one piece as waiting until the guard is dropped.
    pub(crate) fn waits(&self) -> Waiting<'_> {
        self.add(|c| &c.waiting, 1);
        Waiting(self)
    }
}

pub(crate) struct Waiting<'a>(&'a Tally);

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        for counters in &self.0.0 {
            counters.waiting.fetch_sub(1, Ordering::Relaxed);
        }
    }
}
