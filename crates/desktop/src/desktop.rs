//! The running desktop: what is open, who is in, what is under way.

use std::{
    sync::Arc,
    time::{Duration, Instant, SystemTime},
};

use parking_lot::{Mutex, MutexGuard};
use serde::{Deserialize, Serialize};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use utoipa::ToSchema;
use zeroize::Zeroizing;

use crate::{
    api::settings::Settings,
    auth::{dpop::Thumbprint, replay::ReplayCache, sessions::Sessions},
    door::{Config, Error, Home, HomeHandle, Limits, OpenError, Opener},
    http::{origin::Hosts, problem::Problem},
    idle::{Idle, SleepWatch},
    jobs::JobBoard,
    live::{LiveEvent, LiveHub},
    objects::Objects,
    tables::Tables,
};

/// Proofs of logged-in browsers that are remembered for each minute: about 1,000 requests a second.
const REPLAYS: usize = 65_536;
/// Proofs of browsers that want to log in, for each minute. Anybody on this machine can send those.
const NEWCOMERS: usize = 256;
/// How often the auto-lock looks at the clock.
const TICK: Duration = Duration::from_secs(5);
/// The document of the settings.
pub(crate) const SETTINGS: &str = "settings";

/// What a node can do right now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) enum State {
    /// Nobody lives here yet.
    Welcome,
    /// The home is locked.
    Locked,
    /// The home is open.
    Open,
}

/// Cheap to clone; every request holds one.
#[derive(Clone)]
pub(crate) struct Desktop(Arc<Inner>);

struct Inner {
    opener: Arc<dyn Opener>,
    home: HomeHandle,
    hosts: Hosts,
    control_token: Zeroizing<String>,
    version: String,
    limits: Limits,
    sessions: Mutex<Sessions>,
    replays: Mutex<ReplayCache>,
    newcomers: Mutex<ReplayCache>,
    /// The words of a person who did not prove yet to have written them down. Gone with the first lock.
    words: Mutex<Option<Zeroizing<Vec<String>>>>,
    /// Who began to pair this node with another device of its person; the command line is the inner `None`.
    pairing: Mutex<Option<Option<Thumbprint>>>,
    /// Opening, checking and locking go one at a time.
    opening: tokio::sync::Mutex<()>,
    /// What belongs to the open home and ends with it.
    floor: Mutex<Option<Floor>>,
    idle: Idle,
    hub: LiveHub,
    jobs: JobBoard,
    transfers: Arc<Semaphore>,
    heavy: Arc<Semaphore>,
    sockets: Arc<Semaphore>,
    dav: crate::dav::Door,
    objects: Objects,
}

struct Floor {
    tables: Tables,
    ends: CancellationToken,
    tasks: TaskTracker,
}

impl Desktop {
    pub(crate) fn new(config: Config, port: u16) -> Result<Self, Error> {
        if config.control_token.len() < 32 {
            return Err(Error::WeakControlToken);
        }
        let hub = LiveHub::new();
        let limits = config.limits;
        let desktop = Self(Arc::new(Inner {
            opener: config.opener,
            home: config.home,
            hosts: Hosts::new(port),
            control_token: config.control_token,
            version: config.version,
            sessions: Mutex::new(Sessions::new(limits.session_life, limits.sessions * 3)),
            replays: Mutex::new(ReplayCache::new(REPLAYS)),
            newcomers: Mutex::new(ReplayCache::new(NEWCOMERS)),
            words: Mutex::new(None),
            pairing: Mutex::new(None),
            opening: tokio::sync::Mutex::new(()),
            floor: Mutex::new(None),
            idle: Idle::new(Instant::now()),
            jobs: JobBoard::new(hub.clone()),
            hub,
            transfers: Arc::new(Semaphore::new(limits.transfers)),
            heavy: Arc::new(Semaphore::new(limits.transfers.div_ceil(4))),
            sockets: Arc::new(Semaphore::new(limits.sockets)),
            dav: crate::dav::Door::new(),
            objects: Objects::default(),
            limits,
        }));
        if let Some(home) = config.opened {
            desktop.move_in(home).map_err(|p| Error::Tables(p.detail))?;
        }
        Ok(desktop)
    }

    pub(crate) fn hosts(&self) -> &Hosts {
        &self.0.hosts
    }

    pub(crate) fn limits(&self) -> &Limits {
        &self.0.limits
    }

    pub(crate) fn version(&self) -> &str {
        &self.0.version
    }

    pub(crate) fn control_token(&self) -> &str {
        &self.0.control_token
    }

    pub(crate) fn opener(&self) -> &Arc<dyn Opener> {
        &self.0.opener
    }

    pub(crate) fn sessions(&self) -> MutexGuard<'_, Sessions> {
        self.0.sessions.lock()
    }

    pub(crate) fn replays(&self) -> MutexGuard<'_, ReplayCache> {
        self.0.replays.lock()
    }

    pub(crate) fn newcomers(&self) -> MutexGuard<'_, ReplayCache> {
        self.0.newcomers.lock()
    }

    pub(crate) fn words(&self) -> MutexGuard<'_, Option<Zeroizing<Vec<String>>>> {
        self.0.words.lock()
    }

    pub(crate) fn pairing(&self) -> MutexGuard<'_, Option<Option<Thumbprint>>> {
        self.0.pairing.lock()
    }

    pub(crate) fn idle(&self) -> &Idle {
        &self.0.idle
    }

    pub(crate) fn hub(&self) -> &LiveHub {
        &self.0.hub
    }

    pub(crate) fn jobs(&self) -> &JobBoard {
        &self.0.jobs
    }

    pub(crate) fn dav(&self) -> &crate::dav::Door {
        &self.0.dav
    }

    pub(crate) fn objects(&self) -> &Objects {
        &self.0.objects
    }

    pub(crate) fn home(&self) -> Option<Home> {
        self.0.home.current()
    }

    pub(crate) fn state(&self) -> State {
        match self.home() {
            Some(_) => State::Open,
            None if self.0.opener.exists() => State::Locked,
            None => State::Welcome,
        }
    }

    /// The desktop's own tables in the open vault.
    pub(crate) fn tables(&self) -> Result<Tables, Problem> {
        self.0
            .floor
            .lock()
            .as_ref()
            .map(|f| f.tables.clone())
            .ok_or_else(Problem::locked)
    }

    /// Fires when the home that is open now is locked; `None` when none is open.
    /// The lock waits for what is tracked.
    pub(crate) fn lock_signal(&self) -> Option<(CancellationToken, TaskTracker)> {
        let floor = self.0.floor.lock();
        floor.as_ref().map(|f| (f.ends.clone(), f.tasks.clone()))
    }

    /// A place for one stream; 503 when all stay taken for a while.
    pub(crate) async fn transfer(&self) -> Result<OwnedSemaphorePermit, Problem> {
        place(&self.0.transfers).await
    }

    /// A place for one piece of work that keeps a thread for itself.
    pub(crate) async fn heavy(&self) -> Result<OwnedSemaphorePermit, Problem> {
        place(&self.0.heavy).await
    }

    /// A place for one WebSocket.
    pub(crate) fn socket(&self) -> Option<OwnedSemaphorePermit> {
        self.0.sockets.clone().try_acquire_owned().ok()
    }

    /// Lets nobody else open, check or lock meanwhile.
    pub(crate) async fn opening(&self) -> tokio::sync::MutexGuard<'_, ()> {
        self.0.opening.lock().await
    }

    /// Makes an unlocked home the open one and starts what belongs to it.
    pub(crate) fn move_in(&self, home: Home) -> Result<(), Problem> {
        let tables = Tables::open(home.vault.db().clone())?;
        let floor = Floor {
            tables,
            ends: CancellationToken::new(),
            tasks: TaskTracker::new(),
        };
        crate::live::forward(self, &home, floor.tables.clone(), &floor.ends, &floor.tasks);
        crate::live::forward_apps(self, &home, &floor.ends, &floor.tasks);
        crate::qnet::tell::forward(self, &home, &floor.ends, &floor.tasks);
        *self.0.floor.lock() = Some(floor);
        self.0.idle.touch(Instant::now());
        self.0.home.put(home);
        Ok(())
    }

    /// Locks the home for everybody: logins, sockets and jobs end, then the floors stop and the vault closes.
    pub(crate) async fn lock(&self, why: &'static str) {
        let _turn = self.opening().await;
        let Some(home) = self.0.home.take() else {
            return;
        };
        tracing::info!("locking: {why}");
        self.sessions().clear();
        *self.words() = None;
        self.0.jobs.clear();
        self.0.dav.clear();
        self.0.objects.clear();
        self.0.hub.send(LiveEvent::Locked);
        let floor = self.0.floor.lock().take();
        if let Some(floor) = floor {
            floor.ends.cancel();
            floor.tasks.close();
            floor.tasks.wait().await;
        }
        let opener = self.0.opener.clone();
        if tokio::task::spawn_blocking(move || opener.lock(home))
            .await
            .is_err()
        {
            tracing::error!("the roof failed to lock the home");
        }
    }

    /// Watches the clock until `ends`: locks after the time the person chose, and when the machine slept.
    pub(crate) async fn watch_idle(self, ends: CancellationToken) {
        let mut sleep = SleepWatch::new(Instant::now(), SystemTime::now());
        loop {
            tokio::select! {
                () = ends.cancelled() => return,
                () = tokio::time::sleep(TICK) => {}
            }
            let slept = sleep.slept(Instant::now(), SystemTime::now());
            let Ok(tables) = self.tables() else { continue };
            let Ok(Ok(settings)) =
                tokio::task::spawn_blocking(move || tables.document::<Settings>(SETTINGS)).await
            else {
                continue;
            };
            if slept && settings.lock_on_sleep {
                self.lock("the machine slept").await;
            } else if self.is_idle(&settings, Instant::now()) {
                self.lock("nobody used the node for the chosen time").await;
            }
        }
    }

    /// Whether the chosen time without use is over.
    fn is_idle(&self, settings: &Settings, now: Instant) -> bool {
        let limit = Duration::from_secs(u64::from(settings.auto_lock_minutes) * 60);
        !limit.is_zero() && self.0.idle.longer_than(limit, now)
    }
}

async fn place(places: &Arc<Semaphore>) -> Result<OwnedSemaphorePermit, Problem> {
    match tokio::time::timeout(Duration::from_secs(10), places.clone().acquire_owned()).await {
        Ok(Ok(permit)) => Ok(permit),
        Ok(Err(_)) | Err(_) => Err(Problem::busy()),
    }
}

/// Runs blocking work on a thread that may block.
pub(crate) async fn blocking<T, F>(work: F) -> Result<T, Problem>
where
    T: Send + 'static,
    F: FnOnce() -> Result<T, Problem> + Send + 'static,
{
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => result,
        Err(error) => Err(Problem::internal(format_args!("a worker failed: {error}"))),
    }
}

impl From<OpenError> for Problem {
    fn from(error: OpenError) -> Self {
        use axum::http::StatusCode;
        let detail = error.to_string();
        let seconds = |d: Duration| d.as_secs_f64().ceil() as u64;
        match error {
            OpenError::Wrong { retry_after } => {
                Self::new(StatusCode::UNAUTHORIZED, "wrong-passphrase", detail)
                    .retry_after(seconds(retry_after))
            }
            OpenError::TooSoon { retry_after } => {
                Self::new(StatusCode::TOO_MANY_REQUESTS, "too-soon", detail)
                    .retry_after(seconds(retry_after).max(1))
            }
            OpenError::BadInput(_) => Self::bad_request(detail),
            OpenError::WrongState(_) => Self::new(StatusCode::CONFLICT, "wrong-state", detail),
            OpenError::Damaged(_) => {
                Self::new(StatusCode::INTERNAL_SERVER_ERROR, "damaged", detail)
            }
            OpenError::Pairing { code, .. } => Self::new(StatusCode::CONFLICT, code, detail),
            OpenError::Locked => Self::locked(),
            OpenError::Other(_) => {
                tracing::error!("opening failed: {detail}");
                Self::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", detail)
            }
        }
    }
}
