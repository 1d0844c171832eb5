//! Writing: putting and deleting blocks, appending to the log, going on after a failure.
use std::collections::{HashMap, HashSet, VecDeque};
use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use bytes::Bytes;
use parking_lot::MutexGuard;

use super::core::{ATTEMPTS, BLAKE3, Core, SHA2_256, Tail};
use super::layers::Unsynced;
use super::record::{
    Head, Kind, Place, Position, SEGMENT_HEAD, SegmentHead, record_len, tombstone,
};
use super::segments::Segments;
use super::{Durability, MAX_BLOCK, Mh};
use crate::disk::DiskFile;
use crate::error::{Error, Result};

/// Something to append.
pub(super) struct Record<'a> {
    pub(super) mh: Mh,
    pub(super) what: What<'a>,
    pub(super) before: Option<Place>,
}

pub(super) enum What<'a> {
    Block {
        body: &'a [u8],
        crc: u32,
    },
    /// The block at `before` is dead.
    Tombstone([u8; 8]),
    /// A tombstone that compaction carries over: nothing in the index changes.
    Carried([u8; 8]),
}

impl<'a> Record<'a> {
    pub(super) fn block(mh: Mh, body: &'a [u8], before: Option<Place>) -> Self {
        Self {
            mh,
            what: What::Block {
                body,
                crc: crc32c::crc32c(body),
            },
            before,
        }
    }

    pub(super) fn delete(mh: Mh, dead: Place) -> Self {
        Self {
            mh,
            what: What::Tombstone(tombstone(dead.position())),
            before: Some(dead),
        }
    }

    fn body(&self) -> &[u8] {
        match &self.what {
            What::Block { body, .. } => body,
            What::Tombstone(payload) | What::Carried(payload) => payload,
        }
    }
}

impl Core {
    pub(super) fn put(&self, blocks: &[(Mh, Bytes)], durability: Durability) -> Result<()> {
        let mut seen = HashSet::with_capacity(blocks.len());
        let mut wanted = Vec::with_capacity(blocks.len());
        let mut bytes = 0;
        for (mh, body) in blocks {
            if body.len() > MAX_BLOCK {
                return Err(Error::BlockTooLarge {
                    len: body.len(),
                    max: MAX_BLOCK,
                });
            }
            if !matches!(mh.code(), BLAKE3 | SHA2_256) || mh.size() != 32 {
                return Err(Error::UnsupportedHash { code: mh.code() });
            }
            if seen.insert(*mh) {
                wanted.push((*mh, body));
            }
        }
        drop(seen);
        // Slow look-ups happen before the lock; under it only what changed in between is looked at.
        let (generation, mut before) = self.look_ahead(&wanted)?;
        let mut records: Vec<Option<Record<'_>>> = Vec::with_capacity(wanted.len());
        let checked = before.clone();
        for ((mh, body), place) in wanted.iter().zip(&before) {
            // "Already there" is a promise: it is given only for what can be read and is in the index for good.
            let present = place.is_some_and(|place| {
                place.position() >= *self.rebuilt_until.read() && self.read_at(mh, place).is_ok()
            });
            records.push((!present).then(|| Record::block(*mh, body, *place)));
            if !present {
                bytes += record_len(mh, body.len());
            }
        }
        if bytes > 0 {
            self.check_floor(bytes)?;
        }
        let lost = self.syncing.lock().lost;
        let last = {
            let mut tail = self.ready_tail()?;
            // Only those who hold the tail change where blocks lie, so from here on the answer stays true.
            if !self.refresh(generation, &wanted, &mut before) {
                before = self.look_ahead(&wanted)?.1;
            }
            let mut append = Vec::with_capacity(records.len());
            let places = before.into_iter().zip(checked);
            for (((mh, body), (now, checked)), record) in wanted.iter().zip(places).zip(records) {
                match record {
                    None if now.is_some() && now == checked => self.protection.lock().touch(mh),
                    record => {
                        let mut record = record.unwrap_or_else(|| Record::block(*mh, body, now));
                        record.before = now;
                        append.push(record);
                    }
                }
            }
            self.append(&mut tail, &append)?;
            tail.next_seq - 1
        };
        if durability == Durability::Fsync {
            self.sync_to(last)?;
            if self.syncing.lock().lost != lost {
                for (mh, _) in &wanted {
                    if self.find(mh)?.is_none() {
                        return Err(self.loss());
                    }
                }
            }
        }
        Ok(())
    }

    /// Brings what [`Self::look_ahead`] found up to date, unless the index moved on since.
    fn refresh(
        &self,
        generation: u64,
        wanted: &[(Mh, &Bytes)],
        places: &mut [Option<Place>],
    ) -> bool {
        let layers = self.layers.read();
        if layers.generation != generation {
            return false;
        }
        for ((mh, _), place) in wanted.iter().zip(places) {
            if let Some(known) = layers.get(mh) {
                *place = known;
            }
        }
        true
    }

    fn look_ahead(&self, wanted: &[(Mh, &Bytes)]) -> Result<(u64, Vec<Option<Place>>)> {
        for _ in 0..ATTEMPTS {
            let index = self.index()?;
            let (view, generation, known) = {
                let layers = self.layers.read();
                let known: Vec<_> = wanted.iter().map(|(mh, _)| layers.get(mh)).collect();
                (index.view(), layers.generation, known)
            };
            let places = view.and_then(|view| {
                let look = |((mh, _), known): (&(Mh, &Bytes), Option<Option<Place>>)| {
                    known.map_or_else(|| view.get(mh), Ok)
                };
                wanted
                    .iter()
                    .zip(known)
                    .map(look)
                    .collect::<Result<Vec<_>, _>>()
            });
            match places {
                Ok(places) => return Ok((generation, places)),
                Err(e) => self.index_failed(&index, e)?,
            }
        }
        Err(self.index_stays_damaged())
    }

    fn check_floor(&self, bytes: u64) -> Result<()> {
        let floor = self.options.free_floor;
        match self.segments.disk.available(self.segments.dir()) {
            Ok(free) if free < floor.saturating_add(bytes) => Err(Error::DiskFull { free, floor }),
            _ => Ok(()),
        }
    }

    /// Removes blocks; durable when it returns.
    pub(super) fn delete(&self, mhs: &[Mh]) -> Result<()> {
        let last = {
            let mut tail = self.ready_tail()?;
            let mut records = Vec::with_capacity(mhs.len());
            let mut seen = HashSet::with_capacity(mhs.len());
            for mh in mhs.iter().filter(|mh| seen.insert(**mh)) {
                if let Some(place) = self.find(mh)? {
                    records.push(Record::delete(*mh, place));
                }
            }
            self.append(&mut tail, &records)?;
            tail.next_seq - 1
        };
        self.sync_to(last)
    }

    /// The right to append, with a tail that can be trusted.
    pub(super) fn ready_tail(&self) -> Result<MutexGuard<'_, Tail>> {
        let mut tail = self.tail.lock();
        if self.distrusted.load(Ordering::SeqCst) {
            self.write_again(&mut tail)?;
        } else if tail.leftover {
            self.begin_segment(&mut tail)?;
        }
        Ok(tail)
    }

    /// Appends records. On an error those that were written stay; the rest is as if it had never been asked for.
    pub(super) fn append(&self, tail: &mut Tail, records: &[Record<'_>]) -> Result<()> {
        let mut rest = records;
        while let Some(first) = rest.first() {
            let room = u64::from(self.options.segment_bytes);
            let len = |r: &Record<'_>| record_len(&r.mh, r.body().len());
            if tail.leftover || (tail.end > SEGMENT_HEAD && u64::from(tail.end) + len(first) > room)
            {
                self.begin_segment(tail)?;
            }
            let mut end = u64::from(tail.end) + len(first);
            let mut count = 1;
            while let Some(next) = rest.get(count).filter(|r| end + len(r) <= room) {
                end += len(next);
                count += 1;
            }
            let (now, later) = rest.split_at(count);
            self.append_here(tail, now)?;
            rest = later;
        }
        Ok(())
    }

    fn append_here(&self, tail: &mut Tail, records: &[Record<'_>]) -> Result<()> {
        let mut heads = Vec::with_capacity(records.len() * 64);
        let mut cuts = Vec::with_capacity(records.len());
        let mut changes = Vec::with_capacity(records.len());
        let mut at = tail.end;
        for record in records {
            let body = record.body();
            let (kind, body_crc) = match &record.what {
                What::Block { crc, .. } => (Kind::Block, *crc),
                What::Tombstone(payload) | What::Carried(payload) => {
                    (Kind::Tombstone, crc32c::crc32c(payload))
                }
            };
            // A failed write uses its numbers up: what it left behind never looks like a successor.
            let head = Head {
                kind,
                seq: tail.next_seq,
                len: body.len() as u32,
                body_crc,
                mh: record.mh,
            };
            tail.next_seq += 1;
            let start = heads.len();
            let head_len = head.encode(&mut heads);
            cuts.push(start..start + head_len);
            let place = matches!(record.what, What::Block { .. }).then_some(Place {
                segment: tail.segment,
                offset: at,
                len: head.len,
            });
            let carried = match record.what {
                What::Carried(payload) => Some(payload),
                _ => None,
            };
            changes.push(Unsynced {
                seq: head.seq,
                mh: record.mh,
                place,
                before: record.before,
                carried,
            });
            at += (head_len + body.len()) as u32;
        }
        let pieces: Vec<&[u8]> = cuts
            .into_iter()
            .zip(records)
            .flat_map(|(cut, record)| [&heads[cut], record.body()])
            .collect();
        if let Err(e) = tail.file.write_at(u64::from(tail.end), &pieces) {
            match tail.file.set_len(u64::from(tail.end)) {
                Ok(()) => tail.dirty = true,
                Err(_) => tail.leftover = true,
            }
            return Err(self.write_error(tail.segment, e));
        }
        tail.end = at;
        self.segments.set_end(tail.segment, at);
        tail.dirty = true;
        let mut layers = self.layers.write();
        changes
            .into_iter()
            .for_each(|change| layers.written(change));
        drop(layers);
        self.protection.lock().mark(Position {
            segment: tail.segment,
            offset: tail.end,
        });
        Ok(())
    }

    pub(super) fn write_error(&self, segment: u32, e: io::Error) -> Error {
        if crate::error::is_full(&e) {
            let free = self
                .segments
                .disk
                .available(self.segments.dir())
                .unwrap_or(0);
            return Error::DiskFull {
                free,
                floor: self.options.free_floor,
            };
        }
        Error::io("write", &self.segments.path(segment), e)
    }

    /// Goes on in a new segment. What the old one holds is durable before the new one exists, and its head says where
    /// the old one ends: so only the last segment can hold anything that a crash has torn.
    fn begin_segment(&self, tail: &mut Tail) -> Result<()> {
        let durable = self.layers.read().checkpoint.seq;
        if durable < tail.next_seq - 1 {
            self.sync_tail(tail)?;
        }
        let begun = self.create_next(tail, tail.end);
        if begun.is_err() {
            // The new file may be there after all, and its head says that this one ends here. So nothing is added here any
            // more: whoever writes next begins a segment first.
            tail.leftover = true;
        }
        begun
    }

    fn create_next(&self, tail: &mut Tail, previous_end: u32) -> Result<()> {
        let head = SegmentHead {
            number: tail.segment + 1,
            vault: self.vault,
            first_seq: tail.next_seq,
            previous: Position {
                segment: tail.segment,
                offset: previous_end,
            },
        };
        let file =
            create_segment(&self.segments, &head).map_err(|e| self.write_error(head.number, e))?;
        if tail.leftover {
            // The new head says where the old segment ends; cutting it as well only tidies up.
            let _ = tail.file.set_len(u64::from(previous_end));
        }
        tail.segment = head.number;
        tail.file = file;
        tail.end = SEGMENT_HEAD;
        tail.leftover = false;
        tail.dirty = false;
        Ok(())
    }

    /// After a failed fsync the system may have dropped pages and call them clean. Everything that was not durable
    /// before is declared void and written again, to a new segment.
    fn write_again(&self, tail: &mut Tail) -> Result<()> {
        let durable = self.layers.read().checkpoint.at;
        let end = if durable.segment == tail.segment {
            durable.offset
        } else {
            SEGMENT_HEAD
        };
        let (number, old) = (tail.segment, tail.file.clone());
        tail.leftover = false;
        self.create_next(tail, end)?;
        self.distrusted.store(false, Ordering::SeqCst);
        let mut waiting: VecDeque<Unsynced> = std::mem::take(&mut self.layers.write().unsynced);
        let mut moved: HashMap<Place, Place> = HashMap::new();
        while let Some(change) = waiting.front().copied() {
            let before = change
                .before
                .map(|place| moved.get(&place).copied().unwrap_or(place));
            let read = |place| self.read_at(&change.mh, place);
            let body = match (change.place, before) {
                (Some(place), Some(before)) => read(place).or_else(|_| read(before)).map(Some),
                (Some(place), None) => read(place).map(Some),
                (None, _) => Ok(None),
            };
            let record = match (&body, before) {
                (Ok(None), _) if change.carried.is_some() => change.carried.map(|payload| Record {
                    mh: change.mh,
                    what: What::Carried(payload),
                    before: None,
                }),
                (Ok(Some(body)), _) => Some(Record::block(change.mh, body, before)),
                (Ok(None), Some(dead)) => Some(Record::delete(change.mh, dead)),
                _ => None,
            };
            if let Some(record) = record {
                if let Err(e) = self.append(tail, &[record]) {
                    // The next one who needs the tail tries again with what is left.
                    self.layers.write().unsynced.extend(waiting);
                    self.distrusted.store(true, Ordering::SeqCst);
                    return Err(e);
                }
                let mut layers = self.layers.write();
                layers.superseded(&change);
                let to = layers.unsynced.back().and_then(|c| c.place);
                if let (Some(from), Some(to)) = (change.place, to) {
                    moved.insert(from, to);
                }
            } else {
                self.layers.write().forget(&change);
                self.syncing.lock().lost += 1;
                self.protection.lock().lost();
                tracing::error!("a block was lost because the disk failed to store it");
            }
            waiting.pop_front();
        }
        self.segments.set_end(number, end);
        let _ = old.set_len(u64::from(end));
        Ok(())
    }
}

pub(super) fn create_segment(
    segments: &Segments,
    head: &SegmentHead,
) -> io::Result<Arc<dyn DiskFile>> {
    let file = segments.create(head.number)?;
    file.write_at(0, &[&head.encode()])?;
    file.sync()?;
    segments.disk.sync_dir(segments.dir())?;
    segments.set_end(head.number, SEGMENT_HEAD);
    Ok(file)
}
