//! Reading one file: only the segments that a range touches, opened ahead by workers when one reads on.
use std::{
    collections::VecDeque,
    io::{self, Read, Seek, SeekFrom},
    sync::Arc,
};

use rusqlite::{Connection, OptionalExtension};
use webx_content::{
    FileKey, Manifest, PAGE_SEGMENTS, SEGMENT_LEN, Segment, multihash_of_digest, open_page,
    open_segment_into, open_small,
};

use crate::{
    Drive, Error, NodeId, Result, VersionId,
    content::{Body, content},
    drive::Inner,
    keys::open_file_key,
    pool::{Pending, pending},
    tree::{self, Entry},
};

/// Segments opened ahead of a reader.
const AHEAD: u64 = 3;

/// Reads a version of a file. Wrong bytes never come out: what is damaged is an error that names the file.
pub struct FileReader {
    inner: Arc<Inner>,
    /// For messages.
    path: String,
    key: FileKey,
    size: u64,
    source: Source,
    position: u64,
    /// The opened segment and its number.
    current: Option<(u64, Vec<u8>)>,
    ahead: VecDeque<(u64, Pending<Result<Vec<u8>>>)>,
    /// The segment that a reader who goes on would need next.
    expected: u64,
    spare: Vec<Vec<u8>>,
}

enum Source {
    /// The whole file is in `current`.
    Whole,
    Flat(Vec<Segment>),
    /// The page in memory and its number.
    Paged {
        pages: Vec<webx_content::Page>,
        page: Option<(usize, Vec<Segment>)>,
    },
}

/// A state of a file: its node, and the content and wrapped file key it had.
pub(crate) struct State {
    pub(crate) entry: Entry,
    pub(crate) content: i64,
    pub(crate) file_key: Option<Vec<u8>>,
    pub(crate) size: u64,
    pub(crate) modified: i64,
}

/// Finds a version of a file.
pub(crate) fn state(conn: &Connection, entry: Entry, version: Option<VersionId>) -> Result<State> {
    let entry = entry.file()?;
    let lost = || Error::Damaged {
        path: entry.name.clone(),
        what: "its entry in the tables is incomplete".into(),
    };
    match version.filter(|version| version.0 != entry.since as u64) {
        None => Ok(State {
            content: entry.content.ok_or_else(lost)?,
            file_key: entry.file_key.clone(),
            size: entry.size,
            modified: entry.modified,
            entry,
        }),
        Some(version) => {
            const SQL: &str = "SELECT content, file_key, size, modified FROM drive_past \
                               WHERE node = ?1 AND since = ?2 AND content IS NOT NULL LIMIT 1";
            let found = conn
                .prepare_cached(SQL)?
                .query_row([entry.n, version.0 as i64], |row| {
                    Ok((
                        row.get(0)?,
                        row.get(1)?,
                        row.get::<_, i64>(2)? as u64,
                        row.get(3)?,
                    ))
                })
                .optional()?;
            let (content, file_key, size, modified) = found.ok_or(Error::NoSuchVersion(version))?;
            Ok(State {
                entry,
                content,
                file_key,
                size,
                modified,
            })
        }
    }
}

impl Drive {
    /// Opens a file for reading, in its present or an older version, also in the trash. A reader keeps what it needs:
    /// it goes on while the file is changed or removed, until the file is purged and collected.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::NotAFile`], [`Error::NoSuchVersion`], [`Error::Damaged`] when key or manifest do
    /// not open.
    pub fn open_file(&self, id: NodeId, version: Option<VersionId>) -> Result<FileReader> {
        let inner = Arc::clone(&self.0);
        let (state, path, node_key, body) = inner.read(|conn| {
            let state = state(conn, tree::find(conn, id)?, version)?;
            let path = tree::lineage(conn, state.entry.n)?.path();
            let key = inner.node_key(conn, &state.entry, i64::MAX)?;
            let content = content(conn, state.content).map_err(|error| named(error, &path))?;
            Ok((state, path, key, content.body))
        })?;
        let entry = &state.entry;
        let key = open_file_key(
            &node_key,
            state.file_key.as_deref(),
            entry.id,
            entry.generation,
        )
        .map_err(|_| Error::Damaged {
            path: path.clone(),
            what: "its key does not open; nothing can be saved".into(),
        })?;
        FileReader::new(inner, path, key, &body, state.size)
    }
}

/// Gives an error of the blocks the name of the file.
pub(crate) fn named(error: Error, path: &str) -> Error {
    match error {
        Error::Damaged { what, .. } => Error::Damaged {
            path: path.to_owned(),
            what,
        },
        Error::Content(error) => Error::Damaged {
            path: path.to_owned(),
            what: error.to_string(),
        },
        Error::Vault(webx_vault::Error::Damaged(damage)) => Error::Damaged {
            path: path.to_owned(),
            what: damage.what.clone(),
        },
        other => other,
    }
}

impl FileReader {
    pub(crate) fn new(
        inner: Arc<Inner>,
        path: String,
        key: FileKey,
        body: &Body,
        size: u64,
    ) -> Result<FileReader> {
        let mut current = None;
        let source = match body {
            Body::Empty => Source::Whole,
            Body::Small { digest, place, .. } => {
                let opened = inner
                    .bundle(digest)
                    .and_then(|block| Ok(open_small(&key, &block, *place)?))
                    .map_err(|error| named(error, &path))?;
                current = Some((0, opened));
                Source::Whole
            }
            Body::Inline(_) | Body::Stored(_) => {
                let manifest = inner.manifest(body, &key).map_err(|error| {
                    let error = named(error, &path);
                    match error {
                        Error::Damaged { path, what } => Error::Damaged {
                            path,
                            what: format!("its list of segments is lost ({what})"),
                        },
                        other => other,
                    }
                })?;
                match manifest {
                    Some(Manifest::Flat { segments, .. }) => Source::Flat(segments),
                    Some(Manifest::Paged { pages, .. }) => Source::Paged { pages, page: None },
                    _ => Source::Whole,
                }
            }
        };
        let found = match &source {
            Source::Whole => current
                .as_ref()
                .map_or(0, |(_, bytes): &(u64, Vec<u8>)| bytes.len() as u64),
            Source::Flat(segments) => segments.iter().map(|segment| u64::from(segment.len)).sum(),
            Source::Paged { pages, .. } => pages.iter().map(|page| page.len).sum(),
        };
        if found != size {
            let what = format!("it should have {size} bytes and has {found}");
            return Err(Error::Damaged { path, what });
        }
        Ok(FileReader {
            inner,
            path,
            key,
            size,
            source,
            position: 0,
            current,
            ahead: VecDeque::new(),
            expected: 0,
            spare: Vec::new(),
        })
    }

    /// Reads whole segments that are not a file yet.
    pub(crate) fn of_segments(
        inner: Arc<Inner>,
        path: String,
        key: FileKey,
        segments: Vec<Segment>,
    ) -> FileReader {
        let size = segments.iter().map(|segment| u64::from(segment.len)).sum();
        FileReader {
            inner,
            path,
            key,
            size,
            source: Source::Flat(segments),
            position: 0,
            current: None,
            ahead: VecDeque::new(),
            expected: 0,
            spare: Vec::new(),
        }
    }

    /// Bytes of the file.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Reads at `offset` without moving the position; returns how many bytes came, 0 at the end.
    ///
    /// # Errors
    /// [`Error::Damaged`], [`Error::Vault`].
    pub fn read_at(&mut self, offset: u64, out: &mut [u8]) -> Result<usize> {
        if offset >= self.size || out.is_empty() {
            return Ok(0);
        }
        let (index, within) = match self.source {
            Source::Whole => (0, offset as usize),
            _ => (
                offset / SEGMENT_LEN as u64,
                (offset % SEGMENT_LEN as u64) as usize,
            ),
        };
        self.load(index)?;
        let bytes = self
            .current
            .as_ref()
            .and_then(|(_, bytes)| bytes.get(within..))
            .unwrap_or_default();
        let len = bytes.len().min(out.len());
        if let (Some(out), Some(bytes)) = (out.get_mut(..len), bytes.get(..len)) {
            out.copy_from_slice(bytes);
        }
        Ok(len)
    }

    /// Makes segment `index` the current one.
    fn load(&mut self, index: u64) -> Result<()> {
        if self
            .current
            .as_ref()
            .is_some_and(|(current, _)| *current == index)
        {
            return Ok(());
        }
        let goes_on = index == self.expected;
        if let Some((_, buffer)) = self.current.take() {
            self.spare.push(buffer);
        }
        if !goes_on {
            self.ahead.clear();
        }
        let opened = loop {
            match self.ahead.pop_front() {
                Some((ahead, answer)) if ahead == index => {
                    break answer.wait().unwrap_or(Err(Error::Stopped));
                }
                Some(_) => {}
                None => {
                    let segment = self.segment(index)?;
                    let buffer = self.spare.pop().unwrap_or_default();
                    break open(&self.inner, &self.key, &segment, buffer);
                }
            }
        };
        let bytes = opened.map_err(|error| self.damaged(error, index))?;
        self.current = Some((index, bytes));
        self.expected = index + 1;
        if goes_on {
            self.read_ahead(index)?;
        }
        Ok(())
    }

    fn read_ahead(&mut self, index: u64) -> Result<()> {
        let last = (self.size - 1) / SEGMENT_LEN as u64;
        let mut next = self.ahead.back().map_or(index + 1, |(ahead, _)| ahead + 1);
        while next <= last && next <= index + AHEAD {
            // A page that does not open is reported when the reader gets there.
            let Ok(segment) = self.segment(next) else {
                return Ok(());
            };
            let Some(permit) = self.inner.pool.try_permit() else {
                return Ok(());
            };
            let (promise, answer) = pending();
            let (inner, key) = (Arc::downgrade(&self.inner), self.key.clone());
            let buffer = self.spare.pop().unwrap_or_default();
            self.inner.pool.run(move || {
                let opened = match inner.upgrade() {
                    Some(inner) => open(&inner, &key, &segment, buffer),
                    None => Err(Error::Stopped),
                };
                drop(permit);
                promise.fulfil(opened);
            });
            self.ahead.push_back((next, answer));
            next += 1;
        }
        Ok(())
    }

    fn segment(&mut self, index: u64) -> Result<Segment> {
        let path = &self.path;
        let lost = || Error::Damaged {
            path: path.clone(),
            what: format!("segment {index} is not listed"),
        };
        let found = match &mut self.source {
            Source::Whole => None,
            Source::Flat(segments) => segments.get(index as usize).cloned(),
            Source::Paged { pages, page } => {
                let number = index as usize / PAGE_SEGMENTS;
                if page.as_ref().is_none_or(|(loaded, _)| *loaded != number) {
                    let wanted = pages.get(number).ok_or_else(lost)?;
                    let opened = self
                        .inner
                        .block(&wanted.digest)
                        .and_then(|block| Ok(open_page(&self.key, wanted, &block)?))
                        .map_err(|error| named(error, path))?;
                    *page = Some((number, opened));
                }
                page.as_ref()
                    .and_then(|(_, segments)| segments.get(index as usize % PAGE_SEGMENTS))
                    .cloned()
            }
        };
        found.ok_or_else(lost)
    }

    fn damaged(&self, error: Error, index: u64) -> Error {
        match named(error, &self.path) {
            Error::Damaged { path, what } => {
                let from = index * SEGMENT_LEN as u64;
                let to = (from + SEGMENT_LEN as u64).min(self.size);
                Error::Damaged {
                    path,
                    what: format!("bytes {from} to {to} of {} are lost ({what})", self.size),
                }
            }
            other => other,
        }
    }
}

fn open(inner: &Inner, key: &FileKey, segment: &Segment, mut buffer: Vec<u8>) -> Result<Vec<u8>> {
    let block = inner.block(&segment.digest)?;
    open_segment_into(key, segment, &block, &mut buffer)?;
    Ok(buffer)
}

impl Inner {
    /// A bundle; the last few are remembered, because files that were put in together are read together.
    pub(crate) fn bundle(&self, digest: &[u8; 32]) -> Result<bytes::Bytes> {
        const REMEMBERED: usize = 4;
        let found = self
            .bundles
            .lock()
            .iter()
            .find(|(known, _)| known == digest)
            .map(|(_, block)| block.clone());
        if let Some(block) = found {
            return Ok(block);
        }
        // Of a damaged bundle only the files are lost whose bytes are hit: each is authenticated by itself.
        let block = match self.block(digest) {
            Err(Error::Vault(webx_vault::Error::Damaged(damage))) => {
                let found = self.blocks().get_unchecked(&multihash_of_digest(digest))?;
                found.ok_or(webx_vault::Error::Damaged(damage))?
            }
            block => block?,
        };
        let mut bundles = self.bundles.lock();
        bundles.truncate(REMEMBERED - 1);
        bundles.push_front((*digest, block.clone()));
        Ok(block)
    }
}

impl Read for FileReader {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let read = self.read_at(self.position, out)?;
        self.position += read as u64;
        Ok(read)
    }
}

impl Seek for FileReader {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let position = match to {
            SeekFrom::Start(offset) => Some(offset),
            SeekFrom::End(by) => self.size.checked_add_signed(by),
            SeekFrom::Current(by) => self.position.checked_add_signed(by),
        };
        self.position = position.ok_or_else(|| {
            io::Error::new(
                io::ErrorKind::InvalidInput,
                "seek before the start of the file",
            )
        })?;
        Ok(self.position)
    }
}
