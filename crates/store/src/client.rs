//! Reading a store.

use std::sync::Arc;

use semver::Version;
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use webx_wxa::{AppId, Category, Digest, Package, limits};

use crate::{
    App, Error, Source, Warning,
    listing::{Index, Media, Offer},
    role::{MAX_ROOT, MAX_TIMESTAMP, Role, Target},
    search,
    seen::Seen,
    trusted::{Texts, Trusted},
};

/// Most new roots that are followed in one refresh.
const MAX_ROOTS: u64 = 256;
/// Largest remembered state, in bytes.
const MAX_STATE: usize = 64 * 1024 * 1024;

/// The root metadata by which a store is known: everything else of it is proved by this.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RootPin(Vec<u8>);

impl RootPin {
    /// Pins root metadata that came on a trusted way.
    ///
    /// # Errors
    /// [`Error::Malformed`] and [`Error::Signatures`] when it is none.
    pub fn new(root: Vec<u8>) -> Result<Self, Error> {
        Trusted::new(&root)?;
        Ok(Self(root))
    }

    /// Takes the first root of a store as it is: for a store that the person adds by hand. Show the
    /// [`RootPin::fingerprint`], so that it can be compared.
    ///
    /// # Errors
    /// As [`Source::read`] and [`RootPin::new`].
    pub fn first_seen(source: &dyn Source) -> Result<Self, Error> {
        let path = "metadata/1.root.json";
        let root = source.read(path, MAX_ROOT)?.ok_or_else(|| Error::Source {
            path: path.to_owned(),
            reason: "there is no such file".to_owned(),
        })?;
        Self::new(root)
    }

    /// SHA-256 of the pinned root: what a store's keeper tells those who want to add it.
    #[must_use]
    pub fn fingerprint(&self) -> Digest {
        Digest::of(&self.0)
    }

    /// The root metadata.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

/// A store and what is believed of it.
pub struct Store {
    source: Arc<dyn Source>,
    pin: RootPin,
    trusted: Trusted,
    seen: Seen,
    refreshed: Option<OffsetDateTime>,
    index: Index,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct State {
    format: u64,
    fingerprint: Digest,
    #[serde(with = "time::serde::rfc3339::option")]
    refreshed: Option<OffsetDateTime>,
    metadata: Texts,
    seen: Seen,
}

/// What a refresh brought.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Refreshed {
    /// Whether the list of apps is another one than before.
    pub changed: bool,
    /// What the person should know.
    pub warnings: Vec<Warning>,
}

impl Store {
    /// A store at `source`, known by `pin`, with what [`Store::state`] gave the last time. Nothing
    /// is read from the source yet.
    ///
    /// # Errors
    /// [`Error::State`] when the state is damaged or belongs to another store.
    pub fn open(
        source: Arc<dyn Source>,
        pin: &RootPin,
        state: Option<&[u8]>,
    ) -> Result<Self, Error> {
        let mut store = Self {
            source,
            trusted: Trusted::new(pin.as_bytes())?,
            pin: pin.clone(),
            seen: Seen::default(),
            refreshed: None,
            index: Index::default(),
        };
        let Some(bytes) = state else {
            return Ok(store);
        };
        if bytes.len() > MAX_STATE {
            return Err(Error::State("it is too large".into()));
        }
        let state: State =
            serde_json::from_slice(bytes).map_err(|error| Error::State(error.to_string()))?;
        if state.format != 1 || state.fingerprint != pin.fingerprint() {
            return Err(Error::State("it belongs to another store".into()));
        }
        store.trusted = Trusted::from_texts(&state.metadata)?;
        store.seen = state.seen;
        store.refreshed = state.refreshed;
        store.index = store.trusted.targets().map(Index::of).unwrap_or_default();
        Ok(store)
    }

    /// All that must be remembered until the next time. Whoever can change it can undo the
    /// protection against old states: it belongs in the vault.
    #[must_use]
    pub fn state(&self) -> Vec<u8> {
        let state = State {
            format: 1,
            fingerprint: self.pin.fingerprint(),
            refreshed: self.refreshed,
            metadata: self.trusted.texts(),
            seen: self.seen.clone(),
        };
        serde_json::to_vec(&state).unwrap_or_default()
    }

    /// Reads what is new, by the client workflow of TUF. What was verified before a failure stays
    /// verified, so keep the [`Store::state`] after an error too.
    ///
    /// # Errors
    /// Whatever makes the store's state not believable: [`Error::Signatures`], [`Error::Rollback`],
    /// [`Error::Expired`], [`Error::Mixed`], [`Error::Malformed`], or [`Error::Source`].
    pub fn refresh(&mut self, now: OffsetDateTime) -> Result<Refreshed, Error> {
        self.refresh_root(now)?;
        let timestamp = self.need("metadata/timestamp.json".to_owned(), MAX_TIMESTAMP)?;
        self.trusted.update_timestamp(&timestamp, now)?;
        let (wanted, have) = self.trusted.wanted_snapshot()?;
        if !have {
            let path = self.metadata(Role::Snapshot, wanted.version);
            let bytes = self.need(path, wanted.most(Role::Snapshot))?;
            self.trusted.update_snapshot(&bytes, now)?;
        }
        self.trusted.check_snapshot(now)?;
        let (wanted, have) = self.trusted.wanted_targets()?;
        if !have {
            let path = self.metadata(Role::Targets, wanted.version);
            let bytes = self.need(path, wanted.most(Role::Targets))?;
            self.trusted.update_targets(&bytes, now)?;
        }
        let index = Index::of(self.trusted.check_complete(now)?);
        let changed = index.apps != self.index.apps;
        let since = self.trusted.targets().map_or(0, |targets| targets.version);
        let warnings = self.seen.look_at(&index, since);
        self.index = index;
        self.refreshed = Some(now);
        Ok(Refreshed { changed, warnings })
    }

    fn refresh_root(&mut self, now: OffsetDateTime) -> Result<(), Error> {
        for _ in 0..MAX_ROOTS {
            let path = format!("metadata/{}.root.json", self.trusted.root().version + 1);
            match self.source.read(&path, MAX_ROOT)? {
                Some(bytes) => self.trusted.update_root(&bytes)?,
                None => break,
            }
        }
        self.trusted.check_root(now)
    }

    fn metadata(&self, role: Role, version: u64) -> String {
        if self.trusted.root().consistent {
            format!("metadata/{version}.{}.json", role.name())
        } else {
            format!("metadata/{}.json", role.name())
        }
    }

    fn need(&self, path: String, max: u64) -> Result<Vec<u8>, Error> {
        match self.source.read(&path, max)? {
            Some(bytes) => Ok(bytes),
            None => Err(Error::Source {
                path,
                reason: "there is no such file".to_owned(),
            }),
        }
    }

    /// What the store calls itself.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.index.name
    }

    /// The root by which it is known.
    #[must_use]
    pub fn pin(&self) -> &RootPin {
        &self.pin
    }

    /// When it was last read whole.
    #[must_use]
    pub fn refreshed(&self) -> Option<OffsetDateTime> {
        self.refreshed
    }

    /// Every app, by id, as of the last refresh.
    pub fn apps(&self) -> impl Iterator<Item = &App> {
        self.index.apps.values()
    }

    /// Apps in which all words of `query` occur, the best matches first; all apps for an empty one.
    #[must_use]
    pub fn search(&self, query: &str, category: Option<Category>) -> Vec<&App> {
        search::search(self.index.apps.values(), query, category)
    }

    /// One app.
    #[must_use]
    pub fn entry(&self, app: &AppId) -> Option<&App> {
        self.index.apps.get(app)
    }

    /// What a person should know about an app before installing it: whether its short name used to
    /// be offered by another publisher.
    #[must_use]
    pub fn warnings(&self, app: &AppId) -> Vec<Warning> {
        let offer = self.entry(app).and_then(|app| app.versions.first());
        offer.map_or_else(Vec::new, |offer| {
            self.seen.earlier(app, &offer.publisher.root)
        })
    }

    /// The package of a version (`None`: the newest), verified: the bytes are those that the store
    /// signed, the package is sound, and it is what the listing says.
    ///
    /// # Errors
    /// [`Error::NotListed`], [`Error::Expired`] when the store has not been refreshed lately,
    /// [`Error::Content`], [`Error::Package`], [`Error::Listed`], or [`Error::Source`].
    pub fn fetch(
        &self,
        app: &AppId,
        version: Option<&Version>,
        now: OffsetDateTime,
    ) -> Result<Vec<u8>, Error> {
        let offer = self.offer(app, version)?;
        let bytes = self.target(&offer.target, limits::MAX_TOTAL, now)?;
        let package = Package::open(&bytes, now)?;
        if let Some(what) = offer.differs(app, &package) {
            return Err(Error::Listed {
                app: app.to_string(),
                version: offer.version.to_string(),
                what,
            });
        }
        Ok(bytes)
    }

    /// A picture of an app: one of [`Offer::icon`] and [`Offer::screenshots`].
    ///
    /// # Errors
    /// As [`Store::fetch`].
    pub fn media(&self, media: &Media, now: OffsetDateTime) -> Result<Vec<u8>, Error> {
        self.target(&media.target, crate::listing::MAX_MEDIA, now)
    }

    fn offer(&self, app: &AppId, version: Option<&Version>) -> Result<&Offer, Error> {
        let listed = self
            .entry(app)
            .ok_or_else(|| Error::NotListed(format!("app {app}")))?;
        let found = match version {
            None => listed.newest(),
            Some(version) => listed.versions.iter().find(|one| one.version == *version),
        };
        found.ok_or_else(|| {
            let version = version.map(ToString::to_string).unwrap_or_default();
            Error::NotListed(format!("version {version} of {app}"))
        })
    }

    /// The bytes of a target, checked against what the store signed.
    fn target(&self, path: &str, max: u64, now: OffsetDateTime) -> Result<Vec<u8>, Error> {
        let targets = self.trusted.check_complete(now)?;
        let Some(Target { length, sha256, .. }) = targets.files.get(path) else {
            return Err(Error::NotListed(format!("file {path}")));
        };
        if *length > max {
            return Err(Error::TooLarge {
                path: path.to_owned(),
                limit: max,
            });
        }
        let (folder, file) = path.rsplit_once('/').unwrap_or_default();
        let at = match (self.trusted.root().consistent, folder) {
            (true, "") => format!("targets/{sha256}.{path}"),
            (true, folder) => format!("targets/{folder}/{sha256}.{file}"),
            (false, _) => format!("targets/{path}"),
        };
        let bytes = self.need(at.clone(), *length)?;
        if bytes.len() as u64 != *length || Digest::of(&bytes) != *sha256 {
            return Err(Error::Content { path: at });
        }
        Ok(bytes)
    }
}

impl std::fmt::Debug for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "Store({}, {} apps)",
            self.pin.fingerprint(),
            self.index.apps.len()
        )
    }
}
