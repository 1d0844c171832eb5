//! Public content on this node: its store, which is there while the home is open, and its gateway, which is off until
//! the person turns it on.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use axum::{Json, Router};
use parking_lot::Mutex;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt as _;
use webx_desktop::{Home, Limits};
use webx_ipfs::{PublicStore, gateway, plain};
use webx_vault::rusqlite::OptionalExtension as _;
use webx_vault::{Error as VaultError, Vault};

use super::routes::{locked, problem};

/// Where the gateway listens until the person says otherwise.
const PORT: u16 = 7780;
/// Connections of the gateway at once.
const CONNECTIONS: usize = 64;
const SCHEMA: &[&str] = &["
    CREATE TABLE ipfs_gateway (
        only INTEGER PRIMARY KEY CHECK (only = 1),
        enabled INTEGER NOT NULL,
        port INTEGER NOT NULL
    ) STRICT;
"];

/// Public content of one process. What is open belongs to the home that is open.
pub(crate) struct Ipfs {
    runtime: tokio::runtime::Handle,
    /// Whether a gateway may listen; a node that serves one command has none.
    serves: bool,
    open: Mutex<Option<Open>>,
    /// Starting, setting and ending go one at a time.
    turn: tokio::sync::Mutex<()>,
}

struct Open {
    vault: Vault,
    store: PublicStore,
    gateway: Option<Listening>,
    /// Why the gateway does not listen though it should.
    trouble: Option<String>,
}

struct Listening {
    address: SocketAddr,
    stop: CancellationToken,
    task: JoinHandle<()>,
}

/// What the person set.
#[derive(Clone, Copy)]
struct Setting {
    enabled: bool,
    port: u16,
}

impl Ipfs {
    pub(super) fn new(runtime: tokio::runtime::Handle, serves: bool) -> Self {
        Self {
            runtime,
            serves,
            open: Mutex::default(),
            turn: tokio::sync::Mutex::default(),
        }
    }

    /// Opens the store of a home, and its gateway when it is on. A node whose gateway does not start is still a node.
    pub(super) fn start(&self, home: &Home) {
        let store = match PublicStore::open(&home.vault) {
            Ok(store) => store,
            Err(error) => {
                tracing::warn!("public content is not there: {error}");
                return;
            }
        };
        *self.open.lock() = Some(Open {
            vault: home.vault.clone(),
            store,
            gateway: None,
            trouble: None,
        });
        match read(&home.vault) {
            Ok(setting) if setting.enabled && self.serves => {
                self.runtime.block_on(self.turn_to(setting));
            }
            Ok(_) => {}
            Err(error) => tracing::warn!("the gateway's setting cannot be read: {error}"),
        }
    }

    /// Closes the gateway and lets go of the store; every connection has ended when it returns.
    pub(super) fn stop(&self) {
        self.runtime.block_on(async {
            let _turn = self.turn.lock().await;
            let open = self.open.lock().take();
            if let Some(listening) = open.and_then(|open| open.gateway) {
                listening.end().await;
            }
        });
    }

    fn store(&self) -> Option<PublicStore> {
        self.open.lock().as_ref().map(|open| open.store.clone())
    }

    fn vault(&self) -> Option<Vault> {
        self.open.lock().as_ref().map(|open| open.vault.clone())
    }

    /// Makes the gateway what a setting says.
    async fn turn_to(&self, setting: Setting) {
        let _turn = self.turn.lock().await;
        let (before, store) = match self.open.lock().as_mut() {
            Some(open) => (open.gateway.take(), open.store.clone()),
            None => return,
        };
        if let Some(listening) = before {
            listening.end().await;
        }
        let started = match setting.enabled {
            true => listen(store, setting.port).await.map(Some),
            false => Ok(None),
        };
        let mut open = self.open.lock();
        let Some(open) = open.as_mut() else { return };
        match started {
            Ok(gateway) => (open.gateway, open.trouble) = (gateway, None),
            Err(error) => {
                let what = format!("port {} cannot be used: {error}", setting.port);
                tracing::warn!("the gateway does not listen: {what}");
                open.trouble = Some(what);
            }
        }
    }

    fn shown(&self, setting: Setting) -> Value {
        let open = self.open.lock();
        let listening = open.as_ref().and_then(|open| open.gateway.as_ref());
        let trouble = open.as_ref().and_then(|open| open.trouble.clone());
        json!({
            "enabled": setting.enabled,
            "port": listening.map_or(setting.port, |listening| listening.address.port()),
            "listening": listening.is_some(),
            "url": listening.map(|listening| format!("http://localhost:{}/ipfs/", listening.address.port())),
            "trouble": trouble,
        })
    }
}

impl Listening {
    async fn end(self) {
        self.stop.cancel();
        let _ = self.task.await;
    }
}

async fn listen(store: PublicStore, port: u16) -> std::io::Result<Listening> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await?;
    let address = listener.local_addr()?;
    let stop = CancellationToken::new();
    let (router, ends) = (gateway::router(store), stop.clone());
    let limits = Limits {
        connections: CONNECTIONS,
        ..Limits::default()
    };
    let task = tokio::spawn(async move {
        if let Err(error) = webx_desktop::serve_beside(listener, router, &limits, ends).await {
            tracing::warn!("the gateway ended: {error}");
        }
    });
    Ok(Listening {
        address,
        stop,
        task,
    })
}

fn read(vault: &Vault) -> Result<Setting, VaultError> {
    vault.db().migrate("ipfs_gateway", SCHEMA)?;
    let row = vault.db().read(|db| {
        let sql = "SELECT enabled, port FROM ipfs_gateway";
        let row = db.query_row(sql, [], |row| Ok((row.get(0)?, row.get(1)?)));
        Ok::<_, VaultError>(row.optional()?)
    })?;
    let (enabled, port) = row.unwrap_or((false, PORT));
    Ok(Setting { enabled, port })
}

fn write(vault: &Vault, setting: Setting) -> Result<(), VaultError> {
    vault.db().write(|tx| {
        let sql = "INSERT OR REPLACE INTO ipfs_gateway VALUES (1, ?1, ?2)";
        tx.execute(sql, (setting.enabled, setting.port))?;
        Ok(())
    })
}

/// Routes for the command line, below `/api/control/ipfs`.
pub(super) fn routes(ipfs: Arc<Ipfs>) -> Router {
    Router::new()
        .route("/gateway", get(show_gateway).put(set_gateway))
        .fallback(content)
        .with_state(ipfs)
}

/// Everything about content is answered by the store that is open.
async fn content(State(ipfs): State<Arc<Ipfs>>, request: Request<Body>) -> Response {
    let Some(store) = ipfs.store() else {
        return locked();
    };
    match plain::router(store).oneshot(request).await {
        Ok(response) => response,
        Err(never) => match never {},
    }
}

async fn show_gateway(State(ipfs): State<Arc<Ipfs>>) -> Response {
    set(ipfs, None).await
}

/// What the command line sets.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Switch {
    enabled: bool,
    port: Option<u16>,
}

async fn set_gateway(State(ipfs): State<Arc<Ipfs>>, Json(switch): Json<Switch>) -> Response {
    set(ipfs, Some(switch)).await
}

async fn set(ipfs: Arc<Ipfs>, switch: Option<Switch>) -> Response {
    let Some(vault) = ipfs.vault() else {
        return locked();
    };
    let changed = switch.is_some();
    let done = tokio::task::spawn_blocking(move || {
        let mut setting = read(&vault)?;
        if let Some(switch) = switch {
            setting = Setting {
                enabled: switch.enabled,
                port: switch.port.unwrap_or(setting.port),
            };
            write(&vault, setting)?;
        }
        Ok::<_, VaultError>(setting)
    })
    .await;
    match done {
        Ok(Ok(setting)) => {
            if changed {
                ipfs.turn_to(setting).await;
            }
            Json(ipfs.shown(setting)).into_response()
        }
        Ok(Err(VaultError::Locked)) => locked(),
        Ok(Err(error)) => problem(
            StatusCode::INTERNAL_SERVER_ERROR,
            "failed",
            &error.to_string(),
        ),
        Err(_) => problem(
            StatusCode::INTERNAL_SERVER_ERROR,
            "failed",
            "the setting could not be changed",
        ),
    }
}
