//! The folder `/data` of an unchanged app: plain files in memory, kept by [`Storage`].
//!
//! Loaded before the guest starts; after each request what changed is looked for and kept before the answer goes out.
//! A file is taken for unchanged when its size and its time of change are the same and that time is not so young that a
//! second write could hide behind it.

use std::collections::BTreeMap;
use std::fs::{DirBuilder, File, Metadata};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use time::OffsetDateTime;

use crate::{DataChange, DataFile, InstallId, Limits, StartError, Storage, StorageError};

/// Kernels stamp files with a clock of this coarseness at worst, twice over.
const YOUNG: Duration = Duration::from_millis(20);
/// The deepest folder.
const DEPTH: usize = 32;
/// The longest path in bytes.
const PATH: usize = 1024;

/// The files under one root and what is known to be kept of them.
#[derive(Debug)]
pub(crate) struct DataFolder {
    root: PathBuf,
    install: InstallId,
    bytes: u64,
    files: usize,
    known: BTreeMap<String, Seen>,
}

/// What was seen of a file or folder.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Seen {
    /// None for a folder.
    hash: Option<blake3::Hash>,
    size: u64,
    stamp: Option<SystemTime>,
    /// The stamp was so young that it proves nothing.
    young: bool,
}

/// What [`DataFolder::look`] found.
#[derive(Debug)]
pub(crate) struct Changes {
    list: Vec<DataChange>,
    seen: BTreeMap<String, Seen>,
    /// Things that are neither files nor folders, or that have names that are no text: they are not kept.
    pub(crate) odd: usize,
}

impl Changes {
    /// Whether there is nothing to keep.
    pub(crate) fn is_empty(&self) -> bool {
        self.list.is_empty()
    }
}

impl DataFolder {
    /// Writes everything that is kept for `install` into the empty folder `root`.
    ///
    /// # Errors
    /// [`StartError::Data`]: it cannot be read, or it is no tree of files.
    pub(crate) fn load(
        storage: &dyn Storage,
        install: InstallId,
        root: PathBuf,
        limits: &Limits,
    ) -> Result<Self, StartError> {
        let failed = |error: &dyn std::fmt::Display| StartError::Data(error.to_string());
        let mut folder = Self {
            root,
            install,
            bytes: limits.data_bytes,
            files: limits.data_files,
            known: BTreeMap::new(),
        };
        for file in storage.data_load(install).map_err(|error| failed(&error))? {
            let path = folder
                .place(&file.path)
                .ok_or_else(|| failed(&"a path in it is no path"))?;
            let seen = match &file.bytes {
                None => {
                    make_folder(&path).map_err(|error| failed(&error))?;
                    Seen::folder()
                }
                Some(bytes) => {
                    let mut target = File::create_new(&path).map_err(|error| failed(&error))?;
                    target.write_all(bytes).map_err(|error| failed(&error))?;
                    let _ = target.set_modified(file.modified.into());
                    let meta = target.metadata().map_err(|error| failed(&error))?;
                    Seen::file(&meta, blake3::hash(bytes), SystemTime::now())
                }
            };
            folder.known.insert(file.path, seen);
        }
        Ok(folder)
    }

    /// What changed since the last look. The guest must not run meanwhile.
    ///
    /// `doubted` names files that may have been written without a trace, as through a shared memory map, by whatever path
    /// the guest knows them; `None` stands for all of them.
    ///
    /// # Errors
    /// [`StorageError::Full`] past the limits, [`StorageError::Failed`] when a file cannot be read.
    pub(crate) fn look(&self, doubted: Option<&[PathBuf]>) -> Result<Changes, StorageError> {
        let mut look = Look {
            folder: self,
            doubted,
            now: SystemTime::now(),
            changes: Changes {
                list: Vec::new(),
                seen: BTreeMap::new(),
                odd: 0,
            },
            bytes: 0,
        };
        look.walk(&self.root, "", 0)?;
        let mut changes = look.changes;
        // What became something else must be gone before it comes; the deepest first.
        let gone = self.known.iter().rev().filter(|(path, known)| {
            changes
                .seen
                .get(*path)
                .is_none_or(|seen| seen.hash.is_some() != known.hash.is_some())
        });
        let mut list: Vec<DataChange> = gone
            .map(|(path, _)| DataChange::Remove(path.clone()))
            .collect();
        list.append(&mut changes.list);
        changes.list = list;
        Ok(changes)
    }

    /// Keeps what [`look`](Self::look) found.
    ///
    /// # Errors
    /// What [`Storage::data_save`] says; nothing is kept then.
    pub(crate) fn keep(
        &mut self,
        changes: Changes,
        storage: &dyn Storage,
    ) -> Result<(), StorageError> {
        if !changes.list.is_empty() {
            storage.data_save(self.install, &changes.list)?;
        }
        self.known = changes.seen;
        Ok(())
    }

    /// Where a kept path lies; none when it would leave the folder.
    fn place(&self, path: &str) -> Option<PathBuf> {
        let plain = |part: &str| {
            !part.is_empty() && part != "." && part != ".." && !part.contains(['\0', '\\'])
        };
        (path.len() <= PATH && path.split('/').all(plain)).then(|| self.root.join(path))
    }
}

struct Look<'a> {
    folder: &'a DataFolder,
    doubted: Option<&'a [PathBuf]>,
    now: SystemTime,
    changes: Changes,
    bytes: u64,
}

impl Look<'_> {
    fn walk(&mut self, folder: &Path, prefix: &str, depth: usize) -> Result<(), StorageError> {
        let failed =
            |error: std::io::Error| StorageError::Failed(format!("/data cannot be read ({error})"));
        if depth > DEPTH {
            return Err(StorageError::Full(format!(
                "/data has more than {DEPTH} folders in each other"
            )));
        }
        for entry in std::fs::read_dir(folder).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            let meta = entry.metadata().map_err(failed)?;
            let name = entry.file_name();
            let path = name
                .to_str()
                .map(|name| format!("{prefix}{name}"))
                .filter(|path| path.len() <= PATH);
            let Some(path) =
                path.filter(|path| !path.contains('\\') && (meta.is_dir() || meta.is_file()))
            else {
                self.changes.odd += 1;
                continue;
            };
            if self.changes.seen.len() >= self.folder.files {
                return Err(StorageError::Full(format!(
                    "/data has more than {} files",
                    self.folder.files
                )));
            }
            if meta.is_dir() {
                self.see_folder(&path, &meta);
                self.walk(&entry.path(), &format!("{path}/"), depth + 1)?;
            } else {
                self.see_file(&entry.path(), path, &meta)?;
            }
        }
        Ok(())
    }

    fn see_folder(&mut self, path: &str, meta: &Metadata) {
        if self
            .folder
            .known
            .get(path)
            .is_none_or(|known| known.hash.is_some())
        {
            let put = DataFile {
                path: path.to_owned(),
                bytes: None,
                modified: modified(meta),
            };
            self.changes.list.push(DataChange::Put(put));
        }
        self.changes.seen.insert(path.to_owned(), Seen::folder());
    }

    fn see_file(
        &mut self,
        place: &Path,
        path: String,
        meta: &Metadata,
    ) -> Result<(), StorageError> {
        self.bytes = self.bytes.saturating_add(meta.len());
        if self.bytes > self.folder.bytes {
            return Err(StorageError::Full(format!(
                "/data is larger than {} bytes",
                self.folder.bytes
            )));
        }
        let doubted = self
            .doubted
            .is_none_or(|doubted| doubted.iter().any(|doubted| doubted.ends_with(&path)));
        let known = self.folder.known.get(&path);
        if let Some(known) = known.filter(|known| !doubted && known.still(meta)) {
            self.changes.seen.insert(path, known.clone());
            return Ok(());
        }
        let bytes = read(place, self.folder.bytes).map_err(|error| {
            StorageError::Failed(format!("a file under /data cannot be read ({error})"))
        })?;
        let hash = blake3::hash(&bytes);
        if known.is_none_or(|known| known.hash != Some(hash)) {
            let put = DataFile {
                path: path.clone(),
                bytes: Some(Bytes::from(bytes)),
                modified: modified(meta),
            };
            self.changes.list.push(DataChange::Put(put));
        }
        self.changes
            .seen
            .insert(path, Seen::file(meta, hash, self.now));
        Ok(())
    }
}

impl Seen {
    fn folder() -> Self {
        Self {
            hash: None,
            size: 0,
            stamp: None,
            young: false,
        }
    }

    fn file(meta: &Metadata, hash: blake3::Hash, now: SystemTime) -> Self {
        let stamp = stamp(meta);
        let young = stamp.is_none_or(|stamp| {
            now.duration_since(stamp).is_ok_and(|age| age < YOUNG) || stamp > now
        });
        Self {
            hash: Some(hash),
            size: meta.len(),
            stamp,
            young,
        }
    }

    fn still(&self, meta: &Metadata) -> bool {
        self.hash.is_some() && !self.young && self.size == meta.len() && self.stamp == stamp(meta)
    }
}

/// When the file was last changed, in a way that it cannot set itself where the system has one.
fn stamp(meta: &Metadata) -> Option<SystemTime> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt;
        let seconds = u64::try_from(meta.ctime()).ok()?;
        let nanoseconds = u32::try_from(meta.ctime_nsec()).ok()?;
        Some(SystemTime::UNIX_EPOCH + Duration::new(seconds, nanoseconds))
    }
    #[cfg(not(unix))]
    meta.modified().ok()
}

fn modified(meta: &Metadata) -> OffsetDateTime {
    meta.modified()
        .map_or_else(|_| OffsetDateTime::now_utc(), OffsetDateTime::from)
}

fn make_folder(path: &Path) -> std::io::Result<()> {
    let mut builder = DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}

/// The bytes of a plain file; a link is not followed.
fn read(path: &Path, most: u64) -> std::io::Result<Vec<u8>> {
    let mut options = std::fs::OpenOptions::new();
    options.read(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::custom_flags(
        &mut options,
        libc::O_NOFOLLOW | libc::O_NONBLOCK,
    );
    let mut bytes = Vec::new();
    options.open(path)?.take(most).read_to_end(&mut bytes)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use super::*;

    fn folder() -> (tempfile::TempDir, DataFolder) {
        let root = tempfile::tempdir().unwrap();
        let folder = DataFolder {
            root: root.path().to_owned(),
            install: InstallId::nil(),
            bytes: 1000,
            files: 10,
            known: BTreeMap::new(),
        };
        (root, folder)
    }

    /// What a look finds, which is then taken for kept.
    fn look(folder: &mut DataFolder) -> Vec<String> {
        let changes = folder.look(Some(&[])).unwrap();
        let said = changes.list.iter().map(|change| match change {
            DataChange::Put(file) if file.bytes.is_none() => format!("folder {}", file.path),
            DataChange::Put(file) => format!("put {}", file.path),
            DataChange::Remove(path) => format!("remove {path}"),
        });
        let said = said.collect();
        folder.known = changes.seen;
        said
    }

    #[test]
    fn only_what_changed_is_found() {
        let (root, mut folder) = folder();
        std::fs::create_dir(root.path().join("a")).unwrap();
        std::fs::write(root.path().join("a/b"), "1").unwrap();
        assert_eq!(look(&mut folder), ["folder a", "put a/b"]);
        assert_eq!(look(&mut folder), [""; 0]);
        std::fs::write(root.path().join("a/b"), "2").unwrap();
        assert_eq!(
            look(&mut folder),
            ["put a/b"],
            "the same size, a moment later"
        );
        std::fs::remove_dir_all(root.path().join("a")).unwrap();
        std::fs::write(root.path().join("a"), "now a file").unwrap();
        assert_eq!(look(&mut folder), ["remove a/b", "remove a", "put a"]);
    }

    #[test]
    fn a_write_with_the_time_of_another_is_found_as_long_as_the_time_is_young() {
        let (root, mut folder) = folder();
        for text in ["1", "2", "3", "4", "5", "6", "7", "8"] {
            std::fs::write(root.path().join("f"), text).unwrap();
            assert_eq!(look(&mut folder), ["put f"], "{text}");
        }
    }

    #[test]
    fn a_file_written_through_memory_is_found_when_it_is_doubted() {
        let (root, mut folder) = folder();
        let path = root.path().join("f");
        std::fs::write(&path, "1").unwrap();
        look(&mut folder);
        let mut known = folder.known.get("f").unwrap().clone();
        known.young = false;
        std::fs::write(&path, "2").unwrap();
        known.stamp = stamp(&path.metadata().unwrap());
        folder.known.insert("f".into(), known);
        assert!(folder.look(Some(&[])).unwrap().is_empty());
        assert!(!folder.look(Some(&["/data/f".into()])).unwrap().is_empty());
        assert!(!folder.look(None).unwrap().is_empty());
    }

    #[test]
    fn links_are_never_followed() {
        let (root, mut folder) = folder();
        std::os::unix::fs::symlink("/etc/passwd", root.path().join("link")).unwrap();
        std::os::unix::fs::symlink("/etc", root.path().join("folder")).unwrap();
        assert_eq!(folder.look(None).unwrap().odd, 2);
        assert_eq!(look(&mut folder), [""; 0]);
    }

    #[test]
    fn past_a_limit_nothing_is_kept() {
        let (root, folder) = folder();
        std::fs::write(root.path().join("f"), [0; 1001]).unwrap();
        assert!(matches!(folder.look(None), Err(StorageError::Full(_))));
        std::fs::remove_file(root.path().join("f")).unwrap();
        for n in 0..11 {
            std::fs::write(root.path().join(n.to_string()), "").unwrap();
        }
        assert!(matches!(folder.look(None), Err(StorageError::Full(_))));
    }

    #[test]
    fn a_kept_path_cannot_leave_the_folder() {
        let (_root, folder) = folder();
        for path in ["../x", "/x", "a/../../x", "", "a//b", "./a"] {
            assert!(folder.place(path).is_none(), "{path:?}");
        }
    }
}
