//! How an app's server side does.

use axum::{Extension, http::StatusCode};
use serde::Serialize;
use time::OffsetDateTime;
use utoipa::ToSchema;

use super::{BackendKind, BackendState, install_id};
use crate::{
    desktop::blocking,
    door::Home,
    http::{extract::Path, problem::Problem},
};

/// An app's server side.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct BackendStatus {
    kind: BackendKind,
    state: BackendState,
    /// How often it was started again after a failure.
    restarts: u32,
    /// When it is started again; only while it rests.
    #[serde(
        skip_serializing_if = "Option::is_none",
        with = "time::serde::rfc3339::option"
    )]
    next_start_at: Option<OffsetDateTime>,
    /// What went wrong last, in words.
    #[serde(skip_serializing_if = "Option::is_none")]
    problem: Option<String>,
    /// Requests being served.
    in_flight: u32,
    /// Requests served since the node started.
    served: u64,
    /// What it said last, the oldest line first.
    log: Vec<LogLine>,
}

/// A line of a log.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct LogLine {
    #[serde(with = "time::serde::rfc3339")]
    at: OffsetDateTime,
    /// Who wrote it.
    stream: LogStream,
    text: String,
}

/// Who wrote a line.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) enum LogStream {
    /// The app, on its standard output.
    Out,
    /// The app, on its standard error.
    Err,
    /// The node, about the app.
    System,
}

impl From<webx_backends::Line> for LogLine {
    fn from(line: webx_backends::Line) -> Self {
        use webx_backends::Stream;
        Self {
            at: line.at,
            stream: match line.stream {
                Stream::Out => LogStream::Out,
                Stream::Err => LogStream::Err,
                Stream::System => LogStream::System,
            },
            text: line.text,
        }
    }
}

/// How an app's server side does, and what it said.
#[utoipa::path(get, path = "/api/apps/{install}/backend", operation_id = "getBackend", tag = "apps", params(("install" = String, Path, description = "The installation")),
    responses((status = 200, body = BackendStatus), (status = 404, body = Problem, content_type = "application/problem+json", description = "code no-backend")))]
pub(crate) async fn status(
    Extension(home): Extension<Home>,
    Path(install): Path<String>,
) -> Result<axum::Json<BackendStatus>, Problem> {
    let install = install_id(&install)?;
    blocking(move || {
        let kind = home.apps.get(install)?.backend;
        let kind = kind.ok_or(webx_apps::Error::NoBackend)?.kind;
        let (status, log) = home
            .apps
            .backend(install)?
            .ok_or(webx_apps::Error::NoBackend)?;
        Ok(axum::Json(BackendStatus {
            kind: kind.into(),
            state: status.state.into(),
            restarts: status.restarts,
            next_start_at: status.next_start_at,
            problem: status.problem,
            in_flight: status.in_flight,
            served: status.served,
            log: log.into_iter().map(Into::into).collect(),
        }))
    })
    .await
}

/// Stops an app's server side and starts it again, also after it failed too often.
#[utoipa::path(post, path = "/api/apps/{install}/backend/restart", operation_id = "restartBackend", tag = "apps", params(("install" = String, Path, description = "The installation")),
    responses((status = 204), (status = 404, body = Problem, content_type = "application/problem+json", description = "code no-backend")))]
pub(crate) async fn restart(
    Extension(home): Extension<Home>,
    Path(install): Path<String>,
) -> Result<StatusCode, Problem> {
    let install = install_id(&install)?;
    home.apps.restart_backend(install).await?;
    Ok(StatusCode::NO_CONTENT)
}
