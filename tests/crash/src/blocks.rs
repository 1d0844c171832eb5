//! The vault alone: blocks, settings and events under load, without a drive.

use std::{
    collections::{BTreeSet, HashSet},
    path::Path,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use anyhow::{Context, Result, bail};
use bytes::Bytes;
use multihash::Multihash;
use rand::{RngExt, SeedableRng, rngs::SmallRng};
use std::io::Read;
use webx_vault::{BlockStore, Collect, DataDir, Durability, Mh, Vault};

use crate::{
    content::Content,
    model::{Found, Model, Op, Worker},
    vault::{damages, event, found_events, found_setting, open_vault, set},
    words::{Line, say},
};

/// A vault under load.
pub struct Blocks {
    vault: Vault,
    events: webx_services::EventLog,
    /// What a collection must leave alone.
    live: Mutex<HashSet<Mh>>,
    _data: DataDir,
}

impl Blocks {
    /// Opens the vault.
    ///
    /// # Errors
    /// When it does not open.
    pub fn open(path: &Path, model: &Model) -> Result<Self> {
        let (data, vault, events) = open_vault(path, model)?;
        let mut live = HashSet::new();
        for worker in &model.workers {
            let doubtful = worker.maybe.iter().filter_map(|op| match op {
                Op::Store { blocks } => Some(blocks),
                _ => None,
            });
            for content in worker.blocks.iter().chain(doubtful.flatten()) {
                live.insert(block(*content)?.0);
            }
        }
        Ok(Self {
            vault,
            events,
            live: Mutex::new(live),
            _data: data,
        })
    }

    /// Compares with the model.
    ///
    /// # Errors
    /// A sentence for each thing that is not as it must be.
    pub fn check(&self, model: &mut Model) -> Result<(), Vec<String>> {
        let mut wrong = Vec::new();
        for (number, worker) in model.workers.iter_mut().enumerate() {
            match self.found(number, worker) {
                Ok(found) => {
                    if let Err(sentences) = worker.settle(&found) {
                        wrong.extend(
                            sentences
                                .into_iter()
                                .map(|sentence| format!("worker {number}: {sentence}")),
                        );
                    }
                }
                Err(error) => wrong.push(format!("worker {number}: cannot be read: {error:#}")),
            }
        }
        if let Err(error) = self.events.verify() {
            wrong.push(format!("event log: {error}"));
        }
        wrong.extend(damages(&self.vault));
        match self.vault.blocks().verify(|_| true) {
            Ok(report) if report.damaged.is_empty() => {}
            Ok(report) => wrong.push(format!("verify: {report:?}")),
            Err(error) => wrong.push(format!("verify: {error}")),
        }
        if wrong.is_empty() { Ok(()) } else { Err(wrong) }
    }

    fn found(&self, number: usize, worker: &Worker) -> Result<Found> {
        let mut found = Found {
            setting: found_setting(self.vault.db(), number)?,
            events: found_events(&self.events, number)?,
            ..Found::default()
        };
        for content in &worker.blocks {
            let (mh, bytes) = block(*content)?;
            if self.vault.blocks().get(&mh)? == Some(bytes) {
                found.blocks.insert(*content);
            }
        }
        Ok(found)
    }

    /// Does `count` operations as worker `number`.
    ///
    /// # Errors
    /// Only when nobody listens any more.
    pub fn work(
        &self,
        number: usize,
        state: &Worker,
        run: u64,
        seed: u64,
        count: u64,
    ) -> std::io::Result<()> {
        let mut rng = SmallRng::seed_from_u64(seed ^ (number as u64) << 56);
        let mut own: BTreeSet<Content> = state.blocks.clone();
        for step in 1..=count {
            let some = |rng: &mut SmallRng| {
                let n = rng.random_range(0..own.len().max(1));
                own.iter().skip(n).take(6).copied().collect::<Vec<_>>()
            };
            let op = match rng.random_range(0..100) {
                0..60 => {
                    let len = |rng: &mut SmallRng| match rng.random_range(0..20) {
                        0 => rng.random_range(0..1_500_000),
                        1..5 => rng.random_range(0..200_000),
                        _ => rng.random_range(0..9000),
                    };
                    let blocks = (0..rng.random_range(1..12))
                        .map(|_| Content::new(rng.random(), len(&mut rng)))
                        .collect();
                    Op::Store { blocks }
                }
                60..75 => Op::Forget {
                    blocks: some(&mut rng),
                },
                75..85 => Op::Setting {
                    value: run << 32 | step,
                },
                85..95 => Op::Event {
                    number: run << 32 | step,
                },
                _ => Op::Collect,
            };
            say(&Line::Start {
                worker: number,
                op: op.clone(),
            })?;
            match self.perform(number, &op) {
                Ok(()) => {
                    match &op {
                        Op::Store { blocks } => own.extend(blocks),
                        Op::Forget { blocks } => own.retain(|block| !blocks.contains(block)),
                        _ => {}
                    }
                    say(&Line::Done { worker: number })?;
                }
                Err(error) => {
                    if let Op::Forget { blocks } = &op {
                        own.retain(|block| !blocks.contains(block));
                    }
                    say(&Line::Failed {
                        worker: number,
                        why: format!("{error:#}"),
                    })?;
                }
            }
        }
        Ok(())
    }

    fn perform(&self, number: usize, op: &Op) -> Result<()> {
        let live = || self.live.lock().unwrap_or_else(PoisonError::into_inner);
        match op {
            Op::Store { blocks } => {
                let sealed = blocks
                    .iter()
                    .map(|content| block(*content))
                    .collect::<Result<Vec<_>>>()?;
                live().extend(sealed.iter().map(|(mh, _)| *mh));
                self.vault.blocks().put_many(&sealed, Durability::Fsync)?;
                for (content, (mh, bytes)) in blocks.iter().zip(&sealed) {
                    if self.vault.blocks().get(mh)?.as_ref() != Some(bytes) {
                        bail!("{content:?} does not come back at once");
                    }
                }
            }
            Op::Forget { blocks } => {
                let names = blocks
                    .iter()
                    .map(|content| Ok(block(*content)?.0))
                    .collect::<Result<Vec<_>>>()?;
                live().retain(|mh| !names.contains(mh));
                if blocks.len() % 2 == 0 {
                    self.vault.blocks().delete_many(&names)?;
                }
            }
            Op::Collect => {
                let options = Collect {
                    grace: Duration::ZERO,
                    ..Collect::default()
                };
                self.vault.blocks().collect(&options, |mh| {
                    Ok::<_, webx_vault::Error>(live().contains(mh))
                })?;
            }
            Op::Setting { value } => set(self.vault.db(), number, *value)?,
            Op::Event {
                number: event_number,
            } => event(&self.events, number, *event_number)?,
            other => bail!("{other:?} needs a drive"),
        }
        Ok(())
    }

    /// Ends as the product does.
    pub fn close(&self) {
        self.vault.lock();
    }
}

fn block(content: Content) -> Result<(Mh, Bytes)> {
    let mut bytes = Vec::new();
    content.reader().read_to_end(&mut bytes)?;
    let mh = Multihash::wrap(0x1e, blake3::hash(&bytes).as_bytes()).context("multihash")?;
    Ok((mh, bytes.into()))
}
