//! What programs of this machine that hold the node's token may do: add, list, read, remove. No browser comes here.

use axum::body::Body;
use axum::extract::{Path, Query, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{delete, get, post};
use axum::{Json, Router};
use serde::{Deserialize, Serialize};
use serde_json::json;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use webx_content::car::{self, Selection};
use webx_content::ipld::{self, Cid, RAW, fetch, parse_cid, resolve, split_path};
use webx_content::ipns::{MAX_RECORD, Name};
use webx_content::unixfs::{self, File, Flow, Stat};

use crate::gateway::stream;
use crate::{Error, PublicStore, upload};

/// The routes. Whoever serves them lets nobody in but the holder of the node's token.
pub fn router(store: PublicStore) -> Router {
    Router::new()
        .route("/roots", get(roots))
        .route("/roots/{cid}", delete(remove))
        .route("/car", post(add))
        .route("/car/{*path}", get(export))
        .route("/file/{*path}", get(file))
        .route("/list/{*path}", get(list))
        .route("/names/{name}", post(put_name))
        .with_state(store)
}

/// A refusal as a problem document (RFC 9457).
struct Problem(StatusCode, &'static str, String);

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        let (status, code) = match &error {
            Error::Content(error) => return error.into(),
            Error::NoRoot(_) => (StatusCode::NOT_FOUND, "not-found"),
            Error::Busy => (StatusCode::CONFLICT, "busy"),
            Error::Record(_) => (StatusCode::CONFLICT, "old-record"),
            Error::Needed { .. } => (StatusCode::CONFLICT, "needed"),
            Error::Key(_) => (StatusCode::CONFLICT, "key"),
            Error::Vault(webx_vault::Error::Locked) => (StatusCode::LOCKED, "locked"),
            Error::Vault(webx_vault::Error::DiskFull { .. }) => {
                (StatusCode::INSUFFICIENT_STORAGE, "disk-full")
            }
            Error::Vault(_) | Error::Damaged(_) => (StatusCode::INTERNAL_SERVER_ERROR, "failed"),
        };
        Self(status, code, error.to_string())
    }
}

impl From<&ipld::Error> for Problem {
    fn from(error: &ipld::Error) -> Self {
        let (status, code) = match error {
            ipld::Error::Missing(_) | ipld::Error::NotFound(_) => {
                (StatusCode::NOT_FOUND, "not-found")
            }
            ipld::Error::WrongKind { .. } => (StatusCode::CONFLICT, "wrong-kind"),
            ipld::Error::Limit { .. } => (StatusCode::PAYLOAD_TOO_LARGE, "too-large"),
            ipld::Error::Outside(_) => (StatusCode::INTERNAL_SERVER_ERROR, "failed"),
            _ => (StatusCode::BAD_REQUEST, "bad-content"),
        };
        Self(status, code, error.to_string())
    }
}

impl From<ipld::Error> for Problem {
    fn from(error: ipld::Error) -> Self {
        (&error).into()
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let Self(status, code, detail) = self;
        let body = json!({
            "type": "about:blank",
            "title": status.canonical_reason().unwrap_or_default(),
            "status": status.as_u16(),
            "code": code,
            "detail": detail,
        });
        let headers = [(header::CONTENT_TYPE, "application/problem+json")];
        (status, headers, body.to_string()).into_response()
    }
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Problem> + Send + 'static,
) -> Result<T, Problem> {
    let failed = || {
        let what = "the work ended unexpectedly".to_owned();
        Problem(StatusCode::INTERNAL_SERVER_ERROR, "failed", what)
    };
    tokio::task::spawn_blocking(work)
        .await
        .unwrap_or_else(|_| Err(failed()))
}

fn now() -> OffsetDateTime {
    std::time::SystemTime::now().into()
}

async fn roots(State(store): State<PublicStore>) -> Result<Response, Problem> {
    let roots = blocking(move || Ok(store.roots()?)).await?;
    let rows = roots.into_iter().map(|root| {
        json!({
            "cid": root.cid.to_string(),
            "name": root.name,
            "added": root.added.format(&Rfc3339).unwrap_or_default(),
        })
    });
    Ok(Json(rows.collect::<Vec<_>>()).into_response())
}

async fn remove(
    State(store): State<PublicStore>,
    Path(cid): Path<String>,
) -> Result<Response, Problem> {
    let swept = blocking(move || Ok(store.remove(&parse_cid(&cid)?)?)).await?;
    Ok(Json(json!({ "blocks": swept.blocks, "bytes": swept.bytes })).into_response())
}

#[derive(Deserialize)]
struct Adding {
    /// The root is the last block, not what the header names.
    #[serde(default)]
    last: bool,
    #[serde(default)]
    name: String,
}

/// Takes a CAR as it comes. Nothing of it has a root before all of it was there.
async fn add(
    State(store): State<PublicStore>,
    Query(how): Query<Adding>,
    body: Body,
) -> Result<Response, Problem> {
    let (upload, feed) = upload::of(body);
    let reading = tokio::task::spawn_blocking(move || {
        let writer = store.writer()?;
        writer.read_car(upload, how.last, &how.name, now())
    });
    feed.await;
    let roots = blocking(move || {
        let read = tokio::runtime::Handle::current().block_on(reading);
        Ok(read.map_err(|error| Error::Content(ipld::Error::outside(error)))??)
    })
    .await?;
    let roots: Vec<String> = roots.iter().map(ToString::to_string).collect();
    Ok((StatusCode::CREATED, Json(json!({ "roots": roots }))).into_response())
}

/// A root and the steps below it, from `CID/a/b`.
fn parse(path: &str) -> Result<(Cid, Vec<&str>), Problem> {
    let mut steps = split_path(path)?;
    if steps.first() == Some(&"ipfs") {
        steps.remove(0);
    }
    if steps.is_empty() {
        return Err(ipld::Error::malformed("path", "it has no CID").into());
    }
    Ok((parse_cid(steps.remove(0))?, steps))
}

/// What is at the end of a path.
fn end(store: &PublicStore, path: &str) -> Result<Cid, Problem> {
    let (root, steps) = parse(path)?;
    let found = resolve(store, &root, &steps)?;
    match found.within.first() {
        None => Ok(found.cid),
        Some(_) => Err(ipld::Error::malformed("path", "it ends within a block").into()),
    }
}

async fn file(
    State(store): State<PublicStore>,
    Path(path): Path<String>,
) -> Result<Response, Problem> {
    let (store, file) = blocking(move || {
        let cid = end(&store, &path)?;
        let file = File::open(&store, &cid)?;
        Ok((store, file))
    })
    .await?;
    let headers = [
        (header::CONTENT_TYPE, "application/octet-stream".to_owned()),
        (header::CONTENT_LENGTH, file.size().to_string()),
    ];
    let body = stream::body(move |pipe| {
        file.read(&store, 0..u64::MAX)
            .try_for_each(|piece| pipe.send(piece?))
    });
    Ok((headers, body).into_response())
}

async fn export(
    State(store): State<PublicStore>,
    Path(path): Path<String>,
) -> Result<Response, Problem> {
    let (store, root, to, steps) = blocking(move || {
        let (root, steps) = parse(&path)?;
        let steps: Vec<String> = steps.into_iter().map(str::to_owned).collect();
        let to = end(&store, &path)?;
        fetch(&store, &to)?;
        Ok((store, root, to, steps))
    })
    .await?;
    let body = stream::body(move |pipe| {
        let steps: Vec<&str> = steps.iter().map(String::as_str).collect();
        let mut writer = car::Writer::new(pipe, &[to])?;
        car::export(&store, &root, &steps, Selection::default(), &mut writer)
    });
    let headers = [(header::CONTENT_TYPE, "application/vnd.ipld.car")];
    Ok((headers, body).into_response())
}

/// Something at the end of a path or in a folder.
#[derive(Serialize)]
struct Item {
    name: String,
    cid: String,
    /// `file`, `folder`, `symlink`, `value`, or `missing`.
    kind: &'static str,
    /// Bytes of a file.
    size: Option<u64>,
    /// Where a symbolic link points.
    target: Option<String>,
}

impl Item {
    fn of(
        store: &PublicStore,
        name: String,
        cid: Cid,
        total: Option<u64>,
    ) -> Result<Self, Problem> {
        let stat = match (cid.codec(), total) {
            // The total of plain bytes is their number; there is no need to look.
            (RAW, Some(total)) => Ok(Stat::File(total)),
            _ => unixfs::stat(store, &cid),
        };
        let (kind, size, target) = match stat {
            Ok(Stat::File(size)) => ("file", Some(size), None),
            Ok(Stat::Folder) => ("folder", None, None),
            Ok(Stat::Symlink(target)) => ("symlink", None, Some(target)),
            Ok(_) => ("value", None, None),
            Err(ipld::Error::Missing(_)) => ("missing", None, None),
            Err(error) => return Err(error.into()),
        };
        Ok(Self {
            name,
            cid: cid.to_string(),
            kind,
            size,
            target,
        })
    }
}

async fn list(
    State(store): State<PublicStore>,
    Path(path): Path<String>,
) -> Result<Response, Problem> {
    let answer = blocking(move || {
        let cid = end(&store, &path)?;
        let own = Item::of(&store, String::new(), cid, None)?;
        if own.kind == "missing" {
            return Err(ipld::Error::Missing(cid).into());
        }
        let mut found = Vec::new();
        if own.kind == "folder" {
            unixfs::list(&store, &cid, &mut |entry| {
                found.push(entry);
                Ok(Flow::Continue(()))
            })?;
        }
        let items = found
            .into_iter()
            .map(|entry| Item::of(&store, entry.name, entry.cid, entry.total));
        let mut items = items.collect::<Result<Vec<_>, _>>()?;
        items.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(json!({ "item": own, "entries": items }))
    })
    .await?;
    Ok(Json(answer).into_response())
}

/// Takes the record of a name.
async fn put_name(
    State(store): State<PublicStore>,
    Path(name): Path<String>,
    body: Body,
) -> Result<Response, Problem> {
    let bytes = axum::body::to_bytes(body, MAX_RECORD).await.map_err(|_| {
        Problem::from(ipld::Error::Limit {
            what: "the size of a record",
            limit: MAX_RECORD as u64,
        })
    })?;
    let answer = blocking(move || {
        let name = Name::parse(&name)?;
        let record = store.put_record(&name, &bytes, now())?;
        Ok(json!({
            "name": name.to_string(),
            "value": record.value,
            "sequence": record.sequence,
            "until": record.until.format(&Rfc3339).unwrap_or_default(),
        }))
    })
    .await?;
    Ok(Json(answer).into_response())
}
