//! The paths of all connections, watched by one task.

use futures_util::stream::{BoxStream, SelectAll, StreamExt};
use iroh::TransportAddr;
use iroh::endpoint::PathEvent;
use tokio::sync::{broadcast, mpsc};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use webx_overlay::NodeId;
use webx_overlay::transport::Route;

/// What became of a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PathFate {
    /// It works.
    Opened,
    /// Data goes over it from now on.
    Selected,
    /// It is gone.
    Closed,
}

/// A change of a connection's paths.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PathChange {
    /// The other end.
    pub peer: NodeId,
    /// What the connection is for.
    pub alpn: Vec<u8>,
    /// Which path.
    pub route: Route,
    /// What became of it.
    pub fate: PathFate,
}

/// Gives connections to the task that watches them.
#[derive(Debug, Clone)]
pub(crate) struct PathWatch {
    new: mpsc::UnboundedSender<BoxStream<'static, PathChange>>,
    changes: broadcast::Sender<PathChange>,
}

impl PathWatch {
    /// Starts the task.
    pub(crate) fn start(tasks: &TaskTracker, cancel: CancellationToken) -> Self {
        // One entry for each connection, and those are bounded at the door.
        let (new, fresh) = mpsc::unbounded_channel();
        let (changes, _) = broadcast::channel(256);
        tasks.spawn(watch(fresh, changes.clone(), cancel));
        Self { new, changes }
    }

    /// Watches one more connection, until it is gone.
    pub(crate) fn follow(
        &self,
        peer: NodeId,
        alpn: &[u8],
        connection: &iroh::endpoint::Connection,
    ) {
        let alpn = alpn.to_vec();
        let events = connection.path_events().filter_map(move |event| {
            let change = change(&event).map(|(route, fate)| PathChange {
                peer,
                alpn: alpn.clone(),
                route,
                fate,
            });
            core::future::ready(change)
        });
        // The task ends only when the transport does.
        let _ended = self.new.send(events.boxed());
    }

    pub(crate) fn subscribe(&self) -> broadcast::Receiver<PathChange> {
        self.changes.subscribe()
    }
}

fn change(event: &PathEvent) -> Option<(Route, PathFate)> {
    let (address, fate) = match event {
        PathEvent::Opened { remote_addr, .. } => (remote_addr, PathFate::Opened),
        PathEvent::Selected { remote_addr, .. } => (remote_addr, PathFate::Selected),
        PathEvent::Closed { remote_addr, .. } => (remote_addr, PathFate::Closed),
        _ => return None,
    };
    Some((route(address)?, fate))
}

/// iroh's way of writing a route, in ours.
pub(crate) fn route(address: &TransportAddr) -> Option<Route> {
    match address {
        TransportAddr::Ip(address) => Some(Route::Direct(*address)),
        TransportAddr::Relay(url) => Some(Route::Relay(url.to_string())),
        _ => None,
    }
}

async fn watch(
    mut fresh: mpsc::UnboundedReceiver<BoxStream<'static, PathChange>>,
    changes: broadcast::Sender<PathChange>,
    cancel: CancellationToken,
) {
    let mut all = SelectAll::new();
    loop {
        tokio::select! {
            () = cancel.cancelled() => return,
            Some(stream) = fresh.recv() => all.push(stream),
            Some(change) = all.next() => {
                // Nobody listening is no error.
                let _heard = changes.send(change);
            }
            else => return,
        }
    }
}
