//! What can go wrong with a store.

use thiserror::Error;
use webx_wxa::Refusal;

/// Why a store is not believed or cannot be used.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum Error {
    /// The place where the store lies did not give a file.
    #[error("The store does not give {path}: {reason}.")]
    Source {
        /// The file.
        path: String,
        /// Why not.
        reason: String,
    },
    /// A file is larger than it may be.
    #[error("{path} of the store is larger than {limit} bytes.")]
    TooLarge {
        /// The file.
        path: String,
        /// What is allowed.
        limit: u64,
    },
    /// A metadata file is not what the format says.
    #[error("{role} of the store is not good: {reason}.")]
    Malformed {
        /// Which role's metadata.
        role: &'static str,
        /// What is wrong.
        reason: String,
    },
    /// Too few good signatures.
    #[error("{role} of the store has {good} good signatures of {needed} that are needed.")]
    Signatures {
        /// Which role's metadata.
        role: &'static str,
        /// Good ones by different keys.
        good: usize,
        /// How many there must be.
        needed: u64,
    },
    /// Older than what was seen before.
    #[error(
        "{role} of the store is version {found}, but version {seen} was seen before: somebody offers an old state."
    )]
    Rollback {
        /// Which role's metadata.
        role: &'static str,
        /// The version offered.
        found: u64,
        /// The version seen before.
        seen: u64,
    },
    /// Parts that do not belong together.
    #[error("{role} of the store does not fit the rest: {reason}.")]
    Mixed {
        /// Which role's metadata.
        role: &'static str,
        /// What does not fit.
        reason: String,
    },
    /// Past its date.
    #[error(
        "{role} of the store expired on {at}: it was not renewed, or somebody holds back newer states."
    )]
    Expired {
        /// Which role's metadata.
        role: &'static str,
        /// When, RFC 3339.
        at: String,
    },
    /// Never refreshed.
    #[error("The store has not been read yet.")]
    NotRead,
    /// The trusted state that was handed in cannot be used.
    #[error("What is remembered of the store is damaged: {0}.")]
    State(String),
    /// The store does not list it.
    #[error("The store has no {0}.")]
    NotListed(String),
    /// The bytes are not those that the store signed.
    #[error("{path} of the store does not have the content that the store signed.")]
    Content {
        /// The file.
        path: String,
    },
    /// A package that is no good, or not the one that was listed.
    #[error("{0}")]
    Package(#[from] Refusal),
    /// The store says something else about a package than the package itself.
    #[error("The store lists {app} {version} with another {what} than the package has.")]
    Listed {
        /// The app.
        app: String,
        /// The version.
        version: String,
        /// What differs.
        what: &'static str,
    },
    /// The version is there already with other content.
    #[error(
        "{app} {version} is published already, with other content. Give the new one a new version."
    )]
    Published {
        /// The app.
        app: String,
        /// The version.
        version: String,
    },
    /// The key given is not the one of that role.
    #[error("This key may not sign {role} of this store.")]
    WrongKey {
        /// Which role's metadata.
        role: &'static str,
    },
    /// A signer did not sign.
    #[error("Signing failed: {0}.")]
    Signing(String),
    /// The folder cannot be read or written.
    #[error("{path}: {source}")]
    Io {
        /// The file.
        path: String,
        /// What the system says.
        source: std::io::Error,
    },
    /// There is a store in the folder already, or none.
    #[error("{0}")]
    Folder(String),
}

impl Error {
    /// A stable name in kebab-case.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Source { .. } => "store-unreachable",
            Self::TooLarge { .. } => "store-too-large",
            Self::Malformed { .. } => "store-malformed",
            Self::Signatures { .. } => "store-signatures",
            Self::Rollback { .. } => "store-rollback",
            Self::Mixed { .. } => "store-mixed",
            Self::Expired { .. } => "store-expired",
            Self::NotRead => "store-not-read",
            Self::State(_) => "store-state",
            Self::NotListed(_) => "not-listed",
            Self::Content { .. } => "store-content",
            Self::Package(refusal) => refusal.code(),
            Self::Listed { .. } => "store-listing",
            Self::Published { .. } => "already-published",
            Self::WrongKey { .. } => "wrong-key",
            Self::Signing(_) => "signing",
            Self::Io { .. } => "io",
            Self::Folder(_) => "store-folder",
        }
    }
}
