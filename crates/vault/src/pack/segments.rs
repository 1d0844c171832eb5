//! The files of a pack store.
use std::collections::{BTreeMap, HashMap};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use parking_lot::Mutex;

use crate::disk::{Access, Disk, DiskFile};
use crate::error::{Error, Result};

/// Most segment files open at one time.
const OPEN_FILES: usize = 64;

/// The segments of a store and their open files.
#[derive(Debug)]
pub(crate) struct Segments {
    pub(crate) disk: Arc<dyn Disk>,
    dir: PathBuf,
    open: Mutex<OpenFiles>,
    /// Segments and where they end.
    ends: Mutex<BTreeMap<u32, u32>>,
}

#[derive(Debug, Default)]
struct OpenFiles {
    files: HashMap<u32, (Arc<dyn DiskFile>, u64)>,
    clock: u64,
}

impl Segments {
    pub(crate) fn new(disk: Arc<dyn Disk>, dir: PathBuf) -> Self {
        Self {
            disk,
            dir,
            open: Mutex::default(),
            ends: Mutex::default(),
        }
    }

    pub(crate) fn dir(&self) -> &Path {
        &self.dir
    }

    pub(crate) fn path(&self, number: u32) -> PathBuf {
        self.dir.join(format!("{number:08}.pack"))
    }

    /// Numbers of the segments in the folder, in order.
    pub(crate) fn list(&self) -> Result<Vec<u32>> {
        let names = self
            .disk
            .list(&self.dir)
            .map_err(|e| Error::io("list", &self.dir, e))?;
        let mut numbers: Vec<u32> = names
            .iter()
            .filter_map(|name| name.strip_suffix(".pack"))
            .filter(|stem| stem.len() >= 8)
            .filter_map(|stem| stem.parse().ok())
            .filter(|number| *number > 0)
            .collect();
        numbers.sort_unstable();
        Ok(numbers)
    }

    /// The open file of a segment; `None` when the segment does not exist.
    pub(crate) fn file(&self, number: u32) -> Result<Option<Arc<dyn DiskFile>>> {
        let mut open = self.open.lock();
        open.clock += 1;
        let now = open.clock;
        if let Some((file, used)) = open.files.get_mut(&number) {
            *used = now;
            return Ok(Some(file.clone()));
        }
        let path = self.path(number);
        let file = match self.disk.open(&path, Access::Write) {
            Ok(file) => file,
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(e) => return Err(Error::io("open", &path, e)),
        };
        open.insert(number, file.clone());
        Ok(Some(file))
    }

    /// Creates a segment file; one that a failed attempt left behind is overwritten.
    pub(crate) fn create(&self, number: u32) -> io::Result<Arc<dyn DiskFile>> {
        let file = self.disk.open(&self.path(number), Access::Create)?;
        file.set_len(0)?;
        let mut open = self.open.lock();
        open.clock += 1;
        open.insert(number, file.clone());
        Ok(file)
    }

    pub(crate) fn remove(&self, number: u32) -> Result<()> {
        self.open.lock().files.remove(&number);
        self.ends.lock().remove(&number);
        let path = self.path(number);
        match self.disk.remove(&path) {
            Err(e) if e.kind() != io::ErrorKind::NotFound => Err(Error::io("remove", &path, e)),
            _ => Ok(()),
        }
    }

    pub(crate) fn set_end(&self, number: u32, end: u32) {
        self.ends.lock().insert(number, end);
    }

    pub(crate) fn end(&self, number: u32) -> Option<u32> {
        self.ends.lock().get(&number).copied()
    }

    pub(crate) fn all(&self) -> Vec<(u32, u32)> {
        self.ends.lock().iter().map(|(n, e)| (*n, *e)).collect()
    }

    pub(crate) fn disk_bytes(&self) -> u64 {
        self.ends.lock().values().map(|end| u64::from(*end)).sum()
    }

    /// Closes files that nothing has used since the last call.
    pub(crate) fn close_idle(&self) {
        let mut open = self.open.lock();
        let newest = open.clock;
        open.files.retain(|_, (_, used)| *used == newest);
    }
}

impl OpenFiles {
    fn insert(&mut self, number: u32, file: Arc<dyn DiskFile>) {
        if self.files.len() >= OPEN_FILES
            && let Some(oldest) = self
                .files
                .iter()
                .min_by_key(|(_, (_, used))| *used)
                .map(|(n, _)| *n)
        {
            self.files.remove(&oldest);
        }
        let now = self.clock;
        self.files.insert(number, (file, now));
    }
}
