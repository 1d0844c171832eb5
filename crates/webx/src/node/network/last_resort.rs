//! The last resort: nodes that the person wrote down, called when nobody has been a neighbour for a while. The overlay says when;
//! here it is looked up where they are, and nowhere else: while the list is empty no name is ever looked for.

use std::collections::BTreeMap;
use std::sync::Arc;

use parking_lot::Mutex;
use tokio::sync::broadcast::error::RecvError;
use tokio_util::sync::CancellationToken;
use webx_desktop::qnet::{LastResortOutcome, NetworkLastResort, NetworkSettings, QnetError};
use webx_links::NodeAddress;
use webx_overlay::driver::Handle;
use webx_overlay::transport::Hints;
use webx_overlay::{Event, LastResort, NodeId, Outcome};

#[derive(Clone)]
pub(super) struct LastResorts {
    overlay: Handle,
    entries: Arc<Mutex<Entries>>,
}

#[derive(Default)]
struct Entries {
    written: Vec<NodeAddress>,
    /// Why a name led nowhere, the last time it was looked for.
    trouble: BTreeMap<NodeAddress, String>,
}

/// The entries as they are written, each of which must be one; not those of this node itself.
pub(super) fn check(settings: &NetworkSettings, own: &NodeId) -> Result<(), QnetError> {
    for entry in &settings.last_resort {
        let bad = |what: String| QnetError::BadInput {
            code: "bad-last-resort",
            what,
        };
        match entry.parse::<NodeAddress>() {
            Ok(read) if read.node() == *own => {
                return Err(bad("the last resort names this node itself".into()));
            }
            Ok(_) => {}
            Err(error) => return Err(bad(format!("{entry}: {error}"))),
        }
    }
    Ok(())
}

/// What can be read of the entries.
pub(super) fn read(settings: &NetworkSettings) -> Vec<NodeAddress> {
    let entries = settings.last_resort.iter();
    entries.filter_map(|entry| entry.parse().ok()).collect()
}

impl LastResorts {
    pub(super) fn new(overlay: Handle, settings: &NetworkSettings) -> Self {
        let this = Self {
            overlay,
            entries: Arc::default(),
        };
        this.set(settings);
        this
    }

    /// The person wrote down others.
    pub(super) fn set(&self, settings: &NetworkSettings) {
        let mut entries = self.entries.lock();
        entries.written = read(settings);
        let Entries { written, trouble } = &mut *entries;
        trouble.retain(|entry, _| written.contains(entry));
    }

    /// Looks up where a node is whenever the overlay asks, until `stop`. One at a time.
    pub(super) async fn follow(self, stop: CancellationToken) {
        let mut events = self.overlay.events();
        loop {
            let event = tokio::select! {
                () = stop.cancelled() => return,
                event = events.recv() => event,
            };
            match event {
                Ok(Event::LastResort(node)) => {
                    if stop.run_until_cancelled(self.call(node)).await.is_none() {
                        return;
                    }
                }
                // A call that was missed is made again in the next round.
                Ok(_) | Err(RecvError::Lagged(_)) => {}
                Err(RecvError::Closed) => return,
            }
        }
    }

    /// Has a node called at all places that were written down for it.
    async fn call(&self, node: NodeId) {
        let written = self.entries.lock().written.clone();
        let mut direct = Vec::new();
        for entry in written.into_iter().filter(|entry| entry.node() == node) {
            let found = entry.resolve().await;
            let mut entries = self.entries.lock();
            match found {
                Ok(found) => {
                    entries.trouble.remove(&entry);
                    direct.extend(found);
                }
                Err(error) => {
                    if entries.written.contains(&entry) {
                        entries.trouble.insert(entry, error.to_string());
                    }
                }
            }
        }
        tracing::info!(
            "no neighbour for a while: the last resort {} is called",
            node.short()
        );
        let at = Hints {
            direct,
            relays: Vec::new(),
        };
        // An overlay that has stopped meets nobody. With no address the call fails, and the overlay knows.
        let _stopped = self.overlay.meet(node, at).await;
    }

    /// The entries, with what the overlay says of their nodes.
    pub(super) fn show(&self, seen: &[LastResort]) -> Vec<NetworkLastResort> {
        let entries = self.entries.lock();
        let show = |entry: &NodeAddress| {
            let of = seen.iter().find(|one| one.node == entry.node());
            NetworkLastResort {
                entry: entry.to_string(),
                outcome: of.map_or(LastResortOutcome::Unused, |one| outcome(one.outcome)),
                seconds: of.and_then(|one| one.ago).map(|ago| ago.as_secs()),
                trouble: entries.trouble.get(entry).cloned(),
            }
        };
        entries.written.iter().map(show).collect()
    }
}

fn outcome(outcome: Outcome) -> LastResortOutcome {
    match outcome {
        Outcome::Calling => LastResortOutcome::Calling,
        Outcome::Silent => LastResortOutcome::Silent,
        Outcome::Met => LastResortOutcome::Met,
        _ => LastResortOutcome::Unused,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use std::time::Duration;

    use ed25519_dalek::SigningKey;
    use webx_links::{Config, IrohTransport};
    use webx_overlay::driver::Driver;
    use webx_overlay::transport::{Exposure, Transport as _};

    use super::super::settings::usual;
    use super::*;

    const PATIENCE: Duration = Duration::from_secs(30);

    fn key(number: u8) -> SigningKey {
        SigningKey::from_bytes(&[number; 32])
    }

    fn id(number: u8) -> NodeId {
        NodeId(key(number).verifying_key().to_bytes())
    }

    fn settings(last_resort: &[String]) -> NetworkSettings {
        NetworkSettings {
            last_resort: last_resort.to_vec(),
            ..usual()
        }
    }

    /// A node on loopback that knows nobody, and its UDP port.
    async fn node(number: u8) -> (Handle, u16) {
        let transport = IrohTransport::bind(Config::loopback(), &key(number))
            .await
            .unwrap();
        let port = transport.bound()[0].port();
        let handle = Driver {
            config: webx_overlay::Config::default(),
            key: key(number),
            seed: [number; 32],
            transport: transport.clone(),
            cache: Arc::new(()),
            exposure: Exposure::Direct,
            others: None,
        }
        .spawn();
        assert_eq!(transport.id(), id(number));
        (handle, port)
    }

    async fn heard(events: &mut tokio::sync::broadcast::Receiver<Event>, what: &Event) {
        let waited = tokio::time::timeout(PATIENCE, async {
            while events.recv().await.as_ref() != Ok(what) {}
        });
        waited.await.expect("in time");
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_node_that_knows_nobody_meets_its_last_resort_by_id_and_address_alone() {
        let (own, _) = node(1).await;
        let (other, port) = node(2).await;
        let entry = format!("{}@localhost:{port}", id(2));
        let resorts = LastResorts::new(own.clone(), &settings(&[entry]));
        let mut events = own.events();
        resorts.call(id(2)).await;
        heard(&mut events, &Event::PeerUp(id(2))).await;
        // It showed its record like every other, so that the rest of the network is found by it.
        assert!(own.find(id(2)).await.unwrap().is_some());
        own.shutdown().await;
        other.shutdown().await;
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn another_node_at_the_address_is_not_met() {
        let (own, _) = node(3).await;
        let (other, port) = node(4).await;
        let (right, elsewhere) = node(5).await;
        // Node 4 answers where node 9 is said to be.
        let entries = [
            format!("{}@127.0.0.1:{port}", id(9)),
            format!("{}@127.0.0.1:{elsewhere}", id(5)),
        ];
        let resorts = LastResorts::new(own.clone(), &settings(&entries));
        let mut events = own.events();
        resorts.call(id(9)).await;
        // The next one is met all the same; by then nobody else has been.
        resorts.call(id(5)).await;
        heard(&mut events, &Event::PeerUp(id(5))).await;
        let view = own.view().await.unwrap();
        assert!(view.peers.iter().all(|peer| peer.id == id(5)));
        for node in [own, other, right] {
            node.shutdown().await;
        }
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_name_that_nobody_knows_is_shown_as_trouble_and_forgotten_with_its_entry() {
        let (own, _) = node(6).await;
        // RFC 6761: .invalid is never a name; where no resolver answers at all it takes too long instead.
        let entry = format!("{}@nobody.invalid:7701", id(7));
        let resorts = LastResorts::new(own.clone(), &settings(std::slice::from_ref(&entry)));
        resorts.call(id(7)).await;
        let shown = resorts.show(&[]);
        assert_eq!(shown.len(), 1);
        assert_eq!(shown[0].entry, entry);
        assert!(
            shown[0]
                .trouble
                .as_ref()
                .is_some_and(|why| why.contains("nobody.invalid"))
        );
        resorts.set(&settings(&[]));
        assert!(resorts.show(&[]).is_empty());
        own.shutdown().await;
    }

    #[test]
    fn what_is_no_entry_and_the_node_itself_are_refused() {
        let good = format!("{}@node.example.org:7701", id(8));
        assert!(check(&settings(std::slice::from_ref(&good)), &id(9)).is_ok());
        for (entry, own) in [
            (good, id(8)),
            ("node.example.org:7701".to_owned(), id(9)),
            (format!("{}@0x7f.1:7701", id(8)), id(9)),
        ] {
            let refused = check(&settings(&[entry]), &own);
            assert!(matches!(
                refused,
                Err(QnetError::BadInput {
                    code: "bad-last-resort",
                    ..
                })
            ));
        }
        assert!(read(&settings(&["nonsense".to_owned()])).is_empty());
    }
}
