//! A disk in memory that can lose what was not fsynced, tear writes, fill up and fail.
use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use parking_lot::Mutex;
use rand::{RngExt, rngs::SmallRng};

use super::seeded;
use crate::disk::{Access, Disk, DiskFile};

const SECTOR: usize = 512;

#[derive(Debug, Clone)]
pub(super) struct SimDisk(Arc<Mutex<Sim>>);

#[derive(Debug)]
struct Sim {
    files: BTreeMap<u64, Content>,
    names: BTreeMap<PathBuf, u64>,
    dirs: BTreeSet<PathBuf>,
    durable_names: BTreeMap<PathBuf, u64>,
    next_file: u64,
    faults: Faults,
    operations: u64,
    reads: u64,
    rng: SmallRng,
}

#[derive(Debug, Default, Clone)]
struct Content {
    now: Vec<u8>,
    durable: Vec<u8>,
    pending: Vec<Change>,
}

#[derive(Debug, Clone)]
enum Change {
    Write(usize, Vec<u8>),
    Len(usize),
}

/// What goes wrong, and when, counted in operations that change something.
#[derive(Debug, Clone, Default)]
pub(super) struct Faults {
    /// From this operation on nothing reaches the disk any more: the machine is dead.
    pub(super) crash_at: Option<u64>,
    /// Writes in this range find no space; half of what they write is there all the same.
    pub(super) full: std::ops::Range<u64>,
    /// Writes and cuts in this range fail with an I/O error.
    pub(super) broken_writes: std::ops::Range<u64>,
    /// Fsyncs in this range fail, and the pages they should have stored are lost.
    pub(super) broken_syncs: std::ops::Range<u64>,
    /// Fsyncs answer yes and do nothing.
    pub(super) lying_syncs: bool,
    /// Reads in this range, counted by themselves, fail with an I/O error.
    pub(super) broken_reads: std::ops::Range<u64>,
}

impl Change {
    fn apply(&self, content: &mut Vec<u8>) {
        match self {
            Self::Write(at, bytes) => {
                if content.len() < at + bytes.len() {
                    content.resize(at + bytes.len(), 0);
                }
                content[*at..at + bytes.len()].copy_from_slice(bytes);
            }
            Self::Len(len) => content.resize(*len, 0),
        }
    }
}

impl SimDisk {
    pub(super) fn new(seed: u64) -> Self {
        Self(Arc::new(Mutex::new(Sim {
            files: BTreeMap::new(),
            names: BTreeMap::new(),
            dirs: BTreeSet::new(),
            durable_names: BTreeMap::new(),
            next_file: 1,
            faults: Faults::default(),
            operations: 0,
            reads: 0,
            rng: seeded(seed ^ 0x5eed),
        })))
    }

    pub(super) fn set_faults(&self, faults: Faults) {
        let mut sim = self.0.lock();
        sim.operations = 0;
        sim.reads = 0;
        sim.faults = faults;
    }

    /// Reads since the faults were set.
    pub(super) fn reads(&self) -> u64 {
        self.0.lock().reads
    }

    /// What a restart finds: all that was fsynced, and of the rest any part, sector by sector.
    pub(super) fn after_power_loss(&self, seed: u64) -> Self {
        let mut rng = seeded(seed ^ 0xdead);
        let sim = self.0.lock();
        let mut files = BTreeMap::new();
        for (id, content) in &sim.files {
            let mut image = content.durable.clone();
            for change in &content.pending {
                match change {
                    Change::Len(_) => {
                        if rng.random_bool(0.5) {
                            change.apply(&mut image);
                        }
                    }
                    Change::Write(at, bytes) => match rng.random_range(0..4) {
                        0 => {}
                        1 => change.apply(&mut image),
                        _ => {
                            for (i, sector) in bytes.chunks(SECTOR).enumerate() {
                                if rng.random_bool(0.6) {
                                    Change::Write(at + i * SECTOR, sector.to_vec())
                                        .apply(&mut image);
                                }
                            }
                        }
                    },
                }
            }
            files.insert(
                *id,
                Content {
                    durable: image.clone(),
                    now: image,
                    pending: Vec::new(),
                },
            );
        }
        // Each unsynced name may or may not have reached the disk.
        let mut names = sim.durable_names.clone();
        for (path, id) in &sim.names {
            if names.get(path) != Some(id) && rng.random_bool(0.5) {
                names.insert(path.clone(), *id);
            }
        }
        names.retain(|path, _| sim.names.contains_key(path) || rng.random_bool(0.5));
        let next = Sim {
            files,
            durable_names: names.clone(),
            names,
            dirs: sim.dirs.clone(),
            next_file: sim.next_file,
            faults: Faults::default(),
            operations: 0,
            reads: 0,
            rng: seeded(seed),
        };
        Self(Arc::new(Mutex::new(next)))
    }

    /// Operations that changed something so far.
    pub(super) fn operations(&self) -> u64 {
        self.0.lock().operations
    }

    pub(super) fn paths(&self) -> Vec<PathBuf> {
        self.0.lock().names.keys().cloned().collect()
    }

    pub(super) fn len_of(&self, path: &Path) -> usize {
        let sim = self.0.lock();
        sim.names.get(path).map_or(0, |id| sim.files[id].now.len())
    }

    /// Alters bytes behind everybody's back.
    pub(super) fn alter(&self, path: &Path, f: impl FnOnce(&mut Vec<u8>)) {
        let mut sim = self.0.lock();
        let id = sim.names[path];
        let content = sim.files.get_mut(&id).unwrap();
        f(&mut content.now);
        content.durable = content.now.clone();
        content.pending.clear();
    }

    pub(super) fn delete(&self, path: &Path) {
        let mut sim = self.0.lock();
        sim.names.remove(path);
        sim.durable_names.remove(path);
    }
}

impl Sim {
    /// Counts a changing operation; fails when the machine is dead.
    fn step(&mut self) -> io::Result<u64> {
        let now = self.operations;
        self.operations += 1;
        if self.faults.crash_at.is_some_and(|at| now >= at) {
            return Err(io::Error::other("the machine is dead"));
        }
        Ok(now)
    }
}

#[derive(Debug)]
struct SimFile {
    disk: SimDisk,
    id: u64,
}

impl Disk for SimDisk {
    fn open(&self, path: &Path, access: Access) -> io::Result<Arc<dyn DiskFile>> {
        let mut sim = self.0.lock();
        let id = match (sim.names.get(path).copied(), access) {
            (Some(_), Access::CreateNew) => return Err(io::ErrorKind::AlreadyExists.into()),
            (Some(id), _) => id,
            (None, Access::Read | Access::Write) => return Err(io::ErrorKind::NotFound.into()),
            (None, _) => {
                let now = sim.step()?;
                if sim.faults.full.contains(&now) {
                    return Err(io::ErrorKind::StorageFull.into());
                }
                let id = sim.next_file;
                sim.next_file += 1;
                sim.files.insert(id, Content::default());
                sim.names.insert(path.to_path_buf(), id);
                id
            }
        };
        Ok(Arc::new(SimFile {
            disk: self.clone(),
            id,
        }))
    }

    fn list(&self, dir: &Path) -> io::Result<Vec<String>> {
        let sim = self.0.lock();
        let inside = sim.names.keys().filter(|path| path.parent() == Some(dir));
        Ok(inside
            .filter_map(|path| Some(path.file_name()?.to_string_lossy().into_owned()))
            .collect())
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        let mut sim = self.0.lock();
        sim.step()?;
        let id = sim.names.remove(from).ok_or(io::ErrorKind::NotFound)?;
        sim.names.insert(to.to_path_buf(), id);
        Ok(())
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        let mut sim = self.0.lock();
        sim.step()?;
        sim.names
            .remove(path)
            .map(drop)
            .ok_or(io::ErrorKind::NotFound.into())
    }

    fn create_dir_all(&self, path: &Path) -> io::Result<()> {
        self.0.lock().dirs.insert(path.to_path_buf());
        Ok(())
    }

    fn sync_dir(&self, _path: &Path) -> io::Result<()> {
        let mut sim = self.0.lock();
        let now = sim.step()?;
        if sim.faults.broken_syncs.contains(&now) {
            return Err(io::Error::other("injected"));
        }
        if !sim.faults.lying_syncs {
            sim.durable_names = sim.names.clone();
        }
        Ok(())
    }

    fn available(&self, _path: &Path) -> io::Result<u64> {
        Ok(1 << 40)
    }
}

impl DiskFile for SimFile {
    fn len(&self) -> io::Result<u64> {
        Ok(self.disk.0.lock().files[&self.id].now.len() as u64)
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        let mut sim = self.disk.0.lock();
        sim.reads += 1;
        if sim.faults.broken_reads.contains(&(sim.reads - 1)) {
            return Err(io::Error::other("injected"));
        }
        let content = &sim.files[&self.id].now;
        let from = (offset as usize).min(content.len());
        let to = (from + buffer.len()).min(content.len());
        buffer[..to - from].copy_from_slice(&content[from..to]);
        Ok(to - from)
    }

    fn write_at(&self, offset: u64, pieces: &[&[u8]]) -> io::Result<()> {
        let mut sim = self.disk.0.lock();
        let now = sim.step()?;
        let mut bytes = pieces.concat();
        let error = if sim.faults.full.contains(&now) {
            Some(io::Error::from(io::ErrorKind::StorageFull))
        } else if sim.faults.broken_writes.contains(&now) {
            Some(io::Error::other("injected"))
        } else {
            None
        };
        if error.is_some() {
            let kept = sim.rng.random_range(0..=bytes.len());
            bytes.truncate(kept);
        }
        let change = Change::Write(offset as usize, bytes);
        let content = sim.files.get_mut(&self.id).unwrap();
        change.apply(&mut content.now);
        content.pending.push(change);
        error.map_or(Ok(()), Err)
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        let mut sim = self.disk.0.lock();
        let now = sim.step()?;
        if sim.faults.broken_writes.contains(&now) {
            return Err(io::Error::other("injected"));
        }
        let content = sim.files.get_mut(&self.id).unwrap();
        let change = Change::Len(len as usize);
        change.apply(&mut content.now);
        content.pending.push(change);
        Ok(())
    }

    fn sync(&self) -> io::Result<()> {
        let mut sim = self.disk.0.lock();
        let now = sim.step()?;
        let broken = sim.faults.broken_syncs.contains(&now);
        let evicted = broken && sim.rng.random_bool(0.3);
        let lying = sim.faults.lying_syncs;
        let content = sim.files.get_mut(&self.id).unwrap();
        if broken {
            // As on Linux: the pages are marked clean, so no later fsync stores them; they may also be dropped at once.
            content.pending.clear();
            if evicted {
                content.now = content.durable.clone();
            }
            return Err(io::Error::other("injected"));
        }
        if !lying {
            let pending = std::mem::take(&mut content.pending);
            pending
                .iter()
                .for_each(|change| change.apply(&mut content.durable));
            if content.durable.len() != content.now.len() {
                let len = content.now.len();
                content.durable.resize(len, 0);
            }
        }
        Ok(())
    }
}
