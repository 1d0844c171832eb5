//! What anybody on this machine may know: whether the node is up, and what it can do.

use axum::{
    extract::State,
    http::{HeaderValue, header},
    response::{IntoResponse, Response},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::desktop::{Desktop, State as NodeState};

/// The state of a node.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Status {
    /// What the node can do.
    pub(crate) state: NodeState,
    /// Whether everything is up.
    pub(crate) ready: bool,
    /// The version of the program.
    pub(crate) version: String,
}

/// Whether the node is up and what it can do.
#[utoipa::path(get, path = "/api/status", operation_id = "getStatus", tag = "session", security(()),
    responses((status = 200, body = Status)))]
pub(crate) async fn status(State(desktop): State<Desktop>) -> axum::Json<Status> {
    let state = desktop.state();
    axum::Json(Status {
        state,
        ready: state == NodeState::Open,
        version: desktop.version().to_owned(),
    })
}

/// This document.
#[utoipa::path(get, path = "/api/openapi.json", operation_id = "getOpenapi", tag = "session", security(()),
    responses((status = 200, body = Object, content_type = "application/json")))]
pub(crate) async fn openapi() -> Response {
    let json = HeaderValue::from_static("application/json");
    ([(header::CONTENT_TYPE, json)], super::openapi_json()).into_response()
}
