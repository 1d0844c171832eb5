//! Other ways in: the WebDAV door's switch.

use axum::{Extension, extract::State};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;
use zeroize::Zeroizing;

use crate::{
    dav::{self, Settings},
    desktop::{Desktop, blocking},
    door::Home,
    http::{extract::Json, hidden::Hidden, problem::Problem},
    record::note,
};

/// The WebDAV door.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct WebDav {
    /// Whether it answers.
    enabled: bool,
    /// What a file manager connects to.
    url: String,
    /// The user name to type in; it is always the same.
    username: String,
    /// The password to type in. Shown once, when it is made; the node keeps only its hash.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    token: Option<Hidden>,
}

/// Opens or closes the WebDAV door.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct WebDavSwitch {
    /// Whether it answers from now on.
    enabled: bool,
    /// Makes another token and ends the one before.
    #[serde(default)]
    renew_token: bool,
}

/// How the WebDAV door stands.
#[utoipa::path(get, path = "/api/doors/webdav", operation_id = "getWebdav", tag = "doors", responses((status = 200, body = WebDav)))]
pub(crate) async fn webdav(State(desktop): State<Desktop>) -> Result<axum::Json<WebDav>, Problem> {
    let tables = desktop.tables()?;
    let settings: Settings = blocking(move || Ok(tables.document(dav::DOCUMENT)?)).await?;
    Ok(axum::Json(shown(&desktop, settings.enabled, None)))
}

/// Opens or closes the WebDAV door. The first time it opens, and when asked to, a token is made and shown this once.
#[utoipa::path(put, path = "/api/doors/webdav", operation_id = "putWebdav", tag = "doors", request_body = WebDavSwitch,
    responses((status = 200, body = WebDav)))]
pub(crate) async fn put_webdav(
    State(desktop): State<Desktop>,
    Extension(home): Extension<Home>,
    Json(switch): Json<WebDavSwitch>,
) -> Result<axum::Json<WebDav>, Problem> {
    let tables = desktop.tables()?;
    let token = blocking(move || {
        let (_, token) = tables.update_document(dav::DOCUMENT, |s: &mut Settings| {
            s.switch(switch.enabled, switch.renew_token)
        })?;
        note(
            &home,
            if switch.enabled {
                "door.opened"
            } else {
                "door.closed"
            },
            "WebDAV",
            json!({}),
        );
        if token.is_some() {
            note(&home, "door.token-renewed", "WebDAV", json!({}));
        }
        Ok::<_, Problem>(token)
    })
    .await?;
    desktop.dav().forget();
    Ok(axum::Json(shown(&desktop, switch.enabled, token)))
}

fn shown(desktop: &Desktop, enabled: bool, token: Option<Zeroizing<String>>) -> WebDav {
    let url = format!("http://127.0.0.1:{}/dav/", desktop.hosts().port());
    WebDav {
        enabled,
        url,
        username: dav::USER.to_owned(),
        token: token.map(Hidden),
    }
}
