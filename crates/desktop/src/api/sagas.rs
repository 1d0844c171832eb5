//! Durable work: what runs, what failed, and what a person can do about it.

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use utoipa::{IntoParams, ToSchema};

use crate::http::{
    extract::{Path, Query},
    problem::Problem,
};

/// How a saga stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) enum SagaState {
    /// Its steps are done one after the other.
    Running,
    /// All steps are done.
    Done,
    /// A step failed for good; somebody decides whether it is tried again or undone.
    Failed,
    /// What was done is undone, the last step first.
    Undoing,
    /// All that was done is undone.
    Undone,
    /// A step could not be undone; it can be tried again when the cause is gone.
    Stuck,
}

/// How a step stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) enum StepState {
    /// Not yet begun, or undone.
    Open,
    /// Being done or undone right now, or waiting to be tried again.
    Current,
    /// Done.
    Done,
}

/// A step of a saga.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SagaStep {
    pub(crate) name: String,
    pub(crate) state: StepState,
}

/// A piece of durable work.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Saga {
    pub(crate) id: String,
    /// What it does, as a stable word.
    pub(crate) kind: String,
    /// With what, in words a person knows.
    pub(crate) subject: String,
    pub(crate) state: SagaState,
    pub(crate) steps: Vec<SagaStep>,
    /// Tries of the current step.
    pub(crate) attempt: u32,
    /// When the current step is tried again.
    #[serde(
        skip_serializing_if = "Option::is_none",
        with = "time::serde::rfc3339::option"
    )]
    pub(crate) next_at: Option<OffsetDateTime>,
    /// Why it failed, is undone, or waits, in words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) reason: Option<String>,
    /// How much of the current step is done, from 0 to 1, where it says so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) progress: Option<f64>,
    #[serde(with = "time::serde::rfc3339")]
    pub(crate) created_at: OffsetDateTime,
    #[serde(with = "time::serde::rfc3339")]
    pub(crate) updated_at: OffsetDateTime,
    /// Whether trying again makes sense now.
    pub(crate) can_retry: bool,
    /// Whether it can be undone now.
    pub(crate) can_undo: bool,
}

/// Which sagas.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct SagasParams {
    /// Only those that stand so.
    #[param(inline)]
    state: Option<SagaState>,
}

/// Durable work, the newest first; at most 200.
#[utoipa::path(get, path = "/api/sagas", operation_id = "listSagas", tag = "apps", params(SagasParams), responses((status = 200, body = Vec<Saga>)))]
pub(crate) async fn list(
    Query(_asked): Query<SagasParams>,
) -> Result<axum::Json<Vec<Saga>>, Problem> {
    Err(Problem::busy())
}

/// A piece of durable work.
#[utoipa::path(get, path = "/api/sagas/{id}", operation_id = "getSaga", tag = "apps", params(("id" = String, Path, description = "The saga")),
    responses((status = 200, body = Saga), (status = 404, body = Problem, content_type = "application/problem+json")))]
pub(crate) async fn get(Path(_id): Path<String>) -> Result<axum::Json<Saga>, Problem> {
    Err(Problem::busy())
}

/// Tries what is stuck again.
#[utoipa::path(post, path = "/api/sagas/{id}/retry", operation_id = "retrySaga", tag = "apps", params(("id" = String, Path, description = "The saga")),
    responses((status = 200, body = Saga), (status = 409, body = Problem, content_type = "application/problem+json", description = "it does not stand so")))]
pub(crate) async fn retry(Path(_id): Path<String>) -> Result<axum::Json<Saga>, Problem> {
    Err(Problem::busy())
}

/// Undoes what was done.
#[utoipa::path(post, path = "/api/sagas/{id}/undo", operation_id = "undoSaga", tag = "apps", params(("id" = String, Path, description = "The saga")),
    responses((status = 200, body = Saga), (status = 409, body = Problem, content_type = "application/problem+json", description = "it does not stand so")))]
pub(crate) async fn undo(Path(_id): Path<String>) -> Result<axum::Json<Saga>, Problem> {
    Err(Problem::busy())
}
