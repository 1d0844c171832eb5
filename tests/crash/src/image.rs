//! The disk after a power cut, built from the journal of a run.
//!
//! What a completed sync covers is there. Of what was written later a random part is: whole writes, or single
//! 512-byte sectors of them. Names (creation, renaming, removal) reach the disk in the order in which they were
//! changed, up to a random moment, and at least as far as the folder was synced. After a sync that failed, what it
//! should have covered is not covered by a later sync either: the system may have forgotten that it was dirty.

use std::{
    collections::{BTreeMap, HashMap},
    ffi::OsStr,
    fs, io,
    os::unix::ffi::OsStrExt,
    path::{Path, PathBuf},
};

use rand::{RngExt, rngs::SmallRng};

use crate::record::Record;

const SECTOR: usize = 512;

/// What becomes of writes that no sync covered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Loss {
    /// Each write is there whole or not at all.
    Whole,
    /// Each sector is there or not.
    Torn,
}

/// How far the file system goes beyond what POSIX promises.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Names {
    /// Syncing a folder saves the names in it and nothing else.
    Strict,
    /// Syncing anything saves all changes of names before it, as journaling file systems do.
    Journaled,
    /// A disk that says it synced and did not. No store survives that: it shows that the check can tell.
    Lying,
}

/// Reads a journal; a last record that was not written whole is left out.
#[must_use]
pub fn read_journal(bytes: &[u8]) -> Vec<Record> {
    let mut rest = bytes;
    std::iter::from_fn(|| Record::read(&mut rest)).collect()
}

/// What the program had said by the end of `records`.
#[must_use]
pub fn output(records: &[Record]) -> Vec<u8> {
    let mut said = Vec::new();
    for record in records {
        if let Record::Output { data } = record {
            said.extend_from_slice(data);
        }
    }
    said
}

#[derive(Clone)]
enum Change {
    Write {
        offset: u64,
        data: Vec<u8>,
        doubtful: bool,
    },
    Resize {
        len: u64,
    },
}

#[derive(Clone, Default)]
struct File {
    durable: Vec<u8>,
    /// With the position in the journal.
    pending: Vec<(usize, Change)>,
}

#[derive(Clone)]
enum NameChange {
    Link { path: PathBuf, file: u64 },
    Rename { from: PathBuf, to: PathBuf },
    Unlink { path: PathBuf },
    MakeFolder { path: PathBuf },
}

impl NameChange {
    fn folder(&self) -> Option<&Path> {
        match self {
            Self::Link { path, .. } | Self::Unlink { path } | Self::MakeFolder { path } => {
                path.parent()
            }
            Self::Rename { to, .. } => to.parent(),
        }
    }
}

impl NameChange {
    fn rebase(&mut self, from: &Path, to: &Path) {
        let move_one = |path: &mut PathBuf| {
            if let Ok(below) = path.strip_prefix(from)
                && !below.as_os_str().is_empty()
            {
                *path = to.join(below);
            }
        };
        match self {
            Self::Link { path, .. } | Self::Unlink { path } | Self::MakeFolder { path } => {
                move_one(path);
            }
            Self::Rename { from: old, to: new } => {
                move_one(old);
                move_one(new);
            }
        }
    }
}

/// Names below the root; folders have no file.
type Tree = BTreeMap<PathBuf, Option<u64>>;

/// A disk that a run is played onto.
pub struct Disk {
    root: PathBuf,
    names: Names,
    files: HashMap<u64, File>,
    durable: Tree,
    live: Tree,
    pending: Vec<(usize, NameChange)>,
    /// Numbers of files that were there before the run, by the number the run gave them.
    known: HashMap<u64, u64>,
}

impl Disk {
    /// The disk at the beginning of a run on `root`: everything that is under `base` now, durable.
    ///
    /// # Errors
    /// When `base` cannot be read.
    pub fn before(base: &Path, root: &Path, names: Names) -> io::Result<Self> {
        let mut disk = Self {
            root: root.to_owned(),
            names,
            files: HashMap::new(),
            durable: Tree::new(),
            live: Tree::new(),
            pending: Vec::new(),
            known: HashMap::new(),
        };
        disk.load(base, root)?;
        disk.live = disk.durable.clone();
        Ok(disk)
    }

    fn load(&mut self, folder: &Path, named: &Path) -> io::Result<()> {
        for entry in fs::read_dir(folder)? {
            let entry = entry?;
            let (here, path) = (entry.path(), named.join(entry.file_name()));
            if here.is_dir() {
                self.durable.insert(path.clone(), None);
                self.load(&here, &path)?;
            } else {
                // Numbers of a run count from 1, so these do not meet them.
                let number = u64::MAX - self.files.len() as u64;
                self.files.insert(
                    number,
                    File {
                        durable: fs::read(&here)?,
                        pending: Vec::new(),
                    },
                );
                self.durable.insert(path, Some(number));
            }
        }
        Ok(())
    }

    /// Plays `records` and cuts the power behind the last one.
    pub fn play(&mut self, records: &[Record], rng: &mut SmallRng) {
        let mut syncs: HashMap<u64, (usize, Option<u64>, PathBuf)> = HashMap::new();
        for (at, record) in records.iter().enumerate() {
            match record {
                Record::Create { file, path } => {
                    self.files.insert(*file, File::default());
                    self.change(
                        at,
                        NameChange::Link {
                            path: to_path(path),
                            file: *file,
                        },
                    );
                }
                Record::Open { file, path } => {
                    if let Some(Some(number)) = self.live.get(&to_path(path)) {
                        self.known.insert(*file, *number);
                    }
                }
                Record::Write { file, offset, data } => {
                    let change = Change::Write {
                        offset: *offset,
                        data: data.clone(),
                        doubtful: false,
                    };
                    self.file(*file).pending.push((at, change));
                }
                Record::Resize { file, len } => self
                    .file(*file)
                    .pending
                    .push((at, Change::Resize { len: *len })),
                Record::SyncStart { file, call } => {
                    syncs.insert(*call, (at, Some(*file), PathBuf::new()));
                }
                Record::FolderSyncStart { path, call } => {
                    syncs.insert(*call, (at, None, to_path(path)));
                }
                Record::SyncEnd { call, ok } => {
                    if let Some((start, file, folder)) = syncs.remove(call) {
                        self.synced(start, file, &folder, *ok, rng);
                    }
                }
                Record::Rename { from, to } => {
                    self.change(
                        at,
                        NameChange::Rename {
                            from: to_path(from),
                            to: to_path(to),
                        },
                    );
                }
                Record::Unlink { path } | Record::RemoveFolder { path } => {
                    self.change(
                        at,
                        NameChange::Unlink {
                            path: to_path(path),
                        },
                    );
                }
                Record::MakeFolder { path } => self.change(
                    at,
                    NameChange::MakeFolder {
                        path: to_path(path),
                    },
                ),
                Record::Output { .. } => {}
            }
        }
    }

    fn file(&mut self, number: u64) -> &mut File {
        let number = self.known.get(&number).copied().unwrap_or(number);
        self.files.entry(number).or_default()
    }

    fn change(&mut self, at: usize, change: NameChange) {
        apply_name(&mut self.live, &change);
        self.pending.push((at, change));
    }

    fn synced(
        &mut self,
        start: usize,
        file: Option<u64>,
        folder: &Path,
        ok: bool,
        rng: &mut SmallRng,
    ) {
        if self.names == Names::Lying {
            return;
        }
        if let Some(number) = file {
            let file = self.file(number);
            let covered = file.pending.partition_point(|(at, _)| *at < start);
            if !ok {
                for (_, change) in &mut file.pending[..covered] {
                    if let Change::Write { doubtful, .. } = change {
                        *doubtful = true;
                    }
                }
                return;
            }
            let covered: Vec<_> = file.pending.drain(..covered).collect();
            for (_, change) in covered {
                if !matches!(change, Change::Write { doubtful: true, .. }) || rng.random() {
                    apply(&mut file.durable, &change);
                }
            }
        }
        if !ok {
            return;
        }
        let names = self.names;
        let covers = |at: usize, change: &NameChange| {
            at < start
                && (names == Names::Journaled
                    || (file.is_none() && change.folder() == Some(folder)))
        };
        let (saved, pending) = std::mem::take(&mut self.pending)
            .into_iter()
            .partition(|(at, c)| covers(*at, c));
        self.pending = pending;
        for (at, change) in saved as Vec<(usize, NameChange)> {
            apply_name(&mut self.durable, &change);
            if let NameChange::Rename { from, to } = &change {
                // What was changed in a folder before it was renamed is in the renamed folder now.
                for (_, earlier) in self.pending.iter_mut().filter(|(before, _)| *before < at) {
                    earlier.rebase(from, to);
                }
            }
        }
    }

    /// Writes what is left after the cut under `target`.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn write(mut self, loss: Loss, rng: &mut SmallRng, target: &Path) -> io::Result<()> {
        let kept = rng.random_range(0..=self.pending.len());
        for (_, change) in self.pending.drain(..kept) {
            apply_name(&mut self.durable, &change);
        }
        for file in self.files.values_mut() {
            // Often everything or nothing of the tail reaches the disk; sometimes anything.
            let chance: f64 = [0.0, 1.0, 0.5, 0.9, rng.random()][rng.random_range(0..5)];
            for (_, change) in std::mem::take(&mut file.pending) {
                match change {
                    Change::Write { offset, data, .. } if loss == Loss::Torn => {
                        for (number, sector) in data.chunks(SECTOR).enumerate() {
                            if rng.random_bool(chance) {
                                let offset = offset + (number * SECTOR) as u64;
                                let change = Change::Write {
                                    offset,
                                    data: sector.to_vec(),
                                    doubtful: false,
                                };
                                apply(&mut file.durable, &change);
                            }
                        }
                    }
                    change if rng.random_bool(chance) => apply(&mut file.durable, &change),
                    _ => {}
                }
            }
        }
        fs::create_dir_all(target)?;
        for (path, file) in &self.durable {
            let Ok(below) = path.strip_prefix(&self.root) else {
                continue;
            };
            if below.as_os_str().is_empty() {
                continue;
            }
            let path = target.join(below);
            match file {
                None => fs::create_dir_all(&path)?,
                // A name whose folder is not there is lost with it.
                Some(number) if path.parent().is_some_and(Path::is_dir) => {
                    fs::write(
                        &path,
                        self.files.get(number).map_or(&[][..], |file| &file.durable),
                    )?;
                }
                Some(_) => {}
            }
        }
        Ok(())
    }
}

fn apply(content: &mut Vec<u8>, change: &Change) {
    match change {
        Change::Write { offset, data, .. } => {
            let begin = *offset as usize;
            let end = begin + data.len();
            if content.len() < end {
                content.resize(end, 0);
            }
            content[begin..end].copy_from_slice(data);
        }
        Change::Resize { len } => content.resize(*len as usize, 0),
    }
}

fn apply_name(tree: &mut Tree, change: &NameChange) {
    match change {
        NameChange::Link { path, file } => {
            tree.insert(path.clone(), Some(*file));
        }
        NameChange::MakeFolder { path } => {
            tree.insert(path.clone(), None);
        }
        NameChange::Unlink { path } => {
            tree.remove(path);
        }
        NameChange::Rename { from, to } => {
            let moved: Vec<PathBuf> = tree
                .keys()
                .filter(|path| path.starts_with(from))
                .cloned()
                .collect();
            if moved.is_empty() {
                return;
            }
            tree.retain(|path, _| !path.starts_with(to) || path.starts_with(from));
            for path in moved {
                if let (Some(node), Ok(below)) = (tree.remove(&path), path.strip_prefix(from)) {
                    let path = if below.as_os_str().is_empty() {
                        to.clone()
                    } else {
                        to.join(below)
                    };
                    tree.insert(path, node);
                }
            }
        }
    }
}

fn to_path(bytes: &[u8]) -> PathBuf {
    // Opened as `a/./b` or `a//b` it is the same name.
    Path::new(OsStr::from_bytes(bytes)).components().collect()
}
