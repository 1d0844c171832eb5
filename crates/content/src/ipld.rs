//! Blocks that name each other by hash, as IPFS knows them: CIDs, codecs, links.
//!
//! A block is bytes; its [`Cid`] says the codec the bytes are in and the hash they have. Everything above (files,
//! folders, archives) is made of blocks and reads them through [`Blocks`], writes them through [`Sink`].
//!
//! Limits hold before memory is taken: a block has at most [`MAX_BLOCK`] bytes, a CID whose digest is the content
//! itself at most [`MAX_IDENTITY`], values nest at most [`MAX_NESTING`] deep.

pub mod dag_cbor;
pub mod dag_json;
pub mod dag_pb;
mod path;
pub(crate) mod protobuf;

use std::sync::Arc;

use aws_lc_rs::digest;
use bytes::Bytes;

pub use cid::Cid;
pub use ipld_core::ipld::Ipld;
pub use path::{Resolved, resolve, split_path};

use crate::segment::Mh;

/// Largest block in bytes, as the peers of this network have it.
pub const MAX_BLOCK: usize = 2 * 1024 * 1024;
/// Longest digest of a CID that holds its content itself. The types of this field's crates end there as well.
pub const MAX_IDENTITY: usize = 64;
/// Longest CID in bytes: version, codec and multihash.
pub const MAX_CID: usize = 96;
/// Longest CID in text, whatever its base.
pub const MAX_CID_TEXT: usize = 256;
/// How deep values of one block may nest.
pub const MAX_NESTING: usize = 128;

/// Codec of plain bytes.
pub const RAW: u64 = 0x55;
/// Codec of CBOR without links.
pub const CBOR: u64 = 0x51;
/// Codec of DAG-PB: what UnixFS is written in.
pub const DAG_PB: u64 = 0x70;
/// Codec of DAG-CBOR.
pub const DAG_CBOR: u64 = 0x71;
/// Codec of a public key, of which IPNS names are made.
pub const LIBP2P_KEY: u64 = 0x72;
/// Codec of DAG-JSON.
pub const DAG_JSON: u64 = 0x0129;
/// Codec of JSON without links.
pub const JSON: u64 = 0x0200;

/// The digest is the content.
pub const IDENTITY: u64 = 0x00;
/// SHA2-256, what public content is named by.
pub const SHA2_256: u64 = 0x12;
/// SHA2-512.
pub const SHA2_512: u64 = 0x13;
/// BLAKE3 with 32 bytes.
pub const BLAKE3: u64 = 0x1e;

/// What went wrong with public content.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The bytes are not what their codec says.
    #[error("this is no valid {what}: {why}")]
    Malformed {
        /// The kind of thing that was read.
        what: &'static str,
        /// What is wrong with it.
        why: String,
    },
    /// Something is larger, deeper or more than is handled.
    #[error("{what} is over the limit of {limit}")]
    Limit {
        /// What is too much.
        what: &'static str,
        /// How much is allowed.
        limit: u64,
    },
    /// A codec or hash that is not known here.
    #[error("{0} is not supported")]
    Unsupported(String),
    /// The bytes do not have the hash their CID says.
    #[error("the bytes of block {0} are others than its CID says")]
    WrongHash(Cid),
    /// A block is not here.
    #[error("block {0} is not here")]
    Missing(Cid),
    /// A path leads nowhere.
    #[error("there is no {0:?} here")]
    NotFound(String),
    /// A file was wanted and something else was found, or the other way round.
    #[error("{cid} is no {wanted}")]
    WrongKind {
        /// What was looked at.
        cid: Cid,
        /// What was wanted.
        wanted: &'static str,
    },
    /// Reading or writing failed outside of this crate.
    #[error("{0}")]
    Outside(#[source] Arc<dyn std::error::Error + Send + Sync>),
}

impl Error {
    /// Bytes that are not what they should be.
    pub fn malformed(what: &'static str, why: impl Into<String>) -> Self {
        Self::Malformed {
            what,
            why: why.into(),
        }
    }

    /// An error of a store or stream.
    pub fn outside(error: impl std::error::Error + Send + Sync + 'static) -> Self {
        Self::Outside(Arc::new(error))
    }
}

impl From<std::io::Error> for Error {
    fn from(error: std::io::Error) -> Self {
        match error.downcast::<Self>() {
            Ok(own) => own,
            Err(error) => Self::outside(error),
        }
    }
}

impl From<Error> for std::io::Error {
    fn from(error: Error) -> Self {
        Self::other(error)
    }
}

/// Results of this part.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Where blocks come from.
pub trait Blocks {
    /// A block whose hash was checked.
    ///
    /// # Errors
    /// [`Error::Missing`] when it is not here; what the store says.
    fn get(&self, cid: &Cid) -> Result<Bytes>;
}

/// Where blocks go.
pub trait Sink {
    /// Takes a block. The caller has hashed it.
    ///
    /// # Errors
    /// What the store says.
    fn put(&mut self, cid: &Cid, block: Bytes) -> Result<()>;
}

impl<S: Sink + ?Sized> Sink for &mut S {
    fn put(&mut self, cid: &Cid, block: Bytes) -> Result<()> {
        (**self).put(cid, block)
    }
}

impl<B: Blocks + ?Sized> Blocks for &B {
    fn get(&self, cid: &Cid) -> Result<Bytes> {
        (**self).get(cid)
    }
}

/// Blocks in memory, for tests and small things. Names them by multihash, so that both versions of a CID are one block.
#[derive(Debug, Clone, Default)]
pub struct Memory(std::collections::BTreeMap<Mh, Bytes>);

impl Memory {
    /// How many blocks there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is no block.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Takes a block away.
    pub fn remove(&mut self, cid: &Cid) {
        self.0.remove(cid.hash());
    }
}

impl Blocks for Memory {
    fn get(&self, cid: &Cid) -> Result<Bytes> {
        self.0.get(cid.hash()).cloned().ok_or(Error::Missing(*cid))
    }
}

impl Sink for Memory {
    fn put(&mut self, cid: &Cid, block: Bytes) -> Result<()> {
        self.0.insert(*cid.hash(), block);
        Ok(())
    }
}

/// The CID (version 1, SHA2-256) of a block.
pub fn cid_of(codec: u64, block: &[u8]) -> Cid {
    Cid::new_v1(codec, sha256(block))
}

pub(crate) fn sha256(block: &[u8]) -> Mh {
    let digest = digest::digest(&digest::SHA256, block);
    Mh::wrap(SHA2_256, digest.as_ref()).unwrap_or_default()
}

/// The multihash of a block by a hash function's code: SHA2-256, SHA2-512, BLAKE3.
///
/// # Errors
/// [`Error::Unsupported`] for another one.
pub fn hash(code: u64, block: &[u8]) -> Result<Mh> {
    let wrapped = match code {
        SHA2_256 => return Ok(sha256(block)),
        SHA2_512 => Mh::wrap(code, digest::digest(&digest::SHA512, block).as_ref()),
        BLAKE3 => Mh::wrap(code, blake3::hash(block).as_bytes()),
        _ => return Err(Error::Unsupported(format!("the hash function {code:#x}"))),
    };
    wrapped.map_err(Error::outside)
}

/// Reads a CID in text: no address around it, nothing over.
///
/// # Errors
/// [`Error::Malformed`], [`Error::Limit`].
pub fn parse_cid(text: &str) -> Result<Cid> {
    if text.len() > MAX_CID_TEXT {
        return Err(Error::Limit {
            what: "the length of a CID",
            limit: MAX_CID_TEXT as u64,
        });
    }
    // The reader of the crate would look for an address in front.
    if text.contains('/') {
        return Err(Error::malformed("CID", "it contains a slash"));
    }
    Cid::try_from(text).map_err(|error| Error::malformed("CID", error.to_string()))
}

/// Reads a CID that is all of `bytes`.
///
/// # Errors
/// [`Error::Malformed`].
pub fn cid_from_bytes(bytes: &[u8]) -> Result<Cid> {
    let mut rest = bytes;
    let cid =
        Cid::read_bytes(&mut rest).map_err(|error| Error::malformed("CID", error.to_string()))?;
    if !rest.is_empty() {
        return Err(Error::malformed("CID", "bytes are left over"));
    }
    Ok(cid)
}

/// A CID of version 1 in base 36, the shortest form without capital letters.
pub fn base36(cid: &Cid) -> String {
    cid.to_string_of_base(cid::multibase::Base::Base36Lower)
        .unwrap_or_default()
}

/// The content of a CID that holds it itself.
pub fn inline(cid: &Cid) -> Option<Bytes> {
    (cid.hash().code() == IDENTITY).then(|| Bytes::copy_from_slice(cid.hash().digest()))
}

/// A block from the CID itself or from `blocks`, not larger than [`MAX_BLOCK`].
///
/// # Errors
/// What `blocks` says; [`Error::Limit`].
pub fn fetch(blocks: &dyn Blocks, cid: &Cid) -> Result<Bytes> {
    if let Some(block) = inline(cid) {
        return Ok(block);
    }
    let block = blocks.get(cid)?;
    check_size(block.len())?;
    Ok(block)
}

pub(crate) fn check_size(len: usize) -> Result<()> {
    if len > MAX_BLOCK {
        return Err(Error::Limit {
            what: "the size of a block",
            limit: MAX_BLOCK as u64,
        });
    }
    Ok(())
}

/// Checks bytes against the hash in their CID. SHA2-256, SHA2-512, BLAKE3 and identity are known, in full length.
///
/// # Errors
/// [`Error::WrongHash`], [`Error::Unsupported`], [`Error::Limit`].
pub fn verify(cid: &Cid, block: &[u8]) -> Result<()> {
    check_size(block.len())?;
    let hash = cid.hash();
    let equal = match (hash.code(), hash.digest().len()) {
        (IDENTITY, _) => hash.digest() == block,
        (SHA2_256, 32) => digest::digest(&digest::SHA256, block).as_ref() == hash.digest(),
        (SHA2_512, 64) => digest::digest(&digest::SHA512, block).as_ref() == hash.digest(),
        (BLAKE3, 32) => blake3::hash(block).as_bytes() == hash.digest(),
        (code, len) => {
            return Err(Error::Unsupported(format!(
                "the hash function {code:#x} with {len} bytes"
            )));
        }
    };
    if equal {
        Ok(())
    } else {
        Err(Error::WrongHash(*cid))
    }
}

/// The links of a block, in the order in which they stand in it.
///
/// # Errors
/// [`Error::Malformed`]; [`Error::Unsupported`] for a codec that is not known.
pub fn links(cid: &Cid, block: &Bytes) -> Result<Vec<Cid>> {
    match cid.codec() {
        RAW | CBOR | JSON | LIBP2P_KEY => Ok(Vec::new()),
        DAG_PB => Ok(dag_pb::Node::decode(block)?
            .links
            .into_iter()
            .map(|link| link.cid)
            .collect()),
        _ => {
            let mut found = Vec::new();
            collect(&decode(cid, block)?, &mut found);
            Ok(found)
        }
    }
}

fn collect(value: &Ipld, found: &mut Vec<Cid>) {
    match value {
        Ipld::Link(cid) => found.push(*cid),
        Ipld::List(list) => list.iter().for_each(|value| collect(value, found)),
        Ipld::Map(map) => map.values().for_each(|value| collect(value, found)),
        _ => {}
    }
}

/// The value that a block holds.
///
/// # Errors
/// [`Error::Malformed`]; [`Error::Unsupported`] for a codec that is not known.
pub fn decode(cid: &Cid, block: &Bytes) -> Result<Ipld> {
    match cid.codec() {
        RAW | LIBP2P_KEY => Ok(Ipld::Bytes(block.to_vec())),
        DAG_PB => Ok(dag_pb::Node::decode(block)?.into_ipld()),
        DAG_CBOR | CBOR => dag_cbor::decode(block),
        DAG_JSON | JSON => dag_json::decode(block),
        other => Err(Error::Unsupported(format!("the codec {other:#x}"))),
    }
}

/// Refuses values that nest deeper than [`MAX_NESTING`].
pub(crate) fn check_nesting(value: &Ipld, left: usize) -> Result<()> {
    let Some(left) = left.checked_sub(1) else {
        return Err(Error::Limit {
            what: "the nesting of a value",
            limit: MAX_NESTING as u64,
        });
    };
    match value {
        Ipld::List(list) => list.iter().try_for_each(|value| check_nesting(value, left)),
        Ipld::Map(map) => map
            .values()
            .try_for_each(|value| check_nesting(value, left)),
        _ => Ok(()),
    }
}
