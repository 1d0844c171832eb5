//! The first start of a device whose person has another one already.

use axum::{
    extract::{FromRequest, Request, State},
    http::StatusCode,
};
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use utoipa::ToSchema;
use webx_vault::Passphrase;

use super::onboarding::name;
use crate::{
    auth::{dpop::Thumbprint, gate},
    desktop::{Desktop, State as NodeState, blocking},
    devices::NewDevice,
    http::{extract::Json, hidden::Hidden, problem::Problem},
};

/// No code is longer.
const LONGEST_CODE: usize = 2048;

/// A device that wants to become one of a person's.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Pairing {
    /// What the other device shows: `webx:pair?…`.
    #[schema(value_type = String, min_length = 1, max_length = 2048)]
    code: Hidden,
    /// Opens this device from now on; at least 8 characters.
    #[schema(value_type = String, min_length = 8, max_length = 1024, format = Password)]
    passphrase: Hidden,
    /// How this machine is called.
    #[schema(min_length = 1, max_length = 64)]
    device_name: String,
}

/// The other device was met.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PairingMet {
    /// Six digits that the other device shows, too, for the person to compare.
    digits: String,
}

/// Whether this is a device of the person now.
#[derive(Default, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Paired {
    /// False while the person has not decided on the other device; ask again.
    done: bool,
    /// The first login's token; absent for the command line, which needs none.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    token: Option<Hidden>,
    /// When the token ends.
    #[serde(
        skip_serializing_if = "Option::is_none",
        with = "time::serde::rfc3339::option"
    )]
    expires_at: Option<OffsetDateTime>,
    /// The person's DID.
    #[serde(skip_serializing_if = "Option::is_none")]
    did: Option<String>,
}

/// Meets the other device by its code. Nothing is made here before the person has decided there.
#[utoipa::path(post, path = "/api/onboarding/pair", operation_id = "startPairing", tag = "session", security(("proof" = []), ("control" = [])),
    request_body = Pairing,
    responses((status = 200, body = PairingMet), (status = 400, body = Problem, content_type = "application/problem+json"),
        (status = 409, body = Problem, content_type = "application/problem+json",
            description = "code wrong-state: somebody lives here already; or bad-code, expired, not-open, busy, wrong-secret, unreachable, other-network")))]
pub(crate) async fn start(
    State(desktop): State<Desktop>,
    request: Request,
) -> Result<axum::Json<PairingMet>, axum::response::Response> {
    let (key, request) = newcomer(&desktop, request).map_err(gate::unauthorized)?;
    let work = async {
        let Json(asked) = Json::<Pairing>::from_request(request, &desktop).await?;
        if asked.code.len() > LONGEST_CODE {
            return Err(Problem::bad_request("no pairing code is that long"));
        }
        let new = NewDevice {
            code: asked.code.0,
            passphrase: Passphrase::new(&asked.passphrase).map_err(Problem::from)?,
            device_name: name(&asked.device_name)?,
        };
        let _turn = desktop.opening().await;
        welcome(&desktop)?;
        let opener = desktop.opener().clone();
        let digits = blocking(move || Ok(opener.meet_device(new)?)).await?;
        *desktop.pairing() = Some(key);
        Ok(axum::Json(PairingMet { digits }))
    };
    work.await.map_err(gate::unauthorized)
}

/// Waits a few seconds for the person's decision on the other device, then makes the home and logs this browser in.
#[utoipa::path(post, path = "/api/onboarding/pair/finish", operation_id = "finishPairing", tag = "session", security(("proof" = []), ("control" = [])),
    responses((status = 200, body = Paired),
        (status = 409, body = Problem, content_type = "application/problem+json",
            description = "code wrong-state: no pairing was begun by this browser; or declined, expired, failed, bad-package, unreachable: begin again")))]
pub(crate) async fn finish(
    State(desktop): State<Desktop>,
    request: Request,
) -> Result<axum::Json<Paired>, axum::response::Response> {
    let (key, _) = newcomer(&desktop, request).map_err(gate::unauthorized)?;
    let work = async {
        begun_by(&desktop, key)?;
        let opener = desktop.opener().clone();
        if !blocking(move || Ok(opener.await_device()?)).await? {
            return Ok(axum::Json(Paired::default()));
        }
        let turn = desktop.opening().await;
        welcome(&desktop)?;
        begun_by(&desktop, key)?;
        let worker = desktop.clone();
        let did = blocking(move || {
            let home = worker.opener().adopt()?;
            let did = home.person.card()?.did;
            worker.move_in(home)?;
            Ok(did)
        })
        .await?;
        *desktop.pairing() = None;
        drop(turn);
        let issued = key
            .map(|key| desktop.sessions().issue(key, OffsetDateTime::now_utc()))
            .transpose()
            .map_err(Problem::internal)?;
        let (token, expires_at) = issued.map(|i| (Hidden(i.token), i.expires_at)).unzip();
        Ok(axum::Json(Paired {
            done: true,
            token,
            expires_at,
            did: Some(did),
        }))
    };
    work.await.map_err(gate::unauthorized)
}

/// Gives the pairing up.
#[utoipa::path(delete, path = "/api/onboarding/pair", operation_id = "cancelPairing", tag = "session", security(("proof" = []), ("control" = [])),
    responses((status = 204), (status = 409, body = Problem, content_type = "application/problem+json", description = "no pairing was begun by this browser")))]
pub(crate) async fn cancel(
    State(desktop): State<Desktop>,
    request: Request,
) -> Result<StatusCode, axum::response::Response> {
    let (key, _) = newcomer(&desktop, request).map_err(gate::unauthorized)?;
    let work = async {
        begun_by(&desktop, key)?;
        *desktop.pairing() = None;
        let opener = desktop.opener().clone();
        blocking(move || {
            opener.leave_device();
            Ok(StatusCode::NO_CONTENT)
        })
        .await
    };
    work.await.map_err(gate::unauthorized)
}

/// Who asks, before anything of the body is read.
fn newcomer(desktop: &Desktop, request: Request) -> Result<(Option<Thumbprint>, Request), Problem> {
    let (parts, body) = request.into_parts();
    let key = gate::identify_newcomer(desktop, &parts)?;
    Ok((key, Request::from_parts(parts, body)))
}

/// The login goes to the browser that began, and to no other that can reach this page.
fn begun_by(desktop: &Desktop, key: Option<Thumbprint>) -> Result<(), Problem> {
    if *desktop.pairing() == Some(key) {
        return Ok(());
    }
    Err(Problem::new(
        StatusCode::CONFLICT,
        "wrong-state",
        "this browser has begun no pairing here",
    ))
}

fn welcome(desktop: &Desktop) -> Result<(), Problem> {
    if desktop.state() == NodeState::Welcome {
        return Ok(());
    }
    Err(Problem::new(
        StatusCode::CONFLICT,
        "wrong-state",
        "somebody lives here already",
    ))
}
