//! What is installed: rows in the database, and a picture of them in memory for the many questions of the broker.
use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::Arc,
};

use time::OffsetDateTime;
use uuid::Uuid;
use webx_backends::InstallId;
use webx_drive::NodeId;
use webx_vault::rusqlite::{Connection, OptionalExtension, Transaction, params};
use webx_wxa::{AppId, Digest, Installed, Manifest, PermissionKey, PickMode};

use crate::{Error, Publisher, Result, apps::Inner};

/// A package whose files are stored.
#[derive(Debug, Clone)]
pub(crate) struct Package {
    pub(crate) digest: Digest,
    pub(crate) manifest: Manifest,
    pub(crate) installed: Installed,
    pub(crate) publisher: Publisher,
    pub(crate) size: u64,
}

/// An installed app, as the broker needs it.
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    pub(crate) install: InstallId,
    pub(crate) app: AppId,
    pub(crate) package: Arc<Package>,
    pub(crate) previous: Option<Arc<Package>>,
    /// The build of the program it came with.
    pub(crate) system: Option<String>,
    pub(crate) installed_at: i64,
    pub(crate) updated_at: i64,
    pub(crate) grants: BTreeSet<String>,
    pub(crate) picked: HashMap<NodeId, (PickMode, i64)>,
}

impl Entry {
    /// What it asks for and has.
    pub(crate) fn keys(&self) -> impl Iterator<Item = PermissionKey> + '_ {
        let asks = self.package.manifest.permissions.asks();
        asks.into_iter()
            .map(|ask| ask.key)
            .filter(|key| self.grants.contains(key.as_str()))
    }

    pub(crate) fn has(&self, key: &str) -> bool {
        self.grants.contains(key)
            && self
                .package
                .installed
                .permissions
                .keys()
                .any(|known| known.as_str() == key)
    }
}

/// Everything that is installed.
#[derive(Debug, Default)]
pub(crate) struct Registry {
    pub(crate) by_install: BTreeMap<InstallId, Arc<Entry>>,
    pub(crate) by_label: HashMap<String, InstallId>,
}

impl Registry {
    pub(crate) fn get(&self, install: InstallId) -> Result<Arc<Entry>> {
        self.by_install
            .get(&install)
            .cloned()
            .ok_or(Error::NotInstalled(install))
    }

    pub(crate) fn by_app(&self, app: &AppId) -> Option<Arc<Entry>> {
        self.by_install
            .values()
            .find(|entry| entry.app == *app)
            .cloned()
    }
}

/// A row of `app_install`.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub(crate) struct Row {
    pub(crate) install: InstallId,
    pub(crate) app: String,
    pub(crate) package: Option<Digest>,
    pub(crate) previous: Option<Digest>,
    pub(crate) system: Option<String>,
    pub(crate) state: String,
    pub(crate) delete_data: bool,
    pub(crate) installed_at: i64,
    pub(crate) updated_at: i64,
    pub(crate) removed_at: Option<i64>,
    pub(crate) undo_until: Option<i64>,
}

pub(crate) const INSTALLED: &str = "installed";
pub(crate) const REMOVED: &str = "removed";
pub(crate) const KEPT: &str = "kept";

const COLUMNS: &str = "install, app, package, previous, system, state, delete_data, installed_at, updated_at, removed_at, \
                       undo_until";

impl Row {
    fn read(row: &webx_vault::rusqlite::Row<'_>) -> webx_vault::rusqlite::Result<Row> {
        Ok(Row {
            install: install_of(row.get(0)?),
            app: row.get(1)?,
            package: row.get::<_, Option<[u8; 32]>>(2)?.map(Digest::from),
            previous: row.get::<_, Option<[u8; 32]>>(3)?.map(Digest::from),
            system: row.get(4)?,
            state: row.get(5)?,
            delete_data: row.get(6)?,
            installed_at: row.get(7)?,
            updated_at: row.get(8)?,
            removed_at: row.get(9)?,
            undo_until: row.get(10)?,
        })
    }

    pub(crate) fn get(conn: &Connection, install: InstallId) -> Result<Option<Row>> {
        Ok(conn
            .prepare_cached(&format!(
                "SELECT {COLUMNS} FROM app_install WHERE install = ?1"
            ))?
            .query_row([bytes_of(install)], Row::read)
            .optional()?)
    }

    pub(crate) fn all(conn: &Connection) -> Result<Vec<Row>> {
        let mut statement = conn.prepare_cached(&format!(
            "SELECT {COLUMNS} FROM app_install ORDER BY install"
        ))?;
        let rows = statement.query_map([], Row::read)?;
        Ok(rows.collect::<webx_vault::rusqlite::Result<_>>()?)
    }

    /// The installation of an app that is in force, or else the newest of those whose data was kept.
    pub(crate) fn of_app(conn: &Connection, app: &str) -> Result<Option<Row>> {
        Ok(conn
            .prepare_cached(&format!(
                "SELECT {COLUMNS} FROM app_install WHERE app = ?1 AND (state = 'installed' OR delete_data = 0) \
                 ORDER BY state = 'installed' DESC, removed_at DESC LIMIT 1"
            ))?
            .query_row([app], Row::read)
            .optional()?)
    }

    pub(crate) fn put(&self, tx: &Transaction<'_>) -> Result<()> {
        tx.prepare_cached(&format!(
            "INSERT INTO app_install ({COLUMNS}) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11) \
             ON CONFLICT (install) DO UPDATE SET package = excluded.package, previous = excluded.previous, \
             system = excluded.system, state = excluded.state, delete_data = excluded.delete_data, \
             installed_at = excluded.installed_at, updated_at = excluded.updated_at, removed_at = excluded.removed_at, \
             undo_until = excluded.undo_until"
        ))?
        .execute(params![
            bytes_of(self.install),
            self.app,
            self.package.map(|digest| *digest.as_bytes()),
            self.previous.map(|digest| *digest.as_bytes()),
            self.system,
            self.state,
            self.delete_data,
            self.installed_at,
            self.updated_at,
            self.removed_at,
            self.undo_until,
        ])?;
        Ok(())
    }

    pub(crate) fn delete(tx: &Transaction<'_>, install: InstallId) -> Result<()> {
        for table in ["app_install", "app_grant", "app_grant_before", "app_picked"] {
            tx.prepare_cached(&format!("DELETE FROM {table} WHERE install = ?1"))?
                .execute([bytes_of(install)])?;
        }
        Ok(())
    }
}

impl Package {
    pub(crate) fn get(conn: &Connection, digest: &Digest) -> Result<Option<Package>> {
        let row = conn
            .prepare_cached(
                "SELECT manifest, installed, did, hash, size FROM app_package WHERE digest = ?1",
            )?
            .query_row([digest.as_bytes()], |row| {
                Ok((
                    row.get::<_, String>(0)?,
                    row.get::<_, String>(1)?,
                    row.get::<_, String>(2)?,
                    row.get::<_, String>(3)?,
                    row.get::<_, i64>(4)?,
                ))
            })
            .optional()?;
        let Some((manifest, installed, did, hash, size)) = row else {
            return Ok(None);
        };
        let damaged = |why: String| Error::Damaged {
            what: "the row of a package".into(),
            why,
        };
        Ok(Some(Package {
            digest: *digest,
            manifest: Manifest::parse(manifest.as_bytes())?,
            installed: serde_json::from_str(&installed)
                .map_err(|error| damaged(error.to_string()))?,
            publisher: Publisher { did, hash },
            size: size.unsigned_abs(),
        }))
    }
}

/// What an app was given, with the time of each.
pub(crate) fn grants(
    conn: &Connection,
    table: &str,
    install: InstallId,
) -> Result<BTreeMap<String, i64>> {
    let mut statement =
        conn.prepare_cached(&format!("SELECT key, at FROM {table} WHERE install = ?1"))?;
    let rows = statement.query_map([bytes_of(install)], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(rows.collect::<webx_vault::rusqlite::Result<_>>()?)
}

/// Replaces what an app was given.
pub(crate) fn set_grants(
    tx: &Transaction<'_>,
    table: &str,
    install: InstallId,
    keys: &BTreeMap<String, i64>,
) -> Result<()> {
    tx.prepare_cached(&format!("DELETE FROM {table} WHERE install = ?1"))?
        .execute([bytes_of(install)])?;
    let mut statement = tx.prepare_cached(&format!("INSERT INTO {table} VALUES (?1, ?2, ?3)"))?;
    for (key, at) in keys {
        statement.execute(params![bytes_of(install), key, at])?;
    }
    Ok(())
}

fn picked(conn: &Connection, install: InstallId) -> Result<HashMap<NodeId, (PickMode, i64)>> {
    let mut statement =
        conn.prepare_cached("SELECT node, mode, at FROM app_picked WHERE install = ?1")?;
    let rows = statement.query_map([bytes_of(install)], |row| {
        let mode = match row.get::<_, String>(1)?.as_str() {
            "write" => PickMode::Write,
            _ => PickMode::Read,
        };
        Ok((NodeId::from_bytes(row.get(0)?), (mode, row.get(2)?)))
    })?;
    Ok(rows.collect::<webx_vault::rusqlite::Result<_>>()?)
}

impl Inner {
    /// Reads what is installed from the database. Called after each change of it.
    pub(crate) fn reload(&self) -> Result<()> {
        let mut known = HashMap::new();
        for entry in self.registry.read().by_install.values() {
            known.insert(entry.package.digest, Arc::clone(&entry.package));
        }
        let mut registry = Registry::default();
        self.db().read(|conn| {
            let mut package = |digest: Option<Digest>| -> Result<Option<Arc<Package>>> {
                let Some(digest) = digest else {
                    return Ok(None);
                };
                if let Some(package) = known.get(&digest) {
                    return Ok(Some(Arc::clone(package)));
                }
                let package = Package::get(conn, &digest)?.map(Arc::new);
                if let Some(package) = &package {
                    known.insert(digest, Arc::clone(package));
                }
                Ok(package)
            };
            for row in Row::all(conn)? {
                if row.state != INSTALLED {
                    continue;
                }
                let Some(current) = package(row.package)? else {
                    tracing::error!(app = row.app, "the package of an app is missing");
                    continue;
                };
                registry
                    .by_label
                    .insert(self.label(row.install), row.install);
                let entry = Entry {
                    install: row.install,
                    app: row.app.parse()?,
                    package: current,
                    previous: package(row.previous)?,
                    system: row.system,
                    installed_at: row.installed_at,
                    updated_at: row.updated_at,
                    grants: grants(conn, "app_grant", row.install)?
                        .into_keys()
                        .collect(),
                    picked: picked(conn, row.install)?,
                };
                registry.by_install.insert(row.install, Arc::new(entry));
            }
            Ok::<_, Error>(())
        })?;
        *self.registry.write() = Arc::new(registry);
        Ok(())
    }

    /// The part of an app's origin that nobody can guess: 26 characters of base32.
    pub(crate) fn label(&self, install: InstallId) -> String {
        let hash = blake3::keyed_hash(self.origins.as_bytes(), install.uuid().as_bytes());
        base32(hash.as_bytes().get(..16).unwrap_or_default())
    }
}

fn base32(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";
    let (mut out, mut bits, mut held) = (String::new(), 0_u32, 0_u32);
    let mut push =
        |five: u32| out.push(LETTERS.get((five & 31) as usize).copied().unwrap_or(b'a') as char);
    for byte in bytes {
        held = held << 8 | u32::from(*byte);
        bits += 8;
        while bits >= 5 {
            bits -= 5;
            push(held >> bits);
        }
        held &= (1 << bits) - 1;
    }
    if bits > 0 {
        push(held << (5 - bits));
    }
    out
}

pub(crate) fn bytes_of(install: InstallId) -> [u8; 16] {
    install.uuid().into_bytes()
}

pub(crate) fn install_of(bytes: [u8; 16]) -> InstallId {
    InstallId::from(Uuid::from_bytes(bytes))
}

/// Microseconds since 1970, as times stand in the tables.
pub(crate) fn micros(time: OffsetDateTime) -> i64 {
    i64::try_from(time.unix_timestamp_nanos() / 1000).unwrap_or(0)
}

pub(crate) fn time_of(micros: i64) -> OffsetDateTime {
    OffsetDateTime::from_unix_timestamp_nanos(i128::from(micros) * 1000)
        .unwrap_or(OffsetDateTime::UNIX_EPOCH)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base32_is_that_of_the_standard_in_small_letters() {
        assert_eq!(base32(b"foobar"), "mzxw6ytboi");
        assert_eq!(base32(&[255; 16]).len(), 26);
    }
}
