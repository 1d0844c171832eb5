//! What a screen shows of QNet.

use std::time::Duration;

use webx_desktop::qnet::{
    ContactTrust, Fitness, FitnessDimension, FitnessEffect, FitnessMeasure, FitnessReason,
    FitnessUnit, NetworkAlarm, NetworkDetour, NetworkHealth, NetworkNode, NetworkPeer,
    NetworkPeerDetail, NetworkPoint, NetworkReach, NetworkTraffic, NetworkView, OwnRelay,
    PeerConnection, QnetError, Rating,
};
use webx_overlay::coordinates::Coordinate;
use webx_overlay::transport::Transport as _;
use webx_overlay::{Alarm, PeerView};
use webx_peers::contacts::Trust;
use webx_peers::{Peer, fitness};

use super::meet::{addresses, micros};
use super::running::Running;
use super::{Network, Reach, blocking, node_id, refused, stopped};

/// How long the record of a connected node is looked for. It is known.
const AT_HAND: Duration = Duration::from_secs(2);

impl Network {
    pub(super) async fn show(&self) -> Result<NetworkView, QnetError> {
        let reach = match self.reach {
            Reach::Off => NetworkReach::Off,
            Reach::Loopback => NetworkReach::Loopback,
            Reach::Any => NetworkReach::Any,
        };
        let running = match self.now() {
            Ok(running) => running,
            Err(QnetError::Off(_)) => {
                return Ok(NetworkView {
                    reach,
                    running: false,
                    node: None,
                });
            }
            Err(error) => return Err(error),
        };
        Ok(NetworkView {
            reach,
            running: true,
            node: Some(own(&running).await?),
        })
    }

    pub(super) async fn show_peers(&self) -> Result<Vec<NetworkPeer>, QnetError> {
        let running = self.now()?;
        let view = running.handle.view().await.map_err(stopped)?;
        let ids: Vec<_> = view.peers.iter().map(|peer| peer.id).collect();
        let peers = running.peers.clone();
        let known = blocking(move || peers.find_all(&ids).map_err(refused)).await?;
        let list = view.peers.iter().zip(known);
        let found = running.lan.found();
        let list = list.map(|(peer, known)| connected(peer, known, found.contains(&peer.id)));
        Ok(list.collect())
    }

    pub(super) async fn show_peer(&self, node: &str) -> Result<NetworkPeerDetail, QnetError> {
        let id = node_id(node)?;
        let open = self.open()?;
        let (known, fitness) = blocking(move || {
            let peers = open.peers()?;
            let known = peers.find(id).map_err(refused)?;
            let fitness = match &known {
                Some(known) => known.fitness.clone(),
                None => peers.fitness(id).map_err(refused)?,
            };
            Ok((known, fitness))
        })
        .await?;
        let (mut connection, mut record) = (None, None);
        if let Ok(running) = self.now() {
            let view = running.handle.view().await.map_err(stopped)?;
            if let Some(peer) = view.peers.iter().find(|peer| peer.id == id) {
                connection = Some(connection_of(peer, running.lan.found().contains(&id)));
                record = running.find_within(id, AT_HAND).await?;
            }
        }
        if known.is_none() && connection.is_none() {
            return Err(QnetError::NotFound(format!(
                "nothing is known of the node {id}"
            )));
        }
        let (did, contact, trust) = who(known.as_ref());
        Ok(NetworkPeerDetail {
            id: id.to_string(),
            did,
            contact,
            trust,
            connection,
            addresses: record.as_ref().map(addresses).unwrap_or_default(),
            serves: record.as_ref().is_some_and(|record| record.serves),
            relays: record.map(|record| record.relays).unwrap_or_default(),
            seen: known.map(|known| known.seen),
            fitness: worth(&fitness),
        })
    }
}

async fn own(running: &Running) -> Result<NetworkNode, QnetError> {
    let view = running.handle.view().await.map_err(stopped)?;
    let hints = running.transport.hints();
    let traffic = view.traffic.iter().map(|one| NetworkTraffic {
        protocol: String::from_utf8_lossy(one.protocol.alpn()).into_owned(),
        sent: one.sent,
        received: one.received,
    });
    // What goes over the floors above is told protocol by protocol too.
    let above = running.comms.metrics().into_iter();
    let above = above.filter(|one| one.sent + one.received > 0);
    let traffic = traffic.chain(above.map(|one| NetworkTraffic {
        protocol: one.protocol,
        sent: one.sent,
        received: one.received,
    }));
    let mut alarms = Vec::new();
    for alarm in &view.alarms {
        let alarm = match alarm {
            Alarm::Alone => NetworkAlarm::Alone,
            Alarm::Dense(_) => NetworkAlarm::Dense,
            Alarm::Budget => NetworkAlarm::Budget,
            Alarm::NoClock => NetworkAlarm::NoClock,
            _ => continue,
        };
        if !alarms.contains(&alarm) {
            alarms.push(alarm);
        }
    }
    Ok(NetworkNode {
        id: view.id.to_string(),
        did: running.peers.own().did().to_string(),
        addresses: hints.direct.iter().map(ToString::to_string).collect(),
        relays: hints.relays,
        relay: running.transport.relay().map(|relay| OwnRelay {
            address: relay.address().to_string(),
            clients: relay.clients(),
        }),
        lan: running.lan.show(),
        last_resort: running.last_resorts.show(&view.last_resort),
        coordinate: point(&view.coordinate),
        peers: view.peers.len(),
        neighbours: view.peers.iter().filter(|peer| peer.neighbour).count(),
        known: view.known,
        table: view.table,
        stored: view.stored,
        network_size: view.network_size,
        health: view.health.map(|health| NetworkHealth {
            samples: health.samples,
            degree: health.degree,
            reached: health.reached,
        }),
        control_bytes: view.budget.0,
        control_budget: view.budget.1,
        traffic: traffic.collect(),
        alarms,
    })
}

fn connected(peer: &PeerView, known: Option<Peer>, lan: bool) -> NetworkPeer {
    let (did, contact, trust) = who(known.as_ref());
    NetworkPeer {
        id: peer.id.to_string(),
        did,
        contact,
        trust,
        rtt_micros: peer.rtt.map(micros),
        address: peer.direct.map(|ip| ip.to_string()),
        lan,
        neighbour: peer.neighbour,
        score: peer.score,
        rating: known.map_or(Rating::Unknown, |known| rating(known.fitness.rating)),
        coordinate: peer.coordinate.as_ref().map(point),
    }
}

fn connection_of(peer: &PeerView, lan: bool) -> PeerConnection {
    let protocols = peer.protocols.iter();
    PeerConnection {
        rtt_micros: peer.rtt.map(micros),
        address: peer.direct.map(|ip| ip.to_string()),
        lan,
        neighbour: peer.neighbour,
        score: peer.score,
        coordinate: peer.coordinate.as_ref().map(point),
        protocols: protocols
            .map(|protocol| String::from_utf8_lossy(protocol.alpn()).into_owned())
            .collect(),
        detour: peer.detour.map(|(via, trip)| NetworkDetour {
            via: via.to_string(),
            rtt_micros: micros(trip),
        }),
    }
}

fn who(known: Option<&Peer>) -> (Option<String>, Option<String>, Option<ContactTrust>) {
    let contact = known.and_then(|known| known.contact.as_ref());
    (
        known.and_then(|known| Some(known.did.as_ref()?.to_string())),
        contact.map(|(name, _)| name.clone()),
        contact.map(|(_, is)| trust(*is)),
    )
}

pub(super) fn trust(trust: Trust) -> ContactTrust {
    match trust {
        Trust::New => ContactTrust::New,
        Trust::Verified => ContactTrust::Verified,
        Trust::Changed => ContactTrust::Changed,
        Trust::Blocked => ContactTrust::Blocked,
    }
}

fn point(coordinate: &Coordinate) -> NetworkPoint {
    let (x, y) = coordinate.on_map();
    NetworkPoint { x, y }
}

fn rating(rating: fitness::Rating) -> Rating {
    match rating {
        fitness::Rating::Unknown => Rating::Unknown,
        fitness::Rating::Poor => Rating::Poor,
        fitness::Rating::Fair => Rating::Fair,
        fitness::Rating::Good => Rating::Good,
        fitness::Rating::Excellent => Rating::Excellent,
    }
}

fn worth(view: &fitness::View) -> Fitness {
    Fitness {
        rating: rating(view.rating),
        value: view.value,
        reasons: view.reasons.iter().map(reason).collect(),
    }
}

fn reason(reason: &fitness::Reason) -> FitnessReason {
    use fitness::{Dimension, Effect, Measured};
    let score = &reason.score;
    FitnessReason {
        dimension: match score.dimension {
            Dimension::AvailabilityHour => FitnessDimension::AvailabilityHour,
            Dimension::AvailabilityDay => FitnessDimension::AvailabilityDay,
            Dimension::AvailabilityMonth => FitnessDimension::AvailabilityMonth,
            Dimension::Latency => FitnessDimension::Latency,
            Dimension::Loss => FitnessDimension::Loss,
            Dimension::Goodput => FitnessDimension::Goodput,
            Dimension::Relay => FitnessDimension::Relay,
            Dimension::StorageProof => FitnessDimension::StorageProof,
            Dimension::Compute => FitnessDimension::Compute,
        },
        effect: match reason.effect {
            Effect::Raises => FitnessEffect::Raises,
            Effect::Lowers => FitnessEffect::Lowers,
            Effect::Missing => FitnessEffect::Missing,
        },
        value: score.value,
        own: score.own,
        receipts: score.receipts,
        hearsay: score.hearsay,
        measured: match reason.measured {
            Measured::Share { value } => FitnessMeasure {
                unit: FitnessUnit::Share,
                value,
                p95: None,
            },
            Measured::Milliseconds { p50, p95 } => FitnessMeasure {
                unit: FitnessUnit::Milliseconds,
                value: p50,
                p95: Some(p95),
            },
            Measured::BytesPerSecond { value } => FitnessMeasure {
                unit: FitnessUnit::BytesPerSecond,
                value,
                p95: None,
            },
        },
    }
}
