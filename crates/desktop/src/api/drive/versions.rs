//! Versions of a file, a folder at an earlier time.

use axum::Extension;
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use utoipa::ToSchema;
use webx_drive::VersionId;

use super::{Node, node_id};
use crate::{
    desktop::blocking,
    door::Home,
    http::{
        extract::{Json, Path},
        problem::Problem,
    },
};

/// A version of a file.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Version {
    /// Names the version.
    id: u64,
    /// 1 for the first.
    number: u64,
    /// Bytes.
    size: u64,
    /// When its content was last changed, as its source said.
    #[serde(with = "time::serde::rfc3339")]
    modified: OffsetDateTime,
    /// When it was put into the drive.
    #[serde(with = "time::serde::rfc3339")]
    created_at: OffsetDateTime,
    /// Whether it is the one that is read.
    current: bool,
}

impl From<webx_drive::Version> for Version {
    fn from(v: webx_drive::Version) -> Self {
        Self {
            id: v.id.0,
            number: v.number,
            size: v.size,
            modified: v.modified,
            created_at: v.created_at,
            current: v.current,
        }
    }
}

/// The time to go back to.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct RestoreAt {
    #[serde(with = "time::serde::rfc3339")]
    at: OffsetDateTime,
}

/// What going back to a time did.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RestoredFolder {
    /// Files and folders that were changed, moved or brought back to what they were.
    restored: u64,
    /// Files and folders that lie elsewhere now: they stay there, and the folder got a copy.
    copied: u64,
    /// Files and folders that were not there at that time: they are in the trash.
    trashed: u64,
}

/// The versions of a file, the newest first.
#[utoipa::path(get, path = "/api/drive/nodes/{id}/versions", operation_id = "listVersions", tag = "drive", params(("id" = String, Path, description = "The file")),
    responses((status = 200, body = Vec<Version>)))]
pub(crate) async fn list(
    Extension(home): Extension<Home>,
    Path(id): Path<String>,
) -> Result<axum::Json<Vec<Version>>, Problem> {
    let id = node_id(&id)?;
    blocking(move || {
        Ok(axum::Json(
            home.drive
                .versions(id)?
                .into_iter()
                .map(Into::into)
                .collect(),
        ))
    })
    .await
}

/// Makes an earlier version the current one, as a new version.
#[utoipa::path(post, path = "/api/drive/nodes/{id}/versions/{version}/restore", operation_id = "restoreVersion", tag = "drive",
    params(("id" = String, Path, description = "The file"), ("version" = u64, Path, description = "The version")),
    responses((status = 200, body = Node), (status = 404, body = Problem, content_type = "application/problem+json")))]
pub(crate) async fn restore(
    Extension(home): Extension<Home>,
    Path((id, version)): Path<(String, u64)>,
) -> Result<axum::Json<Node>, Problem> {
    let id = node_id(&id)?;
    blocking(move || {
        Ok(axum::Json(
            home.drive.restore_version(id, VersionId(version))?.into(),
        ))
    })
    .await
}

/// Brings a folder, with all that is in it, back to how it was at a time. What came later goes to the trash.
#[utoipa::path(post, path = "/api/drive/nodes/{id}/restore-at", operation_id = "restoreFolderAt", tag = "drive", params(("id" = String, Path, description = "The folder, or `root`")),
    request_body = RestoreAt, responses((status = 200, body = RestoredFolder)))]
pub(crate) async fn restore_at(
    Extension(home): Extension<Home>,
    Path(id): Path<String>,
    Json(to): Json<RestoreAt>,
) -> Result<axum::Json<RestoredFolder>, Problem> {
    let id = node_id(&id)?;
    blocking(move || {
        let webx_drive::RestoredFolder {
            restored,
            copied,
            trashed,
        } = home.drive.restore_folder_at(id, to.at)?;
        Ok(axum::Json(RestoredFolder {
            restored,
            copied,
            trashed,
        }))
    })
    .await
}
