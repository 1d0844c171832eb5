//! The door to other machines.

use std::fmt;

use thiserror::Error;

use crate::InstallId;

/// Decides whether an app may talk to a host. Asked once for each outgoing request, redirects included, because a
/// guest follows them by itself.
pub trait Network: Send + Sync {
    /// May `install` send a request to `to`?
    ///
    /// Addresses of this machine and of private networks are refused after this, whatever it says.
    ///
    /// # Errors
    /// [`Denied`], with a reason that the app's log shows.
    fn allow(&self, install: InstallId, to: &Authority) -> Result<(), Denied>;
}

/// Where a request goes: scheme, host in lower case, port.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Authority {
    https: bool,
    host: String,
    port: u16,
}

impl Authority {
    /// The authority of an absolute `http` or `https` address.
    ///
    /// # Errors
    /// [`NotAnAddress`]: another scheme, no host, a user name, or a host that is no DNS name or address.
    pub fn of(address: &http::Uri) -> Result<Self, NotAnAddress> {
        let refuse = || NotAnAddress(address.to_string().chars().take(200).collect());
        let https = match address.scheme_str() {
            Some("https") => true,
            Some("http") => false,
            _ => return Err(refuse()),
        };
        let authority = address.authority().ok_or_else(refuse)?;
        let host = authority.host().trim_end_matches('.').to_ascii_lowercase();
        let name =
            |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_' | ':' | '[' | ']');
        if authority.as_str().contains('@')
            || host.is_empty()
            || host.len() > 255
            || !host.chars().all(name)
        {
            return Err(refuse());
        }
        let port = match authority.port() {
            Some(port) => port.as_u16(),
            None if https => 443,
            None => 80,
        };
        Ok(Self { https, host, port })
    }

    /// Whether the way there is encrypted.
    #[must_use]
    pub fn https(&self) -> bool {
        self.https
    }

    /// The host name or address, in lower case, without a final dot.
    #[must_use]
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The port.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }
}

impl fmt::Display for Authority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = if self.https { "https" } else { "http" };
        write!(f, "{scheme}://{}:{}", self.host, self.port)
    }
}

/// Not an address that a backend can ask for.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("{0:?} is not an http or https address")]
pub struct NotAnAddress(String);

/// A request that was not granted, and why.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("{reason}")]
pub struct Denied {
    reason: String,
}

impl Denied {
    /// `reason` is one sentence without a full stop.
    pub fn new(reason: impl Into<String>) -> Self {
        Self {
            reason: reason.into(),
        }
    }
}
