use aws_lc_rs::aead::Aad;
use bytes::Bytes;

use crate::{
    Error, FileKey, padme,
    sealed::{self, Label, OVERHEAD, gcm, single_use_nonce},
    segment::{BLOCK_LEN, Salt},
};

/// Files up to this many bytes are sealed one by one into bundles.
pub const SMALL_LEN: usize = 32 << 10;
/// Bytes of a bundle at most.
pub const BUNDLE_LEN: usize = BLOCK_LEN;

/// Where a small file lies in its bundle, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// Distance from the start of the block.
    pub offset: u32,
    /// Length of the sealed file.
    pub len: u32,
}

/// Sealed small files, one behind the other, to be stored as one block. A bundle has no index: who holds a file knows its
/// [`Place`], and to everybody else the block is noise.
#[derive(Debug, Default)]
pub struct Bundle {
    bytes: Vec<u8>,
}

impl Bundle {
    /// An empty bundle.
    #[must_use]
    pub fn new() -> Bundle {
        Bundle::default()
    }

    /// An empty bundle with memory for `len` bytes.
    #[must_use]
    pub fn with_capacity(len: usize) -> Bundle {
        Bundle {
            bytes: Vec::with_capacity(len.min(BUNDLE_LEN)),
        }
    }

    /// Whether a sealed file of `len` bytes still fits.
    #[must_use]
    pub fn fits_sealed(&self, len: usize) -> bool {
        self.bytes.len().saturating_add(len) <= BUNDLE_LEN
    }

    /// Whether a file of `len` bytes still fits.
    #[must_use]
    pub fn fits(&self, len: usize) -> bool {
        self.bytes
            .len()
            .saturating_add(len)
            .saturating_add(OVERHEAD)
            <= BUNDLE_LEN
    }

    /// Whether nothing is in it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// Seals a file into the bundle. `salt` must be new for each file sealed under this key: random, 16 bytes.
    ///
    /// # Errors
    /// [`Error::TooLarge`] when the file is not small or the bundle is full.
    pub fn push(
        &mut self,
        file_key: &FileKey,
        salt: Salt,
        plaintext: &[u8],
    ) -> Result<Place, Error> {
        if plaintext.len() > SMALL_LEN {
            return Err(Error::TooLarge {
                what: "small file",
                len: plaintext.len() as u64,
                max: SMALL_LEN as u64,
            });
        }
        if !self.fits(plaintext.len()) {
            return Err(self.full());
        }
        let offset = self.bytes.len();
        sealed::seal_into(file_key, salt, Label::Small, plaintext, &mut self.bytes)?;
        Ok(Place {
            offset: offset as u32,
            len: (self.bytes.len() - offset) as u32,
        })
    }

    /// Moves a file that is already sealed into the bundle, as it is.
    ///
    /// # Errors
    /// [`Error::TooLarge`] when the bundle is full.
    pub fn push_sealed(&mut self, sealed: &[u8]) -> Result<Place, Error> {
        if self.bytes.len().saturating_add(sealed.len()) > BUNDLE_LEN {
            return Err(self.full());
        }
        let offset = self.bytes.len() as u32;
        self.bytes.extend_from_slice(sealed);
        Ok(Place {
            offset,
            len: sealed.len() as u32,
        })
    }

    fn full(&self) -> Error {
        Error::TooLarge {
            what: "bundle",
            len: self.bytes.len() as u64,
            max: BUNDLE_LEN as u64,
        }
    }

    /// The block to store, padded with noise from `padding_key`, which must be random and is not needed again.
    ///
    /// # Errors
    /// [`Error::Crypto`].
    pub fn finish(self, padding_key: [u8; 32]) -> Result<Bytes, Error> {
        let mut bytes = self.bytes;
        let used = bytes.len();
        bytes.resize(padme(used as u64).min(BUNDLE_LEN as u64) as usize, 0);
        if let Some(padding) = bytes.get_mut(used..).filter(|padding| !padding.is_empty()) {
            // The tag is not needed: the padding is only to look like noise.
            let _tag = gcm(&padding_key)?
                .seal_in_place_separate_tag(single_use_nonce(), Aad::empty(), padding)
                .map_err(|_| Error::Crypto)?;
        }
        Ok(Bytes::from(bytes))
    }
}

/// Seals one small file by itself, as it would lie in a bundle.
///
/// # Errors
/// As [`Bundle::push`].
pub fn seal_small(file_key: &FileKey, salt: Salt, plaintext: &[u8]) -> Result<Vec<u8>, Error> {
    let mut bundle = Bundle::new();
    bundle.push(file_key, salt, plaintext)?;
    Ok(bundle.bytes)
}

/// Opens a small file in its bundle.
///
/// # Errors
/// [`Error::Malformed`] when the place is outside of the block, [`Error::Unopened`] when the bytes there are damaged or
/// belong to another file.
pub fn open_small(file_key: &FileKey, block: &[u8], place: Place) -> Result<Vec<u8>, Error> {
    let range = place.offset as usize..(place.offset as usize).saturating_add(place.len as usize);
    let sealed = block
        .get(range)
        .ok_or(Error::malformed("bundle", "the file lies outside of it"))?;
    if sealed.len() > SMALL_LEN + OVERHEAD {
        return Err(Error::TooLarge {
            what: "small file",
            len: sealed.len() as u64,
            max: (SMALL_LEN + OVERHEAD) as u64,
        });
    }
    sealed::open(file_key, Label::Small, sealed)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn files_in_a_bundle_open_with_their_own_key_only() {
        let (a, b) = (FileKey::from_bytes([1; 32]), FileKey::from_bytes([2; 32]));
        let mut bundle = Bundle::new();
        let first = bundle.push(&a, [1; 16], b"first").unwrap();
        let second = bundle.push(&b, [2; 16], &[9; SMALL_LEN]).unwrap();
        let block = bundle.finish([3; 32]).unwrap();
        assert_eq!(
            block.len() as u64,
            padme(u64::from(second.offset + second.len))
        );
        assert_eq!(open_small(&a, &block, first).unwrap(), b"first");
        assert_eq!(open_small(&b, &block, second).unwrap(), [9; SMALL_LEN]);
        assert!(open_small(&b, &block, first).is_err());
        assert!(
            open_small(
                &a,
                &block,
                Place {
                    offset: u32::MAX,
                    len: u32::MAX
                }
            )
            .is_err()
        );
        assert!(
            block[(second.offset + second.len) as usize..]
                .iter()
                .any(|byte| *byte != 0),
            "padding is noise"
        );
    }

    #[test]
    fn a_bundle_never_grows_over_a_block() {
        let key = FileKey::from_bytes([1; 32]);
        let mut bundle = Bundle::new();
        let mut files = 0u8;
        while bundle.fits(SMALL_LEN) {
            bundle.push(&key, [files; 16], &[0; SMALL_LEN]).unwrap();
            files += 1;
        }
        assert_eq!(files, 31);
        assert!(bundle.push(&key, [99; 16], &[0; SMALL_LEN]).is_err());
        assert!(bundle.push(&key, [99; 16], &[0; SMALL_LEN + 1]).is_err());
        assert!(bundle.finish([1; 32]).unwrap().len() <= BUNDLE_LEN);
    }

    #[test]
    fn a_sealed_file_moves_between_bundles_unopened() {
        let key = FileKey::from_bytes([1; 32]);
        let mut old = Bundle::new();
        old.push(&key, [0; 16], b"gone").unwrap();
        let place = old.push(&key, [1; 16], b"kept").unwrap();
        let block = old.finish([0; 32]).unwrap();
        let mut new = Bundle::new();
        let moved = new
            .push_sealed(&block[place.offset as usize..(place.offset + place.len) as usize])
            .unwrap();
        assert_eq!(
            open_small(&key, &new.finish([0; 32]).unwrap(), moved).unwrap(),
            b"kept"
        );
    }
}
