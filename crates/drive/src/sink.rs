//! Where the bytes of a file go: cut into segments, sealed and stored by workers, at most a few at once in memory.
use std::{
    collections::{HashMap, VecDeque},
    io::Read,
    sync::Arc,
};

use webx_content::{
    BLOCK_LEN, Bundle, FileKey, Known, SEGMENT_LEN, SMALL_LEN, Salt, Sealer, Segment,
    multihash_of_digest,
};
use webx_vault::{BlockStore, Durability};

use crate::{
    Error, Result,
    content::{Body, Draft, block_len, digest_of, finish_segments, salt},
    counters::{Counters, check_quota},
    drive::Inner,
    flight::Hold,
    keys::new_file_key,
    pool::{Pending, pending},
    random,
};

/// Bytes after which a long write pushes to the disk what it has so far.
const PUSH: u64 = 128 << 20;

/// Segments of the version before, by their keyed fingerprint.
type KnownSegments = Arc<HashMap<Salt, Segment>>;

/// What a sink that stops in the middle of a file leaves: its full segments, the bytes behind them, the bytes of new
/// blocks, and what protects those.
type Paused = (Vec<Segment>, Vec<u8>, u64, Arc<Hold>);

/// Takes the bytes of a file and stores them.
pub(crate) struct Sink {
    inner: Arc<Inner>,
    file_key: FileKey,
    lineage: Option<i64>,
    sealer: Sealer,
    known: KnownSegments,
    hold: Arc<Hold>,
    buffer: Vec<u8>,
    segments: Vec<Segment>,
    waiting: VecDeque<Pending<Result<Stored>>>,
    /// A buffer whose block is stored.
    spare: Option<Vec<u8>>,
    pub(crate) written: u64,
    /// Bytes of blocks that are new.
    stored: u64,
    pushed: u64,
    index: u64,
}

impl Sink {
    pub(crate) fn new(
        inner: &Arc<Inner>,
        lineage: Option<(i64, FileKey)>,
        known: HashMap<Salt, Segment>,
        hold: Hold,
    ) -> Result<Sink> {
        let (lineage, file_key) = match lineage {
            Some((n, key)) => (Some(n), key),
            None => (None, new_file_key()?),
        };
        Ok(Sink {
            inner: Arc::clone(inner),
            sealer: Sealer::new(&file_key),
            file_key,
            lineage,
            known: Arc::new(known),
            hold: Arc::new(hold),
            buffer: Vec::new(),
            segments: Vec::new(),
            waiting: VecDeque::new(),
            spare: None,
            written: 0,
            stored: 0,
            pushed: 0,
            index: 0,
        })
    }

    /// Goes on with a file of which `index` segments are stored and `buffer` is what came of the next.
    pub(crate) fn begin_at(&mut self, index: u64, buffer: Vec<u8>) {
        self.index = index;
        self.buffer = buffer;
    }

    /// The key, for a write that goes on later.
    pub(crate) fn into_key(self) -> (Option<i64>, FileKey) {
        (self.lineage, self.file_key.clone())
    }

    /// Stores the full segments. Returns them, what is left of the bytes, and the bytes of new blocks.
    pub(crate) fn pause(mut self) -> Result<Paused> {
        while !self.waiting.is_empty() {
            self.collect()?;
        }
        Ok((self.segments, self.buffer, self.stored, self.hold))
    }

    /// Stores what is in the buffer as a file's last segment.
    pub(crate) fn last_segment(mut self) -> Result<(Segment, Arc<Hold>)> {
        self.dispatch()?;
        let (mut segments, _, _, hold) = self.pause()?;
        Ok((segments.pop().ok_or(Error::Stopped)?, hold))
    }

    pub(crate) fn push(&mut self, mut bytes: &[u8]) -> Result<()> {
        while !bytes.is_empty() {
            self.make_room(bytes.len());
            let (now, rest) = bytes.split_at(bytes.len().min(SEGMENT_LEN - self.buffer.len()));
            self.buffer.extend_from_slice(now);
            self.written += now.len() as u64;
            bytes = rest;
            if self.buffer.len() == SEGMENT_LEN {
                self.dispatch()?;
            }
        }
        Ok(())
    }

    /// Reads a stream to its end.
    pub(crate) fn fill(&mut self, mut from: impl Read) -> Result<()> {
        loop {
            self.make_room(64 << 10);
            let room = (SEGMENT_LEN - self.buffer.len()) as u64;
            let read = from.by_ref().take(room).read_to_end(&mut self.buffer)?;
            self.written += read as u64;
            if (read as u64) < room {
                return Ok(());
            }
            self.dispatch()?;
        }
    }

    /// Once a file is not small, its buffer has its full size at once, tag included, so that it is never copied.
    fn make_room(&mut self, coming: usize) {
        let full = BLOCK_LEN;
        if self.buffer.capacity() < full
            && (self.index > 0 || self.buffer.len() + coming > SMALL_LEN)
        {
            self.buffer.reserve_exact(full - self.buffer.len());
        }
    }

    /// Gives the buffer to a worker.
    fn dispatch(&mut self) -> Result<()> {
        while self.waiting.len() > self.inner.pool.width() + 1
            || self.waiting.front().is_some_and(Pending::is_ready)
        {
            self.collect()?;
        }
        let counters = self.stored.saturating_sub(self.pushed) >= PUSH;
        if counters {
            self.pushed = self.stored;
            self.refuse_over_quota()?;
            let inner = Arc::clone(&self.inner);
            // Its outcome does not matter here: the write ends with a sync of its own.
            self.inner.pool.run(move || drop(inner.blocks().sync()));
        }
        let plaintext = std::mem::replace(&mut self.buffer, self.spare.take().unwrap_or_default());
        let (index, sealer, known) = (self.index, self.sealer.clone(), Arc::clone(&self.known));
        let (inner, hold) = (Arc::downgrade(&self.inner), Arc::clone(&self.hold));
        let (promise, answer) = pending();
        let permit = self.inner.pool.permit();
        self.index += 1;
        self.waiting.push_back(answer);
        self.inner.pool.run(move || {
            let _permit = permit;
            let sealed = match inner.upgrade() {
                Some(inner) => seal_and_store(&inner, &sealer, index, plaintext, &known, &hold),
                None => Err(Error::Stopped),
            };
            promise.fulfil(sealed);
        });
        Ok(())
    }

    fn collect(&mut self) -> Result<()> {
        if let Some(answer) = self.waiting.pop_front() {
            let Stored { segment, buffer } = answer.wait().unwrap_or(Err(Error::Stopped))?;
            if let Some(buffer) = buffer {
                self.stored += block_len(&segment);
                self.spare = Some(buffer).filter(|buffer| buffer.capacity() > 0);
            }
            self.segments.push(segment);
        }
        Ok(())
    }

    fn refuse_over_quota(&self) -> Result<()> {
        check_quota(&self.inner.read(Counters::load)?, self.stored)
    }

    /// Stores what is left and returns the version, not yet synced.
    pub(crate) fn finish(mut self, announced: Option<u64>) -> Result<Draft> {
        if let Some(expected) = announced.filter(|expected| *expected != self.written) {
            return Err(Error::WrongSize {
                expected,
                got: self.written,
            });
        }
        if self.index == 0 && self.buffer.len() <= SMALL_LEN {
            return self.finish_small();
        }
        if !self.buffer.is_empty() {
            self.dispatch()?;
        }
        while !self.waiting.is_empty() {
            self.collect()?;
        }
        self.refuse_over_quota()?;
        // Workers let go of their share of the hold a moment after their answer.
        let hold = Arc::clone(&self.hold);
        finish_segments(
            &self.inner,
            self.file_key.clone(),
            self.lineage,
            std::mem::take(&mut self.segments),
            hold,
        )
    }

    /// A small file that comes alone has a bundle of its own; the garbage collection brings such bundles together.
    fn finish_small(self) -> Result<Draft> {
        if self.buffer.is_empty() {
            return Ok(Draft::empty(self.file_key, self.lineage));
        }
        let mut bundle = Bundle::new();
        let place = bundle.push(&self.file_key, salt()?, &self.buffer)?;
        let mut padding_key = [0; 32];
        random(&mut padding_key)?;
        let block = bundle.finish(padding_key)?;
        check_quota(&self.inner.read(Counters::load)?, block.len() as u64)?;
        let digest = digest_of(&block);
        let hold = self.inner.hold()?;
        hold.add(digest);
        let block_len = block.len() as u64;
        self.inner.blocks().put_many(
            &[(multihash_of_digest(&digest), block)],
            Durability::Buffered,
        )?;
        Ok(Draft {
            size: self.written,
            file_key: self.file_key,
            lineage: self.lineage,
            body: Body::Small {
                digest,
                block_len,
                place,
            },
            blocks: Vec::new(),
            _hold: Some(Arc::new(hold)),
        })
    }
}

/// What a worker made of the bytes of a segment.
pub(crate) struct Stored {
    segment: Segment,
    /// When its block is new: the memory to use again, empty where the store kept it.
    buffer: Option<Vec<u8>>,
}

fn seal_and_store(
    inner: &Inner,
    sealer: &Sealer,
    index: u64,
    plaintext: Vec<u8>,
    known: &HashMap<Salt, Segment>,
    hold: &Hold,
) -> Result<Stored> {
    let fresh = salt()?;
    let (segment, block) = sealer.seal_unless(index, plaintext, |salt| match known.get(salt) {
        None => Known::No,
        // Used again only if its block can still be read: writing a damaged file anew must heal it.
        Some(segment) if matches!(inner.blocks().get(&segment.multihash()), Ok(Some(_))) => {
            Known::Usable(segment.clone())
        }
        Some(_) => Known::Damaged(fresh),
    })?;
    hold.add(segment.digest);
    let Some(block) = block else {
        return Ok(Stored {
            segment,
            buffer: None,
        });
    };
    inner.blocks().put_many(
        &[(segment.multihash(), block.clone())],
        Durability::Buffered,
    )?;
    let mut buffer = if block.is_unique() {
        Vec::from(block)
    } else {
        Vec::new()
    };
    buffer.clear();
    Ok(Stored {
        segment,
        buffer: Some(buffer),
    })
}
