//! Files from person to person.

use axum::{Extension, http::StatusCode};
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_axum::{router::OpenApiRouter, routes};
use webx_apps::Operation;

use super::{contacts::person, drive::node_id};
use crate::{
    auth::narrow::Acting,
    desktop::{Desktop, blocking},
    door::Home,
    http::{
        extract::{Json, Path, Query},
        problem::Problem,
    },
    qnet::{NewTransfer, TransferItem},
};

pub(super) fn routes() -> OpenApiRouter<Desktop> {
    OpenApiRouter::new()
        .routes(routes!(list))
        .routes(routes!(send))
        .routes(routes!(accept))
        .routes(routes!(end))
}

/// Which transfers.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct TransfersParams {
    /// With this person alone.
    did: Option<String>,
}

/// Files that are on their way to or from contacts, and the last ones that have ended; the newest first.
#[utoipa::path(get, path = "/api/transfers", operation_id = "listTransfers", tag = "contacts", params(TransfersParams), responses((status = 200, body = Vec<TransferItem>)))]
pub(crate) async fn list(
    Extension(home): Extension<Home>,
    Query(asked): Query<TransfersParams>,
) -> Result<axum::Json<Vec<TransferItem>>, Problem> {
    let did = asked.did.as_deref().map(person).transpose()?;
    Ok(axum::Json(home.qnet.transfers(did).await?))
}

/// Offers a file to a contact: nothing of it is sent before he accepts. An app needs the file as well as the contacts.
#[utoipa::path(post, path = "/api/contacts/{did}/files", operation_id = "sendFile", tag = "contacts", params(("did" = String, Path, description = "The person")),
    request_body = NewTransfer,
    responses((status = 200, body = TransferItem), (status = 400, body = Problem, content_type = "application/problem+json", description = "code bad-file"),
        (status = 404, body = Problem, content_type = "application/problem+json"),
        (status = 409, body = Problem, content_type = "application/problem+json", description = "code barred or full")))]
pub(crate) async fn send(
    Extension(home): Extension<Home>,
    Extension(acting): Extension<Acting>,
    Path(did): Path<String>,
    Json(new): Json<NewTransfer>,
) -> Result<axum::Json<TransferItem>, Problem> {
    let (did, node) = (person(&did)?, node_id(&new.node)?);
    let asked = home.clone();
    blocking(move || acting.check(&asked, Operation::DriveRead, node)).await?;
    let sent = home.qnet.send_file(did, node.to_string());
    Ok(axum::Json(sent.await?))
}

/// Accepts a file that was offered, or tries again one that failed. It lands in the folder Received.
#[utoipa::path(post, path = "/api/transfers/{id}/accept", operation_id = "acceptTransfer", tag = "contacts", params(("id" = i64, Path, description = "The transfer")),
    responses((status = 204), (status = 404, body = Problem, content_type = "application/problem+json"),
        (status = 409, body = Problem, content_type = "application/problem+json", description = "code decided")))]
pub(crate) async fn accept(
    Extension(home): Extension<Home>,
    Path(id): Path<i64>,
) -> Result<StatusCode, Problem> {
    home.qnet.accept_transfer(id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Ends a transfer: refuses what was offered, stops what comes, withdraws what was offered to another. One that has ended is
/// forgotten; a file that came stays in the drive.
#[utoipa::path(delete, path = "/api/transfers/{id}", operation_id = "endTransfer", tag = "contacts", params(("id" = i64, Path, description = "The transfer")),
    responses((status = 204), (status = 404, body = Problem, content_type = "application/problem+json")))]
pub(crate) async fn end(
    Extension(home): Extension<Home>,
    Path(id): Path<i64>,
) -> Result<StatusCode, Problem> {
    home.qnet.end_transfer(id).await?;
    Ok(StatusCode::NO_CONTENT)
}
