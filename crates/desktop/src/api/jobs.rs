//! Long work: list and cancel.

use axum::{extract::State, http::StatusCode};
use uuid::Uuid;

use crate::{
    desktop::Desktop,
    http::{extract::Path, problem::Problem},
    jobs::Job,
};

/// Jobs that run and jobs that ended a while ago, the newest first.
#[utoipa::path(get, path = "/api/jobs", operation_id = "listJobs", tag = "desktop", responses((status = 200, body = Vec<Job>)))]
pub(crate) async fn list(State(desktop): State<Desktop>) -> axum::Json<Vec<Job>> {
    axum::Json(desktop.jobs().list())
}

/// Stops a job that runs, forgets one that ended.
#[utoipa::path(delete, path = "/api/jobs/{id}", operation_id = "cancelJob", tag = "desktop", params(("id" = Uuid, Path, description = "The job")),
    responses((status = 204), (status = 404, body = Problem, content_type = "application/problem+json")))]
pub(crate) async fn cancel(
    State(desktop): State<Desktop>,
    Path(id): Path<Uuid>,
) -> Result<StatusCode, Problem> {
    if desktop.jobs().cancel(id) {
        Ok(StatusCode::NO_CONTENT)
    } else {
        Err(Problem::not_found("this job"))
    }
}
