//! `/_object/<token>`: one stored file for one frame that has no session and no network.
//!
//! The token is the right. It names one file of one app, cannot be guessed, and is asked of the broker again at every use, so
//! it ends with the permission; the lock ends all of them.

use std::collections::{HashMap, VecDeque};

use axum::{
    Extension,
    extract::{Path, Request, State},
    http::{HeaderName, HeaderValue, Method, StatusCode, header, request::Parts},
    response::{IntoResponse as _, Response},
};
use parking_lot::Mutex;
use webx_apps::{Ask, Operation};
use webx_backends::InstallId;
use webx_drive::NodeId;
use zeroize::Zeroizing;

use crate::{
    api::{
        apps::open_blob,
        drive::{as_code, open},
    },
    auth::{
        gate::Visitor,
        sessions::{hash, random_token},
    },
    desktop::{Desktop, blocking},
    door::Home,
    http::{policy, problem::Problem},
    stream::send,
};

/// Tokens of one app that are good at a time; the oldest goes for a new one.
const PER_APP: usize = 1024;
/// Tokens of all apps.
const ALL: usize = 16 * 1024;

/// What a token is good for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Object {
    /// The app whose frame loads it.
    pub(crate) install: InstallId,
    pub(crate) what: What,
}

/// A stored file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum What {
    /// A file of the drive, or an earlier version of it.
    Node(NodeId, Option<u64>),
    /// A blob of the app itself.
    Blob(String),
}

/// The tokens that are good now. Only their hashes are kept.
#[derive(Default)]
pub(crate) struct Objects(Mutex<Table>);

#[derive(Default)]
struct Table {
    by_hash: HashMap<[u8; 32], Object>,
    age: VecDeque<[u8; 32]>,
}

impl Objects {
    /// A fresh token for `object`.
    pub(crate) fn make(&self, object: Object) -> Result<Zeroizing<String>, getrandom::Error> {
        let token = random_token()?;
        let key = hash(&token);
        let mut table = self.0.lock();
        let of_app = table
            .by_hash
            .values()
            .filter(|o| o.install == object.install)
            .count();
        let crowded = |o: &Object| of_app >= PER_APP && o.install == object.install;
        let full = table.by_hash.len() >= ALL;
        let goes = |h: &[u8; 32]| full || table.by_hash.get(h).is_some_and(crowded);
        if let Some(at) = table.age.iter().position(goes)
            && let Some(gone) = table.age.remove(at)
        {
            table.by_hash.remove(&gone);
        }
        table.by_hash.insert(key, object);
        table.age.push_back(key);
        Ok(token)
    }

    fn find(&self, token: &str) -> Option<Object> {
        self.0.lock().by_hash.get(&hash(token)).cloned()
    }

    /// Ends every token.
    pub(crate) fn clear(&self) {
        *self.0.lock() = Table::default();
    }
}

/// Whether the app may have this now. Blocks.
pub(crate) fn check(home: &Home, object: &Object) -> Result<(), Problem> {
    let ask = match &object.what {
        What::Node(_, Some(_)) => Ask::new(Operation::System(webx_wxa::Area::Drive)),
        What::Node(node, None) => Ask::about(Operation::DriveRead, *node),
        What::Blob(_) => Ask::new(Operation::Storage),
    };
    Ok(home.apps.broker().check(object.install, &ask)?)
}

/// Serves `/_object/{token}`.
pub(crate) async fn serve(
    State(desktop): State<Desktop>,
    Extension(visitor): Extension<Visitor>,
    Path(token): Path<String>,
    request: Request,
) -> Response {
    tracing::trace!("an object for {:?}", visitor.asker);
    let (parts, _) = request.into_parts();
    let answer = answer(&desktop, &token, &parts).await;
    let mut response = answer.unwrap_or_else(|problem| problem.into_response());
    let headers = response.headers_mut();
    headers.insert(
        HeaderName::from_static("cross-origin-resource-policy"),
        HeaderValue::from_static("cross-origin"),
    );
    // The browser's own viewer does not run in a sandboxed page; a PDF has no other power than that viewer gives it.
    if headers
        .get(header::CONTENT_TYPE)
        .is_some_and(|t| t == "application/pdf")
    {
        let open = policy::CONTENT.trim_start_matches("sandbox; ");
        headers.insert(
            header::CONTENT_SECURITY_POLICY,
            HeaderValue::from_static(open),
        );
    }
    response
}

async fn answer(desktop: &Desktop, token: &str, request: &Parts) -> Result<Response, Problem> {
    let nothing = || Problem::not_found("this address");
    if !matches!(request.method, Method::GET | Method::HEAD) {
        let what = "this address is only read";
        return Err(Problem::new(StatusCode::METHOD_NOT_ALLOWED, "method", what));
    }
    if as_code(&request.headers) {
        return Err(Problem::new(
            StatusCode::FORBIDDEN,
            "not-code",
            "stored files are never run as a part of a page",
        ));
    }
    let home = desktop.home().ok_or_else(nothing)?;
    let object = desktop.objects().find(token).ok_or_else(nothing)?;
    let hold = (desktop.transfer().await?, desktop.idle().enter(true));
    let (method, headers) = (&request.method, &request.headers);
    match object.what.clone() {
        What::Node(node, version) => {
            let file = blocking(move || {
                check(&home, &object).map_err(|_| nothing())?;
                open(&home, node, version, true)
            });
            send(file.await?.into(), method, headers, hold).await
        }
        What::Blob(name) => {
            let blob = blocking(move || {
                check(&home, &object).map_err(|_| nothing())?;
                open_blob(&home.apps.store(object.install)?, &name)
            });
            send(blob.await?, method, headers, hold).await
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    fn blob(app: u128, name: &str) -> Object {
        Object {
            install: uuid::Uuid::from_u128(app).into(),
            what: What::Blob(name.into()),
        }
    }

    #[test]
    fn a_token_is_good_for_its_object_until_the_lock() {
        let objects = Objects::default();
        let (one, two) = (
            objects.make(blob(1, "a")).unwrap(),
            objects.make(blob(2, "b")).unwrap(),
        );
        assert_ne!(*one, *two);
        assert_eq!(objects.find(&one), Some(blob(1, "a")));
        assert_eq!(objects.find(&two), Some(blob(2, "b")));
        assert_eq!(objects.find("guess"), None);
        objects.clear();
        assert_eq!(objects.find(&one), None);
    }

    #[test]
    fn an_app_that_wants_many_pushes_out_its_own() {
        let objects = Objects::default();
        let other = objects.make(blob(2, "b")).unwrap();
        let first = objects.make(blob(1, "0")).unwrap();
        let mut last = None;
        for i in 1..=PER_APP {
            last = Some(objects.make(blob(1, &i.to_string())).unwrap());
        }
        assert_eq!(objects.find(&first), None);
        assert!(objects.find(&last.unwrap()).is_some());
        assert!(objects.find(&other).is_some());
    }
}
