//! The backup file of `webx export`: one encrypted, authenticated stream that holds a whole vault.
//!
//! ```text
//! head    magic "WEBXBAK\x01" | person id 16 | salt 32 | made at u64 | header length u32 | vault header
//! frames  length u32, top bit = last | AES-256-GCM ciphertext of at most 1 MiB
//! ```
//!
//! The head is readable by anybody and holds what the vault's own header file holds: the wrapped data
//! key, so passphrase or 24 words open the backup on any machine. The frames are sealed under a key
//! derived from the data key and the salt, in the STREAM construction: nonce = frame number and last
//! flag, associated data = hash of the head. Changing, dropping, swapping, appending or truncating
//! anything is found. Inside the frames run the records of [`Record`]: the database snapshot first,
//! then every block, then the counts. `docs/protocol/backup.md` has the full description.
//!
//! ```
//! use webx::backup::{Head, Opener, Record, RecordReader, RecordWriter, Sealer, StreamKey};
//!
//! # fn main() -> Result<(), webx::backup::Error> {
//! let key = StreamKey::new([7; 32]);
//! let head = Head { person: [1; 16], salt: [2; 32], made_at: 1_763_800_000, vault_header: vec![3; 100] };
//! let mut file = Vec::new();
//! head.write(&mut file)?;
//! let mut records = RecordWriter::new(Sealer::new(&mut file, &head, &key)?);
//! records.database(&mut &b"snapshot"[..], 8)?;
//! records.end()?;
//!
//! let mut read = &file[..];
//! let head = Head::read(&mut read)?;
//! let mut records = RecordReader::new(Opener::new(read, &head, &key)?);
//! assert!(matches!(records.next()?, Record::Database { length: 8 }));
//! # Ok(())
//! # }
//! ```

mod head;
mod record;
mod seal;
mod transfer;

pub use head::{Head, MAX_VAULT_HEADER};
pub use record::{Counts, MAX_BLOCK, MAX_MULTIHASH, Record, RecordReader, RecordWriter};
pub use seal::{FRAME, Opener, Sealer, StreamKey};
pub(crate) use transfer::{restore, write};

use std::io;

/// Why a backup cannot be read or written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The file does not start like a backup.
    #[error("this is not a WEB X. OS backup")]
    NotABackup,
    /// The file has a format this program does not know.
    #[error("the backup has format {0}, this program knows up to 1: update webx")]
    Newer(u8),
    /// Something was changed after the backup was written, or it was written under another key.
    #[error("the backup is damaged or was changed at {place}; nothing of it was kept")]
    Damaged {
        /// What failed: the head, or which frame or record.
        place: String,
    },
    /// The file ends too early.
    #[error("the backup is cut off; nothing of it was kept")]
    Truncated,
    /// Something follows the end of the backup.
    #[error("the backup has bytes after its end; nothing of it was kept")]
    Trailing,
    /// A length in the file is over its limit.
    #[error("the backup holds a {what} over the limit of {limit} bytes")]
    TooLarge {
        /// What it is.
        what: &'static str,
        /// The limit in bytes.
        limit: u64,
    },
    /// The system's cryptography failed.
    #[error("cryptography failed")]
    Crypto,
    /// Reading or writing failed.
    #[error(transparent)]
    Io(#[from] io::Error),
}

impl Error {
    fn damaged(place: impl Into<String>) -> Self {
        Self::Damaged {
            place: place.into(),
        }
    }
}

/// Fills `buffer`; a file that ends before that is [`Error::Truncated`].
fn read_exact(from: &mut impl io::Read, buffer: &mut [u8]) -> Result<(), Error> {
    from.read_exact(buffer).map_err(|error| {
        if error.kind() == io::ErrorKind::UnexpectedEof {
            return Error::Truncated;
        }
        unwrapped(error)
    })
}

/// An error of the sealed stream travels through `io::Read`; out of it comes the error it was.
fn unwrapped(error: io::Error) -> Error {
    match error.downcast::<Error>() {
        Ok(inner) => inner,
        Err(error) => Error::Io(error),
    }
}
