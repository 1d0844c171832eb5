//! Guardians of the person, and the person as a guardian.

use axum::{Extension, http::StatusCode};
use serde::Deserialize;
use serde_json::json;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};
use webx_identity::Did;

use super::session::parse_words;
use crate::{
    desktop::{Desktop, blocking},
    devices::PairingOffer,
    door::Home,
    guardians::{GuardiansView, HelpView},
    http::{
        extract::{Json, Path},
        hidden::Hidden,
        problem::Problem,
    },
    record::note,
};

/// Most guardians.
const MOST: usize = 16;
/// No DID is longer.
const LONGEST_DID: usize = 256;
/// Digits as they are typed, with spaces.
const LONGEST_DIGITS: usize = 16;
/// No 24 words are longer, in bytes.
const LONGEST_WORDS: usize = 1024;

pub(super) fn routes() -> OpenApiRouter<Desktop> {
    OpenApiRouter::new()
        .routes(routes!(view, appoint))
        .routes(routes!(check))
        .routes(routes!(release))
        .routes(routes!(resign))
        .routes(routes!(help))
        .routes(routes!(helping, withdraw))
        .routes(routes!(give_back))
}

/// Whom the person trusts to bring him back.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Appointment {
    /// The 24 words, separated by spaces: they are what is shared.
    #[schema(value_type = String, format = Password, max_length = 1024)]
    words: Hidden,
    /// How many guardians are needed.
    #[schema(minimum = 2, maximum = 16)]
    threshold: u8,
    /// The DIDs of contacts, each once.
    #[schema(min_items = 2, max_items = 16)]
    guardians: Vec<String>,
}

/// The person's word that a device is that of his ward.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct HelpConfirmation {
    /// The six digits that both compared; spaces do not matter.
    #[schema(max_length = 16)]
    digits: String,
}

/// Guardians and wards.
#[utoipa::path(get, path = "/api/guardians", operation_id = "getGuardians", tag = "identity", responses((status = 200, body = GuardiansView)))]
pub(crate) async fn view(
    Extension(home): Extension<Home>,
) -> Result<axum::Json<GuardiansView>, Problem> {
    Ok(axum::Json(home.guardians.view().await?))
}

/// Splits the 24 words anew and gives each of these contacts a share. What earlier guardians have is worth nothing afterwards.
#[utoipa::path(put, path = "/api/guardians", operation_id = "appointGuardians", tag = "identity", request_body = Appointment,
    responses((status = 200, body = GuardiansView), (status = 400, body = Problem, content_type = "application/problem+json"),
        (status = 404, body = Problem, content_type = "application/problem+json", description = "one of them is no contact"),
        (status = 409, body = Problem, content_type = "application/problem+json",
            description = "code away: one of them is not there now; refused: one of them does not take it; barred: nothing is sent to one of them. The guardians that there were stay"),
        (status = 422, body = Problem, content_type = "application/problem+json", description = "code not-words or wrong-words: nothing was changed")))]
pub(crate) async fn appoint(
    Extension(home): Extension<Home>,
    Json(asked): Json<Appointment>,
) -> Result<axum::Json<GuardiansView>, Problem> {
    let (count, needed) = (asked.guardians.len(), usize::from(asked.threshold));
    if !(2..=MOST).contains(&count) || !(2..=count).contains(&needed) {
        return Err(Problem::bad_request(
            "2 to 16 guardians are named, and 2 or more of them are needed",
        ));
    }
    if asked.words.len() > LONGEST_WORDS {
        return Err(Problem::bad_request("no 24 words are that long"));
    }
    let people = asked.guardians.iter().map(|text| did(text));
    let people = people.collect::<Result<Vec<Did>, Problem>>()?;
    let words = parse_words(&asked.words)?;
    let view = home
        .guardians
        .appoint(words, asked.threshold, people)
        .await?;
    let detail = json!({ "guardians": count, "threshold": asked.threshold });
    record(home, "identity.guardians-appointed", String::new(), detail).await?;
    Ok(axum::Json(view))
}

/// Asks all guardians whether they still have their shares.
#[utoipa::path(post, path = "/api/guardians/check", operation_id = "checkGuardians", tag = "identity",
    responses((status = 200, body = GuardiansView), (status = 409, body = Problem, content_type = "application/problem+json", description = "code no-network")))]
pub(crate) async fn check(
    Extension(home): Extension<Home>,
) -> Result<axum::Json<GuardiansView>, Problem> {
    Ok(axum::Json(home.guardians.check().await?))
}

/// A guardian need not keep anything any more. As many as are needed have to stay.
#[utoipa::path(delete, path = "/api/guardians/{did}", operation_id = "releaseGuardian", tag = "identity",
    params(("did" = String, Path, description = "The guardian")),
    responses((status = 204), (status = 404, body = Problem, content_type = "application/problem+json"),
        (status = 409, body = Problem, content_type = "application/problem+json", description = "code too-few")))]
pub(crate) async fn release(
    Extension(home): Extension<Home>,
    Path(text): Path<String>,
) -> Result<StatusCode, Problem> {
    home.guardians.release(did(&text)?).await?;
    record(home, "identity.guardian-released", text, json!({})).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Throws away what is kept for somebody else. He learns it when he asks the next time.
#[utoipa::path(delete, path = "/api/guardians/wards/{did}", operation_id = "resignGuardian", tag = "identity",
    params(("did" = String, Path, description = "The ward")),
    responses((status = 204), (status = 404, body = Problem, content_type = "application/problem+json")))]
pub(crate) async fn resign(
    Extension(home): Extension<Home>,
    Path(text): Path<String>,
) -> Result<StatusCode, Problem> {
    home.guardians.resign(did(&text)?).await?;
    record(home, "identity.ward-dropped", text, json!({})).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Opens a code for a ward who has lost everything: good once, for ten minutes. A code that was open ends.
#[utoipa::path(post, path = "/api/guardians/wards/{did}/help", operation_id = "openHelp", tag = "identity",
    params(("did" = String, Path, description = "The ward")),
    responses((status = 200, body = PairingOffer), (status = 404, body = Problem, content_type = "application/problem+json"),
        (status = 409, body = Problem, content_type = "application/problem+json", description = "code no-network, or asked: a device waits for the person's decision")))]
pub(crate) async fn help(
    Extension(home): Extension<Home>,
    Path(text): Path<String>,
) -> Result<axum::Json<PairingOffer>, Problem> {
    Ok(axum::Json(home.guardians.help(did(&text)?).await?))
}

/// How the return of a share stands.
#[utoipa::path(get, path = "/api/guardians/help", operation_id = "getHelp", tag = "identity", responses((status = 200, body = HelpView)))]
pub(crate) async fn helping(
    Extension(home): Extension<Home>,
) -> Result<axum::Json<HelpView>, Problem> {
    Ok(axum::Json(home.guardians.helping().await?))
}

/// Takes the code back, or declines the device that asks.
#[utoipa::path(delete, path = "/api/guardians/help", operation_id = "closeHelp", tag = "identity",
    responses((status = 204), (status = 409, body = Problem, content_type = "application/problem+json", description = "code adding: it is too late")))]
pub(crate) async fn withdraw(Extension(home): Extension<Home>) -> Result<StatusCode, Problem> {
    home.guardians.withdraw().await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Gives the device that asks the share. Whoever confirms knows from the ward himself that it is he, and compared the digits.
#[utoipa::path(post, path = "/api/guardians/help/confirm", operation_id = "confirmHelp", tag = "identity", request_body = HelpConfirmation,
    responses((status = 204),
        (status = 409, body = Problem, content_type = "application/problem+json", description = "code not-asked, other-digits or unfinished")))]
pub(crate) async fn give_back(
    Extension(home): Extension<Home>,
    Json(asked): Json<HelpConfirmation>,
) -> Result<StatusCode, Problem> {
    if asked.digits.len() > LONGEST_DIGITS {
        return Err(Problem::bad_request("these are not six digits"));
    }
    let ward = home.guardians.helping().await?.did.unwrap_or_default();
    home.guardians.give_back(asked.digits).await?;
    record(home, "identity.share-returned", ward, json!({})).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn record(
    home: Home,
    kind: &'static str,
    subject: String,
    detail: serde_json::Value,
) -> Result<(), Problem> {
    blocking(move || {
        note(&home, kind, &subject, detail);
        Ok(())
    })
    .await
}

fn did(text: &str) -> Result<Did, Problem> {
    let parsed = text.parse().ok().filter(|_| text.len() <= LONGEST_DID);
    parsed.ok_or_else(|| Problem::bad_request("this is no DID"))
}
