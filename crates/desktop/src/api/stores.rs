//! Stores: where apps come from. Any number of them, none special.

use axum::{http::StatusCode, response::Response};
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use utoipa::{IntoParams, ToSchema};

use super::apps::{AppPermission, Inspection, Publisher};
use crate::http::{
    bytes::Bytes,
    extract::{Json, Path, Query},
    problem::Problem,
};

/// A store.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Store {
    id: String,
    /// What the store calls itself.
    name: String,
    /// Where it is: a folder on this machine.
    location: String,
    /// The fingerprint of its root keys, as it was when the store was added.
    fingerprint: String,
    /// How many apps it offers.
    packages: u64,
    /// When its index was last read.
    #[serde(
        skip_serializing_if = "Option::is_none",
        with = "time::serde::rfc3339::option"
    )]
    refreshed_at: Option<OffsetDateTime>,
    /// Why its index could not be read the last time.
    #[serde(skip_serializing_if = "Option::is_none")]
    problem: Option<String>,
}

/// A store to add.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct NewStore {
    /// A folder on this machine.
    #[schema(min_length = 1, max_length = 4096)]
    location: String,
    /// The fingerprint its keeper told; another one is refused.
    fingerprint: Option<String>,
}

/// What to look for.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct StoreSearchParams {
    /// Words in name, description or publisher; everything when absent.
    #[param(max_length = 255)]
    q: Option<String>,
    /// Only this category.
    category: Option<String>,
}

/// An app that a store offers.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct StorePackage {
    /// The store.
    store: String,
    /// The app's id.
    app: String,
    name: String,
    /// The newest version.
    version: String,
    category: String,
    description: String,
    publisher: Publisher,
    /// Bytes of the newest package.
    size: u64,
    /// From 0 to 5 as the store tells it, in tenths: 47 is 4.7.
    #[serde(skip_serializing_if = "Option::is_none")]
    rating: Option<u32>,
    /// How many screenshots there are.
    screenshots: usize,
    /// The icon as a `data:` URL.
    #[serde(skip_serializing_if = "Option::is_none")]
    icon: Option<String>,
    /// Set when it is installed here.
    #[serde(skip_serializing_if = "Option::is_none")]
    installed: Option<InstalledAs>,
}

/// How an offered app is installed here.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct InstalledAs {
    install: String,
    version: String,
    /// Whether the store has a newer version.
    update: bool,
}

/// Everything a store says about an app.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct StorePackageDetail {
    #[serde(flatten)]
    package: StorePackage,
    /// The newest first.
    versions: Vec<StoreVersion>,
    /// What the newest version asks for.
    permissions: Vec<AppPermission>,
    /// What the person should know, in sentences: another publisher's key, for example.
    warnings: Vec<String>,
}

/// A version that a store offers.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct StoreVersion {
    version: String,
    size: u64,
    /// SHA-256 of the package, in hexadecimal.
    digest: String,
    #[serde(
        skip_serializing_if = "Option::is_none",
        with = "time::serde::rfc3339::option"
    )]
    published_at: Option<OffsetDateTime>,
    /// What is new in it.
    #[serde(skip_serializing_if = "Option::is_none")]
    notes: Option<String>,
}

/// Which package to get.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct FetchPackage {
    /// The app's id.
    app: String,
    /// The newest when absent.
    version: Option<String>,
}

/// The stores.
#[utoipa::path(get, path = "/api/stores", operation_id = "listStores", tag = "stores", responses((status = 200, body = Vec<Store>)))]
pub(crate) async fn list() -> Result<axum::Json<Vec<Store>>, Problem> {
    Err(Problem::busy())
}

/// Adds a store: its signed index is read and its root keys are remembered.
#[utoipa::path(post, path = "/api/stores", operation_id = "addStore", tag = "stores", request_body = NewStore,
    responses((status = 200, body = Store), (status = 409, body = Problem, content_type = "application/problem+json", description = "it is there already"),
        (status = 422, body = Problem, content_type = "application/problem+json", description = "its index is refused; the code says why")))]
pub(crate) async fn add(Json(_new): Json<NewStore>) -> Result<axum::Json<Store>, Problem> {
    Err(Problem::busy())
}

/// Forgets a store. Apps that came from it stay.
#[utoipa::path(delete, path = "/api/stores/{id}", operation_id = "removeStore", tag = "stores", params(("id" = String, Path, description = "The store")),
    responses((status = 204), (status = 404, body = Problem, content_type = "application/problem+json")))]
pub(crate) async fn remove(Path(_id): Path<String>) -> Result<StatusCode, Problem> {
    Err(Problem::busy())
}

/// Reads the index of every store again. A store that cannot be read says so and keeps what it had.
#[utoipa::path(post, path = "/api/stores/refresh", operation_id = "refreshStores", tag = "stores", responses((status = 200, body = Vec<Store>)))]
pub(crate) async fn refresh() -> Result<axum::Json<Vec<Store>>, Problem> {
    Err(Problem::busy())
}

/// Apps of all stores.
#[utoipa::path(get, path = "/api/stores/search", operation_id = "searchStores", tag = "stores", params(StoreSearchParams), responses((status = 200, body = Vec<StorePackage>)))]
pub(crate) async fn search(
    Query(_asked): Query<StoreSearchParams>,
) -> Result<axum::Json<Vec<StorePackage>>, Problem> {
    Err(Problem::busy())
}

/// An app of a store.
#[utoipa::path(get, path = "/api/stores/{id}/packages/{app}", operation_id = "getStorePackage", tag = "stores",
    params(("id" = String, Path, description = "The store"), ("app" = String, Path, description = "The app's id")),
    responses((status = 200, body = StorePackageDetail), (status = 404, body = Problem, content_type = "application/problem+json")))]
pub(crate) async fn package(
    Path((_id, _app)): Path<(String, String)>,
) -> Result<axum::Json<StorePackageDetail>, Problem> {
    Err(Problem::busy())
}

/// A screenshot of an app.
#[utoipa::path(get, path = "/api/stores/{id}/packages/{app}/shots/{number}", operation_id = "getScreenshot", tag = "stores",
    params(("id" = String, Path, description = "The store"), ("app" = String, Path, description = "The app's id"), ("number" = usize, Path, description = "0 for the first")),
    responses((status = 200, body = Bytes, content_type = "image/*"), (status = 404, body = Problem, content_type = "application/problem+json")))]
pub(crate) async fn screenshot(
    Path((_id, _app, _number)): Path<(String, String, usize)>,
) -> Result<Response, Problem> {
    Err(Problem::busy())
}

/// Gets a package from a store and reads it; what follows is the same as for a package from a file.
#[utoipa::path(post, path = "/api/stores/{id}/fetch", operation_id = "fetchPackage", tag = "stores", params(("id" = String, Path, description = "The store")),
    request_body = FetchPackage,
    responses((status = 200, body = Inspection), (status = 404, body = Problem, content_type = "application/problem+json"),
        (status = 422, body = Problem, content_type = "application/problem+json", description = "the package is refused; the code says why")))]
pub(crate) async fn fetch(
    Path(_id): Path<String>,
    Json(_asked): Json<FetchPackage>,
) -> Result<axum::Json<Inspection>, Problem> {
    Err(Problem::busy())
}
