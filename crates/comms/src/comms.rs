//! The door of this crate.

mod ask;
mod reach;
mod serve;

pub(crate) use ask::refusal;

use std::{
    collections::{BTreeMap, HashMap},
    fmt,
    sync::Arc,
    time::Duration,
};

use bytes::Bytes;
use parking_lot::{Mutex, RwLock};
use tokio::{
    sync::{Semaphore, broadcast, mpsc},
    time::timeout,
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use webx_identity::Did;
use webx_overlay::{
    NodeId,
    transport::{Connection, PathInfo, Pending, Transport},
};

use crate::{
    Datagrams, Directory, Error, Limits, Metrics, People, Priority, Receiver, Sender,
    bandwidth::Bandwidth, datagram::Mailbox, error::code, memory::Memory, pool::Pool,
    protocol::Protocol, wire,
};

/// The name of this crate's connections in the transport handshake.
pub const ALPN: &[u8] = b"webx/comms/1";
/// The request that every node answers, with nothing.
pub(crate) const PING: &str = "webx/ping/1";
/// Most protocols.
const MAX_PROTOCOLS: usize = 256;
/// News of proofs that wait to be read.
const NEWS: usize = 256;

/// How the door behaves.
#[derive(Clone, Copy, Debug)]
pub struct Config {
    /// Connections at the same time; the one that was idle longest makes room.
    pub connections: usize,
    /// Incoming connections whose proof is under way at the same time.
    pub proofs: usize,
    /// Bytes of unanswered questions that are held at the same time; one peer may fill a quarter.
    pub memory: u64,
    /// Bytes a second to all peers together; `None` is no limit.
    pub bandwidth: Option<u64>,
    /// How long finding, dialling and proving may take, each.
    pub dial: Duration,
    /// How long the head of a stream may take to come.
    pub head: Duration,
    /// A connection on which nothing is open for so long is closed.
    pub idle: Duration,
    /// How long what runs may go on when the node stops.
    pub grace: Duration,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            connections: 1024,
            proofs: 64,
            memory: 64 * 1024 * 1024,
            bandwidth: None,
            dial: Duration::from_secs(20),
            head: Duration::from_secs(10),
            idle: Duration::from_secs(120),
            grace: Duration::from_secs(5),
        }
    }
}

/// Whom to talk to.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Target {
    /// Any device of a person.
    Person(Did),
    /// One node.
    Node(NodeId),
}

impl From<Did> for Target {
    fn from(did: Did) -> Self {
        Self::Person(did)
    }
}

impl From<NodeId> for Target {
    fn from(node: NodeId) -> Self {
        Self::Node(node)
    }
}

/// Who is at the other end, proved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Peer {
    /// The node.
    pub node: NodeId,
    /// The person.
    pub did: Did,
}

/// Two nodes have proved themselves to each other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Met {
    /// Who.
    pub peer: Peer,
    /// Whether this side dialled.
    pub dialled: bool,
}

/// Answers requests.
pub type OnRequest =
    Arc<dyn Fn(Peer, Bytes) -> Pending<'static, Result<Bytes, String>> + Send + Sync>;
/// Takes streams.
pub type OnStream = Arc<dyn Fn(Peer, Sender, Receiver) -> Pending<'static, ()> + Send + Sync>;

#[derive(Clone)]
pub(crate) enum Handler {
    Request(OnRequest),
    Stream(OnStream),
}

/// Streams, requests and datagrams with people and nodes. Clones share it; it lives until [`Comms::shutdown`].
#[derive(Clone)]
pub struct Comms(Arc<Inner>);

struct Inner {
    transport: Arc<dyn Transport>,
    directory: Arc<dyn Directory>,
    people: Arc<dyn People>,
    config: Config,
    bandwidth: Arc<Bandwidth>,
    memory: Arc<Memory>,
    protocols: RwLock<BTreeMap<String, Arc<Protocol>>>,
    /// The protocols that take datagrams, by tag.
    tags: RwLock<HashMap<[u8; 8], Arc<Protocol>>>,
    pool: Pool,
    proofs: Arc<Semaphore>,
    /// Incoming proofs under way, by node.
    proving: Mutex<HashMap<NodeId, u32>>,
    met: broadcast::Sender<Met>,
    /// Nothing new is begun.
    stop: CancellationToken,
    /// What still runs is ended.
    end: CancellationToken,
    tasks: TaskTracker,
}

impl fmt::Debug for Comms {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Comms({:?})", self.0.transport.id())
    }
}

impl Comms {
    /// Opens the door over `transport`. Incoming connections are handed in by [`Comms::accept`].
    #[must_use]
    pub fn open(
        transport: Arc<dyn Transport>,
        directory: Arc<dyn Directory>,
        people: Arc<dyn People>,
        config: Config,
    ) -> Self {
        let this = Self(Arc::new(Inner {
            transport,
            directory,
            people,
            config,
            bandwidth: Arc::new(Bandwidth::new(config.bandwidth)),
            memory: Memory::new(config.memory),
            protocols: RwLock::default(),
            tags: RwLock::default(),
            pool: Pool::default(),
            proofs: Arc::new(Semaphore::new(config.proofs)),
            proving: Mutex::default(),
            met: broadcast::channel(NEWS).0,
            stop: CancellationToken::new(),
            end: CancellationToken::new(),
            tasks: TaskTracker::new(),
        }));
        let limits = Limits {
            streams: 4,
            bytes: 0,
            answer: 0,
            rate: 5,
            time: Duration::from_secs(5),
            priority: Priority::Interactive,
            ..Limits::default()
        };
        // The first protocol has a good name and a place.
        let _ = this.on_request(
            PING,
            limits,
            Arc::new(|_, _| Box::pin(async { Ok(Bytes::new()) })),
        );
        this
    }

    /// Answers requests of a protocol. A handler that was there is replaced.
    ///
    /// # Errors
    /// [`Error::Name`], [`Error::Full`].
    pub fn on_request(
        &self,
        protocol: &str,
        limits: Limits,
        handler: OnRequest,
    ) -> Result<(), Error> {
        let protocol = self.register(protocol, Some(limits))?;
        *protocol.handler.write() = Some(Handler::Request(handler));
        Ok(())
    }

    /// Takes streams of a protocol. A handler that was there is replaced.
    ///
    /// # Errors
    /// [`Error::Name`], [`Error::Full`].
    pub fn on_stream(
        &self,
        protocol: &str,
        limits: Limits,
        handler: OnStream,
    ) -> Result<(), Error> {
        let protocol = self.register(protocol, Some(limits))?;
        *protocol.handler.write() = Some(Handler::Stream(handler));
        Ok(())
    }

    /// Takes datagrams of a protocol. Of a peer's unread ones `waiting` are kept, the oldest dropped first.
    ///
    /// # Errors
    /// [`Error::Name`], [`Error::Full`].
    pub fn on_datagram(
        &self,
        protocol: &str,
        limits: Limits,
        waiting: usize,
    ) -> Result<Datagrams, Error> {
        let known = self.register(protocol, Some(limits))?;
        let mailbox = Arc::new(Mailbox::new(waiting));
        let before = known.mailbox.write().replace(mailbox.clone());
        if let Some(before) = before {
            before.close();
        }
        self.0.tags.write().insert(wire::tag(protocol), known);
        Ok(Datagrams(mailbox))
    }

    /// What one peer may use of a protocol from now on, whether it is answered here or only asked.
    ///
    /// # Errors
    /// [`Error::Name`], [`Error::Full`].
    pub fn limit(&self, protocol: &str, limits: Limits) -> Result<(), Error> {
        self.register(protocol, Some(limits)).map(drop)
    }

    fn register(&self, name: &str, limits: Option<Limits>) -> Result<Arc<Protocol>, Error> {
        if !wire::is_name(name) {
            return Err(Error::Name);
        }
        let known = self.0.protocols.read().get(name).cloned();
        if let Some(known) = known {
            if let Some(limits) = limits {
                known.set_limits(limits);
                self.0.bandwidth.set_weight(known.class, limits.weight);
            }
            return Ok(known);
        }
        let limits = limits.unwrap_or_default();
        let mut protocols = self.0.protocols.write();
        if protocols.len() >= MAX_PROTOCOLS {
            return Err(Error::Full("protocols"));
        }
        let known = protocols.entry(name.to_owned()).or_insert_with(|| {
            let class = self.0.bandwidth.class(limits.weight);
            Arc::new(Protocol::new(name, limits, class))
        });
        Ok(known.clone())
    }

    /// Changes the limit of what is sent to all peers together, in bytes a second.
    pub fn set_bandwidth(&self, rate: Option<u64>) {
        self.0.bandwidth.set_rate(rate);
    }

    /// The limit of what is sent to all peers together, in bytes a second.
    #[must_use]
    pub fn bandwidth(&self) -> Option<u64> {
        self.0.bandwidth.rate()
    }

    /// News of proofs from now on. Who reads too slowly misses some.
    #[must_use]
    pub fn met(&self) -> broadcast::Receiver<Met> {
        self.0.met.subscribe()
    }

    /// What went over each protocol.
    #[must_use]
    pub fn metrics(&self) -> Vec<Metrics> {
        let protocols = self.0.protocols.read();
        protocols.values().map(|one| one.metrics()).collect()
    }

    /// What went over each protocol with each of its peers.
    #[must_use]
    pub fn metrics_by_peer(&self) -> Vec<Metrics> {
        let protocols: Vec<_> = self.0.protocols.read().values().cloned().collect();
        protocols
            .iter()
            .flat_map(|one| one.metrics_by_peer())
            .collect()
    }

    /// The connections that stand: with whom, and over which paths.
    #[must_use]
    pub fn connections(&self) -> Vec<(Peer, Vec<PathInfo>)> {
        let all = self.0.pool.all().into_iter();
        all.map(|line| (line.peer(), line.connection.paths()))
            .collect()
    }

    /// The paths of the connection that is used for a node now; empty without one.
    #[must_use]
    pub fn paths(&self, node: NodeId) -> Vec<PathInfo> {
        let line = self.0.pool.best(node);
        line.map(|line| line.connection.paths()).unwrap_or_default()
    }

    /// Ends all connections with a person: after blocking him.
    pub fn hang_up(&self, did: &Did) {
        for line in self.0.pool.all() {
            if line.did == *did {
                self.0.pool.remove(&line);
                line.connection.close(code::IDLE, "");
            }
        }
    }

    /// Takes in what comes, until `incoming` ends or the door is closed. What is not for this floor is closed.
    pub async fn accept_all(&self, mut incoming: mpsc::Receiver<Arc<dyn Connection>>) {
        loop {
            let connection = tokio::select! {
                () = self.0.stop.cancelled() => return,
                next = incoming.recv() => match next {
                    Some(connection) => connection,
                    None => return,
                },
            };
            if let Err(connection) = self.accept(connection) {
                connection.close(code::UNKNOWN, "not served");
            }
        }
    }

    /// Stops: nothing new is begun, what runs may finish within the grace time, then everything is ended. All tasks are
    /// gone when this returns.
    pub async fn shutdown(&self) {
        self.0.stop.cancel();
        self.0.tasks.close();
        let _ = timeout(self.0.config.grace, self.0.tasks.wait()).await;
        self.0.end.cancel();
        for line in self.0.pool.all() {
            line.connection
                .close(code::STOPPING, "this node is stopping");
            self.0.pool.remove(&line);
        }
        for protocol in self.0.tags.read().values() {
            if let Some(mailbox) = &*protocol.mailbox.read() {
                mailbox.close();
            }
        }
        self.0.tasks.wait().await;
    }

    /// Runs a task that ends with this door.
    fn run(&self, task: impl Future<Output = ()> + Send + 'static) {
        let end = self.0.end.clone();
        self.0.tasks.spawn(async move {
            tokio::select! {
                () = end.cancelled() => {}
                () = task => {}
            }
        });
    }
}
