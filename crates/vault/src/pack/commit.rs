//! Group commit, and bringing the index up to date.
use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::core::{ATTEMPTS, CHECKPOINT_BYTES, CHECKPOINT_ENTRIES, Core, SYNC_BYTES, Tail};
use crate::error::{Error, Result};

impl Core {
    /// Makes everything up to record `last` durable. Callers that come while an fsync runs share the next one.
    pub(super) fn sync_to(&self, last: u64) -> Result<()> {
        let mut syncing = self.syncing.lock();
        loop {
            if syncing.durable >= last {
                return Ok(());
            }
            if syncing.running {
                self.synced.wait(&mut syncing);
                continue;
            }
            syncing.running = true;
            drop(syncing);
            let result = self.sync_all();
            syncing = self.syncing.lock();
            syncing.running = false;
            self.synced.notify_all();
            match result {
                Ok(durable) => syncing.durable = syncing.durable.max(durable),
                Err(e) => return Err(e),
            }
        }
    }

    fn sync_all(&self) -> Result<u64> {
        let mut failed = None;
        for _ in 0..2 {
            let (dirty, number, file, checkpoint) = {
                let mut tail = self.ready_tail()?;
                let dirty = std::mem::take(&mut tail.dirty);
                (dirty, tail.segment, tail.file.clone(), tail.checkpoint())
            };
            let outcome = {
                // One fsync at a time: the system reports a failure once, so of two the second would wrongly succeed.
                let _one = self.fsyncing.lock();
                let outcome = if dirty { file.sync() } else { Ok(()) };
                if outcome.is_err() {
                    self.distrusted.store(true, Ordering::SeqCst);
                }
                outcome
            };
            match outcome {
                Ok(()) => {
                    self.layers.write().synced(checkpoint);
                    return Ok(checkpoint.seq);
                }
                Err(e) => failed = Some(self.write_error(number, e)),
            }
        }
        Err(failed.unwrap_or(Error::Stopped))
    }

    /// Makes the tail durable while its lock is held.
    pub(super) fn sync_tail(&self, tail: &mut Tail) -> Result<()> {
        let _one = self.fsyncing.lock();
        if self.distrusted.load(Ordering::SeqCst) {
            return Err(self.loss());
        }
        if let Err(e) = tail.file.sync() {
            self.distrusted.store(true, Ordering::SeqCst);
            return Err(self.write_error(tail.segment, e));
        }
        tail.dirty = false;
        let checkpoint = tail.checkpoint();
        self.layers.write().synced(checkpoint);
        let mut syncing = self.syncing.lock();
        syncing.durable = syncing.durable.max(checkpoint.seq);
        Ok(())
    }

    pub(super) fn loss(&self) -> Error {
        Error::Io {
            action: "store blocks in",
            path: self.segments.dir().to_path_buf(),
            source: io::Error::other(
                "the disk lost what was written before it was stored; write it again",
            ),
        }
    }

    /// Makes all that was written before durable.
    pub(super) fn sync(&self) -> Result<()> {
        self.sync_to_end()?;
        if self.protection.lock().report_loss() {
            return Err(self.loss());
        }
        Ok(())
    }

    /// True when the index should be brought up to date soon.
    pub(super) fn is_checkpoint_due(&self) -> bool {
        let layers = self.layers.read();
        layers.waiting() >= CHECKPOINT_ENTRIES || layers.durable_bytes >= CHECKPOINT_BYTES
    }

    /// True when writers must help, lest memory grows.
    pub(super) fn is_far_behind(&self) -> bool {
        let layers = self.layers.read();
        layers.waiting() >= 4 * CHECKPOINT_ENTRIES
            || layers.unsynced_len() >= 4 * CHECKPOINT_ENTRIES
    }

    /// True when so much is buffered that writing it out should begin.
    pub(super) fn is_sync_due(&self) -> bool {
        self.layers.read().unsynced_bytes >= SYNC_BYTES
    }

    /// Makes all that was written so far durable.
    pub(super) fn sync_to_end(&self) -> Result<()> {
        let last = self.tail.lock().next_seq - 1;
        self.sync_to(last)
    }

    /// Brings the index up to date with what is fsynced.
    pub(super) fn checkpoint(&self) -> Result<()> {
        for _ in 0..ATTEMPTS {
            let mut one = self.checkpointing.lock();
            if self.layers.read().waiting() == 0 {
                return Ok(());
            }
            self.return_to_disk(&mut one);
            let index = self.index()?;
            let (changes, checkpoint) = self.layers.write().freeze();
            match index.apply(changes.iter(), Some(checkpoint)) {
                Ok(()) => {
                    drop(changes);
                    self.layers.write().committed();
                    return Ok(());
                }
                // What was frozen stays visible and is part of the next attempt.
                Err(e) => {
                    drop((one, changes));
                    self.index_failed(&index, e)?;
                }
            }
        }
        Err(self.index_stays_damaged())
    }

    /// Ends the use of the index, once nobody uses it.
    pub(super) fn close_index(&self) {
        if let Some(index) = self.index.write().take().and_then(Arc::into_inner) {
            index.close(&*self.segments.disk);
        }
    }
}
