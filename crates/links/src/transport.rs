//! The transport: one iroh endpoint, many ALPNs.

use core::fmt;
use core::net::SocketAddr;
use core::time::Duration;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use iroh::endpoint::{ConnectOptions, ConnectWithOptsError};
use iroh::{Endpoint, EndpointAddr, EndpointId, RelayUrl, TransportAddr};
use iroh_relay::{RelayConfig as HomeRelay, RelayQuicConfig};
use parking_lot::{Mutex, RwLock};
use tokio::sync::{broadcast, mpsc, watch};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use webx_overlay::NodeId;
use webx_overlay::transport::{Connection, Exposure, Hints, LinkError, Pending, Transport};

use crate::addresses::{MOST_DIRECT, MOST_RELAYS, follow_hints, hints_of, near, usable};
use crate::bandwidth::Bandwidth;
use crate::config::{Bind, Config, ProtocolLimits};
use crate::connection::{IrohConnection, dial_error};
use crate::gate::Gate;
use crate::incoming;
use crate::paths::{PathChange, PathWatch};
use crate::relay::{RelayError, RelayServer};
use crate::relay_address::{NotARelay, RelayAddress};
use crate::settings;
use crate::tls::Pins;

/// The code of a connection that is closed because too many wait to be served.
pub const BUSY: u32 = 0x7766;
/// Relays this node listens on.
const MOST_HOMES: usize = 16;

/// How often a port is asked for. One that a transport of this process has just closed comes free a moment later.
const TRIES: u32 = 20;
const BETWEEN: Duration = Duration::from_millis(100);

/// Why a transport did not start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BindError {
    /// The socket could not be opened, or iroh refused the configuration.
    #[error("no link could be opened: {0}")]
    Endpoint(String),
    /// A relay of the configuration.
    #[error("{0:?}: {1}")]
    Relay(String, NotARelay),
    /// The own relay.
    #[error(transparent)]
    Serve(#[from] RelayError),
    /// The configuration contradicts itself.
    #[error("{0}")]
    Config(&'static str),
}

/// QNet over iroh. See the crate's opening page.
pub struct IrohTransport {
    /// None once it is closed: iroh gives its UDP ports back when the last handle of the endpoint is gone, and this transport
    /// may be held for longer.
    endpoint: RwLock<Option<Endpoint>>,
    id: NodeId,
    config: Config,
    protocols: Arc<HashMap<Vec<u8>, Arc<ProtocolLimits>>>,
    bandwidth: Bandwidth,
    pins: Pins,
    gate: Gate,
    /// Relays this node listens on.
    homes: Mutex<HashSet<RelayAddress>>,
    incoming: tokio::sync::Mutex<mpsc::Receiver<Arc<dyn Connection>>>,
    paths: PathWatch,
    hints: watch::Receiver<Hints>,
    relay: Option<RelayServer>,
    cancel: CancellationToken,
    tasks: TaskTracker,
}

impl fmt::Debug for IrohTransport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IrohTransport")
            .field("id", &self.id)
            .field("bind", &self.config.bind)
            .finish_non_exhaustive()
    }
}

impl IrohTransport {
    /// Opens the sockets and begins to take connections in.
    ///
    /// # Errors
    /// When an address is taken or the configuration is unsound.
    pub async fn bind(
        config: Config,
        key: &ed25519_dalek::SigningKey,
    ) -> Result<Arc<Self>, BindError> {
        if config.protocols.is_empty() {
            return Err(BindError::Config("a transport without protocols"));
        }
        let id = NodeId(key.verifying_key().to_bytes());
        let pins = Pins::default();
        let endpoint = open(&config, key, &pins).await?;
        let relay = match &config.serve {
            Some(serve) => Some(RelayServer::start(serve.clone(), key).await?),
            None => None,
        };
        let protocols: HashMap<_, _> = config
            .protocols
            .iter()
            .map(|limits| (limits.alpn.clone(), Arc::new(limits.clone())))
            .collect();
        let protocols = Arc::new(protocols);
        let bandwidth = Bandwidth::new(config.rates, config.metered);
        let gate = Gate::new(config.admission.clone(), tokio::time::Instant::now());
        let (cancel, tasks) = (CancellationToken::new(), TaskTracker::new());
        let paths = PathWatch::start(&tasks, cancel.clone());
        let (queue, incoming) = mpsc::channel(config.admission.waiting.max(1));
        tasks.spawn(incoming::admit(incoming::Door {
            endpoint: endpoint.clone(),
            gate: gate.clone(),
            admission: config.admission.clone(),
            protocols: protocols.clone(),
            bandwidth: bandwidth.clone(),
            paths: paths.clone(),
            queue,
            cancel: cancel.clone(),
        }));
        let own = relay.as_ref().map(|relay| relay.address().to_string());
        let (hints_now, hints) = watch::channel(Hints::default());
        tasks.spawn(follow_hints(
            endpoint.clone(),
            config.bind.clone(),
            own.clone(),
            hints_now,
            cancel.clone(),
        ));
        let this = Self {
            endpoint: RwLock::new(Some(endpoint)),
            id,
            protocols,
            bandwidth,
            pins,
            gate,
            homes: Mutex::new(HashSet::new()),
            incoming: tokio::sync::Mutex::new(incoming),
            paths,
            hints,
            relay,
            cancel,
            tasks,
            config,
        };
        for relay in this.config.relays.iter().chain(&own) {
            this.listen_on(relay)
                .await
                .map_err(|error| BindError::Relay(relay.clone(), error))?;
        }
        Ok(Arc::new(this))
    }

    /// Listens on one more relay: the nearest of them becomes this node's home.
    ///
    /// # Errors
    /// When the text is not the address of a relay. More than sixteen relays are ignored, and those that this node's networks
    /// do not lead to.
    pub async fn listen_on(&self, relay: &str) -> Result<(), NotARelay> {
        let address: RelayAddress = relay.parse()?;
        let url: RelayUrl = relay.parse().map_err(|_| NotARelay)?;
        {
            let mut homes = self.homes.lock();
            if homes.len() >= MOST_HOMES
                || !near(&address, &self.config.bind)
                || !self.pins.expect(&address)
            {
                return Ok(());
            }
            homes.insert(address);
        }
        let quic = address
            .tls
            .then(|| RelayQuicConfig::new(address.address.port()));
        let quic = quic.filter(|_| self.config.bind != Bind::Nothing);
        if let Some(endpoint) = self.endpoint() {
            let relay = Arc::new(HomeRelay::new(url.clone(), quic));
            endpoint.insert_relay(url, relay).await;
        }
        Ok(())
    }

    /// Leaves a relay. The last one stays the home of iroh's endpoint until another takes its place.
    pub async fn leave(&self, relay: &str) {
        if let (Ok(address), Ok(url)) = (relay.parse::<RelayAddress>(), relay.parse::<RelayUrl>()) {
            self.homes.lock().remove(&address);
            if let Some(endpoint) = self.endpoint() {
                endpoint.remove_relay(&url).await;
            }
        }
    }

    /// Waits until a relay has taken this node in. Returns at once when there are none.
    pub async fn online(&self) {
        let alone = self.homes.lock().is_empty();
        if let Some(endpoint) = self.endpoint().filter(|_| !alone) {
            endpoint.online().await;
        }
    }

    /// The bandwidth limits, to look at and to change.
    #[must_use]
    pub fn bandwidth(&self) -> &Bandwidth {
        &self.bandwidth
    }

    /// The relay this node runs.
    #[must_use]
    pub fn relay(&self) -> Option<&RelayServer> {
        self.relay.as_ref()
    }

    /// Incoming connections that stand or are being made.
    #[must_use]
    pub fn open_incoming(&self) -> usize {
        self.gate.open()
    }

    /// Where others may reach this node, each time it changes.
    #[must_use]
    pub fn watch_hints(&self) -> watch::Receiver<Hints> {
        self.hints.clone()
    }

    /// The changes of paths of all connections. Who falls behind misses the oldest.
    #[must_use]
    pub fn path_changes(&self) -> broadcast::Receiver<PathChange> {
        self.paths.subscribe()
    }

    /// The machine's networks have changed (sleep, another Wi-Fi): look again at once.
    pub async fn networks_changed(&self) {
        if let Some(endpoint) = self.endpoint() {
            endpoint.network_change().await;
        }
    }

    /// The UDP sockets.
    #[must_use]
    pub fn bound(&self) -> Vec<SocketAddr> {
        self.endpoint()
            .map(|endpoint| endpoint.bound_sockets())
            .unwrap_or_default()
    }

    /// Whether it stays on this machine.
    pub(crate) fn is_loopback(&self) -> bool {
        self.config.bind == Bind::Loopback
    }

    /// The endpoint, until it is closed.
    fn endpoint(&self) -> Option<Endpoint> {
        self.endpoint.read().clone()
    }

    /// Where this node itself answers.
    fn own_addresses(&self) -> Vec<SocketAddr> {
        let Some(endpoint) = self.endpoint() else {
            return Vec::new();
        };
        let mut own = endpoint.bound_sockets();
        own.extend(endpoint.addr().ip_addrs());
        own
    }

    /// What of a peer's hints is worth trying.
    fn address(
        &self,
        to: NodeId,
        hints: &Hints,
        exposure: Exposure,
    ) -> Result<EndpointAddr, LinkError> {
        let id = EndpointId::from_bytes(to.as_bytes()).map_err(|_| LinkError::Unreachable(to))?;
        let loopback = self.config.bind == Bind::Loopback;
        let own = self.own_addresses();
        let direct = hints
            .direct
            .iter()
            .filter(|_| exposure == Exposure::Direct)
            .filter(|address| usable(address, loopback, &self.config.bind))
            // Every home has a 192.168.1.2. Dialling it would reach oneself, and end the dial: another node answers.
            .filter(|address| !own.contains(address))
            .take(MOST_DIRECT)
            .map(|address| TransportAddr::Ip(*address));
        let relays = hints.relays.iter().take(MOST_RELAYS).filter_map(|relay| {
            let address: RelayAddress = relay.parse().ok()?;
            let takes = near(&address, &self.config.bind) && self.pins.expect(&address);
            takes.then_some(())?;
            Some(TransportAddr::Relay(relay.parse().ok()?))
        });
        let addresses: Vec<_> = direct.chain(relays).collect();
        Ok(EndpointAddr::from_parts(id, addresses))
    }

    async fn connect(
        &self,
        to: NodeId,
        hints: &Hints,
        exposure: Exposure,
        alpn: &[u8],
    ) -> Result<Arc<dyn Connection>, LinkError> {
        let limits = self
            .protocols
            .get(alpn)
            .ok_or(LinkError::Protocol(self.id))?
            .clone();
        if to == self.id {
            return Err(LinkError::Other("a node does not dial itself".into()));
        }
        // iroh tells every peer of a connection the addresses of the endpoint; an endpoint that hides them has none.
        if exposure == Exposure::RelayOnly && self.config.exposure == Exposure::Direct {
            return Err(LinkError::Other(
                "this transport shows its addresses; who hides them dials by a transport that goes by relays alone".into(),
            ));
        }
        let address = self.address(to, hints, self.config.exposure)?;
        let options = ConnectOptions::new().with_transport_config(settings::dialled(&limits));
        let endpoint = self.endpoint().ok_or(LinkError::Ended)?;
        let connecting = endpoint
            .connect_with_opts(address, alpn, options)
            .await
            .map_err(|error| match error {
                ConnectWithOptsError::NoAddress { .. } => LinkError::Unreachable(to),
                ConnectWithOptsError::EndpointClosed { .. } => LinkError::Ended,
                other => LinkError::Other(other.to_string()),
            })?;
        let inner = connecting.await.map_err(|error| dial_error(&error, to))?;
        self.paths.follow(to, alpn, &inner);
        let meter = self.bandwidth.meter(to);
        Ok(Arc::new(IrohConnection {
            inner,
            peer: to,
            dialled: true,
            limits,
            meter,
            _ticket: None,
        }))
    }
}

async fn open(
    config: &Config,
    key: &ed25519_dalek::SigningKey,
    pins: &Pins,
) -> Result<Endpoint, BindError> {
    let mut tries = 1;
    loop {
        match settings::endpoint(config, key, pins).await {
            Err(BindError::Endpoint(_)) if tries < TRIES => tries += 1,
            done => return done,
        }
        tokio::time::sleep(BETWEEN).await;
    }
}

impl Transport for IrohTransport {
    fn id(&self) -> NodeId {
        self.id
    }

    fn hints(&self) -> Hints {
        let own = self.relay.as_ref().map(|relay| relay.address().to_string());
        match self.endpoint() {
            Some(endpoint) => {
                hints_of(&endpoint.addr(), &endpoint, &self.config.bind, own.as_ref())
            }
            None => Hints::default(),
        }
    }

    fn dial<'a>(
        &'a self,
        to: NodeId,
        hints: &'a Hints,
        exposure: Exposure,
        alpn: &'a [u8],
    ) -> Pending<'a, Result<Arc<dyn Connection>, LinkError>> {
        Box::pin(async move {
            tokio::select! {
                () = self.cancel.cancelled() => Err(LinkError::Ended),
                dialled = tokio::time::timeout(self.config.dial_time, self.connect(to, hints, exposure, alpn)) => {
                    dialled.unwrap_or(Err(LinkError::Unreachable(to)))
                }
            }
        })
    }

    fn accept(&self) -> Pending<'_, Option<Arc<dyn Connection>>> {
        Box::pin(async { self.incoming.lock().await.recv().await })
    }

    fn close(&self) -> Pending<'_, ()> {
        Box::pin(async {
            self.cancel.cancel();
            let endpoint = self.endpoint.write().take();
            if let Some(endpoint) = &endpoint {
                endpoint.close().await;
            }
            self.tasks.close();
            self.tasks.wait().await;
            drop(endpoint);
            if let Some(relay) = &self.relay {
                relay.close().await;
            }
        })
    }
}

impl Drop for IrohTransport {
    fn drop(&mut self) {
        self.cancel.cancel();
    }
}
