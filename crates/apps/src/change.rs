//! Installing, updating, removing, bringing back, rolling back: each a saga that ends in all of it or nothing of it.
mod former;
mod steps;
mod work;

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use time::OffsetDateTime;
use webx_backends::InstallId;
use webx_sagas::NewSaga;
use webx_wxa::check_update;

use crate::{
    Apps, Begun, Data, Error, Removed, Result, UploadId,
    registry::{INSTALLED, Package, REMOVED, Row, micros, time_of},
};

pub(crate) use work::register_work;

/// How long a removed app can come back, in microseconds.
const UNDO: i64 = 30 * 24 * 3600 * 1_000_000;

/// What kinds of work there are. The names stand in the journal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Install,
    Remove,
    Restore,
    RollBack,
    Purge,
}

impl Kind {
    pub(crate) const ALL: [Kind; 5] = [
        Kind::Install,
        Kind::Remove,
        Kind::Restore,
        Kind::RollBack,
        Kind::Purge,
    ];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Kind::Install => "app.install",
            Kind::Remove => "app.remove",
            Kind::Restore => "app.restore",
            Kind::RollBack => "app.roll-back",
            Kind::Purge => "app.purge",
        }
    }

    fn steps(self) -> &'static [&'static str] {
        match self {
            Kind::Install => &["verify", "stage", "compile", "register", "finish"],
            Kind::Remove => &["bury", "finish"],
            Kind::Restore => &["unbury", "finish"],
            Kind::RollBack => &["swap", "finish"],
            Kind::Purge => &["data", "finish"],
        }
    }
}

/// What a saga about an app begins with.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Input {
    install: InstallId,
    app: String,
    #[serde(default)]
    upload: Option<UploadId>,
    #[serde(default)]
    grant: BTreeSet<String>,
    #[serde(default)]
    delete: bool,
}

impl Apps {
    /// Installs an inspected package with these permissions, or updates the app it is a newer version of. Every required
    /// permission must be among `grant` or be granted already.
    ///
    /// # Errors
    /// [`Error::NoUpload`]; [`Error::Refused`]; [`Error::MissingPermission`]; [`Error::NotAsked`]; [`Error::Saga`] while
    /// other work on the app is not over.
    pub fn install(&self, upload: UploadId, grant: &[String]) -> Result<Begun> {
        self.begin_install(None, upload, grant)
    }

    /// Updates exactly this installation; a package of another app or publisher is refused.
    ///
    /// # Errors
    /// As [`Apps::install`].
    pub fn update(&self, install: InstallId, upload: UploadId, grant: &[String]) -> Result<Begun> {
        self.begin_install(Some(install), upload, grant)
    }

    fn begin_install(
        &self,
        of: Option<InstallId>,
        upload: UploadId,
        grant: &[String],
    ) -> Result<Begun> {
        let inner = &self.0;
        let bytes = inner.upload(upload)?;
        let package = webx_wxa::Package::open(bytes.as_slice(), inner.now())?;
        let app = package.app_id();
        let grant: BTreeSet<String> = grant.iter().cloned().collect();
        if let Some(of) = of {
            check_update(&inner.registry().get(of)?.package.installed, &package)?;
        }
        let installed = inner.registry().by_app(&app);
        if let Some(entry) = &installed {
            check_update(&entry.package.installed, &package)?;
        }
        let had = installed
            .as_ref()
            .map(|entry| entry.grants.clone())
            .unwrap_or_default();
        check_grants(&package.manifest().permissions.asks(), &had, &grant)?;
        let former = inner.db().read(|conn| Row::of_app(conn, app.as_str()))?;
        let install = match (&installed, former) {
            (Some(entry), _) => entry.install,
            (None, Some(row)) => row.install,
            (None, None) => InstallId::from(inner.uuid()?),
        };
        let manifest = package.manifest();
        let saga = self.sagas().start(NewSaga {
            key: Some(upload.0.simple().to_string()),
            lane: Some(app.as_str().to_owned()),
            ..NewSaga::new(
                Kind::Install.name(),
                &format!("{} {}", manifest.name, manifest.version),
                input(&Input {
                    install,
                    app: app.as_str().to_owned(),
                    upload: Some(upload),
                    grant,
                    delete: false,
                }),
            )
        })?;
        Ok(Begun { saga, install })
    }

    /// Removes an app. Its package, permissions and data rest for 30 days, in which [`Apps::undo`] brings everything back
    /// as it was; afterwards the package goes, and with [`Data::Delete`] the data too.
    ///
    /// # Errors
    /// [`Error::NotInstalled`]; [`Error::System`]; [`Error::Saga`] while other work on the app is not over.
    pub fn remove(&self, install: InstallId, data: Data) -> Result<(Begun, OffsetDateTime)> {
        let entry = self.0.registry().get(install)?;
        if entry.system.is_some() {
            return Err(Error::System(entry.package.manifest.name.clone()));
        }
        let begun = self.begin(Kind::Remove, install, data == Data::Delete)?;
        Ok((begun, time_of(micros(self.0.now()) + UNDO)))
    }

    /// Brings a removed app back: package, permissions, picked files and data, as they were.
    ///
    /// # Errors
    /// [`Error::NotFound`] when it was not removed or the time is over; [`Error::Conflict`] when the app was installed
    /// again since.
    pub fn undo(&self, install: InstallId) -> Result<Begun> {
        self.0
            .db()
            .read(|conn| check_restore(conn, install, micros(self.0.now())))?;
        self.begin(Kind::Restore, install, false)
    }

    /// Brings the previous version of an app back, with the permissions it had. Its data stays as it is.
    ///
    /// # Errors
    /// [`Error::NotInstalled`]; [`Error::Conflict`] when there is no previous version.
    pub fn rollback(&self, install: InstallId) -> Result<Begun> {
        let entry = self.0.registry().get(install)?;
        if entry.previous.is_none() {
            return Err(no_previous());
        }
        self.begin(Kind::RollBack, install, false)
    }

    /// Deletes what is left of a removed app now: package, permissions, data. There is no way back.
    ///
    /// # Errors
    /// [`Error::NotFound`] when nothing is left of it.
    pub fn purge(&self, install: InstallId) -> Result<Begun> {
        self.begin(Kind::Purge, install, true)
    }

    fn begin(&self, kind: Kind, install: InstallId, delete: bool) -> Result<Begun> {
        let (row, package) = self.0.db().read(|conn| {
            let row = Row::get(conn, install)?.ok_or(Error::NotInstalled(install))?;
            let package = match &row.package {
                Some(digest) => Package::get(conn, digest)?,
                None => None,
            };
            Ok::<_, Error>((row, package))
        })?;
        if kind == Kind::Purge && row.state == INSTALLED {
            return Err(Error::Conflict(
                "the app is installed; remove it first".into(),
            ));
        }
        let subject = match &package {
            Some(package) => format!("{} {}", package.manifest.name, package.manifest.version),
            None => row.app.clone(),
        };
        let saga = self.sagas().start(NewSaga {
            lane: Some(row.app.clone()),
            ..NewSaga::new(
                kind.name(),
                &subject,
                input(&Input {
                    install,
                    app: row.app,
                    upload: None,
                    grant: BTreeSet::new(),
                    delete,
                }),
            )
        })?;
        Ok(Begun { saga, install })
    }

    /// Removed apps, the newest first: those that can come back, and those of which only data is left.
    ///
    /// # Errors
    /// [`Error::Vault`].
    pub fn removed(&self) -> Result<Vec<Removed>> {
        let mut removed = self.0.db().read(|conn| {
            let mut removed = Vec::new();
            for row in Row::all(conn)? {
                if row.state == INSTALLED || row.system.is_some() {
                    continue;
                }
                let package = match &row.package {
                    Some(digest) => Package::get(conn, digest)?,
                    None => None,
                };
                let app: webx_wxa::AppId = row.app.parse()?;
                removed.push(Removed {
                    install: row.install,
                    name: package
                        .as_ref()
                        .map_or_else(|| app.id().to_owned(), |p| p.manifest.name.clone()),
                    version: package
                        .as_ref()
                        .map(|p| p.manifest.version.to_string())
                        .unwrap_or_default(),
                    app,
                    removed_at: time_of(row.removed_at.unwrap_or(0)),
                    undo_until: package.and(row.undo_until).map(time_of),
                    data_size: crate::storage::used(conn, row.install)?,
                    delete_data: row.delete_data,
                });
            }
            Ok::<_, Error>(removed)
        })?;
        removed.sort_by_key(|removed| std::cmp::Reverse(removed.removed_at));
        Ok(removed)
    }

    /// Gives up what waited too long: packages that were never installed, apps whose undo has expired. Called at open;
    /// a node that runs for long calls it once a day.
    ///
    /// # Errors
    /// [`Error::Vault`].
    pub fn sweep(&self) -> Result<()> {
        self.0.expire_uploads()?;
        let now = micros(self.0.now());
        let rows = self.0.db().read(Row::all)?;
        for row in rows {
            if row.state == REMOVED && row.undo_until.is_some_and(|until| until <= now) {
                match self.begin(Kind::Purge, row.install, row.delete_data) {
                    // Somebody is at work on it; the next sweep comes by again.
                    Ok(_) | Err(Error::Saga(_)) => {}
                    Err(error) => return Err(error),
                }
            }
        }
        Ok(())
    }
}

fn input(input: &Input) -> Value {
    // Plain data with text for keys: there is nothing in it that could fail.
    serde_json::to_value(input).unwrap_or_default()
}

fn no_previous() -> Error {
    Error::Conflict("there is no previous version of this app".into())
}

/// Every grant must be asked for, and everything required must be granted.
fn check_grants(
    asks: &[webx_wxa::Ask],
    had: &BTreeSet<String>,
    grant: &BTreeSet<String>,
) -> Result<()> {
    if let Some(stray) = grant
        .iter()
        .find(|key| asks.iter().all(|ask| ask.key.as_str() != *key))
    {
        return Err(Error::NotAsked(stray.chars().take(100).collect()));
    }
    let missing: Vec<String> = asks
        .iter()
        .filter(|ask| ask.required)
        .map(|ask| ask.key.as_str().to_owned())
        .filter(|key| !grant.contains(key) && !had.contains(key))
        .collect();
    if missing.is_empty() {
        Ok(())
    } else {
        Err(Error::MissingPermission(missing))
    }
}

fn check_restore(
    conn: &webx_vault::rusqlite::Connection,
    install: InstallId,
    now: i64,
) -> Result<Row> {
    let gone = || Error::NotFound("removed app that can come back here".into());
    let row = Row::get(conn, install)?.ok_or_else(gone)?;
    if row.state != REMOVED
        || row.package.is_none()
        || row.undo_until.is_none_or(|until| until <= now)
    {
        return Err(gone());
    }
    match Row::of_app(conn, &row.app)? {
        Some(other) if other.state == INSTALLED => Err(Error::Conflict(
            "the app was installed again meanwhile; remove it first".into(),
        )),
        _ => Ok(row),
    }
}
