//! A network inside one process: for tests of all floors above, with switches for what may go wrong.
//!
//! Streams are pipes; there is no delay, loss or rate. The channel binding is the same at both ends and differs from
//! connection to connection, as on a real transport.

mod connection;
mod stream;

use core::net::SocketAddr;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::id::NodeId;
use crate::transport::{Connection, Exposure, Hints, LinkError, Pending, Transport};
use connection::{MemoryConnection, Shared, pair};

/// Connections that wait to be accepted.
const BACKLOG: usize = 64;

/// The network: makes transports, and cuts and mends what is between them.
#[derive(Debug, Clone, Default)]
pub struct MemoryNet(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    doors: BTreeMap<NodeId, mpsc::Sender<Arc<dyn Connection>>>,
    cut: BTreeSet<(NodeId, NodeId)>,
    connections: Vec<(NodeId, NodeId, Weak<Shared>)>,
    made: u64,
}

impl MemoryNet {
    /// A network without nodes.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The transport of a node. A second one for the same id takes the place of the first.
    #[must_use]
    pub fn transport(&self, id: NodeId) -> Arc<MemoryTransport> {
        let (door, incoming) = mpsc::channel(BACKLOG);
        let mut state = self.state();
        state.made += 1;
        let port = 1024 + u16::try_from(state.made % 60_000).unwrap_or_default();
        state.doors.insert(id, door);
        drop(state);
        Arc::new(MemoryTransport {
            id,
            address: SocketAddr::from(([127, 0, 0, 1], port)),
            net: self.clone(),
            incoming: tokio::sync::Mutex::new(incoming),
            closed: CancellationToken::new(),
        })
    }

    /// Cuts or mends what is between two nodes. A cut ends their connections.
    pub fn cut(&self, a: NodeId, b: NodeId, cut: bool) {
        let mut state = self.state();
        if cut {
            state.cut.insert((a.min(b), a.max(b)));
            state.end(|x, y| (x, y) == (a, b) || (y, x) == (a, b));
        } else {
            state.cut.remove(&(a.min(b), a.max(b)));
        }
    }

    /// Cuts these nodes off from all others, or mends that.
    pub fn partition(&self, island: &[NodeId], cut: bool) {
        let all: Vec<NodeId> = self.state().doors.keys().copied().collect();
        for &a in island {
            for &b in all.iter().filter(|b| !island.contains(b)) {
                self.cut(a, b, cut);
            }
        }
    }

    /// Takes a node off the network: its connections break and nobody reaches it.
    pub fn kill(&self, id: NodeId) {
        let mut state = self.state();
        state.doors.remove(&id);
        state.end(|a, b| a == id || b == id);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn connect(
        &self,
        from: NodeId,
        to: NodeId,
        alpn: &[u8],
    ) -> Result<Arc<dyn Connection>, LinkError> {
        let mut state = self.state();
        let open = !state.cut.contains(&(from.min(to), from.max(to)));
        let door = state.doors.get(&to).filter(|_| open && from != to).cloned();
        let door = door.ok_or(LinkError::Unreachable(to))?;
        state.made += 1;
        let (near, far, shared) = pair(from, to, alpn, state.made);
        state
            .connections
            .retain(|(_, _, one)| one.strong_count() > 0);
        state.connections.push((from, to, Arc::downgrade(&shared)));
        drop(state);
        let far: Arc<MemoryConnection> = far;
        door.try_send(far).map_err(|_| LinkError::Unreachable(to))?;
        Ok(near)
    }
}

impl State {
    fn end(&mut self, which: impl Fn(NodeId, NodeId) -> bool) {
        for (a, b, shared) in &self.connections {
            if which(*a, *b)
                && let Some(shared) = shared.upgrade()
            {
                shared.end(LinkError::TimedOut);
            }
        }
    }
}

/// One node's door to a [`MemoryNet`].
#[derive(Debug)]
pub struct MemoryTransport {
    id: NodeId,
    address: SocketAddr,
    net: MemoryNet,
    incoming: tokio::sync::Mutex<mpsc::Receiver<Arc<dyn Connection>>>,
    closed: CancellationToken,
}

impl Transport for MemoryTransport {
    fn id(&self) -> NodeId {
        self.id
    }

    fn hints(&self) -> Hints {
        Hints {
            direct: vec![self.address],
            relays: Vec::new(),
        }
    }

    fn dial<'a>(
        &'a self,
        to: NodeId,
        _hints: &'a Hints,
        _exposure: Exposure,
        alpn: &'a [u8],
    ) -> Pending<'a, Result<Arc<dyn Connection>, LinkError>> {
        Box::pin(async move {
            if self.closed.is_cancelled() {
                return Err(LinkError::Ended);
            }
            self.net.connect(self.id, to, alpn)
        })
    }

    fn accept(&self) -> Pending<'_, Option<Arc<dyn Connection>>> {
        Box::pin(async {
            let mut incoming = self.incoming.lock().await;
            tokio::select! {
                () = self.closed.cancelled() => None,
                connection = incoming.recv() => connection,
            }
        })
    }

    fn close(&self) -> Pending<'_, ()> {
        Box::pin(async {
            self.closed.cancel();
            self.net.kill(self.id);
        })
    }
}
