//! What a transport is told at its start.

use core::net::SocketAddr;
use core::num::NonZeroU64;
use core::time::Duration;

use webx_overlay::Protocol;
use webx_overlay::transport::{Exposure, SILENCE};

use crate::relay::RelayConfig;

/// Which addresses of this machine are used.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Bind {
    /// 127.0.0.1 alone, any free port: nodes of one machine.
    Loopback,
    /// Every network of this machine, at this UDP port (0: any free one), by IPv4 and IPv6.
    Any(u16),
    /// Exactly these, at most one for each address family.
    Exactly(Vec<SocketAddr>),
    /// No UDP at all: everything goes by relays.
    Nothing,
}

/// What one ALPN may use of a connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProtocolLimits {
    /// The ALPN.
    pub alpn: Vec<u8>,
    /// Streams in both directions that the peer may have open at once.
    pub bi_streams: u32,
    /// Streams towards us that the peer may have open at once.
    pub uni_streams: u32,
    /// Unread bytes the peer may have on its way on one stream.
    pub stream_window: u32,
    /// Unread bytes the peer may have on its way on the whole connection.
    pub window: u32,
    /// Bytes of unread datagrams kept, the oldest dropped first; 0: no datagrams.
    pub datagrams: u32,
    /// Silence after which the connection is gone.
    pub idle: Duration,
}

impl ProtocolLimits {
    /// For whole messages on streams of their own, none longer than `longest` bytes.
    #[must_use]
    pub fn messages(alpn: &[u8], longest: usize) -> Self {
        let longest = u32::try_from(longest).unwrap_or(u32::MAX / 16).max(1024);
        Self {
            alpn: alpn.to_vec(),
            bi_streams: 0,
            uni_streams: 32,
            stream_window: longest.saturating_mul(2),
            window: longest.saturating_mul(8),
            datagrams: 0,
            idle: SILENCE,
        }
    }

    /// For long streams and datagrams.
    #[must_use]
    pub fn streams(alpn: &[u8]) -> Self {
        Self {
            alpn: alpn.to_vec(),
            bi_streams: 256,
            uni_streams: 256,
            // A receiver keeps what is not read yet packet by packet, and noq 1.4 ends the connection at 2048 pieces of one
            // stream, gaps or none. So many packets of the smallest path hold more than this.
            stream_window: 3 << 19,
            window: 16 << 20,
            datagrams: 256 << 10,
            idle: SILENCE,
        }
    }
}

/// What strangers may ask of the machine before they have said anything.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Admission {
    /// Incoming connections in all.
    pub connections: usize,
    /// Incoming connections from one address (IPv6: from one /64).
    pub per_address: usize,
    /// Incoming connections by one relay.
    pub per_relay: usize,
    /// Handshakes under way at once.
    pub handshakes: usize,
    /// Above so many handshakes under way, an address must first show that it receives our packets.
    pub validate_above: usize,
    /// Handshakes begun in a second, on average.
    pub handshakes_per_second: u32,
    /// How long a handshake may take.
    pub handshake_time: Duration,
    /// Connections waiting to be taken by [`Transport::accept`](webx_overlay::transport::Transport::accept); more are closed as busy.
    pub waiting: usize,
}

impl Default for Admission {
    fn default() -> Self {
        Self {
            connections: 4096,
            per_address: 64,
            per_relay: 1024,
            handshakes: 256,
            validate_above: 32,
            handshakes_per_second: 100,
            handshake_time: Duration::from_secs(10),
            waiting: 128,
        }
    }
}

/// Bytes a second; `None` is unlimited.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Rates {
    /// Sent to all peers together.
    pub up: Option<NonZeroU64>,
    /// Received from all peers together.
    pub down: Option<NonZeroU64>,
    /// Sent to any one peer.
    pub peer_up: Option<NonZeroU64>,
    /// Received from any one peer.
    pub peer_down: Option<NonZeroU64>,
}

/// Everything.
#[derive(Debug, Clone)]
pub struct Config {
    /// Which addresses are used.
    pub bind: Bind,
    /// What this node speaks.
    pub protocols: Vec<ProtocolLimits>,
    /// Relays this node listens on, as [`RelayAddress`](crate::RelayAddress)es. At most sixteen.
    pub relays: Vec<String>,
    /// Addresses at which this node is reachable besides those it finds out: a forwarded port.
    pub external: Vec<SocketAddr>,
    /// Whether own addresses are shown at all. With [`Exposure::RelayOnly`] no UDP socket is opened.
    pub exposure: Exposure,
    /// What strangers may ask for.
    pub admission: Admission,
    /// Bandwidth on ordinary links.
    pub rates: Rates,
    /// Bandwidth while the link is metered.
    pub metered: Rates,
    /// The relay this node runs for others.
    pub serve: Option<RelayConfig>,
    /// How long a dial may take.
    pub dial_time: Duration,
}

impl Config {
    /// Loopback, the protocols of the overlay, no relays: what tests and `webx devnet` use.
    #[must_use]
    pub fn loopback() -> Self {
        Self {
            bind: Bind::Loopback,
            protocols: Protocol::ALL
                .iter()
                .map(|protocol| ProtocolLimits::messages(protocol.alpn(), protocol.max_message()))
                .collect(),
            relays: Vec::new(),
            external: Vec::new(),
            exposure: Exposure::Direct,
            admission: Admission::default(),
            rates: Rates::default(),
            metered: Rates::default(),
            serve: None,
            dial_time: Duration::from_secs(15),
        }
    }

    /// Every network of this machine, at this UDP port.
    #[must_use]
    pub fn any(port: u16) -> Self {
        Self {
            bind: Bind::Any(port),
            ..Self::loopback()
        }
    }

    /// Speaks one more protocol.
    #[must_use]
    pub fn with(mut self, limits: ProtocolLimits) -> Self {
        self.protocols.push(limits);
        self
    }
}
