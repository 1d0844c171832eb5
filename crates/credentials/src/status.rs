//! Bitstring Status List 1.0: what an issuer says later about what he has said.

use std::io::{Read as _, Write as _};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use flate2::{Compression, GzBuilder, read::GzDecoder};
use serde_json::{Map, Value, json};

use crate::{
    Error,
    ld::{is_absolute, strings},
    limits::MAX_STATUS_LIST,
};

/// Entries of every list made here: the least the specification allows (16 KiB of bits), so that
/// an entry hides among 131,072.
pub const MIN_ENTRIES: usize = 131_072;

/// One bit for each credential of an issuer. Entry 0 is the leftmost bit.
#[derive(Clone, PartialEq, Eq)]
pub struct StatusList {
    bits: Vec<u8>,
}

impl std::fmt::Debug for StatusList {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("StatusList")
            .field("bytes", &self.bits.len())
            .finish()
    }
}

impl Default for StatusList {
    fn default() -> Self {
        Self {
            bits: vec![0; MIN_ENTRIES / 8],
        }
    }
}

impl StatusList {
    /// Reads `encodedList`: multibase base64url of a gzip stream.
    ///
    /// # Errors
    /// [`Error::Status`] for another encoding or a list that is too short, [`Error::TooLarge`] for one that
    /// inflates beyond [`MAX_STATUS_LIST`]; no more than that is ever inflated.
    pub fn decode(encoded: &str) -> Result<Self, Error> {
        let text = encoded
            .strip_prefix('u')
            .ok_or(Error::Status("the list is not base64url"))?;
        let packed = URL_SAFE_NO_PAD
            .decode(text)
            .map_err(|_| Error::Status("the list is not base64url"))?;
        let mut bits = Vec::new();
        let limit = u64::try_from(MAX_STATUS_LIST)
            .unwrap_or(u64::MAX)
            .saturating_add(1);
        GzDecoder::new(packed.as_slice())
            .take(limit)
            .read_to_end(&mut bits)
            .map_err(|_| Error::Status("the list is no gzip stream"))?;
        if bits.len() > MAX_STATUS_LIST {
            return Err(Error::TooLarge {
                what: "bytes of a status list",
                limit: MAX_STATUS_LIST,
            });
        }
        if bits.len() < MIN_ENTRIES / 8 {
            return Err(Error::Status("the list is shorter than 16 KiB"));
        }
        Ok(Self { bits })
    }

    /// The text for `encodedList`. The same list gives the same text.
    ///
    /// # Errors
    /// [`Error::Status`] when it cannot be packed.
    pub fn encode(&self) -> Result<String, Error> {
        let mut packer = GzBuilder::new()
            .mtime(0)
            .write(Vec::new(), Compression::default());
        let packed = packer
            .write_all(&self.bits)
            .and_then(|()| packer.finish())
            .map_err(|_| Error::Status("the list could not be packed"))?;
        Ok(format!("u{}", URL_SAFE_NO_PAD.encode(packed)))
    }

    /// How many entries of one bit it has.
    #[must_use]
    pub fn entries(&self) -> usize {
        self.bits.len().saturating_mul(8)
    }

    /// The entry `index` of `size` bits.
    ///
    /// # Errors
    /// [`Error::Status`] when the list has no such entry.
    pub fn get(&self, index: usize, size: u8) -> Result<u8, Error> {
        let range = Error::Status("the list has no such entry");
        let start = index.checked_mul(usize::from(size)).ok_or(range.clone())?;
        let mut value = 0_u8;
        for bit in start..start.checked_add(usize::from(size)).ok_or(range.clone())? {
            let byte = self.bits.get(bit / 8).ok_or(range.clone())?;
            value = (value << 1) | ((byte >> (7 - bit % 8)) & 1);
        }
        Ok(value)
    }

    /// Sets or clears the one-bit entry `index`.
    ///
    /// # Errors
    /// [`Error::Status`] when the list has no such entry.
    pub fn set(&mut self, index: usize, on: bool) -> Result<(), Error> {
        let byte = self
            .bits
            .get_mut(index / 8)
            .ok_or(Error::Status("the list has no such entry"))?;
        let bit = 1 << (7 - index % 8);
        if on {
            *byte |= bit;
        } else {
            *byte &= !bit;
        }
        Ok(())
    }

    /// The unsigned credential that publishes this list for `purpose` under the address `id`.
    ///
    /// # Errors
    /// As [`StatusList::encode`].
    pub fn credential(&self, id: &str, issuer: &str, purpose: &str) -> Result<Value, Error> {
        Ok(json!({
            "@context": ["https://www.w3.org/ns/credentials/v2"],
            "id": id,
            "type": ["VerifiableCredential", "BitstringStatusListCredential"],
            "issuer": issuer,
            "credentialSubject": {
                "id": format!("{id}#list"),
                "type": "BitstringStatusList",
                "statusPurpose": purpose,
                "encodedList": self.encode()?,
            },
        }))
    }
}

/// What a credential says about where its status is found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) list: String,
    pub(crate) purpose: String,
    index: usize,
    size: u8,
    messages: Vec<(u8, String)>,
}

impl Entry {
    /// Reads a `BitstringStatusListEntry`; `None` for another type.
    pub(crate) fn read(members: &Map<String, Value>) -> Result<Option<Self>, Error> {
        let types = members.get("type").and_then(strings).unwrap_or_default();
        if !types.contains(&"BitstringStatusListEntry") {
            return Ok(None);
        }
        let text = |member: &str, reason| {
            members
                .get(member)
                .and_then(Value::as_str)
                .ok_or(Error::Status(reason))
        };
        let digits = text("statusListIndex", "statusListIndex has to be a string")?;
        let index = digits
            .bytes()
            .all(|c| c.is_ascii_digit())
            .then(|| digits.parse().ok());
        let size = match members.get("statusSize") {
            None => 1,
            Some(value) => value
                .as_u64()
                .and_then(|size| u8::try_from(size).ok())
                .filter(|size| (1..=8).contains(size))
                .ok_or(Error::Status("statusSize has to be a number from 1 to 8"))?,
        };
        let list = text(
            "statusListCredential",
            "statusListCredential has to be a URL",
        )?;
        if !is_absolute(list) {
            return Err(Error::Status("statusListCredential has to be a URL"));
        }
        let purpose = text("statusPurpose", "statusPurpose has to be a string")?;
        let messages = messages(members.get("statusMessage"), size)?;
        if purpose == "message" && messages.is_empty() {
            return Err(Error::Status("the purpose \"message\" needs statusMessage"));
        }
        Ok(Some(Self {
            list: list.to_owned(),
            purpose: purpose.to_owned(),
            index: index
                .flatten()
                .ok_or(Error::Status("statusListIndex is no number"))?,
            size,
            messages,
        }))
    }

    /// Looks itself up in a list credential whose proof was checked.
    pub(crate) fn look_up(
        &self,
        credential: &Map<String, Value>,
    ) -> Result<(u8, Option<String>), Error> {
        let has = |members: &Map<String, Value>, name| {
            members
                .get("type")
                .and_then(strings)
                .is_some_and(|types| types.contains(&name))
        };
        if !has(credential, "BitstringStatusListCredential") {
            return Err(Error::Status(
                "the list is no BitstringStatusListCredential",
            ));
        }
        if credential
            .get("id")
            .is_some_and(|id| id.as_str() != Some(&self.list))
        {
            return Err(Error::Status(
                "the list is another than the credential names",
            ));
        }
        let subject = credential
            .get("credentialSubject")
            .and_then(Value::as_object)
            .filter(|subject| has(subject, "BitstringStatusList"))
            .ok_or(Error::Status("the list is no BitstringStatusList"))?;
        let purposes = subject
            .get("statusPurpose")
            .and_then(strings)
            .unwrap_or_default();
        if !purposes.contains(&self.purpose.as_str()) {
            return Err(Error::Status("the list is for another purpose"));
        }
        let encoded = subject.get("encodedList").and_then(Value::as_str);
        let list = StatusList::decode(encoded.ok_or(Error::Status("the list is missing"))?)?;
        let value = list.get(self.index, self.size)?;
        let message = self.messages.iter().find(|(status, _)| *status == value);
        Ok((value, message.map(|(_, text)| text.clone())))
    }
}

/// The messages of an entry: one for each value that `size` bits can have.
fn messages(value: Option<&Value>, size: u8) -> Result<Vec<(u8, String)>, Error> {
    let wrong = Error::Status("statusMessage needs one status and message for each value");
    let items = match value {
        None if size == 1 => return Ok(Vec::new()),
        Some(Value::Array(items)) if items.len() == 1 << size => items,
        _ => return Err(wrong),
    };
    items
        .iter()
        .map(|item| {
            let status = item
                .get("status")
                .and_then(Value::as_str)?
                .strip_prefix("0x")?;
            let message = item.get("message").and_then(Value::as_str)?;
            Some((u8::from_str_radix(status, 16).ok()?, message.to_owned()))
        })
        .collect::<Option<_>>()
        .ok_or(wrong)
}
