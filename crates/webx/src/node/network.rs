//! QNet on this node: starts with the home and ends with it.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, anyhow};
use ed25519_dalek::SigningKey;
use parking_lot::Mutex;
use serde_json::{Value, json};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use tokio::sync::{Semaphore, broadcast, mpsc};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use webx_desktop::Home;
use webx_links::{Config, Invite, IrohTransport, ProtocolLimits};
use webx_overlay::driver::{Driver, Handle, PeerCache};
use webx_overlay::record::PeerRecord;
use webx_overlay::transport::{Connection, Exposure, Hints, Route, Transport};
use webx_overlay::{Event, NodeId, UnixTime};
use webx_peers::Peers;
use webx_peers::fitness::Observation;
use webx_peers::proof::{self, Own, ProofError, Proven};
use webx_vault::Db;

use super::person::Record;
use crate::args::Reach;
use crate::failure::Failure;

/// The UDP port that is asked for when any network is used.
const PORT: u16 = 7701;
/// Proofs that strangers may have under way at once.
const PROOFS: usize = 16;
/// Incoming connections of other protocols that wait to be taken.
const WAITING: usize = 64;
/// Records of peers that outlive a restart.
const KEPT: usize = 512;
/// How long a node is looked for.
const PATIENCE: Duration = Duration::from_secs(20);
const HOUR: u64 = 3600;

const SCHEMA: &[&str] = &["CREATE TABLE net_peer (
        id     BLOB PRIMARY KEY CHECK (length(id) = 32),
        record BLOB NOT NULL CHECK (length(record) <= 2048)
    ) STRICT, WITHOUT ROWID"];

/// QNet of one process. What runs belongs to the home that is open.
pub(crate) struct Network {
    reach: Reach,
    runtime: tokio::runtime::Handle,
    running: Mutex<Option<Arc<Running>>>,
}

struct Running {
    reach: Reach,
    key: Arc<SigningKey>,
    handle: Handle,
    transport: Arc<IrohTransport>,
    peers: Peers,
    stop: CancellationToken,
    tasks: TaskTracker,
}

impl Network {
    pub(crate) fn new(reach: Reach, runtime: tokio::runtime::Handle) -> Self {
        Self {
            reach,
            runtime,
            running: Mutex::default(),
        }
    }

    /// Begins to be a node. A home without QNet is better than no home: what fails is said in the log and by [`Self::now`].
    pub(super) fn start(&self, home: &Home, record: &Record) {
        if self.reach == Reach::Off {
            return;
        }
        match self
            .runtime
            .block_on(Running::start(self.reach, home, record))
        {
            Ok(running) => *self.running.lock() = Some(Arc::new(running)),
            Err(error) => tracing::warn!("QNet did not start: {error:#}"),
        }
    }

    /// Leaves the network; every task has ended when it returns.
    pub(super) fn stop(&self) {
        let running = self.running.lock().take();
        if let Some(running) = running {
            self.runtime.block_on(running.end());
        }
    }

    fn now(&self) -> anyhow::Result<Arc<Running>> {
        let running = self.running.lock().clone();
        running.ok_or_else(|| {
            let failure = Failure::refused("no-network", "this node is not on QNet");
            match self.reach {
                Reach::Off => failure.todo("start it with webx up --qnet loopback, or any"),
                _ => failure.todo("unlock it; if it is unlocked, see the log of the node"),
            }
            .into()
        })
    }

    /// An invite to this node, and to some of those it knows, so that it holds when this node is gone.
    pub(super) async fn invite(&self, label: &str, hours: u32) -> anyhow::Result<Value> {
        let running = self.now()?;
        let view = running.handle.view().await?;
        let own = running.handle.own().await?;
        let mut nodes = vec![own];
        for peer in view.peers.iter().filter(|peer| peer.neighbour).take(2) {
            if let Ok(Some(record)) = running.find(peer.id).await {
                nodes.push(record);
            }
        }
        let mut secret = [0; 16];
        getrandom::fill(&mut secret)
            .map_err(|error| anyhow!("the system gives no randomness: {error}"))?;
        let until = OffsetDateTime::now_utc() + Duration::from_secs(u64::from(hours) * HOUR);
        let expires = UnixTime(u64::try_from(until.unix_timestamp()).unwrap_or_default());
        let invite = loop {
            match Invite::new(&running.key, nodes.clone(), expires, label, secret) {
                Ok(invite) => break invite,
                // Fewer nodes make a shorter link.
                Err(_) if nodes.len() > 1 => drop(nodes.pop()),
                Err(error) => return Err(refused("bad-invite", &error)),
            }
        };
        Ok(json!({ "invite": invite.to_string(), "expires": until.format(&Rfc3339)? }))
    }

    pub(super) async fn join(&self, text: &str) -> anyhow::Result<Value> {
        let running = self.now()?;
        let invite: Invite = text
            .parse()
            .map_err(|error| refused("bad-invite", &error))?;
        let now = u64::try_from(OffsetDateTime::now_utc().unix_timestamp()).unwrap_or_default();
        invite
            .check(UnixTime(now))
            .map_err(|error| refused("bad-invite", &error))?;
        if invite.by() == running.handle.id() {
            return Err(Failure::refused(
                "own-invite",
                "this invite is this node's own; give it to another node",
            )
            .into());
        }
        running.handle.join(invite.nodes().to_vec()).await?;
        Ok(json!({ "by": invite.by().to_string(), "label": invite.label() }))
    }

    pub(super) async fn view(&self) -> anyhow::Result<Value> {
        let running = self.now()?;
        let view = running.handle.view().await?;
        let hints = running.transport.hints();
        let traffic: Vec<_> = view.traffic.iter().map(|t| {
            json!({ "protocol": String::from_utf8_lossy(t.protocol.alpn()), "sent": t.sent, "received": t.received })
        }).collect();
        Ok(json!({
            "id": view.id.to_string(),
            "reach": match running.reach { Reach::Off => "off", Reach::Loopback => "loopback", Reach::Any => "any" },
            "addresses": hints.direct,
            "peers": view.peers.len(),
            "neighbours": view.peers.iter().filter(|peer| peer.neighbour).count(),
            "known": view.known,
            "table": view.table,
            "stored": view.stored,
            "networkSize": view.network_size,
            "controlBytes": view.budget.0,
            "controlBudget": view.budget.1,
            "traffic": traffic,
            "alarms": view.alarms.iter().map(|alarm| format!("{alarm:?}")).collect::<Vec<_>>(),
        }))
    }

    pub(super) async fn peers(&self) -> anyhow::Result<Value> {
        let running = self.now()?;
        let view = running.handle.view().await?;
        let peers = running.peers.clone();
        let ids: Vec<_> = view.peers.iter().map(|peer| peer.id).collect();
        let known = tokio::task::spawn_blocking(move || {
            ids.into_iter()
                .map(|id| peers.find(id))
                .collect::<Result<Vec<_>, _>>()
        })
        .await??;
        let list: Vec<_> = view.peers.iter().zip(known).map(|(peer, known)| {
            json!({
                "id": peer.id.to_string(),
                "did": known.as_ref().and_then(|known| known.did.as_ref()).map(|did| did.as_str()),
                "contact": known.as_ref().and_then(|known| known.contact.as_ref()).map(|(name, _)| name),
                "rttMicros": peer.rtt.map(|rtt| u64::try_from(rtt.as_micros()).unwrap_or(u64::MAX)),
                "address": peer.direct.map(|ip| ip.to_string()),
                "neighbour": peer.neighbour,
                "score": peer.score,
                "rating": known.as_ref().map(|known| format!("{:?}", known.fitness.rating).to_lowercase()),
            })
        }).collect();
        Ok(Value::Array(list))
    }

    pub(super) async fn trace(&self, node: &str) -> anyhow::Result<Value> {
        let running = self.now()?;
        let id = node_id(node)?;
        let record = running.found(id).await?;
        Ok(
            json!({ "id": id.to_string(), "direct": record.direct, "relays": record.relays, "serves": record.serves }),
        )
    }

    /// Finds a node, connects, and lets both sides prove who they are.
    pub(super) async fn ping(&self, node: &str) -> anyhow::Result<Value> {
        let running = self.now()?;
        let id = node_id(node)?;
        let record = running.found(id).await?;
        let hints = Hints {
            direct: record.direct.clone(),
            relays: record.relays.clone(),
        };
        let began = Instant::now();
        let connection = running
            .transport
            .dial(id, &hints, Exposure::Direct, proof::ALPN)
            .await
            .map_err(|error| refused("unreachable", &error))?;
        let proven = running.prove(&*connection).await;
        let path = connection.paths().into_iter().find(|path| path.selected);
        connection.close(0, "done");
        let proven = proven.map_err(|error| refused("unproven", &error))?;
        let route = match path.as_ref().map(|path| &path.route) {
            Some(Route::Direct(address)) => format!("direct, {address}"),
            Some(Route::Relay(relay)) => format!("by the relay {relay}"),
            _ => "in an unknown way".to_owned(),
        };
        let rtt = path.map_or_else(|| began.elapsed(), |path| path.rtt);
        Ok(json!({
            "id": id.to_string(),
            "did": proven.did.as_str(),
            "route": route,
            "rttMicros": u64::try_from(rtt.as_micros()).unwrap_or(u64::MAX),
        }))
    }
}

impl Running {
    async fn start(reach: Reach, home: &Home, record: &Record) -> anyhow::Result<Self> {
        let key = Arc::new(record.device_key().map_err(|error| anyhow!("{error}"))?);
        let db = home.vault.db().clone();
        db.migrate("net", SCHEMA)?;
        let now = OffsetDateTime::now_utc();
        let (did, log) = record.log().map_err(|error| anyhow!("{error}"))?;
        let own = Own::new(did, log, key.clone(), now)?;
        let peers = Peers::open(db.clone(), own)?;
        let config = match reach {
            Reach::Any => Config::any(PORT),
            _ => Config::loopback(),
        };
        let config = config.with(ProtocolLimits::streams(proof::ALPN));
        let transport = IrohTransport::bind(config, &key)
            .await
            .context("cannot open the network")?;
        let mut seed = [0; 32];
        getrandom::fill(&mut seed)
            .map_err(|error| anyhow!("the system gives no randomness: {error}"))?;
        let (others, incoming) = mpsc::channel(WAITING);
        let handle = Driver {
            config: webx_overlay::Config::default(),
            key: SigningKey::clone(&key),
            seed,
            transport: transport.clone(),
            cache: Arc::new(Cache(db)),
            exposure: Exposure::Direct,
            others: Some(others),
        }
        .spawn();
        let running = Self {
            reach,
            key,
            handle,
            transport,
            peers,
            stop: CancellationToken::new(),
            tasks: TaskTracker::new(),
        };
        running.tasks.spawn(answer(
            running.peers.clone(),
            incoming,
            running.stop.clone(),
        ));
        running.tasks.spawn(watch(
            running.peers.clone(),
            running.handle.events(),
            running.stop.clone(),
        ));
        Ok(running)
    }

    async fn end(&self) {
        self.stop.cancel();
        self.tasks.close();
        self.handle.shutdown().await;
        self.tasks.wait().await;
        let peers = self.peers.clone();
        let flushed = tokio::task::spawn_blocking(move || peers.flush()).await;
        if !matches!(flushed, Ok(Ok(()))) {
            tracing::warn!("the last observations of peers were not kept");
        }
    }

    async fn find(&self, node: NodeId) -> anyhow::Result<Option<PeerRecord>> {
        Ok(tokio::time::timeout(PATIENCE, self.handle.find(node))
            .await
            .unwrap_or(Ok(None))?)
    }

    async fn found(&self, node: NodeId) -> anyhow::Result<PeerRecord> {
        self.find(node).await?.ok_or_else(|| {
            Failure::refused(
                "not-found",
                format!("no node on QNet knows where {node} is"),
            )
            .todo("it may be off; try again, or ask for a new invite")
            .into()
        })
    }

    async fn prove(&self, connection: &dyn Connection) -> Result<Proven, ProofError> {
        prove(&self.peers, connection).await
    }
}

/// Both ends say who they are; what was learnt is remembered.
async fn prove(peers: &Peers, connection: &dyn Connection) -> Result<Proven, ProofError> {
    let proven = proof::prove(
        connection,
        &peers.own(),
        peers.contacts(),
        OffsetDateTime::now_utc(),
    )
    .await;
    let peers = peers.clone();
    match proven {
        Ok(proven) => {
            let seen = proven.clone();
            if let Ok(Err(error)) = tokio::task::spawn_blocking(move || peers.met(&seen)).await {
                tracing::warn!("a peer could not be remembered: {error}");
            }
            Ok(proven)
        }
        Err(ProofError::Refused(refusal)) => {
            let seen = refusal.clone();
            if let Ok(Err(error)) = tokio::task::spawn_blocking(move || peers.refused(&seen)).await
            {
                tracing::warn!("a refused peer could not be remembered: {error}");
            }
            Err(refusal.into())
        }
        Err(error) => Err(error),
    }
}

/// Answers those who want to know who is here.
async fn answer(
    peers: Peers,
    mut incoming: mpsc::Receiver<Arc<dyn Connection>>,
    stop: CancellationToken,
) {
    let places = Arc::new(Semaphore::new(PROOFS));
    let proofs = TaskTracker::new();
    loop {
        let connection = tokio::select! {
            () = stop.cancelled() => break,
            next = incoming.recv() => match next {
                Some(connection) => connection,
                None => break,
            },
        };
        let Ok(place) = places.clone().try_acquire_owned() else {
            connection.close(1, "busy");
            continue;
        };
        let (peers, stop) = (peers.clone(), stop.clone());
        proofs.spawn(async move {
            tokio::select! {
                () = stop.cancelled() => {}
                proven = prove(&peers, &*connection) => match proven {
                    // Who asked says when it is enough: closing first would cut off the last words.
                    Ok(_) => drop(tokio::time::timeout(proof::TIMEOUT, connection.closed()).await),
                    Err(error) => {
                        tracing::debug!("a peer proved nothing: {error}");
                        connection.close(2, "unproven");
                    }
                },
            }
            drop(place);
        });
    }
    proofs.close();
    proofs.wait().await;
}

/// Remembers how peers do.
async fn watch(peers: Peers, mut events: broadcast::Receiver<Event>, stop: CancellationToken) {
    loop {
        let event = tokio::select! {
            () = stop.cancelled() => return,
            event = events.recv() => event,
        };
        match event {
            Ok(Event::Probe { peer, rtt }) => {
                let peers = peers.clone();
                let noted = tokio::task::spawn_blocking(move || {
                    peers.observe(peer, Observation::Probe(rtt))
                })
                .await;
                if let Ok(Err(error)) = noted {
                    tracing::warn!("a probe could not be kept: {error}");
                }
            }
            Ok(Event::Misbehaved { peer, what }) => {
                tracing::debug!("{peer:?} misbehaved: {what:?}");
            }
            Ok(_) | Err(broadcast::error::RecvError::Lagged(_)) => {}
            Err(broadcast::error::RecvError::Closed) => return,
        }
    }
}

/// Records of peers in the vault's database.
struct Cache(Db);

impl PeerCache for Cache {
    fn load(&self) -> Vec<PeerRecord> {
        let read = self.0.read(|db| {
            let mut statement = db.prepare("SELECT record FROM net_peer")?;
            let rows = statement.query_map([], |row| row.get::<_, Vec<u8>>(0))?;
            Ok::<_, webx_vault::Error>(rows.collect::<Result<Vec<_>, _>>()?)
        });
        match read {
            Ok(rows) => rows
                .iter()
                .filter_map(|bytes| PeerRecord::decode(bytes).ok())
                .collect(),
            Err(error) => {
                tracing::warn!("the peers of last time are not known: {error}");
                Vec::new()
            }
        }
    }

    fn store(&self, peers: Vec<PeerRecord>) {
        let written = self.0.write(|tx| {
            tx.execute("DELETE FROM net_peer", [])?;
            let mut statement = tx.prepare("INSERT INTO net_peer (id, record) VALUES (?1, ?2)")?;
            for peer in peers.iter().take(KEPT) {
                statement.execute((peer.id.as_bytes().as_slice(), peer.encode()))?;
            }
            Ok::<_, webx_vault::Error>(())
        });
        if let Err(error) = written {
            tracing::warn!("peers could not be kept: {error}");
        }
    }
}

fn node_id(text: &str) -> anyhow::Result<NodeId> {
    text.parse()
        .map_err(|error| Failure::usage(format!("{error}")).into())
}

fn refused(code: &'static str, error: &dyn std::fmt::Display) -> anyhow::Error {
    Failure::refused(code, error.to_string()).into()
}
