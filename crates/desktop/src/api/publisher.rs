//! Signing packages with the person's own DID, for the developer's tool.

use axum::{Extension, http::StatusCode};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    auth::gate::Caller,
    desktop::blocking,
    door::Home,
    http::{extract::Json, problem::Problem},
};

/// What is to be signed.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct ToSign {
    /// The pre-authentication encoding of a DSSE envelope, base64.
    #[schema(max_length = 65536)]
    pae: String,
}

/// A signature.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Signed {
    /// The person's DID.
    did: String,
    /// The DID's log, one JSON entry a line.
    log: String,
    /// Ed25519, base64.
    signature: String,
}

/// What every pre-authentication encoding of a package begins with (DSSE, in-toto): nothing else is signed here.
const PAE: &[u8] = b"DSSEv1 28 application/vnd.in-toto+json ";

/// Signs a package as the person. Only the command line may ask for it.
#[utoipa::path(post, path = "/api/publisher/sign", operation_id = "signPackage", tag = "apps", security(("control" = [])), request_body = ToSign,
    responses((status = 200, body = Signed), (status = 403, body = Problem, content_type = "application/problem+json", description = "code control-only"),
        (status = 422, body = Problem, content_type = "application/problem+json", description = "code not-a-package")))]
pub(crate) async fn sign(
    Extension(home): Extension<Home>,
    Extension(caller): Extension<Caller>,
    Json(asked): Json<ToSign>,
) -> Result<axum::Json<Signed>, Problem> {
    if caller != Caller::Control {
        return Err(Problem::new(
            StatusCode::FORBIDDEN,
            "control-only",
            "only the command line may do this",
        ));
    }
    let pae = STANDARD
        .decode(&asked.pae)
        .map_err(|_| Problem::bad_request("pae is base64 with padding"))?;
    if !pae.starts_with(PAE) {
        return Err(Problem::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            "not-a-package",
            "this is not the statement of a package",
        ));
    }
    blocking(move || {
        let signature = home.person.sign(&pae)?;
        let card = home.person.card()?;
        Ok(axum::Json(Signed {
            did: card.did,
            log: card.log_text,
            signature: STANDARD.encode(signature),
        }))
    })
    .await
}
