//! Putting many files in at once: small ones share blocks, and thousands share one commit.
use std::{
    collections::HashMap,
    io::Read,
    sync::{
        Arc,
        mpsc::{SyncSender, sync_channel},
    },
    thread::JoinHandle,
};

use parking_lot::Mutex;
use webx_content::{BUNDLE_LEN, Bundle, FileKey, SMALL_LEN, multihash_of_digest, sealed::OVERHEAD};
use webx_vault::{BlockStore, Durability};
use zeroize::Zeroizing;

use crate::{
    Drive, Error, FileMeta, NodeId, OnConflict, Result,
    content::{Body, Draft, digest_of},
    drive::Inner,
    frame::Frames,
    name,
    node::to_micros,
    pool::{Pending, pending},
    random,
    sink::Sink,
    tree,
};

mod commit;

/// Files that one commit takes at most.
const BATCH_FILES: usize = 4096;
/// Bytes after which a commit is made.
const BATCH_BYTES: u64 = 256 << 20;
/// Failures that are remembered with their path.
const MAX_FAILED: usize = 10_000;

/// Something that could not be imported. Everything else was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImportFailure {
    /// Its path in the import.
    pub path: String,
    /// As [`Error::code`].
    pub code: &'static str,
    /// The reason, for a person.
    pub message: String,
}

/// What an import did.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ImportReport {
    /// Files put in.
    pub files: u64,
    /// Folders made.
    pub folders: u64,
    /// Bytes of those files.
    pub bytes: u64,
    /// What failed, the first ten thousand.
    pub failed: Vec<ImportFailure>,
}

/// How far an import is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ImportProgress {
    /// Files taken in, not all of them committed yet.
    pub files: u64,
    /// Bytes taken in.
    pub bytes: u64,
}

/// A file or folder to be imported.
pub struct ImportItem<R> {
    /// Path below the target folder, parts separated by `/`. Folders on the way are made.
    pub path: String,
    /// What the source says.
    pub meta: FileMeta,
    /// The bytes; `None` for a folder.
    pub content: Option<R>,
}

/// Takes files one by one; see [`Drive::importer`].
pub struct Importer {
    inner: Arc<Inner>,
    group: Vec<SmallFile>,
    group_bytes: usize,
    batch: Batch,
    batch_bytes: u64,
    shared: Arc<Mutex<Shared>>,
    to_committer: Option<SyncSender<Batch>>,
    committer: Option<JoinHandle<()>>,
    progress: ImportProgress,
}

#[derive(Default)]
struct Shared {
    report: ImportReport,
    fatal: Option<Error>,
}

struct SmallFile {
    bytes: Vec<u8>,
}

#[derive(Default)]
struct Batch {
    items: Vec<Item>,
    groups: Vec<Pending<Result<Vec<Draft>>>>,
}

struct Item {
    /// Folder part and name, checked.
    folder: String,
    name: Option<String>,
    modified: Option<i64>,
    draft: Place,
}

enum Place {
    Folder,
    /// Comes next out of the groups.
    Grouped,
    Ready(Box<Draft>),
}

impl Drive {
    /// Begins an import into a folder. Folders that exist are used; `on_conflict` is about files. What was committed
    /// stays, whatever happens later.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::NotAFolder`], [`Error::Trashed`].
    pub fn importer(&self, parent: NodeId, on_conflict: OnConflict) -> Result<Importer> {
        self.0.read(|conn| {
            let parent = tree::find(conn, parent)?.folder()?;
            if tree::lineage(conn, parent.n)?.trashed {
                Err(Error::Trashed(parent.name))
            } else {
                Ok(())
            }
        })?;
        let shared = Arc::<Mutex<Shared>>::default();
        // One batch may wait while another is committed.
        let (to_committer, batches) = sync_channel(1);
        let committer = std::thread::Builder::new()
            .name("drive-import".into())
            .spawn({
                let (inner, shared) = (Arc::clone(&self.0), Arc::clone(&shared));
                move || commit::commit_all(&inner, parent, on_conflict, &batches, &shared)
            })?;
        Ok(Importer {
            inner: Arc::clone(&self.0),
            group: Vec::new(),
            group_bytes: 0,
            batch: Batch::default(),
            batch_bytes: 0,
            shared,
            to_committer: Some(to_committer),
            committer: Some(committer),
            progress: ImportProgress::default(),
        })
    }

    /// Imports everything an iterator gives. What fails alone is in the report.
    ///
    /// # Errors
    /// As [`Drive::importer`]; and what stops everything: [`Error::Quota`], [`Error::Vault`].
    pub fn import<R: Read>(
        &self,
        parent: NodeId,
        on_conflict: OnConflict,
        items: impl IntoIterator<Item = ImportItem<R>>,
    ) -> Result<ImportReport> {
        let mut importer = self.importer(parent, on_conflict)?;
        for item in items {
            match item.content {
                Some(content) => importer.file(&item.path, item.meta, content)?,
                None => importer.folder(&item.path)?,
            }
        }
        importer.finish()
    }

    /// Imports a stream of frames: `length of the header (4 bytes, little endian) ‖ JSON {path, size, modified, folder} ‖
    /// size bytes`, over and over. `progress` is called now and then; it ends the import by `false`.
    ///
    /// # Errors
    /// As [`Drive::import`]; [`Error::BadFrame`] and [`Error::Io`] when the stream is malformed or breaks off;
    /// [`Error::Stopped`]. What was complete before is kept.
    pub fn import_stream(
        &self,
        parent: NodeId,
        on_conflict: OnConflict,
        from: impl Read,
        mut progress: impl FnMut(&ImportProgress) -> bool,
    ) -> Result<ImportReport> {
        let mut importer = self.importer(parent, on_conflict)?;
        let mut frames = Frames::new(from);
        let mut ended = Ok(());
        loop {
            let header = match frames.next_header() {
                Ok(Some(header)) => header,
                Ok(None) => break,
                Err(error) => {
                    ended = Err(error);
                    break;
                }
            };
            if header.folder {
                importer.folder(&header.path)?;
            } else {
                let meta = FileMeta {
                    size: Some(header.size),
                    modified: header.modified,
                };
                importer.file(&header.path, meta, frames.content())?;
            }
            if let Err(error) = frames.skip() {
                ended = Err(error);
                break;
            }
            if !progress(&importer.progress) {
                ended = Err(Error::Stopped);
                break;
            }
        }
        let report = importer.finish()?;
        ended.map(|()| report)
    }
}

impl Importer {
    /// How far the import is.
    #[must_use]
    pub fn progress(&self) -> ImportProgress {
        self.progress
    }

    /// Makes a folder, and those above it.
    ///
    /// # Errors
    /// Only what stops the whole import.
    pub fn folder(&mut self, path: &str) -> Result<()> {
        self.check_fatal()?;
        match name::split_path(path) {
            Ok(names) => {
                let item = Item {
                    folder: names.join("/"),
                    name: None,
                    modified: None,
                    draft: Place::Folder,
                };
                self.push(item, 0)
            }
            Err(error) => {
                self.fail(path, &error);
                Ok(())
            }
        }
    }

    /// Takes a file. A stream that fails or has another length than announced fails this file alone.
    ///
    /// # Errors
    /// Only what stops the whole import: [`Error::Quota`], [`Error::Vault`].
    pub fn file(&mut self, path: &str, meta: FileMeta, content: impl Read) -> Result<()> {
        self.check_fatal()?;
        let names = match name::split_path(path) {
            Ok(names) if !names.is_empty() => names,
            Ok(_) => {
                let error = name::check("").err().unwrap_or(Error::Root);
                self.fail(path, &error);
                return Ok(());
            }
            Err(error) => {
                self.fail(path, &error);
                return Ok(());
            }
        };
        let (name, folders) = names
            .split_last()
            .map_or(("", &[][..]), |(name, folders)| (name.as_ref(), folders));
        match self.store(meta, content) {
            Ok((draft, size)) => {
                let item = Item {
                    folder: folders.join("/"),
                    name: Some(name.to_owned()),
                    modified: meta.modified.map(to_micros),
                    draft,
                };
                self.progress.files += 1;
                self.progress.bytes += size;
                self.push(item, size)
            }
            Err(error @ (Error::Io(_) | Error::WrongSize { .. })) => {
                self.fail(path, &error);
                Ok(())
            }
            Err(error) => Err(error),
        }
    }

    /// Commits what is left and tells what was done. Everything in the report is on the disk.
    ///
    /// # Errors
    /// What stopped the import. What was committed before stays.
    pub fn finish(mut self) -> Result<ImportReport> {
        self.flush()?;
        self.end();
        let mut shared = self.shared.lock();
        match shared.fatal.take() {
            Some(error) => Err(error),
            None => Ok(std::mem::take(&mut shared.report)),
        }
    }

    fn store(&mut self, meta: FileMeta, mut content: impl Read) -> Result<(Place, u64)> {
        let room = meta
            .size
            .map_or(4096, |size| size.min(SMALL_LEN as u64) as usize)
            + 1;
        let mut bytes = Vec::with_capacity(room);
        content
            .by_ref()
            .take(SMALL_LEN as u64 + 1)
            .read_to_end(&mut bytes)?;
        if bytes.len() <= SMALL_LEN {
            let size = bytes.len() as u64;
            if let Some(expected) = meta.size.filter(|expected| *expected != size) {
                return Err(Error::WrongSize {
                    expected,
                    got: size,
                });
            }
            if bytes.is_empty() {
                return Ok((
                    Place::Ready(Box::new(Draft::empty(crate::keys::new_file_key()?, None))),
                    0,
                ));
            }
            if self.group_bytes + bytes.len() + OVERHEAD > BUNDLE_LEN {
                self.dispatch();
            }
            self.group_bytes += bytes.len() + OVERHEAD;
            self.group.push(SmallFile { bytes });
            return Ok((Place::Grouped, size));
        }
        let mut sink = Sink::new(&self.inner, None, HashMap::new(), self.inner.hold()?)?;
        sink.push(&bytes)?;
        drop(bytes);
        sink.fill(content)?;
        let draft = sink.finish(meta.size)?;
        let size = draft.size;
        Ok((Place::Ready(Box::new(draft)), size))
    }

    fn push(&mut self, item: Item, size: u64) -> Result<()> {
        self.batch.items.push(item);
        self.batch_bytes += size;
        if self.batch.items.len() >= BATCH_FILES || self.batch_bytes >= BATCH_BYTES {
            self.flush()?;
        }
        Ok(())
    }

    /// Gives the collected small files to a worker.
    fn dispatch(&mut self) {
        if self.group.is_empty() {
            return;
        }
        let files = std::mem::take(&mut self.group);
        self.group_bytes = 0;
        let permit = self.inner.pool.permit();
        let (promise, answer) = pending();
        let inner = Arc::downgrade(&self.inner);
        self.inner.pool.run(move || {
            let sealed = match inner.upgrade() {
                Some(inner) => seal_group(&inner, &files),
                None => Err(Error::Stopped),
            };
            drop(permit);
            promise.fulfil(sealed);
        });
        self.batch.groups.push(answer);
    }

    /// Gives the batch to the committer.
    fn flush(&mut self) -> Result<()> {
        self.dispatch();
        let batch = std::mem::take(&mut self.batch);
        self.batch_bytes = 0;
        if !batch.items.is_empty()
            && let Some(committer) = &self.to_committer
            && committer.send(batch).is_err()
        {
            self.check_fatal()?;
            return Err(Error::Stopped);
        }
        self.check_fatal()
    }

    fn end(&mut self) {
        self.to_committer = None;
        if let Some(committer) = self.committer.take() {
            let _ = committer.join();
        }
    }

    fn check_fatal(&self) -> Result<()> {
        self.shared.lock().fatal.take().map_or(Ok(()), Err)
    }

    fn fail(&self, path: &str, error: &Error) {
        fail(&self.shared, path, error);
    }
}

impl Drop for Importer {
    fn drop(&mut self) {
        self.end();
    }
}

fn fail(shared: &Mutex<Shared>, path: &str, error: &Error) {
    let mut shared = shared.lock();
    if shared.report.failed.len() < MAX_FAILED {
        let path = path.chars().take(1024).collect();
        shared.report.failed.push(ImportFailure {
            path,
            code: error.code(),
            message: error.to_string(),
        });
    }
}

/// Seals small files into one bundle and stores it.
fn seal_group(inner: &Inner, files: &[SmallFile]) -> Result<Vec<Draft>> {
    // 32 bytes of key and 16 of salt for each file, and the padding's key.
    let mut secrets = Zeroizing::new(vec![0u8; files.len() * 48 + 32]);
    random(&mut secrets)?;
    let (padding_key, secrets) = secrets
        .split_first_chunk::<32>()
        .ok_or(webx_content::Error::Crypto)?;
    let mut bundle =
        Bundle::with_capacity(files.iter().map(|file| file.bytes.len() + OVERHEAD).sum());
    let mut sealed = Vec::with_capacity(files.len());
    for (file, secret) in files.iter().zip(secrets.chunks_exact(48)) {
        let (key, salt) = secret
            .split_first_chunk::<32>()
            .ok_or(webx_content::Error::Crypto)?;
        let key = FileKey::from_bytes(*key);
        let salt = salt.try_into().map_err(|_| webx_content::Error::Crypto)?;
        let place = bundle.push(&key, salt, &file.bytes)?;
        sealed.push((key, place, file.bytes.len() as u64));
    }
    let block = bundle.finish(*padding_key)?;
    let digest = digest_of(&block);
    let block_len = block.len() as u64;
    let hold = inner.hold()?;
    hold.add(digest);
    inner.blocks().put_many(
        &[(multihash_of_digest(&digest), block)],
        Durability::Buffered,
    )?;
    let mut hold = Some(Arc::new(hold));
    let drafts = sealed.into_iter().map(|(file_key, place, size)| Draft {
        size,
        file_key,
        lineage: None,
        body: Body::Small {
            digest,
            block_len,
            place,
        },
        blocks: Vec::new(),
        // The first of the bundle holds it for all; they are committed together.
        _hold: hold.take(),
    });
    Ok(drafts.collect())
}
