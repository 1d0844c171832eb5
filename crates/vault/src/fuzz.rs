//! Entry points for the fuzzer: every parser of bytes that lie on a disk.
use std::io;
use std::path::Path;

use crate::disk::DiskFile;
use crate::header::{SlotSecret, Stored};
use crate::pack::record::{Head, Scan, SegmentHead};
use crate::secret::Secret32;

/// A vault header that somebody put into the folder. Only the cheap slot is tried.
pub fn header(data: &[u8]) {
    let Ok(stored) = Stored::parse(Path::new("vault.cbor"), data) else {
        return;
    };
    let key = Secret32::new([7; 32]);
    let _ = stored.is_authentic(&key);
    let _ = stored
        .header
        .open(&stored.file, &SlotSecret::Recovery(&key));
}

/// A pack segment: its head, then its records with and without their payloads.
pub fn segment(data: &[u8]) {
    let _ = SegmentHead::parse(data);
    let _ = Head::parse(data);
    let file = Bytes(data);
    let end = u32::try_from(data.len()).unwrap_or(u32::MAX);
    for check_bodies in [false, true] {
        let mut scan = Scan::new(&file, 0, end, 0, check_bodies);
        let mut at = 0;
        while let Ok(Some(found)) = scan.next() {
            assert!(
                found.offset >= at && found.end > found.offset && found.end <= end,
                "records follow each other"
            );
            at = found.end;
        }
    }
}

#[derive(Debug)]
struct Bytes<'a>(&'a [u8]);

impl DiskFile for Bytes<'_> {
    fn len(&self) -> io::Result<u64> {
        Ok(self.0.len() as u64)
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        let from = usize::try_from(offset)
            .unwrap_or(usize::MAX)
            .min(self.0.len());
        let count = buffer.len().min(self.0.len() - from);
        buffer[..count].copy_from_slice(&self.0[from..from + count]);
        Ok(count)
    }

    fn write_at(&self, _offset: u64, _pieces: &[&[u8]]) -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }

    fn set_len(&self, _len: u64) -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }

    fn sync(&self) -> io::Result<()> {
        Ok(())
    }
}
