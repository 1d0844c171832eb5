//! The canonical ZIP: one way to write a list of entries, and a reader that takes nothing else.
//!
//! A ZIP describes every entry twice (before its data and in the directory at the end) and has
//! room for bytes that nobody describes; programs disagree about what counts. Here the bytes
//! around the data are a function of the list of entries, so reading is: take the list out of the
//! directory, write it again, and demand equality.

mod inflate;
mod read;
mod write;

pub(crate) use inflate::Inflate;
pub(crate) use read::read;
pub(crate) use write::{finish, pack, place, write};

/// Size of the record at the end.
pub(crate) const END_LEN: usize = 22;
pub(crate) const LOCAL_LEN: usize = 30;
pub(crate) const CENTRAL_LEN: usize = 46;

pub(crate) const LOCAL: u32 = 0x0403_4b50;
pub(crate) const CENTRAL: u32 = 0x0201_4b50;
pub(crate) const END: u32 = 0x0605_4b50;

/// Names are UTF-8 (general purpose bit 11); no other flag is used.
const FLAGS: u16 = 0x0800;
/// 1980-01-01, the first day of the format.
const DATE: u16 = 0x0021;
/// Made by version 2.0 of the specification on Unix: some programs take the names of other systems
/// for another character set, whatever the flag says.
const MADE_BY: u16 = 0x0314;
/// A plain file that everybody may read, in the words of Unix.
const ATTRIBUTES: u32 = 0o100_644 << 16;

/// How the data of an entry is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Method {
    Stored,
    Deflate,
}

impl Method {
    fn number(self) -> u16 {
        match self {
            Self::Stored => 0,
            Self::Deflate => 8,
        }
    }

    /// The version that a reader needs.
    fn version(self) -> u16 {
        match self {
            Self::Stored => 10,
            Self::Deflate => 20,
        }
    }
}

/// What the format says about one entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Record {
    pub(crate) name: String,
    pub(crate) method: Method,
    pub(crate) crc: u32,
    /// Length of the data as it lies in the file.
    pub(crate) packed: u32,
    /// Length of the content.
    pub(crate) size: u32,
    /// Where its local header begins.
    pub(crate) offset: u32,
}

impl Record {
    /// Where its data begins.
    pub(crate) fn data(&self) -> usize {
        self.offset as usize + LOCAL_LEN + self.name.len()
    }

    /// Where its data ends.
    pub(crate) fn end(&self) -> usize {
        self.data() + self.packed as usize
    }

    fn name_len(&self) -> u16 {
        // Paths are checked to be at most 255 bytes.
        u16::try_from(self.name.len()).unwrap_or(u16::MAX)
    }

    /// The fields that both descriptions share.
    fn common(&self, out: &mut Vec<u8>) {
        put16(out, self.method.version());
        put16(out, FLAGS);
        put16(out, self.method.number());
        put16(out, 0);
        put16(out, DATE);
        put32(out, self.crc);
        put32(out, self.packed);
        put32(out, self.size);
        put16(out, self.name_len());
        put16(out, 0);
    }

    pub(crate) fn local(&self, out: &mut Vec<u8>) {
        put32(out, LOCAL);
        self.common(out);
        out.extend_from_slice(self.name.as_bytes());
    }

    pub(crate) fn central(&self, out: &mut Vec<u8>) {
        put32(out, CENTRAL);
        put16(out, MADE_BY);
        self.common(out);
        out.extend_from_slice(&[0; 6]); // comment, disk, internal attributes
        put32(out, ATTRIBUTES);
        put32(out, self.offset);
        out.extend_from_slice(self.name.as_bytes());
    }
}

/// The record at the end, for `count` entries with a directory of `size` bytes at `offset`.
pub(crate) fn end(count: usize, size: usize, offset: usize, out: &mut Vec<u8>) {
    let count = u16::try_from(count).unwrap_or(u16::MAX);
    put32(out, END);
    out.extend_from_slice(&[0; 4]);
    put16(out, count);
    put16(out, count);
    put32(out, u32::try_from(size).unwrap_or(u32::MAX));
    put32(out, u32::try_from(offset).unwrap_or(u32::MAX));
    put16(out, 0);
}

fn put16(out: &mut Vec<u8>, value: u16) {
    out.extend_from_slice(&value.to_le_bytes());
}

fn put32(out: &mut Vec<u8>, value: u32) {
    out.extend_from_slice(&value.to_le_bytes());
}
