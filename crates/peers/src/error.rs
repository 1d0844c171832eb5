//! What can go wrong with contacts, profiles and fitness.

use webx_identity::Did;

use crate::proof::Refusal;

/// Why a call of this crate failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The vault is locked, full or damaged.
    #[error(transparent)]
    Vault(#[from] webx_vault::Error),
    /// A text is empty or too long.
    #[error("{field} must have {min} to {max} bytes")]
    Length {
        /// Which text.
        field: &'static str,
        /// Fewest bytes.
        min: usize,
        /// Most bytes.
        max: usize,
    },
    /// Nobody of that name is among the contacts.
    #[error("{0} is not among your contacts")]
    Unknown(Did),
    /// The person is a contact already.
    #[error("{0} is among your contacts already")]
    Known(Did),
    /// It is the person's own DID.
    #[error("this is your own identity")]
    Myself,
    /// The list is full.
    #[error("no more than {0} contacts can be kept; remove one first")]
    Full(u64),
    /// The number is not the one that the contact has now: it changed again, or another one was read.
    #[error("this is not the safety number that {0} has now; compare again")]
    OtherNumber(Did),
    /// Nothing of the contact's keys is known before the first meeting.
    #[error("{0} was never met; connect once before comparing numbers")]
    NeverMet(Did),
    /// The identity log of the other side does not hold.
    #[error(transparent)]
    Identity(#[from] Refusal),
    /// What came is not what it should be: a card, a profile, a receipt, a credential.
    #[error("{what} was refused: {why}")]
    Refused {
        /// What it is.
        what: &'static str,
        /// What is wrong with it.
        why: &'static str,
    },
    /// The system gave no random numbers, or the library refused to sign.
    #[error("cryptographic operation failed: {0}")]
    Crypto(&'static str),
}

impl From<webx_vault::rusqlite::Error> for Error {
    fn from(error: webx_vault::rusqlite::Error) -> Self {
        Self::Vault(error.into())
    }
}

/// Refuses a text whose length in bytes is not `min..=max`.
pub(crate) fn check_length(
    field: &'static str,
    text: &str,
    min: usize,
    max: usize,
) -> Result<(), Error> {
    if (min..=max).contains(&text.len()) {
        Ok(())
    } else {
        Err(Error::Length { field, min, max })
    }
}
