//! The bytes of files.

use axum::{
    Extension,
    body::Body,
    extract::{Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header},
    response::{IntoResponse as _, Response},
};
use serde::Deserialize;
use std::io::{Read, Seek, SeekFrom};
use utoipa::IntoParams;
use webx_drive::{FileMeta, FileReader, VersionId};

use super::{Node, OnConflict, node_id, time};
use crate::{
    desktop::{Desktop, blocking},
    door::Home,
    http::{
        bytes::Bytes,
        extract::{Path, Query},
        headers::CONTENT_CSP,
        media,
        problem::Problem,
        range::{self, Wanted},
    },
    stream,
};

/// What a browser calls a request whose answer it would run or apply.
const CODE: [&[u8]; 6] = [
    b"script",
    b"style",
    b"worker",
    b"sharedworker",
    b"serviceworker",
    b"manifest",
];

/// How a file is written.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
pub(crate) struct PutParams {
    /// What happens when the name is taken; a new version when absent.
    #[param(inline)]
    on_conflict: Option<OnConflict>,
    /// When the file was last changed (RFC 3339); now when absent.
    modified: Option<String>,
}

/// How a file is written anew.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct RewriteParams {
    /// When the file was last changed (RFC 3339); now when absent.
    modified: Option<String>,
}

/// What is read.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
pub(crate) struct ContentParams {
    /// An earlier version; the current one when absent.
    version: Option<u64>,
    /// Whether the browser is to save it under its name and not to show it.
    download: Option<bool>,
}

/// Writes a file: the body is its bytes, streamed. Nothing is seen of it before the last byte is safe on the disk.
#[utoipa::path(put, path = "/api/drive/nodes/{id}/files/{name}", operation_id = "putFile", tag = "drive",
    params(("id" = String, Path, description = "The folder, or `root`"), ("name" = String, Path, description = "The file's name, percent-encoded"), PutParams),
    request_body(content = Bytes, content_type = "application/octet-stream"),
    responses((status = 200, body = Node), (status = 409, body = Problem, content_type = "application/problem+json", description = "code exists"),
        (status = 422, body = Problem, content_type = "application/problem+json", description = "code bad-name"),
        (status = 507, body = Problem, content_type = "application/problem+json", description = "codes quota, disk-full")))]
pub(crate) async fn put(
    State(desktop): State<Desktop>,
    Extension(home): Extension<Home>,
    Path((id, name)): Path<(String, String)>,
    Query(asked): Query<PutParams>,
    request: Request,
) -> Result<axum::Json<Node>, Problem> {
    let parent = node_id(&id)?;
    let size = length(request.headers());
    let meta = FileMeta {
        size,
        modified: asked.modified.as_deref().map(time).transpose()?,
    };
    let choice = asked.on_conflict.unwrap_or(OnConflict::NewVersion).into();
    let _place = desktop.transfer().await?;
    let writer = blocking(move || Ok(home.drive.begin_write(parent, &name, meta, choice)?)).await?;
    let (writer, _) = stream::pump(
        request.into_body(),
        writer,
        u64::MAX,
        desktop.limits().stall_timeout,
    )
    .await?;
    blocking(move || Ok(axum::Json(writer.finish()?.into()))).await
}

/// Writes a file's next version: the body is its bytes, streamed. The file keeps its name and place.
#[utoipa::path(put, path = "/api/drive/nodes/{id}/content", operation_id = "putContent", tag = "drive", params(("id" = String, Path, description = "The file"), RewriteParams),
    request_body(content = Bytes, content_type = "application/octet-stream"),
    responses((status = 200, body = Node), (status = 404, body = Problem, content_type = "application/problem+json"),
        (status = 507, body = Problem, content_type = "application/problem+json", description = "codes quota, disk-full")))]
pub(crate) async fn rewrite(
    State(desktop): State<Desktop>,
    Extension(home): Extension<Home>,
    Path(id): Path<String>,
    Query(asked): Query<RewriteParams>,
    request: Request,
) -> Result<axum::Json<Node>, Problem> {
    let id = node_id(&id)?;
    let meta = FileMeta {
        size: length(request.headers()),
        modified: asked.modified.as_deref().map(time).transpose()?,
    };
    let _place = desktop.transfer().await?;
    let writer = blocking(move || {
        let file = home.drive.node(id)?;
        let parent = match (file.kind, file.parent) {
            (webx_drive::Kind::File, Some(parent)) => parent,
            _ => return Err(webx_drive::Error::NotAFile(file.name).into()),
        };
        let next = webx_drive::OnConflict::NewVersion;
        Ok(home.drive.begin_write(parent, &file.name, meta, next)?)
    })
    .await?;
    let (writer, _) = stream::pump(
        request.into_body(),
        writer,
        u64::MAX,
        desktop.limits().stall_timeout,
    )
    .await?;
    blocking(move || Ok(axum::Json(writer.finish()?.into()))).await
}

/// The bytes of a file, or a part of them (`Range`, `If-Range`, `ETag`). Shown content runs in an origin of its own.
#[utoipa::path(get, path = "/api/drive/nodes/{id}/content", operation_id = "getContent", tag = "drive", params(("id" = String, Path, description = "The file"), ContentParams),
    responses((status = 200, body = Bytes, content_type = "application/octet-stream"), (status = 206, body = Bytes, content_type = "application/octet-stream"),
        (status = 304), (status = 416, body = Problem, content_type = "application/problem+json"),
        (status = 404, body = Problem, content_type = "application/problem+json"),
        (status = 500, body = Problem, content_type = "application/problem+json", description = "code damaged: names the file and what can be saved")))]
pub(crate) async fn content(
    State(desktop): State<Desktop>,
    Extension(home): Extension<Home>,
    Path(id): Path<String>,
    Query(asked): Query<ContentParams>,
    method: Method,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let id = node_id(&id)?;
    if headers
        .get("sec-fetch-dest")
        .is_some_and(|d| CODE.contains(&d.as_bytes()))
    {
        return Err(Problem::new(
            StatusCode::FORBIDDEN,
            "not-code",
            "stored files are never run as a part of the desktop",
        ));
    }
    let place = desktop.transfer().await?;
    let shown = blocking(move || {
        let node = home.drive.node(id)?;
        let version = asked.version.map(VersionId);
        let reader = home.drive.open_file(id, version)?;
        Ok(Shown {
            version: version.unwrap_or(node.version_id),
            node,
            reader,
            inline: asked.download != Some(true),
        })
    })
    .await?;
    let hold = (place, desktop.idle().enter(true));
    send_file(shown, &method, &headers, hold).await
}

/// A file that is about to be sent.
pub(crate) struct Shown {
    pub(crate) node: webx_drive::Node,
    /// Which version `reader` reads.
    pub(crate) version: VersionId,
    pub(crate) reader: FileReader,
    /// Whether it may be shown in place, if its type allows it.
    pub(crate) inline: bool,
}

/// Answers a request for the bytes of a file. `hold` is given back when the last byte is sent or the client left.
pub(crate) async fn send_file(
    shown: Shown,
    method: &Method,
    headers: &HeaderMap,
    hold: impl Send + 'static,
) -> Result<Response, Problem> {
    let Shown {
        node,
        version,
        reader,
        inline,
    } = shown;
    let length = reader.size();
    let etag = format!("\"{}-{version}\"", node.id);
    let guessed = media::guess(&node.name);
    let mut answer = HeaderMap::new();
    let mut set = |name: HeaderName, text: &str| {
        answer.insert(name, header_value(text));
    };
    set(header::ETAG, &etag);
    set(header::ACCEPT_RANGES, "bytes");
    // No browser keeps decrypted bytes on its disk.
    set(header::CACHE_CONTROL, "no-store");
    set(header::CONTENT_SECURITY_POLICY, CONTENT_CSP);
    if range::precondition_fails(headers, &etag) {
        return Err(Problem::new(
            StatusCode::PRECONDITION_FAILED,
            "changed",
            "the file has another version by now",
        ));
    }
    if range::unchanged(headers, &etag) {
        return Ok((StatusCode::NOT_MODIFIED, answer).into_response());
    }
    set(header::CONTENT_TYPE, media::served(&guessed));
    set(
        header::LAST_MODIFIED,
        &httpdate::fmt_http_date(node.modified.into()),
    );
    let (status, start, end) = match range::wanted(headers, length, &etag) {
        Wanted::Whole => (StatusCode::OK, 0, length),
        Wanted::Part { start, end } => {
            set(
                header::CONTENT_RANGE,
                &format!("bytes {start}-{}/{length}", end - 1),
            );
            (StatusCode::PARTIAL_CONTENT, start, end)
        }
        Wanted::Unsatisfiable => {
            let problem = Problem::new(
                StatusCode::RANGE_NOT_SATISFIABLE,
                "range",
                format!("the file has {length} bytes"),
            );
            let mut response = problem.into_response();
            response.headers_mut().insert(
                header::CONTENT_RANGE,
                header_value(&format!("bytes */{length}")),
            );
            return Ok(response);
        }
    };
    set(header::CONTENT_LENGTH, &(end - start).to_string());
    answer.insert(
        header::CONTENT_DISPOSITION,
        media::disposition(inline && media::inline(&guessed), &node.name),
    );
    if *method == Method::HEAD {
        return Ok((status, answer, Body::empty()).into_response());
    }
    let (head, reader) =
        blocking(move || first_chunk(reader, start, end).map_err(stream::problem)).await?;
    let body = stream::pull(std::io::Cursor::new(head).chain(reader), end - start, hold);
    Ok((status, answer, body).into_response())
}

/// Reads the first bytes before the status is sent, so that damage at the start is told as a problem and not as a body that
/// breaks off.
fn first_chunk<R: Read + Seek>(
    mut reader: R,
    start: u64,
    end: u64,
) -> std::io::Result<(Vec<u8>, R)> {
    reader.seek(SeekFrom::Start(start))?;
    let size = usize::try_from(end - start)
        .unwrap_or(usize::MAX)
        .min(16 * 1024);
    let mut head = vec![0; size];
    reader.read_exact(&mut head)?;
    Ok((head, reader))
}

fn header_value(text: &str) -> HeaderValue {
    HeaderValue::from_str(text).unwrap_or(HeaderValue::from_static(""))
}

/// The announced length of a body.
pub(super) fn length(headers: &HeaderMap) -> Option<u64> {
    headers
        .get(header::CONTENT_LENGTH)?
        .to_str()
        .ok()?
        .parse()
        .ok()
}
