//! Stores: where packages are found. A store proves its list, the publisher proves the package; both are checked, and
//! what comes from a store is then inspected like a file that the person chose.
use std::{collections::BTreeMap, path::Path, sync::Arc};

use parking_lot::Mutex;
use time::OffsetDateTime;
use webx_backends::InstallId;
use webx_store::{FolderSource, Media, Offer, RootPin};
use webx_vault::rusqlite::params;
use webx_wxa::{AppId, Ask, Category, Digest};

use crate::{
    Apps, Begun, Error, Icon, Inspection, Publisher, Result, apps::Inner, registry::micros,
};

/// Stores at most.
const MAX_STORES: usize = 64;
/// Apps that one search gives at most.
const MAX_FOUND: usize = 500;
/// Largest icon that is shown in a list, in bytes.
const MAX_ICON: u64 = 64 * 1024;

/// The stores that were used since the vault was opened, by fingerprint. A lock for each: one is read at a time.
pub(crate) type OpenStores = BTreeMap<String, Arc<Mutex<webx_store::Store>>>;

/// A store, to be shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoreInfo {
    /// The fingerprint of its root: what it is known by.
    pub id: String,
    /// What it calls itself.
    pub name: String,
    /// Where it is: a folder.
    pub location: String,
    /// How many apps it offers.
    pub packages: u64,
    /// When its list was last read.
    pub refreshed_at: Option<OffsetDateTime>,
    /// Why its list could not be read the last time.
    pub problem: Option<String>,
}

/// An app that a store offers, to be shown in a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OfferedApp {
    /// The store.
    pub store: String,
    /// The app.
    pub app: AppId,
    /// Its name.
    pub name: String,
    /// Its newest version.
    pub version: semver::Version,
    /// Where it is listed.
    pub category: Category,
    /// What it does.
    pub description: String,
    /// Who signs it.
    pub publisher: Publisher,
    /// Bytes of the newest package.
    pub size: u64,
    /// Stars in tenths, from 0 to 50, as the store tells it.
    pub rating: Option<u32>,
    /// How many screenshots there are.
    pub screenshots: usize,
    /// Its icon, when it is small.
    pub icon: Option<Icon>,
    /// How it is installed here: the installation and its version.
    pub installed: Option<(InstallId, semver::Version)>,
    /// Whether the store has a newer version than is installed.
    pub update: bool,
}

/// Everything a store says about an app.
#[derive(Clone, Debug, PartialEq)]
pub struct Offered {
    /// In short.
    pub app: OfferedApp,
    /// Its versions, the newest first.
    pub versions: Vec<Version>,
    /// What the newest version asks for.
    pub permissions: Vec<Ask>,
    /// What the person should know, in sentences.
    pub warnings: Vec<String>,
}

/// A version that a store offers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Version {
    /// The version.
    pub version: semver::Version,
    /// Bytes of the package.
    pub size: u64,
    /// Digest of the package.
    pub digest: Digest,
    /// When the store took it up.
    pub published_at: OffsetDateTime,
    /// What is new in it.
    pub notes: Option<String>,
}

/// What became of a one-click update.
#[derive(Clone, Debug)]
pub enum Updating {
    /// It began: the new version asks for nothing new that it needs.
    Begun(Begun),
    /// The person is asked first, for it needs more than it has.
    Asks(Box<Inspection>),
}

/// The stores of one person. Clones share them.
#[derive(Clone)]
pub struct Stores(Arc<Inner>);

impl Apps {
    /// Where packages are found.
    #[must_use]
    pub fn stores(&self) -> Stores {
        Stores(Arc::clone(&self.0))
    }
}

fn refused(error: webx_store::Error) -> Error {
    match error {
        webx_store::Error::Package(refusal) => Error::Refused(refusal),
        error => Error::Store {
            code: error.code(),
            why: error.to_string(),
        },
    }
}

impl Stores {
    /// The stores, in the order they were added.
    ///
    /// # Errors
    /// [`Error::Vault`].
    pub fn list(&self) -> Result<Vec<StoreInfo>> {
        let mut all = Vec::new();
        for (id, location, problem) in self.rows()? {
            all.push(match self.open(&id) {
                Ok(store) => {
                    let store = store.lock();
                    StoreInfo {
                        name: store.name().to_owned(),
                        packages: store.apps().count() as u64,
                        refreshed_at: store.refreshed(),
                        id,
                        location,
                        problem,
                    }
                }
                Err(error @ Error::Vault(_)) => return Err(error),
                Err(error) => StoreInfo {
                    name: location.clone(),
                    packages: 0,
                    refreshed_at: None,
                    id,
                    location,
                    problem: Some(error.to_string()),
                },
            });
        }
        Ok(all)
    }

    fn rows(&self) -> Result<Vec<(String, String, Option<String>)>> {
        self.0.db().read(|conn| {
            let mut statement = conn.prepare_cached(
                "SELECT fingerprint, location, problem FROM app_store ORDER BY added, fingerprint",
            )?;
            let rows =
                statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
            Ok(rows.collect::<webx_vault::rusqlite::Result<_>>()?)
        })
    }

    /// Adds a store in a folder: its list is read and checked, and its root is what it is known by from now on. With
    /// `fingerprint`, the one its keeper told, a store with another root is refused.
    ///
    /// # Errors
    /// [`Error::Store`] with the reason; [`Error::Conflict`] when it is there already; [`Error::Vault`].
    pub fn add(&self, location: &str, fingerprint: Option<&str>) -> Result<StoreInfo> {
        if !Path::new(location).is_absolute() || !Path::new(location).is_dir() {
            return Err(Error::Store {
                code: "no-store",
                why: "There is no such folder; give its whole path.".into(),
            });
        }
        let source = Arc::new(FolderSource::new(location));
        let pin = RootPin::first_seen(&*source).map_err(refused)?;
        let id = pin.fingerprint().to_string();
        if fingerprint
            .is_some_and(|told| told.trim().to_lowercase().replace([':', ' ', '-'], "") != id)
        {
            return Err(Error::Store {
                code: "other-fingerprint",
                why: format!("The store in this folder has another fingerprint: {id}."),
            });
        }
        let rows = self.rows()?;
        if rows.iter().any(|(known, ..)| *known == id) {
            return Err(Error::Conflict("this store was added already".into()));
        }
        if rows.len() >= MAX_STORES {
            return Err(Error::Conflict(format!(
                "there are {MAX_STORES} stores already"
            )));
        }
        let mut store = webx_store::Store::open(source, &pin, None).map_err(refused)?;
        store.refresh(self.0.now()).map_err(refused)?;
        let added = micros(self.0.now());
        self.0.db().write(|tx| {
            tx.execute(
                "INSERT INTO app_store VALUES (?1, ?2, ?3, ?4, NULL, ?5)",
                params![id, location, pin.as_bytes(), store.state(), added],
            )?;
            Ok::<_, Error>(())
        })?;
        let info = StoreInfo {
            id: id.clone(),
            name: store.name().to_owned(),
            location: location.to_owned(),
            packages: store.apps().count() as u64,
            refreshed_at: store.refreshed(),
            problem: None,
        };
        self.0.stores.lock().insert(id, Arc::new(Mutex::new(store)));
        Ok(info)
    }

    /// Forgets a store; apps that came from it stay.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Vault`].
    pub fn remove(&self, id: &str) -> Result<()> {
        let gone = self.0.db().write(|tx| {
            Ok::<_, Error>(tx.execute("DELETE FROM app_store WHERE fingerprint = ?1", [id])?)
        })?;
        self.0.stores.lock().remove(id);
        if gone == 0 { Err(no_store()) } else { Ok(()) }
    }

    /// Reads the list of every store again. One that cannot be read, or is not believed, says why and keeps what it had.
    ///
    /// # Errors
    /// [`Error::Vault`].
    pub fn refresh(&self) -> Result<Vec<StoreInfo>> {
        for (id, ..) in self.rows()? {
            let problem = match self.open(&id) {
                Err(error @ Error::Vault(_)) => return Err(error),
                Err(error) => Some(error.to_string()),
                Ok(store) => {
                    let mut store = store.lock();
                    let refreshed = store.refresh(self.0.now());
                    // Also after an error: what was proved before it makes old states refusable.
                    let state = store.state();
                    self.0.db().write(|tx| {
                        tx.execute(
                            "UPDATE app_store SET state = ?2 WHERE fingerprint = ?1",
                            params![id, state],
                        )?;
                        Ok::<_, Error>(())
                    })?;
                    refreshed.err().map(|error| error.to_string())
                }
            };
            self.0.db().write(|tx| {
                tx.execute(
                    "UPDATE app_store SET problem = ?2 WHERE fingerprint = ?1",
                    params![id, problem],
                )?;
                Ok::<_, Error>(())
            })?;
        }
        self.list()
    }

    /// A store, opened with what is believed of it.
    fn open(&self, id: &str) -> Result<Arc<Mutex<webx_store::Store>>> {
        if let Some(store) = self.0.stores.lock().get(id) {
            return Ok(Arc::clone(store));
        }
        let row = self.0.db().read(|conn| {
            let mut statement = conn.prepare_cached(
                "SELECT location, pin, state FROM app_store WHERE fingerprint = ?1",
            )?;
            let mut rows = statement.query_map([id], |row| {
                Ok((
                    row.get::<_, String>(0)?,
                    row.get::<_, Vec<u8>>(1)?,
                    row.get::<_, Option<Vec<u8>>>(2)?,
                ))
            })?;
            Ok::<_, Error>(rows.next().transpose()?)
        })?;
        let (location, pin, state) = row.ok_or_else(no_store)?;
        let pin = RootPin::new(pin).map_err(refused)?;
        let source = Arc::new(FolderSource::new(location));
        let store = webx_store::Store::open(source, &pin, state.as_deref()).map_err(refused)?;
        let mut open = self.0.stores.lock();
        let store = open
            .entry(id.to_owned())
            .or_insert_with(|| Arc::new(Mutex::new(store)));
        Ok(Arc::clone(store))
    }

    /// Apps of all stores in which all words of `query` occur, the best matches of each store first.
    ///
    /// # Errors
    /// [`Error::Vault`].
    pub fn search(&self, query: &str, category: Option<Category>) -> Result<Vec<OfferedApp>> {
        let mut found = Vec::new();
        for (id, ..) in self.rows()? {
            let store = match self.open(&id) {
                Ok(store) => store,
                Err(error @ Error::Vault(_)) => return Err(error),
                // The list of stores says what is wrong with it.
                Err(_) => continue,
            };
            let store = store.lock();
            for app in store.search(query, category) {
                if found.len() >= MAX_FOUND {
                    return Ok(found);
                }
                found.extend(self.offered(&id, &store, app));
            }
        }
        Ok(found)
    }

    fn offered(
        &self,
        id: &str,
        store: &webx_store::Store,
        app: &webx_store::App,
    ) -> Option<OfferedApp> {
        let offer = app.newest()?;
        let entry = self.0.registry().by_app(&app.app);
        let installed = entry.map(|entry| (entry.install, entry.package.manifest.version.clone()));
        Some(OfferedApp {
            store: id.to_owned(),
            app: app.app.clone(),
            name: offer.name.clone(),
            version: offer.version.clone(),
            category: offer.category,
            description: offer.description.clone(),
            publisher: Publisher {
                did: offer.publisher.did.clone(),
                hash: offer.publisher.root.hash().to_string(),
            },
            size: offer.size,
            rating: app.rating.map(|rating| rating.tenths),
            screenshots: offer.screenshots.len(),
            icon: offer
                .icon
                .as_ref()
                .filter(|icon| icon.size <= MAX_ICON)
                .and_then(|icon| self.picture(store, icon).ok()),
            update: installed
                .as_ref()
                .is_some_and(|(_, version)| *version < offer.version),
            installed,
        })
    }

    fn picture(&self, store: &webx_store::Store, media: &Media) -> Result<Icon> {
        Ok(Icon {
            media_type: media.media_type,
            bytes: store.media(media, self.0.now()).map_err(refused)?,
        })
    }

    /// Everything a store says about an app.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Vault`].
    pub fn package(&self, id: &str, app: &AppId) -> Result<Offered> {
        let store = self.open(id)?;
        let store = store.lock();
        let (listed, offer) = entry(&store, app)?;
        let mut warnings: Vec<String> = store
            .warnings(app)
            .iter()
            .map(ToString::to_string)
            .collect();
        for entry in self.0.registry().by_install.values() {
            if entry.app != *app && entry.app.id() == app.id() {
                let name = &entry.package.manifest.name;
                warnings.push(format!("“{name}”, which is installed here, comes from another publisher. This one does not replace it."));
            }
        }
        Ok(Offered {
            app: self
                .offered(id, &store, listed)
                .ok_or_else(|| not_listed(app))?,
            versions: listed.versions.iter().map(version).collect(),
            permissions: offer.permissions.asks(),
            warnings,
        })
    }

    /// A screenshot of an app; the first is number 0.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Store`], [`Error::Vault`].
    pub fn screenshot(&self, id: &str, app: &AppId, number: usize) -> Result<Icon> {
        let store = self.open(id)?;
        let store = store.lock();
        let (_, offer) = entry(&store, app)?;
        let media = offer.screenshots.get(number);
        self.picture(
            &store,
            media.ok_or_else(|| Error::NotFound(format!("screenshot {number}")))?,
        )
    }

    /// Gets a package and inspects it; `None` is the newest version.
    ///
    /// # Errors
    /// [`Error::NotFound`]; [`Error::Store`] when it is not what the store promises; [`Error::Refused`]; [`Error::Vault`].
    pub fn fetch(
        &self,
        id: &str,
        app: &AppId,
        version: Option<&semver::Version>,
    ) -> Result<Inspection> {
        let store = self.open(id)?;
        let bytes = {
            let store = store.lock();
            entry(&store, app)?;
            store.fetch(app, version, self.0.now()).map_err(refused)?
        };
        let mut found = Apps(Arc::clone(&self.0)).inspect(bytes.as_slice())?;
        let warnings = store.lock().warnings(app);
        found
            .warnings
            .extend(warnings.iter().map(ToString::to_string));
        Ok(found)
    }

    /// Installed apps of which a store has a newer version.
    ///
    /// # Errors
    /// [`Error::Vault`].
    pub fn updates(&self) -> Result<Vec<OfferedApp>> {
        let found = self.search("", None)?;
        Ok(found.into_iter().filter(|app| app.update).collect())
    }

    /// Updates an installed app to the newest version that any store has. When the new version needs nothing that the app
    /// does not have, the work begins at once; else the person is asked.
    ///
    /// # Errors
    /// [`Error::NotInstalled`]; [`Error::Conflict`] when no store has a newer version; as [`Stores::fetch`] and
    /// [`Apps::install`].
    pub fn update(&self, install: InstallId) -> Result<Updating> {
        let entry = self.0.registry().get(install)?;
        let newest = self
            .updates()?
            .into_iter()
            .filter(|offered| offered.app == entry.app)
            .max_by(|a, b| a.version.cmp(&b.version))
            .ok_or_else(|| Error::Conflict("no store has a newer version of this app".into()))?;
        let found = self.fetch(&newest.store, &newest.app, Some(&newest.version))?;
        if found.added.iter().any(|ask| ask.required) || !found.warnings.is_empty() {
            return Ok(Updating::Asks(Box::new(found)));
        }
        Ok(Updating::Begun(Apps(Arc::clone(&self.0)).update(
            install,
            found.upload,
            &[],
        )?))
    }
}

fn entry<'s>(
    store: &'s webx_store::Store,
    app: &AppId,
) -> Result<(&'s webx_store::App, &'s Offer)> {
    let listed = store.entry(app).ok_or_else(|| not_listed(app))?;
    let offer = listed.newest().ok_or_else(|| not_listed(app))?;
    Ok((listed, offer))
}

fn no_store() -> Error {
    Error::NotFound("such store".into())
}

fn not_listed(app: &AppId) -> Error {
    Error::NotFound(format!("app {app} in this store"))
}

fn version(offer: &Offer) -> Version {
    Version {
        version: offer.version.clone(),
        size: offer.size,
        digest: offer.digest,
        published_at: offer.published,
        notes: offer.notes.clone(),
    }
}
