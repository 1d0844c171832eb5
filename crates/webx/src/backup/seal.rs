//! The sealed stream of a backup: AES-256-GCM frames in the STREAM construction (Hoang, Reyhanitabar,
//! Rogaway, Vizár 2015), so that order, length and end are authenticated with the content.

use std::io::{self, Read, Write};

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::hkdf::{HKDF_SHA256, Salt};
use zeroize::Zeroizing;

use super::{Error, Head, read_exact};

/// Plaintext of a full frame, in bytes.
pub const FRAME: usize = 1024 * 1024;
/// Length of the authentication tag.
const TAG: usize = 16;
/// Top bit of a frame's length: nothing follows.
const LAST: u32 = 1 << 31;
/// Label of the key derivation.
const INFO: &[u8] = b"webx-backup/1 stream";

/// The vault's key for backups, from which the key of each file is made.
pub struct StreamKey(Zeroizing<[u8; 32]>);

impl StreamKey {
    /// Takes the key; the caller wipes his own copy.
    pub fn new(key: [u8; 32]) -> Self {
        Self(Zeroizing::new(key))
    }

    fn of_file(&self, head: &Head) -> Result<LessSafeKey, Error> {
        let crypto = |_| Error::Crypto;
        let prk = Salt::new(HKDF_SHA256, &head.salt).extract(&self.0[..]);
        let mut key = Zeroizing::new([0u8; 32]);
        prk.expand(&[INFO], HKDF_SHA256)
            .and_then(|okm| okm.fill(key.as_mut_slice()))
            .map_err(crypto)?;
        UnboundKey::new(&AES_256_GCM, key.as_slice())
            .map(LessSafeKey::new)
            .map_err(crypto)
    }
}

/// What every frame is bound to: the head.
fn associated_data(head: &Head) -> Result<[u8; 32], Error> {
    let mut out = [0; 32];
    out.copy_from_slice(digest(&SHA256, &head.bytes()?).as_ref());
    Ok(out)
}

/// Three zero bytes, the frame's number (u64, big endian), 1 for the last frame.
fn nonce(number: u64, last: bool) -> Nonce {
    let mut bytes = [0; 12];
    bytes[3..11].copy_from_slice(&number.to_be_bytes());
    bytes[11] = u8::from(last);
    Nonce::assume_unique_for_key(bytes)
}

/// Seals what is written to it. Only [`Sealer::finish`] makes it a whole stream.
pub struct Sealer<W> {
    to: W,
    key: LessSafeKey,
    bound: [u8; 32],
    number: u64,
    plain: Vec<u8>,
}

impl<W: Write> Sealer<W> {
    /// Starts the stream of the backup that begins with `head`.
    ///
    /// # Errors
    /// [`Error::Crypto`], [`Error::TooLarge`].
    pub fn new(to: W, head: &Head, key: &StreamKey) -> Result<Self, Error> {
        Ok(Self {
            to,
            key: key.of_file(head)?,
            bound: associated_data(head)?,
            number: 0,
            plain: Vec::with_capacity(FRAME + TAG),
        })
    }

    /// Writes the last frame and gives the writer back.
    ///
    /// # Errors
    /// [`Error::Crypto`], [`Error::Io`].
    pub fn finish(mut self) -> Result<W, Error> {
        self.frame(true)?;
        self.to.flush()?;
        Ok(self.to)
    }

    fn frame(&mut self, last: bool) -> Result<(), Error> {
        self.key
            .seal_in_place_append_tag(
                nonce(self.number, last),
                Aad::from(self.bound),
                &mut self.plain,
            )
            .map_err(|_| Error::Crypto)?;
        let length = u32::try_from(self.plain.len()).map_err(|_| Error::Crypto)?;
        let length = if last { length | LAST } else { length };
        self.to.write_all(&length.to_le_bytes())?;
        self.to.write_all(&self.plain)?;
        self.plain.clear();
        self.number += 1;
        Ok(())
    }
}

impl<W: Write> Write for Sealer<W> {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        if self.plain.len() == FRAME {
            self.frame(false).map_err(io::Error::other)?;
        }
        let count = buffer.len().min(FRAME - self.plain.len());
        self.plain.extend_from_slice(&buffer[..count]);
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Opens a sealed stream. It ends (reads 0 bytes) only where the sealed stream ended.
pub struct Opener<R> {
    from: R,
    key: LessSafeKey,
    bound: [u8; 32],
    number: u64,
    plain: Vec<u8>,
    at: usize,
    ended: bool,
}

impl<R: Read> Opener<R> {
    /// Starts reading the frames that follow `head`.
    ///
    /// # Errors
    /// [`Error::Crypto`], [`Error::TooLarge`].
    pub fn new(from: R, head: &Head, key: &StreamKey) -> Result<Self, Error> {
        Ok(Self {
            from,
            key: key.of_file(head)?,
            bound: associated_data(head)?,
            number: 0,
            plain: Vec::new(),
            at: 0,
            ended: false,
        })
    }

    fn frame(&mut self) -> Result<(), Error> {
        let mut length = [0; 4];
        read_exact(&mut self.from, &mut length)?;
        let length = u32::from_le_bytes(length);
        let last = length & LAST != 0;
        let length = (length & !LAST) as usize;
        let damaged = || Error::damaged(format!("frame {}", self.number));
        if length > FRAME + TAG {
            return Err(Error::TooLarge {
                what: "frame",
                limit: (FRAME + TAG) as u64,
            });
        }
        // Only the last frame may be short: one stream has one form.
        if length < TAG || (!last && length != FRAME + TAG) {
            return Err(damaged());
        }
        self.plain.resize(length, 0);
        read_exact(&mut self.from, &mut self.plain)?;
        let opened = self
            .key
            .open_in_place(
                nonce(self.number, last),
                Aad::from(self.bound),
                &mut self.plain,
            )
            .map_err(|_| damaged())?
            .len();
        self.plain.truncate(opened);
        self.at = 0;
        self.number += 1;
        self.ended = last;
        if last && self.from.read(&mut [0])? != 0 {
            return Err(Error::Trailing);
        }
        Ok(())
    }
}

impl<R: Read> Read for Opener<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.at == self.plain.len() {
            if self.ended {
                return Ok(0);
            }
            self.frame().map_err(io::Error::other)?;
        }
        let count = buffer.len().min(self.plain.len() - self.at);
        buffer[..count].copy_from_slice(&self.plain[self.at..self.at + count]);
        self.at += count;
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::backup::unwrapped;

    fn head() -> Head {
        Head {
            person: [1; 16],
            salt: [2; 32],
            made_at: 3,
            vault_header: vec![4; 10],
        }
    }

    fn sealed(plain: &[u8]) -> Vec<u8> {
        let key = StreamKey::new([5; 32]);
        let mut sealer = Sealer::new(Vec::new(), &head(), &key).unwrap();
        sealer.write_all(plain).unwrap();
        sealer.finish().unwrap()
    }

    fn opened(file: &[u8], head: &Head) -> Result<Vec<u8>, Error> {
        let mut plain = Vec::new();
        Opener::new(file, head, &StreamKey::new([5; 32]))?
            .read_to_end(&mut plain)
            .map_err(unwrapped)?;
        Ok(plain)
    }

    #[test]
    fn every_length_around_a_frame_comes_back() {
        for length in [0, 1, FRAME - 1, FRAME, FRAME + 1, 2 * FRAME] {
            let plain: Vec<u8> = (0..length).map(|i| i as u8).collect();
            assert_eq!(opened(&sealed(&plain), &head()).unwrap(), plain, "{length}");
        }
    }

    #[test]
    fn a_change_in_any_byte_is_found() {
        let file = sealed(b"forty-two bytes of text that nobody changes");
        for at in 0..file.len() {
            let mut changed = file.clone();
            changed[at] ^= 1;
            assert!(opened(&changed, &head()).is_err(), "byte {at}");
        }
    }

    #[test]
    fn a_changed_head_opens_nothing() {
        let file = sealed(b"text");
        for change in [
            |head: &mut Head| head.person[0] ^= 1,
            |head: &mut Head| head.salt[0] ^= 1,
            |head: &mut Head| head.made_at ^= 1,
            |head: &mut Head| head.vault_header[0] ^= 1,
        ] {
            let mut other = head();
            change(&mut other);
            assert!(opened(&file, &other).is_err());
        }
    }

    #[test]
    fn dropped_swapped_repeated_and_appended_frames_are_found() {
        let plain = vec![6; 3 * FRAME];
        let file = sealed(&plain);
        let frame = 4 + FRAME + TAG;
        let cut = |range: std::ops::Range<usize>| file[range].to_vec();
        let (a, b, c) = (
            cut(0..frame),
            cut(frame..2 * frame),
            cut(2 * frame..3 * frame),
        );
        for frames in [
            vec![&a, &b],
            vec![&a, &c],
            vec![&b, &a, &c],
            vec![&a, &a, &b, &c],
            vec![&a, &b, &c, &a],
        ] {
            let forged: Vec<u8> = frames.into_iter().flatten().copied().collect();
            assert!(opened(&forged, &head()).is_err());
        }
        assert_eq!(opened(&[a, b, c].concat(), &head()).unwrap(), plain);
    }

    #[test]
    fn a_cut_is_truncation_wherever_it_is() {
        let file = sealed(b"text");
        for length in 0..file.len() {
            assert!(matches!(
                opened(&file[..length], &head()),
                Err(Error::Truncated)
            ));
        }
    }
}
