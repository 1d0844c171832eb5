//! The two doors every request passes: [`admit`] knows hosts and origins, [`authenticate`] knows people.

use axum::{
    extract::{Request, State},
    http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header, request::Parts},
    middleware::Next,
    response::{IntoResponse, Response},
};
use time::OffsetDateTime;

use super::{
    dpop::{self, Expected, Proof, Thumbprint},
    narrow::{self, Acting},
    replay::Seen,
    sessions::same_secret,
};
use crate::{
    desktop::{Desktop, State as NodeState},
    http::{
        headers,
        origin::{self, Asker, Foreign},
        problem::Problem,
    },
    origins,
};

/// What [`admit`] learned about a request.
#[derive(Clone, Debug)]
pub(crate) struct Visitor {
    /// The `host:port` the request was sent to; one of ours.
    pub(crate) authority: String,
    /// What sent it.
    pub(crate) asker: Asker,
}

/// Who a request speaks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Caller {
    /// A browser that is logged in.
    Browser {
        /// The number of its login.
        login: u64,
    },
    /// The command line of the same user, by the control token.
    Control,
}

/// Outermost layer: refuses foreign hosts and origins, completes the headers of every answer.
pub(crate) async fn admit(
    State(desktop): State<Desktop>,
    mut request: Request,
    next: Next,
) -> Response {
    if let Some(response) = origins::serve(&desktop, &mut request).await {
        return response;
    }
    let mut response = match visitor(&desktop, request.method(), request.uri(), request.headers()) {
        Ok(visitor) => {
            request.extensions_mut().insert(visitor);
            next.run(request).await
        }
        Err(foreign) => Problem::from(foreign).into_response(),
    };
    headers::complete(response.headers_mut());
    response
}

impl From<Foreign> for Problem {
    fn from(foreign: Foreign) -> Self {
        let code = match foreign {
            Foreign::Host => "foreign-host",
            Foreign::Origin => "foreign-origin",
        };
        Self::new(StatusCode::FORBIDDEN, code, foreign.to_string())
    }
}

fn visitor(
    desktop: &Desktop,
    method: &Method,
    uri: &Uri,
    headers: &HeaderMap,
) -> Result<Visitor, Foreign> {
    let authority = desktop.hosts().authority(uri, headers)?;
    let asker = match origin::asker(method, authority, headers) {
        Err(Foreign::Origin) if is_for_frames(method, uri.path()) => Asker::Elsewhere,
        other => other?,
    };
    Ok(Visitor {
        authority: authority.to_owned(),
        asker,
    })
}

/// What frames of builtin apps load. They have no origin, so to a browser they are somebody else.
fn is_for_frames(method: &Method, path: &str) -> bool {
    matches!(*method, Method::GET | Method::HEAD)
        && (path.starts_with("/_os/") || path.starts_with("/_object/"))
}

/// Layer around everything that needs an open home: 423 while locked, 401 for strangers.
pub(crate) async fn authenticate(
    State(desktop): State<Desktop>,
    request: Request,
    next: Next,
) -> Response {
    let (mut parts, body) = request.into_parts();
    let Some(home) = desktop.home() else {
        return shut(&desktop).into_response();
    };
    let caller = match identify(&desktop, &parts) {
        Ok(caller) => caller,
        Err(problem) => return unauthorized(problem),
    };
    let acting = match narrow::narrow(&home, &mut parts).await {
        Ok(acting) => acting,
        Err(problem) => return problem.into_response(),
    };
    let broker = home.apps.broker();
    parts.extensions.insert(acting);
    parts.extensions.insert(home);
    parts.extensions.insert(caller);
    let _busy = desktop
        .idle()
        .enter(parts.uri.path() != "/api/session/refresh");
    let response = next.run(Request::from_parts(parts, body)).await;
    if let Acting::App(install) = acting {
        broker.spent(install, length(response.headers()));
    }
    response
}

/// The announced length of an answer.
fn length(headers: &HeaderMap) -> u64 {
    headers
        .get(header::CONTENT_LENGTH)
        .and_then(|l| l.to_str().ok()?.parse().ok())
        .unwrap_or(0)
}

/// Layer around what answers before anybody is known. An app is always known, so it gets none of it but by its rights.
pub(crate) async fn open(State(desktop): State<Desktop>, request: Request, next: Next) -> Response {
    if !narrow::names_an_app(request.headers()) {
        return next.run(request).await;
    }
    let (mut parts, body) = request.into_parts();
    let narrowed = match desktop.home() {
        Some(home) => narrow::narrow(&home, &mut parts).await,
        None => Err(shut(&desktop)),
    };
    match narrowed {
        Ok(_) => next.run(Request::from_parts(parts, body)).await,
        Err(problem) => problem.into_response(),
    }
}

/// Layer around the roof's own routes: the control token and nothing else, locked or not.
pub(crate) async fn control_only(
    State(desktop): State<Desktop>,
    request: Request,
    next: Next,
) -> Response {
    let (parts, body) = request.into_parts();
    if narrow::names_an_app(&parts.headers) {
        return narrow::not_for_apps().into_response();
    }
    match identify(&desktop, &parts) {
        Ok(Caller::Control) => next.run(Request::from_parts(parts, body)).await,
        Ok(Caller::Browser { .. }) => Problem::new(
            StatusCode::FORBIDDEN,
            "control-only",
            "only the command line may do this",
        )
        .into_response(),
        Err(problem) => unauthorized(problem),
    }
}

/// The answer of a node without an open home.
pub(crate) fn shut(desktop: &Desktop) -> Problem {
    match desktop.state() {
        NodeState::Welcome => Problem::new(
            StatusCode::LOCKED,
            "welcome",
            "nobody lives here yet; begin with the welcome screen",
        ),
        NodeState::Locked | NodeState::Open => Problem::locked(),
    }
}

/// Names the scheme, as RFC 9449 asks for.
pub(crate) fn unauthorized(problem: Problem) -> Response {
    let is_401 = problem.status == StatusCode::UNAUTHORIZED.as_u16();
    let mut response = problem.into_response();
    if is_401 {
        response.headers_mut().insert(
            header::WWW_AUTHENTICATE,
            HeaderValue::from_static("DPoP algs=\"ES256\""),
        );
    }
    response
}

/// Who sent this request: a browser with token and proof, or the command line.
pub(crate) fn identify(desktop: &Desktop, parts: &Parts) -> Result<Caller, Problem> {
    let visitor = admitted(parts)?;
    let authorization = single(&parts.headers, header::AUTHORIZATION.as_str())?
        .ok_or_else(|| refuse("no-token", "log in first"))?;
    if let Some(token) = scheme(authorization, "Bearer") {
        return control(desktop, visitor, token);
    }
    let token = scheme(authorization, "DPoP")
        .ok_or_else(|| refuse("invalid-token", "this way to log in is not known"))?;
    let proof = read_proof(parts)?;
    let login = desktop
        .sessions()
        .check(token, proof.key, OffsetDateTime::now_utc())
        .ok_or_else(|| refuse("invalid-token", "the login has ended; log in again"))?;
    accept(desktop, parts, visitor, &proof, Some(token))?;
    Ok(Caller::Browser { login })
}

/// The token of a browser's request that [`identify`] took already.
pub(crate) fn token(parts: &Parts) -> Option<&str> {
    parts
        .headers
        .get(header::AUTHORIZATION)?
        .to_str()
        .ok()
        .and_then(|a| scheme(a, "DPoP"))
}

/// Who wants to log in: a browser that proves a key, or the command line (`None`).
///
/// Browsers must show that one of the node's own pages asks; anybody else could only make a simple request.
pub(crate) fn identify_newcomer(
    desktop: &Desktop,
    parts: &Parts,
) -> Result<Option<Thumbprint>, Problem> {
    let visitor = admitted(parts)?;
    if let Some(authorization) = single(&parts.headers, header::AUTHORIZATION.as_str())? {
        let token = scheme(authorization, "Bearer")
            .ok_or_else(|| refuse("invalid-token", "a login starts without a token"))?;
        return control(desktop, visitor, token).map(|_| None);
    }
    if visitor.asker != Asker::OwnPage {
        return Err(Problem::new(
            StatusCode::FORBIDDEN,
            "foreign-origin",
            "only the node's own page or the command line may do this",
        ));
    }
    let proof = read_proof(parts)?;
    accept(desktop, parts, visitor, &proof, None)?;
    Ok(Some(proof.key))
}

/// Checks a proof that came inside a WebSocket's first message.
pub(crate) fn identify_socket(
    desktop: &Desktop,
    authority: &str,
    token: &str,
    jwt: &str,
    nonce: &str,
) -> Option<u64> {
    let proof = dpop::parse(jwt).ok()?;
    let now = OffsetDateTime::now_utc();
    let login = desktop.sessions().check(token, proof.key, now)?;
    let fits = |scheme: &str| {
        let url = format!("{scheme}://{authority}/api/live");
        proof.check(&Expected {
            method: "GET",
            url: &url,
            token: Some(token),
            nonce: Some(nonce),
            now: now.unix_timestamp(),
        })
    };
    fits("ws").or_else(|_| fits("http")).ok()?;
    (desktop.replays().remember(&proof, now.unix_timestamp()) == Seen::New).then_some(login)
}

fn control(desktop: &Desktop, visitor: &Visitor, token: &str) -> Result<Caller, Problem> {
    if visitor.asker != Asker::Program {
        return Err(Problem::new(
            StatusCode::FORBIDDEN,
            "control-from-browser",
            "the control token is not for browsers",
        ));
    }
    if same_secret(token, desktop.control_token()) {
        Ok(Caller::Control)
    } else {
        Err(refuse(
            "invalid-token",
            "the control token is of another start of the node",
        ))
    }
}

fn accept(
    desktop: &Desktop,
    parts: &Parts,
    visitor: &Visitor,
    proof: &Proof,
    token: Option<&str>,
) -> Result<(), Problem> {
    if matches!(visitor.asker, Asker::Navigation | Asker::Elsewhere) {
        return Err(Problem::new(
            StatusCode::FORBIDDEN,
            "foreign-origin",
            "only the node's own page may do this",
        ));
    }
    let now = OffsetDateTime::now_utc().unix_timestamp();
    let url = format!("http://{}{}", visitor.authority, parts.uri.path());
    proof
        .check(&Expected {
            method: parts.method.as_str(),
            url: &url,
            token,
            nonce: None,
            now,
        })
        .map_err(|why| refuse("invalid-proof", &why.to_string()))?;
    let seen = if token.is_some() {
        desktop.replays().remember(proof, now)
    } else {
        desktop.newcomers().remember(proof, now)
    };
    match seen {
        Seen::New => Ok(()),
        Seen::Before => Err(refuse("replayed-proof", "the proof was used before")),
        Seen::Full => Err(Problem::new(
            StatusCode::TOO_MANY_REQUESTS,
            "too-many-requests",
            "too many requests; wait a minute",
        )
        .retry_after(60)),
    }
}

fn admitted(parts: &Parts) -> Result<&Visitor, Problem> {
    parts
        .extensions
        .get::<Visitor>()
        .ok_or_else(|| Problem::internal("a route without the admission layer"))
}

fn read_proof(parts: &Parts) -> Result<Proof, Problem> {
    let jwt = single(&parts.headers, "dpop")?
        .ok_or_else(|| refuse("no-proof", "the DPoP proof is missing"))?;
    dpop::parse(jwt).map_err(|why| refuse("invalid-proof", &why.to_string()))
}

/// A header that may stand there once.
fn single<'a>(headers: &'a HeaderMap, name: &str) -> Result<Option<&'a str>, Problem> {
    let mut all = headers.get_all(name).iter();
    let Some(first) = all.next() else {
        return Ok(None);
    };
    if all.next().is_some() {
        return Err(refuse("invalid-token", "a header stands there twice"));
    }
    first
        .to_str()
        .map(Some)
        .map_err(|_| refuse("invalid-token", "a header is not text"))
}

fn scheme<'a>(value: &'a str, name: &str) -> Option<&'a str> {
    let (scheme, rest) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case(name).then_some(rest.trim())
}

fn refuse(code: &str, detail: &str) -> Problem {
    Problem::new(StatusCode::UNAUTHORIZED, code, detail)
}
