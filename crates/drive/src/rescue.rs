//! All blocks of the drive in one archive, and a drive out of such an archive. `docs/format.md` is enough to read one.
use std::io::{self, Read, Write};

use webx_content::{
    car,
    ipld::{self, BLAKE3, Cid, RAW, Sink as _},
    multihash_of_digest,
};
use webx_vault::{BlockStore as _, Durability};

use crate::{Adopted, Drive, Error, Exchange, Result};

/// Blocks looked up at once.
const SLICE: u32 = 256;

/// How far a rescue is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct RescueProgress {
    /// Blocks written.
    pub blocks: u64,
    /// Bytes of those blocks.
    pub bytes: u64,
}

impl Drive {
    /// Writes all blocks that the drive needs, its catalogue first of all brought up to date, as a CAR (version 1) whose root
    /// is the catalogue's. All of it is ciphertext; the 24 words open it. `progress` ends it by `false`.
    ///
    /// # Errors
    /// [`Error::Stopped`]; [`Error::Damaged`] when a block is lost; [`Error::Io`] from `to`; [`Error::Vault`].
    pub fn rescue(
        &self,
        to: impl Write,
        mut progress: impl FnMut(RescueProgress) -> bool,
    ) -> Result<RescueProgress> {
        let catalogue = self.make_catalogue(|| true)?;
        // What the catalogue names stays until it is written, whatever is purged meanwhile.
        let hold = self.0.hold()?;
        let mut digests = Vec::new();
        let mut after = None;
        loop {
            let slice = self.blocks_after(after.as_ref(), SLICE)?;
            let Some((last, _)) = slice.last() else { break };
            after = Some(*last);
            for (digest, _) in slice {
                hold.add(digest);
                digests.push(digest);
            }
        }
        let mut writer = car::Writer::new(to, &[cid(&catalogue.root)]).map_err(outside)?;
        let mut done = RescueProgress::default();
        for digest in digests {
            let block = self.0.block(&digest)?;
            done.blocks += 1;
            done.bytes += block.len() as u64;
            writer.put(&cid(&digest), block).map_err(outside)?;
            if !progress(done) {
                return Err(Error::Stopped);
            }
        }
        Ok(done)
    }

    /// Makes this drive, which must be empty, the one that an archive of [`Drive::rescue`] holds. Blocks that do not belong
    /// to it are dropped by the next [`Drive::gc`].
    ///
    /// # Errors
    /// [`Error::NotEmpty`]; [`Error::BadArchive`]; as [`Drive::adopt`].
    pub fn adopt_archive(
        &self,
        from: impl Read,
        mut progress: impl FnMut(RescueProgress) -> bool,
    ) -> Result<Adopted> {
        self.0.must_be_empty()?;
        let mut reader = car::Reader::new(from).map_err(outside)?;
        let root = match reader.roots() {
            [root] => digest(root).ok_or(Error::BadArchive("its root is no block of a drive"))?,
            _ => return Err(Error::BadArchive("it has not one root")),
        };
        let hold = self.0.hold()?;
        let mut done = RescueProgress::default();
        while let Some((cid, block)) = reader.next_block().map_err(outside)? {
            let digest = digest(&cid).ok_or(Error::BadArchive("it holds other blocks"))?;
            hold.add(digest);
            done.blocks += 1;
            done.bytes += block.len() as u64;
            let one = [(multihash_of_digest(&digest), block)];
            self.0.blocks().put_many(&one, Durability::Buffered)?;
            if !progress(done) {
                return Err(Error::Stopped);
            }
        }
        self.0.blocks().sync()?;
        self.adopt(&root, &Nowhere)
    }
}

/// Blocks that are not in the archive are not to be had.
struct Nowhere;

impl Exchange for Nowhere {
    fn fetch(&self, _: &[u8; 32]) -> Option<bytes::Bytes> {
        None
    }
}

fn cid(digest: &[u8; 32]) -> Cid {
    Cid::new_v1(RAW, multihash_of_digest(digest))
}

fn digest(cid: &Cid) -> Option<[u8; 32]> {
    let is_ours = cid.codec() == RAW && cid.hash().code() == BLAKE3;
    cid.hash().digest().try_into().ok().filter(|_| is_ours)
}

/// What the archive's own code says: a broken archive, or the other end of the stream.
fn outside(error: ipld::Error) -> Error {
    match error {
        ipld::Error::Outside(error) => match error.downcast_ref::<io::Error>() {
            Some(io) => Error::Io(io::Error::new(io.kind(), error)),
            None => Error::Io(io::Error::other(error)),
        },
        ipld::Error::WrongHash(_) => Error::BadArchive("a block in it is damaged"),
        ipld::Error::Limit { .. } => Error::BadArchive("something in it is too large"),
        _ => Error::BadArchive("it is no CAR, or is cut off"),
    }
}
