//! Removing a root, and with it the blocks that no other root leads to.

use std::collections::HashSet;

use webx_content::ipld::{self, Cid};
use webx_vault::kept;
use webx_vault::rusqlite::Transaction;

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
        let mut live = HashSet::new();
        let mut known = false;
        for other in self.roots()? {
            if other.cid == *root {
                known = true;
            } else {
                self.mark(other.cid, &mut live)?;
            }
        }
        if !known {
            return Err(Error::NoRoot(*root));
        }
        self.0.vault.db().write(|tx| {
            tx.execute("DELETE FROM ipfs_root WHERE cid = ?1", [root.to_string()])?;
            sweep(tx, &live)
        })
    }

    /// Notes the hashes of everything below a root. What is missing or of an unknown codec leads nowhere.
    fn mark(&self, root: Cid, live: &mut HashSet<Vec<u8>>) -> Result<()> {
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

fn sweep(tx: &Transaction<'_>, live: &HashSet<Vec<u8>>) -> Result<Swept> {
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
        forget.execute([multihash])?;
        kept::give_up(tx, OWNER, &sealed)?;
    }
    Ok(swept)
}
