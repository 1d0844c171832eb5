//! The shell's files, compressed when the program was built.

pub(crate) mod os;

use axum::{
    body::Body,
    extract::{Request, State},
    http::{HeaderMap, HeaderValue, Method, StatusCode, header},
    response::{IntoResponse as _, Response},
};

use crate::{
    auth::gate::Visitor,
    desktop::Desktop,
    http::{origin::Asker, policy, problem::Problem, range},
};

/// One file of the built shell.
struct Asset {
    /// Below the root, without a slash at the beginning.
    path: &'static str,
    etag: &'static str,
    raw: &'static [u8],
    gzip: Option<&'static [u8]>,
    brotli: Option<&'static [u8]>,
}

mod built {
    use super::Asset;
    include!(concat!(env!("OUT_DIR"), "/assets.rs"));
}

/// Shown when the program was built without the shell.
const NO_SHELL: &str = "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>WEB X. OS</title>\
    <h1>The desktop was not built into this program</h1>\
    <p>The node runs and its API answers. To see the desktop: <code>make run</code>, or <code>npm ci</code> and \
    <code>npm run build</code> in <code>ui/</code> and then build the program again.</p></html>";

/// Serves a file of the shell. An address without a file is the shell's own page when it is opened as one.
pub(crate) async fn serve(State(desktop): State<Desktop>, request: Request) -> Response {
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        return Problem::new(
            StatusCode::METHOD_NOT_ALLOWED,
            "method",
            "this address is only read",
        )
        .into_response();
    }
    let navigation = request
        .extensions()
        .get::<Visitor>()
        .is_some_and(|v| v.asker == Asker::Navigation);
    let path = request.uri().path().trim_start_matches('/');
    let path = if path.is_empty() { "index.html" } else { path };
    // Another site may send a person to the desktop, but not load its parts.
    let foreign = request
        .headers()
        .get("sec-fetch-site")
        .is_some_and(|s| matches!(s.as_bytes(), b"cross-site" | b"same-site"));
    let page = path == "index.html";
    if foreign && !page {
        return Problem::new(
            StatusCode::FORBIDDEN,
            "foreign-origin",
            "requests from other origins are refused",
        )
        .into_response();
    }
    let shell = policy::shell(desktop.hosts().port());
    let path = match find(path) {
        Some(_) => path,
        None if page || (navigation && !path.contains('.')) => "index.html",
        None => return Problem::not_found("this address").into_response(),
    };
    let mut response = match find(path) {
        Some(asset) => send(asset, request.method(), request.headers()),
        None => no_shell(),
    };
    response
        .headers_mut()
        .insert(header::CONTENT_SECURITY_POLICY, shell);
    response
}

/// A file of the shell; those of the frames have an address of their own.
fn find(path: &str) -> Option<&'static Asset> {
    built::ASSETS
        .iter()
        .find(|a| a.path == path && !a.path.starts_with(os::FOLDER))
}

fn no_shell() -> Response {
    let html = HeaderValue::from_static("text/html; charset=utf-8");
    ([(header::CONTENT_TYPE, html)], NO_SHELL).into_response()
}

fn send(asset: &Asset, method: &Method, asked: &HeaderMap) -> Response {
    let mut headers = HeaderMap::new();
    headers.insert(header::ETAG, HeaderValue::from_static(asset.etag));
    headers.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    headers.insert(
        header::CACHE_CONTROL,
        HeaderValue::from_static(if is_hashed(asset.path) {
            "public, max-age=31536000, immutable"
        } else {
            "no-cache"
        }),
    );
    if range::unchanged(asked, asset.etag) {
        return (StatusCode::NOT_MODIFIED, headers).into_response();
    }
    let (encoding, bytes) = match (asset.brotli, asset.gzip) {
        (Some(brotli), _) if accepts(asked, "br") => (Some("br"), brotli),
        (_, Some(gzip)) if accepts(asked, "gzip") => (Some("gzip"), gzip),
        _ => (None, asset.raw),
    };
    if let Some(encoding) = encoding {
        headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static(encoding));
    }
    headers.insert(header::CONTENT_TYPE, media_type(asset.path));
    headers.insert(header::CONTENT_LENGTH, HeaderValue::from(bytes.len()));
    let body = if *method == Method::HEAD {
        Body::empty()
    } else {
        Body::from(bytes)
    };
    (headers, body).into_response()
}

/// Vite writes what has its hash in the name into `assets/` and `_os/`.
fn is_hashed(path: &str) -> bool {
    path.strip_prefix("assets/")
        .or_else(|| path.strip_prefix(os::FOLDER))
        .and_then(|name| name.rsplit_once('.'))
        // The hash is eight letters of base64url, and may hold the hyphen that stands before it.
        .and_then(|(stem, _)| {
            stem.len()
                .checked_sub(9)
                .and_then(|at| stem.as_bytes().get(at))
        })
        .is_some_and(|before| *before == b'-')
}

fn accepts(headers: &HeaderMap, encoding: &str) -> bool {
    headers
        .get_all(header::ACCEPT_ENCODING)
        .iter()
        .filter_map(|v| v.to_str().ok())
        .flat_map(|v| v.split(','))
        .any(|part| {
            let (name, weight) = part.split_once(';').unwrap_or((part, ""));
            name.trim().eq_ignore_ascii_case(encoding)
                && !matches!(weight.trim(), "q=0" | "q=0.0" | "q=0.00" | "q=0.000")
        })
}

fn media_type(path: &str) -> HeaderValue {
    let essence = mime_guess::from_path(path).first_or_octet_stream();
    let text = essence.essence_str();
    let charset = if text.starts_with("text/") || text.ends_with("javascript") {
        "; charset=utf-8"
    } else {
        ""
    };
    HeaderValue::from_str(&format!("{text}{charset}"))
        .unwrap_or(HeaderValue::from_static("application/octet-stream"))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    static SCRIPT: Asset = Asset {
        path: "assets/index-DkZ3x_9a.js",
        etag: "\"tag\"",
        raw: b"raw",
        gzip: Some(b"gz"),
        brotli: Some(b"br"),
    };

    fn asked(name: header::HeaderName, value: &'static str) -> Response {
        send(
            &SCRIPT,
            &Method::GET,
            &HeaderMap::from_iter([(name, HeaderValue::from_static(value))]),
        )
    }

    #[test]
    fn the_best_encoding_that_the_browser_takes_is_sent() {
        assert_eq!(
            asked(header::ACCEPT_ENCODING, "gzip, deflate, br").headers()[header::CONTENT_ENCODING],
            "br"
        );
        assert_eq!(
            asked(header::ACCEPT_ENCODING, "gzip, br;q=0").headers()[header::CONTENT_ENCODING],
            "gzip"
        );
        assert!(
            !asked(header::ACCEPT_ENCODING, "identity")
                .headers()
                .contains_key(header::CONTENT_ENCODING)
        );
        assert_eq!(
            asked(header::ACCEPT_ENCODING, "x").headers()[header::CONTENT_TYPE],
            "text/javascript; charset=utf-8"
        );
    }

    #[test]
    fn what_the_browser_has_is_not_sent_again_and_hashed_files_are_kept_for_good() {
        assert_eq!(
            asked(header::IF_NONE_MATCH, "\"tag\"").status(),
            StatusCode::NOT_MODIFIED
        );
        assert!(is_hashed(SCRIPT.path));
        for other in [
            "index.html",
            "sw.js",
            "assets/logo.svg",
            "icon-12345678.svg",
        ] {
            assert!(!is_hashed(other), "{other}");
        }
    }
}
