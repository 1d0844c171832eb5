//! The people one knows.

use axum::{Extension, http::StatusCode};
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};
use webx_identity::Did;

use crate::{
    desktop::Desktop,
    door::Home,
    http::{
        extract::{Json, Path, Query},
        problem::Problem,
    },
    qnet::{ContactCard, ContactDetail, ContactItem, ContactPatch, NewContact},
};

/// Most contacts in one answer.
const PAGE: u32 = 1000;
/// The longest DID that is read, in bytes.
const LONGEST_DID: usize = 1024;
/// The longest DID or card to add, in bytes.
const LONGEST_TEXT: usize = 4096;
/// The longest name of a contact, in bytes.
const LONGEST_NAME: usize = 128;
/// The longest note, in bytes.
const LONGEST_NOTE: usize = 4096;
/// The longest safety number as it is typed, in bytes.
const LONGEST_NUMBER: usize = 128;

pub(super) fn routes() -> OpenApiRouter<Desktop> {
    OpenApiRouter::new()
        .routes(routes!(list, add))
        .routes(routes!(card))
        .routes(routes!(get, change, remove))
        .routes(routes!(verify))
        .routes(routes!(accept))
}

/// Which contacts.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct ContactsParams {
    /// How many to skip.
    offset: Option<u32>,
    /// How many to answer with, at most 1000.
    #[param(maximum = 1000)]
    limit: Option<u32>,
}

/// A safety number that the person looked at.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct SeenNumber {
    /// 60 digits; spaces do not matter.
    #[schema(max_length = 128)]
    safety_number: String,
}

/// Contacts by name.
#[utoipa::path(get, path = "/api/contacts", operation_id = "listContacts", tag = "contacts", params(ContactsParams), responses((status = 200, body = Vec<ContactItem>)))]
pub(crate) async fn list(
    Extension(home): Extension<Home>,
    Query(asked): Query<ContactsParams>,
) -> Result<axum::Json<Vec<ContactItem>>, Problem> {
    let (offset, limit) = (
        asked.offset.unwrap_or(0),
        asked.limit.unwrap_or(PAGE).min(PAGE),
    );
    Ok(axum::Json(home.qnet.contacts(offset, limit).await?))
}

/// Adds somebody by DID or card.
#[utoipa::path(post, path = "/api/contacts", operation_id = "addContact", tag = "contacts", request_body = NewContact,
    responses((status = 200, body = ContactItem), (status = 400, body = Problem, content_type = "application/problem+json", description = "code bad-card or bad-did"),
        (status = 409, body = Problem, content_type = "application/problem+json", description = "code known, myself or full")))]
pub(crate) async fn add(
    Extension(home): Extension<Home>,
    Json(mut new): Json<NewContact>,
) -> Result<axum::Json<ContactItem>, Problem> {
    new.text = new.text.trim().to_owned();
    length("a DID or card", &new.text, 1, LONGEST_TEXT)?;
    if let Some(name) = &mut new.name {
        *name = name.trim().to_owned();
        length("a name", name, 1, LONGEST_NAME)?;
    }
    Ok(axum::Json(home.qnet.add_contact(new).await?))
}

/// The own card, for others.
#[utoipa::path(get, path = "/api/contacts/card", operation_id = "getCard", tag = "contacts", responses((status = 200, body = ContactCard)))]
pub(crate) async fn card(
    Extension(home): Extension<Home>,
) -> Result<axum::Json<ContactCard>, Problem> {
    Ok(axum::Json(home.qnet.card().await?))
}

/// Everything about a contact.
#[utoipa::path(get, path = "/api/contacts/{did}", operation_id = "getContact", tag = "contacts", params(("did" = String, Path, description = "The person")),
    responses((status = 200, body = ContactDetail), (status = 404, body = Problem, content_type = "application/problem+json")))]
pub(crate) async fn get(
    Extension(home): Extension<Home>,
    Path(did): Path<String>,
) -> Result<axum::Json<ContactDetail>, Problem> {
    Ok(axum::Json(home.qnet.contact(person(&did)?).await?))
}

/// Changes the name, the note, or whether a contact is blocked.
#[utoipa::path(patch, path = "/api/contacts/{did}", operation_id = "patchContact", tag = "contacts", params(("did" = String, Path, description = "The person")),
    request_body = ContactPatch,
    responses((status = 200, body = ContactItem), (status = 404, body = Problem, content_type = "application/problem+json")))]
pub(crate) async fn change(
    Extension(home): Extension<Home>,
    Path(did): Path<String>,
    Json(mut change): Json<ContactPatch>,
) -> Result<axum::Json<ContactItem>, Problem> {
    let did = person(&did)?;
    if let Some(name) = &mut change.name {
        *name = name.trim().to_owned();
        length("a name", name, 1, LONGEST_NAME)?;
    }
    if let Some(note) = &change.note {
        length("a note", note, 0, LONGEST_NOTE)?;
    }
    Ok(axum::Json(home.qnet.change_contact(did, change).await?))
}

/// Removes a contact with his history.
#[utoipa::path(delete, path = "/api/contacts/{did}", operation_id = "removeContact", tag = "contacts", params(("did" = String, Path, description = "The person")),
    responses((status = 204), (status = 404, body = Problem, content_type = "application/problem+json")))]
pub(crate) async fn remove(
    Extension(home): Extension<Home>,
    Path(did): Path<String>,
) -> Result<StatusCode, Problem> {
    home.qnet.remove_contact(person(&did)?).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// The person compared the safety number with the contact's, and they are the same.
#[utoipa::path(post, path = "/api/contacts/{did}/verify", operation_id = "verifyContact", tag = "contacts", params(("did" = String, Path, description = "The person")),
    request_body = SeenNumber,
    responses((status = 200, body = ContactItem), (status = 404, body = Problem, content_type = "application/problem+json"),
        (status = 409, body = Problem, content_type = "application/problem+json", description = "code other-number or never-met")))]
pub(crate) async fn verify(
    Extension(home): Extension<Home>,
    Path(did): Path<String>,
    Json(seen): Json<SeenNumber>,
) -> Result<axum::Json<ContactItem>, Problem> {
    decide(&home, &did, seen, true).await
}

/// The person saw the safety number as it is now, and goes on without comparing.
#[utoipa::path(post, path = "/api/contacts/{did}/accept", operation_id = "acceptContact", tag = "contacts", params(("did" = String, Path, description = "The person")),
    request_body = SeenNumber,
    responses((status = 200, body = ContactItem), (status = 404, body = Problem, content_type = "application/problem+json"),
        (status = 409, body = Problem, content_type = "application/problem+json", description = "code other-number or never-met")))]
pub(crate) async fn accept(
    Extension(home): Extension<Home>,
    Path(did): Path<String>,
    Json(seen): Json<SeenNumber>,
) -> Result<axum::Json<ContactItem>, Problem> {
    decide(&home, &did, seen, false).await
}

async fn decide(
    home: &Home,
    did: &str,
    seen: SeenNumber,
    compared: bool,
) -> Result<axum::Json<ContactItem>, Problem> {
    let did = person(did)?;
    length("a safety number", &seen.safety_number, 1, LONGEST_NUMBER)?;
    let decided = home.qnet.trust_contact(did, seen.safety_number, compared);
    Ok(axum::Json(decided.await?))
}

pub(super) fn person(text: &str) -> Result<Did, Problem> {
    if text.len() > LONGEST_DID {
        return Err(Problem::bad_request("no DID is that long"));
    }
    text.parse()
        .map_err(|error| Problem::bad_request(format!("this is no DID: {error}")))
}

fn length(what: &str, text: &str, min: usize, max: usize) -> Result<(), Problem> {
    if (min..=max).contains(&text.len()) {
        return Ok(());
    }
    Err(Problem::bad_request(format!(
        "{what} has {min} to {max} bytes"
    )))
}
