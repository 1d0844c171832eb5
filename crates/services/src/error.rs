//! What can go wrong in the log and the notifications.

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
    /// The chain of the event log does not hold: this entry, or one right before it, was changed or removed after it
    /// was written.
    #[error("the event log was changed at entry {id}")]
    Broken {
        /// The first entry that does not fit to the one before.
        id: u64,
    },
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
