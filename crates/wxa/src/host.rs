//! Host names that an app may ask to talk to.

use std::{fmt, str::FromStr};

use serde::Serialize;

/// A DNS name in lower case (`api.example.org`), or `*.` and a name for every host below it.
///
/// Addresses, single labels and names that only mean something on one machine or network are no
/// hosts: an app reaches the public Internet or nothing.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct Host(String);

/// Ends of names that never lead to the public Internet (RFC 6761, 6762, 8375, 9476).
const LOCAL: [&str; 9] = [
    "localhost",
    "local",
    "internal",
    "invalid",
    "test",
    "example",
    "onion",
    "alt",
    "arpa",
];

impl Host {
    /// The pattern as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether it stands for every name below one.
    #[must_use]
    pub fn wildcard(&self) -> bool {
        self.0.starts_with("*.")
    }

    /// Whether `host`, a name in any case without port, is meant.
    ///
    /// `*.example.org` means `a.example.org` and `a.b.example.org`, not `example.org`.
    #[must_use]
    pub fn covers(&self, host: &str) -> bool {
        let host = host.strip_suffix('.').unwrap_or(host).to_ascii_lowercase();
        match self.0.strip_prefix('*') {
            Some(suffix) => host
                .strip_suffix(suffix)
                .is_some_and(|rest| !rest.is_empty() && rest.split('.').all(label)),
            None => host == self.0,
        }
    }
}

fn label(label: &str) -> bool {
    (1..=63).contains(&label.len())
        && !label.starts_with('-')
        && !label.ends_with('-')
        && label
            .bytes()
            .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == b'-')
}

impl FromStr for Host {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, &'static str> {
        let name = text.strip_prefix("*.").unwrap_or(text);
        if text.contains("://") {
            return Err("is an address; only the host name is wanted, HTTPS is understood");
        }
        if name.contains('*') {
            return Err("may have a * only as its first part");
        }
        if text.contains([':', '/']) {
            return Err("has a port or a path; only the host name is wanted");
        }
        if name.len() > 253 || !name.split('.').all(label) {
            return Err(
                "is no host name in lower case (letters, digits, hyphens; others as xn--…)",
            );
        }
        let last = name.rsplit('.').next().unwrap_or_default();
        if last.bytes().all(|c| c.is_ascii_digit()) {
            return Err("is an IP address; only host names can be asked for");
        }
        if LOCAL.contains(&last) {
            return Err("is a name that exists only on this machine or network");
        }
        if !name.contains('.') {
            return Err("is a single word; a whole host name is wanted");
        }
        Ok(Self(text.to_owned()))
    }
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn only_public_host_names_can_be_asked_for() {
        for bad in [
            "",
            "*",
            "*.org",
            "*.*.example.org",
            "a.*.org",
            "localhost",
            "a.localhost",
            "10.0.0.1",
            "[::1]",
            "Example.org",
            "https://example.org",
            "example.org:8080",
            "example.org/a",
            "ex ample.org",
            "-a.org",
            "a-.org",
            "exämple.org",
            "example.org.",
            ".example.org",
            "printer.local",
            "webx.internal",
            "127.1",
            "a..org",
        ] {
            assert!(bad.parse::<Host>().is_err(), "{bad}");
        }
        for good in [
            "example.org",
            "*.example.org",
            "xn--exmple-cua.org",
            "a-b.c1.example.co.uk",
        ] {
            assert_eq!(good.parse::<Host>().unwrap().as_str(), good);
        }
    }

    #[test]
    fn a_wildcard_covers_what_is_below_it_and_nothing_else() {
        let host: Host = "*.example.org".parse().unwrap();
        for yes in ["a.example.org", "A.B.Example.org", "a.example.org."] {
            assert!(host.covers(yes), "{yes}");
        }
        for no in [
            "example.org",
            "badexample.org",
            ".example.org",
            "a.example.org.evil.net",
            "..example.org",
        ] {
            assert!(!host.covers(no), "{no}");
        }
        assert!("example.org".parse::<Host>().unwrap().covers("EXAMPLE.org"));
    }
}
