//! QNet: this node, its peers, invites, limits.

use axum::Extension;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    desktop::Desktop,
    door::Home,
    http::{
        extract::{Json, Path},
        problem::Problem,
    },
    qnet::{
        FoundNode, Joined, NetworkInvite, NetworkPeer, NetworkPeerDetail, NetworkSettings,
        NetworkView, NewInvite, Ping, QnetError,
    },
};

/// No node id is longer.
const LONGEST_NODE: usize = 64;
/// No invite is longer.
const LONGEST_INVITE: usize = 2048;
/// The longest label of an invite, in bytes.
const LONGEST_LABEL: usize = 64;

pub(super) fn routes() -> OpenApiRouter<Desktop> {
    OpenApiRouter::new()
        .routes(routes!(view))
        .routes(routes!(peers))
        .routes(routes!(peer))
        .routes(routes!(find))
        .routes(routes!(ping))
        .routes(routes!(invite))
        .routes(routes!(join))
        .routes(routes!(settings, configure))
}

/// An invite to take.
#[derive(Debug, serde::Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Joining {
    /// The link.
    #[schema(min_length = 1, max_length = 2048)]
    invite: String,
}

impl From<QnetError> for Problem {
    fn from(error: QnetError) -> Self {
        use axum::http::StatusCode;
        let detail = error.to_string();
        match error {
            QnetError::Off(_) => Self::new(StatusCode::CONFLICT, "no-network", detail),
            QnetError::NotFound(_) => Self::new(StatusCode::NOT_FOUND, "not-found", detail),
            QnetError::BadInput { code, .. } => Self::new(StatusCode::BAD_REQUEST, code, detail),
            QnetError::Conflict { code, .. } => Self::new(StatusCode::CONFLICT, code, detail),
            QnetError::WrongWords => {
                Self::new(StatusCode::UNPROCESSABLE_ENTITY, "wrong-words", detail)
            }
            QnetError::Unreachable(_) => {
                Self::new(StatusCode::GATEWAY_TIMEOUT, "unreachable", detail)
            }
            QnetError::Busy => Self::busy(),
            QnetError::Locked => Self::locked(),
            QnetError::Failed(what) => Self::internal(what),
        }
    }
}

/// QNet as this node sees it.
#[utoipa::path(get, path = "/api/net", operation_id = "getNetwork", tag = "network", responses((status = 200, body = NetworkView)))]
pub(crate) async fn view(
    Extension(home): Extension<Home>,
) -> Result<axum::Json<NetworkView>, Problem> {
    Ok(axum::Json(home.qnet.view().await?))
}

/// The connected nodes.
#[utoipa::path(get, path = "/api/net/peers", operation_id = "listPeers", tag = "network",
    responses((status = 200, body = Vec<NetworkPeer>), (status = 409, body = Problem, content_type = "application/problem+json", description = "code no-network")))]
pub(crate) async fn peers(
    Extension(home): Extension<Home>,
) -> Result<axum::Json<Vec<NetworkPeer>>, Problem> {
    Ok(axum::Json(home.qnet.peers().await?))
}

/// Everything known of a node: how it is connected, where it may be reached, what it is worth and why.
#[utoipa::path(get, path = "/api/net/peers/{id}", operation_id = "getPeer", tag = "network", params(("id" = String, Path, description = "The node")),
    responses((status = 200, body = NetworkPeerDetail), (status = 400, body = Problem, content_type = "application/problem+json"),
        (status = 404, body = Problem, content_type = "application/problem+json", description = "nothing is known of it")))]
pub(crate) async fn peer(
    Extension(home): Extension<Home>,
    Path(id): Path<String>,
) -> Result<axum::Json<NetworkPeerDetail>, Problem> {
    Ok(axum::Json(home.qnet.peer(node(id)?).await?))
}

/// Looks for a node on the network. Takes up to 20 seconds.
#[utoipa::path(post, path = "/api/net/peers/{id}/find", operation_id = "findPeer", tag = "network", params(("id" = String, Path, description = "The node")),
    responses((status = 200, body = FoundNode), (status = 404, body = Problem, content_type = "application/problem+json"),
        (status = 409, body = Problem, content_type = "application/problem+json", description = "code no-network")))]
pub(crate) async fn find(
    Extension(home): Extension<Home>,
    Path(id): Path<String>,
) -> Result<axum::Json<FoundNode>, Problem> {
    Ok(axum::Json(home.qnet.find(node(id)?).await?))
}

/// Finds a node, connects, and lets both sides prove who they are.
#[utoipa::path(post, path = "/api/net/peers/{id}/ping", operation_id = "pingPeer", tag = "network", params(("id" = String, Path, description = "The node")),
    responses((status = 200, body = Ping), (status = 404, body = Problem, content_type = "application/problem+json"),
        (status = 409, body = Problem, content_type = "application/problem+json", description = "code no-network, or unproven"),
        (status = 504, body = Problem, content_type = "application/problem+json", description = "code unreachable")))]
pub(crate) async fn ping(
    Extension(home): Extension<Home>,
    Path(id): Path<String>,
) -> Result<axum::Json<Ping>, Problem> {
    Ok(axum::Json(home.qnet.ping(node(id)?).await?))
}

/// Writes an invite to this node, and to some that it knows.
#[utoipa::path(post, path = "/api/net/invite", operation_id = "makeInvite", tag = "network", request_body = NewInvite,
    responses((status = 200, body = NetworkInvite), (status = 400, body = Problem, content_type = "application/problem+json"),
        (status = 409, body = Problem, content_type = "application/problem+json", description = "code no-network")))]
pub(crate) async fn invite(
    Extension(home): Extension<Home>,
    Json(new): Json<NewInvite>,
) -> Result<axum::Json<NetworkInvite>, Problem> {
    if new.label.len() > LONGEST_LABEL {
        return Err(Problem::bad_request("a label is at most 64 bytes"));
    }
    if !(1..=720).contains(&new.hours) {
        return Err(Problem::bad_request("an invite is good for 1 to 720 hours"));
    }
    Ok(axum::Json(home.qnet.invite(new).await?))
}

/// Joins by an invite.
#[utoipa::path(post, path = "/api/net/join", operation_id = "joinNetwork", tag = "network", request_body = Joining,
    responses((status = 200, body = Joined), (status = 400, body = Problem, content_type = "application/problem+json", description = "code bad-invite"),
        (status = 409, body = Problem, content_type = "application/problem+json", description = "code no-network, or own-invite")))]
pub(crate) async fn join(
    Extension(home): Extension<Home>,
    Json(joining): Json<Joining>,
) -> Result<axum::Json<Joined>, Problem> {
    if joining.invite.len() > LONGEST_INVITE {
        return Err(Problem::bad_request("no invite is that long"));
    }
    Ok(axum::Json(
        home.qnet.join(joining.invite.trim().to_owned()).await?,
    ))
}

/// How QNet is set.
#[utoipa::path(get, path = "/api/net/settings", operation_id = "getNetworkSettings", tag = "network", responses((status = 200, body = NetworkSettings)))]
pub(crate) async fn settings(
    Extension(home): Extension<Home>,
) -> Result<axum::Json<NetworkSettings>, Problem> {
    Ok(axum::Json(home.qnet.settings().await?))
}

/// Sets QNet otherwise, at once and for later. Another relay starts QNet anew.
#[utoipa::path(put, path = "/api/net/settings", operation_id = "putNetworkSettings", tag = "network", request_body = NetworkSettings,
    responses((status = 200, body = NetworkSettings), (status = 400, body = Problem, content_type = "application/problem+json"),
        (status = 409, body = Problem, content_type = "application/problem+json", description = "code relay: it cannot run so; nothing was changed")))]
pub(crate) async fn configure(
    Extension(home): Extension<Home>,
    Json(settings): Json<NetworkSettings>,
) -> Result<axum::Json<NetworkSettings>, Problem> {
    settings.check().map_err(Problem::bad_request)?;
    Ok(axum::Json(home.qnet.configure(settings).await?))
}

/// An id may be too long to be one; what it means is for the network to judge.
fn node(id: String) -> Result<String, Problem> {
    if id.len() > LONGEST_NODE {
        return Err(Problem::bad_request("a node id is 52 letters and digits"));
    }
    Ok(id)
}
