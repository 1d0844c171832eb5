//! One connection of iroh, seen as the overlay sees connections.

use std::sync::Arc;

use bytes::Bytes;
use iroh::endpoint::{ConnectingError, ConnectionError, SendDatagramError, VarInt};
use webx_overlay::NodeId;
use webx_overlay::transport::{Connection, LinkError, PathInfo, Pending, RecvStream, SendStream};

use crate::bandwidth::{Meter, Way};
use crate::config::ProtocolLimits;
use crate::gate::Ticket;
use crate::paths::route;
use crate::stream::{Receiving, Sending};

/// TLS's alert `no_application_protocol` as a QUIC error code (RFC 9001 section 4.8).
const NO_PROTOCOL: u64 = 0x178;

/// What went wrong with a connection that stood.
pub(crate) fn link_error(error: &ConnectionError, peer: NodeId) -> LinkError {
    match error {
        ConnectionError::ApplicationClosed(close) => {
            LinkError::Closed(u32::try_from(close.error_code.into_inner()).unwrap_or(u32::MAX))
        }
        ConnectionError::ConnectionClosed(close) if u64::from(close.error_code) == NO_PROTOCOL => {
            LinkError::Protocol(peer)
        }
        ConnectionError::TransportError(error) if u64::from(error.code) == NO_PROTOCOL => {
            LinkError::Protocol(peer)
        }
        ConnectionError::LocallyClosed => LinkError::Ended,
        ConnectionError::TimedOut => LinkError::TimedOut,
        other => LinkError::Other(other.to_string()),
    }
}

/// What went wrong before a connection stood.
pub(crate) fn dial_error(error: &ConnectingError, peer: NodeId) -> LinkError {
    match error {
        ConnectingError::ConnectionError { source, .. } => match link_error(source, peer) {
            LinkError::TimedOut => LinkError::Unreachable(peer),
            other => other,
        },
        other => LinkError::Other(other.to_string()),
    }
}

/// Which routes a path list gives.
pub(crate) fn paths_of(connection: &iroh::endpoint::Connection) -> Vec<PathInfo> {
    let paths = connection.paths();
    paths
        .iter()
        .filter_map(|path| {
            Some(PathInfo {
                route: route(path.remote_addr())?,
                selected: path.is_selected(),
                rtt: path.rtt(),
            })
        })
        .collect()
}

/// A connection over iroh.
#[derive(Debug)]
pub(crate) struct IrohConnection {
    pub(crate) inner: iroh::endpoint::Connection,
    pub(crate) peer: NodeId,
    pub(crate) dialled: bool,
    pub(crate) limits: Arc<ProtocolLimits>,
    pub(crate) meter: Meter,
    /// An incoming one's place at the door.
    pub(crate) _ticket: Option<Ticket>,
}

impl IrohConnection {
    fn error(&self, error: &ConnectionError) -> LinkError {
        link_error(error, self.peer)
    }

    fn pair(
        &self,
        (send, recv): (iroh::endpoint::SendStream, iroh::endpoint::RecvStream),
    ) -> (SendStream, RecvStream) {
        (
            Box::new(Sending::new(send, self.meter.clone())),
            Box::new(Receiving::new(recv, self.meter.clone())),
        )
    }
}

impl Connection for IrohConnection {
    fn peer(&self) -> NodeId {
        self.peer
    }

    fn alpn(&self) -> &[u8] {
        &self.limits.alpn
    }

    fn dialled(&self) -> bool {
        self.dialled
    }

    fn open_bi(&self) -> Pending<'_, Result<(SendStream, RecvStream), LinkError>> {
        Box::pin(async {
            self.inner
                .open_bi()
                .await
                .map(|pair| self.pair(pair))
                .map_err(|e| self.error(&e))
        })
    }

    fn accept_bi(&self) -> Pending<'_, Result<(SendStream, RecvStream), LinkError>> {
        Box::pin(async {
            self.inner
                .accept_bi()
                .await
                .map(|pair| self.pair(pair))
                .map_err(|e| self.error(&e))
        })
    }

    fn open_uni(&self) -> Pending<'_, Result<SendStream, LinkError>> {
        Box::pin(async {
            let stream = self.inner.open_uni().await.map_err(|e| self.error(&e))?;
            Ok(Box::new(Sending::new(stream, self.meter.clone())) as SendStream)
        })
    }

    fn accept_uni(&self) -> Pending<'_, Result<RecvStream, LinkError>> {
        Box::pin(async {
            let stream = self.inner.accept_uni().await.map_err(|e| self.error(&e))?;
            Ok(Box::new(Receiving::new(stream, self.meter.clone())) as RecvStream)
        })
    }

    fn send_datagram(&self, data: Bytes) -> Result<(), LinkError> {
        let length = data.len();
        if self.max_datagram().is_none_or(|most| length > most) {
            return Err(LinkError::TooLong(length));
        }
        // Above its rate a datagram is lost, as it would be on a full link.
        if self.meter.limited(Way::Up)
            && self
                .meter
                .wait(Way::Up, tokio::time::Instant::now())
                .is_some()
        {
            return Ok(());
        }
        self.inner
            .send_datagram(data)
            .map_err(|error| match error {
                SendDatagramError::ConnectionLost(error) => self.error(&error),
                SendDatagramError::TooLarge => LinkError::TooLong(length),
                other => LinkError::Other(other.to_string()),
            })?;
        self.meter.took(Way::Up, length);
        Ok(())
    }

    fn read_datagram(&self) -> Pending<'_, Result<Bytes, LinkError>> {
        Box::pin(async {
            let data = self
                .inner
                .read_datagram()
                .await
                .map_err(|e| self.error(&e))?;
            self.meter.took(Way::Down, data.len());
            Ok(data)
        })
    }

    fn max_datagram(&self) -> Option<usize> {
        if self.limits.datagrams == 0 {
            None
        } else {
            self.inner.max_datagram_size()
        }
    }

    fn channel_binding(&self, label: &[u8]) -> Result<[u8; 32], LinkError> {
        let mut binding = [0; 32];
        self.inner
            .export_keying_material(&mut binding, label, b"")
            .map_err(|_| LinkError::Other("no key can be derived from this handshake".into()))?;
        Ok(binding)
    }

    fn paths(&self) -> Vec<PathInfo> {
        paths_of(&self.inner)
    }

    fn traffic(&self) -> (u64, u64) {
        let stats = self.inner.stats();
        (stats.udp_tx.bytes, stats.udp_rx.bytes)
    }

    fn close(&self, code: u32, reason: &str) {
        self.inner.close(VarInt::from_u32(code), reason.as_bytes());
    }

    fn closed(&self) -> Pending<'_, LinkError> {
        Box::pin(async { self.error(&self.inner.closed().await) })
    }
}
