//! Keeping a store in a local folder.

use std::{
    collections::BTreeMap,
    fs::{self, File},
    io::Write,
    path::{Path, PathBuf},
};

use ed25519_dalek::{SigningKey, VerifyingKey};
use semver::Version;
use serde_json::{Map, Value, json};
use time::{Duration, OffsetDateTime, format_description::well_known::Rfc3339};
use webx_wxa::{AppId, Digest, Package};

use crate::{
    Error, FolderSource, Rating, RootPin, Source,
    canonical::canonical,
    listing::{self, About, Custom, ListedPublisher, MAX_MEDIA, media_type, package_target},
    role::{ABOUT, Envelope, MAX_ROOT, MAX_TIMESTAMP, Role, Root, Targets},
};

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

/// The metadata as it lies in the folder.
struct Current {
    root: Root,
    targets: Map<String, Value>,
    about: About,
    /// Versions of targets, snapshot and timestamp.
    list: u64,
    snapshot: u64,
    timestamp: u64,
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

    fn source(&self) -> FolderSource {
        FolderSource::new(&self.path)
    }

    fn lock(&self) -> Result<File, Error> {
        let path = self.path.join(".lock");
        let failed = |source| io(&path, source);
        fs::create_dir_all(&self.path).map_err(failed)?;
        let file = File::create(&path).map_err(failed)?;
        file.lock().map_err(failed)?;
        Ok(file)
    }

    fn read(&self, path: &str, max: u64) -> Result<Vec<u8>, Error> {
        self.source().read(path, max)?.ok_or_else(|| {
            Error::Folder(format!(
                "The store in {} has no {path}.",
                self.path.display()
            ))
        })
    }

    fn newest_root(&self) -> Result<Root, Error> {
        let mut number = 1;
        let mut bytes = self.read("metadata/1.root.json", MAX_ROOT)?;
        while let Some(next) = self
            .source()
            .read(&format!("metadata/{}.root.json", number + 1), MAX_ROOT)?
        {
            number += 1;
            bytes = next;
        }
        let envelope = Envelope::parse(Role::Root, &bytes)?;
        let root = Root::parse(&envelope)?;
        envelope.verify(&root)?;
        Ok(root)
    }

    fn current(&self) -> Result<Current, Error> {
        let root = self.newest_root()?;
        let signed = |role: Role, path: &str, most: u64| -> Result<(Value, Envelope), Error> {
            let bytes = self.read(path, most)?;
            let envelope = Envelope::parse(role, &bytes)?;
            envelope.verify(&root)?;
            let value: Value = serde_json::from_slice(&bytes).unwrap_or_default();
            Ok((value, envelope))
        };
        let version = |value: &Value, of: &str| {
            value
                .pointer(&format!("/signed/meta/{of}/version"))
                .and_then(Value::as_u64)
                .ok_or_else(|| Error::Folder(format!("The store's metadata names no {of}.")))
        };
        let (value, timestamp) = signed(Role::Timestamp, "metadata/timestamp.json", MAX_TIMESTAMP)?;
        let snapshot = version(&value, "snapshot.json")?;
        let path = format!("metadata/{snapshot}.snapshot.json");
        let (value, _) = signed(Role::Snapshot, &path, crate::role::MAX_SNAPSHOT)?;
        let list = version(&value, "targets.json")?;
        let path = format!("metadata/{list}.targets.json");
        let (mut value, envelope) = signed(Role::Targets, &path, crate::role::MAX_TARGETS)?;
        let about = Targets::parse(&envelope)?.about;
        let targets = match value.pointer_mut("/signed/targets").map(Value::take) {
            Some(Value::Object(targets)) => targets,
            _ => Map::new(),
        };
        Ok(Current {
            root,
            targets,
            about: serde_json::from_value(about).unwrap_or_default(),
            list,
            snapshot,
            timestamp: timestamp.version,
        })
    }

    fn write_root(
        &self,
        version: u64,
        keys: &Keys<'_>,
        signers: &[&dyn RoleSigner],
        now: OffsetDateTime,
    ) -> Result<(), Error> {
        let (root, online) = (keys.root.key(), keys.online.key());
        let role = |key: &VerifyingKey| json!({"keyids": [key_id(key)], "threshold": 1});
        let signed = json!({
            "_type": "root",
            "spec_version": "1.0.31",
            "version": version,
            "expires": self.expiry(now, self.lifetimes.root)?,
            "consistent_snapshot": true,
            "keys": {key_id(&root): key_value(&root), key_id(&online): key_value(&online)},
            "roles": {"root": role(&root), "timestamp": role(&online), "snapshot": role(&online), "targets": role(&online)},
        });
        self.write_signed(&format!("metadata/{version}.root.json"), &signed, signers)?;
        Ok(())
    }

    /// Writes list, snapshot and timestamp, each one version higher; the last one makes it true.
    fn write_list(
        &self,
        current: &Current,
        online: &dyn RoleSigner,
        now: OffsetDateTime,
    ) -> Result<(), Error> {
        let signer = [online];
        let (list, snapshot, timestamp) = (
            current.list + 1,
            current.snapshot + 1,
            current.timestamp + 1,
        );
        let common = |role: Role, version: u64, expires: &str| {
            let mut signed = Map::new();
            signed.insert("_type".into(), role.name().into());
            signed.insert("spec_version".into(), "1.0.31".into());
            signed.insert("version".into(), version.into());
            signed.insert("expires".into(), expires.into());
            signed
        };
        let expires = self.expiry(now, self.lifetimes.list)?;
        let mut signed = common(Role::Targets, list, &expires);
        signed.insert("targets".into(), Value::Object(current.targets.clone()));
        signed.insert(
            ABOUT.into(),
            serde_json::to_value(&current.about).unwrap_or_default(),
        );
        let path = format!("metadata/{list}.targets.json");
        let bytes = self.write_signed(&path, &Value::Object(signed), &signer)?;
        let mut signed = common(Role::Snapshot, snapshot, &expires);
        signed.insert(
            "meta".into(),
            json!({"targets.json": file_meta(list, &bytes)}),
        );
        let path = format!("metadata/{snapshot}.snapshot.json");
        let bytes = self.write_signed(&path, &Value::Object(signed), &signer)?;
        let expires = self.expiry(now, self.lifetimes.timestamp)?;
        let mut signed = common(Role::Timestamp, timestamp, &expires);
        signed.insert(
            "meta".into(),
            json!({"snapshot.json": file_meta(snapshot, &bytes)}),
        );
        self.write_signed("metadata/timestamp.json", &Value::Object(signed), &signer)?;
        for (version, name) in [(list, "targets"), (snapshot, "snapshot")] {
            if let Some(old) = version.checked_sub(KEPT) {
                let _ = fs::remove_file(self.path.join(format!("metadata/{old}.{name}.json")));
            }
        }
        Ok(())
    }

    fn expiry(&self, now: OffsetDateTime, lifetime: Duration) -> Result<String, Error> {
        now.checked_add(lifetime)
            .and_then(|time| whole_seconds(time).format(&Rfc3339).ok())
            .ok_or_else(|| Error::Signing("the date of expiry is beyond the calendar".into()))
    }

    fn write_signed(
        &self,
        path: &str,
        signed: &Value,
        signers: &[&dyn RoleSigner],
    ) -> Result<Vec<u8>, Error> {
        let message =
            canonical(signed).ok_or_else(|| Error::Signing("a number is not whole".into()))?;
        let mut signatures = Vec::new();
        for signer in signers {
            let sig = signer.sign(&message).map_err(Error::Signing)?;
            let sig = data_encoding::HEXLOWER.encode(&sig);
            signatures.push(json!({"keyid": key_id(&signer.key()), "sig": sig}));
        }
        let file = json!({"signatures": signatures, "signed": signed});
        let bytes = serde_json::to_vec(&file).unwrap_or_default();
        self.write(path, &bytes)?;
        Ok(bytes)
    }

    fn write_target(
        &self,
        targets: &mut Map<String, Value>,
        path: &str,
        bytes: &[u8],
        custom: Option<Value>,
    ) -> Result<(), Error> {
        let mut entry =
            json!({"length": bytes.len(), "hashes": {"sha256": Digest::of(bytes).to_string()}});
        if let (Some(custom), Some(entry)) = (custom, entry.as_object_mut()) {
            entry.insert("custom".into(), custom);
        }
        if let Some(place) = place(path, &entry) {
            self.write(&place, bytes)?;
        }
        targets.insert(path.to_owned(), entry);
        Ok(())
    }

    /// Writes a file whole or not at all.
    fn write(&self, path: &str, bytes: &[u8]) -> Result<(), Error> {
        let to = self.path.join(path);
        let folder = to.parent().unwrap_or(&self.path);
        let failed = |source| io(&to, source);
        fs::create_dir_all(folder).map_err(failed)?;
        let mut file = tempfile::Builder::new()
            .prefix(".new-")
            .tempfile_in(folder)
            .map_err(failed)?;
        file.write_all(bytes).map_err(failed)?;
        file.as_file().sync_all().map_err(failed)?;
        readable(file.as_file()).map_err(failed)?;
        file.persist(&to).map_err(|error| failed(error.error))?;
        #[cfg(unix)]
        File::open(folder)
            .and_then(|folder| folder.sync_all())
            .map_err(failed)?;
        Ok(())
    }
}

impl Current {
    fn check_key(&self, online: &dyn RoleSigner) -> Result<(), Error> {
        for role in [Role::Targets, Role::Snapshot, Role::Timestamp] {
            if !self.root.allows(role, &online.key()) {
                return Err(Error::WrongKey { role: role.name() });
            }
        }
        Ok(())
    }

    /// Checks that the publisher's log continues that of every version that is listed.
    fn check_continues(&self, package: &Package<'_>) -> Result<(), Error> {
        let prefix = format!("apps/{}/", package.app_id());
        let listed = self
            .targets
            .iter()
            .filter(|(path, _)| path.starts_with(&prefix));
        let heads =
            listed.filter_map(|(_, value)| value.pointer("/custom/publisher/head")?.as_str());
        for head in heads {
            if !package.publisher().continues(head) {
                return Err(Error::Package(webx_wxa::Refusal::PublisherForked {
                    seen: head.to_owned(),
                }));
            }
        }
        Ok(())
    }
}

/// The pictures that a listing names.
fn pictures(target: &Value) -> Vec<String> {
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let icon = target.pointer("/custom/icon").and_then(text);
    let shots = target
        .pointer("/custom/screenshots")
        .and_then(Value::as_array);
    icon.into_iter()
        .chain(shots.into_iter().flatten().filter_map(text))
        .collect()
}

/// Where a target lies: by the digest of its content.
fn place(path: &str, entry: &Value) -> Option<String> {
    let sha256 = entry.pointer("/hashes/sha256")?.as_str()?;
    let (folder, file) = path.rsplit_once('/')?;
    Some(format!("targets/{folder}/{sha256}.{file}"))
}

fn file_meta(version: u64, bytes: &[u8]) -> Value {
    json!({"version": version, "length": bytes.len(), "hashes": {"sha256": Digest::of(bytes).to_string()}})
}

fn key_value(key: &VerifyingKey) -> Value {
    json!({"keytype": "ed25519", "scheme": "ed25519", "keyval": {"public": data_encoding::HEXLOWER.encode(key.as_bytes())}})
}

fn key_id(key: &VerifyingKey) -> String {
    Digest::of(&canonical(&key_value(key)).unwrap_or_default()).to_string()
}

fn whole_seconds(time: OffsetDateTime) -> OffsetDateTime {
    let utc = time.to_offset(time::UtcOffset::UTC);
    utc.replace_nanosecond(0).unwrap_or(utc)
}

fn io(path: &Path, source: std::io::Error) -> Error {
    Error::Io {
        path: path.display().to_string(),
        source,
    }
}

/// A store is for others to read; temporary files begin private.
fn readable(file: &File) -> std::io::Result<()> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        file.set_permissions(fs::Permissions::from_mode(0o644))?;
    }
    #[cfg(not(unix))]
    let _ = file;
    Ok(())
}
