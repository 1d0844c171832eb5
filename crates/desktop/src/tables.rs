//! What the desktop keeps in the vault's database: settings, window layout, the WebDAV token's hash and dead properties.

use serde::{Serialize, de::DeserializeOwned};
use webx_vault::{
    Db,
    rusqlite::{self, OptionalExtension as _, params},
};

use crate::http::problem::Problem;

const STEPS: &[&str] = &[
    "CREATE TABLE desktop_document (name TEXT PRIMARY KEY, body TEXT NOT NULL) STRICT, WITHOUT ROWID;
     CREATE TABLE desktop_dav_property (
         node BLOB NOT NULL, namespace TEXT NOT NULL, name TEXT NOT NULL, prefix TEXT, xml BLOB NOT NULL,
         PRIMARY KEY (node, namespace, name)
     ) STRICT, WITHOUT ROWID;",
    // `place` is the entry in the status list; a withdrawn credential keeps it.
    "CREATE TABLE desktop_credential (
         id TEXT PRIMARY KEY, issued_at INTEGER NOT NULL, place INTEGER UNIQUE, withdrawn INTEGER NOT NULL DEFAULT 0, body TEXT NOT NULL
     ) STRICT, WITHOUT ROWID;",
];

/// Most dead properties a file or folder may have over WebDAV, and the most bytes of one.
pub(crate) const MAX_PROPERTIES: i64 = 256;
pub(crate) const MAX_PROPERTY: usize = 64 * 1024;

/// The desktop's own tables. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Tables(Db);

/// A dead property (RFC 4918, section 4.2).
pub(crate) struct Property {
    pub(crate) namespace: String,
    pub(crate) name: String,
    pub(crate) prefix: Option<String>,
    pub(crate) xml: Vec<u8>,
}

type Result<T> = std::result::Result<T, Failed>;

/// The database refused.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failed {
    #[error("the vault refused: {0}")]
    Vault(#[from] webx_vault::Error),
    #[error("the database refused: {0}")]
    Sql(#[from] rusqlite::Error),
    #[error("a stored document is not readable: {0}")]
    Json(#[from] serde_json::Error),
    #[error("too many or too large properties")]
    Full,
}

impl From<Failed> for Problem {
    fn from(failed: Failed) -> Self {
        match failed {
            Failed::Vault(error) => error.into(),
            other => Problem::internal(other),
        }
    }
}

impl Tables {
    pub(crate) fn open(db: Db) -> Result<Self> {
        db.migrate("desktop", STEPS)?;
        Ok(Self(db))
    }

    /// The database, for rooms that keep tables of their own here.
    pub(crate) fn db(&self) -> &Db {
        &self.0
    }

    /// A stored document; its default while none was stored.
    pub(crate) fn document<T: DeserializeOwned + Default>(&self, name: &str) -> Result<T> {
        let body: Option<String> = self.0.read(|c| {
            Ok::<_, Failed>(
                c.query_row(
                    "SELECT body FROM desktop_document WHERE name = ?1",
                    [name],
                    |r| r.get(0),
                )
                .optional()?,
            )
        })?;
        Ok(body
            .map(|b| serde_json::from_str(&b))
            .transpose()?
            .unwrap_or_default())
    }

    /// Stores a document in place of the one before.
    pub(crate) fn put_document<T: Serialize>(&self, name: &str, value: &T) -> Result<()> {
        let body = serde_json::to_string(value)?;
        self.0.write(|t| {
            t.execute(
                "INSERT OR REPLACE INTO desktop_document (name, body) VALUES (?1, ?2)",
                params![name, body],
            )?;
            Ok(())
        })
    }

    /// Reads a document, changes it and stores it, all in one step that nobody comes between.
    pub(crate) fn update_document<T, R, E>(
        &self,
        name: &str,
        change: impl FnOnce(&mut T) -> std::result::Result<R, E>,
    ) -> std::result::Result<(T, R), E>
    where
        T: Serialize + DeserializeOwned + Default,
        E: From<Failed> + From<webx_vault::Error>,
    {
        self.0.write(|t| {
            let body: Option<String> = t
                .query_row(
                    "SELECT body FROM desktop_document WHERE name = ?1",
                    [name],
                    |r| r.get(0),
                )
                .optional()
                .map_err(Failed::from)?;
            let mut value: T = body
                .map(|b| serde_json::from_str(&b))
                .transpose()
                .map_err(Failed::from)?
                .unwrap_or_default();
            let result = change(&mut value)?;
            let body = serde_json::to_string(&value).map_err(Failed::from)?;
            t.execute(
                "INSERT OR REPLACE INTO desktop_document (name, body) VALUES (?1, ?2)",
                params![name, body],
            )
            .map_err(Failed::from)?;
            Ok((value, result))
        })
    }

    /// The dead properties of a file or folder.
    pub(crate) fn properties(&self, node: &[u8]) -> Result<Vec<Property>> {
        self.0.read(|c| {
            let mut statement = c.prepare_cached(
                "SELECT namespace, name, prefix, xml FROM desktop_dav_property WHERE node = ?1",
            )?;
            let rows = statement.query_map([node], |r| {
                Ok(Property {
                    namespace: r.get(0)?,
                    name: r.get(1)?,
                    prefix: r.get(2)?,
                    xml: r.get(3)?,
                })
            })?;
            Ok(rows.collect::<std::result::Result<_, _>>()?)
        })
    }

    /// Whether a file or folder has a dead property.
    pub(crate) fn has_properties(&self, node: &[u8]) -> Result<bool> {
        self.0.read(|c| {
            Ok(c.query_row(
                "SELECT EXISTS (SELECT 1 FROM desktop_dav_property WHERE node = ?1)",
                [node],
                |r| r.get(0),
            )?)
        })
    }

    /// Whether any file or folder has a dead property.
    pub(crate) fn has_any_property(&self) -> Result<bool> {
        self.0.read(|c| {
            Ok(c.query_row(
                "SELECT EXISTS (SELECT 1 FROM desktop_dav_property)",
                [],
                |r| r.get(0),
            )?)
        })
    }

    /// Sets (`true`) and removes (`false`) dead properties, all or none of them.
    pub(crate) fn patch_properties(&self, node: &[u8], patch: &[(bool, Property)]) -> Result<()> {
        self.0.write(|t| {
            for (set, p) in patch {
                if *set {
                    if p.xml.len() > MAX_PROPERTY || p.name.len() + p.namespace.len() > 1024 {
                        return Err(Failed::Full);
                    }
                    t.execute(
                        "INSERT OR REPLACE INTO desktop_dav_property (node, namespace, name, prefix, xml) VALUES (?1, ?2, ?3, ?4, ?5)",
                        params![node, p.namespace, p.name, p.prefix, p.xml],
                    )?;
                } else {
                    t.execute(
                        "DELETE FROM desktop_dav_property WHERE node = ?1 AND namespace = ?2 AND name = ?3",
                        params![node, p.namespace, p.name],
                    )?;
                }
            }
            let count: i64 = t.query_row("SELECT count(*) FROM desktop_dav_property WHERE node = ?1", [node], |r| r.get(0))?;
            if count > MAX_PROPERTIES { Err(Failed::Full) } else { Ok(()) }
        })
    }

    /// Gives `to` the dead properties of `from` in place of its own.
    pub(crate) fn copy_properties(&self, from: &[u8], to: &[u8]) -> Result<()> {
        self.0.write(|t| {
            t.execute("DELETE FROM desktop_dav_property WHERE node = ?1", [to])?;
            t.execute(
                "INSERT INTO desktop_dav_property (node, namespace, name, prefix, xml)
                 SELECT ?2, namespace, name, prefix, xml FROM desktop_dav_property WHERE node = ?1",
                params![from, to],
            )?;
            Ok(())
        })
    }

    /// Forgets the dead properties of a node that is gone.
    pub(crate) fn drop_properties(&self, node: &[u8]) -> Result<()> {
        self.0.write(|t| {
            t.execute("DELETE FROM desktop_dav_property WHERE node = ?1", [node])?;
            Ok(())
        })
    }
}
