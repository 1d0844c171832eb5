//! The first person moves in, and proves to have written the 24 words down.

use axum::{
    Extension,
    extract::{FromRequest, Request, State},
    http::StatusCode,
};
use serde::{Deserialize, Serialize};
use serde_json::json;
use time::OffsetDateTime;
use utoipa::ToSchema;
use webx_vault::Passphrase;
use zeroize::Zeroizing;

use crate::{
    auth::{gate, sessions::same_secret},
    desktop::{Desktop, State as NodeState, blocking},
    door::{Home, NewPerson},
    http::{
        extract::Json,
        hidden::{self, Hidden},
        problem::Problem,
    },
    live::LiveEvent,
    record::note,
};

/// How many words are asked for.
const ASKED: usize = 3;

/// A new person.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Onboarding {
    /// At least 8 characters.
    #[schema(value_type = String, min_length = 8, max_length = 1024, format = Password)]
    passphrase: Hidden,
    /// How the person wants to be called.
    #[schema(min_length = 1, max_length = 64)]
    display_name: String,
    /// How this machine is called.
    #[schema(min_length = 1, max_length = 64)]
    device_name: String,
}

/// A new home.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Welcome {
    /// The first login's token; absent for the command line, which needs none.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub(super) token: Option<Hidden>,
    /// When the token ends.
    #[serde(
        skip_serializing_if = "Option::is_none",
        with = "time::serde::rfc3339::option"
    )]
    pub(super) expires_at: Option<OffsetDateTime>,
    /// The recovery kit: shown this once, never stored.
    #[serde(serialize_with = "hidden::list")]
    #[schema(value_type = Vec<String>, min_items = 24, max_items = 24)]
    pub(super) words: Zeroizing<Vec<String>>,
    /// The person's DID.
    pub(super) did: String,
}

/// Which words to type in.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Challenge {
    /// Three places between 0 and 23.
    #[schema(min_items = 3, max_items = 3)]
    indexes: Vec<usize>,
}

/// The words that were typed in.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Confirmation {
    /// One answer for each of three different places.
    #[schema(min_items = 3, max_items = 3)]
    answers: Vec<Answer>,
}

/// One of the words.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Answer {
    /// The place, from 0.
    index: usize,
    /// The word.
    #[schema(value_type = String, max_length = 32)]
    word: Hidden,
}

/// Gives the first person an identity and opens the home.
#[utoipa::path(post, path = "/api/onboarding", operation_id = "onboard", tag = "session", security(("proof" = []), ("control" = [])),
    request_body = Onboarding,
    responses((status = 200, body = Welcome), (status = 400, body = Problem, content_type = "application/problem+json"),
        (status = 409, body = Problem, content_type = "application/problem+json", description = "somebody lives here already")))]
pub(crate) async fn create(
    State(desktop): State<Desktop>,
    request: Request,
) -> Result<axum::Json<Welcome>, axum::response::Response> {
    let (parts, body) = request.into_parts();
    let key = gate::identify_newcomer(&desktop, &parts).map_err(gate::unauthorized)?;
    let request = Request::from_parts(parts, body);
    let work = async {
        let Json(asked) = Json::<Onboarding>::from_request(request, &desktop).await?;
        let new = NewPerson {
            passphrase: Passphrase::new(&asked.passphrase).map_err(Problem::from)?,
            display_name: name(&asked.display_name)?,
            device_name: name(&asked.device_name)?,
        };
        let turn = desktop.opening().await;
        if desktop.state() != NodeState::Welcome {
            return Err(Problem::new(
                StatusCode::CONFLICT,
                "wrong-state",
                "somebody lives here already",
            ));
        }
        let worker = desktop.clone();
        let (words, did) = blocking(move || {
            let (home, words) = worker.opener().create(new)?;
            let did = home.person.card()?.did;
            worker.move_in(home)?;
            Ok((words, did))
        })
        .await?;
        *desktop.words() = Some(words.clone());
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

/// Asks for three of the words, other ones each time.
#[utoipa::path(get, path = "/api/onboarding/challenge", operation_id = "getRecoveryChallenge", tag = "session",
    responses((status = 200, body = Challenge),
        (status = 409, body = Problem, content_type = "application/problem+json", description = "the words were confirmed already, or the node was locked since it showed them")))]
pub(crate) async fn challenge(
    State(desktop): State<Desktop>,
) -> Result<axum::Json<Challenge>, Problem> {
    let count = desktop.words().as_ref().map(|w| w.len()).ok_or_else(gone)?;
    let mut indexes: Vec<usize> = Vec::with_capacity(ASKED);
    while indexes.len() < ASKED.min(count) {
        let index = getrandom::u32().map_err(Problem::internal)? as usize % count;
        if !indexes.contains(&index) {
            indexes.push(index);
        }
    }
    indexes.sort_unstable();
    Ok(axum::Json(Challenge { indexes }))
}

/// Checks three of the words; the node forgets all of them when they are right.
#[utoipa::path(post, path = "/api/onboarding/confirm", operation_id = "confirmRecovery", tag = "session", request_body = Confirmation,
    responses((status = 204), (status = 422, body = Problem, content_type = "application/problem+json", description = "a word is wrong")))]
pub(crate) async fn confirm(
    State(desktop): State<Desktop>,
    Extension(home): Extension<Home>,
    Json(asked): Json<Confirmation>,
) -> Result<StatusCode, Problem> {
    let right = {
        let words = desktop.words();
        let words = words.as_ref().ok_or_else(gone)?;
        let mut places: Vec<usize> = asked.answers.iter().map(|a| a.index).collect();
        places.sort_unstable();
        places.dedup();
        places.len() == ASKED
            && asked.answers.len() == ASKED
            && asked.answers.iter().all(|a| {
                words
                    .get(a.index)
                    .is_some_and(|w| same_secret(w, &a.word.trim().to_lowercase()))
            })
    };
    if !right {
        return Err(Problem::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            "wrong-words",
            "these are not the words in these places",
        ));
    }
    blocking(move || {
        home.person.confirm_recovery()?;
        note(&home, "identity.recovery-confirmed", "24 words", json!({}));
        Ok(())
    })
    .await?;
    *desktop.words() = None;
    desktop.hub().send(LiveEvent::Identity);
    Ok(StatusCode::NO_CONTENT)
}

fn gone() -> Problem {
    Problem::new(
        StatusCode::CONFLICT,
        "words-gone",
        "the node does not hold the words any more; check them in Settings by typing in all 24",
    )
}

/// A name of 1 to 64 characters without control characters, trimmed.
pub(crate) fn name(text: &str) -> Result<String, Problem> {
    let text = text.trim();
    let length = text.chars().count();
    let hidden = |c: char| {
        c.is_control()
            || matches!(c, '\u{200e}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
    };
    if length == 0 || length > 64 || text.chars().any(hidden) {
        return Err(Problem::bad_request(
            "a name has 1 to 64 characters and no control characters",
        ));
    }
    Ok(text.to_owned())
}
