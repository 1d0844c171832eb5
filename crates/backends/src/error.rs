//! What can go wrong, in words for the person.

use std::time::Duration;

use http::StatusCode;
use thiserror::Error;

/// Why a call got no answer.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum CallError {
    /// Its queue is full.
    #[error("the app's backend is busy: too many requests wait for it")]
    Busy,
    /// No answer within the limit.
    #[error("the app's backend did not answer within {} seconds and was stopped", .0.as_secs())]
    TimedOut(Duration),
    /// The guest crashed, or answered what is no answer.
    #[error("the app's backend failed: {0}")]
    Failed(String),
    /// It failed too often and rests.
    #[error("the app's backend failed and is started again in {} seconds", .retry_after.as_secs().max(1))]
    Resting {
        /// How long until it is tried again.
        retry_after: Duration,
    },
    /// It was stopped by the person, by an update or by the lock.
    #[error("the app's backend is stopped")]
    Stopped,
    /// The request is larger than the limit.
    #[error("the request is larger than the app's backend takes ({limit} bytes)")]
    TooLarge {
        /// The limit in bytes.
        limit: u64,
    },
    /// The client sent its body too slowly, or broke it off.
    #[error("the request's body did not arrive: {0}")]
    BadBody(String),
    /// It could not be started.
    #[error(transparent)]
    Start(#[from] StartError),
    /// What it wrote could not be kept.
    #[error("what the app's backend wrote could not be kept: {0}")]
    NotKept(String),
}

impl CallError {
    /// A stable name in kebab case.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Busy => "backend-busy",
            Self::TimedOut(_) => "backend-timed-out",
            Self::Failed(_) => "backend-failed",
            Self::Resting { .. } => "backend-resting",
            Self::Stopped => "backend-stopped",
            Self::TooLarge { .. } => "backend-request-too-large",
            Self::BadBody(_) => "backend-bad-body",
            Self::Start(_) => "backend-not-started",
            Self::NotKept(_) => "backend-not-kept",
        }
    }

    /// The HTTP status that says it.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        match self {
            Self::Busy | Self::Resting { .. } | Self::Stopped | Self::Start(_) => {
                StatusCode::SERVICE_UNAVAILABLE
            }
            Self::TimedOut(_) => StatusCode::GATEWAY_TIMEOUT,
            Self::Failed(_) => StatusCode::BAD_GATEWAY,
            Self::TooLarge { .. } => StatusCode::PAYLOAD_TOO_LARGE,
            Self::BadBody(_) => StatusCode::BAD_REQUEST,
            Self::NotKept(_) => StatusCode::INSUFFICIENT_STORAGE,
        }
    }

    /// When it is worth asking again.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Busy => Some(Duration::from_secs(1)),
            Self::Resting { retry_after } => Some(*retry_after),
            _ => None,
        }
    }
}

/// Why a backend cannot run.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum StartError {
    /// The code was made by another version or for another machine: compile again.
    #[error(
        "the app's backend was compiled by another version of this program and must be compiled again"
    )]
    OtherEngine,
    /// The code is not what this node compiled from this component.
    #[error("the app's compiled backend was changed after this node made it, and was refused")]
    Tampered,
    /// The code could not be read.
    #[error("the app's compiled backend could not be read: {0}")]
    Unreadable(String),
    /// It imports or exports what no backend has.
    #[error("the app's backend does not fit this system: {0}")]
    Unfit(String),
    /// This machine lacks what such a program needs.
    #[error("this machine cannot run the app's backend: {0}")]
    Unsupported(String),
    /// What it kept could not be loaded.
    #[error("the app's data could not be loaded: {0}")]
    Data(String),
}

/// Why a component was not compiled.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum CompileError {
    /// It is no component, or one that no backend can be.
    #[error("the app's backend is not a component that this system can run: {0}")]
    Unfit(String),
    /// Larger than the limit.
    #[error("the app's backend is too large to be compiled ({size} of at most {limit} bytes)")]
    TooLarge {
        /// Its size in bytes.
        size: u64,
        /// The limit in bytes.
        limit: u64,
    },
    /// The child used up its memory.
    #[error("compiling the app's backend needs more memory than {limit} bytes")]
    OutOfMemory {
        /// The limit in bytes.
        limit: u64,
    },
    /// The child used up its time.
    #[error("compiling the app's backend took longer than {} seconds", .0.as_secs())]
    TimedOut(Duration),
    /// The person, or the saga, asked for an end.
    #[error("compiling the app's backend was cancelled")]
    Cancelled,
    /// The child could not be started, or broke.
    #[error("the compiler failed: {0}")]
    Failed(String),
}

/// Why a body ended early.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum BodyError {
    /// More bytes than the limit.
    #[error("the body is larger than {limit} bytes")]
    TooLarge {
        /// The limit in bytes.
        limit: u64,
    },
    /// Nothing came for too long.
    #[error("the body stalled")]
    Stalled,
    /// The other side broke it off.
    #[error("the body broke off: {0}")]
    Broken(String),
}
