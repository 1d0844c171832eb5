//! Where a relay is and whose it is.

use core::fmt;
use core::net::SocketAddr;
use core::str::FromStr;

use webx_overlay::NodeId;

/// A relay: `https://ADDRESS:PORT/NODE`, with the id of the node that runs it. The relay's TLS certificate must be of that
/// key, so no authority vouches for it and no name has to be looked up. At the UDP port of the same number the relay tells
/// callers their own address.
///
/// `http://` (without TLS) is for loopback alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RelayAddress {
    /// Whose it is.
    pub node: NodeId,
    /// Where it listens.
    pub address: SocketAddr,
    /// Whether it speaks TLS.
    pub tls: bool,
}

/// The text is not the address of a relay.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "a relay is written https://ADDRESS:PORT/NODE, with a number for the address and the id of its node"
)]
pub struct NotARelay;

impl fmt::Display for RelayAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = if self.tls { "https" } else { "http" };
        let default = if self.tls { 443 } else { 80 };
        // A URL does not write the default port, and both ends must write one relay alike.
        match (self.address.port() == default, self.address) {
            (false, address) => write!(f, "{scheme}://{address}/{}", self.node),
            (true, SocketAddr::V4(v4)) => write!(f, "{scheme}://{}/{}", v4.ip(), self.node),
            (true, SocketAddr::V6(v6)) => write!(f, "{scheme}://[{}]/{}", v6.ip(), self.node),
        }
    }
}

impl FromStr for RelayAddress {
    type Err = NotARelay;

    fn from_str(text: &str) -> Result<Self, NotARelay> {
        if text.len() > 160 {
            return Err(NotARelay);
        }
        let (tls, rest) = match (text.strip_prefix("https://"), text.strip_prefix("http://")) {
            (Some(rest), _) => (true, rest),
            (None, Some(rest)) => (false, rest),
            (None, None) => return Err(NotARelay),
        };
        let (host, node) = rest.split_once('/').ok_or(NotARelay)?;
        let address = host
            .parse::<SocketAddr>()
            .or_else(|_| {
                let bare = host
                    .strip_prefix('[')
                    .and_then(|h| h.strip_suffix(']'))
                    .unwrap_or(host);
                bare.parse()
                    .map(|ip| SocketAddr::new(ip, if tls { 443 } else { 80 }))
            })
            .map_err(|_| NotARelay)?;
        let relay = Self {
            node: node.parse().map_err(|_| NotARelay)?,
            address,
            tls,
        };
        let sound = address.port() != 0
            && !address.ip().is_unspecified()
            && !address.ip().is_multicast()
            && (tls || address.ip().is_loopback())
            && relay.to_string() == text;
        if sound { Ok(relay) } else { Err(NotARelay) }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;
    use proptest::prelude::*;

    fn node() -> NodeId {
        NodeId([7; 32])
    }

    #[test]
    fn a_relay_is_read_as_it_is_written() {
        for address in [
            "203.0.113.7:443",
            "203.0.113.7:8443",
            "[2001:db8::7]:443",
            "[2001:db8::7]:9",
            "127.0.0.1:5",
        ] {
            let relay = RelayAddress {
                node: node(),
                address: address.parse().unwrap(),
                tls: true,
            };
            assert_eq!(relay.to_string().parse(), Ok(relay));
            let url: iroh::RelayUrl = relay.to_string().parse().unwrap();
            assert_eq!(
                url.to_string(),
                relay.to_string(),
                "the URL library writes it alike"
            );
        }
    }

    #[test]
    fn what_is_not_a_relay_is_refused() {
        let id = node();
        for text in [
            format!("http://203.0.113.7:80/{id}"),
            format!("https://relay.example.org/{id}"),
            format!("https://203.0.113.7:443/{id}"),
            format!("https://203.0.113.7:0/{id}"),
            format!("https://0.0.0.0/{id}"),
            format!("https://224.0.0.1/{id}"),
            format!("https://user@203.0.113.7/{id}"),
            format!("https://203.0.113.7/{id}/"),
            format!("https://203.0.113.7/{id}?x"),
            format!("HTTPS://203.0.113.7/{id}"),
            format!("https://203.0.113.7/{}", id.to_string().to_uppercase()),
            "https://203.0.113.7/".into(),
            "https://203.0.113.7".into(),
            String::new(),
            "x".repeat(100_000),
        ] {
            assert_eq!(text.parse::<RelayAddress>(), Err(NotARelay), "{text:.80}");
        }
    }

    proptest! {
        #[test]
        fn no_text_panics_and_what_is_read_is_canonical(text in "(https?://)?[0-9a-f.:\\[\\]]{0,24}/[a-z2-7]{0,52}") {
            if let Ok(relay) = text.parse::<RelayAddress>() {
                prop_assert_eq!(relay.to_string(), text);
            }
        }
    }
}
