//! An app's workflows.

use axum::Extension;
use serde::Deserialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::{AppWork, install_id};
use crate::{
    desktop::blocking,
    door::Home,
    http::{
        extract::{Json, Path},
        problem::Problem,
    },
};

/// What a workflow begins with.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct WorkflowInput {
    /// Any JSON value.
    #[serde(default)]
    input: Value,
    /// The same key starts the same workflow once; 1 to 128 characters.
    #[schema(min_length = 1, max_length = 128)]
    idempotency_key: Option<String>,
}

/// Starts a workflow that the app declares.
#[utoipa::path(post, path = "/api/apps/{install}/workflows/{name}", operation_id = "startWorkflow", tag = "apps",
    params(("install" = String, Path, description = "The installation"), ("name" = String, Path, description = "The workflow")),
    request_body = WorkflowInput,
    responses((status = 200, body = AppWork), (status = 404, body = Problem, content_type = "application/problem+json")))]
pub(crate) async fn start(
    Extension(home): Extension<Home>,
    Path((install, name)): Path<(String, String)>,
    Json(asked): Json<WorkflowInput>,
) -> Result<axum::Json<AppWork>, Problem> {
    let install = install_id(&install)?;
    blocking(move || {
        let key = asked.idempotency_key.as_deref();
        let begun = home.apps.start_workflow(install, &name, asked.input, key)?;
        Ok(axum::Json(begun.into()))
    })
    .await
}
