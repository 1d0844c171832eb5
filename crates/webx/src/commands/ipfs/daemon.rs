//! `webx ipfs daemon`: a repository's RPC and gateway, with the words that tools which drive Kubo wait for.

use std::fs;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use serde_json::Value;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use webx_desktop::Limits;
use webx_ipfs::rpc::{self, Authorization, Host, Rpc, config_value};
use webx_ipfs::{PublicStore, gateway};

use super::repo::{Repo, make, say};
use crate::args::IpfsDaemonArgs;
use crate::failure::Failure;
use crate::folder::write_atomic;

/// Connections of a door at once.
const CONNECTIONS: usize = 64;
/// How long work that cannot be interrupted is waited for at the end.
const LAST_WAIT: Duration = Duration::from_secs(10);

/// What the RPC may do to the program around it.
struct Around {
    repo: Repo,
    stop: CancellationToken,
    turn: parking_lot::Mutex<()>,
}

impl Host for Around {
    fn version(&self) -> String {
        env!("CARGO_PKG_VERSION").to_owned()
    }

    fn repo_path(&self) -> String {
        self.repo.path().display().to_string()
    }

    fn config(&self) -> Result<Value, String> {
        self.repo.config().map_err(|error| error.to_string())
    }

    fn set_config(&self, config: Value) -> Result<(), String> {
        let _turn = self.turn.lock();
        self.repo
            .set_config(&config)
            .map_err(|error| error.to_string())
    }

    fn shutdown(&self) -> Result<(), String> {
        self.stop.cancel();
        Ok(())
    }
}

/// Removes a file of the running daemon when it ends.
struct Note(PathBuf);

impl Note {
    fn write(path: PathBuf, text: &str) -> std::io::Result<Self> {
        write_atomic(&path, text.as_bytes())?;
        Ok(Self(path))
    }
}

impl Drop for Note {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}

pub(super) fn run(args: &IpfsDaemonArgs) -> anyhow::Result<()> {
    let repo = Repo::of(&args.repo)?;
    say("Initializing daemon...")?;
    if args.init && !repo.exists() {
        make(&repo, "", "ed25519")?;
    }
    let config = repo.config()?;
    let (folder, vault) = repo.open()?;
    let store = PublicStore::open(&vault)?;
    say(concat!("webx version: ", env!("CARGO_PKG_VERSION")))?;
    say(&format!("Repo version: {}", rpc::REPO_VERSION))?;
    say(&format!(
        "System version: {}/{}",
        std::env::consts::ARCH,
        std::env::consts::OS
    ))?;
    say(&format!("PeerID: {}", rpc::peer_id(&store)?))?;
    let runtime = crate::node::runtime()?;
    let served = runtime.block_on(serve(&repo, &config, store));
    runtime.shutdown_timeout(LAST_WAIT);
    vault.lock();
    drop(folder);
    served
}

async fn serve(repo: &Repo, config: &Value, store: PublicStore) -> anyhow::Result<()> {
    let stop = CancellationToken::new();
    let signals = tokio::spawn({
        let stop = stop.clone();
        async move {
            crate::node::stop_signal().await;
            stop.cancel();
        }
    });
    let allowed = authorizations(config);
    if allowed.is_empty() {
        eprintln!("webx: the configuration has no API.Authorizations; the RPC answers nobody");
    }
    let api = listen(config, "Addresses.API").await?;
    let gate = listen(config, "Addresses.Gateway").await?;
    let host = Arc::new(Around {
        repo: repo.clone(),
        stop: stop.clone(),
        turn: parking_lot::Mutex::default(),
    });
    let mut notes = Vec::new();
    let mut doors = Vec::new();
    let routers = [
        (
            api,
            rpc::router(Rpc::new(store.clone(), allowed, host)),
            "RPC API server",
            "api",
        ),
        (gate, gateway::router(store), "Gateway server", "gateway"),
    ];
    for (listener, router, name, file) in routers {
        let Some(listener) = listener else { continue };
        let port = listener.local_addr()?.port();
        let address = format!("/ip4/127.0.0.1/tcp/{port}");
        let text = match file {
            "api" => address.clone(),
            _ => format!("http://127.0.0.1:{port}"),
        };
        notes.push(Note::write(repo.path().join(file), &text)?);
        let stop = stop.clone();
        doors.push(tokio::spawn(async move {
            let limits = Limits {
                connections: CONNECTIONS,
                ..Limits::default()
            };
            webx_desktop::serve_beside(listener, router, &limits, stop).await
        }));
        say(&format!("{name} listening on {address}"))?;
    }
    say("Daemon is ready")?;
    stop.cancelled().await;
    say("Shutting down...")?;
    for door in doors {
        door.await?.map_err(anyhow::Error::new)?;
    }
    signals.abort();
    Ok(())
}

/// Who may call the RPC, by the configuration.
fn authorizations(config: &Value) -> Vec<Authorization> {
    let all = config_value(config, "API.Authorizations").and_then(Value::as_object);
    let mut known = Vec::new();
    for (name, one) in all.into_iter().flatten() {
        let secret = one
            .get("AuthSecret")
            .and_then(Value::as_str)
            .unwrap_or_default();
        let paths = one.get("AllowedPaths").and_then(Value::as_array);
        let paths = paths.into_iter().flatten().filter_map(Value::as_str);
        match Authorization::from_config(secret, paths.map(str::to_owned).collect()) {
            Some(one) => known.push(one),
            None => eprintln!(
                "webx: the secret of {name:?} in API.Authorizations is not used: it is bearer:TOKEN or basic:USER:PASSWORD, of 16 characters or more"
            ),
        }
    }
    known
}

/// Listens where the configuration says: on this machine's own address, or nowhere when it says nothing.
async fn listen(config: &Value, key: &str) -> anyhow::Result<Option<TcpListener>> {
    let value = config_value(config, key).cloned().unwrap_or_default();
    let text = match &value {
        Value::Array(list) => list.first().and_then(Value::as_str).unwrap_or_default(),
        value => value.as_str().unwrap_or_default(),
    };
    if text.is_empty() {
        return Ok(None);
    }
    let port = text
        .strip_prefix("/ip4/127.0.0.1/tcp/")
        .and_then(|port| port.parse::<u16>().ok())
        .ok_or_else(|| {
            Failure::refused("bad-address", format!("{key} is {text:?}"))
                .todo("use /ip4/127.0.0.1/tcp/PORT: the doors are for this machine alone")
        })?;
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let listener = TcpListener::bind(address)
        .await
        .with_context(|| format!("port {port} of {key} cannot be used"))?;
    Ok(Some(listener))
}
