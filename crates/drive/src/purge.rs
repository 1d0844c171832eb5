//! Removing for good.
use crate::{
    Drive, Error, NodeId, Result,
    event::Op,
    schema::TRASH,
    tree::{self, Entry},
    txn::Txn,
};

/// Nodes that one transaction removes at most, so that emptying a large trash holds nobody up for long.
const SLICE: usize = 5_000;

impl Drive {
    /// Removes something in the trash for good, with everything in it and all versions. Its space is free after the next
    /// [`Drive::gc`].
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::NotTrashed`].
    pub fn purge(&self, id: NodeId) -> Result<()> {
        loop {
            let done = self.0.write(|txn| {
                let entry = tree::find(txn.conn, id)?;
                if !tree::lineage(txn.conn, entry.n)?.trashed {
                    return Err(Error::NotTrashed(entry.name));
                }
                txn.purge_some(&entry)
            })?;
            if done {
                return Ok(());
            }
        }
    }

    /// Removes everything in the trash for good. Returns how many things that were, not counting what was inside them.
    ///
    /// # Errors
    /// [`Error::Vault`].
    pub fn empty_trash(&self) -> Result<u64> {
        let mut removed = 0;
        // What comes into the trash meanwhile stays there.
        let last = self
            .0
            .read(|conn| Ok(crate::counters::Counters::load(conn)?.seq))?;
        loop {
            let some = self.0.write(|txn| {
                let mut statement = txn.conn.prepare_cached(
                    "SELECT id FROM drive_node INDEXED BY drive_node_list WHERE parent = ?1 AND born <= ?2 LIMIT 256",
                )?;
                let ids: Vec<NodeId> = statement
                    .query_map([TRASH, last], |row| row.get(0).map(NodeId::from_bytes))?
                    .collect::<rusqlite::Result<_>>()?;
                drop(statement);
                let mut done = 0;
                for id in &ids {
                    if !txn.purge_some(&tree::find(txn.conn, *id)?)? {
                        return Ok((true, done));
                    }
                    done += 1;
                }
                Ok((!ids.is_empty(), done))
            })?;
            removed += some.1;
            if !some.0 {
                return Ok(removed);
            }
        }
    }
}

impl Txn<'_> {
    /// Removes up to a slice of what is below a node, deepest first, and at the end the node; true when all is gone.
    fn purge_some(&mut self, top: &Entry) -> Result<bool> {
        // The catalogue tells of blocks that go away.
        self.next_seq();
        let mut left = SLICE;
        let mut stack = vec![top.clone()];
        while let Some(at) = stack.last().cloned() {
            let children = if at.is_folder() {
                self.some_children(at.n, left)?
            } else {
                Vec::new()
            };
            if children.is_empty() {
                self.purge_one(&at)?;
                stack.pop();
                left = left.saturating_sub(1);
            } else {
                for child in children {
                    if child.is_folder() {
                        stack.push(child);
                        break;
                    }
                    self.purge_one(&child)?;
                    left = left.saturating_sub(1);
                }
            }
            if left == 0 && !stack.is_empty() {
                return Ok(false);
            }
        }
        self.event(Op::Purged, top.id, None);
        Ok(true)
    }

    fn some_children(&self, folder: i64, limit: usize) -> Result<Vec<Entry>> {
        let sql = format!(
            "SELECT {} FROM drive_node WHERE parent = ?1 LIMIT ?2",
            tree::COLUMNS
        );
        let mut statement = self.conn.prepare_cached(&sql)?;
        let rows = statement.query_map([folder, limit.max(1) as i64], Entry::read)?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    /// Removes one row with its past.
    fn purge_one(&mut self, entry: &Entry) -> Result<()> {
        let mut contents: Vec<i64> = self
            .conn
            .prepare_cached(
                "SELECT DISTINCT content FROM drive_past WHERE node = ?1 AND content IS NOT NULL \
                 UNION SELECT content FROM drive_node WHERE n = ?1 AND content IS NOT NULL",
            )?
            .query_map([entry.n], |row| row.get(0))?
            .collect::<rusqlite::Result<_>>()?;
        self.conn
            .prepare_cached("DELETE FROM drive_past WHERE node = ?1")?
            .execute([entry.n])?;
        self.conn
            .prepare_cached("DELETE FROM drive_node WHERE n = ?1")?
            .execute([entry.n])?;
        if entry.n <= self.counters.indexed {
            self.conn
                .prepare_cached("DELETE FROM drive_name WHERE rowid = ?1")?
                .execute([entry.n])?;
        }
        self.count(entry.parent, -1);
        for content in contents.drain(..) {
            self.drop_content(content)?;
        }
        // A purge is a change too: the times of the tree count it.
        self.next_seq();
        Ok(())
    }
}
