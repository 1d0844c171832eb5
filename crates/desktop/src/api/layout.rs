//! The window layout: the shell's own document, kept so that a reload restores the desktop.

use axum::{extract::State, http::StatusCode};
use serde_json::{Map, Value};

use crate::{
    desktop::{Desktop, blocking},
    http::{
        extract::{Json, too_large},
        problem::Problem,
    },
    live::LiveEvent,
};

const DOCUMENT: &str = "layout";
/// Longest layout in bytes of JSON.
const MAX_LAYOUT: usize = 64 * 1024;

/// The window layout; an empty object before the first one was stored.
#[utoipa::path(get, path = "/api/desktop", operation_id = "getDesktop", tag = "desktop", responses((status = 200, body = Object)))]
pub(crate) async fn get(
    State(desktop): State<Desktop>,
) -> Result<axum::Json<Map<String, Value>>, Problem> {
    let tables = desktop.tables()?;
    blocking(move || Ok(axum::Json(tables.document(DOCUMENT)?))).await
}

/// Stores the window layout: any JSON object of at most 64 KiB.
#[utoipa::path(put, path = "/api/desktop", operation_id = "putDesktop", tag = "desktop", request_body = Object,
    responses((status = 204), (status = 413, body = Problem, content_type = "application/problem+json")))]
pub(crate) async fn put(
    State(desktop): State<Desktop>,
    Json(layout): Json<Map<String, Value>>,
) -> Result<StatusCode, Problem> {
    if serde_json::to_vec(&layout).map_or(usize::MAX, |json| json.len()) > MAX_LAYOUT {
        return Err(too_large(MAX_LAYOUT as u64));
    }
    let tables = desktop.tables()?;
    blocking(move || Ok(tables.put_document(DOCUMENT, &layout)?)).await?;
    desktop.hub().send(LiveEvent::Desktop);
    Ok(StatusCode::NO_CONTENT)
}
