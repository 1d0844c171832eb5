//! Token Status List: what an issuer says later about tokens he has signed.

use std::io::{Read as _, Write as _};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use flate2::{Compression, read::ZlibDecoder, write::ZlibEncoder};
use serde_json::{Map, Value, json};
use time::{Duration, OffsetDateTime};

use crate::{
    Credentials, Error, Purpose, Signer, Status,
    jose::{self, Jws},
    ld::is_absolute,
    limits::MAX_STATUS_LIST,
    verify::controller,
};

/// A number of 1, 2, 4 or 8 bits for each token. Entry 0 is in the lowest bits of the first byte.
#[derive(Clone, PartialEq, Eq)]
pub struct TokenStatusList {
    bits: u8,
    bytes: Vec<u8>,
}

impl std::fmt::Debug for TokenStatusList {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TokenStatusList")
            .field("bits", &self.bits)
            .field("bytes", &self.bytes.len())
            .finish()
    }
}

impl TokenStatusList {
    /// `entries` tokens of `bits` bits, all valid.
    ///
    /// # Errors
    /// [`Error::Status`] when `bits` is none of 1, 2, 4, 8; [`Error::TooLarge`].
    pub fn new(entries: usize, bits: u8) -> Result<Self, Error> {
        let bytes = entries
            .saturating_mul(usize::from(checked(bits)?))
            .div_ceil(8);
        if bytes > MAX_STATUS_LIST {
            return Err(too_large());
        }
        Ok(Self {
            bits,
            bytes: vec![0; bytes],
        })
    }

    /// Reads `bits` and `lst` of a `status_list`. No more than [`MAX_STATUS_LIST`] is ever inflated.
    ///
    /// # Errors
    /// [`Error::Status`] for another encoding, [`Error::TooLarge`].
    pub fn decode(bits: u8, lst: &str) -> Result<Self, Error> {
        let bits = checked(bits)?;
        let packed = URL_SAFE_NO_PAD
            .decode(lst)
            .map_err(|_| Error::Status("the list is not base64url"))?;
        let mut bytes = Vec::new();
        let limit = u64::try_from(MAX_STATUS_LIST)
            .unwrap_or(u64::MAX)
            .saturating_add(1);
        ZlibDecoder::new(packed.as_slice())
            .take(limit)
            .read_to_end(&mut bytes)
            .map_err(|_| Error::Status("the list is no zlib stream"))?;
        if bytes.len() > MAX_STATUS_LIST {
            return Err(too_large());
        }
        Ok(Self { bits, bytes })
    }

    /// The text for `lst`.
    ///
    /// # Errors
    /// [`Error::Status`] when it cannot be packed.
    pub fn encode(&self) -> Result<String, Error> {
        let mut packer = ZlibEncoder::new(Vec::new(), Compression::best());
        let packed = packer
            .write_all(&self.bytes)
            .and_then(|()| packer.finish())
            .map_err(|_| Error::Status("the list could not be packed"))?;
        Ok(URL_SAFE_NO_PAD.encode(packed))
    }

    fn place(&self, index: usize) -> Result<(usize, usize, u8), Error> {
        let none = Error::Status("the list has no such entry");
        let bit = index
            .checked_mul(usize::from(self.bits))
            .ok_or(none.clone())?;
        if bit / 8 >= self.bytes.len() {
            return Err(none);
        }
        let mask = u8::MAX >> 8_u8.saturating_sub(self.bits);
        Ok((bit / 8, bit % 8, mask))
    }

    /// The entry `index`.
    ///
    /// # Errors
    /// [`Error::Status`] when the list has no such entry.
    pub fn get(&self, index: usize) -> Result<u8, Error> {
        let (byte, shift, mask) = self.place(index)?;
        Ok((self.bytes.get(byte).copied().unwrap_or_default() >> shift) & mask)
    }

    /// Sets the entry `index`.
    ///
    /// # Errors
    /// [`Error::Status`] when the list has no such entry, or the value does not fit.
    pub fn set(&mut self, index: usize, value: u8) -> Result<(), Error> {
        let (byte, shift, mask) = self.place(index)?;
        if value > mask {
            return Err(Error::Status("a status with more bits than the list has"));
        }
        if let Some(byte) = self.bytes.get_mut(byte) {
            *byte = (*byte & !(mask << shift)) | (value << shift);
        }
        Ok(())
    }

    /// The signed token that publishes this list under the address `uri`, good for a day.
    ///
    /// # Errors
    /// As [`TokenStatusList::encode`], and what the key refuses.
    pub fn token(
        &self,
        uri: &str,
        verification_method: &str,
        now: OffsetDateTime,
        signer: &dyn Signer,
    ) -> Result<String, Error> {
        let mut header = Map::new();
        header.insert("typ".to_owned(), "statuslist+jwt".into());
        let claims = json!({
            "sub": uri, "iss": controller(verification_method), "iat": now.unix_timestamp(),
            "exp": (now + Duration::DAY).unix_timestamp(), "ttl": 3600,
            "status_list": { "bits": self.bits, "lst": self.encode()? },
        });
        jose::sign(header, &claims, verification_method, signer)
    }
}

impl Credentials<'_> {
    /// What the list that `status` names says of a token of `issuer`.
    pub(crate) fn token_status(
        &self,
        status: &Value,
        issuer: &str,
        now: OffsetDateTime,
    ) -> Result<Status, Error> {
        let entry = status.get("status_list");
        let index = entry.and_then(|entry| entry.get("idx")?.as_u64());
        let uri = entry.and_then(|entry| entry.get("uri")?.as_str());
        let (Some(index), Some(uri)) = (index, uri) else {
            return if entry.is_none() && status.is_object() {
                Ok(Status::Unknown { purpose: None })
            } else {
                Err(Error::Status(
                    "status_list needs a number idx and an address uri",
                ))
            };
        };
        if !is_absolute(uri) {
            return Err(Error::Status("the uri of a status list has to be a URL"));
        }
        let purpose = || "status".to_owned();
        let Some(bytes) = self.lists.list(uri)? else {
            return Ok(Status::Unknown {
                purpose: Some(purpose()),
            });
        };
        let text =
            std::str::from_utf8(&bytes).map_err(|_| Error::Status("the list is no token"))?;
        let list = self.status_token(text.trim(), uri, issuer, now)?;
        let index =
            usize::try_from(index).map_err(|_| Error::Status("the list has no such entry"))?;
        match list.get(index)? {
            0 => Ok(Status::Clear { purpose: purpose() }),
            1 => Err(Error::Withdrawn("invalid".to_owned())),
            2 => Err(Error::Withdrawn("suspended".to_owned())),
            value => Ok(Status::Message { value, text: None }),
        }
    }

    fn status_token(
        &self,
        text: &str,
        uri: &str,
        issuer: &str,
        now: OffsetDateTime,
    ) -> Result<TokenStatusList, Error> {
        let token = Jws::read(text)?;
        if token.kind()?.as_deref() != Some("statuslist+jwt") {
            return Err(Error::Status("the list is a token of another type"));
        }
        if token.text("sub")? != Some(uri) {
            return Err(Error::Status("the list is another than the token names"));
        }
        if token.text("iss")?.is_some_and(|iss| iss != issuer) {
            return Err(Error::Status("the list is by another issuer"));
        }
        let made = token
            .times(now)?
            .ok_or(Error::Status("the list does not say when it was made"))?;
        let purpose = Purpose::Assertion.name();
        let (_, method) = token.method(self.resolver, issuer, purpose, Some(made), now)?;
        token.check(&method.key)?;
        let list = token.claims.get("status_list");
        let bits = list.and_then(|list| u8::try_from(list.get("bits")?.as_u64()?).ok());
        let lst = list.and_then(|list| list.get("lst")?.as_str());
        match (bits, lst) {
            (Some(bits), Some(lst)) => TokenStatusList::decode(bits, lst),
            _ => Err(Error::Status("the list is missing")),
        }
    }
}

fn checked(bits: u8) -> Result<u8, Error> {
    if matches!(bits, 1 | 2 | 4 | 8) {
        Ok(bits)
    } else {
        Err(Error::Status("a status has 1, 2, 4 or 8 bits"))
    }
}

fn too_large() -> Error {
    Error::TooLarge {
        what: "bytes of a status list",
        limit: MAX_STATUS_LIST,
    }
}
