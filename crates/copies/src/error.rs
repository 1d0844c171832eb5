/// Why copying failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The vault refused: locked, full, damaged.
    #[error(transparent)]
    Vault(#[from] webx_vault::Error),
    /// The drive refused.
    #[error(transparent)]
    Drive(#[from] webx_drive::Error),
    /// What is known of people could not be read.
    #[error(transparent)]
    Peers(#[from] webx_peers::Error),
    /// The protocol could not be offered.
    #[error(transparent)]
    Comms(#[from] webx_comms::Error),
    /// More is asked for than may be.
    #[error("{what} is over the limit of {max}")]
    TooLarge {
        /// What is too much.
        what: &'static str,
        /// The limit.
        max: u64,
    },
    /// Nobody who was reached keeps a drive of this person.
    #[error(
        "no contact that was reached keeps a copy of this drive; add the cards of those who did, and try again"
    )]
    NoCopy,
    /// Work on another thread did not end.
    #[error("this node is stopping")]
    Stopping,
}
