//! Delegated routing (`/routing/v1`): who has content, for what is here; and the records of names.
//!
//! The only answer about content is this gateway itself, and only for blocks it has. Nobody else is asked, and nothing
//! is taken: a record is put by the node's owner alone.

use axum::body::Body;
use axum::http::header;
use axum::response::Response;
use serde_json::{Value, json};
use webx_content::ipld::{Cid, parse_cid};
use webx_content::ipns::Name;

use super::answer::Refusal;
use super::place::Place;
use super::{Work, trustless};
use crate::rpc::peer_id;
use crate::store;

/// Where it is.
pub(super) const PREFIX: &str = "/routing/v1/";
/// Seconds for which an answer about content may be kept.
const KEEP_FOUND: u32 = 300;
/// Seconds for which it may be kept that there is none.
const KEEP_NONE: u32 = 15;

/// What is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Question {
    /// Who has content.
    Providers(Cid),
    /// Where a peer is.
    Peer(Name),
    /// The record of a name.
    Record(Name),
}

impl Question {
    pub(super) fn parse(path: &str) -> Result<Self, Refusal> {
        let rest = path.strip_prefix(PREFIX).unwrap_or_default();
        match rest.split_once('/') {
            Some(("providers", cid)) => Ok(Self::Providers(parse_cid(cid)?)),
            Some(("peers", name)) => Ok(Self::Peer(Name::parse(name)?)),
            Some(("ipns", name)) => Ok(Self::Record(Name::parse(name)?)),
            _ => Err(Refusal::not_found("no such question")),
        }
    }
}

/// The answer to a question, from what is here.
pub(super) fn answer(
    work: &Work,
    place: &Place,
    question: Question,
    lines: bool,
    head: bool,
) -> Result<Response, Refusal> {
    let key = match question {
        Question::Record(name) => return record(work, &name, head),
        Question::Providers(_) => "Providers",
        Question::Peer(_) => "Peers",
    };
    let own = peer_id(&work.store).map_err(failed)?;
    let here = match question {
        Question::Providers(cid) => work.store.has(&cid).map_err(failed)?,
        Question::Peer(name) => Name::parse(&own).is_ok_and(|own| own == name),
        Question::Record(_) => false,
    };
    let row = json!({
        "Schema": "peer",
        "ID": own,
        "Addrs": [format!("/ip4/127.0.0.1/tcp/{}/http", place.port())],
        "Protocols": ["transport-ipfs-gateway-http"],
    });
    let rows: Vec<Value> = here.then_some(row).into_iter().collect();
    let (kind, body) = match lines {
        true => {
            let text: String = rows.iter().map(|row| format!("{row}\n")).collect();
            ("application/x-ndjson", text)
        }
        false => ("application/json", json!({ key: rows }).to_string()),
    };
    let keep = if rows.is_empty() {
        KEEP_NONE
    } else {
        KEEP_FOUND
    };
    let body = if head {
        Body::empty()
    } else {
        Body::from(body)
    };
    Response::builder()
        .header(header::CONTENT_TYPE, kind)
        .header(header::CACHE_CONTROL, format!("public, max-age={keep}"))
        .header(header::VARY, "Accept")
        .header(header::X_CONTENT_TYPE_OPTIONS, "nosniff")
        .body(body)
        .map_err(|_| Refusal::failed())
}

fn failed(_: store::Error) -> Refusal {
    Refusal::failed()
}

fn record(work: &Work, name: &Name, head: bool) -> Result<Response, Refusal> {
    let (record, bytes) = trustless::valid_record(work, name)?;
    let left = (record.until - work.now)
        .whole_seconds()
        .max(0)
        .unsigned_abs();
    let keep = (record.ttl / 1_000_000_000).min(left);
    let body = if head {
        Body::empty()
    } else {
        Body::from(bytes)
    };
    Response::builder()
        .header(header::CONTENT_TYPE, "application/vnd.ipfs.ipns-record")
        .header(header::CACHE_CONTROL, format!("public, max-age={keep}"))
        .header(header::X_CONTENT_TYPE_OPTIONS, "nosniff")
        .body(body)
        .map_err(|_| Refusal::failed())
}
