//! What must be in the store.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::content::Content;

/// Folders each worker moves its files between.
pub const FOLDERS: u8 = 3;

/// Where a file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Place {
    /// In one of the worker's folders.
    Folder(u8),
    /// In the trash; restoring brings it back to the folder.
    Trash(u8),
}

/// A file as it must be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct File {
    /// Where it is.
    pub place: Place,
    /// All its versions, oldest first; the last one is read.
    pub versions: Vec<Content>,
}

/// One operation of a worker. Names are never used twice in the life of a store.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Op {
    /// Writes a new file, or the next version of one that is there.
    Put {
        name: String,
        folder: u8,
        content: Content,
    },
    /// The same in pieces, through a resumable upload; `safe` bytes of it were acknowledged so far.
    Upload {
        name: String,
        folder: u8,
        content: Content,
        pieces: u64,
        safe: u64,
    },
    /// Writes many small files in one batch.
    Import {
        folder: u8,
        files: Vec<(String, Content)>,
    },
    /// Gives a file a new name and a new folder.
    Move {
        name: String,
        to: String,
        folder: u8,
    },
    /// Copies a file.
    Copy {
        name: String,
        to: String,
        folder: u8,
    },
    /// Puts a file into the trash.
    Trash { name: String },
    /// Takes it out again.
    Restore { name: String },
    /// Removes it for good.
    Purge { name: String },
    /// Makes the first version of a file the current one again.
    Revert { name: String },
    /// Writes a setting.
    Setting { value: u64 },
    /// Records an event.
    Event { number: u64 },
    /// Collects what nothing refers to.
    Collect,
    /// Stores blocks, below the drive.
    Store { blocks: Vec<Content> },
    /// Gives blocks up: the next collection may remove them.
    Forget { blocks: Vec<Content> },
}

impl Op {
    /// The names it changes.
    #[must_use]
    pub fn names(&self) -> Vec<&str> {
        match self {
            Self::Import { files, .. } => files.iter().map(|(name, _)| name.as_str()).collect(),
            Self::Move { name, to, .. } => vec![name, to],
            Self::Copy { to, .. } => vec![to],
            Self::Put { name, .. }
            | Self::Upload { name, .. }
            | Self::Trash { name }
            | Self::Restore { name }
            | Self::Purge { name }
            | Self::Revert { name } => vec![name],
            Self::Setting { .. }
            | Self::Event { .. }
            | Self::Collect
            | Self::Store { .. }
            | Self::Forget { .. } => Vec::new(),
        }
    }

    /// Whether it happens wholly or not at all. Of an import every single file does.
    #[must_use]
    pub fn is_atomic(&self) -> bool {
        !matches!(self, Self::Import { .. })
    }
}

/// What one worker has in the store, as far as acknowledged, and what it was told may have failed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Worker {
    /// Its files by name.
    pub files: BTreeMap<String, File>,
    /// Its setting.
    pub setting: u64,
    /// Its events.
    pub events: BTreeSet<u64>,
    /// Its blocks.
    pub blocks: BTreeSet<Content>,
    /// Operations that may have happened: the one under way, and those that failed.
    pub maybe: Vec<Op>,
}

impl Worker {
    /// Changes the model as a successful `op` changes the store.
    pub fn apply(&mut self, op: &Op) {
        match op {
            Op::Put {
                name,
                folder,
                content,
            }
            | Op::Upload {
                name,
                folder,
                content,
                ..
            } => {
                self.write(name, *folder, *content);
            }
            Op::Import { folder, files } => {
                for (name, content) in files {
                    self.write(name, *folder, *content);
                }
            }
            Op::Move { name, to, folder } => {
                if let Some(mut file) = self.files.remove(name) {
                    file.place = Place::Folder(*folder);
                    self.files.insert(to.clone(), file);
                }
            }
            Op::Copy { name, to, folder } => {
                if let Some(content) = self
                    .files
                    .get(name)
                    .and_then(|file| file.versions.last().copied())
                {
                    self.write(to, *folder, content);
                }
            }
            Op::Trash { name } | Op::Restore { name } => {
                if let Some(file) = self.files.get_mut(name) {
                    file.place = match file.place {
                        Place::Folder(folder) => Place::Trash(folder),
                        Place::Trash(folder) => Place::Folder(folder),
                    };
                }
            }
            Op::Purge { name } => {
                self.files.remove(name);
            }
            Op::Revert { name } => {
                if let Some(file) = self.files.get_mut(name)
                    && let Some(first) = file.versions.first().copied()
                {
                    file.versions.push(first);
                }
            }
            Op::Setting { value } => self.setting = *value,
            Op::Event { number } => {
                self.events.insert(*number);
            }
            Op::Store { blocks } => self.blocks.extend(blocks),
            Op::Forget { blocks } => blocks.iter().for_each(|block| {
                self.blocks.remove(block);
            }),
            Op::Collect => {}
        }
    }

    fn write(&mut self, name: &str, folder: u8, content: Content) {
        let new = File {
            place: Place::Folder(folder),
            versions: Vec::new(),
        };
        self.files
            .entry(name.to_owned())
            .or_insert(new)
            .versions
            .push(content);
    }

    /// Compares with what was found, and takes over which of the uncertain operations happened.
    ///
    /// # Errors
    /// A sentence for each thing that is not as it must be.
    pub fn settle(&mut self, found: &Found) -> Result<(), Vec<String>> {
        let mut wrong = Vec::new();
        let maybe = std::mem::take(&mut self.maybe);
        for op in &maybe {
            self.settle_op(op, found, &mut wrong);
        }
        for (name, file) in &self.files {
            match found.files.get(name) {
                Some(there) if there == file => {}
                there => wrong.push(format!("{name}: must be {file:?}, is {there:?}")),
            }
        }
        for name in found
            .files
            .keys()
            .filter(|name| !self.files.contains_key(*name))
        {
            wrong.push(format!(
                "{name} is there and must not be: {:?}",
                found.files[name]
            ));
        }
        if found.setting != self.setting {
            wrong.push(format!(
                "setting: must be {}, is {}",
                self.setting, found.setting
            ));
        }
        let lost: Vec<_> = self.events.difference(&found.events).collect();
        let ghosts: Vec<_> = found.events.difference(&self.events).collect();
        if !lost.is_empty() || !ghosts.is_empty() {
            wrong.push(format!("events lost: {lost:?}, never recorded: {ghosts:?}"));
        }
        let lost: Vec<_> = self.blocks.difference(&found.blocks).collect();
        if !lost.is_empty() {
            wrong.push(format!("blocks lost: {lost:?}"));
        }
        if wrong.is_empty() { Ok(()) } else { Err(wrong) }
    }

    fn settle_op(&mut self, op: &Op, found: &Found, wrong: &mut Vec<String>) {
        let mut after = self.clone();
        after.apply(op);
        match op {
            Op::Setting { value } if found.setting == *value => *self = after,
            Op::Event { number } if found.events.contains(number) => *self = after,
            // Blocks are stored one by one, and may stay for a while when they are given up.
            Op::Store { .. } => {}
            Op::Forget { .. } => *self = after,
            Op::Import { .. } => {
                for name in op.names() {
                    if found.files.contains_key(name)
                        && let Some(file) = after.files.remove(name)
                    {
                        self.files.insert(name.to_owned(), file);
                    }
                }
            }
            _ => {
                let matches = |state: &Self| {
                    op.names()
                        .iter()
                        .all(|name| found.files.get(*name) == state.files.get(*name))
                };
                if matches(self) {
                    return;
                }
                if matches(&after) {
                    *self = after;
                } else {
                    let is: Vec<_> = op
                        .names()
                        .into_iter()
                        .map(|name| found.files.get(name))
                        .collect();
                    wrong.push(format!("{op:?} happened by half, there is: {is:?}"));
                    // Reported once; what is there now is the new truth.
                    for name in op.names() {
                        match found.files.get(name) {
                            Some(file) => self.files.insert(name.to_owned(), file.clone()),
                            None => self.files.remove(name),
                        };
                    }
                }
            }
        }
    }
}

/// What was found in the store of a worker.
#[derive(Clone, Debug, Default)]
pub struct Found {
    /// Its files by name.
    pub files: BTreeMap<String, File>,
    /// Its setting.
    pub setting: u64,
    /// Its events.
    pub events: BTreeSet<u64>,
    /// Those of its blocks that are there, with the right bytes.
    pub blocks: BTreeSet<Content>,
}

/// What all workers have in the store.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Model {
    /// Whether the vault was acknowledged as made.
    pub created: bool,
    /// The workers.
    pub workers: Vec<Worker>,
    /// Counts the runs; part of every name.
    pub run: u64,
}

impl Model {
    /// An empty store for so many workers.
    #[must_use]
    pub fn new(workers: usize) -> Self {
        Self {
            created: false,
            workers: vec![Worker::default(); workers],
            run: 0,
        }
    }
}
