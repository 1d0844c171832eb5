//! Sealed records: a short plaintext under a key derived for it alone, with a commitment to that key.
//!
//! ```text
//! salt (16) ‖ commitment (16) ‖ AES-256-GCM(key, nonce 0, plaintext) ‖ tag (16)
//! key (32) ‖ commitment (16) = HKDF-SHA256(input key = file key, salt = salt, info = label), 48 bytes
//! ```
//!
//! AES-GCM alone does not commit to its key: a crafted block could open to two different plaintexts under two keys.
//! The commitment is checked first, in constant time, and rules that out.
use aws_lc_rs::{
    aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey},
    constant_time, hkdf,
};
use zeroize::Zeroizing;

use crate::{Error, FileKey, segment::Salt};

/// Bytes a sealed record adds to its plaintext.
pub const OVERHEAD: usize = 48;

/// What a record is for; bound into its key, so that one kind never opens as another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Label {
    Manifest,
    Page,
    Small,
    CataloguePage,
    CatalogueList,
    CatalogueRoot,
    Head,
}

impl Label {
    pub(crate) fn info(self) -> &'static [u8] {
        match self {
            Label::Manifest => b"webx/manifest/v1",
            Label::Page => b"webx/page/v1",
            Label::Small => b"webx/small/v1",
            Label::CataloguePage => b"webx/catalogue/page/v1",
            Label::CatalogueList => b"webx/catalogue/list/v1",
            Label::CatalogueRoot => b"webx/catalogue/root/v1",
            Label::Head => b"webx/catalogue/head/v1",
        }
    }

    fn name(self) -> &'static str {
        match self {
            Label::Manifest => "manifest",
            Label::Page => "manifest page",
            Label::Small => "file",
            Label::CataloguePage => "catalogue page",
            Label::CatalogueList => "catalogue list",
            Label::CatalogueRoot => "catalogue root",
            Label::Head => "head",
        }
    }
}

struct Len(usize);
impl hkdf::KeyType for Len {
    fn len(&self) -> usize {
        self.0
    }
}

/// HKDF-SHA256 (RFC 5869) into `out`.
pub(crate) fn derive(
    key: &[u8; 32],
    salt: &[u8],
    info: &[u8],
    out: &mut [u8],
) -> Result<(), Error> {
    let prk = hkdf::Salt::new(hkdf::HKDF_SHA256, salt).extract(key);
    prk.expand(&[info], Len(out.len()))
        .and_then(|okm| okm.fill(out))
        .map_err(|_| Error::Crypto)
}

pub(crate) fn gcm(key: &[u8]) -> Result<LessSafeKey, Error> {
    Ok(LessSafeKey::new(
        UnboundKey::new(&AES_256_GCM, key).map_err(|_| Error::Crypto)?,
    ))
}

/// The nonce of a key that seals exactly one message.
pub(crate) fn single_use_nonce() -> Nonce {
    Nonce::assume_unique_for_key([0; 12])
}

fn keys(file_key: &FileKey, salt: &Salt, label: Label) -> Result<(LessSafeKey, [u8; 16]), Error> {
    let mut okm = Zeroizing::new([0u8; 48]);
    derive(file_key.bytes(), salt, label.info(), okm.as_mut_slice())?;
    let (key, commitment) = okm.split_at(32);
    let commitment = commitment.try_into().map_err(|_| Error::Crypto)?;
    Ok((gcm(key)?, commitment))
}

/// Appends the sealed form of `plaintext` to `out`. `salt` must be new for each record of a file key.
pub(crate) fn seal_into(
    file_key: &FileKey,
    salt: Salt,
    label: Label,
    plaintext: &[u8],
    out: &mut Vec<u8>,
) -> Result<(), Error> {
    let (key, commitment) = keys(file_key, &salt, label)?;
    out.reserve(plaintext.len() + OVERHEAD);
    out.extend_from_slice(&salt);
    out.extend_from_slice(&commitment);
    let start = out.len();
    out.extend_from_slice(plaintext);
    let tag = key
        .seal_in_place_separate_tag(
            single_use_nonce(),
            Aad::empty(),
            out.get_mut(start..).ok_or(Error::Crypto)?,
        )
        .map_err(|_| Error::Crypto)?;
    out.extend_from_slice(tag.as_ref());
    Ok(())
}

/// Opens a sealed record.
pub(crate) fn open(file_key: &FileKey, label: Label, sealed: &[u8]) -> Result<Vec<u8>, Error> {
    let unopened = || Error::Unopened(label.name());
    let (salt, rest) = sealed.split_first_chunk::<16>().ok_or_else(unopened)?;
    let (commitment, rest) = rest.split_first_chunk::<16>().ok_or_else(unopened)?;
    let (ciphertext, tag) = rest.split_last_chunk::<16>().ok_or_else(unopened)?;
    let (key, expected) = keys(file_key, salt, label)?;
    constant_time::verify_slices_are_equal(commitment, &expected).map_err(|_| unopened())?;
    let mut plaintext = vec![0; ciphertext.len()];
    key.open_separate_gather(
        single_use_nonce(),
        Aad::empty(),
        ciphertext,
        tag,
        &mut plaintext,
    )
    .map_err(|_| unopened())?;
    Ok(plaintext)
}
