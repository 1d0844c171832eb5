//! The WebDAV door: the drive for the file manager of any operating system.
//!
//! Off until the person opens it, with a token of its own that opens nothing else. Programs only: a request that carries any
//! sign of a browser is refused before the token is looked at, so that no page can use a password a browser remembers.

mod file;
mod fs;
mod locks;
mod tree;

use axum::{
    body::Body,
    extract::{Request, State},
    http::{HeaderMap, HeaderValue, Method, StatusCode, header},
    response::{IntoResponse as _, Response},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use dav_server::{DavConfig, DavHandler};
use http_body_util::BodyExt as _;
use parking_lot::Mutex;
use serde::{Deserialize, Serialize};
use webx_drive::Kind;
use zeroize::Zeroizing;

use crate::{
    api::drive::Shown,
    auth::{
        gate::{self, Visitor},
        sessions::{hash, random_token},
    },
    desktop::{Desktop, blocking},
    door::Home,
    http::{origin::Asker, problem::Problem},
    stream::patient,
    tables::Tables,
};
use fs::DriveFs;
use locks::Locks;

/// The document of the door's settings.
pub(crate) const DOCUMENT: &str = "webdav";
/// The user name that goes with the token.
pub(crate) const USER: &str = "webx";
const PREFIX: &str = "/dav";

/// How the door stands, as it is stored.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Settings {
    pub(crate) enabled: bool,
    /// SHA-256 of the token. The token has 256 random bits, so that a slow hash would add nothing.
    token_hash: Option<[u8; 32]>,
}

impl Settings {
    /// Opens or closes; makes a token when there is none yet or another one is wanted, and returns it.
    pub(crate) fn switch(
        &mut self,
        enabled: bool,
        renew: bool,
    ) -> Result<Option<Zeroizing<String>>, Problem> {
        self.enabled = enabled;
        if !(renew || enabled && self.token_hash.is_none()) {
            return Ok(None);
        }
        let token = random_token().map_err(Problem::internal)?;
        self.token_hash = Some(hash(&token));
        Ok(Some(token))
    }

    fn admits(&self, headers: &HeaderMap) -> bool {
        let Some(kept) = self.token_hash else {
            return false;
        };
        let Some((user, token)) = credentials(headers) else {
            return false;
        };
        user == USER
            && aws_lc_rs::constant_time::verify_slices_are_equal(&kept, &hash(&token)).is_ok()
    }
}

/// What the door remembers while a home is open.
pub(crate) struct Door {
    settings: Mutex<Option<Settings>>,
    locks: Mutex<Locks>,
    handler: DavHandler,
}

impl Door {
    pub(crate) fn new() -> Self {
        Self {
            settings: Mutex::new(None),
            locks: Mutex::new(Locks::default()),
            handler: DavHandler::new(),
        }
    }

    /// The settings changed: read them again.
    pub(crate) fn forget(&self) {
        *self.settings.lock() = None;
    }

    /// The home was locked: nothing of it stays.
    pub(crate) fn clear(&self) {
        self.forget();
        *self.locks.lock() = Locks::default();
    }
}

/// Everything under `/dav`.
pub(crate) async fn serve(State(desktop): State<Desktop>, request: Request) -> Response {
    match answer(&desktop, request).await {
        Ok(response) => response,
        Err(problem) => problem.into_response(),
    }
}

async fn answer(desktop: &Desktop, request: Request) -> Result<Response, Problem> {
    if request
        .extensions()
        .get::<Visitor>()
        .is_none_or(|v| v.asker != Asker::Program)
    {
        return Err(Problem::new(
            StatusCode::FORBIDDEN,
            "not-for-browsers",
            "WebDAV is for file managers, not for pages",
        ));
    }
    let Some(home) = desktop.home() else {
        return Err(gate::shut(desktop));
    };
    let tables = desktop.tables()?;
    let settings = settings(desktop, tables.clone()).await?;
    if !settings.enabled {
        return Err(Problem::new(
            StatusCode::FORBIDDEN,
            "door-closed",
            "the WebDAV door is closed; open it in Settings",
        ));
    }
    if !settings.admits(request.headers()) {
        let mut response = Problem::new(
            StatusCode::UNAUTHORIZED,
            "invalid-token",
            "the user name or the token is wrong",
        )
        .into_response();
        let ask = HeaderValue::from_static("Basic realm=\"WEB X. OS drive\", charset=\"UTF-8\"");
        response.headers_mut().insert(header::WWW_AUTHENTICATE, ask);
        return Ok(response);
    }
    let Some(path) = fs::path_of_uri(request.uri()) else {
        return Err(Problem::bad_request("this is no path of the drive"));
    };
    // A file manager looks around by itself; only what it reads and changes is a sign of a person.
    let looks = matches!(
        request.method().as_str(),
        "PROPFIND" | "OPTIONS" | "HEAD" | "LOCK" | "UNLOCK"
    );
    let hold = (desktop.transfer().await?, desktop.idle().enter(!looks));
    if matches!(*request.method(), Method::GET | Method::HEAD)
        && let Some(file) = get(&home, path).await?
    {
        return crate::stream::send(file.into(), request.method(), request.headers(), hold).await;
    }
    let response = handle(desktop, home, tables, request).await;
    let (parts, body) = response.into_parts();
    // The place is given back when the last byte is sent.
    let body = body.map_frame(move |frame| {
        let _ = &hold;
        frame
    });
    Ok(Response::from_parts(parts, Body::new(body)))
}

/// A file that is read: sent the same way as over the API.
async fn get(home: &Home, path: String) -> Result<Option<Shown>, Problem> {
    let drive = home.drive.clone();
    blocking(move || {
        let node = drive.resolve(&path)?;
        if node.kind == Kind::Folder {
            return Ok(None);
        }
        let reader = drive.open_file(node.id, None)?;
        Ok(Some(Shown {
            version: node.version_id,
            node,
            reader,
            inline: true,
        }))
    })
    .await
}

async fn handle(desktop: &Desktop, home: Home, tables: Tables, request: Request) -> Response {
    let stall = desktop.limits().stall_timeout;
    let fs = DriveFs::new(home, tables, &request);
    let locks = desktop.dav().locks.lock().clone();
    let config = DavConfig::new()
        .filesystem(Box::new(fs))
        .locksystem(Box::new(locks))
        .strip_prefix(PREFIX)
        .principal(USER);
    let request = request.map(|body| patient(body, stall));
    desktop
        .dav()
        .handler
        .handle_with(config, request)
        .await
        .map(Body::new)
}

async fn settings(desktop: &Desktop, tables: Tables) -> Result<Settings, Problem> {
    if let Some(known) = desktop.dav().settings.lock().clone() {
        return Ok(known);
    }
    let read: Settings = blocking(move || Ok(tables.document(DOCUMENT)?)).await?;
    *desktop.dav().settings.lock() = Some(read.clone());
    Ok(read)
}

fn credentials(headers: &HeaderMap) -> Option<(String, Zeroizing<String>)> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, encoded) = value.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") || encoded.len() > 1024 {
        return None;
    }
    let decoded = Zeroizing::new(String::from_utf8(STANDARD.decode(encoded.trim()).ok()?).ok()?);
    let (user, token) = decoded.split_once(':')?;
    Some((user.to_owned(), Zeroizing::new(token.to_owned())))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    fn basic(text: &str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(
            header::AUTHORIZATION,
            format!("Basic {}", STANDARD.encode(text)).parse().unwrap(),
        );
        headers
    }

    #[test]
    fn the_token_is_made_once_and_only_its_hash_is_kept() {
        let mut settings = Settings::default();
        assert!(!settings.admits(&basic("webx:")));
        let token = settings.switch(true, false).unwrap().unwrap();
        assert!(settings.admits(&basic(&format!("webx:{}", *token))));
        assert!(!settings.admits(&basic(&format!("root:{}", *token))));
        assert!(!settings.admits(&basic("webx:other")));
        assert!(!settings.admits(&HeaderMap::new()));
        assert!(
            !serde_json::to_string(&settings)
                .unwrap()
                .contains(token.as_str())
        );
        assert!(settings.switch(false, false).unwrap().is_none());
        assert!(
            settings.switch(true, false).unwrap().is_none(),
            "the token stays the same"
        );
        let next = settings.switch(true, true).unwrap().unwrap();
        assert!(!settings.admits(&basic(&format!("webx:{}", *token))));
        assert!(settings.admits(&basic(&format!("webx:{}", *next))));
    }
}
