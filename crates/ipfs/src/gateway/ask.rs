//! What a request asks for: root, path, form.

use axum::extract::Request;
use axum::http::{HeaderMap, StatusCode, header};
use percent_encoding::percent_decode_str;
use webx_content::car::{ByteRange, Scope};
use webx_content::ipld::{Cid, parse_cid, split_path};
use webx_content::ipns::Name;

use super::answer::Refusal;
use super::place::Place;

/// Longest query in bytes.
const MAX_QUERY: usize = 4096;

/// Where a path begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Root {
    /// At content.
    Content(Cid),
    /// At what a name points to.
    Name(Name),
}

/// The form of an answer that a client asks for by name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    /// One block.
    Raw,
    /// The blocks of a path and its end.
    Car(Car),
    /// The record of a name.
    IpnsRecord,
    /// Files and folders in one file.
    Tar,
    /// A value in a codec.
    Value(ValueKind),
}

/// What a CAR shall hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Car {
    pub(crate) scope: Scope,
    pub(crate) bytes: Option<ByteRange>,
    pub(crate) duplicates: bool,
}

/// How a value is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ValueKind {
    DagJson,
    DagCbor,
    Json,
    Cbor,
}

impl Format {
    /// Whether a browser shows it rather than a program checks it.
    pub(crate) fn is_for_people(self) -> bool {
        matches!(self, Self::Value(_) | Self::Tar)
    }
}

/// A request, understood.
#[derive(Debug)]
pub(crate) struct Ask {
    pub(crate) root: Root,
    /// The steps below the root, decoded.
    pub(crate) steps: Vec<String>,
    /// The path below the root as it came, with the slash in front.
    pub(crate) rest: String,
    /// The whole path, for the header that names it.
    pub(crate) shown: String,
    pub(crate) query: Option<String>,
    pub(crate) format: Option<Format>,
    pub(crate) download: bool,
    pub(crate) filename: Option<String>,
    pub(crate) head: bool,
    pub(crate) only_if_cached: bool,
    pub(crate) headers: HeaderMap,
}

impl Ask {
    pub(crate) fn read(request: &Request, place: &Place) -> Result<Self, Refusal> {
        let uri = request.uri();
        let headers = request.headers();
        let query = uri.query().map(str::to_owned);
        let params = Params::read(query.as_deref())?;
        let (root, rest) = match place {
            Place::Origin(root) => (*root, uri.path().to_owned()),
            _ => rooted(uri.path())?,
        };
        if headers.contains_key("service-worker") && !place.is_origin() {
            return Err(Refusal::bad("a service worker needs an origin of its own"));
        }
        let mut steps = Vec::new();
        for step in split_path(&rest)? {
            let step = percent_decode_str(step)
                .decode_utf8()
                .map_err(|_| Refusal::bad("the path is no UTF-8"))?;
            steps.push(step.into_owned());
        }
        let kind = match root {
            Root::Content(cid) => format!("/ipfs/{cid}"),
            Root::Name(name) => format!("/ipns/{name}"),
        };
        Ok(Self {
            root,
            steps,
            shown: format!("{kind}{rest}"),
            rest,
            format: format(&params, headers)?,
            download: params.get("download").is_some_and(|value| value == "true"),
            filename: params.get("filename").map(str::to_owned),
            query,
            head: request.method() == axum::http::Method::HEAD,
            only_if_cached: headers
                .get(header::CACHE_CONTROL)
                .is_some_and(|value| value.as_bytes() == b"only-if-cached"),
            headers: headers.clone(),
        })
    }
}

/// Reads an IPNS name. Names of the DNS are told apart: they are names, but nobody is asked for them.
pub(crate) fn name(text: &str) -> Result<Name, Refusal> {
    Name::parse(text).map_err(|error| {
        if text.contains('.') || text.contains('-') {
            Refusal::not_found("names of the DNS are not looked up")
        } else {
            error.into()
        }
    })
}

fn rooted(path: &str) -> Result<(Root, String), Refusal> {
    let unknown = || Refusal::not_found("a path begins with /ipfs/ or /ipns/");
    let mut parts = path.splitn(4, '/');
    let (Some(""), Some(kind), Some(text)) = (parts.next(), parts.next(), parts.next()) else {
        return Err(unknown());
    };
    let rest = parts
        .next()
        .map_or_else(String::new, |rest| format!("/{rest}"));
    let root = match kind {
        "ipfs" => Root::Content(parse_cid(text)?),
        "ipns" => Root::Name(name(text)?),
        _ => return Err(unknown()),
    };
    Ok((root, rest))
}

/// The parameters of a query.
struct Params(Vec<(String, String)>);

impl Params {
    fn read(query: Option<&str>) -> Result<Self, Refusal> {
        let query = query.unwrap_or_default();
        if query.len() > MAX_QUERY {
            return Err(Refusal::bad("the query is too long"));
        }
        let decoded = |text: &str| {
            percent_decode_str(&text.replace('+', " "))
                .decode_utf8_lossy()
                .into_owned()
        };
        let pairs = query.split('&').filter(|pair| !pair.is_empty());
        let pairs = pairs.map(|pair| {
            let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
            (decoded(key), decoded(value))
        });
        Ok(Self(pairs.collect()))
    }

    fn get(&self, key: &str) -> Option<&str> {
        let found = self.0.iter().find(|(known, _)| known == key);
        found.map(|(_, value)| value.as_str())
    }
}

/// The form asked for: by the query, or else by what the client accepts.
fn format(params: &Params, headers: &HeaderMap) -> Result<Option<Format>, Refusal> {
    if let Some(name) = params.get("format") {
        let accepted = accepted(headers);
        let car_type = accepted
            .iter()
            .find(|accepted| accepted.kind == "application/vnd.ipld.car");
        return Ok(Some(match name {
            "raw" => Format::Raw,
            "car" => Format::Car(car(params, car_type)?),
            "ipns-record" => Format::IpnsRecord,
            "tar" => Format::Tar,
            "dag-json" => Format::Value(ValueKind::DagJson),
            "dag-cbor" => Format::Value(ValueKind::DagCbor),
            "json" => Format::Value(ValueKind::Json),
            "cbor" => Format::Value(ValueKind::Cbor),
            _ => return Err(Refusal::bad("this format is not known here")),
        }));
    }
    for accepted in accepted(headers) {
        return Ok(Some(match accepted.kind.as_str() {
            "application/vnd.ipld.raw" => Format::Raw,
            "application/vnd.ipld.car" => Format::Car(car(params, Some(&accepted))?),
            "application/vnd.ipfs.ipns-record" => Format::IpnsRecord,
            "application/x-tar" => Format::Tar,
            "application/vnd.ipld.dag-json" => Format::Value(ValueKind::DagJson),
            "application/vnd.ipld.dag-cbor" => Format::Value(ValueKind::DagCbor),
            "application/json" => Format::Value(ValueKind::Json),
            "application/cbor" => Format::Value(ValueKind::Cbor),
            // Browsers name these first.
            "text/html" | "*/*" => return Ok(None),
            _ => continue,
        }));
    }
    Ok(None)
}

/// A media type that a client accepts, and its parameters.
struct Accepted {
    kind: String,
    params: Vec<(String, String)>,
}

fn accepted(headers: &HeaderMap) -> Vec<Accepted> {
    let lists = headers.get_all(header::ACCEPT).iter();
    let all = lists
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .take(64);
    all.map(|one| {
        let mut parts = one.split(';').map(str::trim);
        let kind = parts.next().unwrap_or_default().to_ascii_lowercase();
        let params = parts.filter_map(|part| part.split_once('='));
        Accepted {
            kind,
            params: params
                .map(|(key, value)| (key.trim().to_owned(), value.trim().to_owned()))
                .collect(),
        }
    })
    .collect()
}

fn car(params: &Params, accepted: Option<&Accepted>) -> Result<Car, Refusal> {
    let either = |query: &str, media: &str| {
        let media = || {
            let found = accepted?.params.iter().find(|(key, _)| key == media);
            found.map(|(_, value)| value.as_str())
        };
        params.get(query).or_else(media)
    };
    if either("car-version", "version").is_some_and(|version| version != "1") {
        return Err(Refusal::bad("only version 1 of CAR is written"));
    }
    if either("car-order", "order").is_some_and(|order| !matches!(order, "dfs" | "unk")) {
        return Err(Refusal::bad("a CAR is written depth first"));
    }
    let duplicates = match either("car-dups", "dups") {
        None | Some("n") => false,
        Some("y") => true,
        Some(_) => return Err(Refusal::bad("dups is y or n")),
    };
    let bytes = params.get("entity-bytes").map(byte_range).transpose()?;
    let scope = match params.get("dag-scope") {
        Some("block") => Scope::Block,
        Some("entity") => Scope::Entity,
        // A range is one of an entity.
        None if bytes.is_some() => Scope::Entity,
        None | Some("all") => Scope::All,
        Some(_) => return Err(Refusal::bad("dag-scope is block, entity or all")),
    };
    Ok(Car {
        scope,
        bytes,
        duplicates,
    })
}

fn byte_range(text: &str) -> Result<ByteRange, Refusal> {
    let bad = || {
        Refusal::new(
            StatusCode::BAD_REQUEST,
            "entity-bytes is FROM:TO, where TO may be *",
        )
    };
    let (from, to) = text.split_once(':').ok_or_else(bad)?;
    let from: i64 = from.parse().map_err(|_| bad())?;
    let to: Option<i64> = match to {
        "*" => None,
        to => Some(to.parse().map_err(|_| bad())?),
    };
    // Two numbers that count from the same end must be in order.
    let backwards = to.is_some_and(|to| (from < 0) == (to < 0) && from > to);
    if backwards {
        return Err(bad());
    }
    Ok(ByteRange { from, to })
}
