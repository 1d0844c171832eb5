//! Who lives here.

use axum::{Extension, extract::State};
use serde::{Deserialize, Serialize};
use serde_json::json;
use time::OffsetDateTime;
use utoipa::ToSchema;

use super::onboarding::name;
use crate::{
    desktop::{Desktop, blocking},
    door::{Home, IdentityCard},
    http::{extract::Json, problem::Problem},
    live::LiveEvent,
    record::note,
};

/// The identity of the person and of this device. Nothing of it is secret.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Identity {
    /// The person's DID.
    did: String,
    /// The `did:key` of this device.
    device_did: String,
    /// How the person wants to be called.
    display_name: String,
    /// How this machine is called.
    device_name: String,
    /// When the identity was made.
    #[serde(with = "time::serde::rfc3339")]
    created_at: OffsetDateTime,
    /// Whether the 24 words were proved to be written down.
    recovery_confirmed: bool,
    /// The entries of the did:webvh log, oldest first.
    #[schema(value_type = Vec<Object>)]
    log: Vec<serde_json::Value>,
}

impl From<IdentityCard> for Identity {
    fn from(card: IdentityCard) -> Self {
        let IdentityCard {
            did,
            device_did,
            display_name,
            device_name,
            created_at,
            recovery_confirmed,
            log,
            log_text: _,
        } = card;
        Self {
            did,
            device_did,
            display_name,
            device_name,
            created_at,
            recovery_confirmed,
            log,
        }
    }
}

/// Other names.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct IdentityPatch {
    /// How the person wants to be called.
    #[schema(min_length = 1, max_length = 64)]
    display_name: Option<String>,
    /// How this machine is called.
    #[schema(min_length = 1, max_length = 64)]
    device_name: Option<String>,
}

/// Who lives here.
#[utoipa::path(get, path = "/api/identity", operation_id = "getIdentity", tag = "identity", responses((status = 200, body = Identity)))]
pub(crate) async fn identity(
    Extension(home): Extension<Home>,
) -> Result<axum::Json<Identity>, Problem> {
    blocking(move || Ok(axum::Json(home.person.card()?.into()))).await
}

/// Gives the person or this device another name.
#[utoipa::path(patch, path = "/api/identity", operation_id = "patchIdentity", tag = "identity", request_body = IdentityPatch,
    responses((status = 200, body = Identity), (status = 400, body = Problem, content_type = "application/problem+json")))]
pub(crate) async fn rename(
    State(desktop): State<Desktop>,
    Extension(home): Extension<Home>,
    Json(patch): Json<IdentityPatch>,
) -> Result<axum::Json<Identity>, Problem> {
    let display = patch.display_name.as_deref().map(name).transpose()?;
    let device = patch.device_name.as_deref().map(name).transpose()?;
    let card = blocking(move || {
        home.person.rename(display.as_deref(), device.as_deref())?;
        note(
            &home,
            "identity.renamed",
            display
                .as_deref()
                .or(device.as_deref())
                .unwrap_or("nothing"),
            json!({}),
        );
        Ok(home.person.card()?)
    })
    .await?;
    desktop.hub().send(LiveEvent::Identity);
    Ok(axum::Json(card.into()))
}
