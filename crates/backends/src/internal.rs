//! `http://webx.internal/`: an app's own storage, as its backend sees it. The table stands at [`Storage`].

use bytes::Bytes;
use http::{Method, Request, Response, StatusCode, header};
use serde_json::{Value, json};
use time::format_description::well_known::Rfc3339;

use crate::{Document, InstallId, Storage, StorageError};

/// The host name.
pub(crate) const HOST: &str = "webx.internal";

/// The longest page of a list.
const PAGE: usize = 1000;

/// Answers one request of a guest. Blocks.
pub(crate) fn serve(
    storage: &dyn Storage,
    install: InstallId,
    request: Request<Bytes>,
) -> Response<Bytes> {
    route(storage, install, request).unwrap_or_else(|problem| problem.response())
}

fn route(
    storage: &dyn Storage,
    install: InstallId,
    request: Request<Bytes>,
) -> Result<Response<Bytes>, Problem> {
    let (parts, body) = request.into_parts();
    let query = Query::of(parts.uri.query().unwrap_or_default())?;
    let segments = parts
        .uri
        .path()
        .trim_start_matches('/')
        .split('/')
        .map(decode)
        .collect::<Result<Vec<_>, _>>()?;
    let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
    let media_type = parts
        .headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok());
    match (&parts.method, segments.as_slice()) {
        (&Method::GET, ["kv"]) => {
            let page =
                storage.kv_keys(install, &query.prefix, query.after.as_deref(), query.limit)?;
            Ok(json_answer(
                &json!({ "items": page.items, "next": page.next }),
            ))
        }
        (&Method::GET, ["kv", key]) => match storage.kv_get(install, key)? {
            Some(value) => Ok(answer("application/json", value)),
            None => Err(Problem::missing()),
        },
        (&Method::PUT, ["kv", key]) => {
            json_text(&body)?;
            storage.kv_put(install, key, body)?;
            Ok(empty())
        }
        (&Method::DELETE, ["kv", key]) => storage
            .kv_delete(install, key)
            .map(|()| empty())
            .map_err(Problem::from),
        (&Method::GET, ["docs", collection]) => {
            let field = query
                .field
                .as_ref()
                .map(|(name, value)| (name.as_str(), value.as_str()));
            let page = storage.docs(
                install,
                collection,
                query.after.as_deref(),
                query.limit,
                field,
            )?;
            let items = page
                .items
                .iter()
                .map(document)
                .collect::<Result<Vec<_>, _>>()?;
            Ok(json_answer(&json!({ "items": items, "next": page.next })))
        }
        (&Method::GET, ["docs", collection, id]) => {
            match storage.doc_get(install, collection, id)? {
                Some(found) => Ok(json_answer(&document(&found)?)),
                None => Err(Problem::missing()),
            }
        }
        (&Method::PUT, ["docs", collection, id]) => {
            if !json_text(&body)?.is_object() {
                return Err(StorageError::BadValue("a document is a JSON object".into()).into());
            }
            Ok(json_answer(&document(
                &storage.doc_put(install, collection, id, body)?,
            )?))
        }
        (&Method::DELETE, ["docs", collection, id]) => storage
            .doc_delete(install, collection, id)
            .map(|()| empty())
            .map_err(Problem::from),
        (&Method::GET, ["blobs"]) => {
            let page = storage.blobs(install, query.after.as_deref(), query.limit)?;
            Ok(json_answer(
                &json!({ "items": page.items, "next": page.next }),
            ))
        }
        (&Method::GET, ["blobs", name]) => match storage.blob_get(install, name)? {
            Some(bytes) => Ok(answer("application/octet-stream", bytes)),
            None => Err(Problem::missing()),
        },
        (&Method::PUT, ["blobs", name]) => {
            storage.blob_put(install, name, media_type, body)?;
            Ok(empty())
        }
        (&Method::DELETE, ["blobs", name]) => storage
            .blob_delete(install, name)
            .map(|()| empty())
            .map_err(Problem::from),
        (_, ["kv" | "blobs", ..]) | (_, ["docs", _, ..]) => Err(Problem::new(
            StatusCode::METHOD_NOT_ALLOWED,
            "method-not-allowed",
            "GET, PUT and DELETE are served here",
        )),
        _ => Err(Problem::new(
            StatusCode::NOT_FOUND,
            "not-found",
            "kv, docs and blobs are served here",
        )),
    }
}

struct Query {
    prefix: String,
    after: Option<String>,
    limit: usize,
    field: Option<(String, String)>,
}

impl Query {
    fn of(text: &str) -> Result<Self, Problem> {
        let mut query = Self {
            prefix: String::new(),
            after: None,
            limit: 100,
            field: None,
        };
        for pair in text.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let value = decode(&value.replace('+', " "))?;
            match name {
                "prefix" => query.prefix = value,
                "after" => query.after = Some(value),
                "limit" => {
                    query.limit = value
                        .parse()
                        .map_err(|_| Problem::bad("limit is a number"))?;
                }
                "where" => {
                    let (name, value) = value
                        .split_once(':')
                        .ok_or_else(|| Problem::bad("where is field:value"))?;
                    query.field = Some((name.to_owned(), value.to_owned()));
                }
                _ => {
                    return Err(Problem::bad(
                        "prefix, after, limit and where are understood",
                    ));
                }
            }
        }
        query.limit = query.limit.clamp(1, PAGE);
        Ok(query)
    }
}

fn decode(text: &str) -> Result<String, Problem> {
    percent_encoding::percent_decode_str(text)
        .decode_utf8()
        .map(std::borrow::Cow::into_owned)
        .map_err(|_| Problem::bad("the address is not UTF-8"))
}

fn json_text(body: &Bytes) -> Result<Value, Problem> {
    serde_json::from_slice(body)
        .map_err(|error| StorageError::BadValue(format!("not JSON: {error}")).into())
}

fn document(found: &Document) -> Result<Value, Problem> {
    let damaged = || Problem::from(StorageError::Failed("a kept document is damaged".into()));
    let value: Value = serde_json::from_slice(&found.value).map_err(|_| damaged())?;
    let updated = found.updated_at.format(&Rfc3339).map_err(|_| damaged())?;
    Ok(json!({ "id": found.id, "version": found.version, "updatedAt": updated, "value": value }))
}

fn answer(media_type: &'static str, body: Bytes) -> Response<Bytes> {
    let mut response = Response::new(body);
    response.headers_mut().insert(
        header::CONTENT_TYPE,
        header::HeaderValue::from_static(media_type),
    );
    response
}

fn json_answer(value: &Value) -> Response<Bytes> {
    answer("application/json", value.to_string().into())
}

fn empty() -> Response<Bytes> {
    let mut response = Response::new(Bytes::new());
    *response.status_mut() = StatusCode::NO_CONTENT;
    response
}

/// A problem document (RFC 9457).
struct Problem {
    status: StatusCode,
    code: &'static str,
    detail: String,
}

impl Problem {
    fn new(status: StatusCode, code: &'static str, detail: impl Into<String>) -> Self {
        Self {
            status,
            code,
            detail: detail.into(),
        }
    }

    fn bad(detail: &str) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "bad-request", detail)
    }

    fn missing() -> Self {
        Self::new(
            StatusCode::NOT_FOUND,
            "not-found",
            "nothing is kept under this name",
        )
    }

    fn response(&self) -> Response<Bytes> {
        let title = self.status.canonical_reason().unwrap_or("Problem");
        let value = json!({
            "type": "about:blank", "title": title, "status": self.status.as_u16(), "code": self.code, "detail": self.detail,
        });
        let mut response = answer("application/problem+json", value.to_string().into());
        *response.status_mut() = self.status;
        response
    }
}

impl From<StorageError> for Problem {
    fn from(error: StorageError) -> Self {
        let status = match &error {
            StorageError::BadName(_) | StorageError::BadValue(_) => StatusCode::BAD_REQUEST,
            StorageError::Full(_) => StatusCode::INSUFFICIENT_STORAGE,
            StorageError::Denied(_) => StatusCode::FORBIDDEN,
            StorageError::Locked => StatusCode::SERVICE_UNAVAILABLE,
            StorageError::Failed(_) => StatusCode::INTERNAL_SERVER_ERROR,
        };
        Self::new(status, error.code(), error.to_string())
    }
}
