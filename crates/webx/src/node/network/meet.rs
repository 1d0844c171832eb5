//! Invites, and meeting nodes by them or by name.

use std::time::{Duration, Instant};

use time::OffsetDateTime;
use webx_desktop::qnet::{
    FoundNode, Joined, NetworkInvite, NetworkPath, NewInvite, PathKind, Ping, QnetError,
};
use webx_links::Invite;
use webx_overlay::record::PeerRecord;
use webx_overlay::transport::{Exposure, Hints, PathInfo, Route, Transport as _};
use webx_overlay::{NodeId, UnixTime};
use webx_peers::{Peers, proof};

use super::{Network, blocking, failed, node_id, refused, stopped};

const HOUR: u64 = 3600;
/// How long each node is looked for that stands in an invite besides this one.
const BESIDES: Duration = Duration::from_secs(5);
/// Contacts that are read at once when a card is looked for.
const PAGE: u32 = 1000;

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
        let hints = match running.find(id).await? {
            Some(record) => Hints {
                direct: record.direct,
                relays: record.relays,
            },
            // Two people who have each other's cards need no network in between.
            None => {
                let peers = running.peers.clone();
                blocking(move || card_of(&peers, id))
                    .await?
                    .ok_or_else(|| not_found(id))?
            }
        };
        let began = Instant::now();
        let connection = running
            .transport
            .dial(id, &hints, Exposure::Direct, proof::ALPN)
            .await
            .map_err(|error| QnetError::Unreachable(error.to_string()))?;
        let proven = running.greeter.prove(&*connection).await;
        let paths = connection.paths();
        connection.close(0, "done");
        let proven = proven.map_err(|error| QnetError::Conflict {
            code: "unproven",
            what: error.to_string(),
        })?;
        let selected = paths.iter().find(|path| path.selected);
        let rtt = selected.map_or_else(|| began.elapsed(), |path| path.rtt);
        let (peers, did) = (running.peers.clone(), proven.did.clone());
        let contact = blocking(move || peers.contacts().find(&did).map_err(refused)).await?;
        Ok(Ping {
            id: id.to_string(),
            did: proven.did.to_string(),
            contact: contact.map(|contact| contact.petname),
            rtt_micros: micros(rtt),
            paths: paths.iter().map(path).collect(),
        })
    }
}

/// Where the device of a contact's card was.
fn card_of(peers: &Peers, node: NodeId) -> Result<Option<Hints>, QnetError> {
    let mut skip = 0;
    loop {
        let page = peers.contacts().list(skip, PAGE).map_err(refused)?;
        let read = u32::try_from(page.len()).unwrap_or(PAGE);
        let found = page
            .into_iter()
            .filter_map(|contact| contact.card)
            .find(|(device, _)| *device == node);
        if found.is_some() || read < PAGE {
            return Ok(found.map(|(_, hints)| hints));
        }
        skip += read;
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
