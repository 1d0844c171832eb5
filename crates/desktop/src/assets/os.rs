//! `/_os/`: the page that builtin apps run in, with React and the OS's components beside it.
//!
//! The page has an opaque origin, so its modules are asked for from "elsewhere" and must be readable by anybody. They are
//! the same for every node of this version and hold nothing of a person.

use std::sync::OnceLock;

use aws_lc_rs::digest;
use axum::{
    Extension,
    extract::{Path, Request},
    http::{HeaderName, HeaderValue, Method, StatusCode, header},
    response::{IntoResponse as _, Response},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};

use super::{Asset, built, send};
use crate::{
    auth::gate::Visitor,
    http::{headers::NO_FEATURES, origin::Asker, policy, problem::Problem},
};

/// Where the files lie in the build.
pub(super) const FOLDER: &str = "_os/";
/// The page itself.
const PAGE: &str = "frame.html";

/// Serves `/_os/{name}`. Everything but the page has its hash in its name.
pub(crate) async fn serve(
    Extension(visitor): Extension<Visitor>,
    Path(name): Path<String>,
    request: Request,
) -> Response {
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        let what = "this address is only read";
        return Problem::new(StatusCode::METHOD_NOT_ALLOWED, "method", what).into_response();
    }
    let Some(asset) = find(&name) else {
        return Problem::not_found("this address").into_response();
    };
    let is_page = name == PAGE;
    // The page is loaded by the desktop alone: it would run whatever code its parent sends.
    if is_page && visitor.asker != Asker::OwnPage {
        let what = "only the desktop opens this page";
        return Problem::new(StatusCode::FORBIDDEN, "foreign-origin", what).into_response();
    }
    let mut response = send(asset, request.method(), request.headers());
    let headers = response.headers_mut();
    if is_page {
        headers.insert(
            header::CONTENT_SECURITY_POLICY,
            policy::frame(&visitor.authority, page_hashes(asset)),
        );
        headers.insert(
            HeaderName::from_static("connection-allowlist"),
            HeaderValue::from_static(policy::OWN_SERVER_ALONE),
        );
        headers.insert(
            HeaderName::from_static("permissions-policy"),
            HeaderValue::from_static(NO_FEATURES),
        );
    } else {
        headers.insert(
            header::ACCESS_CONTROL_ALLOW_ORIGIN,
            HeaderValue::from_static("*"),
        );
        headers.insert(
            HeaderName::from_static("cross-origin-resource-policy"),
            HeaderValue::from_static("cross-origin"),
        );
    }
    response
}

fn find(name: &str) -> Option<&'static Asset> {
    built::ASSETS
        .iter()
        .find(|a| a.path.strip_prefix(FOLDER) == Some(name))
}

/// The hashes of the page's inline scripts, as a policy names them.
fn page_hashes(page: &'static Asset) -> &'static [String] {
    static HASHES: OnceLock<Vec<String>> = OnceLock::new();
    HASHES.get_or_init(|| inline_hashes(&String::from_utf8_lossy(page.raw)))
}

/// SHA-256 of every script that stands in the page itself, base64.
fn inline_hashes(html: &str) -> Vec<String> {
    let mut hashes = Vec::new();
    let mut rest = html;
    while let Some((_, tail)) = rest.split_once("<script") {
        let Some((attributes, tail)) = tail.split_once('>') else {
            break;
        };
        let Some((text, tail)) = tail.split_once("</script>") else {
            break;
        };
        if !attributes.contains(" src=") {
            let digest = digest::digest(&digest::SHA256, text.as_bytes());
            hashes.push(STANDARD.encode(digest));
        }
        rest = tail;
    }
    hashes
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    #[test]
    fn the_hash_of_every_inline_script_is_known() {
        let html = "<script type=\"importmap\">{}</script><script type=\"module\" src=\"./a.js\"></script><script>1</script>";
        assert_eq!(
            inline_hashes(html),
            [
                "RBNvo1WzZ4oRRq0W9+hknpT7T8If536DEMBg9hyq/4o=",
                "a4ayc/80/OGda4BO/1o/V0etpOqiLx1JwB5S3beHW0s="
            ]
        );
    }
}
