//! Which relays a node listens on: those of peers that serve, so that it can be reached where no direct path leads.

use core::time::Duration;
use std::collections::{BTreeMap, BTreeSet};
use std::future::Future;
use std::sync::Arc;

use tokio::sync::broadcast::error::RecvError;
use tokio_util::sync::CancellationToken;
use webx_overlay::driver::Handle;
use webx_overlay::record::PeerRecord;
use webx_overlay::{Event, NodeId};

use crate::relay_address::RelayAddress;
use crate::transport::IrohTransport;

/// Relays of others that a node listens on: the nearest is its home, the other stands in when that one goes.
const HOMES: usize = 2;
/// Serving nodes that are remembered.
const MOST: usize = 64;
/// How long the record of a connected node is asked for. It is at hand.
const AT_HAND: Duration = Duration::from_secs(2);

/// Listens on relays of peers that serve, until `stop`, and has the overlay tell the peers at once when the own addresses have
/// changed by that. A node that runs a relay itself is reached by that one and listens on no other.
///
/// News of the overlay counts from the moment of the call, not from the first poll.
pub fn follow_relays(
    transport: Arc<IrohTransport>,
    overlay: Handle,
    stop: CancellationToken,
) -> impl Future<Output = ()> + Send {
    let mut events = overlay.events();
    let mut hints = transport.watch_hints();
    async move {
        let mut choice = Choice::default();
        let serves = transport.relay().is_some();
        loop {
            let event = tokio::select! {
                () = stop.cancelled() => return,
                Ok(()) = hints.changed() => {
                    // An overlay that has stopped tells nobody.
                    let _stopped = overlay.hints_changed().await;
                    continue;
                }
                event = events.recv() => event,
            };
            let changes = match event {
                Err(RecvError::Closed) => return,
                _ if serves => continue,
                Ok(Event::Record(record)) => choice.learn(&record),
                Ok(Event::PeerUp(peer)) => {
                    choice.connected.insert(peer);
                    look_at(&mut choice, &overlay, peer).await
                }
                Ok(Event::PeerDown(peer)) => {
                    choice.connected.remove(&peer);
                    continue;
                }
                Ok(_) => continue,
                Err(RecvError::Lagged(_)) => look_around(&mut choice, &overlay).await,
            };
            for change in changes {
                carry_out(change, &transport).await;
            }
        }
    }
}

async fn carry_out(change: Change, transport: &IrohTransport) {
    match change {
        Change::Leave(relay) => transport.leave(&relay.to_string()).await,
        Change::Listen(relay) => {
            if let Err(error) = transport.listen_on(&relay.to_string()).await {
                tracing::debug!(%error, "the relay of a peer is not used");
            }
        }
    }
}

/// Looks at all who are connected: some news was missed.
async fn look_around(choice: &mut Choice, overlay: &Handle) -> Vec<Change> {
    let Ok(view) = overlay.view().await else {
        return Vec::new();
    };
    choice.connected = view.peers.iter().map(|peer| peer.id).collect();
    let mut changes = Vec::new();
    for peer in &view.peers {
        changes.extend(look_at(choice, overlay, peer.id).await);
    }
    changes
}

/// Looks at the record of a node that is connected.
async fn look_at(choice: &mut Choice, overlay: &Handle, peer: NodeId) -> Vec<Change> {
    match tokio::time::timeout(AT_HAND, overlay.find(peer)).await {
        Ok(Ok(Some(record))) => choice.learn(&record),
        _ => Vec::new(),
    }
}

#[derive(Debug, PartialEq, Eq)]
enum Change {
    Listen(RelayAddress),
    Leave(RelayAddress),
}

/// Who serves, and whose relays are listened on.
#[derive(Debug, Default)]
struct Choice {
    serving: BTreeMap<NodeId, RelayAddress>,
    connected: BTreeSet<NodeId>,
    chosen: BTreeMap<NodeId, RelayAddress>,
}

impl Choice {
    /// A record has come.
    fn learn(&mut self, record: &PeerRecord) -> Vec<Change> {
        match own_relay(record) {
            Some(relay) => {
                if self.serving.len() >= MOST && !self.serving.contains_key(&record.id) {
                    let mut nodes = self.serving.keys();
                    let idle = nodes.find(|node| {
                        !self.connected.contains(node) && !self.chosen.contains_key(node)
                    });
                    let Some(idle) = idle.copied() else {
                        return Vec::new();
                    };
                    self.serving.remove(&idle);
                }
                self.serving.insert(record.id, relay);
            }
            None => {
                self.serving.remove(&record.id);
            }
        }
        self.choose()
    }

    /// Connected nodes first, then those that are chosen already. A chosen one that is not connected any more stays until a
    /// connected one can take its place: a line of the overlay may end while the relay goes on.
    fn choose(&mut self) -> Vec<Change> {
        let mut order: Vec<(NodeId, RelayAddress)> = self
            .serving
            .iter()
            .map(|(node, relay)| (*node, *relay))
            .collect();
        order.sort_by_key(|(node, _)| {
            (
                !self.connected.contains(node),
                !self.chosen.contains_key(node),
            )
        });
        let wanted: BTreeMap<_, _> = order.into_iter().take(HOMES).collect();
        let gone = |(node, relay): &(&NodeId, &RelayAddress)| wanted.get(node) != Some(*relay);
        let fresh =
            |(node, relay): &(&NodeId, &RelayAddress)| self.chosen.get(node) != Some(*relay);
        let mut changes: Vec<Change> = Vec::new();
        changes.extend(
            wanted
                .iter()
                .filter(fresh)
                .map(|(_, relay)| Change::Listen(*relay)),
        );
        changes.extend(
            self.chosen
                .iter()
                .filter(gone)
                .map(|(_, relay)| Change::Leave(*relay)),
        );
        self.chosen = wanted;
        changes
    }
}

/// The relay that a node runs itself, by its own word. Relays of others in its record are for reaching it alone.
fn own_relay(record: &PeerRecord) -> Option<RelayAddress> {
    if !record.serves {
        return None;
    }
    let mut relays = record.relays.iter().filter_map(|relay| relay.parse().ok());
    relays.find(|relay: &RelayAddress| relay.node == record.id)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;
    use ed25519_dalek::SigningKey;
    use webx_overlay::transport::Hints;

    fn id(seed: u8) -> NodeId {
        NodeId(
            SigningKey::from_bytes(&[seed; 32])
                .verifying_key()
                .to_bytes(),
        )
    }

    fn relay(of: u8, port: u16) -> RelayAddress {
        let address = ([203, 0, 113, of], port).into();
        RelayAddress {
            node: id(of),
            address,
            tls: true,
        }
    }

    fn record(of: u8, relays: &[RelayAddress], serves: bool) -> PeerRecord {
        let relays = relays.iter().map(ToString::to_string).collect();
        let hints = Hints {
            direct: Vec::new(),
            relays,
        };
        PeerRecord::signed(&SigningKey::from_bytes(&[of; 32]), 1, 1, hints, serves).unwrap()
    }

    fn serving(of: u8) -> PeerRecord {
        record(of, &[relay(of, 443)], true)
    }

    #[test]
    fn two_relays_are_enough_and_they_stay_while_they_serve() {
        let mut choice = Choice::default();
        assert_eq!(choice.learn(&serving(1)), [Change::Listen(relay(1, 443))]);
        assert_eq!(choice.learn(&serving(2)), [Change::Listen(relay(2, 443))]);
        assert_eq!(choice.learn(&serving(3)), []);
        assert_eq!(choice.learn(&serving(1)), [], "nothing new");
        let ended = record(1, &[relay(1, 443)], false);
        assert_eq!(
            choice.learn(&ended),
            [Change::Listen(relay(3, 443)), Change::Leave(relay(1, 443))]
        );
    }

    #[test]
    fn a_relay_that_moves_is_followed() {
        let mut choice = Choice::default();
        choice.learn(&serving(1));
        let moved = record(1, &[relay(1, 8443)], true);
        assert_eq!(
            choice.learn(&moved),
            [Change::Listen(relay(1, 8443)), Change::Leave(relay(1, 443))]
        );
    }

    #[test]
    fn who_is_connected_is_preferred_but_nobody_leaves_for_a_stranger() {
        let mut choice = Choice::default();
        choice.learn(&serving(1));
        choice.learn(&serving(2));
        choice.connected.insert(id(3));
        let changes = choice.learn(&serving(3));
        assert!(
            changes.contains(&Change::Listen(relay(3, 443))),
            "{changes:?}"
        );
        choice.connected.remove(&id(3));
        assert_eq!(
            choice.learn(&serving(4)),
            [],
            "it is chosen, and nobody better is there"
        );
    }

    #[test]
    fn a_node_cannot_send_others_to_the_relay_of_somebody_else() {
        let mut choice = Choice::default();
        assert_eq!(choice.learn(&record(1, &[relay(2, 443)], true)), []);
        assert_eq!(
            choice.learn(&record(1, &[relay(1, 443)], false)),
            [],
            "it serves nobody"
        );
    }

    #[test]
    fn a_flood_of_serving_nodes_is_bounded_and_displaces_nobody_who_is_used() {
        let mut choice = Choice::default();
        choice.learn(&serving(250));
        choice.connected.insert(id(250));
        for of in 1..=200 {
            choice.learn(&serving(of));
        }
        assert_eq!(choice.serving.len(), MOST);
        assert!(choice.chosen.contains_key(&id(250)));
        assert_eq!(choice.chosen.len(), HOMES);
    }
}
