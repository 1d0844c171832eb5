//! Versions of files, and folders as they were.
use std::collections::{HashMap, HashSet};

use rusqlite::{Connection, params};
use time::OffsetDateTime;

use crate::{
    Drive, Error, Kind, Node, NodeId, Result, Version, VersionId,
    event::Op,
    keys::open_file_key,
    list::{PastRow, children_at},
    node::{from_micros, to_micros},
    reader::state,
    tree::{self, Entry},
    txn::Txn,
};

/// What [`Drive::restore_folder_at`] did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct RestoredFolder {
    /// Nodes that were changed, moved or brought back to what they were.
    pub restored: u64,
    /// Nodes that lie elsewhere now: they stay there, and the folder got a copy.
    pub copied: u64,
    /// Nodes that were not there at that time: they are in the trash.
    pub trashed: u64,
}

/// The number that the version `since` has among the versions of a file.
pub(crate) fn number_of(conn: &Connection, n: i64, since: i64) -> Result<u64> {
    let mut statement = conn.prepare_cached(
        "SELECT (SELECT versions FROM drive_node WHERE n = ?1) - count(*) FROM ( \
         SELECT since FROM drive_past WHERE node = ?1 AND since > ?2 \
         UNION SELECT since FROM drive_node WHERE n = ?1 AND since > ?2)",
    )?;
    Ok(statement
        .query_row([n, since], |row| row.get::<_, i64>(0))?
        .max(1) as u64)
}

impl Drive {
    /// The versions of a file, the newest first.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::NotAFile`].
    pub fn versions(&self, id: NodeId) -> Result<Vec<Version>> {
        self.0.read(|conn| {
            let entry = tree::find(conn, id)?.file()?;
            let mut statement = conn.prepare_cached(
                "SELECT since, size, modified FROM drive_node WHERE n = ?1 \
                 UNION ALL SELECT since, size, modified FROM drive_past WHERE node = ?1 ORDER BY since DESC",
            )?;
            let rows = statement.query_map([entry.n], |row| {
                Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)? as u64, row.get::<_, i64>(2)?))
            })?;
            let mut versions: Vec<Version> = Vec::new();
            let mut number = entry.versions;
            for row in rows {
                let (since, size, modified) = row?;
                let id = VersionId(since as u64);
                if versions.last().is_some_and(|last| last.id == id) {
                    continue;
                }
                let created_at = tree::time_of(conn, since)?;
                let current = since == entry.since;
                versions.push(Version { id, number, size, modified: from_micros(modified), created_at, current });
                number = number.saturating_sub(1);
            }
            Ok(versions)
        })
    }

    /// Makes an older version the current one again, as a new version: nothing is lost.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::NotAFile`], [`Error::NoSuchVersion`], [`Error::Trashed`].
    pub fn restore_version(&self, id: NodeId, version: VersionId) -> Result<Node> {
        self.0.write(|txn| {
            let entry = txn.live(id)?.file()?;
            if version.0 == entry.since as u64 {
                return tree::node(txn.conn, &entry);
            }
            let old = state(txn.conn, entry, Some(version))?;
            let mut entry = old.entry;
            entry.file_key = old.file_key;
            let entry = txn.set_content(entry, old.content, old.size, Some(old.modified))?;
            tree::node(txn.conn, &entry)
        })
    }

    /// Makes a folder, with everything below it, what it was at a time. That is a change like any other: what is
    /// replaced stays as a version, what was not there goes to the trash, and it can be undone by the same call with a
    /// time before it. What was purged since does not come back.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::NotAFolder`], [`Error::Trashed`].
    pub fn restore_folder_at(&self, id: NodeId, at: OffsetDateTime) -> Result<RestoredFolder> {
        self.0.write(|txn| {
            let folder = txn.live(id)?.folder()?;
            let seq = tree::seq_at(txn.conn, to_micros(at))?;
            let mut done = RestoredFolder::default();
            txn.restore_folder(folder.n, seq, &mut done)?;
            if done != RestoredFolder::default() {
                let parent = txn.id_of(folder.parent)?;
                txn.event(Op::Changed, folder.id, parent);
            }
            Ok(done)
        })
    }
}

impl Txn<'_> {
    fn restore_folder(&mut self, top: i64, seq: i64, done: &mut RestoredFolder) -> Result<()> {
        // What was there, with the row of the folder it was in, parents first.
        let mut wanted: Vec<(i64, PastRow)> = Vec::new();
        let mut seen = HashSet::from([top]);
        let mut folders = vec![top];
        while let Some(folder) = folders.pop() {
            for row in children_at(self.conn, folder, seq)? {
                if seen.insert(row.n) {
                    if row.kind == Kind::Folder {
                        folders.push(row.n);
                    }
                    wanted.push((folder, row));
                }
            }
        }
        let mut here = HashSet::from([top]);
        let mut folders = vec![top];
        while let Some(folder) = folders.pop() {
            for child in tree::children(self.conn, folder)? {
                here.insert(child.n);
                if child.is_folder() {
                    folders.push(child.n);
                }
            }
        }
        // The folder that stands for a folder of that time: itself, or the copy made of it.
        let mut place: HashMap<i64, i64> = HashMap::from([(top, top)]);
        let mut belongs = HashSet::new();
        let mut taken_back = Vec::new();
        for (parent, row) in wanted {
            let Some(parent) = place.get(&parent).copied() else {
                continue;
            };
            let Some(entry) = tree::entry(self.conn, row.n)? else {
                continue;
            };
            let elsewhere = !here.contains(&row.n) && !tree::lineage(self.conn, row.n)?.trashed;
            if elsewhere {
                let copy = self.copy_past(&entry, &row, parent)?;
                belongs.insert(copy.n);
                place.insert(row.n, copy.n);
                done.copied += 1;
            } else {
                belongs.insert(entry.n);
                taken_back.push((parent, row));
                place.insert(entry.n, entry.n);
            }
        }
        for (parent, row) in taken_back {
            if let Some(entry) = tree::entry(self.conn, row.n)?
                && self.take_back(entry, &row, parent)?
            {
                done.restored += 1;
            }
        }
        // What is here now and was not then goes to the trash, also what came back inside of a folder out of the trash.
        let mut folders = vec![top];
        while let Some(folder) = folders.pop() {
            for child in tree::children(self.conn, folder)? {
                if !belongs.contains(&child.n) {
                    self.trash(child)?;
                    done.trashed += 1;
                } else if child.is_folder() {
                    folders.push(child.n);
                }
            }
        }
        Ok(())
    }

    /// Makes a node what it was; true when it was different. Its name may be taken for the moment, by something that is
    /// about to go.
    fn take_back(&mut self, mut entry: Entry, row: &PastRow, parent: i64) -> Result<bool> {
        let same_content = entry.content == row.content;
        if entry.parent == parent
            && entry.name == row.name
            && same_content
            && entry.modified == row.modified
        {
            return Ok(false);
        }
        if entry.parent != parent {
            let parent =
                tree::entry(self.conn, parent)?.ok_or_else(|| Error::NotFound(row.name.clone()))?;
            self.rehang(&mut entry, &parent)?;
            entry.origin = None;
        }
        entry.name.clone_from(&row.name);
        if !same_content || entry.modified != row.modified {
            entry.content = row.content;
            entry.file_key.clone_from(&row.file_key);
            entry.size = row.size;
            entry.modified = row.modified;
            if entry.kind == Kind::File {
                entry.versions += 1;
                entry.since = self.counters.seq + 1; // the change that is about to be made
            }
        }
        self.change(entry)?;
        Ok(true)
    }

    /// Copies a node as it was.
    fn copy_past(&mut self, entry: &Entry, row: &PastRow, parent: i64) -> Result<Entry> {
        let parent =
            tree::entry(self.conn, parent)?.ok_or_else(|| Error::NotFound(row.name.clone()))?;
        let file_key = match row.kind {
            Kind::Folder => None,
            Kind::File => {
                self.share_file_key(entry.n)?;
                let key = self.key(entry)?;
                Some(open_file_key(
                    &key,
                    row.file_key.as_deref(),
                    entry.id,
                    entry.generation,
                )?)
            }
        };
        let copy = self.copy_as(
            row.kind,
            row.content,
            file_key.as_ref(),
            row.size,
            row.modified,
            &parent,
            &row.name,
        )?;
        self.count(parent.n, 1);
        Ok(copy)
    }

    /// Forgets versions and states of a node that ended before the change `before` or are not among the last `keep`.
    pub(crate) fn forget_versions(
        &mut self,
        n: i64,
        keep: Option<u64>,
        before: Option<i64>,
    ) -> Result<u64> {
        let mut statement = self.conn.prepare_cached(
            "SELECT since, max(died) FROM drive_past WHERE node = ?1 \
             AND since <> (SELECT since FROM drive_node WHERE n = ?1) GROUP BY since ORDER BY since DESC",
        )?;
        let old: Vec<(i64, i64)> = statement
            .query_map([n], |row| Ok((row.get(0)?, row.get(1)?)))?
            .collect::<rusqlite::Result<_>>()?;
        drop(statement);
        let mut forgotten = 0;
        for (i, (since, died)) in old.into_iter().enumerate() {
            // The current version is the first of those that are kept.
            let too_many = keep.is_some_and(|keep| i as u64 + 1 >= keep);
            let too_old = before.is_some_and(|before| died <= before);
            if !too_many && !too_old {
                continue;
            }
            let contents: Vec<i64> = self
                .conn
                .prepare_cached(
                    "DELETE FROM drive_past WHERE node = ?1 AND since = ?2 RETURNING content",
                )?
                .query_map(params![n, since], |row| row.get::<_, Option<i64>>(0))?
                .filter_map(Result::transpose)
                .collect::<rusqlite::Result<_>>()?;
            for content in contents.into_iter().collect::<HashSet<_>>() {
                if !self.holds_content(n, content)? {
                    self.drop_content(content)?;
                }
            }
            forgotten += 1;
        }
        Ok(forgotten)
    }
}
