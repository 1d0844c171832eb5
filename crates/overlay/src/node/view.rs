//! What a screen shows of a node.

use super::{Node, PeerView, Time, Traffic, View};
use crate::protocol::Protocol;

impl Node {
    /// What a screen shows.
    #[must_use]
    pub fn view(&self, now: Time) -> View {
        let peers = self.links.iter().map(|(id, link)| PeerView {
            id: *id,
            rtt: self.control.rtt(id),
            coordinate: self.control.coordinate(id),
            score: self.scores.score(now, id),
            protocols: link.protocols.iter().copied().collect(),
            direct: link.ip,
            neighbour: self.chosen.contains(id),
            since: link.since,
            detour: self.detour_to(now, id),
        });
        let traffic = Protocol::ALL.map(|protocol| {
            let (sent, received) = self.traffic.get(&protocol).copied().unwrap_or_default();
            Traffic {
                protocol,
                sent,
                received,
            }
        });
        View {
            id: self.id,
            record: self.record.clone(),
            coordinate: *self.coordinates.coordinate(),
            peers: peers.collect(),
            known: self.known.len(),
            table: self.table.len(),
            stored: self.table.kept(),
            network_size: self.table.network_size(),
            traffic: traffic.to_vec(),
            health: self.shape.health.estimate(now),
            last_resort: self.resorts.view(now),
            budget: (self.budget.day(now), self.config.control_budget),
            alarms: self.alarms.keys().copied().collect(),
        }
    }
}
