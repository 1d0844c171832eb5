//! What stands in the data of a node: kind, sizes, bytes.

use bytes::Bytes;

use crate::ipld::protobuf::{Fields, Value, put_bytes, put_number, varint};
use crate::ipld::{Blocks, Cid, DAG_PB, Error, RAW, Result, dag_pb::Node, fetch};

const WHAT: &str = "UnixFS node";

/// What a node is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Kind {
    /// A piece of a file.
    Raw,
    /// A folder whose links stand in one block.
    Folder,
    /// A file or a part of one.
    File,
    /// Not used any more.
    Metadata,
    /// A symbolic link.
    Symlink,
    /// A folder whose links stand in a tree of blocks.
    Shard,
}

/// The data of a node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Data {
    /// What it is.
    pub kind: Kind,
    /// Bytes of a file, target of a symbolic link, bit field of a shard.
    pub bytes: Bytes,
    /// Bytes of the file below.
    pub size: Option<u64>,
    /// Bytes of the file below each link.
    pub sizes: Vec<u64>,
    /// Hash function of a shard.
    pub hash: Option<u64>,
    /// Places of a shard.
    pub fanout: Option<u64>,
    /// Permissions.
    pub mode: Option<u32>,
    /// When it was changed, in seconds since 1970.
    pub modified: Option<i64>,
}

impl Data {
    pub(crate) fn new(kind: Kind) -> Self {
        Self {
            kind,
            bytes: Bytes::new(),
            size: None,
            sizes: Vec::new(),
            hash: None,
            fanout: None,
            mode: None,
            modified: None,
        }
    }

    /// Reads it.
    ///
    /// # Errors
    /// [`Error::Malformed`].
    pub fn decode(bytes: &Bytes) -> Result<Self> {
        let mut kind = None;
        let mut data = Self::new(Kind::Raw);
        for field in Fields::new(WHAT, bytes) {
            match field? {
                (1, value) => {
                    kind = Some(match value.number(WHAT)? {
                        0 => Kind::Raw,
                        1 => Kind::Folder,
                        2 => Kind::File,
                        3 => Kind::Metadata,
                        4 => Kind::Symlink,
                        5 => Kind::Shard,
                        _ => return Err(Error::malformed(WHAT, "an unknown kind")),
                    });
                }
                (2, value) => data.bytes = bytes.slice_ref(value.bytes(WHAT)?),
                (3, value) => data.size = Some(value.number(WHAT)?),
                (4, Value::Number(size)) => data.sizes.push(size),
                (4, value) => packed(value.bytes(WHAT)?, &mut data.sizes)?,
                (5, value) => data.hash = Some(value.number(WHAT)?),
                (6, value) => data.fanout = Some(value.number(WHAT)?),
                (7, value) => data.mode = u32::try_from(value.number(WHAT)?).ok(),
                (8, value) => data.modified = seconds(value.bytes(WHAT)?)?,
                // Later versions may say more; what is not understood decides about nothing here.
                _ => {}
            }
        }
        data.kind = kind.ok_or_else(|| Error::malformed(WHAT, "it does not say what it is"))?;
        Ok(data)
    }

    /// Writes it, in the order of the fields' numbers.
    pub fn encode(&self) -> Bytes {
        let mut out = Vec::with_capacity(self.bytes.len() + 32 + 8 * self.sizes.len());
        put_number(&mut out, 1, self.kind as u64);
        if !self.bytes.is_empty() {
            put_bytes(&mut out, 2, &self.bytes);
        }
        if let Some(size) = self.size {
            put_number(&mut out, 3, size);
        }
        for size in &self.sizes {
            put_number(&mut out, 4, *size);
        }
        if let Some(hash) = self.hash {
            put_number(&mut out, 5, hash);
        }
        if let Some(fanout) = self.fanout {
            put_number(&mut out, 6, fanout);
        }
        out.into()
    }

    /// Bytes of the file: its own and those below.
    pub(crate) fn file_size(&self) -> Result<u64> {
        let own = self.bytes.len() as u64;
        self.sizes
            .iter()
            .try_fold(own, |sum, size| sum.checked_add(*size))
            .ok_or_else(|| Error::malformed(WHAT, "its sizes are out of range"))
    }

    pub(crate) fn of(node: &Node) -> Result<Self> {
        let bytes = node
            .data
            .as_ref()
            .ok_or_else(|| Error::malformed(WHAT, "it has no data"))?;
        Self::decode(bytes)
    }
}

fn packed(mut bytes: &[u8], sizes: &mut Vec<u64>) -> Result<()> {
    while !bytes.is_empty() {
        let (size, rest) =
            varint(bytes).ok_or_else(|| Error::malformed(WHAT, "a size that does not end"))?;
        sizes.push(size);
        bytes = rest;
    }
    Ok(())
}

fn seconds(bytes: &[u8]) -> Result<Option<i64>> {
    for field in Fields::new(WHAT, bytes) {
        if let (1, value) = field? {
            return Ok(Some(value.number(WHAT)?.cast_signed()));
        }
    }
    Ok(None)
}

/// What a CID leads to.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Stat {
    /// A file of so many bytes.
    File(u64),
    /// A folder.
    Folder,
    /// A symbolic link and where it points.
    Symlink(String),
    /// Data of another codec, of no UnixFS.
    Value,
}

/// What a CID leads to.
///
/// # Errors
/// What the store says; [`Error::Malformed`].
pub fn stat(blocks: &dyn Blocks, cid: &Cid) -> Result<Stat> {
    match cid.codec() {
        RAW | DAG_PB => stat_of(cid, &fetch(blocks, cid)?),
        _ => Ok(Stat::Value),
    }
}

/// What a block is.
///
/// # Errors
/// [`Error::Malformed`].
pub fn stat_of(cid: &Cid, block: &Bytes) -> Result<Stat> {
    match cid.codec() {
        RAW => return Ok(Stat::File(block.len() as u64)),
        DAG_PB => {}
        _ => return Ok(Stat::Value),
    }
    let node = Node::decode(block)?;
    let Ok(data) = Data::of(&node) else {
        return Ok(Stat::Value);
    };
    Ok(match data.kind {
        Kind::File | Kind::Raw => Stat::File(data.file_size()?),
        Kind::Folder | Kind::Shard => Stat::Folder,
        Kind::Symlink => Stat::Symlink(String::from_utf8_lossy(&data.bytes).into_owned()),
        Kind::Metadata => Stat::Value,
    })
}
