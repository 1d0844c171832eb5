//! The door to the network: what every transport gives, be it QUIC over the internet, loopback or the simulator.

use core::fmt;
use core::future::Future;
use core::net::SocketAddr;
use core::pin::Pin;
use core::time::Duration;
use std::sync::Arc;

use bytes::Bytes;
use tokio::io::{AsyncRead, AsyncWrite};

use crate::id::NodeId;

/// Between two keep-alives on each open path of a connection on which nothing else is said. It is iroh's own pace: its settings
/// take no slower one. The simulator counts the same.
pub const KEEP_ALIVE: Duration = Duration::from_secs(5);
/// Silence after which a connection is gone.
pub const SILENCE: Duration = Duration::from_secs(30);

/// A future in a box.
pub type Pending<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Where a node may be reached.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Hints {
    /// UDP addresses.
    pub direct: Vec<SocketAddr>,
    /// `https://` addresses of relays that the node listens on.
    pub relays: Vec<String>,
}

/// Whether the own network address may be shown to the other side.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Exposure {
    /// Direct paths are tried: the other side learns the address.
    #[default]
    Direct,
    /// Only by relays.
    RelayOnly,
}

/// A transport: dials nodes by key and takes in connections.
pub trait Transport: Send + Sync + fmt::Debug + 'static {
    /// The own key.
    fn id(&self) -> NodeId;
    /// Where others may reach this node right now.
    fn hints(&self) -> Hints;
    /// Opens an authenticated, encrypted connection.
    fn dial<'a>(
        &'a self,
        to: NodeId,
        hints: &'a Hints,
        exposure: Exposure,
        alpn: &'a [u8],
    ) -> Pending<'a, Result<Arc<dyn Connection>, LinkError>>;
    /// The next incoming connection, after its handshake; `None` once the transport is closed.
    fn accept(&self) -> Pending<'_, Option<Arc<dyn Connection>>>;
    /// Ends every connection and the transport.
    fn close(&self) -> Pending<'_, ()>;
}

/// One path of a connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PathInfo {
    /// The way: an address, or a relay.
    pub route: Route,
    /// Whether data goes over it now.
    pub selected: bool,
    /// Round trip.
    pub rtt: Duration,
}

/// How a path goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Route {
    /// From machine to machine.
    Direct(SocketAddr),
    /// By a relay, which sees cipher text alone.
    Relay(String),
    /// Inside one process.
    Memory,
}

/// An authenticated connection with one peer, for one ALPN.
pub trait Connection: Send + Sync + fmt::Debug + 'static {
    /// The other end's key.
    fn peer(&self) -> NodeId;
    /// What the connection is for.
    fn alpn(&self) -> &[u8];
    /// Whether this side dialled.
    fn dialled(&self) -> bool;
    /// Opens a stream in both directions. Waits while the peer allows no more.
    fn open_bi(&self) -> Pending<'_, Result<(SendStream, RecvStream), LinkError>>;
    /// The next stream in both directions that the peer opened.
    fn accept_bi(&self) -> Pending<'_, Result<(SendStream, RecvStream), LinkError>>;
    /// Opens a stream to the peer.
    fn open_uni(&self) -> Pending<'_, Result<SendStream, LinkError>>;
    /// The next stream that the peer opened.
    fn accept_uni(&self) -> Pending<'_, Result<RecvStream, LinkError>>;
    /// Sends a datagram now or not at all.
    ///
    /// # Errors
    /// When it is longer than [`Connection::max_datagram`] or the connection is gone.
    fn send_datagram(&self, data: Bytes) -> Result<(), LinkError>;
    /// The next datagram.
    fn read_datagram(&self) -> Pending<'_, Result<Bytes, LinkError>>;
    /// The longest datagram, in bytes; `None` if the peer takes none.
    fn max_datagram(&self) -> Option<usize>;
    /// 32 bytes that only the two ends of this handshake can compute (RFC 5705, RFC 8446 section 7.5).
    ///
    /// # Errors
    /// When the connection is gone.
    fn channel_binding(&self, label: &[u8]) -> Result<[u8; 32], LinkError>;
    /// The paths that stand now.
    fn paths(&self) -> Vec<PathInfo>;
    /// Bytes sent and received so far, keep-alives and all: they grow while nothing is said.
    fn traffic(&self) -> (u64, u64);
    /// Ends the connection; the peer sees `code`.
    fn close(&self, code: u32, reason: &str);
    /// Waits until the connection is gone.
    fn closed(&self) -> Pending<'_, LinkError>;
}

/// The sending half of a stream. Dropped without [`Outgoing::finish`], it is reset.
pub type SendStream = Box<dyn Outgoing>;
/// The receiving half of a stream. Dropped before its end, the peer is told to stop.
pub type RecvStream = Box<dyn Incoming>;

/// The sending half.
pub trait Outgoing: AsyncWrite + Send + Sync + Unpin {
    /// All is said.
    ///
    /// # Errors
    /// When the stream is already reset.
    fn finish(&mut self) -> Result<(), LinkError>;
    /// Gives up; the peer sees `code`.
    fn reset(&mut self, code: u32);
    /// Higher goes first among the streams of a connection; 0 at the start.
    fn set_priority(&self, priority: i32);
}

/// The receiving half.
pub trait Incoming: AsyncRead + Send + Sync + Unpin {
    /// Nothing more is wanted; the peer sees `code`.
    fn stop(&mut self, code: u32);
}

/// Why a link failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LinkError {
    /// Nobody answered at any address.
    #[error("node {0:?} does not answer at any known address")]
    Unreachable(NodeId),
    /// The peer speaks none of it.
    #[error("node {0:?} does not speak this protocol")]
    Protocol(NodeId),
    /// The peer ended the connection.
    #[error("the other side closed the connection (code {0})")]
    Closed(u32),
    /// This side ended it.
    #[error("the connection is closed")]
    Ended,
    /// Nothing came for too long.
    #[error("the other side went silent")]
    TimedOut,
    /// The peer reset the stream or told to stop.
    #[error("the other side gave up the stream (code {0})")]
    Reset(u32),
    /// A datagram is too long.
    #[error("a datagram of {0} bytes is too long for this path")]
    TooLong(usize),
    /// Anything else, in words.
    #[error("{0}")]
    Other(String),
}
