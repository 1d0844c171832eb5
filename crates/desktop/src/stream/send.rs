//! One representation of something stored, whole or in part.

use std::io::{Cursor, Read, Seek, SeekFrom};

use axum::{
    body::Body,
    http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header},
    response::{IntoResponse as _, Response},
};
use time::OffsetDateTime;

use super::{problem, pull};
use crate::{
    desktop::blocking,
    http::{
        media, policy,
        problem::Problem,
        range::{self, Wanted},
    },
};

/// Bytes that are about to be sent.
pub(crate) struct Representation<R> {
    /// Changes when the bytes do; with its quotes.
    pub(crate) etag: String,
    pub(crate) length: u64,
    pub(crate) modified: OffsetDateTime,
    /// What a browser saves it as.
    pub(crate) name: String,
    /// The media type as it was guessed or stored; what a browser could run goes out as plain text.
    pub(crate) kind: String,
    /// Whether it may be shown in place, if its type allows it.
    pub(crate) inline: bool,
    pub(crate) reader: R,
}

/// Answers a request for it. `hold` is given back when the last byte is sent or the client left.
pub(crate) async fn send<R: Read + Seek + Send + 'static>(
    shown: Representation<R>,
    method: &Method,
    headers: &HeaderMap,
    hold: impl Send + 'static,
) -> Result<Response, Problem> {
    let length = shown.length;
    let mut answer = HeaderMap::new();
    let mut set = |name: HeaderName, text: &str| {
        answer.insert(name, header_value(text));
    };
    set(header::ETAG, &shown.etag);
    set(header::ACCEPT_RANGES, "bytes");
    // No browser keeps decrypted bytes on its disk.
    set(header::CACHE_CONTROL, "no-store");
    set(header::CONTENT_SECURITY_POLICY, policy::CONTENT);
    if range::precondition_fails(headers, &shown.etag) {
        return Err(Problem::new(
            StatusCode::PRECONDITION_FAILED,
            "changed",
            "the file has another version by now",
        ));
    }
    if range::unchanged(headers, &shown.etag) {
        return Ok((StatusCode::NOT_MODIFIED, answer).into_response());
    }
    set(header::CONTENT_TYPE, media::served(&shown.kind));
    set(
        header::LAST_MODIFIED,
        &httpdate::fmt_http_date(shown.modified.into()),
    );
    let (status, start, end) = match range::wanted(headers, length, &shown.etag) {
        Wanted::Whole => (StatusCode::OK, 0, length),
        Wanted::Part { start, end } => {
            set(
                header::CONTENT_RANGE,
                &format!("bytes {start}-{}/{length}", end - 1),
            );
            (StatusCode::PARTIAL_CONTENT, start, end)
        }
        Wanted::Unsatisfiable => {
            let problem = Problem::new(
                StatusCode::RANGE_NOT_SATISFIABLE,
                "range",
                format!("the file has {length} bytes"),
            );
            let mut response = problem.into_response();
            response.headers_mut().insert(
                header::CONTENT_RANGE,
                header_value(&format!("bytes */{length}")),
            );
            return Ok(response);
        }
    };
    set(header::CONTENT_LENGTH, &(end - start).to_string());
    answer.insert(
        header::CONTENT_DISPOSITION,
        media::disposition(shown.inline && media::inline(&shown.kind), &shown.name),
    );
    if *method == Method::HEAD {
        return Ok((status, answer, Body::empty()).into_response());
    }
    let reader = shown.reader;
    let (head, reader) = blocking(move || first_chunk(reader, start, end).map_err(problem)).await?;
    let body = pull(Cursor::new(head).chain(reader), end - start, hold);
    Ok((status, answer, body).into_response())
}

/// Reads the first bytes before the status is sent, so that damage at the start is told as a problem and not as a body that
/// breaks off.
fn first_chunk<R: Read + Seek>(
    mut reader: R,
    start: u64,
    end: u64,
) -> std::io::Result<(Vec<u8>, R)> {
    reader.seek(SeekFrom::Start(start))?;
    let size = usize::try_from(end - start)
        .unwrap_or(usize::MAX)
        .min(16 * 1024);
    let mut head = vec![0; size];
    reader.read_exact(&mut head)?;
    Ok((head, reader))
}

fn header_value(text: &str) -> HeaderValue {
    HeaderValue::from_str(text).unwrap_or(HeaderValue::from_static(""))
}
