//! The 24 words and the keys that grow from them.

use aws_lc_rs::hkdf;
use bip39::{Language, Mnemonic};
use ed25519_dalek::SigningKey;
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use crate::{
    Error,
    slip10::Node,
    slip39::{self, Policy, Random, Share, ShareError},
};

/// Words in a recovery kit.
pub const WORD_COUNT: usize = 24;

/// Longest text [`RecoveryWords::parse`] looks at, in bytes. 24 words need at most 215.
const MAX_TEXT: usize = 1024;

/// First step of every SLIP-0010 path of this product: the letters `WEBX` as a number.
const PURPOSE: u32 = 0x5745_4258;
const UPDATE_KEYS: u32 = 0;
const DEVICE_KEYS: u32 = 1;

/// HKDF salt of every symmetric key that grows from the seed.
const SALT: &[u8] = b"webx/identity/v1";

/// A recovery kit: 24 words of the English BIP-39 list (256 bits and a checksum).
///
/// Everything a person owns can be rebuilt from these words alone. They are shown once and
/// never stored; the memory is wiped when the value is dropped, and it cannot be printed.
pub struct RecoveryWords(Mnemonic);

impl RecoveryWords {
    /// The words for 256 bits of fresh randomness.
    ///
    /// # Errors
    /// [`Error::Crypto`] never for 32 bytes; the word list library has a fallible signature.
    pub fn generate(entropy: &[u8; 32]) -> Result<Self, Error> {
        Mnemonic::from_entropy_in(Language::English, entropy)
            .map(Self)
            .map_err(|_| Error::Crypto("BIP-39 encoding"))
    }

    /// Reads words as a person types them: any case, any white space between them.
    ///
    /// # Errors
    /// [`Error::WordCount`], [`Error::UnknownWord`] or [`Error::WordChecksum`].
    pub fn parse(text: &str) -> Result<Self, Error> {
        if text.len() > MAX_TEXT {
            return Err(Error::WordCount {
                found: text.split_whitespace().count(),
            });
        }
        let lower = Zeroizing::new(text.to_lowercase());
        let found = lower.split_whitespace().count();
        if found != WORD_COUNT {
            return Err(Error::WordCount { found });
        }
        let mut clean = Zeroizing::new(String::with_capacity(lower.len()));
        for word in lower.split_whitespace() {
            if !clean.is_empty() {
                clean.push(' ');
            }
            clean.push_str(word);
        }
        match Mnemonic::parse_in_normalized(Language::English, &clean) {
            Ok(mnemonic) => Ok(Self(mnemonic)),
            Err(bip39::Error::UnknownWord(index)) => Err(Error::UnknownWord {
                position: index + 1,
            }),
            Err(_) => Err(Error::WordChecksum),
        }
    }

    /// The words in order, to be shown once.
    #[must_use]
    pub fn words(&self) -> Zeroizing<Vec<String>> {
        Zeroizing::new(self.0.words().map(str::to_owned).collect())
    }

    /// The 256 bits behind the words: what guardians share, and what [`RecoveryWords::generate`] makes the same words of.
    #[must_use]
    pub fn entropy(&self) -> Zeroizing<[u8; 32]> {
        let mut bytes = self.0.to_entropy_array().0;
        let mut entropy = Zeroizing::new([0; 32]);
        // 24 words are 32 bytes; the array has room for one more.
        for (to, from) in entropy.iter_mut().zip(&bytes) {
            *to = *from;
        }
        bytes.zeroize();
        entropy
    }

    /// Splits the words among guardians, without a passphrase.
    ///
    /// # Errors
    /// [`ShareError::Randomness`].
    pub fn split(&self, policy: &Policy, random: Random<'_>) -> Result<Vec<Share>, ShareError> {
        slip39::split(self.entropy().as_slice(), b"", policy, random)
    }

    /// The words that shares give: more of them than are needed may be there, and then forged ones are left out.
    ///
    /// # Errors
    /// Whatever [`slip39::combine_any`] refuses, and [`ShareError::NotWords`] when the secret is none of 24 words.
    pub fn from_shares(shares: &[Share]) -> Result<Self, ShareError> {
        let (secret, _) = slip39::combine_any(shares, b"")?;
        let found = secret.len();
        let entropy = secret.first_chunk::<32>().filter(|_| found == 32);
        entropy
            .and_then(|entropy| Self::generate(entropy).ok())
            .ok_or(ShareError::NotWords { found })
    }

    /// The seed all keys derive from: PBKDF2-HMAC-SHA512 of the words, 2048 rounds, as in BIP-39,
    /// with an empty passphrase.
    #[must_use]
    pub fn seed(&self) -> Seed {
        Seed(self.0.to_seed_normalized(""))
    }
}

impl std::fmt::Debug for RecoveryWords {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("RecoveryWords(24 words)")
    }
}

/// The 64-byte BIP-39 seed. Wiped on drop, never printed.
#[derive(Zeroize, ZeroizeOnDrop)]
pub struct Seed([u8; 64]);

impl Seed {
    /// The key that opens the recovery slot of the vault.
    ///
    /// # Errors
    /// [`Error::Crypto`] if HKDF fails, which it does not for 32 bytes of output.
    pub fn vault_recovery_key(&self) -> Result<Zeroizing<[u8; 32]>, Error> {
        self.expand(b"vault-recovery-key")
    }

    /// The key at the root of the drive's key tree.
    ///
    /// # Errors
    /// [`Error::Crypto`] if HKDF fails, which it does not for 32 bytes of output.
    pub fn drive_root_key(&self) -> Result<Zeroizing<[u8; 32]>, Error> {
        self.expand(b"drive-root-key")
    }

    /// The key of this person's device number `n`, counted from 0 (`m/WEBX'/1'/n'`).
    #[must_use]
    pub fn device_key(&self, n: u32) -> SigningKey {
        self.signing_key(DEVICE_KEYS, n)
    }

    /// The key that signs version `n + 1` of the DID log (`m/WEBX'/0'/n'`). Cold: it exists only
    /// while the words are at hand.
    #[must_use]
    pub fn update_key(&self, n: u32) -> SigningKey {
        self.signing_key(UPDATE_KEYS, n)
    }

    fn signing_key(&self, branch: u32, n: u32) -> SigningKey {
        SigningKey::from_bytes(&Node::master(&self.0).derive(&[PURPOSE, branch, n]).key)
    }

    fn expand(&self, label: &[u8]) -> Result<Zeroizing<[u8; 32]>, Error> {
        let mut key = Zeroizing::new([0_u8; 32]);
        hkdf::Salt::new(hkdf::HKDF_SHA256, SALT)
            .extract(&self.0)
            .expand(&[label], hkdf::HKDF_SHA256)
            .and_then(|okm| okm.fill(key.as_mut_slice()))
            .map_err(|_| Error::Crypto("HKDF"))?;
        Ok(key)
    }
}

impl std::fmt::Debug for Seed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Seed(…)")
    }
}
