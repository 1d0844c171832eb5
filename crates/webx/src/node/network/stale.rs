//! Ends connections with devices that are no longer their person's.

use tokio::sync::broadcast::error::RecvError;
use tokio_util::sync::CancellationToken;
use webx_comms::Comms;
use webx_identity::Did;
use webx_peers::Peers;
use webx_peers::proof::{self, Memory as _};

/// A device that was removed keeps what it has open until somebody looks. Whenever somebody proves himself, perhaps by a newer
/// log, the other connections with that person are looked at.
pub(super) async fn end_stale(peers: Peers, comms: Comms, stop: CancellationToken) {
    let mut met = comms.met();
    loop {
        let met = tokio::select! {
            () = stop.cancelled() => return,
            met = met.recv() => met,
        };
        let people = match met {
            Ok(met) => vec![met.peer.did],
            Err(RecvError::Lagged(_)) => comms
                .connections()
                .into_iter()
                .map(|(peer, _)| peer.did)
                .collect(),
            Err(RecvError::Closed) => return,
        };
        for did in people {
            look(&peers, &comms, did).await;
        }
    }
}

async fn look(peers: &Peers, comms: &Comms, did: Did) {
    let mut nodes: Vec<_> = comms
        .connections()
        .into_iter()
        .filter(|(peer, _)| peer.did == did)
        .map(|(peer, _)| peer.node)
        .collect();
    nodes.sort();
    nodes.dedup();
    if nodes.len() < 2 {
        return;
    }
    let (peers, who) = (peers.clone(), did.clone());
    let listed = tokio::task::spawn_blocking(move || {
        let own = peers.own();
        let log = match *own.did() == who {
            true => own.log().cloned(),
            false => peers.contacts().log(&who),
        }?;
        proof::devices(&who, Some(&log), time::OffsetDateTime::now_utc()).ok()
    });
    if let Ok(Some(devices)) = listed.await
        && nodes.iter().any(|node| !devices.contains(node))
    {
        // Those that stand in the log are soon connected again.
        comms.hang_up(&did);
    }
}
