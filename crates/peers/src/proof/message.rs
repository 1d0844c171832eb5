//! The messages of a proof.

use serde::{Deserialize, Serialize};
use serde_bytes::ByteArray;
use webx_identity::Did;
use webx_overlay::NodeId;

use super::{Cause, Refusal, Role};
use crate::wire;

/// Longest message, in bytes.
pub const MAX_FRAME: usize = 20 * 1024;
/// Bytes of the log in one message.
pub(crate) const CHUNK: usize = 16 * 1024;
const VERSION: u8 = 1;
const DOMAIN: &[u8] = b"webx/auth/1 device proof\0";

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Message {
    Hello(Hello),
    /// Whether the other side's log is wanted.
    Want(bool),
    /// A piece of the log, in order.
    Log(#[serde(with = "serde_bytes")] Vec<u8>),
    /// The signature over [`Transcript`].
    Proof(ByteArray<64>),
    /// The last word: accepted, or why not.
    Verdict(Option<Cause>),
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Hello {
    v: u8,
    pub(crate) nonce: ByteArray<32>,
    pub(crate) did: Did,
    /// BLAKE3 of the log's text.
    pub(crate) log: ByteArray<32>,
    /// Its bytes; 0 when the DID needs none.
    pub(crate) bytes: u32,
}

impl Hello {
    pub(crate) fn new(nonce: [u8; 32], did: Did, log: &[u8]) -> Self {
        Self {
            v: VERSION,
            nonce: ByteArray::new(nonce),
            did,
            log: ByteArray::new(blake3::hash(log).into()),
            bytes: u32::try_from(log.len()).unwrap_or(u32::MAX),
        }
    }
}

impl Message {
    pub(crate) fn encode(&self) -> Vec<u8> {
        wire::encode(self).unwrap_or_default()
    }

    pub(crate) fn decode(bytes: &[u8]) -> Result<Self, Refusal> {
        let message =
            wire::decode(bytes, MAX_FRAME).ok_or(Refusal::Protocol("a malformed message"))?;
        match &message {
            Self::Hello(hello) if hello.v != VERSION => {
                Err(Refusal::Protocol("an unknown version"))
            }
            _ => Ok(message),
        }
    }
}

/// All that a signature covers.
pub(crate) struct Transcript<'a> {
    pub(crate) binding: &'a [u8; 32],
    /// The signer's.
    pub(crate) role: Role,
    pub(crate) signer: NodeId,
    pub(crate) verifier: NodeId,
    pub(crate) signed: &'a Hello,
    pub(crate) heard: &'a Hello,
}

impl Transcript<'_> {
    /// Every field has a fixed length but the signer's DID, which comes last.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        let role = match self.role {
            Role::Dialler => 0,
            Role::Acceptor => 1,
        };
        let mut bytes = Vec::with_capacity(DOMAIN.len() + 1 + 7 * 32 + 128);
        bytes.extend_from_slice(DOMAIN);
        bytes.push(role);
        for field in [
            self.binding,
            self.signer.as_bytes(),
            self.verifier.as_bytes(),
            &self.signed.nonce,
            &self.heard.nonce,
            &self.signed.log,
            blake3::hash(self.heard.did.as_str().as_bytes()).as_bytes(),
        ] {
            bytes.extend_from_slice(field);
        }
        bytes.extend_from_slice(self.signed.did.as_str().as_bytes());
        bytes
    }
}
