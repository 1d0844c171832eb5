//! Secrets that are wiped when dropped and never print.
use unicode_normalization::UnicodeNormalization;
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use crate::error::{Error, Result};

/// 32 secret bytes: a key.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct Secret32([u8; 32]);

impl Secret32 {
    /// Takes the bytes; the caller wipes his own copy.
    pub fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// Fresh bytes from the operating system.
    ///
    /// # Errors
    /// [`Error::Crypto`] when the system has no randomness.
    pub fn random() -> Result<Self> {
        let mut key = Self([0; 32]);
        getrandom::fill(&mut key.0).map_err(|_| Error::Crypto("no randomness from the system"))?;
        Ok(key)
    }

    /// The bytes.
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    pub(crate) fn as_mut(&mut self) -> &mut [u8; 32] {
        &mut self.0
    }
}

impl std::fmt::Debug for Secret32 {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret32(..)")
    }
}

/// A passphrase, normalised (NFKC) so that the same words typed on another keyboard open the same vault.
#[derive(Clone)]
pub struct Passphrase(Zeroizing<String>);

impl Passphrase {
    /// Fewest characters.
    pub const MIN: usize = 8;
    /// Most characters.
    pub const MAX: usize = 1024;

    /// Normalises and checks the length.
    ///
    /// # Errors
    /// [`Error::WeakPassphrase`] when it is shorter than [`Self::MIN`] or longer than [`Self::MAX`] characters.
    pub fn new(text: &str) -> Result<Self> {
        let weak = Error::WeakPassphrase {
            min: Self::MIN,
            max: Self::MAX,
        };
        if text.len() > Self::MAX * 4 {
            return Err(weak);
        }
        // Room for the worst expansion of NFKC, so that no reallocation leaves a copy behind.
        let mut normal = Zeroizing::new(String::with_capacity(text.len() * 18));
        normal.extend(text.nfkc());
        let characters = normal.chars().count();
        if !(Self::MIN..=Self::MAX).contains(&characters) {
            return Err(weak);
        }
        Ok(Self(normal))
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

impl std::fmt::Debug for Passphrase {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Passphrase(..)")
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn the_same_words_in_another_unicode_form_are_the_same_passphrase() {
        let composed = Passphrase::new("\u{00fc}berraschung").unwrap();
        let decomposed = Passphrase::new("u\u{0308}berraschung").unwrap();
        assert_eq!(composed.as_bytes(), decomposed.as_bytes());
    }

    #[test]
    fn a_short_or_huge_passphrase_is_refused() {
        assert!(matches!(
            Passphrase::new("1234567"),
            Err(Error::WeakPassphrase { .. })
        ));
        assert!(Passphrase::new("12345678").is_ok());
        assert!(Passphrase::new(&"x".repeat(5000)).is_err());
    }

    #[test]
    fn secrets_do_not_print() {
        let shown = format!(
            "{:?} {:?}",
            Secret32::new([7; 32]),
            Passphrase::new("correct horse").unwrap()
        );
        assert_eq!(shown, "Secret32(..) Passphrase(..)");
    }
}
