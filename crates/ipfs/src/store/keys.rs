//! The keys that IPNS names are of. Their seeds never leave the vault's database but for an export that was asked for.

use webx_content::ipns::Key;
use webx_vault::Secret32;
use webx_vault::rusqlite::{OptionalExtension as _, Transaction};
use zeroize::Zeroizing;

use super::{Error, PublicStore, Result};

/// The name of the key that is always there.
pub(crate) const SELF: &str = "self";
/// Most keys.
const MAX_KEYS: i64 = 1000;
/// Longest name of a key in bytes.
const MAX_NAME: usize = 128;

impl PublicStore {
    /// A key by its name. The one that is always there is made when it is first asked for.
    pub(crate) fn key(&self, name: &str) -> Result<Option<Key>> {
        let seed: Option<[u8; 32]> = self.0.vault.db().read(|db| {
            let sql = "SELECT seed FROM ipfs_key WHERE name = ?1";
            Ok::<_, Error>(db.query_row(sql, [name], |row| row.get(0)).optional()?)
        })?;
        match seed {
            Some(seed) => Ok(Some(Key::from_seed(Zeroizing::new(seed))?)),
            None if name == SELF => {
                let key = new_key()?;
                self.0.vault.db().write(|tx| {
                    let sql = "INSERT INTO ipfs_key VALUES (?1, ?2) ON CONFLICT DO NOTHING";
                    tx.execute(sql, (SELF, key.seed()))?;
                    Ok::<_, Error>(())
                })?;
                // Somebody else may have been first.
                self.key_again()
            }
            None => Ok(None),
        }
    }

    fn key_again(&self) -> Result<Option<Key>> {
        let seed: [u8; 32] = self.0.vault.db().read(|db| {
            let sql = "SELECT seed FROM ipfs_key WHERE name = ?1";
            Ok::<_, Error>(db.query_row(sql, [SELF], |row| row.get(0))?)
        })?;
        Ok(Some(Key::from_seed(Zeroizing::new(seed))?))
    }

    /// Names of the keys, in order, and the keys.
    pub(crate) fn keys(&self) -> Result<Vec<(String, Key)>> {
        self.key(SELF)?;
        let rows: Vec<(String, [u8; 32])> = self.0.vault.db().read(|db| {
            let mut statement =
                db.prepare_cached("SELECT name, seed FROM ipfs_key ORDER BY name")?;
            let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
            Ok::<_, Error>(rows.collect::<Result<Vec<_>, _>>()?)
        })?;
        rows.into_iter()
            .map(|(name, seed)| Ok((name, Key::from_seed(Zeroizing::new(seed))?)))
            .collect()
    }

    /// Keeps a key under a new name; makes one when none is given.
    ///
    /// # Errors
    /// [`Error::Key`] for a name that is taken or none.
    pub(crate) fn add_key(&self, name: &str, key: Option<Key>) -> Result<Key> {
        check_name(name)?;
        let key = match key {
            Some(key) => key,
            None => new_key()?,
        };
        self.0.vault.db().write(|tx| {
            if has(tx, name)? {
                return Err(Error::Key(format!("key with name '{name}' already exists")));
            }
            let known: i64 = tx.query_row("SELECT count(*) FROM ipfs_key", [], |row| row.get(0))?;
            if known >= MAX_KEYS {
                return Err(Error::Key(format!("there are {MAX_KEYS} keys already")));
            }
            tx.execute("INSERT INTO ipfs_key VALUES (?1, ?2)", (name, key.seed()))?;
            Ok(())
        })?;
        Ok(key)
    }

    /// Gives a key another name; whether it replaced another key.
    ///
    /// # Errors
    /// [`Error::Key`].
    pub(crate) fn rename_key(&self, from: &str, to: &str, replace: bool) -> Result<bool> {
        check_name(to)?;
        if from == SELF {
            return Err(Error::Key("cannot rename key with name 'self'".into()));
        }
        self.0.vault.db().write(|tx| {
            if !has(tx, from)? {
                return Err(missing(from));
            }
            if from == to {
                return Ok(false);
            }
            let taken = has(tx, to)?;
            if taken && !replace {
                return Err(Error::Key(format!(
                    "key by that name already exists, refusing to overwrite: '{to}'"
                )));
            }
            tx.execute("DELETE FROM ipfs_key WHERE name = ?1", [to])?;
            let sql = "UPDATE ipfs_key SET name = ?2 WHERE name = ?1";
            tx.execute(sql, (from, to))?;
            Ok(taken)
        })
    }

    /// Forgets keys for ever: all of them or none.
    ///
    /// # Errors
    /// [`Error::Key`].
    pub(crate) fn remove_keys(&self, names: &[String]) -> Result<Vec<(String, Key)>> {
        let mut removed = Vec::new();
        for name in names {
            if name == SELF {
                return Err(Error::Key("cannot remove key with name 'self'".into()));
            }
            let key = self.key(name)?.ok_or_else(|| missing(name))?;
            removed.push((name.clone(), key));
        }
        self.0.vault.db().write(|tx| {
            for name in names {
                tx.execute("DELETE FROM ipfs_key WHERE name = ?1", [name])?;
            }
            Ok::<_, Error>(())
        })?;
        Ok(removed)
    }
}

pub(crate) fn missing(name: &str) -> Error {
    Error::Key(format!("no key by the given name was found: {name:?}"))
}

fn new_key() -> Result<Key> {
    let seed = Secret32::random()?;
    Ok(Key::from_seed(Zeroizing::new(*seed.as_bytes()))?)
}

fn has(tx: &Transaction<'_>, name: &str) -> Result<bool> {
    let sql = "SELECT EXISTS (SELECT 1 FROM ipfs_key WHERE name = ?1)";
    Ok(tx.query_row(sql, [name], |row| row.get(0))?)
}

fn check_name(name: &str) -> Result<()> {
    let why = match name {
        "" => "a key needs a name",
        SELF => "cannot create key with name 'self'",
        _ if name.len() > MAX_NAME => "the name of a key is too long",
        _ if name.contains('/') || name.chars().any(char::is_control) => {
            "the name of a key has no slash and no control character"
        }
        _ => return Ok(()),
    };
    Err(Error::Key(why.into()))
}
