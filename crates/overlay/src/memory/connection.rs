//! Connections inside one process.

use core::sync::atomic::{AtomicU64, Ordering};
use core::time::Duration;
use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use tokio::sync::{Mutex, mpsc};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::stream::{MemoryRecv, MemorySend, pipe};
use crate::id::NodeId;
use crate::transport::{
    Connection, KEEP_ALIVE, LinkError, PathInfo, Pending, RecvStream, Route, SendStream,
};

const STREAMS: usize = 64;
const DATAGRAMS: usize = 64;
const MAX_DATAGRAM: usize = 1200;
/// A keep-alive, in bytes: a connection that is open moves some even when nothing is said, as on real links.
const ALIVE: u64 = 40;

/// What both ends share.
#[derive(Debug)]
pub(super) struct Shared {
    secret: [u8; 32],
    begin: Instant,
    closed: CancellationToken,
    reason: OnceLock<(NodeId, LinkError)>,
}

impl Shared {
    pub(super) fn end(&self, reason: LinkError) {
        self.end_by(NodeId([0; 32]), reason);
    }

    fn end_by(&self, who: NodeId, reason: LinkError) {
        // The first reason stands.
        let _ = self.reason.set((who, reason));
        self.closed.cancel();
    }

    fn reason(&self, side: NodeId) -> LinkError {
        match self.reason.get() {
            Some((who, _)) if *who == side => LinkError::Ended,
            Some((_, reason)) => reason.clone(),
            None => LinkError::Ended,
        }
    }
}

type Bi = (MemorySend, MemoryRecv);

/// One end of a connection. Dropped, it ends.
#[derive(Debug)]
pub(super) struct MemoryConnection {
    own: NodeId,
    peer: NodeId,
    alpn: Vec<u8>,
    dialled: bool,
    shared: Arc<Shared>,
    bi: mpsc::Sender<Bi>,
    uni: mpsc::Sender<MemoryRecv>,
    datagrams: mpsc::Sender<Bytes>,
    incoming_bi: Mutex<mpsc::Receiver<Bi>>,
    incoming_uni: Mutex<mpsc::Receiver<MemoryRecv>>,
    incoming_datagrams: Mutex<mpsc::Receiver<Bytes>>,
    sent: Arc<AtomicU64>,
    received: Arc<AtomicU64>,
}

/// Both ends of a new connection.
pub(super) fn pair(
    from: NodeId,
    to: NodeId,
    alpn: &[u8],
    number: u64,
) -> (Arc<MemoryConnection>, Arc<MemoryConnection>, Arc<Shared>) {
    let mut hash = blake3::Hasher::new_derive_key("webx overlay memory connection v1");
    hash.update(from.as_bytes());
    hash.update(to.as_bytes());
    hash.update(&number.to_be_bytes());
    let shared = Arc::new(Shared {
        secret: *hash.finalize().as_bytes(),
        begin: Instant::now(),
        closed: CancellationToken::new(),
        reason: OnceLock::new(),
    });
    let (near_bi, far_in_bi) = mpsc::channel(STREAMS);
    let (far_bi, near_in_bi) = mpsc::channel(STREAMS);
    let (near_uni, far_in_uni) = mpsc::channel(STREAMS);
    let (far_uni, near_in_uni) = mpsc::channel(STREAMS);
    let (near_data, far_in_data) = mpsc::channel(DATAGRAMS);
    let (far_data, near_in_data) = mpsc::channel(DATAGRAMS);
    let (there, back) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)));
    let near = MemoryConnection {
        own: from,
        peer: to,
        alpn: alpn.to_vec(),
        dialled: true,
        shared: shared.clone(),
        bi: near_bi,
        uni: near_uni,
        datagrams: near_data,
        incoming_bi: Mutex::new(near_in_bi),
        incoming_uni: Mutex::new(near_in_uni),
        incoming_datagrams: Mutex::new(near_in_data),
        sent: there.clone(),
        received: back.clone(),
    };
    let far = MemoryConnection {
        own: to,
        peer: from,
        alpn: alpn.to_vec(),
        dialled: false,
        shared: shared.clone(),
        bi: far_bi,
        uni: far_uni,
        datagrams: far_data,
        incoming_bi: Mutex::new(far_in_bi),
        incoming_uni: Mutex::new(far_in_uni),
        incoming_datagrams: Mutex::new(far_in_data),
        sent: back,
        received: there,
    };
    (Arc::new(near), Arc::new(far), shared)
}

impl MemoryConnection {
    fn gone(&self) -> LinkError {
        self.shared.reason(self.own)
    }

    async fn hand_over<T>(&self, door: &mpsc::Sender<T>, stream: T) -> Result<(), LinkError> {
        tokio::select! {
            biased;
            () = self.shared.closed.cancelled() => Err(self.gone()),
            sent = door.send(stream) => sent.map_err(|_| self.gone()),
        }
    }

    async fn take<T>(&self, incoming: &Mutex<mpsc::Receiver<T>>) -> Result<T, LinkError> {
        let mut incoming = incoming.lock().await;
        tokio::select! {
            biased;
            () = self.shared.closed.cancelled() => Err(self.gone()),
            stream = incoming.recv() => stream.ok_or_else(|| self.gone()),
        }
    }
}

impl Drop for MemoryConnection {
    fn drop(&mut self) {
        self.shared.end_by(self.own, LinkError::Closed(0));
    }
}

impl Connection for MemoryConnection {
    fn peer(&self) -> NodeId {
        self.peer
    }

    fn alpn(&self) -> &[u8] {
        &self.alpn
    }

    fn dialled(&self) -> bool {
        self.dialled
    }

    fn open_bi(&self) -> Pending<'_, Result<(SendStream, RecvStream), LinkError>> {
        Box::pin(async {
            let (send, far_recv) = pipe(&self.shared.closed, &self.sent);
            let (far_send, recv) = pipe(&self.shared.closed, &self.received);
            self.hand_over(&self.bi, (far_send, far_recv)).await?;
            Ok((Box::new(send) as SendStream, Box::new(recv) as RecvStream))
        })
    }

    fn accept_bi(&self) -> Pending<'_, Result<(SendStream, RecvStream), LinkError>> {
        Box::pin(async {
            let (send, recv) = self.take(&self.incoming_bi).await?;
            Ok((Box::new(send) as SendStream, Box::new(recv) as RecvStream))
        })
    }

    fn open_uni(&self) -> Pending<'_, Result<SendStream, LinkError>> {
        Box::pin(async {
            let (send, far_recv) = pipe(&self.shared.closed, &self.sent);
            self.hand_over(&self.uni, far_recv).await?;
            Ok(Box::new(send) as SendStream)
        })
    }

    fn accept_uni(&self) -> Pending<'_, Result<RecvStream, LinkError>> {
        Box::pin(async {
            let recv = self.take(&self.incoming_uni).await?;
            Ok(Box::new(recv) as RecvStream)
        })
    }

    fn send_datagram(&self, data: Bytes) -> Result<(), LinkError> {
        if data.len() > MAX_DATAGRAM {
            return Err(LinkError::TooLong(data.len()));
        }
        if self.shared.closed.is_cancelled() {
            return Err(self.gone());
        }
        self.sent.fetch_add(data.len() as u64, Ordering::Relaxed);
        // A full queue loses it, as a network does.
        let _ = self.datagrams.try_send(data);
        Ok(())
    }

    fn read_datagram(&self) -> Pending<'_, Result<Bytes, LinkError>> {
        Box::pin(self.take(&self.incoming_datagrams))
    }

    fn max_datagram(&self) -> Option<usize> {
        Some(MAX_DATAGRAM)
    }

    fn channel_binding(&self, label: &[u8]) -> Result<[u8; 32], LinkError> {
        if self.shared.closed.is_cancelled() {
            return Err(self.gone());
        }
        Ok(*blake3::keyed_hash(&self.shared.secret, label).as_bytes())
    }

    fn paths(&self) -> Vec<PathInfo> {
        vec![PathInfo {
            route: Route::Memory,
            selected: true,
            rtt: Duration::from_micros(10),
        }]
    }

    fn traffic(&self) -> (u64, u64) {
        let alive = self.shared.begin.elapsed().as_secs() / KEEP_ALIVE.as_secs() * ALIVE;
        (
            self.sent.load(Ordering::Relaxed) + alive,
            self.received.load(Ordering::Relaxed) + alive,
        )
    }

    fn close(&self, code: u32, _reason: &str) {
        self.shared.end_by(self.own, LinkError::Closed(code));
    }

    fn closed(&self) -> Pending<'_, LinkError> {
        Box::pin(async {
            self.shared.closed.cancelled().await;
            self.gone()
        })
    }
}
