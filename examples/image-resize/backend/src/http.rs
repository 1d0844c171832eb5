//! Requests and answers of `wasi:http`.

use wasip2::http::types::{Fields, IncomingRequest, OutgoingBody, OutgoingResponse, ResponseOutparam};

use crate::resize::Made;

/// What is said to the caller.
pub(crate) struct Answer {
    status: u16,
    headers: Vec<(&'static str, String)>,
    body: Vec<u8>,
}

impl Answer {
    /// Words for a person.
    pub(crate) fn text(status: u16, text: &str) -> Self {
        Self { status, headers: vec![("content-type", "text/plain; charset=utf-8".into())], body: text.into() }
    }

    /// A picture, with its size in pixels.
    pub(crate) fn picture(made: Made) -> Self {
        let headers = vec![
            ("content-type", made.media_type.into()),
            ("x-picture-width", made.width.to_string()),
            ("x-picture-height", made.height.to_string()),
        ];
        Self { status: 200, headers, body: made.bytes }
    }
}

/// The request's whole body; nothing when it is larger than `most` bytes.
pub(crate) fn read(request: &IncomingRequest, most: usize) -> Option<Vec<u8>> {
    let body = request.consume().ok()?;
    let stream = body.stream().ok()?;
    let mut bytes = Vec::new();
    while let Ok(piece) = stream.blocking_read(256 << 10) {
        bytes.extend(piece);
        if bytes.len() > most {
            return None;
        }
    }
    Some(bytes)
}

/// Sends the answer.
pub(crate) fn reply(out: ResponseOutparam, answer: Answer) {
    let fields = Fields::new();
    for (name, value) in &answer.headers {
        let _ = fields.append(name, value.as_bytes());
    }
    let response = OutgoingResponse::new(fields);
    let _ = response.set_status_code(answer.status);
    let body = response.body();
    ResponseOutparam::set(out, Ok(response));
    let Ok(body) = body else { return };
    if let Ok(stream) = body.write() {
        for piece in answer.body.chunks(4096) {
            if stream.blocking_write_and_flush(piece).is_err() {
                return;
            }
        }
    }
    let _ = OutgoingBody::finish(body, None);
}
