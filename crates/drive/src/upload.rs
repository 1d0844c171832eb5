//! Resumable uploads: a file that comes in steps, over hours and restarts. Each step is on the disk when it is answered.
use std::{collections::HashMap, io::Read, sync::Arc};

use rusqlite::{Connection, OptionalExtension, params};
use time::OffsetDateTime;
use webx_content::{FileKey, SEGMENT_LEN, SMALL_LEN, Segment};
use webx_vault::BlockStore;

use crate::{
    Drive, Error, FileMeta, FileReader, Node, NodeId, OnConflict, Result, UploadId,
    content::{content, finish_segments},
    counters::{Counters, check_quota},
    drive::Inner,
    keys::{open_file_key, wrap_file},
    name,
    node::{from_micros, to_micros},
    random,
    sink::Sink,
    tree,
};

/// Bytes of one step of an upload at most.
pub const MAX_UPLOAD_STEP: u64 = 16 << 20;
/// A good size for steps: whole segments, so that nothing has to be kept aside between them.
pub const UPLOAD_STEP: u64 = 8 * SEGMENT_LEN as u64;
/// Unfinished uploads at most.
const MAX_UPLOADS: i64 = 10_000;

/// How far an upload is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UploadStatus {
    /// Its name.
    pub id: UploadId,
    /// Where the file will go.
    pub parent: NodeId,
    /// The name it will get.
    pub name: String,
    /// Its announced length.
    pub size: Option<u64>,
    /// When the file was last changed, as its source said.
    pub modified: Option<OffsetDateTime>,
    /// Bytes that are safe; the next step begins here.
    pub offset: u64,
    /// A good size for steps, in bytes.
    pub chunk_size: u64,
    /// When it was begun.
    pub created: OffsetDateTime,
}

/// A row of `drive_upload`.
struct Row {
    u: i64,
    parent: i64,
    name: String,
    size: Option<u64>,
    modified: Option<i64>,
    on_conflict: OnConflict,
    key: Vec<u8>,
    lineage: Option<i64>,
    offset: u64,
    tail: Vec<u8>,
    stored: i64,
    created: i64,
}

fn row(conn: &Connection, id: UploadId) -> Result<Row> {
    let mut statement = conn.prepare_cached(
        "SELECT u, parent, name, size, modified, conflict, key, lineage, offset, tail, stored, created \
         FROM drive_upload WHERE id = ?1",
    )?;
    let found = statement
        .query_row([&id.0], |row| {
            Ok(Row {
                u: row.get(0)?,
                parent: row.get(1)?,
                name: row.get(2)?,
                size: row.get::<_, Option<i64>>(3)?.map(|size| size as u64),
                modified: row.get(4)?,
                on_conflict: match row.get::<_, i64>(5)? {
                    1 => OnConflict::NewVersion,
                    2 => OnConflict::KeepBoth,
                    _ => OnConflict::Fail,
                },
                key: row.get(6)?,
                lineage: row.get(7)?,
                offset: row.get::<_, i64>(8)? as u64,
                tail: row.get(9)?,
                stored: row.get(10)?,
                created: row.get(11)?,
            })
        })
        .optional()?;
    found.ok_or(Error::NoSuchUpload(id))
}

fn status(conn: &Connection, id: UploadId, row: &Row) -> Result<UploadStatus> {
    let parent = tree::entry(conn, row.parent)?
        .ok_or_else(|| Error::NotFound("the upload's folder".into()))?;
    Ok(UploadStatus {
        id,
        parent: parent.id,
        name: row.name.clone(),
        size: row.size,
        modified: row.modified.map(from_micros),
        offset: row.offset,
        chunk_size: UPLOAD_STEP,
        created: from_micros(row.created),
    })
}

impl Drive {
    /// Begins an upload.
    ///
    /// # Errors
    /// As [`Drive::begin_write`]; [`Error::TooLarge`] when thousands are unfinished.
    pub fn begin_upload(
        &self,
        parent: NodeId,
        name: &str,
        meta: FileMeta,
        on_conflict: OnConflict,
    ) -> Result<UploadStatus> {
        let name = name::check(name)?.into_owned();
        let inner = &self.0;
        // Refuses what a write would refuse, and finds the file key to use again.
        let (lineage, file_key) = inner
            .open_sink(parent, &name, meta, on_conflict)?
            .into_key();
        let mut id = [0; 16];
        random(&mut id)?;
        let id = UploadId(id);
        let key = wrap_file(&inner.root_key()?, &file_key, NodeId::from_bytes(id.0), 0)?;
        inner.write(|txn| {
            let count: i64 = txn.conn.query_row("SELECT count(*) FROM drive_upload", [], |row| row.get(0))?;
            if count >= MAX_UPLOADS {
                return Err(Error::TooLarge { what: "the number of unfinished uploads", max: MAX_UPLOADS as u64 });
            }
            let parent = txn.live(parent)?.folder()?;
            txn.conn
                .prepare_cached(
                    "INSERT INTO drive_upload (id, parent, name, size, modified, conflict, key, lineage, offset, tail, \
                     stored, created, touched) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, 0, x'', 0, ?9, ?9)",
                )?
                .execute(params![
                    &id.0,
                    parent.n,
                    name,
                    meta.size.map(|size| size as i64),
                    meta.modified.map(to_micros),
                    match on_conflict {
                        OnConflict::Fail => 0,
                        OnConflict::NewVersion => 1,
                        OnConflict::KeepBoth => 2,
                    },
                    key,
                    lineage,
                    txn.now,
                ])?;
            status(txn.conn, id, &row(txn.conn, id)?)
        })
    }

    /// How far an upload is.
    ///
    /// # Errors
    /// [`Error::NoSuchUpload`].
    pub fn upload_status(&self, id: UploadId) -> Result<UploadStatus> {
        self.0.read(|conn| status(conn, id, &row(conn, id)?))
    }

    /// All unfinished uploads, the last begun first.
    ///
    /// # Errors
    /// [`Error::Vault`].
    pub fn uploads(&self) -> Result<Vec<UploadStatus>> {
        self.0.read(|conn| {
            let mut statement =
                conn.prepare_cached("SELECT id FROM drive_upload ORDER BY u DESC")?;
            let ids: Vec<[u8; 16]> = statement
                .query_map([], |row| row.get(0))?
                .collect::<rusqlite::Result<_>>()?;
            let all = ids
                .into_iter()
                .map(UploadId)
                .map(|id| status(conn, id, &row(conn, id)?));
            // One whose folder was purged cannot be finished and is collected some day.
            Ok(all.filter_map(Result::ok).collect())
        })
    }

    /// Adds the next bytes, at most [`MAX_UPLOAD_STEP`]. They are on the disk when this returns; the answer is where the
    /// next step begins. When the stream fails in the middle, nothing of this step is kept.
    ///
    /// # Errors
    /// [`Error::NoSuchUpload`], [`Error::WrongOffset`], [`Error::TooLarge`], [`Error::WrongSize`] when more comes than was
    /// announced, [`Error::Quota`], [`Error::Io`].
    pub fn append_upload(&self, id: UploadId, offset: u64, mut from: impl Read) -> Result<u64> {
        let inner = &self.0;
        let (mut row, known, counters) = inner.read(|conn| {
            let row = row(conn, id)?;
            let known = row
                .lineage
                .map(|n| tree::entry(conn, n))
                .transpose()?
                .flatten();
            let known = known
                .and_then(|entry| entry.content)
                .map(|c| content(conn, c))
                .transpose()?;
            Ok((row, known, Counters::load(conn)?))
        })?;
        if row.offset != offset {
            return Err(Error::WrongOffset {
                expected: row.offset,
            });
        }
        let file_key = inner.upload_key(id, &row)?;
        let hold = inner.hold()?;
        let mut segments = HashMap::new();
        // Opens only while the file still has the key that the upload took over from it.
        for segment in known.map_or_else(Vec::new, |known| {
            inner.segments(&known.body, &file_key).unwrap_or_default()
        }) {
            hold.add(segment.digest);
            segments.insert(segment.salt, segment);
        }
        let first = (offset - row.tail.len() as u64) / SEGMENT_LEN as u64;
        let mut sink = Sink::new(inner, Some((0, file_key)), segments, hold)?;
        sink.begin_at(first, std::mem::take(&mut row.tail));
        sink.fill(from.by_ref().take(MAX_UPLOAD_STEP))?;
        if from.read(&mut [0])? > 0 {
            return Err(Error::TooLarge {
                what: "an upload step",
                max: MAX_UPLOAD_STEP,
            });
        }
        let (new, tail, stored, _hold) = sink.pause()?;
        let next = (first + new.len() as u64) * SEGMENT_LEN as u64 + tail.len() as u64;
        if let Some(expected) = row.size.filter(|size| next > *size) {
            return Err(Error::WrongSize {
                expected,
                got: next,
            });
        }
        check_quota(&counters, stored)?;
        inner.blocks().sync()?;
        inner.write(|txn| {
            txn.check_quota(stored)?;
            let changed = txn
                .conn
                .prepare_cached(
                    "UPDATE drive_upload SET offset = ?2, tail = ?3, stored = stored + ?4, touched = ?5 \
                     WHERE u = ?1 AND offset = ?6",
                )?
                .execute(params![row.u, next as i64, tail, stored as i64, txn.now, offset as i64])?;
            if changed == 0 {
                return Err(Error::WrongOffset { expected: self::row(txn.conn, id)?.offset });
            }
            txn.counters.stored += stored as i64;
            let mut statement = txn.conn.prepare_cached(
                "INSERT INTO drive_upload_segment (upload, idx, digest, salt, len) VALUES (?1, ?2, ?3, ?4, ?5)",
            )?;
            for (i, segment) in new.iter().enumerate() {
                statement.execute(params![
                    row.u,
                    (first + i as u64) as i64,
                    segment.digest,
                    segment.salt,
                    segment.len
                ])?;
            }
            Ok(next)
        })
    }

    /// The bytes that an unfinished upload has so far, from its beginning: what a source that goes on must agree with.
    ///
    /// # Errors
    /// [`Error::NoSuchUpload`], [`Error::Damaged`].
    pub fn read_upload(&self, id: UploadId) -> Result<impl Read + Send + use<>> {
        let inner = &self.0;
        let (mut row, segments) = inner.read(|conn| {
            let row = row(conn, id)?;
            let segments = segments(conn, row.u)?;
            Ok((row, segments))
        })?;
        let key = inner.upload_key(id, &row)?;
        let tail = std::mem::take(&mut row.tail);
        let whole = FileReader::of_segments(Arc::clone(inner), row.name, key, segments);
        Ok(whole.chain(std::io::Cursor::new(tail)))
    }

    /// Makes the uploaded bytes a file.
    ///
    /// # Errors
    /// [`Error::NoSuchUpload`], [`Error::WrongSize`] when not all announced bytes came, and as
    /// [`crate::FileWriter::finish`]. The upload stays and can be finished later.
    pub fn finish_upload(&self, id: UploadId) -> Result<Node> {
        let inner = &self.0;
        let (row, mut segments) = inner.read(|conn| {
            let row = row(conn, id)?;
            let segments = segments(conn, row.u)?;
            Ok((row, segments))
        })?;
        if let Some(expected) = row.size.filter(|size| *size != row.offset) {
            return Err(Error::WrongSize {
                expected,
                got: row.offset,
            });
        }
        let file_key = inner.upload_key(id, &row)?;
        let draft = if segments.is_empty() && row.tail.len() <= SMALL_LEN {
            let mut sink = Sink::new(
                inner,
                Some((row.lineage.unwrap_or(0), file_key)),
                HashMap::new(),
                inner.hold()?,
            )?;
            sink.push(&row.tail)?;
            sink.finish(None)?
        } else {
            let hold = inner.hold()?;
            if !row.tail.is_empty() {
                let sink_hold = inner.hold()?;
                let mut sink = Sink::new(
                    inner,
                    Some((0, file_key.clone())),
                    HashMap::new(),
                    sink_hold,
                )?;
                sink.begin_at(segments.len() as u64, row.tail.clone());
                let (last, _hold) = sink.last_segment()?;
                hold.add(last.digest);
                segments.push(last);
            }
            finish_segments(inner, file_key, row.lineage, segments, Arc::new(hold))?
        };
        let mut draft = draft;
        draft.lineage = row.lineage;
        inner.blocks().sync()?;
        inner.write(|txn| {
            // Of two that finish the same upload one is told that it is gone.
            let now = self::row(txn.conn, id)?;
            if now.offset != row.offset {
                return Err(Error::WrongOffset {
                    expected: now.offset,
                });
            }
            let parent = tree::entry(txn.conn, row.parent)?
                .ok_or_else(|| Error::NotFound("the upload's folder".into()))?;
            let parent = txn.live(parent.id)?;
            forget(txn, row.u, now.stored)?;
            let entry = txn.put_file(
                &parent,
                &row.name,
                row.modified,
                row.on_conflict,
                &draft,
                &mut None,
            )?;
            txn.check_quota(0)?;
            tree::node(txn.conn, &entry)
        })
    }

    /// Gives an upload up; its space is free after the next [`Drive::gc`].
    ///
    /// # Errors
    /// [`Error::NoSuchUpload`].
    pub fn abort_upload(&self, id: UploadId) -> Result<()> {
        self.0.write(|txn| {
            let row = row(txn.conn, id)?;
            forget(txn, row.u, row.stored)
        })
    }
}

/// Removes the rows of an upload.
fn forget(txn: &mut crate::txn::Txn<'_>, u: i64, stored: i64) -> Result<()> {
    txn.conn
        .prepare_cached("DELETE FROM drive_upload_segment WHERE upload = ?1")?
        .execute([u])?;
    txn.conn
        .prepare_cached("DELETE FROM drive_upload WHERE u = ?1")?
        .execute([u])?;
    txn.counters.stored -= stored;
    Ok(())
}

/// Removes uploads that were not touched since `before`.
pub(crate) fn expire(txn: &mut crate::txn::Txn<'_>, before: i64) -> Result<u64> {
    let old: Vec<(i64, i64)> = txn
        .conn
        .prepare_cached("SELECT u, stored FROM drive_upload WHERE touched < ?1")?
        .query_map([before], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect::<rusqlite::Result<_>>()?;
    for (u, stored) in &old {
        forget(txn, *u, *stored)?;
    }
    Ok(old.len() as u64)
}

fn segments(conn: &Connection, u: i64) -> Result<Vec<Segment>> {
    let mut statement = conn.prepare_cached(
        "SELECT digest, salt, len FROM drive_upload_segment WHERE upload = ?1 ORDER BY idx",
    )?;
    let rows = statement.query_map([u], |row| {
        Ok(Segment {
            digest: row.get(0)?,
            salt: row.get(1)?,
            len: row.get(2)?,
        })
    })?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

impl Inner {
    fn upload_key(self: &Arc<Self>, id: UploadId, row: &Row) -> Result<FileKey> {
        open_file_key(
            &self.root_key()?,
            Some(&row.key),
            NodeId::from_bytes(id.0),
            0,
        )
        .map_err(|_| Error::Damaged {
            path: row.name.clone(),
            what: "the key of the upload does not open".into(),
        })
    }
}
