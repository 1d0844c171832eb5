//! Stores: where apps come from. Any number of them, none special.

use axum::{
    Extension,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse as _, Response},
};
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use utoipa::{IntoParams, ToSchema};
use webx_apps::{Offered, OfferedApp, StoreInfo, Updating};
use webx_wxa::{AppId, Category};

use super::apps::{
    AppPermission, AppWork, Inspection, Publisher, data_url, install_id, permission,
};
use crate::{
    desktop::blocking,
    door::Home,
    http::{
        bytes::Bytes,
        extract::{Json, Path, Query},
        problem::Problem,
    },
};

/// A store.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Store {
    /// Names it: the fingerprint of its root, as it was when the store was added.
    id: String,
    /// What the store calls itself.
    name: String,
    /// Where it is: a folder on this machine.
    location: String,
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
    /// When the store took it up.
    #[serde(with = "time::serde::rfc3339")]
    published_at: OffsetDateTime,
    /// What is new in it.
    #[serde(skip_serializing_if = "Option::is_none")]
    notes: Option<String>,
}

/// What became of a one-click update: `begun`, or `inspection` when the person is asked first.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct StoreUpdate {
    /// The work that began: the new version asks for nothing new that it needs.
    #[serde(skip_serializing_if = "Option::is_none")]
    begun: Option<AppWork>,
    /// What the new version needs beyond what the app has.
    #[serde(skip_serializing_if = "Option::is_none")]
    inspection: Option<Inspection>,
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

impl From<StoreInfo> for Store {
    fn from(store: StoreInfo) -> Self {
        Self {
            id: store.id,
            name: store.name,
            location: store.location,
            packages: store.packages,
            refreshed_at: store.refreshed_at,
            problem: store.problem,
        }
    }
}

impl From<OfferedApp> for StorePackage {
    fn from(offered: OfferedApp) -> Self {
        let update = offered.update;
        Self {
            store: offered.store,
            app: offered.app.to_string(),
            name: offered.name,
            version: offered.version.to_string(),
            category: offered.category.name().to_owned(),
            description: offered.description,
            publisher: offered.publisher.into(),
            size: offered.size,
            rating: offered.rating,
            screenshots: offered.screenshots,
            icon: offered.icon.as_ref().map(data_url),
            installed: offered.installed.map(|(install, version)| InstalledAs {
                install: install.to_string(),
                version: version.to_string(),
                update,
            }),
        }
    }
}

impl From<Offered> for StorePackageDetail {
    fn from(offered: Offered) -> Self {
        Self {
            package: offered.app.into(),
            versions: offered
                .versions
                .into_iter()
                .map(|v| StoreVersion {
                    version: v.version.to_string(),
                    size: v.size,
                    digest: v.digest.to_string(),
                    published_at: v.published_at,
                    notes: v.notes,
                })
                .collect(),
            permissions: offered
                .permissions
                .into_iter()
                .map(|ask| permission(ask, false))
                .collect(),
            warnings: offered.warnings,
        }
    }
}

/// The stores, in the order they were added.
#[utoipa::path(get, path = "/api/stores", operation_id = "listStores", tag = "stores", responses((status = 200, body = Vec<Store>)))]
pub(crate) async fn list(
    Extension(home): Extension<Home>,
) -> Result<axum::Json<Vec<Store>>, Problem> {
    blocking(move || {
        let stores = home.apps.stores().list()?;
        Ok(axum::Json(stores.into_iter().map(Into::into).collect()))
    })
    .await
}

/// Adds a store: its signed index is read and its root keys are remembered.
#[utoipa::path(post, path = "/api/stores", operation_id = "addStore", tag = "stores", request_body = NewStore,
    responses((status = 200, body = Store), (status = 409, body = Problem, content_type = "application/problem+json", description = "it is there already"),
        (status = 422, body = Problem, content_type = "application/problem+json", description = "its index is refused; the code says why")))]
pub(crate) async fn add(
    Extension(home): Extension<Home>,
    Json(new): Json<NewStore>,
) -> Result<axum::Json<Store>, Problem> {
    blocking(move || {
        let stores = home.apps.stores();
        let store = stores.add(&new.location, new.fingerprint.as_deref())?;
        Ok(axum::Json(store.into()))
    })
    .await
}

/// Forgets a store. Apps that came from it stay.
#[utoipa::path(delete, path = "/api/stores/{id}", operation_id = "removeStore", tag = "stores", params(("id" = String, Path, description = "The store")),
    responses((status = 204), (status = 404, body = Problem, content_type = "application/problem+json")))]
pub(crate) async fn remove(
    Extension(home): Extension<Home>,
    Path(id): Path<String>,
) -> Result<StatusCode, Problem> {
    blocking(move || {
        home.apps.stores().remove(&id)?;
        Ok(StatusCode::NO_CONTENT)
    })
    .await
}

/// Reads the index of every store again. A store that cannot be read says so and keeps what it had.
#[utoipa::path(post, path = "/api/stores/refresh", operation_id = "refreshStores", tag = "stores", responses((status = 200, body = Vec<Store>)))]
pub(crate) async fn refresh(
    Extension(home): Extension<Home>,
) -> Result<axum::Json<Vec<Store>>, Problem> {
    blocking(move || {
        let stores = home.apps.stores().refresh()?;
        Ok(axum::Json(stores.into_iter().map(Into::into).collect()))
    })
    .await
}

/// Apps of all stores.
#[utoipa::path(get, path = "/api/stores/search", operation_id = "searchStores", tag = "stores", params(StoreSearchParams), responses((status = 200, body = Vec<StorePackage>)))]
pub(crate) async fn search(
    Extension(home): Extension<Home>,
    Query(asked): Query<StoreSearchParams>,
) -> Result<axum::Json<Vec<StorePackage>>, Problem> {
    let words = asked.q.unwrap_or_default();
    if words.len() > 255 {
        return Err(Problem::bad_request("a search is at most 255 bytes"));
    }
    let category = match asked.category.as_deref().filter(|c| !c.is_empty()) {
        Some(name) => Some(
            Category::from_name(name)
                .ok_or_else(|| Problem::bad_request("there is no such category"))?,
        ),
        None => None,
    };
    blocking(move || {
        let found = home.apps.stores().search(&words, category)?;
        Ok(axum::Json(found.into_iter().map(Into::into).collect()))
    })
    .await
}

/// An app of a store.
#[utoipa::path(get, path = "/api/stores/{id}/packages/{app}", operation_id = "getStorePackage", tag = "stores",
    params(("id" = String, Path, description = "The store"), ("app" = String, Path, description = "The app's id")),
    responses((status = 200, body = StorePackageDetail), (status = 404, body = Problem, content_type = "application/problem+json")))]
pub(crate) async fn package(
    Extension(home): Extension<Home>,
    Path((id, app)): Path<(String, String)>,
) -> Result<axum::Json<StorePackageDetail>, Problem> {
    let app = app_id(&app)?;
    blocking(move || Ok(axum::Json(home.apps.stores().package(&id, &app)?.into()))).await
}

/// A screenshot of an app.
#[utoipa::path(get, path = "/api/stores/{id}/packages/{app}/shots/{number}", operation_id = "getScreenshot", tag = "stores",
    params(("id" = String, Path, description = "The store"), ("app" = String, Path, description = "The app's id"), ("number" = usize, Path, description = "0 for the first")),
    responses((status = 200, body = Bytes, content_type = "image/*"), (status = 404, body = Problem, content_type = "application/problem+json")))]
pub(crate) async fn screenshot(
    Extension(home): Extension<Home>,
    Path((id, app, number)): Path<(String, String, usize)>,
) -> Result<Response, Problem> {
    let app = app_id(&app)?;
    blocking(move || {
        let picture = home.apps.stores().screenshot(&id, &app, number)?;
        let kind = HeaderValue::from_static(picture.media_type);
        Ok(([(header::CONTENT_TYPE, kind)], picture.bytes).into_response())
    })
    .await
}

/// Gets a package from a store and reads it; what follows is the same as for a package from a file.
#[utoipa::path(post, path = "/api/stores/{id}/fetch", operation_id = "fetchPackage", tag = "stores", params(("id" = String, Path, description = "The store")),
    request_body = FetchPackage,
    responses((status = 200, body = Inspection), (status = 404, body = Problem, content_type = "application/problem+json"),
        (status = 422, body = Problem, content_type = "application/problem+json", description = "the package is refused; the code says why")))]
pub(crate) async fn fetch(
    Extension(home): Extension<Home>,
    Path(id): Path<String>,
    Json(asked): Json<FetchPackage>,
) -> Result<axum::Json<Inspection>, Problem> {
    let app = app_id(&asked.app)?;
    let version = match asked.version.as_deref() {
        Some(text) => Some(
            text.parse()
                .map_err(|_| Problem::bad_request("a version is written like 1.2.3"))?,
        ),
        None => None,
    };
    blocking(move || {
        let stores = home.apps.stores();
        Ok(axum::Json(
            stores.fetch(&id, &app, version.as_ref())?.into(),
        ))
    })
    .await
}

/// Apps that a store has a newer version of.
#[utoipa::path(get, path = "/api/stores/updates", operation_id = "listUpdates", tag = "stores", responses((status = 200, body = Vec<StorePackage>)))]
pub(crate) async fn updates(
    Extension(home): Extension<Home>,
) -> Result<axum::Json<Vec<StorePackage>>, Problem> {
    blocking(move || {
        let found = home.apps.stores().updates()?;
        Ok(axum::Json(found.into_iter().map(Into::into).collect()))
    })
    .await
}

/// Updates an app from its store in one step. What it newly needs is asked first.
#[utoipa::path(post, path = "/api/apps/{install}/update", operation_id = "updateApp", tag = "stores", params(("install" = String, Path, description = "The installation")),
    responses((status = 200, body = StoreUpdate), (status = 404, body = Problem, content_type = "application/problem+json", description = "no store has a newer version")))]
pub(crate) async fn update(
    Extension(home): Extension<Home>,
    Path(install): Path<String>,
) -> Result<axum::Json<StoreUpdate>, Problem> {
    let install = install_id(&install)?;
    blocking(move || {
        Ok(axum::Json(match home.apps.stores().update(install)? {
            Updating::Begun(begun) => StoreUpdate {
                begun: Some(begun.into()),
                inspection: None,
            },
            Updating::Asks(inspection) => StoreUpdate {
                begun: None,
                inspection: Some((*inspection).into()),
            },
        }))
    })
    .await
}

fn app_id(text: &str) -> Result<AppId, Problem> {
    text.parse()
        .map_err(|_| Problem::not_found("an app with this id"))
}
