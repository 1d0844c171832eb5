use aws_lc_rs::aead::{Aad, LessSafeKey};
use bytes::Bytes;
use zeroize::Zeroizing;

use crate::{
    Error, FileKey, padme,
    sealed::{derive, gcm, single_use_nonce},
};

/// Bytes of a full block.
pub const BLOCK_LEN: usize = 1 << 20;
/// Bytes of a file in a full segment: a block without its tag.
pub const SEGMENT_LEN: usize = BLOCK_LEN - TAG_LEN;
const TAG_LEN: usize = 16;
const BLAKE3_256: u64 = 0x1e;

/// A block's name: its BLAKE3-256 multihash (code 0x1e).
pub type Mh = multihash::Multihash<64>;
/// The salt of a segment or sealed record.
pub type Salt = [u8; 16];

/// Where a stretch of a file is stored and how it is sealed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Segment {
    /// BLAKE3-256 of the block.
    pub digest: [u8; 32],
    /// Salt of the segment's key: a keyed fingerprint of its plaintext and its number in the file.
    pub salt: Salt,
    /// Bytes of the file in it, padding not counted: 1 to [`SEGMENT_LEN`].
    pub len: u32,
}

impl Segment {
    /// The name of the block.
    #[must_use]
    pub fn multihash(&self) -> Mh {
        multihash_of_digest(&self.digest)
    }
}

/// A segment and its block.
#[derive(Debug, Clone)]
pub struct SealedSegment {
    /// The entry for the manifest.
    pub segment: Segment,
    /// The bytes to store.
    pub block: Bytes,
}

/// The multihash of a block.
#[must_use]
pub fn multihash_of(block: &[u8]) -> Mh {
    multihash_of_digest(blake3::hash(block).as_bytes())
}

/// The multihash with a BLAKE3-256 digest.
#[must_use]
pub fn multihash_of_digest(digest: &[u8; 32]) -> Mh {
    // 32 bytes always fit into the 64 of the type.
    Mh::wrap(BLAKE3_256, digest).unwrap_or_default()
}

/// Seals the segments of one file. Cheap to clone into worker threads.
#[derive(Clone)]
pub struct Sealer {
    file_key: FileKey,
    fingerprint_key: Zeroizing<[u8; 32]>,
}

impl Sealer {
    /// A sealer for the files of one lineage.
    #[must_use]
    pub fn new(file_key: &FileKey) -> Sealer {
        let mut fingerprint_key = Zeroizing::new([0; 32]);
        *fingerprint_key = *blake3::Hasher::new_derive_key("webx/fingerprint/v1")
            .update(file_key.bytes())
            .finalize()
            .as_bytes();
        Sealer {
            file_key: file_key.clone(),
            fingerprint_key,
        }
    }

    /// The salt of segment `index` with this padded plaintext. Equal salts in one lineage mean equal plaintexts.
    fn salt(&self, index: u64, padded: &[u8]) -> Salt {
        let mut hasher = blake3::Hasher::new_keyed(&self.fingerprint_key);
        hasher.update(&index.to_le_bytes()).update(padded);
        let mut salt = [0; 16];
        hasher.finalize_xof().fill(&mut salt);
        salt
    }

    /// Seals segment `index`, whose bytes are `plaintext`; only a file's last segment may be shorter than
    /// [`SEGMENT_LEN`], and that one is padded ([`padme`]).
    ///
    /// # Errors
    /// [`Error::TooLarge`] when the plaintext does not fit a segment, [`Error::Malformed`] when it is empty.
    pub fn seal(&self, index: u64, plaintext: Vec<u8>) -> Result<SealedSegment, Error> {
        match self.seal_unless(index, plaintext, |_| Known::No)? {
            (segment, Some(block)) => Ok(SealedSegment { segment, block }),
            (_, None) => Err(Error::Crypto),
        }
    }

    /// As [`Sealer::seal`], but asks `known` what is stored under the salt first; a segment that can be used again saves
    /// the work, and no block is returned.
    ///
    /// # Errors
    /// As [`Sealer::seal`].
    pub fn seal_unless(
        &self,
        index: u64,
        mut plaintext: Vec<u8>,
        known: impl FnOnce(&Salt) -> Known,
    ) -> Result<(Segment, Option<Bytes>), Error> {
        let len = plaintext.len();
        if len > SEGMENT_LEN {
            return Err(Error::TooLarge {
                what: "segment",
                len: len as u64,
                max: SEGMENT_LEN as u64,
            });
        }
        if len == 0 {
            return Err(Error::malformed("segment", "it is empty"));
        }
        let padded = padme(len as u64).min(SEGMENT_LEN as u64) as usize;
        plaintext.reserve_exact(padded - len + TAG_LEN);
        plaintext.resize(padded, 0);
        let mut salt = self.salt(index, &plaintext);
        match known(&salt) {
            Known::Usable(segment) if segment.len as usize == len => return Ok((segment, None)),
            Known::No | Known::Usable(_) => {}
            Known::Damaged(other) => salt = other,
        }
        let key = segment_key(&self.file_key, &salt)?;
        key.seal_in_place_append_tag(single_use_nonce(), Aad::empty(), &mut plaintext)
            .map_err(|_| Error::Crypto)?;
        let digest = *blake3::hash(&plaintext).as_bytes();
        Ok((
            Segment {
                digest,
                salt,
                len: len as u32,
            },
            Some(Bytes::from(plaintext)),
        ))
    }
}

/// What is stored of a segment already.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Known {
    /// Nothing.
    No,
    /// This, and it can be read.
    Usable(Segment),
    /// Something damaged: seal under this random salt instead, so that the new block has another name.
    Damaged(Salt),
}

fn segment_key(file_key: &FileKey, salt: &Salt) -> Result<LessSafeKey, Error> {
    let mut key = Zeroizing::new([0; 32]);
    derive(file_key.bytes(), salt, b"webx/seg/v1", key.as_mut_slice())?;
    gcm(key.as_slice())
}

/// Opens the block of a segment.
///
/// # Errors
/// [`Error::Unopened`] when the block is damaged or not this segment's.
pub fn open_segment(file_key: &FileKey, segment: &Segment, block: &[u8]) -> Result<Vec<u8>, Error> {
    let mut out = Vec::new();
    open_segment_into(file_key, segment, block, &mut out)?;
    Ok(out)
}

/// As [`open_segment`], into a buffer that is used again. On an error the buffer is left empty.
///
/// # Errors
/// As [`open_segment`].
pub fn open_segment_into(
    file_key: &FileKey,
    segment: &Segment,
    block: &[u8],
    out: &mut Vec<u8>,
) -> Result<(), Error> {
    out.clear();
    if block.len() > BLOCK_LEN {
        return Err(Error::TooLarge {
            what: "block",
            len: block.len() as u64,
            max: BLOCK_LEN as u64,
        });
    }
    let unopened = || Error::Unopened("segment");
    let (ciphertext, tag) = block.split_last_chunk::<TAG_LEN>().ok_or_else(unopened)?;
    let padded = padme(u64::from(segment.len)).min(SEGMENT_LEN as u64);
    if ciphertext.len() as u64 != padded {
        return Err(unopened());
    }
    let key = segment_key(file_key, &segment.salt)?;
    out.resize(ciphertext.len(), 0);
    if key
        .open_separate_gather(single_use_nonce(), Aad::empty(), ciphertext, tag, out)
        .is_err()
    {
        out.clear();
        return Err(unopened());
    }
    out.truncate(segment.len as usize);
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn key() -> FileKey {
        FileKey::from_bytes([0x42; 32])
    }

    #[test]
    fn a_full_segment_fills_a_block_exactly() {
        let sealed = Sealer::new(&key()).seal(0, vec![5; SEGMENT_LEN]).unwrap();
        assert_eq!(sealed.block.len(), BLOCK_LEN);
        assert_eq!(
            open_segment(&key(), &sealed.segment, &sealed.block).unwrap(),
            vec![5; SEGMENT_LEN]
        );
        assert!(matches!(
            Sealer::new(&key()).seal(0, vec![5; SEGMENT_LEN + 1]),
            Err(Error::TooLarge { .. })
        ));
        assert!(Sealer::new(&key()).seal(0, vec![]).is_err());
    }

    #[test]
    fn equal_plaintext_at_the_same_place_is_recognised_and_elsewhere_it_is_not() {
        let sealer = Sealer::new(&key());
        let first = sealer.seal(3, b"same".to_vec()).unwrap().segment;
        let (again, block) = sealer
            .seal_unless(3, b"same".to_vec(), |_| Known::Usable(first.clone()))
            .unwrap();
        assert!(block.is_none() && again == first);
        assert_ne!(
            sealer.seal(4, b"same".to_vec()).unwrap().segment.salt,
            first.salt
        );
        let other = Sealer::new(&FileKey::from_bytes([1; 32]))
            .seal(3, b"same".to_vec())
            .unwrap()
            .segment;
        assert_ne!(other.salt, first.salt);
    }

    #[test]
    fn every_flipped_bit_is_noticed() {
        let sealed = Sealer::new(&key()).seal(0, vec![7; 100]).unwrap();
        for bit in 0..sealed.block.len() * 8 {
            let mut block = sealed.block.to_vec();
            block[bit / 8] ^= 1 << (bit % 8);
            assert!(
                open_segment(&key(), &sealed.segment, &block).is_err(),
                "bit {bit}"
            );
        }
        for cut in 0..sealed.block.len() {
            assert!(
                open_segment(&key(), &sealed.segment, &sealed.block[..cut]).is_err(),
                "cut {cut}"
            );
        }
    }
}
