//! What the person sees of a backend.

use serde::Serialize;
use time::OffsetDateTime;

/// What a backend does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// Nothing runs; the next request starts it.
    Idle,
    /// Being loaded.
    Starting,
    /// Serves requests.
    Running,
    /// Failed, and waits until [`Status::next_start_at`].
    Resting,
    /// Stopped until somebody restarts it.
    Stopped,
}

/// What the person sees of a backend.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Status {
    /// What it does.
    pub state: State,
    /// How often it was started again after a failure.
    pub restarts: u32,
    /// When a resting backend is tried again.
    #[serde(with = "time::serde::rfc3339::option")]
    pub next_start_at: Option<OffsetDateTime>,
    /// What went wrong last, in one sentence.
    pub problem: Option<String>,
    /// Requests being served.
    pub in_flight: u32,
    /// Requests served since the node started.
    pub served: u64,
}
