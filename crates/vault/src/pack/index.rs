//! The index: multihash → place. A redb file that can always be rebuilt from the segments.
use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use redb::{Database, ReadableDatabase, ReadableTable, TableDefinition};
use uuid::Uuid;

use super::Mh;
use super::pages::Pages;
use super::record::{Place, Position};
use crate::disk::{self, Access, Disk};
use crate::error::Error;

/// Name of the index file.
pub(crate) const FILE: &str = "index.redb";
/// Name of an index that was rebuilt while the store was in use; it takes over at the next start.
pub(crate) const REBUILT: &str = "index.rebuilt.redb";
const VERSION: u64 = 1;
const CACHE_BYTES: usize = 8 << 20;

const BLOCKS: TableDefinition<'_, &[u8], &[u8; 12]> = TableDefinition::new("blocks");
/// Segment → (live blocks, live bytes).
const USAGE: TableDefinition<'_, u32, (u64, u64)> = TableDefinition::new("usage");
const META: TableDefinition<'_, &str, u64> = TableDefinition::new("meta");
const VAULT: TableDefinition<'_, &str, u128> = TableDefinition::new("vault");

/// Live blocks and bytes of a segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Usage {
    pub(crate) blocks: u64,
    pub(crate) bytes: u64,
}

/// Up to where the log is contained in the index.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Checkpoint {
    pub(crate) at: Position,
    pub(crate) seq: u64,
}

/// Why the index could not answer.
#[derive(Debug)]
pub(crate) enum IndexError {
    /// Its content is wrong: rebuild it.
    Damaged(String),
    /// The disk refused; the index itself may be whole.
    Io(io::Error),
    /// Written by a newer program.
    Newer(u64),
    /// redb panicked over its content: rebuild it.
    Panicked,
}

impl fmt::Display for IndexError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Damaged(what) => write!(f, "{what}"),
            Self::Io(e) => write!(f, "{e}"),
            Self::Newer(version) => write!(f, "format {version}"),
            Self::Panicked => write!(f, "a page of it is inconsistent"),
        }
    }
}

impl<E: Into<redb::Error>> From<E> for IndexError {
    fn from(e: E) -> Self {
        match e.into() {
            redb::Error::Io(e)
                if e.kind() != io::ErrorKind::InvalidData
                    && e.kind() != io::ErrorKind::UnexpectedEof =>
            {
                Self::Io(e)
            }
            redb::Error::PreviousIo => {
                Self::Io(io::Error::other("an earlier operation on the index failed"))
            }
            other => Self::Damaged(other.to_string()),
        }
    }
}

impl IndexError {
    pub(crate) fn into_error(self, path: &Path) -> Error {
        match self {
            Self::Io(e) => Error::io("use", path, e),
            Self::Newer(found) => Error::NewerFormat {
                file: path.to_path_buf(),
                found,
                known: VERSION,
            },
            damaged => Error::Damaged(crate::error::Damage::new(
                path,
                damaged.to_string(),
                "it is rebuilt from the segments at the next start; no block is lost",
            )),
        }
    }
}

type IndexResult<T> = Result<T, IndexError>;

fn guarded<T>(f: impl FnOnce() -> IndexResult<T>) -> IndexResult<T> {
    catch_unwind(AssertUnwindSafe(f)).unwrap_or(Err(IndexError::Panicked))
}

pub(crate) struct Index {
    path: PathBuf,
    /// Empty only while it is being dropped.
    database: Option<Database>,
    /// Kept in memory because the disk would not take it.
    in_memory: bool,
    /// redb panicked: its inside is not to be touched again.
    broken: AtomicBool,
}

impl Drop for Index {
    fn drop(&mut self) {
        let database = self.database.take();
        if *self.broken.get_mut() {
            // Dropping it could panic a second time; what leaks is one file handle and a small cache.
            std::mem::forget(database);
            return;
        }
        let _ = guarded(|| {
            drop(database);
            Ok(())
        });
    }
}

impl fmt::Debug for Index {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Index")
            .field("path", &self.path)
            .finish_non_exhaustive()
    }
}

impl Index {
    /// Opens an existing index of this vault.
    pub(crate) fn open(disk: &dyn Disk, path: &Path, vault: Uuid) -> IndexResult<Self> {
        let file = disk.open(path, Access::Write).map_err(|e| match e.kind() {
            io::ErrorKind::NotFound => IndexError::Damaged("it is missing".into()),
            _ => IndexError::Io(e),
        })?;
        if file.len().map_err(IndexError::Io)? == 0 {
            return Err(IndexError::Damaged("it is empty".into()));
        }
        // After a crash every page is checked against the tree it belongs to; after a clean end that is not needed.
        let clean = disk::read_small(disk, &closed(path), 64).unwrap_or_default();
        match disk.remove(&closed(path)) {
            Err(e) if e.kind() != io::ErrorKind::NotFound => return Err(IndexError::Io(e)),
            _ => {}
        }
        let index = Self::open_file(
            path,
            Pages::new(file.clone(), !clean.is_empty()),
            vault,
            clean.is_empty(),
        )?;
        if !clean.is_empty() && clean != index.checkpoint()?.seq.to_be_bytes() {
            drop(index);
            return Self::open_file(path, Pages::new(file, false), vault, true);
        }
        Ok(index)
    }

    fn open_file(path: &Path, pages: Pages, vault: Uuid, check: bool) -> IndexResult<Self> {
        guarded(|| {
            let strict = pages.strictness();
            let database = builder()
                .set_check_integrity_on_open(check)
                .create_with_backend(pages)?;
            strict.set();
            let index = Self {
                path: path.to_path_buf(),
                database: Some(database),
                in_memory: false,
                broken: AtomicBool::new(false),
            };
            let read = index.database()?.begin_read()?;
            let meta = read.open_table(META)?;
            let value = |name| IndexResult::Ok(meta.get(name)?.map(|v| v.value()));
            match value("version")? {
                Some(VERSION) => {}
                Some(newer) if newer > VERSION => return Err(IndexError::Newer(newer)),
                _ => return Err(IndexError::Damaged("it has no version".into())),
            }
            if value("complete")? != Some(1) {
                return Err(IndexError::Damaged("its rebuilding did not end".into()));
            }
            if read.open_table(VAULT)?.get("id")?.map(|v| v.value()) != Some(vault.as_u128()) {
                return Err(IndexError::Damaged("it belongs to another vault".into()));
            }
            drop(meta);
            drop(read);
            Ok(index)
        })
    }

    /// Begins an index in a file. It does not count as whole until [`Self::complete`].
    pub(crate) fn create(disk: &dyn Disk, path: &Path, vault: Uuid) -> IndexResult<Self> {
        let file = disk.open(path, Access::Create).map_err(IndexError::Io)?;
        file.set_len(0).map_err(IndexError::Io)?;
        Self::begin(path, Pages::new(file, true), vault, false)
    }

    /// Begins an index in memory, for as long as the disk takes none. `path` is where it would be.
    pub(crate) fn create_in_memory(path: &Path, vault: Uuid) -> IndexResult<Self> {
        Self::begin(path, redb::backends::InMemoryBackend::new(), vault, true)
    }

    fn begin(
        path: &Path,
        backend: impl redb::StorageBackend,
        vault: Uuid,
        in_memory: bool,
    ) -> IndexResult<Self> {
        guarded(|| {
            let database = builder().create_with_backend(backend)?;
            let write = database.begin_write()?;
            write.open_table(META)?.insert("version", VERSION)?;
            write.open_table(VAULT)?.insert("id", vault.as_u128())?;
            write.open_table(BLOCKS)?;
            write.open_table(USAGE)?;
            write.commit()?;
            Ok(Self {
                path: path.to_path_buf(),
                database: Some(database),
                in_memory,
                broken: AtomicBool::new(false),
            })
        })
    }

    pub(crate) fn is_in_memory(&self) -> bool {
        self.in_memory
    }

    fn database(&self) -> IndexResult<&Database> {
        self.database
            .as_ref()
            .ok_or_else(|| IndexError::Io(io::Error::other("the index is closed")))
    }

    /// redb checks much, yet trusts the pages it reads. [`Pages`] lets no altered page through, so a panic is not
    /// expected; should one come, it ends here and the index is rebuilt.
    fn guarded<T>(&self, f: impl FnOnce() -> IndexResult<T>) -> IndexResult<T> {
        guarded(f).inspect_err(|e| {
            if matches!(e, IndexError::Panicked) {
                self.broken.store(true, Ordering::SeqCst);
            }
        })
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Ends the use of the index and notes that it ended well.
    pub(crate) fn close(self, disk: &dyn Disk) {
        let Ok(checkpoint) = self.checkpoint() else {
            return;
        };
        if self.in_memory {
            return;
        }
        let path = closed(&self.path);
        drop(self);
        if let Err(e) = disk::replace(disk, &path, &checkpoint.seq.to_be_bytes()) {
            tracing::debug!(error = %e, "the index will be checked at the next start");
        }
    }

    pub(crate) fn complete(&self) -> IndexResult<()> {
        self.guarded(|| {
            let write = self.database()?.begin_write()?;
            write.open_table(META)?.insert("complete", 1)?;
            write.commit()?;
            Ok(())
        })
    }

    pub(crate) fn checkpoint(&self) -> IndexResult<Checkpoint> {
        self.guarded(|| {
            let read = self.database()?.begin_read()?;
            let meta = read.open_table(META)?;
            let value = |name| IndexResult::Ok(meta.get(name)?.map_or(0, |v| v.value()));
            Ok(Checkpoint {
                at: Position {
                    segment: value("segment")? as u32,
                    offset: value("offset")? as u32,
                },
                seq: value("seq")?,
            })
        })
    }

    pub(crate) fn usage(&self) -> IndexResult<BTreeMap<u32, Usage>> {
        self.guarded(|| {
            let read = self.database()?.begin_read()?;
            let table = read.open_table(USAGE)?;
            let mut all = BTreeMap::new();
            for entry in table.iter()? {
                let (segment, usage) = entry?;
                let (blocks, bytes) = usage.value();
                all.insert(segment.value(), Usage { blocks, bytes });
            }
            Ok(all)
        })
    }

    /// A view that does not change while it is used.
    pub(crate) fn view(&self) -> IndexResult<View> {
        self.guarded(|| Ok(View(self.database()?.begin_read()?.open_table(BLOCKS)?)))
    }

    /// Applies changes and moves the checkpoint, in one durable transaction.
    pub(crate) fn apply<'c>(
        &self,
        changes: impl Iterator<Item = (&'c Mh, &'c Option<Place>)>,
        checkpoint: Option<Checkpoint>,
    ) -> IndexResult<()> {
        let mut sorted: Vec<(Vec<u8>, Option<Place>)> =
            changes.map(|(mh, place)| (mh.to_bytes(), *place)).collect();
        sorted.sort_unstable_by(|a, b| a.0.cmp(&b.0));
        self.guarded(|| {
            let write = self.database()?.begin_write()?;
            {
                let mut blocks = write.open_table(BLOCKS)?;
                let mut usage = write.open_table(USAGE)?;
                let mut deltas: BTreeMap<u32, (i64, i64)> = BTreeMap::new();
                for (name, place) in &sorted {
                    let before = match place {
                        Some(place) => blocks.insert(name.as_slice(), &place.to_bytes())?,
                        None => blocks.remove(name.as_slice())?,
                    };
                    if let Some(before) = before {
                        let before = Place::from_bytes(before.value());
                        let delta = deltas.entry(before.segment).or_default();
                        *delta = (delta.0 - 1, delta.1 - i64::from(before.len));
                    }
                    if let Some(place) = place {
                        let delta = deltas.entry(place.segment).or_default();
                        *delta = (delta.0 + 1, delta.1 + i64::from(place.len));
                    }
                }
                for (segment, (blocks, bytes)) in deltas {
                    let old = usage.get(segment)?.map_or((0, 0), |v| v.value());
                    let new = (
                        old.0.saturating_add_signed(blocks),
                        old.1.saturating_add_signed(bytes),
                    );
                    if new.0 == 0 {
                        usage.remove(segment)?;
                    } else {
                        usage.insert(segment, new)?;
                    }
                }
                if let Some(checkpoint) = checkpoint {
                    let mut meta = write.open_table(META)?;
                    meta.insert("segment", u64::from(checkpoint.at.segment))?;
                    meta.insert("offset", u64::from(checkpoint.at.offset))?;
                    meta.insert("seq", checkpoint.seq)?;
                }
            }
            write.commit()?;
            Ok(())
        })
    }
}

/// What the index held at one moment.
pub(crate) struct View(redb::ReadOnlyTable<&'static [u8], &'static [u8; 12]>);

impl View {
    pub(crate) fn get(&self, mh: &Mh) -> IndexResult<Option<Place>> {
        guarded(|| {
            Ok(self
                .0
                .get(mh.to_bytes().as_slice())?
                .map(|v| Place::from_bytes(v.value())))
        })
    }

    /// Up to `most` entries whose encoded name comes after `after`.
    pub(crate) fn slice(&self, after: Option<&[u8]>, most: usize) -> IndexResult<Vec<(Mh, Place)>> {
        use std::ops::Bound;
        guarded(|| {
            let from = after.map_or(Bound::Unbounded, Bound::Excluded);
            let mut entries = Vec::with_capacity(most);
            for entry in self.0.range::<&[u8]>((from, Bound::Unbounded))?.take(most) {
                let (name, place) = entry?;
                let mh = Mh::from_bytes(name.value())
                    .map_err(|_| IndexError::Damaged("a key of it is no multihash".into()))?;
                entries.push((mh, Place::from_bytes(place.value())));
            }
            Ok(entries)
        })
    }
}

/// The note that the index was closed well, with the sequence number it holds.
fn closed(path: &Path) -> PathBuf {
    path.with_extension("closed")
}

fn builder() -> redb::Builder {
    let mut builder = redb::Builder::new();
    builder.set_cache_size(CACHE_BYTES);
    builder
}
