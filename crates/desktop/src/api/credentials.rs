//! Credentials: issued in the person's name, judged, shown and withdrawn.

mod kept;
mod party;
mod sd_jwt;
mod vc_api;
mod verdict;

use axum::{Extension, extract::State, http::StatusCode};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use time::{OffsetDateTime, format_description::well_known::Rfc3339};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;
use webx_credentials::{
    Answer, Credentials, Error, ProofOptions, Purpose, Suite, enveloped, enveloped_presentation,
};

use self::{
    kept::{Kept, Row},
    party::{Around, Own, contexts},
};
use crate::{
    desktop::{Desktop, blocking},
    door::Home,
    http::{
        extract::{Json, Path, Query},
        problem::Problem,
    },
    record::note,
};

const V2: &str = "https://www.w3.org/ns/credentials/v2";

pub(super) fn routes() -> OpenApiRouter<Desktop> {
    OpenApiRouter::new()
        .routes(routes!(list, issue))
        .routes(routes!(verdict::verify))
        .routes(routes!(present))
        .routes(routes!(revoke))
        .routes(routes!(status_list))
        .merge(sd_jwt::routes())
        .merge(vc_api::routes())
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        Self::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            "credential-refused",
            error.to_string(),
        )
    }
}

/// A statement to be signed.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct NewCredential {
    /// The credential by Data Model 2.0. `@context`, `id`, `issuer` and `validFrom` are filled in where they are missing.
    #[schema(value_type = Object)]
    credential: Value,
    /// How it is signed: `eddsa-rdfc-2022` (without a choice), `eddsa-jcs-2022`, or `vc+jwt` for a token.
    suite: Option<String>,
    /// Whether it gets an entry in the status list, so that it can be withdrawn. Without a choice, it does.
    revocable: Option<bool>,
    /// Where the status list is published, an `https:` address. Without a choice, it is named by the DID.
    #[schema(max_length = 2048)]
    status_list: Option<String>,
}

/// An issued credential.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Issued {
    /// The name by which it is withdrawn.
    id: String,
    /// The signed credential.
    #[schema(value_type = Object)]
    credential: Value,
}

/// A credential that was issued here.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct IssuedItem {
    /// The name by which it is withdrawn.
    id: String,
    /// When it was issued.
    #[serde(with = "time::serde::rfc3339")]
    issued_at: OffsetDateTime,
    /// Whether it can be withdrawn.
    revocable: bool,
    /// Whether it was withdrawn.
    revoked: bool,
    /// The signed credential.
    #[schema(value_type = Object)]
    credential: Value,
}

impl From<Row> for IssuedItem {
    fn from(row: Row) -> Self {
        Self {
            id: row.id,
            issued_at: row.issued_at,
            revocable: row.place.is_some(),
            revoked: row.withdrawn,
            credential: row.body,
        }
    }
}

/// What is shown, to whom.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct NewPresentation {
    /// Credentials, each as its text.
    #[schema(max_items = 16)]
    credentials: Vec<String>,
    /// What the verifier asked to be signed.
    #[schema(min_length = 1, max_length = 1024)]
    challenge: String,
    /// The name the verifier goes by.
    #[schema(min_length = 1, max_length = 1024)]
    domain: String,
    /// How it is signed: `eddsa-rdfc-2022` (without a choice), `eddsa-jcs-2022`, or `vp+jwt` for a token.
    suite: Option<String>,
}

/// Where a status list is published, and by whom.
#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct ListQuery {
    /// The `https:` address it is published at. Without a choice, it is named by the DID.
    address: Option<String>,
    /// Signed as this device instead of as the person: for credentials that the device's did:key has issued.
    #[serde(default)]
    device: bool,
}

/// A credential or a presentation, as JSON.
#[derive(Serialize, ToSchema)]
#[serde(transparent)]
#[schema(value_type = Object)]
pub(crate) struct Document(Value);

/// How a document is signed.
#[derive(Clone, Copy)]
enum Way {
    Proof(Suite),
    Token,
}

impl Way {
    /// `token` is the name of the way that makes a token.
    fn named(name: Option<&str>, token: &str) -> Result<Self, Error> {
        match name {
            None => Ok(Self::Proof(Suite::EddsaRdfc2022)),
            Some(name) if name == token => Ok(Self::Token),
            Some(name) => name.parse().map(Self::Proof),
        }
    }

    /// Signs `credential` as `own`.
    fn sign(self, credential: &Value, own: &Own, around: &Around) -> Result<Value, Error> {
        let credentials = Credentials::new(contexts()?, around, around);
        let now = OffsetDateTime::now_utc();
        match self {
            Self::Proof(suite) => {
                let options = ProofOptions::new(suite, own.method(), Purpose::Assertion, now);
                credentials.issue(credential, &options, own)
            }
            Self::Token => {
                let token = credentials.envelop(credential, own.method(), own)?;
                Ok(enveloped(&token))
            }
        }
    }
}

/// The address of a status list: one that was asked for, or the one below the DID.
fn address(asked: Option<&str>, own: &Own) -> Result<String, Problem> {
    match asked {
        None => Ok(party::list_address(own.did())),
        Some(asked) if asked.len() <= 2048 && asked.starts_with("https://") => Ok(asked.to_owned()),
        Some(_) => Err(Problem::bad_request(
            "a status list is published at an https: address",
        )),
    }
}

/// Credentials that were issued here, the newest first.
#[utoipa::path(get, path = "/api/credentials", operation_id = "listCredentials", tag = "credentials", responses((status = 200, body = Vec<IssuedItem>)))]
pub(crate) async fn list(
    State(desktop): State<Desktop>,
) -> Result<axum::Json<Vec<IssuedItem>>, Problem> {
    let kept = Kept::of(&desktop)?;
    blocking(move || {
        Ok(axum::Json(
            kept.list()?.into_iter().map(Into::into).collect(),
        ))
    })
    .await
}

/// Issues a credential in the person's name and keeps it.
#[utoipa::path(post, path = "/api/credentials", operation_id = "issueCredential", tag = "credentials", request_body = NewCredential,
    responses((status = 200, body = Issued), (status = 422, body = Problem, content_type = "application/problem+json", description = "code credential-refused")))]
pub(crate) async fn issue(
    State(desktop): State<Desktop>,
    Extension(home): Extension<Home>,
    Json(new): Json<NewCredential>,
) -> Result<axum::Json<Issued>, Problem> {
    let kept = Kept::of(&desktop)?;
    blocking(move || {
        let way = Way::named(new.suite.as_deref(), "vc+jwt")?;
        let own = Own::person(&home, OffsetDateTime::now_utc())?;
        let list = match new.revocable.unwrap_or(true) {
            true => Some(address(new.status_list.as_deref(), &own)?),
            false => None,
        };
        sign_and_keep(&home, &kept, &own, new.credential, way, list).map(axum::Json)
    })
    .await
}

/// Fills in what is missing, signs, and keeps it. With `list` it gets an entry in the status list under that address.
fn sign_and_keep(
    home: &Home,
    kept: &Kept,
    own: &Own,
    mut credential: Value,
    way: Way,
    list: Option<String>,
) -> Result<Issued, Problem> {
    let now = OffsetDateTime::now_utc();
    let id = Uuid::new_v4().to_string();
    let members = credential
        .as_object_mut()
        .ok_or_else(|| Problem::bad_request("a credential is a JSON object"))?;
    if members.contains_key("proof") {
        return Err(Problem::bad_request("this credential is signed already"));
    }
    let from = now
        .replace_nanosecond(0)
        .unwrap_or(now)
        .format(&Rfc3339)
        .map_err(Problem::internal)?;
    for (name, value) in [
        ("@context", json!([V2])),
        ("id", format!("urn:uuid:{id}").into()),
        ("issuer", own.did().into()),
        ("validFrom", from.into()),
    ] {
        members.entry(name).or_insert(value);
    }
    let mut place = None;
    if let Some(list) = list {
        let free = kept.place()?;
        let status = json!({
            "type": "BitstringStatusListEntry", "statusPurpose": "revocation",
            "statusListIndex": free.to_string(), "statusListCredential": list,
        });
        if members
            .insert("credentialStatus".to_owned(), status)
            .is_some()
        {
            return Err(Problem::bad_request(
                "the credential names a status already; issue it with revocable: false",
            ));
        }
        place = Some(free);
    }
    let signed = way.sign(&credential, own, &Around::own(home.clone()))?;
    kept.add(&id, now, place, &signed)?;
    note(home, "credential.issued", &id, json!({}));
    Ok(Issued {
        id,
        credential: signed,
    })
}

/// Makes a presentation in the person's name, for one verifier and one challenge.
#[utoipa::path(post, path = "/api/credentials/present", operation_id = "presentCredentials", tag = "credentials", request_body = NewPresentation,
    responses((status = 200, body = Document), (status = 422, body = Problem, content_type = "application/problem+json", description = "code credential-refused")))]
pub(crate) async fn present(
    Extension(home): Extension<Home>,
    Json(new): Json<NewPresentation>,
) -> Result<axum::Json<Document>, Problem> {
    let fits = |text: &str| (1..=1024).contains(&text.len());
    if !fits(&new.challenge) || !fits(&new.domain) {
        return Err(Problem::bad_request(
            "challenge and domain have 1 to 1024 bytes",
        ));
    }
    blocking(move || {
        let now = OffsetDateTime::now_utc();
        let own = Own::person(&home, now)?;
        let shown: Vec<Value> = new
            .credentials
            .iter()
            .map(|text| webx_credentials::read(text.as_bytes()))
            .collect::<Result<_, _>>()?;
        let around = Around::own(home);
        let credentials = Credentials::new(contexts()?, &around, &around);
        let made = match Way::named(new.suite.as_deref(), "vp+jwt")? {
            Way::Proof(suite) => {
                let mut options =
                    ProofOptions::new(suite, own.method(), Purpose::Authentication, now);
                options.challenge = Some(new.challenge);
                options.domain = Some(new.domain);
                credentials.present(&shown, own.did(), &options, &own)?
            }
            Way::Token => {
                let answer = Answer::new(&new.challenge, &new.domain, now);
                let token = credentials.envelop_presentation(
                    &shown,
                    own.did(),
                    &answer,
                    own.method(),
                    &own,
                )?;
                enveloped_presentation(&token)
            }
        };
        Ok(axum::Json(Document(made)))
    })
    .await
}

/// Withdraws a credential that was issued here: the status list says so from now on.
#[utoipa::path(post, path = "/api/credentials/{id}/revoke", operation_id = "revokeCredential", tag = "credentials", params(("id" = String, Path, description = "The credential")),
    responses((status = 200, body = IssuedItem), (status = 404, body = Problem, content_type = "application/problem+json"),
        (status = 409, body = Problem, content_type = "application/problem+json", description = "code not-revocable")))]
pub(crate) async fn revoke(
    State(desktop): State<Desktop>,
    Extension(home): Extension<Home>,
    Path(id): Path<String>,
) -> Result<axum::Json<IssuedItem>, Problem> {
    let kept = Kept::of(&desktop)?;
    blocking(move || {
        let row = kept.withdraw(&id)?;
        note(&home, "credential.revoked", &row.id, json!({}));
        Ok(axum::Json(row.into()))
    })
    .await
}

/// The person's status list, signed now: what verifiers need to see what was withdrawn.
#[utoipa::path(get, path = "/api/credentials/status-list", operation_id = "getStatusList", tag = "credentials", params(ListQuery), responses((status = 200, body = Document)))]
pub(crate) async fn status_list(
    State(desktop): State<Desktop>,
    Extension(home): Extension<Home>,
    Query(asked): Query<ListQuery>,
) -> Result<axum::Json<Document>, Problem> {
    let kept = Kept::of(&desktop)?;
    blocking(move || {
        let own = asked.signer(&home)?;
        let address = address(asked.address.as_deref(), &own)?;
        let list = party::signed_list(&home, &kept, &own, &address)?;
        Ok(axum::Json(Document(list)))
    })
    .await
}

impl ListQuery {
    fn signer(&self, home: &Home) -> Result<Own, Problem> {
        if self.device {
            Own::device(home)
        } else {
            Own::person(home, OffsetDateTime::now_utc())
        }
    }
}
