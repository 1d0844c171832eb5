//! Two nodes of one network tell each other who they are, over a connection between keys that are used for nothing else.

use core::net::{IpAddr, Ipv4Addr, SocketAddr, SocketAddrV4};
use core::time::Duration;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use ed25519_dalek::SigningKey;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::time::timeout;
use webx_overlay::NodeId;
use webx_overlay::record::{MAX_PEER_RECORD, PeerRecord};
use webx_overlay::transport::{Connection, Exposure, Hints, RecvStream, Route, Transport as _};

use super::machine::is_local;
use crate::config::{Admission, Bind, Config, ProtocolLimits};
use crate::transport::{BindError, IrohTransport};

const ALPN: &[u8] = b"webx/lan/1";
/// An introduction is two records there and back.
const PATIENCE: Duration = Duration::from_secs(5);
/// Any newer record of the node displaces the one of an introduction.
const FIRST: u64 = 1;
const DONE: u32 = 0;

/// The door at which this node introduces itself for the length of one stay.
pub(super) struct Introductions {
    /// The node's own key, and where it is reached.
    key: Arc<SigningKey>,
    node: Arc<IrohTransport>,
    /// Answers to a key made for this stay.
    pub(super) door: Arc<IrohTransport>,
}

impl Introductions {
    /// Opens the door, on loopback if the node itself is there.
    pub(super) async fn open(
        key: Arc<SigningKey>,
        node: Arc<IrohTransport>,
    ) -> Result<Self, BindError> {
        let mut fresh = zeroize::Zeroizing::new([0; 32]);
        aws_lc_rs::rand::fill(&mut *fresh)
            .map_err(|_| BindError::Config("the system gives no randomness"))?;
        let config = Config {
            bind: match node.is_loopback() {
                true => Bind::Loopback,
                false => Bind::Exactly(vec![SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0))]),
            },
            protocols: vec![ProtocolLimits {
                bi_streams: 1,
                uni_streams: 0,
                ..ProtocolLimits::messages(ALPN, MAX_PEER_RECORD)
            }],
            admission: Admission {
                connections: 32,
                per_address: 8,
                per_relay: 0,
                handshakes: 16,
                validate_above: 2,
                handshakes_per_second: 4,
                handshake_time: PATIENCE,
                waiting: 4,
            },
            dial_time: PATIENCE,
            ..Config::loopback()
        };
        let door = IrohTransport::bind(config, &SigningKey::from_bytes(&fresh)).await?;
        Ok(Self { key, node, door })
    }

    /// The UDP port of the door.
    pub(super) fn port(&self) -> Option<u16> {
        port(&self.door)
    }

    /// Dials somebody who announced himself.
    pub(super) async fn meet(&self, stranger: NodeId, at: SocketAddrV4) -> Option<PeerRecord> {
        let hints = Hints {
            direct: vec![at.into()],
            relays: Vec::new(),
        };
        let exchange = async {
            let connection = self
                .door
                .dial(stranger, &hints, Exposure::Direct, ALPN)
                .await
                .ok()?;
            let (mut send, recv) = connection.open_bi().await.ok()?;
            send.write_all(&self.own(*at.ip())?.encode()).await.ok()?;
            send.finish().ok()?;
            let record = self.judge(&whole(recv).await?, *at.ip());
            connection.close(DONE, "");
            record
        };
        timeout(PATIENCE, exchange).await.ok()?
    }

    /// Answers somebody who dialled.
    pub(super) async fn answer(&self, connection: Arc<dyn Connection>) -> Option<PeerRecord> {
        let from = connection
            .paths()
            .into_iter()
            .find_map(|path| match path.route {
                Route::Direct(address) => match address.ip().to_canonical() {
                    IpAddr::V4(ip) => Some(ip),
                    IpAddr::V6(_) => None,
                },
                _ => None,
            });
        let exchange = async {
            let from = from.filter(|ip| self.takes(*ip))?;
            let (mut send, recv) = connection.accept_bi().await.ok()?;
            let record = self.judge(&whole(recv).await?, from)?;
            send.write_all(&self.own(from)?.encode()).await.ok()?;
            send.finish().ok()?;
            // He closes once he has read.
            connection.closed().await;
            Some(record)
        };
        let met = timeout(PATIENCE, exchange).await.ok().flatten();
        connection.close(DONE, "");
        met
    }

    /// What is said of this node to somebody at this address: its key, and the one address by which it reaches him.
    fn own(&self, to: Ipv4Addr) -> Option<PeerRecord> {
        let hints = Hints {
            direct: vec![SocketAddr::from((towards(to)?, port(&self.node)?))],
            relays: Vec::new(),
        };
        let issued = SystemTime::now().duration_since(UNIX_EPOCH).ok()?.as_secs();
        PeerRecord::signed(&self.key, FIRST, issued, hints, false).ok()
    }

    /// Takes a record that names the very address it comes from, and nothing else: what is said here sends no packet to anybody
    /// but him who says it.
    fn judge(&self, bytes: &[u8], from: Ipv4Addr) -> Option<PeerRecord> {
        let record = PeerRecord::decode(bytes).ok()?;
        let one = <[SocketAddr; 1]>::try_from(record.direct.clone()).ok()?;
        let [address] = one;
        let honest = address.ip() == IpAddr::V4(from) && record.relays.is_empty() && !record.serves;
        (honest && self.takes(from) && record.id != self.node.id()).then_some(record)
    }

    fn takes(&self, ip: Ipv4Addr) -> bool {
        match self.node.is_loopback() {
            true => ip.is_loopback(),
            false => is_local(ip),
        }
    }
}

fn port(transport: &IrohTransport) -> Option<u16> {
    let bound = transport.bound();
    bound
        .iter()
        .find(|address| address.is_ipv4())
        .map(SocketAddr::port)
}

/// The own address from which packets to that one leave. Nothing is sent.
fn towards(to: Ipv4Addr) -> Option<IpAddr> {
    let socket = std::net::UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0)).ok()?;
    socket.connect((to, super::message::GROUP.port())).ok()?;
    Some(socket.local_addr().ok()?.ip())
}

async fn whole(stream: RecvStream) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    let limit = u64::try_from(MAX_PEER_RECORD).ok()? + 1;
    stream.take(limit).read_to_end(&mut bytes).await.ok()?;
    (bytes.len() <= MAX_PEER_RECORD).then_some(bytes)
}

#[cfg(test)]
#[path = "introduce_tests.rs"]
mod tests;
