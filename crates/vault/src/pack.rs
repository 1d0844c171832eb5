//! Blocks, addressed by their hash, in append-only segments. See `docs/protocol/vault.md`.
use std::ops::Range;
use std::path::Path;
use std::sync::{Arc, Weak};

use bytes::Bytes;
use parking_lot::{Mutex, RwLock};
use uuid::Uuid;

use crate::disk::Disk;
use crate::error::{Damage, Error, Result};
use crate::lease::Lease;

mod collect;
mod commit;
mod copy;
mod core;
mod index;
mod keeper;
mod layers;
mod open;
mod pages;
mod protect;
pub(crate) mod record;
mod segments;
mod verify;
mod write;

#[cfg(test)]
mod tests;

pub use collect::{Collect, Collected};
pub use copy::Pause;
pub use protect::Hold;
pub use verify::{DamagedBlock, VerifyProgress, VerifyReport};

use self::core::Core;
use keeper::Keeper;

/// A multihash: hash function and digest, the address of a block.
pub type Mh = multihash::Multihash<64>;

/// Largest block in bytes.
pub const MAX_BLOCK: usize = 2 * 1024 * 1024;

/// When a write may be forgotten.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Durability {
    /// Never, once the call returned: fsynced, sharing the fsync with concurrent callers.
    Fsync,
    /// By a crash before the next [`BlockStore::sync`].
    Buffered,
}

/// Size of a block store.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct StoreStat {
    /// Blocks present.
    pub blocks: u64,
    /// Bytes of those blocks.
    pub bytes: u64,
    /// Bytes on the disk, with what is not yet collected.
    pub disk_bytes: u64,
}

/// Settings of a pack store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PackOptions {
    /// Bytes after which a new segment is begun.
    pub segment_bytes: u32,
    /// Bytes that writes leave free on the volume.
    pub free_floor: u64,
}

impl Default for PackOptions {
    fn default() -> Self {
        Self {
            segment_bytes: 256 << 20,
            free_floor: 256 << 20,
        }
    }
}

/// A store of blocks addressed by their multihash (BLAKE3-256 or SHA2-256).
pub trait BlockStore: Send + Sync {
    /// Adds blocks; those already present are skipped. The caller has hashed them.
    ///
    /// # Errors
    /// [`Error::BlockTooLarge`] and [`Error::UnsupportedHash`] before anything is written; [`Error::DiskFull`] when the
    /// write would leave less than the free-space floor; [`Error::Io`]. After an error some of the blocks may be there.
    fn put_many(&self, blocks: &[(Mh, Bytes)], durability: Durability) -> Result<()>;
    /// A block, its hash checked; `None` when it is not there.
    ///
    /// # Errors
    /// [`Error::Damaged`] names the file when the block cannot be read or does not match its hash.
    fn get(&self, mh: &Mh) -> Result<Option<Bytes>>;
    /// Part of a block, the whole block's hash checked. The range is cut to the block's length.
    ///
    /// # Errors
    /// As [`Self::get`].
    fn get_range(&self, mh: &Mh, range: Range<u32>) -> Result<Option<Bytes>>;
    /// Whether a block is there.
    ///
    /// # Errors
    /// [`Error::Io`].
    fn has(&self, mh: &Mh) -> Result<bool>;
    /// Removes blocks; missing ones are skipped. Durable when it returns.
    ///
    /// # Errors
    /// [`Error::Io`], [`Error::DiskFull`].
    fn delete_many(&self, mhs: &[Mh]) -> Result<()>;
    /// Makes everything written before durable.
    ///
    /// # Errors
    /// [`Error::Io`] when the disk did not store all of it; what was buffered since the last success is to be put again.
    fn sync(&self) -> Result<()>;
    /// Size of the store.
    ///
    /// # Errors
    /// [`Error::Locked`].
    fn stat(&self) -> Result<StoreStat>;
}

/// The block store of a vault. Clones share it.
#[derive(Clone, Debug)]
pub struct PackStore(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    core: RwLock<Option<Arc<Core>>>,
    keeper: Keeper,
    /// Given back when the store is closed, so that nobody opens the same files a second time before.
    lease: Mutex<Option<Lease>>,
}

/// A block store that may be gone.
#[derive(Debug, Default)]
pub(crate) struct WeakPackStore(Weak<Inner>);

impl WeakPackStore {
    pub(crate) fn close(&self) {
        if let Some(inner) = self.0.upgrade() {
            inner.close();
        }
    }
}

impl PackStore {
    /// Opens the store in `dir`, with a thread that keeps its index up to date.
    pub(crate) fn open(
        disk: Arc<dyn Disk>,
        dir: &Path,
        vault: Uuid,
        options: PackOptions,
    ) -> Result<Self> {
        let store = Self::open_quiet(disk, dir, vault, options)?;
        if let Some(core) = &*store.0.core.read() {
            store.0.keeper.start(core);
        }
        Ok(store)
    }

    /// Ties the right to use the files to the store.
    pub(crate) fn keep(&self, lease: Lease) {
        *self.0.lease.lock() = Some(lease);
    }

    pub(crate) fn downgrade(&self) -> WeakPackStore {
        WeakPackStore(Arc::downgrade(&self.0))
    }

    /// Opens the store without the thread, so that everything happens in the order of the calls.
    pub(crate) fn open_quiet(
        disk: Arc<dyn Disk>,
        dir: &Path,
        vault: Uuid,
        options: PackOptions,
    ) -> Result<Self> {
        let core = Arc::new(Core::open(disk, dir, vault, options)?);
        Ok(Self(Arc::new(Inner {
            core: RwLock::new(Some(core)),
            keeper: Keeper::default(),
            lease: Mutex::default(),
        })))
    }

    /// Runs `f` on the open store; [`Self::close`] waits for it.
    fn with<T>(&self, f: impl FnOnce(&Core) -> Result<T>) -> Result<T> {
        let guard = self.0.core.read();
        f(guard.as_ref().ok_or(Error::Locked)?)
    }

    /// Protects blocks put from now on until the hold is dropped.
    ///
    /// # Errors
    /// [`Error::Locked`].
    pub fn hold(&self) -> Result<Hold> {
        self.with(|core| {
            let tail = core.tail.lock();
            let now = record::Position {
                segment: tail.segment,
                offset: tail.end,
            };
            Ok(protect::Protection::hold(&core.protection, now))
        })
    }

    /// Brings the index up to date with everything written. Happens by itself; useful before a copy of the folder.
    ///
    /// # Errors
    /// [`Error::Io`], [`Error::Locked`].
    pub fn checkpoint(&self) -> Result<()> {
        self.with(|core| {
            core.sync_to_end()?;
            core.checkpoint()
        })
    }

    pub(crate) fn close(&self) {
        self.0.close();
    }

    /// What is stored for a block, even when it does not match its hash; `None` when it is not there or cannot be read.
    /// For callers whose content proves itself part by part, and can save the whole parts of a damaged block.
    ///
    /// # Errors
    /// [`Error::Locked`], [`Error::Io`].
    pub fn get_unchecked(&self, mh: &Mh) -> Result<Option<Bytes>> {
        self.with(|core| core.get_unchecked(mh))
    }

    /// What was found damaged since the store was opened.
    pub fn damage(&self) -> Vec<Damage> {
        self.with(|core| Ok(core.found.lock().clone()))
            .unwrap_or_default()
    }

    /// After a write: lets the keeper know, and helps it when it does not keep up.
    fn written(&self, core: &Core) -> Result<()> {
        if core.is_far_behind() {
            core.sync_to_end()?;
            core.checkpoint()?;
        }
        self.0.keeper.wake(core);
        Ok(())
    }
}

impl Inner {
    fn close(&self) {
        self.keeper.stop();
        let Some(core) = self.core.write().take() else {
            return;
        };
        if let Err(e) = core.sync_to_end().and_then(|()| core.checkpoint()) {
            tracing::warn!(error = %e, "the index of the block store is brought up to date at the next start");
        }
        core.close_index();
        drop(core);
        *self.lease.lock() = None;
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.close();
    }
}

impl BlockStore for PackStore {
    fn put_many(&self, blocks: &[(Mh, Bytes)], durability: Durability) -> Result<()> {
        self.with(|core| {
            core.put(blocks, durability)?;
            self.written(core)
        })
    }

    fn get(&self, mh: &Mh) -> Result<Option<Bytes>> {
        self.with(|core| core.get(mh))
    }

    fn get_range(&self, mh: &Mh, range: Range<u32>) -> Result<Option<Bytes>> {
        Ok(self.get(mh)?.map(|block| {
            let end = (range.end as usize).min(block.len());
            block.slice((range.start as usize).min(end)..end)
        }))
    }

    fn has(&self, mh: &Mh) -> Result<bool> {
        self.with(|core| Ok(core.find(mh)?.is_some()))
    }

    fn delete_many(&self, mhs: &[Mh]) -> Result<()> {
        self.with(|core| {
            core.delete(mhs)?;
            self.written(core)
        })
    }

    fn sync(&self) -> Result<()> {
        self.with(|core| {
            core.sync()?;
            self.written(core)
        })
    }

    fn stat(&self) -> Result<StoreStat> {
        self.with(|core| {
            let total = core.layers.read().total();
            Ok(StoreStat {
                blocks: total.blocks,
                bytes: total.bytes,
                disk_bytes: core.segments.disk_bytes(),
            })
        })
    }
}
