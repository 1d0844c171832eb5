//! A random, mixed load: what people and programs do to a drive, several at a time.

use std::{
    collections::{HashMap, HashSet},
    io::Read,
};

use anyhow::{Context, Result, bail, ensure};
use rand::{RngExt, SeedableRng, rngs::SmallRng};
use webx_drive::{FileMeta, ImportItem, NodeId, OnConflict};

use crate::{
    check,
    content::Content,
    home::Home,
    model::{FOLDERS, Op, Place, Worker},
    vault::{event, set},
    words::{Line, say},
};

/// More files than this and a worker removes some.
const MANY: usize = 14;

/// One worker at its load.
pub struct Load<'a> {
    home: &'a Home,
    number: usize,
    run: u64,
    state: Worker,
    rng: SmallRng,
    folders: Vec<NodeId>,
    nodes: HashMap<String, NodeId>,
    /// Names touched by failed operations: nobody knows what became of them, so they are left alone.
    doubtful: HashSet<String>,
    names: u64,
}

impl<'a> Load<'a> {
    /// A worker that goes on from `state`.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn new(home: &'a Home, number: usize, run: u64, state: Worker, seed: u64) -> Result<Self> {
        Ok(Self {
            home,
            number,
            run,
            state,
            rng: SmallRng::seed_from_u64(seed ^ (number as u64) << 56),
            folders: home.folders(number)?,
            nodes: check::nodes(home, number)?,
            doubtful: HashSet::new(),
            names: 0,
        })
    }

    /// Does `count` operations, saying each before and after.
    ///
    /// # Errors
    /// Only when nobody listens any more; failed operations are said and left behind.
    pub fn work(&mut self, count: u64) -> std::io::Result<()> {
        for _ in 0..count {
            let op = self.choose();
            let worker = self.number;
            say(&Line::Start {
                worker,
                op: op.clone(),
            })?;
            match self.perform(&op) {
                Ok(()) => {
                    self.state.apply(&op);
                    say(&Line::Done { worker })?;
                }
                Err(error) => {
                    self.doubtful
                        .extend(op.names().into_iter().map(str::to_owned));
                    for name in op.names() {
                        self.state.files.remove(name);
                    }
                    say(&Line::Failed {
                        worker,
                        why: format!("{error:#}"),
                    })?;
                }
            }
        }
        Ok(())
    }

    fn name(&mut self) -> String {
        self.names += 1;
        format!("w{}-{}-{}.bin", self.number, self.run, self.names)
    }

    fn content(&mut self) -> Content {
        let len = match self.rng.random_range(0..100) {
            0..5 => 0,
            5..60 => self.rng.random_range(1..40_000),
            60..95 => self.rng.random_range(40_000..400_000),
            _ => self.rng.random_range(1_000_000..2_600_000),
        };
        Content::new(self.rng.random(), len)
    }

    fn folder(&mut self) -> u8 {
        self.rng.random_range(0..FOLDERS)
    }

    /// Some file for which `fits`.
    fn some(&mut self, fits: impl Fn(&crate::model::File) -> bool) -> Option<String> {
        let names: Vec<&String> = self
            .state
            .files
            .iter()
            .filter(|(_, file)| fits(file))
            .map(|(name, _)| name)
            .collect();
        if names.is_empty() {
            return None;
        }
        let chosen = self.rng.random_range(0..names.len());
        Some(names[chosen].clone())
    }

    fn choose(&mut self) -> Op {
        let live = |file: &crate::model::File| matches!(file.place, Place::Folder(_));
        let trashed = |file: &crate::model::File| matches!(file.place, Place::Trash(_));
        if self.state.files.len() > MANY {
            let victim = self.some(trashed).map(|name| Op::Purge { name });
            if let Some(op) = victim.or_else(|| self.some(live).map(|name| Op::Trash { name })) {
                return op;
            }
        }
        let new = |load: &mut Self| Op::Put {
            name: load.name(),
            folder: load.folder(),
            content: load.content(),
        };
        let chosen = match self.rng.random_range(0..100) {
            0..22 => None,
            22..36 => self.some(live).map(|name| {
                let folder = match self.state.files.get(&name).map(|file| file.place) {
                    Some(Place::Folder(folder)) => folder,
                    _ => 0,
                };
                Op::Put {
                    name,
                    folder,
                    content: self.content(),
                }
            }),
            36..42 => Some(Op::Upload {
                name: self.name(),
                folder: self.folder(),
                content: self.content(),
                pieces: self.rng.random_range(1..5),
                safe: 0,
            }),
            42..47 => {
                let folder = self.folder();
                let files = (0..self.rng.random_range(2..8))
                    .map(|_| {
                        (
                            self.name(),
                            Content::new(self.rng.random(), self.rng.random_range(0..9000)),
                        )
                    })
                    .collect();
                Some(Op::Import { folder, files })
            }
            47..55 => self.some(live).map(|name| Op::Move {
                name,
                to: self.name(),
                folder: self.folder(),
            }),
            55..60 => self.some(live).map(|name| Op::Copy {
                name,
                to: self.name(),
                folder: self.folder(),
            }),
            60..67 => self.some(live).map(|name| Op::Trash { name }),
            67..71 => self.some(trashed).map(|name| Op::Restore { name }),
            71..76 => self.some(trashed).map(|name| Op::Purge { name }),
            76..80 => self
                .some(|file| live(file) && file.versions.len() > 1)
                .map(|name| Op::Revert { name }),
            80..88 => Some(Op::Setting {
                value: self.run << 32 | self.next(),
            }),
            88..96 => Some(Op::Event {
                number: self.run << 32 | self.next(),
            }),
            _ => Some(Op::Collect),
        };
        chosen.unwrap_or_else(|| new(self))
    }

    fn next(&mut self) -> u64 {
        self.names += 1;
        self.names
    }

    fn node(&self, name: &str) -> Result<NodeId> {
        self.nodes
            .get(name)
            .copied()
            .with_context(|| format!("no node of {name}"))
    }

    fn perform(&mut self, op: &Op) -> Result<()> {
        let drive = &self.home.drive;
        let parent = |folder: &u8| self.folders[usize::from(*folder)];
        match op {
            Op::Put {
                name,
                folder,
                content,
            } => {
                let meta = FileMeta {
                    size: Some(content.len),
                    ..FileMeta::default()
                };
                let node = drive.write_file(
                    parent(folder),
                    name,
                    meta,
                    OnConflict::NewVersion,
                    content.reader(),
                )?;
                self.nodes.insert(name.clone(), node.id);
            }
            Op::Upload {
                name,
                folder,
                content,
                pieces,
                ..
            } => {
                let node = self.upload(name, parent(folder), *content, *pieces)?;
                self.nodes.insert(name.clone(), node);
            }
            Op::Import { folder, files } => {
                self.import(parent(folder), files)?;
                let nodes = check::nodes(self.home, self.number)?;
                self.nodes.extend(nodes);
            }
            Op::Move { name, to, folder } => {
                let id = self.node(name)?;
                drive.mv(id, parent(folder), Some(to), OnConflict::Fail)?;
                self.nodes.insert(to.clone(), id);
            }
            Op::Copy { name, to, folder } => {
                let copy =
                    drive.copy(self.node(name)?, parent(folder), Some(to), OnConflict::Fail)?;
                self.nodes.insert(to.clone(), copy.id);
            }
            Op::Trash { name } => drive.remove(self.node(name)?)?,
            Op::Restore { name } => drop(drive.restore(self.node(name)?)?),
            Op::Purge { name } => drive.purge(self.node(name)?)?,
            Op::Revert { name } => {
                let id = self.node(name)?;
                let first = drive
                    .versions(id)?
                    .pop()
                    .context("a file without versions")?;
                drive.restore_version(id, first.id)?;
            }
            Op::Setting { value } => set(self.home.vault.db(), self.number, *value)?,
            Op::Event { number } => event(&self.home.events, self.number, *number)?,
            Op::Collect => drop(drive.gc(|| true)?),
            Op::Store { .. } | Op::Forget { .. } => bail!("blocks are below the drive"),
        }
        Ok(())
    }

    fn upload(&self, name: &str, parent: NodeId, content: Content, pieces: u64) -> Result<NodeId> {
        let drive = &self.home.drive;
        let meta = FileMeta {
            size: Some(content.len),
            ..FileMeta::default()
        };
        let upload = drive.begin_upload(parent, name, meta, OnConflict::Fail)?;
        let mut from = content.reader();
        let mut offset = 0;
        for piece in 1..=pieces {
            let end = content.len * piece / pieces;
            let next = drive.append_upload(upload.id, offset, (&mut from).take(end - offset))?;
            ensure!(next == end, "{next} bytes were taken instead of {end}");
            offset = next;
            say(&Line::Uploaded {
                worker: self.number,
                offset,
            })?;
        }
        Ok(drive.finish_upload(upload.id)?.id)
    }

    fn import(&self, parent: NodeId, files: &[(String, Content)]) -> Result<()> {
        let items = files.iter().map(|(name, content)| ImportItem {
            path: name.clone(),
            meta: FileMeta {
                size: Some(content.len),
                ..FileMeta::default()
            },
            content: Some(content.reader()),
        });
        let report = self.home.drive.import(parent, OnConflict::Fail, items)?;
        ensure!(report.failed.is_empty(), "{:?}", report.failed);
        ensure!(report.files == files.len() as u64, "{report:?}");
        Ok(())
    }
}
