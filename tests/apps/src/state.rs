//! What is found in a home.
use std::{collections::BTreeMap, fs, io::Read, path::Path};

use anyhow::{Context, Result, ensure};
use serde::{Deserialize, Serialize};
use webx_apps::Digest;
use webx_vault::{BlockStore, rusqlite::types::ValueRef};

use crate::{home::Home, packages::CANARY};

/// Everything that must be the same after a kill as without one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct State {
    /// Installed apps with their version and permissions.
    pub installed: Vec<String>,
    /// Removed apps.
    pub removed: Vec<String>,
    /// Rows of every table of the registry; ids that are drawn by lot stand as `*`.
    pub rows: BTreeMap<String, Vec<String>>,
    /// Blocks after a collection.
    pub blocks: u64,
    /// Sagas that are not over.
    pub unfinished: u64,
    /// Files in the vault's folder for what is passing.
    pub passing: u64,
}

/// Columns that are drawn by lot.
const BY_LOT: [(&str, &str); 12] = [
    ("app_install", "install"),
    ("app_grant", "install"),
    ("app_grant_before", "install"),
    ("app_usage", "install"),
    ("app_kv", "install"),
    ("app_doc", "install"),
    ("app_blob", "install"),
    ("app_blob", "id"),
    ("app_blob", "segments"),
    ("app_code", "id"),
    ("app_code", "segments"),
    ("kept_block", "*"),
];

impl State {
    /// Looks at everything, and reads every file of every installed app.
    ///
    /// # Errors
    /// When something cannot be read.
    pub fn of(home: &Home) -> Result<State> {
        let mut installed = Vec::new();
        for app in home.apps.list()? {
            let granted = app
                .permissions
                .iter()
                .filter(|permission| permission.granted);
            let keys: Vec<&str> = granted
                .map(|permission| permission.ask.key.as_str())
                .collect();
            installed.push(format!("{} {} {keys:?}", app.app, app.manifest.version));
            for (path, info) in home.apps.files(app.install)? {
                let (_, mut reader) = home.apps.read_file(app.install, &path)?;
                let mut bytes = Vec::new();
                reader
                    .read_to_end(&mut bytes)
                    .with_context(|| format!("{path} of {}", app.app))?;
                ensure!(
                    Digest::of(&bytes) == info.sha256,
                    "{path} of {} has other bytes",
                    app.app
                );
            }
            let store = home.apps.store(app.install)?;
            if let Some((_, reader)) = store.open_blob("b")? {
                ensure!(
                    reader.all()? == CANARY.repeat(5_000).as_bytes(),
                    "a blob has other bytes"
                );
            }
        }
        let removed = home
            .apps
            .removed()?
            .into_iter()
            .map(|one| format!("{} {} {}", one.app, one.version, one.data_size));
        let removed = removed.collect();
        let unfinished = home
            .apps
            .sagas()
            .list(None)?
            .iter()
            .filter(|saga| !saga.state.is_over())
            .count() as u64;
        let rows = rows(home)?;
        home.drive.gc(|| true)?;
        Ok(State {
            installed,
            removed,
            rows,
            blocks: home.vault.blocks().stat()?.blocks,
            unfinished,
            passing: fs::read_dir(home.vault.path().join("tmp"))?.count() as u64,
        })
    }
}

fn rows(home: &Home) -> Result<BTreeMap<String, Vec<String>>> {
    Ok(home.vault.db().read(|conn| {
        let mut names = conn.prepare(
            "SELECT name FROM sqlite_schema WHERE type = 'table' AND (name LIKE 'app_%' OR name = 'kept_block')",
        )?;
        let names: Vec<String> = names.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?;
        let mut all = BTreeMap::new();
        for name in names {
            let mut statement = conn.prepare(&format!("SELECT * FROM {name}"))?;
            let columns: Vec<String> = statement.column_names().map(str::to_owned).collect();
            let mut rows = statement.query([])?;
            let mut texts = Vec::new();
            while let Some(row) = rows.next()? {
                let mut text = String::new();
                for (n, column) in columns.iter().enumerate() {
                    let lot = BY_LOT.iter().any(|(table, lot)| *table == name && (*lot == "*" || lot == column));
                    text.push_str(&match row.get_ref(n)? {
                        _ if lot => "*".to_owned(),
                        ValueRef::Text(text) => String::from_utf8_lossy(text).into_owned(),
                        other => format!("{other:?}"),
                    });
                    text.push('|');
                }
                texts.push(text);
            }
            texts.sort();
            all.insert(name, texts);
        }
        Ok::<_, webx_vault::Error>(all)
    })?)
}

/// Files of a folder in which the canary stands as it is.
///
/// # Errors
/// When a file cannot be read.
pub fn readable(folder: &Path) -> Result<Vec<String>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            found.extend(readable(&entry.path())?);
        } else {
            let bytes = fs::read(entry.path())?;
            if bytes
                .windows(CANARY.len())
                .any(|window| window == CANARY.as_bytes())
            {
                found.push(entry.path().display().to_string());
            }
        }
    }
    Ok(found)
}
