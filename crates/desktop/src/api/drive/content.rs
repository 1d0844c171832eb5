//! The bytes of files.

use axum::{
    Extension,
    extract::{Request, State},
    http::{HeaderMap, Method, StatusCode, header},
    response::Response,
};
use serde::Deserialize;
use utoipa::IntoParams;
use webx_drive::{FileMeta, FileReader, VersionId};

use super::{Node, OnConflict, node_id, time};
use crate::{
    desktop::{Desktop, blocking},
    door::Home,
    http::{
        bytes::Bytes,
        extract::{Path, Query},
        media,
        problem::Problem,
    },
    stream::{self, Representation},
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
    if as_code(&headers) {
        return Err(Problem::new(
            StatusCode::FORBIDDEN,
            "not-code",
            "stored files are never run as a part of the desktop",
        ));
    }
    let place = desktop.transfer().await?;
    let inline = asked.download != Some(true);
    let shown = blocking(move || open(&home, id, asked.version, inline)).await?;
    let hold = (place, desktop.idle().enter(true));
    stream::send(shown.into(), &method, &headers, hold).await
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

impl From<Shown> for Representation<FileReader> {
    fn from(shown: Shown) -> Self {
        Self {
            etag: format!("\"{}-{}\"", shown.node.id, shown.version),
            length: shown.reader.size(),
            modified: shown.node.modified,
            kind: media::guess(&shown.node.name),
            name: shown.node.name,
            inline: shown.inline,
            reader: shown.reader,
        }
    }
}

/// Opens a version of a file; the current one when none is named. Blocks.
pub(crate) fn open(
    home: &Home,
    id: webx_drive::NodeId,
    version: Option<u64>,
    inline: bool,
) -> Result<Shown, Problem> {
    let node = home.drive.node(id)?;
    let version = version.map(VersionId);
    let reader = home.drive.open_file(id, version)?;
    Ok(Shown {
        version: version.unwrap_or(node.version_id),
        node,
        reader,
        inline,
    })
}

/// Whether a browser would run or apply the answer.
pub(crate) fn as_code(headers: &HeaderMap) -> bool {
    headers
        .get("sec-fetch-dest")
        .is_some_and(|d| CODE.contains(&d.as_bytes()))
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
