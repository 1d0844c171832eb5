//! An app's documents: JSON objects in collections.

use axum::{Extension, http::StatusCode};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use time::OffsetDateTime;
use utoipa::{IntoParams, ToSchema};
use webx_apps::Filter;

use super::install_id;
use crate::{
    desktop::blocking,
    door::Home,
    http::{
        extract::{Json, Path, Query},
        problem::Problem,
    },
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
    /// `field:value`: only documents whose field is this text, number or truth value; `author.name:Ada` looks inside.
    r#where: Option<String>,
}

/// A document.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Document {
    /// Its name in the collection.
    id: String,
    /// 1 at first, and one more with every change.
    version: u64,
    /// When it was last changed.
    #[serde(with = "time::serde::rfc3339")]
    updated_at: OffsetDateTime,
    /// What it says.
    #[schema(value_type = Object)]
    value: Value,
}

impl From<webx_apps::Document> for Document {
    fn from(document: webx_apps::Document) -> Self {
        Self {
            id: document.id,
            version: document.version,
            updated_at: document.updated_at,
            value: document.value,
        }
    }
}

/// A document to store.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct NewDocument {
    /// What it says.
    #[schema(value_type = Object)]
    value: Value,
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
    Extension(home): Extension<Home>,
    Path((install, collection)): Path<(String, String)>,
    Query(asked): Query<DocsParams>,
) -> Result<axum::Json<DocumentPage>, Problem> {
    let install = install_id(&install)?;
    blocking(move || {
        let filter = asked.r#where.as_deref().map(Filter::parse).transpose()?;
        let page = home.apps.store(install)?.documents(
            &collection,
            asked.after.as_deref(),
            asked.limit.unwrap_or(100),
            filter.as_slice(),
        )?;
        Ok(axum::Json(DocumentPage {
            items: page.items.into_iter().map(Into::into).collect(),
            next: page.next,
        }))
    })
    .await
}

/// A document.
#[utoipa::path(get, path = "/api/apps/{install}/docs/{collection}/{id}", operation_id = "getDocument", tag = "apps",
    params(("install" = String, Path, description = "The installation"), ("collection" = String, Path, description = "The collection"), ("id" = String, Path, description = "The document")),
    responses((status = 200, body = Document), (status = 404, body = Problem, content_type = "application/problem+json")))]
pub(crate) async fn get(
    Extension(home): Extension<Home>,
    Path((install, collection, id)): Path<(String, String, String)>,
) -> Result<axum::Json<Document>, Problem> {
    let install = install_id(&install)?;
    blocking(move || {
        let document = home.apps.store(install)?.get_document(&collection, &id)?;
        let document = document.ok_or_else(|| Problem::not_found("this document"))?;
        Ok(axum::Json(document.into()))
    })
    .await
}

/// Stores a document in place of the one before.
#[utoipa::path(put, path = "/api/apps/{install}/docs/{collection}/{id}", operation_id = "putDocument", tag = "apps",
    params(("install" = String, Path, description = "The installation"), ("collection" = String, Path, description = "The collection"), ("id" = String, Path, description = "The document")),
    request_body = NewDocument,
    responses((status = 200, body = Document), (status = 409, body = Problem, content_type = "application/problem+json", description = "code changed: it has another version by now"),
        (status = 413, body = Problem, content_type = "application/problem+json"),
        (status = 507, body = Problem, content_type = "application/problem+json", description = "codes app-quota, disk-full")))]
pub(crate) async fn put(
    Extension(home): Extension<Home>,
    Path((install, collection, id)): Path<(String, String, String)>,
    Json(new): Json<NewDocument>,
) -> Result<axum::Json<Document>, Problem> {
    let install = install_id(&install)?;
    blocking(move || {
        let store = home.apps.store(install)?;
        let document = store.put_document(&collection, &id, &new.value, new.if_version)?;
        Ok(axum::Json(document.into()))
    })
    .await
}

/// Deletes a document; one that is not there is deleted already.
#[utoipa::path(delete, path = "/api/apps/{install}/docs/{collection}/{id}", operation_id = "deleteDocument", tag = "apps",
    params(("install" = String, Path, description = "The installation"), ("collection" = String, Path, description = "The collection"), ("id" = String, Path, description = "The document")),
    responses((status = 204)))]
pub(crate) async fn remove(
    Extension(home): Extension<Home>,
    Path((install, collection, id)): Path<(String, String, String)>,
) -> Result<StatusCode, Problem> {
    let install = install_id(&install)?;
    blocking(move || {
        home.apps
            .store(install)?
            .delete_document(&collection, &id)?;
        Ok(StatusCode::NO_CONTENT)
    })
    .await
}
