//! Pairing: a new device becomes one of a person who has a device already.
//!
//! The old device shows a [`PairingCode`]: where it is, and a secret of 128 bits that is good once and for a few minutes. The
//! new device makes a key of its own, dials with it, and both prove that they know the secret over the channel binding of
//! their connection. Each commits to, or gives, a random number before it sees the other's, so that the six [`Digits`] which
//! both show are the same only when nobody stands in between, even somebody who has read the code. Only then does the old
//! device hand over what makes a device: the [`Package`].
//!
//! In the same way a guardian gives back what he keeps ([`Purpose::Recovery`], [`Returned`]): the person who has lost everything
//! asks him, he shows a code, both compare the digits, he gives the share. The two purposes have protocols, codes and proofs
//! of their own, so neither can be taken for the other.
//!
//! Nothing here decides. Whoever keeps the identity asks the person, writes the new device into the log, and only then
//! calls [`Asking::give`]. Formats stand in `docs/protocol/pairing.md`.

mod code;
mod package;
mod returned;
mod secret;
mod shell;
#[cfg(test)]
mod tests;
mod wire;

use std::fmt;

use webx_overlay::transport::LinkError;

pub use code::{MAX_CODE, NotACode, PairingCode, PairingSecret, Purpose};
pub use package::{Carried, MAX_CARRIED, MAX_NAMED, Package};
pub use returned::{MAX_KEPT, Returned};
pub use shell::{Asking, Joining, answer, join};
pub use wire::{Cause, MAX_PACKAGE};

/// The protocol's name in the transport handshake.
pub const ALPN: &[u8] = b"webx/pair/1";
/// The same for a guardian's shares.
pub const RECOVERY_ALPN: &[u8] = b"webx/recover/1";
/// The code of a connection that is closed because no code is open.
pub const NOT_OPEN: u32 = 0x7770;
/// The code of a connection that is closed because another device is being paired.
pub const BUSY: u32 = 0x7771;
/// The longest name of a device, in characters.
pub const MAX_NAME: usize = 64;

/// Six digits that both devices show. They prove something only after a person has compared them.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Digits(u32);

impl Digits {
    /// Whether these are the digits that a person typed or read; spaces do not matter.
    #[must_use]
    pub fn matches(&self, text: &str) -> bool {
        let typed: String = text.chars().filter(|c| !c.is_whitespace()).collect();
        typed == format!("{:06}", self.0)
    }
}

impl fmt::Display for Digits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:03} {:03}", self.0 / 1000, self.0 % 1000)
    }
}

impl fmt::Debug for Digits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Digits")
    }
}

/// Why two devices were not paired.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PairingError {
    /// The other device shows no code, or another one.
    #[error(
        "no pairing code is open on that device: it was used, has expired or was withdrawn; ask it for a new one"
    )]
    NotOpen,
    /// Another device is being paired with it.
    #[error("another device is being paired with that device")]
    Busy,
    /// The other side does not know the secret of the code.
    #[error("the other side does not know the secret of this code")]
    WrongSecret,
    /// The other side ended it.
    #[error("{0}")]
    Refused(Cause),
    /// The other side broke the protocol.
    #[error("the other side broke the protocol: {0}")]
    Protocol(&'static str),
    /// What the other device gave does not make this one a device of the person.
    #[error("what the other device gave does not hold: {0}")]
    Package(String),
    /// The connection failed.
    #[error(transparent)]
    Link(#[from] LinkError),
    /// The connection ended early.
    #[error("the connection with the other device ended: {0}")]
    Ended(#[from] std::io::Error),
    /// The other side took too long.
    #[error("the other device took too long")]
    TimedOut,
    /// The system gave no random numbers.
    #[error("the system gives no random numbers")]
    Random,
}

/// Whether a device may be called so: 1 to 64 characters, none of them invisible or turning the line around.
#[must_use]
pub fn is_name(name: &str) -> bool {
    let hidden = |c: char| {
        c.is_control()
            || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
    };
    name.trim() == name
        && (1..=MAX_NAME).contains(&name.chars().count())
        && !name.chars().any(hidden)
}
