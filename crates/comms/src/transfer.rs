//! Handing a file from person to person: what the two nodes say to each other. Who is asked, what is kept and where it goes
//! is for the floors above.
//!
//! The one who has the file asks ([`OFFER`], a request) and is answered how the other side stands to it ([`Standing`]). The
//! other one fetches it when his person said yes ([`FETCH`], a stream): he sends the token of the offer, gets one byte
//! ([`Found`]), and then the file comes as in [`file`](crate::file), described by the token and not longer than was offered.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_bytes::ByteArray;

use crate::{Limits, Priority, wire};

/// Offers, and the end of them.
pub const OFFER: &str = "webx/offer/1";
/// The bytes of a file that was offered.
pub const FETCH: &str = "webx/fetch/1";
/// The largest file that is handed over, in bytes: both sides can hash it anew within [`FETCH`]'s patience.
pub const MAX_SIZE: u64 = 128 << 30;
/// The longest name of a file, in bytes.
pub const MAX_NAME: usize = 255;
const VERSION: u8 = 1;
const MAX_MESSAGE: usize = MAX_NAME + 96;

/// Names an offer between two people; drawn at random by the one who offers.
pub type Token = [u8; 16];

/// What is said about a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// Which offer.
    pub token: Token,
    /// What about it.
    pub what: What,
}

/// See [`Message`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub enum What {
    /// Do you want it? Asked again it is the same question.
    Offer {
        /// The file's name: not yet judged, but not longer than [`MAX_NAME`].
        name: String,
        /// Its length; at most [`MAX_SIZE`].
        size: u64,
    },
    /// I do not offer it any more.
    Withdraw,
    /// I do not want it.
    Refuse,
}

/// How the asked side stands to an offer: the one byte of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Its person has not decided, or it will come for the file.
    Open,
    /// It is not wanted.
    Refused,
    /// It is there.
    Done,
}

/// Whether what was to be fetched is to be had: one byte before the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Found {
    /// The file follows.
    Here,
    /// It is not offered any more.
    Gone,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Body {
    v: u8,
    token: ByteArray<16>,
    what: What,
}

impl Message {
    /// As it is sent.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let body = Body {
            v: VERSION,
            token: self.token.into(),
            what: self.what.clone(),
        };
        serde_ipld_dagcbor::to_vec(&body).unwrap_or_default()
    }

    /// `None` for anything but the one encoding of a message of this version within its limits.
    #[must_use]
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        let body: Body = wire::canonical(bytes, MAX_MESSAGE)?;
        let fits = match &body.what {
            What::Offer { name, size } => (1..=MAX_NAME).contains(&name.len()) && *size <= MAX_SIZE,
            What::Withdraw | What::Refuse => true,
        };
        (body.v == VERSION && fits).then_some(Self {
            token: body.token.into_array(),
            what: body.what,
        })
    }
}

impl Standing {
    /// As it is sent.
    #[must_use]
    pub fn byte(self) -> u8 {
        self as u8
    }

    /// `None` for what this version does not know.
    #[must_use]
    pub fn read(answer: &[u8]) -> Option<Self> {
        match answer {
            [0] => Some(Self::Open),
            [1] => Some(Self::Refused),
            [2] => Some(Self::Done),
            _ => None,
        }
    }
}

impl Found {
    /// As it is sent.
    #[must_use]
    pub fn byte(self) -> u8 {
        self as u8
    }

    /// `None` for what this version does not know.
    #[must_use]
    pub fn read(byte: u8) -> Option<Self> {
        match byte {
            0 => Some(Self::Here),
            1 => Some(Self::Gone),
            _ => None,
        }
    }
}

/// What one person may ask: a word or two a second, little of it at a time.
#[must_use]
pub fn offers() -> Limits {
    Limits {
        streams: 4,
        bytes: MAX_MESSAGE as u64,
        answer: 1,
        rate: 2,
        time: Duration::from_secs(20),
        ..Limits::default()
    }
}

/// What one person may fetch at a time, behind everything that somebody waits for.
#[must_use]
pub fn fetches() -> Limits {
    Limits {
        streams: 4,
        bytes: MAX_SIZE + 4096,
        rate: 2,
        stall: Duration::from_secs(300),
        priority: Priority::Bulk,
        ..Limits::default()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn an_offer_keeps_its_bytes() {
        let offer = Message {
            token: [7; 16],
            what: What::Offer {
                name: "cat.jpg".into(),
                size: 1000,
            },
        };
        let bytes = offer.encode();
        let pinned = b"\xa3\x61v\x01\x64what\xa1\x65Offer\xa2\x64name\x67cat.jpg\x64size\x19\x03\xe8\x65token\x50\
            \x07\x07\x07\x07\x07\x07\x07\x07\x07\x07\x07\x07\x07\x07\x07\x07";
        assert_eq!(bytes, pinned);
        assert_eq!(Message::decode(&bytes), Some(offer));
        for what in [What::Withdraw, What::Refuse] {
            let message = Message {
                token: [0; 16],
                what,
            };
            assert_eq!(Message::decode(&message.encode()), Some(message));
        }
    }

    #[test]
    fn what_is_too_long_too_large_or_nameless_is_no_offer() {
        for (name, size) in [
            ("x".repeat(256), 1),
            (String::new(), 1),
            ("x".into(), MAX_SIZE + 1),
            ("x".into(), u64::MAX),
        ] {
            let message = Message {
                token: [0; 16],
                what: What::Offer { name, size },
            };
            assert_eq!(Message::decode(&message.encode()), None);
        }
    }

    #[test]
    fn an_answer_is_one_known_byte() {
        for standing in [Standing::Open, Standing::Refused, Standing::Done] {
            assert_eq!(Standing::read(&[standing.byte()]), Some(standing));
        }
        for found in [Found::Here, Found::Gone] {
            assert_eq!(Found::read(found.byte()), Some(found));
        }
        assert_eq!((Standing::read(&[]), Found::read(2)), (None, None));
        assert_eq!(Standing::read(&[0, 0]), None);
    }

    proptest! {
        #[test]
        fn any_bytes_are_a_message_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
            if let Some(message) = Message::decode(&bytes) {
                prop_assert_eq!(message.encode(), bytes);
            }
        }
    }
}
