//! What the index does not hold yet: the newest changes, in memory.
use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::Arc;

use super::Mh;
use super::index::{Checkpoint, Usage};
use super::record::{Place, RECORD_HEAD};

/// A change that was written and not yet fsynced.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Unsynced {
    pub(crate) seq: u64,
    pub(crate) mh: Mh,
    pub(crate) place: Option<Place>,
    /// Where the block lay before, for a change that made a place dead.
    pub(crate) before: Option<Place>,
    /// A tombstone that compaction carried over: it changes nothing here.
    pub(crate) carried: Option<[u8; 8]>,
}

/// Changes on their way into the index, newest layer first: written, fsynced, being committed.
#[derive(Debug, Default)]
pub(crate) struct Layers {
    pub(crate) unsynced: VecDeque<Unsynced>,
    fresh: HashMap<Mh, (u64, Option<Place>)>,
    durable: HashMap<Mh, Option<Place>>,
    /// Bytes written and not fsynced.
    pub(crate) unsynced_bytes: u64,
    /// Bytes of the log that a restart would have to read again.
    pub(crate) durable_bytes: u64,
    frozen: Option<Arc<HashMap<Mh, Option<Place>>>>,
    /// Grows when a layer went into the index.
    pub(crate) generation: u64,
    /// Up to where the log is fsynced.
    pub(crate) checkpoint: Checkpoint,
    usage: BTreeMap<u32, Usage>,
}

impl Layers {
    pub(crate) fn new(checkpoint: Checkpoint, usage: BTreeMap<u32, Usage>) -> Self {
        Self {
            checkpoint,
            usage,
            ..Self::default()
        }
    }

    /// What memory knows of a block: `None` = ask the index, `Some(None)` = gone.
    pub(crate) fn get(&self, mh: &Mh) -> Option<Option<Place>> {
        self.fresh
            .get(mh)
            .map(|(_, place)| *place)
            .or_else(|| self.durable.get(mh).copied())
            .or_else(|| self.frozen.as_ref()?.get(mh).copied())
    }

    /// Where a block lay before a change that is not fsynced.
    pub(crate) fn before(&self, mh: &Mh) -> Option<Place> {
        let change = self.unsynced.iter().find(|change| change.mh == *mh)?;
        change.before
    }

    /// Records a change that was written.
    pub(crate) fn written(&mut self, change: Unsynced) {
        self.account(change.before, change.place);
        self.unsynced_bytes += log_bytes(change.place);
        if change.carried.is_some() {
            self.unsynced.push_back(change);
            return;
        }
        self.fresh.insert(change.mh, (change.seq, change.place));
        self.unsynced.push_back(change);
    }

    /// Records a change that was found on the disk at the start.
    pub(crate) fn replayed(&mut self, mh: Mh, before: Option<Place>, place: Option<Place>) {
        self.account(before, place);
        self.durable_bytes += log_bytes(place);
        self.durable.insert(mh, place);
    }

    /// Everything up to `checkpoint` is fsynced.
    pub(crate) fn synced(&mut self, checkpoint: Checkpoint) {
        if checkpoint.seq < self.checkpoint.seq {
            return;
        }
        while let Some(change) = self
            .unsynced
            .front()
            .filter(|c| c.seq <= checkpoint.seq)
            .copied()
        {
            self.unsynced.pop_front();
            self.unsynced_bytes = self.unsynced_bytes.saturating_sub(log_bytes(change.place));
            self.durable_bytes += log_bytes(change.place);
            if change.carried.is_some() {
                continue;
            }
            self.durable.insert(change.mh, change.place);
            if self
                .fresh
                .get(&change.mh)
                .is_some_and(|(seq, _)| *seq == change.seq)
            {
                self.fresh.remove(&change.mh);
            }
        }
        if self.unsynced.is_empty() {
            self.fresh.shrink_to(1024);
        }
        self.checkpoint = checkpoint;
    }

    /// Takes back a change whose bytes could not be kept.
    pub(crate) fn forget(&mut self, change: &Unsynced) {
        if self
            .fresh
            .get(&change.mh)
            .is_some_and(|(seq, _)| *seq == change.seq)
        {
            self.fresh.remove(&change.mh);
        }
        self.unsynced_bytes = self.unsynced_bytes.saturating_sub(log_bytes(change.place));
        self.account(change.place, change.before);
    }

    /// A change was written a second time: the first one no longer counts.
    pub(crate) fn superseded(&mut self, change: &Unsynced) {
        self.unsynced_bytes = self.unsynced_bytes.saturating_sub(log_bytes(change.place));
        self.account(change.place, change.before);
    }

    /// Changes that are written and not fsynced.
    pub(crate) fn unsynced_len(&self) -> usize {
        self.unsynced.len()
    }

    /// Entries that wait to go into the index.
    pub(crate) fn waiting(&self) -> usize {
        self.durable.len() + self.frozen.as_ref().map_or(0, |f| f.len())
    }

    /// Takes the fsynced changes for the index. They stay visible until [`Self::committed`].
    pub(crate) fn freeze(&mut self) -> (Arc<HashMap<Mh, Option<Place>>>, Checkpoint) {
        let mut changes = match self.frozen.take() {
            Some(earlier) => Arc::try_unwrap(earlier).unwrap_or_else(|shared| (*shared).clone()),
            None => HashMap::new(),
        };
        if changes.is_empty() {
            changes = std::mem::take(&mut self.durable);
        } else {
            changes.extend(self.durable.drain());
        }
        self.durable_bytes = 0;
        let frozen = Arc::new(changes);
        self.frozen = Some(frozen.clone());
        (frozen, self.checkpoint)
    }

    /// The frozen changes are in the index.
    pub(crate) fn committed(&mut self) {
        self.frozen = None;
        self.generation += 1;
    }

    pub(crate) fn usage(&self, segment: u32) -> Usage {
        self.usage.get(&segment).copied().unwrap_or_default()
    }

    pub(crate) fn total(&self) -> Usage {
        self.usage.values().fold(Usage::default(), |sum, u| Usage {
            blocks: sum.blocks + u.blocks,
            bytes: sum.bytes + u.bytes,
        })
    }

    fn account(&mut self, before: Option<Place>, after: Option<Place>) {
        if let Some(place) = before {
            let usage = self.usage.entry(place.segment).or_default();
            usage.blocks = usage.blocks.saturating_sub(1);
            usage.bytes = usage.bytes.saturating_sub(u64::from(place.len));
        }
        if let Some(place) = after {
            let usage = self.usage.entry(place.segment).or_default();
            usage.blocks += 1;
            usage.bytes += u64::from(place.len);
        }
    }
}

fn log_bytes(place: Option<Place>) -> u64 {
    RECORD_HEAD as u64 + place.map_or(0, |p| u64::from(p.len))
}
