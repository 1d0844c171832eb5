//! Makes pictures smaller. The only caller is the app's own screen; the bytes of a picture come in, others go out, and
//! nothing is kept.

mod http;
mod resize;

use wasip2::exports::http::incoming_handler::Guest;
use wasip2::http::types::{IncomingRequest, Method, ResponseOutparam};

use crate::http::{Answer, read, reply};
use crate::resize::{Wish, resize};

/// The largest picture in bytes.
const LARGEST: usize = 24 << 20;

struct Backend;
wasip2::http::proxy::export!(Backend);

impl Guest for Backend {
    fn handle(request: IncomingRequest, out: ResponseOutparam) {
        reply(out, answer(&request));
    }
}

fn answer(request: &IncomingRequest) -> Answer {
    let target = request.path_with_query().unwrap_or_default();
    let (path, query) = target.split_once('?').unwrap_or((&target, ""));
    match (request.method(), path.rsplit('/').next().unwrap_or_default()) {
        (Method::Post, "resize") => match Wish::read(query) {
            Err(reason) => Answer::text(400, &reason),
            Ok(wish) => match read(request, LARGEST) {
                None => Answer::text(413, "The picture is larger than 24 MB."),
                Some(bytes) => match resize(&bytes, &wish) {
                    Ok(made) => Answer::picture(made),
                    Err(reason) => Answer::text(422, &reason),
                },
            },
        },
        (Method::Get, "formats") => Answer::text(200, "gif jpeg png webp"),
        _ => Answer::text(404, "There are only POST /resize and GET /formats."),
    }
}
