//! Why a package, a manifest or an update is refused.

use thiserror::Error;

/// A refusal: one sentence for a person, and a [`Refusal::code`] for a program.
///
/// Text that came from the package is shortened and its unprintable characters are escaped.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum Refusal {
    /// The file as a whole is no package.
    #[error("This is no .wxa package: {0}.")]
    Archive(ArchiveFault),
    /// Something is wrong with one entry.
    #[error("The entry “{entry}” {fault}.")]
    Entry {
        /// Its path.
        entry: String,
        /// What is wrong.
        fault: EntryFault,
    },
    /// A limit of the format is exceeded.
    #[error("{what} is larger than allowed: {found}, the limit is {limit}.")]
    Limit {
        /// What was measured.
        what: String,
        /// Its size or number.
        found: u64,
        /// What is allowed.
        limit: u64,
    },
    /// The manifest breaks a rule.
    #[error("manifest.json{}: {reason}.", Place(.at))]
    Manifest {
        /// The member, like `permissions.required[0].reason`; empty for the whole file.
        at: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The manifest asks for a permission that does not exist.
    #[error("manifest.json, {at}: there is no permission “{kind}”.")]
    UnknownPermission {
        /// The member.
        at: String,
        /// The kind that was asked for.
        kind: String,
    },
    /// The package asks for something that only parts of the system itself may have.
    #[error("manifest.json, {at}: only apps that are part of the system may ask for “system”.")]
    SystemOnly {
        /// The member.
        at: String,
    },
    /// The list of checksums does not fit the entries.
    #[error("META/content.json: {reason}.")]
    Content {
        /// What is wrong.
        reason: String,
    },
    /// The package is not signed.
    #[error("The package is not signed by its publisher.")]
    Unsigned,
    /// The signature is not good.
    #[error("The publisher's signature is not good: {reason}.")]
    Signature {
        /// Why.
        reason: String,
    },
    /// The publisher's DID or its log is not good.
    #[error("The publisher's identity is not good: {reason}.")]
    Publisher {
        /// Why.
        reason: String,
    },
    /// An update by somebody else.
    #[error(
        "This comes from another publisher ({next}) than the installed app ({installed}), so it cannot replace it."
    )]
    PublisherChanged {
        /// The publisher of what is installed.
        installed: String,
        /// The publisher of what was offered.
        next: String,
    },
    /// An update whose publisher log leaves out or contradicts what was seen before.
    #[error(
        "The publisher's identity log does not continue the one seen before ({seen}); it may have been taken over."
    )]
    PublisherForked {
        /// The newest entry seen before.
        seen: String,
    },
    /// An update of some other app.
    #[error("This is the app {next}, not an update of {installed}.")]
    OtherApp {
        /// What is installed.
        installed: String,
        /// What was offered.
        next: String,
    },
    /// An update that is not newer.
    #[error("Version {next} is not newer than the installed version {installed}.")]
    NotNewer {
        /// The installed version.
        installed: String,
        /// The version that was offered.
        next: String,
    },
    /// A text that should name an app and does not.
    #[error("“{0}” is no app id.")]
    AppId(String),
    /// A path that the package does not have.
    #[error("The package has no file “{0}”.")]
    NoSuchFile(String),
}

struct Place<'a>(&'a str);

impl std::fmt::Display for Place<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.0.is_empty() {
            Ok(())
        } else {
            write!(f, ", {}", self.0)
        }
    }
}

/// What can be wrong with the file around the entries.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum ArchiveFault {
    /// Too short, or without the end record.
    #[error("it is no ZIP file, or it was cut off")]
    NotZip,
    /// Bytes after the end record, or an archive comment.
    #[error("there are bytes after its end")]
    Suffix,
    /// Bytes before the first entry.
    #[error("there are bytes before its first entry")]
    Prefix,
    /// Bytes between entries, or entries that share bytes.
    #[error("its entries overlap or leave gaps")]
    Layout,
    /// Spread over several disks.
    #[error("it is one part of a split archive")]
    Split,
    /// ZIP64 records.
    #[error("it uses ZIP64, which packages do not need")]
    Zip64,
    /// The directory does not have the size or number of entries that the end record says.
    #[error("its directory does not fit its end record")]
    Directory,
    /// Something else that the one canonical form does not have.
    #[error("it is not in the canonical form")]
    NotCanonical,
}

/// What can be wrong with one entry.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum EntryFault {
    /// The path leads out of the package.
    #[error("has a path that leads out of the package")]
    Slip,
    /// The path cannot be written on every system.
    #[error("has a path that not every system can store: {0}")]
    Path(&'static str),
    /// The path is not UTF-8 in normalisation form C.
    #[error("has a path that is not UTF-8 in normal form C")]
    Encoding,
    /// A second entry of that name.
    #[error("occurs twice")]
    Duplicate,
    /// Two paths that are one on systems that ignore case.
    #[error("differs from another entry only by upper and lower case or by form of letters")]
    CaseEqual,
    /// A path that is a file and a folder.
    #[error("is a file and a folder at once")]
    FileAndFolder,
    /// A folder entry.
    #[error("is a folder; packages list files only")]
    Folder,
    /// A symbolic link or another special file.
    #[error("is a link or a special file")]
    Special,
    /// Encrypted data.
    #[error("is encrypted")]
    Encrypted,
    /// A data descriptor.
    #[error("has its sizes after its data (data descriptor)")]
    DataDescriptor,
    /// Another method than stored or deflate.
    #[error("is compressed by a method that packages do not use")]
    Method,
    /// An extra field.
    #[error("has an extra field")]
    Extra,
    /// A comment.
    #[error("has a comment")]
    Comment,
    /// ZIP64 sizes.
    #[error("uses ZIP64, which packages do not need")]
    Zip64,
    /// A time other than 1980-01-01.
    #[error("has a time; packages carry none")]
    Time,
    /// Flags, versions or attributes other than the canonical ones.
    #[error("has flags or attributes that packages do not use")]
    Flags,
    /// The local header says something else than the directory.
    #[error("is described differently in the directory and before its data")]
    HeaderMismatch,
    /// Not in the order of the format.
    #[error("is not at its place in the order of entries")]
    Order,
    /// The data grows too much.
    #[error("grows more than 200 times when it is unpacked")]
    Ratio,
    /// The data cannot be inflated, is longer or shorter than said, or has trailing bytes.
    #[error("has damaged data")]
    Damaged,
    /// The checksum does not fit.
    #[error("does not have the content that its checksum promises")]
    Checksum,
    /// A file under `META/` that the format does not know.
    #[error("is no file that META/ may hold")]
    UnknownMeta,
    /// A file that must be there is missing.
    #[error("is missing")]
    Missing,
}

impl Refusal {
    /// A stable name in kebab-case.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Archive(fault) => fault.code(),
            Self::Entry { fault, .. } => fault.code(),
            Self::Limit { .. } => "too-large",
            Self::Manifest { .. } => "manifest",
            Self::UnknownPermission { .. } => "unknown-permission",
            Self::SystemOnly { .. } => "system-only",
            Self::Content { .. } => "content-list",
            Self::Unsigned => "unsigned",
            Self::Signature { .. } => "signature",
            Self::Publisher { .. } => "publisher",
            Self::PublisherChanged { .. } => "publisher-changed",
            Self::PublisherForked { .. } => "publisher-forked",
            Self::OtherApp { .. } => "other-app",
            Self::NotNewer { .. } => "not-newer",
            Self::AppId(_) => "app-id",
            Self::NoSuchFile(_) => "no-such-file",
        }
    }

    pub(crate) fn entry(path: &[u8], fault: EntryFault) -> Self {
        Self::Entry {
            entry: shown(path),
            fault,
        }
    }

    pub(crate) fn manifest(at: impl Into<String>, reason: impl Into<String>) -> Self {
        Self::Manifest {
            at: at.into(),
            reason: reason.into(),
        }
    }

    pub(crate) fn signature(reason: impl Into<String>) -> Self {
        Self::Signature {
            reason: reason.into(),
        }
    }

    pub(crate) fn publisher(reason: impl Into<String>) -> Self {
        Self::Publisher {
            reason: reason.into(),
        }
    }

    pub(crate) fn content(reason: impl Into<String>) -> Self {
        Self::Content {
            reason: reason.into(),
        }
    }
}

impl ArchiveFault {
    fn code(self) -> &'static str {
        match self {
            Self::NotZip => "not-zip",
            Self::Suffix => "suffix",
            Self::Prefix => "prefix",
            Self::Layout => "layout",
            Self::Split => "split",
            Self::Zip64 => "zip64",
            Self::Directory => "directory",
            Self::NotCanonical => "not-canonical",
        }
    }
}

impl EntryFault {
    fn code(self) -> &'static str {
        match self {
            Self::Slip => "slip",
            Self::Path(_) => "path",
            Self::Encoding => "encoding",
            Self::Duplicate => "duplicate",
            Self::CaseEqual => "case-equal",
            Self::FileAndFolder => "file-and-folder",
            Self::Folder => "folder",
            Self::Special => "special",
            Self::Encrypted => "encrypted",
            Self::DataDescriptor => "data-descriptor",
            Self::Method => "method",
            Self::Extra => "extra",
            Self::Comment => "comment",
            Self::Zip64 => "zip64",
            Self::Time => "time",
            Self::Flags => "flags",
            Self::HeaderMismatch => "header-mismatch",
            Self::Order => "order",
            Self::Ratio => "ratio",
            Self::Damaged => "damaged",
            Self::Checksum => "checksum",
            Self::UnknownMeta => "unknown-meta",
            Self::Missing => "missing",
        }
    }
}

/// Text from outside as it may stand in a sentence: at most 80 characters, nothing unprintable.
pub(crate) fn shown(text: &[u8]) -> String {
    // Four bytes a character are the most; the rest would be cut off anyway.
    let text = String::from_utf8_lossy(text.get(..321).unwrap_or(text));
    let mut out = String::new();
    for (index, c) in text.chars().enumerate() {
        if index == 80 {
            out.push('…');
            break;
        }
        if crate::text::plain(c) {
            out.push(c);
        } else {
            out.extend(c.escape_unicode());
        }
    }
    out
}
