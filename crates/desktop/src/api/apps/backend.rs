//! How an app's server side does.

use axum::http::StatusCode;
use serde::Serialize;
use time::OffsetDateTime;
use utoipa::ToSchema;

use super::{BackendKind, BackendState};
use crate::http::{extract::Path, problem::Problem};

/// An app's server side.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct BackendStatus {
    kind: BackendKind,
    state: BackendState,
    /// How often it was started again.
    restarts: u64,
    /// When it is started again; only while it waits.
    #[serde(
        skip_serializing_if = "Option::is_none",
        with = "time::serde::rfc3339::option"
    )]
    next_start_at: Option<OffsetDateTime>,
    /// Why it does not run, in words.
    #[serde(skip_serializing_if = "Option::is_none")]
    problem: Option<String>,
    /// What it said last, the oldest line first.
    log: Vec<LogLine>,
}

/// A line of a log.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct LogLine {
    #[serde(with = "time::serde::rfc3339")]
    at: OffsetDateTime,
    /// `out`, `err`, or `node` for what the node says about it.
    stream: LogStream,
    text: String,
}

/// Who wrote a line.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) enum LogStream {
    Out,
    Err,
    Node,
}

/// How an app's server side does, and what it said.
#[utoipa::path(get, path = "/api/apps/{install}/backend", operation_id = "getBackend", tag = "apps", params(("install" = String, Path, description = "The installation")),
    responses((status = 200, body = BackendStatus), (status = 404, body = Problem, content_type = "application/problem+json")))]
pub(crate) async fn status(
    Path(_install): Path<String>,
) -> Result<axum::Json<BackendStatus>, Problem> {
    Err(Problem::busy())
}

/// Stops an app's server side and starts it again, also after it broke too often.
#[utoipa::path(post, path = "/api/apps/{install}/backend/restart", operation_id = "restartBackend", tag = "apps", params(("install" = String, Path, description = "The installation")),
    responses((status = 204), (status = 404, body = Problem, content_type = "application/problem+json")))]
pub(crate) async fn restart(Path(_install): Path<String>) -> Result<StatusCode, Problem> {
    Err(Problem::busy())
}
