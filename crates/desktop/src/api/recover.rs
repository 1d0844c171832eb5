//! A person who has lost every device moves in again: with the 24 words, or with the shares of guardians.

use axum::{
    extract::{FromRequest, Request, State},
    http::StatusCode,
};
use serde::Deserialize;
use time::OffsetDateTime;
use utoipa::ToSchema;
use webx_identity::{DidLog, RecoveryWords, slip39::Share};
use webx_vault::Passphrase;

use super::onboarding::{Welcome, name};
use super::session::parse_words;
use crate::{
    auth::gate,
    desktop::{Desktop, State as NodeState, blocking},
    door::Recovery,
    http::{extract::Json, hidden::Hidden, problem::Problem},
};

/// Most shares of a set.
const MOST_SHARES: usize = 16;
/// No 24 words and no share are longer, in bytes.
const LONGEST_WORDS: usize = 1024;

/// A person who comes back: with the words or with shares, not with both.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct RecoveryRequest {
    /// The 24 words, separated by spaces.
    #[serde(default)]
    #[schema(value_type = Option<String>, format = Password, max_length = 1024)]
    words: Option<Hidden>,
    /// Shares of guardians (SLIP-0039), each 33 words separated by spaces.
    #[serde(default)]
    #[schema(value_type = Vec<String>, max_items = 16)]
    shares: Vec<Hidden>,
    /// The newest log of the identity, if there is a copy: then a new key becomes the only device.
    #[serde(default)]
    log: Option<String>,
    /// Opens this device from now on; at least 8 characters.
    #[schema(value_type = String, min_length = 8, max_length = 1024, format = Password)]
    passphrase: Hidden,
    /// How the person wants to be called.
    #[schema(min_length = 1, max_length = 64)]
    display_name: String,
    /// How this machine is called.
    #[schema(min_length = 1, max_length = 64)]
    device_name: String,
}

impl RecoveryRequest {
    fn recovery(&self) -> Result<Recovery, Problem> {
        let (words, typed) = match (&self.words, self.shares.as_slice()) {
            (Some(words), []) if words.len() <= LONGEST_WORDS => (parse_words(words)?, true),
            (None, shares) if !shares.is_empty() => (of_shares(shares)?, false),
            _ => {
                return Err(Problem::bad_request(
                    "either the 24 words or 1 to 16 shares are needed",
                ));
            }
        };
        let log = self.log.as_deref().map(DidLog::parse).transpose();
        Ok(Recovery {
            words,
            typed,
            log: log
                .map_err(|error| Problem::bad_request(format!("not an identity log: {error}")))?,
            passphrase: Passphrase::new(&self.passphrase).map_err(Problem::from)?,
            display_name: name(&self.display_name)?,
            device_name: name(&self.device_name)?,
        })
    }
}

fn of_shares(texts: &[Hidden]) -> Result<RecoveryWords, Problem> {
    let refused = |code, what: String| Problem::new(StatusCode::UNPROCESSABLE_ENTITY, code, what);
    if texts.len() > MOST_SHARES {
        return Err(Problem::bad_request("no set has more than 16 shares"));
    }
    let mut shares = Vec::with_capacity(texts.len());
    for (place, text) in texts.iter().enumerate() {
        let share: Share = text
            .parse()
            .map_err(|error| refused("not-share", format!("share {}: {error}", place + 1)))?;
        shares.push(share);
    }
    RecoveryWords::from_shares(&shares).map_err(|error| refused("wrong-shares", error.to_string()))
}

/// Makes a home for a person who comes back, and opens it: the same DID, an empty drive. The answer names the 24 words, which
/// somebody who came with shares has to write down anew.
#[utoipa::path(post, path = "/api/onboarding/recover", operation_id = "recover", tag = "session", security(("proof" = []), ("control" = [])),
    request_body = RecoveryRequest,
    responses((status = 200, body = Welcome), (status = 400, body = Problem, content_type = "application/problem+json"),
        (status = 409, body = Problem, content_type = "application/problem+json", description = "somebody lives here already"),
        (status = 422, body = Problem, content_type = "application/problem+json",
            description = "code not-words; not-share: one of them is no share; wrong-shares: together they give no words")))]
pub(crate) async fn recover(
    State(desktop): State<Desktop>,
    request: Request,
) -> Result<axum::Json<Welcome>, axum::response::Response> {
    let (parts, body) = request.into_parts();
    let key = gate::identify_newcomer(&desktop, &parts).map_err(gate::unauthorized)?;
    let request = Request::from_parts(parts, body);
    let work = async {
        let Json(asked) = Json::<RecoveryRequest>::from_request(request, &desktop).await?;
        let turn = desktop.opening().await;
        if desktop.state() != NodeState::Welcome {
            return Err(Problem::new(
                StatusCode::CONFLICT,
                "wrong-state",
                "somebody lives here already",
            ));
        }
        let worker = desktop.clone();
        let (words, typed, did) = blocking(move || {
            let lost = asked.recovery()?;
            let (words, typed) = (lost.words.words(), lost.typed);
            let home = worker.opener().recover(lost)?;
            let did = home.person.card()?.did;
            worker.move_in(home)?;
            Ok((words, typed, did))
        })
        .await?;
        if !typed {
            *desktop.words() = Some(words.clone());
        }
        drop(turn);
        let issued = key
            .map(|key| desktop.sessions().issue(key, OffsetDateTime::now_utc()))
            .transpose()
            .map_err(Problem::internal)?;
        let (token, expires_at) = issued.map(|i| (Hidden(i.token), i.expires_at)).unzip();
        Ok(axum::Json(Welcome {
            token,
            expires_at,
            words,
            did,
        }))
    };
    work.await.map_err(gate::unauthorized)
}
