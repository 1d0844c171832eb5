//! Writing one file: its bytes go through a sink, and the tree learns of it at the end.
use std::{
    collections::HashMap,
    io::{self, Read, Write},
    sync::Arc,
};

use webx_content::{FileKey, Manifest, Segment, open_page};
use webx_vault::BlockStore;

use crate::{
    Drive, Error, FileMeta, Node, NodeId, OnConflict, Result,
    content::{Body, Draft, content},
    counters::{Counters, check_quota},
    drive::Inner,
    event::Op,
    keys::{open_file_key, wrap_file},
    name,
    node::to_micros,
    sink::Sink,
    tree::{self, Entry},
    txn::{New, Txn},
};

/// Segments of an older version that are remembered at most, to find unchanged ones.
const MAX_KNOWN: usize = 1 << 18;
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
