//! An app's blobs: bytes with a name.

use axum::{
    Extension,
    extract::{Request, State},
    http::{HeaderMap, Method, StatusCode, header},
    response::Response,
};
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use utoipa::{IntoParams, ToSchema};
use webx_apps::Store;

use super::install_id;
use crate::{
    api::drive::beside,
    desktop::{Desktop, blocking},
    door::Home,
    http::{
        bytes::Bytes,
        extract::{Path, Query},
        media,
        problem::Problem,
    },
    stream::{Representation, body_reader, send},
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
pub(crate) struct StoredBlob {
    name: String,
    /// Bytes.
    size: u64,
    /// The media type it was stored with.
    #[serde(skip_serializing_if = "Option::is_none")]
    media_type: Option<String>,
    /// When it was last changed.
    #[serde(with = "time::serde::rfc3339")]
    modified: OffsetDateTime,
}

impl From<webx_apps::Blob> for StoredBlob {
    fn from(blob: webx_apps::Blob) -> Self {
        Self {
            name: blob.name,
            size: blob.size,
            media_type: blob.media_type,
            modified: blob.modified,
        }
    }
}

/// Some of an app's blobs.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct BlobPage {
    /// In the order of their names' bytes.
    items: Vec<StoredBlob>,
    /// What to ask for as `after` to go on; absent at the end.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
}

/// The blobs of an app.
#[utoipa::path(get, path = "/api/apps/{install}/blobs", operation_id = "listBlobs", tag = "apps", params(("install" = String, Path, description = "The installation"), BlobsParams),
    responses((status = 200, body = BlobPage)))]
pub(crate) async fn list(
    Extension(home): Extension<Home>,
    Path(install): Path<String>,
    Query(asked): Query<BlobsParams>,
) -> Result<axum::Json<BlobPage>, Problem> {
    let install = install_id(&install)?;
    blocking(move || {
        let prefix = asked.prefix.as_deref().unwrap_or_default();
        let page = home.apps.store(install)?.blobs(
            prefix,
            asked.after.as_deref(),
            asked.limit.unwrap_or(100),
        )?;
        Ok(axum::Json(BlobPage {
            items: page.items.into_iter().map(Into::into).collect(),
            next: page.next,
        }))
    })
    .await
}

/// The bytes of a blob, or a part of them (`Range`, `If-Range`, `ETag`).
#[utoipa::path(get, path = "/api/apps/{install}/blobs/{name}", operation_id = "getBlob", tag = "apps",
    params(("install" = String, Path, description = "The installation"), ("name" = String, Path, description = "The blob, percent-encoded; 1 to 512 bytes")),
    responses((status = 200, body = Bytes, content_type = "application/octet-stream"), (status = 206, body = Bytes, content_type = "application/octet-stream"),
        (status = 404, body = Problem, content_type = "application/problem+json")))]
pub(crate) async fn get(
    State(desktop): State<Desktop>,
    Extension(home): Extension<Home>,
    Path((install, name)): Path<(String, String)>,
    method: Method,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let install = install_id(&install)?;
    let place = desktop.transfer().await?;
    let shown = blocking(move || open(&home.apps.store(install)?, &name)).await?;
    let hold = (place, desktop.idle().enter(true));
    send(shown, &method, &headers, hold).await
}

/// Stores a blob in place of the one before: the body is its bytes, streamed, `Content-Type` its media type.
#[utoipa::path(put, path = "/api/apps/{install}/blobs/{name}", operation_id = "putBlob", tag = "apps",
    params(("install" = String, Path, description = "The installation"), ("name" = String, Path, description = "The blob, percent-encoded; 1 to 512 bytes")),
    request_body(content = Bytes, content_type = "application/octet-stream"),
    responses((status = 200, body = StoredBlob), (status = 413, body = Problem, content_type = "application/problem+json"),
        (status = 507, body = Problem, content_type = "application/problem+json", description = "codes app-quota, disk-full")))]
pub(crate) async fn put(
    State(desktop): State<Desktop>,
    Extension(home): Extension<Home>,
    Path((install, name)): Path<(String, String)>,
    request: Request,
) -> Result<axum::Json<StoredBlob>, Problem> {
    let install = install_id(&install)?;
    let kind = request
        .headers()
        .get(header::CONTENT_TYPE)
        .and_then(|v| v.to_str().ok())
        .map(str::to_owned);
    let _place = desktop.transfer().await?;
    let (feed, reader) = body_reader(request.into_body(), desktop.limits().stall_timeout);
    let work = blocking(move || {
        let store = home.apps.store(install)?;
        Ok(axum::Json(
            store.put_blob(&name, kind.as_deref(), reader)?.into(),
        ))
    });
    beside(work, feed).await
}

/// Deletes a blob; one that is not there is deleted already.
#[utoipa::path(delete, path = "/api/apps/{install}/blobs/{name}", operation_id = "deleteBlob", tag = "apps",
    params(("install" = String, Path, description = "The installation"), ("name" = String, Path, description = "The blob, percent-encoded")), responses((status = 204)))]
pub(crate) async fn remove(
    Extension(home): Extension<Home>,
    Path((install, name)): Path<(String, String)>,
) -> Result<StatusCode, Problem> {
    let install = install_id(&install)?;
    blocking(move || {
        home.apps.store(install)?.delete_blob(&name)?;
        Ok(StatusCode::NO_CONTENT)
    })
    .await
}

/// A blob that is about to be sent.
pub(crate) fn open(
    store: &Store,
    name: &str,
) -> Result<Representation<webx_apps::Reader>, Problem> {
    let (blob, reader) = store
        .open_blob(name)?
        .ok_or_else(|| Problem::not_found("this blob"))?;
    let kind = blob.media_type.unwrap_or_else(|| media::guess(name));
    Ok(Representation {
        etag: format!("\"{}\"", blob.sha256),
        length: blob.size,
        modified: blob.modified,
        name: blob.name,
        kind,
        inline: true,
        reader,
    })
}
