//! The door: opening the registry, what is installed, and closing it again.
use std::sync::{Arc, Weak};

use parking_lot::{Mutex, RwLock};
use time::OffsetDateTime;
use tokio::sync::broadcast;
use webx_backends::{Backends, InstallId};
use webx_drive::Drive;
use webx_sagas::Sagas;
use webx_services::{EventLog, Notifications};
use webx_vault::{Db, Secret32, Vault};

use crate::{
    App, AppEvent, BackendKind, BackendView, Broker, Error, Granted, Picked, Result,
    broker::Budgets,
    change,
    hosts::Hosts,
    registry::{Entry, Registry, time_of},
    schema,
    sealed::Sealed,
    stores::OpenStores,
    system::SystemApp,
};

/// Events a subscriber may be behind.
const CHANNEL: usize = 1024;

/// Is told where in its work the registry is.
pub type Watch = Arc<dyn Fn(&str) + Send + Sync>;

/// What the registry stands on.
pub struct Parts {
    /// The vault.
    pub vault: Vault,
    /// The files of the person.
    pub drive: Drive,
    /// The event log.
    pub events: EventLog,
    /// What waits for the person.
    pub notifications: Notifications,
    /// Makes backends.
    pub backends: Arc<dyn Backends>,
    /// The person's DID, as backends see it.
    pub person: Arc<str>,
    /// The runtime that backends live in.
    pub runtime: tokio::runtime::Handle,
    /// The clock.
    pub clock: Arc<dyn Fn() -> OffsetDateTime + Send + Sync>,
}

/// How a registry behaves. [`Default`] is what the product uses.
pub struct Options {
    /// The apps that are part of the system.
    pub system: &'static [SystemApp],
    /// Is told each moment of a saga and each place inside a step; for tests that end the process there.
    pub watch: Option<Watch>,
    /// Whether sagas run by themselves.
    pub background: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            system: crate::system::system_packages(),
            watch: None,
            background: true,
        }
    }
}

/// The apps of one person. Clones share it; [`Apps::close`] ends its threads and backends.
#[derive(Clone)]
pub struct Apps(pub(crate) Arc<Inner>);

pub(crate) struct Inner {
    pub(crate) vault: Vault,
    pub(crate) drive: Drive,
    pub(crate) events: EventLog,
    pub(crate) notifications: Notifications,
    pub(crate) backends: Arc<dyn Backends>,
    pub(crate) person: Arc<str>,
    pub(crate) runtime: tokio::runtime::Handle,
    clock: Arc<dyn Fn() -> OffsetDateTime + Send + Sync>,
    pub(crate) sealed: Sealed,
    pub(crate) origins: Secret32,
    pub(crate) registry: RwLock<Arc<Registry>>,
    pub(crate) budgets: Budgets,
    pub(crate) hosts: Hosts,
    pub(crate) sagas: Sagas,
    live: broadcast::Sender<AppEvent>,
    watch: Option<Watch>,
    pub(crate) stores: Mutex<OpenStores>,
    pub(crate) me: Weak<Inner>,
}

impl Apps {
    /// Opens the registry of a vault, and makes it at the first time. Parts of the system that changed with the program
    /// are brought up to date; work that was interrupted goes on by itself.
    ///
    /// # Errors
    /// [`Error::Vault`] when the vault is locked, damaged, or was written by a newer program.
    pub fn open(parts: Parts) -> Result<Apps> {
        Self::open_with(parts, Options::default())
    }

    /// As [`Apps::open`], with options.
    ///
    /// # Errors
    /// As [`Apps::open`].
    pub fn open_with(parts: Parts, options: Options) -> Result<Apps> {
        let db = parts.vault.db().clone();
        let Options {
            system,
            watch,
            background,
        } = options;
        let sagas = Sagas::open(
            db.clone(),
            webx_sagas::Options {
                clock: Arc::clone(&parts.clock),
                background,
                watch: watch.clone().map(|watch| -> webx_sagas::Watch {
                    Arc::new(move |moment| watch(&format!("{moment:?}")))
                }),
                ..webx_sagas::Options::default()
            },
        )?;
        db.migrate(schema::COMPONENT, schema::STEPS)?;
        let sealed = Sealed::new(&parts.vault)?;
        let origins = parts.vault.derive("apps/origins/v1")?;
        let inner = Arc::new_cyclic(|me| Inner {
            drive: parts.drive,
            events: parts.events,
            notifications: parts.notifications,
            backends: parts.backends,
            person: parts.person,
            runtime: parts.runtime,
            clock: parts.clock,
            sealed,
            origins,
            registry: RwLock::default(),
            budgets: Budgets::default(),
            hosts: Hosts::default(),
            sagas,
            live: broadcast::Sender::new(CHANNEL),
            watch,
            stores: Mutex::default(),
            me: me.clone(),
            vault: parts.vault,
        });
        change::register_work(&inner.sagas, &inner.me);
        crate::workflows::register(&inner.sagas, &inner.me);
        inner.place_system(system)?;
        inner.reload()?;
        let apps = Apps(inner);
        apps.0.sagas.resume()?;
        apps.0.forget_uploads()?;
        apps.sweep()?;
        Ok(apps)
    }

    /// Stops every backend and all work, and waits for them. Interrupted work goes on at the next opening.
    pub fn close(&self) {
        self.0.sagas.close();
        self.0.hosts.close(&self.0.runtime);
    }

    /// What is installed, by name.
    ///
    /// # Errors
    /// [`Error::Vault`].
    pub fn list(&self) -> Result<Vec<App>> {
        let registry = self.0.registry();
        let mut apps = Vec::new();
        for entry in registry.by_install.values() {
            apps.push(self.0.view(entry)?);
        }
        apps.sort_by_cached_key(|app| (app.manifest.name.to_lowercase(), app.install));
        Ok(apps)
    }

    /// An installed app.
    ///
    /// # Errors
    /// [`Error::NotInstalled`], [`Error::Vault`].
    pub fn get(&self, install: InstallId) -> Result<App> {
        let entry = self.0.registry().get(install)?;
        self.0.view(&entry)
    }

    /// The installation of an app, by the app's id.
    #[must_use]
    pub fn find(&self, app: &webx_wxa::AppId) -> Option<InstallId> {
        self.0.registry().by_app(app).map(|entry| entry.install)
    }

    /// The first part of the host name of an installed app: 26 characters that nobody can guess, the same for good.
    #[must_use]
    pub fn origin_label(&self, install: InstallId) -> String {
        self.0.label(install)
    }

    /// The installed app with this label.
    #[must_use]
    pub fn by_label(&self, label: &str) -> Option<InstallId> {
        self.0.registry().by_label.get(label).copied()
    }

    /// What decides whether an app may do something.
    #[must_use]
    pub fn broker(&self) -> Broker {
        Broker(Arc::clone(&self.0))
    }

    /// The work on apps and the workflows of apps.
    #[must_use]
    pub fn sagas(&self) -> Sagas {
        self.0.sagas.clone()
    }

    /// Everything that happens to apps from now on.
    #[must_use]
    pub fn subscribe(&self) -> broadcast::Receiver<AppEvent> {
        self.0.live.subscribe()
    }
}

impl Inner {
    pub(crate) fn db(&self) -> &Db {
        self.vault.db()
    }

    pub(crate) fn now(&self) -> OffsetDateTime {
        (self.clock)()
    }

    pub(crate) fn registry(&self) -> Arc<Registry> {
        Arc::clone(&self.registry.read())
    }

    pub(crate) fn tell(&self, event: AppEvent) {
        // Fails only when nobody listens.
        let _ = self.live.send(event);
    }

    pub(crate) fn watch(&self, place: &str) {
        if let Some(watch) = &self.watch {
            watch(place);
        }
    }

    fn view(&self, entry: &Entry) -> Result<App> {
        let package = &entry.package;
        let (data_size, quota) = self.db().read(|conn| {
            Ok::<_, Error>((
                crate::storage::used(conn, entry.install)?,
                crate::storage::quota(conn, entry.install)?,
            ))
        })?;
        let kind = kind(&package.manifest);
        Ok(App {
            install: entry.install,
            app: entry.app.clone(),
            publisher: package.publisher.clone(),
            system: entry.system.is_some(),
            backend: kind.map(|kind| BackendView {
                kind,
                state: self.hosts.state(entry.install),
            }),
            package: package.digest,
            size: package.size,
            data_size,
            quota,
            installed_at: time_of(entry.installed_at),
            updated_at: time_of(entry.updated_at),
            previous_version: entry
                .previous
                .as_ref()
                .map(|previous| previous.manifest.version.to_string()),
            permissions: self.permissions(entry),
            picked: self.picked(entry),
            manifest: package.manifest.clone(),
        })
    }

    pub(crate) fn permissions(&self, entry: &Entry) -> Vec<Granted> {
        let asks = entry.package.manifest.permissions.asks();
        asks.into_iter()
            .map(|ask| Granted {
                granted: entry.grants.contains(ask.key.as_str()),
                ask,
            })
            .collect()
    }

    pub(crate) fn picked(&self, entry: &Entry) -> Vec<Picked> {
        let mut picked: Vec<Picked> = entry
            .picked
            .iter()
            .map(|(node, (mode, at))| Picked {
                node: *node,
                mode: *mode,
                name: self.drive.node(*node).ok().map(|node| node.name),
                at: time_of(*at),
            })
            .collect();
        picked.sort_by_key(|picked| (picked.at, *picked.node.as_bytes()));
        picked
    }
}

/// What runs the backend that a manifest describes.
pub(crate) fn kind(manifest: &webx_wxa::Manifest) -> Option<BackendKind> {
    use webx_wxa::manifest::{Backend, Runtime};
    match manifest.backend.as_ref()? {
        Backend::Wasm { .. } => Some(BackendKind::Wasm),
        Backend::Wsgi {
            runtime: Runtime::Component(_),
            ..
        } => Some(BackendKind::Wsgi),
        Backend::Wsgi { .. } => Some(BackendKind::Native),
    }
}
