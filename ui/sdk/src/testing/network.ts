import type { Calls } from "../contract";
import { Problem } from "../problem";
import type { NetworkChange, NetworkNode, NetworkPeerDetail, NetworkReach, NetworkSettings } from "../types";

/** QNet before a test begins; off when left out. */
export interface NetworkSeed {
  reach?: NetworkReach;
  /** This node; what it says of its peers is counted from `peers`. */
  node?: Partial<NetworkNode>;
  /** With a `connection` they are connected. */
  peers?: NetworkPeerDetail[];
  settings?: Partial<NetworkSettings>;
}

interface Ends {
  at(afterMs?: number): string;
  did(): string;
  tell(change: NetworkChange): void;
}

const OFF = new Problem({ code: "no-network", status: 409, title: "This node is not on QNet" });
const ID = "a".repeat(52);

const SETTINGS: NetworkSettings = {
  neighbours: 8,
  guests: 56,
  controlBudget: 25_000_000,
  lookUp: true,
  exchange: true,
  lanDiscovery: false,
  metered: null,
  hours: null,
  rates: { up: null, down: null, peerUp: null, peerDown: null },
  meteredRates: { up: 250_000, down: 250_000, peerUp: null, peerDown: null },
  relay: null,
  lastResort: [],
};

/** QNet in memory: nobody is reached, but everybody who is seeded answers. */
export function memoryNetwork(seed: NetworkSeed, { at, did, tell }: Ends): Calls["network"] {
  const reach = seed.reach ?? (seed.node || seed.peers ? "any" : "off");
  let settings: NetworkSettings = { ...SETTINGS, ...seed.settings };
  const peers = seed.peers ?? [];
  const connected = peers.filter(peer => peer.connection);

  const found = (id: string): NetworkPeerDetail => {
    const peer = peers.find(each => each.id === id);
    if (reach === "off") throw OFF;
    if (!peer) throw new Problem({ code: "not-found", status: 404, title: "No node on QNet knows where it is" });
    return peer;
  };
  const node = (): NetworkNode => ({
    ...{ id: ID, did: did(), addresses: [], relays: [], relay: null, coordinate: { x: 0, y: 0 } },
    ...{ known: peers.length, table: peers.length, stored: 0, networkSize: null },
    lan: {
      status: settings.lanDiscovery && reach === "any" ? "on" : "off",
      found: connected.filter(peer => peer.connection?.lan).length,
    },
    lastResort: (settings.lastResort ?? []).map(entry => ({ entry, outcome: "unused" as const })),
    ...{ controlBytes: 0, traffic: [], alarms: connected.length === 0 ? (["alone"] as const).slice() : [] },
    ...seed.node,
    peers: connected.length,
    neighbours: connected.filter(peer => peer.connection?.neighbour).length,
    controlBudget: settings.controlBudget,
  });

  return {
    view: async () => (reach === "off" ? { reach, running: false } : { reach, running: true, node: node() }),
    peers: async () => {
      if (reach === "off") throw OFF;
      return connected.flatMap(({ id, did: who, contact, trust, connection, fitness }) =>
        connection
          ? [
              {
                id,
                did: who ?? null,
                contact: contact ?? null,
                trust: trust ?? null,
                ...connection,
                rating: fitness.rating,
              },
            ]
          : [],
      );
    },
    peer: async id => found(id),
    ping: async id => {
      const peer = found(id);
      const rttMicros = peer.connection?.rttMicros ?? 20_000;
      const address = peer.addresses[0];
      const direct = { kind: "direct" as const, address: address ?? "", selected: true, rttMicros };
      const relayed = { kind: "relay" as const, address: peer.relays[0] ?? "", selected: true, rttMicros };
      return {
        ...{ id, did: peer.did ?? `did:key:${id}`, contact: peer.contact ?? null, rttMicros },
        paths: [address === undefined ? relayed : direct],
      };
    },
    invite: async ({ label, hours }) => {
      if (reach === "off") throw OFF;
      return { invite: `webx:join?${btoa(label || "memory").replaceAll("=", "")}`, expires: at(hours * 3600e3) };
    },
    join: async invite => {
      if (reach === "off") throw OFF;
      if (!invite.startsWith("webx:join?"))
        throw new Problem({ code: "bad-invite", status: 400, title: "This is no invite" });
      tell({ running: true, peers: connected.length });
      return { by: connected[0]?.id ?? ID, label: "" };
    },
    settings: async () => settings,
    configure: async next => {
      settings = next;
      tell({ running: reach !== "off", peers: connected.length });
      return settings;
    },
  };
}
