//! What an app may learn of the person.

use std::collections::BTreeMap;

use axum::Extension;
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Deserialize, Serialize};
use time::{OffsetDateTime, format_description::well_known::Rfc3339};
use utoipa::ToSchema;

use super::install_id;
use crate::{
    desktop::blocking,
    door::Home,
    http::{
        extract::{Json, Path},
        problem::Problem,
    },
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
pub(crate) struct AppChallenge {
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

/// What the signature is for; a signature of one purpose is worth nothing for another.
const PURPOSE: &str = "webx-app-authentication/1";

/// The person's name, for an app that may know it.
#[utoipa::path(get, path = "/api/apps/{install}/identity", operation_id = "getNameForApp", tag = "apps", params(("install" = String, Path, description = "The installation")),
    responses((status = 200, body = PersonName), (status = 403, body = Problem, content_type = "application/problem+json")))]
pub(crate) async fn name(
    Extension(home): Extension<Home>,
    Path(install): Path<String>,
) -> Result<axum::Json<PersonName>, Problem> {
    let install = install_id(&install)?;
    blocking(move || {
        home.apps.get(install)?;
        let display_name = home.person.card()?.display_name;
        Ok(axum::Json(PersonName { display_name }))
    })
    .await
}

/// Proves to a third party that the person lives here. The proof names the app, so that it is good for that app alone.
#[utoipa::path(post, path = "/api/apps/{install}/identity/authenticate", operation_id = "authenticateForApp", tag = "apps", params(("install" = String, Path, description = "The installation")),
    request_body = AppChallenge,
    responses((status = 200, body = Authentication), (status = 403, body = Problem, content_type = "application/problem+json")))]
pub(crate) async fn authenticate(
    Extension(home): Extension<Home>,
    Path(install): Path<String>,
    Json(asked): Json<AppChallenge>,
) -> Result<axum::Json<Authentication>, Problem> {
    let install = install_id(&install)?;
    if !(16..=512).contains(&asked.challenge.chars().count()) {
        return Err(Problem::bad_request("a challenge has 16 to 512 characters"));
    }
    blocking(move || {
        let app = home.apps.get(install)?.app;
        let card = home.person.card()?;
        let issued_at = OffsetDateTime::now_utc();
        let time = issued_at.format(&Rfc3339).map_err(Problem::internal)?;
        // Sorted names and texts alone: this is the canonical form of RFC 8785.
        let payload = BTreeMap::from([
            ("app", app.as_str()),
            ("challenge", &asked.challenge),
            ("did", &card.did),
            ("issuedAt", &time),
            ("purpose", PURPOSE),
        ]);
        let payload = serde_json::to_string(&payload).map_err(Problem::internal)?;
        let signature = home.person.sign(payload.as_bytes())?;
        Ok(axum::Json(Authentication {
            log: card.log_text,
            did: card.did,
            payload,
            signature: URL_SAFE_NO_PAD.encode(signature),
            issued_at,
        }))
    })
    .await
}
