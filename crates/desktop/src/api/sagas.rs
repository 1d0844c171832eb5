//! Durable work: what runs, what failed, and what a person can do about it.

use axum::Extension;
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use utoipa::{IntoParams, ToSchema};
use webx_sagas::SagaId;

use crate::{
    desktop::blocking,
    door::Home,
    http::{
        extract::{Path, Query},
        problem::Problem,
    },
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

impl From<webx_sagas::State> for SagaState {
    fn from(state: webx_sagas::State) -> Self {
        use webx_sagas::State;
        match state {
            State::Running => Self::Running,
            State::Done => Self::Done,
            State::Failed => Self::Failed,
            State::Undoing => Self::Undoing,
            State::Undone => Self::Undone,
            State::Stuck => Self::Stuck,
        }
    }
}

impl From<SagaState> for webx_sagas::State {
    fn from(state: SagaState) -> Self {
        match state {
            SagaState::Running => Self::Running,
            SagaState::Done => Self::Done,
            SagaState::Failed => Self::Failed,
            SagaState::Undoing => Self::Undoing,
            SagaState::Undone => Self::Undone,
            SagaState::Stuck => Self::Stuck,
        }
    }
}

impl From<webx_sagas::Saga> for Saga {
    fn from(saga: webx_sagas::Saga) -> Self {
        use webx_sagas::StepState as Step;
        let steps = saga.steps.into_iter().map(|step| SagaStep {
            name: step.name,
            state: match step.state {
                Step::Open => StepState::Open,
                Step::Current => StepState::Current,
                Step::Done => StepState::Done,
            },
        });
        Self {
            id: saga.id.to_string(),
            kind: saga.kind,
            subject: saga.subject,
            state: saga.state.into(),
            steps: steps.collect(),
            attempt: saga.attempt,
            next_at: saga.next_at,
            reason: saga.reason,
            progress: saga.progress,
            created_at: saga.created_at,
            updated_at: saga.updated_at,
            can_retry: saga.can_retry,
            can_undo: saga.can_undo,
        }
    }
}

/// Durable work, the newest first. What ended long ago is forgotten.
#[utoipa::path(get, path = "/api/sagas", operation_id = "listSagas", tag = "apps", params(SagasParams), responses((status = 200, body = Vec<Saga>)))]
pub(crate) async fn list(
    Extension(home): Extension<Home>,
    Query(asked): Query<SagasParams>,
) -> Result<axum::Json<Vec<Saga>>, Problem> {
    blocking(move || {
        let sagas = home.apps.sagas().list(asked.state.map(Into::into))?;
        Ok(axum::Json(sagas.into_iter().map(Into::into).collect()))
    })
    .await
}

/// A piece of durable work.
#[utoipa::path(get, path = "/api/sagas/{id}", operation_id = "getSaga", tag = "apps", params(("id" = String, Path, description = "The saga")),
    responses((status = 200, body = Saga), (status = 404, body = Problem, content_type = "application/problem+json")))]
pub(crate) async fn get(
    Extension(home): Extension<Home>,
    Path(id): Path<String>,
) -> Result<axum::Json<Saga>, Problem> {
    let id = saga_id(&id)?;
    blocking(move || Ok(axum::Json(home.apps.sagas().get(id)?.into()))).await
}

/// Tries what failed or is stuck again.
#[utoipa::path(post, path = "/api/sagas/{id}/retry", operation_id = "retrySaga", tag = "apps", params(("id" = String, Path, description = "The saga")),
    responses((status = 200, body = Saga), (status = 409, body = Problem, content_type = "application/problem+json", description = "code not-now")))]
pub(crate) async fn retry(
    Extension(home): Extension<Home>,
    Path(id): Path<String>,
) -> Result<axum::Json<Saga>, Problem> {
    let id = saga_id(&id)?;
    blocking(move || Ok(axum::Json(home.apps.sagas().retry(id)?.into()))).await
}

/// Undoes what was done.
#[utoipa::path(post, path = "/api/sagas/{id}/undo", operation_id = "undoSaga", tag = "apps", params(("id" = String, Path, description = "The saga")),
    responses((status = 200, body = Saga), (status = 409, body = Problem, content_type = "application/problem+json", description = "code not-now")))]
pub(crate) async fn undo(
    Extension(home): Extension<Home>,
    Path(id): Path<String>,
) -> Result<axum::Json<Saga>, Problem> {
    let id = saga_id(&id)?;
    blocking(move || Ok(axum::Json(home.apps.sagas().undo(id)?.into()))).await
}

fn saga_id(text: &str) -> Result<SagaId, Problem> {
    text.parse()
        .map_err(|_| Problem::not_found("a saga with this id"))
}
