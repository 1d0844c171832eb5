//! Bytes of apps as sealed blocks in the vault: files of packages, machine code, blobs.
use std::io::{self, Read, Seek, SeekFrom};

use aws_lc_rs::digest::{Context, SHA256};
use webx_content::{FileKey, Known, SEGMENT_LEN, Sealer, Segment, open_segment};
use webx_vault::{BlockStore, Durability, Secret32, Vault, kept, rusqlite::Transaction};

use crate::{Error, Result};

/// Blocks that are stored at once.
const BATCH: usize = 8;
/// Bytes of a segment in its list.
const SEGMENT_BYTES: usize = 52;

/// Seals and opens bytes. `packages` and `data` are keys of their own.
#[derive(Clone)]
pub(crate) struct Sealed {
    vault: Vault,
    packages: Secret32,
    data: Secret32,
}

/// Whose bytes they are; names their key and, in the vault, the owner of their blocks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Owner {
    /// A file of packages, by its SHA-256.
    Content([u8; 32]),
    /// A package that waits to be installed.
    Upload([u8; 16]),
    /// Machine code.
    Code([u8; 16]),
    /// A blob of an app.
    Blob([u8; 16]),
}

impl Owner {
    fn name(&self) -> Vec<u8> {
        let (label, id): (&[u8], &[u8]) = match self {
            Owner::Content(id) => (b"app/content/", id),
            Owner::Upload(id) => (b"app/upload/", id),
            Owner::Code(id) => (b"app/code/", id),
            Owner::Blob(id) => (b"app/blob/", id),
        };
        [label, id].concat()
    }

    fn what(&self) -> &'static str {
        match self {
            Owner::Content(_) => "a file of an app",
            Owner::Upload(_) => "a package that waits to be installed",
            Owner::Code(_) => "the machine code of an app",
            Owner::Blob(_) => "something an app stored",
        }
    }

    /// Writes down that the blocks are needed.
    pub(crate) fn keep(&self, tx: &Transaction<'_>, segments: &[Segment]) -> Result<()> {
        Ok(kept::keep(
            tx,
            &self.name(),
            segments.iter().map(|segment| &segment.digest),
        )?)
    }

    /// Gives the blocks up.
    pub(crate) fn release(&self, tx: &Transaction<'_>) -> Result<()> {
        kept::release(tx, &self.name())?;
        Ok(())
    }
}

/// Bytes that are stored and not yet part of anything; the blocks stay until this is dropped, which must be after the
/// commit.
pub(crate) struct Stored {
    pub(crate) segments: Vec<Segment>,
    pub(crate) size: u64,
    pub(crate) sha256: [u8; 32],
    _hold: webx_vault::Hold,
}

impl Sealed {
    pub(crate) fn new(vault: &Vault) -> Result<Sealed> {
        Ok(Sealed {
            packages: vault.derive("apps/packages/v1")?,
            data: vault.derive("apps/data/v1")?,
            vault: vault.clone(),
        })
    }

    fn key(&self, owner: &Owner) -> FileKey {
        let secret = match owner {
            Owner::Blob(_) => &self.data,
            _ => &self.packages,
        };
        FileKey::from_bytes(*blake3::keyed_hash(secret.as_bytes(), &owner.name()).as_bytes())
    }

    /// Stores a stream of at most `max` bytes. `synced`: on the disk when it returns; else the caller syncs before he
    /// commits.
    pub(crate) fn store(
        &self,
        owner: &Owner,
        from: &mut dyn Read,
        max: u64,
        synced: bool,
    ) -> Result<Stored> {
        self.store_salted(owner, from, max, synced, false)
    }

    /// As [`Sealed::store`]; `fresh` gives the blocks other names than those of the same bytes stored before, which are
    /// damaged.
    pub(crate) fn store_salted(
        &self,
        owner: &Owner,
        mut from: &mut dyn Read,
        max: u64,
        synced: bool,
        fresh: bool,
    ) -> Result<Stored> {
        let hold = self.vault.blocks().hold()?;
        let sealer = Sealer::new(&self.key(owner));
        let (mut segments, mut blocks, mut size) = (Vec::new(), Vec::new(), 0_u64);
        let mut hash = Context::new(&SHA256);
        loop {
            let mut piece = Vec::new();
            // At most one segment is in memory besides the batch.
            Read::by_ref(&mut from)
                .take(SEGMENT_LEN as u64)
                .read_to_end(&mut piece)
                .map_err(Error::Read)?;
            size += piece.len() as u64;
            if size > max {
                return Err(Error::TooLarge {
                    what: owner.what(),
                    max,
                });
            }
            if piece.is_empty() {
                break;
            }
            let last = piece.len() < SEGMENT_LEN;
            hash.update(&piece);
            let mut salt = [0; 16];
            if fresh {
                random(&mut salt)?;
            }
            let known = |_: &webx_content::Salt| {
                if fresh {
                    Known::Damaged(salt)
                } else {
                    Known::No
                }
            };
            let (segment, block) = sealer.seal_unless(segments.len() as u64, piece, known)?;
            if let Some(block) = block {
                blocks.push((segment.multihash(), block));
            }
            segments.push(segment);
            if blocks.len() == BATCH {
                self.vault
                    .blocks()
                    .put_many(&blocks, Durability::Buffered)?;
                blocks.clear();
            }
            if last {
                break;
            }
        }
        self.vault
            .blocks()
            .put_many(&blocks, Durability::Buffered)?;
        if synced {
            self.vault.blocks().sync()?;
        }
        let mut sha256 = [0; 32];
        for (to, from) in sha256.iter_mut().zip(hash.finish().as_ref()) {
            *to = *from;
        }
        Ok(Stored {
            segments,
            size,
            sha256,
            _hold: hold,
        })
    }

    /// Makes what was stored durable.
    pub(crate) fn sync(&self) -> Result<()> {
        Ok(self.vault.blocks().sync()?)
    }

    /// Opens what was stored.
    pub(crate) fn open(&self, owner: &Owner, segments: Vec<Segment>, size: u64) -> Reader {
        Reader {
            vault: self.vault.clone(),
            key: self.key(owner),
            what: owner.what(),
            segments,
            size,
            at: 0,
            open: None,
        }
    }
}

/// Sealed bytes, opened as they are read. Wrong bytes are an error, never handed out.
pub struct Reader {
    vault: Vault,
    key: FileKey,
    what: &'static str,
    segments: Vec<Segment>,
    size: u64,
    at: u64,
    open: Option<(usize, Vec<u8>)>,
}

impl Reader {
    /// How many bytes there are.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.size
    }

    /// All bytes from here on. The caller knows that they fit into memory.
    ///
    /// # Errors
    /// [`Error::Damaged`], [`Error::Vault`].
    pub fn all(mut self) -> Result<Vec<u8>> {
        let mut out = Vec::with_capacity(usize::try_from(self.size.min(1 << 28)).unwrap_or(0));
        let what = self.what;
        self.read_to_end(&mut out).map_err(|error| Error::Damaged {
            what: what.into(),
            why: error.to_string(),
        })?;
        Ok(out)
    }

    fn segment(&mut self) -> io::Result<Option<&[u8]>> {
        if self.at >= self.size {
            return Ok(None);
        }
        let number = usize::try_from(self.at / SEGMENT_LEN as u64).unwrap_or(usize::MAX);
        let inside = (self.at % SEGMENT_LEN as u64) as usize;
        if self.open.as_ref().is_none_or(|(open, _)| *open != number) {
            let damaged =
                |why: String| io::Error::other(format!("{} is damaged: {why}", self.what));
            let segment = self
                .segments
                .get(number)
                .ok_or_else(|| damaged("a part is not listed".into()))?;
            let block = self
                .vault
                .blocks()
                .get(&segment.multihash())
                .map_err(io::Error::other)?
                .ok_or_else(|| damaged("a block is missing".into()))?;
            let bytes = open_segment(&self.key, segment, &block)
                .map_err(|error| damaged(error.to_string()))?;
            self.open = Some((number, bytes));
        }
        Ok(self
            .open
            .as_ref()
            .and_then(|(_, bytes)| bytes.get(inside..)))
    }
}

impl Read for Reader {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let Some(bytes) = self.segment()? else {
            return Ok(0);
        };
        let len = bytes.len().min(out.len());
        if let (Some(to), Some(from)) = (out.get_mut(..len), bytes.get(..len)) {
            to.copy_from_slice(from);
        }
        self.at += len as u64;
        Ok(len)
    }
}

impl Seek for Reader {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let at = match to {
            SeekFrom::Start(at) => Some(at),
            SeekFrom::End(by) => self.size.checked_add_signed(by),
            SeekFrom::Current(by) => self.at.checked_add_signed(by),
        };
        self.at = at.ok_or(io::ErrorKind::InvalidInput)?;
        Ok(self.at)
    }
}

/// The list of segments as it is written into a row.
pub(crate) fn pack(segments: &[Segment]) -> Vec<u8> {
    let mut out = Vec::with_capacity(segments.len() * SEGMENT_BYTES);
    for segment in segments {
        out.extend_from_slice(&segment.digest);
        out.extend_from_slice(&segment.salt);
        out.extend_from_slice(&segment.len.to_le_bytes());
    }
    out
}

/// Reads what [`pack`] wrote.
pub(crate) fn unpack(bytes: &[u8]) -> Result<Vec<Segment>> {
    let (segments, rest) = bytes.as_chunks::<SEGMENT_BYTES>();
    if !rest.is_empty() {
        return Err(Error::Damaged {
            what: "a list of blocks".into(),
            why: "it was cut off".into(),
        });
    }
    Ok(segments
        .iter()
        .map(|bytes| {
            let mut segment = Segment {
                digest: [0; 32],
                salt: [0; 16],
                len: 0,
            };
            let (digest, rest) = bytes.split_at(32);
            let (salt, len) = rest.split_at(16);
            segment.digest.copy_from_slice(digest);
            segment.salt.copy_from_slice(salt);
            segment.len = u32::from_le_bytes(len.try_into().unwrap_or_default());
            segment
        })
        .collect())
}

pub(crate) fn random(out: &mut [u8]) -> Result<()> {
    getrandom::fill(out)
        .map_err(|_| webx_vault::Error::Crypto("no randomness from the system").into())
}
