//! What is said of a document that somebody hands over.

use axum::{Extension, extract::State};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use time::OffsetDateTime;
use utoipa::ToSchema;
use webx_credentials::{
    Binding, Credentials, Error, Expect, Schema, SchemaState, Status, VerifiedCredential,
    VerifiedSdJwt, is_presentation,
};

use super::{
    kept::Kept,
    party::{Around, contexts},
};
use crate::{
    desktop::{Desktop, blocking},
    door::Home,
    http::{extract::Json, problem::Problem},
};

/// Most schemas that may come with one question.
const MAX_SCHEMAS: usize = 16;

/// A document to be judged, with what is needed for that and not at hand here.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct ToVerify {
    /// A credential or a presentation: its text, as it was received. JSON, a token, or an SD-JWT.
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
    /// JSON schemas (draft 2020-12) that the credential names by their `$id`.
    #[serde(default)]
    #[schema(max_items = 16)]
    schemas: Vec<String>,
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
    /// What its schemas say: `held`, or `unknown` for one that is not at hand. Empty when it has none.
    schemas: Vec<String>,
    /// Of an SD-JWT: the claims with what was disclosed of them.
    #[schema(value_type = Option<Object>)]
    claims: Option<Value>,
}

fn word(status: &Status) -> String {
    let word = match status {
        Status::Clear { .. } => "clear",
        Status::Message { .. } => "message",
        _ => "unknown",
    };
    word.to_owned()
}

fn held(state: &SchemaState) -> String {
    let word = match state {
        SchemaState::Held { .. } => "held",
        _ => "unknown",
    };
    word.to_owned()
}

impl From<VerifiedCredential> for Found {
    fn from(verified: VerifiedCredential) -> Self {
        let proofs = verified.proofs.iter().map(|proof| proof.suite.to_string());
        let envelope = verified
            .envelope
            .iter()
            .map(|one| one.algorithm.to_string());
        Self {
            issuer: verified.issuer,
            suites: proofs.chain(envelope).collect(),
            status: verified.status.iter().map(word).collect(),
            schemas: verified.schemas.iter().map(held).collect(),
            claims: None,
        }
    }
}

impl From<VerifiedSdJwt> for Found {
    fn from(verified: VerifiedSdJwt) -> Self {
        Self {
            issuer: verified.issuer,
            suites: vec![verified.envelope.algorithm.to_string()],
            status: verified.status.iter().map(word).collect(),
            schemas: Vec::new(),
            claims: Some(Value::Object(verified.claims)),
        }
    }
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
        let expect = Expect::authentication(
            OffsetDateTime::now_utc(),
            asked.challenge.as_deref(),
            asked.domain.as_deref(),
        );
        let schemas: Result<Vec<Schema>, Error> = asked
            .schemas
            .iter()
            .take(MAX_SCHEMAS)
            .map(|text| Schema::read(text.as_bytes()))
            .collect();
        let judged = schemas.and_then(|schemas| {
            let credentials = Credentials::new(contexts, &around, &around).with_schemas(&schemas);
            judge_text(&credentials, asked.document.trim(), &expect)
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

/// JSON begins with a brace, an SD-JWT has tildes in it, and what is left is a token.
fn judge_text(
    credentials: &Credentials<'_>,
    text: &str,
    expect: &Expect<'_>,
) -> Result<Verdict, Error> {
    if text.starts_with('{') {
        return judge(
            credentials,
            webx_credentials::read(text.as_bytes())?,
            expect,
        );
    }
    if text.contains('~') {
        let binding = match (expect.challenge, expect.domain) {
            (Some(challenge), Some(domain)) => Some(Binding::new(challenge, domain)),
            (None, None) => None,
            _ => {
                return Err(Error::Jose(
                    "a key binding answers a challenge and a domain, both",
                ));
            }
        };
        let found = credentials.verify_sd_jwt(text, binding.as_ref(), expect.now)?;
        return Ok(Verdict::of(None, vec![found.into()]));
    }
    if is_presentation(text)? {
        let shown = credentials.verify_presentation_token(text, expect)?;
        let found = shown.credentials.into_iter().map(Into::into).collect();
        return Ok(Verdict::of(shown.holder, found));
    }
    let found = credentials.verify_token(text, expect.now)?;
    Ok(Verdict::of(None, vec![found.into()]))
}

/// A presentation by what is expected of it, a credential by its time alone.
fn judge(
    credentials: &Credentials<'_>,
    document: Value,
    expect: &Expect<'_>,
) -> Result<Verdict, Error> {
    let named = |name: &Value| {
        name == "VerifiablePresentation" || name == "EnvelopedVerifiablePresentation"
    };
    let shown = match document.get("type") {
        Some(Value::Array(names)) => names.iter().any(named),
        Some(name) => named(name),
        None => false,
    };
    let (holder, found) = if shown {
        let verified = credentials.verify_presentation_read(document, expect)?;
        (verified.holder, verified.credentials)
    } else {
        (None, vec![credentials.verify_read(document, expect.now)?])
    };
    Ok(Verdict::of(
        holder,
        found.into_iter().map(Into::into).collect(),
    ))
}

impl Verdict {
    fn of(holder: Option<String>, credentials: Vec<Found>) -> Self {
        Self {
            verified: true,
            reason: None,
            holder,
            credentials,
        }
    }
}
