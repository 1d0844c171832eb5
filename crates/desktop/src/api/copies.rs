//! Copies of the drive on the nodes of contacts, and what is kept for them.

use axum::Extension;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::contacts::person;
use crate::{
    desktop::Desktop,
    door::Home,
    http::{
        extract::{Json, Path},
        problem::Problem,
    },
    qnet::{CopiesView, CopyRound, NewSpace, RestoredDrive},
};

pub(super) fn routes() -> OpenApiRouter<Desktop> {
    OpenApiRouter::new()
        .routes(routes!(view))
        .routes(routes!(give))
        .routes(routes!(round))
        .routes(routes!(restore))
}

/// What is agreed with whom, and where the copies of this drive are.
#[utoipa::path(get, path = "/api/copies", operation_id = "getCopies", tag = "drive",
    responses((status = 200, body = CopiesView), (status = 409, body = Problem, content_type = "application/problem+json", description = "code no-network")))]
pub(crate) async fn view(
    Extension(home): Extension<Home>,
) -> Result<axum::Json<CopiesView>, Problem> {
    Ok(axum::Json(home.qnet.copies().await?))
}

/// Says how much this node keeps for a contact. He sees blocks of ciphertext kept, and this node sees nothing else of them.
#[utoipa::path(put, path = "/api/copies/{did}", operation_id = "giveSpace", tag = "drive", params(("did" = String, Path, description = "The person")),
    request_body = NewSpace,
    responses((status = 200, body = CopiesView), (status = 404, body = Problem, content_type = "application/problem+json"),
        (status = 409, body = Problem, content_type = "application/problem+json", description = "code no-network")))]
pub(crate) async fn give(
    Extension(home): Extension<Home>,
    Path(did): Path<String>,
    Json(new): Json<NewSpace>,
) -> Result<axum::Json<CopiesView>, Problem> {
    let did = person(&did)?;
    Ok(axum::Json(home.qnet.give_space(did, new.bytes).await?))
}

/// Copies what is not copied, checks a sample of what is, and answers when that is done.
#[utoipa::path(post, path = "/api/copies/round", operation_id = "copyNow", tag = "drive",
    responses((status = 200, body = CopyRound), (status = 409, body = Problem, content_type = "application/problem+json", description = "code no-network")))]
pub(crate) async fn round(
    Extension(home): Extension<Home>,
) -> Result<axum::Json<CopyRound>, Problem> {
    Ok(axum::Json(home.qnet.copy_now().await?))
}

/// Makes this drive, which must be empty, the newest one that contacts keep copies of. The tree is there with the answer.
#[utoipa::path(post, path = "/api/copies/restore", operation_id = "restoreFromCopies", tag = "drive",
    responses((status = 200, body = RestoredDrive), (status = 404, body = Problem, content_type = "application/problem+json"),
        (status = 409, body = Problem, content_type = "application/problem+json", description = "codes no-network, not-empty")))]
pub(crate) async fn restore(
    Extension(home): Extension<Home>,
) -> Result<axum::Json<RestoredDrive>, Problem> {
    Ok(axum::Json(home.qnet.restore_copies().await?))
}
