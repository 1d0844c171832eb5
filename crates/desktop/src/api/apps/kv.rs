//! An app's keys and values.

use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};

use crate::http::{
    extract::{Json, Path, Query},
    problem::Problem,
};

/// Which keys.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
pub(crate) struct KeysParams {
    /// Only keys that begin like this.
    prefix: Option<String>,
    /// Only keys after this one.
    after: Option<String>,
    /// At most so many; 1 to 1000, 100 when absent.
    #[param(minimum = 1, maximum = 1000)]
    limit: Option<u32>,
}

/// Some of an app's keys.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct KeyPage {
    /// In the order of their bytes.
    keys: Vec<String>,
    /// What to ask for as `after` to go on; absent at the end.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
}

/// A stored value.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct KeyValue {
    /// Any JSON value.
    value: Value,
}

/// The keys of an app.
#[utoipa::path(get, path = "/api/apps/{install}/kv", operation_id = "listKeys", tag = "apps", params(("install" = String, Path, description = "The installation"), KeysParams),
    responses((status = 200, body = KeyPage)))]
pub(crate) async fn list(
    Path(_install): Path<String>,
    Query(_asked): Query<KeysParams>,
) -> Result<axum::Json<KeyPage>, Problem> {
    Err(Problem::busy())
}

/// A value.
#[utoipa::path(get, path = "/api/apps/{install}/kv/{key}", operation_id = "getValue", tag = "apps",
    params(("install" = String, Path, description = "The installation"), ("key" = String, Path, description = "The key, percent-encoded; 1 to 512 bytes")),
    responses((status = 200, body = KeyValue), (status = 404, body = Problem, content_type = "application/problem+json")))]
pub(crate) async fn get(
    Path((_install, _key)): Path<(String, String)>,
) -> Result<axum::Json<KeyValue>, Problem> {
    Err(Problem::busy())
}

/// Stores a value in place of the one before.
#[utoipa::path(put, path = "/api/apps/{install}/kv/{key}", operation_id = "putValue", tag = "apps",
    params(("install" = String, Path, description = "The installation"), ("key" = String, Path, description = "The key, percent-encoded; 1 to 512 bytes")),
    request_body = KeyValue,
    responses((status = 204), (status = 413, body = Problem, content_type = "application/problem+json"),
        (status = 507, body = Problem, content_type = "application/problem+json", description = "code quota")))]
pub(crate) async fn put(
    Path((_install, _key)): Path<(String, String)>,
    Json(_value): Json<KeyValue>,
) -> Result<StatusCode, Problem> {
    Err(Problem::busy())
}

/// Deletes a value; one that is not there is deleted already.
#[utoipa::path(delete, path = "/api/apps/{install}/kv/{key}", operation_id = "deleteValue", tag = "apps",
    params(("install" = String, Path, description = "The installation"), ("key" = String, Path, description = "The key, percent-encoded")), responses((status = 204)))]
pub(crate) async fn remove(
    Path((_install, _key)): Path<(String, String)>,
) -> Result<StatusCode, Problem> {
    Err(Problem::busy())
}
