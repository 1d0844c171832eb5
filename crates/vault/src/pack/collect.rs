//! Garbage collection: sweep in small slices, then move what lives out of segments that are mostly dead.
use std::time::Duration;

use super::core::{ATTEMPTS, Core, MOVE_BYTES};
use super::open::trusted_end;
use super::protect::Horizon;
use super::record::{Place, SEGMENT_HEAD, Scan};
use super::write::{Record, What};
use super::{Mh, PackStore};
use crate::error::{Error, Result};

/// Blocks looked at between two chances for everybody else.
const SLICE: usize = 1024;
/// A sealed segment is compacted when less than this share of it lives.
const COMPACT_BELOW: f64 = 0.5;

/// How a garbage collection runs.
#[derive(Clone, Copy)]
pub struct Collect<'a> {
    /// Blocks put less than this ago (one hour at most) count as live: their writer may not have recorded them yet.
    /// Blocks put under a [`super::Hold`] are safe whatever the grace.
    pub grace: Duration,
    /// Asked between slices; `true` ends the collection with [`Error::Stopped`], keeping what is done.
    pub stop: &'a (dyn Fn() -> bool + Sync),
}

impl Default for Collect<'_> {
    fn default() -> Self {
        Self {
            grace: Duration::from_secs(3600),
            stop: &|| false,
        }
    }
}

/// What a garbage collection did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Collected {
    /// Blocks looked at.
    pub examined: u64,
    /// Blocks removed.
    pub removed: u64,
    /// Bytes of those blocks.
    pub removed_bytes: u64,
    /// Bytes given back to the disk.
    pub freed_bytes: u64,
}

impl PackStore {
    /// Removes blocks for which `live` says `false`, in small slices beside readers and writers, then compacts segments
    /// of which less than half lives. Blocks put during the collection, within the grace, or under a [`super::Hold`]
    /// stay. One collection runs at a time; a second caller waits.
    ///
    /// # Errors
    /// Whatever `live` returns (then nothing more is removed); [`Error::Stopped`]; [`Error::Locked`]; [`Error::Io`].
    pub fn collect<E: From<Error>>(
        &self,
        options: &Collect<'_>,
        live: impl Fn(&Mh) -> Result<bool, E>,
    ) -> Result<Collected, E> {
        let mut done = Collected::default();
        let horizon = self.with(|core| {
            core.sync_to_end()?;
            core.checkpoint()?;
            let now = core.position();
            Ok(core.protection.lock().horizon(now, options.grace))
        })?;
        let mut after: Option<Vec<u8>> = None;
        loop {
            if (options.stop)() {
                return Err(Error::Stopped.into());
            }
            let slice = self.with(|core| core.slice(after.as_deref(), SLICE))?;
            let Some((last, _)) = slice.last() else { break };
            after = Some(last.to_bytes());
            let mut dead = Vec::new();
            for (mh, place) in slice {
                done.examined += 1;
                if place.position() < horizon.position && !live(&mh)? {
                    dead.push((mh, place));
                }
            }
            let (blocks, bytes) = self.with(|core| core.sweep(&dead, &horizon))?;
            done.removed += blocks;
            done.removed_bytes += bytes;
        }
        let candidates = self.with(|core| Ok(core.mostly_dead()))?;
        for number in candidates {
            done.freed_bytes += self.compact(number, options)?;
        }
        Ok(done)
    }

    fn compact(&self, number: u32, options: &Collect<'_>) -> Result<u64> {
        let mut from = SEGMENT_HEAD;
        loop {
            if (options.stop)() {
                return Err(Error::Stopped);
            }
            match self.with(|core| core.move_some(number, from))? {
                Moved::UpTo(next) => from = next,
                Moved::All => return self.with(|core| core.retire(number)),
                Moved::Damaged => return Ok(0),
            }
        }
    }
}

enum Moved {
    UpTo(u32),
    All,
    /// Something that lives cannot be read: the segment is kept for those who may be able to save it.
    Damaged,
}

impl Core {
    /// Up to `most` indexed blocks after `after`, in the index's order.
    pub(super) fn slice(&self, after: Option<&[u8]>, most: usize) -> Result<Vec<(Mh, Place)>> {
        for _ in 0..ATTEMPTS {
            let index = self.index()?;
            match index.view().and_then(|view| view.slice(after, most)) {
                Ok(slice) => return Ok(slice),
                Err(e) => self.index_failed(&index, e)?,
            }
        }
        Err(Error::Stopped)
    }

    /// Removes dead blocks, unless somebody put them again in the meantime. Returns how many and their bytes.
    fn sweep(&self, dead: &[(Mh, Place)], horizon: &Horizon) -> Result<(u64, u64)> {
        if dead.is_empty() {
            return Ok((0, 0));
        }
        let _one = self.collecting.lock();
        if self.protection.lock().is_paused() {
            return Ok((0, 0));
        }
        let (bytes, count, last) = {
            let mut tail = self.ready_tail()?;
            let mut records = Vec::with_capacity(dead.len());
            let mut bytes = 0;
            for (mh, place) in dead {
                if self.protection.lock().is_touched(mh, horizon) || self.find(mh)? != Some(*place)
                {
                    continue;
                }
                bytes += u64::from(place.len);
                records.push(Record::delete(*mh, *place));
            }
            self.append(&mut tail, &records)?;
            (bytes, records.len() as u64, tail.next_seq - 1)
        };
        self.sync_to(last)?;
        Ok((count, bytes))
    }

    /// Sealed segments worth compacting.
    fn mostly_dead(&self) -> Vec<u32> {
        let current = self.tail.lock().segment;
        let layers = self.layers.read();
        let is_mostly_dead = |(number, end): &(u32, u32)| {
            *number != current
                && (layers.usage(*number).bytes as f64) < f64::from(*end) * COMPACT_BELOW
        };
        self.segments
            .all()
            .iter()
            .filter(|s| is_mostly_dead(s))
            .map(|(number, _)| *number)
            .collect()
    }

    /// Writes some of what lives in a segment again at the tail.
    fn move_some(&self, number: u32, from: u32) -> Result<Moved> {
        let _one = self.collecting.lock();
        let Some(file) = self.segments.file(number)? else {
            return Ok(Moved::All);
        };
        let Some(len) = self.segments.end(number) else {
            return Ok(Moved::All);
        };
        let end = trusted_end(&self.segments, number, len)?;
        let failed = |e| Error::io("read", &self.segments.path(number), e);
        let mut scan = Scan::new(&*file, from, end, 0, false);
        let mut blocks = Vec::new();
        let mut tombstones = Vec::new();
        let mut bytes = 0;
        let mut next = None;
        while let Some(record) = scan.next().map_err(failed)? {
            let mh = record.head.mh;
            match record.dead {
                // A tombstone matters as long as the record it kills could come back when the index is rebuilt.
                Some(dead)
                    if dead.segment != number && self.segments.end(dead.segment).is_some() =>
                {
                    tombstones.push((mh, super::record::tombstone(dead)));
                }
                Some(_) => {}
                None => {
                    let place = Place {
                        segment: number,
                        offset: record.offset,
                        len: record.head.len,
                    };
                    if self.find(&mh)? == Some(place) {
                        let Ok(body) = self.read_at(&mh, place) else {
                            tracing::warn!(
                                segment = number,
                                "a segment with a damaged block is not compacted"
                            );
                            return Ok(Moved::Damaged);
                        };
                        bytes += body.len();
                        blocks.push((mh, body, place));
                    }
                }
            }
            if bytes >= MOVE_BYTES || blocks.len() + tombstones.len() >= SLICE {
                next = Some(record.end);
                break;
            }
        }
        {
            let mut tail = self.ready_tail()?;
            let mut records = Vec::with_capacity(blocks.len() + tombstones.len());
            for (mh, body, place) in &blocks {
                if self.find(mh)? == Some(*place) {
                    records.push(Record::block(*mh, body, Some(*place)));
                }
            }
            records.extend(tombstones.iter().map(|(mh, t)| Record {
                mh: *mh,
                what: What::Carried(*t),
                before: None,
            }));
            self.append(&mut tail, &records)?;
        }
        Ok(next.map_or(Moved::All, Moved::UpTo))
    }

    /// Removes a segment of which nothing lives any more. Returns the bytes given back.
    fn retire(&self, number: u32) -> Result<u64> {
        let _one = self.collecting.lock();
        self.sync_to_end()?;
        if self.layers.read().usage(number).blocks > 0 {
            // The count and the scan disagree, so a record was stepped over: keep the file.
            tracing::warn!(
                segment = number,
                "a segment with a damaged stretch is not removed"
            );
            return Ok(0);
        }
        // The index must not name this segment any more when it is gone.
        self.checkpoint()?;
        self.cut_before(number)?;
        let bytes = self.segments.end(number).unwrap_or(0);
        self.segments.remove(number)?;
        // Tombstones for this segment are dropped from now on, so it must not come back.
        let dir = self.segments.dir();
        self.segments
            .disk
            .sync_dir(dir)
            .map_err(|e| Error::io("sync", dir, e))?;
        Ok(u64::from(bytes))
    }

    /// Only the head of a segment says where the one before it ends. Before it goes, what lies beyond that end goes.
    fn cut_before(&self, number: u32) -> Result<()> {
        let Some(before) = number.checked_sub(1).filter(|n| *n > 0) else {
            return Ok(());
        };
        let Some(file) = self.segments.file(before)? else {
            return Ok(());
        };
        let failed = |e| Error::io("cut", &self.segments.path(before), e);
        let len = u32::try_from(file.len().map_err(failed)?).unwrap_or(u32::MAX);
        let end = trusted_end(&self.segments, before, len)?;
        if len > end {
            file.set_len(u64::from(end)).map_err(failed)?;
            self.segments.set_end(before, end);
        }
        // An earlier cut may not have reached the disk yet.
        file.sync().map_err(failed)
    }
}
