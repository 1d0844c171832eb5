//! The W3C's VC-API and the universal resolver's address, as other programs know them.
//!
//! The answers are those of VC-API: 201 with the credential, 200 with `verified: true`, 400 with `verified: false` and the reasons.
//! Behind the same gate as everything else; nothing here is open to the network.

use axum::{
    Extension,
    body::Body,
    extract::State,
    http::StatusCode,
    response::{IntoResponse as _, Response},
};
use serde_json::{Value, json};
use time::OffsetDateTime;
use utoipa_axum::{router::OpenApiRouter, routes};
use webx_credentials::{Credentials, Error, Expect, ProofOptions, Purpose, Resolver as _};

use super::{
    Document,
    kept::Kept,
    party::{Around, Own, contexts},
    suite,
};
use crate::{
    desktop::{Desktop, blocking},
    door::Home,
    http::{
        extract::{Path, collect},
        problem::Problem,
    },
};

pub(super) fn routes() -> OpenApiRouter<Desktop> {
    OpenApiRouter::new()
        .routes(routes!(issue))
        .routes(routes!(verify_credential))
        .routes(routes!(verify_presentation))
        .routes(routes!(resolve))
}

/// Reads a body by the rules for credentials.
async fn body(desktop: &Desktop, body: Body) -> Result<Result<Value, Error>, Problem> {
    let limits = desktop.limits();
    let bytes = collect(body, limits.json_body, limits.json_timeout).await?;
    Ok(webx_credentials::read(&bytes))
}

fn refused(error: &Error) -> Response {
    let body = json!({ "verified": false, "errors": [error.to_string()] });
    (StatusCode::BAD_REQUEST, axum::Json(body)).into_response()
}

fn option<'a>(request: &'a Value, name: &str) -> Option<&'a str> {
    request.get("options")?.get(name)?.as_str()
}

/// Issues a credential: in the person's name, or in the device's when that is the issuer.
#[utoipa::path(post, path = "/vc-api/credentials/issue", operation_id = "vcApiIssue", tag = "credentials", request_body = Object,
    responses((status = 201, body = Document), (status = 400, body = Document)))]
pub(crate) async fn issue(
    State(desktop): State<Desktop>,
    Extension(home): Extension<Home>,
    request: Body,
) -> Result<Response, Problem> {
    let request = body(&desktop, request).await?;
    blocking(move || {
        let issued = request.and_then(|request| {
            let failed = |_| Error::Key("this node cannot sign now");
            let now = OffsetDateTime::now_utc();
            let credential = request.get("credential").cloned().unwrap_or_default();
            let issuer = credential.get("issuer");
            let issuer =
                issuer.and_then(|issuer| issuer.as_str().or_else(|| issuer.get("id")?.as_str()));
            let own = if issuer.is_some_and(|did| did.starts_with("did:key:")) {
                Own::device(&home).map_err(failed)?
            } else {
                Own::person(&home, now).map_err(failed)?
            };
            let suite = suite(option(&request, "cryptosuite"))?;
            let options = ProofOptions::new(suite, own.method(), Purpose::Assertion, now);
            let around = Around::own(home);
            Credentials::new(contexts()?, &around, &around).issue(&credential, &options, &own)
        });
        Ok(match issued {
            Ok(signed) => {
                let body = json!({ "verifiableCredential": signed });
                (StatusCode::CREATED, axum::Json(body)).into_response()
            }
            Err(error) => refused(&error),
        })
    })
    .await
}

/// Judges a credential.
#[utoipa::path(post, path = "/vc-api/credentials/verify", operation_id = "vcApiVerifyCredential", tag = "credentials", request_body = Object,
    responses((status = 200, body = Document), (status = 400, body = Document)))]
pub(crate) async fn verify_credential(
    State(desktop): State<Desktop>,
    Extension(home): Extension<Home>,
    request: Body,
) -> Result<Response, Problem> {
    judge(desktop, home, request, "verifiableCredential").await
}

/// Judges a presentation, by the challenge and the domain in the options.
#[utoipa::path(post, path = "/vc-api/presentations/verify", operation_id = "vcApiVerifyPresentation", tag = "credentials", request_body = Object,
    responses((status = 200, body = Document), (status = 400, body = Document)))]
pub(crate) async fn verify_presentation(
    State(desktop): State<Desktop>,
    Extension(home): Extension<Home>,
    request: Body,
) -> Result<Response, Problem> {
    judge(desktop, home, request, "verifiablePresentation").await
}

async fn judge(
    desktop: Desktop,
    home: Home,
    request: Body,
    member: &'static str,
) -> Result<Response, Problem> {
    let request = body(&desktop, request).await?;
    let kept = Kept::of(&desktop)?;
    blocking(move || {
        let judged = request.and_then(|mut request| {
            let around = Around::with(home, kept, Vec::new(), Vec::new());
            let credentials = Credentials::new(contexts()?, &around, &around);
            let document = request.get_mut(member).map(Value::take).unwrap_or_default();
            let now = OffsetDateTime::now_utc();
            if member == "verifiableCredential" {
                return credentials.verify_read(document, now).map(drop);
            }
            let expect = Expect::authentication(
                now,
                option(&request, "challenge"),
                option(&request, "domain"),
            );
            credentials
                .verify_presentation_read(document, &expect)
                .map(drop)
        });
        Ok(match judged {
            Ok(()) => axum::Json(json!({ "verified": true })).into_response(),
            Err(error) => refused(&error),
        })
    })
    .await
}

/// The document of a DID: did:key, or the person's own.
#[utoipa::path(get, path = "/1.0/identifiers/{did}", operation_id = "resolveDid", tag = "credentials", params(("did" = String, Path, description = "The DID")),
    responses((status = 200, body = Document), (status = 404, body = Document)))]
pub(crate) async fn resolve(
    Extension(home): Extension<Home>,
    Path(did): Path<String>,
) -> Result<Response, Problem> {
    blocking(move || {
        let context = "https://w3id.org/did-resolution/v1";
        Ok(match Around::own(home).resolve(&did, None) {
            Ok(document) => axum::Json(json!({
                "@context": context, "didDocument": document, "didDocumentMetadata": {},
                "didResolutionMetadata": { "contentType": "application/did+ld+json" },
            }))
            .into_response(),
            Err(error) => {
                let body = json!({
                    "@context": context, "didDocument": null, "didDocumentMetadata": {},
                    "didResolutionMetadata": { "error": "notFound", "message": error.to_string() },
                });
                (StatusCode::NOT_FOUND, axum::Json(body)).into_response()
            }
        })
    })
    .await
}
