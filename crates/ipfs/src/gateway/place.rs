//! Where a request came to: the machine's own name, its address, or the origin of one root.

use axum::body::Body;
use axum::http::{HeaderMap, StatusCode, Uri, header};
use axum::response::Response;
use webx_content::ipld::{Cid, base36, parse_cid};

use super::answer::Refusal;
use super::ask::{Ask, Root, name};

/// Longest label of a host name.
const MAX_LABEL: usize = 63;

/// Where a request came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Place {
    /// `localhost`: roots are in the path, and are redirected to their origins.
    Named {
        /// `:8080`, or empty.
        port: String,
    },
    /// An address: roots are in the path.
    Addressed {
        /// `:8080`, or empty.
        port: String,
    },
    /// The origin of a root.
    Origin(Root),
}

impl Place {
    /// Reads the host of a request. Others than this machine's own names are refused, so that no page of the web can
    /// point its own name here and read as if it were at home.
    pub(crate) fn of(uri: &Uri, headers: &HeaderMap) -> Result<Self, Refusal> {
        let strange = || {
            Refusal::new(
                StatusCode::MISDIRECTED_REQUEST,
                "this gateway answers to this machine's own names",
            )
        };
        let mut hosts = headers.get_all(header::HOST).iter();
        let host = match (hosts.next(), hosts.next(), uri.host()) {
            (Some(host), None, None) => host.to_str().map_err(|_| strange())?,
            _ => return Err(strange()),
        };
        let (host, port) = match host.rsplit_once(':') {
            Some((host, port)) if port.bytes().all(|c| c.is_ascii_digit()) => {
                (host, format!(":{port}"))
            }
            _ => (host, String::new()),
        };
        let host = host.to_ascii_lowercase();
        match host.as_str() {
            "localhost" => return Ok(Self::Named { port }),
            "127.0.0.1" | "[::1]" => return Ok(Self::Addressed { port }),
            _ => {}
        }
        let label = |end: &str| host.strip_suffix(end).filter(|label| !label.contains('.'));
        if let Some(label) = label(".ipfs.localhost") {
            return Ok(Self::Origin(Root::Content(parse_cid(label)?)));
        }
        if let Some(label) = label(".ipns.localhost") {
            return Ok(Self::Origin(Root::Name(name(label)?)));
        }
        Err(strange())
    }

    /// Whether many roots share this origin under a name that has origins below it.
    pub(crate) fn is_shared_by_name(&self) -> bool {
        matches!(self, Self::Named { .. })
    }

    /// The port that the request came to.
    pub(crate) fn port(&self) -> u16 {
        match self {
            Self::Named { port } | Self::Addressed { port } => {
                port.trim_start_matches(':').parse().unwrap_or(80)
            }
            Self::Origin(_) => 80,
        }
    }

    /// Whether this is the origin of one root.
    pub(crate) fn is_origin(&self) -> bool {
        matches!(self, Self::Origin(_))
    }

    /// Sends the browser to the origin of a root.
    pub(crate) fn redirect(&self, root: &Root, ask: &Ask) -> Result<Response, Refusal> {
        let port = match self {
            Self::Named { port } | Self::Addressed { port } => port.as_str(),
            Self::Origin(_) => return Err(Refusal::failed()),
        };
        let (label, kind) = match root {
            Root::Content(cid) => (label(cid)?, "ipfs"),
            Root::Name(name) => (name.to_string(), "ipns"),
        };
        if label.len() > MAX_LABEL {
            return Err(too_long());
        }
        let query = ask
            .query
            .as_deref()
            .map_or_else(String::new, |query| format!("?{query}"));
        let to = format!("http://{label}.{kind}.localhost{port}{}{query}", ask.rest);
        Response::builder()
            .status(StatusCode::MOVED_PERMANENTLY)
            .header(header::LOCATION, to)
            .header(header::CACHE_CONTROL, "no-store")
            .body(Body::empty())
            .map_err(|_| Refusal::failed())
    }
}

/// A CID as a label of a host name: version 1, in small letters.
fn label(cid: &Cid) -> Result<String, Refusal> {
    let v1 = cid
        .into_v1()
        .map_err(|_| Refusal::bad("the CID has no form for a host name"))?;
    let text = v1.to_string();
    if text.len() <= MAX_LABEL {
        return Ok(text);
    }
    Some(base36(&v1))
        .filter(|text| text.len() <= MAX_LABEL)
        .ok_or_else(too_long)
}

fn too_long() -> Refusal {
    Refusal::bad("the CID is too long for a host name")
}

/// Refuses what pages of other sites load by stealth: that would tell them what is kept here. Following a link is
/// allowed.
pub(crate) fn check_visitor(headers: &HeaderMap) -> Result<(), Refusal> {
    let is = |name: &str, value: &str| {
        headers
            .get(name)
            .is_some_and(|found| found.as_bytes() == value.as_bytes())
    };
    let follows_a_link = is("sec-fetch-mode", "navigate") && is("sec-fetch-dest", "document");
    if is("sec-fetch-site", "cross-site") && !follows_a_link {
        return Err(Refusal::new(
            StatusCode::FORBIDDEN,
            "other sites may link to what is here, not load it",
        ));
    }
    Ok(())
}
