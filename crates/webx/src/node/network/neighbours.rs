//! Contacts become neighbours: `webx/record/1`. Whoever has dialled a contact asks that device for its signed record and hands it
//! to the overlay. So a card alone is a way into QNet, without an invite.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::broadcast::error::RecvError;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use webx_comms::{Comms, Error, Limits, OnRequest, Peer};
use webx_overlay::driver::Handle;
use webx_overlay::record::{MAX_PEER_RECORD, PeerRecord};
use webx_peers::Peers;

const PROTOCOL: &str = "webx/record/1";
/// Contacts that are asked at the same time.
const AT_ONCE: usize = 8;

#[derive(Clone)]
pub(super) struct Neighbours {
    peers: Peers,
    comms: Comms,
    overlay: Handle,
}

impl Neighbours {
    /// Answers from now on. The record says nothing that the overlay does not tell whoever looks for this node.
    pub(super) fn open(peers: Peers, comms: Comms, overlay: Handle) -> Result<Self, Error> {
        let limits = Limits {
            streams: 2,
            bytes: 0,
            answer: MAX_PEER_RECORD as u64,
            rate: 1,
            time: Duration::from_secs(15),
            weight: 1,
            ..Limits::default()
        };
        let own = overlay.clone();
        let answer: OnRequest = Arc::new(move |_, _| {
            let own = own.clone();
            Box::pin(async move {
                let record = own.own().await.map_err(|_| "this node is stopping")?;
                Ok(record.encode().into())
            })
        });
        comms.on_request(PROTOCOL, limits, answer)?;
        Ok(Self {
            peers,
            comms,
            overlay,
        })
    }

    /// Asks every contact that this node dials, until `stop`.
    pub(super) async fn follow(self, stop: CancellationToken) {
        let mut met = self.comms.met();
        let mut under_way = JoinSet::new();
        loop {
            let next = tokio::select! {
                () = stop.cancelled() => return,
                Some(_) = under_way.join_next() => continue,
                next = met.recv(), if under_way.len() < AT_ONCE => next,
            };
            match next {
                Ok(met) if met.dialled => {
                    let this = self.clone();
                    under_way.spawn(async move { this.ask(met.peer).await });
                }
                Ok(_) | Err(RecvError::Lagged(_)) => {}
                Err(RecvError::Closed) => return,
            }
        }
    }

    /// Asks one that is connected, if he is a contact, or another device of this person, and not in the overlay's view.
    pub(super) async fn ask(&self, peer: Peer) {
        if !self.is_known(&peer).await {
            return;
        }
        let Ok(view) = self.overlay.view().await else {
            return;
        };
        if view.peers.iter().any(|seen| seen.id == peer.node) {
            return;
        }
        match self.comms.request(peer.node, PROTOCOL, &[]).await {
            Ok(answer) => match PeerRecord::decode(&answer) {
                // An overlay that has stopped meets nobody.
                Ok(record) if record.id == peer.node => {
                    let _stopped = self.overlay.join(vec![record]).await;
                }
                _ => tracing::debug!("a contact answered with what is not its record"),
            },
            Err(error) => tracing::debug!("a contact did not give its record: {error}"),
        }
    }

    async fn is_known(&self, peer: &Peer) -> bool {
        let (peers, did) = (self.peers.clone(), peer.did.clone());
        let known = tokio::task::spawn_blocking(move || {
            *peers.own().did() == did || matches!(peers.contacts().may_send(&did), Ok(Ok(())))
        });
        known.await.unwrap_or(false)
    }
}
