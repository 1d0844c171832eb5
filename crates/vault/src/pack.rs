//! Blocks, addressed by their hash, in append-only segments.
use std::collections::HashMap;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use parking_lot::RwLock;
use uuid::Uuid;

use crate::disk::{Access, Disk, DiskFile};
use crate::error::{Damage, Error, Result};

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

/// A store of blocks addressed by their multihash.
pub trait BlockStore: Send + Sync {
    /// Adds blocks; those already present are skipped. The caller has hashed them.
    fn put_many(&self, blocks: &[(Mh, Bytes)], durability: Durability) -> Result<()>;
    /// A block, its hash checked; `None` when it is not there.
    fn get(&self, mh: &Mh) -> Result<Option<Bytes>>;
    /// Part of a block, the whole block's hash checked. The range is cut to the block's length.
    fn get_range(&self, mh: &Mh, range: Range<u32>) -> Result<Option<Bytes>>;
    /// Whether a block is there.
    fn has(&self, mh: &Mh) -> Result<bool>;
    /// Removes blocks; missing ones are skipped. Durable when it returns.
    fn delete_many(&self, mhs: &[Mh]) -> Result<()>;
    /// Makes everything written before durable.
    fn sync(&self) -> Result<()>;
    /// Size of the store.
    fn stat(&self) -> Result<StoreStat>;
}

/// The block store of a vault. Clones share it.
#[derive(Clone)]
pub struct PackStore(Arc<RwLock<Option<State>>>, PathBuf);

struct State {
    file: Arc<dyn DiskFile>,
    end: u64,
    index: HashMap<Mh, (u64, u32)>,
}

impl PackStore {
    pub(crate) fn open(
        disk: Arc<dyn Disk>,
        dir: &Path,
        _vault: Uuid,
        _options: PackOptions,
    ) -> Result<Self> {
        let dir = dir.join("packs");
        disk.create_dir_all(&dir)
            .map_err(|e| Error::io("create", &dir, e))?;
        let path = dir.join("00000001.pack");
        let file = disk
            .open(&path, Access::Create)
            .map_err(|e| Error::io("open", &path, e))?;
        let mut state = State {
            file,
            end: 0,
            index: HashMap::new(),
        };
        loop {
            let mut head = [0; 41];
            if state
                .file
                .read_at(state.end, &mut head)
                .map_err(|e| Error::io("read", &path, e))?
                < head.len()
            {
                break;
            }
            let len = u32::from_be_bytes([head[0], head[1], head[2], head[3]]);
            let Ok(mh) = Mh::from_bytes(&head[5..5 + usize::from(head[4])]) else {
                break;
            };
            if head[40] == 0 {
                state.index.insert(mh, (state.end + 41, len));
            } else {
                state.index.remove(&mh);
            }
            state.end += 41 + u64::from(len);
        }
        Ok(Self(Arc::new(RwLock::new(Some(state))), path))
    }

    fn append(state: &mut State, path: &Path, mh: &Mh, bytes: &[u8], gone: u8) -> Result<u64> {
        let mut head = [0; 41];
        head[..4].copy_from_slice(&(bytes.len() as u32).to_be_bytes());
        let name = mh.to_bytes();
        head[4] = name.len() as u8;
        head[5..5 + name.len()].copy_from_slice(&name);
        head[40] = gone;
        let at = state.end;
        state
            .file
            .write_at(at, &[&head, bytes])
            .map_err(|e| Error::io("write", path, e))?;
        state.end = at + 41 + bytes.len() as u64;
        Ok(at + 41)
    }

    pub(crate) fn close(&self) {
        *self.0.write() = None;
    }

    pub(crate) fn damage(&self) -> Vec<Damage> {
        Vec::new()
    }
}

impl BlockStore for PackStore {
    fn put_many(&self, blocks: &[(Mh, Bytes)], durability: Durability) -> Result<()> {
        let mut guard = self.0.write();
        let state = guard.as_mut().ok_or(Error::Locked)?;
        for (mh, bytes) in blocks {
            if bytes.len() > MAX_BLOCK {
                return Err(Error::BlockTooLarge {
                    len: bytes.len(),
                    max: MAX_BLOCK,
                });
            }
            if !state.index.contains_key(mh) {
                let at = Self::append(state, &self.1, mh, bytes, 0)?;
                state.index.insert(*mh, (at, bytes.len() as u32));
            }
        }
        if durability == Durability::Fsync {
            state
                .file
                .sync()
                .map_err(|e| Error::io("sync", &self.1, e))?;
        }
        Ok(())
    }

    fn get(&self, mh: &Mh) -> Result<Option<Bytes>> {
        let guard = self.0.read();
        let state = guard.as_ref().ok_or(Error::Locked)?;
        let Some((at, len)) = state.index.get(mh) else {
            return Ok(None);
        };
        let mut bytes = vec![0; *len as usize];
        state
            .file
            .read_at(*at, &mut bytes)
            .map_err(|e| Error::io("read", &self.1, e))?;
        if blake3::hash(&bytes).as_bytes() != mh.digest() {
            return Err(Error::Damaged(Damage::new(
                &self.1,
                "a block has a wrong hash",
                "other blocks are whole",
            )));
        }
        Ok(Some(Bytes::from(bytes)))
    }

    fn get_range(&self, mh: &Mh, range: Range<u32>) -> Result<Option<Bytes>> {
        Ok(self.get(mh)?.map(|block| {
            let end = (range.end as usize).min(block.len());
            block.slice((range.start as usize).min(end)..end)
        }))
    }

    fn has(&self, mh: &Mh) -> Result<bool> {
        Ok(self
            .0
            .read()
            .as_ref()
            .ok_or(Error::Locked)?
            .index
            .contains_key(mh))
    }

    fn delete_many(&self, mhs: &[Mh]) -> Result<()> {
        let mut guard = self.0.write();
        let state = guard.as_mut().ok_or(Error::Locked)?;
        for mh in mhs {
            if state.index.remove(mh).is_some() {
                Self::append(state, &self.1, mh, &[], 1)?;
            }
        }
        state.file.sync().map_err(|e| Error::io("sync", &self.1, e))
    }

    fn sync(&self) -> Result<()> {
        let guard = self.0.read();
        let state = guard.as_ref().ok_or(Error::Locked)?;
        state.file.sync().map_err(|e| Error::io("sync", &self.1, e))
    }

    fn stat(&self) -> Result<StoreStat> {
        let guard = self.0.read();
        let state = guard.as_ref().ok_or(Error::Locked)?;
        let bytes = state.index.values().map(|(_, len)| u64::from(*len)).sum();
        Ok(StoreStat {
            blocks: state.index.len() as u64,
            bytes,
            disk_bytes: state.end,
        })
    }
}

/// How far a verification is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct VerifyProgress {
    /// Blocks read so far.
    pub blocks: u64,
    /// Blocks to read.
    pub total_blocks: u64,
    /// Bytes read so far.
    pub bytes: u64,
}

/// A block that does not hold what it should.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct DamagedBlock {
    /// Its address.
    pub mh: Mh,
    /// Where it lies and what is wrong.
    pub damage: Damage,
}

/// What a verification found.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct VerifyReport {
    /// Blocks read.
    pub blocks: u64,
    /// Bytes read.
    pub bytes: u64,
    /// The damaged ones among them.
    pub damaged: Vec<DamagedBlock>,
}

/// How a garbage collection runs.
#[derive(Clone, Copy)]
pub struct Collect<'a> {
    /// Blocks put less than this ago count as live: their writer may not have recorded them yet. The product uses one
    /// hour. Writers that hold a [`Hold`] are safe whatever the grace.
    pub grace: std::time::Duration,
    /// Asked between slices; `true` ends the collection with [`Error::Stopped`], keeping what is done.
    pub stop: &'a (dyn Fn() -> bool + Sync),
}

impl Default for Collect<'_> {
    fn default() -> Self {
        Self {
            grace: std::time::Duration::from_secs(3600),
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

/// Keeps every block put while it lives from being collected: taken before `put_many`, dropped after the commit that
/// refers to the blocks.
#[must_use]
pub struct Hold(());

impl PackStore {
    /// Protects blocks put from now on until the hold is dropped.
    pub fn hold(&self) -> Hold {
        Hold(())
    }

    /// Reads every block and checks its hash. `progress` returns `false` to stop.
    ///
    /// # Errors
    /// [`Error::Stopped`], [`Error::Locked`]. Damaged blocks are no error: they are in the report.
    pub fn verify(&self, mut progress: impl FnMut(VerifyProgress) -> bool) -> Result<VerifyReport> {
        let all: Vec<Mh> = self
            .0
            .read()
            .as_ref()
            .ok_or(Error::Locked)?
            .index
            .keys()
            .copied()
            .collect();
        let mut report = VerifyReport::default();
        for mh in &all {
            match self.get(mh) {
                Ok(block) => report.bytes += block.map_or(0, |b| b.len() as u64),
                Err(Error::Damaged(damage)) => {
                    report.damaged.push(DamagedBlock { mh: *mh, damage })
                }
                Err(e) => return Err(e),
            }
            report.blocks += 1;
            let now = VerifyProgress {
                blocks: report.blocks,
                total_blocks: all.len() as u64,
                bytes: report.bytes,
            };
            if !progress(now) {
                return Err(Error::Stopped);
            }
        }
        Ok(report)
    }

    /// Removes blocks for which `live` says `false`, in small slices beside readers and writers. Blocks put during the
    /// collection, within the grace, or under a [`Hold`] stay.
    ///
    /// # Errors
    /// Whatever `live` returns (nothing is removed on its account); [`Error::Stopped`]; [`Error::Locked`].
    pub fn collect<E: From<Error>>(
        &self,
        options: &Collect<'_>,
        live: impl Fn(&Mh) -> Result<bool, E>,
    ) -> Result<Collected, E> {
        let all: Vec<Mh> = self
            .0
            .read()
            .as_ref()
            .ok_or(Error::Locked)?
            .index
            .keys()
            .copied()
            .collect();
        let mut done = Collected::default();
        for mh in &all {
            if (options.stop)() {
                return Err(Error::Stopped.into());
            }
            done.examined += 1;
            if !live(mh)? {
                self.delete_many(&[*mh])?;
                done.removed += 1;
            }
        }
        Ok(done)
    }
}
