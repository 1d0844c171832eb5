//! Removing a root, and with it the blocks that no other root leads to.

use std::collections::HashSet;

use webx_content::ipld::{self, Cid};
use webx_vault::kept;
use webx_vault::rusqlite::{OptionalExtension as _, Transaction};

use super::writer::OWNER;
use super::{Error, PublicStore, Result};

/// What was removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Swept {
    /// Blocks.
    pub blocks: u64,
    /// Their bytes. The vault's own collection gives them back to the disk.
    pub bytes: u64,
}

impl PublicStore {
    /// Removes a root and every block that no other root leads to.
    ///
    /// # Errors
    /// [`Error::NoRoot`]; [`Error::Busy`] while something is being added; what the vault says.
    pub fn remove(&self, root: &Cid) -> Result<Swept> {
        let writers = self.0.writers.lock();
        if *writers > 0 {
            return Err(Error::Busy);
        }
        let (live, known) = self.live(Some(root))?;
        if !known {
            return Err(Error::NoRoot(*root));
        }
        self.0.vault.db().write(|tx| {
            tx.execute("DELETE FROM ipfs_root WHERE cid = ?1", [root.to_string()])?;
            sweep(tx, &live, &mut |_| ())
        })
    }

    /// Removes every block that nothing leads to, and names each by its multihash.
    ///
    /// # Errors
    /// [`Error::Busy`] while something is being added; what the vault says.
    pub(crate) fn collect(&self, gone: &mut dyn FnMut(&[u8])) -> Result<Swept> {
        let writers = self.0.writers.lock();
        if *writers > 0 {
            return Err(Error::Busy);
        }
        let (live, _) = self.live(None)?;
        self.0.vault.db().write(|tx| sweep(tx, &live, gone))
    }

    /// Removes one block, unless something leads to it; whether it was here.
    ///
    /// # Errors
    /// [`Error::Needed`], [`Error::Busy`]; what the vault says.
    pub(crate) fn forget(&self, cid: &Cid) -> Result<bool> {
        let writers = self.0.writers.lock();
        if *writers > 0 {
            return Err(Error::Busy);
        }
        if let Some(why) = self.why_kept(cid)? {
            return Err(Error::Needed { cid: *cid, why });
        }
        let multihash = cid.hash().to_bytes();
        self.0.vault.db().write(|tx| {
            let sql = "DELETE FROM ipfs_block WHERE multihash = ?1 RETURNING sealed";
            let row = tx.query_row(sql, [&multihash], |row| row.get::<_, [u8; 32]>(0));
            match row.optional()? {
                Some(sealed) => {
                    kept::give_up(tx, OWNER, &sealed)?;
                    Ok(true)
                }
                None => Ok(false),
            }
        })
    }

    /// What leads to a block, in the words of other implementations; `None` when nothing does.
    pub(crate) fn why_kept(&self, cid: &Cid) -> Result<Option<String>> {
        let multihash = cid.hash().to_bytes();
        for root in self.roots()? {
            if root.cid.hash() == cid.hash() {
                let kind = if root.direct { "direct" } else { "recursive" };
                return Ok(Some(format!("pinned: {kind}")));
            }
            let mut live = HashSet::new();
            if !root.direct {
                self.mark(root.cid, &mut live)?;
            }
            if live.contains(&multihash) {
                return Ok(Some(format!("pinned via {}", root.cid)));
            }
        }
        let mut live = HashSet::new();
        if let Some(tree) = self.tree_root()? {
            self.mark(tree, &mut live)?;
        }
        Ok(live
            .contains(&multihash)
            .then(|| "it is part of the file tree".to_owned()))
    }

    /// The hashes of everything that something leads to, but for one root; and whether that root is one.
    fn live(&self, but: Option<&Cid>) -> Result<(HashSet<Vec<u8>>, bool)> {
        let mut live = HashSet::new();
        let mut known = false;
        for root in self.roots()? {
            if Some(&root.cid) == but {
                known = true;
            } else if root.direct {
                live.insert(root.cid.hash().to_bytes());
            } else {
                self.mark(root.cid, &mut live)?;
            }
        }
        if let Some(tree) = self.tree_root()? {
            self.mark(tree, &mut live)?;
        }
        Ok((live, known))
    }

    /// Notes the hashes of everything below a root. What is missing or of an unknown codec leads nowhere.
    pub(super) fn mark(&self, root: Cid, live: &mut HashSet<Vec<u8>>) -> Result<()> {
        let mut open = vec![root];
        while let Some(cid) = open.pop() {
            if ipld::inline(&cid).is_none() && !live.insert(cid.hash().to_bytes()) {
                continue;
            }
            if cid.codec() == ipld::RAW {
                continue;
            }
            let below = match ipld::fetch(self, &cid) {
                Ok(block) => ipld::links(&cid, &block),
                Err(ipld::Error::Missing(_)) => continue,
                Err(error) => return Err(error.into()),
            };
            open.extend(below.unwrap_or_default());
        }
        Ok(())
    }
}

fn sweep(
    tx: &Transaction<'_>,
    live: &HashSet<Vec<u8>>,
    gone: &mut dyn FnMut(&[u8]),
) -> Result<Swept> {
    let mut swept = Swept::default();
    let mut dead = Vec::new();
    let mut statement = tx.prepare("SELECT multihash, sealed, size FROM ipfs_block")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let multihash: Vec<u8> = row.get(0)?;
        if !live.contains(&multihash) {
            let sealed: [u8; 32] = row.get(1)?;
            swept.blocks += 1;
            swept.bytes += row.get::<_, i64>(2)?.unsigned_abs();
            dead.push((multihash, sealed));
        }
    }
    let mut forget = tx.prepare("DELETE FROM ipfs_block WHERE multihash = ?1")?;
    for (multihash, sealed) in dead {
        gone(&multihash);
        forget.execute([multihash])?;
        kept::give_up(tx, OWNER, &sealed)?;
    }
    Ok(swept)
}
