//! What an app may learn of the person.

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use utoipa::ToSchema;

use crate::http::{
    extract::{Json, Path},
    problem::Problem,
};

/// How the person wants to be called.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PersonName {
    display_name: String,
}

/// What is to be signed.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Challenge {
    /// Chosen by whoever wants the proof; 16 to 512 characters.
    #[schema(min_length = 16, max_length = 512)]
    challenge: String,
}

/// A proof that the person lives here, made for one app and one challenge.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Authentication {
    /// The person's DID.
    did: String,
    /// The DID's log, one JSON entry a line: whoever checks the proof needs no registry.
    log: String,
    /// What was signed: JSON (RFC 8785) of app, challenge, did, issuedAt and purpose `webx-app-authentication/1`.
    payload: String,
    /// Ed25519 over the payload, base64url, by the key of this device that the log names.
    signature: String,
    /// When it was signed.
    #[serde(with = "time::serde::rfc3339")]
    issued_at: OffsetDateTime,
}

/// The person's name, for an app that may know it.
#[utoipa::path(get, path = "/api/apps/{install}/identity", operation_id = "getNameForApp", tag = "apps", params(("install" = String, Path, description = "The installation")),
    responses((status = 200, body = PersonName), (status = 403, body = Problem, content_type = "application/problem+json")))]
pub(crate) async fn name(Path(_install): Path<String>) -> Result<axum::Json<PersonName>, Problem> {
    Err(Problem::busy())
}

/// Proves to a third party that the person lives here.
#[utoipa::path(post, path = "/api/apps/{install}/identity/authenticate", operation_id = "authenticateForApp", tag = "apps", params(("install" = String, Path, description = "The installation")),
    request_body = Challenge,
    responses((status = 200, body = Authentication), (status = 403, body = Problem, content_type = "application/problem+json")))]
pub(crate) async fn authenticate(
    Path(_install): Path<String>,
    Json(_asked): Json<Challenge>,
) -> Result<axum::Json<Authentication>, Problem> {
    Err(Problem::busy())
}
