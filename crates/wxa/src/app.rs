//! Names of publishers and apps.

use std::{fmt, str::FromStr};

use aws_lc_rs::digest::{SHA256, digest};
use serde::{Deserialize, Serialize};

use crate::{Refusal, refusal::shown};

/// A SHA-256 digest; 64 hexadecimal digits as text.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Digest([u8; 32]);

impl Digest {
    /// The digest of `bytes`.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        Self::from_context(&digest(&SHA256, bytes))
    }

    pub(crate) fn from_context(digest: &aws_lc_rs::digest::Digest) -> Self {
        let mut out = [0; 32];
        for (to, from) in out.iter_mut().zip(digest.as_ref()) {
            *to = *from;
        }
        Self(out)
    }

    /// The 32 bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl From<[u8; 32]> for Digest {
    fn from(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&data_encoding::HEXLOWER.encode(&self.0))
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Digest({self})")
    }
}

impl FromStr for Digest {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, &'static str> {
        let wrong = "is no SHA-256 digest (64 hexadecimal digits in lower case)";
        if text.len() != 64 {
            return Err(wrong);
        }
        let bytes = data_encoding::HEXLOWER
            .decode(text.as_bytes())
            .map_err(|_| wrong)?;
        bytes.try_into().map(Self).map_err(|_| wrong)
    }
}

impl TryFrom<String> for Digest {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, &'static str> {
        text.parse()
    }
}

impl From<Digest> for String {
    fn from(digest: Digest) -> Self {
        digest.to_string()
    }
}

/// What stays the same of a publisher while keys come and go: `did:key:…` itself, or
/// `scid:<SCID>` for a DID with a log.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PublisherRoot(String);

impl PublisherRoot {
    pub(crate) fn of(did: &webx_identity::Did) -> Self {
        Self(match did.scid() {
            Some(scid) => format!("scid:{scid}"),
            None => did.as_str().to_owned(),
        })
    }

    /// The root as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The first half of the ids of this publisher's apps.
    #[must_use]
    pub fn hash(&self) -> PublisherHash {
        let digest = Digest::of(self.0.as_bytes());
        PublisherHash(base32(digest.as_bytes().get(..10).unwrap_or_default()))
    }
}

impl fmt::Display for PublisherRoot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<String> for PublisherRoot {
    type Error = Refusal;

    fn try_from(text: String) -> Result<Self, Refusal> {
        let did = match text.strip_prefix("scid:") {
            Some(scid) => webx_identity::Did::from_scid(scid),
            None => text.parse(),
        };
        match did {
            Ok(did) if Self::of(&did).0 == text => Ok(Self(text)),
            _ => Err(Refusal::publisher("it is no publisher root")),
        }
    }
}

impl From<PublisherRoot> for String {
    fn from(root: PublisherRoot) -> Self {
        root.0
    }
}

fn base32(bytes: &[u8]) -> String {
    data_encoding::BASE32_NOPAD.encode(bytes).to_lowercase()
}

/// 16 characters of base32: the first 10 bytes of the SHA-256 of a [`PublisherRoot`].
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PublisherHash(String);

impl PublisherHash {
    /// The hash as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for PublisherHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for PublisherHash {
    type Err = Refusal;

    fn from_str(text: &str) -> Result<Self, Refusal> {
        if text.len() == 16 && text.bytes().all(|c| matches!(c, b'a'..=b'z' | b'2'..=b'7')) {
            Ok(Self(text.to_owned()))
        } else {
            Err(Refusal::publisher("it is no publisher hash"))
        }
    }
}

impl TryFrom<String> for PublisherHash {
    type Error = Refusal;

    fn try_from(text: String) -> Result<Self, Refusal> {
        text.parse()
    }
}

impl From<PublisherHash> for String {
    fn from(hash: PublisherHash) -> Self {
        hash.0
    }
}

/// The name of an app in the whole world: `<publisher hash>.<id>`, or `webx.<id>` for an app that
/// is part of the system.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct AppId(String);

impl AppId {
    /// The app `id` of a publisher. `id` is that of a checked manifest.
    #[must_use]
    pub(crate) fn of(publisher: &PublisherHash, id: &str) -> Self {
        Self(format!("{publisher}.{id}"))
    }

    pub(crate) fn of_system(id: &str) -> Self {
        Self(format!("webx.{id}"))
    }

    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The id in the manifest.
    #[must_use]
    pub fn id(&self) -> &str {
        self.0.split_once('.').map_or("", |(_, id)| id)
    }

    /// The publisher's part; `None` for a part of the system.
    #[must_use]
    pub fn publisher(&self) -> Option<PublisherHash> {
        self.0
            .split_once('.')
            .and_then(|(hash, _)| hash.parse().ok())
    }

    /// Whether the app is part of the system.
    #[must_use]
    pub fn system(&self) -> bool {
        self.0.starts_with("webx.")
    }
}

impl fmt::Display for AppId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for AppId {
    type Err = Refusal;

    fn from_str(text: &str) -> Result<Self, Refusal> {
        match text.parse::<AppRef>() {
            Ok(AppRef(name)) if !name.starts_with("own.") => Ok(Self(name)),
            _ => Err(Refusal::AppId(shown(text.as_bytes()))),
        }
    }
}

impl TryFrom<String> for AppId {
    type Error = Refusal;

    fn try_from(text: String) -> Result<Self, Refusal> {
        text.parse()
    }
}

impl From<AppId> for String {
    fn from(id: AppId) -> Self {
        id.0
    }
}

/// How a manifest names another app: an [`AppId`], or `own.<id>` for an app of the same publisher.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct AppRef(String);

impl AppRef {
    /// The name as it stands in the manifest.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The app that is meant in a manifest of `publisher`; a part of the system has none.
    #[must_use]
    pub fn resolve(&self, publisher: Option<&PublisherHash>) -> AppId {
        match (self.0.strip_prefix("own."), publisher) {
            (Some(id), Some(publisher)) => AppId::of(publisher, id),
            (Some(id), None) => AppId::of_system(id),
            (None, _) => AppId(self.0.clone()),
        }
    }
}

impl fmt::Display for AppRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for AppRef {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, &'static str> {
        let (publisher, id) = text
            .split_once('.')
            .ok_or("is no app: own.<id>, webx.<id> or <publisher>.<id> is wanted")?;
        if !matches!(publisher, "own" | "webx") && publisher.parse::<PublisherHash>().is_err() {
            return Err("does not name a publisher: own, webx or 16 characters are wanted");
        }
        check_id(id)?;
        Ok(Self(text.to_owned()))
    }
}

/// The `id` of a manifest: 2 to 40 of a–z, 0–9 and hyphen.
pub(crate) fn check_id(id: &str) -> Result<(), &'static str> {
    let known = |c: u8| c.is_ascii_lowercase() || c.is_ascii_digit() || c == b'-';
    if (2..=40).contains(&id.len()) && id.bytes().all(known) {
        Ok(())
    } else {
        Err("must be 2 to 40 of the characters a–z, 0–9 and -")
    }
}
