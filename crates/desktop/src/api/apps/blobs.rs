//! An app's blobs: bytes with a name.

use axum::{
    extract::{Request, State},
    http::{HeaderMap, Method, StatusCode},
    response::Response,
};
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use utoipa::{IntoParams, ToSchema};

use crate::{
    desktop::Desktop,
    http::{
        bytes::Bytes,
        extract::{Path, Query},
        problem::Problem,
    },
};

/// Which blobs.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
pub(crate) struct BlobsParams {
    /// Only names that begin like this.
    prefix: Option<String>,
    /// Only names after this one.
    after: Option<String>,
    /// At most so many; 1 to 1000, 100 when absent.
    #[param(minimum = 1, maximum = 1000)]
    limit: Option<u32>,
}

/// A blob.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Blob {
    name: String,
    /// Bytes.
    size: u64,
    /// The media type it was stored with.
    media_type: String,
    /// When it was last changed.
    #[serde(with = "time::serde::rfc3339")]
    modified: OffsetDateTime,
}

/// Some of an app's blobs.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct BlobPage {
    /// In the order of their names' bytes.
    items: Vec<Blob>,
    /// What to ask for as `after` to go on; absent at the end.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
}

/// The blobs of an app.
#[utoipa::path(get, path = "/api/apps/{install}/blobs", operation_id = "listBlobs", tag = "apps", params(("install" = String, Path, description = "The installation"), BlobsParams),
    responses((status = 200, body = BlobPage)))]
pub(crate) async fn list(
    Path(_install): Path<String>,
    Query(_asked): Query<BlobsParams>,
) -> Result<axum::Json<BlobPage>, Problem> {
    Err(Problem::busy())
}

/// The bytes of a blob, or a part of them (`Range`, `If-Range`, `ETag`).
#[utoipa::path(get, path = "/api/apps/{install}/blobs/{name}", operation_id = "getBlob", tag = "apps",
    params(("install" = String, Path, description = "The installation"), ("name" = String, Path, description = "The blob, percent-encoded; 1 to 512 bytes")),
    responses((status = 200, body = Bytes, content_type = "application/octet-stream"), (status = 206, body = Bytes, content_type = "application/octet-stream"),
        (status = 404, body = Problem, content_type = "application/problem+json")))]
pub(crate) async fn get(
    State(_desktop): State<Desktop>,
    Path((_install, _name)): Path<(String, String)>,
    _method: Method,
    _headers: HeaderMap,
) -> Result<Response, Problem> {
    Err(Problem::busy())
}

/// Stores a blob in place of the one before: the body is its bytes, streamed, `Content-Type` its media type.
#[utoipa::path(put, path = "/api/apps/{install}/blobs/{name}", operation_id = "putBlob", tag = "apps",
    params(("install" = String, Path, description = "The installation"), ("name" = String, Path, description = "The blob, percent-encoded; 1 to 512 bytes")),
    request_body(content = Bytes, content_type = "application/octet-stream"),
    responses((status = 200, body = Blob), (status = 413, body = Problem, content_type = "application/problem+json"),
        (status = 507, body = Problem, content_type = "application/problem+json", description = "codes quota, disk-full")))]
pub(crate) async fn put(
    State(_desktop): State<Desktop>,
    Path((_install, _name)): Path<(String, String)>,
    _request: Request,
) -> Result<axum::Json<Blob>, Problem> {
    Err(Problem::busy())
}

/// Deletes a blob; one that is not there is deleted already.
#[utoipa::path(delete, path = "/api/apps/{install}/blobs/{name}", operation_id = "deleteBlob", tag = "apps",
    params(("install" = String, Path, description = "The installation"), ("name" = String, Path, description = "The blob, percent-encoded")), responses((status = 204)))]
pub(crate) async fn remove(
    Path((_install, _name)): Path<(String, String)>,
) -> Result<StatusCode, Problem> {
    Err(Problem::busy())
}
