//! Look at, install, update, remove and bring back.

use axum::{
    Extension,
    extract::{Request, State},
    http::StatusCode,
};
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use utoipa::{IntoParams, ToSchema};

use super::{App, AppWork, Inspection, RemovedApp, convert, install_id};
use crate::{
    api::drive::beside,
    desktop::{Desktop, blocking},
    door::Home,
    http::{
        bytes::Bytes,
        extract::{Json, Path, Query},
        problem::Problem,
    },
    stream::body_reader,
};

/// What is installed, and with which permissions.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct InstallApp {
    /// The package that was inspected.
    upload: String,
    /// Keys of the permissions the person gives; every required one must be among them, or be given already.
    grant: Vec<String>,
    /// Only as an update of this installation; a package of another app is refused.
    install: Option<String>,
}

/// What becomes of an app's data.
#[derive(Clone, Copy, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) enum DataChoice {
    /// It stays, for an installation that comes later.
    Keep,
    /// It is deleted when the undo has expired.
    Delete,
}

/// How an app is removed.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct RemoveParams {
    /// What becomes of its data; it is kept when absent.
    #[param(inline)]
    data: Option<DataChoice>,
}

/// A removal that began.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Removal {
    /// The work; see `/api/sagas`.
    saga: String,
    /// Until when it can be undone.
    #[serde(with = "time::serde::rfc3339")]
    undo_until: OffsetDateTime,
}

/// The installed apps.
#[utoipa::path(get, path = "/api/apps", operation_id = "listApps", tag = "apps", responses((status = 200, body = Vec<App>)))]
pub(crate) async fn list(
    State(desktop): State<Desktop>,
    Extension(home): Extension<Home>,
) -> Result<axum::Json<Vec<App>>, Problem> {
    blocking(move || {
        let apps = home.apps.list()?;
        Ok(axum::Json(
            apps.into_iter()
                .map(|a| shown(&desktop, &home, a))
                .collect(),
        ))
    })
    .await
}

/// Removed apps that can come back, or whose data is still here.
#[utoipa::path(get, path = "/api/apps/removed", operation_id = "listRemovedApps", tag = "apps", responses((status = 200, body = Vec<RemovedApp>)))]
pub(crate) async fn removed(
    Extension(home): Extension<Home>,
) -> Result<axum::Json<Vec<RemovedApp>>, Problem> {
    blocking(move || {
        let removed = home.apps.removed()?;
        Ok(axum::Json(removed.into_iter().map(Into::into).collect()))
    })
    .await
}

/// An installed app.
#[utoipa::path(get, path = "/api/apps/{install}", operation_id = "getApp", tag = "apps", params(("install" = String, Path, description = "The installation")),
    responses((status = 200, body = App), (status = 404, body = Problem, content_type = "application/problem+json")))]
pub(crate) async fn get(
    State(desktop): State<Desktop>,
    Extension(home): Extension<Home>,
    Path(install): Path<String>,
) -> Result<axum::Json<App>, Problem> {
    let install = install_id(&install)?;
    blocking(move || {
        let app = home.apps.get(install)?;
        Ok(axum::Json(shown(&desktop, &home, app)))
    })
    .await
}

/// Reads a package: the body is the `.wxa` file, streamed. Nothing is installed.
#[utoipa::path(post, path = "/api/apps/inspect", operation_id = "inspectApp", tag = "apps",
    request_body(content = Bytes, content_type = "application/octet-stream"),
    responses((status = 200, body = Inspection), (status = 413, body = Problem, content_type = "application/problem+json"),
        (status = 422, body = Problem, content_type = "application/problem+json", description = "the package is refused; the code says why")))]
pub(crate) async fn inspect(
    State(desktop): State<Desktop>,
    Extension(home): Extension<Home>,
    request: Request,
) -> Result<axum::Json<Inspection>, Problem> {
    // A package is checked whole, so it is held whole; only a few at a time.
    let _place = desktop.heavy().await?;
    let (feed, reader) = body_reader(request.into_body(), desktop.limits().stall_timeout);
    let work = blocking(move || Ok(axum::Json(home.apps.inspect(reader)?.into())));
    beside(work, feed).await
}

/// Forgets an inspected package that shall not be installed.
#[utoipa::path(delete, path = "/api/apps/inspect/{upload}", operation_id = "forgetPackage", tag = "apps", params(("upload" = String, Path, description = "The package")),
    responses((status = 204)))]
pub(crate) async fn forget(
    Extension(home): Extension<Home>,
    Path(upload): Path<String>,
) -> Result<StatusCode, Problem> {
    let upload = upload_id(&upload)?;
    blocking(move || {
        home.apps.forget(upload)?;
        Ok(StatusCode::NO_CONTENT)
    })
    .await
}

/// Installs an inspected package, or updates the app it is a newer version of.
#[utoipa::path(post, path = "/api/apps", operation_id = "installApp", tag = "apps", request_body = InstallApp,
    responses((status = 200, body = AppWork), (status = 404, body = Problem, content_type = "application/problem+json", description = "code no-upload: the package is not there any more"),
        (status = 422, body = Problem, content_type = "application/problem+json", description = "code missing-permission")))]
pub(crate) async fn install(
    Extension(home): Extension<Home>,
    Json(asked): Json<InstallApp>,
) -> Result<axum::Json<AppWork>, Problem> {
    let upload = upload_id(&asked.upload)?;
    let update = asked.install.as_deref().map(install_id).transpose()?;
    blocking(move || {
        let begun = match update {
            Some(install) => home.apps.update(install, upload, &asked.grant)?,
            None => home.apps.install(upload, &asked.grant)?,
        };
        Ok(axum::Json(begun.into()))
    })
    .await
}

/// Removes an app. Its windows close, its server side stops; for 30 days it can come back as it was.
#[utoipa::path(delete, path = "/api/apps/{install}", operation_id = "removeApp", tag = "apps", params(("install" = String, Path, description = "The installation"), RemoveParams),
    responses((status = 200, body = Removal), (status = 404, body = Problem, content_type = "application/problem+json"),
        (status = 409, body = Problem, content_type = "application/problem+json", description = "code system-app: a part of the system stays")))]
pub(crate) async fn remove(
    Extension(home): Extension<Home>,
    Path(install): Path<String>,
    Query(asked): Query<RemoveParams>,
) -> Result<axum::Json<Removal>, Problem> {
    let install = install_id(&install)?;
    let data = match asked.data {
        None | Some(DataChoice::Keep) => webx_apps::Data::Keep,
        Some(DataChoice::Delete) => webx_apps::Data::Delete,
    };
    blocking(move || {
        let (begun, undo_until) = home.apps.remove(install, data)?;
        Ok(axum::Json(Removal {
            saga: begun.saga.to_string(),
            undo_until,
        }))
    })
    .await
}

/// Brings a removed app back as it was.
#[utoipa::path(post, path = "/api/apps/{install}/undo", operation_id = "undoRemoval", tag = "apps", params(("install" = String, Path, description = "The installation")),
    responses((status = 200, body = AppWork), (status = 404, body = Problem, content_type = "application/problem+json")))]
pub(crate) async fn undo(
    Extension(home): Extension<Home>,
    Path(install): Path<String>,
) -> Result<axum::Json<AppWork>, Problem> {
    let install = install_id(&install)?;
    blocking(move || Ok(axum::Json(home.apps.undo(install)?.into()))).await
}

/// Deletes what is left of a removed app now. There is no way back.
#[utoipa::path(delete, path = "/api/apps/removed/{install}", operation_id = "purgeApp", tag = "apps", params(("install" = String, Path, description = "The installation")),
    responses((status = 200, body = AppWork), (status = 404, body = Problem, content_type = "application/problem+json")))]
pub(crate) async fn purge(
    Extension(home): Extension<Home>,
    Path(install): Path<String>,
) -> Result<axum::Json<AppWork>, Problem> {
    let install = install_id(&install)?;
    blocking(move || Ok(axum::Json(home.apps.purge(install)?.into()))).await
}

/// Brings the version before the last update back.
#[utoipa::path(post, path = "/api/apps/{install}/rollback", operation_id = "rollBackApp", tag = "apps", params(("install" = String, Path, description = "The installation")),
    responses((status = 200, body = AppWork), (status = 409, body = Problem, content_type = "application/problem+json", description = "there is no version before")))]
pub(crate) async fn rollback(
    Extension(home): Extension<Home>,
    Path(install): Path<String>,
) -> Result<axum::Json<AppWork>, Problem> {
    let install = install_id(&install)?;
    blocking(move || Ok(axum::Json(home.apps.rollback(install)?.into()))).await
}

/// An app as it is shown here.
pub(super) fn shown(desktop: &Desktop, home: &Home, app: webx_apps::App) -> App {
    let label = home.apps.origin_label(app.install);
    convert::app(app, &label, desktop.hosts())
}

fn upload_id(text: &str) -> Result<webx_apps::UploadId, Problem> {
    text.parse().map_err(|_| webx_apps::Error::NoUpload.into())
}
