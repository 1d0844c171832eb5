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
use serde::Deserialize;
use serde_json::{Value, json};
use time::OffsetDateTime;
use utoipa_axum::{router::OpenApiRouter, routes};
use webx_credentials::{Credentials, Error, Expect, Failure, resolution};

use super::{
    Document, Way, address,
    kept::Kept,
    party::{Around, Own, contexts},
    sign_and_keep,
};
use crate::{
    desktop::{Desktop, blocking},
    door::Home,
    http::{
        extract::{Path, Query, collect},
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
///
/// `options.cryptosuite` is a suite or `vc+jwt`. With `options.statusList`, an `https:` address where the status list is
/// published, it gets an entry there and is kept, so that it can be withdrawn.
#[utoipa::path(post, path = "/vc-api/credentials/issue", operation_id = "vcApiIssue", tag = "credentials", request_body = Object,
    responses((status = 201, body = Document), (status = 400, body = Document)))]
pub(crate) async fn issue(
    State(desktop): State<Desktop>,
    Extension(home): Extension<Home>,
    request: Body,
) -> Result<Response, Problem> {
    let request = body(&desktop, request).await?;
    let kept = Kept::of(&desktop)?;
    blocking(move || {
        let request = match request {
            Ok(request) => request,
            Err(error) => return Ok(refused(&error)),
        };
        let credential = request.get("credential").cloned().unwrap_or_default();
        let issuer = credential.get("issuer");
        let issuer =
            issuer.and_then(|issuer| issuer.as_str().or_else(|| issuer.get("id")?.as_str()));
        let own = if issuer.is_some_and(|did| did.starts_with("did:key:")) {
            Own::device(&home)?
        } else {
            Own::person(&home, OffsetDateTime::now_utc())?
        };
        let way = match Way::named(option(&request, "cryptosuite"), "vc+jwt") {
            Ok(way) => way,
            Err(error) => return Ok(refused(&error)),
        };
        let signed = match option(&request, "statusList") {
            None => match way.sign(&credential, &own, &Around::own(home)) {
                Ok(signed) => signed,
                Err(error) => return Ok(refused(&error)),
            },
            Some(asked) => {
                let list = address(Some(asked), &own)?;
                sign_and_keep(&home, &kept, &own, credential, way, Some(list))?.credential
            }
        };
        let body = json!({ "verifiableCredential": signed });
        Ok((StatusCode::CREATED, axum::Json(body)).into_response())
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

/// How the keys of a did:key are to be written.
#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ResolveQuery {
    /// `Multikey` (without a choice), `JsonWebKey2020` or `Ed25519VerificationKey2020`.
    public_key_format: Option<String>,
}

/// The document of a DID, or the key that a DID URL names: did:key, did:jwk, or the person's own.
#[utoipa::path(get, path = "/1.0/identifiers/{did}", operation_id = "resolveDid", tag = "credentials", params(("did" = String, Path, description = "The DID"), ResolveQuery),
    responses((status = 200, body = Document), (status = 400, body = Document), (status = 404, body = Document), (status = 501, body = Document)))]
pub(crate) async fn resolve(
    Extension(home): Extension<Home>,
    Path(did): Path<String>,
    Query(asked): Query<ResolveQuery>,
) -> Result<Response, Problem> {
    blocking(move || {
        let found = resolution(&did, asked.public_key_format.as_deref(), &Around::own(home));
        let status = match found.failure {
            None => StatusCode::OK,
            Some(Failure::NotFound) => StatusCode::NOT_FOUND,
            Some(Failure::MethodNotSupported) => StatusCode::NOT_IMPLEMENTED,
            Some(_) => StatusCode::BAD_REQUEST,
        };
        Ok((status, axum::Json(found.body)).into_response())
    })
    .await
}
