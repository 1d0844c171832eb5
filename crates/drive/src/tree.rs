//! Reading the tree's rows.
use rusqlite::{Connection, OptionalExtension, Row as SqlRow, params};
use time::OffsetDateTime;

use crate::{
    Error, Kind, Node, NodeId, Result, Trashed, VersionId, name,
    node::from_micros,
    schema::{ROOT, TRASH},
};

/// A row of `drive_node`.
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    pub(crate) n: i64,
    pub(crate) id: NodeId,
    pub(crate) parent: i64,
    pub(crate) kind: Kind,
    pub(crate) name: String,
    pub(crate) size: u64,
    pub(crate) modified: i64,
    pub(crate) created: i64,
    pub(crate) born: i64,
    pub(crate) since: i64,
    pub(crate) versions: u64,
    pub(crate) content: Option<i64>,
    /// The file key also seals content of another node: the next version takes a new one.
    pub(crate) shared: bool,
    pub(crate) generation: u32,
    pub(crate) key: Vec<u8>,
    pub(crate) file_key: Option<Vec<u8>>,
    pub(crate) items: u64,
    /// The folder that something in the trash came from.
    pub(crate) origin: Option<i64>,
}

pub(crate) const COLUMNS: &str = "n, id, parent, kind, name, size, modified, created, born, since, versions, content, \
     shared, generation, key, file_key, items, origin";

impl Entry {
    pub(crate) fn read(row: &SqlRow<'_>) -> rusqlite::Result<Entry> {
        Ok(Entry {
            n: row.get(0)?,
            id: NodeId::from_bytes(row.get(1)?),
            parent: row.get(2)?,
            kind: if row.get::<_, i64>(3)? == 0 {
                Kind::Folder
            } else {
                Kind::File
            },
            name: row.get(4)?,
            size: row.get::<_, i64>(5)? as u64,
            modified: row.get(6)?,
            created: row.get(7)?,
            born: row.get(8)?,
            since: row.get(9)?,
            versions: row.get::<_, i64>(10)? as u64,
            content: row.get(11)?,
            shared: row.get::<_, i64>(12)? != 0,
            generation: row.get(13)?,
            key: row.get(14)?,
            file_key: row.get(15)?,
            items: row.get::<_, i64>(16)? as u64,
            origin: row.get(17)?,
        })
    }

    pub(crate) fn is_folder(&self) -> bool {
        self.kind == Kind::Folder
    }

    pub(crate) fn folder(self) -> Result<Entry> {
        if self.is_folder() {
            Ok(self)
        } else {
            Err(Error::NotAFolder(self.name))
        }
    }

    pub(crate) fn file(self) -> Result<Entry> {
        if self.is_folder() {
            Err(Error::NotAFile(self.name))
        } else {
            Ok(self)
        }
    }

    /// What the outside sees. `parent` is the id of the parent's row.
    pub(crate) fn node(&self, parent: Option<NodeId>, trashed: Option<Trashed>) -> Node {
        Node {
            id: self.id,
            parent: parent.filter(|id| *id != NodeId::TRASH),
            name: self.name.clone(),
            kind: self.kind,
            size: self.size,
            modified: from_micros(self.modified),
            created: from_micros(self.created),
            version: self.versions,
            version_id: VersionId(self.since as u64),
            mime: mime(self.kind, &self.name),
            child_count: self.is_folder().then_some(self.items),
            trashed,
        }
    }
}

pub(crate) fn mime(kind: Kind, name: &str) -> Option<&'static str> {
    if kind == Kind::Folder {
        return None;
    }
    mime_guess::from_path(name).first_raw()
}

/// The row `n`.
pub(crate) fn entry(conn: &Connection, n: i64) -> Result<Option<Entry>> {
    const SQL: &str = "SELECT n, id, parent, kind, name, size, modified, created, born, since, versions, content, shared, \
                       generation, key, file_key, items, origin FROM drive_node WHERE n = ?1";
    Ok(conn
        .prepare_cached(SQL)?
        .query_row([n], Entry::read)
        .optional()?)
}

/// The row of a node.
pub(crate) fn find(conn: &Connection, id: NodeId) -> Result<Entry> {
    const SQL: &str = "SELECT n, id, parent, kind, name, size, modified, created, born, since, versions, content, shared, \
                       generation, key, file_key, items, origin FROM drive_node WHERE id = ?1";
    let found = conn
        .prepare_cached(SQL)?
        .query_row([id.as_bytes()], Entry::read)
        .optional()?;
    found
        .filter(|entry| entry.n != TRASH)
        .ok_or_else(|| Error::NotFound(format!("node {id}")))
}

/// The child with exactly this (checked) name.
pub(crate) fn child(conn: &Connection, parent: i64, child: &str) -> Result<Option<Entry>> {
    const SQL: &str = "SELECT n, id, parent, kind, name, size, modified, created, born, since, versions, content, shared, \
                       generation, key, file_key, items, origin FROM drive_node \
                       WHERE parent = ?1 AND kind IN (0, 1) AND sort = ?2 AND name = ?3";
    let sort = name::sort_key(child);
    Ok(conn
        .prepare_cached(SQL)?
        .query_row(params![parent, sort, child], Entry::read)
        .optional()?)
}

/// The children of a folder, unordered, after row `after`, for walks in slices.
pub(crate) fn children(conn: &Connection, parent: i64) -> Result<Vec<Entry>> {
    const SQL: &str = "SELECT n, id, parent, kind, name, size, modified, created, born, since, versions, content, shared, \
                       generation, key, file_key, items, origin FROM drive_node WHERE parent = ?1";
    let mut statement = conn.prepare_cached(SQL)?;
    let rows = statement.query_map([parent], Entry::read)?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// A place in the tree: the nodes from the root, or from the trash, down to a node.
pub(crate) struct Lineage {
    /// From the top to the node itself; neither the root nor the trash is in it.
    pub(crate) steps: Vec<Step>,
    /// Whether the top lies in the trash.
    pub(crate) trashed: bool,
}

pub(crate) struct Step {
    pub(crate) n: i64,
    pub(crate) id: NodeId,
    pub(crate) name: String,
    pub(crate) born: i64,
    pub(crate) origin: Option<i64>,
}

impl Lineage {
    pub(crate) fn path(&self) -> String {
        let mut path = String::new();
        for step in &self.steps {
            path.push('/');
            path.push_str(&step.name);
        }
        if path.is_empty() {
            path.push('/');
        }
        path
    }

    pub(crate) fn contains(&self, n: i64) -> bool {
        self.steps.iter().any(|step| step.n == n)
    }

    /// Where the thing in the trash that the node belongs to came from.
    pub(crate) fn trashed(&self, conn: &Connection) -> Result<Option<Trashed>> {
        match self.steps.first() {
            Some(top) if self.trashed => Ok(Some(trashed(conn, top.origin, &top.name, top.born)?)),
            _ => Ok(None),
        }
    }
}

/// How a row in the trash came there.
pub(crate) fn trashed(
    conn: &Connection,
    origin: Option<i64>,
    name: &str,
    born: i64,
) -> Result<Trashed> {
    let mut from_path = match origin {
        Some(origin) if entry(conn, origin)?.is_some() => lineage(conn, origin)?.path(),
        _ => "/".to_owned(),
    };
    if !from_path.ends_with('/') {
        from_path.push('/');
    }
    from_path.push_str(name);
    Ok(Trashed {
        at: time_of(conn, born)?,
        from_path,
    })
}

/// Walks up from `n`.
pub(crate) fn lineage(conn: &Connection, n: i64) -> Result<Lineage> {
    const SQL: &str = "SELECT id, parent, name, born, origin FROM drive_node WHERE n = ?1";
    let mut statement = conn.prepare_cached(SQL)?;
    let mut steps = Vec::new();
    let mut at = n;
    while at != ROOT && at != TRASH {
        let (step, parent) = statement
            .query_row([at], |row| {
                let step = Step {
                    n: at,
                    id: NodeId::from_bytes(row.get(0)?),
                    name: row.get(2)?,
                    born: row.get(3)?,
                    origin: row.get(4)?,
                };
                Ok((step, row.get(1)?))
            })
            .optional()?
            .ok_or_else(|| Error::NotFound(format!("folder above row {n}")))?;
        steps.push(step);
        at = parent;
        // A tree this deep cannot be made; only a damaged table has a ring.
        if steps.len() > 100_000 {
            return Err(Error::TooLarge {
                what: "the depth of the tree",
                max: 100_000,
            });
        }
    }
    steps.reverse();
    Ok(Lineage {
        steps,
        trashed: at == TRASH,
    })
}

/// The node of a row, with everything the outside sees of it.
pub(crate) fn node(conn: &Connection, entry: &Entry) -> Result<Node> {
    if entry.n == ROOT {
        return Ok(entry.node(None, None));
    }
    let lineage = lineage(conn, entry.n)?;
    let parent = match lineage.steps.as_slice() {
        [.., parent, _] => Some(parent.id),
        _ if lineage.trashed => None,
        _ => Some(NodeId::ROOT),
    };
    Ok(entry.node(parent, lineage.trashed(conn)?))
}

/// When the change `seq` was made.
pub(crate) fn time_of(conn: &Connection, seq: i64) -> Result<OffsetDateTime> {
    const SQL: &str = "SELECT at FROM drive_change WHERE seq >= ?1 ORDER BY seq LIMIT 1";
    let at = conn
        .prepare_cached(SQL)?
        .query_row([seq], |row| row.get(0))
        .optional()?;
    Ok(from_micros(at.unwrap_or_default()))
}

/// The last change made at or before a time; 0 when there was none.
pub(crate) fn seq_at(conn: &Connection, micros: i64) -> Result<i64> {
    const SQL: &str =
        "SELECT seq FROM drive_change WHERE at <= ?1 ORDER BY at DESC, seq DESC LIMIT 1";
    Ok(conn
        .prepare_cached(SQL)?
        .query_row([micros], |row| row.get(0))
        .optional()?
        .unwrap_or(0))
}
