//! Writing one file: a stream is cut into segments, workers seal and store them, and the tree learns of it at the end.
use std::{
    collections::HashMap,
    io::{self, Read, Write},
    sync::Arc,
};

use webx_content::{
    Bundle, FileKey, Known, Manifest, SEGMENT_LEN, SMALL_LEN, Salt, Sealer, Segment,
    multihash_of_digest, open_page,
};
use webx_vault::{BlockStore, Durability};

use crate::{
    Drive, Error, FileMeta, Node, NodeId, OnConflict, Result,
    content::{Body, Draft, block_len, content, digest_of, finish_segments, salt},
    drive::Inner,
    event::Op,
    flight::Hold,
    keys::{new_file_key, open_file_key, wrap_file},
    name,
    node::to_micros,
    pool::{Pending, pending},
    random,
    tree::{self, Entry},
    txn::{Counters, New, Txn, check_quota},
};

/// Segments of an older version that are remembered at most, to find unchanged ones.
const MAX_KNOWN: usize = 1 << 18;
/// Bytes after which a long write pushes to the disk what it has so far.
const PUSH: u64 = 128 << 20;

/// Segments of the version before, by their keyed fingerprint.
type KnownSegments = Arc<HashMap<Salt, Segment>>;

/// A file that is being written. Give it the bytes ([`Write`]) and [`FileWriter::finish`]; dropped before that, nothing
/// is changed.
pub struct FileWriter {
    drive: Drive,
    parent: NodeId,
    name: String,
    meta: FileMeta,
    on_conflict: OnConflict,
    sink: Sink,
}

impl Drive {
    /// Writes a file from a stream. Nothing is changed unless all of it came and is on the disk.
    ///
    /// # Errors
    /// As [`Drive::begin_write`] and [`FileWriter::finish`]; [`Error::Io`] when the stream fails.
    pub fn write_file(
        &self,
        parent: NodeId,
        name: &str,
        meta: FileMeta,
        on_conflict: OnConflict,
        from: impl Read,
    ) -> Result<Node> {
        let mut writer = self.begin_write(parent, name, meta, on_conflict)?;
        writer.sink.fill(from)?;
        writer.finish()
    }

    /// Begins to write a file.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::NotAFolder`], [`Error::Trashed`], [`Error::BadName`], [`Error::Exists`],
    /// [`Error::NotAFile`] when a folder is to get a new version, [`Error::Quota`].
    pub fn begin_write(
        &self,
        parent: NodeId,
        name: &str,
        meta: FileMeta,
        on_conflict: OnConflict,
    ) -> Result<FileWriter> {
        let name = name::check(name)?.into_owned();
        let sink = self.0.open_sink(parent, &name, meta, on_conflict)?;
        Ok(FileWriter {
            drive: self.clone(),
            parent,
            name,
            meta,
            on_conflict,
            sink,
        })
    }
}

impl FileWriter {
    /// Bytes written so far.
    #[must_use]
    pub fn written(&self) -> u64 {
        self.sink.written
    }

    /// Puts the file into the tree; it is on the disk when this returns.
    ///
    /// # Errors
    /// [`Error::WrongSize`] when another length was announced; what [`Drive::begin_write`] refuses, when it came to be
    /// meanwhile; [`Error::Quota`]; [`Error::Vault`], for example when the disk is full.
    pub fn finish(self) -> Result<Node> {
        let FileWriter {
            drive,
            parent,
            name,
            meta,
            on_conflict,
            sink,
        } = self;
        let draft = sink.finish(meta.size)?;
        drive.0.blocks().sync()?;
        drive.0.write(|txn| {
            txn.check_quota(0)?;
            let parent = txn.live(parent)?.folder()?;
            let modified = meta.modified.map(to_micros);
            let entry = txn.put_file(&parent, &name, modified, on_conflict, &draft, &mut None)?;
            txn.check_quota(0)?;
            tree::node(txn.conn, &entry)
        })
    }
}

impl Write for FileWriter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.sink.push(bytes)?;
        Ok(bytes.len())
    }

    /// Does nothing: what is not finished is not kept.
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Inner {
    /// Looks up where a file will go and with which key. Refuses early what can be refused early.
    pub(crate) fn open_sink(
        self: &Arc<Self>,
        parent: NodeId,
        name: &str,
        meta: FileMeta,
        on_conflict: OnConflict,
    ) -> Result<Sink> {
        let (there, counters) = self.read(|conn| {
            let parent = tree::find(conn, parent)?.folder()?;
            if tree::lineage(conn, parent.n)?.trashed {
                return Err(Error::Trashed(parent.name));
            }
            let there = match (tree::child(conn, parent.n, name)?, on_conflict) {
                (Some(there), OnConflict::Fail) => return Err(Error::Exists(there.name)),
                (Some(there), OnConflict::NewVersion) => {
                    let there = there.file()?;
                    let key = self.node_key(conn, &there, i64::MAX)?;
                    let body = there
                        .content
                        .map(|c| content(conn, c))
                        .transpose()?
                        .map(|content| content.body);
                    Some((there, key, body))
                }
                _ => None,
            };
            Ok((there, Counters::load(conn)?))
        })?;
        let size = meta.size.unwrap_or(0);
        check_quota(&counters, size)?;
        if size > self.vault.free_space()? {
            return Err(webx_vault::Error::DiskFull {
                free: self.vault.free_space()?,
                floor: 0,
            }
            .into());
        }
        let hold = self.hold()?;
        let mut lineage = None;
        let mut known = HashMap::new();
        if let Some((entry, key, body)) = there.filter(|(entry, ..)| !entry.shared)
            && let Ok(file_key) =
                open_file_key(&key, entry.file_key.as_deref(), entry.id, entry.generation)
        {
            // A damaged older version is no reason to refuse a new one: it is then written whole.
            for segment in body.map_or_else(Vec::new, |body| {
                self.segments(&body, &file_key).unwrap_or_default()
            }) {
                hold.add(segment.digest);
                known.insert(segment.salt, segment);
            }
            lineage = Some((entry.n, file_key));
        }
        Sink::new(self, lineage, known, hold)
    }

    /// All segments of a version, as long as they are not too many.
    pub(crate) fn segments(&self, body: &Body, key: &FileKey) -> Result<Vec<Segment>> {
        match self.manifest(body, key)? {
            Some(Manifest::Flat { segments, .. }) => Ok(segments),
            Some(Manifest::Paged { pages, .. }) => {
                let mut segments = Vec::new();
                for page in pages {
                    if segments.len() > MAX_KNOWN {
                        break;
                    }
                    segments.extend(open_page(key, &page, &self.block(&page.digest)?)?);
                }
                Ok(segments)
            }
            _ => Ok(Vec::new()),
        }
    }
}

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
    waiting: std::collections::VecDeque<Pending<Result<Stored>>>,
    /// A buffer whose block is stored.
    spare: Option<Vec<u8>>,
    written: u64,
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
            waiting: std::collections::VecDeque::new(),
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
        let full = webx_content::BLOCK_LEN;
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

impl Txn<'_> {
    /// Puts a stored version into the tree: as a new file, or as the next version of the one there.
    pub(crate) fn put_file(
        &mut self,
        parent: &Entry,
        name: &str,
        modified: Option<i64>,
        on_conflict: OnConflict,
        draft: &Draft,
        bundle: &mut Option<([u8; 32], i64)>,
    ) -> Result<Entry> {
        let (name, there) = self.settle(parent.n, name, on_conflict)?;
        let there = there.map(Entry::file).transpose()?;
        // Keys first: one that is damaged must refuse the file before anything is entered.
        let key = match &there {
            Some(there) => self.key(there)?,
            None => self.key(parent)?,
        };
        let content = self.add_content(draft, bundle)?;
        // The key of another file's lineage, because what was to get a new version is gone or moved meanwhile.
        let foreign = draft
            .lineage
            .filter(|n| there.as_ref().is_none_or(|there| there.n != *n));
        if let Some(n) = foreign {
            self.share_file_key(n)?;
        }
        let entry = match there {
            Some(mut entry) => {
                entry.file_key = Some(wrap_file(
                    &key,
                    &draft.file_key,
                    entry.id,
                    entry.generation,
                )?);
                // Copied while it was written: the key of its lineage is shared all the same.
                entry.shared = foreign.is_some() || entry.shared && draft.lineage.is_some();
                self.set_content(entry, content, draft.size, modified)?
            }
            None => {
                let new = New {
                    kind: crate::Kind::File,
                    name: &name,
                    size: draft.size,
                    modified,
                    content: Some(content),
                    file_key: Some(&draft.file_key),
                    shared: foreign.is_some(),
                };
                let (entry, _) = self.insert(parent, &key, new)?;
                self.count(parent.n, 1);
                self.event(Op::Created, entry.id, Some(parent.id));
                entry
            }
        };
        Ok(entry)
    }

    /// Gives a file its next version.
    pub(crate) fn set_content(
        &mut self,
        mut entry: Entry,
        content: i64,
        size: u64,
        modified: Option<i64>,
    ) -> Result<Entry> {
        entry.content = Some(content);
        entry.size = size;
        entry.modified = modified.unwrap_or(self.now);
        entry.versions += 1;
        entry.since = self.counters.seq + 1; // the change that is about to be made
        let entry = self.change(entry)?;
        let parent = self.id_of(entry.parent)?;
        self.event(Op::Changed, entry.id, parent);
        Ok(entry)
    }
}
