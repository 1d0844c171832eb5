//! SD-JWT VC: credentials whose holder discloses claim by claim.

use axum::{Extension, extract::State};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use time::OffsetDateTime;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;
use webx_credentials::{Binding, Credentials, PublicKey, SdJwt, SdJwtOptions, bind};

use super::{
    ListQuery, address,
    kept::Kept,
    party::{self, Around, Own, contexts},
};
use crate::{
    desktop::{Desktop, blocking},
    door::Home,
    http::{
        extract::{Json, Query},
        problem::Problem,
    },
    record::note,
};

/// Most places that are hidden or revealed at once.
const MAX_PLACES: usize = 512;

pub(super) fn routes() -> OpenApiRouter<Desktop> {
    OpenApiRouter::new()
        .routes(routes!(issue))
        .routes(routes!(present))
        .routes(routes!(list))
}

/// Claims to be signed.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct NewSdJwt {
    /// The claims. `vct` says what kind of credential it is; `iss`, `iat`, `cnf` and `status` are put in.
    #[schema(value_type = Object)]
    claims: Map<String, Value>,
    /// The places of what the holder discloses one by one, as JSON pointers.
    #[serde(default)]
    #[schema(max_items = 512)]
    hidden: Vec<String>,
    /// The did:key of the holder, who alone can show it then.
    holder: Option<String>,
    /// Whether it gets an entry in the status list, so that it can be withdrawn. Without a choice, it does.
    revocable: Option<bool>,
    /// Where the status list is published, an `https:` address. Without a choice, it is named by the DID.
    #[schema(max_length = 2048)]
    status_list: Option<String>,
}

/// A signed SD-JWT.
#[derive(Serialize, ToSchema)]
pub(crate) struct Token {
    /// The name by which it is withdrawn, when it was issued here.
    id: Option<String>,
    /// The token with its disclosures.
    token: String,
}

/// What is shown of an SD-JWT, to whom.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ShownSdJwt {
    /// The token as the issuer handed it out.
    token: String,
    /// The places of what is disclosed, as JSON pointers.
    #[schema(max_items = 512)]
    reveal: Vec<String>,
    /// What the verifier asked to be signed.
    #[schema(min_length = 1, max_length = 1024)]
    challenge: String,
    /// The name the verifier goes by.
    #[schema(min_length = 1, max_length = 1024)]
    domain: String,
}

/// Signs claims in the person's name as an SD-JWT VC, and keeps it.
#[utoipa::path(post, path = "/api/credentials/sd-jwt", operation_id = "issueSdJwt", tag = "credentials", request_body = NewSdJwt,
    responses((status = 200, body = Token), (status = 422, body = Problem, content_type = "application/problem+json", description = "code credential-refused")))]
pub(crate) async fn issue(
    State(desktop): State<Desktop>,
    Extension(home): Extension<Home>,
    Json(new): Json<NewSdJwt>,
) -> Result<axum::Json<Token>, Problem> {
    let kept = Kept::of(&desktop)?;
    few(&new.hidden)?;
    blocking(move || {
        let now = OffsetDateTime::now_utc();
        let own = Own::person(&home, now)?;
        let holder = match &new.holder {
            None => None,
            Some(did) => {
                let name = did.strip_prefix("did:key:").unwrap_or_default();
                Some(PublicKey::from_multikey(name)?)
            }
        };
        let mut claims = new.claims;
        let mut place = None;
        if new.revocable.unwrap_or(true) {
            let uri = match new.status_list.as_deref() {
                None => party::tokens_address(own.did()),
                asked => address(asked, &own)?,
            };
            let free = kept.place()?;
            let status = json!({ "status_list": { "idx": free, "uri": uri } });
            if claims.insert("status".to_owned(), status).is_some() {
                return Err(Problem::bad_request(
                    "the claims name a status already; issue it with revocable: false",
                ));
            }
            place = Some(free);
        }
        let hidden: Vec<&str> = new.hidden.iter().map(String::as_str).collect();
        let mut options = SdJwtOptions::new(own.method(), now, &hidden);
        options.holder = holder.as_ref();
        let mut without = None;
        let mut salt = || {
            let mut bytes = [0; 16];
            if let Err(error) = getrandom::fill(&mut bytes) {
                without = Some(error);
            }
            bytes
        };
        let around = Around::own(home.clone());
        let token = Credentials::new(contexts()?, &around, &around)
            .issue_sd_jwt(&claims, &options, &own, &mut salt)?;
        if let Some(error) = without {
            return Err(Problem::internal(error));
        }
        let id = Uuid::new_v4().to_string();
        let kind = claims.get("vct").cloned().unwrap_or_default();
        kept.add(&id, now, place, &json!({ "type": kind, "sdJwt": token }))?;
        note(&home, "credential.issued", &id, json!({}));
        Ok(axum::Json(Token {
            id: Some(id),
            token,
        }))
    })
    .await
}

/// Shows a part of an SD-JWT that was issued to this device, for one verifier and one challenge.
#[utoipa::path(post, path = "/api/credentials/sd-jwt/present", operation_id = "presentSdJwt", tag = "credentials", request_body = ShownSdJwt,
    responses((status = 200, body = Token), (status = 422, body = Problem, content_type = "application/problem+json", description = "code credential-refused")))]
pub(crate) async fn present(
    Extension(home): Extension<Home>,
    Json(new): Json<ShownSdJwt>,
) -> Result<axum::Json<Token>, Problem> {
    few(&new.reveal)?;
    let fits = |text: &str| (1..=1024).contains(&text.len());
    if !fits(&new.challenge) || !fits(&new.domain) {
        return Err(Problem::bad_request(
            "challenge and domain have 1 to 1024 bytes",
        ));
    }
    blocking(move || {
        let own = Own::device(&home)?;
        let places: Vec<&str> = new.reveal.iter().map(String::as_str).collect();
        let less = SdJwt::read(new.token.trim())?.reveal(&places)?;
        let binding = Binding::new(&new.challenge, &new.domain);
        let token = bind(&less, &binding, OffsetDateTime::now_utc(), &own)?;
        Ok(axum::Json(Token { id: None, token }))
    })
    .await
}

/// The person's status list as a token, signed now: what verifiers of SD-JWTs need to see what was withdrawn.
#[utoipa::path(get, path = "/api/credentials/status-list/token", operation_id = "getStatusListToken", tag = "credentials", params(ListQuery), responses((status = 200, body = Token)))]
pub(crate) async fn list(
    State(desktop): State<Desktop>,
    Extension(home): Extension<Home>,
    Query(asked): Query<ListQuery>,
) -> Result<axum::Json<Token>, Problem> {
    let kept = Kept::of(&desktop)?;
    blocking(move || {
        let own = asked.signer(&home)?;
        let uri = match asked.address.as_deref() {
            None => party::tokens_address(own.did()),
            named => address(named, &own)?,
        };
        let token = party::token_list(&kept, &own, &uri)?;
        Ok(axum::Json(Token { id: None, token }))
    })
    .await
}

fn few(places: &[String]) -> Result<(), Problem> {
    if places.len() > MAX_PLACES {
        return Err(Problem::bad_request("at most 512 places"));
    }
    Ok(())
}
