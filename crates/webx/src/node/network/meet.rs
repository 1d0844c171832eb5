//! Invites, and meeting nodes by them or by name.

use std::time::Duration;

use time::OffsetDateTime;
use webx_comms::{Error, Refused};
use webx_desktop::qnet::{
    FoundNode, Joined, NetworkInvite, NetworkPath, NewInvite, PathKind, Ping, QnetError,
};
use webx_links::Invite;
use webx_overlay::driver::Stopped;
use webx_overlay::record::PeerRecord;
use webx_overlay::transport::{LinkError, PathInfo, Route};
use webx_overlay::{NodeId, UnixTime};
use webx_peers::proof::ProofError;

use super::running::Running;
use super::{Network, blocking, failed, node_id, refused, stopped};

const HOUR: u64 = 3600;
/// How long each node is looked for that stands in an invite besides this one.
const BESIDES: Duration = Duration::from_secs(5);

impl Network {
    /// An invite to this node, and to some of those it knows, so that it holds when this node is gone.
    pub(super) async fn write_invite(&self, new: NewInvite) -> Result<NetworkInvite, QnetError> {
        let running = self.now()?;
        let view = running.handle.view().await.map_err(stopped)?;
        let own = running.handle.own().await.map_err(stopped)?;
        let mut nodes = vec![own];
        for peer in view.peers.iter().filter(|peer| peer.neighbour).take(2) {
            if let Ok(Some(record)) = running.find_within(peer.id, BESIDES).await {
                nodes.push(record);
            }
        }
        let mut secret = [0; 16];
        getrandom::fill(&mut secret).map_err(|error| failed(&error))?;
        let life = Duration::from_secs(u64::from(new.hours.clamp(1, 720)) * HOUR);
        let expires = OffsetDateTime::now_utc() + life;
        let until = UnixTime(seconds(expires));
        let invite = loop {
            match Invite::new(&running.key, nodes.clone(), until, &new.label, secret) {
                Ok(invite) => break invite,
                // Fewer nodes make a shorter link.
                Err(_) if nodes.len() > 1 => drop(nodes.pop()),
                Err(error) => return Err(bad_invite(&error)),
            }
        };
        Ok(NetworkInvite {
            invite: invite.to_string(),
            expires,
        })
    }

    pub(super) async fn take_invite(&self, text: &str) -> Result<Joined, QnetError> {
        let running = self.now()?;
        let invite: Invite = text.parse().map_err(|error| bad_invite(&error))?;
        invite
            .check(UnixTime(seconds(OffsetDateTime::now_utc())))
            .map_err(|error| bad_invite(&error))?;
        if invite.by() == running.handle.id() {
            return Err(QnetError::Conflict {
                code: "own-invite",
                what: "this invite is this node's own; give it to another node".into(),
            });
        }
        let nodes = invite.nodes().to_vec();
        running.handle.join(nodes).await.map_err(stopped)?;
        Ok(Joined {
            by: invite.by().to_string(),
            label: invite.label().to_owned(),
        })
    }

    pub(super) async fn look_for(&self, node: &str) -> Result<FoundNode, QnetError> {
        let _place = self.asked.try_acquire().map_err(|_| QnetError::Busy)?;
        let running = self.now()?;
        let id = node_id(node)?;
        let record = running.find(id).await?.ok_or_else(|| not_found(id))?;
        Ok(FoundNode {
            id: id.to_string(),
            addresses: addresses(&record),
            relays: record.relays,
            serves: record.serves,
        })
    }

    /// Finds a node, connects, and lets both sides prove who they are.
    pub(super) async fn greet(&self, node: &str) -> Result<Ping, QnetError> {
        let _place = self.asked.try_acquire().map_err(|_| QnetError::Busy)?;
        let running = self.now()?;
        let id = node_id(node)?;
        if id == running.handle.id() {
            return Err(QnetError::Conflict {
                code: "own-node",
                what: "this is this node itself".into(),
            });
        }
        let (peer, took) = match running.comms.ping(id).await {
            Ok(pinged) => pinged,
            Err(error) => return Err(unmet(&running, id, error).await),
        };
        let paths = running.comms.paths(id);
        let selected = paths.iter().find(|path| path.selected);
        let rtt = selected.map_or(took, |path| path.rtt);
        let (peers, did) = (running.peers.clone(), peer.did.clone());
        let contact = blocking(move || peers.contacts().find(&did).map_err(refused)).await?;
        Ok(Ping {
            id: id.to_string(),
            did: peer.did.to_string(),
            contact: contact.map(|contact| contact.petname),
            rtt_micros: micros(rtt),
            paths: paths.iter().map(path).collect(),
        })
    }
}

/// Why a node was not met.
async fn unmet(running: &Running, node: NodeId, error: Error) -> QnetError {
    match error {
        Error::Link(LinkError::Unreachable(_)) => match running.find_within(node, BESIDES).await {
            Ok(None) => not_found(node),
            _ => QnetError::Unreachable(error.to_string()),
        },
        Error::Stopping => stopped(Stopped),
        Error::Refused(Refused::Busy) | Error::Full(_) => QnetError::Busy,
        Error::Barred(_) => QnetError::Conflict {
            code: "blocked",
            what: error.to_string(),
        },
        Error::Proof(ProofError::Refused(_)) => QnetError::Conflict {
            code: "unproven",
            what: error.to_string(),
        },
        _ => QnetError::Unreachable(error.to_string()),
    }
}

fn path(path: &PathInfo) -> NetworkPath {
    let (kind, address) = match &path.route {
        Route::Direct(address) => (PathKind::Direct, address.to_string()),
        Route::Relay(relay) => (PathKind::Relay, relay.clone()),
        Route::Memory => (PathKind::Other, String::new()),
    };
    NetworkPath {
        kind,
        address,
        selected: path.selected,
        rtt_micros: micros(path.rtt),
    }
}

pub(super) fn addresses(record: &PeerRecord) -> Vec<String> {
    record.direct.iter().map(ToString::to_string).collect()
}

pub(super) fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}

fn seconds(time: OffsetDateTime) -> u64 {
    u64::try_from(time.unix_timestamp()).unwrap_or_default()
}

fn bad_invite(error: &dyn std::fmt::Display) -> QnetError {
    QnetError::BadInput {
        code: "bad-invite",
        what: error.to_string(),
    }
}

fn not_found(node: NodeId) -> QnetError {
    QnetError::NotFound(format!(
        "no node on QNet knows where {node} is; it may be off, or a new invite is needed"
    ))
}
