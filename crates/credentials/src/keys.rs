//! Public keys as Multikey text, and who signs.

use ed25519_dalek::Signer as _;

use crate::Error;

/// A key that proofs are checked with.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PublicKey {
    /// Ed25519 (RFC 8032).
    Ed25519(ed25519_dalek::VerifyingKey),
    /// ECDSA over P-256 with SHA-256.
    P256(p256::ecdsa::VerifyingKey),
    /// ECDSA over P-384 with SHA-384.
    P384(p384::ecdsa::VerifyingKey),
}

/// Multicodec prefixes (varints) of the keys above.
const ED25519: [u8; 2] = [0xed, 0x01];
const P256: [u8; 2] = [0x80, 0x24];
const P384: [u8; 2] = [0x81, 0x24];

/// 2 + 49 bytes make at most 70 characters of base58.
const MAX_MULTIKEY: usize = 72;

impl PublicKey {
    /// Reads `publicKeyMultibase` of a Multikey: base58btc, a multicodec prefix, the compressed point.
    ///
    /// # Errors
    /// [`Error::Key`] for another base, another kind of key, a point off the curve or of small order.
    pub fn from_multikey(text: &str) -> Result<Self, Error> {
        let encoded = text.strip_prefix('z').ok_or(Error::Key("not base58btc"))?;
        if encoded.len() > MAX_MULTIKEY {
            return Err(Error::Key("too long"));
        }
        let bytes = bs58::decode(encoded)
            .into_vec()
            .map_err(|_| Error::Key("not base58btc"))?;
        let off = |_| Error::Key("not a point of the curve");
        if let Some(raw) = bytes.strip_prefix(&ED25519) {
            let raw: &[u8; 32] = raw
                .try_into()
                .map_err(|_| Error::Key("an Ed25519 key has 32 bytes"))?;
            let key = ed25519_dalek::VerifyingKey::from_bytes(raw).map_err(off)?;
            if key.is_weak() {
                return Err(Error::Key("of small order"));
            }
            Ok(Self::Ed25519(key))
        } else if let Some(raw) = bytes.strip_prefix(&P256) {
            if raw.len() != 33 || !matches!(raw.first(), Some(2 | 3)) {
                return Err(Error::Key("a P-256 key is a compressed point of 33 bytes"));
            }
            let key = p256::ecdsa::VerifyingKey::from_sec1_bytes(raw).map_err(off)?;
            Ok(Self::P256(key))
        } else if let Some(raw) = bytes.strip_prefix(&P384) {
            if raw.len() != 49 || !matches!(raw.first(), Some(2 | 3)) {
                return Err(Error::Key("a P-384 key is a compressed point of 49 bytes"));
            }
            let key = p384::ecdsa::VerifyingKey::from_sec1_bytes(raw).map_err(off)?;
            Ok(Self::P384(key))
        } else {
            Err(Error::Key("neither Ed25519 nor P-256 nor P-384"))
        }
    }

    /// The key as Multikey text: `z6Mk…`, `zDna…`, `z82L…`.
    #[must_use]
    pub fn multikey(&self) -> String {
        let bytes = match self {
            Self::Ed25519(key) => [&ED25519, key.as_bytes().as_slice()].concat(),
            Self::P256(key) => [&P256, key.to_sec1_point(true).as_bytes()].concat(),
            Self::P384(key) => [&P384, key.to_sec1_point(true).as_bytes()].concat(),
        };
        format!("z{}", bs58::encode(bytes).into_string())
    }

    /// Whether `signature` over `message` is by this key. Ed25519 is checked strictly, ECDSA as `r || s`.
    pub(crate) fn verify(&self, message: &[u8], signature: &[u8]) -> bool {
        use p256::ecdsa::signature::Verifier as _;
        match self {
            Self::Ed25519(key) => ed25519_dalek::Signature::from_slice(signature)
                .is_ok_and(|signature| key.verify_strict(message, &signature).is_ok()),
            Self::P256(key) => p256::ecdsa::Signature::from_slice(signature)
                .is_ok_and(|signature| key.verify(message, &signature).is_ok()),
            Self::P384(key) => p384::ecdsa::Signature::from_slice(signature)
                .is_ok_and(|signature| key.verify(message, &signature).is_ok()),
        }
    }
}

/// Who holds a secret key: memory, a vault, a hardware module.
pub trait Signer {
    /// The public half.
    fn public_key(&self) -> PublicKey;

    /// Signs `message`: 64 bytes for Ed25519 and P-256, 96 for P-384.
    ///
    /// # Errors
    /// [`Error::Key`] when the holder of the key does not sign.
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, Error>;
}

impl Signer for ed25519_dalek::SigningKey {
    fn public_key(&self) -> PublicKey {
        PublicKey::Ed25519(self.verifying_key())
    }

    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, Error> {
        Ok(self
            .try_sign(message)
            .map_err(|_| Error::Key("did not sign"))?
            .to_bytes()
            .to_vec())
    }
}

impl Signer for p256::ecdsa::SigningKey {
    fn public_key(&self) -> PublicKey {
        PublicKey::P256(*self.verifying_key())
    }

    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, Error> {
        let signature: p256::ecdsa::Signature = self
            .try_sign(message)
            .map_err(|_| Error::Key("did not sign"))?;
        Ok(signature.to_bytes().to_vec())
    }
}

impl Signer for p384::ecdsa::SigningKey {
    fn public_key(&self) -> PublicKey {
        PublicKey::P384(*self.verifying_key())
    }

    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, Error> {
        let signature: p384::ecdsa::Signature = self
            .try_sign(message)
            .map_err(|_| Error::Key("did not sign"))?;
        Ok(signature.to_bytes().to_vec())
    }
}
