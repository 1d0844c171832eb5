//! An app's keys and values.

use axum::{Extension, http::StatusCode};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};

use super::install_id;
use crate::{
    desktop::blocking,
    door::Home,
    http::{
        extract::{Json, Path, Query},
        problem::Problem,
    },
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
    Extension(home): Extension<Home>,
    Path(install): Path<String>,
    Query(asked): Query<KeysParams>,
) -> Result<axum::Json<KeyPage>, Problem> {
    let install = install_id(&install)?;
    blocking(move || {
        let prefix = asked.prefix.as_deref().unwrap_or_default();
        let page = home.apps.store(install)?.keys(
            prefix,
            asked.after.as_deref(),
            asked.limit.unwrap_or(100),
        )?;
        Ok(axum::Json(KeyPage {
            keys: page.items,
            next: page.next,
        }))
    })
    .await
}

/// A value.
#[utoipa::path(get, path = "/api/apps/{install}/kv/{key}", operation_id = "getValue", tag = "apps",
    params(("install" = String, Path, description = "The installation"), ("key" = String, Path, description = "The key, percent-encoded; 1 to 512 bytes")),
    responses((status = 200, body = KeyValue), (status = 404, body = Problem, content_type = "application/problem+json")))]
pub(crate) async fn get(
    Extension(home): Extension<Home>,
    Path((install, key)): Path<(String, String)>,
) -> Result<axum::Json<KeyValue>, Problem> {
    let install = install_id(&install)?;
    blocking(move || {
        let value = home.apps.store(install)?.get_value(&key)?;
        let value = value.ok_or_else(|| Problem::not_found("this key"))?;
        Ok(axum::Json(KeyValue { value }))
    })
    .await
}

/// Stores a value in place of the one before.
#[utoipa::path(put, path = "/api/apps/{install}/kv/{key}", operation_id = "putValue", tag = "apps",
    params(("install" = String, Path, description = "The installation"), ("key" = String, Path, description = "The key, percent-encoded; 1 to 512 bytes")),
    request_body = KeyValue,
    responses((status = 204), (status = 413, body = Problem, content_type = "application/problem+json"),
        (status = 507, body = Problem, content_type = "application/problem+json", description = "codes app-quota, disk-full")))]
pub(crate) async fn put(
    Extension(home): Extension<Home>,
    Path((install, key)): Path<(String, String)>,
    Json(new): Json<KeyValue>,
) -> Result<StatusCode, Problem> {
    let install = install_id(&install)?;
    blocking(move || {
        home.apps.store(install)?.put_value(&key, &new.value)?;
        Ok(StatusCode::NO_CONTENT)
    })
    .await
}

/// Deletes a value; one that is not there is deleted already.
#[utoipa::path(delete, path = "/api/apps/{install}/kv/{key}", operation_id = "deleteValue", tag = "apps",
    params(("install" = String, Path, description = "The installation"), ("key" = String, Path, description = "The key, percent-encoded")), responses((status = 204)))]
pub(crate) async fn remove(
    Extension(home): Extension<Home>,
    Path((install, key)): Path<(String, String)>,
) -> Result<StatusCode, Problem> {
    let install = install_id(&install)?;
    blocking(move || {
        home.apps.store(install)?.delete_value(&key)?;
        Ok(StatusCode::NO_CONTENT)
    })
    .await
}
