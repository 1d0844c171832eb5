//! The steps themselves. Each can be done twice.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use webx_backends::InstallId;
use webx_sagas::Context;
use webx_services::{Event, Level};
use webx_vault::rusqlite::params;
use webx_wxa::{Digest, check_update};

use super::{
    Input, Kind, UNDO, check_grants, check_restore,
    former::{Former, forget_former, former, picked, register, swap},
};
use crate::{
    AppEvent, AppOp, Error, Result,
    apps::Inner,
    model::detail,
    packages::drop_package,
    registry::{INSTALLED, KEPT, Package, REMOVED, Row, grants, micros, set_grants},
};

/// The package that the saga is about.
pub(super) fn digest(context: &Context<'_>) -> Option<Digest> {
    context
        .result("verify")?
        .get("package")?
        .as_str()?
        .parse()
        .ok()
}

impl Inner {
    pub(super) fn verify(&self, input: &Input) -> Result<Value> {
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

    pub(super) fn unpack(&self, input: &Input, context: &Context<'_>) -> Result<Value> {
        let bytes = self.upload(input.upload.ok_or(Error::NoUpload)?)?;
        let package = webx_wxa::Package::open(bytes.as_slice(), self.now())?;
        self.stage(&package, &|done| {
            context.progress(done);
            !context.is_stopped()
        })?;
        Ok(Value::Null)
    }

    pub(super) fn compile(&self, context: &Context<'_>) -> Result<Value> {
        let digest = digest(context).ok_or(Error::NoUpload)?;
        self.compile_package(&digest, &mut |progress| {
            context.progress(progress.done as f64 / progress.total.max(1) as f64);
            !context.is_stopped()
        })?;
        Ok(Value::Null)
    }

    /// Makes the change of the saga in one transaction, together with the note of how it was before. Doing it twice
    /// changes nothing.
    pub(super) fn apply(&self, kind: Kind, input: &Input, context: &Context<'_>) -> Result<Value> {
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
    pub(super) fn take_back(&self, input: &Input, context: &Context<'_>) -> Result<()> {
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
    pub(super) fn finish(&self, kind: Kind, input: &Input, context: &Context<'_>) -> Result<Value> {
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
    pub(super) fn purge(&self, input: &Input) -> Result<Value> {
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
