//! What of the tree is to be kept: taken up once, and afterwards only what changed.

use std::collections::{BTreeMap, HashMap};

use bytes::Bytes;
use time::OffsetDateTime;

use super::{Body, Changes, Create, Node, ROOT, Refusal, Seen, Tree};
use crate::{DataChange, DataFile, Limits};

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
}
