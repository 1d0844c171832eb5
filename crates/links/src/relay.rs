//! The relay a node runs for others: it passes on cipher text between nodes that cannot reach each other, over WebSocket in
//! TLS on one TCP port, and tells callers their own address at the UDP port of the same number.

use core::net::{IpAddr, Ipv4Addr, SocketAddr};
use core::num::NonZeroU32;
use core::time::Duration;
use std::collections::HashMap;
use std::io;
use std::sync::Arc;

use iroh::EndpointId;
use iroh_relay::KeyCache;
use iroh_relay::http::RELAY_PROBE_PATH;
use iroh_relay::server::http_server::TlsConfig;
use iroh_relay::server::{
    Access, AccessControl, ClientRateLimit, ClientRequest, ConnectionId, Handlers, Metrics,
    QuicConfig, RelayService, Server, ServerConfig,
};
use parking_lot::Mutex;
use tokio::net::TcpListener;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use webx_overlay::NodeId;

use crate::config::Admission;
use crate::gate::{Gate, Verdict};
use crate::relay_address::RelayAddress;
use crate::tls;

/// How a node's relay is run.
#[derive(Debug, Clone)]
pub struct RelayConfig {
    /// Where it listens; 443 passes most firewalls. Port 0: any free one.
    pub bind: SocketAddr,
    /// Where others reach it, if that is not `bind`.
    pub public: Option<SocketAddr>,
    /// Whether it speaks TLS. Without, only on loopback.
    pub tls: bool,
    /// Nodes connected at once.
    pub clients: usize,
    /// Bytes a second taken from each of them.
    pub rate: NonZeroU32,
    /// What strangers may ask of it.
    pub admission: Admission,
}

impl RelayConfig {
    /// Without TLS, at any free port of 127.0.0.1.
    #[must_use]
    pub fn loopback() -> Self {
        Self {
            tls: false,
            ..Self::at(SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0))
        }
    }

    /// With TLS at this address.
    #[must_use]
    pub fn at(bind: SocketAddr) -> Self {
        Self {
            bind,
            public: None,
            tls: true,
            clients: 512,
            rate: NonZeroU32::new(2 << 20).unwrap_or(NonZeroU32::MAX),
            admission: Admission {
                connections: 256,
                per_address: 16,
                handshakes: 256,
                handshakes_per_second: 50,
                ..Admission::default()
            },
        }
    }
}

/// Why a relay did not start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RelayError {
    /// The address is taken or not ours.
    #[error("the relay cannot listen at {0}: {1}")]
    Bind(SocketAddr, io::Error),
    /// The configuration would leave traffic readable or the relay unreachable.
    #[error("{0}")]
    Config(&'static str),
    /// No certificate could be made.
    #[error("the relay's certificate: {0}")]
    Tls(#[from] rustls::Error),
    /// The UDP half did not start.
    #[error("the relay's UDP port: {0}")]
    Udp(String),
}

/// Who is connected.
#[derive(Debug)]
struct Guests {
    most: usize,
    /// By node: how often.
    now: Mutex<HashMap<EndpointId, usize>>,
}

/// A node may be connected so often at once: a new connection overtakes one that died unseen.
const PER_NODE: usize = 3;

impl AccessControl for Guests {
    async fn on_connect(&self, request: &ClientRequest) -> Access {
        let mut now = self.now.lock();
        let total: usize = now.values().sum();
        let his = now.get(&request.endpoint_id()).copied().unwrap_or(0);
        if total >= self.most || his >= PER_NODE {
            return Access::Deny {
                reason: Some("this relay has no place left".into()),
            };
        }
        *now.entry(request.endpoint_id()).or_default() += 1;
        Access::Allow
    }

    fn on_disconnect(&self, endpoint_id: EndpointId, _connection_id: ConnectionId) {
        let mut now = self.now.lock();
        if let Some(count) = now.get_mut(&endpoint_id) {
            *count = count.saturating_sub(1);
            if *count == 0 {
                now.remove(&endpoint_id);
            }
        }
    }
}

/// A relay that runs. Dropped, it stops; [`RelayServer::close`] also waits for its tasks.
#[derive(Debug)]
pub struct RelayServer {
    address: RelayAddress,
    guests: Arc<Guests>,
    service: RelayService,
    cancel: CancellationToken,
    tasks: TaskTracker,
    look_up: Mutex<Option<Server>>,
}

impl RelayServer {
    /// Starts the relay of the node with this key.
    ///
    /// # Errors
    /// When the address is taken, or the configuration is unsound.
    pub async fn start(
        config: RelayConfig,
        key: &ed25519_dalek::SigningKey,
    ) -> Result<Self, RelayError> {
        if !config.tls && !config.bind.ip().is_loopback() {
            return Err(RelayError::Config(
                "a relay without TLS listens on loopback alone",
            ));
        }
        let (listener, look_up) = listen(&config, key).await?;
        let bound = listener
            .local_addr()
            .map_err(|error| RelayError::Bind(config.bind, error))?;
        let mut public = config.public.unwrap_or(bound);
        if public.port() == 0 {
            public.set_port(bound.port());
        }
        if public.ip().is_unspecified() {
            return Err(RelayError::Config(
                "a relay needs the address at which others reach it",
            ));
        }
        let address = RelayAddress {
            node: NodeId(key.verifying_key().to_bytes()),
            address: public,
            tls: config.tls,
        };
        let tls = if config.tls {
            Some(TlsConfig::new(Arc::new(tls::server_config(key)?)))
        } else {
            None
        };

        let guests = Arc::new(Guests {
            most: config.clients,
            now: Mutex::new(HashMap::new()),
        });
        let mut limit = ClientRateLimit::new(config.rate);
        limit.max_burst_bytes = Some(
            config
                .rate
                .max(NonZeroU32::new(256 << 10).unwrap_or(NonZeroU32::MAX)),
        );
        let service = RelayService::new(
            handlers(),
            Default::default(),
            Some(limit),
            KeyCache::new(config.clients.max(16)),
            guests.clone(),
            Arc::new(Metrics::default()),
        );
        let cancel = CancellationToken::new();
        let tasks = TaskTracker::new();
        tasks.spawn(serve(
            listener,
            service.clone(),
            tls,
            config.admission,
            cancel.clone(),
            tasks.clone(),
        ));
        Ok(Self {
            address,
            guests,
            service,
            cancel,
            tasks,
            look_up: Mutex::new(look_up),
        })
    }

    /// Where others find it.
    #[must_use]
    pub fn address(&self) -> RelayAddress {
        self.address
    }

    /// Nodes connected now.
    #[must_use]
    pub fn clients(&self) -> usize {
        self.guests.now.lock().len()
    }

    /// Another rate for each client, from now on.
    pub fn set_rate(&self, rate: NonZeroU32) {
        self.service
            .set_client_rate_limit(Some(ClientRateLimit::new(rate)));
    }

    /// Ends it and waits for its tasks.
    pub async fn close(&self) {
        self.cancel.cancel();
        self.tasks.close();
        self.service.shutdown().await;
        let look_up = self.look_up.lock().take();
        if let Some(look_up) = look_up
            && let Err(error) = look_up.shutdown().await
        {
            tracing::debug!(%error, "the relay's UDP half had ended before");
        }
        self.tasks.wait().await;
    }
}

impl Drop for RelayServer {
    fn drop(&mut self) {
        self.cancel.cancel();
    }
}

/// Both sockets, at ports of the same number.
async fn listen(
    config: &RelayConfig,
    key: &ed25519_dalek::SigningKey,
) -> Result<(TcpListener, Option<Server>), RelayError> {
    let mut tries = 0;
    loop {
        let listener = TcpListener::bind(config.bind)
            .await
            .map_err(|error| RelayError::Bind(config.bind, error))?;
        if !config.tls {
            return Ok((listener, None));
        }
        let bound = listener
            .local_addr()
            .map_err(|error| RelayError::Bind(config.bind, error))?;
        let mut quic = QuicConfig::new(bound);
        quic.server_config = Some(tls::server_config(key)?);
        let mut server = ServerConfig::default();
        server.quic = Some(quic);
        match Server::spawn(server).await {
            Ok(server) => return Ok((listener, Some(server))),
            // A free TCP port may be a taken UDP port.
            Err(_) if config.bind.port() == 0 && tries < 8 => tries += 1,
            Err(error) => return Err(RelayError::Udp(error.to_string())),
        }
    }
}

/// What the relay answers besides relaying: a sign of life, by which nodes choose the nearest relay.
fn handlers() -> Handlers {
    let mut handlers = Handlers::default();
    handlers.insert(
        (hyper::Method::GET, RELAY_PROBE_PATH),
        Box::new(|_request, response| {
            Ok(response
                .status(200)
                .body(Box::new(http_body_util::Empty::new()) as _)?)
        }),
    );
    handlers
}

async fn serve(
    listener: TcpListener,
    service: RelayService,
    tls: Option<TlsConfig>,
    admission: Admission,
    cancel: CancellationToken,
    tasks: TaskTracker,
) {
    let time = admission.handshake_time;
    let gate = Gate::new(admission, Instant::now());
    loop {
        let accepted = tokio::select! {
            () = cancel.cancelled() => return,
            accepted = listener.accept() => accepted,
        };
        let Ok((stream, peer)) = accepted else {
            // Out of descriptors, most likely: let others end first.
            tokio::select! {
                () = cancel.cancelled() => return,
                () = tokio::time::sleep(Duration::from_millis(100)) => continue,
            }
        };
        // A TCP connection has shown that the address receives.
        let Verdict::Admit(ticket) = gate.knock(peer.ip().into(), true, Instant::now()) else {
            continue;
        };
        let (service, tls, cancel) = (service.clone(), tls.clone(), cancel.clone());
        tasks.spawn(async move {
            let _ticket = ticket;
            tokio::select! {
                () = cancel.cancelled() => {}
                _served = service.handle_connection(stream, tls, time) => {}
            }
        });
    }
}
