//! The store at work: looking up, appending, group commit, checkpoints.
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use aws_lc_rs::digest;
use bytes::Bytes;
use parking_lot::{Condvar, Mutex, RwLock};
use uuid::Uuid;

use super::index::{Checkpoint, Index, IndexError};
use super::layers::Layers;
use super::protect::Protection;
use super::record::{Head, Kind, Place, Position, RECORD_HEAD};
use super::segments::Segments;
use super::{Mh, PackOptions};
use crate::disk::DiskFile;
use crate::error::{Damage, Error, Result};

/// Entries waiting for the index at which it is brought up to date.
pub(super) const CHECKPOINT_ENTRIES: usize = 32 * 1024;
/// Bytes of log at which it is, so that a restart never has more than this to read again.
pub(super) const CHECKPOINT_BYTES: u64 = 256 << 20;
/// Buffered bytes at which they are written out in the background.
pub(super) const SYNC_BYTES: u64 = 64 << 20;
/// Bytes moved at one time when blocks are written again elsewhere.
pub(super) const MOVE_BYTES: usize = 4 << 20;
/// The index may fail, be rebuilt on the disk, fail again and go to memory before it answers.
pub(super) const ATTEMPTS: usize = 4;
pub(super) const BLAKE3: u64 = 0x1e;
pub(super) const SHA2_256: u64 = 0x12;

#[derive(Debug)]
pub(crate) struct Core {
    pub(super) segments: Segments,
    pub(super) dir: PathBuf,
    pub(super) vault: Uuid,
    pub(super) options: PackOptions,
    pub(super) tail: Mutex<Tail>,
    pub(super) layers: RwLock<Layers>,
    pub(super) index: RwLock<Option<Arc<Index>>>,
    /// Held by the one who changes the index; counts the checkpoints since it had to be kept in memory.
    pub(super) checkpointing: Mutex<u64>,
    pub(super) collecting: Mutex<()>,
    pub(super) protection: Arc<Mutex<Protection>>,
    pub(super) found: Mutex<Vec<Damage>>,
    /// What an index rebuilt in this run says about older places is good for reading, not for promises.
    pub(super) rebuilt_until: RwLock<Position>,
    pub(super) syncing: Mutex<Syncing>,
    pub(super) synced: Condvar,
    pub(super) fsyncing: Mutex<()>,
    /// An fsync failed: nothing that was not fsynced before may be relied on, so it is written again elsewhere.
    pub(super) distrusted: AtomicBool,
}

/// Where the log is written. Holding its lock means being the one who appends.
#[derive(Debug)]
pub(super) struct Tail {
    pub(super) segment: u32,
    pub(super) file: Arc<dyn DiskFile>,
    pub(super) end: u32,
    pub(super) next_seq: u64,
    /// Its segment has bytes that no fsync was asked for yet.
    pub(super) dirty: bool,
    /// A failed write left bytes behind the end that could not be cut: go on in a new segment.
    pub(super) leftover: bool,
}

impl Tail {
    pub(super) fn position(&self) -> Position {
        Position {
            segment: self.segment,
            offset: self.end,
        }
    }

    pub(super) fn checkpoint(&self) -> Checkpoint {
        Checkpoint {
            at: self.position(),
            seq: self.next_seq - 1,
        }
    }
}

#[derive(Debug, Default)]
pub(super) struct Syncing {
    pub(super) running: bool,
    pub(super) durable: u64,
    /// How many blocks a failing disk has lost for good.
    pub(super) lost: u64,
}

impl Core {
    #[allow(
        clippy::too_many_arguments,
        reason = "called once, by the function that found all of these out"
    )]
    pub(super) fn new(
        segments: Segments,
        dir: PathBuf,
        vault: Uuid,
        options: PackOptions,
        tail: Tail,
        layers: Layers,
        index: Index,
        found: Vec<Damage>,
    ) -> Self {
        let position = tail.position();
        Self {
            syncing: Mutex::new(Syncing {
                durable: tail.next_seq.saturating_sub(1),
                ..Syncing::default()
            }),
            segments,
            dir,
            vault,
            options,
            tail: Mutex::new(tail),
            layers: RwLock::new(layers),
            index: RwLock::new(Some(Arc::new(index))),
            checkpointing: Mutex::default(),
            collecting: Mutex::default(),
            protection: Protection::new(position),
            found: Mutex::new(found),
            rebuilt_until: RwLock::default(),
            synced: Condvar::new(),
            fsyncing: Mutex::default(),
            distrusted: AtomicBool::new(false),
        }
    }

    pub(super) fn index(&self) -> Result<Arc<Index>> {
        self.index.read().clone().ok_or(Error::Locked)
    }

    /// Replaces an index that does not answer. After an error of the disk redb answers no more at all.
    pub(super) fn index_failed(&self, index: &Arc<Index>, e: IndexError) -> Result<()> {
        match e {
            IndexError::Newer(_) => Err(e.into_error(index.path())),
            other => self.rebuild(index, &other.to_string()),
        }
    }

    pub(super) fn index_stays_damaged(&self) -> Error {
        IndexError::Damaged("it stays damaged after it was rebuilt".into())
            .into_error(&self.dir.join(super::index::FILE))
    }

    /// Where a block lies.
    pub(super) fn find(&self, mh: &Mh) -> Result<Option<Place>> {
        for _ in 0..ATTEMPTS {
            let index = self.index()?;
            let view = {
                let layers = self.layers.read();
                if let Some(known) = layers.get(mh) {
                    return Ok(known);
                }
                index.view()
            };
            match view.and_then(|view| view.get(mh)) {
                Ok(place) => return Ok(place),
                Err(e) => self.index_failed(&index, e)?,
            }
        }
        Err(self.index_stays_damaged())
    }

    /// Reads a block and checks its hash.
    pub(super) fn get(&self, mh: &Mh) -> Result<Option<Bytes>> {
        let mut tried: Option<Place> = None;
        let mut rebuilt = false;
        loop {
            let index = self.index()?;
            let Some(place) = self.find(mh)? else {
                return Ok(None);
            };
            // The second time at the same place is the answer; compaction may have moved the block in between.
            let again = tried == Some(place);
            match self.read_at(mh, place) {
                Ok(block) => return Ok(Some(block)),
                Err(bad) if again => {
                    if bad.index_is_wrong && !rebuilt {
                        rebuilt = true;
                        self.rebuild(&index, "it names a place where another record lies")?;
                        tried = None;
                        continue;
                    }
                    // A copy whose fsync failed may be gone while the original still stands.
                    let original = self.layers.read().before(mh);
                    if let Some(block) = original.and_then(|place| self.read_at(mh, place).ok()) {
                        return Ok(Some(block));
                    }
                    return Err(Error::Damaged(bad.damage));
                }
                Err(_) => tried = Some(place),
            }
        }
    }

    /// What is stored for a block, whether or not it matches its hash.
    pub(super) fn get_unchecked(&self, mh: &Mh) -> Result<Option<Bytes>> {
        let Some(place) = self.find(mh)? else {
            return Ok(None);
        };
        let Some(file) = self.segments.file(place.segment)? else {
            return Ok(None);
        };
        let at = u64::from(place.offset) + (RECORD_HEAD + mh.encoded_len()) as u64;
        let mut body = vec![0; place.len as usize];
        match file.read_at(at, &mut body) {
            Ok(read) if read == body.len() => Ok(Some(Bytes::from(body))),
            _ => Ok(None),
        }
    }

    pub(super) fn read_at(&self, mh: &Mh, place: Place) -> Result<Bytes, BadBlock> {
        let path = self.segments.path(place.segment);
        let name = hex(mh);
        let bad = |what: String, index_is_wrong| BadBlock {
            damage: Damage::new(
                &path,
                what,
                "every other block stays readable; put the same block again to heal it",
            ),
            index_is_wrong,
        };
        let at = place.offset;
        let file = match self.segments.file(place.segment) {
            Ok(Some(file)) => file,
            Ok(None) => {
                return Err(bad(
                    format!("the segment with block {name} is missing"),
                    true,
                ));
            }
            Err(e) => {
                return Err(bad(
                    format!("block {name} at {at} cannot be read: {e}"),
                    false,
                ));
            }
        };
        let head_len = RECORD_HEAD + mh.encoded_len();
        let mut record = vec![0; head_len + place.len as usize];
        let read = match file.read_at(u64::from(at), &mut record) {
            Ok(read) => read,
            Err(e) => {
                return Err(bad(
                    format!("block {name} at {at} cannot be read: {e}"),
                    false,
                ));
            }
        };
        let record = Bytes::from(record).slice(..read);
        let body = record.slice(head_len.min(read)..);
        if body.len() == place.len as usize && is_hash_of(mh, &body) {
            return Ok(body);
        }
        let index_is_wrong = Head::parse(&record).is_some_and(|(head, _)| {
            head.mh != *mh || head.len != place.len || head.kind != Kind::Block
        });
        Err(bad(
            format!("block {name} at {at} does not match its hash"),
            index_is_wrong,
        ))
    }

    pub(super) fn position(&self) -> Position {
        self.tail.lock().position()
    }
}

/// A block that could not be read.
pub(super) struct BadBlock {
    pub(super) damage: Damage,
    /// The index named a place where something else lies, whole.
    pub(super) index_is_wrong: bool,
}

pub(super) fn is_hash_of(mh: &Mh, body: &[u8]) -> bool {
    match mh.code() {
        BLAKE3 => blake3::hash(body).as_bytes() == mh.digest(),
        SHA2_256 => digest::digest(&digest::SHA256, body).as_ref() == mh.digest(),
        _ => false,
    }
}

fn hex(mh: &Mh) -> String {
    use std::fmt::Write;
    mh.digest()
        .iter()
        .take(8)
        .fold(String::new(), |mut text, byte| {
            let _ = write!(text, "{byte:02x}");
            text
        })
}
