//! Installing, updating, removing, bringing back, rolling back: each a saga that ends in all of it or nothing of it.
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Weak},
    time::Duration,
};

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use time::OffsetDateTime;
use webx_backends::InstallId;
use webx_sagas::{Context, Definition, NewSaga, Plan, Retry, Step, StepError};
use webx_services::{Event, Level, NewNotification, NotificationLevel};
use webx_vault::rusqlite::{OptionalExtension, Transaction, params};
use webx_wxa::{Digest, check_update};

use crate::{
    AppEvent, AppOp, Apps, Begun, Data, Error, Removed, Result, UploadId,
    apps::Inner,
    model::detail,
    packages::drop_package,
    registry::{INSTALLED, KEPT, Package, REMOVED, Row, grants, micros, set_grants, time_of},
};

/// How long a removed app can come back, in microseconds.
const UNDO: i64 = 30 * 24 * 3600 * 1_000_000;
/// How long compiling a backend may take.
const COMPILE: Duration = Duration::from_secs(15 * 60);

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

/// How everything about an installation was before a saga changed it.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Former {
    row: Option<Row>,
    grants: BTreeMap<String, i64>,
    before: BTreeMap<String, i64>,
    picked: Vec<([u8; 16], String, i64)>,
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

/// The work of one kind, run by the engine.
pub(crate) struct Work {
    pub(crate) inner: Weak<Inner>,
    pub(crate) kind: Kind,
}

impl Definition for Work {
    fn plan(&self, _: &Value) -> Plan {
        let names = self.kind.steps();
        let step = |name: &&str| {
            let step = Step::new(*name)
                .within(Duration::from_secs(300))
                .retried(Retry::times(4, Duration::from_millis(250)));
            if *name == "compile" {
                step.within(COMPILE).retried(Retry::NEVER)
            } else {
                step
            }
        };
        Plan {
            steps: names.iter().map(step).collect(),
            // From here on the change is told and what it replaced is given up.
            forward_from: match self.kind {
                Kind::Purge => Some(0),
                _ => Some(names.len() - 1),
            },
            ..Plan::default()
        }
    }

    fn run(&self, step: &str, context: &Context<'_>) -> Result<Value, StepError> {
        let inner = self
            .inner
            .upgrade()
            .ok_or_else(|| StepError::again("the vault is locked"))?;
        let input: Input = serde_json::from_value(context.input().clone())
            .map_err(|error| StepError::never(error.to_string()))?;
        inner.watch(step);
        let done = match (self.kind, step) {
            (_, "verify") => inner.verify(&input),
            (_, "stage") => inner.unpack(&input, context),
            (_, "compile") => inner.compile(context),
            (_, "finish") => inner.finish(self.kind, &input, context),
            (Kind::Purge, _) => inner.purge(&input),
            _ => inner.apply(self.kind, &input, context),
        };
        done.map_err(|error| failure(&error))
    }

    fn undo(&self, step: &str, context: &Context<'_>) -> Result<(), StepError> {
        let inner = self
            .inner
            .upgrade()
            .ok_or_else(|| StepError::again("the vault is locked"))?;
        let input: Input = serde_json::from_value(context.input().clone())
            .map_err(|error| StepError::never(error.to_string()))?;
        inner.watch(step);
        let done = match step {
            "verify" => input
                .upload
                .map_or(Ok(()), |upload| inner.forget_upload(upload)),
            "stage" => match digest(context) {
                Some(digest) => inner.db().write(|tx| drop_package(tx, &digest)),
                None => Ok(()),
            },
            "register" | "bury" | "unbury" | "swap" => inner.take_back(&input, context),
            _ => Ok(()),
        };
        done.map_err(|error| failure(&error))
    }

    fn rested(&self, saga: &webx_sagas::Saga) {
        let Some(inner) = self.inner.upgrade() else {
            return;
        };
        if saga.state == webx_sagas::State::Done {
            return;
        }
        let event = Event {
            kind: "app.failed",
            level: Level::Warning,
            subject: saga.subject.clone(),
            detail: json!({ "work": saga.kind, "reason": saga.reason }),
        };
        let told = inner.events.append(event).and_then(|_| {
            inner.notifications.add(NewNotification {
                title: saga.subject.clone(),
                body: saga.reason.clone(),
                level: NotificationLevel::Error,
                open: None,
            })
        });
        if let Err(error) = told {
            tracing::warn!(%error, "the person could not be told of work that failed");
        }
    }
}

/// Whether trying again helps.
fn failure(error: &Error) -> StepError {
    match error {
        Error::Refused(_)
        | Error::NoUpload
        | Error::MissingPermission(_)
        | Error::NotAsked(_)
        | Error::NotInstalled(_)
        | Error::NotFound(_)
        | Error::Conflict(_)
        | Error::System(_)
        | Error::TooLarge { .. }
        | Error::Backend(_)
        | Error::BadValue(_) => StepError::never(error.to_string()),
        error => StepError::again(error.to_string()),
    }
}

/// The package that the saga is about.
fn digest(context: &Context<'_>) -> Option<Digest> {
    context
        .result("verify")?
        .get("package")?
        .as_str()?
        .parse()
        .ok()
}

impl Inner {
    fn verify(&self, input: &Input) -> Result<Value> {
        let bytes = self.upload(input.upload.ok_or(Error::NoUpload)?)?;
        let package = webx_wxa::Package::open(bytes.as_slice(), self.now())?;
        let mut had = BTreeSet::new();
        if let Some(entry) = self.registry().by_app(&package.app_id()) {
            check_update(&entry.package.installed, &package)?;
            had.clone_from(&entry.grants);
        }
        check_grants(&package.manifest().permissions.asks(), &had, &input.grant)?;
        Ok(json!({ "package": package.digest() }))
    }

    fn unpack(&self, input: &Input, context: &Context<'_>) -> Result<Value> {
        let bytes = self.upload(input.upload.ok_or(Error::NoUpload)?)?;
        let package = webx_wxa::Package::open(bytes.as_slice(), self.now())?;
        self.stage(&package, &|done| {
            context.progress(done);
            !context.is_stopped()
        })?;
        Ok(Value::Null)
    }

    fn compile(&self, context: &Context<'_>) -> Result<Value> {
        let digest = digest(context).ok_or(Error::NoUpload)?;
        self.compile_package(&digest, &mut |progress| {
            context.progress(progress.done as f64 / progress.total.max(1) as f64);
            !context.is_stopped()
        })?;
        Ok(Value::Null)
    }

    /// Makes the change of the saga in one transaction, together with the note of how it was before. Doing it twice
    /// changes nothing.
    fn apply(&self, kind: Kind, input: &Input, context: &Context<'_>) -> Result<Value> {
        let now = micros(self.now());
        let package = digest(context);
        self.db().write(|tx| {
            if former(tx, context)?.is_some() {
                return Ok(());
            }
            let row = Row::get(tx, input.install)?;
            let before = Former {
                grants: grants(tx, "app_grant", input.install)?,
                before: grants(tx, "app_grant_before", input.install)?,
                picked: picked(tx, input.install)?,
                row,
            };
            let state = serde_json::to_string(&before).unwrap_or_default();
            tx.prepare_cached("INSERT INTO app_former VALUES (?1, ?2)")?
                .execute(params![context.saga().as_bytes(), state])?;
            match (kind, before.row.clone()) {
                (Kind::Install, _) => register(tx, input, package, &before, now),
                (Kind::Remove, Some(row)) if row.state == INSTALLED => Row {
                    state: REMOVED.into(),
                    delete_data: input.delete,
                    removed_at: Some(now),
                    undo_until: Some(now + UNDO),
                    ..row
                }
                .put(tx),
                (Kind::Restore, Some(_)) => Row {
                    state: INSTALLED.into(),
                    delete_data: false,
                    removed_at: None,
                    undo_until: None,
                    ..check_restore(tx, input.install, now)?
                }
                .put(tx),
                (Kind::RollBack, Some(row)) if row.state == INSTALLED => {
                    swap(tx, row, &before, now)
                }
                _ => Err(Error::NotInstalled(input.install)),
            }
        })?;
        self.watch("applied");
        self.changed(input.install)?;
        Ok(Value::Null)
    }

    /// Makes everything about the installation as it was before the saga.
    fn take_back(&self, input: &Input, context: &Context<'_>) -> Result<()> {
        self.db().write(|tx| {
            let Some(former) = former(tx, context)? else {
                return Ok(());
            };
            match &former.row {
                None => Row::delete(tx, input.install)?,
                Some(row) => {
                    row.put(tx)?;
                    set_grants(tx, "app_grant", input.install, &former.grants)?;
                    set_grants(tx, "app_grant_before", input.install, &former.before)?;
                    let mut pick = tx.prepare_cached(
                        "INSERT OR REPLACE INTO app_picked VALUES (?1, ?2, ?3, ?4)",
                    )?;
                    for (node, mode, at) in &former.picked {
                        pick.execute(params![input.install.uuid().as_bytes(), node, mode, at])?;
                    }
                }
            }
            forget_former(tx, context)
        })?;
        self.changed(input.install)
    }

    /// Gives up what the change replaced, and tells everybody.
    fn finish(&self, kind: Kind, input: &Input, context: &Context<'_>) -> Result<Value> {
        let (row, was) = self.db().write(|tx| {
            let row = Row::get(tx, input.install)?;
            let former = former(tx, context)?;
            forget_former(tx, context)?;
            let replaced = former
                .iter()
                .flat_map(|former| &former.row)
                .flat_map(|row| [row.package, row.previous]);
            for digest in replaced.flatten() {
                drop_package(tx, &digest)?;
            }
            Ok::<_, Error>((row, former.and_then(|former| former.row)))
        })?;
        if let Some(upload) = input.upload {
            self.forget_upload(upload)?;
        }
        self.changed(input.install)?;
        let op = match kind {
            Kind::Install if was.is_some_and(|row| row.state == INSTALLED) => AppOp::Updated,
            Kind::Install => AppOp::Installed,
            Kind::Remove => AppOp::Removed,
            Kind::Restore => AppOp::Restored,
            Kind::RollBack => AppOp::Updated,
            Kind::Purge => return Ok(Value::Null),
        };
        let package = match row.and_then(|row| row.package) {
            Some(digest) => self.db().read(|conn| Package::get(conn, &digest))?,
            None => None,
        };
        let app = input.app.parse()?;
        if let Some(package) = package {
            let version = package.manifest.version.to_string();
            self.events.append(Event {
                kind: match (kind, &op) {
                    (Kind::RollBack, _) => "app.rolled-back",
                    (_, AppOp::Installed) => "app.installed",
                    (_, AppOp::Updated) => "app.updated",
                    (_, AppOp::Removed) => "app.removed",
                    _ => "app.restored",
                },
                level: Level::Info,
                subject: format!("{} {version}", package.manifest.name),
                detail: detail(input.install, &app, &version),
            })?;
        }
        self.tell(AppEvent {
            op,
            install: input.install,
            app,
        });
        Ok(Value::Null)
    }

    /// Deletes what is left of a removed app; without `delete`, its data stays for an installation that comes later.
    fn purge(&self, input: &Input) -> Result<Value> {
        self.stop_backend(input.install);
        if input.delete {
            crate::storage::delete_all(self, input.install)?;
        }
        self.db().write(|tx| {
            let Some(row) = Row::get(tx, input.install)? else {
                return Ok(());
            };
            if row.state == INSTALLED {
                return Err(Error::Conflict(
                    "the app is installed; remove it first".into(),
                ));
            }
            let packages = [row.package, row.previous];
            Row::delete(tx, input.install)?;
            if !input.delete && crate::storage::used(tx, input.install)? > 0 {
                Row {
                    state: KEPT.into(),
                    package: None,
                    previous: None,
                    undo_until: None,
                    ..row
                }
                .put(tx)?;
            }
            for digest in packages.into_iter().flatten() {
                drop_package(tx, &digest)?;
            }
            Ok(())
        })?;
        self.reload()?;
        Ok(Value::Null)
    }

    /// After the rows of an installation changed: its backend ends, for it may be another one now.
    fn changed(&self, install: InstallId) -> Result<()> {
        self.reload()?;
        self.stop_backend(install);
        Ok(())
    }
}

fn register(
    tx: &Transaction<'_>,
    input: &Input,
    package: Option<Digest>,
    former: &Former,
    now: i64,
) -> Result<()> {
    let digest = package.ok_or(Error::NoUpload)?;
    let package = Package::get(tx, &digest)?.ok_or(Error::NoUpload)?;
    let asks = package.manifest.permissions.asks();
    let known = |key: &String| asks.iter().any(|ask| ask.key.as_str() == key);
    let installed = former.row.as_ref().filter(|row| row.state == INSTALLED);
    let mut keys = BTreeMap::new();
    if installed.is_some() {
        keys.extend(
            former
                .grants
                .iter()
                .filter(|(key, _)| known(key))
                .map(|(key, at)| (key.clone(), *at)),
        );
        set_grants(tx, "app_grant_before", input.install, &former.grants)?;
    } else {
        set_grants(tx, "app_grant_before", input.install, &BTreeMap::new())?;
        tx.prepare_cached("DELETE FROM app_picked WHERE install = ?1")?
            .execute([input.install.uuid().as_bytes()])?;
    }
    for key in &input.grant {
        keys.entry(key.clone()).or_insert(now);
    }
    check_grants(&asks, &keys.keys().cloned().collect(), &BTreeSet::new())?;
    set_grants(tx, "app_grant", input.install, &keys)?;
    Row {
        install: input.install,
        app: input.app.clone(),
        package: Some(digest),
        previous: installed.and_then(|row| row.package),
        system: None,
        state: INSTALLED.into(),
        delete_data: false,
        installed_at: installed.map_or(now, |row| row.installed_at),
        updated_at: now,
        removed_at: None,
        undo_until: None,
    }
    .put(tx)
}

/// The previous version takes the place of the current one. What both ask for stays as it is granted now; what only the
/// previous one asks for is as it was then.
fn swap(tx: &Transaction<'_>, row: Row, former: &Former, now: i64) -> Result<()> {
    let previous = row.previous.ok_or_else(no_previous)?;
    let package = Package::get(tx, &previous)?.ok_or_else(no_previous)?;
    let current = match &row.package {
        Some(digest) => Package::get(tx, digest)?,
        None => None,
    };
    let asked_now: BTreeSet<String> = current
        .iter()
        .flat_map(|package| package.installed.permissions.keys())
        .map(|key| key.as_str().to_owned())
        .collect();
    let mut keys = BTreeMap::new();
    for key in package
        .installed
        .permissions
        .keys()
        .map(|key| key.as_str().to_owned())
    {
        let source = if asked_now.contains(&key) {
            &former.grants
        } else {
            &former.before
        };
        if let Some(at) = source.get(&key) {
            keys.insert(key, *at);
        }
    }
    set_grants(tx, "app_grant", row.install, &keys)?;
    set_grants(tx, "app_grant_before", row.install, &BTreeMap::new())?;
    Row {
        package: Some(previous),
        previous: None,
        updated_at: now,
        ..row
    }
    .put(tx)
}

fn picked(tx: &Transaction<'_>, install: InstallId) -> Result<Vec<([u8; 16], String, i64)>> {
    let mut statement = tx
        .prepare_cached("SELECT node, mode, at FROM app_picked WHERE install = ?1 ORDER BY node")?;
    let rows = statement.query_map([install.uuid().as_bytes()], |row| {
        Ok((row.get(0)?, row.get(1)?, row.get(2)?))
    })?;
    Ok(rows.collect::<webx_vault::rusqlite::Result<_>>()?)
}

fn former(tx: &Transaction<'_>, context: &Context<'_>) -> Result<Option<Former>> {
    let text: Option<String> = tx
        .prepare_cached("SELECT state FROM app_former WHERE saga = ?1")?
        .query_row([context.saga().as_bytes()], |row| row.get(0))
        .optional()?;
    text.map(|text| {
        serde_json::from_str(&text).map_err(|error| Error::Damaged {
            what: "the note of how an app was before".into(),
            why: error.to_string(),
        })
    })
    .transpose()
}

fn forget_former(tx: &Transaction<'_>, context: &Context<'_>) -> Result<()> {
    tx.prepare_cached("DELETE FROM app_former WHERE saga = ?1")?
        .execute([context.saga().as_bytes()])?;
    Ok(())
}

/// Makes the work known to the engine.
pub(crate) fn register_work(sagas: &webx_sagas::Sagas, inner: &Weak<Inner>) {
    for kind in Kind::ALL {
        sagas.register(
            kind.name(),
            Arc::new(Work {
                inner: inner.clone(),
                kind,
            }),
        );
    }
}
