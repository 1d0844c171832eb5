//! Finding things, and what all of them weigh.

use axum::Extension;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::Node;
use crate::{
    desktop::blocking,
    door::Home,
    http::{extract::Query, problem::Problem},
};

/// A path.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct ResolveParams {
    /// A path from the root, like `/Photos/cat.jpg`.
    path: String,
}

/// What to look for.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct SearchParams {
    /// Part of a name.
    #[param(max_length = 255)]
    q: String,
    /// How many at most; 50 when absent.
    #[param(minimum = 1, maximum = 500)]
    limit: Option<u32>,
}

/// Something that was found.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Hit {
    node: Node,
    /// Where it is.
    path: String,
}

/// What the drive holds, in bytes and pieces.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Usage {
    /// Files, the trash not counted.
    files: u64,
    /// Folders, the root and the trash not counted.
    folders: u64,
    /// Bytes of those files as one reads them.
    logical: u64,
    /// Bytes on the disk: files, older versions, trash and unfinished uploads; what is equal counts once.
    stored: u64,
    /// Bytes of older versions as one reads them.
    versions: u64,
    /// Bytes of the files in the trash as one reads them.
    trash: u64,
    /// What `stored` may not exceed; absent without a quota.
    #[serde(skip_serializing_if = "Option::is_none")]
    quota: Option<u64>,
    /// Bytes the disk still takes, the floor that is kept free already subtracted.
    free: u64,
}

/// What has this path.
#[utoipa::path(get, path = "/api/drive/resolve", operation_id = "resolvePath", tag = "drive", params(ResolveParams),
    responses((status = 200, body = Node), (status = 404, body = Problem, content_type = "application/problem+json")))]
pub(crate) async fn resolve(
    Extension(home): Extension<Home>,
    Query(asked): Query<ResolveParams>,
) -> Result<axum::Json<Node>, Problem> {
    blocking(move || Ok(axum::Json(home.drive.resolve(&asked.path)?.into()))).await
}

/// Files and folders by their names.
#[utoipa::path(get, path = "/api/drive/search", operation_id = "searchDrive", tag = "drive", params(SearchParams), responses((status = 200, body = Vec<Hit>)))]
pub(crate) async fn search(
    Extension(home): Extension<Home>,
    Query(asked): Query<SearchParams>,
) -> Result<axum::Json<Vec<Hit>>, Problem> {
    if asked.q.len() > 255 {
        return Err(Problem::bad_request("a search is at most 255 bytes"));
    }
    let limit = asked.limit.unwrap_or(50).clamp(1, 500) as usize;
    blocking(move || {
        let hits = home.drive.search(&asked.q, limit)?;
        Ok(axum::Json(
            hits.into_iter()
                .map(|h| Hit {
                    node: h.node.into(),
                    path: h.path,
                })
                .collect(),
        ))
    })
    .await
}

/// What the drive holds.
#[utoipa::path(get, path = "/api/drive/usage", operation_id = "getUsage", tag = "drive", responses((status = 200, body = Usage)))]
pub(crate) async fn usage(Extension(home): Extension<Home>) -> Result<axum::Json<Usage>, Problem> {
    blocking(move || {
        let webx_drive::Usage {
            files,
            folders,
            logical,
            stored,
            versions,
            trash,
            quota,
        } = home.drive.usage()?;
        let free = home.vault.free_space()?;
        Ok(axum::Json(Usage {
            files,
            folders,
            logical,
            stored,
            versions,
            trash,
            quota,
            free,
        }))
    })
    .await
}
