//! Addresses by which a frame without network loads one stored file.

use axum::{Extension, extract::State};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::install_id;
use crate::{
    api::drive::node_id,
    desktop::{Desktop, blocking},
    door::Home,
    http::{
        extract::{Json, Path},
        problem::Problem,
    },
    objects::{Object, What, check},
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
    responses((status = 200, body = ObjectUrl), (status = 403, body = Problem, content_type = "application/problem+json", description = "code app-denied: the app may not read this"),
        (status = 404, body = Problem, content_type = "application/problem+json")))]
pub(crate) async fn make(
    State(desktop): State<Desktop>,
    Extension(home): Extension<Home>,
    Path(install): Path<String>,
    Json(new): Json<NewObject>,
) -> Result<axum::Json<ObjectUrl>, Problem> {
    let install = install_id(&install)?;
    let what = match (new.node, new.blob) {
        (Some(node), None) => What::Node(node_id(&node)?, new.version),
        (None, Some(blob)) => What::Blob(blob),
        _ => {
            return Err(Problem::bad_request(
                "name a node or a blob, one of the two",
            ));
        }
    };
    blocking(move || {
        let object = Object { install, what };
        check(&home, &object)?;
        match &object.what {
            What::Node(node, _) => drop(home.drive.node(*node)?),
            What::Blob(name) => drop(
                home.apps
                    .store(install)?
                    .blob(name)?
                    .ok_or_else(|| Problem::not_found("this blob"))?,
            ),
        }
        let token = desktop.objects().make(object).map_err(Problem::internal)?;
        Ok(axum::Json(ObjectUrl {
            url: format!("/_object/{}", *token),
        }))
    })
    .await
}
