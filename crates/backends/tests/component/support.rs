//! What the tests share: guests built from source, a storage in memory, a network with a list.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use aws_lc_rs::digest;
use bytes::Bytes;
use http_body_util::BodyExt;
use parking_lot::Mutex;
use time::OffsetDateTime;
use webx_backends::{
    Authority, Backend, Backends, CallContext, CallError, DataChange, DataFile, Denied, Document,
    InstallId, Launch, Limits, Network, Page, Program, Reuse, Storage, StorageError, WasmBackends,
    WasmOptions, body,
};

/// The node's key in the tests.
pub(crate) const KEY: [u8; 32] = [42; 32];

/// The program that compiles.
pub(crate) fn options() -> WasmOptions {
    let program = PathBuf::from(env!("CARGO_BIN_EXE_backends-host"));
    WasmOptions::new((program, vec!["__compile".into()]), KEY)
}

pub(crate) fn backends() -> WasmBackends {
    WasmBackends::new(options()).unwrap()
}

/// A guest's component, built from source; once for all tests.
pub(crate) fn component(name: &str) -> Vec<u8> {
    let out =
        Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}.{}.wasm", std::process::id()));
    let _alone = lock("guests");
    let built = Command::new("python3")
        .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/guests/build.py"))
        .args([name, &out.display().to_string()])
        .output()
        .unwrap();
    assert!(
        built.status.success(),
        "{}",
        String::from_utf8_lossy(&built.stderr)
    );
    let bytes = std::fs::read(&out).unwrap();
    std::fs::remove_file(out).unwrap();
    match name {
        "probe" => wit_component::ComponentEncoder::default()
            .module(&bytes)
            .unwrap()
            .validate(true)
            .encode()
            .unwrap(),
        _ => bytes,
    }
}

pub(crate) fn sha256(bytes: &[u8]) -> [u8; 32] {
    digest::digest(&digest::SHA256, bytes)
        .as_ref()
        .try_into()
        .unwrap()
}

/// Held while one process makes what the others will find.
fn lock(name: &str) -> std::fs::File {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}.lock"));
    let file = std::fs::File::create(path).unwrap();
    file.lock().unwrap();
    file
}

/// A guest and its code, compiled once for all tests.
pub(crate) fn compiled(backends: &WasmBackends, name: &str) -> (Vec<u8>, Vec<u8>) {
    let component = component(name);
    let _alone = lock(name);
    let engine = backends.engine().replace(' ', "-");
    let digest = sha256(&component)
        .iter()
        .take(8)
        .map(|byte| format!("{byte:02x}"))
        .collect::<String>();
    let place =
        Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}-{digest}-{engine}.code"));
    if let Ok(code) = std::fs::read(&place) {
        return (component, code);
    }
    let code = backends.compile(&component, &mut |_| true).unwrap();
    let half = place.with_extension("half");
    std::fs::write(&half, &code).unwrap();
    std::fs::rename(half, place).unwrap();
    (component, code)
}

/// A backend and what it is connected to.
pub(crate) struct Rig {
    pub(crate) backend: Arc<dyn Backend>,
    pub(crate) storage: Arc<Memory>,
    pub(crate) network: Arc<Hosts>,
    pub(crate) backends: WasmBackends,
    program: Program,
}

impl Rig {
    pub(crate) fn new(guest: &str, limits: Limits) -> Self {
        Self::with(&backends(), guest, limits)
    }

    pub(crate) fn with(backends: &WasmBackends, guest: &str, limits: Limits) -> Self {
        let (component, code) = compiled(backends, guest);
        let (storage, network) = (Arc::new(Memory::default()), Arc::new(Hosts::default()));
        let program = Program::Component {
            code: Arc::new(move || Ok(code.clone())),
            component: sha256(&component),
            reuse: Reuse::suits(&component),
        };
        let launch = Launch {
            install: InstallId::nil(),
            program: program.clone(),
            limits,
            network: Arc::clone(&network) as Arc<dyn Network>,
            storage: Arc::clone(&storage) as Arc<dyn Storage>,
        };
        let backend = backends.start(launch).unwrap();
        Self {
            backend,
            storage,
            network,
            backends: backends.clone(),
            program,
        }
    }

    /// Another backend over the same storage, as after a restart of the node.
    pub(crate) fn again(&self) -> Arc<dyn Backend> {
        let launch = Launch {
            install: InstallId::nil(),
            program: self.program.clone(),
            limits: Limits::default(),
            network: Arc::clone(&self.network) as Arc<dyn Network>,
            storage: Arc::clone(&self.storage) as Arc<dyn Storage>,
        };
        self.backends.start(launch).unwrap()
    }

    pub(crate) async fn get(&self, path: &str) -> Result<(u16, String), CallError> {
        get(&self.backend, path).await
    }

    /// The text of a good answer.
    pub(crate) async fn text(&self, path: &str) -> String {
        let (status, text) = self.get(path).await.unwrap();
        assert_eq!(status, 200, "{path}: {text}");
        text
    }

    /// What its log says.
    pub(crate) fn log(&self) -> String {
        self.backend
            .log()
            .into_iter()
            .map(|line| line.text + "\n")
            .collect()
    }

    /// The backend still does its work.
    pub(crate) async fn is_well(&self) {
        assert_eq!(self.text("/hello").await, "hello");
    }
}

pub(crate) fn context() -> CallContext {
    CallContext {
        install: InstallId::nil(),
        caller_did: "did:key:z6MkTest".into(),
        request_id: "request-1".into(),
    }
}

pub(crate) fn request(
    method: &str,
    path: &str,
    bytes: impl Into<Bytes>,
) -> http::Request<webx_backends::Body> {
    http::Request::builder()
        .method(method)
        .uri(path)
        .header("host", "webx.localhost")
        .body(body(bytes))
        .unwrap()
}

pub(crate) async fn get(
    backend: &Arc<dyn Backend>,
    path: &str,
) -> Result<(u16, String), CallError> {
    send(backend, request("GET", path, "")).await
}

pub(crate) async fn send(
    backend: &Arc<dyn Backend>,
    request: http::Request<webx_backends::Body>,
) -> Result<(u16, String), CallError> {
    let answer = backend.call(context(), request).await?;
    let status = answer.status().as_u16();
    let bytes = answer
        .into_body()
        .collect()
        .await
        .map_err(|error| CallError::Failed(error.to_string()))?
        .to_bytes();
    Ok((status, String::from_utf8_lossy(&bytes).into_owned()))
}

/// Hosts that are granted, and what was asked for.
#[derive(Default)]
pub(crate) struct Hosts {
    pub(crate) granted: Mutex<Vec<String>>,
    pub(crate) asked: Mutex<Vec<String>>,
}

impl Network for Hosts {
    fn allow(&self, _: InstallId, to: &Authority) -> Result<(), Denied> {
        self.asked.lock().push(to.to_string());
        match self.granted.lock().iter().any(|host| host == to.host()) {
            true => Ok(()),
            false => Err(Denied::new("not granted")),
        }
    }
}

/// A storage in memory.
#[derive(Default)]
pub(crate) struct Memory {
    pub(crate) values: Mutex<HashMap<String, Bytes>>,
    pub(crate) files: Mutex<BTreeMap<String, Option<Bytes>>>,
    pub(crate) saves: Mutex<Vec<Vec<String>>>,
    pub(crate) broken: AtomicBool,
}

impl Memory {
    fn list(&self, prefix: &str) -> Vec<String> {
        let mut keys: Vec<String> = self
            .values
            .lock()
            .keys()
            .filter_map(|key| key.strip_prefix(prefix).map(str::to_owned))
            .collect();
        keys.sort();
        keys
    }
}

impl Storage for Memory {
    fn kv_get(&self, _: InstallId, key: &str) -> Result<Option<Bytes>, StorageError> {
        Ok(self.values.lock().get(&format!("kv/{key}")).cloned())
    }
    fn kv_put(&self, _: InstallId, key: &str, value: Bytes) -> Result<(), StorageError> {
        if key.len() > 100 {
            return Err(StorageError::BadName("a key has at most 100 bytes".into()));
        }
        self.values.lock().insert(format!("kv/{key}"), value);
        Ok(())
    }
    fn kv_delete(&self, _: InstallId, key: &str) -> Result<(), StorageError> {
        self.values.lock().remove(&format!("kv/{key}"));
        Ok(())
    }
    fn kv_keys(
        &self,
        _: InstallId,
        prefix: &str,
        _: Option<&str>,
        limit: usize,
    ) -> Result<Page<String>, StorageError> {
        let items = self
            .list("kv/")
            .into_iter()
            .filter(|key| key.starts_with(prefix))
            .take(limit)
            .collect();
        Ok(Page { items, next: None })
    }
    fn doc_get(
        &self,
        _: InstallId,
        collection: &str,
        id: &str,
    ) -> Result<Option<Document>, StorageError> {
        let value = self
            .values
            .lock()
            .get(&format!("docs/{collection}/{id}"))
            .cloned();
        Ok(value.map(|value| Document {
            id: id.into(),
            version: 1,
            updated_at: OffsetDateTime::UNIX_EPOCH,
            value,
        }))
    }
    fn doc_put(
        &self,
        _: InstallId,
        collection: &str,
        id: &str,
        value: Bytes,
    ) -> Result<Document, StorageError> {
        self.values
            .lock()
            .insert(format!("docs/{collection}/{id}"), value.clone());
        Ok(Document {
            id: id.into(),
            version: 1,
            updated_at: OffsetDateTime::UNIX_EPOCH,
            value,
        })
    }
    fn doc_delete(&self, _: InstallId, collection: &str, id: &str) -> Result<(), StorageError> {
        self.values
            .lock()
            .remove(&format!("docs/{collection}/{id}"));
        Ok(())
    }
    fn docs(
        &self,
        install: InstallId,
        collection: &str,
        _: Option<&str>,
        _: usize,
        _: Option<(&str, &str)>,
    ) -> Result<Page<Document>, StorageError> {
        let ids = self.list(&format!("docs/{collection}/"));
        let items = ids
            .iter()
            .filter_map(|id| self.doc_get(install, collection, id).ok().flatten())
            .collect();
        Ok(Page { items, next: None })
    }
    fn blob_get(&self, _: InstallId, name: &str) -> Result<Option<Bytes>, StorageError> {
        Ok(self.values.lock().get(&format!("blobs/{name}")).cloned())
    }
    fn blob_put(
        &self,
        _: InstallId,
        name: &str,
        _: Option<&str>,
        bytes: Bytes,
    ) -> Result<(), StorageError> {
        self.values.lock().insert(format!("blobs/{name}"), bytes);
        Ok(())
    }
    fn blob_delete(&self, _: InstallId, name: &str) -> Result<(), StorageError> {
        self.values.lock().remove(&format!("blobs/{name}"));
        Ok(())
    }
    fn blobs(&self, _: InstallId, _: Option<&str>, _: usize) -> Result<Page<String>, StorageError> {
        Ok(Page {
            items: self.list("blobs/"),
            next: None,
        })
    }
    fn data_load(&self, _: InstallId) -> Result<Vec<DataFile>, StorageError> {
        let file = |(path, bytes): (&String, &Option<Bytes>)| DataFile {
            path: path.clone(),
            bytes: bytes.clone(),
            modified: OffsetDateTime::UNIX_EPOCH,
        };
        Ok(self.files.lock().iter().map(file).collect())
    }
    fn data_save(&self, _: InstallId, changes: &[DataChange]) -> Result<(), StorageError> {
        if self.broken.load(Ordering::SeqCst) {
            return Err(StorageError::Full("no room".into()));
        }
        let mut said = Vec::new();
        for change in changes {
            match change {
                DataChange::Put(file) => {
                    said.push(file.path.clone());
                    self.files
                        .lock()
                        .insert(file.path.clone(), file.bytes.clone());
                }
                DataChange::Remove(path) => {
                    said.push(format!("-{path}"));
                    self.files.lock().remove(path);
                }
            }
        }
        self.saves.lock().push(said);
        Ok(())
    }
}
