//! Files are read: any range, piece by piece, and only the blocks that the range touches.

use std::ops::Range;

use bytes::Bytes;

use super::{Data, Kind};
use crate::ipld::{Blocks, Cid, DAG_PB, Error, RAW, Result, dag_pb::Node, fetch};

/// How deep a file's tree may be. 1024 links a node and 1 MiB a piece make an exabyte of 4.
const MAX_DEPTH: usize = 32;

/// A file whose first block was read.
#[derive(Debug, Clone)]
pub struct File {
    cid: Cid,
    block: Bytes,
    size: u64,
}

impl File {
    /// Opens a file.
    ///
    /// # Errors
    /// [`Error::WrongKind`]; what the store says; [`Error::Malformed`].
    pub fn open(blocks: &dyn Blocks, cid: &Cid) -> Result<Self> {
        Self::from_block(*cid, fetch(blocks, cid)?)
    }

    /// Opens a file whose first block is at hand.
    ///
    /// # Errors
    /// [`Error::WrongKind`], [`Error::Malformed`].
    pub fn from_block(cid: Cid, block: Bytes) -> Result<Self> {
        let size = Part::open(&cid, &block)?.size()?;
        Ok(Self { cid, block, size })
    }

    /// Its bytes.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Its first block.
    pub fn first_block(&self) -> &Bytes {
        &self.block
    }

    /// The bytes of a range, which is cut to the file's end.
    pub fn read<'a>(&self, blocks: &'a dyn Blocks, range: Range<u64>) -> Pieces<'a> {
        let end = range.end.min(self.size);
        Pieces {
            blocks,
            open: Vec::new(),
            first: (range.start < end).then(|| (self.cid, self.block.clone())),
            at: 0,
            start: range.start,
            end,
        }
    }
}

/// What one block holds of a file: its own bytes and what hangs below.
struct Part {
    bytes: Bytes,
    below: Vec<(Cid, u64)>,
}

impl Part {
    fn open(cid: &Cid, block: &Bytes) -> Result<Self> {
        let wrong = Error::WrongKind {
            cid: *cid,
            wanted: "file",
        };
        match cid.codec() {
            RAW => {
                return Ok(Self {
                    bytes: block.clone(),
                    below: Vec::new(),
                });
            }
            DAG_PB => {}
            _ => return Err(wrong),
        }
        let node = Node::decode(block)?;
        let data = Data::of(&node)?;
        if !matches!(data.kind, Kind::File | Kind::Raw) {
            return Err(wrong);
        }
        let bad = |why: &str| Error::malformed("file", why);
        if data.sizes.len() != node.links.len() {
            return Err(bad("it has another number of parts than of sizes"));
        }
        let below = node.links.iter().map(|link| link.cid).zip(data.sizes);
        let part = Self {
            bytes: data.bytes,
            below: below.collect(),
        };
        if data
            .size
            .is_some_and(|size| Ok(size) != part.size().map_err(|_| ()))
        {
            return Err(bad("its size is not that of its parts"));
        }
        Ok(part)
    }

    fn size(&self) -> Result<u64> {
        self.below
            .iter()
            .try_fold(self.bytes.len() as u64, |sum, (_, size)| {
                sum.checked_add(*size)
            })
            .ok_or_else(|| Error::malformed("file", "its size is out of range"))
    }
}

/// The pieces of a range of a file, in order.
pub struct Pieces<'a> {
    blocks: &'a dyn Blocks,
    /// Parts that are open, each with the parts it still has below it.
    open: Vec<std::vec::IntoIter<(Cid, u64)>>,
    first: Option<(Cid, Bytes)>,
    /// Where in the file the next part begins.
    at: u64,
    start: u64,
    end: u64,
}

impl Pieces<'_> {
    /// Opens a part; gives what of its own bytes is in the range.
    fn enter(&mut self, cid: &Cid, block: &Bytes, size: Option<u64>) -> Result<Option<Bytes>> {
        if self.open.len() >= MAX_DEPTH {
            return Err(Error::Limit {
                what: "the depth of a file",
                limit: MAX_DEPTH as u64,
            });
        }
        let part = Part::open(cid, block)?;
        // A part that had less than it says could hide endless work behind no bytes at all.
        if size.is_some_and(|size| part.size().ok() != Some(size)) {
            return Err(Error::malformed(
                "file",
                "a part has another size than the part above says",
            ));
        }
        let begin = self.at;
        self.at += part.bytes.len() as u64;
        self.open.push(part.below.into_iter());
        let from = self.start.clamp(begin, self.at) - begin;
        let to = self.end.clamp(begin, self.at) - begin;
        // Both lie within a block, which is small.
        let bytes = part.bytes.slice(from as usize..to.max(from) as usize);
        Ok((!bytes.is_empty()).then_some(bytes))
    }

    fn step(&mut self) -> Result<Option<Bytes>> {
        if let Some((cid, block)) = self.first.take() {
            let bytes = self.enter(&cid, &block, None)?;
            if bytes.is_some() {
                return Ok(bytes);
            }
        }
        while self.at < self.end {
            let Some(parts) = self.open.last_mut() else {
                return Ok(None);
            };
            let Some((cid, size)) = parts.next() else {
                self.open.pop();
                continue;
            };
            if self.at + size <= self.start {
                self.at += size;
                continue;
            }
            // What has no bytes is nothing to read.
            if size == 0 {
                continue;
            }
            let block = fetch(self.blocks, &cid)?;
            let bytes = self.enter(&cid, &block, Some(size))?;
            if bytes.is_some() {
                return Ok(bytes);
            }
        }
        Ok(None)
    }
}

impl Iterator for Pieces<'_> {
    type Item = Result<Bytes>;

    fn next(&mut self) -> Option<Self::Item> {
        let step = self.step();
        if step.is_err() {
            self.first = None;
            self.open.clear();
            self.end = 0;
        }
        step.transpose()
    }
}
