//! Looking for nodes in the local network: when it may, and what is shown of it.

use std::collections::BTreeSet;

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use webx_desktop::qnet::{LanStatus, NetworkLan, NetworkSettings};
use webx_links::{LanDiscovery, LanView};
use webx_overlay::NodeId;

use super::Reach;

/// LAN discovery of a running node.
pub(super) struct Lan {
    wanted: watch::Sender<Wish>,
    may: watch::Sender<bool>,
    view: watch::Receiver<LanView>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Wish {
    /// Switched off, or QNet stays on this machine.
    No,
    /// Not while the link is metered.
    Later,
    Yes,
}

fn wish(reach: Reach, settings: &NetworkSettings, metered: bool) -> Wish {
    match (reach == Reach::Any && settings.lan_discovery, metered) {
        (false, _) => Wish::No,
        (true, true) => Wish::Later,
        (true, false) => Wish::Yes,
    }
}

impl Lan {
    /// The future runs until `stop`.
    pub(super) fn new(
        discovery: LanDiscovery,
        reach: Reach,
        settings: &NetworkSettings,
        metered: bool,
        stop: CancellationToken,
    ) -> (Self, impl Future<Output = ()> + Send + use<>) {
        let wish = wish(reach, settings, metered);
        let (may, allowed) = watch::channel(wish == Wish::Yes);
        let lan = Self {
            wanted: watch::Sender::new(wish),
            may,
            view: discovery.view(),
        };
        (lan, discovery.run(allowed, stop))
    }

    /// The person set it otherwise, or the link is metered from now on.
    pub(super) fn set(&self, reach: Reach, settings: &NetworkSettings, metered: bool) {
        let wish = wish(reach, settings, metered);
        self.wanted.send_replace(wish);
        let may = wish == Wish::Yes;
        self.may
            .send_if_modified(|was| std::mem::replace(was, may) != may);
    }

    /// Nodes it has found.
    pub(super) fn found(&self) -> BTreeSet<NodeId> {
        self.view.borrow().found.clone()
    }

    pub(super) fn show(&self) -> NetworkLan {
        let view = self.view.borrow();
        let (status, trouble) = match (*self.wanted.borrow(), &view.status) {
            (Wish::No, _) => (LanStatus::Off, None),
            (Wish::Later, _) => (LanStatus::Metered, None),
            (Wish::Yes, webx_links::LanStatus::NoNetwork) => (LanStatus::NoNetwork, None),
            (Wish::Yes, webx_links::LanStatus::Failed(why)) => {
                (LanStatus::Failed, Some(why.clone()))
            }
            // It is about to begin.
            (Wish::Yes, _) => (LanStatus::On, None),
        };
        NetworkLan {
            status,
            found: view.found.len(),
            trouble,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::settings::usual;
    use super::*;

    #[test]
    fn it_looks_around_only_when_asked_to_and_never_on_a_metered_link_or_from_loopback() {
        let off = usual();
        let on = NetworkSettings {
            lan_discovery: true,
            ..usual()
        };
        assert!(wish(Reach::Any, &off, false) == Wish::No, "off by default");
        assert!(wish(Reach::Any, &on, false) == Wish::Yes);
        assert!(wish(Reach::Any, &on, true) == Wish::Later);
        assert!(wish(Reach::Loopback, &on, false) == Wish::No);
        assert!(wish(Reach::Off, &on, false) == Wish::No);
    }
}
