//! What is kept, what is here, and the root of the tree of named files.

use std::collections::{BTreeMap, HashSet};

use parking_lot::MutexGuard;
use time::OffsetDateTime;
use webx_content::ipld::{self, Blocks as _, Cid};
use webx_vault::rusqlite::{OptionalExtension as _, Transaction};

use super::writer::{Place, note_root};
use super::{PublicStore, Result, Root};

/// Blocks that are named at once.
const PAGE: i64 = 1000;

impl PublicStore {
    /// Nothing is swept until this is dropped.
    pub(crate) fn hold(&self) -> Place {
        Place::new(self)
    }

    /// Whether a block is here.
    pub(crate) fn has(&self, cid: &Cid) -> Result<bool> {
        Ok(ipld::inline(cid).is_some() || self.size_of(cid)?.is_some())
    }

    /// Bytes of a block that is here.
    pub(crate) fn size_of(&self, cid: &Cid) -> Result<Option<u64>> {
        if let Some(block) = ipld::inline(cid) {
            return Ok(Some(block.len() as u64));
        }
        let multihash = cid.hash().to_bytes();
        self.0.vault.db().read(|db| {
            let sql = "SELECT size FROM ipfs_block WHERE multihash = ?1";
            let row = db.query_row(sql, [multihash], |row| row.get::<_, i64>(0));
            Ok(row.optional()?.map(i64::unsigned_abs))
        })
    }

    /// Multihashes of blocks, in order, behind one; none at the end.
    pub(crate) fn multihashes(&self, after: &[u8]) -> Result<Vec<Vec<u8>>> {
        self.0.vault.db().read(|db| {
            let sql =
                "SELECT multihash FROM ipfs_block WHERE multihash > ?1 ORDER BY multihash LIMIT ?2";
            let mut statement = db.prepare_cached(sql)?;
            let rows = statement.query_map((after, PAGE), |row| row.get(0))?;
            Ok(rows.collect::<Result<Vec<_>, _>>()?)
        })
    }

    /// Keeps what is here, and with `direct` only the block itself.
    ///
    /// # Errors
    /// [`ipld::Error::Missing`] names the first block that is not here; what the vault says.
    pub(crate) fn pin(
        &self,
        cid: &Cid,
        name: &str,
        direct: bool,
        now: OffsetDateTime,
    ) -> Result<()> {
        let _place = self.hold();
        if direct {
            ipld::fetch(self, cid)?;
        } else {
            self.visit(cid, &mut |_, _| Ok(()))?;
        }
        self.0
            .vault
            .db()
            .write(|tx| note_root(tx, cid, name, direct, now))
    }

    /// Keeps something no longer; whether it was kept. What it leads to stays until the next sweep.
    pub(crate) fn unpin(&self, cid: &Cid) -> Result<bool> {
        self.0.vault.db().write(|tx| {
            let sql = "DELETE FROM ipfs_root WHERE cid = ?1";
            Ok(tx.execute(sql, [cid.to_string()])? > 0)
        })
    }

    /// A root by its multihash, whatever version its CID has.
    pub(crate) fn root(&self, cid: &Cid) -> Result<Option<Root>> {
        let roots = self.roots()?;
        Ok(roots.into_iter().find(|root| root.cid.hash() == cid.hash()))
    }

    /// Calls `each` for every block below a root and for the root itself, each once, with its size.
    ///
    /// # Errors
    /// [`ipld::Error::Missing`]; a codec that is not known leads nowhere.
    pub(crate) fn visit(
        &self,
        root: &Cid,
        each: &mut dyn FnMut(&Cid, u64) -> Result<()>,
    ) -> Result<()> {
        let mut seen = HashSet::new();
        let mut open = vec![*root];
        while let Some(cid) = open.pop() {
            if !seen.insert(cid) {
                continue;
            }
            if cid.codec() == ipld::RAW {
                let size = self.size_of(&cid)?.ok_or(ipld::Error::Missing(cid))?;
                each(&cid, size)?;
                continue;
            }
            let block = match ipld::inline(&cid) {
                Some(block) => block,
                None => self.get(&cid)?,
            };
            each(&cid, block.len() as u64)?;
            let below = match ipld::links(&cid, &block) {
                Err(ipld::Error::Unsupported(_)) => Vec::new(),
                below => below?,
            };
            open.extend(below.into_iter().rev());
        }
        Ok(())
    }

    /// What roots lead to without being roots, and the root each was found under.
    pub(crate) fn indirect(&self) -> Result<BTreeMap<Cid, Cid>> {
        let roots = self.roots()?;
        let own: HashSet<_> = roots.iter().map(|root| *root.cid.hash()).collect();
        let mut found = BTreeMap::new();
        for root in roots.iter().filter(|root| !root.direct) {
            self.visit(&root.cid, &mut |cid, _| {
                if !own.contains(cid.hash()) {
                    found.entry(*cid).or_insert(root.cid);
                }
                Ok(())
            })?;
        }
        Ok(found)
    }

    /// Changing the tree of named files goes one at a time.
    pub(crate) fn tree_turn(&self) -> MutexGuard<'_, ()> {
        self.0.tree.lock()
    }

    /// The root of the tree of named files; `None` before the first.
    pub(crate) fn tree_root(&self) -> Result<Option<Cid>> {
        let text: Option<String> = self.0.vault.db().read(|db| {
            let row = db.query_row("SELECT root FROM ipfs_tree", [], |row| row.get(0));
            Ok::<_, super::Error>(row.optional()?)
        })?;
        Ok(text.as_deref().map(ipld::parse_cid).transpose()?)
    }

    /// Makes a folder the root of the tree of named files.
    pub(crate) fn set_tree_root(tx: &Transaction<'_>, root: &Cid) -> Result<()> {
        let sql = "INSERT OR REPLACE INTO ipfs_tree VALUES (1, ?1)";
        tx.execute(sql, [root.to_string()])?;
        Ok(())
    }

    /// Writes a root down in a transaction that has more to do.
    pub(crate) fn note(
        tx: &Transaction<'_>,
        cid: &Cid,
        name: &str,
        now: OffsetDateTime,
    ) -> Result<()> {
        note_root(tx, cid, name, false, now)
    }
}
