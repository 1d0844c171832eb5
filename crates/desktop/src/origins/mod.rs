//! Web apps in origins of their own: `http://<label>.webx.localhost:PORT`.
//!
//! The label cannot be guessed and is the same for good, so a web app finds its browser storage again. An origin serves the
//! app's static files and its server side, to the app's own pages and to the frame on the desktop that shows them. It has no
//! API, no session and nobody's rights.

mod backend;
mod html;
mod site;

use axum::{
    extract::Request,
    http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header},
    response::{IntoResponse as _, Response},
};
use webx_backends::InstallId;

pub(crate) use backend::serve as serve_backend;

use crate::{
    auth::sessions::random_token,
    desktop::{Desktop, blocking},
    door::Home,
    http::{
        headers::{self, NO_FEATURES},
        origin::Foreign,
        policy,
        problem::Problem,
    },
};

/// Shown when somebody opens an app's origin in a tab.
const ON_THE_DESKTOP: &str = "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>WEB X. OS</title>\
    <h1>This app opens on the desktop</h1>\
    <p>Its windows live on the WEB X. OS desktop, where you see which app you are using and what it may do.</p></html>";

/// Answers a request to an app's origin; `None` when the request names none. Whether a label is known is not told: the
/// answer is that of any host that is not ours.
pub(crate) async fn serve(desktop: &Desktop, request: &mut Request) -> Option<Response> {
    let label = desktop
        .hosts()
        .label(request.uri(), request.headers())?
        .to_owned();
    let found = desktop
        .home()
        .and_then(|home| home.apps.by_label(&label).map(|install| (home, install)));
    let Some((home, install)) = found else {
        let mut response = Problem::from(Foreign::Host).into_response();
        headers::complete(response.headers_mut());
        return Some(response);
    };
    let request = std::mem::take(request);
    let seen = Seen::of(&request, &desktop.hosts().app_origin(&label));
    let answer = match seen {
        Ok(seen) => site::answer(desktop, &home, install, seen, request).await,
        Err(Refused::OpenedAlone) => Ok(opened_alone()),
        Err(Refused::ServiceWorker) => Err(Problem::new(
            StatusCode::FORBIDDEN,
            "no-service-worker",
            "apps have no service workers",
        )),
        Err(Refused::Foreign) => Err(Foreign::Origin.into()),
    };
    let answer = answer.unwrap_or_else(|problem| problem.into_response());
    Some(close(desktop, &home, install, seen.unwrap_or(Seen::Part), answer).await)
}

/// What an answer is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Seen {
    /// A page in the frame on the desktop.
    Page,
    /// A script of a worker, which has a policy of its own.
    Worker,
    /// Whatever a page loads.
    Part,
}

/// Why a request gets nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Refused {
    /// Opened in a tab of its own, where nobody draws the frame that says what it is.
    OpenedAlone,
    /// A service worker would answer for the node.
    ServiceWorker,
    /// From elsewhere.
    Foreign,
}

impl Seen {
    /// By the browser's own word; a program that is no browser says nothing and gets nothing.
    fn of(request: &Request, origin: &str) -> Result<Self, Refused> {
        let headers = request.headers();
        let is = |name: &str, value: &str| headers.get(name).is_some_and(|v| v == value);
        if headers.contains_key("service-worker") || is("sec-fetch-dest", "serviceworker") {
            return Err(Refused::ServiceWorker);
        }
        let navigates = is("sec-fetch-mode", "navigate");
        if navigates && is("sec-fetch-dest", "document") {
            return Err(Refused::OpenedAlone);
        }
        let mut origins = headers.get_all(header::ORIGIN).iter();
        let ours = origins
            .next()
            .is_none_or(|o| o.as_bytes() == origin.as_bytes());
        if !ours || origins.next().is_some() {
            return Err(Refused::Foreign);
        }
        let frame = navigates && is("sec-fetch-dest", "iframe");
        let same_origin = is("sec-fetch-site", "same-origin");
        if frame && (same_origin || is("sec-fetch-site", "same-site")) {
            return Ok(Self::Page);
        }
        if !same_origin || navigates {
            return Err(Refused::Foreign);
        }
        Ok(match headers.get("sec-fetch-dest").map(|d| d.as_bytes()) {
            Some(b"worker" | b"sharedworker") => Self::Worker,
            _ => Self::Part,
        })
    }
}

fn opened_alone() -> Response {
    let html = HeaderValue::from_static("text/html; charset=utf-8");
    let data = HeaderValue::from_static(policy::DATA);
    (
        StatusCode::FORBIDDEN,
        [
            (header::CONTENT_TYPE, html),
            (header::CONTENT_SECURITY_POLICY, data),
        ],
        ON_THE_DESKTOP,
    )
        .into_response()
}

/// Puts the policies on an answer. A page is rewritten so that it fits them.
async fn close(
    desktop: &Desktop,
    home: &Home,
    install: InstallId,
    seen: Seen,
    answer: Response,
) -> Response {
    let (mut parts, body) = answer.into_parts();
    let broker = home.apps.broker();
    let hosts = blocking(move || Ok(broker.network_hosts(install))).await;
    let hosts: Vec<String> = hosts
        .unwrap_or_default()
        .iter()
        .map(|host| host.as_str().to_owned())
        .collect();
    let nonce = nonce();
    let is_page = seen == Seen::Page && is_html(&parts.headers);
    let body = match (
        is_page,
        parts.headers.contains_key(header::CONTENT_ENCODING),
    ) {
        // Packed pages cannot be rewritten; nobody asked for one.
        (true, true) => {
            let mut refused = Problem::new(
                StatusCode::BAD_GATEWAY,
                "backend-failed",
                "the app's server side packed a page that was asked for plain",
            )
            .into_response();
            headers::complete(refused.headers_mut());
            return refused;
        }
        (true, false) => {
            for name in [
                header::CONTENT_LENGTH,
                header::ETAG,
                header::ACCEPT_RANGES,
                header::CONTENT_RANGE,
            ] {
                parts.headers.remove(name);
            }
            html::page(body, &nonce)
        }
        _ => body,
    };
    let port = desktop.hosts().port();
    let open = is_page || seen != Seen::Page;
    let policy = if open && parts.headers.get(header::CONTENT_SECURITY_POLICY).is_none() {
        policy::web_app(port, &hosts, &nonce)
    } else {
        policy::web_app_data(port)
    };
    let set: [(HeaderName, HeaderValue); 4] = [
        (header::CONTENT_SECURITY_POLICY, policy),
        (
            HeaderName::from_static("connection-allowlist"),
            policy::web_app_connections(&hosts),
        ),
        (
            HeaderName::from_static("permissions-policy"),
            HeaderValue::from_static(NO_FEATURES),
        ),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
    ];
    for (name, value) in set {
        parts.headers.insert(name, value);
    }
    headers::complete(&mut parts.headers);
    Response::from_parts(parts, body)
}

/// Letters and digits that nobody knew before this answer.
fn nonce() -> String {
    let token = random_token().map(|t| t.to_string()).unwrap_or_default();
    token.chars().filter(char::is_ascii_alphanumeric).collect()
}

fn is_html(headers: &HeaderMap) -> bool {
    headers
        .get(header::CONTENT_TYPE)
        .and_then(|t| t.to_str().ok())
        .is_some_and(|t| essence(t).eq_ignore_ascii_case("text/html"))
}

fn essence(kind: &str) -> &str {
    kind.split(';').next().unwrap_or_default().trim()
}

/// A request without a body that a browser may cache or look at.
fn is_read(method: &Method) -> bool {
    matches!(*method, Method::GET | Method::HEAD)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use axum::body::Body;

    use super::*;

    const ORIGIN: &str = "http://abcdefghijklmnopqrstuvwxyz.webx.localhost:7700";

    fn seen(headers: &[(&str, &str)]) -> Result<Seen, Refused> {
        let mut request = Request::builder();
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        Seen::of(&request.body(Body::empty()).unwrap(), ORIGIN)
    }

    #[test]
    fn only_the_desktops_frame_and_the_apps_own_pages_are_answered() {
        let frame = [("sec-fetch-mode", "navigate"), ("sec-fetch-dest", "iframe")];
        for site in ["same-site", "same-origin"] {
            let mut headers = frame.to_vec();
            headers.push(("sec-fetch-site", site));
            assert_eq!(seen(&headers), Ok(Seen::Page));
        }
        let mut elsewhere = frame.to_vec();
        elsewhere.push(("sec-fetch-site", "cross-site"));
        assert_eq!(seen(&elsewhere), Err(Refused::Foreign));
        let own = ("sec-fetch-site", "same-origin");
        assert_eq!(seen(&[own, ("sec-fetch-dest", "script")]), Ok(Seen::Part));
        assert_eq!(seen(&[own, ("sec-fetch-dest", "worker")]), Ok(Seen::Worker));
        assert_eq!(seen(&[own, ("origin", ORIGIN)]), Ok(Seen::Part));
        assert_eq!(
            seen(&[own, ("origin", "http://webx.localhost:7700")]),
            Err(Refused::Foreign)
        );
        assert_eq!(seen(&[own, ("origin", "null")]), Err(Refused::Foreign));
        assert_eq!(
            seen(&[
                ("sec-fetch-site", "same-site"),
                ("sec-fetch-dest", "script")
            ]),
            Err(Refused::Foreign)
        );
        assert_eq!(
            seen(&[]),
            Err(Refused::Foreign),
            "a program that is no browser"
        );
        assert_eq!(
            seen(&[own, ("service-worker", "script")]),
            Err(Refused::ServiceWorker)
        );
        for site in ["none", "same-site", "cross-site", "same-origin"] {
            let alone = [
                ("sec-fetch-site", site),
                ("sec-fetch-mode", "navigate"),
                ("sec-fetch-dest", "document"),
            ];
            assert_eq!(seen(&alone), Err(Refused::OpenedAlone));
        }
    }
}
