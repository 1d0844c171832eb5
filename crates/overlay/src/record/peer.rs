//! What a node says of itself.

use core::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use ed25519_dalek::SigningKey;
use serde::{Deserialize, Serialize};
use serde_bytes::ByteBuf;

use super::{check, sign};
use crate::id::NodeId;
use crate::transport::Hints;
use crate::wire::{self, Malformed};

/// The longest encoded [`PeerRecord`], in bytes.
pub const MAX_PEER_RECORD: usize = 1536;
const MAX_DIRECT: usize = 8;
const MAX_RELAYS: usize = 3;
const MAX_RELAY: usize = 200;
const VERSION: u8 = 1;
const LABEL: &[u8] = b"webx overlay peer record v1\0";

/// What a node says of itself: where it may be reached and what it does for others. Signed with its key; a newer `sequence`
/// replaces an older one. On the wire a CBOR array of eight fields, the version first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "Wire", try_from = "Wire")]
pub struct PeerRecord {
    /// Whose.
    pub id: NodeId,
    /// Counts up with each change.
    pub sequence: u64,
    /// Seconds since 1970.
    pub issued: u64,
    /// At most eight UDP addresses.
    pub direct: Vec<SocketAddr>,
    /// At most three `https://` addresses of relays it listens on.
    pub relays: Vec<String>,
    /// Whether it serves relay and address look-up to others.
    pub serves: bool,
    /// Ed25519, over everything above.
    pub signature: Vec<u8>,
}

/// Why something is no record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NotARecord {
    /// More than eight addresses.
    #[error("a node names at most {MAX_DIRECT} addresses")]
    Addresses,
    /// A port of 0, an unspecified or multicast address, or an IPv4 address in IPv6 clothes.
    #[error("{0} is no address to reach a node at")]
    Address(SocketAddr),
    /// More than three relays.
    #[error("a node names at most {MAX_RELAYS} relays")]
    Relays,
    /// Longer than 200 bytes, not `https://host…`, or with control characters, blanks or a user name.
    #[error("a relay is an https address of at most {MAX_RELAY} bytes")]
    Relay,
    /// Not 64 bytes, or not made by the key.
    #[error("the signature is wrong")]
    Signature,
    /// A value, a label or a lifetime beyond its limit.
    #[error("beyond the limits of a record")]
    Limits,
    /// Not its own canonical bytes.
    #[error(transparent)]
    Malformed(#[from] Malformed),
}

impl PeerRecord {
    /// Makes and signs a record.
    ///
    /// # Errors
    /// When the hints are beyond the limits of a record.
    pub fn signed(
        key: &SigningKey,
        sequence: u64,
        issued: u64,
        hints: Hints,
        serves: bool,
    ) -> Result<Self, NotARecord> {
        let mut record = Self {
            id: NodeId(key.verifying_key().to_bytes()),
            sequence,
            issued,
            direct: hints.direct,
            relays: hints.relays,
            serves,
            signature: Vec::new(),
        };
        record.limits()?;
        record.signature = sign(key, LABEL, &record.body());
        Ok(record)
    }

    /// Reads a record: strict, canonical, signature verified.
    ///
    /// # Errors
    /// When it is anything else than the canonical bytes of a record signed by its node.
    pub fn decode(bytes: &[u8]) -> Result<Self, NotARecord> {
        let record: Self = wire::decode(bytes, MAX_PEER_RECORD)?;
        record.verify()?;
        Ok(record)
    }

    /// The canonical bytes.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        wire::encode(self)
    }

    /// Checks limits and signature.
    ///
    /// # Errors
    /// When a limit is passed or the signature is not the node's.
    pub fn verify(&self) -> Result<(), NotARecord> {
        self.limits()?;
        if check(&self.id, LABEL, &self.body(), &self.signature) {
            Ok(())
        } else {
            Err(NotARecord::Signature)
        }
    }

    /// Where the transport finds the node.
    #[must_use]
    pub fn hints(&self) -> Hints {
        Hints {
            direct: self.direct.clone(),
            relays: self.relays.clone(),
        }
    }

    fn body(&self) -> Vec<u8> {
        let mut wire = Wire::from(self.clone());
        wire.7.clear();
        wire::encode(&wire)
    }

    fn limits(&self) -> Result<(), NotARecord> {
        if self.direct.len() > MAX_DIRECT {
            return Err(NotARecord::Addresses);
        }
        if let Some(wrong) = self.direct.iter().find(|address| !reachable(address)) {
            return Err(NotARecord::Address(*wrong));
        }
        if self.relays.len() > MAX_RELAYS {
            return Err(NotARecord::Relays);
        }
        if self.relays.iter().any(|relay| !relay_address(relay)) {
            return Err(NotARecord::Relay);
        }
        Ok(())
    }
}

fn reachable(address: &SocketAddr) -> bool {
    let plain = match address {
        SocketAddr::V4(_) => true,
        // Zone and flow have no place on the wire.
        SocketAddr::V6(v6) => {
            v6.ip().to_ipv4_mapped().is_none() && v6.scope_id() == 0 && v6.flowinfo() == 0
        }
    };
    plain && address.port() != 0 && !address.ip().is_unspecified() && !address.ip().is_multicast()
}

fn relay_address(relay: &str) -> bool {
    let Some(rest) = relay.strip_prefix("https://") else {
        return false;
    };
    let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
    relay.len() <= MAX_RELAY
        && !host.is_empty()
        && !host.contains('@')
        && relay.bytes().all(|byte| byte.is_ascii_graphic())
}

/// Version, id, sequence, issued, addresses (6 or 18 bytes each), relays, serves, signature.
#[derive(Clone, Serialize, Deserialize)]
struct Wire(
    u8,
    NodeId,
    u64,
    u64,
    Vec<ByteBuf>,
    Vec<String>,
    bool,
    ByteBuf,
);

impl From<PeerRecord> for Wire {
    fn from(record: PeerRecord) -> Self {
        let direct = record.direct.iter().map(|address| {
            let mut bytes = match address.ip() {
                IpAddr::V4(ip) => ip.octets().to_vec(),
                IpAddr::V6(ip) => ip.octets().to_vec(),
            };
            bytes.extend(address.port().to_be_bytes());
            ByteBuf::from(bytes)
        });
        Self(
            VERSION,
            record.id,
            record.sequence,
            record.issued,
            direct.collect(),
            record.relays,
            record.serves,
            ByteBuf::from(record.signature),
        )
    }
}

impl TryFrom<Wire> for PeerRecord {
    type Error = NotARecord;

    fn try_from(wire: Wire) -> Result<Self, NotARecord> {
        if wire.0 != VERSION {
            return Err(Malformed::Version(wire.0).into());
        }
        if wire.4.len() > MAX_DIRECT {
            return Err(NotARecord::Addresses);
        }
        if wire.7.len() != 64 {
            return Err(NotARecord::Signature);
        }
        let direct = wire.4.iter().map(|bytes| address(bytes));
        let record = Self {
            id: wire.1,
            sequence: wire.2,
            issued: wire.3,
            direct: direct.collect::<Option<_>>().ok_or(Malformed::Shape)?,
            relays: wire.5,
            serves: wire.6,
            signature: wire.7.into_vec(),
        };
        record.limits()?;
        Ok(record)
    }
}

fn address(bytes: &[u8]) -> Option<SocketAddr> {
    let (ip, port) = bytes.split_last_chunk::<2>()?;
    let port = u16::from_be_bytes(*port);
    if let Ok(v4) = <[u8; 4]>::try_from(ip) {
        return Some(SocketAddr::new(Ipv4Addr::from(v4).into(), port));
    }
    let v6 = <[u8; 16]>::try_from(ip).ok()?;
    Some(SocketAddr::new(Ipv6Addr::from(v6).into(), port))
}
