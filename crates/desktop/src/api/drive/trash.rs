//! The trash.

use axum::{Extension, http::StatusCode};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use webx_drive::ListQuery;

use super::{Node, NodePage, node_id};
use crate::{
    desktop::blocking,
    door::Home,
    http::{
        extract::{Path, Query},
        problem::Problem,
    },
};

/// Which part of the trash.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct TrashParams {
    /// How many are skipped.
    offset: Option<u64>,
    /// How many are returned at most; 1000 when absent.
    #[param(minimum = 1, maximum = 1000)]
    limit: Option<u32>,
}

/// Something that came back.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Restored {
    /// The file or folder, at its place.
    node: Node,
    /// Its path now. It differs from the one it had when the folder is gone or the name was taken.
    path: String,
}

/// What lies in the trash, the last removed first.
#[utoipa::path(get, path = "/api/drive/trash", operation_id = "listTrash", tag = "drive", params(TrashParams), responses((status = 200, body = NodePage)))]
pub(crate) async fn list(
    Extension(home): Extension<Home>,
    Query(asked): Query<TrashParams>,
) -> Result<axum::Json<NodePage>, Problem> {
    let (offset, limit) = (
        asked.offset.unwrap_or(0),
        asked
            .limit
            .unwrap_or(ListQuery::MAX)
            .clamp(1, ListQuery::MAX),
    );
    blocking(move || Ok(axum::Json(home.drive.trash_list(offset, limit)?.into()))).await
}

/// Puts something back to where it was.
#[utoipa::path(post, path = "/api/drive/trash/{id}/restore", operation_id = "restoreFromTrash", tag = "drive", params(("id" = String, Path, description = "What lies in the trash")),
    responses((status = 200, body = Restored), (status = 409, body = Problem, content_type = "application/problem+json", description = "code not-trashed")))]
pub(crate) async fn restore(
    Extension(home): Extension<Home>,
    Path(id): Path<String>,
) -> Result<axum::Json<Restored>, Problem> {
    let id = node_id(&id)?;
    blocking(move || {
        let back = home.drive.restore(id)?;
        Ok(axum::Json(Restored {
            node: back.node.into(),
            path: back.path,
        }))
    })
    .await
}

/// Deletes something in the trash for good.
#[utoipa::path(delete, path = "/api/drive/trash/{id}", operation_id = "purge", tag = "drive", params(("id" = String, Path, description = "What lies in the trash")),
    responses((status = 204), (status = 409, body = Problem, content_type = "application/problem+json", description = "code not-trashed")))]
pub(crate) async fn purge(
    Extension(home): Extension<Home>,
    Path(id): Path<String>,
) -> Result<StatusCode, Problem> {
    let id = node_id(&id)?;
    blocking(move || {
        home.drive.purge(id)?;
        Ok(StatusCode::NO_CONTENT)
    })
    .await
}

/// Deletes everything in the trash for good.
#[utoipa::path(delete, path = "/api/drive/trash", operation_id = "emptyTrash", tag = "drive", responses((status = 204)))]
pub(crate) async fn empty(Extension(home): Extension<Home>) -> Result<StatusCode, Problem> {
    blocking(move || {
        home.drive.empty_trash()?;
        Ok(StatusCode::NO_CONTENT)
    })
    .await
}
