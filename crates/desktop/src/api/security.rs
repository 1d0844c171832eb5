//! Changing the passphrase, checking the recovery kit.

use std::time::Duration;

use axum::{Extension, extract::State, http::StatusCode};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;
use webx_vault::{KdfCost, Passphrase};

use super::session::{parse_words, secret};
use crate::{
    desktop::{Desktop, blocking},
    door::{Home, OpenError, Secret},
    http::{extract::Json, hidden::Hidden, problem::Problem},
    live::LiveEvent,
    record::note,
};

/// How long one check of a passphrase takes.
const KDF_TARGET: Duration = Duration::from_millis(500);

/// The new passphrase, and what gives the right to set it: the old one, or the 24 words when it is forgotten.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct PassphraseChange {
    /// The passphrase as it is.
    #[schema(value_type = Option<String>, format = Password, max_length = 1024)]
    current: Option<Hidden>,
    /// The 24 words, separated by spaces.
    #[schema(value_type = Option<String>, format = Password, max_length = 1024)]
    words: Option<Hidden>,
    /// The passphrase from now on: at least 8 characters.
    #[schema(value_type = String, format = Password, min_length = 8, max_length = 1024)]
    next: Hidden,
}

/// The words a person wrote down.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct RecoveryCheck {
    /// The 24 words, separated by spaces.
    #[schema(value_type = String, format = Password, max_length = 1024)]
    words: Hidden,
}

/// Whether the words open this home.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RecoveryMatch {
    /// Whether they do.
    matches: bool,
}

/// Changes the passphrase. Logins stay.
#[utoipa::path(post, path = "/api/security/passphrase", operation_id = "changePassphrase", tag = "identity", request_body = PassphraseChange,
    responses((status = 204), (status = 401, body = Problem, content_type = "application/problem+json", description = "code wrong-passphrase"),
        (status = 400, body = Problem, content_type = "application/problem+json", description = "the new one is too short")))]
pub(crate) async fn passphrase(
    State(desktop): State<Desktop>,
    Extension(home): Extension<Home>,
    Json(asked): Json<PassphraseChange>,
) -> Result<StatusCode, Problem> {
    let next = Passphrase::new(&asked.next).map_err(Problem::from)?;
    let shown = secret(asked.current.as_deref(), asked.words.as_deref())?;
    let _turn = desktop.opening().await;
    let opener = desktop.opener().clone();
    blocking(move || {
        match shown {
            Secret::Passphrase(current) => home
                .vault
                .change_passphrase(&current, &next)
                .map_err(webx_vault::Error::from)?,
            words @ Secret::Words(_) => {
                opener.verify(&home, words)?;
                home.vault
                    .set_passphrase(&next, KdfCost::calibrate(KDF_TARGET))?;
            }
        }
        note(&home, "vault.passphrase-changed", "passphrase", json!({}));
        Ok(StatusCode::NO_CONTENT)
    })
    .await
}

/// Tells whether 24 words are the ones of this home, and remembers it when they are.
#[utoipa::path(post, path = "/api/security/recovery-check", operation_id = "checkRecovery", tag = "identity", request_body = RecoveryCheck,
    responses((status = 200, body = RecoveryMatch), (status = 422, body = Problem, content_type = "application/problem+json", description = "code not-words: a word is misspelled or missing")))]
pub(crate) async fn recovery_check(
    State(desktop): State<Desktop>,
    Extension(home): Extension<Home>,
    Json(asked): Json<RecoveryCheck>,
) -> Result<axum::Json<RecoveryMatch>, Problem> {
    let words = parse_words(&asked.words)?;
    let _turn = desktop.opening().await;
    let opener = desktop.opener().clone();
    let matches = blocking(move || match opener.verify(&home, Secret::Words(words)) {
        Ok(()) => {
            home.person.confirm_recovery()?;
            note(&home, "identity.recovery-confirmed", "24 words", json!({}));
            Ok(true)
        }
        Err(OpenError::Wrong { .. }) => Ok(false),
        Err(other) => Err(other.into()),
    })
    .await?;
    if matches {
        *desktop.words() = None;
        desktop.hub().send(LiveEvent::Identity);
    }
    Ok(axum::Json(RecoveryMatch { matches }))
}
