//! Giving back the space of what nothing needs any more.
use std::time::Duration;

use rusqlite::params;
use webx_content::{BUNDLE_LEN, Bundle, Place, multihash_of_digest};
use webx_vault::{BlockStore, Collect, Durability};

use crate::{
    Drive, Error, Result,
    content::digest_of,
    counters::Counters,
    drive::Inner,
    random,
    schema::{TRASH, form},
    upload,
};

/// Uploads that were not continued for this long are given up, in microseconds.
const UPLOAD_LIFE: i64 = 14 * 24 * 3600 * 1_000_000;
const DAY: i64 = 24 * 3600 * 1_000_000;
/// Nodes looked at in one transaction.
const SLICE: i64 = 1_000;
/// Bundles brought together in one transaction at most.
const MAX_MERGED: usize = 256;

/// What a garbage collection did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Collected {
    /// Old versions forgotten, because of the retention that is set.
    pub versions: u64,
    /// Uploads given up.
    pub uploads: u64,
    /// Small files moved out of bundles of which little was left.
    pub moved: u64,
    /// Blocks removed.
    pub blocks: u64,
    /// Bytes of those blocks.
    pub bytes: u64,
}

impl Drive {
    /// Forgets versions beyond the retention, gives up stale uploads, brings half-empty bundles together, and removes
    /// blocks that nothing needs. Runs beside readers and writers. `go_on` is asked between steps; `false` ends it, and
    /// what is done stays done.
    ///
    /// # Errors
    /// [`Error::Stopped`], [`Error::Vault`].
    pub fn gc(&self, go_on: impl Fn() -> bool + Sync) -> Result<Collected> {
        let inner = &self.0;
        let mut done = Collected::default();
        let check = || if go_on() { Ok(()) } else { Err(Error::Stopped) };
        done.versions = inner.forget_old(&check)?;
        check()?;
        done.uploads = inner.write(|txn| {
            let before = txn.now - UPLOAD_LIFE;
            upload::expire(txn, before)
        })?;
        done.moved = inner.merge_bundles(&check)?;
        let options = Collect {
            grace: Duration::ZERO,
            stop: &|| !go_on(),
        };
        let collected = inner.blocks().collect(&options, |mh| {
            let Ok(digest) = <[u8; 32]>::try_from(mh.digest()) else {
                return Ok(true);
            };
            // In this order: what is committed between the two questions is held at the first.
            if mh.code() != 0x1e || inner.flight.holds(&digest) {
                return Ok(true);
            }
            inner.read(|conn| {
                Ok(conn
                    .prepare_cached(
                        "SELECT EXISTS (SELECT 1 FROM drive_block WHERE digest = ?1) \
                         OR EXISTS (SELECT 1 FROM drive_upload_segment WHERE digest = ?1)",
                    )?
                    .query_row([digest], |row| row.get(0))?
                    // What other parts of the program keep.
                    || webx_vault::kept::is_kept(conn, &digest)?)
            })
        });
        let collected = collected.map_err(|error| match error {
            Error::Vault(webx_vault::Error::Stopped) => Error::Stopped,
            other => other,
        })?;
        done.blocks = collected.removed;
        done.bytes = collected.removed_bytes;
        Ok(done)
    }
}

impl Inner {
    fn forget_old(&self, check: &dyn Fn() -> Result<()>) -> Result<u64> {
        let counters = self.read(Counters::load)?;
        let keep = u64::try_from(counters.keep_versions).ok();
        if keep.is_none() && counters.keep_days < 0 {
            return Ok(0);
        }
        let (mut after, mut forgotten) = (TRASH, 0);
        loop {
            check()?;
            let (last, some) = self.write(|txn| {
                let before = match txn.counters.keep_days {
                    -1 => None,
                    days => Some(crate::tree::seq_at(txn.conn, txn.now.saturating_sub(days.saturating_mul(DAY)))?),
                };
                let nodes: Vec<i64> = txn
                    .conn
                    .prepare_cached(
                        "SELECT DISTINCT p.node FROM drive_past p JOIN drive_node d ON d.n = p.node \
                         WHERE p.node > ?1 AND d.kind = 1 ORDER BY p.node LIMIT ?2",
                    )?
                    .query_map([after, SLICE], |row| row.get(0))?
                    .collect::<rusqlite::Result<_>>()?;
                let mut some = 0;
                for n in &nodes {
                    some += txn.forget_versions(*n, keep, before)?;
                }
                Ok((nodes.last().copied(), some))
            })?;
            forgotten += some;
            match last {
                Some(last) => after = last,
                None => return Ok(forgotten),
            }
        }
    }

    /// Moves small files out of bundles that are less than half full, or half gone, into full ones.
    fn merge_bundles(&self, check: &dyn Fn() -> Result<()>) -> Result<u64> {
        let mut moved = 0;
        let mut after = 0;
        loop {
            check()?;
            // Bundles in the order they were made, so that what came together stays together.
            let (poor, last) = self.poor_bundles(after)?;
            let Some(last) = last else { return Ok(moved) };
            after = last;
            let mut full = Vec::new();
            let mut room = 0;
            for bundle in poor {
                room += bundle.live;
                full.push(bundle);
                if room > BUNDLE_LEN * 3 / 4 {
                    moved += self.merge(&full)?;
                    full.clear();
                    room = 0;
                }
            }
            if full.len() > 1 {
                moved += self.merge(&full)?;
            }
        }
    }

    /// The next bundles that are worth moving, and the row of the last bundle looked at.
    fn poor_bundles(&self, after: i64) -> Result<(Vec<Poor>, Option<i64>)> {
        self.read(|conn| {
            let mut statement = conn.prepare_cached(
                "SELECT block, b.digest, b.len, sum(c.len) FROM drive_content c INDEXED BY drive_content_bundle \
                 JOIN drive_block b ON b.b = block WHERE c.form = 1 AND block > ?1 GROUP BY block ORDER BY block LIMIT ?2",
            )?;
            let mut rows = statement.query(params![after, MAX_MERGED as i64])?;
            let (mut poor, mut last) = (Vec::new(), None);
            while let Some(row) = rows.next()? {
                let (block, digest, len, live): (i64, [u8; 32], i64, i64) =
                    (row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?);
                last = Some(block);
                if live * 2 < len || live * 2 < BUNDLE_LEN as i64 {
                    poor.push(Poor { block, digest, live: live.max(0) as usize });
                }
            }
            Ok((poor, last))
        })
    }

    /// Brings the live files of some bundles together. Sealed files are moved as they are; a bundle that cannot be read
    /// stays, so that a verification names its files.
    fn merge(&self, bundles: &[Poor]) -> Result<u64> {
        let hold = self.hold()?;
        let mut readable = Vec::new();
        for bundle in bundles {
            if let Ok(block) = self.block(&bundle.digest) {
                readable.push((bundle.block, block));
            }
        }
        let files = self.read(|conn| {
            let mut statement =
                conn.prepare_cached("SELECT c, place, len FROM drive_content WHERE block = ?1 AND form = 1 ORDER BY place")?;
            let mut files = Vec::new();
            for (b, block) in &readable {
                let rows = statement.query_map([b], |row| Ok((row.get::<_, i64>(0)?, row.get(1)?, row.get(2)?)))?;
                for row in rows {
                    let (c, offset, len) = row?;
                    files.push((c, *b, block.clone(), Place { offset, len }));
                }
            }
            Ok(files)
        })?;
        let mut moved = 0;
        let mut files = files.into_iter().peekable();
        while files.peek().is_some() {
            let mut bundle = Bundle::new();
            let mut places = Vec::new();
            while let Some((_, _, _, place)) = files.peek() {
                if !bundle.fits_sealed(place.len as usize) {
                    break;
                }
                let Some((c, b, block, place)) = files.next() else {
                    break;
                };
                let range = place.offset as usize
                    ..(place.offset as usize).saturating_add(place.len as usize);
                let Some(sealed) = block.get(range) else {
                    continue;
                };
                places.push((c, b, place, bundle.push_sealed(sealed)?));
            }
            if places.is_empty() {
                break;
            }
            moved += self.commit_merged(bundle, &places, &hold)?;
        }
        Ok(moved)
    }

    fn commit_merged(
        &self,
        bundle: Bundle,
        places: &[(i64, i64, Place, Place)],
        hold: &crate::flight::Hold,
    ) -> Result<u64> {
        let mut padding_key = [0; 32];
        random(&mut padding_key)?;
        let block = bundle.finish(padding_key)?;
        let digest = digest_of(&block);
        let len = block.len() as u64;
        hold.add(digest);
        self.blocks()
            .put_many(&[(multihash_of_digest(&digest), block)], Durability::Fsync)?;
        self.write(|txn| {
            let new = txn.block(&digest, len)?;
            let mut moved = 0;
            for (c, b, from, to) in places {
                // Only what is still where it was read; a purge may have come between.
                moved += txn
                    .conn
                    .prepare_cached(
                        "UPDATE drive_content SET block = ?2, place = ?3, len = ?4 \
                         WHERE c = ?1 AND form = ?5 AND block = ?6 AND place = ?7",
                    )?
                    .execute(params![
                        c,
                        new,
                        to.offset,
                        to.len,
                        form::SMALL,
                        b,
                        from.offset
                    ])?;
            }
            let old: std::collections::HashSet<i64> =
                places.iter().map(|(_, b, _, _)| *b).collect();
            for b in old {
                txn.drop_block(b)?;
            }
            txn.drop_block(new)?;
            // The tree looks the same, its catalogue does not.
            txn.next_seq();
            Ok(moved as u64)
        })
    }
}

/// A bundle that is worth moving.
struct Poor {
    block: i64,
    digest: [u8; 32],
    live: usize,
}
