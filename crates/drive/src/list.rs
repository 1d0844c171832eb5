//! Listing folders, now and in the past.
use rusqlite::{Connection, params};

use crate::{
    Drive, Kind, ListQuery, Node, NodeId, Page, Result, Sort, VersionId, name,
    node::{from_micros, to_micros},
    schema::TRASH,
    tree::{self, Entry},
};

impl Drive {
    /// Lists a folder, also one in the trash.
    ///
    /// # Errors
    /// [`crate::Error::NotFound`], [`crate::Error::NotAFolder`].
    pub fn list(&self, folder: NodeId, query: &ListQuery) -> Result<Page> {
        let limit = query.limit.min(ListQuery::MAX);
        self.0.read(|conn| {
            let folder = tree::find(conn, folder)?.folder()?;
            if let Some(at) = query.at {
                return list_past(conn, &folder, tree::seq_at(conn, to_micros(at))?, query);
            }
            let trashed = tree::lineage(conn, folder.n)?.trashed(conn)?;
            let items = rows(conn, folder.n, query, limit)?
                .iter()
                .map(|entry| entry.node(Some(folder.id), trashed.clone()))
                .collect();
            Ok(Page {
                items,
                total: folder.items,
            })
        })
    }

    /// Lists what is in the trash: the things that were removed, not what is inside of them. The last removed first.
    ///
    /// # Errors
    /// [`crate::Error::Vault`].
    pub fn trash_list(&self, offset: u64, limit: u32) -> Result<Page> {
        let limit = limit.min(ListQuery::MAX);
        self.0.read(|conn| {
            let trash = tree::entry(conn, TRASH)?;
            let sql = format!(
                "SELECT {} FROM drive_node WHERE parent = ?1 ORDER BY born DESC LIMIT ?2 OFFSET ?3",
                tree::COLUMNS
            );
            let mut statement = conn.prepare_cached(&sql)?;
            let rows = statement.query_map(params![TRASH, limit, clamp(offset)], Entry::read)?;
            let mut items = Vec::new();
            for entry in rows {
                let entry = entry?;
                let trashed = tree::trashed(conn, entry.origin, &entry.name, entry.born)?;
                items.push(entry.node(None, Some(trashed)));
            }
            Ok(Page {
                items,
                total: trash.map_or(0, |trash| trash.items),
            })
        })
    }
}

fn clamp(offset: u64) -> i64 {
    i64::try_from(offset).unwrap_or(i64::MAX)
}

/// A slice of a folder. Folders and files are two runs of the same index, so that either direction only walks it.
fn rows(conn: &Connection, folder: i64, query: &ListQuery, limit: u32) -> Result<Vec<Entry>> {
    let mut out = Vec::new();
    let mut offset = query.offset;
    for kind in [0i64, 1] {
        let left = limit as usize - out.len();
        if left == 0 {
            break;
        }
        let before = out.len();
        let direction = if query.descending { "DESC" } else { "ASC" };
        let order = match query.sort {
            Sort::Name => format!("sort {direction}"),
            Sort::Size => format!("size {direction}, sort"),
            Sort::Modified => format!("modified {direction}, sort"),
            Sort::Kind => format!("ext {direction}, sort"),
        };
        let columns: Vec<_> = tree::COLUMNS
            .split(", ")
            .map(|column| format!("d.{}", column.trim()))
            .collect();
        let sql = format!(
            "SELECT {} FROM (SELECT n FROM drive_node INDEXED BY drive_node_list WHERE parent = ?1 AND kind = ?2 \
             ORDER BY {order} LIMIT ?3 OFFSET ?4) CROSS JOIN drive_node d USING (n)",
            columns.join(", ")
        );
        let mut statement = conn.prepare_cached(&sql)?;
        for entry in statement.query_map(
            params![folder, kind, left as i64, clamp(offset)],
            Entry::read,
        )? {
            out.push(entry?);
        }
        if kind == 0 && offset > 0 {
            if out.len() > before {
                offset = 0;
            } else {
                let folders: i64 = conn
                    .prepare_cached(
                        "SELECT count(*) FROM drive_node WHERE parent = ?1 AND kind = 0",
                    )?
                    .query_row([folder], |row| row.get(0))?;
                offset = offset.saturating_sub(folders as u64);
            }
        }
    }
    Ok(out)
}

/// A row of the tree as it was.
#[derive(Debug, Clone)]
pub(crate) struct PastRow {
    pub(crate) n: i64,
    pub(crate) id: NodeId,
    pub(crate) kind: Kind,
    pub(crate) name: String,
    pub(crate) size: u64,
    pub(crate) modified: i64,
    pub(crate) created: i64,
    pub(crate) since: i64,
    pub(crate) content: Option<i64>,
    pub(crate) file_key: Option<Vec<u8>>,
}

/// The children that a folder had after the change `seq`.
pub(crate) fn children_at(conn: &Connection, folder: i64, seq: i64) -> Result<Vec<PastRow>> {
    let mut statement = conn.prepare_cached(
        "SELECT n, id, kind, name, size, modified, created, since, content, file_key FROM drive_node \
         WHERE parent = ?1 AND born <= ?2 \
         UNION ALL \
         SELECT n, id, kind, p.name, p.size, p.modified, created, p.since, p.content, p.file_key \
         FROM drive_past p JOIN drive_node ON n = p.node WHERE p.parent = ?1 AND p.died > ?2 AND p.born <= ?2",
    )?;
    let rows = statement.query_map([folder, seq], |row| {
        Ok(PastRow {
            n: row.get(0)?,
            id: NodeId::from_bytes(row.get(1)?),
            kind: if row.get::<_, i64>(2)? == 0 {
                Kind::Folder
            } else {
                Kind::File
            },
            name: row.get(3)?,
            size: row.get::<_, i64>(4)? as u64,
            modified: row.get(5)?,
            created: row.get(6)?,
            since: row.get(7)?,
            content: row.get(8)?,
            file_key: row.get(9)?,
        })
    })?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

fn list_past(conn: &Connection, folder: &Entry, seq: i64, query: &ListQuery) -> Result<Page> {
    let mut rows = children_at(conn, folder.n, seq)?;
    rows.sort_by_cached_key(|row| (name::sort_key(&row.name), row.name.clone()));
    match query.sort {
        Sort::Name if query.descending => rows.reverse(),
        Sort::Name => {}
        Sort::Size => rows.sort_by_key(|row| {
            if query.descending {
                u64::MAX - row.size
            } else {
                row.size
            }
        }),
        Sort::Modified => rows.sort_by_key(|row| {
            if query.descending {
                !row.modified
            } else {
                row.modified
            }
        }),
        Sort::Kind if query.descending => {
            rows.sort_by_cached_key(|row| std::cmp::Reverse(extension(row)));
        }
        Sort::Kind => rows.sort_by_cached_key(extension),
    }
    rows.sort_by_key(|row| row.kind);
    let total = rows.len() as u64;
    let items = rows
        .into_iter()
        .skip(usize::try_from(query.offset).unwrap_or(usize::MAX))
        .take(query.limit.min(ListQuery::MAX) as usize)
        .map(|row| past_node(conn, row, folder.id))
        .collect::<Result<_>>()?;
    Ok(Page { items, total })
}

/// The extension by which a row is ordered; a folder has none.
fn extension(row: &PastRow) -> String {
    if row.kind == Kind::Folder {
        String::new()
    } else {
        name::extension(&row.name)
    }
}

fn past_node(conn: &Connection, row: PastRow, parent: NodeId) -> Result<Node> {
    let version = if row.kind == Kind::File {
        crate::history::number_of(conn, row.n, row.since)?
    } else {
        0
    };
    Ok(Node {
        id: row.id,
        parent: Some(parent),
        mime: tree::mime(row.kind, &row.name),
        name: row.name,
        kind: row.kind,
        size: row.size,
        modified: from_micros(row.modified),
        created: from_micros(row.created),
        version,
        version_id: VersionId(row.since as u64),
        child_count: None,
        trashed: None,
    })
}
