//! Receipts: what one node did for another, signed by both.

use ed25519_dalek::{Signature, Signer as _, SigningKey, VerifyingKey};
use serde::{Deserialize, Serialize};
use serde_bytes::ByteArray;
use webx_overlay::NodeId;

use super::{Dimension, trust::Party};
use crate::{Error, wire};

const DOMAIN: &[u8] = b"webx receipt 1\0";
/// Longest receipt, in bytes.
pub const MAX_RECEIPT: usize = 512;
/// Most tries that one receipt sums up.
const MAX_TRIED: u32 = 1_000_000;
/// Epochs (days) after which a receipt says nothing any more.
pub const MAX_AGE: u32 = 90;
/// Most receipts of a pair, a service and an epoch.
pub const MAX_PER_EPOCH: u32 = 4;

/// What was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Service {
    /// Connections were relayed; the amount is bytes.
    Relay,
    /// Data was kept and proved; the amount is byte-days.
    Storage,
    /// Jobs were computed; the amount is milliseconds of a core.
    Compute,
    /// Data was sent; the amount is bytes.
    Transfer,
}

impl Service {
    /// Which dimension it speaks for.
    #[must_use]
    pub fn dimension(self) -> Dimension {
        match self {
            Self::Relay => Dimension::Relay,
            Self::Storage => Dimension::StorageProof,
            Self::Compute => Dimension::Compute,
            Self::Transfer => Dimension::Goodput,
        }
    }
}

/// What a receipt says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Served {
    pub(super) v: u8,
    /// What was done.
    pub service: Service,
    /// Who did it.
    pub provider: NodeId,
    /// For whom.
    pub consumer: NodeId,
    /// How often it was asked.
    pub tried: u32,
    /// How often it was done as promised.
    pub kept: u32,
    /// How much, in the unit of the service.
    pub amount: u64,
    /// The day, counted from 1970-01-01.
    pub epoch: u32,
    /// Hash of the connection's binding: no two receipts of one connection are alike.
    pub channel: ByteArray<32>,
}

impl Served {
    /// A receipt to be signed.
    #[must_use]
    pub fn new(
        service: Service,
        (provider, consumer): (NodeId, NodeId),
        (tried, kept): (u32, u32),
        amount: u64,
        epoch: u32,
        channel: [u8; 32],
    ) -> Self {
        Self {
            v: 1,
            service,
            provider,
            consumer,
            tried,
            kept,
            amount,
            epoch,
            channel: channel.into(),
        }
    }

    /// The signature of one of the two sides.
    #[must_use]
    pub fn sign(&self, key: &SigningKey) -> [u8; 64] {
        key.sign(&self.message()).to_bytes()
    }

    fn message(&self) -> Vec<u8> {
        [DOMAIN, &wire::encode(self).unwrap_or_default()].concat()
    }

    fn check(&self, today: u32) -> Result<(), Error> {
        let refuse = |why| {
            Err(Error::Refused {
                what: "a receipt",
                why,
            })
        };
        match () {
            () if self.v != 1 => refuse("it is of another version"),
            () if self.provider == self.consumer => refuse("both sides are the same node"),
            () if self.tried == 0 || self.tried > MAX_TRIED || self.kept > self.tried => {
                refuse("its numbers cannot be")
            }
            () if self.epoch > today.saturating_add(1) => refuse("it is dated in the future"),
            () if self.epoch < today.saturating_sub(MAX_AGE) => refuse("it is too old"),
            () => Ok(()),
        }
    }
}

/// A receipt with both signatures, checked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Receipt {
    served: Served,
    provider: ByteArray<64>,
    consumer: ByteArray<64>,
}

impl Receipt {
    /// Puts both signatures to what they sign.
    ///
    /// # Errors
    /// [`Error::Refused`].
    pub fn new(
        served: Served,
        provider: [u8; 64],
        consumer: [u8; 64],
        today: u32,
    ) -> Result<Self, Error> {
        let receipt = Self {
            served,
            provider: provider.into(),
            consumer: consumer.into(),
        };
        receipt.check(today)?;
        Ok(receipt)
    }

    /// Reads a receipt that came from anywhere. `today` is the day counted from 1970-01-01.
    ///
    /// # Errors
    /// [`Error::Refused`].
    pub fn decode(bytes: &[u8], today: u32) -> Result<Self, Error> {
        let receipt: Self = wire::decode(bytes, MAX_RECEIPT).ok_or(Error::Refused {
            what: "a receipt",
            why: "it is malformed",
        })?;
        receipt.check(today)?;
        Ok(receipt)
    }

    /// Reads a receipt that was checked before it was stored, if it is not too old by now.
    pub(crate) fn stored(bytes: &[u8], today: u32) -> Option<Self> {
        let receipt: Self = wire::decode(bytes, MAX_RECEIPT)?;
        receipt.served.check(today).is_ok().then_some(receipt)
    }

    /// As it is sent and stored.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        wire::encode(self).unwrap_or_default()
    }

    /// What it says.
    #[must_use]
    pub fn served(&self) -> &Served {
        &self.served
    }

    /// Its name: each is counted once, whatever the signatures look like.
    #[must_use]
    pub fn id(&self) -> [u8; 32] {
        blake3::hash(&self.served.message()).into()
    }

    fn check(&self, today: u32) -> Result<(), Error> {
        self.served.check(today)?;
        let message = self.served.message();
        for (node, signature) in [
            (self.served.provider, &self.provider),
            (self.served.consumer, &self.consumer),
        ] {
            VerifyingKey::from_bytes(node.as_bytes())
                .and_then(|key| key.verify_strict(&message, &Signature::from_bytes(signature)))
                .map_err(|_| Error::Refused {
                    what: "a receipt",
                    why: "a signature does not hold",
                })?;
        }
        Ok(())
    }
}

/// What one party says of another one, summed up over its receipts.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Testimony {
    /// Who was served.
    pub issuer: Party,
    /// Who served.
    pub subject: Party,
    /// In what.
    pub dimension: Dimension,
    /// How often it was asked.
    pub tried: u64,
    /// How often it was done as promised.
    pub kept: u64,
}

impl Testimony {
    /// The share that was kept.
    #[must_use]
    pub fn rate(&self) -> f64 {
        if self.tried == 0 {
            return 0.0;
        }
        (self.kept.min(self.tried)) as f64 / self.tried as f64
    }

    /// Adds up testimonies of the same pair and dimension, so that many receipts weigh no more than one.
    #[must_use]
    pub fn merged(all: impl IntoIterator<Item = Self>) -> Vec<Self> {
        let mut sums = std::collections::BTreeMap::<_, (u64, u64)>::new();
        for one in all {
            let sum = sums
                .entry((one.issuer, one.subject, one.dimension))
                .or_default();
            sum.0 = sum.0.saturating_add(one.tried);
            sum.1 = sum.1.saturating_add(one.kept.min(one.tried));
        }
        let back = |((issuer, subject, dimension), (tried, kept))| Self {
            issuer,
            subject,
            dimension,
            tried,
            kept,
        };
        sums.into_iter().map(back).collect()
    }
}
