//! The HTTP gateway: public content for browsers, and blocks for clients that check them.
//!
//! It serves `/ipfs/{cid}/…` and `/ipns/{name}/…` on this machine's own names. A page never runs there: whatever a
//! browser could execute is redirected to an origin of its own, `{cid}.ipfs.localhost`, and the rest is sandboxed. Blocks
//! come from a [`PublicStore`] alone; what is not in it is not found, and nobody is asked for it.

mod answer;
mod archive;
mod ask;
mod file;
mod listing;
mod place;
mod redirects;
mod routing;
pub(crate) mod stream;
mod trustless;
mod value;

use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::{Method, header};
use axum::response::Response;
use time::OffsetDateTime;
use tokio::sync::Semaphore;
use webx_content::ipld::{self, Cid, resolve};

use crate::PublicStore;
use answer::Refusal;
use ask::{Ask, Format, Root};
use place::Place;

/// Answers that are worked on at once; each holds a thread.
const AT_ONCE: usize = 12;

/// What every request is given.
#[derive(Clone)]
pub(crate) struct Gateway {
    store: PublicStore,
    places: Arc<Semaphore>,
    now: fn() -> OffsetDateTime,
}

/// The gateway to a store, to be served on a loopback port of its own.
pub fn router(store: PublicStore) -> Router {
    router_at(store, || std::time::SystemTime::now().into())
}

/// As [`router`], by another clock.
pub fn router_at(store: PublicStore, now: fn() -> OffsetDateTime) -> Router {
    Router::new().fallback(serve).with_state(Gateway {
        store,
        places: Arc::new(Semaphore::new(AT_ONCE)),
        now,
    })
}

async fn serve(State(gateway): State<Gateway>, request: Request) -> Response {
    match answer(gateway, request).await {
        Ok(response) => response,
        Err(refusal) => refusal.into_response(),
    }
}

async fn answer(gateway: Gateway, request: Request) -> Result<Response, Refusal> {
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        return Err(Refusal::method());
    }
    let headers = request.headers();
    place::check_visitor(headers)?;
    let place = Place::of(request.uri(), headers)?;
    let path = request.uri().path();
    let question = match path.starts_with(routing::PREFIX) && !place.is_origin() {
        true => Some(routing::Question::parse(path)?),
        false => None,
    };
    let lines = accepts_lines(headers);
    let head = *request.method() == Method::HEAD;
    let ask = match question {
        Some(_) => None,
        None => Some(Ask::read(&request, &place)?),
    };
    let place_for_work = gateway
        .places
        .clone()
        .acquire_owned()
        .await
        .map_err(|_| Refusal::busy())?;
    // Reading blocks takes a thread; so does what is streamed, which keeps its place until it ends.
    tokio::task::spawn_blocking(move || {
        let work = Work {
            store: gateway.store,
            now: (gateway.now)(),
            held: place_for_work,
        };
        match (question, ask) {
            (Some(question), _) => routing::answer(&work, &place, question, lines, head),
            (None, Some(ask)) => work.answer(&place, &ask),
            (None, None) => Err(Refusal::failed()),
        }
    })
    .await
    .map_err(|_| Refusal::failed())?
}

/// One answer that is being made.
pub(crate) struct Work {
    store: PublicStore,
    now: OffsetDateTime,
    held: tokio::sync::OwnedSemaphorePermit,
}

/// The root of a request, resolved to content.
#[derive(Debug, Clone)]
pub(crate) struct Rooted {
    cid: Cid,
    /// Steps that an IPNS record put in front of the request's own.
    before: Vec<String>,
    /// Seconds for which the way from the name to the root may be kept; `None` is for ever.
    keep: Option<u64>,
}

/// Most names that lead to each other.
const MAX_NAMES: usize = 8;

impl Work {
    fn answer(self, place: &Place, ask: &Ask) -> Result<Response, Refusal> {
        if ask.format == Some(Format::IpnsRecord) {
            return trustless::record(&self, ask);
        }
        let root = self.root(&ask.root)?;
        let own: Vec<&str> = ask.steps.iter().map(String::as_str).collect();
        let steps: Vec<&str> = root
            .before
            .iter()
            .map(String::as_str)
            .chain(own.iter().copied())
            .collect();
        if place.is_shared_by_name() && ask.format.is_none_or(Format::is_for_people) {
            return place.redirect(&ask.root, ask);
        }
        let found = match resolve(&self.store, &root.cid, &steps) {
            Err(ipld::Error::NotFound(step)) if place.is_origin() && ask.format.is_none() => {
                return redirects::answer(self, &root, ask, &step);
            }
            found => found.map_err(|error| Refusal::of(&error, ask.only_if_cached))?,
        };
        match ask.format {
            Some(Format::Raw) => trustless::raw(&self, &root, ask, &found),
            Some(Format::Car(car)) => trustless::car(self, &root, &steps, ask, &found, car),
            Some(Format::IpnsRecord) => Err(Refusal::failed()),
            Some(Format::Tar) => archive::answer(self, &root, ask, &found),
            Some(Format::Value(kind)) => value::answer(&self, &root, ask, &found, kind),
            None => file::answer(self, place, &root, ask, &found),
        }
    }

    /// Follows names to content.
    fn root(&self, root: &Root) -> Result<Rooted, Refusal> {
        let mut keep = None;
        let mut before = Vec::new();
        let mut name = match root {
            Root::Content(cid) => {
                return Ok(Rooted {
                    cid: *cid,
                    before,
                    keep,
                });
            }
            Root::Name(name) => *name,
        };
        for _ in 0..MAX_NAMES {
            let record = trustless::valid_record(self, &name)?.0;
            let left = (record.until - self.now)
                .whole_seconds()
                .max(0)
                .unsigned_abs();
            let ttl = (record.ttl / 1_000_000_000).min(left);
            keep = Some(keep.map_or(ttl, |keep: u64| keep.min(ttl)));
            let (kind, path) = record
                .value
                .strip_prefix("/ipfs/")
                .map(|path| (true, path))
                .or_else(|| {
                    record
                        .value
                        .strip_prefix("/ipns/")
                        .map(|path| (false, path))
                })
                .ok_or_else(|| Refusal::not_found("the name points to no content"))?;
            let mut steps = ipld::split_path(path)?.into_iter();
            let first = steps.next().unwrap_or_default();
            before.splice(0..0, steps.map(str::to_owned));
            if kind {
                return Ok(Rooted {
                    cid: ipld::parse_cid(first)?,
                    before,
                    keep,
                });
            }
            name = ask::name(first)?;
        }
        Err(Refusal::not_found("the name points to names without end"))
    }
}

/// The header that says for how long an answer may be kept.
fn cache_control(root: &Rooted) -> String {
    match root.keep {
        None => "public, max-age=29030400, immutable".to_owned(),
        Some(seconds) => format!("public, max-age={seconds}"),
    }
}

/// Whether a client wants an answer line by line.
fn accepts_lines(headers: &axum::http::HeaderMap) -> bool {
    headers
        .get(header::ACCEPT)
        .and_then(|value| value.to_str().ok())
        .is_some_and(|value| value.contains("application/x-ndjson"))
}

/// Whether a header of a request names this tag.
fn has_tag(headers: &axum::http::HeaderMap, etag: &str) -> bool {
    headers
        .get_all(header::IF_NONE_MATCH)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(|tag| tag.trim().trim_start_matches("W/"))
        .any(|tag| tag == "*" || tag == etag.trim_start_matches("W/"))
}
