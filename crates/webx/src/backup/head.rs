//! The readable head of a backup.

use std::io::{Read, Write};

use super::{Error, read_exact};

/// The longest vault header, in bytes.
pub const MAX_VAULT_HEADER: u32 = 64 * 1024;

const MAGIC: &[u8; 7] = b"WEBXBAK";
const FORMAT: u8 = 1;
/// Bytes before the vault header.
const FIXED: usize = 8 + 16 + 32 + 8 + 4;

/// What anybody can read of a backup.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    /// The person whose vault it is.
    pub person: [u8; 16],
    /// Makes the key of this very file.
    pub salt: [u8; 32],
    /// When it was made, in seconds since 1970 (UTC).
    pub made_at: u64,
    /// The vault's header: slots that wrap the data key.
    pub vault_header: Vec<u8>,
}

impl Head {
    /// Writes the head.
    ///
    /// # Errors
    /// [`Error::TooLarge`], [`Error::Io`].
    pub fn write(&self, to: &mut impl Write) -> Result<(), Error> {
        to.write_all(&self.bytes()?)?;
        Ok(())
    }

    /// Reads a head, and nothing after it.
    ///
    /// # Errors
    /// [`Error::NotABackup`], [`Error::Newer`], [`Error::TooLarge`], [`Error::Truncated`], [`Error::Io`].
    pub fn read(from: &mut impl Read) -> Result<Self, Error> {
        let mut fixed = [0; FIXED];
        match read_exact(from, &mut fixed[..8]) {
            Err(Error::Truncated) => return Err(Error::NotABackup),
            other => other?,
        }
        if &fixed[..7] != MAGIC {
            return Err(Error::NotABackup);
        }
        if fixed[7] != FORMAT {
            return Err(Error::Newer(fixed[7]));
        }
        read_exact(from, &mut fixed[8..])?;
        let mut person = [0; 16];
        person.copy_from_slice(&fixed[8..24]);
        let mut salt = [0; 32];
        salt.copy_from_slice(&fixed[24..56]);
        let mut made_at = [0; 8];
        made_at.copy_from_slice(&fixed[56..64]);
        let mut length = [0; 4];
        length.copy_from_slice(&fixed[64..68]);
        let length = u32::from_le_bytes(length);
        if length > MAX_VAULT_HEADER {
            return Err(too_large());
        }
        let mut vault_header = vec![0; length as usize];
        read_exact(from, &mut vault_header)?;
        Ok(Self {
            person,
            salt,
            made_at: u64::from_le_bytes(made_at),
            vault_header,
        })
    }

    /// The exact bytes of the head; their hash is bound to every frame.
    pub(super) fn bytes(&self) -> Result<Vec<u8>, Error> {
        let length = u32::try_from(self.vault_header.len())
            .ok()
            .filter(|length| *length <= MAX_VAULT_HEADER)
            .ok_or_else(too_large)?;
        let mut out = Vec::with_capacity(FIXED + self.vault_header.len());
        out.extend_from_slice(MAGIC);
        out.push(FORMAT);
        out.extend_from_slice(&self.person);
        out.extend_from_slice(&self.salt);
        out.extend_from_slice(&self.made_at.to_le_bytes());
        out.extend_from_slice(&length.to_le_bytes());
        out.extend_from_slice(&self.vault_header);
        Ok(out)
    }
}

fn too_large() -> Error {
    Error::TooLarge {
        what: "vault header",
        limit: u64::from(MAX_VAULT_HEADER),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn head() -> Head {
        Head {
            person: *b"0123456789abcdef",
            salt: [9; 32],
            made_at: 1_763_800_000,
            vault_header: b"header".to_vec(),
        }
    }

    #[test]
    fn the_layout_is_pinned() {
        let mut file = Vec::new();
        head().write(&mut file).unwrap();
        let mut expected = b"WEBXBAK\x010123456789abcdef".to_vec();
        expected.extend([9; 32]);
        expected.extend(1_763_800_000u64.to_le_bytes());
        expected.extend([6, 0, 0, 0]);
        expected.extend(b"header");
        assert_eq!(file, expected);
        assert_eq!(Head::read(&mut &file[..]).unwrap(), head());
    }

    #[test]
    fn anything_else_is_refused_before_memory_is_taken() {
        assert!(matches!(Head::read(&mut &b""[..]), Err(Error::NotABackup)));
        assert!(matches!(
            Head::read(&mut &b"PK\x03\x04....................."[..]),
            Err(Error::NotABackup)
        ));
        assert!(matches!(
            Head::read(&mut &b"WEBXBAK\x02"[..]),
            Err(Error::Newer(2))
        ));
        let mut file = Vec::new();
        head().write(&mut file).unwrap();
        file[64..68].copy_from_slice(&u32::MAX.to_le_bytes());
        assert!(matches!(
            Head::read(&mut &file[..]),
            Err(Error::TooLarge { .. })
        ));
        assert!(matches!(
            Head::read(&mut &file[..30]),
            Err(Error::Truncated)
        ));
    }
}
