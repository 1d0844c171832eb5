//! Proof of identity: both ends of a connection show which person stands behind their node.
//!
//! The transport has proved the node keys. Here each side names its DID, shows the DID log and signs the connection's
//! channel binding with its device key, and that key must stand in the newest known version of the log. A proof is good
//! for one connection, one direction and one pair of nodes; nothing of it can be used elsewhere.
//!
//! [`Prover`] is the protocol without sockets and clock; [`prove`] runs it over a connection. The bytes are described in
//! `docs/protocol/peers.md`.

mod log;
mod message;
mod prover;
mod shell;
#[cfg(test)]
mod tests;

use std::{fmt, sync::Arc};

use ed25519_dalek::SigningKey;
use time::OffsetDateTime;
use webx_identity::{Did, DidLog, Method, Purpose};
use webx_overlay::NodeId;

pub use log::{Known, News};
pub use message::MAX_FRAME;
pub use prover::{Next, Prover};
pub use shell::{ProofError, TIMEOUT, prove};

/// The protocol's name in the transport handshake.
pub const ALPN: &[u8] = b"webx/auth/1";
/// The label of the channel binding that is signed.
pub const BINDING: &[u8] = b"EXPORTER-webx-auth-1";
/// Longest DID log a peer may show, in bytes.
pub const MAX_LOG: usize = 256 * 1024;

/// Who this node proves to be.
#[derive(Clone)]
pub struct Own {
    did: Did,
    log: Option<DidLog>,
    key: Arc<SigningKey>,
}

impl Own {
    /// A person's device: `log` is the newest version of the DID log and must list `key` for authentication.
    ///
    /// # Errors
    /// The [`Refusal`] that every peer would answer with: a log that is too large or not valid, a deactivated DID, a key
    /// that is not in it.
    pub fn new(
        did: Did,
        log: DidLog,
        key: Arc<SigningKey>,
        now: OffsetDateTime,
    ) -> Result<Self, Refusal> {
        let log = Some(log);
        let own = Self { did, log, key };
        let seen = log::read(&own.did, own.log.as_ref(), now)?;
        seen.holds(own.node())?;
        Ok(own)
    }

    /// A node without a person: its DID is the `did:key` of its own key.
    ///
    /// # Errors
    /// [`Refusal::Log`] for a key no DID can name.
    pub fn anonymous(key: Arc<SigningKey>) -> Result<Self, Refusal> {
        let did = webx_identity::did_key(&key.verifying_key())
            .parse()
            .map_err(log::bad)?;
        Ok(Self {
            did,
            log: None,
            key,
        })
    }

    /// The DID.
    #[must_use]
    pub fn did(&self) -> &Did {
        &self.did
    }

    /// The log that proves it; none for a `did:key`.
    #[must_use]
    pub fn log(&self) -> Option<&DidLog> {
        self.log.as_ref()
    }

    /// This device.
    #[must_use]
    pub fn node(&self) -> NodeId {
        NodeId(self.key.verifying_key().to_bytes())
    }

    pub(crate) fn key(&self) -> &SigningKey {
        &self.key
    }

    fn log_bytes(&self) -> &[u8] {
        self.log.as_ref().map_or(&[], |log| log.as_str().as_bytes())
    }
}

impl fmt::Debug for Own {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Own({}, {:?})", self.did, self.node())
    }
}

/// The connection over which something is proved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Link {
    /// 32 bytes that only the two ends of this connection know.
    pub binding: [u8; 32],
    /// The other end's key, as the transport proved it.
    pub peer: NodeId,
    /// Which end this is.
    pub role: Role,
}

/// Which end of a connection a side is. It is signed, so that a proof cannot be sent back to its maker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// It opened the connection.
    Dialler,
    /// It took the connection.
    Acceptor,
}

impl Role {
    /// The other end's.
    #[must_use]
    pub fn other(self) -> Self {
        match self {
            Self::Dialler => Self::Acceptor,
            Self::Acceptor => Self::Dialler,
        }
    }
}

/// What this node remembers of other people's logs.
pub trait Memory {
    /// The newest log of `did` that was ever accepted.
    fn log(&self, did: &Did) -> Option<DidLog>;
}

/// Nothing is remembered.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoMemory;

impl Memory for NoMemory {
    fn log(&self, _: &Did) -> Option<DidLog> {
        None
    }
}

/// A peer that has proved who it is.
#[derive(Clone, Debug)]
pub struct Proven {
    /// The person.
    pub did: Did,
    /// The device that holds the other end.
    pub device: NodeId,
    /// The newest log of the person that is known now: the peer's, or a newer one that was remembered. None for a `did:key`.
    pub log: Option<DidLog>,
    /// The version of the DID at its end.
    pub version: String,
    /// What the shown log was to the remembered one. [`News::First`] and [`News::Newer`] are to be remembered.
    pub news: News,
    /// All devices of the person.
    pub devices: Vec<NodeId>,
}

/// Why a proof was refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// Not the protocol: a malformed, oversize or unexpected message.
    #[error("the other side broke the protocol: {0}")]
    Protocol(&'static str),
    /// The other end has this node's own key.
    #[error("the other side has this node's own key")]
    Myself,
    /// The log is longer than 256 KiB.
    #[error("the identity log is larger than 256 KiB")]
    LogTooLarge,
    /// The log that came is not the one that was announced.
    #[error("the identity log is not the one that was announced")]
    OtherLog,
    /// The log does not prove the DID.
    #[error("the identity log does not hold: {0}")]
    Log(String),
    /// The DID was ended by its owner.
    #[error("this identity was ended by its owner")]
    Deactivated,
    /// The log contradicts the one that is known: two versions with the same number.
    #[error(
        "{did} shows another history than before (version {known} was known, {shown} was shown)"
    )]
    Forked {
        /// Whose.
        did: Did,
        /// The first version that was known and is not in the shown log.
        known: String,
        /// What the shown log has in its place.
        shown: String,
    },
    /// The device is not (or no longer) listed in the log.
    #[error("this device is not one of {0}")]
    NotADevice(Did),
    /// The signature is not over this connection, this direction, these nodes and these names.
    #[error("the signature does not fit to this connection")]
    Signature,
    /// The other side refused this node's proof.
    #[error("the other side refused this node's identity: {0}")]
    ByPeer(Cause),
}

/// A refusal as the other side is told: enough to act on, nothing about what is remembered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[non_exhaustive]
pub enum Cause {
    /// A message was malformed, too long or out of turn.
    Protocol,
    /// The log is too large, not valid or not the announced one.
    Log,
    /// The DID is ended.
    Deactivated,
    /// Another history of this DID is known.
    Forked,
    /// The device is not in the newest version.
    NotADevice,
    /// The signature does not fit.
    Signature,
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Protocol => "it did not understand a message",
            Self::Log => "the identity log was not accepted",
            Self::Deactivated => "the identity is ended",
            Self::Forked => "it knows another history of this identity",
            Self::NotADevice => "this device is not in the newest version of the identity",
            Self::Signature => "the signature did not fit",
        })
    }
}

impl Refusal {
    /// What the other side is told of it.
    #[must_use]
    pub fn cause(&self) -> Cause {
        match self {
            Self::Protocol(_) | Self::Myself | Self::ByPeer(_) => Cause::Protocol,
            Self::LogTooLarge | Self::OtherLog | Self::Log(_) => Cause::Log,
            Self::Deactivated => Cause::Deactivated,
            Self::Forked { .. } => Cause::Forked,
            Self::NotADevice(_) => Cause::NotADevice,
            Self::Signature => Cause::Signature,
        }
    }
}

impl From<webx_identity::Error> for Refusal {
    fn from(error: webx_identity::Error) -> Self {
        log::bad(error)
    }
}

/// The devices of a DID by its newest log.
///
/// # Errors
/// [`Refusal::Log`], [`Refusal::Deactivated`].
pub fn devices(
    did: &Did,
    log: Option<&DidLog>,
    now: OffsetDateTime,
) -> Result<Vec<NodeId>, Refusal> {
    Ok(log::read(did, log, now)?.devices)
}

fn is_key(did: &Did) -> bool {
    matches!(did.method(), Method::Key(_))
}

const PURPOSE: Purpose = Purpose::Authentication;
