//! UnixFS: files and folders made of blocks, with the CIDs other implementations give them.
//!
//! ```
//! use webx_content::{ipld::Memory, unixfs::{self, Profile}};
//!
//! let mut blocks = Memory::default();
//! let file = unixfs::import_file(&Profile::V1_2025, &mut blocks, &mut &b"hello"[..])?;
//! assert_eq!(file.cid.to_string(), "bafkreibm6jg3ux5qumhcn2b3flc3tyu6dmlb4xa7u5bf44yegnrjhc4yeq");
//! let mut folder = unixfs::Folder::default();
//! folder.insert("greeting.txt", &file)?;
//! let root = folder.finish(&Profile::V1_2025, &mut blocks)?;
//!
//! let found = unixfs::child(&blocks, &root.cid, "greeting.txt")?.expect("it was put there");
//! let reader = unixfs::File::open(&blocks, &found)?;
//! let bytes: Vec<u8> = reader.read(&blocks, 1..4).collect::<Result<Vec<_>, _>>()?.concat();
//! assert_eq!(bytes, b"ell");
//! # Ok::<(), webx_content::ipld::Error>(())
//! ```
//!
//! - A **[`Profile`]** says everything that decides about CIDs (IPIP-499): size of the pieces, width of the tree, when a
//!   folder becomes a HAMT.
//! - **Import** ([`FileImport`], [`import_file`], [`Folder`]) streams: a file of any size takes the memory of one piece
//!   and of one row of links a level.
//! - **Reading** ([`File`], [`child`], [`list`]) believes nothing: a subtree has the size its parent says or it is an
//!   error; what has no bytes is not fetched; depth, number of entries and number of blocks are bounded.

use crate::ipld::{Cid, DAG_PB, Error, Result, SHA2_256, cid_of};

mod data;
mod folder;
mod hamt;
mod import;
mod list;
mod read;

pub use data::{Data, Kind, Stat, stat, stat_of};
pub use folder::Folder;
pub use import::{FileImport, Imported, import_file, symlink};
pub(crate) use list::list_block;
pub use list::{Entry, Flow, MAX_ENTRIES, child, list};
pub use read::{File, Pieces};

/// How bytes become blocks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Profile {
    /// Name of the profile.
    pub name: &'static str,
    /// Bytes of a piece of a file.
    pub(crate) chunk: usize,
    /// Links of a node of a file.
    pub(crate) width: usize,
    /// Whether pieces are plain bytes, or wrapped.
    pub(crate) raw_leaves: bool,
    /// Whether CIDs are of version 0.
    pub(crate) v0: bool,
    /// Code of the hash function.
    pub(crate) hash: u64,
    /// How the size of a folder is measured.
    pub(crate) measure: Measure,
}

/// What decides whether a folder is a HAMT.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Measure {
    /// The bytes of names and CIDs.
    Links,
    /// The bytes of the block it would be.
    Block,
}

impl Profile {
    /// What IPFS did from the beginning: CIDv0, 256 KiB, 174 links.
    pub const V0_2015: Self = Self {
        name: "unixfs-v0-2015",
        chunk: 256 * 1024,
        width: 174,
        raw_leaves: false,
        v0: true,
        hash: SHA2_256,
        measure: Measure::Links,
    };
    /// What is agreed on since 2025: CIDv1, 1 MiB, 1024 links, plain pieces.
    pub const V1_2025: Self = Self {
        name: "unixfs-v1-2025",
        chunk: 1024 * 1024,
        width: 1024,
        raw_leaves: true,
        v0: false,
        hash: SHA2_256,
        measure: Measure::Block,
    };

    /// The profile of this name.
    pub fn named(name: &str) -> Option<Self> {
        [Self::V0_2015, Self::V1_2025]
            .into_iter()
            .find(|profile| profile.name == name)
    }

    /// With pieces of another size.
    ///
    /// # Errors
    /// [`Error::Limit`] for none, or for one that fits in no block together with what is wrapped around it.
    pub fn with_chunk(self, chunk: usize) -> Result<Self> {
        if chunk == 0 || chunk > MAX_CHUNK {
            return Err(Error::Limit {
                what: "the size of a piece",
                limit: MAX_CHUNK as u64,
            });
        }
        Ok(Self { chunk, ..self })
    }

    /// With pieces that are plain bytes, or wrapped.
    #[must_use]
    pub fn with_raw_leaves(self, raw_leaves: bool) -> Self {
        Self { raw_leaves, ..self }
    }

    /// With CIDs of version 0 or 1.
    ///
    /// # Errors
    /// [`Error::Unsupported`] for another version, or for version 0 with another hash than SHA2-256.
    pub fn with_cid_version(self, version: u64) -> Result<Self> {
        match version {
            0 if self.hash == SHA2_256 => Ok(Self { v0: true, ..self }),
            1 => Ok(Self { v0: false, ..self }),
            0 => Err(Error::Unsupported(
                "version 0 of CIDs with another hash than SHA2-256".to_owned(),
            )),
            _ => Err(Error::Unsupported(format!("version {version} of CIDs"))),
        }
    }

    /// With another hash function, by its code. Others than SHA2-256 need CIDs of version 1.
    ///
    /// # Errors
    /// [`Error::Unsupported`] for one that is not checked here.
    pub fn with_hash(self, hash: u64) -> Result<Self> {
        crate::ipld::hash(hash, b"")?;
        Ok(Self {
            hash,
            v0: self.v0 && hash == SHA2_256,
            ..self
        })
    }

    /// The version of its CIDs.
    pub fn cid_version(&self) -> u64 {
        u64::from(!self.v0)
    }

    /// The CID of a node in this profile.
    pub(crate) fn node_cid(&self, block: &[u8]) -> Cid {
        let v1 = self.cid(DAG_PB, block);
        if self.v0 {
            Cid::new_v0(*v1.hash()).unwrap_or(v1)
        } else {
            v1
        }
    }

    /// The CID of version 1 of a block in this profile.
    pub(crate) fn cid(&self, codec: u64, block: &[u8]) -> Cid {
        match crate::ipld::hash(self.hash, block) {
            Ok(hash) => Cid::new_v1(codec, hash),
            Err(_) => cid_of(codec, block),
        }
    }
}

/// A folder over this many bytes, measured as its profile says, is a HAMT.
pub(crate) const SHARD_OVER: usize = 256 * 1024;
/// Largest piece of a file; the rest of a block is for what is wrapped around it.
pub const MAX_CHUNK: usize = crate::ipld::MAX_BLOCK - 256;
/// Longest name of an entry that is read or written, in bytes.
pub(crate) const MAX_NAME: usize = 1024;
