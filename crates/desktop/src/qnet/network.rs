//! QNet, as the desktop shows it.

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use utoipa::ToSchema;

use super::{ContactTrust, Fitness, Rating};

/// How far QNet reaches from this node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub enum NetworkReach {
    /// Not at all.
    Off,
    /// Nodes on this machine.
    Loopback,
    /// Any network of this machine.
    Any,
}

/// QNet as this node sees it.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct NetworkView {
    /// How far it reaches.
    pub reach: NetworkReach,
    /// `false`: QNet is off, or did not start; then there is no `node`.
    pub running: bool,
    /// This node.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub node: Option<NetworkNode>,
}

/// This node on QNet.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct NetworkNode {
    /// 52 letters and digits.
    pub id: String,
    /// The person behind it.
    pub did: String,
    /// Where others may reach it: UDP addresses.
    pub addresses: Vec<String>,
    /// Relays it listens on.
    pub relays: Vec<String>,
    /// The relay it runs for others.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub relay: Option<OwnRelay>,
    /// Looking for nodes in the local network.
    pub lan: NetworkLan,
    /// Nodes to call when there is no neighbour, and what came of it.
    pub last_resort: Vec<NetworkLastResort>,
    /// Its place on the map.
    pub coordinate: NetworkPoint,
    /// How many are connected.
    pub peers: usize,
    /// How many of them are neighbours of its own choice.
    pub neighbours: usize,
    /// How many nodes it has heard of and could dial.
    pub known: usize,
    /// How many nodes stand in its table.
    pub table: usize,
    /// How many records it keeps for others.
    pub stored: usize,
    /// How many nodes the network has, as far as this one can tell.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub network_size: Option<u64>,
    /// How well the network holds together, by what its peers told in the last hour.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub health: Option<NetworkHealth>,
    /// Bytes of the last 24 hours for keeping the network.
    pub control_bytes: u64,
    /// How many are allowed.
    pub control_budget: u64,
    /// Bytes of each protocol since QNet started.
    pub traffic: Vec<NetworkTraffic>,
    /// What the person should see.
    pub alarms: Vec<NetworkAlarm>,
}

/// How well the network holds together, as peers tell: half of them say more, half less.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct NetworkHealth {
    /// How many peers told.
    pub samples: usize,
    /// How many peers a node has.
    pub degree: f64,
    /// The share, 0 to 1, of the nodes they tried to reach in an hour that answered; none if nobody tried any.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reached: Option<f64>,
}

/// Looking for nodes in the local network.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct NetworkLan {
    /// How it stands.
    pub status: LanStatus,
    /// How many nodes it has found since it was switched on.
    pub found: usize,
    /// Why it failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trouble: Option<String>,
}

/// How looking for nodes in the local network stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub enum LanStatus {
    /// Switched off, or not possible: QNet stays on this machine.
    Off,
    /// Switched on, and resting because the link is metered.
    Metered,
    /// Switched on, and there is no local network.
    NoNetwork,
    /// It looks and is found.
    On,
    /// It could not begin, and is tried again.
    Failed,
}

/// A node of the last resort.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct NetworkLastResort {
    /// As it is written in the settings.
    pub entry: String,
    /// What came of the last call.
    pub outcome: LastResortOutcome,
    /// How many seconds ago that was; none if it was never called.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seconds: Option<u64>,
    /// Why its name led nowhere.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trouble: Option<String>,
}

/// What came of calling a node of the last resort.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub enum LastResortOutcome {
    /// It was not needed since QNet started.
    Unused,
    /// It is being called.
    Calling,
    /// It did not answer, or somebody else did.
    Silent,
    /// It answered, and the network was found again.
    Met,
}

/// The relay that this node runs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct OwnRelay {
    /// Where others find it.
    pub address: String,
    /// Nodes that use it now.
    pub clients: usize,
}

/// Two nodes are about as many milliseconds apart as their points.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, ToSchema)]
pub struct NetworkPoint {
    /// To the right, in milliseconds.
    pub x: f64,
    /// Upwards, in milliseconds.
    pub y: f64,
}

/// Bytes of one protocol.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct NetworkTraffic {
    /// Its name on the wire.
    pub protocol: String,
    /// Sent.
    pub sent: u64,
    /// Received.
    pub received: u64,
}

/// Something a person should see.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub enum NetworkAlarm {
    /// No peer is connected.
    Alone,
    /// Many more nodes stand around a key than there should be: somebody may try to own it.
    Dense,
    /// The day's control traffic is used up.
    Budget,
    /// The time is not known.
    NoClock,
}

/// A connected node.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct NetworkPeer {
    /// Which.
    pub id: String,
    /// The person, once the node has proved it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub did: Option<String>,
    /// What that person is called, if a contact.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub contact: Option<String>,
    /// How far that contact is trusted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trust: Option<ContactTrust>,
    /// The last round trip.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rtt_micros: Option<u64>,
    /// Its address, if a path is direct.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// Whether it was found in the local network.
    pub lan: bool,
    /// Whether this node keeps it as a neighbour of its own choice.
    pub neighbour: bool,
    /// How it behaves: 0 is neutral, below it bad.
    pub score: f64,
    /// What it is worth, in one word.
    pub rating: Rating,
    /// Its place on the map, as it says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub coordinate: Option<NetworkPoint>,
}

/// Everything known of one node, connected or not.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct NetworkPeerDetail {
    /// Which.
    pub id: String,
    /// The person, once the node has proved it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub did: Option<String>,
    /// What that person is called, if a contact.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub contact: Option<String>,
    /// How far that contact is trusted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trust: Option<ContactTrust>,
    /// Only of a connected one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub connection: Option<PeerConnection>,
    /// Where it may be reached, as it says: UDP addresses.
    pub addresses: Vec<String>,
    /// Relays it listens on.
    pub relays: Vec<String>,
    /// Whether it serves others as a relay and for look-up.
    pub serves: bool,
    /// When it was last heard of.
    #[serde(
        skip_serializing_if = "Option::is_none",
        with = "time::serde::rfc3339::option"
    )]
    pub seen: Option<OffsetDateTime>,
    /// What it is worth, with the reasons.
    pub fitness: Fitness,
}

/// How a node is connected.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PeerConnection {
    /// The last round trip.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rtt_micros: Option<u64>,
    /// Its address, if a path is direct.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// Whether it was found in the local network.
    pub lan: bool,
    /// Whether this node keeps it as a neighbour of its own choice.
    pub neighbour: bool,
    /// How it behaves: 0 is neutral, below it bad.
    pub score: f64,
    /// Its place on the map, as it says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub coordinate: Option<NetworkPoint>,
    /// The protocols that are spoken now.
    pub protocols: Vec<String>,
    /// The peer over which it was measured to be nearer than straight.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detour: Option<NetworkDetour>,
}

/// A way over another node that is faster than the straight one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct NetworkDetour {
    /// Over which.
    pub via: String,
    /// The round trip that way.
    pub rtt_micros: u64,
}

/// Where a node may be reached, by its newest signed record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct FoundNode {
    /// Which.
    pub id: String,
    /// UDP addresses.
    pub addresses: Vec<String>,
    /// Relays it listens on.
    pub relays: Vec<String>,
    /// Whether it serves others as a relay and for look-up.
    pub serves: bool,
}

/// A node answered and proved who stands behind it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Ping {
    /// Which.
    pub id: String,
    /// The person.
    pub did: String,
    /// What that person is called, if a contact.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub contact: Option<String>,
    /// The round trip of the selected way.
    pub rtt_micros: u64,
    /// The ways to it; data went over the selected one.
    pub paths: Vec<NetworkPath>,
}

/// A way to a node.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct NetworkPath {
    /// How it goes.
    pub kind: PathKind,
    /// Of the node, or of the relay.
    pub address: String,
    /// Whether data goes over it.
    pub selected: bool,
    /// Its round trip.
    pub rtt_micros: u64,
}

/// How a way goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub enum PathKind {
    /// From machine to machine.
    Direct,
    /// By a relay, which sees cipher text alone.
    Relay,
    /// Otherwise.
    Other,
}

/// An invite to write.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NewInvite {
    /// A few words for whoever gets it, at most 64 bytes.
    #[serde(default)]
    #[schema(max_length = 64)]
    pub label: String,
    /// Hours it is good for, 1 to 720.
    #[schema(minimum = 1, maximum = 720)]
    pub hours: u32,
}

/// An invite.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct NetworkInvite {
    /// A link, `webx:join?…`; fits a QR code.
    pub invite: String,
    /// Good until then.
    #[serde(with = "time::serde::rfc3339")]
    pub expires: OffsetDateTime,
}

/// An invite was taken.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Joined {
    /// The node that wrote it.
    pub by: String,
    /// Its label.
    pub label: String,
}

/// Peers came or went, or QNet started, ended or was set otherwise.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct NetworkChange {
    /// Whether QNet runs.
    pub running: bool,
    /// Connected peers.
    pub peers: usize,
}
