//! Files and folders as a browser shows them.

use std::ops::Range;

use axum::body::Body;
use axum::http::{StatusCode, header, response::Builder};
use axum::response::Response;
use bytes::Bytes;
use webx_content::ipld::{Cid, Error, Resolved, fetch};
use webx_content::unixfs::{self, File, Stat, stat_of};

use super::answer::{Refusal, begin, disposition, end, unchanged};
use super::ask::{Ask, ValueKind};
use super::place::Place;
use super::{Rooted, Work, cache_control, has_tag, listing, stream, value};

/// Bytes from the beginning of a file by which its type is told when its name does not tell it.
const SNIFF: u64 = 512;
/// Files up to this size are sent at once.
const SMALL: u64 = 128 * 1024;
/// What a page shared by many roots may do: nothing.
const SANDBOX: &str =
    "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src 'self'; media-src 'self'";

/// What is at the end of a path.
pub(super) fn answer(
    work: Work,
    place: &Place,
    root: &Rooted,
    ask: &Ask,
    found: &Resolved,
) -> Result<Response, Refusal> {
    if !found.within.is_empty() {
        return value::answer(&work, root, ask, found, ValueKind::DagJson);
    }
    let cid = found.cid;
    let block =
        fetch(&work.store, &cid).map_err(|error| Refusal::of(&error, ask.only_if_cached))?;
    match stat_of(&cid, &block)? {
        Stat::File(_) => {
            let name = ask.steps.last().cloned();
            let file = File::from_block(cid, block)?;
            Shown::new(StatusCode::OK, cid, file, name).send(work, place, root, ask)
        }
        Stat::Folder if place.is_origin() => folder(work, place, root, ask, cid),
        // A folder may hold a page.
        Stat::Folder => place.redirect(&ask.root, ask),
        Stat::Symlink(target) => {
            let answer = begin(StatusCode::OK, root, ask)
                .header(header::CONTENT_TYPE, "inode/symlink")
                .header(header::ETAG, format!("\"{cid}\""))
                .header(header::CACHE_CONTROL, cache_control(root));
            let body = Bytes::from(target);
            ranged(answer, ask, body.len() as u64, move |range| {
                Body::from(body.slice(range.start as usize..range.end as usize))
            })
        }
        _ => other(root, ask, cid, &block),
    }
}

/// A block of another codec.
fn other(root: &Rooted, ask: &Ask, cid: Cid, block: &Bytes) -> Result<Response, Refusal> {
    let etag = format!("\"{cid}\"");
    if has_tag(&ask.headers, &etag) {
        return unchanged(root, ask, &etag);
    }
    let media = value::media_type(cid.codec());
    let json = media.is_some_and(|media| media.ends_with("json"));
    let kind = if json && !ask.download {
        "inline"
    } else {
        "attachment"
    };
    let ending = if json { "json" } else { "bin" };
    let name = ask
        .filename
        .clone()
        .unwrap_or_else(|| format!("{cid}.{ending}"));
    let answer = begin(StatusCode::OK, root, ask)
        .header(header::ETAG, etag)
        .header(header::CACHE_CONTROL, cache_control(root))
        .header(
            header::CONTENT_TYPE,
            media.unwrap_or("application/octet-stream"),
        )
        .header(header::CONTENT_DISPOSITION, disposition(kind, &name));
    let block = block.clone();
    ranged(answer, ask, block.len() as u64, move |range| {
        Body::from(block.slice(range.start as usize..range.end as usize))
    })
}

fn folder(
    work: Work,
    place: &Place,
    root: &Rooted,
    ask: &Ask,
    cid: Cid,
) -> Result<Response, Refusal> {
    if !ask.rest.ends_with('/') {
        // Relative links of a page count from the slash.
        let query = ask
            .query
            .as_deref()
            .map_or_else(String::new, |query| format!("?{query}"));
        let path = ask.rest.trim_start_matches('/');
        let answer = begin(StatusCode::MOVED_PERMANENTLY, root, ask)
            .header(header::LOCATION, format!("/{path}/{query}"));
        return end(answer, Body::empty());
    }
    match unixfs::child(&work.store, &cid, "index.html")? {
        Some(index) => {
            let file = match File::open(&work.store, &index) {
                Err(Error::WrongKind { .. }) => return listing::answer(&work, root, ask, cid),
                file => file.map_err(|error| Refusal::of(&error, ask.only_if_cached))?,
            };
            let name = Some("index.html".to_owned());
            Shown::new(StatusCode::OK, index, file, name).send(work, place, root, ask)
        }
        None => listing::answer(&work, root, ask, cid),
    }
}

/// A file that is shown.
pub(super) struct Shown {
    status: StatusCode,
    cid: Cid,
    file: File,
    name: Option<String>,
}

impl Shown {
    pub(super) fn new(status: StatusCode, cid: Cid, file: File, name: Option<String>) -> Self {
        Self {
            status,
            cid,
            file,
            name,
        }
    }

    pub(super) fn send(
        self,
        work: Work,
        place: &Place,
        root: &Rooted,
        ask: &Ask,
    ) -> Result<Response, Refusal> {
        let etag = format!("\"{}\"", self.cid);
        let plain = self.status == StatusCode::OK;
        if plain && has_tag(&ask.headers, &etag) {
            return unchanged(root, ask, &etag);
        }
        let name = ask.filename.clone().or(self.name);
        let media = match name.as_deref().map(mime_guess::from_path) {
            Some(guess) if !guess.is_empty() => guess.first_or_octet_stream().to_string(),
            _ => sniff(&first(&work, &self.file)?).to_owned(),
        };
        if !place.is_origin() && is_active(&media) {
            return place.redirect(&ask.root, ask);
        }
        let media = if media.starts_with("text/") && !media.contains("charset") {
            format!("{media}; charset=utf-8")
        } else {
            media
        };
        let kind = if ask.download { "attachment" } else { "inline" };
        let name = name.unwrap_or_else(|| self.cid.to_string());
        let mut answer = begin(self.status, root, ask)
            .header(header::ETAG, etag)
            .header(header::CACHE_CONTROL, cache_control(root))
            .header(header::CONTENT_TYPE, media)
            .header(header::CONTENT_DISPOSITION, disposition(kind, &name));
        if !place.is_origin() {
            answer = answer.header(header::CONTENT_SECURITY_POLICY, SANDBOX);
        }
        let file = self.file;
        let size = file.size();
        let make = move |range: Range<u64>| {
            if range.end - range.start <= SMALL {
                let pieces: Result<Vec<_>, _> = file.read(&work.store, range.clone()).collect();
                if let Ok(pieces) = pieces {
                    return Body::from(pieces.concat());
                }
            }
            stream::body(move |pipe| {
                let Work { store, held, .. } = work;
                let done = file
                    .read(&store, range)
                    .try_for_each(|piece| pipe.send(piece?));
                drop(held);
                done
            })
        };
        if plain {
            ranged(answer, ask, size, make)
        } else {
            let body = if ask.head {
                Body::empty()
            } else {
                make(0..size)
            };
            end(answer.header(header::CONTENT_LENGTH, size), body)
        }
    }
}

fn first(work: &Work, file: &File) -> Result<Vec<u8>, Refusal> {
    let pieces: Result<Vec<_>, _> = file.read(&work.store, 0..SNIFF).collect();
    Ok(pieces?.concat())
}

/// Ends an answer whose body may be asked for in part (one range; several are answered with all).
pub(super) fn ranged(
    answer: Builder,
    ask: &Ask,
    size: u64,
    make: impl FnOnce(Range<u64>) -> Body,
) -> Result<Response, Refusal> {
    let answer = answer.header(header::ACCEPT_RANGES, "bytes");
    let etag = answer
        .headers_ref()
        .and_then(|headers| headers.get(header::ETAG));
    let same = match ask.headers.get(header::IF_RANGE) {
        Some(tag) => Some(tag) == etag,
        None => true,
    };
    let range = ask
        .headers
        .get(header::RANGE)
        .filter(|_| same && answer_is_whole(&answer))
        .and_then(|value| value.to_str().ok())
        .and_then(|text| range(text, size));
    let (answer, part) = match range {
        None => (answer, 0..size),
        Some(None) => {
            let refused = Response::builder()
                .status(StatusCode::RANGE_NOT_SATISFIABLE)
                .header(header::CONTENT_RANGE, format!("bytes */{size}"));
            return end(refused, Body::empty());
        }
        Some(Some(part)) => {
            let shown = format!("bytes {}-{}/{size}", part.start, part.end.saturating_sub(1));
            let answer = answer
                .status(StatusCode::PARTIAL_CONTENT)
                .header(header::CONTENT_RANGE, shown);
            (answer, part)
        }
    };
    let answer = answer.header(header::CONTENT_LENGTH, part.end - part.start);
    let body = if ask.head { Body::empty() } else { make(part) };
    end(answer, body)
}

fn answer_is_whole(answer: &Builder) -> bool {
    answer
        .headers_ref()
        .is_some_and(|headers| !headers.contains_key(header::CONTENT_RANGE))
}

/// The part a `Range` header means: `None` when it is not understood, `Some(None)` when it lies outside.
fn range(text: &str, size: u64) -> Option<Option<Range<u64>>> {
    let (first, last) = text.strip_prefix("bytes=")?.split_once('-')?;
    let number = |text: &str| text.parse::<u64>().ok();
    let range = match (first, last) {
        ("", last) => {
            let last = number(last)?;
            size.saturating_sub(last)..if last == 0 { 0 } else { size }
        }
        (first, "") => number(first)?..size,
        (first, last) => {
            let (first, last) = (number(first)?, number(last)?);
            if first > last {
                return None;
            }
            first..last.saturating_add(1).min(size)
        }
    };
    Some((range.start < range.end).then_some(range))
}

/// The type of a file without a name that tells it.
fn sniff(bytes: &[u8]) -> &'static str {
    let known: [(&[u8], &str); 8] = [
        (b"\x89PNG\r\n\x1a\n", "image/png"),
        (b"\xff\xd8\xff", "image/jpeg"),
        (b"GIF8", "image/gif"),
        (b"%PDF-", "application/pdf"),
        (b"PK\x03\x04", "application/zip"),
        (b"\x1f\x8b", "application/gzip"),
        (b"OggS", "audio/ogg"),
        (b"\x1a\x45\xdf\xa3", "video/webm"),
    ];
    if let Some((_, media)) = known.iter().find(|(magic, _)| bytes.starts_with(magic)) {
        return media;
    }
    if bytes.starts_with(b"RIFF") && bytes.get(8..12) == Some(b"WEBP") {
        return "image/webp";
    }
    let text = match std::str::from_utf8(bytes) {
        Ok(text) => text,
        // The last character may be cut.
        Err(error) if error.error_len().is_none() => {
            let (whole, _) = bytes.split_at(error.valid_up_to());
            std::str::from_utf8(whole).unwrap_or_default()
        }
        Err(_) => return "application/octet-stream",
    };
    if text
        .chars()
        .any(|c| c.is_control() && !matches!(c, '\n' | '\r' | '\t' | '\u{c}'))
    {
        return "application/octet-stream";
    }
    let start = text.trim_start().to_ascii_lowercase();
    let marks = [
        "<!doctype html",
        "<html",
        "<head",
        "<body",
        "<script",
        "<?xml",
        "<svg",
    ];
    match marks.iter().position(|mark| start.starts_with(mark)) {
        Some(5 | 6) => "image/svg+xml",
        Some(_) => "text/html",
        None => "text/plain",
    }
}

/// Whether a browser could run what is in a file of this type, or let it load something.
fn is_active(media: &str) -> bool {
    let harmless = ["image/", "audio/", "video/", "font/"];
    let known = [
        "text/plain",
        "text/csv",
        "text/markdown",
        "application/octet-stream",
        "application/json",
        "application/zip",
        "application/gzip",
    ];
    let svg = media.starts_with("image/svg");
    svg || !(harmless.iter().any(|start| media.starts_with(start)) || known.contains(&media))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_those_of_the_rfc() {
        assert_eq!(range("bytes=0-4", 10), Some(Some(0..5)));
        assert_eq!(range("bytes=5-", 10), Some(Some(5..10)));
        assert_eq!(range("bytes=-3", 10), Some(Some(7..10)));
        assert_eq!(range("bytes=-30", 10), Some(Some(0..10)));
        assert_eq!(range("bytes=10-", 10), Some(None));
        assert_eq!(range("bytes=-0", 10), Some(None));
        assert_eq!(range("bytes=0-18446744073709551615", 10), Some(Some(0..10)));
        for text in [
            "bytes=4-2",
            "bytes=1-2,4-5",
            "lines=1-2",
            "bytes=",
            "bytes=a-b",
        ] {
            assert_eq!(range(text, 10), None, "{text}");
        }
    }

    #[test]
    fn what_a_browser_could_run_is_known() {
        for media in [
            "text/html",
            "image/svg+xml",
            "application/xhtml+xml",
            "text/javascript",
            "application/pdf",
            "text/xml",
        ] {
            assert!(is_active(media), "{media}");
        }
        for media in ["text/plain", "image/png", "application/octet-stream"] {
            assert!(!is_active(media), "{media}");
        }
    }

    #[test]
    fn types_are_told_by_the_first_bytes() {
        assert_eq!(sniff(b"hello\n"), "text/plain");
        assert_eq!(sniff(b"  <!DOCTYPE html><p>"), "text/html");
        assert_eq!(sniff(b"<svg onload=alert(1)>"), "image/svg+xml");
        assert_eq!(sniff(b"\x00\x01"), "application/octet-stream");
        assert_eq!(sniff("größe".as_bytes().split_at(3).0), "text/plain");
        assert_eq!(sniff(b""), "text/plain");
    }
}
