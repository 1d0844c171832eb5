//! A registry in a temporary folder, packages made on the spot, and a backend that runs in the test.
#![allow(
    dead_code,
    unreachable_pub,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic
)]

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering},
    },
};

use ed25519_dalek::SigningKey;
use futures_util::future::BoxFuture;
use http::{Request, Response, StatusCode};
use http_body_util::BodyExt;
use parking_lot::Mutex;
use serde_json::{Value, json};
use time::OffsetDateTime;
use webx_apps::{Apps, Inspection, InstallId, Options, Parts, SystemApp};
use webx_backends::{
    Backend, Backends, Body, CallContext, CallError, CompileError, Launch, Line, Program, Progress,
    StartError, State, Status, body,
};
use webx_drive::{Drive, FileMeta, NodeId, OnConflict};
use webx_services::{EventLog, Notifications};
use webx_vault::{
    DataDir, KdfCost, NewVault, Passphrase, Secret32, Unlock, Vault, rusqlite::types::ValueRef,
};
use webx_wxa::{Draft, KeySigner, Manifest};

pub struct World {
    pub folder: tempfile::TempDir,
    data: DataDir,
    pub vault: Vault,
    pub drive: Drive,
    pub events: EventLog,
    pub notifications: Notifications,
    pub apps: Apps,
    pub backends: Arc<Fake>,
    pub clock: Arc<AtomicI64>,
    runtime: Arc<tokio::runtime::Runtime>,
    system: &'static [SystemApp],
}

const DAY: i64 = 24 * 3600;

impl World {
    pub fn new() -> World {
        World::with_system(&[])
    }

    pub fn with_system(system: &'static [SystemApp]) -> World {
        let folder = tempfile::tempdir().unwrap();
        let passphrase = Passphrase::new("correct horse battery").unwrap();
        let new = NewVault {
            passphrase: &passphrase,
            recovery_key: &Secret32::new([7; 32]),
            kdf: KdfCost::insecure_for_tests(),
        };
        let data = DataDir::open(folder.path()).unwrap();
        let vault = data.create(new).unwrap();
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .unwrap();
        let clock = Arc::new(AtomicI64::new(1_795_000_000));
        World::open(
            (folder, data),
            vault,
            Arc::new(runtime),
            clock,
            Arc::default(),
            system,
        )
    }

    fn open(
        (folder, data): (tempfile::TempDir, DataDir),
        vault: Vault,
        runtime: Arc<tokio::runtime::Runtime>,
        clock: Arc<AtomicI64>,
        backends: Arc<Fake>,
        system: &'static [SystemApp],
    ) -> World {
        let drive = Drive::open(
            vault.clone(),
            Secret32::new([9; 32]),
            OffsetDateTime::now_utc,
        )
        .unwrap();
        let events = EventLog::open(vault.db().clone()).unwrap();
        let notifications = Notifications::open(vault.db().clone()).unwrap();
        let hand = clock.clone();
        let parts = Parts {
            vault: vault.clone(),
            drive: drive.clone(),
            events: events.clone(),
            notifications: notifications.clone(),
            backends: backends.clone(),
            person: "did:key:zPerson".into(),
            runtime: runtime.handle().clone(),
            clock: Arc::new(move || {
                OffsetDateTime::from_unix_timestamp(hand.load(Ordering::Relaxed)).unwrap()
            }),
        };
        let options = Options {
            system,
            ..Options::default()
        };
        let apps = Apps::open_with(parts, options).unwrap();
        World {
            folder,
            data,
            vault,
            drive,
            events,
            notifications,
            apps,
            backends,
            clock,
            runtime,
            system,
        }
    }

    /// Locks the vault and opens it again, as another start of the program; `system` is what that program brings.
    pub fn reopen_with(self, system: &'static [SystemApp]) -> World {
        self.apps.close();
        self.drive.close();
        let id = self.vault.id();
        self.vault.lock();
        let World {
            folder,
            data,
            clock,
            backends,
            runtime,
            ..
        } = self;
        let passphrase = Passphrase::new("correct horse battery").unwrap();
        let vault = data
            .locked(id)
            .unwrap()
            .unlock(Unlock::Passphrase(&passphrase))
            .unwrap();
        World::open((folder, data), vault, runtime, clock, backends, system)
    }

    pub fn reopen(self) -> World {
        let system = self.system;
        self.reopen_with(system)
    }

    pub fn pass_days(&self, days: i64) {
        self.clock.fetch_add(days * DAY, Ordering::Relaxed);
    }

    pub fn pass_seconds(&self, seconds: i64) {
        self.clock.fetch_add(seconds, Ordering::Relaxed);
    }

    pub fn block_on<T>(&self, future: impl Future<Output = T>) -> T {
        self.runtime.block_on(future)
    }

    /// Inspects a package, grants all that it asks for, and waits until it is installed.
    pub fn install(&self, wxa: &[u8]) -> InstallId {
        let found = self.apps.inspect(wxa).unwrap();
        self.install_found(&found)
    }

    pub fn install_found(&self, found: &Inspection) -> InstallId {
        let begun = self.apps.install(found.upload, &keys(found)).unwrap();
        self.done(begun.saga);
        begun.install
    }

    pub fn done(&self, saga: webx_apps::SagaId) {
        let saga = self.apps.sagas().wait(saga).unwrap();
        assert_eq!(saga.state, webx_sagas::State::Done, "{:?}", saga.reason);
    }

    pub fn file(&self, parent: NodeId, name: &str) -> NodeId {
        self.drive
            .write_file(
                parent,
                name,
                FileMeta::default(),
                OnConflict::Fail,
                &b"text"[..],
            )
            .unwrap()
            .id
    }

    /// Every row of every table of the registry, as text.
    pub fn rows(&self, without: &[&str]) -> BTreeMap<String, Vec<String>> {
        let db = self.vault.db();
        db.read(|conn| {
            let mut names = conn.prepare(
                "SELECT name FROM sqlite_schema WHERE type = 'table' AND name LIKE 'app_%'",
            )?;
            let names: Vec<String> = names
                .query_map([], |row| row.get(0))?
                .collect::<Result<_, _>>()?;
            let mut all = BTreeMap::new();
            for name in names
                .into_iter()
                .chain(["kept_block".to_owned()])
                .filter(|name| !without.contains(&name.as_str()))
            {
                let mut statement = conn.prepare(&format!("SELECT * FROM {name}"))?;
                let columns = statement.column_count();
                let mut rows = statement.query([])?;
                let mut texts = Vec::new();
                while let Some(row) = rows.next()? {
                    let mut text = String::new();
                    for column in 0..columns {
                        text.push_str(&match row.get_ref(column)? {
                            ValueRef::Text(text) => String::from_utf8_lossy(text).into_owned(),
                            other => format!("{other:?}"),
                        });
                        text.push('|');
                    }
                    texts.push(text);
                }
                texts.sort();
                all.insert(name, texts);
            }
            Ok::<_, webx_vault::Error>(all)
        })
        .unwrap()
    }

    /// Collects garbage and counts what is left in the block store.
    pub fn blocks_left(&self) -> u64 {
        use webx_vault::BlockStore;
        self.drive.gc(|| true).unwrap();
        self.vault.blocks().stat().unwrap().blocks
    }
}

pub fn keys(found: &Inspection) -> Vec<String> {
    found.added.iter().map(|ask| ask.key.to_string()).collect()
}

/// A package to be made.
#[derive(Clone)]
pub struct Wxa {
    pub manifest: Value,
    pub files: Vec<(String, Vec<u8>)>,
    pub key: [u8; 32],
}

impl Wxa {
    pub fn new(id: &str, version: &str) -> Wxa {
        Wxa {
            manifest: json!({
                "format": 1, "api": "1", "id": id, "name": format!("The {id}"), "version": version,
                "category": "productivity", "description": "For tests.", "icon": "icon.svg",
                "entry": { "builtin": { "module": "app.js" } }, "backend": null,
                "permissions": { "required": [
                    { "kind": "storage", "access": "own", "reason": "Keeps things." },
                ], "optional": [] },
            }),
            files: vec![
                (
                    "app.js".into(),
                    format!("export default () => '{id} {version}';").into_bytes(),
                ),
                (
                    "icon.svg".into(),
                    b"<svg xmlns='http://www.w3.org/2000/svg'/>".to_vec(),
                ),
            ],
            key: [1; 32],
        }
    }

    pub fn by(mut self, key: u8) -> Wxa {
        self.key = [key; 32];
        self
    }

    pub fn set(mut self, at: &str, value: Value) -> Wxa {
        self.manifest[at] = value;
        self
    }

    #[allow(clippy::needless_pass_by_value)]
    pub fn asks(self, required: Value, optional: Value) -> Wxa {
        self.set(
            "permissions",
            json!({ "required": required, "optional": optional }),
        )
    }

    pub fn with(mut self, path: &str, bytes: impl Into<Vec<u8>>) -> Wxa {
        self.files.push((path.into(), bytes.into()));
        self
    }

    pub fn with_backend(self) -> Wxa {
        self.with("backend.wasm", b"\0asm a component of a test".to_vec())
            .set(
                "backend",
                json!({ "wasm": { "component": "backend.wasm", "mount": "/_api/" } }),
            )
    }

    pub fn pack(&self) -> Vec<u8> {
        let manifest = Manifest::from_value(&self.manifest).unwrap();
        let signer = KeySigner::new(SigningKey::from_bytes(&self.key));
        Draft::new(manifest, self.files.clone())
            .unwrap()
            .sign(&signer, now())
            .unwrap()
    }
}

pub fn now() -> OffsetDateTime {
    OffsetDateTime::from_unix_timestamp(1_795_000_000).unwrap()
}

type Answer = dyn Fn(&Launch, &CallContext, Request<Vec<u8>>) -> Response<Vec<u8>> + Send + Sync;

/// Backends that run in the test.
pub struct Fake {
    pub compiled: AtomicU64,
    pub started: Arc<AtomicU64>,
    pub stopped: Arc<AtomicU64>,
    pub refuses: AtomicBool,
    pub engine: Mutex<String>,
    pub answer: Mutex<Arc<Answer>>,
}

impl Default for Fake {
    fn default() -> Self {
        Fake {
            compiled: AtomicU64::new(0),
            started: Arc::default(),
            stopped: Arc::default(),
            refuses: AtomicBool::new(false),
            engine: Mutex::new("engine 1".into()),
            answer: Mutex::new(Arc::new(|_, context, request| {
                let text = format!(
                    "{} {} {}",
                    request.method(),
                    request.uri(),
                    context.caller_did
                );
                Response::new(text.into_bytes())
            })),
        }
    }
}

impl Fake {
    pub fn answers(
        &self,
        answer: impl Fn(&Launch, &CallContext, Request<Vec<u8>>) -> Response<Vec<u8>>
        + Send
        + Sync
        + 'static,
    ) {
        *self.answer.lock() = Arc::new(answer);
    }
}

impl Backends for Fake {
    fn engine(&self) -> String {
        self.engine.lock().clone()
    }

    fn compile(
        &self,
        component: &[u8],
        progress: &mut dyn FnMut(Progress) -> bool,
    ) -> Result<Vec<u8>, CompileError> {
        if self.refuses.load(Ordering::Relaxed) {
            return Err(CompileError::Unfit("it asks for sockets".into()));
        }
        if !progress(Progress { done: 1, total: 2 }) {
            return Err(CompileError::Cancelled);
        }
        self.compiled.fetch_add(1, Ordering::Relaxed);
        Ok([b"code of ".as_slice(), component].concat())
    }

    fn start(&self, launch: Launch) -> Result<Arc<dyn Backend>, StartError> {
        if let Program::Component { code, .. } = &launch.program {
            let code = code().map_err(StartError::Unreadable)?;
            assert!(code.starts_with(b"code of "));
        }
        self.started.fetch_add(1, Ordering::Relaxed);
        Ok(Arc::new(Running {
            launch: Arc::new(launch),
            answer: self.answer.lock().clone(),
            stopped: self.stopped.clone(),
            ended: AtomicBool::new(false),
        }))
    }
}

struct Running {
    launch: Arc<Launch>,
    answer: Arc<Answer>,
    stopped: Arc<AtomicU64>,
    ended: AtomicBool,
}

impl Backend for Running {
    fn call(
        &self,
        context: CallContext,
        request: Request<Body>,
    ) -> BoxFuture<'static, Result<Response<Body>, CallError>> {
        let (launch, answer) = (self.launch.clone(), self.answer.clone());
        let ended = self.ended.load(Ordering::Relaxed);
        Box::pin(async move {
            if ended {
                return Err(CallError::Stopped);
            }
            let (head, sent) = request.into_parts();
            let sent = sent
                .collect()
                .await
                .map_err(|error| CallError::BadBody(error.to_string()))?;
            let request = Request::from_parts(head, sent.to_bytes().to_vec());
            // Storage blocks.
            let answer =
                tokio::task::spawn_blocking(move || answer(&launch, &context, request)).await;
            Ok(answer
                .map_err(|error| CallError::Failed(error.to_string()))?
                .map(body))
        })
    }

    fn stop(&self) -> BoxFuture<'static, ()> {
        self.ended.store(true, Ordering::Relaxed);
        self.stopped.fetch_add(1, Ordering::Relaxed);
        Box::pin(async {})
    }

    fn restart(&self) -> BoxFuture<'static, ()> {
        self.ended.store(false, Ordering::Relaxed);
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

pub fn answer(status: StatusCode, value: &Value) -> Response<Vec<u8>> {
    let mut response = Response::new(value.to_string().into_bytes());
    *response.status_mut() = status;
    response
}
