//! Content and its blocks, pure: no files, clock or randomness inside. Private: the vault format, how the bytes of a file
//! become sealed blocks, and back. Public: what IPFS knows, [`ipld`], [`unixfs`], [`car`] and [`ipns`].
//!
//! ```
//! use webx_content::{FileKey, Manifest, Sealer, open_segment};
//!
//! let key = FileKey::from_bytes([7; 32]);
//! let sealed = Sealer::new(&key).seal(0, b"first and last segment".to_vec())?;
//! let manifest = Manifest::flat(vec![sealed.segment.clone()])?;
//! assert_eq!(manifest.size(), 22);
//! assert_eq!(open_segment(&key, &sealed.segment, &sealed.block)?, b"first and last segment");
//! # Ok::<(), webx_content::Error>(())
//! ```
//!
//! Concepts, in reading order:
//!
//! - **[`FileKey`]** seals the versions of one file. **[`NodeKey`]** is the key of a folder or file in the tree; it seals
//!   nothing but other keys ([`wrap`]), so that a folder can be shared, and later revoked, by handing out one key.
//! - **[`Segment`]**: up to [`SEGMENT_LEN`] bytes of a file, sealed by AES-256-GCM under a key of its own, stored as one
//!   raw block named by its BLAKE3 multihash. The salt of a segment is a keyed fingerprint of its plaintext and place, so
//!   an unchanged segment of an edited file is recognised and reused.
//! - **[`Manifest`]**: the size of a file and its segments in order. Sealed as a [`sealed`] record, which commits to its
//!   key. What the manifest does not list is not part of the file: order, length and truncation are bound by it.
//! - **[`catalogue`]**: the tree itself as sealed blocks.
//! - **[`Bundle`]**: files of at most [`SMALL_LEN`] bytes are sealed one by one and share a block.
//!
//! The two sides share no type of block: sealed blocks are named by a multihash that no [`ipld::Blocks`] gives out.
//!
//! `docs/format.md` describes every byte; the vectors in `tests/vectors.rs` pin them.

mod bundle;
pub mod car;
pub mod catalogue;
mod cbor;
mod error;
pub mod ipld;
pub mod ipns;
mod key;
mod manifest;
mod padding;
pub mod sealed;
mod segment;
pub mod unixfs;

pub use bundle::{BUNDLE_LEN, Bundle, Place, SMALL_LEN, open_small, seal_small};
pub use error::Error;
pub use key::{
    FileKey, Generation, NodeKey, WRAPPED_LEN, unwrap_file_key, unwrap_key, wrap_file_key, wrap_key,
};
pub use manifest::{
    MAX_PAGES, Manifest, PAGE_SEGMENTS, Page, open_manifest, open_page, seal_manifest,
    seal_manifest_inline, seal_page,
};
pub use padding::padme;
pub use segment::{
    BLOCK_LEN, Known, Mh, SEGMENT_LEN, Salt, SealedSegment, Sealer, Segment, multihash_of,
    multihash_of_digest, open_segment, open_segment_into,
};

/// Entry points for the fuzzer; no part of the API.
#[doc(hidden)]
pub mod fuzz {
    /// Feeds a manifest root and a manifest page.
    pub fn manifest(bytes: &[u8]) {
        if let Ok(manifest) = crate::Manifest::decode(bytes) {
            assert_eq!(manifest.encode(), bytes, "a manifest has one encoding");
        }
        if let Ok(page) = crate::manifest::decode_page(bytes) {
            assert_eq!(
                crate::manifest::encode_page(&page),
                bytes,
                "a page has one encoding"
            );
        }
        let _ = crate::catalogue::decode_page(bytes);
        let key = crate::FileKey::from_bytes([1; 32]);
        let _ = crate::open_manifest(&key, bytes);
    }

    /// Feeds what comes from strangers: nodes, values, archives, records.
    pub fn public(bytes: &[u8]) {
        use crate::{car, ipld, ipns, unixfs};
        let block = bytes::Bytes::copy_from_slice(bytes);
        if let Ok(node) = ipld::dag_pb::Node::decode(&block) {
            let again = ipld::dag_pb::Node::decode(&node.encode());
            assert!(again.is_ok_and(|again| again == node), "a node reads back");
        }
        if let Ok(value) = ipld::dag_cbor::decode(bytes) {
            let again = ipld::dag_cbor::encode(&value);
            let again = again.and_then(|again| ipld::dag_cbor::decode(&again));
            assert!(
                again.is_ok_and(|again| again == value),
                "a value reads back"
            );
        }
        if let Ok(value) = ipld::dag_json::decode(bytes) {
            let again = ipld::dag_json::encode(&value);
            let again = again.and_then(|again| ipld::dag_json::decode(again.as_bytes()));
            assert!(
                again.is_ok_and(|again| again == value),
                "a value reads back"
            );
        }
        let mut blocks = ipld::Memory::default();
        if let Ok(mut reader) = car::Reader::new(bytes) {
            while let Ok(Some((cid, block))) = reader.next_block() {
                let _ = ipld::Sink::put(&mut blocks, &cid, block);
            }
            for root in reader.roots() {
                let all = car::Selection::default();
                let _ = car::export(&blocks, root, &["a"], all, &mut ipld::Memory::default());
            }
        }
        let cid = ipld::cid_of(ipld::DAG_PB, bytes);
        let _ = ipld::Sink::put(&mut blocks, &cid, block);
        let _ = unixfs::child(&blocks, &cid, "a");
        if let Ok(file) = unixfs::File::open(&blocks, &cid) {
            let _ = file.read(&blocks, 0..u64::MAX).take(64).count();
        }
        let name = "k51qzi5uqu5dit2ku9mutlfgwyz8u730on38kd10m97m36bjt66my99hb6103f";
        if let Ok(name) = ipns::Name::parse(name) {
            let _ = ipns::Record::verify(&name, bytes);
        }
    }

    /// Feeds a bundle block and a place in it: the first eight bytes are offset and length.
    pub fn bundle(bytes: &[u8]) {
        let Some((head, block)) = bytes.split_first_chunk::<8>() else {
            return;
        };
        let [a, b, c, d, e, f, g, h] = *head;
        let place = crate::Place {
            offset: u32::from_le_bytes([a, b, c, d]),
            len: u32::from_le_bytes([e, f, g, h]),
        };
        let _ = crate::open_small(&crate::FileKey::from_bytes([1; 32]), block, place);
    }
}
