//! Credentials: issued in the person's name, judged, shown and withdrawn.

mod kept;
mod party;
mod vc_api;

use axum::{Extension, extract::State, http::StatusCode};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use time::{OffsetDateTime, format_description::well_known::Rfc3339};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;
use webx_credentials::{
    Credentials, Error, Expect, ProofOptions, Purpose, Status, Suite, VerifiedCredential,
};

use self::{
    kept::{Kept, Row},
    party::{Around, Own, contexts},
};
use crate::{
    desktop::{Desktop, blocking},
    door::Home,
    http::{
        extract::{Json, Path},
        problem::Problem,
    },
    record::note,
};

const V2: &str = "https://www.w3.org/ns/credentials/v2";

pub(super) fn routes() -> OpenApiRouter<Desktop> {
    OpenApiRouter::new()
        .routes(routes!(list, issue))
        .routes(routes!(verify))
        .routes(routes!(present))
        .routes(routes!(revoke))
        .routes(routes!(status_list))
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
    /// How it is signed: `eddsa-rdfc-2022` (without a choice) or `eddsa-jcs-2022`.
    suite: Option<String>,
    /// Whether it gets an entry in the status list, so that it can be withdrawn. Without a choice, it does.
    revocable: Option<bool>,
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

/// A document to be judged, with what is needed for that and not at hand here.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct ToVerify {
    /// A credential or a presentation: its text, as it was received.
    document: String,
    /// The challenge that a presentation has to answer.
    challenge: Option<String>,
    /// The name that a presentation has to be made for.
    domain: Option<String>,
    /// Logs of did:webvh and did:scid issuers, one JSON entry a line. They prove themselves or are of no use.
    #[serde(default)]
    did_logs: Vec<String>,
    /// Status lists, as they were received.
    #[serde(default)]
    status_lists: Vec<String>,
}

/// What was found.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Verdict {
    /// Whether all of it holds.
    verified: bool,
    /// Why it does not.
    reason: Option<String>,
    /// Who shows it, for a presentation that says so.
    holder: Option<String>,
    /// The credentials, in their order.
    credentials: Vec<Found>,
}

/// A credential that holds.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Found {
    /// Who states it.
    issuer: String,
    /// The suites of its proofs.
    suites: Vec<String>,
    /// What the issuer says of it now: `clear`, `message`, or `unknown` for a list that is not at hand. Empty when it has no status.
    status: Vec<String>,
}

impl From<VerifiedCredential> for Found {
    fn from(verified: VerifiedCredential) -> Self {
        let word = |status| match status {
            Status::Clear { .. } => "clear",
            Status::Message { .. } => "message",
            _ => "unknown",
        };
        Self {
            issuer: verified.issuer,
            suites: verified
                .proofs
                .iter()
                .map(|proof| proof.suite.to_string())
                .collect(),
            status: verified
                .status
                .into_iter()
                .map(|status| word(status).to_owned())
                .collect(),
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
    /// How it is signed: `eddsa-rdfc-2022` (without a choice) or `eddsa-jcs-2022`.
    suite: Option<String>,
}

/// A credential or a presentation, as JSON.
#[derive(Serialize, ToSchema)]
#[serde(transparent)]
#[schema(value_type = Object)]
pub(crate) struct Document(Value);

fn suite(name: Option<&str>) -> Result<Suite, Error> {
    name.map_or(Ok(Suite::EddsaRdfc2022), str::parse)
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
        let suite = suite(new.suite.as_deref())?;
        let revocable = new.revocable.unwrap_or(true);
        sign_and_keep(&home, &kept, new.credential, suite, revocable).map(axum::Json)
    })
    .await
}

fn sign_and_keep(
    home: &Home,
    kept: &Kept,
    mut credential: Value,
    suite: Suite,
    revocable: bool,
) -> Result<Issued, Problem> {
    let now = OffsetDateTime::now_utc();
    let own = Own::person(home, now)?;
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
    let place = if revocable {
        let place = kept.place()?;
        let status = json!({
            "type": "BitstringStatusListEntry", "statusPurpose": "revocation",
            "statusListIndex": place.to_string(), "statusListCredential": party::list_address(own.did()),
        });
        if members
            .insert("credentialStatus".to_owned(), status)
            .is_some()
        {
            return Err(Problem::bad_request(
                "the credential names a status already; issue it with revocable: false",
            ));
        }
        Some(place)
    } else {
        None
    };
    let around = Around::own(home.clone());
    let options = ProofOptions::new(suite, own.method(), Purpose::Assertion, now);
    let signed =
        Credentials::new(contexts()?, &around, &around).issue(&credential, &options, &own)?;
    kept.add(&id, now, place, &signed)?;
    note(home, "credential.issued", &id, json!({}));
    Ok(Issued {
        id,
        credential: signed,
    })
}

/// Judges a credential or a presentation. The answer is a verdict, also when nothing of it holds.
#[utoipa::path(post, path = "/api/credentials/verify", operation_id = "verifyCredential", tag = "credentials", request_body = ToVerify,
    responses((status = 200, body = Verdict)))]
pub(crate) async fn verify(
    State(desktop): State<Desktop>,
    Extension(home): Extension<Home>,
    Json(asked): Json<ToVerify>,
) -> Result<axum::Json<Verdict>, Problem> {
    let kept = Kept::of(&desktop)?;
    blocking(move || {
        let contexts = contexts()?;
        let around = Around::with(home, kept, asked.did_logs, asked.status_lists);
        let judged = webx_credentials::read(asked.document.as_bytes()).and_then(|document| {
            let expect = Expect::authentication(
                OffsetDateTime::now_utc(),
                asked.challenge.as_deref(),
                asked.domain.as_deref(),
            );
            judge(
                &Credentials::new(contexts, &around, &around),
                document,
                &expect,
            )
        });
        Ok(axum::Json(judged.unwrap_or_else(|error| Verdict {
            verified: false,
            reason: Some(error.to_string()),
            holder: None,
            credentials: Vec::new(),
        })))
    })
    .await
}

/// A presentation by what is expected of it, a credential by its time alone.
fn judge(
    credentials: &Credentials<'_>,
    document: Value,
    expect: &Expect<'_>,
) -> Result<Verdict, Error> {
    let shown = match document.get("type") {
        Some(Value::String(name)) => name == "VerifiablePresentation",
        Some(Value::Array(names)) => names.iter().any(|name| name == "VerifiablePresentation"),
        _ => false,
    };
    let (holder, found) = if shown {
        let verified = credentials.verify_presentation_read(document, expect)?;
        (verified.holder, verified.credentials)
    } else {
        (None, vec![credentials.verify_read(document, expect.now)?])
    };
    Ok(Verdict {
        verified: true,
        reason: None,
        holder,
        credentials: found.into_iter().map(Into::into).collect(),
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
        let mut options = ProofOptions::new(
            suite(new.suite.as_deref())?,
            own.method(),
            Purpose::Authentication,
            now,
        );
        options.challenge = Some(new.challenge);
        options.domain = Some(new.domain);
        let around = Around::own(home);
        let made = Credentials::new(contexts()?, &around, &around).present(
            &shown,
            own.did(),
            &options,
            &own,
        )?;
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
#[utoipa::path(get, path = "/api/credentials/status-list", operation_id = "getStatusList", tag = "credentials", responses((status = 200, body = Document)))]
pub(crate) async fn status_list(
    State(desktop): State<Desktop>,
    Extension(home): Extension<Home>,
) -> Result<axum::Json<Document>, Problem> {
    let kept = Kept::of(&desktop)?;
    blocking(move || Ok(axum::Json(Document(party::signed_list(&home, &kept)?)))).await
}
