//! Walking a tree to take it elsewhere.
use std::{collections::HashSet, vec::IntoIter};

use crate::{Drive, Kind, Node, NodeId, Result, name::safe_name, schema::ROOT, tree};

/// A folder or file on its way out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExportItem {
    /// Where it goes: a relative path with `/`, each name safe on every common file system ([`crate::name::safe_name`]).
    pub path: String,
    /// What it is; open it with [`Drive::open_file`].
    pub node: Node,
}

/// Walks a node and everything below it, folders before what is in them.
pub struct Export {
    drive: Drive,
    top: Option<NodeId>,
    levels: Vec<Level>,
}

struct Level {
    path: String,
    children: IntoIter<Node>,
    taken: HashSet<String>,
}

impl Drive {
    /// Begins a walk. Of the root only what is in it comes; of another node it comes first itself. The tree may change
    /// meanwhile: each folder is as it is when the walk gets there.
    ///
    /// # Errors
    /// [`crate::Error::NotFound`].
    pub fn export(&self, id: NodeId) -> Result<Export> {
        self.node(id)?;
        Ok(Export {
            drive: self.clone(),
            top: Some(id),
            levels: Vec::new(),
        })
    }

    /// All children of a folder, in the order of their names.
    fn children(&self, id: NodeId) -> Result<Vec<Node>> {
        self.0.read(|conn| {
            let folder = tree::find(conn, id)?;
            let trashed = if folder.n == ROOT {
                None
            } else {
                tree::lineage(conn, folder.n)?.trashed(conn)?
            };
            let mut rows = tree::children(conn, folder.n)?;
            rows.sort_by_cached_key(|entry| {
                (crate::name::sort_key(&entry.name), entry.name.clone())
            });
            Ok(rows
                .into_iter()
                .map(|entry| entry.node(Some(id), trashed.clone()))
                .collect())
        })
    }
}

impl Export {
    fn begin(&mut self, id: NodeId) -> Result<Option<ExportItem>> {
        let node = self.drive.node(id)?;
        if id == NodeId::ROOT {
            self.enter(String::new(), id)?;
            return Ok(None);
        }
        let path = safe_name(&node.name, &mut HashSet::new());
        if node.kind == Kind::Folder {
            self.enter(format!("{path}/"), id)?;
        }
        Ok(Some(ExportItem { path, node }))
    }

    fn enter(&mut self, path: String, id: NodeId) -> Result<()> {
        let children = match self.drive.children(id) {
            Ok(children) => children,
            // Removed for good since its folder was read.
            Err(crate::Error::NotFound(_)) => Vec::new(),
            Err(error) => return Err(error),
        };
        self.levels.push(Level {
            path,
            children: children.into_iter(),
            taken: HashSet::new(),
        });
        Ok(())
    }

    fn step(&mut self) -> Result<Option<ExportItem>> {
        if let Some(top) = self.top.take()
            && let Some(item) = self.begin(top)?
        {
            return Ok(Some(item));
        }
        while let Some(level) = self.levels.last_mut() {
            let Some(node) = level.children.next() else {
                self.levels.pop();
                continue;
            };
            let path = format!("{}{}", level.path, safe_name(&node.name, &mut level.taken));
            if node.kind == Kind::Folder {
                self.enter(format!("{path}/"), node.id)?;
            }
            return Ok(Some(ExportItem { path, node }));
        }
        Ok(None)
    }
}

impl Iterator for Export {
    type Item = Result<ExportItem>;

    fn next(&mut self) -> Option<Result<ExportItem>> {
        let step = self.step();
        if step.is_err() {
            self.levels.clear();
        }
        step.transpose()
    }
}
