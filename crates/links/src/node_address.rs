//! A node and where it may be, as a person writes it: an entry of the last resort.

use core::fmt;
use core::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use core::str::FromStr;
use core::time::Duration;
use std::collections::BTreeSet;

use webx_overlay::NodeId;

use crate::addresses::MOST_DIRECT;

/// The longest one: an id, a name of 253 characters, a port.
const LONGEST: usize = 320;
const LONGEST_NAME: usize = 253;
const LONGEST_LABEL: usize = 63;
/// How long the system may look for a name.
const PATIENCE: Duration = Duration::from_secs(5);

/// `NODE@HOST:PORT`: the node's id, a name or an address (IPv6 in brackets), the UDP port.
///
/// ```
/// # use webx_links::NodeAddress;
/// let text = format!("{}@node.example.org:7701", "a".repeat(52));
/// let entry: NodeAddress = text.parse()?;
/// assert_eq!(entry.to_string(), text);
/// # Ok::<(), webx_links::NotANodeAddress>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct NodeAddress {
    node: NodeId,
    host: Host,
    port: u16,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Host {
    Number(IpAddr),
    Name(String),
}

/// The text does not say where a node is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("it is not NODE@HOST:PORT: an id of 52 letters and digits, a name or an address, a port")]
pub struct NotANodeAddress;

/// Why a name led nowhere.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Unresolved {
    /// The system does not know it.
    #[error("this machine does not know {0}")]
    Unknown(String),
    /// The system did not say in time.
    #[error("looking for {0} took too long")]
    Late(String),
}

impl NodeAddress {
    /// Which node. The transport takes no other at the address.
    #[must_use]
    pub const fn node(&self) -> NodeId {
        self.node
    }

    /// Where it is, at most eight addresses. A name is looked for by the system's resolver, which asks whom the system is
    /// set to ask; numbers ask nobody.
    ///
    /// # Errors
    /// When the name leads to no address within five seconds.
    pub async fn resolve(&self) -> Result<Vec<SocketAddr>, Unresolved> {
        let name = match &self.host {
            Host::Number(ip) => return Ok(vec![SocketAddr::new(*ip, self.port)]),
            Host::Name(name) => name,
        };
        let found = tokio::net::lookup_host((name.as_str(), self.port));
        match tokio::time::timeout(PATIENCE, found).await {
            Ok(Ok(found)) => some(found).ok_or_else(|| Unresolved::Unknown(name.clone())),
            Ok(Err(_)) => Err(Unresolved::Unknown(name.clone())),
            Err(_) => Err(Unresolved::Late(name.clone())),
        }
    }
}

/// The first of what a resolver said, each once. Whether a packet to one of them can do good is the transport's to say.
fn some(found: impl Iterator<Item = SocketAddr>) -> Option<Vec<SocketAddr>> {
    let mut seen = BTreeSet::new();
    let fresh = found.filter(|address| seen.insert(*address));
    let some: Vec<_> = fresh.take(MOST_DIRECT).collect();
    (!some.is_empty()).then_some(some)
}

impl FromStr for NodeAddress {
    type Err = NotANodeAddress;

    fn from_str(text: &str) -> Result<Self, NotANodeAddress> {
        if text.len() > LONGEST {
            return Err(NotANodeAddress);
        }
        let (node, place) = text.split_once('@').ok_or(NotANodeAddress)?;
        let (host, port) = place.rsplit_once(':').ok_or(NotANodeAddress)?;
        let plain = !port.starts_with('0') && port.bytes().all(|one| one.is_ascii_digit());
        let port = port.parse().ok().filter(|_| plain).ok_or(NotANodeAddress)?;
        Ok(Self {
            node: node.parse().map_err(|_| NotANodeAddress)?,
            host: host_of(host).ok_or(NotANodeAddress)?,
            port,
        })
    }
}

fn host_of(text: &str) -> Option<Host> {
    let inside = text
        .strip_prefix('[')
        .and_then(|text| text.strip_suffix(']'));
    if let Some(inside) = inside {
        let six: Ipv6Addr = inside.parse().ok()?;
        return number(IpAddr::V6(six));
    }
    if let Ok(four) = text.parse::<Ipv4Addr>() {
        return number(IpAddr::V4(four));
    }
    let name = text.to_ascii_lowercase();
    let labels = name.split('.');
    // What begins with a digit at the end is a number of another way of writing (0x7f.1), which resolvers take for an address.
    let last = name.rsplit('.').next()?;
    let named = last.starts_with(|one: char| one.is_ascii_alphabetic());
    (named && name.len() <= LONGEST_NAME && labels.into_iter().all(is_label))
        .then_some(Host::Name(name))
}

fn number(ip: IpAddr) -> Option<Host> {
    let nobody = match ip.to_canonical() {
        IpAddr::V4(four) => four.octets()[0] == 0 || four.is_broadcast() || four.is_multicast(),
        IpAddr::V6(six) => six.is_unspecified() || six.is_multicast(),
    };
    (!nobody).then_some(Host::Number(ip))
}

fn is_label(label: &str) -> bool {
    (1..=LONGEST_LABEL).contains(&label.len())
        && !label.starts_with('-')
        && !label.ends_with('-')
        && label
            .bytes()
            .all(|one| one.is_ascii_alphanumeric() || one == b'-')
}

impl fmt::Display for NodeAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (node, port) = (self.node, self.port);
        match &self.host {
            Host::Number(ip) => write!(f, "{node}@{}", SocketAddr::new(*ip, port)),
            Host::Name(name) => write!(f, "{node}@{name}:{port}"),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;
    use proptest::prelude::*;

    fn entry(place: &str) -> Result<NodeAddress, NotANodeAddress> {
        format!("{}@{place}", NodeId([7; 32])).parse()
    }

    #[test]
    fn names_and_addresses_are_read_and_written_alike() {
        for place in [
            "node.example.org:7701",
            "localhost:1",
            "a-b.c9.example:65535",
            "203.0.113.7:7701",
            "[2001:db8::7]:7701",
            "192.168.1.2:7701",
        ] {
            let read = entry(place).expect(place);
            assert_eq!(read.to_string(), format!("{}@{place}", NodeId([7; 32])));
            assert_eq!(read.node(), NodeId([7; 32]));
        }
        assert_eq!(entry("Node.EXAMPLE.org:1"), entry("node.example.org:1"));
    }

    #[test]
    fn what_no_resolver_should_see_is_refused() {
        let long = format!("{}.org:1", "a".repeat(64));
        let longer = format!("{}org:1", "a.".repeat(200));
        for place in [
            "",
            ":7701",
            "node.example.org",
            "node.example.org:",
            "node.example.org:0",
            "node.example.org:07701",
            "node.example.org:+1",
            "node.example.org:65536",
            "node.example.org:7701 ",
            " node.example.org:7701",
            "node..example.org:1",
            ".example.org:1",
            "node.example.org.:1",
            "-a.example:1",
            "a-.example:1",
            "a_b.example:1",
            "a/b.example:1",
            "user@example.org:1",
            "exämple.org:1",
            "a\nb.org:1",
            "a\0b.org:1",
            "127.1:1",
            "0x7f.0x1:1",
            "2130706433:1",
            "1.2.3.4.5:1",
            "0.0.0.0:1",
            "0.1.2.3:1",
            "255.255.255.255:1",
            "224.0.0.251:5353",
            "[::]:1",
            "[ff02::fb]:5353",
            "[::ffff:224.0.0.1]:1",
            "[fe80::1%eth0]:1",
            "[203.0.113.7]:1",
            "2001:db8::7:7701",
            &long,
            &longer,
        ] {
            assert_eq!(entry(place), Err(NotANodeAddress), "{place:?}");
        }
        for text in [
            "node.example.org:7701",
            "abc@node.example.org:7701",
            "@a.org:1",
            "@",
        ] {
            assert!(text.parse::<NodeAddress>().is_err(), "{text:?}");
        }
        assert!("a".repeat(10_000_000).parse::<NodeAddress>().is_err());
    }

    #[tokio::test]
    async fn numbers_ask_nobody_and_this_machine_knows_itself() {
        let number = entry("203.0.113.7:7701").unwrap().resolve().await.unwrap();
        assert_eq!(number, ["203.0.113.7:7701".parse().unwrap()]);
        let here = entry("localhost:7").unwrap().resolve().await.unwrap();
        assert!(
            here.iter()
                .all(|one| one.ip().is_loopback() && one.port() == 7)
        );
    }

    #[test]
    fn of_a_resolvers_thousand_answers_eight_are_tried_each_once() {
        let many = (0..1000_u16).map(|last| SocketAddr::from(([10, 0, 0, (last % 200) as u8], 1)));
        let some = some(many).unwrap();
        let distinct: BTreeSet<_> = some.iter().collect();
        assert_eq!((some.len(), distinct.len()), (8, 8));
        assert_eq!(super::some(std::iter::empty()), None);
    }

    proptest! {
        #[test]
        fn whatever_is_read_is_written_as_the_same_entry(text in "[a-z2-7]{52}@[ -~]{0,40}:[0-9]{1,5}") {
            if let Ok(read) = text.parse::<NodeAddress>() {
                prop_assert_eq!(read.to_string().parse(), Ok(read));
            }
        }

        #[test]
        fn no_text_panics(text in any::<String>()) {
            let _read = text.parse::<NodeAddress>();
        }
    }
}
