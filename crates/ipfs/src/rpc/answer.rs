//! What a command says, and how it is refused.

use axum::body::Body;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;
use serde_json::json;
use webx_content::ipld;

use crate::Error;

/// Why a command did nothing, or not all.
#[derive(Debug)]
pub(crate) struct Failure {
    status: StatusCode,
    what: String,
    plain: bool,
}

/// What a command ends with.
pub(super) type Done<T = ()> = Result<T, Failure>;

impl Failure {
    /// The command failed.
    pub(super) fn new(what: impl Into<String>) -> Self {
        Self {
            status: StatusCode::INTERNAL_SERVER_ERROR,
            what: what.into(),
            plain: false,
        }
    }

    /// The request itself was wrong; nobody looked at what it is about.
    pub(super) fn bad(what: impl Into<String>) -> Self {
        Self::plain(StatusCode::BAD_REQUEST, what)
    }

    pub(super) fn plain(status: StatusCode, what: impl Into<String>) -> Self {
        Self {
            status,
            what: what.into(),
            plain: true,
        }
    }

    /// What needs other nodes is refused in the words of other implementations.
    pub(super) fn offline() -> Self {
        Self::new("this command must be run in online mode. Try running 'ipfs daemon' first.")
    }

    pub(super) fn what(&self) -> &str {
        &self.what
    }

    pub(super) fn into_response(self) -> Response {
        let (kind, body) = if self.plain {
            ("text/plain; charset=utf-8", format!("{}\n", self.what))
        } else {
            let body = json!({ "Message": self.what, "Code": 0, "Type": "error" });
            ("application/json", format!("{body}\n"))
        };
        let mut response = Response::new(Body::from(body));
        *response.status_mut() = self.status;
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
        if self.status == StatusCode::METHOD_NOT_ALLOWED {
            headers.insert(header::ALLOW, HeaderValue::from_static("POST"));
        }
        dress(&mut response);
        response
    }
}

/// Headers that every answer has.
pub(super) fn dress(response: &mut Response) {
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(
        header::X_CONTENT_TYPE_OPTIONS,
        HeaderValue::from_static("nosniff"),
    );
    headers.insert(header::VARY, HeaderValue::from_static("Origin"));
}

impl From<ipld::Error> for Failure {
    fn from(error: ipld::Error) -> Self {
        Self::new(match error {
            ipld::Error::Missing(cid) => {
                format!("block was not found locally (offline): ipld: could not find {cid}")
            }
            ipld::Error::NotFound(step) => format!("no link named {step:?} under that path"),
            error => error.to_string(),
        })
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        match error {
            Error::Content(error) => error.into(),
            error => Self::new(error.to_string()),
        }
    }
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        ipld::Error::from(error).into()
    }
}
