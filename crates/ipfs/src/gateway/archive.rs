//! Files and folders as a TAR.

use axum::body::Body;
use axum::http::{StatusCode, header};
use axum::response::Response;
use webx_content::ipld::Resolved;

use super::answer::{Refusal, begin, disposition, end, unchanged};
use super::ask::Ask;
use super::{Rooted, Work, cache_control, has_tag, stream};
use crate::tar;

/// Everything below the end of a path, under the name the path gives it.
pub(super) fn answer(
    work: Work,
    root: &Rooted,
    ask: &Ask,
    found: &Resolved,
) -> Result<Response, Refusal> {
    if !found.within.is_empty() {
        return Err(Refusal::bad("the path ends within a block"));
    }
    let etag = format!("W/\"{}.x-tar\"", found.cid);
    if has_tag(&ask.headers, &etag) {
        return unchanged(root, ask, &etag);
    }
    tar::check(&work.store, &found.cid).map_err(|error| Refusal::of(&error, ask.only_if_cached))?;
    let inside = ask
        .steps
        .last()
        .cloned()
        .unwrap_or_else(|| found.cid.to_string());
    let name = ask
        .filename
        .clone()
        .unwrap_or_else(|| format!("{inside}.tar"));
    let answer = begin(StatusCode::OK, root, ask)
        .header(header::ETAG, etag)
        .header(header::CACHE_CONTROL, cache_control(root))
        .header(header::ACCEPT_RANGES, "none")
        .header(header::CONTENT_TYPE, "application/x-tar")
        .header(
            header::CONTENT_DISPOSITION,
            disposition("attachment", &name),
        );
    if ask.head {
        return end(answer, Body::empty());
    }
    let cid = found.cid;
    let body = stream::body(move |pipe| {
        let Work { store, held, .. } = work;
        let done = tar::write(&store, &cid, &inside, pipe);
        drop(held);
        done
    });
    end(answer, body)
}
