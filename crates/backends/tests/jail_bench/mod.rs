//! A node in small: a package, a storage in memory, grants in a list.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use http_body_util::BodyExt;
use parking_lot::Mutex;
use webx_backends::{
    Authority, Backend, CallContext, CallError, DataChange, DataFile, Denied, Document, InstallId,
    JailHost, Launch, Limits, Network, PackageFiles, Page, Program, Reentry, State, Storage,
    StorageError, Wheel, body,
};

/// A backend and all that it may reach.
pub(crate) struct Bench {
    pub(crate) backend: Arc<dyn Backend>,
    pub(crate) storage: Arc<Memory>,
    pub(crate) network: Arc<Mutex<Vec<String>>>,
    pub(crate) walls: &'static str,
    launch: Launch,
    host: JailHost,
}

type Files = Vec<(String, Vec<u8>)>;

impl Bench {
    /// With the walls that this machine has.
    pub(crate) fn new(app: &str) -> Self {
        Self::with(app, Limits::default())
    }

    pub(crate) fn with(app: &str, limits: Limits) -> Self {
        Self::from(app, limits, Vec::new())
    }

    /// As a person's node has it: names that lead to this machine are refused.
    pub(crate) fn public(app: &str) -> Self {
        Self::of(JailHost::new(reentry()), app, Limits::default(), Vec::new())
    }

    pub(crate) fn from(app: &str, limits: Limits, wheels: Files) -> Self {
        Self::of(
            JailHost::new(reentry()).reaching_anywhere(),
            app,
            limits,
            wheels,
        )
    }

    /// Once with every wall of this machine, once as on a machine without bubblewrap.
    pub(crate) fn both(app: &str) -> [Self; 2] {
        Self::both_with(app, Limits::default())
    }

    pub(crate) fn both_with(app: &str, limits: Limits) -> [Self; 2] {
        Self::both_from(app, limits, Vec::new())
    }

    pub(crate) fn both_from(app: &str, limits: Limits, wheels: Files) -> [Self; 2] {
        let host = JailHost::new(reentry()).reaching_anywhere();
        let wrapped = Self::of(host.clone(), app, limits.clone(), wheels.clone());
        assert!(
            wrapped.walls.contains("bubblewrap"),
            "the tests need the system's package bubblewrap"
        );
        [
            wrapped,
            Self::of(host.without_bubblewrap(), app, limits, wheels),
        ]
    }

    fn of(host: JailHost, app: &str, limits: Limits, wheels: Files) -> Self {
        let pinned = wheels.iter().map(|(name, bytes)| Wheel {
            path: format!("wheels/{name}"),
            sha256: sha256(bytes),
        });
        let pinned = pinned.collect();
        let mut files: BTreeMap<String, Vec<u8>> = wheels
            .into_iter()
            .map(|(name, bytes)| (format!("wheels/{name}"), bytes))
            .collect();
        files.insert("backend/guest/main.py".into(), app.as_bytes().to_vec());
        let storage = Arc::new(Memory::default());
        let network = Arc::new(Mutex::new(Vec::new()));
        let launch = Launch {
            install: InstallId::nil(),
            program: Program::Jail {
                app: "guest.main:app".into(),
                source: "backend/".into(),
                wheels: pinned,
                files: Arc::new(Package(files)),
            },
            limits,
            network: Arc::new(Granted(Arc::clone(&network))),
            storage: Arc::clone(&storage) as Arc<dyn Storage>,
        };
        let backend = host.start(launch.clone()).unwrap();
        Self {
            backend,
            storage,
            network,
            walls: host.walls(),
            launch,
            host,
        }
    }

    /// Gives every wheel another hash.
    pub(crate) fn forge_hash(&mut self) {
        if let Program::Jail { wheels, .. } = &mut self.launch.program {
            wheels.iter_mut().for_each(|wheel| wheel.sha256[0] ^= 1);
        }
        self.backend = self.host.start(self.launch.clone()).unwrap();
    }

    pub(crate) async fn ask(
        &self,
        method: &str,
        path: &str,
        text: &str,
    ) -> Result<(StatusCode, HeaderMap, String), CallError> {
        let context = CallContext {
            install: InstallId::nil(),
            caller_did: "did:key:z6Mk".into(),
            request_id: "request-1".into(),
        };
        let request = http::Request::builder()
            .method(method)
            .uri(path)
            .header("host", "app.webx.localhost:7700")
            .header("authorization", "DPoP secret")
            .header("x-webx-caller", "did:key:mallory")
            .body(body(text.to_owned()))
            .unwrap();
        let answer = self.backend.call(context, request).await?;
        let (head, body) = answer.into_parts();
        let bytes = body
            .collect()
            .await
            .map_err(|error| CallError::Failed(error.to_string()))?
            .to_bytes();
        Ok((
            head.status,
            head.headers,
            String::from_utf8_lossy(&bytes).into_owned(),
        ))
    }

    pub(crate) fn log(&self) -> String {
        self.backend
            .log()
            .iter()
            .map(|line| line.text.clone() + "\n")
            .collect()
    }

    /// Waits until the backend is in this state.
    pub(crate) async fn until(&self, state: State) {
        self.wait(|| (self.backend.status().state == state).then_some(()))
            .await;
    }

    /// Waits until something went wrong, and says what.
    pub(crate) async fn problem(&self) -> String {
        self.wait(|| self.backend.status().problem).await
    }

    pub(crate) async fn wait<T>(&self, mut found: impl FnMut() -> Option<T>) -> T {
        let waiting = async {
            loop {
                match found() {
                    Some(found) => break found,
                    None => tokio::time::sleep(Duration::from_millis(20)).await,
                }
            }
        };
        tokio::time::timeout(Duration::from_secs(20), waiting)
            .await
            .unwrap_or_else(|_| panic!("{}", self.log()))
    }
}

fn reentry() -> Reentry {
    Reentry {
        program: env!("CARGO_BIN_EXE_webx-backends-reentry").into(),
        arguments: vec!["__jail".into()],
    }
}

/// Folders in memory that this process made. Only said where each test has a process of its own.
pub(crate) fn folders() -> Vec<PathBuf> {
    if std::env::var_os("NEXTEST").is_none() {
        return Vec::new();
    }
    let own = format!("webx-{}-", std::process::id());
    let list = std::fs::read_dir("/dev/shm")
        .unwrap()
        .map(|entry| entry.unwrap().path());
    list.filter(|path| {
        path.file_name()
            .unwrap()
            .to_string_lossy()
            .starts_with(&own)
    })
    .collect()
}

/// Answers every request with `text`; gives its port.
pub(crate) async fn http_server(text: &'static str) -> u16 {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let _ = stream.read(&mut [0; 4096]).await;
            let answer = format!(
                "HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{text}",
                text.len()
            );
            let _ = stream.write_all(answer.as_bytes()).await;
        }
    });
    port
}

/// Tells the first byte that comes.
pub(crate) async fn first_byte_server() -> (u16, tokio::sync::oneshot::Receiver<u8>) {
    use tokio::io::AsyncReadExt;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let (tell, told) = tokio::sync::oneshot::channel();
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let _ = tell.send(stream.read_u8().await.unwrap());
    });
    (port, told)
}

struct Package(BTreeMap<String, Vec<u8>>);

impl PackageFiles for Package {
    fn list(&self) -> Result<Vec<(String, u64)>, String> {
        Ok(self
            .0
            .iter()
            .map(|(path, bytes)| (path.clone(), bytes.len() as u64))
            .collect())
    }

    fn read(&self, path: &str) -> Result<Vec<u8>, String> {
        self.0
            .get(path)
            .cloned()
            .ok_or_else(|| format!("{path} is not in the package"))
    }
}

struct Granted(Arc<Mutex<Vec<String>>>);

impl Network for Granted {
    fn allow(&self, _: InstallId, to: &Authority) -> Result<(), Denied> {
        match self.0.lock().iter().any(|host| host == to.host()) {
            true => Ok(()),
            false => Err(Denied::new(format!("{to} was not granted"))),
        }
    }
}

/// Keeps values and files in memory.
#[derive(Default)]
pub(crate) struct Memory {
    pub(crate) data: Mutex<BTreeMap<String, DataFile>>,
    pub(crate) kv: Mutex<BTreeMap<String, Bytes>>,
}

fn none<T>() -> Result<T, StorageError> {
    Err(StorageError::Failed("not here".into()))
}

impl Storage for Memory {
    fn kv_get(&self, _: InstallId, key: &str) -> Result<Option<Bytes>, StorageError> {
        Ok(self.kv.lock().get(key).cloned())
    }
    fn kv_put(&self, _: InstallId, key: &str, value: Bytes) -> Result<(), StorageError> {
        self.kv.lock().insert(key.into(), value);
        Ok(())
    }
    fn kv_delete(&self, _: InstallId, key: &str) -> Result<(), StorageError> {
        self.kv.lock().remove(key);
        Ok(())
    }
    fn kv_keys(
        &self,
        _: InstallId,
        _: &str,
        _: Option<&str>,
        _: usize,
    ) -> Result<Page<String>, StorageError> {
        Ok(Page {
            items: self.kv.lock().keys().cloned().collect(),
            next: None,
        })
    }
    fn doc_get(&self, _: InstallId, _: &str, _: &str) -> Result<Option<Document>, StorageError> {
        none()
    }
    fn doc_put(&self, _: InstallId, _: &str, _: &str, _: Bytes) -> Result<Document, StorageError> {
        none()
    }
    fn doc_delete(&self, _: InstallId, _: &str, _: &str) -> Result<(), StorageError> {
        none()
    }
    fn docs(
        &self,
        _: InstallId,
        _: &str,
        _: Option<&str>,
        _: usize,
        _: Option<(&str, &str)>,
    ) -> Result<Page<Document>, StorageError> {
        none()
    }
    fn blob_get(&self, _: InstallId, _: &str) -> Result<Option<Bytes>, StorageError> {
        none()
    }
    fn blob_put(
        &self,
        _: InstallId,
        _: &str,
        _: Option<&str>,
        _: Bytes,
    ) -> Result<(), StorageError> {
        none()
    }
    fn blob_delete(&self, _: InstallId, _: &str) -> Result<(), StorageError> {
        none()
    }
    fn blobs(&self, _: InstallId, _: Option<&str>, _: usize) -> Result<Page<String>, StorageError> {
        none()
    }
    fn data_load(&self, _: InstallId) -> Result<Vec<DataFile>, StorageError> {
        Ok(self.data.lock().values().cloned().collect())
    }
    fn data_save(&self, _: InstallId, changes: &[DataChange]) -> Result<(), StorageError> {
        let mut data = self.data.lock();
        for change in changes {
            match change {
                DataChange::Put(file) => data.insert(file.path.clone(), file.clone()),
                DataChange::Remove(path) => data.remove(path),
            };
        }
        Ok(())
    }
}

fn sha256(bytes: &[u8]) -> [u8; 32] {
    aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, bytes)
        .as_ref()
        .try_into()
        .unwrap()
}

/// A wheel of these files, made as a build tool makes it.
pub(crate) fn wheel(name: &str, files: &[(&str, &str)]) -> Vec<u8> {
    use base64::Engine;
    let info = format!("{name}-1.0.dist-info");
    let mut all: Vec<(String, String)> = files
        .iter()
        .map(|(path, text)| ((*path).into(), (*text).into()))
        .collect();
    all.push((
        format!("{info}/METADATA"),
        format!("Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n"),
    ));
    let record = |(path, text): &(String, String)| {
        let hash = base64::prelude::BASE64_URL_SAFE_NO_PAD.encode(sha256(text.as_bytes()));
        format!("{path},sha256={hash},{}\n", text.len())
    };
    let lines: String = all.iter().map(record).collect();
    all.push((
        format!("{info}/RECORD"),
        format!("{lines}{info}/RECORD,,\n"),
    ));
    let mut out = Vec::new();
    let mut archive = rawzip::ZipArchiveWriter::new(&mut out);
    for (path, text) in &all {
        let (mut entry, config) = archive.new_file(path).start().unwrap();
        let mut writer = config.wrap(&mut entry);
        std::io::Write::write_all(&mut writer, text.as_bytes()).unwrap();
        let (_, descriptor) = writer.finish().unwrap();
        entry.finish(descriptor).unwrap();
    }
    archive.finish().unwrap();
    out
}

/// The wheels of a requirement for the first Python that a jail would take, from the package index; kept for the next time.
pub(crate) fn download(requirement: &str) -> Option<Files> {
    let python = webx_backends::Python::all().into_iter().next()?;
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR"))
        .join(format!("{requirement}-{}", python.version));
    if !folder.join("done").exists() {
        let venv = folder.with_extension("venv");
        let ran = |program: PathBuf, arguments: &[&str]| {
            std::process::Command::new(program)
                .args(arguments)
                .status()
                .is_ok_and(|status| status.success())
        };
        let (inside, target) = (venv.to_str()?, folder.to_str()?);
        let fetched = ran(python.program, &["-m", "venv", inside])
            && ran(
                venv.join("bin/pip"),
                &[
                    "download",
                    "--quiet",
                    "--only-binary=:all:",
                    "--no-deps",
                    "--dest",
                    target,
                    requirement,
                ],
            );
        if !fetched {
            return None;
        }
        std::fs::write(folder.join("done"), "").ok()?;
    }
    let list = std::fs::read_dir(&folder)
        .ok()?
        .map(|entry| entry.unwrap().path());
    let wheels = list.filter(|path| path.extension().is_some_and(|extension| extension == "whl"));
    Some(
        wheels
            .map(|path| {
                (
                    path.file_name().unwrap().to_string_lossy().into_owned(),
                    std::fs::read(&path).unwrap(),
                )
            })
            .collect(),
    )
}
