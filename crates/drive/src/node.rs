use time::OffsetDateTime;

use crate::{NodeId, VersionId};

/// What a node is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    /// Holds other nodes.
    Folder,
    /// Holds bytes.
    File,
}

/// A folder or file of the drive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Node {
    /// Its name for good.
    pub id: NodeId,
    /// The folder it lies in; `None` for the root and for what lies directly in the trash.
    pub parent: Option<NodeId>,
    /// Its name; empty for the root.
    pub name: String,
    /// Folder or file.
    pub kind: Kind,
    /// Bytes of the file; 0 for a folder.
    pub size: u64,
    /// When the content was last changed, as its source said.
    pub modified: OffsetDateTime,
    /// When it was put into the drive.
    pub created: OffsetDateTime,
    /// How many versions were written, this one included; 0 for a folder.
    pub version: u64,
    /// The version that is read; for a folder the change that made it.
    pub version_id: VersionId,
    /// Media type by the name's extension.
    pub mime: Option<&'static str>,
    /// How many nodes lie directly in a folder; `None` for files and in a listing of the past.
    pub child_count: Option<u64>,
    /// Set when the node, or a folder above it, is in the trash.
    pub trashed: Option<Trashed>,
}

/// How something came into the trash.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trashed {
    /// When.
    pub at: OffsetDateTime,
    /// The path it had.
    pub from_path: String,
}

/// What is done when a name is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum OnConflict {
    /// Nothing; the answer is [`crate::Error::Exists`].
    #[default]
    Fail,
    /// A written or copied file becomes the next version of the file there; a created folder is the folder there; what
    /// is moved takes the place, and what was there goes to the trash.
    NewVersion,
    /// The new one gets a number: `name (2).ext`.
    KeepBoth,
}

/// What the source says about a file.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct FileMeta {
    /// Its length, where known: checked against the quota at once and against what comes at the end.
    pub size: Option<u64>,
    /// When it was last changed; now, when unknown.
    pub modified: Option<OffsetDateTime>,
}

/// By what a listing is ordered. Folders come first in any order; equals are ordered by name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Sort {
    /// By name, case and accents aside, numbers by value.
    #[default]
    Name,
    /// By size.
    Size,
    /// By the time of the last change.
    Modified,
    /// By extension.
    Kind,
}

/// Which part of a folder is listed, and how.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ListQuery {
    /// The order.
    pub sort: Sort,
    /// Largest, newest or last first; folders stay first.
    pub descending: bool,
    /// How many are skipped.
    pub offset: u64,
    /// How many are returned at most, up to 1000.
    pub limit: u32,
    /// Lists the folder as it was at this time.
    pub at: Option<OffsetDateTime>,
}

impl Default for ListQuery {
    fn default() -> Self {
        ListQuery {
            sort: Sort::Name,
            descending: false,
            offset: 0,
            limit: ListQuery::MAX,
            at: None,
        }
    }
}

impl ListQuery {
    /// Items in a page at most.
    pub const MAX: u32 = 1000;
}

/// A part of a listing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// The nodes, in order.
    pub items: Vec<Node>,
    /// How many the whole listing has.
    pub total: u64,
}

/// A version of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Version {
    /// Its name.
    pub id: VersionId,
    /// 1 for the first.
    pub number: u64,
    /// Bytes.
    pub size: u64,
    /// When its content was last changed, as its source said.
    pub modified: OffsetDateTime,
    /// When it was put into the drive.
    pub created_at: OffsetDateTime,
    /// Whether it is the one that is read.
    pub current: bool,
}

/// A result of a search.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hit {
    /// What was found.
    pub node: Node,
    /// Where it is.
    pub path: String,
}

/// What the drive holds. Sizes in bytes.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Usage {
    /// Files, the trash not counted.
    pub files: u64,
    /// Folders, the root and the trash not counted.
    pub folders: u64,
    /// Bytes of those files as one reads them.
    pub logical: u64,
    /// Bytes of all sealed blocks: files, older versions, trash and unfinished uploads; what is equal counts once.
    pub stored: u64,
    /// Bytes of older versions as one reads them.
    pub versions: u64,
    /// Bytes of the files in the trash as one reads them.
    pub trash: u64,
    /// What `stored` may not exceed.
    pub quota: Option<u64>,
}

/// How long older versions are kept. What has a limit is removed by [`crate::Drive::gc`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Retention {
    /// How many versions of a file stay, the current one included; `None` for all.
    pub versions: Option<u64>,
    /// For how many days a version stays after it was replaced; `None` for ever.
    pub days: Option<u64>,
}

/// A time as the drive stores it: microseconds since 1970, UTC.
pub(crate) fn to_micros(time: OffsetDateTime) -> i64 {
    // From the year -9999 to 9999 microseconds fit in 64 bits.
    (time.unix_timestamp_nanos() / 1000) as i64
}

pub(crate) fn from_micros(micros: i64) -> OffsetDateTime {
    OffsetDateTime::from_unix_timestamp_nanos(i128::from(micros) * 1000)
        .unwrap_or(OffsetDateTime::UNIX_EPOCH)
}
