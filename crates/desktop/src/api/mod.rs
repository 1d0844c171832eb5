//! The routes under `/api` and the document that describes them.

pub(crate) mod activity;
pub(crate) mod apps;
pub(crate) mod contacts;
pub(crate) mod copies;
pub(crate) mod credentials;
pub(crate) mod devices;
pub(crate) mod doors;
pub(crate) mod drive;
pub(crate) mod guardians;
pub(crate) mod identity;
pub(crate) mod jobs;
pub(crate) mod layout;
pub(crate) mod network;
pub(crate) mod onboarding;
pub(crate) mod pair;
pub(crate) mod publisher;
pub(crate) mod recover;
pub(crate) mod sagas;
pub(crate) mod security;
pub(crate) mod session;
pub(crate) mod settings;
pub(crate) mod status;
pub(crate) mod stores;
pub(crate) mod transfers;

use axum::{Router, middleware, response::IntoResponse as _, routing::any};
use utoipa::{
    Modify, OpenApi,
    openapi::security::{ApiKey, ApiKeyValue, Http, HttpAuthScheme, SecurityScheme},
};
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    auth::gate,
    desktop::Desktop,
    http::problem::Problem,
    live::{self, LiveEvent},
    origins::serve_backend,
};

#[derive(OpenApi)]
#[openapi(
    info(
        title = "WEB X. OS node",
        description = "What the desktop and the command line ask of a node. Every error is a problem document (RFC 9457). \
            Browsers send `Authorization: DPoP <token>` and a `DPoP` proof (RFC 9449), the command line its control token. \
            See docs/protocol/http.md.",
        license(name = "Apache-2.0 OR MIT")
    ),
    modifiers(&Security),
    components(schemas(Problem, LiveEvent)),
    security(("dpop" = [], "proof" = []), ("control" = [])),
    tags(
        (name = "session", description = "Welcome, unlock, log out, lock"),
        (name = "identity", description = "Who lives here"),
        (name = "desktop", description = "Settings, layout, activity, notifications, jobs"),
        (name = "drive", description = "Files and folders"),
        (name = "doors", description = "Other ways in"),
        (name = "apps", description = "Installed apps, what they may do and what they keep"),
        (name = "stores", description = "Where apps come from"),
        (name = "network", description = "QNet: this node, its peers, invites, limits"),
        (name = "contacts", description = "The people one knows"),
        (name = "credentials", description = "Statements that anybody can check: issued, judged, shown, withdrawn; VC-API"),
    )
)]
struct Document;

struct Security;

impl Modify for Security {
    fn modify(&self, openapi: &mut utoipa::openapi::OpenApi) {
        let components = openapi.components.get_or_insert_default();
        let mut dpop = Http::new(HttpAuthScheme::Bearer);
        dpop.description =
            Some("`Authorization: DPoP <token>`: a token bound to the browser's key".to_owned());
        let mut control = Http::new(HttpAuthScheme::Bearer);
        control.description =
            Some("The control token of `run/control.json`; never from a browser".to_owned());
        components.add_security_scheme("dpop", SecurityScheme::Http(dpop));
        components.add_security_scheme(
            "proof",
            SecurityScheme::ApiKey(ApiKey::Header(ApiKeyValue::new("DPoP"))),
        );
        components.add_security_scheme("control", SecurityScheme::Http(control));
    }
}

/// Routes that answer before anybody is known.
fn open_routes() -> OpenApiRouter<Desktop> {
    OpenApiRouter::new()
        .routes(routes!(status::status))
        .routes(routes!(status::openapi))
        .routes(routes!(onboarding::create))
        .routes(routes!(recover::recover))
        .routes(routes!(pair::start, pair::cancel))
        .routes(routes!(pair::finish))
        .routes(routes!(session::log_in))
}

/// Routes for a known caller of an open home.
fn home_routes() -> OpenApiRouter<Desktop> {
    OpenApiRouter::new()
        .routes(routes!(onboarding::challenge))
        .routes(routes!(onboarding::confirm))
        .routes(routes!(session::refresh))
        .routes(routes!(session::lock))
        .routes(routes!(identity::identity, identity::rename))
        .routes(routes!(security::passphrase))
        .routes(routes!(security::recovery_check))
        .routes(routes!(settings::get, settings::patch))
        .routes(routes!(layout::get, layout::put))
        .routes(routes!(activity::list))
        .routes(routes!(activity::notifications, activity::notify))
        .routes(routes!(activity::dismiss))
        .routes(routes!(jobs::list))
        .routes(routes!(jobs::cancel))
        .routes(routes!(doors::webdav, doors::put_webdav))
        .merge(drive::routes())
        .merge(apps::routes())
        .routes(routes!(sagas::list))
        .routes(routes!(sagas::get))
        .routes(routes!(sagas::retry))
        .routes(routes!(sagas::undo))
        .routes(routes!(stores::list, stores::add))
        .routes(routes!(stores::remove))
        .routes(routes!(stores::refresh))
        .routes(routes!(stores::search))
        .routes(routes!(stores::updates))
        .routes(routes!(stores::update))
        .routes(routes!(stores::package))
        .routes(routes!(stores::screenshot))
        .routes(routes!(stores::fetch))
        .routes(routes!(publisher::sign))
        .merge(devices::routes())
        .merge(guardians::routes())
        .merge(network::routes())
        .merge(contacts::routes())
        .merge(credentials::routes())
        .merge(transfers::routes())
        .merge(copies::routes())
}

fn document() -> (Router<Desktop>, Router<Desktop>, utoipa::openapi::OpenApi) {
    // Log-out shares its address with log-in, which knows nobody yet; so it stands apart.
    let (log_out, log_out_document) = OpenApiRouter::<Desktop>::new()
        .routes(routes!(session::log_out))
        .split_for_parts();
    let (open, open_document) = open_routes().split_for_parts();
    let (home, home_document) = home_routes().split_for_parts();
    let mut document = Document::openapi();
    for part in [open_document, log_out_document, home_document] {
        document.merge(part);
    }
    // A parameter that takes the rest of an address has no sign of its own in OpenAPI.
    let paths = std::mem::take(&mut document.paths.paths);
    document.paths.paths = paths
        .into_iter()
        .map(|(path, item)| (path.replace("{*", "{"), item))
        .collect();
    (open, home.merge(log_out), document)
}

/// The OpenAPI document of the API as pretty JSON with a newline at the end (`webx openapi` prints it).
pub fn openapi_json() -> String {
    let mut json = document().2.to_pretty_json().unwrap_or_default();
    json.push('\n');
    json
}

/// All of `/api`.
pub(crate) fn router(desktop: &Desktop, control: Router) -> Router<Desktop> {
    let (open, home, _) = document();
    let known = middleware::from_fn_with_state(desktop.clone(), gate::authenticate);
    let apps_apart = middleware::from_fn_with_state(desktop.clone(), gate::open);
    let command_line = middleware::from_fn_with_state(desktop.clone(), gate::control_only);
    let nothing = any(|| async { Problem::not_found("this address").into_response() });
    Router::new()
        .merge(open.route_layer(apps_apart))
        .merge(home.route_layer(known.clone()))
        .route("/api/live", axum::routing::get(live::live))
        .nest_service(
            "/api/control",
            control
                .fallback(|| async { Problem::not_found("this address").into_response() })
                .layer(command_line),
        )
        .route("/_api/{install}", any(serve_backend).layer(known.clone()))
        .route("/_api/{install}/", any(serve_backend).layer(known.clone()))
        .route(
            "/_api/{install}/{*path}",
            any(serve_backend).layer(known.clone()),
        )
        .route("/api/{*rest}", nothing.layer(known))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    /// `cargo run -p webx -- openapi > ui/sdk/openapi.json` brings them together again.
    #[test]
    fn the_committed_document_is_the_one_of_the_code() {
        let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../../ui/sdk/openapi.json");
        if std::env::var_os("WEBX_WRITE_OPENAPI").is_some() {
            std::fs::write(file, super::openapi_json()).unwrap();
        }
        let committed = std::fs::read_to_string(file).unwrap();
        assert!(
            committed == super::openapi_json(),
            "ui/sdk/openapi.json is not what the code says; run: webx openapi > ui/sdk/openapi.json"
        );
    }
}
