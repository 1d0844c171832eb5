//! The bytes of a segment: its head, the heads of its records, and how a damaged stretch is skipped.
use std::io;

use uuid::Uuid;

use super::{MAX_BLOCK, Mh};
use crate::disk::DiskFile;

/// Length of a segment's head.
pub(crate) const SEGMENT_HEAD: u32 = 64;
/// Length of a record's head without its multihash.
pub(crate) const RECORD_HEAD: usize = 28;
/// Longest encoded multihash: two varints and 64 bytes.
const MAX_NAME: usize = 84;
/// Length of a tombstone's payload.
const TOMBSTONE: usize = 8;
const SEGMENT_MAGIC: &[u8; 8] = b"WEBXPACK";
const RECORD_MAGIC: &[u8; 4] = b"WXB1";
const VERSION: u16 = 1;

/// Where a block lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Place {
    pub(crate) segment: u32,
    pub(crate) offset: u32,
    /// Payload length.
    pub(crate) len: u32,
}

impl Place {
    pub(crate) fn to_bytes(self) -> [u8; 12] {
        let mut bytes = [0; 12];
        bytes[..4].copy_from_slice(&self.segment.to_be_bytes());
        bytes[4..8].copy_from_slice(&self.offset.to_be_bytes());
        bytes[8..].copy_from_slice(&self.len.to_be_bytes());
        bytes
    }

    pub(crate) fn from_bytes(b: &[u8; 12]) -> Self {
        Self {
            segment: u32::from_be_bytes([b[0], b[1], b[2], b[3]]),
            offset: u32::from_be_bytes([b[4], b[5], b[6], b[7]]),
            len: u32::from_be_bytes([b[8], b[9], b[10], b[11]]),
        }
    }

    pub(crate) fn position(self) -> Position {
        Position {
            segment: self.segment,
            offset: self.offset,
        }
    }
}

/// A point in the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub(crate) struct Position {
    pub(crate) segment: u32,
    pub(crate) offset: u32,
}

/// The first bytes of a segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct SegmentHead {
    pub(crate) number: u32,
    pub(crate) vault: Uuid,
    /// Sequence number of its first record.
    pub(crate) first_seq: u64,
    /// Where the segment before it ends. Bytes beyond that were never acknowledged.
    pub(crate) previous: Position,
}

impl SegmentHead {
    pub(crate) fn encode(&self) -> [u8; SEGMENT_HEAD as usize] {
        let mut head = [0; SEGMENT_HEAD as usize];
        head[..8].copy_from_slice(SEGMENT_MAGIC);
        head[8..10].copy_from_slice(&VERSION.to_le_bytes());
        head[12..16].copy_from_slice(&self.number.to_le_bytes());
        head[16..32].copy_from_slice(self.vault.as_bytes());
        head[32..40].copy_from_slice(&self.first_seq.to_le_bytes());
        head[40..44].copy_from_slice(&self.previous.segment.to_le_bytes());
        head[44..48].copy_from_slice(&self.previous.offset.to_le_bytes());
        let crc = crc32c::crc32c(&head[..60]);
        head[60..].copy_from_slice(&crc.to_le_bytes());
        head
    }

    /// `None` when damaged; `Some(Err(version))` when a newer program wrote it.
    pub(crate) fn parse(head: &[u8]) -> Option<Result<Self, u64>> {
        let head: &[u8; SEGMENT_HEAD as usize] =
            head.get(..SEGMENT_HEAD as usize)?.try_into().ok()?;
        if &head[..8] != SEGMENT_MAGIC || u32_at(head, 60)? != crc32c::crc32c(&head[..60]) {
            return None;
        }
        let version = u16::from_le_bytes([head[8], head[9]]);
        if version != VERSION {
            return Some(Err(u64::from(version)));
        }
        Some(Ok(Self {
            number: u32_at(head, 12)?,
            vault: Uuid::from_slice(&head[16..32]).ok()?,
            first_seq: u64_at(head, 32)?,
            previous: Position {
                segment: u32_at(head, 40)?,
                offset: u32_at(head, 44)?,
            },
        }))
    }
}

/// Makes a torn record unreadable as one, so that a scan which does not check payloads will not believe it.
pub(crate) fn void(file: &dyn DiskFile, offset: u32) -> io::Result<()> {
    file.write_at(u64::from(offset), &[&[0; RECORD_MAGIC.len()]])
}

/// What a record says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Block,
    /// The record of this block at the position its payload names is dead.
    Tombstone,
}

/// The head of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Head {
    pub(crate) kind: Kind,
    /// Grows with each record of the store, so that what an earlier failed write left behind is not taken for new.
    pub(crate) seq: u64,
    /// Payload length.
    pub(crate) len: u32,
    pub(crate) body_crc: u32,
    pub(crate) mh: Mh,
}

impl Head {
    /// Appends the encoded head; returns its length.
    pub(crate) fn encode(&self, out: &mut Vec<u8>) -> usize {
        let start = out.len();
        out.extend_from_slice(RECORD_MAGIC);
        out.extend_from_slice(&self.len.to_le_bytes());
        out.push(match self.kind {
            Kind::Block => 0,
            Kind::Tombstone => 1,
        });
        let name_len = out.len();
        out.extend_from_slice(&[0; 3]);
        out.extend_from_slice(&self.seq.to_le_bytes());
        out.extend_from_slice(&self.body_crc.to_le_bytes());
        let crc_at = out.len();
        out.extend_from_slice(&[0; 4]);
        let name = self.mh.to_bytes();
        out.extend_from_slice(&name);
        out[name_len] = name.len() as u8;
        let crc = head_crc(&out[start..crc_at], &name);
        out[crc_at..crc_at + 4].copy_from_slice(&crc.to_le_bytes());
        out.len() - start
    }

    /// Parses and checks a head. Returns it with its length.
    pub(crate) fn parse(bytes: &[u8]) -> Option<(Self, usize)> {
        let fixed = bytes.get(..RECORD_HEAD)?;
        if &fixed[..4] != RECORD_MAGIC || fixed[10] != 0 || fixed[11] != 0 {
            return None;
        }
        let name_len = usize::from(fixed[9]);
        if name_len > MAX_NAME {
            return None;
        }
        let name = bytes.get(RECORD_HEAD..RECORD_HEAD + name_len)?;
        if head_crc(&fixed[..24], name) != u32_at(fixed, 24)? {
            return None;
        }
        let len = u32_at(fixed, 4)?;
        let kind = match fixed[8] {
            0 if len as usize <= MAX_BLOCK => Kind::Block,
            1 if len as usize == TOMBSTONE => Kind::Tombstone,
            _ => return None,
        };
        let mh = Mh::from_bytes(name).ok()?;
        let head = Self {
            kind,
            seq: u64_at(fixed, 12)?,
            len,
            body_crc: u32_at(fixed, 20)?,
            mh,
        };
        Some((head, RECORD_HEAD + name_len))
    }
}

/// Bytes a record of a block takes.
pub(crate) fn record_len(mh: &Mh, len: usize) -> u64 {
    (RECORD_HEAD + mh.encoded_len() + len) as u64
}

pub(crate) fn tombstone(dead: Position) -> [u8; TOMBSTONE] {
    let mut payload = [0; TOMBSTONE];
    payload[..4].copy_from_slice(&dead.segment.to_le_bytes());
    payload[4..].copy_from_slice(&dead.offset.to_le_bytes());
    payload
}

fn parse_tombstone(payload: &[u8]) -> Option<Position> {
    Some(Position {
        segment: u32_at(payload, 0)?,
        offset: u32_at(payload, 4)?,
    })
}

fn head_crc(fixed: &[u8], name: &[u8]) -> u32 {
    crc32c::crc32c_append(crc32c::crc32c(fixed), name)
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(bytes.get(at..at + 4)?.try_into().ok()?))
}

fn u64_at(bytes: &[u8], at: usize) -> Option<u64> {
    Some(u64::from_le_bytes(bytes.get(at..at + 8)?.try_into().ok()?))
}

/// A record met while scanning.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Found {
    pub(crate) head: Head,
    /// Where it begins.
    pub(crate) offset: u32,
    /// Length of its head.
    pub(crate) head_len: u32,
    /// Where the next one begins.
    pub(crate) end: u32,
    /// For a tombstone: which record is dead.
    pub(crate) dead: Option<Position>,
}

/// Reads the records of a segment one after the other, skipping damaged stretches.
pub(crate) struct Scan<'a> {
    file: &'a dyn DiskFile,
    at: u32,
    end: u32,
    last_seq: u64,
    check_bodies: bool,
    window: Vec<u8>,
    window_at: u32,
    /// Bytes that belong to no readable record.
    pub(crate) skipped: u64,
    /// Heads without a whole payload.
    pub(crate) torn: Vec<u32>,
}

const WINDOW: usize = 16 * 1024;

impl<'a> Scan<'a> {
    /// Scans from `at` to `end`, accepting records with a sequence number above `last_seq`. `check_bodies` also reads
    /// the payloads and accepts only those that are whole.
    pub(crate) fn new(
        file: &'a dyn DiskFile,
        at: u32,
        end: u32,
        last_seq: u64,
        check_bodies: bool,
    ) -> Self {
        Self {
            file,
            at: at.max(SEGMENT_HEAD),
            end,
            last_seq,
            check_bodies,
            window: Vec::new(),
            window_at: 0,
            skipped: 0,
            torn: Vec::new(),
        }
    }

    /// The next record, or `None` at the end. What lies between the last good record and the end counts as skipped
    /// only when a good record follows it.
    pub(crate) fn next(&mut self) -> io::Result<Option<Found>> {
        let from = self.at;
        let mut at = self.at;
        while at < self.end {
            if let Some(found) = self.record_at(at)? {
                self.skipped += u64::from(at - from);
                self.at = found.end;
                self.last_seq = found.head.seq;
                return Ok(Some(found));
            }
            match self.next_magic(at + 1)? {
                Some(next) => at = next,
                None => break,
            }
        }
        Ok(None)
    }

    fn record_at(&mut self, at: u32) -> io::Result<Option<Found>> {
        let bytes = self.window_from(at, RECORD_HEAD + MAX_NAME + TOMBSTONE)?;
        let Some((head, head_len)) = Head::parse(bytes) else {
            return Ok(None);
        };
        let dead = match head.kind {
            Kind::Block => None,
            Kind::Tombstone => match bytes.get(head_len..head_len + TOMBSTONE) {
                Some(payload) if crc32c::crc32c(payload) == head.body_crc => {
                    parse_tombstone(payload)
                }
                _ => return Ok(None),
            },
        };
        let head_len = head_len as u32;
        let end = u64::from(at) + u64::from(head_len) + u64::from(head.len);
        if end > u64::from(self.end) || head.seq <= self.last_seq {
            return Ok(None);
        }
        if self.check_bodies && head.kind == Kind::Block {
            let mut body = vec![0; head.len as usize];
            // What cannot be read at this moment may be whole: only what was read can be called torn.
            let read = self.file.read_at(u64::from(at + head_len), &mut body)?;
            if read != body.len() || crc32c::crc32c(&body) != head.body_crc {
                self.torn.push(at);
                return Ok(None);
            }
        }
        Ok(Some(Found {
            head,
            offset: at,
            head_len,
            end: end as u32,
            dead,
        }))
    }

    fn next_magic(&mut self, mut at: u32) -> io::Result<Option<u32>> {
        while at < self.end {
            let bytes = self.window_from(at, WINDOW)?;
            if bytes.len() < RECORD_MAGIC.len() {
                return Ok(None);
            }
            if let Some(i) = bytes
                .windows(RECORD_MAGIC.len())
                .position(|w| w == RECORD_MAGIC)
            {
                return Ok(Some(at + i as u32));
            }
            at += (bytes.len() - RECORD_MAGIC.len() + 1) as u32;
        }
        Ok(None)
    }

    /// Bytes from `at`, at least `least` of them unless the segment ends before.
    fn window_from(&mut self, at: u32, least: usize) -> io::Result<&[u8]> {
        let have_to = self.window_at as usize + self.window.len();
        let need_to = (at as usize + least).min(self.end as usize);
        if at < self.window_at || need_to > have_to {
            let len = WINDOW.max(least).min((self.end - at) as usize);
            self.window.resize(len, 0);
            self.window_at = at;
            // A disk that does not answer says nothing about what is there: stepping over the stretch would forget
            // its records for good once the log is cut or the index completed.
            let read = self.file.read_at(u64::from(at), &mut self.window);
            self.window.truncate(*read.as_ref().unwrap_or(&0));
            read?;
        }
        Ok(self
            .window
            .get((at - self.window_at) as usize..)
            .unwrap_or_default())
    }
}
