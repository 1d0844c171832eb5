//! Resumable uploads: a file in steps that survive a broken connection and a restart of the node.

use axum::{
    Extension,
    extract::{Request, State},
    http::{HeaderMap, StatusCode},
};
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use utoipa::ToSchema;
use webx_drive::{FileMeta, UploadId};

use super::{Node, OnConflict, content::length, node_id, on_conflict};
use crate::{
    desktop::{Desktop, blocking},
    door::Home,
    http::{
        bytes::Bytes,
        extract::{Json, Path, too_large},
        problem::Problem,
    },
    stream::body_reader,
};

/// A file to come.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct NewUpload {
    /// The folder, or `root`.
    parent: String,
    /// The file's name.
    #[schema(min_length = 1, max_length = 255)]
    name: String,
    /// Its length in bytes.
    size: u64,
    /// When it was last changed.
    #[serde(default, with = "time::serde::rfc3339::option")]
    modified: Option<OffsetDateTime>,
    on_conflict: Option<OnConflict>,
}

/// How far an upload is.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Upload {
    /// Names the upload.
    id: String,
    /// The folder the file will lie in.
    parent: String,
    /// The name it will have.
    name: String,
    /// When the file was last changed, as its source said.
    #[serde(
        skip_serializing_if = "Option::is_none",
        with = "time::serde::rfc3339::option"
    )]
    modified: Option<OffsetDateTime>,
    /// When the upload was begun.
    #[serde(with = "time::serde::rfc3339")]
    created_at: OffsetDateTime,
    /// Bytes the node has safely: the next step begins here.
    offset: u64,
    /// The length of the file.
    #[serde(skip_serializing_if = "Option::is_none")]
    size: Option<u64>,
    /// The most bytes of one step.
    chunk_size: u64,
}

/// Begins a resumable upload.
#[utoipa::path(post, path = "/api/drive/uploads", operation_id = "beginUpload", tag = "drive", request_body = NewUpload,
    responses((status = 200, body = Upload), (status = 409, body = Problem, content_type = "application/problem+json", description = "code exists"),
        (status = 507, body = Problem, content_type = "application/problem+json", description = "codes quota, disk-full")))]
pub(crate) async fn begin(
    State(desktop): State<Desktop>,
    Extension(home): Extension<Home>,
    Json(new): Json<NewUpload>,
) -> Result<axum::Json<Upload>, Problem> {
    let parent = node_id(&new.parent)?;
    let meta = FileMeta {
        size: Some(new.size),
        modified: new.modified,
    };
    let choice = on_conflict(new.on_conflict);
    let status =
        blocking(move || Ok(home.drive.begin_upload(parent, &new.name, meta, choice)?)).await?;
    Ok(axum::Json(shown(&desktop, &status)))
}

/// Uploads that are not finished, also those from before a restart.
#[utoipa::path(get, path = "/api/drive/uploads", operation_id = "listUploads", tag = "drive", responses((status = 200, body = Vec<Upload>)))]
pub(crate) async fn list(
    State(desktop): State<Desktop>,
    Extension(home): Extension<Home>,
) -> Result<axum::Json<Vec<Upload>>, Problem> {
    blocking(move || {
        Ok(axum::Json(
            home.drive
                .uploads()?
                .iter()
                .map(|u| shown(&desktop, u))
                .collect(),
        ))
    })
    .await
}

/// How far an upload is.
#[utoipa::path(get, path = "/api/drive/uploads/{id}", operation_id = "getUpload", tag = "drive", params(("id" = String, Path, description = "The upload")),
    responses((status = 200, body = Upload), (status = 404, body = Problem, content_type = "application/problem+json", description = "code no-such-upload: begin again")))]
pub(crate) async fn status(
    State(desktop): State<Desktop>,
    Extension(home): Extension<Home>,
    Path(id): Path<String>,
) -> Result<axum::Json<Upload>, Problem> {
    let id = upload_id(&id)?;
    let status = blocking(move || Ok(home.drive.upload_status(id)?)).await?;
    Ok(axum::Json(shown(&desktop, &status)))
}

/// Adds the next bytes. `Upload-Offset` says where they begin; the answer says where the next ones do.
#[utoipa::path(patch, path = "/api/drive/uploads/{id}", operation_id = "appendUpload", tag = "drive",
    params(("id" = String, Path, description = "The upload"), ("Upload-Offset" = u64, Header, description = "Where the bytes begin")),
    request_body(content = Bytes, content_type = "application/octet-stream"),
    responses((status = 200, body = Upload), (status = 409, body = Problem, content_type = "application/problem+json", description = "code wrong-offset: ask how far it is"),
        (status = 413, body = Problem, content_type = "application/problem+json"), (status = 507, body = Problem, content_type = "application/problem+json")))]
pub(crate) async fn append(
    State(desktop): State<Desktop>,
    Extension(home): Extension<Home>,
    Path(id): Path<String>,
    headers: HeaderMap,
    request: Request,
) -> Result<axum::Json<Upload>, Problem> {
    let id = upload_id(&id)?;
    let offset: u64 = headers
        .get("upload-offset")
        .and_then(|v| v.to_str().ok()?.parse().ok())
        .ok_or_else(|| {
            Problem::bad_request("the header Upload-Offset says where the bytes begin")
        })?;
    let size = length(&headers).ok_or_else(|| {
        Problem::new(
            StatusCode::LENGTH_REQUIRED,
            "length-required",
            "a step announces its length in Content-Length",
        )
    })?;
    let limit = desktop.limits().upload_step as u64;
    if size > limit {
        return Err(too_large(limit));
    }
    let _place = desktop.transfer().await?;
    let (feed, reader) = body_reader(request.into_body(), desktop.limits().stall_timeout);
    let drive = home.drive.clone();
    let work = blocking(move || {
        drive.append_upload(id, offset, reader)?;
        Ok(drive.upload_status(id)?)
    });
    let status = beside(work, feed).await?;
    Ok(axum::Json(shown(&desktop, &status)))
}

/// Makes the file out of an upload that has all its bytes.
#[utoipa::path(post, path = "/api/drive/uploads/{id}/finish", operation_id = "finishUpload", tag = "drive", params(("id" = String, Path, description = "The upload")),
    responses((status = 200, body = Node), (status = 400, body = Problem, content_type = "application/problem+json", description = "code wrong-size: bytes are missing"),
        (status = 409, body = Problem, content_type = "application/problem+json", description = "code exists")))]
pub(crate) async fn finish(
    Extension(home): Extension<Home>,
    Path(id): Path<String>,
) -> Result<axum::Json<Node>, Problem> {
    let id = upload_id(&id)?;
    blocking(move || Ok(axum::Json(home.drive.finish_upload(id)?.into()))).await
}

/// Gives an upload up and frees its space.
#[utoipa::path(delete, path = "/api/drive/uploads/{id}", operation_id = "abortUpload", tag = "drive", params(("id" = String, Path, description = "The upload")), responses((status = 204)))]
pub(crate) async fn abort(
    Extension(home): Extension<Home>,
    Path(id): Path<String>,
) -> Result<StatusCode, Problem> {
    let id = upload_id(&id)?;
    blocking(move || {
        home.drive.abort_upload(id)?;
        Ok(StatusCode::NO_CONTENT)
    })
    .await
}

/// Feeds a body to its worker; the worker decides when it is over.
pub(crate) async fn beside<T>(
    work: impl Future<Output = Result<T, Problem>>,
    feed: impl Future<Output = ()>,
) -> Result<T, Problem> {
    let mut work = std::pin::pin!(work);
    tokio::select! {
        result = &mut work => result,
        () = feed => work.await,
    }
}

fn upload_id(text: &str) -> Result<UploadId, Problem> {
    text.parse().map_err(|_| {
        Problem::new(
            StatusCode::NOT_FOUND,
            "no-such-upload",
            "there is no upload with this id; begin it again",
        )
    })
}

fn shown(desktop: &Desktop, status: &webx_drive::UploadStatus) -> Upload {
    Upload {
        id: status.id.to_string(),
        parent: status.parent.to_string(),
        name: status.name.clone(),
        modified: status.modified,
        created_at: status.created,
        offset: status.offset,
        size: status.size,
        chunk_size: status.chunk_size.min(desktop.limits().upload_step as u64),
    }
}
