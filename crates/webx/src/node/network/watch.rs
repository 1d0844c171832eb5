//! Watches the overlay: who is connected, and how peers do.

use tokio::sync::broadcast::error::RecvError;
use tokio_util::sync::CancellationToken;
use webx_overlay::Event;
use webx_overlay::driver::Handle;
use webx_peers::Peers;
use webx_peers::fitness::Observation;

use super::running::Connected;

pub(super) async fn watch(
    peers: Peers,
    node: Handle,
    connected: Connected,
    stop: CancellationToken,
) {
    let mut events = node.events();
    loop {
        let event = tokio::select! {
            () = stop.cancelled() => return,
            event = events.recv() => event,
        };
        match event {
            Ok(Event::PeerUp(peer)) => connected.change(|nodes| {
                nodes.insert(peer);
            }),
            Ok(Event::PeerDown(peer)) => connected.change(|nodes| {
                nodes.remove(&peer);
            }),
            Ok(Event::Probe { peer, rtt }) => {
                let peers = peers.clone();
                let noted = tokio::task::spawn_blocking(move || {
                    peers.observe(peer, Observation::Probe(rtt))
                })
                .await;
                if let Ok(Err(error)) = noted {
                    tracing::warn!("a probe could not be kept: {error}");
                }
            }
            Ok(Event::Misbehaved { peer, what }) => {
                tracing::debug!("{peer:?} misbehaved: {what:?}");
            }
            Ok(_) => {}
            // What was missed may have been a peer that came or went.
            Err(RecvError::Lagged(_)) => {
                if let Ok(view) = node.view().await {
                    connected.change(|nodes| *nodes = view.peers.iter().map(|p| p.id).collect());
                }
            }
            Err(RecvError::Closed) => return,
        }
    }
}
