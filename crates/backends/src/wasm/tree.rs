//! The `/data` folder of an app, in memory: a tree of folders and files that belongs to no file system of this machine,
//! so that there is nothing on it to escape to. Sizes and counts are exact, and what changed is known.

use std::collections::{BTreeMap, HashMap};

use bytes::Bytes;
use time::OffsetDateTime;

use crate::{DataChange, DataFile, Limits};

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
    /// The tree that holds `files`.
    ///
    /// # Errors
    /// A kept path that no file can have, or more than the limits.
    pub(crate) fn load(files: Vec<DataFile>, limits: &Limits) -> Result<Self, String> {
        let root = Node {
            body: Body::Folder(BTreeMap::new()),
            parent: None,
            modified: OffsetDateTime::UNIX_EPOCH,
            version: 0,
            open: 1,
        };
        let mut tree = Self {
            nodes: HashMap::from([(ROOT, root)]),
            next: ROOT + 1,
            bytes: 0,
            limit_bytes: limits.data_bytes,
            limit_nodes: limits.data_files,
            changes: 0,
            saved_changes: 0,
            saved: BTreeMap::new(),
        };
        for file in files {
            let said =
                |refusal: Refusal| format!("{:?} cannot be kept there: {refusal:?}", file.path);
            let parents = file
                .path
                .rsplit_once('/')
                .map(|(parents, _)| parents)
                .unwrap_or_default();
            let mut made = String::new();
            for name in parents.split('/').filter(|name| !name.is_empty()) {
                made = if made.is_empty() {
                    name.to_owned()
                } else {
                    format!("{made}/{name}")
                };
                if tree.lookup(ROOT, &made) == Err(Refusal::NoEntry) {
                    tree.make_folder(ROOT, &made).map_err(said)?;
                }
            }
            match file.bytes.as_ref() {
                None if tree.lookup(ROOT, &file.path) == Err(Refusal::NoEntry) => {
                    tree.make_folder(ROOT, &file.path).map_err(said)?;
                }
                None => {}
                Some(bytes) => {
                    let make = Create {
                        create: true,
                        exclusive: true,
                        ..Create::default()
                    };
                    let id = tree.open(ROOT, &file.path, make).map_err(said)?;
                    tree.write(id, 0, bytes).map_err(said)?;
                    if let Some(node) = tree.nodes.get_mut(&id) {
                        node.modified = file.modified;
                    }
                    tree.close(id);
                }
            }
        }
        tree.saved = tree.walk();
        tree.saved_changes = tree.changes;
        Ok(tree)
    }

    /// Whether anything changed since the last [`Self::saved`].
    pub(crate) fn has_changed(&self) -> bool {
        self.changes != self.saved_changes
    }

    /// What changed since the last [`Self::saved`]; none if nothing did.
    pub(crate) fn changed(&self) -> Option<Changes> {
        if self.changes == self.saved_changes {
            return None;
        }
        let now = self.walk();
        let kept = |path: &String, folder: bool| {
            now.get(path)
                .is_some_and(|(is_folder, ..)| *is_folder == folder)
        };
        let mut list: Vec<DataChange> = self
            .saved
            .iter()
            .rev() // what is in a folder sorts behind it, and goes first
            .filter(|(path, (folder, ..))| !kept(path, *folder))
            .map(|(path, _)| DataChange::Remove(path.clone()))
            .collect();
        for (path, entry) in &now {
            let same = self
                .saved
                .get(path)
                .is_some_and(|was| was == entry || (was.0 && entry.0));
            if let (false, Some(node)) = (same, self.nodes.get(&entry.1)) {
                let bytes = match &node.body {
                    Body::Folder(_) => None,
                    Body::File(bytes) => Some(Bytes::copy_from_slice(bytes)),
                };
                list.push(DataChange::Put(DataFile {
                    path: path.clone(),
                    bytes,
                    modified: node.modified,
                }));
            }
        }
        Some(Changes {
            list,
            at: self.changes,
            seen: now,
        })
    }

    /// `changes` are kept now.
    pub(crate) fn saved(&mut self, changes: Changes) {
        self.saved = changes.seen;
        self.saved_changes = changes.at;
    }

    fn walk(&self) -> Seen {
        let mut found = BTreeMap::new();
        let mut waiting = vec![(String::new(), ROOT)];
        while let Some((path, id)) = waiting.pop() {
            if let Some(Node {
                body: Body::Folder(entries),
                ..
            }) = self.nodes.get(&id)
            {
                for (name, child) in entries {
                    let path = if path.is_empty() {
                        name.clone()
                    } else {
                        format!("{path}/{name}")
                    };
                    if let Some(node) = self.nodes.get(child) {
                        let folder = matches!(node.body, Body::Folder(_));
                        found.insert(path.clone(), (folder, *child, node.version));
                        if folder {
                            waiting.push((path, *child));
                        }
                    }
                }
            }
        }
        found
    }

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
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use super::*;

    const NEW: Create = Create {
        create: true,
        exclusive: false,
        truncate: false,
        folder: false,
    };

    fn tree() -> Tree {
        Tree::load(
            Vec::new(),
            &Limits {
                data_bytes: 1000,
                data_files: 20,
                ..Limits::default()
            },
        )
        .unwrap()
    }

    fn put(tree: &mut Tree, path: &str, bytes: &[u8]) {
        let id = tree
            .open(
                ROOT,
                path,
                Create {
                    truncate: true,
                    ..NEW
                },
            )
            .unwrap();
        tree.write(id, 0, bytes).unwrap();
        tree.close(id);
    }

    fn changes(tree: &mut Tree) -> Vec<String> {
        let Some(changes) = tree.changed() else {
            return Vec::new();
        };
        let list = changes.list.clone();
        tree.saved(changes);
        let said = |change| match change {
            DataChange::Put(DataFile {
                path,
                bytes: Some(bytes),
                ..
            }) => format!("{path}={}", bytes.len()),
            DataChange::Put(DataFile { path, .. }) => format!("{path}/"),
            DataChange::Remove(path) => format!("-{path}"),
        };
        list.into_iter().map(said).collect()
    }

    #[test]
    fn only_what_changed_is_said() {
        let mut tree = tree();
        assert!(changes(&mut tree).is_empty());
        tree.make_folder(ROOT, "a").unwrap();
        put(&mut tree, "a/one", b"1");
        put(&mut tree, "two", b"22");
        assert_eq!(changes(&mut tree), ["a/", "a/one=1", "two=2"]);
        put(&mut tree, "two", b"333");
        assert_eq!(changes(&mut tree), ["two=3"]);
        tree.rename((ROOT, "a"), (ROOT, "b")).unwrap();
        assert_eq!(changes(&mut tree), ["-a/one", "-a", "b/", "b/one=1"]);
        tree.remove(ROOT, "b/one", false).unwrap();
        tree.remove(ROOT, "b", true).unwrap();
        put(&mut tree, "b", b"now a file");
        assert_eq!(changes(&mut tree), ["-b/one", "-b", "b=10"]);
        assert!(changes(&mut tree).is_empty());
    }

    #[test]
    fn what_is_loaded_is_what_was_kept() {
        let file = |path: &str, bytes: Option<&'static [u8]>| DataFile {
            path: path.into(),
            bytes: bytes.map(Bytes::from_static),
            modified: OffsetDateTime::UNIX_EPOCH,
        };
        let tree = Tree::load(
            vec![file("x/y/deep", Some(b"5")), file("x/empty", None)],
            &Limits::default(),
        )
        .unwrap();
        assert!(tree.changed().is_none());
        let id = tree.lookup(ROOT, "x/y/deep").unwrap();
        assert_eq!(tree.read(id, 0, 10).unwrap(), b"5");
        assert!(
            tree.stat(tree.lookup(ROOT, "x/empty").unwrap())
                .unwrap()
                .folder
        );
        for hostile in ["../up", "/etc/passwd", "a\0b", "x/../../y", ""] {
            assert!(
                Tree::load(vec![file(hostile, Some(b"1"))], &Limits::default()).is_err(),
                "{hostile:?}"
            );
        }
    }

    #[test]
    fn no_path_leads_out() {
        let mut tree = tree();
        tree.make_folder(ROOT, "in").unwrap();
        let inside = tree.lookup(ROOT, "in").unwrap();
        for path in ["..", "../..", "a/../..", "/", "/etc/passwd", "../in/../.."] {
            assert!(tree.lookup(inside, path).is_err(), "{path}");
            assert!(tree.open(inside, path, NEW).is_err(), "{path}");
            assert!(tree.remove(inside, path, true).is_err(), "{path}");
        }
        assert_eq!(tree.lookup(ROOT, "in/../in/."), Ok(inside));
        assert_eq!(
            tree.open(ROOT, &"x/".repeat(600), NEW),
            Err(Refusal::NameTooLong)
        );
        assert_eq!(
            tree.open(ROOT, &"x".repeat(256), NEW),
            Err(Refusal::NameTooLong)
        );
    }

    #[test]
    fn the_quota_counts_holes_and_files_without_a_name() {
        let mut tree = tree();
        let id = tree.open(ROOT, "hole", NEW).unwrap();
        assert_eq!(tree.write(id, 2000, b"x"), Err(Refusal::Quota));
        assert_eq!(tree.resize(id, u64::MAX), Err(Refusal::Quota));
        tree.resize(id, 900).unwrap();
        tree.remove(ROOT, "hole", false).unwrap();
        let other = tree.open(ROOT, "other", NEW).unwrap();
        assert_eq!(tree.write(other, 0, &[0; 200]), Err(Refusal::Quota));
        assert_eq!(tree.read(id, 899, 10).unwrap(), [0]);
        tree.close(id);
        tree.write(other, 0, &[0; 1000]).unwrap();
        for n in 0..40 {
            let made = tree.open(ROOT, &n.to_string(), NEW);
            assert_eq!(made.is_ok(), n < 19, "{n}");
        }
    }

    #[test]
    fn a_folder_never_goes_into_itself() {
        let mut tree = tree();
        tree.make_folder(ROOT, "a").unwrap();
        tree.make_folder(ROOT, "a/b").unwrap();
        assert_eq!(
            tree.rename((ROOT, "a"), (ROOT, "a/b/c")),
            Err(Refusal::Invalid)
        );
        put(&mut tree, "f", b"1");
        assert_eq!(
            tree.rename((ROOT, "f"), (ROOT, "a")),
            Err(Refusal::IsFolder)
        );
        assert_eq!(
            tree.rename((ROOT, "a"), (ROOT, "f")),
            Err(Refusal::NotFolder)
        );
        tree.rename((ROOT, "f"), (ROOT, "a/b/f")).unwrap();
        assert_eq!(tree.remove(ROOT, "a/b", true), Err(Refusal::NotEmpty));
    }
}
