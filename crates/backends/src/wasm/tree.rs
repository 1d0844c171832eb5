//! The `/data` folder of an app, in memory: a tree of folders and files that belongs to no file system of this machine,
//! so that there is nothing on it to escape to. Sizes and counts are exact, and what changed is known.

mod changes;

use std::collections::{BTreeMap, HashMap};

use time::OffsetDateTime;

use crate::DataChange;

/// The longest name, in bytes.
const NAME: usize = 255;
/// The longest path, in bytes.
const PATH: usize = 1024;
/// The deepest folder.
const DEPTH: usize = 32;

/// Names a node of the tree as long as it lives.
pub(crate) type NodeId = u64;

/// The folder `/data` itself.
pub(crate) const ROOT: NodeId = 0;

/// What a call on the tree can say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    NoEntry,
    Exists,
    NotFolder,
    IsFolder,
    NotEmpty,
    NotPermitted,
    BadName,
    NameTooLong,
    Quota,
    Invalid,
    Loop,
}

/// How [`Tree::open`] makes a file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Create {
    pub(crate) create: bool,
    pub(crate) exclusive: bool,
    pub(crate) truncate: bool,
    pub(crate) folder: bool,
}

/// What [`Tree::stat`] tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Stat {
    pub(crate) folder: bool,
    pub(crate) size: u64,
    pub(crate) modified: OffsetDateTime,
}

enum Body {
    Folder(BTreeMap<String, NodeId>),
    File(Vec<u8>),
}

struct Node {
    body: Body,
    parent: Option<NodeId>,
    modified: OffsetDateTime,
    /// Grows with every change of the content.
    version: u64,
    /// Descriptors that hold it; a file that was unlinked lives until the last one is closed.
    open: u32,
}

/// Path to kind, node and version.
type Seen = BTreeMap<String, (bool, NodeId, u64)>;

/// What [`Tree::changed`] found.
pub(crate) struct Changes {
    /// In the order in which they are to be kept.
    pub(crate) list: Vec<DataChange>,
    at: u64,
    seen: Seen,
}

/// The tree.
pub(crate) struct Tree {
    nodes: HashMap<NodeId, Node>,
    next: NodeId,
    bytes: u64,
    limit_bytes: u64,
    limit_nodes: usize,
    /// Changes since the tree was made, and at the last [`Tree::saved`].
    changes: u64,
    saved_changes: u64,
    saved: Seen,
}

impl Tree {
    /// The node at `path` under `base`.
    pub(crate) fn lookup(&self, base: NodeId, path: &str) -> Result<NodeId, Refusal> {
        let mut at = base;
        let mut depth = 0_usize;
        for name in names(path)? {
            at = match name {
                ".." => {
                    depth = depth.checked_sub(1).ok_or(Refusal::NotPermitted)?;
                    self.node(at)?.parent.ok_or(Refusal::NotPermitted)?
                }
                name => {
                    depth += 1;
                    *self.folder(at)?.get(name).ok_or(Refusal::NoEntry)?
                }
            };
        }
        Ok(at)
    }

    /// Opens what is at `path`, making it if asked to. The caller closes it.
    pub(crate) fn open(
        &mut self,
        base: NodeId,
        path: &str,
        how: Create,
    ) -> Result<NodeId, Refusal> {
        let id = match self.lookup(base, path) {
            Ok(_) if how.create && how.exclusive => return Err(Refusal::Exists),
            Ok(id) => id,
            Err(Refusal::NoEntry) if how.create && !how.folder && !path.ends_with('/') => {
                self.add(base, path, Body::File(Vec::new()))?
            }
            Err(refusal) => return Err(refusal),
        };
        let folder = matches!(self.node(id)?.body, Body::Folder(_));
        match (folder, how.folder) {
            (false, true) => return Err(Refusal::NotFolder),
            (true, _) if how.create || how.truncate => return Err(Refusal::IsFolder),
            _ => {}
        }
        if how.truncate {
            self.resize(id, 0)?;
        }
        self.node_mut(id)?.open += 1;
        Ok(id)
    }

    /// One more holder of an open node.
    pub(crate) fn hold(&mut self, id: NodeId) {
        if let Some(node) = self.nodes.get_mut(&id) {
            node.open += 1;
        }
    }

    /// Gives back what [`Self::open`] or [`Self::hold`] gave.
    pub(crate) fn close(&mut self, id: NodeId) {
        if let Some(node) = self.nodes.get_mut(&id) {
            node.open = node.open.saturating_sub(1);
        }
        self.reap(id);
    }

    /// Makes a folder.
    pub(crate) fn make_folder(&mut self, base: NodeId, path: &str) -> Result<(), Refusal> {
        match self.lookup(base, path) {
            Ok(_) => Err(Refusal::Exists),
            Err(Refusal::NoEntry) => self
                .add(base, path, Body::Folder(BTreeMap::new()))
                .map(drop),
            Err(refusal) => Err(refusal),
        }
    }

    /// Removes a file, or an empty folder when `folder`.
    pub(crate) fn remove(&mut self, base: NodeId, path: &str, folder: bool) -> Result<(), Refusal> {
        let (parent, name) = self.place(base, path)?;
        let id = *self.folder(parent)?.get(&name).ok_or(Refusal::NoEntry)?;
        match (&self.node(id)?.body, folder) {
            (Body::Folder(_), false) => return Err(Refusal::IsFolder),
            (Body::File(_), true) => return Err(Refusal::NotFolder),
            (Body::Folder(entries), true) if !entries.is_empty() => return Err(Refusal::NotEmpty),
            _ => {}
        }
        self.unlink(parent, &name, id)
    }

    /// Moves a file or a folder; a file or an empty folder in its place goes.
    pub(crate) fn rename(
        &mut self,
        from: (NodeId, &str),
        to: (NodeId, &str),
    ) -> Result<(), Refusal> {
        let (old_parent, old_name) = self.place(from.0, from.1)?;
        let (new_parent, new_name) = self.place(to.0, to.1)?;
        let id = *self
            .folder(old_parent)?
            .get(&old_name)
            .ok_or(Refusal::NoEntry)?;
        let moved_folder = matches!(self.node(id)?.body, Body::Folder(_));
        if moved_folder {
            // A folder never goes into itself.
            let mut above = Some(new_parent);
            while let Some(at) = above {
                if at == id {
                    return Err(Refusal::Invalid);
                }
                above = self.node(at)?.parent;
            }
        }
        if let Some(there) = self.folder(new_parent)?.get(&new_name).copied() {
            if there == id {
                return Ok(());
            }
            match (&self.node(there)?.body, moved_folder) {
                (Body::Folder(_), false) => return Err(Refusal::IsFolder),
                (Body::File(_), true) => return Err(Refusal::NotFolder),
                (Body::Folder(entries), true) if !entries.is_empty() => {
                    return Err(Refusal::NotEmpty);
                }
                _ => {}
            }
            self.unlink(new_parent, &new_name, there)?;
        }
        self.entries(old_parent)?.remove(&old_name);
        self.entries(new_parent)?.insert(new_name, id);
        self.node_mut(id)?.parent = Some(new_parent);
        self.changes += 1;
        Ok(())
    }

    /// At most `length` bytes from `offset`; fewer at the end.
    pub(crate) fn read(&self, id: NodeId, offset: u64, length: usize) -> Result<&[u8], Refusal> {
        let bytes = self.file(id)?;
        let start = usize::try_from(offset)
            .unwrap_or(usize::MAX)
            .min(bytes.len());
        Ok(&bytes[start..start.saturating_add(length).min(bytes.len())])
    }

    /// Writes all of `bytes` at `offset`.
    pub(crate) fn write(&mut self, id: NodeId, offset: u64, bytes: &[u8]) -> Result<(), Refusal> {
        let end = offset
            .checked_add(bytes.len() as u64)
            .ok_or(Refusal::Quota)?;
        if end > self.file(id)?.len() as u64 {
            self.resize(id, end)?;
        }
        let start = usize::try_from(offset).map_err(|_| Refusal::Quota)?;
        let node = self.node_mut(id)?;
        if let Body::File(content) = &mut node.body
            && let Some(place) = content.get_mut(start..start + bytes.len())
        {
            place.copy_from_slice(bytes);
        }
        self.touch(id)
    }

    /// Cuts a file, or fills it up with zeros.
    pub(crate) fn resize(&mut self, id: NodeId, size: u64) -> Result<(), Refusal> {
        let was = self.file(id)?.len() as u64;
        let bytes = self.bytes - was;
        if size > was
            && bytes
                .checked_add(size)
                .is_none_or(|bytes| bytes > self.limit_bytes)
        {
            return Err(Refusal::Quota);
        }
        let length = usize::try_from(size).map_err(|_| Refusal::Quota)?;
        if let Body::File(content) = &mut self.node_mut(id)?.body {
            content.resize(length, 0);
        }
        self.bytes = bytes + size;
        self.touch(id)
    }

    /// Kind, size and time.
    pub(crate) fn stat(&self, id: NodeId) -> Result<Stat, Refusal> {
        let node = self.node(id)?;
        let (folder, size) = match &node.body {
            Body::Folder(_) => (true, 0),
            Body::File(bytes) => (false, bytes.len() as u64),
        };
        Ok(Stat {
            folder,
            size,
            modified: node.modified,
        })
    }

    /// Sets the time of the last change.
    pub(crate) fn set_modified(&mut self, id: NodeId, at: OffsetDateTime) -> Result<(), Refusal> {
        self.touch(id)?;
        self.node_mut(id)?.modified = at;
        Ok(())
    }

    /// Names in a folder, and whether each is one.
    pub(crate) fn list(&self, id: NodeId) -> Result<Vec<(String, bool)>, Refusal> {
        let is_folder = |id: &NodeId| {
            self.nodes
                .get(id)
                .is_some_and(|node| matches!(node.body, Body::Folder(_)))
        };
        Ok(self
            .folder(id)?
            .iter()
            .map(|(name, id)| (name.clone(), is_folder(id)))
            .collect())
    }

    fn add(&mut self, base: NodeId, path: &str, body: Body) -> Result<NodeId, Refusal> {
        let (parent, name) = self.place(base, path)?;
        let mut depth = 0;
        let mut above = Some(parent);
        while let Some(at) = above {
            above = self.node(at)?.parent;
            depth += 1;
        }
        if self.nodes.len() > self.limit_nodes || depth > DEPTH {
            return Err(Refusal::Quota);
        }
        let id = self.next;
        self.next += 1;
        let node = Node {
            body,
            parent: Some(parent),
            modified: OffsetDateTime::now_utc(),
            version: 0,
            open: 0,
        };
        self.nodes.insert(id, node);
        self.entries(parent)?.insert(name, id);
        self.changes += 1;
        Ok(id)
    }

    fn unlink(&mut self, parent: NodeId, name: &str, id: NodeId) -> Result<(), Refusal> {
        self.entries(parent)?.remove(name);
        self.node_mut(id)?.parent = None;
        self.changes += 1;
        self.reap(id);
        Ok(())
    }

    /// Forgets a node that has neither a name nor a holder.
    fn reap(&mut self, id: NodeId) {
        let gone = id != ROOT
            && self
                .nodes
                .get(&id)
                .is_some_and(|node| node.parent.is_none() && node.open == 0);
        if gone
            && let Some(Node {
                body: Body::File(bytes),
                ..
            }) = self.nodes.remove(&id)
        {
            self.bytes -= bytes.len() as u64;
        }
    }

    fn touch(&mut self, id: NodeId) -> Result<(), Refusal> {
        let node = self.node_mut(id)?;
        node.version += 1;
        node.modified = OffsetDateTime::now_utc();
        self.changes += 1;
        Ok(())
    }

    /// The folder and the name that `path` ends in.
    fn place(&self, base: NodeId, path: &str) -> Result<(NodeId, String), Refusal> {
        let path = path.trim_end_matches('/');
        let (parents, name) = path.rsplit_once('/').unwrap_or(("", path));
        if path.starts_with('/') {
            return Err(Refusal::NotPermitted);
        }
        match names(name)?.next() {
            None | Some("..") => Err(Refusal::Invalid),
            Some(name) => {
                let parent = self.lookup(base, parents)?;
                self.folder(parent)?;
                Ok((parent, name.to_owned()))
            }
        }
    }

    fn node(&self, id: NodeId) -> Result<&Node, Refusal> {
        self.nodes.get(&id).ok_or(Refusal::NoEntry)
    }

    fn node_mut(&mut self, id: NodeId) -> Result<&mut Node, Refusal> {
        self.nodes.get_mut(&id).ok_or(Refusal::NoEntry)
    }

    fn folder(&self, id: NodeId) -> Result<&BTreeMap<String, NodeId>, Refusal> {
        match &self.node(id)?.body {
            Body::Folder(entries) => Ok(entries),
            Body::File(_) => Err(Refusal::NotFolder),
        }
    }

    fn entries(&mut self, id: NodeId) -> Result<&mut BTreeMap<String, NodeId>, Refusal> {
        match &mut self.node_mut(id)?.body {
            Body::Folder(entries) => Ok(entries),
            Body::File(_) => Err(Refusal::NotFolder),
        }
    }

    fn file(&self, id: NodeId) -> Result<&Vec<u8>, Refusal> {
        match &self.node(id)?.body {
            Body::File(bytes) => Ok(bytes),
            Body::Folder(_) => Err(Refusal::IsFolder),
        }
    }
}

/// The names of a relative path, `.` and empty ones left out.
fn names(path: &str) -> Result<impl Iterator<Item = &str>, Refusal> {
    if path.starts_with('/') {
        return Err(Refusal::NotPermitted);
    }
    if path.len() > PATH {
        return Err(Refusal::NameTooLong);
    }
    let parts = || {
        path.split('/')
            .filter(|name| !name.is_empty() && *name != ".")
    };
    for name in parts() {
        if name.len() > NAME {
            return Err(Refusal::NameTooLong);
        }
        if name.chars().any(char::is_control) {
            return Err(Refusal::BadName);
        }
    }
    if parts().count() > DEPTH + 1 {
        return Err(Refusal::Loop);
    }
    Ok(parts())
}

#[cfg(test)]
mod tests;
