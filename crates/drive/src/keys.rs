//! Keys of nodes, opened from the root down and remembered for folders.
use std::collections::HashMap;

use rusqlite::Connection;
use webx_content::{FileKey, NodeKey, WRAPPED_LEN, unwrap_file_key, wrap_file_key};
use zeroize::Zeroizing;

use crate::{
    Error, NodeId, Result,
    drive::Inner,
    random,
    schema::{ROOT, TRASH},
    tree::{self, Entry},
    txn::open_key,
};

/// Folder keys remembered at most.
const MAX_CACHED: usize = 4096;

/// Keys of folders by row. A row number is never used again and a key only changes with its generation.
#[derive(Default)]
pub(crate) struct KeyCache(HashMap<(i64, u32), NodeKey>);

impl KeyCache {
    fn get(&self, entry: &Entry) -> Option<NodeKey> {
        self.0.get(&(entry.n, entry.generation)).cloned()
    }

    fn put(&mut self, entry: &Entry, key: &NodeKey) {
        if self.0.len() >= MAX_CACHED {
            self.0.clear();
        }
        self.0.insert((entry.n, entry.generation), key.clone());
    }

    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }
}

impl Inner {
    /// The key of a node. Keys of rows after `committed` are not remembered: the cache outlives a transaction that fails.
    pub(crate) fn node_key(
        &self,
        conn: &Connection,
        entry: &Entry,
        committed: i64,
    ) -> Result<NodeKey> {
        let mut below: Vec<Entry> = Vec::new();
        let mut at = entry.clone();
        let mut key = loop {
            if at.n == ROOT || at.n == TRASH {
                break self.root_key()?;
            }
            if let Some(key) = self.keys.lock().get(&at) {
                break key;
            }
            let parent = tree::entry(conn, at.parent)?
                .ok_or_else(|| Error::NotFound(format!("folder above {:?}", at.name)))?;
            below.push(std::mem::replace(&mut at, parent));
        };
        while let Some(entry) = below.pop() {
            key = open_key(&key, &entry).map_err(|_| Error::Damaged {
                path: tree::lineage(conn, entry.n)
                    .map_or_else(|_| entry.name.clone(), |lineage| lineage.path()),
                what: "its key does not open".into(),
            })?;
            if entry.is_folder() && entry.n <= committed {
                self.keys.lock().put(&entry, &key);
            }
        }
        Ok(key)
    }
}

/// A new random file key.
pub(crate) fn new_file_key() -> Result<FileKey> {
    let mut bytes = Zeroizing::new([0; 32]);
    random(bytes.as_mut_slice())?;
    Ok(FileKey::from_bytes(*bytes))
}

/// Wraps a file key under its node's key.
pub(crate) fn wrap_file(
    node: &NodeKey,
    key: &FileKey,
    id: NodeId,
    generation: u32,
) -> Result<Vec<u8>> {
    let mut nonce = [0; 12];
    random(&mut nonce)?;
    let wrapped: [u8; WRAPPED_LEN] = wrap_file_key(node, key, id.as_bytes(), generation, nonce)?;
    Ok(wrapped.to_vec())
}

/// Opens a file key with its node's key.
pub(crate) fn open_file_key(
    node: &NodeKey,
    wrapped: Option<&[u8]>,
    id: NodeId,
    generation: u32,
) -> Result<FileKey> {
    Ok(unwrap_file_key(
        node,
        wrapped.unwrap_or_default(),
        id.as_bytes(),
        generation,
    )?)
}
