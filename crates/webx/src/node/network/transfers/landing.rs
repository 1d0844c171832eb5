//! Where a file goes that comes from a contact: an upload of the drive, so that nothing of it is ever outside the vault and what
//! came is kept when the line is cut.

use std::io::{self, Read, Seek, SeekFrom, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use webx_drive::{Drive, Error, FileMeta, NodeId, OnConflict, UploadId};

/// The folder of what contacts sent.
pub(super) const FOLDER: &str = "Received";
/// Bytes that are made safe at once.
const STEP: usize = 4 << 20;

/// Told when the bytes go into another upload than before.
type Moved = Box<dyn FnMut(UploadId) -> io::Result<()> + Send>;

pub(super) struct Landing {
    drive: Drive,
    name: String,
    size: u64,
    upload: Option<UploadId>,
    /// Bytes that are safe.
    safe: u64,
    /// Bytes after them that are not yet.
    waiting: Vec<u8>,
    position: u64,
    reader: Option<Box<dyn Read + Send>>,
    progress: Arc<AtomicU64>,
    moved: Moved,
}

impl std::fmt::Debug for Landing {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "Landing({:?}, {} of {})",
            self.upload, self.safe, self.size
        )
    }
}

impl Landing {
    /// Goes on with `upload`, if there still is such a one of this length.
    pub(super) fn new(
        drive: Drive,
        name: &str,
        size: u64,
        upload: Option<UploadId>,
        progress: Arc<AtomicU64>,
        moved: Moved,
    ) -> Self {
        let status = upload.and_then(|upload| drive.upload_status(upload).ok());
        let status = status.filter(|status| status.size == Some(size));
        let safe = status.as_ref().map_or(0, |status| status.offset);
        progress.store(safe, Ordering::Relaxed);
        Self {
            drive,
            name: name.to_owned(),
            size,
            upload: status.map(|status| status.id),
            safe,
            waiting: Vec::new(),
            position: 0,
            reader: None,
            progress,
            moved,
        }
    }

    /// How much is there.
    pub(super) fn has(&self) -> u64 {
        self.safe
    }

    /// Makes it a file.
    pub(super) fn finish(mut self) -> Result<webx_drive::Node, Error> {
        let upload = match self.upload {
            Some(upload) => upload,
            // Nothing had to come for an empty file.
            None => self.begin()?,
        };
        match self.drive.finish_upload(upload) {
            // Its folder is gone: it comes into a new one at the next try.
            Err(Error::NotFound(_) | Error::Trashed(_)) => {
                self.drive.abort_upload(upload)?;
                Err(Error::NoSuchUpload(upload))
            }
            other => other,
        }
    }

    /// Gives up what came.
    pub(super) fn clear(&mut self) {
        if let Some(upload) = self.upload.take() {
            // One that is not there any more is as good.
            let _ = self.drive.abort_upload(upload);
        }
        self.waiting.clear();
        self.safe = 0;
        self.progress.store(0, Ordering::Relaxed);
    }

    fn begin(&mut self) -> Result<UploadId, Error> {
        let meta = FileMeta {
            size: Some(self.size),
            modified: None,
        };
        let folder = folder(&self.drive)?;
        let begun = self
            .drive
            .begin_upload(folder, &self.name, meta, OnConflict::KeepBoth)?;
        self.upload = Some(begun.id);
        (self.moved)(begun.id)?;
        Ok(begun.id)
    }

    fn append(&mut self) -> io::Result<()> {
        if self.waiting.is_empty() {
            return Ok(());
        }
        let upload = match self.upload {
            Some(upload) => upload,
            None => self.begin().map_err(failed)?,
        };
        let appended = self
            .drive
            .append_upload(upload, self.safe, &self.waiting[..]);
        self.safe = appended.map_err(failed)?;
        self.waiting.clear();
        Ok(())
    }

    fn end(&self) -> u64 {
        self.safe + self.waiting.len() as u64
    }
}

/// The folder of what contacts sent, made when it is not there.
fn folder(drive: &Drive) -> Result<NodeId, Error> {
    let made = drive.create_folder(NodeId::ROOT, FOLDER, OnConflict::NewVersion);
    match made {
        // A file of that name stays where it is.
        Err(Error::NotAFolder(_)) => {
            drive.create_folder(NodeId::ROOT, FOLDER, OnConflict::KeepBoth)
        }
        made => made,
    }
    .map(|folder| folder.id)
}

/// A refusal of the drive, such that the other side can be told when there is no space.
pub(super) fn failed(error: Error) -> io::Error {
    let kind = match &error {
        Error::Quota { .. } | Error::Vault(webx_vault::Error::DiskFull { .. }) => {
            io::ErrorKind::StorageFull
        }
        _ => io::ErrorKind::Other,
    };
    io::Error::new(kind, error)
}

impl Read for Landing {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        self.append()?;
        let Some(upload) = self.upload else {
            return Ok(0);
        };
        let reader = match &mut self.reader {
            Some(reader) => reader,
            None if self.position == 0 => {
                let reader = self.drive.read_upload(upload).map_err(failed)?;
                self.reader.insert(Box::new(reader))
            }
            None => return Err(io::ErrorKind::Unsupported.into()),
        };
        let count = reader.read(into)?;
        self.position += count as u64;
        Ok(count)
    }
}

impl Write for Landing {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.reader = None;
        if self.position != self.end() {
            if self.position != 0 {
                return Err(io::ErrorKind::Unsupported.into());
            }
            // What was there belongs to another file.
            self.clear();
        }
        self.waiting.extend_from_slice(bytes);
        self.position += bytes.len() as u64;
        self.progress.store(self.position, Ordering::Relaxed);
        if self.waiting.len() >= STEP {
            self.append()?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.append()
    }
}

impl Seek for Landing {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let SeekFrom::Start(place) = to else {
            return Err(io::ErrorKind::Unsupported.into());
        };
        self.reader = None;
        self.position = place;
        Ok(place)
    }
}
