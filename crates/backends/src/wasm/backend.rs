//! One backend: admission, instances, time, and what is told about it.

use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock, Weak};
use std::time::Instant;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use http::{HeaderValue, Request, Response, header};
use http_body::Body as _;
use http_body_util::BodyExt;
use parking_lot::Mutex;
use time::OffsetDateTime;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot, watch};
use wasmtime::{Store, Trap};
use wasmtime_wasi::I32Exit;
use wasmtime_wasi_http::WasiHttpView;
use wasmtime_wasi_http::p2::bindings::http::types::{ErrorCode, Scheme};
use wasmtime_wasi_http::p2::bindings::{Proxy, ProxyPre};
use wasmtime_wasi_http::p2::body::HyperOutgoingBody;

use super::Node;
use super::answer::{Inward, Noted, Outward};
use super::code::{self, Sealed};
use super::guest::Guest;
use super::hooks::{Hooks, wasi_body};
use super::tree::Tree;
use crate::outgoing::Outgoing;
use crate::stall::Stalling;
use crate::{
    Backend, Body, BodyError, CallContext, CallError, Decision, InstallId, Launch, Limits, Line,
    Log, Reuse, StartError, State, Status, Storage, Supervision, headers,
};

/// Idle times after which the code itself goes, after its instances went.
const IDLE_CODE: u32 = 10;
/// How long `stop` waits for requests to end.
const STOP: std::time::Duration = std::time::Duration::from_secs(5);

/// A component that serves one install.
pub(super) struct WasmBackend(Arc<Inner>);

struct Inner {
    node: Arc<Node>,
    install: InstallId,
    limits: Limits,
    log: Log,
    code: Arc<dyn Fn() -> Result<Vec<u8>, String> + Send + Sync>,
    component: [u8; 32],
    reuse: Reuse,
    storage: Arc<dyn Storage>,
    outgoing: Arc<Outgoing>,
    sealed: Mutex<Option<Arc<Sealed>>>,
    /// The code as it is mapped. It stays when the instances go, as long as `sealed` does: it costs page tables, no copies.
    mapped: Mutex<Option<ProxyPre<Guest>>>,
    loaded: Mutex<Option<Arc<Loaded>>>,
    /// Held by whoever loads.
    loading: tokio::sync::Mutex<()>,
    /// Held by whoever writes `/data` back.
    keeping: tokio::sync::Mutex<()>,
    kept: Mutex<Vec<Instance>>,
    places: Arc<Semaphore>,
    waiting: AtomicUsize,
    stopped: AtomicBool,
    stop: watch::Sender<u64>,
    supervision: Mutex<Supervision>,
    problem: Mutex<Option<String>>,
    in_flight: AtomicU32,
    served: AtomicU64,
    used: Mutex<Instant>,
    tidying: AtomicBool,
}

/// A component that is ready to make instances.
struct Loaded {
    pre: ProxyPre<Guest>,
    tree: Arc<Mutex<Tree>>,
}

struct Instance {
    store: Store<Guest>,
    proxy: Proxy,
    served: u64,
}

type Head = oneshot::Sender<Result<Response<Body>, CallError>>;

impl WasmBackend {
    pub(super) fn new(
        node: Arc<Node>,
        launch: &Launch,
        code: Arc<dyn Fn() -> Result<Vec<u8>, String> + Send + Sync>,
        component: [u8; 32],
        reuse: Reuse,
    ) -> Self {
        let Launch {
            install,
            limits,
            network,
            storage,
            ..
        } = launch;
        let log = Log::new(limits);
        let (network, kept) = (Arc::clone(network), Arc::clone(storage));
        let outgoing = Outgoing::new(*install, network, kept, log.clone(), limits, node.reachable);
        Self(Arc::new(Inner {
            node,
            install: *install,
            limits: limits.clone(),
            log,
            code,
            component,
            reuse,
            storage: Arc::clone(storage),
            outgoing: Arc::new(outgoing),
            sealed: Mutex::default(),
            mapped: Mutex::default(),
            loaded: Mutex::default(),
            loading: tokio::sync::Mutex::default(),
            keeping: tokio::sync::Mutex::default(),
            kept: Mutex::default(),
            places: Arc::new(Semaphore::new(limits.concurrency.max(1))),
            waiting: AtomicUsize::new(0),
            stopped: AtomicBool::new(false),
            stop: watch::Sender::new(0),
            supervision: Mutex::default(),
            problem: Mutex::default(),
            in_flight: AtomicU32::new(0),
            served: AtomicU64::new(0),
            used: Mutex::new(Instant::now()),
            tidying: AtomicBool::new(false),
        }))
    }
}

impl Backend for WasmBackend {
    fn call(
        &self,
        context: CallContext,
        request: Request<Body>,
    ) -> BoxFuture<'static, Result<Response<Body>, CallError>> {
        let inner = Arc::clone(&self.0);
        async move {
            let queued = inner.admit()?;
            let request = inner.guest_request(&context, request)?;
            let (head, answer) = oneshot::channel();
            let handle = inner.node.handle.clone();
            // The request belongs to the guest's threads from here: it ends there even if the client goes away.
            handle.spawn(inner.serve(queued, request, head));
            answer.await.unwrap_or(Err(CallError::Stopped))
        }
        .boxed()
    }

    fn stop(&self) -> BoxFuture<'static, ()> {
        self.0.stopped.store(true, Ordering::SeqCst);
        Arc::clone(&self.0).end()
    }

    fn restart(&self) -> BoxFuture<'static, ()> {
        let inner = Arc::clone(&self.0);
        inner.stopped.store(true, Ordering::SeqCst);
        let ended = Arc::clone(&inner).end();
        async move {
            ended.await;
            inner.supervision.lock().reset();
            *inner.problem.lock() = None;
            inner.log.note("restarted");
            inner.stopped.store(false, Ordering::SeqCst);
        }
        .boxed()
    }

    fn status(&self) -> Status {
        let inner = &self.0;
        let now = Instant::now();
        let supervision = inner.supervision.lock().clone();
        let resting = supervision.resting_until(now);
        let state = if inner.stopped.load(Ordering::SeqCst) {
            State::Stopped
        } else if resting.is_some() {
            State::Resting
        } else if inner.loaded.lock().is_some() {
            State::Running
        } else if inner.loading.try_lock().is_err() {
            State::Starting
        } else {
            State::Idle
        };
        Status {
            state,
            restarts: supervision.restarts(),
            next_start_at: resting.map(|until| OffsetDateTime::now_utc() + (until - now)),
            problem: inner.problem.lock().clone(),
            in_flight: inner.in_flight.load(Ordering::Relaxed),
            served: inner.served.load(Ordering::Relaxed),
        }
    }

    fn log(&self) -> Vec<Line> {
        self.0.log.lines()
    }
}

/// A place in the queue.
struct Queued(Arc<Inner>);

impl Drop for Queued {
    fn drop(&mut self) {
        self.0.waiting.fetch_sub(1, Ordering::SeqCst);
    }
}

struct InFlight(Arc<Inner>);

impl Drop for InFlight {
    fn drop(&mut self) {
        self.0.in_flight.fetch_sub(1, Ordering::SeqCst);
        *self.0.used.lock() = Instant::now();
    }
}

impl Inner {
    /// Is there room, and is it allowed to run?
    fn admit(self: &Arc<Self>) -> Result<Queued, CallError> {
        if self.stopped.load(Ordering::SeqCst) {
            return Err(CallError::Stopped);
        }
        if let Decision::Rest(retry_after) = self.supervision.lock().ask(Instant::now()) {
            return Err(CallError::Resting { retry_after });
        }
        let queued = Queued(Arc::clone(self));
        let before = self.waiting.fetch_add(1, Ordering::SeqCst);
        if before >= self.limits.queue && self.places.available_permits() == 0 {
            return Err(CallError::Busy);
        }
        Ok(queued)
    }

    /// The request as the guest sees it.
    fn guest_request(
        &self,
        context: &CallContext,
        request: Request<Body>,
    ) -> Result<Request<Body>, CallError> {
        let limit = self.limits.request_body;
        if request.body().size_hint().lower() > limit {
            return Err(CallError::TooLarge { limit });
        }
        let (mut parts, body) = request.into_parts();
        parts.headers = headers::for_guest(context, &parts.headers, self.limits.headers)?;
        if !parts.headers.contains_key(header::HOST) && parts.uri.authority().is_none() {
            parts
                .headers
                .insert(header::HOST, HeaderValue::from_static("webx.localhost"));
        }
        Ok(Request::from_parts(parts, body))
    }

    /// Serves one request from the queue to the end of its answer.
    async fn serve(self: Arc<Self>, queued: Queued, request: Request<Body>, head: Head) {
        self.in_flight.fetch_add(1, Ordering::SeqCst);
        let _in_flight = InFlight(Arc::clone(&self));
        let fault = Arc::new(OnceLock::new());
        let mut answer = Answer {
            head: Some(head),
            done: None,
        };
        let mut stop = self.stop.subscribe();
        let outcome = tokio::select! {
            outcome = self.run(queued, request, &mut answer, &fault) => outcome,
            () = tokio::time::sleep(self.limits.request_time) => Err(CallError::TimedOut(self.limits.request_time)),
            _ = stop.changed() => Err(CallError::Stopped),
        };
        let running = self.loaded.lock().clone();
        if let (Err(CallError::TimedOut(_)), Some(loaded)) = (&outcome, running) {
            // What it wrote before its time was up is kept, as after a crash; the first problem is the one to tell.
            let _ = self.keep(&loaded).await;
        }
        let said = match outcome {
            Ok(()) => {
                self.served.fetch_add(1, Ordering::Relaxed);
                self.supervision.lock().answered();
                Ok(())
            }
            Err(error) => {
                let error = fault.get().cloned().unwrap_or(error);
                self.report(&error);
                Err(error)
            }
        };
        answer.end(said);
    }

    /// Tells the person, and counts failures that are the guest's own.
    fn report(&self, error: &CallError) {
        match error {
            CallError::Failed(_)
            | CallError::TimedOut(_)
            | CallError::Start(_)
            | CallError::NotKept(_) => {
                let said = error.to_string();
                self.log.note(&said);
                tracing::info!(install = %self.install, code = error.code(), "an app's backend failed");
                *self.problem.lock() = Some(said);
                let mut supervision = self.supervision.lock();
                let now = Instant::now();
                supervision.failed(now);
                if let Some(until) = supervision.resting_until(now) {
                    self.log.note(&format!(
                        "rests for {} seconds",
                        (until - now).as_secs().max(1)
                    ));
                }
            }
            CallError::TooLarge { .. } | CallError::BadBody(_) => self.log.note(&error.to_string()),
            _ => {}
        }
    }

    async fn run(
        self: &Arc<Self>,
        queued: Queued,
        request: Request<Body>,
        answer: &mut Answer,
        fault: &Arc<OnceLock<CallError>>,
    ) -> Result<(), CallError> {
        let place: OwnedSemaphorePermit = Arc::clone(&self.places)
            .acquire_owned()
            .await
            .map_err(|_| CallError::Stopped)?;
        drop(queued);
        let _clock = self.node.clock.run();
        let loaded = self.loaded().await?;
        let mut instance = self.instance(&loaded).await?;
        instance.served += 1;
        let handled = self
            .handle(&mut instance, &loaded, request, answer, fault)
            .await;
        match handled {
            Ok(()) => {
                self.keep(&loaded).await?;
                if self.reuse == Reuse::Kept
                    && instance.served < self.limits.instance_requests
                    && !self.is_stopped()
                {
                    self.kept.lock().push(instance);
                }
                drop(place);
                Ok(())
            }
            Err(error) => {
                // A crash loses no file that was written before it, as on any system.
                drop(instance);
                self.keep(&loaded).await?;
                Err(error)
            }
        }
    }

    fn is_stopped(&self) -> bool {
        self.stopped.load(Ordering::SeqCst)
    }

    /// One request in one instance.
    async fn handle(
        self: &Arc<Self>,
        instance: &mut Instance,
        loaded: &Arc<Loaded>,
        request: Request<Body>,
        answer: &mut Answer,
        fault: &Arc<OnceLock<CallError>>,
    ) -> Result<(), CallError> {
        let Instance { store, proxy, .. } = instance;
        store.set_epoch_deadline(1);
        store.data_mut().begin();
        let request = request.map(|body| {
            let inward = Inward::new(body, self.limits.request_body, Arc::clone(fault));
            let inner = Stalling::new(inward, self.limits.stall);
            wasi_body(
                Noted {
                    inner,
                    fault: Arc::clone(fault),
                }
                .boxed_unsync(),
            )
        });
        let failed = |error: wasmtime::Error| CallError::Failed(format!("{error:#}"));
        let (send, said) = oneshot::channel();
        let incoming = store
            .data_mut()
            .http()
            .new_incoming_request(Scheme::Http, request)
            .map_err(failed)?;
        let outparam = store
            .data_mut()
            .http()
            .new_response_outparam(send)
            .map_err(failed)?;
        let mut said = Some(said);
        let result = {
            let handled =
                proxy
                    .wasi_http_incoming_handler()
                    .call_handle(&mut *store, incoming, outparam);
            let mut handled = std::pin::pin!(handled);
            loop {
                let Some(waiting) = said.as_mut() else {
                    break handled.await;
                };
                tokio::select! {
                    biased;
                    said_now = waiting => {
                        said = None;
                        // An error here is a dropped answer; the guest's own end says more.
                        if let Ok(response) = said_now {
                            self.keep(loaded).await?;
                            self.give(response, answer, fault)?;
                        }
                    }
                    result = &mut handled => break result,
                }
            }
        };
        if let Err(error) = result {
            return Err(CallError::Failed(why(store.data(), &error)));
        }
        if let Some(mut waiting) = said {
            let response = waiting
                .try_recv()
                .map_err(|_| CallError::Failed("it gave no answer".into()))?;
            self.keep(loaded).await?;
            self.give(response, answer, fault)?;
        }
        match answer.head {
            Some(_) => Err(CallError::Failed("it gave no answer".into())),
            None => Ok(()),
        }
    }

    /// Gives the answer's head to the client.
    fn give(
        &self,
        said: Result<Response<HyperOutgoingBody>, ErrorCode>,
        answer: &mut Answer,
        fault: &OnceLock<CallError>,
    ) -> Result<(), CallError> {
        // What the guest made of half a request is no answer to it.
        if let Some(fault) = fault.get() {
            return Err(fault.clone());
        }
        let response =
            said.map_err(|code| CallError::Failed(format!("it answered with the error {code:?}")))?;
        if response.status().is_informational() {
            return Err(CallError::Failed(format!(
                "it answered {}, which is no answer",
                response.status()
            )));
        }
        let (mut parts, body) = response.into_parts();
        parts.headers = headers::for_client(parts.headers, self.limits.headers)?;
        let (done, ended) = oneshot::channel();
        let body = Outward::new(body, self.limits.response_body, ended).boxed_unsync();
        answer.done = Some(done);
        if let Some(head) = answer.head.take() {
            // The client may have gone away; the guest goes on to its end.
            let _ = head.send(Ok(Response::from_parts(parts, body)));
        }
        Ok(())
    }

    /// An instance: one that is kept, or a new one.
    async fn instance(self: &Arc<Self>, loaded: &Loaded) -> Result<Instance, CallError> {
        if let Some(instance) = self.kept.lock().pop() {
            return Ok(instance);
        }
        let hooks = Hooks(Arc::clone(&self.outgoing));
        let guest = Guest::new(&self.limits, &self.log, Arc::clone(&loaded.tree), hooks);
        let mut store = Store::new(&self.node.engine, guest);
        store.limiter(|guest| guest);
        store.set_epoch_deadline(1);
        store.epoch_deadline_callback(|mut store| store.data_mut().tick());
        match loaded.pre.instantiate_async(&mut store).await {
            Ok(proxy) => Ok(Instance {
                store,
                proxy,
                served: 0,
            }),
            Err(error) if error.is::<wasmtime::PoolConcurrencyLimitError>() => Err(CallError::Busy),
            Err(error) => Err(CallError::Failed(why(store.data(), &error))),
        }
    }

    /// The component, loaded if it is not yet.
    async fn loaded(self: &Arc<Self>) -> Result<Arc<Loaded>, CallError> {
        if let Some(loaded) = self.loaded.lock().clone() {
            return Ok(loaded);
        }
        let _loading = self.loading.lock().await;
        if let Some(loaded) = self.loaded.lock().clone() {
            return Ok(loaded);
        }
        let inner = Arc::clone(self);
        let loaded = tokio::task::spawn_blocking(move || inner.load())
            .await
            .map_err(|error| StartError::Unreadable(error.to_string()))??;
        let loaded = Arc::new(loaded);
        *self.loaded.lock() = Some(Arc::clone(&loaded));
        *self.used.lock() = Instant::now();
        if !self.tidying.swap(true, Ordering::SeqCst) {
            tokio::spawn(tidy(Arc::downgrade(self)));
        }
        Ok(loaded)
    }

    fn load(&self) -> Result<Loaded, StartError> {
        let pre = self.map()?;
        let files = self
            .storage
            .data_load(self.install)
            .map_err(|error| StartError::Data(error.to_string()))?;
        let tree = Tree::load(files, &self.limits).map_err(StartError::Data)?;
        Ok(Loaded {
            pre,
            tree: Arc::new(Mutex::new(tree)),
        })
    }

    /// The component, ready to make instances.
    fn map(&self) -> Result<ProxyPre<Guest>, StartError> {
        if let Some(pre) = self.mapped.lock().clone() {
            return Ok(pre);
        }
        let known = self.sealed.lock().clone();
        let sealed = match known {
            Some(sealed) => sealed,
            None => {
                let bound = (self.code)().map_err(StartError::Unreadable)?;
                let sealed = Arc::new(code::unseal(
                    &self.node.key,
                    &self.node.name,
                    &self.component,
                    bound,
                )?);
                *self.sealed.lock() = Some(Arc::clone(&sealed));
                sealed
            }
        };
        let pre = self.node.load(&sealed)?;
        *self.mapped.lock() = Some(pre.clone());
        Ok(pre)
    }

    /// Gives back the code, too.
    fn forget_code(&self) {
        *self.mapped.lock() = None;
        *self.sealed.lock() = None;
    }

    /// Keeps what the guest changed under `/data`.
    async fn keep(self: &Arc<Self>, loaded: &Arc<Loaded>) -> Result<(), CallError> {
        if !loaded.tree.lock().has_changed() {
            return Ok(());
        }
        let _keeping = self.keeping.lock().await;
        let (inner, tree) = (Arc::clone(self), Arc::clone(&loaded.tree));
        let kept = tokio::task::spawn_blocking(move || {
            let Some(changes) = tree.lock().changed() else {
                return Ok(());
            };
            inner.storage.data_save(inner.install, &changes.list)?;
            tree.lock().saved(changes);
            Ok::<_, crate::StorageError>(())
        })
        .await;
        let problem = match kept {
            Ok(Ok(())) => return Ok(()),
            Ok(Err(error)) => error.to_string(),
            Err(error) => error.to_string(),
        };
        // What was not kept is not shown to the next request either.
        self.unload();
        Err(CallError::NotKept(problem))
    }

    /// Forgets the instances and `/data`; the code stays.
    fn unload(&self) {
        self.kept.lock().clear();
        *self.loaded.lock() = None;
    }

    fn end(self: Arc<Self>) -> BoxFuture<'static, ()> {
        self.stop.send_modify(|count| *count += 1);
        let everybody = u32::try_from(self.limits.concurrency.max(1)).unwrap_or(u32::MAX);
        let handle = self.node.handle.clone();
        let ended = handle.spawn(async move {
            // Whoever is still there after that has no time left anyway, and loses its instance with its request.
            let _ = tokio::time::timeout(STOP, self.places.acquire_many(everybody)).await;
            self.unload();
            self.forget_code();
        });
        async move {
            // It fails when the node is going down, where everything ends.
            let _ = ended.await;
        }
        .boxed()
    }
}

/// What is still to be told to the client.
struct Answer {
    head: Option<Head>,
    done: Option<oneshot::Sender<Result<(), BodyError>>>,
}

impl Answer {
    fn end(self, said: Result<(), CallError>) {
        // A client that went away is not told.
        if let (Some(head), Err(error)) = (self.head, &said) {
            let _ = head.send(Err(error.clone()));
        }
        if let Some(done) = self.done {
            let _ = done.send(said.map_err(|error| BodyError::Broken(error.to_string())));
        }
    }
}

/// Gives memory back when nobody calls.
async fn tidy(backend: Weak<Inner>) {
    loop {
        let Some(idle) = backend.upgrade().map(|inner| inner.limits.idle) else {
            return;
        };
        tokio::time::sleep(idle).await;
        let Some(inner) = backend.upgrade() else {
            return;
        };
        let unused = inner.used.lock().elapsed();
        let busy = inner.in_flight.load(Ordering::SeqCst) > 0;
        if busy || unused < idle {
            continue;
        }
        inner.unload();
        if unused >= idle * IDLE_CODE {
            inner.forget_code();
            inner.tidying.store(false, Ordering::SeqCst);
            return;
        }
    }
}

/// What ended a guest, in words for the person.
fn why(guest: &Guest, error: &wasmtime::Error) -> String {
    if let Some(stopped) = &guest.stopped {
        return stopped.clone();
    }
    if let Some(exit) = error.downcast_ref::<I32Exit>() {
        return format!("it ended itself with code {}", exit.0);
    }
    match error.downcast_ref::<Trap>() {
        Some(Trap::StackOverflow) => "it called itself too deeply".into(),
        Some(Trap::UnreachableCodeReached) => "it gave up; its log may say why".into(),
        Some(Trap::MemoryOutOfBounds) => "it reached outside of its memory".into(),
        Some(trap) => format!("it broke a rule of its machine: {trap}"),
        None => error.root_cause().to_string().chars().take(300).collect(),
    }
}
