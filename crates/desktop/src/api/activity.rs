//! What the node did, and what the person should notice.

use axum::{Extension, extract::State, http::StatusCode};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use time::OffsetDateTime;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use crate::{
    auth::narrow::Acting,
    desktop::{Desktop, blocking},
    door::Home,
    http::{
        extract::{Json, Path, Query},
        problem::Problem,
    },
    live::LiveEvent,
};

/// How serious something is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) enum ActivityLevel {
    Info,
    Warning,
    Error,
}

/// Something the node did.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Activity {
    /// Grows with time.
    pub(crate) id: u64,
    /// When.
    #[serde(with = "time::serde::rfc3339")]
    pub(crate) at: OffsetDateTime,
    /// What, as a stable word with dots.
    pub(crate) kind: String,
    /// How serious it is.
    pub(crate) level: ActivityLevel,
    /// With what, in a few words.
    pub(crate) subject: String,
    /// More about it.
    #[schema(value_type = Object)]
    pub(crate) detail: Value,
}

impl From<webx_services::Entry> for Activity {
    fn from(entry: webx_services::Entry) -> Self {
        let webx_services::Entry {
            id,
            at,
            kind,
            level,
            subject,
            detail,
        } = entry;
        let level = match level {
            webx_services::Level::Info => ActivityLevel::Info,
            webx_services::Level::Warning => ActivityLevel::Warning,
            webx_services::Level::Error => ActivityLevel::Error,
        };
        Self {
            id,
            at,
            kind,
            level,
            subject,
            detail,
        }
    }
}

/// A part of the log, the newest entry first.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ActivityPage {
    items: Vec<Activity>,
    /// What to ask for as `before` to go on; absent at the end.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<u64>,
}

/// Which part of the log.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
pub(crate) struct ActivityQuery {
    /// Only entries before this one.
    before: Option<u64>,
    /// At most so many; 1 to 1000, 100 when absent.
    #[param(minimum = 1, maximum = 1000)]
    limit: Option<u32>,
    /// Only entries of this kind.
    kind: Option<String>,
}

/// How a notification is drawn.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) enum NotificationLevel {
    #[default]
    Info,
    Success,
    Warning,
    Error,
}

/// What opens when the person follows a notification.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct NotificationAction {
    /// The app.
    pub(crate) app: String,
    /// What the app is told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub(crate) args: Option<Value>,
}

/// Something the person should notice.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Notification {
    /// Names it.
    pub(crate) id: Uuid,
    /// When it came.
    #[serde(with = "time::serde::rfc3339")]
    pub(crate) at: OffsetDateTime,
    /// One line.
    pub(crate) title: String,
    /// More.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) body: Option<String>,
    /// How it is drawn.
    pub(crate) level: NotificationLevel,
    /// What following it opens.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) open: Option<NotificationAction>,
}

impl From<webx_services::Notification> for Notification {
    fn from(n: webx_services::Notification) -> Self {
        use webx_services::NotificationLevel as Level;
        let level = match n.level {
            Level::Info => NotificationLevel::Info,
            Level::Success => NotificationLevel::Success,
            Level::Warning => NotificationLevel::Warning,
            Level::Error => NotificationLevel::Error,
        };
        let open = n.open.map(|a| NotificationAction {
            app: a.app,
            args: a.args,
        });
        Self {
            id: n.id,
            at: n.at,
            title: n.title,
            body: n.body,
            level,
            open,
        }
    }
}

/// A notification to show.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct NewNotification {
    /// One line, 1 to 200 bytes.
    #[schema(min_length = 1, max_length = 200)]
    title: String,
    /// More, at most 2000 bytes.
    #[schema(max_length = 2000)]
    body: Option<String>,
    /// How it is drawn.
    #[serde(default)]
    level: NotificationLevel,
    /// What following it opens; at most 4 KiB.
    open: Option<NotificationAction>,
}

impl From<NewNotification> for webx_services::NewNotification {
    fn from(new: NewNotification) -> Self {
        use webx_services::NotificationLevel as Level;
        let level = match new.level {
            NotificationLevel::Info => Level::Info,
            NotificationLevel::Success => Level::Success,
            NotificationLevel::Warning => Level::Warning,
            NotificationLevel::Error => Level::Error,
        };
        let open = new.open.map(|a| webx_services::Action {
            app: a.app,
            args: a.args,
        });
        Self {
            title: new.title,
            body: new.body,
            level,
            open,
        }
    }
}

impl From<webx_services::Error> for Problem {
    fn from(error: webx_services::Error) -> Self {
        match error {
            webx_services::Error::Vault(error) => error.into(),
            webx_services::Error::Length { .. } => Self::bad_request(error.to_string()),
            other => Self::internal(other),
        }
    }
}

/// What the node did, the newest first.
#[utoipa::path(get, path = "/api/activity", operation_id = "listActivity", tag = "desktop", params(ActivityQuery),
    responses((status = 200, body = ActivityPage)))]
pub(crate) async fn list(
    Extension(home): Extension<Home>,
    Query(asked): Query<ActivityQuery>,
) -> Result<axum::Json<ActivityPage>, Problem> {
    blocking(move || {
        let limit = asked.limit.unwrap_or(100).clamp(1, 1000);
        let page = home
            .events
            .list(asked.before, limit, asked.kind.as_deref())?;
        Ok(axum::Json(ActivityPage {
            items: page.items.into_iter().map(Into::into).collect(),
            next: page.next,
        }))
    })
    .await
}

/// The notifications that wait, the newest first.
#[utoipa::path(get, path = "/api/notifications", operation_id = "listNotifications", tag = "desktop", responses((status = 200, body = Vec<Notification>)))]
pub(crate) async fn notifications(
    Extension(home): Extension<Home>,
) -> Result<axum::Json<Vec<Notification>>, Problem> {
    blocking(move || {
        Ok(axum::Json(
            home.notifications
                .list()?
                .into_iter()
                .map(Into::into)
                .collect(),
        ))
    })
    .await
}

/// Adds a notification. One that an app adds leads to that app, whatever it says.
#[utoipa::path(post, path = "/api/notifications", operation_id = "addNotification", tag = "desktop", request_body = NewNotification,
    responses((status = 200, body = Notification), (status = 400, body = Problem, content_type = "application/problem+json")))]
pub(crate) async fn notify(
    Extension(home): Extension<Home>,
    Extension(acting): Extension<Acting>,
    Json(mut new): Json<NewNotification>,
) -> Result<axum::Json<Notification>, Problem> {
    blocking(move || {
        if let Acting::App(install) = acting {
            let app = home.apps.get(install)?.app.to_string();
            let args = new.open.and_then(|open| open.args);
            new.open = Some(NotificationAction { app, args });
        }
        Ok(axum::Json(home.notifications.add(new.into())?.into()))
    })
    .await
}

/// Dismisses a notification.
#[utoipa::path(delete, path = "/api/notifications/{id}", operation_id = "dismissNotification", tag = "desktop",
    params(("id" = Uuid, Path, description = "The notification")),
    responses((status = 204), (status = 404, body = Problem, content_type = "application/problem+json")))]
pub(crate) async fn dismiss(
    State(desktop): State<Desktop>,
    Extension(home): Extension<Home>,
    Path(id): Path<Uuid>,
) -> Result<StatusCode, Problem> {
    let found = blocking(move || Ok(home.notifications.dismiss(id)?)).await?;
    if !found {
        return Err(Problem::not_found("this notification"));
    }
    desktop
        .hub()
        .send(LiveEvent::NotificationDismissed { id: id.to_string() });
    Ok(StatusCode::NO_CONTENT)
}
