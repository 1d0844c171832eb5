//! The jailed program as a [`Backend`]: starts at the first request, rests after failures, ends when idle.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use futures_util::future::BoxFuture;
use parking_lot::Mutex;
use time::OffsetDateTime;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};

use super::door::{Door, door};
use super::exchange;
use super::folder::{Folder, choose};
use super::host::JailHost;
use super::keeper::{Keeper, Watch};
use super::proxy::Proxy;
use super::python::Python;
use super::running::{ENDING, Home, Running, attend};
use super::walls;
use crate::data::DataFolder;
use crate::{
    Backend, Body, BodyError, CallContext, CallError, Decision, Launch, Line, Log, PackageFiles,
    Program, StartError, State, Status, Storage, Supervision, Wheel,
};

/// Until the application must be loaded.
const LOADING: Duration = Duration::from_secs(30);

/// Prepares the backend of `launch` with the walls of `host`.
pub(super) fn jail(host: &JailHost, launch: Launch) -> Result<Arc<dyn Backend>, StartError> {
    let Program::Jail {
        app,
        source,
        wheels,
        files,
    } = launch.program
    else {
        return Err(StartError::Unfit("it is no program for a jail".into()));
    };
    let log = Log::new(&launch.limits);
    let proxy = Proxy::new(
        launch.install,
        (launch.network, Arc::clone(&launch.storage)),
        &launch.limits,
        log.clone(),
        host.reach,
    );
    Ok(Arc::new(Jail(Arc::new(Inner {
        host: host.clone(),
        package: Package {
            app,
            source,
            wheels,
            files,
        },
        install: launch.install,
        storage: launch.storage,
        proxy: Arc::new(proxy),
        places: Arc::new(Semaphore::new(launch.limits.concurrency.max(1))),
        limits: launch.limits,
        log,
        supervision: Mutex::new(Supervision::default()),
        running: tokio::sync::Mutex::new(None),
        home: Mutex::new(None),
        look: Mutex::new(Look {
            state: State::Idle,
            problem: None,
        }),
        stopped: AtomicBool::new(false),
        waiting: AtomicUsize::new(0),
        in_flight: AtomicU32::new(0),
        served: AtomicU64::new(0),
    }))))
}

struct Jail(Arc<Inner>);

/// What the manifest says.
struct Package {
    app: String,
    source: String,
    wheels: Vec<Wheel>,
    files: Arc<dyn PackageFiles>,
}

struct Inner {
    host: JailHost,
    package: Package,
    install: crate::InstallId,
    storage: Arc<dyn Storage>,
    proxy: Arc<Proxy>,
    limits: crate::Limits,
    log: Log,
    places: Arc<Semaphore>,
    supervision: Mutex<Supervision>,
    running: tokio::sync::Mutex<Option<Arc<Running>>>,
    /// The unpacked program, kept while the backend rests or idles.
    home: Mutex<Option<Arc<Home>>>,
    look: Mutex<Look>,
    stopped: AtomicBool,
    waiting: AtomicUsize,
    in_flight: AtomicU32,
    served: AtomicU64,
}

struct Look {
    state: State,
    problem: Option<String>,
}

/// Counts a request for as long as it lives.
struct Counted(
    Arc<Inner>,
    #[expect(dead_code, reason = "held, never read")] OwnedSemaphorePermit,
);

impl Counted {
    fn new(inner: &Arc<Inner>, permit: OwnedSemaphorePermit) -> Self {
        inner.in_flight.fetch_add(1, Ordering::Relaxed);
        Self(Arc::clone(inner), permit)
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.in_flight.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Backend for Jail {
    fn call(
        &self,
        context: CallContext,
        request: http::Request<Body>,
    ) -> BoxFuture<'static, Result<http::Response<Body>, CallError>> {
        let inner = Arc::clone(&self.0);
        Box::pin(async move { inner.call(context, request).await })
    }

    fn stop(&self) -> BoxFuture<'static, ()> {
        let inner = Arc::clone(&self.0);
        Box::pin(async move {
            inner.stopped.store(true, Ordering::Relaxed);
            inner.end().await;
            if let Some(home) = inner.home.lock().take() {
                // Now, and not when the last task has let go of it.
                home.folder.remove();
            }
            inner.look.lock().state = State::Stopped;
        })
    }

    fn restart(&self) -> BoxFuture<'static, ()> {
        let inner = Arc::clone(&self.0);
        Box::pin(async move {
            inner.end().await;
            inner.supervision.lock().reset();
            inner.stopped.store(false, Ordering::Relaxed);
            *inner.look.lock() = Look {
                state: State::Idle,
                problem: None,
            };
            inner.log.note("restarted");
        })
    }

    fn status(&self) -> Status {
        let inner = &self.0;
        let now = Instant::now();
        let (resting, restarts) = {
            let supervision = inner.supervision.lock();
            (supervision.resting_until(now), supervision.restarts())
        };
        let look = inner.look.lock();
        let state = match look.state {
            State::Idle if resting.is_some() => State::Resting,
            state => state,
        };
        Status {
            state,
            restarts,
            next_start_at: resting.map(|until| OffsetDateTime::now_utc() + (until - now)),
            problem: look.problem.clone(),
            in_flight: inner.in_flight.load(Ordering::Relaxed),
            served: inner.served.load(Ordering::Relaxed),
        }
    }

    fn log(&self) -> Vec<Line> {
        self.0.log.lines()
    }
}

impl Drop for Jail {
    fn drop(&mut self) {
        if let Ok(mut running) = self.0.running.try_lock()
            && let Some(running) = running.take()
        {
            running.intended.store(true, Ordering::Relaxed);
            running.keeper.end("it was stopped");
        }
    }
}

impl Inner {
    async fn call(
        self: Arc<Self>,
        context: CallContext,
        request: http::Request<Body>,
    ) -> Result<http::Response<Body>, CallError> {
        self.ask()?;
        let counted = self.place().await?;
        let request = exchange::prepare(&context, request, &self.limits).await?;
        let running = self.process().await?;
        *running.last.lock() = Instant::now();
        let within = self.limits.request_time;
        let exchanged = async {
            let socket = running
                .door
                .serve()
                .map_err(|error| CallError::Failed(format!("it does not listen ({error})")))?;
            exchange::send(socket, request, &self.limits).await
        };
        let answer = tokio::select! {
            answer = tokio::time::timeout(within, exchanged) => match answer {
                Ok(answer) => answer,
                Err(_) => {
                    running.keeper.end(&format!("it did not answer within {} seconds", within.as_secs()));
                    return Err(CallError::TimedOut(within));
                }
            },
            reason = running.gone() => Err(self.why(&running, reason)),
        };
        let answer = match answer {
            Ok(answer) => answer,
            // A connection that breaks is often the first sign of an end whose reason comes a moment later.
            Err(error) => {
                let gone = tokio::time::timeout(ENDING, running.gone()).await;
                return Err(gone.map_or(error, |reason| self.why(&running, reason)));
            }
        };
        self.keep(&running, false).await?;
        let (head, body) = answer.into_parts();
        let (inner, limits) = (Arc::clone(&self), self.limits.clone());
        let body = exchange::hand_on(body, &limits, move |result| async move {
            let result = match result {
                Ok(()) => {
                    let kept = inner
                        .keep(&running, false)
                        .await
                        .map_err(|error| BodyError::Broken(error.to_string()));
                    running.keeper.answered();
                    inner.served.fetch_add(1, Ordering::Relaxed);
                    inner.supervision.lock().answered();
                    kept
                }
                Err(error) => {
                    if error == BodyError::Stalled {
                        running.keeper.end("its answer stalled");
                    }
                    Err(error)
                }
            };
            *running.last.lock() = Instant::now();
            drop(counted);
            result
        });
        Ok(http::Response::from_parts(head, body))
    }

    /// Refuses at once what cannot be served.
    fn ask(&self) -> Result<(), CallError> {
        if self.stopped.load(Ordering::Relaxed) {
            return Err(CallError::Stopped);
        }
        match self.supervision.lock().ask(Instant::now()) {
            Decision::Go => Ok(()),
            Decision::Rest(retry_after) => Err(CallError::Resting { retry_after }),
        }
    }

    async fn place(self: &Arc<Self>) -> Result<Counted, CallError> {
        if let Ok(permit) = Arc::clone(&self.places).try_acquire_owned() {
            return Ok(Counted::new(self, permit));
        }
        if self.waiting.fetch_add(1, Ordering::Relaxed) >= self.limits.queue {
            self.waiting.fetch_sub(1, Ordering::Relaxed);
            return Err(CallError::Busy);
        }
        let permit = tokio::time::timeout(
            self.limits.request_time,
            Arc::clone(&self.places).acquire_owned(),
        )
        .await;
        self.waiting.fetch_sub(1, Ordering::Relaxed);
        match permit {
            Ok(Ok(permit)) => Ok(Counted::new(self, permit)),
            _ => Err(CallError::Busy),
        }
    }

    fn why(&self, running: &Running, reason: String) -> CallError {
        match running.intended.load(Ordering::Relaxed) {
            true => CallError::Stopped,
            false => CallError::Failed(reason),
        }
    }

    /// Keeps what the guest wrote. When that fails the process is ended: it would believe in what is not kept.
    async fn keep(
        self: &Arc<Self>,
        running: &Arc<Running>,
        thorough: bool,
    ) -> Result<(), CallError> {
        let (inner, theirs) = (Arc::clone(self), Arc::clone(running));
        let kept =
            tokio::task::spawn_blocking(move || theirs.keep(&*inner.storage, thorough)).await;
        let problem = match kept {
            Ok(Ok((0, _) | (_, false))) => return Ok(()),
            Ok(Ok((odd, _))) => {
                self.log.note(&format!(
                    "{odd} things under /data are no plain files with plain names and are not kept"
                ));
                return Ok(());
            }
            Ok(Err(error)) => error.to_string(),
            Err(error) => error.to_string(),
        };
        running
            .keeper
            .end(&format!("what it wrote could not be kept: {problem}"));
        Err(CallError::NotKept(problem))
    }

    /// The running process, started when there is none.
    async fn process(self: &Arc<Self>) -> Result<Arc<Running>, CallError> {
        let mut slot = self.running.lock().await;
        if let Some(running) = slot
            .as_ref()
            .filter(|running| running.keeper.is_gone().is_none())
        {
            return Ok(Arc::clone(running));
        }
        // A request that waited while another one's start failed must not try again at once.
        self.ask()?;
        self.look.lock().state = State::Starting;
        let started = self.start().await;
        match &started {
            Ok(running) => {
                *slot = Some(Arc::clone(running));
                self.look.lock().state = State::Running;
            }
            Err(error) => {
                *slot = None;
                *self.look.lock() = Look {
                    state: State::Idle,
                    problem: Some(error.to_string()),
                };
            }
        }
        started
    }

    async fn start(self: &Arc<Self>) -> Result<Arc<Running>, CallError> {
        let (door, ear, far) = door().map_err(|error| failed(&error))?;
        let inner = Arc::clone(self);
        let begun = tokio::task::spawn_blocking(move || inner.begin(door, far)).await;
        let running = match begun {
            Ok(Ok(running)) => Arc::new(running),
            Ok(Err(error)) => {
                self.fail(&error.to_string());
                return Err(error.into());
            }
            Err(error) => return Err(CallError::Failed(error.to_string())),
        };
        let (ready, loaded) = oneshot::channel();
        tokio::spawn(attend(
            Arc::clone(&running),
            ear,
            Arc::clone(&self.proxy),
            ready,
        ));
        tokio::spawn(Arc::clone(self).mind(Arc::clone(&running)));
        tokio::select! {
            Ok(()) = loaded => Ok(running),
            reason = running.gone() => Err(self.why(&running, format!("{reason} while it was loaded; its log says more"))),
            () = tokio::time::sleep(LOADING) => {
                running.keeper.end(&format!("it was not loaded within {} seconds", LOADING.as_secs()));
                Err(CallError::TimedOut(LOADING))
            }
        }
    }

    /// Unpacks, loads `/data`, and starts the process. Blocks.
    fn begin(&self, door: Door, far: std::os::fd::OwnedFd) -> Result<Running, StartError> {
        let home = self.home()?;
        home.folder.begin()?;
        let folder = &home.folder;
        let data = DataFolder::load(&*self.storage, self.install, folder.data(), &self.limits)?;
        let host = &self.host;
        let (command, wrapped) = walls::command(
            &host.reentry,
            &home.python,
            folder,
            &self.package.app,
            &self.limits,
            host.wrap,
        )?;
        let watch = Watch {
            limits: self.limits.clone(),
            log: self.log.clone(),
            written: vec![folder.data(), folder.tmp(), folder.cache()],
            wrapped,
        };
        let keeper = Keeper::start(command, far, watch).map_err(|error| {
            StartError::Unsupported(format!("the jail cannot be entered ({error})"))
        })?;
        self.log.note(&format!(
            "started: CPython {} behind {}",
            home.python.version,
            host.walls()
        ));
        Ok(Running::new(keeper, door, data, home))
    }

    fn home(&self) -> Result<Arc<Home>, StartError> {
        if let Some(home) = self.home.lock().clone() {
            return Ok(home);
        }
        let package = &self.package;
        let (python, wheels) = choose(Python::each(), &package.wheels)?;
        let folder = Folder::new()?;
        folder.fill(&package.source, &wheels, &*package.files)?;
        let home = Arc::new(Home { folder, python });
        *self.home.lock() = Some(Arc::clone(&home));
        Ok(home)
    }

    /// Stays with a process until it is gone: ends it when nobody asks, and says why it ended.
    async fn mind(self: Arc<Self>, running: Arc<Running>) {
        let reason = loop {
            let left = self
                .limits
                .idle
                .saturating_sub(running.last.lock().elapsed());
            tokio::select! {
                reason = running.keeper.gone() => break reason,
                () = tokio::time::sleep(left.max(Duration::from_millis(50))) => (),
            }
            let idle = running.last.lock().elapsed() >= self.limits.idle;
            if idle && self.in_flight.load(Ordering::Relaxed) == 0 {
                self.let_go().await;
                break running.keeper.gone().await;
            }
        };
        if running.intended.load(Ordering::Relaxed) {
            let mut look = self.look.lock();
            if look.state == State::Running {
                look.state = State::Idle;
            }
        } else {
            self.fail(&reason);
        }
        running.told(reason);
    }

    fn fail(&self, reason: &str) {
        self.log.note(&format!("ended: {reason}"));
        *self.look.lock() = Look {
            state: State::Idle,
            problem: Some(reason.to_owned()),
        };
        self.supervision.lock().failed(Instant::now());
    }

    /// Ends the process on purpose, and comes back when it is gone.
    async fn end(self: &Arc<Self>) {
        if let Some(running) = self.let_go().await {
            running.gone().await;
        }
    }

    /// Tells the process to end, after a last look at what it wrote.
    async fn let_go(self: &Arc<Self>) -> Option<Arc<Running>> {
        let running = self.running.lock().await.take()?;
        let _ = self.keep(&running, true).await;
        running.intended.store(true, Ordering::Relaxed);
        running.keeper.end("it was stopped");
        Some(running)
    }
}

fn failed(error: &std::io::Error) -> CallError {
    CallError::Failed(format!("its door cannot be made ({error})"))
}
