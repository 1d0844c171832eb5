use std::{fmt, str::FromStr};

use uuid::Uuid;

/// Names a folder or file for good: a UUIDv7, kept through renames, moves and restores.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct NodeId([u8; 16]);

impl NodeId {
    /// The drive's own folder.
    pub const ROOT: NodeId = NodeId([0, 0, 0, 0, 0, 0, 0x70, 0, 0x80, 0, 0, 0, 0, 0, 0, 1]);
    /// Holds what was removed. It cannot be listed as a folder; see [`crate::Drive::trash_list`].
    pub(crate) const TRASH: NodeId = NodeId([0, 0, 0, 0, 0, 0, 0x70, 0, 0x80, 0, 0, 0, 0, 0, 0, 2]);

    /// The 16 bytes of the UUID.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }

    /// The id with these bytes.
    #[must_use]
    pub fn from_bytes(bytes: [u8; 16]) -> NodeId {
        NodeId(bytes)
    }

    /// A new id: 48 bits of time in milliseconds, the rest from `random`.
    pub(crate) fn new(unix_millis: u64, random: [u8; 10]) -> NodeId {
        NodeId(
            *uuid::Builder::from_unix_timestamp_millis(unix_millis, &random)
                .as_uuid()
                .as_bytes(),
        )
    }
}

impl fmt::Display for NodeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Uuid::from_bytes(self.0).hyphenated().fmt(f)
    }
}

impl fmt::Debug for NodeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "NodeId({self})")
    }
}

/// A text that is no id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not an id: {0:?}")]
pub struct BadId(pub(crate) String);

impl FromStr for NodeId {
    type Err = BadId;

    /// Reads the hyphenated form, or `root`.
    fn from_str(text: &str) -> Result<NodeId, BadId> {
        if text == "root" {
            return Ok(NodeId::ROOT);
        }
        match Uuid::try_parse(text) {
            Ok(uuid) if text.len() == 36 => Ok(NodeId(uuid.into_bytes())),
            _ => Err(BadId(text.chars().take(64).collect())),
        }
    }
}

/// Names a version of a file: the number of the change that made it. Unique in a drive, growing with time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct VersionId(pub u64);

impl fmt::Display for VersionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for VersionId {
    type Err = BadId;

    fn from_str(text: &str) -> Result<VersionId, BadId> {
        text.parse()
            .ok()
            .filter(|number| i64::try_from(*number).is_ok())
            .map(VersionId)
            .ok_or_else(|| BadId(text.chars().take(64).collect()))
    }
}

/// Names a resumable upload.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct UploadId(pub(crate) [u8; 16]);

impl fmt::Display for UploadId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Uuid::from_bytes(self.0).hyphenated().fmt(f)
    }
}

impl fmt::Debug for UploadId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "UploadId({self})")
    }
}

impl FromStr for UploadId {
    type Err = BadId;

    fn from_str(text: &str) -> Result<UploadId, BadId> {
        match Uuid::try_parse(text) {
            Ok(uuid) if text.len() == 36 => Ok(UploadId(uuid.into_bytes())),
            _ => Err(BadId(text.chars().take(64).collect())),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn an_id_is_a_uuid_of_version_7_and_reads_back() {
        let id = NodeId::new(1_700_000_000_000, [0xff; 10]);
        assert_eq!(id.to_string().parse::<NodeId>().unwrap(), id);
        assert_eq!(id.to_string().as_bytes()[14], b'7');
        assert_eq!("root".parse::<NodeId>().unwrap(), NodeId::ROOT);
        assert_eq!(
            NodeId::ROOT.to_string().parse::<NodeId>().unwrap(),
            NodeId::ROOT
        );
        for bad in [
            "",
            "1",
            "../x",
            "{018bcfe5-6800-7fff-bfff-ffffffffffff}",
            "018bcfe568007fffbfffffffffffffff",
        ] {
            assert!(bad.parse::<NodeId>().is_err(), "{bad}");
        }
        assert!("-1".parse::<VersionId>().is_err());
        assert!("18446744073709551615".parse::<VersionId>().is_err());
    }
}
