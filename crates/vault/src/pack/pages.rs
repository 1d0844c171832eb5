//! Pages with checksums below redb, which trusts what it reads: an altered page becomes an error, never a panic.
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::disk::DiskFile;

/// redb's page.
const PAGE: u64 = 4096;
/// A page with its checksum.
const STORED: u64 = PAGE + 8;

/// A file of pages. The first one, which redb checks and replaces by itself, stands as it is; each other one is
/// followed by eight bytes: CRC-32C and page number.
#[derive(Debug)]
pub(super) struct Pages {
    file: Arc<dyn DiskFile>,
    strict: Strict,
}

/// Whether altered pages are errors. While redb finds out after a crash which of its commits is whole, it checks every
/// page itself and must see the torn ones of a commit that did not end; from then on no altered page passes.
#[derive(Debug, Clone)]
pub(super) struct Strict(Arc<AtomicBool>);

impl Strict {
    pub(super) fn set(&self) {
        self.0.store(true, Ordering::SeqCst);
    }
}

impl Pages {
    pub(super) fn new(file: Arc<dyn DiskFile>, strict: bool) -> Self {
        Self {
            file,
            strict: Strict(Arc::new(AtomicBool::new(strict))),
        }
    }

    pub(super) fn strictness(&self) -> Strict {
        self.strict.clone()
    }

    fn stored_at(page: u64) -> u64 {
        if page == 0 {
            0
        } else {
            PAGE + (page - 1) * STORED
        }
    }

    fn read_pages(&self, first: u64, count: u64) -> io::Result<Vec<u8>> {
        let from = Self::stored_at(first);
        let mut stored = vec![0; (Self::stored_at(first + count) - from) as usize];
        let read = self.file.read_at(from, &mut stored)?;
        if read < stored.len() {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let mut pages = Vec::with_capacity((count * PAGE) as usize);
        let mut rest = stored.as_slice();
        for page in first..first + count {
            if page == 0 {
                let (content, after) = rest.split_at(PAGE as usize);
                pages.extend_from_slice(content);
                rest = after;
                continue;
            }
            let (content, after) = rest.split_at(PAGE as usize);
            let (seal, after) = after.split_at(8);
            if self.strict.0.load(Ordering::SeqCst)
                && seal != Self::seal(page, content)
                && !(seal == [0; 8] && content.iter().all(|byte| *byte == 0))
            {
                return Err(io::Error::new(
                    io::ErrorKind::InvalidData,
                    format!("page {page} is damaged"),
                ));
            }
            pages.extend_from_slice(content);
            rest = after;
        }
        Ok(pages)
    }

    fn write_pages(&self, first: u64, pages: &[u8]) -> io::Result<()> {
        let count = pages.len() as u64 / PAGE;
        let mut stored = Vec::with_capacity((count * STORED) as usize);
        for (page, content) in (first..).zip(pages.chunks_exact(PAGE as usize)) {
            stored.extend_from_slice(content);
            if page > 0 {
                stored.extend_from_slice(&Self::seal(page, content));
            }
        }
        self.file.write_at(Self::stored_at(first), &[&stored])
    }

    fn seal(page: u64, content: &[u8]) -> [u8; 8] {
        let mut seal = [0; 8];
        seal[..4].copy_from_slice(&crc32c::crc32c(content).to_le_bytes());
        seal[4..].copy_from_slice(&(page as u32).to_le_bytes());
        seal
    }
}

impl redb::StorageBackend for Pages {
    fn len(&self) -> io::Result<u64> {
        let stored = self.file.len()?;
        Ok(if stored < PAGE {
            stored
        } else {
            PAGE + (stored - PAGE) / STORED * PAGE
        })
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        if out.is_empty() {
            return Ok(());
        }
        let first = offset / PAGE;
        let count = (offset + out.len() as u64).div_ceil(PAGE) - first;
        let pages = self.read_pages(first, count)?;
        let skip = (offset % PAGE) as usize;
        out.copy_from_slice(&pages[skip..skip + out.len()]);
        Ok(())
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.file.set_len(Self::stored_at(len.div_ceil(PAGE)))
    }

    fn sync_data(&self) -> io::Result<()> {
        self.file.sync()
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        // The first page is written as redb means it: its parts are atomic only by themselves.
        if offset + data.len() as u64 <= PAGE {
            return self.file.write_at(offset, &[data]);
        }
        if offset.is_multiple_of(PAGE) && (data.len() as u64).is_multiple_of(PAGE) {
            return self.write_pages(offset / PAGE, data);
        }
        let first = offset / PAGE;
        let count = (offset + data.len() as u64).div_ceil(PAGE) - first;
        let mut pages = self.read_pages(first, count)?;
        let skip = (offset % PAGE) as usize;
        pages[skip..skip + data.len()].copy_from_slice(data);
        self.write_pages(first, &pages)
    }
}
