//! Requests made for an app: the session may do everything, the app only what the broker allows.
//!
//! The shell names the app in `Webx-App` on every call that came out of a frame. From there on the request is the app's:
//! one table says what each route means, the broker says whether the app may do that, and a route that the table does not
//! know is refused. The header can only take away.

use axum::{
    RequestPartsExt as _,
    extract::{MatchedPath, RawPathParams},
    http::{HeaderMap, Method, StatusCode, header, request::Parts},
};
use webx_apps::{Ask, Operation};
use webx_backends::InstallId;
use webx_drive::NodeId;
use webx_wxa::Area;

use crate::{
    api::{apps::install_id, drive::node_id},
    desktop::blocking,
    door::Home,
    http::problem::Problem,
};

/// Names the app that a request is made for.
const HEADER: &str = "webx-app";

/// For whom a request is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Acting {
    /// The person.
    Person,
    /// An app.
    App(InstallId),
}

/// What a route means when an app asks for it.
#[derive(Clone, Copy, Debug)]
enum Rule {
    /// Parts of the system that have this area.
    Area(Area),
    /// Either of two areas.
    Areas(Area, Area),
    /// The file or folder `{id}`.
    Node(Operation),
    /// The folder that `{id}` lies in: its name and place are that folder's.
    Holder(Operation),
    /// `{install}` is the app itself.
    Own(Operation),
    /// `{install}` is the app itself, or the app is a part of the system with this area.
    OwnOr(Operation, Area),
    /// The operation by itself.
    Plain(Operation),
}

use Operation::{
    Backend, DriveRead, DriveWrite, IdentityAuth, IdentityName, Notify, PackageRead, SelfRead,
    Storage, Workflow,
};
use Rule::{Areas, Holder, Node, Own, OwnOr, Plain};

/// Every route an app can reach. What does not stand here is the person's alone: choosing a file for an app, for example.
#[rustfmt::skip]
const TABLE: &[(&str, &str, Rule)] = &[
    ("GET", "/api/status", Rule::Area(Area::Settings)),
    ("GET", "/api/drive/nodes/{id}", Node(DriveRead)),
    ("PATCH", "/api/drive/nodes/{id}", Holder(DriveWrite)),
    ("DELETE", "/api/drive/nodes/{id}", Holder(DriveWrite)),
    ("POST", "/api/drive/nodes/{id}/copy", Node(DriveRead)),
    ("GET", "/api/drive/nodes/{id}/path", Rule::Area(Area::Drive)),
    ("GET", "/api/drive/nodes/{id}/children", Node(DriveRead)),
    ("POST", "/api/drive/nodes/{id}/children", Node(DriveWrite)),
    ("PUT", "/api/drive/nodes/{id}/files/{name}", Node(DriveWrite)),
    ("GET", "/api/drive/nodes/{id}/content", Node(DriveRead)),
    ("PUT", "/api/drive/nodes/{id}/content", Node(DriveWrite)),
    ("GET", "/api/drive/nodes/{id}/archive", Node(DriveRead)),
    ("GET", "/api/drive/archive", Rule::Area(Area::Drive)),
    ("GET", "/api/drive/nodes/{id}/versions", Rule::Area(Area::Drive)),
    ("POST", "/api/drive/nodes/{id}/versions/{version}/restore", Rule::Area(Area::Drive)),
    ("POST", "/api/drive/nodes/{id}/restore-at", Rule::Area(Area::Drive)),
    ("GET", "/api/drive/resolve", Rule::Area(Area::Drive)),
    ("GET", "/api/drive/search", Rule::Area(Area::Drive)),
    ("GET", "/api/drive/usage", Rule::Area(Area::Drive)),
    ("GET", "/api/drive/trash", Rule::Area(Area::Drive)),
    ("DELETE", "/api/drive/trash", Rule::Area(Area::Drive)),
    ("POST", "/api/drive/trash/{id}/restore", Rule::Area(Area::Drive)),
    ("DELETE", "/api/drive/trash/{id}", Rule::Area(Area::Drive)),
    ("POST", "/api/drive/uploads", Rule::Area(Area::Drive)),
    ("GET", "/api/drive/uploads", Rule::Area(Area::Drive)),
    ("GET", "/api/drive/uploads/{id}", Rule::Area(Area::Drive)),
    ("PATCH", "/api/drive/uploads/{id}", Rule::Area(Area::Drive)),
    ("DELETE", "/api/drive/uploads/{id}", Rule::Area(Area::Drive)),
    ("POST", "/api/drive/uploads/{id}/finish", Rule::Area(Area::Drive)),
    ("POST", "/api/drive/import", Rule::Area(Area::Drive)),
    ("POST", "/api/drive/verify", Rule::Area(Area::Drive)),
    ("GET", "/api/settings", Rule::Area(Area::Settings)),
    ("PATCH", "/api/settings", Rule::Area(Area::Settings)),
    ("GET", "/api/identity", Rule::Area(Area::Identity)),
    ("PATCH", "/api/identity", Rule::Area(Area::Identity)),
    ("GET", "/api/devices", Rule::Area(Area::Identity)),
    ("GET", "/api/devices/pairing", Rule::Area(Area::Security)),
    ("POST", "/api/devices/pairing", Rule::Area(Area::Security)),
    ("DELETE", "/api/devices/pairing", Rule::Area(Area::Security)),
    ("POST", "/api/devices/pairing/confirm", Rule::Area(Area::Security)),
    ("POST", "/api/devices/{node}/remove", Rule::Area(Area::Security)),
    ("GET", "/api/guardians", Rule::Area(Area::Security)),
    ("PUT", "/api/guardians", Rule::Area(Area::Security)),
    ("POST", "/api/guardians/check", Rule::Area(Area::Security)),
    ("DELETE", "/api/guardians/{did}", Rule::Area(Area::Security)),
    ("DELETE", "/api/guardians/wards/{did}", Rule::Area(Area::Security)),
    ("POST", "/api/guardians/wards/{did}/help", Rule::Area(Area::Security)),
    ("GET", "/api/guardians/help", Rule::Area(Area::Security)),
    ("DELETE", "/api/guardians/help", Rule::Area(Area::Security)),
    ("POST", "/api/guardians/help/confirm", Rule::Area(Area::Security)),
    ("POST", "/api/security/passphrase", Rule::Area(Area::Security)),
    ("POST", "/api/security/recovery-check", Rule::Area(Area::Security)),
    ("POST", "/api/lock", Rule::Area(Area::Security)),
    ("DELETE", "/api/session", Rule::Area(Area::Security)),
    ("GET", "/api/activity", Rule::Area(Area::Activity)),
    ("GET", "/api/notifications", Rule::Area(Area::Activity)),
    ("POST", "/api/notifications", Plain(Notify)),
    ("DELETE", "/api/notifications/{id}", Rule::Area(Area::Activity)),
    ("GET", "/api/jobs", Rule::Area(Area::Jobs)),
    ("DELETE", "/api/jobs/{id}", Rule::Area(Area::Jobs)),
    ("GET", "/api/doors/webdav", Rule::Area(Area::Webdav)),
    ("PUT", "/api/doors/webdav", Rule::Area(Area::Webdav)),
    ("GET", "/api/apps", Rule::Area(Area::Apps)),
    ("POST", "/api/apps", Rule::Area(Area::Apps)),
    ("GET", "/api/apps/removed", Rule::Area(Area::Apps)),
    ("DELETE", "/api/apps/removed/{install}", Rule::Area(Area::Apps)),
    ("POST", "/api/apps/inspect", Rule::Area(Area::Apps)),
    ("DELETE", "/api/apps/inspect/{upload}", Areas(Area::Apps, Area::Store)),
    ("GET", "/api/apps/{install}", OwnOr(SelfRead, Area::Apps)),
    ("DELETE", "/api/apps/{install}", Rule::Area(Area::Apps)),
    ("POST", "/api/apps/{install}/undo", Rule::Area(Area::Apps)),
    ("POST", "/api/apps/{install}/rollback", Rule::Area(Area::Apps)),
    ("PATCH", "/api/apps/{install}/grants", Rule::Area(Area::Apps)),
    ("DELETE", "/api/apps/{install}/picked/{node}", OwnOr(SelfRead, Area::Apps)),
    ("GET", "/api/apps/{install}/package/{*path}", OwnOr(PackageRead, Area::Apps)),
    ("GET", "/api/apps/{install}/export", Rule::Area(Area::Apps)),
    // The object itself is checked where it is known, against the app whose frame will load it.
    ("POST", "/api/apps/{install}/objects", Own(SelfRead)),
    ("GET", "/api/apps/{install}/identity", Own(IdentityName)),
    ("POST", "/api/apps/{install}/identity/authenticate", Own(IdentityAuth)),
    ("GET", "/api/apps/{install}/kv", Own(Storage)),
    ("GET", "/api/apps/{install}/kv/{key}", Own(Storage)),
    ("PUT", "/api/apps/{install}/kv/{key}", Own(Storage)),
    ("DELETE", "/api/apps/{install}/kv/{key}", Own(Storage)),
    ("GET", "/api/apps/{install}/docs/{collection}", Own(Storage)),
    ("GET", "/api/apps/{install}/docs/{collection}/{id}", Own(Storage)),
    ("PUT", "/api/apps/{install}/docs/{collection}/{id}", Own(Storage)),
    ("DELETE", "/api/apps/{install}/docs/{collection}/{id}", Own(Storage)),
    ("GET", "/api/apps/{install}/blobs", Own(Storage)),
    ("GET", "/api/apps/{install}/blobs/{name}", Own(Storage)),
    ("PUT", "/api/apps/{install}/blobs/{name}", Own(Storage)),
    ("DELETE", "/api/apps/{install}/blobs/{name}", Own(Storage)),
    ("GET", "/api/apps/{install}/backend", OwnOr(SelfRead, Area::Apps)),
    ("POST", "/api/apps/{install}/backend/restart", OwnOr(Backend, Area::Apps)),
    ("POST", "/api/apps/{install}/workflows/{name}", Own(Workflow)),
    ("GET", "/api/sagas", Areas(Area::Sagas, Area::Apps)),
    ("GET", "/api/sagas/{id}", Areas(Area::Sagas, Area::Apps)),
    ("POST", "/api/sagas/{id}/retry", Rule::Area(Area::Sagas)),
    ("POST", "/api/sagas/{id}/undo", Rule::Area(Area::Sagas)),
    ("GET", "/api/stores", Rule::Area(Area::Store)),
    ("POST", "/api/stores", Rule::Area(Area::Store)),
    ("DELETE", "/api/stores/{id}", Rule::Area(Area::Store)),
    ("POST", "/api/stores/refresh", Rule::Area(Area::Store)),
    ("GET", "/api/stores/search", Rule::Area(Area::Store)),
    ("GET", "/api/stores/updates", Rule::Area(Area::Store)),
    ("POST", "/api/apps/{install}/update", Areas(Area::Apps, Area::Store)),
    ("GET", "/api/stores/{id}/packages/{app}", Rule::Area(Area::Store)),
    ("GET", "/api/stores/{id}/packages/{app}/shots/{number}", Rule::Area(Area::Store)),
    ("POST", "/api/stores/{id}/fetch", Rule::Area(Area::Store)),
    ("GET", "/api/net", Rule::Area(Area::Network)),
    ("GET", "/api/net/peers", Rule::Area(Area::Network)),
    ("GET", "/api/net/peers/{id}", Rule::Area(Area::Network)),
    ("POST", "/api/net/peers/{id}/find", Rule::Area(Area::Network)),
    ("POST", "/api/net/peers/{id}/ping", Rule::Area(Area::Network)),
    ("POST", "/api/net/invite", Rule::Area(Area::Network)),
    ("POST", "/api/net/join", Rule::Area(Area::Network)),
    ("GET", "/api/net/settings", Rule::Area(Area::Network)),
    ("PUT", "/api/net/settings", Rule::Area(Area::Network)),
    ("GET", "/api/contacts", Rule::Area(Area::Contacts)),
    ("POST", "/api/contacts", Rule::Area(Area::Contacts)),
    ("GET", "/api/contacts/card", Rule::Area(Area::Contacts)),
    ("GET", "/api/contacts/{did}", Rule::Area(Area::Contacts)),
    ("PATCH", "/api/contacts/{did}", Rule::Area(Area::Contacts)),
    ("DELETE", "/api/contacts/{did}", Rule::Area(Area::Contacts)),
    ("POST", "/api/contacts/{did}/verify", Rule::Area(Area::Contacts)),
    ("POST", "/api/contacts/{did}/accept", Rule::Area(Area::Contacts)),
    // Whether the app may read the file is checked where the file is known.
    ("POST", "/api/contacts/{did}/files", Rule::Area(Area::Contacts)),
    ("GET", "/api/copies", Rule::Area(Area::Contacts)),
    ("PUT", "/api/copies/{did}", Rule::Area(Area::Contacts)),
    ("POST", "/api/copies/round", Rule::Area(Area::Contacts)),
    ("POST", "/api/copies/restore", Rule::Area(Area::Contacts)),
    ("GET", "/api/transfers", Rule::Area(Area::Contacts)),
    ("POST", "/api/transfers/{id}/accept", Rule::Area(Area::Contacts)),
    ("DELETE", "/api/transfers/{id}", Rule::Area(Area::Contacts)),
    ("*", "/_api/{install}", Own(Backend)),
    ("*", "/_api/{install}/", Own(Backend)),
    ("*", "/_api/{install}/{*path}", Own(Backend)),
];

fn rule(method: &Method, path: &str) -> Option<Rule> {
    let method = if *method == Method::HEAD {
        "GET"
    } else {
        method.as_str()
    };
    TABLE
        .iter()
        .find(|(m, p, _)| *p == path && (*m == method || *m == "*"))
        .map(|(_, _, rule)| *rule)
}

/// Whether a request names an app at all. What no app may reach asks this and nothing more.
pub(crate) fn names_an_app(headers: &HeaderMap) -> bool {
    headers.contains_key(HEADER)
}

/// The refusal of what no app may reach.
pub(crate) fn not_for_apps() -> Problem {
    Problem::new(
        StatusCode::FORBIDDEN,
        "app-denied",
        "no app may do this; the person does it on the desktop",
    )
}

/// For whom a request is made, after the broker allowed it.
pub(crate) async fn narrow(home: &Home, parts: &mut Parts) -> Result<Acting, Problem> {
    let mut named = parts.headers.get_all(HEADER).iter();
    let Some(install) = named.next() else {
        return Ok(Acting::Person);
    };
    if named.next().is_some() {
        return Err(not_for_apps());
    }
    let install: InstallId = install
        .to_str()
        .ok()
        .and_then(|text| text.parse().ok())
        .ok_or_else(not_for_apps)?;
    let asks = asks(install, parts).await?;
    let bytes = parts
        .headers
        .get(header::CONTENT_LENGTH)
        .and_then(|l| l.to_str().ok()?.parse().ok())
        .unwrap_or(0);
    let home = home.clone();
    blocking(move || decide(&home, install, asks, bytes)).await?;
    Ok(Acting::App(install))
}

/// One of these must be allowed.
#[derive(Clone, Copy)]
enum Asks {
    One(Operation, Option<Object>),
    Either(Operation, Operation),
}

#[derive(Clone, Copy)]
enum Object {
    Node(NodeId),
    Holder(NodeId),
}

async fn asks(install: InstallId, parts: &mut Parts) -> Result<Asks, Problem> {
    let path = parts.extensions.get::<MatchedPath>().cloned();
    let rule = path
        .and_then(|path| rule(&parts.method, path.as_str()))
        .ok_or_else(not_for_apps)?;
    let params = parts
        .extract::<RawPathParams>()
        .await
        .map_err(|_| not_for_apps())?;
    let param = |name: &str| params.iter().find(|(n, _)| *n == name).map(|(_, v)| v);
    let own = || param("install").is_some_and(|i| install_id(i).is_ok_and(|i| i == install));
    let node = || node_id(param("id").unwrap_or_default());
    Ok(match rule {
        Rule::Area(area) => Asks::One(Operation::System(area), None),
        Areas(one, other) => Asks::Either(Operation::System(one), Operation::System(other)),
        // What was there before the person picked it was not picked.
        Node(_) if looks_back(parts.uri.query()) => Asks::One(Operation::System(Area::Drive), None),
        Node(operation) => Asks::One(operation, Some(Object::Node(node()?))),
        Holder(operation) => Asks::One(operation, Some(Object::Holder(node()?))),
        Own(operation) if own() => Asks::One(operation, None),
        Own(_) => return Err(not_for_apps()),
        OwnOr(operation, _) if own() => Asks::One(operation, None),
        OwnOr(_, area) => Asks::One(Operation::System(area), None),
        Plain(operation) => Asks::One(operation, None),
    })
}

/// Whether an earlier version of a file or folder is asked for.
fn looks_back(query: Option<&str>) -> bool {
    query.unwrap_or_default().split('&').any(|pair| {
        let name = pair.split('=').next().unwrap_or_default();
        // An escaped name could hide one of these; nobody of us writes one.
        name.contains('%') || matches!(name, "version" | "at")
    })
}

fn decide(home: &Home, install: InstallId, asks: Asks, bytes: u64) -> Result<(), Problem> {
    let broker = home.apps.broker();
    let ask = |operation, object| Ask {
        operation,
        object,
        bytes,
    };
    match asks {
        Asks::Either(one, other) => broker
            .check(install, &ask(one, None))
            .or_else(|_| broker.check(install, &ask(other, None)))?,
        Asks::One(operation, None) => broker.check(install, &ask(operation, None))?,
        Asks::One(operation, Some(Object::Node(node))) => {
            broker.check(install, &ask(operation, Some(node)))?;
        }
        Asks::One(operation, Some(Object::Holder(node))) => {
            // Whether there is such a node is told to those alone who may know.
            let holder = home.drive.node(node).ok().and_then(|n| n.parent);
            broker.check(install, &ask(operation, holder))?;
        }
    }
    Ok(())
}

impl Acting {
    /// Whether a second file or folder of the request, one that is named in its body, may be used. Blocks.
    pub(crate) fn check(
        self,
        home: &Home,
        operation: Operation,
        node: NodeId,
    ) -> Result<(), Problem> {
        match self {
            Self::Person => Ok(()),
            Self::App(install) => Ok(home
                .apps
                .broker()
                .check(install, &Ask::about(operation, node))?),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    #[test]
    fn a_route_stands_in_the_table_once() {
        for (i, (method, path, _)) in TABLE.iter().enumerate() {
            assert!(
                !TABLE[i + 1..]
                    .iter()
                    .any(|(m, p, _)| m == method && p == path),
                "{method} {path}"
            );
        }
    }

    #[test]
    fn what_is_not_in_the_table_has_no_meaning() {
        assert!(rule(&Method::POST, "/api/apps/{install}/picked").is_none());
        assert!(rule(&Method::POST, "/api/publisher/sign").is_none());
        assert!(rule(&Method::PUT, "/api/desktop").is_none());
        assert!(rule(&Method::POST, "/api/session/refresh").is_none());
        assert!(rule(&Method::HEAD, "/api/drive/nodes/{id}/content").is_some());
        assert!(rule(&Method::PATCH, "/_api/{install}/{*path}").is_some());
    }

    #[test]
    fn earlier_versions_are_recognised_however_they_are_asked_for() {
        for query in [
            "version=1",
            "download=1&version=2",
            "at=2026",
            "%76ersion=1",
            "version",
        ] {
            assert!(looks_back(Some(query)), "{query}");
        }
        assert!(!looks_back(Some("download=true&sort=name")));
        assert!(!looks_back(None));
    }
}
