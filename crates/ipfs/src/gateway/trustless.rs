//! For clients that check what they get: a block, the blocks of a path, the record of a name.

use axum::body::Body;
use axum::http::{StatusCode, header};
use axum::response::Response;
use bytes::Bytes;
use webx_content::car::{self, Selection};
use webx_content::ipld::{self, Resolved, fetch};
use webx_content::ipns::{Name, Record};

use super::answer::{Refusal, begin, disposition, end, unchanged};
use super::ask::{Ask, Car, Root};
use super::{Rooted, Work, cache_control, file, has_tag, stream};
use crate::store;

/// The block at the end of a path.
pub(super) fn raw(
    work: &Work,
    root: &Rooted,
    ask: &Ask,
    found: &Resolved,
) -> Result<Response, Refusal> {
    let etag = format!("\"{}.raw\"", found.cid);
    if has_tag(&ask.headers, &etag) {
        return unchanged(root, ask, &etag);
    }
    let block =
        fetch(&work.store, &found.cid).map_err(|error| Refusal::of(&error, ask.only_if_cached))?;
    let name = ask
        .filename
        .clone()
        .unwrap_or_else(|| format!("{}.bin", found.cid));
    let answer = begin(StatusCode::OK, root, ask)
        .header(header::ETAG, etag)
        .header(header::CACHE_CONTROL, cache_control(root))
        .header(header::CONTENT_TYPE, "application/vnd.ipld.raw")
        .header(
            header::CONTENT_DISPOSITION,
            disposition("attachment", &name),
        );
    let size = block.len() as u64;
    file::ranged(answer, ask, size, move |range| {
        // The range lies within the block.
        let piece: Bytes = block.slice(range.start as usize..range.end as usize);
        Body::from(piece)
    })
}

/// The blocks of a path and of what is at its end.
pub(super) fn car(
    work: Work,
    root: &Rooted,
    steps: &[&str],
    ask: &Ask,
    found: &Resolved,
    car: Car,
) -> Result<Response, Refusal> {
    let seen = format!("{}/{steps:?}/{car:?}", root.cid);
    let hash = blake3::hash(seen.as_bytes()).to_hex();
    let etag = format!(
        "W/\"{}.car.{}\"",
        found.cid,
        hash.get(..16).unwrap_or_default()
    );
    if has_tag(&ask.headers, &etag) {
        return unchanged(root, ask, &etag);
    }
    // What is not here at all is said before the first byte.
    fetch(&work.store, &found.cid).map_err(|error| Refusal::of(&error, ask.only_if_cached))?;
    let name = ask
        .filename
        .clone()
        .unwrap_or_else(|| format!("{}.car", found.cid));
    let dups = if car.duplicates { "y" } else { "n" };
    let answer = begin(StatusCode::OK, root, ask)
        .header(header::ETAG, etag)
        .header(header::CACHE_CONTROL, cache_control(root))
        .header(header::ACCEPT_RANGES, "none")
        .header(
            header::CONTENT_TYPE,
            format!("application/vnd.ipld.car; version=1; order=dfs; dups={dups}"),
        )
        .header(
            header::CONTENT_DISPOSITION,
            disposition("attachment", &name),
        );
    if ask.head {
        return end(answer, Body::empty());
    }
    let (from, to) = (root.cid, found.cid);
    let steps: Vec<String> = steps.iter().map(|step| (*step).to_owned()).collect();
    let body = stream::body(move |pipe| {
        let Work { store, held, .. } = work;
        let steps: Vec<&str> = steps.iter().map(String::as_str).collect();
        let selection = Selection {
            scope: car.scope,
            bytes: car.bytes,
            duplicates: car.duplicates,
        };
        let mut writer = car::Writer::new(pipe, &[to])?;
        let done = car::export(&store, &from, &steps, selection, &mut writer);
        drop(held);
        done
    });
    end(answer, body)
}

/// The record of a name, as it was signed.
pub(super) fn record(work: &Work, ask: &Ask) -> Result<Response, Refusal> {
    let Root::Name(name) = &ask.root else {
        return Err(Refusal::bad("a record is of a name: /ipns/{name}"));
    };
    if !ask.steps.is_empty() {
        return Err(Refusal::bad("a record has no path below it"));
    }
    let (record, bytes) = valid_record(work, name)?;
    let left = (record.until - work.now)
        .whole_seconds()
        .max(0)
        .unsigned_abs();
    let keep = (record.ttl / 1_000_000_000).min(left);
    let etag = format!("\"{}.ipns-record\"", blake3::hash(&bytes).to_hex());
    let file = ask
        .filename
        .clone()
        .unwrap_or_else(|| format!("{name}.ipns-record"));
    let same = has_tag(&ask.headers, &etag);
    let status = if same {
        StatusCode::NOT_MODIFIED
    } else {
        StatusCode::OK
    };
    let answer = Response::builder()
        .status(status)
        .header(header::X_CONTENT_TYPE_OPTIONS, "nosniff")
        .header("x-ipfs-path", format!("/ipns/{name}"))
        .header(header::ETAG, etag)
        .header(header::CACHE_CONTROL, format!("public, max-age={keep}"))
        .header(header::CONTENT_TYPE, "application/vnd.ipfs.ipns-record")
        .header(
            header::CONTENT_DISPOSITION,
            disposition("attachment", &file),
        );
    let body = if same || ask.head {
        Body::empty()
    } else {
        Body::from(bytes)
    };
    end(answer, body)
}

/// The record of a name, when there is one that has not ended.
pub(super) fn valid_record(work: &Work, name: &Name) -> Result<(Record, Vec<u8>), Refusal> {
    let known = work.store.record(name).map_err(|error| match error {
        store::Error::Content(error) => Refusal::from(error),
        error => Refusal::of(&ipld::Error::outside(error), false),
    })?;
    known
        .filter(|(record, _)| !record.is_over(work.now))
        .ok_or_else(|| Refusal::not_found("no valid record of this name is here"))
}
