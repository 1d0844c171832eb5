//! Opening a store: find the segments, open or rebuild the index, replay the tail of the log.
use std::collections::HashMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use uuid::Uuid;

use super::core::{CHECKPOINT_ENTRIES, Core, Tail};
use super::index::{self, Checkpoint, Index, IndexError};
use super::layers::Layers;
use super::record::{self, Found, Place, Position, SEGMENT_HEAD, Scan, SegmentHead};
use super::segments::Segments;
use super::write::create_segment;
use super::{Mh, PackOptions};
use crate::disk::{Disk, DiskFile};
use crate::error::{Damage, Error, Result};

const PACKS: &str = "packs";
const MAX_SEGMENT_BYTES: u32 = 1 << 30;

impl Core {
    pub(super) fn open(
        disk: Arc<dyn Disk>,
        dir: &Path,
        vault: Uuid,
        mut options: PackOptions,
    ) -> Result<Self> {
        options.segment_bytes = options.segment_bytes.clamp(4096, MAX_SEGMENT_BYTES);
        let packs = dir.join(PACKS);
        disk.create_dir_all(&packs)
            .map_err(|e| Error::io("create", &packs, e))?;
        let segments = Segments::new(disk, packs);
        let mut found = Vec::new();
        let numbers = find_segments(&segments, vault, &mut found)?;
        if numbers.is_empty() {
            let head = SegmentHead {
                number: 1,
                vault,
                first_seq: 1,
                previous: Position::default(),
            };
            create_segment(&segments, &head)
                .map_err(|e| Error::io("create", &segments.path(1), e))?;
        }
        let index = open_index(&segments, dir, vault, &mut found)?;
        let path = index.path().to_path_buf();
        let failed = |e: IndexError| e.into_error(&path);
        let checkpoint = index.checkpoint().map_err(failed)?;
        let mut layers = Layers::new(checkpoint, index.usage().map_err(failed)?);
        let tail = replay_tail(&segments, vault, &index, checkpoint, &mut layers)?;
        Ok(Self::new(
            segments,
            dir.to_path_buf(),
            vault,
            options,
            tail,
            layers,
            index,
            found,
        ))
    }

    /// Builds the index anew, beside the damaged one or, when the disk takes none, in memory. Reading and writing go
    /// on meanwhile.
    pub(super) fn rebuild(&self, failed: &Arc<Index>, what: &str) -> Result<()> {
        let mut count = self.checkpointing.lock();
        let current = self.index.read().clone().ok_or(Error::Locked)?;
        if !Arc::ptr_eq(&current, failed) {
            return Ok(());
        }
        drop(current);
        tracing::warn!(what, "the index of the block store failed and is rebuilt");
        let until = Some(self.layers.read().checkpoint);
        let path = self.dir.join(index::REBUILT);
        let on_disk = if failed.path() == path {
            None
        } else {
            build_index(&self.segments, Target::File(&path), self.vault, until).ok()
        };
        let rebuilt = match on_disk {
            Some(index) => index,
            None => build_index(&self.segments, Target::Memory(&path), self.vault, until)?,
        };
        *count = 0;
        *self.rebuilt_until.write() = until.map_or(Position::default(), |until| until.at);
        *self.index.write() = Some(Arc::new(rebuilt));
        self.layers.write().generation += 1;
        let remedy = "it was rebuilt from the segments; no block is lost";
        let damage = Damage::new(failed.path(), what, remedy);
        let mut found = self.found.lock();
        if !found.contains(&damage) {
            found.push(damage);
        }
        Ok(())
    }

    /// Tries, ever more rarely, to give an index that is only in memory its place on the disk again.
    pub(super) fn return_to_disk(&self, count: &mut u64) {
        let is_in_memory = self
            .index
            .read()
            .as_ref()
            .is_some_and(|index| index.is_in_memory());
        if !is_in_memory {
            return;
        }
        *count += 1;
        if !count.is_power_of_two() {
            return;
        }
        let until = Some(self.layers.read().checkpoint);
        let path = self.dir.join(index::REBUILT);
        if let Ok(index) = build_index(&self.segments, Target::File(&path), self.vault, until) {
            *self.index.write() = Some(Arc::new(index));
            self.layers.write().generation += 1;
        }
    }
}

/// The index file in use: one that was rebuilt during an earlier run counts more.
fn current_index(disk: &dyn Disk, dir: &Path) -> PathBuf {
    let rebuilt = dir.join(index::REBUILT);
    match disk.open(&rebuilt, crate::disk::Access::Read) {
        Ok(_) => rebuilt,
        Err(_) => dir.join(index::FILE),
    }
}

/// Lists the segments, notes their ends and removes a last one that never came into being.
fn find_segments(segments: &Segments, vault: Uuid, found: &mut Vec<Damage>) -> Result<Vec<u32>> {
    let mut numbers = segments.list()?;
    let last = numbers.last().copied();
    let mut gone = Vec::new();
    for &number in &numbers {
        let path = segments.path(number);
        let Some(file) = segments.file(number)? else {
            continue;
        };
        let len = file.len().map_err(|e| Error::io("measure", &path, e))?;
        let end = u32::try_from(len).unwrap_or(u32::MAX);
        segments.set_end(number, end);
        if Some(number) != last {
            continue;
        }
        match read_head(&*file).map_err(|e| Error::io("read", &path, e))? {
            Some(Ok(head)) if head.vault != vault => {
                return Err(Error::Damaged(Damage::new(
                    path,
                    "it belongs to another vault",
                    "move it out of this folder",
                )));
            }
            Some(Ok(_)) => {}
            Some(Err(version)) => {
                return Err(Error::NewerFormat {
                    file: path,
                    found: version,
                    known: 1,
                });
            }
            None => {
                let first = Scan::new(&*file, SEGMENT_HEAD, end, 0, false)
                    .next()
                    .map_err(|e| Error::io("read", &path, e))?;
                if first.is_none() {
                    segments.remove(number)?;
                    gone.push(number);
                } else {
                    found.push(Damage::new(
                        path,
                        "its head is damaged",
                        "its records are read without it",
                    ));
                }
            }
        }
    }
    numbers.retain(|number| !gone.contains(number));
    Ok(numbers)
}

/// The head of a segment; `None` when it is damaged. A disk that does not answer is an error, never damage.
fn read_head(file: &dyn DiskFile) -> io::Result<Option<Result<SegmentHead, u64>>> {
    let mut head = [0; SEGMENT_HEAD as usize];
    let read = file.read_at(0, &mut head)?;
    Ok(head.get(..read).and_then(SegmentHead::parse))
}

/// Opens the index, or builds it when it is missing, damaged, or older than the segments allow.
fn open_index(
    segments: &Segments,
    dir: &Path,
    vault: Uuid,
    found: &mut Vec<Damage>,
) -> Result<Index> {
    let disk = &*segments.disk;
    let (path, rebuilt) = (dir.join(index::FILE), dir.join(index::REBUILT));
    let failed = |e| Error::io("replace", &path, e);
    if current_index(disk, dir) == rebuilt {
        match Index::open(disk, &rebuilt, vault) {
            Ok(whole) => {
                drop(whole);
                disk.rename(&rebuilt, &path)
                    .and_then(|()| disk.sync_dir(dir))
                    .map_err(failed)?;
            }
            Err(e @ IndexError::Newer(_)) => return Err(e.into_error(&rebuilt)),
            Err(_) => disk.remove(&rebuilt).map_err(failed)?,
        }
    }
    let problem = match Index::open(disk, &path, vault)
        .and_then(|index| fits(&index, segments).map(|()| index))
    {
        Ok(index) => return Ok(index),
        Err(e @ (IndexError::Damaged(_) | IndexError::Panicked)) => e.to_string(),
        Err(other) => return Err(other.into_error(&path)),
    };
    let is_new = segments.all().iter().all(|(_, end)| *end <= SEGMENT_HEAD);
    if !is_new {
        tracing::warn!(
            what = problem,
            "the index of the block store is rebuilt from the segments"
        );
        found.push(Damage::new(
            &path,
            problem,
            "it was rebuilt from the segments; no block is lost",
        ));
    }
    drop(build_index(segments, Target::File(&rebuilt), vault, None)?);
    disk.rename(&rebuilt, &path)
        .and_then(|()| disk.sync_dir(dir))
        .map_err(failed)?;
    Index::open(disk, &path, vault).map_err(|e| e.into_error(&path))
}

/// An index that names segments or positions which are not there belongs to another state of the folder.
fn fits(index: &Index, segments: &Segments) -> Result<(), IndexError> {
    let stale = || IndexError::Damaged("it does not fit the segments".into());
    let at = index.checkpoint()?.at;
    match segments.end(at.segment) {
        Some(end) if end >= at.offset => {}
        None if at.segment == 0 => {}
        _ => return Err(stale()),
    }
    if index
        .usage()?
        .keys()
        .any(|segment| segments.end(*segment).is_none() && *segment < at.segment)
    {
        return Err(stale());
    }
    Ok(())
}

/// Where an index is built.
#[derive(Clone, Copy)]
enum Target<'a> {
    File(&'a Path),
    /// In memory, under the name it would have.
    Memory(&'a Path),
}

/// Builds an index from the heads of all records up to `until`.
fn build_index(
    segments: &Segments,
    target: Target<'_>,
    vault: Uuid,
    until: Option<Checkpoint>,
) -> Result<Index> {
    let (Target::File(path) | Target::Memory(path)) = target;
    let failed = |e: IndexError| e.into_error(path);
    let index = match target {
        Target::File(path) => Index::create(&*segments.disk, path, vault),
        Target::Memory(path) => Index::create_in_memory(path, vault),
    }
    .map_err(failed)?;
    let mut batch: HashMap<Mh, Option<Place>> = HashMap::new();
    let mut reached = Checkpoint::default();
    let last = segments.all().last().map_or(0, |(number, _)| *number);
    // Without a limit the last segment is left to the replay, which checks its payloads before it believes them.
    let until = until.unwrap_or(Checkpoint {
        at: Position {
            segment: last,
            offset: SEGMENT_HEAD,
        },
        seq: u64::MAX,
    });
    for (number, end) in segments.all() {
        if number > until.at.segment {
            break;
        }
        let end = if number == until.at.segment {
            until.at.offset
        } else {
            trusted_end(segments, number, end)?
        };
        let Some(file) = segments.file(number)? else {
            continue;
        };
        let mut view = index.view().map_err(failed)?;
        let mut scan = Scan::new(&*file, SEGMENT_HEAD, end, reached.seq, false);
        while let Some(record) = scan
            .next()
            .map_err(|e| Error::io("read", &segments.path(number), e))?
        {
            reached.seq = record.head.seq;
            let (mh, place) = (record.head.mh, place_of(number, &record));
            match record.dead {
                None => {
                    batch.insert(mh, place);
                }
                Some(dead) => {
                    let now = match batch.get(&mh) {
                        Some(now) => *now,
                        None => view.get(&mh).map_err(failed)?,
                    };
                    if now.is_some_and(|place| place.position() == dead) {
                        batch.insert(mh, None);
                    }
                }
            }
            if batch.len() >= CHECKPOINT_ENTRIES {
                index.apply(batch.iter(), None).map_err(failed)?;
                batch.clear();
                view = index.view().map_err(failed)?;
            }
        }
        reached.at = Position {
            segment: number,
            offset: end,
        };
    }
    index
        .apply(batch.iter(), Some(reached))
        .and_then(|()| index.complete())
        .map_err(failed)?;
    Ok(index)
}

/// Where a segment ends according to the one after it; its file may hold more that was never acknowledged.
pub(super) fn trusted_end(segments: &Segments, number: u32, len: u32) -> Result<u32> {
    let Some(next) = segments.file(number + 1)? else {
        return Ok(len);
    };
    let failed = |e| Error::io("read", &segments.path(number + 1), e);
    match read_head(&*next).map_err(failed)? {
        Some(Ok(head)) if head.previous.segment == number => Ok(head.previous.offset.min(len)),
        _ => Ok(len),
    }
}

fn place_of(segment: u32, record: &Found) -> Option<Place> {
    record.dead.is_none().then_some(Place {
        segment,
        offset: record.offset,
        len: record.head.len,
    })
}

/// Reads the log from the checkpoint on, believes whole records only, and cuts off what a crash left behind.
fn replay_tail(
    segments: &Segments,
    vault: Uuid,
    index: &Index,
    checkpoint: Checkpoint,
    layers: &mut Layers,
) -> Result<Tail> {
    let view = index.view().map_err(|e| e.into_error(index.path()))?;
    let all = segments.all();
    let (last, _) = all.last().copied().unwrap_or((1, SEGMENT_HEAD));
    let mut seq = checkpoint.seq;
    let mut tail_end = SEGMENT_HEAD;
    for &(number, len) in all
        .iter()
        .filter(|(number, _)| *number >= checkpoint.at.segment)
    {
        let path = segments.path(number);
        let failed = |action| move |e| Error::io(action, &segments.path(number), e);
        let Some(file) = segments.file(number)? else {
            continue;
        };
        let from = if number == checkpoint.at.segment {
            checkpoint.at.offset.max(SEGMENT_HEAD)
        } else {
            SEGMENT_HEAD
        };
        if let Some(Ok(head)) = read_head(&*file).map_err(failed("read"))? {
            if head.vault != vault {
                return Err(Error::Damaged(Damage::new(
                    path,
                    "it belongs to another vault",
                    "move it out of this folder",
                )));
            }
            seq = seq.max(head.first_seq.saturating_sub(1));
        }
        let end = if number == last {
            len
        } else {
            trusted_end(segments, number, len)?
        };
        let mut scan = Scan::new(&*file, from, end, seq, true);
        let mut good = from;
        while let Some(record) = scan.next().map_err(failed("read"))? {
            good = record.end;
            seq = record.head.seq;
            let mh = record.head.mh;
            let before = match layers.get(&mh) {
                Some(known) => known,
                None => view.get(&mh).map_err(|e| e.into_error(index.path()))?,
            };
            match record.dead {
                None => layers.replayed(mh, before, place_of(number, &record)),
                Some(dead) if before.is_some_and(|place| place.position() == dead) => {
                    layers.replayed(mh, before, None);
                }
                Some(_) => {}
            }
        }
        for torn in scan.torn.iter().filter(|torn| **torn < good) {
            record::void(&*file, *torn).map_err(failed("repair"))?;
        }
        if scan.skipped > 0 {
            tracing::warn!(
                segment = number,
                bytes = scan.skipped,
                "a damaged stretch of the log was stepped over"
            );
        }
        if number != last && len > end {
            // Left by a write that failed; nothing may ever take it for records.
            file.set_len(u64::from(end)).map_err(failed("cut"))?;
            segments.set_end(number, end);
        }
        // What was read may still be only in the system's memory: make it true before the index relies on it.
        file.sync().map_err(failed("sync"))?;
        tail_end = good;
    }
    let path = segments.path(last);
    let missing = || Error::io("open", &path, std::io::ErrorKind::NotFound.into());
    let file = segments.file(last)?.ok_or_else(missing)?;
    let mut leftover = read_head(&*file)
        .map_err(|e| Error::io("read", &path, e))?
        .is_none();
    if segments.end(last).is_some_and(|len| len > tail_end) && !leftover {
        leftover = file
            .set_len(u64::from(tail_end))
            .and_then(|()| file.sync())
            .is_err();
    }
    segments.set_end(last, tail_end);
    layers.checkpoint = Checkpoint {
        at: Position {
            segment: last,
            offset: tail_end,
        },
        seq,
    };
    Ok(Tail {
        segment: last,
        file,
        end: tail_end,
        next_seq: seq + 1,
        dirty: false,
        leftover,
    })
}
