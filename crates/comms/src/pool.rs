//! The connections that stand, each with somebody who has proved who he is.

use std::{
    collections::HashMap,
    fmt,
    sync::{Arc, Weak},
    time::Duration,
};

use parking_lot::Mutex;
use tokio::time::Instant;
use webx_identity::Did;
use webx_overlay::{
    NodeId,
    transport::{Connection, Route},
};

use crate::{Peer, Stance};

/// Most connections with one node: both sides may dial at the same time.
const MAX_WITH_ONE: usize = 4;
/// What is wanted of a person is asked again after this long.
const STANCE: Duration = Duration::from_secs(2);
/// Streams that may be turned away in ten seconds before the connection is.
const MAX_REFUSALS: u32 = 64;
const WINDOW: Duration = Duration::from_secs(10);

/// A connection after the proof.
pub(crate) struct Line {
    pub(crate) connection: Arc<dyn Connection>,
    pub(crate) did: Did,
    state: Mutex<State>,
}

struct State {
    open: u32,
    used: Instant,
    stance: (Instant, Stance),
    refusals: (Instant, u32),
}

/// Something is open on a line until this is dropped.
pub(crate) struct Hold(Arc<Line>);

impl fmt::Debug for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Line({:?}, {})", self.connection.peer(), self.did)
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        let mut state = self.0.state.lock();
        state.open = state.open.saturating_sub(1);
        state.used = Instant::now();
    }
}

impl Line {
    /// `stance` is what was wanted of the person, and when that was asked.
    pub(crate) fn new(
        connection: Arc<dyn Connection>,
        did: Did,
        stance: (Instant, Stance),
    ) -> Arc<Self> {
        let now = Instant::now();
        Arc::new(Self {
            connection,
            did,
            state: Mutex::new(State {
                open: 0,
                used: now,
                stance,
                refusals: (now, 0),
            }),
        })
    }

    pub(crate) fn peer(&self) -> Peer {
        Peer {
            node: self.connection.peer(),
            did: self.did.clone(),
        }
    }

    pub(crate) fn hold(self: &Arc<Self>) -> Hold {
        self.state.lock().open += 1;
        Hold(self.clone())
    }

    /// A datagram went over it.
    pub(crate) fn touch(&self) {
        self.state.lock().used = Instant::now();
    }

    /// Since when nothing is open on it; `None` while something is.
    pub(crate) fn idle_since(&self) -> Option<Instant> {
        let state = self.state.lock();
        (state.open == 0).then_some(state.used)
    }

    /// What was last known to be wanted of the person, unless that is too long ago.
    pub(crate) fn stance(&self) -> Option<Stance> {
        let (at, stance) = self.state.lock().stance;
        (at.elapsed() < STANCE).then_some(stance)
    }

    pub(crate) fn set_stance(&self, stance: (Instant, Stance)) {
        self.state.lock().stance = stance;
    }

    /// A stream was turned away. Says whether it is enough now.
    pub(crate) fn refused(&self) -> bool {
        let mut state = self.state.lock();
        if state.refusals.0.elapsed() >= WINDOW {
            state.refusals = (Instant::now(), 0);
        }
        state.refusals.1 += 1;
        state.refusals.1 == MAX_REFUSALS
    }

    /// A direct path is better than a relayed one, a fast one better than a slow one.
    fn rank(&self) -> (bool, Duration) {
        self.connection
            .paths()
            .into_iter()
            .filter(|path| path.selected)
            .map(|path| (matches!(path.route, Route::Relay(_)), path.rtt))
            .min()
            .unwrap_or((true, Duration::MAX))
    }
}

#[derive(Debug, Default)]
pub(crate) struct Pool {
    nodes: Mutex<HashMap<NodeId, Vec<Arc<Line>>>>,
    dialling: Mutex<HashMap<NodeId, Weak<tokio::sync::Mutex<()>>>>,
}

/// What came of adding a line.
pub(crate) enum Added {
    /// It stands, and this one is to be closed for it.
    Instead(Option<Arc<Line>>),
    /// All places are in use.
    Full,
}

impl Pool {
    /// The best connection with `node` that stands.
    pub(crate) fn best(&self, node: NodeId) -> Option<Arc<Line>> {
        let nodes = self.nodes.lock();
        match nodes.get(&node)?.as_slice() {
            // Nothing to compare, so no paths to look at.
            [only] => Some(only.clone()),
            lines => lines.iter().min_by_key(|c| c.rank()).cloned(),
        }
    }

    /// Adds a line. Of `most` in all, and of too many with one node, the one that was idle longest goes.
    pub(crate) fn add(&self, line: &Arc<Line>, most: usize) -> Added {
        let mut nodes = self.nodes.lock();
        let node = line.connection.peer();
        let all: usize = nodes.values().map(Vec::len).sum();
        let with_one = nodes.get(&node).map_or(0, Vec::len);
        let mut gone = None;
        if all >= most || with_one >= MAX_WITH_ONE {
            let candidates = nodes
                .iter()
                .filter(|(one, _)| with_one < MAX_WITH_ONE || **one == node);
            let idle = candidates
                .flat_map(|(_, lines)| lines)
                .filter_map(|line| Some((line.idle_since()?, line)))
                .min_by_key(|(since, _)| *since);
            match idle.map(|(_, line)| line.clone()) {
                Some(idle) => {
                    remove(&mut nodes, &idle);
                    gone = Some(idle);
                }
                None => return Added::Full,
            }
        }
        nodes.entry(node).or_default().push(line.clone());
        Added::Instead(gone)
    }

    pub(crate) fn remove(&self, line: &Arc<Line>) {
        remove(&mut self.nodes.lock(), line);
    }

    pub(crate) fn all(&self) -> Vec<Arc<Line>> {
        self.nodes.lock().values().flatten().cloned().collect()
    }

    /// Only one at a time dials a node.
    pub(crate) fn dialling(&self, node: NodeId) -> Arc<tokio::sync::Mutex<()>> {
        let mut dialling = self.dialling.lock();
        dialling.retain(|_, lock| lock.strong_count() > 0);
        if let Some(lock) = dialling.get(&node).and_then(Weak::upgrade) {
            return lock;
        }
        let lock = Arc::default();
        dialling.insert(node, Arc::downgrade(&lock));
        lock
    }
}

fn remove(nodes: &mut HashMap<NodeId, Vec<Arc<Line>>>, line: &Arc<Line>) {
    let node = line.connection.peer();
    if let Some(lines) = nodes.get_mut(&node) {
        lines.retain(|one| !Arc::ptr_eq(one, line));
        if lines.is_empty() {
            nodes.remove(&node);
        }
    }
}
