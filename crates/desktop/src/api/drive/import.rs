//! Many files in one stream.

use axum::{
    Extension,
    extract::{Request, State},
    http::StatusCode,
};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::{IntoParams, ToSchema};

use super::{OnConflict, content::length, node_id, on_conflict, upload::beside};
use crate::{
    desktop::{Desktop, blocking},
    door::Home,
    http::{bytes::Bytes, extract::Query, problem::Problem},
    jobs::{JobKind, JobState},
    record::note,
    stream::body_reader,
};

/// Where the files go.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
pub(crate) struct ImportParams {
    /// The folder, or `root`.
    parent: String,
    /// What happens when a name is taken; nothing (the file is among the failed ones) when absent.
    #[param(inline)]
    on_conflict: Option<OnConflict>,
}

/// What came in.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Imported {
    /// Files that are safe in the drive.
    files: u64,
    /// Folders that were made.
    folders: u64,
    /// Bytes of those files.
    bytes: u64,
    /// Files that were refused; the others came in nevertheless.
    failed: Vec<ImportFailure>,
}

/// A file that was refused.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ImportFailure {
    /// Its path in the stream.
    path: String,
    /// Why, as the code of a problem.
    code: String,
}

/// Brings in many files at once, small ones in batches.
///
/// The body is a stream of frames: a header length (32 bits, little endian), a JSON header
/// `{"path": "a/b.txt", "size": 5, "modified": "2026-11-22T10:00:00Z"}`, and `size` bytes. With `"folder": true` in place of `size` it is
/// a folder. A file that cannot be taken is named in the answer and does not stop the others; a stream that breaks off
/// keeps what came before.
#[utoipa::path(post, path = "/api/drive/import", operation_id = "importFiles", tag = "drive", params(ImportParams),
    request_body(content = Bytes, content_type = "application/octet-stream"),
    responses((status = 200, body = Imported), (status = 400, body = Problem, content_type = "application/problem+json", description = "code bad-frame"),
        (status = 507, body = Problem, content_type = "application/problem+json", description = "codes quota, disk-full")))]
pub(crate) async fn import(
    State(desktop): State<Desktop>,
    Extension(home): Extension<Home>,
    Query(asked): Query<ImportParams>,
    request: Request,
) -> Result<axum::Json<Imported>, Problem> {
    let parent = node_id(&asked.parent)?;
    let choice = on_conflict(asked.on_conflict);
    let _place = desktop.heavy().await?;
    let mut ticket = desktop
        .jobs()
        .begin(JobKind::Import, length(request.headers()))
        .ok_or_else(Problem::busy)?;
    let (feed, reader) = body_reader(request.into_body(), desktop.limits().stall_timeout);
    let work = blocking(move || {
        let result = home.drive.import_stream(
            parent,
            choice,
            reader,
            |done: &webx_drive::ImportProgress| {
                ticket.progress(done.bytes, None);
                !ticket.cancelled()
            },
        );
        match result {
            Ok(report) => {
                let failed = report.failed.len();
                let detail = json!({ "files": report.files, "folders": report.folders, "bytes": report.bytes, "failed": failed });
                note(
                    &home,
                    "drive.imported",
                    &home.drive.path_of(parent)?,
                    detail,
                );
                ticket.end(report.bytes, JobState::Done, None, None);
                Ok(report)
            }
            Err(webx_drive::Error::Stopped) => {
                ticket.end(0, JobState::Cancelled, None, None);
                Err(Problem::new(
                    StatusCode::CONFLICT,
                    "cancelled",
                    "the import was cancelled; what came before stays",
                ))
            }
            Err(error) => {
                let problem = Problem::from(error);
                ticket.end(0, JobState::Failed, Some(problem.detail.clone()), None);
                Err(problem)
            }
        }
    });
    let report = beside(work, feed).await?;
    Ok(axum::Json(Imported {
        files: report.files,
        folders: report.folders,
        bytes: report.bytes,
        failed: report
            .failed
            .into_iter()
            .map(|f| ImportFailure {
                path: f.path,
                code: f.code.to_owned(),
            })
            .collect(),
    }))
}
