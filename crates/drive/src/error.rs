use std::io;

/// Result of a drive operation.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why the drive refused or failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// No folder or file has this id or path.
    #[error("there is no {0}")]
    NotFound(String),
    /// The file has no such version.
    #[error("the file has no version {0}")]
    NoSuchVersion(crate::VersionId),
    /// There is no such upload; it was finished, aborted, or expired.
    #[error("there is no upload {0}; begin it again")]
    NoSuchUpload(crate::UploadId),
    /// Something of this name is there already.
    #[error("{0:?} exists already; choose another name, or say what to do with both")]
    Exists(String),
    /// The name breaks a rule.
    #[error("{name:?} cannot be a name: {why}")]
    BadName {
        /// The name, control characters escaped by the format.
        name: String,
        /// The rule.
        why: &'static str,
    },
    /// A folder was needed.
    #[error("{0:?} is not a folder")]
    NotAFolder(String),
    /// A file was needed.
    #[error("{0:?} is not a file")]
    NotAFile(String),
    /// A folder cannot be moved into itself or a folder in it.
    #[error("a folder cannot be moved into itself")]
    IntoItself,
    /// The root folder cannot be moved, renamed or removed.
    #[error("the drive's own folder stays where it is")]
    Root,
    /// The node lies in the trash: restore it first.
    #[error("{0:?} is in the trash; restore it first")]
    Trashed(String),
    /// The node is not in the trash.
    #[error("{0:?} is not in the trash")]
    NotTrashed(String),
    /// The write would exceed the quota. Nothing was written.
    #[error(
        "the quota of {quota} bytes is used up: {used} are stored and {needed} more are needed; empty the trash or raise the quota"
    )]
    Quota {
        /// Bytes the drive may store.
        quota: u64,
        /// Bytes it stores.
        used: u64,
        /// Bytes the write needs, as far as known.
        needed: u64,
    },
    /// Stored bytes are damaged. All other files stay readable.
    #[error("{path:?} is damaged: {what}")]
    Damaged {
        /// Path of the file.
        path: String,
        /// Which part, and what can be saved.
        what: String,
    },
    /// An upload step does not begin where the last one ended.
    #[error("the upload continues at byte {expected}")]
    WrongOffset {
        /// Bytes the drive has.
        expected: u64,
    },
    /// A stream did not have the announced length.
    #[error("{expected} bytes were announced and {got} came")]
    WrongSize {
        /// Announced bytes.
        expected: u64,
        /// Bytes that came.
        got: u64,
    },
    /// A number or length over a limit of the drive.
    #[error("{what} is over the limit of {max}")]
    TooLarge {
        /// What is too large.
        what: &'static str,
        /// The limit.
        max: u64,
    },
    /// A stream of import frames breaks the format.
    #[error("malformed import stream: {0}")]
    BadFrame(&'static str),
    /// The source of the bytes failed, or the destination of an export did.
    #[error("reading or writing the other side failed: {0}")]
    Io(#[from] io::Error),
    /// An archive is none of a drive, or is damaged. Nothing was taken in.
    #[error("this archive cannot be read: {0}")]
    BadArchive(&'static str),
    /// A catalogue becomes a drive only where there is nothing yet.
    #[error("this drive has files already; a drive is restored into an empty one")]
    NotEmpty,
    /// The person asked to stop.
    #[error("stopped")]
    Stopped,
    /// The file format refused; inside the drive this means damage that has no path.
    #[error(transparent)]
    Content(#[from] webx_content::Error),
    /// The vault refused: locked, disk full, or damaged.
    #[error(transparent)]
    Vault(#[from] webx_vault::Error),
}

impl Error {
    /// A short constant name of the kind of error, for programs.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Error::NotFound(_) => "not-found",
            Error::NoSuchVersion(_) => "no-such-version",
            Error::NoSuchUpload(_) => "no-such-upload",
            Error::Exists(_) => "exists",
            Error::BadName { .. } => "bad-name",
            Error::NotAFolder(_) => "not-a-folder",
            Error::NotAFile(_) => "not-a-file",
            Error::IntoItself => "into-itself",
            Error::Root => "root",
            Error::NotEmpty => "not-empty",
            Error::BadArchive(_) => "bad-archive",
            Error::Trashed(_) => "trashed",
            Error::NotTrashed(_) => "not-trashed",
            Error::Quota { .. } => "quota",
            Error::Damaged { .. } | Error::Content(_) => "damaged",
            Error::WrongOffset { .. } => "wrong-offset",
            Error::WrongSize { .. } => "wrong-size",
            Error::TooLarge { .. } => "too-large",
            Error::BadFrame(_) => "bad-frame",
            Error::Io(_) => "io",
            Error::Stopped => "stopped",
            Error::Vault(webx_vault::Error::Locked) => "locked",
            Error::Vault(webx_vault::Error::DiskFull { .. }) => "disk-full",
            Error::Vault(webx_vault::Error::Damaged(_)) => "damaged",
            Error::Vault(_) => "vault",
        }
    }
}

impl From<rusqlite::Error> for Error {
    fn from(error: rusqlite::Error) -> Self {
        Error::Vault(error.into())
    }
}

impl From<Error> for io::Error {
    fn from(error: Error) -> Self {
        let kind = match &error {
            Error::Io(error) => error.kind(),
            Error::NotFound(_) => io::ErrorKind::NotFound,
            Error::Exists(_) => io::ErrorKind::AlreadyExists,
            Error::Damaged { .. } | Error::Content(_) => io::ErrorKind::InvalidData,
            Error::Quota { .. } => io::ErrorKind::QuotaExceeded,
            Error::Vault(webx_vault::Error::DiskFull { .. }) => io::ErrorKind::StorageFull,
            _ => io::ErrorKind::Other,
        };
        io::Error::new(kind, error)
    }
}
