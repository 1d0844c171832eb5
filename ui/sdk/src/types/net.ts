import type { Timestamp } from "../types";

/** How far QNet reaches: not at all, nodes on this machine, any network. */
export type NetworkReach = "off" | "loopback" | "any";

/** QNet as this node sees it. */
export interface NetworkView {
  reach: NetworkReach;
  /** `false`: QNet is off, or did not start; then there is no `node`. */
  running: boolean;
  node?: NetworkNode | null;
}

/** This node on QNet. */
export interface NetworkNode {
  /** 52 letters and digits. */
  id: string;
  did: string;
  /** Where others may reach it: UDP addresses. */
  addresses: string[];
  /** Relays it listens on. */
  relays: string[];
  /** The relay it runs for others, with how many nodes use it now. */
  relay?: { address: string; clients: number } | null;
  /** Its place on the map, in milliseconds. */
  coordinate: NetworkPoint;
  /** Who is connected, and how many of them are neighbours of its own choice. */
  peers: number;
  neighbours: number;
  /** How many nodes it has heard of and could dial. */
  known: number;
  /** How many nodes stand in its table. */
  table: number;
  /** How many records it keeps for others. */
  stored: number;
  /** How many nodes the network has, as far as this one can tell. */
  networkSize?: number | null;
  /** Bytes of the last 24 hours for keeping the network, and what is allowed. */
  controlBytes: number;
  controlBudget: number;
  traffic: NetworkTraffic[];
  alarms: NetworkAlarm[];
}

/** Two nodes are about as many milliseconds apart as their points. */
export interface NetworkPoint {
  x: number;
  y: number;
}

/** Bytes of one protocol since QNet started. */
export interface NetworkTraffic {
  protocol: string;
  sent: number;
  received: number;
}

/**
 * `alone`: no peer is connected. `dense`: many more nodes stand around a key than there should be; somebody may try to own
 * it. `budget`: the day's control traffic is used up. `noClock`: the time is not known.
 */
export type NetworkAlarm = "alone" | "dense" | "budget" | "noClock";

/** A connected node. */
export interface NetworkPeer {
  id: string;
  /** The person, once the node has proved it. */
  did?: string | null;
  /** What that person is called, if a contact. */
  contact?: string | null;
  trust?: ContactTrust | null;
  /** The last round trip. */
  rttMicros?: number | null;
  /** Its address, if a path is direct. */
  address?: string | null;
  /** Whether this node keeps it as a neighbour of its own choice. */
  neighbour: boolean;
  /** How it behaves: 0 is neutral, below it bad. */
  score: number;
  rating: Rating;
  /** Its place on the map, as it says. */
  coordinate?: NetworkPoint | null;
}

/** Everything known of one node, connected or not. */
export interface NetworkPeerDetail {
  id: string;
  did?: string | null;
  contact?: string | null;
  trust?: ContactTrust | null;
  /** Only of a connected one. */
  connection?: PeerConnection | null;
  /** Where it may be reached, as it says: UDP addresses, and relays it listens on. */
  addresses: string[];
  relays: string[];
  /** Whether it serves others as a relay and for look-up. */
  serves: boolean;
  /** When it was last heard of. */
  seen?: Timestamp | null;
  fitness: Fitness;
}

export interface PeerConnection {
  rttMicros?: number | null;
  address?: string | null;
  neighbour: boolean;
  score: number;
  coordinate?: NetworkPoint | null;
  /** The protocols that are spoken now. */
  protocols: string[];
}

/** A rating in one word. */
export type Rating = "unknown" | "poor" | "fair" | "good" | "excellent";

/** What a node is at least worth, with the reasons. */
export interface Fitness {
  rating: Rating;
  /** 0 to 1. */
  value: number;
  /** The worst first, what is missing last. */
  reasons: FitnessReason[];
}

export type FitnessDimension =
  | "availabilityHour"
  | "availabilityDay"
  | "availabilityMonth"
  | "latency"
  | "loss"
  | "goodput"
  | "relay"
  | "storageProof"
  | "compute";

export interface FitnessReason {
  dimension: FitnessDimension;
  /** Whether it raises the rating, lowers it, or too little is known of it. */
  effect: "raises" | "lowers" | "missing";
  /** What the node is at least, with 95 % certainty: 0 to 1. */
  value: number;
  /** Weight of what this node saw itself, of receipts, and of hearsay. */
  own: number;
  receipts: number;
  hearsay: number;
  /** The figure behind it: a share from 0 to 1; the median, and in `p95` what all but a twentieth stay below; a rate. */
  measured: { unit: "share" | "milliseconds" | "bytesPerSecond"; value: number; p95?: number | null };
}

/** A node answered and proved who stands behind it. */
export interface Ping {
  id: string;
  did: string;
  contact?: string | null;
  rttMicros: number;
  /** The ways to it; data went over the selected one. */
  paths: NetworkPath[];
}

export interface NetworkPath {
  /** From machine to machine, or by a relay, which sees cipher text alone. */
  kind: "direct" | "relay" | "other";
  address: string;
  selected: boolean;
  rttMicros: number;
}

export interface NetworkInvite {
  /** A link, `webx:join?…`; fits a QR code. */
  invite: string;
  expires: Timestamp;
}

export interface Joined {
  /** The node that wrote the invite. */
  by: string;
  label: string;
}

/** How QNet behaves on this machine. `null` of a rate is unlimited; rates are bytes a second. */
export interface NetworkSettings {
  /** How many neighbours to keep connected, 3 to 64. */
  neighbours: number;
  /** How many connections of others to take beyond that, 0 to 1024. */
  guests: number;
  /** Bytes a day for keeping the network; 1 MB to 10 GB. */
  controlBudget: number;
  /** Answers questions of the table and keeps records for others. */
  lookUp: boolean;
  /** Tells neighbours which nodes it knows. */
  exchange: boolean;
  /** Whether the link costs by the byte; `null` follows what the system says. */
  metered?: boolean | null;
  /** The hours of the day (UTC, 0 to 24) in which it serves others; always, if `null`. May pass midnight. */
  hours?: { from: number; to: number } | null;
  /** To and from all peers together, and any one of them. */
  rates: NetworkRates;
  /** The same while the link is metered. */
  meteredRates: NetworkRates;
  /** Runs a relay for others; `null` runs none. */
  relay?: NetworkRelay | null;
}

export interface NetworkRates {
  up?: number | null;
  down?: number | null;
  peerUp?: number | null;
  peerDown?: number | null;
}

export interface NetworkRelay {
  /** The TCP and UDP port it listens on; 443 passes most firewalls. */
  port: number;
  /** The address at which others reach this machine, with its port: `203.0.113.7:443`. */
  public: string;
  /** Nodes connected at once, 1 to 4096. */
  clients: number;
  /** Bytes a second taken from each of them; at least 16 KiB. */
  rate: number;
}

/** Peers came or went, QNet started, ended or was set otherwise. At most once a second. */
export interface NetworkChange {
  running: boolean;
  /** Connected peers. */
  peers: number;
}

/**
 * `new`: always the same person so far, but nobody compared anything. `verified`: the person compared. `changed`: the safety
 * number changed; nothing is sent until the person accepts it. `blocked`: nothing is wanted of this contact.
 */
export type ContactTrust = "new" | "verified" | "changed" | "blocked";

/** How a contact came: scanned from hand to hand, as a link, by a typed DID, or he wrote first. */
export type ContactOrigin = "inPerson" | "link" | "did" | "request";

/** A person one knows. */
export interface ContactItem {
  did: string;
  name: string;
  note: string;
  trust: ContactTrust;
  origin: ContactOrigin;
  /** By his newest identity log; empty before the first meeting. */
  devices: ContactDevice[];
  /** The device of the card he was added by: the one to meet first, by `network.ping`. */
  cardNode?: string | null;
  added: Timestamp;
  /** When he was last compared and found right. */
  verified?: Timestamp | null;
  /** When one of his devices last proved itself. */
  met?: Timestamp | null;
}

export interface ContactDevice {
  /** Its node on QNet. */
  node: string;
  connected: boolean;
}

export interface ContactDetail {
  contact: ContactItem;
  /** Twelve groups of five digits, the same on both sides; none before the first meeting. */
  safetyNumber?: string | null;
  /** The number of the keys that the person last accepted, while the present ones are others. */
  previousNumber?: string | null;
  /** Newest first. */
  changes: ContactEvent[];
}

/**
 * `number`: the keys are others than before. `otherThanCard`: they are not those the card promised. `fork`: somebody showed
 * another history of the identity; it was refused.
 */
export interface ContactEvent {
  at: Timestamp;
  what: "number" | "otherThanCard" | "fork";
  /** When the person accepted it. */
  accepted?: Timestamp | null;
  /** Devices that came and went. */
  added: string[];
  removed: string[];
}

/** What others add this person by. */
export interface ContactCard {
  did: string;
  /** A link, `webx:contact:…`; fits a QR code. */
  card: string;
  expires: Timestamp;
}

export interface NewContact {
  /** A DID, or a card. */
  text: string;
  /** What the person calls him; the card's own name when left out. */
  name?: string | null;
  /** The card was scanned from the screen or paper of the person himself: that counts as a comparison. */
  inPerson?: boolean;
}

/** Contacts changed. At most once a second. */
export interface ContactsChange {
  /** Who, if it was one alone. */
  did?: string | null;
}
