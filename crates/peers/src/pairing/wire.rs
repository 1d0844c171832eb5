//! Messages: a length of four bytes, then canonical CBOR.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_bytes::ByteArray;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use webx_overlay::transport::{RecvStream, SendStream};
use zeroize::{Zeroize as _, Zeroizing};

use super::{PairingError, package::Package, returned::Returned};
use crate::wire;

/// The longest message but the last one, in bytes.
pub(super) const MAX_FRAME: usize = 1024;
/// The longest [`Package`], in bytes.
pub const MAX_PACKAGE: usize = 1024 * 1024;

/// Why the other side ended the pairing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Cause {
    /// The proof of the secret does not fit.
    Secret,
    /// The person said no.
    Declined,
    /// The time is over.
    Expired,
    /// A message was malformed, too long or out of turn.
    Protocol,
    /// The old device failed to do its part.
    Failed,
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Secret => "the other device did not accept the code",
            Self::Declined => "the other device declined",
            Self::Expired => {
                "the time to confirm on the other device is over; begin again with a new code"
            }
            Self::Protocol => "the other device did not understand a message",
            Self::Failed => "the other device failed to add this one; its screen says why",
        })
    }
}

/// What is said, in this order: `Hello` by the new device, `Random`, `Open`, `Proof`, `Package` (or `Returned`, by a guardian) and
/// `Done`, taking turns.
#[derive(Serialize, Deserialize)]
pub(super) enum Message {
    Hello {
        v: u8,
        commitment: ByteArray<32>,
        name: String,
    },
    Random(ByteArray<32>),
    Open {
        random: ByteArray<32>,
        proof: ByteArray<32>,
    },
    Proof(ByteArray<32>),
    Package(Box<Package>),
    Returned(Box<Returned>),
    Done,
    Refused(Cause),
}

pub(super) async fn write(writer: &mut SendStream, message: &Message) -> Result<(), PairingError> {
    let frame = wire::encode(message).ok_or(PairingError::Protocol("a message without a form"))?;
    let frame = Zeroizing::new(frame);
    let length = u32::try_from(frame.len()).unwrap_or(u32::MAX);
    writer.write_all(&length.to_be_bytes()).await?;
    writer.write_all(&frame).await?;
    writer.flush().await?;
    Ok(())
}

/// Reads a message of at most `limit` bytes; the length is looked at before anything is made to hold it.
pub(super) async fn read(reader: &mut RecvStream, limit: usize) -> Result<Message, PairingError> {
    let mut length = [0; 4];
    reader.read_exact(&mut length).await?;
    let length = usize::try_from(u32::from_be_bytes(length)).unwrap_or(usize::MAX);
    if length > limit {
        return Err(PairingError::Protocol("a message that is too long"));
    }
    let mut frame = Zeroizing::new(vec![0; length]);
    reader.read_exact(&mut frame).await?;
    let message = wire::decode(&frame, limit).ok_or(PairingError::Protocol("a malformed message"));
    frame.zeroize();
    message
}
