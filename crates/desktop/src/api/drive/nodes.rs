//! Files and folders as such: look, list, make, rename, move, copy, remove.

use axum::{Extension, http::StatusCode};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use webx_apps::Operation;
use webx_drive::{ListQuery, NodeId, Sort};

use super::{Node, NodePage, OnConflict, node_id, on_conflict, time};
use crate::{
    auth::narrow::Acting,
    desktop::blocking,
    door::Home,
    http::{
        extract::{Json, Path, Query},
        problem::Problem,
    },
};

/// How a listing is ordered.
#[derive(Clone, Copy, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) enum SortBy {
    Name,
    Size,
    Modified,
    Kind,
}

/// Which part of a folder.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
pub(crate) struct ListParams {
    /// By what; by name when absent. Folders come first in any order.
    #[param(inline)]
    sort: Option<SortBy>,
    /// Largest, newest or last first.
    descending: Option<bool>,
    /// How many are skipped.
    offset: Option<u64>,
    /// How many are returned at most; 1000 when absent.
    #[param(minimum = 1, maximum = 1000)]
    limit: Option<u32>,
    /// The folder as it was at this time (RFC 3339).
    at: Option<String>,
}

/// A folder to make.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct NewFolder {
    /// 1 to 255 bytes.
    #[schema(min_length = 1, max_length = 255)]
    name: String,
    on_conflict: Option<OnConflict>,
}

/// Another name, another place, or both.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct NodePatch {
    /// The new name.
    #[schema(min_length = 1, max_length = 255)]
    name: Option<String>,
    /// The folder to move it to.
    parent: Option<String>,
    on_conflict: Option<OnConflict>,
}

/// Where a copy goes.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct CopyTo {
    /// The folder.
    parent: String,
    /// The copy's name; the same when absent.
    #[schema(min_length = 1, max_length = 255)]
    name: Option<String>,
    on_conflict: Option<OnConflict>,
}

/// Where something is.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct NodePath {
    /// The path from the root, beginning with a slash.
    path: String,
    /// The folders above it, the root first.
    ancestors: Vec<Ancestor>,
}

/// A folder above.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Ancestor {
    id: String,
    /// Empty for the root.
    name: String,
}

/// A file or folder.
#[utoipa::path(get, path = "/api/drive/nodes/{id}", operation_id = "getNode", tag = "drive", params(("id" = String, Path, description = "The file or folder, or `root`")),
    responses((status = 200, body = Node), (status = 404, body = Problem, content_type = "application/problem+json")))]
pub(crate) async fn node(
    Extension(home): Extension<Home>,
    Path(id): Path<String>,
) -> Result<axum::Json<Node>, Problem> {
    let id = node_id(&id)?;
    blocking(move || Ok(axum::Json(home.drive.node(id)?.into()))).await
}

/// Renames, moves, or both at once.
#[utoipa::path(patch, path = "/api/drive/nodes/{id}", operation_id = "patchNode", tag = "drive", params(("id" = String, Path, description = "The file or folder")),
    request_body = NodePatch,
    responses((status = 200, body = Node), (status = 404, body = Problem, content_type = "application/problem+json"),
        (status = 409, body = Problem, content_type = "application/problem+json", description = "code exists"),
        (status = 422, body = Problem, content_type = "application/problem+json", description = "codes bad-name, into-itself, root, not-a-folder")))]
pub(crate) async fn patch(
    Extension(home): Extension<Home>,
    Extension(acting): Extension<Acting>,
    Path(id): Path<String>,
    Json(patch): Json<NodePatch>,
) -> Result<axum::Json<Node>, Problem> {
    let id = node_id(&id)?;
    let parent = patch.parent.as_deref().map(node_id).transpose()?;
    let choice = on_conflict(patch.on_conflict);
    blocking(move || {
        let drive = &home.drive;
        if let Some(parent) = parent {
            acting.check(&home, Operation::DriveWrite, parent)?;
        }
        let node = match (parent, patch.name.as_deref()) {
            (Some(parent), name) => drive.mv(id, parent, name, choice)?,
            (None, Some(name)) => drive.rename(id, name, choice)?,
            (None, None) => {
                return Err(Problem::bad_request(
                    "say the new name, the new parent, or both",
                ));
            }
        };
        Ok(axum::Json(node.into()))
    })
    .await
}

/// Puts a file or folder into the trash.
#[utoipa::path(delete, path = "/api/drive/nodes/{id}", operation_id = "removeNode", tag = "drive", params(("id" = String, Path, description = "The file or folder")),
    responses((status = 204), (status = 404, body = Problem, content_type = "application/problem+json")))]
pub(crate) async fn remove(
    Extension(home): Extension<Home>,
    Path(id): Path<String>,
) -> Result<StatusCode, Problem> {
    let id = node_id(&id)?;
    blocking(move || {
        home.drive.remove(id)?;
        Ok(StatusCode::NO_CONTENT)
    })
    .await
}

/// Copies a file or a whole folder. The content is shared, so it costs no space.
#[utoipa::path(post, path = "/api/drive/nodes/{id}/copy", operation_id = "copyNode", tag = "drive", params(("id" = String, Path, description = "The file or folder")),
    request_body = CopyTo,
    responses((status = 200, body = Node), (status = 409, body = Problem, content_type = "application/problem+json", description = "code exists")))]
pub(crate) async fn copy(
    Extension(home): Extension<Home>,
    Extension(acting): Extension<Acting>,
    Path(id): Path<String>,
    Json(to): Json<CopyTo>,
) -> Result<axum::Json<Node>, Problem> {
    let (id, parent) = (node_id(&id)?, node_id(&to.parent)?);
    let choice = on_conflict(to.on_conflict);
    blocking(move || {
        acting.check(&home, Operation::DriveWrite, parent)?;
        Ok(axum::Json(
            home.drive
                .copy(id, parent, to.name.as_deref(), choice)?
                .into(),
        ))
    })
    .await
}

/// Where a file or folder is.
#[utoipa::path(get, path = "/api/drive/nodes/{id}/path", operation_id = "getNodePath", tag = "drive", params(("id" = String, Path, description = "The file or folder, or `root`")),
    responses((status = 200, body = NodePath)))]
pub(crate) async fn path(
    Extension(home): Extension<Home>,
    Path(id): Path<String>,
) -> Result<axum::Json<NodePath>, Problem> {
    let id = node_id(&id)?;
    blocking(move || {
        let path = home.drive.path_of(id)?;
        let root = Ancestor {
            id: NodeId::ROOT.to_string(),
            name: String::new(),
        };
        let above = home
            .drive
            .ancestors(id)?
            .into_iter()
            .map(|(id, name)| Ancestor {
                id: id.to_string(),
                name,
            });
        let ancestors = (id != NodeId::ROOT)
            .then_some(root)
            .into_iter()
            .chain(above)
            .collect();
        Ok(axum::Json(NodePath { path, ancestors }))
    })
    .await
}

/// What lies in a folder.
#[utoipa::path(get, path = "/api/drive/nodes/{id}/children", operation_id = "listChildren", tag = "drive", params(("id" = String, Path, description = "The folder, or `root`"), ListParams),
    responses((status = 200, body = NodePage), (status = 404, body = Problem, content_type = "application/problem+json")))]
pub(crate) async fn children(
    Extension(home): Extension<Home>,
    Path(id): Path<String>,
    Query(asked): Query<ListParams>,
) -> Result<axum::Json<NodePage>, Problem> {
    let id = node_id(&id)?;
    let query = ListQuery {
        sort: match asked.sort {
            None | Some(SortBy::Name) => Sort::Name,
            Some(SortBy::Size) => Sort::Size,
            Some(SortBy::Modified) => Sort::Modified,
            Some(SortBy::Kind) => Sort::Kind,
        },
        descending: asked.descending.unwrap_or(false),
        offset: asked.offset.unwrap_or(0),
        limit: asked
            .limit
            .unwrap_or(ListQuery::MAX)
            .clamp(1, ListQuery::MAX),
        at: asked.at.as_deref().map(time).transpose()?,
    };
    blocking(move || Ok(axum::Json(home.drive.list(id, &query)?.into()))).await
}

/// Makes a folder.
#[utoipa::path(post, path = "/api/drive/nodes/{id}/children", operation_id = "createFolder", tag = "drive", params(("id" = String, Path, description = "The folder to make it in, or `root`")),
    request_body = NewFolder,
    responses((status = 200, body = Node), (status = 409, body = Problem, content_type = "application/problem+json", description = "code exists"),
        (status = 422, body = Problem, content_type = "application/problem+json", description = "code bad-name")))]
pub(crate) async fn create_folder(
    Extension(home): Extension<Home>,
    Path(id): Path<String>,
    Json(new): Json<NewFolder>,
) -> Result<axum::Json<Node>, Problem> {
    let id: NodeId = node_id(&id)?;
    let choice = on_conflict(new.on_conflict);
    blocking(move || {
        Ok(axum::Json(
            home.drive.create_folder(id, &new.name, choice)?.into(),
        ))
    })
    .await
}
