//! Who may ask: the names this node answers to, and which pages may send requests to it.
//!
//! A hostile page reaches a local server in three ways: by asking it from another origin, by DNS rebinding (its own name
//! that suddenly points to 127.0.0.1) and by simple requests that need no preflight. The allow-list of hosts stops the
//! second, the comparison of `Origin` and `Sec-Fetch-Site` stops the first and the third.

use axum::http::{HeaderMap, Method, Uri, header};

/// The canonical name. A name below `localhost` always points to this machine (RFC 6761).
pub(crate) const CANONICAL: &str = "webx.localhost";
const NAMES: [&str; 3] = [CANONICAL, "localhost", "127.0.0.1"];

/// The authorities (`host:port`) the node answers to.
#[derive(Clone, Debug)]
pub(crate) struct Hosts {
    port: u16,
    allowed: Vec<String>,
    /// What follows the label in the authority of an app's origin.
    below: String,
}

/// Letters of an app's origin label.
const LABEL: usize = 26;

/// Where a request comes from, as far as its headers tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Asker {
    /// A page of this node, by the browser's own word (`Sec-Fetch-Site: same-origin`, or a matching `Origin`).
    OwnPage,
    /// The person typed the address or followed a bookmark (`Sec-Fetch-Site: none`), or arrives by a link.
    Navigation,
    /// No browser header at all: a program on this machine.
    Program,
    /// A frame without an origin, or another site; only for what anybody may load.
    Elsewhere,
}

/// Why a request is refused before anything is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Foreign {
    #[error("this node does not answer to that host name")]
    Host,
    #[error("requests from other origins are refused")]
    Origin,
}

impl Hosts {
    pub(crate) fn new(port: u16) -> Self {
        Self {
            port,
            allowed: NAMES.iter().map(|name| format!("{name}:{port}")).collect(),
            below: format!(".{CANONICAL}:{port}"),
        }
    }

    /// The origin of an app, without a slash at the end.
    pub(crate) fn app_origin(&self, label: &str) -> String {
        format!("http://{label}{}", self.below)
    }

    /// The label of the app's origin that a request names, in case it names one. Whether there is such an app is another
    /// question.
    pub(crate) fn label<'h>(&self, uri: &Uri, headers: &'h HeaderMap) -> Option<&'h str> {
        let mut hosts = headers.get_all(header::HOST).iter();
        let (Some(host), None) = (hosts.next(), hosts.next()) else {
            return None;
        };
        let host = host.to_str().ok()?;
        let label = host.strip_suffix(self.below.as_str())?;
        let known = label.len() == LABEL
            && label
                .bytes()
                .all(|c| matches!(c, b'a'..=b'z' | b'2'..=b'7'));
        let same = uri.authority().is_none_or(|a| a.as_str() == host);
        (known && same).then_some(label)
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// The one authority a request names, when it is ours.
    pub(crate) fn authority<'a>(
        &'a self,
        uri: &Uri,
        headers: &HeaderMap,
    ) -> Result<&'a str, Foreign> {
        let mut hosts = headers.get_all(header::HOST).iter();
        let (Some(host), None) = (hosts.next(), hosts.next()) else {
            return Err(Foreign::Host);
        };
        let host = host.to_str().map_err(|_| Foreign::Host)?;
        let ours = self
            .allowed
            .iter()
            .find(|a| a.eq_ignore_ascii_case(host))
            .ok_or(Foreign::Host)?;
        if uri
            .authority()
            .is_some_and(|a| !a.as_str().eq_ignore_ascii_case(ours))
        {
            return Err(Foreign::Host);
        }
        Ok(ours)
    }
}

/// Tells apart own pages, navigations and programs; refuses everything another site could have made.
pub(crate) fn asker(
    method: &Method,
    authority: &str,
    headers: &HeaderMap,
) -> Result<Asker, Foreign> {
    let mut own = false;
    let mut origins = headers.get_all(header::ORIGIN).iter();
    if let Some(origin) = origins.next() {
        let same = origin
            .to_str()
            .ok()
            .and_then(|o| o.strip_prefix("http://"))
            .is_some_and(|o| o.eq_ignore_ascii_case(authority));
        if !same || origins.next().is_some() {
            return Err(Foreign::Origin);
        }
        own = true;
    }
    let site = headers.get("sec-fetch-site").map(|v| v.as_bytes());
    match site {
        Some(b"same-origin") => Ok(Asker::OwnPage),
        Some(b"none") if !own => Ok(Asker::Navigation),
        Some(_) if !own && is_navigation(method, headers) => Ok(Asker::Navigation),
        Some(_) => Err(Foreign::Origin),
        None if own => Ok(Asker::OwnPage),
        None if headers.keys().any(|k| k.as_str().starts_with("sec-fetch-")) => {
            Err(Foreign::Origin)
        }
        None => Ok(Asker::Program),
    }
}

/// A link on another page that opens the desktop in a tab of its own: harmless, because only the shell's page answers to it.
fn is_navigation(method: &Method, headers: &HeaderMap) -> bool {
    let is = |name: &str, value: &[u8]| headers.get(name).is_some_and(|v| v.as_bytes() == value);
    method == Method::GET && is("sec-fetch-mode", b"navigate") && is("sec-fetch-dest", b"document")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    fn headers(list: &[(&'static str, &str)]) -> HeaderMap {
        let mut map = HeaderMap::new();
        for (name, value) in list {
            map.append(*name, value.parse().unwrap());
        }
        map
    }

    fn authority(list: &[(&'static str, &str)]) -> Result<String, Foreign> {
        Hosts::new(7700)
            .authority(&"/".parse().unwrap(), &headers(list))
            .map(str::to_owned)
    }

    #[test]
    fn only_the_three_local_names_with_the_right_port_are_answered() {
        for good in [
            "webx.localhost:7700",
            "localhost:7700",
            "127.0.0.1:7700",
            "WEBX.localhost:7700",
        ] {
            assert!(authority(&[("host", good)]).is_ok(), "{good}");
        }
        for bad in [
            "evil.example",
            "evil.example:7700",
            "localhost",
            "localhost:80",
            "webx.localhost",
            "127.0.0.1:7701",
            "app.webx.localhost:7700",
            "webx.localhost:7700.evil.example",
            "localhost.:7700",
            "[::1]:7700",
            "127.1:7700",
            "2130706433:7700",
            "user@localhost:7700",
            "",
            " localhost:7700",
            "0.0.0.0:7700",
        ] {
            assert_eq!(authority(&[("host", bad)]), Err(Foreign::Host), "{bad}");
        }
        assert_eq!(authority(&[]), Err(Foreign::Host));
        assert_eq!(
            authority(&[("host", "localhost:7700"), ("host", "localhost:7700")]),
            Err(Foreign::Host)
        );
    }

    #[test]
    fn only_a_whole_label_below_the_canonical_name_is_an_app() {
        let hosts = Hosts::new(7700);
        let label = "abcdefghijklmnopqrstuvwxyz";
        let named = |host: &str| {
            let map = headers(&[("host", host)]);
            hosts.label(&"/".parse().unwrap(), &map).map(str::to_owned)
        };
        assert_eq!(
            named(&format!("{label}.webx.localhost:7700")).as_deref(),
            Some(label)
        );
        assert_eq!(
            hosts.app_origin(label),
            format!("http://{label}.webx.localhost:7700")
        );
        for other in [
            "webx.localhost:7700".to_owned(),
            format!("{label}.localhost:7700"),
            format!("{label}.webx.localhost"),
            format!("{label}.webx.localhost:7701"),
            format!("x.{label}.webx.localhost:7700"),
            format!("{}.webx.localhost:7700", label.to_uppercase()),
            format!("{}.webx.localhost:7700", &label[1..]),
            format!("{}1.webx.localhost:7700", &label[1..]),
        ] {
            assert_eq!(named(&other), None, "{other}");
        }
    }

    #[test]
    fn an_absolute_target_must_name_the_same_host() {
        let hosts = Hosts::new(7700);
        let map = headers(&[("host", "localhost:7700")]);
        assert!(
            hosts
                .authority(&"http://localhost:7700/x".parse().unwrap(), &map)
                .is_ok()
        );
        assert!(
            hosts
                .authority(&"http://evil.example/x".parse().unwrap(), &map)
                .is_err()
        );
        assert!(
            hosts
                .authority(&"http://127.0.0.1:7700/x".parse().unwrap(), &map)
                .is_err()
        );
    }

    #[test]
    fn other_pages_are_told_apart_from_own_pages_and_programs() {
        let ask = |method: Method, list: &[(&'static str, &str)]| {
            asker(&method, "webx.localhost:7700", &headers(list))
        };
        let own = "http://webx.localhost:7700";
        assert_eq!(
            ask(
                Method::POST,
                &[("origin", own), ("sec-fetch-site", "same-origin")]
            ),
            Ok(Asker::OwnPage)
        );
        assert_eq!(
            ask(Method::GET, &[("sec-fetch-site", "same-origin")]),
            Ok(Asker::OwnPage)
        );
        assert_eq!(ask(Method::POST, &[("origin", own)]), Ok(Asker::OwnPage));
        assert_eq!(ask(Method::GET, &[]), Ok(Asker::Program));
        assert_eq!(
            ask(
                Method::GET,
                &[("sec-fetch-site", "none"), ("sec-fetch-mode", "navigate")]
            ),
            Ok(Asker::Navigation)
        );
        let link = [
            ("sec-fetch-site", "cross-site"),
            ("sec-fetch-mode", "navigate"),
            ("sec-fetch-dest", "document"),
        ];
        assert_eq!(ask(Method::GET, &link), Ok(Asker::Navigation));
        assert_eq!(ask(Method::POST, &link), Err(Foreign::Origin));
        let frame = [
            ("sec-fetch-site", "cross-site"),
            ("sec-fetch-mode", "navigate"),
            ("sec-fetch-dest", "iframe"),
        ];
        assert_eq!(ask(Method::GET, &frame), Err(Foreign::Origin));
        for origin in [
            "http://evil.example",
            "null",
            "https://webx.localhost:7700",
            "http://localhost:7700",
            "http://app.webx.localhost:7700",
            "http://webx.localhost",
            "http://webx.localhost:7700.evil.example",
        ] {
            assert_eq!(
                ask(Method::POST, &[("origin", origin)]),
                Err(Foreign::Origin),
                "{origin}"
            );
            assert_eq!(
                ask(
                    Method::GET,
                    &[("origin", origin), ("sec-fetch-site", "none")]
                ),
                Err(Foreign::Origin)
            );
        }
        for site in ["cross-site", "same-site", "Same-Origin", ""] {
            assert_eq!(
                ask(Method::GET, &[("sec-fetch-site", site)]),
                Err(Foreign::Origin),
                "{site}"
            );
        }
        assert_eq!(
            ask(Method::GET, &[("sec-fetch-mode", "no-cors")]),
            Err(Foreign::Origin)
        );
    }
}
