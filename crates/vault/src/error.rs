//! What can go wrong in a vault, and what a person can do about it.
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Result of a vault operation.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// A file of the vault that does not hold what was written to it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Damage {
    /// The damaged file.
    pub file: PathBuf,
    /// What is wrong with it: which block, page, table or field.
    pub what: String,
    /// What is still whole and what can be done to save it.
    pub remedy: String,
}

impl Damage {
    pub(crate) fn new(
        file: impl Into<PathBuf>,
        what: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Self {
        Self {
            file: file.into(),
            what: what.into(),
            remedy: remedy.into(),
        }
    }
}

impl std::fmt::Display for Damage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "{} is damaged: {}; {}",
            self.file.display(),
            self.what,
            self.remedy
        )
    }
}

/// Why an operation on an open vault, or on the data folder, failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Another process has the data folder open.
    #[error("the data folder is in use by another webx{}: stop it first, or choose another folder with --data", pid.map(|p| format!(" (process {p})")).unwrap_or_default())]
    InUse {
        /// The other process, where the platform lets us read it.
        pid: Option<u32>,
    },
    /// The vault was locked while, or before, it was used.
    #[error("the vault is locked")]
    Locked,
    /// The operating system refused a file operation.
    #[error("{action} {}: {source}", path.display())]
    Io {
        /// What was attempted, for example "write".
        action: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// The system's answer.
        source: io::Error,
    },
    /// The disk is full, or the write would eat the space that is kept free.
    #[error(
        "the disk is full: {free} bytes are free and {floor} are kept free; delete files or empty the trash of this machine"
    )]
    DiskFull {
        /// Bytes free on the volume, 0 where the system only said "full".
        free: u64,
        /// Bytes that are always kept free.
        floor: u64,
    },
    /// A file of the vault is damaged.
    #[error("{0}")]
    Damaged(Damage),
    /// A file was written by a newer version of the program.
    #[error("{} has format {found}, this program knows up to {known}: update webx", file.display())]
    NewerFormat {
        /// The file.
        file: PathBuf,
        /// Its format version.
        found: u64,
        /// The newest version this program can read.
        known: u64,
    },
    /// A database component was migrated by a newer version of the program.
    #[error(
        "the {component} tables have version {found}, this program knows up to {known}: update webx"
    )]
    NewerSchema {
        /// Name given to [`crate::Db::migrate`].
        component: String,
        /// Version in the database.
        found: u64,
        /// Number of steps this program knows.
        known: u64,
    },
    /// SQLite refused a statement.
    #[error("database: {0}")]
    Sql(#[source] rusqlite::Error),
    /// [`crate::Db::write`] was called inside another write of the same thread.
    #[error("a database write was started inside another one")]
    NestedWrite,
    /// A block is larger than [`crate::MAX_BLOCK`].
    #[error("a block of {len} bytes is over the limit of {max}")]
    BlockTooLarge {
        /// Its length in bytes.
        len: usize,
        /// The limit in bytes.
        max: usize,
    },
    /// A multihash names a hash function the store cannot check.
    #[error("hash function {code:#x} is not supported by the block store")]
    UnsupportedHash {
        /// Multicodec code of the hash function.
        code: u64,
    },
    /// The passphrase is too short or too long.
    #[error("a passphrase needs {min} to {max} characters")]
    WeakPassphrase {
        /// Fewest characters.
        min: usize,
        /// Most characters.
        max: usize,
    },
    /// There is no vault of this person in the data folder.
    #[error("no vault of person {0} in this data folder")]
    NoSuchPerson(crate::PersonId),
    /// Unlocking was needed for the operation and failed.
    #[error(transparent)]
    Unlock(Box<UnlockError>),
    /// The system's cryptography failed (no randomness, no memory for the key derivation).
    #[error("cryptography: {0}")]
    Crypto(&'static str),
    /// A long operation was asked to stop.
    #[error("stopped")]
    Stopped,
}

impl Error {
    pub(crate) fn io(action: &'static str, path: &Path, source: io::Error) -> Self {
        if is_full(&source) {
            return Self::DiskFull { free: 0, floor: 0 };
        }
        Self::Io {
            action,
            path: path.to_path_buf(),
            source,
        }
    }

    /// True when the cause is a full disk: freeing space and trying again helps.
    pub fn is_disk_full(&self) -> bool {
        matches!(self, Self::DiskFull { .. })
    }
}

/// True for "no space" and "over quota".
pub(crate) fn is_full(e: &io::Error) -> bool {
    matches!(
        e.kind(),
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded
    )
}

impl From<rusqlite::Error> for Error {
    fn from(e: rusqlite::Error) -> Self {
        use rusqlite::ErrorCode;
        match e.sqlite_error_code() {
            Some(ErrorCode::DiskFull) => Self::DiskFull { free: 0, floor: 0 },
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => {
                Self::Damaged(Damage::new(
                    crate::db::FILE,
                    format!("a page does not open ({e})"),
                    "all other pages stay readable; `webx doctor` restores what is left and what the last snapshot holds",
                ))
            }
            _ => Self::Sql(e),
        }
    }
}

impl From<UnlockError> for Error {
    fn from(e: UnlockError) -> Self {
        match e {
            UnlockError::Vault(e) => e,
            other => Self::Unlock(Box::new(other)),
        }
    }
}

/// Why a vault did not open.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum UnlockError {
    /// Wrong passphrase or recovery key.
    #[error("wrong passphrase or recovery words; next try in {} s", retry_after.as_secs())]
    Wrong {
        /// The next attempt is refused until then.
        retry_after: Duration,
    },
    /// An attempt came before the delay of the last failure was over. Nothing was tried.
    #[error("too soon after a failed attempt; next try in {} s", retry_after.as_secs().max(1))]
    TooSoon {
        /// Time left.
        retry_after: Duration,
    },
    /// The vault has no slot of this kind.
    #[error("this vault cannot be opened in this way")]
    NoSuchSlot,
    /// The header, or the slot that was used, is damaged, so a right secret cannot be told from a wrong one.
    #[error("{0}")]
    Damaged(Damage),
    /// The secret was right; opening what is behind it failed.
    #[error(transparent)]
    Vault(#[from] Error),
}
