//! Taking connections in.

use std::collections::HashMap;
use std::sync::Arc;

use iroh::Endpoint;
use iroh::endpoint::{Accepting, IncomingAddr, VarInt};
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use webx_overlay::NodeId;
use webx_overlay::transport::Connection;

use crate::bandwidth::Bandwidth;
use crate::config::{Admission, ProtocolLimits};
use crate::connection::IrohConnection;
use crate::gate::{Gate, Source, Ticket, Verdict};
use crate::paths::PathWatch;
use crate::settings;
use crate::transport::BUSY;

/// What the door needs to know.
#[derive(Debug)]
pub(crate) struct Door {
    pub(crate) endpoint: Endpoint,
    pub(crate) gate: Gate,
    pub(crate) admission: Admission,
    pub(crate) protocols: Arc<HashMap<Vec<u8>, Arc<ProtocolLimits>>>,
    pub(crate) bandwidth: Bandwidth,
    pub(crate) paths: PathWatch,
    pub(crate) queue: mpsc::Sender<Arc<dyn Connection>>,
    pub(crate) cancel: CancellationToken,
}

/// Takes connections in until the endpoint closes.
pub(crate) async fn admit(door: Door) {
    let cancel = door.cancel.clone();
    let door = Arc::new(door);
    let mut shaking = JoinSet::new();
    loop {
        let incoming = tokio::select! {
            () = cancel.cancelled() => break,
            Some(_done) = shaking.join_next() => continue,
            incoming = door.endpoint.accept() => incoming,
        };
        let Some(incoming) = incoming else { break };
        let (source, validated) = match incoming.remote_addr() {
            IncomingAddr::Ip(address) => {
                (Source::from(address.ip()), incoming.remote_addr_validated())
            }
            // A relay has authenticated its client, and a retry would travel the same way.
            IncomingAddr::Relay { url, .. } => (Source::Relay(url.to_string()), true),
            _ => {
                incoming.ignore();
                continue;
            }
        };
        match door.gate.knock(source, validated, Instant::now()) {
            Verdict::Ignore => incoming.ignore(),
            Verdict::Validate => {
                if let Err(validated) = incoming.retry() {
                    validated.into_incoming().ignore();
                }
            }
            Verdict::Admit(ticket) => {
                if let Ok(accepting) = incoming.accept() {
                    shaking.spawn(shake(door.clone(), accepting, ticket));
                }
            }
        }
    }
    shaking.shutdown().await;
}

async fn shake(door: Arc<Door>, accepting: Accepting, mut ticket: Ticket) {
    let Ok(Ok(inner)) = tokio::time::timeout(door.admission.handshake_time, accepting).await else {
        return;
    };
    ticket.shaken();
    // TLS has agreed on one of our ALPNs; anything else would be an error of the library.
    let Some(limits) = door.protocols.get(inner.alpn()).cloned() else {
        inner.close(VarInt::from_u32(BUSY), b"protocol");
        return;
    };
    settings::widen(&inner, &limits);
    let peer = NodeId(*inner.remote_id().as_bytes());
    door.paths.follow(peer, &limits.alpn, &inner);
    let meter = door.bandwidth.meter(peer);
    let connection = IrohConnection {
        inner,
        peer,
        dialled: false,
        limits,
        meter,
        _ticket: Some(ticket),
    };
    if let Err(refused) = door.queue.try_send(Arc::new(connection)) {
        refused.into_inner().close(BUSY, "busy");
    }
}
