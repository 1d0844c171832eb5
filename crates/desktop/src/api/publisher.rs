//! Signing packages with the person's own DID, for the developer's tool.

use axum::Extension;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    auth::gate::Caller,
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

/// Signs a package as the person. Only the command line may ask for it.
#[utoipa::path(post, path = "/api/publisher/sign", operation_id = "signPackage", tag = "apps", security(("control" = [])), request_body = ToSign,
    responses((status = 200, body = Signed), (status = 403, body = Problem, content_type = "application/problem+json", description = "code control-only")))]
pub(crate) async fn sign(
    Extension(_caller): Extension<Caller>,
    Json(_asked): Json<ToSign>,
) -> Result<axum::Json<Signed>, Problem> {
    Err(Problem::busy())
}
