//! Moving, renaming, copying, removing and bringing back.
use webx_content::FileKey;

use crate::{
    Drive, Error, Kind, Node, NodeId, OnConflict, Result,
    event::Op,
    keys::open_file_key,
    name,
    schema::{ROOT, TRASH},
    tree::{self, Entry},
    txn::{New, Txn},
};

/// Where something that is brought back goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Restored {
    /// The node, at its place.
    pub node: Node,
    /// Its path now. It differs from the one it had when the folder is gone or the name was taken.
    pub path: String,
}

impl Drive {
    /// Gives a node another name in its folder.
    ///
    /// # Errors
    /// As [`Drive::mv`].
    pub fn rename(&self, id: NodeId, name: &str, on_conflict: OnConflict) -> Result<Node> {
        let name = name::check(name)?;
        self.0.write(|txn| {
            let entry = txn.live(id)?;
            let parent = tree::entry(txn.conn, entry.parent)?.ok_or(Error::Root)?;
            txn.relocate(entry, &parent, &name, on_conflict)
        })
    }

    /// Moves a node into a folder, under its own or another name. With [`OnConflict::NewVersion`] what has the name
    /// already goes to the trash.
    ///
    /// # Errors
    /// [`Error::Exists`], [`Error::NotFound`], [`Error::NotAFolder`], [`Error::IntoItself`], [`Error::Root`],
    /// [`Error::Trashed`], [`Error::BadName`].
    pub fn mv(
        &self,
        id: NodeId,
        to: NodeId,
        name: Option<&str>,
        on_conflict: OnConflict,
    ) -> Result<Node> {
        let name = name.map(name::check).transpose()?;
        self.0.write(|txn| {
            let entry = txn.live(id)?;
            let to = txn.live(to)?.folder()?;
            let name = name.map_or_else(|| entry.name.clone(), |name| name.into_owned());
            txn.relocate(entry, &to, &name, on_conflict)
        })
    }

    /// Copies a node into a folder, under its own or another name. No content is copied: both share the stored blocks.
    /// Older versions stay with the original. With [`OnConflict::NewVersion`] a file in the way gets the content as its
    /// next version; a folder in the way goes to the trash.
    ///
    /// # Errors
    /// As [`Drive::mv`].
    pub fn copy(
        &self,
        id: NodeId,
        to: NodeId,
        name: Option<&str>,
        on_conflict: OnConflict,
    ) -> Result<Node> {
        let name = name.map(name::check).transpose()?;
        self.0.write(|txn| {
            let entry = txn.live(id)?;
            if entry.n == ROOT {
                return Err(Error::Root);
            }
            let to = txn.live(to)?.folder()?;
            let name = name.map_or_else(|| entry.name.clone(), |name| name.into_owned());
            // What is copied is settled before anything is written, so that a folder can be copied into itself.
            let below = txn.below(&entry)?;
            let (name, there) = txn.settle(to.n, &name, on_conflict)?;
            if let Some(there) = there {
                if there.n == entry.n {
                    return tree::node(txn.conn, &there);
                }
                if there.kind == Kind::File && entry.kind == Kind::File {
                    let copied = txn.copy_content(&entry, there)?;
                    return tree::node(txn.conn, &copied);
                }
                txn.refuse_inside(&to, there.n)?;
                txn.trash(there)?;
            }
            let copied = txn.copy_tree(&entry, below, &to, &name)?;
            txn.event(Op::Created, copied.id, Some(to.id));
            txn.write_counts()?;
            let copied = tree::entry(txn.conn, copied.n)?.unwrap_or(copied);
            tree::node(txn.conn, &copied)
        })
    }

    /// Moves a node to the trash, with everything in it.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Root`], [`Error::Trashed`] when it is there already.
    pub fn remove(&self, id: NodeId) -> Result<()> {
        self.0.write(|txn| {
            let entry = txn.live(id)?;
            if entry.n == ROOT {
                return Err(Error::Root);
            }
            txn.trash(entry)?;
            Ok(())
        })
    }

    /// Brings a node back from the trash: to the folder it came from, or to the root when that is gone or in the trash
    /// itself; numbered when its name is taken. Something inside of a removed folder can be brought back alone.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::NotTrashed`].
    pub fn restore(&self, id: NodeId) -> Result<Restored> {
        self.0.write(|txn| {
            let mut entry = tree::find(txn.conn, id)?;
            if !tree::lineage(txn.conn, entry.n)?.trashed {
                return Err(Error::NotTrashed(entry.name));
            }
            let origin = if entry.parent == TRASH {
                entry.origin
            } else {
                None
            };
            let mut to = None;
            if let Some(origin) = origin
                .map(|n| tree::entry(txn.conn, n))
                .transpose()?
                .flatten()
                && !tree::lineage(txn.conn, origin.n)?.trashed
            {
                to = Some(origin);
            }
            let to = match to {
                Some(to) => to,
                None => tree::entry(txn.conn, ROOT)?.ok_or(Error::Root)?,
            };
            entry.name = txn.free_name(to.n, &entry.name)?;
            entry.origin = None;
            txn.rehang(&mut entry, &to)?;
            let entry = txn.change(entry)?;
            txn.event(Op::Restored, entry.id, Some(to.id));
            Ok(Restored {
                node: tree::node(txn.conn, &entry)?,
                path: tree::lineage(txn.conn, entry.n)?.path(),
            })
        })
    }
}

impl Txn<'_> {
    fn relocate(
        &mut self,
        mut entry: Entry,
        to: &Entry,
        name: &str,
        on_conflict: OnConflict,
    ) -> Result<Node> {
        if entry.n == ROOT {
            return Err(Error::Root);
        }
        if entry.parent == to.n && entry.name == name {
            return tree::node(self.conn, &entry);
        }
        if entry.is_folder()
            && (to.n == entry.n || tree::lineage(self.conn, to.n)?.contains(entry.n))
        {
            return Err(Error::IntoItself);
        }
        let (name, there) = self.settle(to.n, name, on_conflict)?;
        if let Some(there) = there {
            // What holds the moved node cannot make place for it.
            if tree::lineage(self.conn, entry.n)?.contains(there.n) {
                return Err(Error::Exists(there.name));
            }
            self.trash(there)?;
        }
        let op = if entry.parent == to.n {
            Op::Renamed
        } else {
            Op::Moved
        };
        if entry.parent != to.n {
            self.rehang(&mut entry, to)?;
        }
        entry.name = name;
        let entry = self.change(entry)?;
        self.event(op, entry.id, Some(to.id));
        tree::node(self.conn, &entry)
    }

    fn refuse_inside(&self, folder: &Entry, n: i64) -> Result<()> {
        if folder.n == n || tree::lineage(self.conn, folder.n)?.contains(n) {
            return Err(Error::IntoItself);
        }
        Ok(())
    }

    /// Everything below a folder with the row of its parent, parents first.
    pub(crate) fn below(&self, top: &Entry) -> Result<Vec<Entry>> {
        let mut all = Vec::new();
        let mut folders = if top.is_folder() {
            vec![top.n]
        } else {
            Vec::new()
        };
        while let Some(folder) = folders.pop() {
            for child in tree::children(self.conn, folder)? {
                if child.is_folder() {
                    folders.push(child.n);
                }
                all.push(child);
            }
        }
        Ok(all)
    }

    /// The file key of a row.
    fn file_key(&mut self, entry: &Entry) -> Result<FileKey> {
        let key = self.key(entry)?;
        open_file_key(&key, entry.file_key.as_deref(), entry.id, entry.generation).map_err(|_| {
            Error::Damaged {
                path: tree::lineage(self.conn, entry.n)
                    .map_or_else(|_| entry.name.clone(), |lineage| lineage.path()),
                what: "its key does not open".into(),
            }
        })
    }

    /// The content of one file becomes the next version of another.
    fn copy_content(&mut self, from: &Entry, mut to: Entry) -> Result<Entry> {
        let content = from
            .content
            .ok_or_else(|| Error::NotAFile(from.name.clone()))?;
        let file_key = self.file_key(from)?;
        let node_key = self.key(&to)?;
        to.file_key = Some(crate::keys::wrap_file(
            &node_key,
            &file_key,
            to.id,
            to.generation,
        )?);
        to.shared = true;
        self.share_file_key(from.n)?;
        self.take_content(to.n, content)?;
        self.set_content(to, content, from.size, Some(from.modified))
    }

    /// Counts a node among the holders of a content, once.
    pub(crate) fn take_content(&self, n: i64, content: i64) -> Result<()> {
        if !self.holds_content(n, content)? {
            self.hold_content(content)?;
        }
        Ok(())
    }

    /// Whether a node has a content now or had it in its past.
    pub(crate) fn holds_content(&self, n: i64, content: i64) -> Result<bool> {
        Ok(self
            .conn
            .prepare_cached(
                "SELECT EXISTS (SELECT 1 FROM drive_node WHERE n = ?1 AND content = ?2) \
                 OR EXISTS (SELECT 1 FROM drive_past WHERE node = ?1 AND content = ?2)",
            )?
            .query_row([n, content], |row| row.get(0))?)
    }

    /// Copies a node and what is below it (parents first) into a folder, where its name is free.
    fn copy_tree(
        &mut self,
        top: &Entry,
        below: Vec<Entry>,
        to: &Entry,
        name: &str,
    ) -> Result<Entry> {
        let mut made = std::collections::HashMap::new();
        let copied = self.copy_one(top, to, name)?;
        self.count(to.n, 1);
        made.insert(top.n, copied.clone());
        for entry in below {
            let Some(parent) = made.get(&entry.parent).cloned() else {
                continue;
            };
            let copied = self.copy_one(&entry, &parent, &entry.name)?;
            self.count(parent.n, 1);
            if copied.is_folder() {
                made.insert(entry.n, copied);
            }
        }
        Ok(copied)
    }

    fn copy_one(&mut self, entry: &Entry, to: &Entry, name: &str) -> Result<Entry> {
        let file_key = if entry.is_folder() {
            None
        } else {
            Some(self.file_key(entry)?)
        };
        let copied = self.copy_as(
            entry.kind,
            entry.content,
            file_key.as_ref(),
            entry.size,
            entry.modified,
            to,
            name,
        )?;
        if !entry.is_folder() {
            self.share_file_key(entry.n)?;
        }
        Ok(copied)
    }

    /// Makes a node that shares a content.
    #[allow(clippy::too_many_arguments)]
    pub(crate) fn copy_as(
        &mut self,
        kind: Kind,
        content: Option<i64>,
        file_key: Option<&FileKey>,
        size: u64,
        modified: i64,
        to: &Entry,
        name: &str,
    ) -> Result<Entry> {
        if let Some(content) = content {
            self.hold_content(content)?;
        }
        let key = self.key(to)?;
        let new = New {
            kind,
            name,
            size,
            modified: Some(modified),
            content,
            file_key,
            shared: content.is_some(),
        };
        Ok(self.insert(to, &key, new)?.0)
    }
}
