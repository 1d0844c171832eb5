//! Who is answered: programs of this machine that hold a token, and no browser.

use aws_lc_rs::constant_time::verify_slices_are_equal;
use axum::extract::Request;
use axum::http::{HeaderMap, Method, StatusCode, header};
use data_encoding::BASE64;
use zeroize::Zeroizing;

use super::answer::Failure;

/// Where the commands are.
pub(super) const PREFIX: &str = "/api/v0";
/// Most headers of a request.
const MAX_HEADERS: usize = 64;

/// Somebody who may call commands.
#[derive(Clone)]
pub struct Authorization {
    header: Zeroizing<String>,
    paths: Vec<String>,
}

impl std::fmt::Debug for Authorization {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Authorization({:?})", self.paths)
    }
}

impl Authorization {
    /// The holder of a token may call everything.
    pub fn bearer(token: String) -> Self {
        let token = Zeroizing::new(token);
        Self {
            header: Zeroizing::new(format!("Bearer {}", *token)),
            paths: vec![PREFIX.to_owned()],
        }
    }

    /// From an entry of `API.Authorizations`: a secret (`bearer:…` or `basic:user:password`) and the paths it opens.
    /// `None` for a secret of another form or one of less than 16 characters.
    pub fn from_config(secret: &str, paths: Vec<String>) -> Option<Self> {
        let (kind, value) = secret.split_once(':')?;
        if value.len() < 16 {
            return None;
        }
        let header = match kind {
            "bearer" => format!("Bearer {value}"),
            "basic" => format!("Basic {}", BASE64.encode(value.as_bytes())),
            _ => return None,
        };
        Some(Self {
            header: Zeroizing::new(header),
            paths,
        })
    }

    fn opens(&self, given: &str, path: &str) -> bool {
        let known = verify_slices_are_equal(self.header.as_bytes(), given.as_bytes()).is_ok();
        known
            && self.paths.iter().any(|open| {
                let rest = path.strip_prefix(open.trim_end_matches('/'));
                rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
            })
    }
}

/// Refuses everybody who is not meant, before anything of the request is read.
pub(super) fn admit(allowed: &[Authorization], request: &Request) -> Result<(), Failure> {
    let headers = request.headers();
    if headers.len() > MAX_HEADERS {
        return Err(Failure::plain(
            StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
            "431 - Too many headers",
        ));
    }
    if !is_own_host(request, headers) || is_from_a_browser(headers) {
        return Err(Failure::plain(StatusCode::FORBIDDEN, "403 - Forbidden"));
    }
    if *request.method() != Method::POST {
        return Err(Failure::plain(
            StatusCode::METHOD_NOT_ALLOWED,
            "405 - Method Not Allowed",
        ));
    }
    let mut given = headers.get_all(header::AUTHORIZATION).iter();
    let given = match (given.next(), given.next()) {
        (Some(given), None) => given.to_str().unwrap_or_default(),
        _ => "",
    };
    let path = request.uri().path();
    // Every entry is compared, whichever fits.
    let open = allowed
        .iter()
        .fold(false, |open, one| one.opens(given, path) | open);
    if !open {
        return Err(Failure::plain(
            StatusCode::FORBIDDEN,
            "Kubo RPC Access Denied: Please provide a valid authorization token as defined in the \
             API.Authorizations configuration.",
        ));
    }
    Ok(())
}

/// Whether the request was meant for this machine. A page of the web can point its own name here.
fn is_own_host(request: &Request, headers: &HeaderMap) -> bool {
    let mut hosts = headers.get_all(header::HOST).iter();
    let (Some(host), None, None) = (hosts.next(), hosts.next(), request.uri().host()) else {
        return false;
    };
    let Ok(host) = host.to_str() else {
        return false;
    };
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|c| c.is_ascii_digit()) => name,
        _ => host,
    };
    matches!(
        name.to_ascii_lowercase().as_str(),
        "localhost" | "127.0.0.1" | "[::1]"
    )
}

fn is_from_a_browser(headers: &HeaderMap) -> bool {
    headers.contains_key(header::ORIGIN)
        || headers.contains_key(header::REFERER)
        || headers.contains_key(header::COOKIE)
        || headers.contains_key("sec-fetch-site")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_opens_its_paths_and_no_other() {
        let one = Authorization::from_config(
            "bearer:0123456789abcdef",
            vec!["/api/v0/id".into(), "/api/v0/pin/".into()],
        );
        let opens = |path| {
            one.as_ref()
                .is_some_and(|one| one.opens("Bearer 0123456789abcdef", path))
        };
        assert!(opens("/api/v0/id") && opens("/api/v0/pin/ls"));
        assert!(!opens("/api/v0/identity") && !opens("/api/v0/add") && !opens("/"));
        for secret in [
            "bearer:short",
            "0123456789abcdef",
            "other:0123456789abcdef",
            "",
        ] {
            assert!(Authorization::from_config(secret, Vec::new()).is_none());
        }
        assert!(!format!("{one:?}").contains("0123"));
    }
}
