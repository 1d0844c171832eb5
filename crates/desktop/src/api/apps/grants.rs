//! What apps may do.

use axum::{Extension, extract::State, http::StatusCode};
use serde::Deserialize;
use utoipa::ToSchema;

use super::{App, PickMode, Picked, install_id, registry::shown};
use crate::{
    api::drive::node_id,
    desktop::{Desktop, blocking},
    door::Home,
    http::{
        extract::{Json, Path},
        problem::Problem,
    },
};

/// A change of an app's permissions.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct GrantsPatch {
    /// Keys that are given.
    #[serde(default)]
    grant: Vec<String>,
    /// Keys that are taken back.
    #[serde(default)]
    revoke: Vec<String>,
}

/// A file or folder for an app.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Pick {
    /// The file or folder. The app gets a folder with all that is in it.
    node: String,
    /// What the app may do with it.
    mode: PickMode,
}

/// Gives and takes back permissions. What is taken back ends at once.
#[utoipa::path(patch, path = "/api/apps/{install}/grants", operation_id = "patchGrants", tag = "apps", params(("install" = String, Path, description = "The installation")),
    request_body = GrantsPatch,
    responses((status = 200, body = App), (status = 422, body = Problem, content_type = "application/problem+json", description = "code not-asked: the app does not ask for this")))]
pub(crate) async fn patch(
    State(desktop): State<Desktop>,
    Extension(home): Extension<Home>,
    Path(install): Path<String>,
    Json(change): Json<GrantsPatch>,
) -> Result<axum::Json<App>, Problem> {
    let install = install_id(&install)?;
    blocking(move || {
        home.apps
            .set_grants(install, &change.grant, &change.revoke)?;
        let app = home.apps.get(install)?;
        Ok(axum::Json(shown(&desktop, &home, app)))
    })
    .await
}

/// Gives an app the file or folder that the person picked.
#[utoipa::path(post, path = "/api/apps/{install}/picked", operation_id = "pickForApp", tag = "apps", params(("install" = String, Path, description = "The installation")),
    request_body = Pick,
    responses((status = 200, body = Picked), (status = 404, body = Problem, content_type = "application/problem+json")))]
pub(crate) async fn pick(
    Extension(home): Extension<Home>,
    Path(install): Path<String>,
    Json(pick): Json<Pick>,
) -> Result<axum::Json<Picked>, Problem> {
    let (install, node) = (install_id(&install)?, node_id(&pick.node)?);
    blocking(move || {
        let picked = home.apps.pick(install, node, pick.mode.into())?;
        Ok(axum::Json(picked.into()))
    })
    .await
}

/// Takes a picked file or folder back from an app.
#[utoipa::path(delete, path = "/api/apps/{install}/picked/{node}", operation_id = "unpickForApp", tag = "apps",
    params(("install" = String, Path, description = "The installation"), ("node" = String, Path, description = "The file or folder")),
    responses((status = 204), (status = 404, body = Problem, content_type = "application/problem+json")))]
pub(crate) async fn unpick(
    Extension(home): Extension<Home>,
    Path((install, node)): Path<(String, String)>,
) -> Result<StatusCode, Problem> {
    let (install, node) = (install_id(&install)?, node_id(&node)?);
    blocking(move || {
        if home.apps.unpick(install, node)? {
            Ok(StatusCode::NO_CONTENT)
        } else {
            Err(Problem::not_found("this among what was picked"))
        }
    })
    .await
}
