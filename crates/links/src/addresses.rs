//! Which addresses are worth a packet, and which of its own a node tells others.

use core::net::{Ipv6Addr, SocketAddr};

use iroh::{Endpoint, EndpointAddr, Watcher};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use webx_overlay::transport::Hints;

use crate::config::Bind;
use crate::relay_address::RelayAddress;

/// Direct addresses of one peer that are tried.
pub(crate) const MOST_DIRECT: usize = 8;
/// Relays of one peer that are tried.
pub(crate) const MOST_RELAYS: usize = 3;

/// Whether a packet to this address can do good.
pub(crate) fn usable(address: &SocketAddr, loopback: bool, bind: &Bind) -> bool {
    let ip = address.ip();
    if address.port() == 0 || ip.is_unspecified() || ip.is_multicast() {
        return false;
    }
    if let core::net::IpAddr::V4(v4) = ip
        && (v4.is_broadcast() || v4.octets()[0] == 0)
    {
        return false;
    }
    match bind {
        Bind::Loopback => ip.is_loopback() && loopback,
        Bind::Any(_) => !ip.is_loopback() && ip != core::net::IpAddr::V6(Ipv6Addr::LOCALHOST),
        Bind::Exactly(_) => true,
        Bind::Nothing => false,
    }
}

/// Whether this node's networks lead to a relay. What a stranger's record says must not make a node of the internet knock at
/// the doors of its own machine.
pub(crate) fn near(relay: &RelayAddress, bind: &Bind) -> bool {
    match bind {
        Bind::Loopback => relay.address.ip().is_loopback(),
        Bind::Any(_) => !relay.address.ip().to_canonical().is_loopback(),
        Bind::Exactly(_) | Bind::Nothing => true,
    }
}

/// What others may be told of an endpoint.
pub(crate) fn hints_of(
    address: &EndpointAddr,
    endpoint: &Endpoint,
    bind: &Bind,
    own_relay: Option<&String>,
) -> Hints {
    let direct: Vec<_> = match bind {
        // iroh looks for networks; loopback is what was bound and nothing else.
        Bind::Loopback => endpoint.bound_sockets(),
        Bind::Nothing => Vec::new(),
        Bind::Any(_) | Bind::Exactly(_) => address
            .ip_addrs()
            .copied()
            .filter(|a| usable(a, false, bind))
            .collect(),
    };
    let mut relays: Vec<String> = address
        .relay_urls()
        .map(ToString::to_string)
        .chain(own_relay.cloned())
        .collect();
    relays.dedup();
    relays.truncate(MOST_RELAYS);
    Hints {
        direct: direct.into_iter().take(MOST_DIRECT).collect(),
        relays,
    }
}

pub(crate) async fn follow_hints(
    endpoint: Endpoint,
    bind: Bind,
    own_relay: Option<String>,
    hints: watch::Sender<Hints>,
    cancel: CancellationToken,
) {
    let mut watcher = endpoint.watch_addr();
    let mut address = watcher.get();
    loop {
        let now = hints_of(&address, &endpoint, &bind, own_relay.as_ref());
        hints.send_if_modified(|old| {
            let changed = *old != now;
            *old = now;
            changed
        });
        tokio::select! {
            () = cancel.cancelled() => return,
            changed = watcher.updated() => match changed {
                Ok(changed) => address = changed,
                Err(_gone) => return,
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use webx_overlay::NodeId;

    #[test]
    fn a_strangers_relay_on_this_machine_is_called_by_a_node_of_this_machine_alone() {
        let at = |text: &str| {
            text.parse().ok().map(|address| RelayAddress {
                node: NodeId([1; 32]),
                address,
                tls: true,
            })
        };
        for here in [
            "127.0.0.1:443",
            "127.9.9.9:7700",
            "[::1]:443",
            "[::ffff:127.0.0.1]:443",
        ] {
            let relay = at(here);
            assert!(
                relay.is_some_and(|relay| !near(&relay, &Bind::Any(7701))),
                "{here}"
            );
        }
        let relay = at("127.0.0.1:443");
        assert!(relay.is_some_and(|relay| near(&relay, &Bind::Loopback)));
        let relay = at("203.0.113.7:443");
        assert!(
            relay.is_some_and(
                |relay| near(&relay, &Bind::Any(7701)) && !near(&relay, &Bind::Loopback)
            )
        );
    }
}
