//! Runs a [`Node`] on tokio over any [`Transport`].
//!
//! One task owns the node. For each peer and protocol there is a line: a task that dials, sends in order from a bounded
//! queue, and reads what comes. A message is one unidirectional stream. What the task does not finish when it is told to
//! stop is joined by [`Handle::shutdown`].

mod handle;
mod line;
mod run;

use std::sync::{Arc, Mutex};

use ed25519_dalek::SigningKey;
use tokio::sync::{broadcast, mpsc, watch};

pub use handle::{Handle, Message, Stopped, Subscription};

use crate::node::{Config, Node};
use crate::record::PeerRecord;
use crate::transport::{Connection, Exposure, Transport};

const COMMANDS: usize = 64;
const EVENTS: usize = 1024;

/// Keeps records of peers from one start to the next.
pub trait PeerCache: Send + Sync + 'static {
    /// What was kept. Called once, from a thread that may block.
    fn load(&self) -> Vec<PeerRecord>;
    /// Keeps these instead. Called now and then and at the end, from a thread that may block.
    fn store(&self, peers: Vec<PeerRecord>);
}

/// Keeps nothing.
impl PeerCache for () {
    fn load(&self) -> Vec<PeerRecord> {
        Vec::new()
    }

    fn store(&self, _: Vec<PeerRecord>) {}
}

/// Everything a running node needs.
pub struct Driver {
    /// The settings.
    pub config: Config,
    /// The node's key; must be the transport's.
    pub key: SigningKey,
    /// Chance for the node's choices: fresh at each start.
    pub seed: [u8; 32],
    /// The links.
    pub transport: Arc<dyn Transport>,
    /// What outlives a restart.
    pub cache: Arc<dyn PeerCache>,
    /// Whether peers may see the own address.
    pub exposure: Exposure,
    /// Where incoming connections of other protocols go: those of the floors above. Without it, or when it is full, they are
    /// refused.
    pub others: Option<mpsc::Sender<Arc<dyn Connection>>>,
}

impl core::fmt::Debug for Driver {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Driver")
            .field("transport", &self.transport)
            .finish_non_exhaustive()
    }
}

impl Driver {
    /// Starts it on the current runtime. It runs until [`Handle::shutdown`], or until every handle is gone.
    #[must_use]
    pub fn spawn(self) -> Handle {
        let (commands, inbox) = mpsc::channel(COMMANDS);
        let (events, _) = broadcast::channel(EVENTS);
        let (own, record) = watch::channel(None);
        let id = self.transport.id();
        let node = Node::new(self.config, self.key, self.seed);
        let run = run::Run::new(
            node,
            self.transport,
            self.cache,
            self.exposure,
            self.others,
            events.clone(),
            own,
        );
        let task = tokio::spawn(run.go(inbox));
        Handle {
            id,
            commands,
            events,
            record,
            task: Arc::new(Mutex::new(Some(task))),
        }
    }
}

#[cfg(test)]
mod tests;
