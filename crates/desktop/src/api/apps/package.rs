//! The files of a package, and everything of an app as one archive.

use axum::response::Response;

use crate::http::{bytes::Bytes, extract::Path, problem::Problem};

/// A file of an app's package (`ETag` is its SHA-256).
#[utoipa::path(get, path = "/api/apps/{install}/package/{*path}", operation_id = "getPackageFile", tag = "apps",
    params(("install" = String, Path, description = "The installation"), ("path" = String, Path, description = "The file's path in the package")),
    responses((status = 200, body = Bytes, content_type = "application/octet-stream"), (status = 304),
        (status = 404, body = Problem, content_type = "application/problem+json")))]
pub(crate) async fn file(
    Path((_install, _path)): Path<(String, String)>,
) -> Result<Response, Problem> {
    Err(Problem::busy())
}

/// The package and all data of an app as a zip file.
#[utoipa::path(get, path = "/api/apps/{install}/export", operation_id = "exportApp", tag = "apps", params(("install" = String, Path, description = "The installation")),
    responses((status = 200, body = Bytes, content_type = "application/zip"), (status = 404, body = Problem, content_type = "application/problem+json")))]
pub(crate) async fn export(Path(_install): Path<String>) -> Result<Response, Problem> {
    Err(Problem::busy())
}
