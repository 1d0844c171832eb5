//! Backends: compiled at install, started at the first call, stopped when idle, removed, updated or locked.
use std::{
    collections::HashMap,
    sync::{Arc, Weak, mpsc},
    time::Duration,
};

use parking_lot::Mutex;
use webx_backends::{
    Backend, Body, CallContext, CallError, CompileError, InstallId, Launch, Limits, Line,
    PackageFiles, Program, Progress, Reuse, StartError, State, Status,
};
use webx_vault::rusqlite::{OptionalExtension, params};
use webx_wxa::{
    Digest,
    manifest::{Backend as Described, Runtime},
};

use crate::{
    AppEvent, AppOp, Apps, Denied, Error, Result,
    apps::Inner,
    registry::{Entry, Package},
    sealed::{Owner, pack, random, unpack},
    storage::Door,
};

/// Largest machine code that is kept, in bytes.
const MAX_CODE: u64 = 512 << 20;
/// How long a backend may take to end.
const STOP: Duration = Duration::from_secs(10);

/// The backends that were called since the vault was opened.
#[derive(Default)]
pub(crate) struct Hosts(Mutex<HashMap<InstallId, Arc<dyn Backend>>>);

impl Hosts {
    pub(crate) fn state(&self, install: InstallId) -> State {
        let host = self.0.lock().get(&install).cloned();
        host.map_or(State::Idle, |host| host.status().state)
    }

    /// Ends all of them and waits.
    pub(crate) fn close(&self, runtime: &tokio::runtime::Handle) {
        let all: Vec<Arc<dyn Backend>> = self.0.lock().drain().map(|(_, host)| host).collect();
        stop(runtime, all);
    }
}

/// Ends backends and waits for them, from any thread.
fn stop(runtime: &tokio::runtime::Handle, hosts: Vec<Arc<dyn Backend>>) {
    let (told, heard) = mpsc::channel();
    let count = hosts.len();
    for host in hosts {
        let told = told.clone();
        runtime.spawn(async move {
            host.stop().await;
            // Fails only when nobody waits any more.
            let _ = told.send(());
        });
    }
    drop(told);
    for _ in 0..count {
        if heard.recv_timeout(STOP).is_err() {
            tracing::warn!("a backend did not end in time");
            return;
        }
    }
}

/// The files of a package, for a backend that is started from them.
struct Files {
    inner: Weak<Inner>,
    package: Digest,
}

impl Files {
    fn inner(&self) -> Result<Arc<Inner>, String> {
        self.inner
            .upgrade()
            .ok_or_else(|| "the vault is locked".to_owned())
    }
}

impl PackageFiles for Files {
    fn list(&self) -> Result<Vec<(String, u64)>, String> {
        let files = self
            .inner()?
            .files(&self.package)
            .map_err(|error| error.to_string())?;
        Ok(files
            .into_iter()
            .map(|(path, info)| (path, info.size))
            .collect())
    }

    fn read(&self, path: &str) -> Result<Vec<u8>, String> {
        let inner = self.inner()?;
        let (_, reader) = inner
            .file(&self.package, path)
            .map_err(|error| error.to_string())?;
        reader.all().map_err(|error| error.to_string())
    }
}

impl Apps {
    /// Hands a request to the backend of an app, which starts when nothing runs. The path of the request is what the
    /// backend sees.
    ///
    /// # Errors
    /// [`Error::NoBackend`], [`Error::NotInstalled`], [`Error::Denied`], [`Error::Backend`].
    pub async fn call(
        &self,
        install: InstallId,
        request_id: &str,
        request: http::Request<Body>,
    ) -> Result<http::Response<Body>> {
        let known = self.0.hosts.0.lock().get(&install).cloned();
        let host = match known {
            Some(host) => host,
            None => {
                let inner = Arc::clone(&self.0);
                let started = self
                    .0
                    .runtime
                    .spawn_blocking(move || inner.host(install))
                    .await;
                started.map_err(|error| CallError::Failed(error.to_string()))??
            }
        };
        let context = CallContext {
            install,
            caller_did: Arc::clone(&self.0.person),
            request_id: request_id.into(),
        };
        Ok(host.call(context, request).await?)
    }

    /// What the backend of an app does, and the newest lines of its log. `None` when the app has none.
    ///
    /// # Errors
    /// [`Error::NotInstalled`].
    pub fn backend(&self, install: InstallId) -> Result<Option<(Status, Vec<Line>)>> {
        let entry = self.0.registry().get(install)?;
        if entry.package.manifest.backend.is_none() {
            return Ok(None);
        }
        let host = self.0.hosts.0.lock().get(&install).cloned();
        let idle = Status {
            state: State::Idle,
            restarts: 0,
            next_start_at: None,
            problem: None,
            in_flight: 0,
            served: 0,
        };
        Ok(Some(host.map_or((idle, Vec::new()), |host| {
            (host.status(), host.log())
        })))
    }

    /// Ends the backend of an app and forgets its failures; the next call starts it.
    ///
    /// # Errors
    /// [`Error::NotInstalled`], [`Error::NoBackend`].
    pub async fn restart_backend(&self, install: InstallId) -> Result<()> {
        let entry = self.0.registry().get(install)?;
        if entry.package.manifest.backend.is_none() {
            return Err(Error::NoBackend);
        }
        let host = self.0.hosts.0.lock().get(&install).cloned();
        if let Some(host) = host {
            host.restart().await;
        }
        self.0.tell_backend(&entry);
        Ok(())
    }
}

impl Inner {
    fn tell_backend(&self, entry: &Entry) {
        self.tell(AppEvent {
            op: AppOp::Backend,
            install: entry.install,
            app: entry.app.clone(),
        });
    }

    /// Ends the backend of an installation, if one was started.
    pub(crate) fn stop_backend(&self, install: InstallId) {
        let host = self.hosts.0.lock().remove(&install);
        stop(&self.runtime, host.into_iter().collect());
    }

    /// The backend of an installation.
    fn host(self: &Arc<Self>, install: InstallId) -> Result<Arc<dyn Backend>> {
        let entry = self.registry().get(install)?;
        let program = self.program(&entry)?;
        let door = Arc::new(Door(self.me.clone()));
        let host = self
            .backends
            .start(Launch {
                install,
                program,
                limits: Limits::default(),
                network: Arc::<Door>::clone(&door),
                storage: door,
            })
            .map_err(CallError::Start)?;
        let mut hosts = self.hosts.0.lock();
        // The app may have been removed or updated, or another call may have been faster.
        let now = self.registry().get(install)?;
        if now.package.digest != entry.package.digest {
            return Err(CallError::Stopped.into());
        }
        let host = Arc::clone(hosts.entry(install).or_insert(host));
        drop(hosts);
        self.tell_backend(&entry);
        Ok(host)
    }

    fn program(&self, entry: &Entry) -> Result<Program> {
        let package = &entry.package;
        match package.manifest.backend.as_ref().ok_or(Error::NoBackend)? {
            Described::Wsgi {
                app,
                source,
                runtime: Runtime::Native { wheels },
                ..
            } => {
                if !entry.has("native-code") {
                    return Err(
                        Denied::new("the app does not have the permission native-code").into(),
                    );
                }
                Ok(Program::Jail {
                    app: app.clone(),
                    source: source.clone(),
                    wheels: wheels
                        .iter()
                        .map(|wheel| webx_backends::Wheel {
                            path: wheel.path.clone(),
                            sha256: *wheel.sha256.as_bytes(),
                        })
                        .collect(),
                    files: Arc::new(Files {
                        inner: self.me.clone(),
                        package: package.digest,
                    }),
                })
            }
            _ => {
                let path = component(package).ok_or(Error::NoBackend)?;
                let (info, _) = self.file(&package.digest, path)?;
                // Nothing to do when this program compiled it already.
                let kept = self.compile_package(&package.digest, &mut |_| true)?;
                let (inner, digest) = (self.me.clone(), package.digest);
                let code = move || {
                    let inner = inner.upgrade().ok_or("the vault is locked")?;
                    let code = inner.code(&digest).map_err(|error| error.to_string())?;
                    code.ok_or_else(|| "it was given up".to_owned())
                };
                Ok(Program::Component {
                    code: Arc::new(code),
                    component: *info.sha256.as_bytes(),
                    reuse: if kept { Reuse::Kept } else { Reuse::Fresh },
                })
            }
        }
    }

    /// Compiles the backend of a stored package, unless this program did so already. Returns whether its instances serve
    /// more than one request.
    pub(crate) fn compile_package(
        &self,
        digest: &Digest,
        progress: &mut dyn FnMut(Progress) -> bool,
    ) -> Result<bool> {
        let Some(package) = self.db().read(|conn| Package::get(conn, digest))? else {
            return Err(Error::NotFound("such package".into()));
        };
        let Some(path) = component(&package) else {
            return Ok(false);
        };
        let engine = self.backends.engine();
        let known: Option<bool> = self.db().read(|conn| {
            Ok::<_, Error>(
                conn.prepare_cached(
                    "SELECT kept FROM app_code WHERE package = ?1 AND engine = ?2",
                )?
                .query_row(params![digest.as_bytes(), engine], |row| row.get(0))
                .optional()?,
            )
        })?;
        if let Some(kept) = known {
            return Ok(kept);
        }
        let (_, reader) = self.file(digest, path)?;
        let bytes = reader.all()?;
        let kept = Reuse::suits(&bytes) == Reuse::Kept;
        let code = self
            .backends
            .compile(&bytes, progress)
            .map_err(|error| match error {
                CompileError::Cancelled => Error::Vault(webx_vault::Error::Stopped),
                error => Error::Backend(CallError::Start(StartError::Unfit(error.to_string()))),
            })?;
        self.watch("compile/compiled");
        let mut id = [0; 16];
        random(&mut id)?;
        let owner = Owner::Code(id);
        let stored = self
            .sealed
            .store(&owner, &mut code.as_slice(), MAX_CODE, true)?;
        self.db().write(|tx| {
            let old: Option<[u8; 16]> = tx
                .prepare_cached("DELETE FROM app_code WHERE package = ?1 RETURNING id")?
                .query_row([digest.as_bytes()], |row| row.get(0))
                .optional()?;
            if let Some(old) = old {
                Owner::Code(old).release(tx)?;
            }
            owner.keep(tx, &stored.segments)?;
            tx.prepare_cached("INSERT INTO app_code VALUES (?1, ?2, ?3, ?4, ?5, ?6)")?
                .execute(params![
                    digest.as_bytes(),
                    engine,
                    kept,
                    id,
                    stored.size.cast_signed(),
                    pack(&stored.segments),
                ])?;
            Ok::<_, Error>(())
        })?;
        Ok(kept)
    }

    /// The machine code of a package.
    fn code(&self, digest: &Digest) -> Result<Option<Vec<u8>>> {
        let row: Option<([u8; 16], i64, Vec<u8>)> = self.db().read(|conn| {
            Ok::<_, Error>(
                conn.prepare_cached("SELECT id, size, segments FROM app_code WHERE package = ?1")?
                    .query_row([digest.as_bytes()], |row| {
                        Ok((row.get(0)?, row.get(1)?, row.get(2)?))
                    })
                    .optional()?,
            )
        })?;
        let Some((id, size, segments)) = row else {
            return Ok(None);
        };
        let reader = self
            .sealed
            .open(&Owner::Code(id), unpack(&segments)?, size.unsigned_abs());
        reader.all().map(Some)
    }
}

/// The path of the component that a package's backend is.
fn component(package: &Package) -> Option<&str> {
    match package.manifest.backend.as_ref()? {
        Described::Wasm { component, .. }
        | Described::Wsgi {
            runtime: Runtime::Component(component),
            ..
        } => Some(component),
        Described::Wsgi { .. } => None,
    }
}
