//! Answers: headers that every one has, and refusals.

use axum::body::Body;
use axum::http::{HeaderValue, StatusCode, header, response::Builder};
use axum::response::Response;
use webx_content::ipld;

use super::Rooted;
use super::ask::Ask;

/// Why a request got no content.
#[derive(Debug)]
pub(crate) struct Refusal {
    status: StatusCode,
    what: String,
}

impl Refusal {
    pub(crate) fn new(status: StatusCode, what: impl Into<String>) -> Self {
        Self {
            status,
            what: what.into(),
        }
    }

    pub(crate) fn bad(what: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, what)
    }

    pub(crate) fn not_found(what: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, what)
    }

    pub(crate) fn method() -> Self {
        Self::new(
            StatusCode::METHOD_NOT_ALLOWED,
            "this gateway is read with GET and HEAD",
        )
    }

    pub(crate) fn busy() -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "the gateway is closing")
    }

    pub(crate) fn failed() -> Self {
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "the answer failed")
    }

    /// A refusal for what the content is at fault for. Who asks only for what is kept hears that it is not.
    pub(crate) fn of(error: &ipld::Error, only_if_cached: bool) -> Self {
        let status = match error {
            ipld::Error::Missing(_) if only_if_cached => StatusCode::PRECONDITION_FAILED,
            ipld::Error::Missing(_) | ipld::Error::NotFound(_) | ipld::Error::WrongKind { .. } => {
                StatusCode::NOT_FOUND
            }
            ipld::Error::Unsupported(_) => StatusCode::NOT_IMPLEMENTED,
            ipld::Error::Outside(_) => StatusCode::INTERNAL_SERVER_ERROR,
            _ => StatusCode::BAD_REQUEST,
        };
        Self::new(status, error.to_string())
    }

    pub(crate) fn into_response(self) -> Response {
        let text = format!("{}\n", self.what);
        let mut response = Response::new(Body::from(text));
        *response.status_mut() = self.status;
        let headers = response.headers_mut();
        headers.insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static("text/plain; charset=utf-8"),
        );
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        headers.insert(
            header::X_CONTENT_TYPE_OPTIONS,
            HeaderValue::from_static("nosniff"),
        );
        response
    }
}

impl From<ipld::Error> for Refusal {
    fn from(error: ipld::Error) -> Self {
        Self::of(&error, false)
    }
}

/// An answer with the headers that say what it is of.
pub(crate) fn begin(status: StatusCode, root: &Rooted, ask: &Ask) -> Builder {
    Response::builder()
        .status(status)
        .header(header::X_CONTENT_TYPE_OPTIONS, "nosniff")
        .header("cross-origin-resource-policy", "same-site")
        .header("x-ipfs-path", &ask.shown)
        .header("x-ipfs-roots", root.cid.to_string())
}

/// The end of an answer. A header that cannot be sent is a failure of ours.
pub(crate) fn end(builder: Builder, body: Body) -> Result<Response, Refusal> {
    builder.body(body).map_err(|_| Refusal::failed())
}

/// `304 Not Modified` for who has it already.
pub(crate) fn unchanged(root: &Rooted, ask: &Ask, etag: &str) -> Result<Response, Refusal> {
    let answer = begin(StatusCode::NOT_MODIFIED, root, ask)
        .header(header::ETAG, etag)
        .header(header::CACHE_CONTROL, super::cache_control(root));
    end(answer, Body::empty())
}

/// The header that offers a file under a name.
pub(crate) fn disposition(kind: &str, name: &str) -> String {
    let plain: String = name
        .chars()
        .map(|c| match c {
            '"' | '\\' => '_',
            ' '..='~' => c,
            _ => '_',
        })
        .collect();
    let encoded = percent_encoding::utf8_percent_encode(name, percent_encoding::NON_ALPHANUMERIC);
    format!("{kind}; filename=\"{plain}\"; filename*=UTF-8''{encoded}")
}
