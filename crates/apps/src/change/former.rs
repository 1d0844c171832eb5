//! How an installation was before a change, kept until the change is whole, and what a change makes of it.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use webx_backends::InstallId;
use webx_sagas::Context;
use webx_vault::rusqlite::{OptionalExtension as _, Transaction};
use webx_wxa::Digest;

use super::{Input, check_grants, no_previous};
use crate::{
    Error, Result,
    registry::{INSTALLED, Package, Row, set_grants},
};

/// How everything about an installation was before a saga changed it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Former {
    pub(super) row: Option<Row>,
    pub(super) grants: BTreeMap<String, i64>,
    pub(super) before: BTreeMap<String, i64>,
    pub(super) picked: Vec<([u8; 16], String, i64)>,
}

pub(super) fn register(
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
pub(super) fn swap(tx: &Transaction<'_>, row: Row, former: &Former, now: i64) -> Result<()> {
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

pub(super) fn picked(
    tx: &Transaction<'_>,
    install: InstallId,
) -> Result<Vec<([u8; 16], String, i64)>> {
    let mut statement = tx
        .prepare_cached("SELECT node, mode, at FROM app_picked WHERE install = ?1 ORDER BY node")?;
    let rows = statement.query_map([install.uuid().as_bytes()], |row| {
        Ok((row.get(0)?, row.get(1)?, row.get(2)?))
    })?;
    Ok(rows.collect::<webx_vault::rusqlite::Result<_>>()?)
}

pub(super) fn former(tx: &Transaction<'_>, context: &Context<'_>) -> Result<Option<Former>> {
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

pub(super) fn forget_former(tx: &Transaction<'_>, context: &Context<'_>) -> Result<()> {
    tx.prepare_cached("DELETE FROM app_former WHERE saga = ?1")?
        .execute([context.saga().as_bytes()])?;
    Ok(())
}
