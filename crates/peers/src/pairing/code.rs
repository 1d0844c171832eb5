//! The code that the old device shows, as text and picture.

use std::{fmt, str::FromStr};

use data_encoding::BASE64URL_NOPAD;
use serde::{Deserialize, Serialize};
use serde_bytes::ByteArray;
use webx_overlay::{UnixTime, record::PeerRecord};
use zeroize::{Zeroize, ZeroizeOnDrop};

use crate::wire;

/// What a meeting is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// A new device becomes one of the person's: `webx:pair?…`.
    Device,
    /// A guardian gives back what he keeps: `webx:recover?…`.
    Recovery,
}

impl Purpose {
    const ALL: [Self; 2] = [Self::Device, Self::Recovery];

    fn prefix(self) -> &'static str {
        match self {
            Self::Device => "webx:pair?",
            Self::Recovery => "webx:recover?",
        }
    }

    /// The protocol's name in the transport handshake.
    #[must_use]
    pub fn alpn(self) -> &'static [u8] {
        match self {
            Self::Device => super::ALPN,
            Self::Recovery => super::RECOVERY_ALPN,
        }
    }

    /// What the proofs and digits are bound to, by the protocol of the connection.
    pub(super) fn binding(alpn: &[u8]) -> Option<&'static [u8]> {
        match Self::ALL
            .into_iter()
            .find(|purpose| purpose.alpn() == alpn)?
        {
            Self::Device => Some(b"EXPORTER-webx-pair-1"),
            Self::Recovery => Some(b"EXPORTER-webx-recover-1"),
        }
    }
}

/// The longest code, in characters.
pub const MAX_CODE: usize = 2048;

/// What the two devices have in common: 128 random bits. Wiped when dropped, never printed.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct PairingSecret(pub(super) [u8; 16]);

impl PairingSecret {
    /// A new one.
    ///
    /// # Errors
    /// When the system gives no random numbers.
    pub fn random() -> Result<Self, super::PairingError> {
        let mut bytes = [0; 16];
        getrandom::fill(&mut bytes).map_err(|_| super::PairingError::Random)?;
        Ok(Self(bytes))
    }
}

impl fmt::Debug for PairingSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PairingSecret")
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Body {
    v: u8,
    node: PeerRecord,
    exp: u64,
    secret: ByteArray<16>,
}

/// Where the old device is, and the secret. Whoever reads it within its few minutes can ask to be paired; the digits and the
/// person's own words stand before the rest.
#[derive(Clone, Debug)]
pub struct PairingCode {
    purpose: Purpose,
    node: PeerRecord,
    expires: UnixTime,
    secret: PairingSecret,
}

/// The text is no pairing code, or not all of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("this is not a pairing code, or a part of it is missing")]
pub struct NotACode;

impl PairingCode {
    /// A code for the device of this record.
    #[must_use]
    pub fn new(node: PeerRecord, expires: UnixTime, secret: PairingSecret) -> Self {
        Self {
            purpose: Purpose::Device,
            node,
            expires,
            secret,
        }
    }

    /// The same code for another purpose.
    #[must_use]
    pub fn with_purpose(self, purpose: Purpose) -> Self {
        Self { purpose, ..self }
    }

    /// What it is for.
    #[must_use]
    pub fn purpose(&self) -> Purpose {
        self.purpose
    }

    /// The old device: who it is and where.
    #[must_use]
    pub fn node(&self) -> &PeerRecord {
        &self.node
    }

    /// Until when it is good.
    #[must_use]
    pub fn expires(&self) -> UnixTime {
        self.expires
    }

    /// What both have in common.
    #[must_use]
    pub fn secret(&self) -> &PairingSecret {
        &self.secret
    }

    /// The text to show: a secret.
    #[must_use]
    pub fn text(&self) -> zeroize::Zeroizing<String> {
        let body = Body {
            v: 1,
            node: self.node.clone(),
            exp: self.expires.0,
            secret: self.secret.0.into(),
        };
        let mut bytes = wire::encode(&body).unwrap_or_default();
        let text = format!(
            "{}{}",
            self.purpose.prefix(),
            BASE64URL_NOPAD.encode(&bytes)
        );
        bytes.zeroize();
        text.into()
    }
}

impl FromStr for PairingCode {
    type Err = NotACode;

    fn from_str(text: &str) -> Result<Self, NotACode> {
        let (purpose, encoded) = Purpose::ALL
            .into_iter()
            .find_map(|purpose| Some((purpose, text.strip_prefix(purpose.prefix())?)))
            .filter(|_| text.len() <= MAX_CODE)
            .ok_or(NotACode)?;
        let bytes = BASE64URL_NOPAD
            .decode(encoded.as_bytes())
            .map_err(|_| NotACode)?;
        let body: Body = wire::decode(&bytes, MAX_CODE).ok_or(NotACode)?;
        if body.v != 1 || body.node.verify().is_err() {
            return Err(NotACode);
        }
        Ok(Self {
            purpose,
            node: body.node,
            expires: UnixTime(body.exp),
            secret: PairingSecret(*body.secret),
        })
    }
}
