//! A node that runs: links, overlay, and who answers for it.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, anyhow};
use ed25519_dalek::SigningKey;
use parking_lot::Mutex;
use tokio::sync::{broadcast, mpsc};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use webx_comms::profile::Profiles;
use webx_comms::{Comms, Lookup};
use webx_copies::{Copies, Rules};
use webx_desktop::qnet::{NetworkChange, NetworkSettings, QnetChange, QnetError};
use webx_links::{Config, IrohTransport, LanDiscovery, ProtocolLimits, follow_relays};
use webx_overlay::NodeId;
use webx_overlay::driver::{Driver, Handle};
use webx_overlay::record::PeerRecord;
use webx_overlay::transport::Exposure;
use webx_peers::Peers;
use webx_peers::profile::Detected;

use super::cache::{Cache, SCHEMA};
use super::greet::Greeter;
use super::lan::Lan;
use super::last_resort::LastResorts;
use super::neighbours::Neighbours;
use super::{Open, Reach, Record, copies, pairing, settings, stale, stopped, watch};

/// The UDP port that is asked for when any network is used.
const PORT: u16 = 7701;
/// Incoming connections of other protocols that wait to be taken.
const WAITING: usize = 64;
/// How long a node is looked for.
const PATIENCE: Duration = Duration::from_secs(20);

pub(super) struct Running {
    pub(super) key: Arc<SigningKey>,
    pub(super) handle: Handle,
    pub(super) transport: Arc<IrohTransport>,
    pub(super) peers: Peers,
    pub(super) comms: Comms,
    pub(super) lan: Lan,
    pub(super) last_resorts: LastResorts,
    pub(super) neighbours: Neighbours,
    pub(super) copies: Copies,
    connected: Connected,
    stop: CancellationToken,
    tasks: TaskTracker,
}

/// Who is connected, and who wants to hear of it.
#[derive(Clone)]
pub(super) struct Connected {
    nodes: Arc<Mutex<BTreeSet<NodeId>>>,
    changes: broadcast::Sender<QnetChange>,
}

impl Connected {
    fn new(changes: broadcast::Sender<QnetChange>) -> Self {
        Self {
            nodes: Arc::default(),
            changes,
        }
    }

    /// Changes who is connected, and tells.
    pub(super) fn change(&self, how: impl FnOnce(&mut BTreeSet<NodeId>)) {
        let peers = {
            let mut nodes = self.nodes.lock();
            how(&mut nodes);
            nodes.len()
        };
        let _ = self.changes.send(QnetChange::Network(NetworkChange {
            running: true,
            peers,
        }));
    }
}

impl Running {
    pub(super) async fn start(
        reach: Reach,
        data: &Path,
        open: &Arc<Open>,
        asked: &NetworkSettings,
        metered: bool,
        changes: broadcast::Sender<QnetChange>,
    ) -> anyhow::Result<Self> {
        let (key, peers) = {
            let open = open.clone();
            tokio::task::spawn_blocking(move || {
                let record = Record::open(&open.vault).map_err(|error| anyhow!("{error}"))?;
                let key = record.device_key().map_err(|error| anyhow!("{error}"))?;
                open.vault.db().migrate("net", SCHEMA)?;
                anyhow::Ok((Arc::new(key), open.peers()?))
            })
            .await??
        };
        let mut config = match reach {
            Reach::Any => Config::any(PORT),
            _ => Config::loopback(),
        };
        config.rates = settings::rates(&asked.rates);
        config.metered = settings::rates(&asked.metered_rates);
        config.serve = settings::relay(asked, reach)?;
        let config = config
            .with(ProtocolLimits::streams(webx_comms::ALPN))
            .with(pairing::limits())
            .with(pairing::recovery_limits());
        let transport = IrohTransport::bind(config, &key)
            .await
            .context("cannot open the network")?;
        transport.bandwidth().set_metered(metered);
        let mut seed = [0; 32];
        getrandom::fill(&mut seed)
            .map_err(|error| anyhow!("the system gives no randomness: {error}"))?;
        let (others, incoming) = mpsc::channel(WAITING);
        let handle = Driver {
            config: settings::overlay(asked, metered),
            key: SigningKey::clone(&key),
            seed,
            transport: transport.clone(),
            cache: Arc::new(Cache(open.vault.db().clone())),
            exposure: Exposure::Direct,
            others: Some(others),
        }
        .spawn();
        let stop = CancellationToken::new();
        let homes = follow_relays(transport.clone(), handle.clone(), stop.clone());
        let discovery = LanDiscovery::new(key.clone(), transport.clone(), handle.clone());
        let (lan, found) = Lan::new(discovery, reach, asked, metered, stop.clone());
        let last_resorts = LastResorts::new(handle.clone(), asked);
        let greeter = Greeter {
            peers: peers.clone(),
            notifications: open.notifications.clone(),
            changes: changes.clone(),
            open: open.clone(),
        };
        let lookup = Lookup::new(handle.clone(), peers.clone(), Exposure::Direct);
        let comms = Comms::open(
            transport.clone(),
            Arc::new(lookup),
            Arc::new(greeter),
            settings::comms(asked, metered),
        );
        open.transfers.serve(&comms, &peers)?;
        open.guardians.serve(&comms, &peers)?;
        let data = data.to_owned();
        let detect = Arc::new(move || Detected::of_this_machine(&data));
        let profiles = Profiles::open(comms.clone(), peers.clone(), detect)?;
        let neighbours = Neighbours::open(peers.clone(), comms.clone(), handle.clone())?;
        let copies = Copies::open(
            comms.clone(),
            peers.clone(),
            open.vault.clone(),
            open.drive.clone(),
            Rules::default(),
        )?;
        copies.heal()?;
        let running = Self {
            key,
            handle,
            transport,
            peers,
            comms,
            lan,
            last_resorts,
            neighbours,
            copies,
            connected: Connected::new(changes),
            stop,
            tasks: TaskTracker::new(),
        };
        let comms = running.comms.clone();
        let (sorted, rest) = mpsc::channel(WAITING);
        let (offers, helping) = (open.offers.clone(), open.guardians.offers());
        let sort = pairing::sort(offers, helping, running.handle.id(), incoming, sorted);
        running.tasks.spawn(sort);
        running
            .tasks
            .spawn(async move { comms.accept_all(rest).await });
        running.tasks.spawn(stale::end_stale(
            running.peers.clone(),
            running.comms.clone(),
            running.stop.clone(),
        ));
        running.tasks.spawn(homes);
        running.tasks.spawn(found);
        let last_resorts = running.last_resorts.clone();
        running
            .tasks
            .spawn(last_resorts.follow(running.stop.clone()));
        running.tasks.spawn(profiles.follow(running.stop.clone()));
        let neighbours = running.neighbours.clone();
        running.tasks.spawn(neighbours.follow(running.stop.clone()));
        let work = open.transfers.clone();
        let work = work.work(running.comms.clone(), running.stop.clone());
        running.tasks.spawn(work);
        let guardians = open.guardians.clone();
        let asking = (running.comms.clone(), running.peers.clone());
        let stop = running.stop.clone();
        running
            .tasks
            .spawn(guardians.follow(asking.0, asking.1, stop));
        let copies = running.copies.clone();
        running.tasks.spawn(copies.resume(running.stop.clone()));
        let copies = running.copies.clone();
        let work = copies.work(copies::QUIET, copies::ROUTINE, running.stop.clone());
        running.tasks.spawn(work);
        running.tasks.spawn(watch::watch(
            running.peers.clone(),
            running.handle.clone(),
            running.connected.clone(),
            running.stop.clone(),
        ));
        Ok(running)
    }

    pub(super) async fn end(&self) {
        self.stop.cancel();
        self.tasks.close();
        self.comms.shutdown().await;
        self.handle.shutdown().await;
        self.tasks.wait().await;
        let peers = self.peers.clone();
        let flushed = tokio::task::spawn_blocking(move || peers.flush()).await;
        if !matches!(flushed, Ok(Ok(()))) {
            tracing::warn!("the last observations of peers were not kept");
        }
    }

    /// Begins something that ends with this node.
    pub(super) fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        let stop = self.stop.clone();
        self.tasks.spawn(async move {
            stop.run_until_cancelled(task).await;
        });
    }

    /// Is cancelled when this node ends.
    pub(super) fn stopping(&self) -> CancellationToken {
        self.stop.clone()
    }

    /// Whether a node is connected now.
    pub(super) fn has(&self, node: &NodeId) -> bool {
        self.connected.nodes.lock().contains(node)
    }

    /// Looks for a node, for a while.
    pub(super) async fn find(&self, node: NodeId) -> Result<Option<PeerRecord>, QnetError> {
        self.find_within(node, PATIENCE).await
    }

    pub(super) async fn find_within(
        &self,
        node: NodeId,
        patience: Duration,
    ) -> Result<Option<PeerRecord>, QnetError> {
        tokio::time::timeout(patience, self.handle.find(node))
            .await
            .unwrap_or(Ok(None))
            .map_err(stopped)
    }
}
