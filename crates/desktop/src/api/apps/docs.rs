//! An app's documents: JSON objects in collections.

use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use time::OffsetDateTime;
use utoipa::{IntoParams, ToSchema};

use crate::http::{
    extract::{Json, Path, Query},
    problem::Problem,
};

/// Which documents.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
pub(crate) struct DocsParams {
    /// Only documents after this id.
    after: Option<String>,
    /// At most so many; 1 to 1000, 100 when absent.
    #[param(minimum = 1, maximum = 1000)]
    limit: Option<u32>,
    /// `field:value`: only documents whose top-level field is this text, number or truth value.
    r#where: Option<String>,
}

/// A document.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Document {
    /// Its name in the collection.
    id: String,
    /// Grows with every change of the collection.
    version: u64,
    /// When it was last changed.
    #[serde(with = "time::serde::rfc3339")]
    updated_at: OffsetDateTime,
    /// What it says.
    #[schema(value_type = Object)]
    value: Map<String, Value>,
}

/// A document to store.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct NewDocument {
    /// What it says.
    #[schema(value_type = Object)]
    value: Map<String, Value>,
    /// The version that is replaced; 0 for none. Without it the last one who writes wins.
    if_version: Option<u64>,
}

/// Some documents of a collection.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct DocumentPage {
    /// In the order of their ids.
    items: Vec<Document>,
    /// What to ask for as `after` to go on; absent at the end.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
}

/// The documents of a collection.
#[utoipa::path(get, path = "/api/apps/{install}/docs/{collection}", operation_id = "listDocuments", tag = "apps",
    params(("install" = String, Path, description = "The installation"), ("collection" = String, Path, description = "The collection"), DocsParams),
    responses((status = 200, body = DocumentPage)))]
pub(crate) async fn list(
    Path((_install, _collection)): Path<(String, String)>,
    Query(_asked): Query<DocsParams>,
) -> Result<axum::Json<DocumentPage>, Problem> {
    Err(Problem::busy())
}

/// A document.
#[utoipa::path(get, path = "/api/apps/{install}/docs/{collection}/{id}", operation_id = "getDocument", tag = "apps",
    params(("install" = String, Path, description = "The installation"), ("collection" = String, Path, description = "The collection"), ("id" = String, Path, description = "The document")),
    responses((status = 200, body = Document), (status = 404, body = Problem, content_type = "application/problem+json")))]
pub(crate) async fn get(
    Path((_install, _collection, _id)): Path<(String, String, String)>,
) -> Result<axum::Json<Document>, Problem> {
    Err(Problem::busy())
}

/// Stores a document in place of the one before.
#[utoipa::path(put, path = "/api/apps/{install}/docs/{collection}/{id}", operation_id = "putDocument", tag = "apps",
    params(("install" = String, Path, description = "The installation"), ("collection" = String, Path, description = "The collection"), ("id" = String, Path, description = "The document")),
    request_body = NewDocument,
    responses((status = 200, body = Document), (status = 409, body = Problem, content_type = "application/problem+json", description = "code changed: it has another version by now"),
        (status = 413, body = Problem, content_type = "application/problem+json"),
        (status = 507, body = Problem, content_type = "application/problem+json", description = "code quota")))]
pub(crate) async fn put(
    Path((_install, _collection, _id)): Path<(String, String, String)>,
    Json(_new): Json<NewDocument>,
) -> Result<axum::Json<Document>, Problem> {
    Err(Problem::busy())
}

/// Deletes a document; one that is not there is deleted already.
#[utoipa::path(delete, path = "/api/apps/{install}/docs/{collection}/{id}", operation_id = "deleteDocument", tag = "apps",
    params(("install" = String, Path, description = "The installation"), ("collection" = String, Path, description = "The collection"), ("id" = String, Path, description = "The document")),
    responses((status = 204)))]
pub(crate) async fn remove(
    Path((_install, _collection, _id)): Path<(String, String, String)>,
) -> Result<StatusCode, Problem> {
    Err(Problem::busy())
}
