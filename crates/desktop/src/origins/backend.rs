//! Requests for an app's own server side, from its origin and from `/_api/{install}/…`.
//!
//! The floor below takes the person's credentials off and puts the caller's identity on; here is decided which of the
//! answer's headers a browser gets to see. It is a list of what passes, not of what does not: an answer's head can open
//! connections, lift policies and plant cookies, and browsers keep learning new ones.

use axum::{
    Extension,
    body::{Body, Bytes},
    extract::{Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, Uri, header},
    response::Response,
};
use futures_util::{StreamExt as _, TryStreamExt as _};
use http_body_util::{BodyExt as _, StreamBody};
use uuid::Uuid;
use webx_backends::{BodyError, InstallId};

use crate::{api::apps::install_id, desktop::Desktop, door::Home, http::problem::Problem};

/// What passes from an answer to the browser.
const PASSES: [HeaderName; 17] = [
    header::ACCEPT_RANGES,
    header::AGE,
    header::ALLOW,
    header::CACHE_CONTROL,
    header::CONTENT_DISPOSITION,
    header::CONTENT_ENCODING,
    header::CONTENT_LANGUAGE,
    header::CONTENT_LENGTH,
    header::CONTENT_RANGE,
    header::CONTENT_TYPE,
    header::DATE,
    header::ETAG,
    header::EXPIRES,
    header::LAST_MODIFIED,
    header::LOCATION,
    header::RETRY_AFTER,
    header::VARY,
];

/// What a browser tells about itself and about the page; a guest has no business with it.
const STAYS: [HeaderName; 9] = [
    header::ACCEPT_ENCODING,
    header::AUTHORIZATION,
    header::COOKIE,
    header::FORWARDED,
    header::REFERER,
    HeaderName::from_static("dpop"),
    HeaderName::from_static("webx-app"),
    HeaderName::from_static("x-forwarded-for"),
    HeaderName::from_static("x-forwarded-host"),
];

/// Serves `/_api/{install}/…`: what the shell asks for an app, or the person for himself.
pub(crate) async fn serve(
    State(desktop): State<Desktop>,
    Extension(home): Extension<Home>,
    request: Request,
) -> Result<Response, Problem> {
    let path = request.uri().path().to_owned();
    let inside = path.strip_prefix("/_api/").unwrap_or_default();
    let (install, rest) = match inside.split_once('/') {
        Some((install, rest)) => (install, format!("/{rest}")),
        None => (inside, "/".to_owned()),
    };
    let install = install_id(install)?;
    call(&desktop, &home, install, &rest, request).await
}

/// Hands a request to the backend, with `path` (and the request's query) as what it sees.
pub(super) async fn call(
    desktop: &Desktop,
    home: &Home,
    install: InstallId,
    path: &str,
    request: Request,
) -> Result<Response, Problem> {
    let (mut parts, body) = request.into_parts();
    if parts.headers.contains_key(header::UPGRADE) {
        return Err(Problem::new(
            StatusCode::NOT_IMPLEMENTED,
            "no-upgrade",
            "the server side of an app answers requests; WebSockets are not passed on",
        ));
    }
    let target = match parts.uri.query() {
        Some(query) => format!("{path}?{query}"),
        None => path.to_owned(),
    };
    parts.uri =
        Uri::try_from(target).map_err(|_| Problem::bad_request("the path is not understood"))?;
    clean(&mut parts.headers);
    parts.extensions = axum::http::Extensions::new();
    let hold = (desktop.transfer().await?, desktop.idle().enter(true));
    let body = StreamBody::new(
        crate::stream::patient(body, desktop.limits().stall_timeout)
            .into_data_stream()
            .map(|piece| match piece {
                Ok(bytes) => Ok(hyper::body::Frame::data(bytes)),
                Err(error) => Err(BodyError::Broken(error.to_string())),
            }),
    );
    let request = axum::http::Request::from_parts(parts, body.boxed_unsync());
    let id = Uuid::now_v7().to_string();
    let answer = home.apps.call(install, &id, request).await?;
    let (mut parts, body) = answer.into_parts();
    parts.headers = passed(&parts.headers);
    let pieces = body
        .into_data_stream()
        .inspect_ok(move |_| {
            // Kept until the last piece is sent.
            let _ = &hold;
        })
        .map_ok(Bytes::from);
    Ok(Response::from_parts(parts, Body::from_stream(pieces)))
}

fn clean(headers: &mut HeaderMap) {
    for name in STAYS {
        headers.remove(name);
    }
    let ours: Vec<HeaderName> = headers
        .keys()
        .filter(|n| n.as_str().starts_with("x-webx-"))
        .cloned()
        .collect();
    for name in ours {
        headers.remove(name);
    }
}

/// The headers of an answer that a browser gets.
fn passed(said: &HeaderMap) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for (name, value) in said {
        let custom = name.as_str().starts_with("x-")
            && !name.as_str().starts_with("x-webx-")
            && !matches!(
                name.as_str(),
                "x-frame-options"
                    | "x-xss-protection"
                    | "x-content-type-options"
                    | "x-dns-prefetch-control"
                    | "x-sourcemap"
                    | "x-accel-redirect"
                    | "x-sendfile"
                    | "x-permitted-cross-domain-policies"
            );
        if custom || PASSES.contains(name) {
            headers.append(name, value.clone());
        }
    }
    // Only within its own origin; elsewhere an app cannot lead anybody.
    if let Some(location) = headers.get(header::LOCATION)
        && !is_local(location)
    {
        headers.remove(header::LOCATION);
    }
    headers
}

/// Whether a redirect stays on the server: a path, and not the beginning of another authority.
fn is_local(location: &HeaderValue) -> bool {
    let Ok(text) = location.to_str() else {
        return false;
    };
    let scheme = text
        .split(['/', '?', '#'])
        .next()
        .is_some_and(|first| first.contains(':'));
    !scheme && !text.starts_with("//") && !text.contains('\\')
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    #[test]
    fn an_answer_brings_no_power_over_the_browser() {
        let mut said = HeaderMap::new();
        for name in [
            "set-cookie",
            "content-security-policy",
            "link",
            "refresh",
            "report-to",
            "nel",
            "access-control-allow-origin",
            "service-worker-allowed",
            "clear-site-data",
            "alt-svc",
            "www-authenticate",
            "x-dns-prefetch-control",
            "x-webx-caller-did",
            "a-header-of-next-year",
        ] {
            said.insert(name, "x".parse().unwrap());
        }
        assert!(passed(&said).is_empty());
        said.insert("content-type", "text/html".parse().unwrap());
        said.insert("x-total", "3".parse().unwrap());
        let seen = passed(&said);
        assert_eq!(
            (&seen["content-type"], &seen["x-total"], seen.len()),
            (&"text/html".parse().unwrap(), &"3".parse().unwrap(), 2)
        );
    }

    #[test]
    fn a_redirect_stays_where_it_is() {
        for good in ["/", "next", "/a?to=http://b", "?a=b", "#x", "./a:b"] {
            assert!(is_local(&good.parse().unwrap()), "{good}");
        }
        for bad in [
            "http://evil.example/",
            "//evil.example",
            "javascript:1",
            "/\\evil.example",
            "data:x",
        ] {
            assert!(!is_local(&bad.parse().unwrap()), "{bad}");
        }
    }

    #[test]
    fn a_caller_cannot_say_who_he_is() {
        let mut sent = HeaderMap::new();
        for name in [
            "x-webx-caller-did",
            "x-webx-app",
            "x-webx-anything",
            "authorization",
            "cookie",
            "webx-app",
            "dpop",
        ] {
            sent.insert(name, "forged".parse().unwrap());
        }
        sent.insert("content-type", "application/json".parse().unwrap());
        clean(&mut sent);
        assert_eq!(sent.len(), 1);
    }
}
