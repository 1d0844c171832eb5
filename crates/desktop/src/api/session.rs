//! Logging in and out, locking.

use axum::{
    Extension,
    extract::{FromRequest, Request, State},
    http::StatusCode,
    response::{IntoResponse as _, Response},
};
use serde::{Deserialize, Serialize};
use serde_json::json;
use time::OffsetDateTime;
use utoipa::ToSchema;
use webx_identity::RecoveryWords;
use webx_vault::Passphrase;

use crate::{
    auth::{
        gate::{self, Caller},
        sessions::Issued,
    },
    desktop::{Desktop, State as NodeState, blocking},
    door::{Home, Secret},
    http::{extract::Json, hidden::Hidden, problem::Problem},
    record::note,
};

/// What a person shows to get in: one of the two.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct LogIn {
    /// The passphrase.
    #[schema(value_type = Option<String>, format = Password, max_length = 1024)]
    passphrase: Option<Hidden>,
    /// The 24 words, separated by spaces.
    #[schema(value_type = Option<String>, format = Password, max_length = 1024)]
    words: Option<Hidden>,
}

/// A login.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Session {
    /// Good only together with proofs of the browser's key.
    #[schema(value_type = String)]
    token: Hidden,
    /// When the token ends.
    #[serde(with = "time::serde::rfc3339")]
    expires_at: OffsetDateTime,
}

impl From<Issued> for axum::Json<Session> {
    fn from(issued: Issued) -> Self {
        Self(Session {
            token: Hidden(issued.token),
            expires_at: issued.expires_at,
        })
    }
}

/// Unlocks the home, or proves the secret when it is open already, and logs this browser in.
#[utoipa::path(post, path = "/api/session", operation_id = "logIn", tag = "session", security(("proof" = []), ("control" = [])),
    request_body = LogIn,
    responses((status = 200, body = Session), (status = 204, description = "the command line unlocked the home; it needs no token"),
        (status = 401, body = Problem, content_type = "application/problem+json", description = "code wrong-passphrase, with retryAfterSeconds"),
        (status = 429, body = Problem, content_type = "application/problem+json", description = "code too-soon: this try was not looked at")))]
pub(crate) async fn log_in(
    State(desktop): State<Desktop>,
    request: Request,
) -> Result<Response, Response> {
    let (parts, body) = request.into_parts();
    let key = gate::identify_newcomer(&desktop, &parts).map_err(gate::unauthorized)?;
    let request = Request::from_parts(parts, body);
    let work = async {
        let Json(shown) = Json::<LogIn>::from_request(request, &desktop).await?;
        let secret = secret(shown.passphrase.as_deref(), shown.words.as_deref())?;
        let _turn = desktop.opening().await;
        if desktop.state() == NodeState::Welcome {
            return Err(Problem::new(
                StatusCode::CONFLICT,
                "wrong-state",
                "nobody lives here yet; begin with the welcome screen",
            ));
        }
        let worker = desktop.clone();
        let browser = key.is_some();
        blocking(move || {
            let home = match worker.home() {
                Some(home) => {
                    worker.opener().verify(&home, secret)?;
                    home
                }
                None => {
                    let home = worker.opener().unlock(secret)?;
                    worker.move_in(home.clone())?;
                    home
                }
            };
            if browser {
                note(&home, "session.opened", "browser", json!({}));
            }
            Ok(())
        })
        .await?;
        let Some(key) = key else {
            return Ok(StatusCode::NO_CONTENT.into_response());
        };
        let issued = desktop
            .sessions()
            .issue(key, OffsetDateTime::now_utc())
            .map_err(Problem::internal)?;
        Ok(axum::Json::<Session>::from(issued).into_response())
    };
    work.await.map_err(gate::unauthorized)
}

/// Another token for the same login, before the old one ends.
#[utoipa::path(post, path = "/api/session/refresh", operation_id = "refreshSession", tag = "session",
    responses((status = 200, body = Session), (status = 401, body = Problem, content_type = "application/problem+json")))]
pub(crate) async fn refresh(
    State(desktop): State<Desktop>,
    request: Request,
) -> Result<axum::Json<Session>, Problem> {
    let (parts, _) = request.into_parts();
    let token = gate::token(&parts)
        .ok_or_else(|| Problem::bad_request("the control token needs no refresh"))?;
    match desktop.sessions().refresh(token, OffsetDateTime::now_utc()) {
        Some(issued) => Ok(issued.map_err(Problem::internal)?.into()),
        None => Err(Problem::new(
            StatusCode::UNAUTHORIZED,
            "invalid-token",
            "the login has ended; log in again",
        )),
    }
}

/// Logs this browser out. The home stays open for others.
#[utoipa::path(delete, path = "/api/session", operation_id = "logOut", tag = "session", responses((status = 204)))]
pub(crate) async fn log_out(
    State(desktop): State<Desktop>,
    Extension(home): Extension<Home>,
    Extension(caller): Extension<Caller>,
) -> Result<StatusCode, Problem> {
    if let Caller::Browser { login } = caller {
        desktop.sessions().end(login);
        desktop.hub().wake();
        blocking(move || {
            note(&home, "session.closed", "browser", json!({}));
            Ok(())
        })
        .await?;
    }
    Ok(StatusCode::NO_CONTENT)
}

/// Locks the home for everybody.
#[utoipa::path(post, path = "/api/lock", operation_id = "lock", tag = "session", responses((status = 204)))]
pub(crate) async fn lock(State(desktop): State<Desktop>) -> StatusCode {
    // Finishes even when the asking browser is gone.
    let locking = tokio::spawn(async move { desktop.lock("the person asked for it").await });
    let _ = locking.await;
    StatusCode::NO_CONTENT
}

/// The one secret that a person shows.
pub(crate) fn secret(passphrase: Option<&str>, words: Option<&str>) -> Result<Secret, Problem> {
    match (passphrase, words) {
        (Some(passphrase), None) => Ok(Secret::Passphrase(
            Passphrase::new(passphrase).map_err(Problem::from)?,
        )),
        (None, Some(words)) => Ok(Secret::Words(parse_words(words)?)),
        _ => Err(Problem::bad_request(
            "show the passphrase or the 24 words, one of the two",
        )),
    }
}

/// The 24 words as a person types them.
pub(crate) fn parse_words(text: &str) -> Result<RecoveryWords, Problem> {
    RecoveryWords::parse(text).map_err(|e| {
        Problem::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            "not-words",
            format!("these are not 24 recovery words: {e}"),
        )
    })
}
