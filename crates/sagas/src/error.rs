use crate::{SagaId, State};

/// Result of the engine.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why the engine refused or failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// There is no saga of this id; old ones are forgotten.
    #[error("there is no saga {0}")]
    NotFound(SagaId),
    /// Nobody registered this kind.
    #[error("no saga is called {0:?}")]
    UnknownKind(String),
    /// Another saga works on the same thing, or waits for somebody to decide about it.
    #[error("{subject}: another operation on it is not finished ({state}); wait for it, or retry or undo it first", state = state.name())]
    Busy {
        /// The other saga.
        saga: SagaId,
        /// What it is about.
        subject: String,
        /// Where it stands.
        state: State,
    },
    /// Too many sagas are not over.
    #[error(
        "{0} operations are not finished; wait for some of them, or retry or undo those that failed"
    )]
    TooMany(u64),
    /// The input, or the result of a step, is too large.
    #[error("{what} has {len} bytes, the limit is {max}")]
    TooLarge {
        /// What it is.
        what: &'static str,
        /// Its length in bytes.
        len: usize,
        /// The limit in bytes.
        max: usize,
    },
    /// The saga is in a state in which that makes no sense.
    #[error("an operation that is {} cannot be {what}", state.name())]
    NotNow {
        /// Where it stands.
        state: State,
        /// What was asked.
        what: &'static str,
    },
    /// The engine is closed.
    #[error("the vault is locked")]
    Closed,
    /// What is written down cannot be read.
    #[error("the journal of saga {0} cannot be read: {1}")]
    Broken(SagaId, String),
    /// The vault refused or failed.
    #[error(transparent)]
    Vault(#[from] webx_vault::Error),
}

impl From<webx_vault::rusqlite::Error> for Error {
    fn from(error: webx_vault::rusqlite::Error) -> Self {
        Self::Vault(error.into())
    }
}
