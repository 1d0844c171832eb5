//! The RPC that Kubo's clients speak: `POST /api/v0/{command}`.
//!
//! Whoever holds the token may do everything to the [`PublicStore`] that these commands can: add, read, keep, remove,
//! sign names. Nobody else is answered, no browser ever: a request with an `Origin`, a `Referer` or a foreign `Host` is
//! refused before it is read. The node is in no IPFS network; a command that needs one says so.
//!
//! ```
//! use webx_ipfs::rpc::{self, Authorization, Rpc};
//! # fn example(store: webx_ipfs::PublicStore, host: std::sync::Arc<dyn rpc::Host>) -> axum::Router {
//! let token = Authorization::bearer("a long random text".into());
//! rpc::router(Rpc::new(store, vec![token], host)) // to be served on a loopback port of its own
//! # }
//! ```

mod answer;
mod ask;
mod block;
mod call;
mod config;
mod dag;
mod files;
mod guard;
mod key;
mod list;
mod multipart;
mod name;
mod network;
mod object;
mod path;
mod pin;
mod read;
mod repo;
mod table;
mod write;

use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::response::Response;
use serde_json::Value;
use time::OffsetDateTime;
use tokio::sync::Semaphore;

use crate::PublicStore;

pub use config::{config_value, set_config_value};
pub use guard::Authorization;

/// The version of a store with these abilities, as clients know it.
pub const REPO_VERSION: &str = repo::VERSION;

/// What the node is called in IPFS: the name of the key that is always there, as `12D3KooW…`.
///
/// # Errors
/// What the vault says.
pub fn peer_id(store: &PublicStore) -> crate::Result<String> {
    let key = store.key(crate::store::SELF)?;
    let key = key.ok_or_else(|| crate::store::missing_key(crate::store::SELF))?;
    Ok(key::peer_id(&key.name()))
}

/// Commands that run at once; each holds a thread.
const AT_ONCE: usize = 12;

/// What the RPC needs to know and do outside of the store.
///
/// Called from blocking threads.
pub trait Host: Send + Sync + 'static {
    /// Version of the program.
    fn version(&self) -> String;
    /// Where the data lie, for people.
    fn repo_path(&self) -> String;
    /// The configuration document, in the form Kubo's clients expect.
    ///
    /// # Errors
    /// A sentence that says why it cannot be read.
    fn config(&self) -> Result<Value, String>;
    /// Replaces the configuration document. It counts from the next start.
    ///
    /// # Errors
    /// A sentence that says why not.
    fn set_config(&self, config: Value) -> Result<(), String>;
    /// Ends the program.
    ///
    /// # Errors
    /// A sentence that says why not.
    fn shutdown(&self) -> Result<(), String>;
}

/// What every request is given.
#[derive(Clone)]
pub struct Rpc {
    store: PublicStore,
    allowed: Arc<[Authorization]>,
    host: Arc<dyn Host>,
    places: Arc<Semaphore>,
    now: fn() -> OffsetDateTime,
}

impl std::fmt::Debug for Rpc {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Rpc")
    }
}

impl Rpc {
    /// The RPC to a store, for the holders of `allowed`. With none it answers nobody.
    pub fn new(store: PublicStore, allowed: Vec<Authorization>, host: Arc<dyn Host>) -> Self {
        Self {
            store,
            allowed: allowed.into(),
            host,
            places: Arc::new(Semaphore::new(AT_ONCE)),
            now: || std::time::SystemTime::now().into(),
        }
    }

    /// By another clock.
    #[must_use]
    pub fn with_clock(self, now: fn() -> OffsetDateTime) -> Self {
        Self { now, ..self }
    }
}

/// The routes, to be served on a loopback port of their own.
pub fn router(rpc: Rpc) -> Router {
    Router::new().fallback(serve).with_state(rpc)
}

async fn serve(State(rpc): State<Rpc>, request: Request) -> Response {
    if let Err(failure) = guard::admit(&rpc.allowed, &request) {
        return failure.into_response();
    }
    match call::start(rpc, request).await {
        Ok(response) => response,
        Err(failure) => failure.into_response(),
    }
}
