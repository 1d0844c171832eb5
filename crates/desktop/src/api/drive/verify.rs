//! Reading everything and comparing it with its hashes.

use axum::{Extension, extract::State};
use serde::Serialize;
use serde_json::json;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{
    desktop::Desktop,
    door::Home,
    http::problem::Problem,
    jobs::{JobKind, JobState},
    record::note,
};

/// A job that began.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Started {
    /// The job; see `/api/jobs`.
    job: Uuid,
}

/// Begins to verify the whole drive. The job's result names every damaged file.
#[utoipa::path(post, path = "/api/drive/verify", operation_id = "verifyDrive", tag = "drive",
    responses((status = 200, body = Started), (status = 503, body = Problem, content_type = "application/problem+json", description = "too many jobs run")))]
pub(crate) async fn verify(
    State(desktop): State<Desktop>,
    Extension(home): Extension<Home>,
) -> Result<axum::Json<Started>, Problem> {
    let place = desktop.heavy().await?;
    let mut ticket = desktop
        .jobs()
        .begin(JobKind::Verify, None)
        .ok_or_else(Problem::busy)?;
    let job = ticket.id();
    let busy = desktop.idle().enter(true);
    tokio::task::spawn_blocking(move || {
        let _hold = (place, busy);
        let mut reached = 0;
        let result = home.drive.verify(|now| {
            reached = now.bytes;
            ticket.progress(now.bytes, Some(now.total_bytes));
            !ticket.cancelled()
        });
        match result {
            Ok(report) => {
                for file in &report.damaged {
                    note(
                        &home,
                        "drive.damaged",
                        &file.path,
                        json!({ "what": file.what }),
                    );
                }
                note(
                    &home,
                    "drive.verified",
                    "/",
                    json!({ "files": report.files, "bytes": reached, "damaged": report.damaged.len() }),
                );
                let detail = format!(
                    "{} files were read, {} are damaged",
                    report.files,
                    report.damaged.len()
                );
                let damaged: Vec<_> = report
                    .damaged
                    .iter()
                    .map(|d| json!({"path": d.path, "what": d.what}))
                    .collect();
                let result = json!({"files": report.files, "bytes": reached, "damaged": damaged});
                ticket.end(reached, JobState::Done, Some(detail), Some(result));
            }
            Err(webx_drive::Error::Stopped) => ticket.end(reached, JobState::Cancelled, None, None),
            Err(error) => ticket.end(reached, JobState::Failed, Some(error.to_string()), None),
        }
    });
    Ok(axum::Json(Started { job }))
}
