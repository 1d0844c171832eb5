//! The files of a package, and everything an app keeps as one archive.

use std::io::BufReader;

use axum::{
    Extension,
    extract::State,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse as _, Response},
};

use super::install_id;
use crate::{
    desktop::{Desktop, blocking},
    door::Home,
    http::{bytes::Bytes, extract::Path, media, problem::Problem, range},
    stream::{self, chunk_writer},
};

/// A file of an app's package (`ETag` is its SHA-256).
#[utoipa::path(get, path = "/api/apps/{install}/package/{*path}", operation_id = "getPackageFile", tag = "apps",
    params(("install" = String, Path, description = "The installation"), ("path" = String, Path, description = "The file's path in the package")),
    responses((status = 200, body = Bytes, content_type = "application/octet-stream"), (status = 304),
        (status = 404, body = Problem, content_type = "application/problem+json")))]
pub(crate) async fn file(
    State(desktop): State<Desktop>,
    Extension(home): Extension<Home>,
    Path((install, path)): Path<(String, String)>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let install = install_id(&install)?;
    let place = desktop.transfer().await?;
    let name = path.clone();
    let (info, reader) = blocking(move || Ok(home.apps.read_file(install, &path)?)).await?;
    let etag = format!("\"{}\"", info.sha256);
    let mut answer = HeaderMap::new();
    if let Ok(tag) = HeaderValue::try_from(&etag) {
        answer.insert(header::ETAG, tag);
    }
    answer.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if range::unchanged(&headers, &etag) {
        return Ok((StatusCode::NOT_MODIFIED, answer).into_response());
    }
    // Whoever reads it knows what it is; no page is to run it from here.
    let kind = HeaderValue::try_from(media::served(&media::guess(&name)))
        .unwrap_or(HeaderValue::from_static("application/octet-stream"));
    answer.insert(header::CONTENT_TYPE, kind);
    answer.insert(header::CONTENT_LENGTH, HeaderValue::from(info.size));
    let body = stream::pull(BufReader::new(reader), info.size, place);
    Ok((answer, body).into_response())
}

/// Everything an app keeps as a zip file: values, documents, blobs, files of its server side.
#[utoipa::path(get, path = "/api/apps/{install}/export", operation_id = "exportApp", tag = "apps", params(("install" = String, Path, description = "The installation")),
    responses((status = 200, body = Bytes, content_type = "application/zip"), (status = 404, body = Problem, content_type = "application/problem+json")))]
pub(crate) async fn export(
    State(desktop): State<Desktop>,
    Extension(home): Extension<Home>,
    Path(install): Path<String>,
) -> Result<Response, Problem> {
    let install = install_id(&install)?;
    let place = desktop.heavy().await?;
    let apps = home.apps.clone();
    let app = blocking(move || Ok(apps.get(install)?)).await?;
    let name = format!("{}.zip", app.manifest.id);
    let (body, mut writer) = chunk_writer();
    let busy = desktop.idle().enter(true);
    tokio::task::spawn_blocking(move || {
        let _hold = (place, busy);
        let exported = home.apps.export(install, &mut writer);
        // A writer that is not finished breaks the answer off, so that nobody takes half an archive for a whole one.
        match exported {
            Ok(_) => {
                let _ = writer.finish();
            }
            Err(error) => tracing::warn!("an export broke off: {error}"),
        }
    });
    let headers = [
        (
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/zip"),
        ),
        (
            header::CONTENT_DISPOSITION,
            media::disposition(false, &name),
        ),
    ];
    Ok((headers, body).into_response())
}
