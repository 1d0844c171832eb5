//! Adding public blocks: sealed, put, written down in steps, and named by a root at the end.

use std::io::Read;

use bytes::Bytes;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use webx_content::car;
use webx_content::ipld::{self, Cid, Sink};
use webx_vault::rusqlite::Transaction;
use webx_vault::{BlockStore as _, Durability, Hold, Mh, kept};

use super::{Error, PublicStore, Result, nonce};
use aws_lc_rs::aead::Aad;

/// Who keeps the sealed blocks.
pub(super) const OWNER: &[u8] = b"ipfs/public";
/// Bytes that are handed to the block store at once.
const BATCH: usize = 8 << 20;
/// Blocks that are written down at once.
const STEP: usize = 2048;
/// Longest name of a root.
const MAX_NAME: usize = 255;

/// Blocks that are being added. Dropped without [`Writer::finish`], it leaves blocks that no root leads to.
pub struct Writer {
    store: PublicStore,
    hold: Hold,
    batch: Vec<(Mh, Bytes)>,
    bytes: usize,
    rows: Vec<Sealed>,
    _place: Place,
}

/// A sealed block that is not written down yet.
struct Sealed {
    multihash: Vec<u8>,
    digest: [u8; 32],
    tag: [u8; 16],
    size: usize,
}

/// One of those who may refer to blocks that nothing leads to yet. Nothing is swept meanwhile.
pub(crate) struct Place(PublicStore);

impl Place {
    pub(super) fn new(store: &PublicStore) -> Self {
        *store.0.writers.lock() += 1;
        Self(store.clone())
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        *self.0.0.writers.lock() -= 1;
    }
}

impl std::fmt::Debug for Writer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Writer")
    }
}

impl Writer {
    pub(super) fn new(store: PublicStore) -> Result<Self> {
        let place = Place::new(&store);
        Ok(Self {
            hold: store.0.vault.blocks().hold()?,
            store,
            batch: Vec::new(),
            bytes: 0,
            rows: Vec::new(),
            _place: place,
        })
    }

    /// Adds all blocks of a CAR, each checked against its hash, and makes its roots roots here; with `last`, its last
    /// block. A root that is neither in the CAR nor here is refused.
    ///
    /// # Errors
    /// [`Error::Content`] for a CAR that is broken or has no root; what the vault says. What was added before stays
    /// without a root.
    pub fn read_car(
        mut self,
        from: impl Read,
        last: bool,
        name: &str,
        now: OffsetDateTime,
    ) -> Result<Vec<Cid>> {
        let mut car = car::Reader::new(from)?;
        let mut end = None;
        while let Some((cid, block)) = car.next_block()? {
            self.put(&cid, block)?;
            end = Some(cid);
        }
        let roots = if last {
            end.into_iter().collect()
        } else {
            car.roots().to_vec()
        };
        self.finish(&roots, name, now)?;
        Ok(roots)
    }

    /// Writes the roots down. When it returns, everything is on the disk.
    ///
    /// # Errors
    /// [`Error::Content`] when there is no root, or one whose block is not here; what the vault says.
    pub fn finish(mut self, roots: &[Cid], name: &str, now: OffsetDateTime) -> Result<()> {
        self.write_down()?;
        if roots.is_empty() {
            return Err(ipld::Error::malformed("CAR", "it has no root").into());
        }
        for root in roots {
            ipld::fetch(&self.store, root)?;
        }
        self.store.0.vault.db().write(|tx| {
            roots
                .iter()
                .try_for_each(|root| note_root(tx, root, name, false, now))
        })
    }

    /// Makes what was added so far durable, and readable.
    pub(crate) fn settle(&mut self) -> Result<()> {
        self.write_down()
    }

    /// Makes everything durable, then does `work` in one transaction, before anything can be swept.
    pub(crate) fn commit<T>(
        mut self,
        work: impl FnOnce(&Transaction<'_>) -> Result<T>,
    ) -> Result<T> {
        self.write_down()?;
        self.store.0.vault.db().write(work)
    }

    fn seal(&mut self, cid: &Cid, block: Bytes) -> Result<()> {
        let damaged = || Error::Damaged(*cid);
        let multihash = cid.hash().to_bytes();
        let key = self.store.key_of(&multihash).ok_or_else(damaged)?;
        let size = block.len();
        let mut sealed = Vec::from(block);
        let tag = key
            .seal_in_place_separate_tag(nonce(), Aad::empty(), &mut sealed)
            .ok()
            .and_then(|tag| tag.as_ref().first_chunk::<16>().copied())
            .ok_or_else(damaged)?;
        let digest = *blake3::hash(&sealed).as_bytes();
        let place = Mh::wrap(ipld::BLAKE3, &digest).map_err(|_| damaged())?;
        self.bytes += size;
        self.batch.push((place, sealed.into()));
        self.rows.push(Sealed {
            multihash,
            digest,
            tag,
            size,
        });
        if self.bytes >= BATCH || self.batch.len() >= STEP {
            self.hand_over()?;
        }
        if self.rows.len() >= STEP {
            self.write_down()?;
        }
        Ok(())
    }

    fn hand_over(&mut self) -> Result<()> {
        let batch = std::mem::take(&mut self.batch);
        self.bytes = 0;
        let blocks = self.store.0.vault.blocks();
        Ok(blocks.put_many(&batch, Durability::Buffered)?)
    }

    /// Makes the blocks durable, then says where they are.
    fn write_down(&mut self) -> Result<()> {
        self.hand_over()?;
        self.store.0.vault.blocks().sync()?;
        let rows = std::mem::take(&mut self.rows);
        self.store.0.vault.db().write(|tx| {
            kept::keep(tx, OWNER, rows.iter().map(|row| &row.digest))?;
            let sql = "INSERT INTO ipfs_block VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO NOTHING";
            let mut statement = tx.prepare_cached(sql)?;
            for row in &rows {
                let size = i64::try_from(row.size).unwrap_or(i64::MAX);
                statement.execute((&row.multihash, &row.digest, &row.tag, size))?;
            }
            Ok::<_, Error>(())
        })?;
        // What was put from now on is protected by a hold of its own; the former ones are kept.
        self.hold = self.store.0.vault.blocks().hold()?;
        Ok(())
    }
}

/// Writes a root down; one that is there already gets the new name, and is not made less.
pub(super) fn note_root(
    tx: &Transaction<'_>,
    cid: &Cid,
    name: &str,
    direct: bool,
    now: OffsetDateTime,
) -> Result<()> {
    let name: String = name.chars().filter(|c| !c.is_control()).collect();
    let name = name
        .get(..name.floor_char_boundary(MAX_NAME))
        .unwrap_or_default();
    let added = now.format(&Rfc3339).unwrap_or_default();
    let sql = "INSERT OR REPLACE INTO ipfs_root (cid, name, added, direct) VALUES (?1, ?2, ?3, ?4)";
    tx.execute(sql, (cid.to_string(), name, added, direct))?;
    Ok(())
}

impl Sink for Writer {
    fn put(&mut self, cid: &Cid, block: Bytes) -> ipld::Result<()> {
        if ipld::inline(cid).is_some() {
            return Ok(());
        }
        if block.len() > ipld::MAX_BLOCK {
            return Err(ipld::Error::Limit {
                what: "the size of a block",
                limit: ipld::MAX_BLOCK as u64,
            });
        }
        self.seal(cid, block).map_err(|error| match error {
            Error::Content(error) => error,
            error => ipld::Error::outside(error),
        })
    }
}
