//! Look at, install, update, remove and bring back.

use axum::extract::{Request, State};
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use utoipa::{IntoParams, ToSchema};

use super::{App, AppWork, Inspection, RemovedApp};
use crate::{
    desktop::Desktop,
    http::{
        bytes::Bytes,
        extract::{Json, Path, Query},
        problem::Problem,
    },
};

/// What is installed, and with which permissions.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct InstallApp {
    /// The package that was inspected.
    upload: String,
    /// Keys of the permissions the person gives; every required one must be among them.
    grant: Vec<String>,
}

/// What becomes of an app's data.
#[derive(Clone, Copy, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) enum DataChoice {
    /// It stays, for an installation that comes later.
    Keep,
    /// It is deleted when the undo has expired.
    Delete,
}

/// How an app is removed.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct RemoveParams {
    /// What becomes of its data; it is kept when absent.
    #[param(inline)]
    data: Option<DataChoice>,
}

/// A removal that began.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Removal {
    /// The work; see `/api/sagas`.
    saga: String,
    /// Until when it can be undone.
    #[serde(with = "time::serde::rfc3339")]
    undo_until: OffsetDateTime,
}

/// The installed apps.
#[utoipa::path(get, path = "/api/apps", operation_id = "listApps", tag = "apps", responses((status = 200, body = Vec<App>)))]
pub(crate) async fn list() -> Result<axum::Json<Vec<App>>, Problem> {
    Err(Problem::busy())
}

/// Removed apps that can come back.
#[utoipa::path(get, path = "/api/apps/removed", operation_id = "listRemovedApps", tag = "apps", responses((status = 200, body = Vec<RemovedApp>)))]
pub(crate) async fn removed() -> Result<axum::Json<Vec<RemovedApp>>, Problem> {
    Err(Problem::busy())
}

/// An installed app.
#[utoipa::path(get, path = "/api/apps/{install}", operation_id = "getApp", tag = "apps", params(("install" = String, Path, description = "The installation")),
    responses((status = 200, body = App), (status = 404, body = Problem, content_type = "application/problem+json")))]
pub(crate) async fn get(Path(_install): Path<String>) -> Result<axum::Json<App>, Problem> {
    Err(Problem::busy())
}

/// Reads a package: the body is the `.wxa` file, streamed. Nothing is installed.
#[utoipa::path(post, path = "/api/apps/inspect", operation_id = "inspectApp", tag = "apps",
    request_body(content = Bytes, content_type = "application/octet-stream"),
    responses((status = 200, body = Inspection), (status = 413, body = Problem, content_type = "application/problem+json"),
        (status = 422, body = Problem, content_type = "application/problem+json", description = "the package is refused; the code says why")))]
pub(crate) async fn inspect(
    State(_desktop): State<Desktop>,
    _request: Request,
) -> Result<axum::Json<Inspection>, Problem> {
    Err(Problem::busy())
}

/// Installs an inspected package, or updates the app it is a newer version of.
#[utoipa::path(post, path = "/api/apps", operation_id = "installApp", tag = "apps", request_body = InstallApp,
    responses((status = 200, body = AppWork), (status = 404, body = Problem, content_type = "application/problem+json", description = "the package is not there any more"),
        (status = 422, body = Problem, content_type = "application/problem+json", description = "a required permission is missing")))]
pub(crate) async fn install(
    Json(_asked): Json<InstallApp>,
) -> Result<axum::Json<AppWork>, Problem> {
    Err(Problem::busy())
}

/// Removes an app. Its windows close, its server side stops; for 30 days it can come back as it was.
#[utoipa::path(delete, path = "/api/apps/{install}", operation_id = "removeApp", tag = "apps", params(("install" = String, Path, description = "The installation"), RemoveParams),
    responses((status = 200, body = Removal), (status = 404, body = Problem, content_type = "application/problem+json"),
        (status = 409, body = Problem, content_type = "application/problem+json", description = "a system app cannot be removed")))]
pub(crate) async fn remove(
    Path(_install): Path<String>,
    Query(_asked): Query<RemoveParams>,
) -> Result<axum::Json<Removal>, Problem> {
    Err(Problem::busy())
}

/// Brings a removed app back as it was.
#[utoipa::path(post, path = "/api/apps/{install}/undo", operation_id = "undoRemoval", tag = "apps", params(("install" = String, Path, description = "The installation")),
    responses((status = 200, body = AppWork), (status = 404, body = Problem, content_type = "application/problem+json")))]
pub(crate) async fn undo(Path(_install): Path<String>) -> Result<axum::Json<AppWork>, Problem> {
    Err(Problem::busy())
}

/// Brings the version before the last update back.
#[utoipa::path(post, path = "/api/apps/{install}/rollback", operation_id = "rollBackApp", tag = "apps", params(("install" = String, Path, description = "The installation")),
    responses((status = 200, body = AppWork), (status = 409, body = Problem, content_type = "application/problem+json", description = "there is no version before")))]
pub(crate) async fn rollback(Path(_install): Path<String>) -> Result<axum::Json<AppWork>, Problem> {
    Err(Problem::busy())
}
