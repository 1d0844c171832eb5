//! Measures cold starts of a WSGI application in the jail: `jail WHEELS SOURCE APP PATH [ROUNDS]` prints JSON.
//!
//! `firstMs` is the first start, wheels unpacked and Python compiled; `coldMs` is the median of the later ones, for which
//! both are still there; `warmMs` is a request to a running one.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    missing_docs
)]

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use http_body_util::BodyExt;
use webx_backends::{
    Authority, Backend, CallContext, DataChange, DataFile, Denied, Document, InstallId, JailHost,
    Launch, Limits, Network, PackageFiles, Page, Program, Reentry, Storage, StorageError, Wheel,
    body, jail_main,
};

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().collect();
    match arguments
        .iter()
        .map(String::as_str)
        .collect::<Vec<_>>()
        .as_slice()
    {
        [_, "__jail", ..] => jail_main(),
        [_, wheels, source, app, path, rest @ ..] => {
            let rounds = rest
                .first()
                .and_then(|rounds| rounds.parse().ok())
                .unwrap_or(15);
            let runtime = tokio::runtime::Runtime::new().unwrap();
            println!(
                "{}",
                runtime.block_on(measure(wheels, source, app, path, rounds))
            );
            ExitCode::SUCCESS
        }
        _ => ExitCode::from(2),
    }
}

async fn measure(
    wheels: &str,
    source: &str,
    app: &str,
    path: &str,
    rounds: usize,
) -> serde_json::Value {
    let reentry = Reentry {
        program: std::env::current_exe().unwrap(),
        arguments: vec!["__jail".into()],
    };
    let folder = Folder {
        wheels: wheels.into(),
        source: source.into(),
    };
    let pinned = folder
        .list()
        .unwrap()
        .into_iter()
        .filter(|(path, _)| path.starts_with("wheels/"));
    let pinned = pinned
        .map(|(path, _)| Wheel {
            sha256: sha256(&folder.read(&path).unwrap()),
            path,
        })
        .collect();
    let launch = Launch {
        install: InstallId::nil(),
        program: Program::Jail {
            app: app.into(),
            source: "backend/".into(),
            wheels: pinned,
            files: Arc::new(folder),
        },
        limits: Limits::default(),
        network: Arc::new(Nothing),
        storage: Arc::new(Nothing),
    };
    let host = JailHost::new(reentry);
    let backend = host.start(launch).unwrap();
    let first = ask(&*backend, path).await;
    let mut cold = Vec::new();
    for _ in 0..rounds {
        backend.restart().await;
        cold.push(ask(&*backend, path).await);
    }
    let mut warm = Vec::new();
    for _ in 0..100 {
        warm.push(ask(&*backend, path).await);
    }
    backend.stop().await;
    serde_json::json!({ "firstMs": first, "coldMs": median(cold), "warmMs": median(warm), "walls": host.walls() })
}

/// Milliseconds until the answer is there.
async fn ask(backend: &dyn Backend, path: &str) -> f64 {
    let started = Instant::now();
    let context = CallContext {
        install: InstallId::nil(),
        caller_did: "did:key:z6Mk".into(),
        request_id: "1".into(),
    };
    let answer = backend
        .call(context, http::Request::get(path).body(body("")).unwrap())
        .await;
    let answer = answer.unwrap_or_else(|error| panic!("{error}: {:?}", backend.log()));
    assert!(answer.status().is_success(), "{}", answer.status());
    answer.into_body().collect().await.unwrap();
    started.elapsed().as_secs_f64() * 1000.0
}

fn median(mut list: Vec<f64>) -> f64 {
    list.sort_by(f64::total_cmp);
    list.get(list.len() / 2).copied().unwrap_or_default()
}

fn sha256(bytes: &[u8]) -> [u8; 32] {
    aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, bytes)
        .as_ref()
        .try_into()
        .unwrap()
}

struct Folder {
    wheels: PathBuf,
    source: PathBuf,
}

impl Folder {
    fn place(&self, path: &str) -> PathBuf {
        match path.split_once('/').unwrap() {
            ("wheels", rest) => self.wheels.join(rest),
            (_, rest) => self.source.join(rest),
        }
    }
}

impl PackageFiles for Folder {
    fn list(&self) -> Result<Vec<(String, u64)>, String> {
        let mut all = Vec::new();
        walk(&self.wheels, "wheels/", &mut all).map_err(|error| error.to_string())?;
        walk(&self.source, "backend/", &mut all).map_err(|error| error.to_string())?;
        Ok(all)
    }

    fn read(&self, path: &str) -> Result<Vec<u8>, String> {
        std::fs::read(self.place(path)).map_err(|error| error.to_string())
    }
}

fn walk(folder: &Path, prefix: &str, all: &mut Vec<(String, u64)>) -> std::io::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let (name, meta) = (
            entry.file_name().to_string_lossy().into_owned(),
            entry.metadata()?,
        );
        match meta.is_dir() {
            true => walk(&entry.path(), &format!("{prefix}{name}/"), all)?,
            false => all.push((format!("{prefix}{name}"), meta.len())),
        }
    }
    Ok(())
}

/// No network and nothing kept.
struct Nothing;

impl Network for Nothing {
    fn allow(&self, _: InstallId, to: &Authority) -> Result<(), Denied> {
        Err(Denied::new(format!("{to} was not granted")))
    }
}

fn none<T>() -> Result<T, StorageError> {
    Err(StorageError::Failed("nothing is kept here".into()))
}

impl Storage for Nothing {
    fn kv_get(&self, _: InstallId, _: &str) -> Result<Option<Bytes>, StorageError> {
        none()
    }
    fn kv_put(&self, _: InstallId, _: &str, _: Bytes) -> Result<(), StorageError> {
        none()
    }
    fn kv_delete(&self, _: InstallId, _: &str) -> Result<(), StorageError> {
        none()
    }
    fn kv_keys(
        &self,
        _: InstallId,
        _: &str,
        _: Option<&str>,
        _: usize,
    ) -> Result<Page<String>, StorageError> {
        none()
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
        Ok(Vec::new())
    }
    fn data_save(&self, _: InstallId, _: &[DataChange]) -> Result<(), StorageError> {
        Ok(())
    }
}
