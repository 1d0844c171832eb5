import type * as Generated from "../generated";

/** QNet as this node sees it: `running: false` and no `node` when it is off or did not start. */
export type NetworkView = Generated.NetworkView;
/** How far QNet reaches: not at all, nodes on this machine, any network. */
export type NetworkReach = Generated.NetworkReach;
/** This node on QNet. */
export type NetworkNode = Generated.NetworkNode;
/** Looking for nodes in the local network: `metered` rests until the link costs nothing, `failed` is tried again. */
export type NetworkLan = Generated.NetworkLan;
/** How well the network holds together, as peers tell. */
export type NetworkHealth = Generated.NetworkHealth;
/** Two nodes are about as many milliseconds apart as their points. */
export type NetworkPoint = Generated.NetworkPoint;
/** Bytes of one protocol since QNet started. */
export type NetworkTraffic = Generated.NetworkTraffic;
/**
 * `alone`: no peer is connected. `dense`: many more nodes stand around a key than there should be; somebody may try to own
 * it. `budget`: the day's control traffic is used up. `noClock`: the time is not known.
 */
export type NetworkAlarm = Generated.NetworkAlarm;
/** A connected node. */
export type NetworkPeer = Generated.NetworkPeer;
/** Everything known of one node, connected or not. */
export type NetworkPeerDetail = Generated.NetworkPeerDetail;
export type PeerConnection = Generated.PeerConnection;
/** A way over another node that is faster than the straight one. */
export type NetworkDetour = Generated.NetworkDetour;
/** What a node is worth, in one word. */
export type Rating = Generated.Rating;
/** What a node is at least worth, with the reasons: the worst first, what is missing last. */
export type Fitness = Generated.Fitness;
export type FitnessDimension = Generated.FitnessDimension;
export type FitnessReason = Generated.FitnessReason;
/** A node answered and proved who stands behind it. */
export type Ping = Generated.Ping;
/** A way to a node; by a relay, that sees cipher text alone. */
export type NetworkPath = Generated.NetworkPath;
/** A link, `webx:join?…`; fits a QR code. */
export type NetworkInvite = Generated.NetworkInvite;
/** An invite was taken: who wrote it. */
export type Joined = Generated.Joined;
/** How QNet behaves on this machine. A rate that is left out is unlimited; rates are bytes a second. */
export type NetworkSettings = Generated.NetworkSettings;
export type NetworkHours = Generated.NetworkHours;
export type NetworkRates = Generated.NetworkRates;
/** A relay for others. */
export type NetworkRelay = Generated.NetworkRelay;
/** Peers came or went, QNet started, ended or was set otherwise. At most once a second. */
export type NetworkChange = Generated.NetworkChange;

/**
 * `new`: always the same person so far, but nobody compared anything. `verified`: the person compared. `changed`: the safety
 * number changed; nothing is sent until the person accepts it. `blocked`: nothing is wanted of this contact.
 */
export type ContactTrust = Generated.ContactTrust;
/** How a contact came: scanned from hand to hand, as a link, by a typed DID, or he wrote first. */
export type ContactOrigin = Generated.ContactOrigin;
/** A person one knows. */
export type ContactItem = Generated.ContactItem;
/** A node of a contact on QNet. */
export type ContactDevice = Generated.ContactDevice;
/** Everything about a contact. */
export type ContactDetail = Generated.ContactDetail;
/**
 * `number`: the keys are others than before. `otherThanCard`: they are not those the card promised. `fork`: somebody showed
 * another history of the identity; it was refused.
 */
export type ContactEvent = Generated.ContactEvent;
/** What others add this person by: a link, `webx:contact:…`; fits a QR code. */
export type ContactCard = Generated.ContactCard;
/** Somebody to add, by DID or card. */
export type NewContact = Generated.NewContact;
/** Contacts changed. At most once a second. */
export type ContactsChange = Generated.ContactsChange;

/**
 * `waiting`: the other side was not reached yet. `offered`: somebody has to decide. `accepted`: it comes as soon as the other
 * side is there. The other states are ends.
 */
export type TransferState = Generated.TransferState;
/** A file that one person offers another. */
export type TransferItem = Generated.TransferItem;

/** What two people keep for each other, in bytes. */
export type SpaceAgreement = Generated.SpaceAgreement;

/** Copies of the drive, and what is kept for others. */
export type CopiesView = Generated.CopiesView;

/** What a round of copying found. */
export type CopyRound = Generated.CopyRound;

/** What came back from the copies. */
export type RestoredDrive = Generated.RestoredDrive;
/** Files on their way changed. At most once a second. */
export type TransfersChange = Generated.TransfersChange;
