//! The devices of the person, and pairing on the side of a device that is one already.

use axum::{Extension, extract::State, http::StatusCode};
use serde::Deserialize;
use serde_json::json;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};
use webx_identity::RecoveryWords;

use super::session::parse_words;
use crate::{
    desktop::{Desktop, blocking},
    devices::{DeviceItem, PairingOffer, PairingView},
    door::Home,
    http::{
        extract::{Json, Path},
        hidden::Hidden,
        problem::Problem,
    },
    live::LiveEvent,
    record::note,
};

/// No node id is longer.
const LONGEST_NODE: usize = 64;
/// Digits as they are typed, with spaces.
const LONGEST_DIGITS: usize = 16;
/// No 24 words are longer, in bytes.
const LONGEST_WORDS: usize = 1024;

pub(super) fn routes() -> OpenApiRouter<Desktop> {
    OpenApiRouter::new()
        .routes(routes!(list))
        .routes(routes!(offer, pairing, withdraw))
        .routes(routes!(admit))
        .routes(routes!(remove))
}

/// The person's decision for the device that asks.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct DeviceAdmission {
    /// The 24 words, separated by spaces: they alone can change the identity.
    #[schema(value_type = String, format = Password, max_length = 1024)]
    words: Hidden,
    /// The six digits that the person compared; spaces do not matter.
    #[schema(max_length = 16)]
    digits: String,
}

/// The person's word that a device goes.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct DeviceRemoval {
    /// The 24 words, separated by spaces: they alone can change the identity.
    #[schema(value_type = String, format = Password, max_length = 1024)]
    words: Hidden,
}

/// The devices of the person, this one first.
#[utoipa::path(get, path = "/api/devices", operation_id = "listDevices", tag = "identity", responses((status = 200, body = Vec<DeviceItem>)))]
pub(crate) async fn list(
    Extension(home): Extension<Home>,
) -> Result<axum::Json<Vec<DeviceItem>>, Problem> {
    Ok(axum::Json(home.devices.list().await?))
}

/// Opens a code for a new device: good once, for ten minutes. A code that was open ends.
#[utoipa::path(post, path = "/api/devices/pairing", operation_id = "openPairing", tag = "identity",
    responses((status = 200, body = PairingOffer),
        (status = 409, body = Problem, content_type = "application/problem+json", description = "code no-network, or asked: a device waits for the person's decision")))]
pub(crate) async fn offer(
    Extension(home): Extension<Home>,
) -> Result<axum::Json<PairingOffer>, Problem> {
    Ok(axum::Json(home.devices.offer().await?))
}

/// How the pairing stands.
#[utoipa::path(get, path = "/api/devices/pairing", operation_id = "getPairing", tag = "identity", responses((status = 200, body = PairingView)))]
pub(crate) async fn pairing(
    Extension(home): Extension<Home>,
) -> Result<axum::Json<PairingView>, Problem> {
    Ok(axum::Json(home.devices.pairing().await?))
}

/// Takes the code back, or declines the device that asks.
#[utoipa::path(delete, path = "/api/devices/pairing", operation_id = "closePairing", tag = "identity",
    responses((status = 204), (status = 409, body = Problem, content_type = "application/problem+json", description = "code adding: it is too late")))]
pub(crate) async fn withdraw(Extension(home): Extension<Home>) -> Result<StatusCode, Problem> {
    home.devices.withdraw().await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Makes the device that asks one of the person's. Takes until the new device has made its vault.
#[utoipa::path(post, path = "/api/devices/pairing/confirm", operation_id = "confirmPairing", tag = "identity", request_body = DeviceAdmission,
    responses((status = 200, body = DeviceItem),
        (status = 409, body = Problem, content_type = "application/problem+json", description = "code not-asked, other-digits, unfinished or clock"),
        (status = 422, body = Problem, content_type = "application/problem+json", description = "code not-words or wrong-words: nothing was changed")))]
pub(crate) async fn admit(
    State(desktop): State<Desktop>,
    Extension(home): Extension<Home>,
    Json(asked): Json<DeviceAdmission>,
) -> Result<axum::Json<DeviceItem>, Problem> {
    if asked.digits.len() > LONGEST_DIGITS {
        return Err(Problem::bad_request("these are not six digits"));
    }
    let device = home.devices.admit(words(&asked.words)?, asked.digits).await;
    desktop.hub().send(LiveEvent::Identity);
    let device = device?;
    let node = device.node.clone();
    blocking(move || {
        note(&home, "identity.device-added", &node, json!({}));
        Ok(())
    })
    .await?;
    Ok(axum::Json(device))
}

/// Takes a device out of the identity. Contacts refuse it from when they have seen the new log.
#[utoipa::path(post, path = "/api/devices/{node}/remove", operation_id = "removeDevice", tag = "identity",
    params(("node" = String, Path, description = "The device")), request_body = DeviceRemoval,
    responses((status = 204), (status = 404, body = Problem, content_type = "application/problem+json"),
        (status = 409, body = Problem, content_type = "application/problem+json", description = "code this-device or clock"),
        (status = 422, body = Problem, content_type = "application/problem+json", description = "code not-words or wrong-words: nothing was changed")))]
pub(crate) async fn remove(
    State(desktop): State<Desktop>,
    Extension(home): Extension<Home>,
    Path(node): Path<String>,
    Json(asked): Json<DeviceRemoval>,
) -> Result<StatusCode, Problem> {
    if node.len() > LONGEST_NODE {
        return Err(Problem::bad_request("no node id is that long"));
    }
    home.devices
        .remove(node.clone(), words(&asked.words)?)
        .await?;
    desktop.hub().send(LiveEvent::Identity);
    blocking(move || {
        note(&home, "identity.device-removed", &node, json!({}));
        Ok(())
    })
    .await?;
    Ok(StatusCode::NO_CONTENT)
}

fn words(text: &str) -> Result<RecoveryWords, Problem> {
    if text.len() > LONGEST_WORDS {
        return Err(Problem::bad_request("no 24 words are that long"));
    }
    parse_words(text)
}
