//! Public content on this node: its store, which is there while the home is open, and its two doors, the gateway and the
//! RPC, which are off until the person turns them on.

mod setting;

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
use webx_ipfs::rpc::{self, Authorization, Rpc};
use webx_ipfs::{PublicStore, gateway, plain};
use webx_vault::{Error as VaultError, Vault};

use super::routes::{locked, problem};
use setting::{Door, Setting};

/// Connections of a door at once.
const CONNECTIONS: usize = 64;
/// Public content of one process. What is open belongs to the home that is open.
pub(crate) struct Ipfs {
    runtime: tokio::runtime::Handle,
    /// Whether a door may listen; a node that serves one command has none.
    serves: bool,
    open: Mutex<Option<Open>>,
    /// Starting, setting and ending go one at a time.
    turn: tokio::sync::Mutex<()>,
}

struct Open {
    vault: Vault,
    store: PublicStore,
    gateway: Slot,
    rpc: Slot,
}

impl Open {
    fn slot(&mut self, door: Door) -> &mut Slot {
        match door {
            Door::Gateway => &mut self.gateway,
            Door::Rpc => &mut self.rpc,
        }
    }
}

/// A door of the home that is open.
#[derive(Default)]
struct Slot {
    listening: Option<Listening>,
    /// Why it does not listen though it should.
    trouble: Option<String>,
}

struct Listening {
    address: SocketAddr,
    stop: CancellationToken,
    task: JoinHandle<()>,
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
            gateway: Slot::default(),
            rpc: Slot::default(),
        });
        for door in [Door::Gateway, Door::Rpc] {
            match setting::read(&home.vault, door) {
                Ok(setting) if setting.enabled && self.serves => {
                    self.runtime.block_on(self.turn_to(door, &setting));
                }
                Ok(_) => {}
                Err(error) => tracing::warn!("the {door}'s setting cannot be read: {error}"),
            }
        }
    }

    /// Closes the doors and lets go of the store; every connection has ended when it returns.
    pub(super) fn stop(&self) {
        self.runtime.block_on(async {
            let _turn = self.turn.lock().await;
            let open = self.open.lock().take();
            let slots = open.map(|open| [open.gateway, open.rpc]);
            for slot in slots.into_iter().flatten() {
                if let Some(listening) = slot.listening {
                    listening.end().await;
                }
            }
        });
    }

    fn store(&self) -> Option<PublicStore> {
        self.open.lock().as_ref().map(|open| open.store.clone())
    }

    fn vault(&self) -> Option<Vault> {
        self.open.lock().as_ref().map(|open| open.vault.clone())
    }

    /// Makes a door what a setting says.
    async fn turn_to(&self, door: Door, setting: &Setting) {
        let _turn = self.turn.lock().await;
        let (before, store) = match self.open.lock().as_mut() {
            Some(open) => (open.slot(door).listening.take(), open.store.clone()),
            None => return,
        };
        if let Some(listening) = before {
            listening.end().await;
        }
        let router = match door {
            Door::Gateway => gateway::router(store),
            Door::Rpc => {
                let token = Authorization::bearer((*setting.token).clone());
                let host = Arc::new(Around {
                    store: store.clone(),
                });
                rpc::router(Rpc::new(store, vec![token], host))
            }
        };
        let started = match setting.enabled {
            true => listen(router, setting.port).await.map(Some),
            false => Ok(None),
        };
        let mut open = self.open.lock();
        let Some(open) = open.as_mut() else { return };
        let slot = open.slot(door);
        match started {
            Ok(listening) => (slot.listening, slot.trouble) = (listening, None),
            Err(error) => {
                let what = format!("port {} cannot be used: {error}", setting.port);
                tracing::warn!("the {door} does not listen: {what}");
                slot.trouble = Some(what);
            }
        }
    }

    fn shown(&self, door: Door, setting: &Setting) -> Value {
        let mut open = self.open.lock();
        let slot = open.as_mut().map(|open| open.slot(door));
        let (port, trouble) = slot.map_or((None, None), |slot| {
            let port = slot
                .listening
                .as_ref()
                .map(|listening| listening.address.port());
            (port, slot.trouble.clone())
        });
        let url = port.map(|port| match door {
            Door::Gateway => format!("http://localhost:{port}/ipfs/"),
            Door::Rpc => format!("http://127.0.0.1:{port}/api/v0"),
        });
        let mut shown = json!({
            "enabled": setting.enabled,
            "port": port.unwrap_or(setting.port),
            "listening": port.is_some(),
            "url": url,
            "trouble": trouble,
        });
        if let (Door::Rpc, true, Some(shown)) = (door, setting.enabled, shown.as_object_mut()) {
            shown.insert("token".into(), json!(*setting.token));
        }
        shown
    }
}

/// What the RPC hears of the node around it, which it does not change.
struct Around {
    store: PublicStore,
}

impl rpc::Host for Around {
    fn version(&self) -> String {
        env!("CARGO_PKG_VERSION").to_owned()
    }

    fn repo_path(&self) -> String {
        "the vault".to_owned()
    }

    fn config(&self) -> Result<Value, String> {
        let id = rpc::peer_id(&self.store).map_err(|error| error.to_string())?;
        Ok(json!({ "Identity": { "PeerID": id }, "Bootstrap": [] }))
    }

    fn set_config(&self, _: Value) -> Result<(), String> {
        Err("the settings of this node are changed with webx, not through the RPC".into())
    }

    fn shutdown(&self) -> Result<(), String> {
        Err("this node is stopped with webx stop, not through the RPC".into())
    }
}

impl Listening {
    async fn end(self) {
        self.stop.cancel();
        let _ = self.task.await;
    }
}

async fn listen(router: Router, port: u16) -> std::io::Result<Listening> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await?;
    let address = listener.local_addr()?;
    let stop = CancellationToken::new();
    let ends = stop.clone();
    let limits = Limits {
        connections: CONNECTIONS,
        ..Limits::default()
    };
    let task = tokio::spawn(async move {
        if let Err(error) = webx_desktop::serve_beside(listener, router, &limits, ends).await {
            tracing::warn!("a door to public content ended: {error}");
        }
    });
    Ok(Listening {
        address,
        stop,
        task,
    })
}

/// Routes for the command line, below `/api/control/ipfs`.
pub(super) fn routes(ipfs: Arc<Ipfs>) -> Router {
    Router::new()
        .route("/gateway", get(show_gateway).put(set_gateway))
        .route("/rpc", get(show_rpc).put(set_rpc))
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
    set(ipfs, Door::Gateway, None).await
}

async fn show_rpc(State(ipfs): State<Arc<Ipfs>>) -> Response {
    set(ipfs, Door::Rpc, None).await
}

/// What the command line sets.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Switch {
    enabled: bool,
    port: Option<u16>,
}

async fn set_gateway(State(ipfs): State<Arc<Ipfs>>, Json(switch): Json<Switch>) -> Response {
    set(ipfs, Door::Gateway, Some(switch)).await
}

async fn set_rpc(State(ipfs): State<Arc<Ipfs>>, Json(switch): Json<Switch>) -> Response {
    set(ipfs, Door::Rpc, Some(switch)).await
}

async fn set(ipfs: Arc<Ipfs>, door: Door, switch: Option<Switch>) -> Response {
    let Some(vault) = ipfs.vault() else {
        return locked();
    };
    let changed = switch.is_some();
    let done = tokio::task::spawn_blocking(move || {
        let mut setting = setting::read(&vault, door)?;
        if let Some(switch) = switch {
            setting = setting.turned(switch.enabled, switch.port)?;
            setting::write(&vault, door, &setting)?;
        }
        Ok::<_, VaultError>(setting)
    })
    .await;
    match done {
        Ok(Ok(setting)) => {
            if changed {
                ipfs.turn_to(door, &setting).await;
            }
            Json(ipfs.shown(door, &setting)).into_response()
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
