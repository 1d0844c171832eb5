//! Keeping a store in a local folder.

mod files;

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use ed25519_dalek::{SigningKey, VerifyingKey};
use semver::Version;
use serde_json::{Map, Value};
use time::{Duration, OffsetDateTime};
use webx_wxa::{AppId, Digest, Package};

use crate::{
    Error, Rating, RootPin,
    listing::{self, About, Custom, ListedPublisher, MAX_MEDIA, media_type, package_target},
    role::Role,
};
use files::{Current, pictures, place, whole_seconds};

/// How many old lists are kept for clients that are just reading one.
const KEPT: u64 = 8;

/// Something that signs for a role.
pub trait RoleSigner {
    /// Its key.
    fn key(&self) -> VerifyingKey;

    /// The Ed25519 signature over `message`.
    ///
    /// # Errors
    /// A sentence saying why there is none.
    fn sign(&self, message: &[u8]) -> Result<[u8; 64], String>;
}

impl RoleSigner for SigningKey {
    fn key(&self) -> VerifyingKey {
        self.verifying_key()
    }

    fn sign(&self, message: &[u8]) -> Result<[u8; 64], String> {
        Ok(ed25519_dalek::Signer::sign(self, message).to_bytes())
    }
}

/// The keys of a store. They may be one and the same; better, the root key is kept elsewhere.
#[derive(Clone, Copy)]
pub struct Keys<'k> {
    /// Names the other keys. Needed again only to change keys or to renew the root.
    pub root: &'k dyn RoleSigner,
    /// Signs the list at every change.
    pub online: &'k dyn RoleSigner,
}

/// How long signed metadata is good for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lifetimes {
    /// The keys.
    pub root: Duration,
    /// The list.
    pub list: Duration,
    /// The statement which list is the newest: so long can somebody hold back a newer one.
    pub timestamp: Duration,
}

impl Default for Lifetimes {
    fn default() -> Self {
        Self {
            root: Duration::days(730),
            list: Duration::days(365),
            timestamp: Duration::days(90),
        }
    }
}

/// What was published.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Published {
    /// The app.
    pub app: AppId,
    /// The version.
    pub version: Version,
    /// The package.
    pub digest: Digest,
    /// Whether it was there already, with the same content.
    pub already: bool,
}

/// A store in a local folder, for those who keep it.
#[derive(Clone, Debug)]
pub struct StoreFolder {
    path: PathBuf,
    lifetimes: Lifetimes,
}

impl StoreFolder {
    /// Makes a new, empty store in `path`.
    ///
    /// # Errors
    /// [`Error::Folder`] when there is a store already, [`Error::Io`], [`Error::Signing`].
    pub fn create(
        path: impl Into<PathBuf>,
        name: &str,
        keys: &Keys<'_>,
        now: OffsetDateTime,
    ) -> Result<Self, Error> {
        webx_wxa::check_line(name, 64)
            .map_err(|reason| Error::Folder(format!("The name of the store {reason}.")))?;
        let folder = Self {
            path: path.into(),
            lifetimes: Lifetimes::default(),
        };
        let _lock = folder.lock()?;
        if folder.path.join("metadata").exists() {
            let shown = folder.path.display();
            return Err(Error::Folder(format!(
                "There is a store in {shown} already."
            )));
        }
        folder.write_root(1, keys, &[keys.root], now)?;
        let current = Current {
            root: folder.newest_root()?,
            targets: Map::new(),
            about: About {
                name: name.to_owned(),
                ratings: BTreeMap::new(),
            },
            list: 0,
            snapshot: 0,
            timestamp: 0,
        };
        folder.write_list(&current, keys.online, now)?;
        Ok(folder)
    }

    /// The store in `path`.
    ///
    /// # Errors
    /// [`Error::Folder`] when there is none, or what [`crate::Store::refresh`] would refuse.
    pub fn open(path: impl Into<PathBuf>) -> Result<Self, Error> {
        let folder = Self {
            path: path.into(),
            lifetimes: Lifetimes::default(),
        };
        if !folder.path.join("metadata").is_dir() {
            let shown = folder.path.display();
            return Err(Error::Folder(format!("There is no store in {shown}.")));
        }
        folder.current()?;
        Ok(folder)
    }

    /// Signs with other lifetimes from now on.
    #[must_use]
    pub fn with_lifetimes(mut self, lifetimes: Lifetimes) -> Self {
        self.lifetimes = lifetimes;
        self
    }

    /// The folder.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What others pin to know this store by.
    ///
    /// # Errors
    /// As [`RootPin::first_seen`].
    pub fn pin(&self) -> Result<RootPin, Error> {
        RootPin::first_seen(&self.source())
    }

    /// Takes up a package. The same package twice is no error; another one of the same version is.
    ///
    /// # Errors
    /// [`Error::Package`] for a package that nobody could install or that does not continue the
    /// publisher's earlier versions, [`Error::Published`], [`Error::WrongKey`], [`Error::Io`].
    pub fn publish(
        &self,
        package: &[u8],
        notes: Option<&str>,
        online: &dyn RoleSigner,
        now: OffsetDateTime,
    ) -> Result<Published, Error> {
        let opened = Package::open(package, now)?;
        let (app, version) = (opened.app_id(), opened.manifest().version.clone());
        let _lock = self.lock()?;
        let mut current = self.current()?;
        current.check_key(online)?;
        let path = package_target(&app, &version);
        let published = |already| Published {
            app: app.clone(),
            version: version.clone(),
            digest: opened.digest(),
            already,
        };
        if let Some(there) = current.targets.get(&path) {
            let same = there.pointer("/hashes/sha256").and_then(Value::as_str);
            if same == Some(&opened.digest().to_string()) {
                return Ok(published(true));
            }
            return Err(Error::Published {
                app: app.to_string(),
                version: version.to_string(),
            });
        }
        current.check_continues(&opened)?;
        if notes.is_some_and(|notes| notes.chars().count() > listing::MAX_NOTES) {
            return Err(Error::Folder(
                "The notes are longer than 4000 characters.".into(),
            ));
        }
        let mut media = |path: &str| -> Result<Option<String>, Error> {
            let Some(kind) = media_type(path).and_then(|_| path.rsplit_once('.')) else {
                return Ok(None);
            };
            if opened
                .entry(path)
                .is_none_or(|entry| entry.size > MAX_MEDIA)
            {
                return Ok(None);
            }
            let bytes = opened.read_all(path)?;
            let target = format!("media/{}.{}", Digest::of(&bytes), kind.1);
            self.write_target(&mut current.targets, &target, &bytes, None)?;
            Ok(Some(target))
        };
        let manifest = opened.manifest();
        let icon = media(&manifest.icon)?;
        let shots = manifest
            .screenshots
            .iter()
            .filter_map(|shot| media(shot).transpose());
        let screenshots = shots.collect::<Result<_, _>>()?;
        let custom = Custom {
            app: app.clone(),
            version: version.clone(),
            name: manifest.name.clone(),
            category: manifest.category.name().to_owned(),
            description: manifest.description.clone(),
            publisher: ListedPublisher {
                did: opened.publisher().did.to_string(),
                root: opened.publisher().root.clone(),
                head: opened.publisher().head.clone(),
            },
            permissions: serde_json::to_value(&manifest.permissions).unwrap_or_default(),
            languages: manifest.languages.clone(),
            icon,
            screenshots,
            notes: notes.map(str::to_owned),
            published: whole_seconds(now),
        };
        let custom = serde_json::to_value(custom).unwrap_or_default();
        self.write_target(&mut current.targets, &path, package, Some(custom))?;
        self.write_list(&current, online, now)?;
        Ok(published(false))
    }

    /// Takes a version, or with `None` all versions of an app, off the list.
    ///
    /// # Errors
    /// [`Error::NotListed`], [`Error::WrongKey`], [`Error::Io`].
    pub fn withdraw(
        &self,
        app: &AppId,
        version: Option<&Version>,
        online: &dyn RoleSigner,
        now: OffsetDateTime,
    ) -> Result<(), Error> {
        let _lock = self.lock()?;
        let mut current = self.current()?;
        current.check_key(online)?;
        let prefix = format!("apps/{app}/");
        let exact = version.map(|version| package_target(app, version));
        let hit = |path: &String| match &exact {
            Some(exact) => path == exact,
            None => path.starts_with(&prefix),
        };
        let gone: Vec<String> = current
            .targets
            .keys()
            .filter(|path| hit(path))
            .cloned()
            .collect();
        if gone.is_empty() {
            return Err(Error::NotListed(exact.unwrap_or(prefix)));
        }
        let mut files = Vec::new();
        for path in &gone {
            files.extend(
                current
                    .targets
                    .remove(path)
                    .and_then(|value| place(path, &value)),
            );
        }
        // Pictures that no listed version names any more.
        let named: Vec<String> = current.targets.values().flat_map(pictures).collect();
        let media = current
            .targets
            .keys()
            .filter(|path| path.starts_with("media/"));
        let orphans: Vec<String> = media
            .filter(|path| !named.contains(path))
            .cloned()
            .collect();
        for path in &orphans {
            files.extend(
                current
                    .targets
                    .remove(path)
                    .and_then(|value| place(path, &value)),
            );
        }
        self.write_list(&current, online, now)?;
        for file in files {
            // A file that stays behind does no harm: nothing names it.
            let _ = fs::remove_file(self.path.join(file));
        }
        Ok(())
    }

    /// Sets or clears what people of this store think of an app.
    ///
    /// # Errors
    /// [`Error::NotListed`], [`Error::WrongKey`], [`Error::Io`].
    pub fn rate(
        &self,
        app: &AppId,
        rating: Option<Rating>,
        online: &dyn RoleSigner,
        now: OffsetDateTime,
    ) -> Result<(), Error> {
        if rating.is_some_and(|rating| rating.tenths > 50) {
            return Err(Error::Folder(
                "A rating is 0 to 50 tenths of a star.".into(),
            ));
        }
        let _lock = self.lock()?;
        let mut current = self.current()?;
        current.check_key(online)?;
        let prefix = format!("apps/{app}/");
        if !current.targets.keys().any(|path| path.starts_with(&prefix)) {
            return Err(Error::NotListed(format!("app {app}")));
        }
        match rating {
            Some(rating) => current.about.ratings.insert(app.clone(), rating),
            None => current.about.ratings.remove(app),
        };
        self.write_list(&current, online, now)
    }

    /// Signs the list again, so that it does not expire.
    ///
    /// # Errors
    /// [`Error::WrongKey`], [`Error::Io`], [`Error::Signing`].
    pub fn renew(&self, online: &dyn RoleSigner, now: OffsetDateTime) -> Result<(), Error> {
        let _lock = self.lock()?;
        let current = self.current()?;
        current.check_key(online)?;
        self.write_list(&current, online, now)
    }

    /// Replaces the keys, or renews the root when they stay the same. `old` is the present root key.
    ///
    /// # Errors
    /// [`Error::WrongKey`], [`Error::Io`], [`Error::Signing`].
    pub fn rotate(
        &self,
        old: &dyn RoleSigner,
        next: &Keys<'_>,
        now: OffsetDateTime,
    ) -> Result<(), Error> {
        let _lock = self.lock()?;
        let mut current = self.current()?;
        if !current.root.allows(Role::Root, &old.key()) {
            return Err(Error::WrongKey {
                role: Role::Root.name(),
            });
        }
        let mut signers = vec![old];
        if old.key() != next.root.key() {
            signers.push(next.root);
        }
        self.write_root(current.root.version + 1, next, &signers, now)?;
        current.root = self.newest_root()?;
        self.write_list(&current, next.online, now)
    }
}
