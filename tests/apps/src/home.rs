//! A vault with its registry.
use std::{
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use anyhow::{Context, Result, bail};
use futures_util::future::BoxFuture;
use webx_apps::{Apps, Data, InstallId, Options, Parts};
use webx_backends::{
    Backend, Backends, Body, CallContext, CallError, CompileError, Launch, Line, Progress,
    StartError, State, Status,
};
use webx_drive::Drive;
use webx_services::{EventLog, Notifications};
use webx_vault::{DataDir, KdfCost, NewVault, PackOptions, Passphrase, Secret32, Unlock, Vault};

use crate::packages::{CANARY, now, pack};

/// A vault with its registry, open.
pub struct Home {
    pub vault: Vault,
    pub drive: Drive,
    pub apps: Apps,
    pub events: EventLog,
    runtime: tokio::runtime::Runtime,
    _data: DataDir,
}

/// What a driver does.
pub const WORK: [&str; 6] = ["install", "update", "remove", "undo", "roll-back", "purge"];

impl Home {
    /// Opens the home, making the vault when there is none. At moment number `kill` of the registry, the process ends
    /// itself by `SIGKILL`.
    ///
    /// # Errors
    /// When it does not open.
    pub fn open(
        path: &Path,
        kill: Option<u64>,
        background: bool,
    ) -> Result<(Home, Arc<AtomicU64>)> {
        let options = webx_vault::Options {
            packs: PackOptions {
                segment_bytes: 4 << 20,
                free_floor: 0,
            },
            ..webx_vault::Options::default()
        };
        let data = DataDir::open_with(path, options).context("data folder")?;
        let passphrase = Passphrase::new("correct horse battery")?;
        let vault = match data.people()?.first() {
            Some(id) => data.locked(*id)?.unlock(Unlock::Passphrase(&passphrase))?,
            None => data.create(NewVault {
                passphrase: &passphrase,
                recovery_key: &Secret32::new([7; 32]),
                kdf: KdfCost::insecure_for_tests(),
            })?,
        };
        let drive = Drive::open(vault.clone(), Secret32::new([9; 32]), now)?;
        let events = EventLog::open(vault.db().clone())?;
        let notifications = Notifications::open(vault.db().clone())?;
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .build()?;
        let parts = Parts {
            vault: vault.clone(),
            drive: drive.clone(),
            events: events.clone(),
            notifications,
            backends: Arc::new(Fake),
            person: "did:key:zPerson".into(),
            runtime: runtime.handle().clone(),
            clock: Arc::new(now),
        };
        let moments = Arc::new(AtomicU64::new(0));
        let counted = Arc::clone(&moments);
        let options = Options {
            system: &[],
            watch: Some(Arc::new(move |_| {
                if Some(counted.fetch_add(1, Ordering::Relaxed)) == kill {
                    die();
                }
            })),
            background,
        };
        let apps = Apps::open_with(parts, options)?;
        let home = Home {
            vault,
            drive,
            apps,
            events,
            runtime,
            _data: data,
        };
        Ok((home, moments))
    }

    /// Makes everything that the work needs before it.
    ///
    /// # Errors
    /// When it does not come to its end.
    pub fn prepare(&self, work: &str) -> Result<()> {
        if work == "install" {
            return Ok(());
        }
        let install = self.install("1.0.0")?;
        let store = self.apps.store(install)?;
        store.put_value("a", &serde_json::json!(CANARY))?;
        store.put_document("notes", "n1", &serde_json::json!({ "text": CANARY }), None)?;
        store.put_blob("b", None, CANARY.repeat(5_000).as_bytes())?;
        match work {
            "roll-back" => drop(self.install("1.1.0")?),
            "undo" | "purge" => self.finish(self.apps.remove(install, Data::Delete)?.0.saga)?,
            _ => {}
        }
        Ok(())
    }

    /// Does the work.
    ///
    /// # Errors
    /// When it does not come to its end.
    pub fn work(&self, work: &str) -> Result<()> {
        let saga = match work {
            "install" => return self.install("1.0.0").map(drop),
            "update" => return self.install("1.1.0").map(drop),
            "remove" => self.apps.remove(self.one()?, Data::Keep)?.0.saga,
            "roll-back" => self.apps.rollback(self.one()?)?.saga,
            "undo" => {
                self.apps
                    .undo(
                        self.apps
                            .removed()?
                            .first()
                            .context("nothing was removed")?
                            .install,
                    )?
                    .saga
            }
            "purge" => {
                self.apps
                    .purge(
                        self.apps
                            .removed()?
                            .first()
                            .context("nothing was removed")?
                            .install,
                    )?
                    .saga
            }
            other => bail!("there is no work called {other}"),
        };
        self.finish(saga)
    }

    fn install(&self, version: &str) -> Result<InstallId> {
        let found = self.apps.inspect(pack(version)?.as_slice())?;
        let grant: Vec<String> = found.added.iter().map(|ask| ask.key.to_string()).collect();
        let begun = self.apps.install(found.upload, &grant)?;
        self.finish(begun.saga)?;
        Ok(begun.install)
    }

    fn one(&self) -> Result<InstallId> {
        Ok(self
            .apps
            .list()?
            .first()
            .context("nothing is installed")?
            .install)
    }

    fn finish(&self, saga: webx_sagas::SagaId) -> Result<()> {
        let saga = self.apps.sagas().wait(saga)?;
        if saga.state != webx_sagas::State::Done {
            bail!("{} is {:?}: {:?}", saga.kind, saga.state, saga.reason);
        }
        Ok(())
    }

    /// Asks for everything under way to be undone; what can no longer be goes on.
    ///
    /// # Errors
    /// Those of the journal.
    pub fn call_off(&self) -> Result<()> {
        for saga in self.apps.sagas().list(None)? {
            match self.apps.sagas().undo(saga.id) {
                Ok(_) | Err(webx_sagas::Error::NotNow { .. }) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }

    /// Waits until nothing is under way.
    ///
    /// # Errors
    /// Those of the journal.
    pub fn settle(&self) -> Result<()> {
        for saga in self.apps.sagas().list(None)? {
            self.apps.sagas().wait(saga.id)?;
        }
        Ok(())
    }

    pub fn close(self) {
        self.apps.close();
        self.drive.close();
        self.vault.lock();
        self.runtime.shutdown_background();
    }
}

/// Ends this process as `kill -9` does.
fn die() {
    let me = rustix::process::getpid();
    let _ = rustix::process::kill_process(me, rustix::process::Signal::KILL);
    loop {
        std::thread::park();
    }
}

/// Makes backends that do nothing.
struct Fake;

impl Backends for Fake {
    fn engine(&self) -> String {
        "a test".into()
    }

    fn compile(
        &self,
        component: &[u8],
        progress: &mut dyn FnMut(Progress) -> bool,
    ) -> Result<Vec<u8>, CompileError> {
        if !progress(Progress { done: 1, total: 1 }) {
            return Err(CompileError::Cancelled);
        }
        Ok([CANARY.as_bytes(), component].concat())
    }

    fn start(&self, _: Launch) -> Result<Arc<dyn Backend>, StartError> {
        Ok(Arc::new(Fake))
    }
}

impl Backend for Fake {
    fn call(
        &self,
        _: CallContext,
        _: http::Request<Body>,
    ) -> BoxFuture<'static, Result<http::Response<Body>, CallError>> {
        Box::pin(async { Ok(http::Response::new(webx_backends::body(""))) })
    }

    fn stop(&self) -> BoxFuture<'static, ()> {
        Box::pin(async {})
    }

    fn restart(&self) -> BoxFuture<'static, ()> {
        Box::pin(async {})
    }

    fn status(&self) -> Status {
        Status {
            state: State::Running,
            restarts: 0,
            next_start_at: None,
            problem: None,
            in_flight: 0,
            served: 0,
        }
    }

    fn log(&self) -> Vec<Line> {
        Vec::new()
    }
}
