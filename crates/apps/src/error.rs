use std::time::Duration;

use webx_backends::{CallError, InstallId};
use webx_wxa::Refusal;

/// Result of the registry.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why the registry refused or failed. Every one is a sentence for a person and has a [`Error::code`].
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// No app is installed under this id.
    #[error("this app is not installed")]
    NotInstalled(InstallId),
    /// There is no such thing.
    #[error("there is no {0}")]
    NotFound(String),
    /// The inspected package is not there any more.
    #[error("the package is not there any more; choose it again")]
    NoUpload,
    /// The package is refused.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// A required permission is missing.
    #[error("the app cannot be installed without: {}", .0.join(", "))]
    MissingPermission(Vec<String>),
    /// The app does not ask for this permission.
    #[error("the app does not ask for the permission {0:?}")]
    NotAsked(String),
    /// Parts of the system stay.
    #[error("{0} is a part of the system and stays")]
    System(String),
    /// It does not fit what is there.
    #[error("{0}")]
    Conflict(String),
    /// The app may not do this.
    #[error(transparent)]
    Denied(#[from] Denied),
    /// The app's quota is used up. Nothing was stored.
    #[error("the app may store {quota} bytes and has {used}; {needed} more do not fit")]
    Quota {
        /// Bytes it may store.
        quota: u64,
        /// Bytes it stores.
        used: u64,
        /// Bytes that were to be added.
        needed: u64,
    },
    /// More than fits.
    #[error("{what} is larger than {max} bytes")]
    TooLarge {
        /// What it is.
        what: &'static str,
        /// The limit in bytes.
        max: u64,
    },
    /// A key, collection, id or name that breaks a rule.
    #[error("{what} {name:?} is not allowed: {why}")]
    BadName {
        /// What was to be named.
        what: &'static str,
        /// The name.
        name: String,
        /// The rule.
        why: &'static str,
    },
    /// A value that is not what it must be.
    #[error("{0}")]
    BadValue(String),
    /// Somebody else changed the document meanwhile.
    #[error("the document was changed meanwhile: it has version {found}")]
    Changed {
        /// Its version now; 0 when it is gone.
        found: u64,
    },
    /// The app has no backend.
    #[error("the app has no backend")]
    NoBackend,
    /// The backend gave no answer.
    #[error(transparent)]
    Backend(#[from] CallError),
    /// Something stored is damaged.
    #[error("{what} is damaged: {why}")]
    Damaged {
        /// What it is.
        what: String,
        /// What is wrong.
        why: String,
    },
    /// A stream that was to be stored ended in an error.
    #[error("what was sent could not be read: {0}")]
    Read(#[source] std::io::Error),
    /// A stream could not be written to.
    #[error("it could not be written: {0}")]
    Write(#[source] std::io::Error),
    /// A store refused or failed.
    #[error("{why}")]
    Store {
        /// A stable name in kebab case.
        code: &'static str,
        /// One sentence.
        why: String,
    },
    /// The saga engine refused or failed.
    #[error(transparent)]
    Saga(#[from] webx_sagas::Error),
    /// The vault refused or failed.
    #[error(transparent)]
    Vault(#[from] webx_vault::Error),
    /// The drive refused or failed.
    #[error(transparent)]
    Drive(#[from] webx_drive::Error),
    /// The event log or the notifications failed.
    #[error(transparent)]
    Services(#[from] webx_services::Error),
}

/// What an app may not do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{detail}")]
pub struct Denied {
    /// `app-denied`, or `app-budget` when it may later.
    pub code: &'static str,
    /// One sentence for the app's developer.
    pub detail: String,
    /// When it may be asked again.
    pub retry_after: Option<Duration>,
}

impl Denied {
    pub(crate) fn new(detail: impl Into<String>) -> Denied {
        Denied {
            code: "app-denied",
            detail: detail.into(),
            retry_after: None,
        }
    }
}

impl Error {
    /// A stable name in kebab case.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::NotInstalled(_) | Self::NotFound(_) => "not-found",
            Self::NoUpload => "no-upload",
            Self::Refused(refusal) => refusal.code(),
            Self::MissingPermission(_) => "missing-permission",
            Self::NotAsked(_) => "not-asked",
            Self::System(_) => "system-app",
            Self::Conflict(_) => "conflict",
            Self::Denied(denied) => denied.code,
            Self::Quota { .. } => "app-quota",
            Self::TooLarge { .. } => "too-large",
            Self::BadName { .. } => "bad-name",
            Self::BadValue(_) => "bad-value",
            Self::Changed { .. } => "changed",
            Self::NoBackend => "no-backend",
            Self::Backend(error) => error.code(),
            Self::Damaged { .. } => "damaged",
            Self::Read(_) => "interrupted",
            Self::Write(_) => "not-written",
            Self::Store { code, .. } => code,
            Self::Saga(webx_sagas::Error::Busy { .. }) => "busy",
            Self::Saga(webx_sagas::Error::NotFound(_)) => "not-found",
            Self::Saga(webx_sagas::Error::NotNow { .. }) => "not-now",
            Self::Vault(webx_vault::Error::Locked) | Self::Saga(webx_sagas::Error::Closed) => {
                "locked"
            }
            Self::Vault(error) if error.is_disk_full() => "disk-full",
            Self::Vault(_) | Self::Drive(_) | Self::Services(_) | Self::Saga(_) => "storage-failed",
        }
    }
}

impl From<webx_vault::rusqlite::Error> for Error {
    fn from(error: webx_vault::rusqlite::Error) -> Self {
        Self::Vault(error.into())
    }
}

impl From<webx_content::Error> for Error {
    fn from(error: webx_content::Error) -> Self {
        Self::Damaged {
            what: "a stored file of an app".into(),
            why: error.to_string(),
        }
    }
}
