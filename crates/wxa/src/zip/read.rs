//! The strict reader: names the first thing that is wrong, then demands equality byte for byte.

use super::{CENTRAL, CENTRAL_LEN, END, END_LEN, LOCAL, LOCAL_LEN, Method, Record};
use crate::{
    ArchiveFault, EntryFault, Refusal,
    limits::{MAX_ENTRIES, MAX_ENTRY, MAX_PATH, MAX_RATIO, MAX_TOTAL},
    path::Paths,
};

/// Reads the list of entries. Nothing is inflated here, and nothing larger than the directory is
/// allocated.
///
/// # Errors
/// A [`Refusal`] for whatever the canonical form does not have.
pub(crate) fn read(bytes: &[u8]) -> Result<Vec<Record>, Refusal> {
    limit("The package", bytes.len() as u64, MAX_TOTAL)?;
    let (count, directory, start) = find_directory(bytes)?;
    limit("The number of files", count as u64, MAX_ENTRIES as u64)?;
    let mut rest = directory;
    let mut records: Vec<Record> = Vec::with_capacity(count);
    let mut paths = Paths::default();
    let mut total = 0_u64;
    let mut next = 0_usize;
    for _ in 0..count {
        let (raw, after) = Raw::parse(rest).ok_or(Refusal::Archive(ArchiveFault::Directory))?;
        let record = raw.check()?;
        paths.add(&record.name)?;
        total = total.saturating_add(u64::from(record.size));
        limit("The content", total, MAX_TOTAL)?;
        check_place(bytes, &record, next, start)?;
        next = record.end();
        records.push(record);
        rest = after;
    }
    if !rest.is_empty() {
        return Err(Refusal::Archive(ArchiveFault::Directory));
    }
    if next != start {
        return Err(Refusal::Archive(ArchiveFault::Layout));
    }
    check_order(&records)?;
    let mut tail = Vec::with_capacity(directory.len() + END_LEN);
    records.iter().for_each(|record| record.central(&mut tail));
    super::end(records.len(), directory.len(), start, &mut tail);
    if bytes.get(start..) != Some(tail.as_slice()) {
        return Err(Refusal::Archive(ArchiveFault::NotCanonical));
    }
    Ok(records)
}

fn limit(what: &str, found: u64, limit: u64) -> Result<(), Refusal> {
    if found <= limit {
        return Ok(());
    }
    Err(Refusal::Limit {
        what: what.to_owned(),
        found,
        limit,
    })
}

fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_le_bytes(*bytes.get(at..)?.first_chunk()?))
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(*bytes.get(at..)?.first_chunk()?))
}

/// Number of entries, bytes of the directory, and where it begins.
fn find_directory(bytes: &[u8]) -> Result<(usize, &[u8], usize), Refusal> {
    let not_zip = Refusal::Archive(ArchiveFault::NotZip);
    let end_at = bytes.len().checked_sub(END_LEN).ok_or(not_zip.clone())?;
    if u32_at(bytes, end_at) != Some(END) {
        // Anywhere else in the last 64 KiB it is an end record with bytes or a comment behind it.
        let from = bytes.len().saturating_sub(END_LEN + usize::from(u16::MAX));
        let tail = bytes.get(from..).unwrap_or_default();
        let found = tail.windows(4).any(|window| window == END.to_le_bytes());
        let fault = if found {
            ArchiveFault::Suffix
        } else {
            ArchiveFault::NotZip
        };
        return Err(Refusal::Archive(fault));
    }
    let record = bytes.get(end_at..).unwrap_or_default();
    let field16 = |at| u16_at(record, at).unwrap_or_default();
    let field32 = |at| u32_at(record, at).unwrap_or_default();
    let (count, size, offset) = (field16(10), field32(12), field32(16));
    if field16(20) != 0 {
        return Err(Refusal::Archive(ArchiveFault::Suffix));
    }
    if count == u16::MAX || size == u32::MAX || offset == u32::MAX {
        return Err(Refusal::Archive(ArchiveFault::Zip64));
    }
    if field16(4) != 0 || field16(6) != 0 || field16(8) != count {
        return Err(Refusal::Archive(ArchiveFault::Split));
    }
    let (start, size) = (offset as usize, size as usize);
    let stop = start.checked_add(size).ok_or(not_zip)?;
    if stop != end_at {
        let fault = if stop < end_at && u32_at(bytes, end_at - size) == Some(CENTRAL) {
            // Offsets count from the first entry: something was put before it.
            ArchiveFault::Prefix
        } else {
            ArchiveFault::Directory
        };
        return Err(Refusal::Archive(fault));
    }
    let directory = bytes.get(start..end_at).unwrap_or_default();
    Ok((usize::from(count), directory, start))
}

/// A directory entry as it stands there.
struct Raw<'a> {
    made_by: u16,
    version: u16,
    flags: u16,
    method: u16,
    time: u16,
    date: u16,
    crc: u32,
    packed: u32,
    size: u32,
    extra: usize,
    comment: usize,
    disk: u16,
    attributes: u32,
    offset: u32,
    name: &'a [u8],
}

impl<'a> Raw<'a> {
    fn parse(bytes: &'a [u8]) -> Option<(Self, &'a [u8])> {
        if u32_at(bytes, 0)? != CENTRAL {
            return None;
        }
        let name_len = usize::from(u16_at(bytes, 28)?);
        let extra = usize::from(u16_at(bytes, 30)?);
        let comment = usize::from(u16_at(bytes, 32)?);
        let raw = Self {
            made_by: u16_at(bytes, 4)?,
            version: u16_at(bytes, 6)?,
            flags: u16_at(bytes, 8)?,
            method: u16_at(bytes, 10)?,
            time: u16_at(bytes, 12)?,
            date: u16_at(bytes, 14)?,
            crc: u32_at(bytes, 16)?,
            packed: u32_at(bytes, 20)?,
            size: u32_at(bytes, 24)?,
            extra,
            comment,
            disk: u16_at(bytes, 34)?,
            attributes: u32_at(bytes, 38)?,
            offset: u32_at(bytes, 42)?,
            name: bytes.get(CENTRAL_LEN..CENTRAL_LEN + name_len)?,
        };
        Some((raw, bytes.get(CENTRAL_LEN + name_len + extra + comment..)?))
    }

    /// The record, when nothing about it is against the profile.
    fn check(&self) -> Result<Record, Refusal> {
        let refuse = |fault| Err(Refusal::entry(self.name, fault));
        if self.name.len() > MAX_PATH {
            return refuse(EntryFault::Path("it is longer than 255 bytes"));
        }
        let Ok(name) = std::str::from_utf8(self.name) else {
            return refuse(EntryFault::Encoding);
        };
        crate::path::check(name).map_err(|fault| Refusal::entry(self.name, fault))?;
        // The upper half of the attributes is the Unix mode.
        let mode = self.attributes >> 16 & 0o170_000;
        if mode != 0 && mode != 0o100_000 {
            return refuse(EntryFault::Special);
        }
        if self.flags & 0x2041 != 0 {
            return refuse(EntryFault::Encrypted);
        }
        if self.flags & 0x0008 != 0 {
            return refuse(EntryFault::DataDescriptor);
        }
        if u32::MAX == self.packed || u32::MAX == self.size || u32::MAX == self.offset {
            return refuse(EntryFault::Zip64);
        }
        if self.extra != 0 {
            return refuse(EntryFault::Extra);
        }
        if self.comment != 0 {
            return refuse(EntryFault::Comment);
        }
        let method = match self.method {
            0 => Method::Stored,
            8 => Method::Deflate,
            _ => return refuse(EntryFault::Method),
        };
        if (self.time, self.date) != (0, super::DATE) {
            return refuse(EntryFault::Time);
        }
        let plain = self.flags == super::FLAGS
            && self.made_by == super::MADE_BY
            && self.version == method.version()
            && self.attributes == super::ATTRIBUTES
            && self.disk == 0;
        if !plain {
            return refuse(EntryFault::Flags);
        }
        let (packed, size) = (u64::from(self.packed), u64::from(self.size));
        if size > MAX_ENTRY {
            return Err(Refusal::Limit {
                what: format!("The entry “{}”", crate::refusal::shown(self.name)),
                found: size,
                limit: MAX_ENTRY,
            });
        }
        if method == Method::Deflate && size > packed.saturating_mul(MAX_RATIO) {
            return refuse(EntryFault::Ratio);
        }
        if method == Method::Stored && size != packed {
            return refuse(EntryFault::Damaged);
        }
        Ok(Record {
            name: name.to_owned(),
            method,
            crc: self.crc,
            packed: self.packed,
            size: self.size,
            offset: self.offset,
        })
    }
}

/// Checks that the entry begins where the one before it ended, and that its own header says what
/// the directory says.
fn check_place(bytes: &[u8], record: &Record, next: usize, stop: usize) -> Result<(), Refusal> {
    if record.offset as usize != next {
        let fault = if next == 0 {
            ArchiveFault::Prefix
        } else {
            ArchiveFault::Layout
        };
        return Err(Refusal::Archive(fault));
    }
    if record.end() > stop {
        return Err(Refusal::Archive(ArchiveFault::Layout));
    }
    let mut wanted = Vec::with_capacity(LOCAL_LEN + record.name.len());
    record.local(&mut wanted);
    let found = bytes.get(next..record.data()).unwrap_or_default();
    if found == wanted {
        return Ok(());
    }
    let refuse = |fault| Err(Refusal::entry(record.name.as_bytes(), fault));
    if u32_at(found, 0) != Some(LOCAL) {
        return Err(Refusal::Archive(ArchiveFault::Layout));
    }
    if u16_at(found, 28) != Some(0) {
        return refuse(EntryFault::Extra);
    }
    if u16_at(found, 6).is_some_and(|flags| flags & 0x0008 != 0) {
        return refuse(EntryFault::DataDescriptor);
    }
    refuse(EntryFault::HeaderMismatch)
}

/// The manifest first, the signature last, the others by the bytes of their names.
fn check_order(records: &[Record]) -> Result<(), Refusal> {
    let names: Vec<&str> = records.iter().map(|record| record.name.as_str()).collect();
    let mut wanted = names.clone();
    wanted.sort_unstable_by_key(|name| super::write::place(name));
    match names
        .iter()
        .zip(&wanted)
        .find(|(name, wanted)| name != wanted)
    {
        Some((name, _)) => Err(Refusal::entry(name.as_bytes(), EntryFault::Order)),
        None => Ok(()),
    }
}
