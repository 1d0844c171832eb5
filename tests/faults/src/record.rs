//! The journal of a run: what a program did to its files, in the order in which it was done.
//!
//! Written by the preloaded layer, read by the crash tests (which include this file by path). All
//! numbers are little-endian; a record is one kind byte, two numbers, and a length-prefixed text or
//! block of bytes.

/// One thing the program did. Paths are absolute; files keep their number through renames.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Record {
    /// A new, empty file stands at a path.
    Create {
        /// Number of the file.
        file: u64,
        /// Where it stands.
        path: Vec<u8>,
    },
    /// A file that was there before the run was opened.
    Open {
        /// Number of the file.
        file: u64,
        /// Where it stands.
        path: Vec<u8>,
    },
    /// Bytes were written; recorded when the call returned.
    Write {
        /// Number of the file.
        file: u64,
        /// Where the bytes begin.
        offset: u64,
        /// The bytes.
        data: Vec<u8>,
    },
    /// The file was cut or extended with zeros.
    Resize {
        /// Number of the file.
        file: u64,
        /// Its new length.
        len: u64,
    },
    /// fsync or fdatasync of a file was called.
    SyncStart {
        /// Number of the file.
        file: u64,
        /// Pairs the start with its end.
        call: u64,
    },
    /// That call returned.
    SyncEnd {
        /// Pairs the end with its start.
        call: u64,
        /// Whether it reported success.
        ok: bool,
    },
    /// fsync of a folder was called.
    FolderSyncStart {
        /// The folder.
        path: Vec<u8>,
        /// Pairs the start with its end.
        call: u64,
    },
    /// A name was given to another file, atomically.
    Rename {
        /// The old path.
        from: Vec<u8>,
        /// The new path.
        to: Vec<u8>,
    },
    /// A name was removed.
    Unlink {
        /// The path.
        path: Vec<u8>,
    },
    /// A folder was made.
    MakeFolder {
        /// The path.
        path: Vec<u8>,
    },
    /// A folder was removed.
    RemoveFolder {
        /// The path.
        path: Vec<u8>,
    },
    /// The program wrote to its standard output.
    Output {
        /// The bytes.
        data: Vec<u8>,
    },
}

impl Record {
    /// Appends the record to `out`.
    pub fn write(&self, out: &mut Vec<u8>) {
        let (kind, first, second, bytes): (u8, u64, u64, &[u8]) = match self {
            Self::Create { file, path } => (1, *file, 0, path),
            Self::Open { file, path } => (2, *file, 0, path),
            Self::Write { file, offset, data } => (3, *file, *offset, data),
            Self::Resize { file, len } => (4, *file, *len, &[]),
            Self::SyncStart { file, call } => (5, *file, *call, &[]),
            Self::SyncEnd { call, ok } => (6, *call, u64::from(*ok), &[]),
            Self::FolderSyncStart { path, call } => (7, *call, 0, path),
            // Paths hold no NUL, so one byte separates them.
            Self::Rename { from, to } => {
                let both = [from.as_slice(), to.as_slice()].join(&0);
                return put(out, 8, 0, 0, &both);
            }
            Self::Unlink { path } => (9, 0, 0, path),
            Self::MakeFolder { path } => (10, 0, 0, path),
            Self::RemoveFolder { path } => (11, 0, 0, path),
            Self::Output { data } => (12, 0, 0, data),
        };
        put(out, kind, first, second, bytes);
    }

    /// Takes the first record off `input`. `None` at the end, and for a last record that was not written whole.
    #[allow(dead_code, reason = "the layer only writes")]
    pub fn read(input: &mut &[u8]) -> Option<Self> {
        let (&kind, rest) = input.split_first()?;
        let (first, rest) = number(rest)?;
        let (second, rest) = number(rest)?;
        let (len, rest) = number(rest)?;
        let (bytes, rest) = rest.split_at_checked(usize::try_from(len).ok()?)?;
        *input = rest;
        let bytes = bytes.to_vec();
        Some(match kind {
            1 => Self::Create {
                file: first,
                path: bytes,
            },
            2 => Self::Open {
                file: first,
                path: bytes,
            },
            3 => Self::Write {
                file: first,
                offset: second,
                data: bytes,
            },
            4 => Self::Resize {
                file: first,
                len: second,
            },
            5 => Self::SyncStart {
                file: first,
                call: second,
            },
            6 => Self::SyncEnd {
                call: first,
                ok: second != 0,
            },
            7 => Self::FolderSyncStart {
                path: bytes,
                call: first,
            },
            8 => {
                let middle = bytes.iter().position(|byte| *byte == 0)?;
                Self::Rename {
                    from: bytes[..middle].to_vec(),
                    to: bytes[middle + 1..].to_vec(),
                }
            }
            9 => Self::Unlink { path: bytes },
            10 => Self::MakeFolder { path: bytes },
            11 => Self::RemoveFolder { path: bytes },
            12 => Self::Output { data: bytes },
            _ => return None,
        })
    }
}

fn put(out: &mut Vec<u8>, kind: u8, first: u64, second: u64, bytes: &[u8]) {
    out.push(kind);
    out.extend_from_slice(&first.to_le_bytes());
    out.extend_from_slice(&second.to_le_bytes());
    out.extend_from_slice(&(bytes.len() as u64).to_le_bytes());
    out.extend_from_slice(bytes);
}

#[allow(dead_code, reason = "the layer only writes")]
fn number(input: &[u8]) -> Option<(u64, &[u8])> {
    let (bytes, rest) = input.split_first_chunk::<8>()?;
    Some((u64::from_le_bytes(*bytes), rest))
}
