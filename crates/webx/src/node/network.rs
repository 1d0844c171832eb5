//! QNet on this node, which starts with the home and ends with it; and the people its person knows, with QNet and without.

mod cache;
mod contacts;
mod copies;
mod door;
mod greet;
mod guardians;
mod lan;
mod last_resort;
mod meet;
mod neighbours;
mod pairing;
mod running;
mod settings;
mod show;
mod stale;
mod transfers;
mod watch;

use std::path::PathBuf;
use std::sync::Arc;

use parking_lot::Mutex;
use tokio::sync::{Semaphore, broadcast};
use webx_desktop::Home;
use webx_desktop::qnet::{NetworkChange, NetworkSettings, QnetChange, QnetError};
use webx_drive::Drive;
use webx_overlay::NodeId;
use webx_overlay::driver::Stopped;
use webx_peers::Peers;
use webx_peers::proof::Own;
use webx_services::Notifications;
use webx_vault::Vault;

pub(crate) use self::cache::keep_record;
use self::guardians::Guardians;
use self::pairing::Offers;
pub(super) use self::pairing::{limits as pairing_limits, recovery_limits};
use self::running::Running;
use self::transfers::Transfers;
use super::person::Record;
use crate::args::Reach;

/// Changes that a slow listener may miss before it is told so.
const CHANGES: usize = 64;
/// Nodes that are looked for or greeted at once because somebody on this machine asks.
const ASKED: usize = 8;

/// QNet of one process. What runs belongs to the home that is open.
pub(crate) struct Network {
    reach: Reach,
    runtime: tokio::runtime::Handle,
    data: PathBuf,
    open: Mutex<Option<Arc<Open>>>,
    running: Mutex<Option<Arc<Running>>>,
    /// Starting, setting and ending go one at a time.
    turn: tokio::sync::Mutex<()>,
    asked: Semaphore,
    changes: broadcast::Sender<QnetChange>,
}

/// What of the open home QNet and the contacts need.
struct Open {
    vault: Vault,
    drive: Drive,
    notifications: Notifications,
    transfers: Transfers,
    guardians: Guardians,
    offers: Arc<Offers>,
    peers: Mutex<Option<Peers>>,
}

impl Network {
    /// `data` is the data folder: the disk under it is what the device can offer.
    pub(crate) fn new(reach: Reach, data: PathBuf, runtime: tokio::runtime::Handle) -> Self {
        Self {
            reach,
            runtime,
            data,
            open: Mutex::default(),
            running: Mutex::default(),
            turn: tokio::sync::Mutex::default(),
            asked: Semaphore::new(ASKED),
            changes: broadcast::Sender::new(CHANGES),
        }
    }

    /// Begins to be a node. A home without QNet is better than no home: what fails is said in the log and by [`Self::now`].
    pub(super) fn start(&self, home: &Home) {
        let open = Arc::new(Open {
            vault: home.vault.clone(),
            drive: home.drive.clone(),
            notifications: home.notifications.clone(),
            transfers: Transfers::open(
                home.vault.db().clone(),
                home.drive.clone(),
                home.notifications.clone(),
                self.changes.clone(),
            ),
            guardians: Guardians::open(home.vault.db().clone(), home.notifications.clone()),
            offers: Arc::default(),
            peers: Mutex::default(),
        });
        *self.open.lock() = Some(open.clone());
        if self.reach == Reach::Off {
            return;
        }
        if let Err(error) = self.runtime.block_on(self.begin(&open)) {
            tracing::warn!("QNet did not start: {error}");
        }
    }

    async fn begin(&self, open: &Arc<Open>) -> Result<(), QnetError> {
        let _turn = self.turn.lock().await;
        let mut settings = self.load(open).await?;
        let started = match self.run(open, &settings).await {
            // A port that somebody else has taken meanwhile must not keep the node from the network.
            Err(error) if settings.relay.take().is_some() => {
                tracing::warn!("the relay for others did not start: {error}");
                self.run(open, &settings).await
            }
            other => other,
        };
        let started = started?;
        started.spawn(pairing::meet_others(open.clone(), started.clone()));
        self.put(Some(started));
        Ok(())
    }

    async fn run(
        &self,
        open: &Arc<Open>,
        settings: &NetworkSettings,
    ) -> Result<Arc<Running>, QnetError> {
        let metered = self.is_metered(settings).await;
        let changes = self.changes.clone();
        Running::start(self.reach, &self.data, open, settings, metered, changes)
            .await
            .map(Arc::new)
            .map_err(|error| QnetError::Failed(format!("{error:#}")))
    }

    fn put(&self, running: Option<Arc<Running>>) {
        let is_running = running.is_some();
        *self.running.lock() = running;
        let _ = self.changes.send(QnetChange::Network(NetworkChange {
            running: is_running,
            peers: 0,
        }));
    }

    /// Leaves the network; every task has ended when it returns.
    pub(super) fn stop(&self) {
        self.runtime.block_on(async {
            let _turn = self.turn.lock().await;
            self.open.lock().take();
            let running = self.running.lock().take();
            if let Some(running) = running {
                running.end().await;
            }
        });
    }

    /// How far it may reach.
    pub(super) fn reach(&self) -> Reach {
        self.reach
    }

    fn open(&self) -> Result<Arc<Open>, QnetError> {
        self.open.lock().clone().ok_or(QnetError::Locked)
    }

    fn now(&self) -> Result<Arc<Running>, QnetError> {
        self.open()?;
        let running = self.running.lock().clone();
        running.ok_or_else(|| {
            QnetError::Off(match self.reach {
                Reach::Off => {
                    "this node is not on QNet; start it with webx up --qnet loopback, or any".into()
                }
                _ => "this node is not on QNet; its log says why".into(),
            })
        })
    }

    fn is_connected(&self, node: &NodeId) -> bool {
        let running = self.running.lock();
        running.as_ref().is_some_and(|running| running.has(node))
    }
}

impl Open {
    /// Who this node proves to be and what it knows of others. Blocks. A wrong clock makes the own log look false, so it is
    /// tried anew each time until it succeeds.
    fn peers(&self) -> Result<Peers, QnetError> {
        let mut kept = self.peers.lock();
        if let Some(peers) = &*kept {
            return Ok(peers.clone());
        }
        let record = Record::open(&self.vault).map_err(|error| failed(&error))?;
        let key = Arc::new(record.device_key().map_err(|error| failed(&error))?);
        let (did, log) = record.log().map_err(|error| failed(&error))?;
        let own = Own::new(did, log, key, time::OffsetDateTime::now_utc())
            .map_err(|error| failed(&error))?;
        transfers::migrate(self.vault.db())?;
        guardians::migrate(self.vault.db())?;
        let peers = Peers::open(self.vault.db().clone(), own).map_err(refused)?;
        *kept = Some(peers.clone());
        Ok(peers)
    }
}

/// Runs what reads or writes the database on a thread that may block.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, QnetError> + Send + 'static,
) -> Result<T, QnetError> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(|error| failed(&error))?
}

fn failed(error: &dyn std::fmt::Display) -> QnetError {
    QnetError::Failed(error.to_string())
}

fn stopped(_: Stopped) -> QnetError {
    QnetError::Off("this node has just left QNet; try again in a moment".into())
}

fn node_id(text: &str) -> Result<NodeId, QnetError> {
    text.parse().map_err(|error| QnetError::BadInput {
        code: "bad-node",
        what: format!("{error}"),
    })
}

/// What the vault or the peers say, as the desktop says it.
fn refused(error: webx_peers::Error) -> QnetError {
    use webx_peers::Error;
    let what = error.to_string();
    let conflict = |code| QnetError::Conflict {
        code,
        what: what.clone(),
    };
    let bad = |code| QnetError::BadInput {
        code,
        what: what.clone(),
    };
    match error {
        Error::Vault(error) => vault(error),
        Error::Unknown(_) => QnetError::NotFound(what),
        Error::Known(_) => conflict("known"),
        Error::Myself => conflict("myself"),
        Error::Full(_) => conflict("full"),
        Error::OtherNumber(_) => conflict("other-number"),
        Error::NeverMet(_) => conflict("never-met"),
        Error::Length { .. } => bad("bad-request"),
        Error::Refused { .. } => bad("bad-card"),
        Error::Identity(_) => bad("bad-identity"),
        _ => QnetError::Failed(what),
    }
}

fn vault(error: webx_vault::Error) -> QnetError {
    match error {
        webx_vault::Error::Locked => QnetError::Locked,
        other => failed(&other),
    }
}
