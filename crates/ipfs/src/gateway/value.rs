//! Values of other codecs than UnixFS, as JSON or CBOR.

use axum::body::Body;
use axum::http::{StatusCode, header};
use axum::response::Response;
use webx_content::ipld::{
    self, CBOR, DAG_CBOR, DAG_JSON, Ipld, JSON, Resolved, dag_cbor, dag_json, fetch,
};

use super::answer::{Refusal, begin, disposition, end, unchanged};
use super::ask::{Ask, ValueKind};
use super::{Rooted, Work, cache_control, has_tag};

/// The media type of a codec that is shown as it is.
pub(super) fn media_type(codec: u64) -> Option<&'static str> {
    match codec {
        JSON => Some("application/json"),
        DAG_JSON => Some("application/vnd.ipld.dag-json"),
        CBOR => Some("application/cbor"),
        DAG_CBOR => Some("application/vnd.ipld.dag-cbor"),
        _ => None,
    }
}

/// A value, written as asked for.
pub(super) fn answer(
    work: &Work,
    root: &Rooted,
    ask: &Ask,
    found: &Resolved,
    kind: ValueKind,
) -> Result<Response, Refusal> {
    let (media, ending, codecs) = match kind {
        ValueKind::DagJson => ("application/vnd.ipld.dag-json", "json", [DAG_JSON, JSON]),
        ValueKind::DagCbor => ("application/vnd.ipld.dag-cbor", "cbor", [DAG_CBOR, CBOR]),
        ValueKind::Json => ("application/json", "json", [JSON, DAG_JSON]),
        ValueKind::Cbor => ("application/cbor", "cbor", [CBOR, DAG_CBOR]),
    };
    let within = found.within.join("/");
    let etag =
        format!("\"{}/{within}.{media}\"", found.cid).replace(|c: char| !c.is_ascii_graphic(), "_");
    if has_tag(&ask.headers, &etag) {
        return unchanged(root, ask, &etag);
    }
    let block =
        fetch(&work.store, &found.cid).map_err(|error| Refusal::of(&error, ask.only_if_cached))?;
    let bytes = if codecs.contains(&found.cid.codec()) && found.within.is_empty() {
        block.to_vec()
    } else {
        if matches!(found.cid.codec(), ipld::RAW | JSON | CBOR) && found.within.is_empty() {
            return Err(Refusal::new(
                StatusCode::NOT_ACCEPTABLE,
                "this content has no form in that codec",
            ));
        }
        let whole = ipld::decode(&found.cid, &block)?;
        let value = inner(&whole, &found.within)?;
        match kind {
            ValueKind::DagJson | ValueKind::Json => dag_json::encode(value)?.into_bytes(),
            ValueKind::DagCbor | ValueKind::Cbor => dag_cbor::encode(value)?,
        }
    };
    let name = ask
        .filename
        .clone()
        .unwrap_or_else(|| format!("{}.{ending}", found.cid));
    // JSON may be read in place; a browser runs none of it.
    let shown = if ending == "json" && !ask.download {
        "inline"
    } else {
        "attachment"
    };
    let answer = begin(StatusCode::OK, root, ask)
        .header(header::ETAG, etag)
        .header(header::CACHE_CONTROL, cache_control(root))
        .header(header::CONTENT_TYPE, media)
        .header(header::CONTENT_LENGTH, bytes.len())
        .header(header::CONTENT_DISPOSITION, disposition(shown, &name));
    let body = if ask.head {
        Body::empty()
    } else {
        Body::from(bytes)
    };
    end(answer, body)
}

/// The part of a value that steps within it lead to.
fn inner<'a>(value: &'a Ipld, steps: &[String]) -> Result<&'a Ipld, Refusal> {
    steps.iter().try_fold(value, |value, step| {
        let next = match value {
            Ipld::Map(map) => map.get(step),
            Ipld::List(list) => step.parse().ok().and_then(|at: usize| list.get(at)),
            _ => None,
        };
        next.ok_or_else(|| Refusal::from(ipld::Error::NotFound(step.clone())))
    })
}
