/** A network and people such as a node might know. */
import type { ContactDetail, ContactItem, NetworkPeerDetail, Rating } from "@webx/sdk";
import type { MemoryOptions } from "@webx/sdk/testing";

const ago = (hours: number) => new Date(Date.now() - hours * 3600e3).toISOString();
const LETTERS = "abcdefghijklmnopqrstuvwxyz234567";
const idOf = (seed: number): string =>
  Array.from({ length: 52 }, (_, at) => LETTERS[(seed * 7919 + at * at * 31 + at * seed) % 32]).join("");
const digits = (seed: number): string =>
  Array.from({ length: 60 }, (_, at) => (seed * 31 + at * at * 7 + at * seed) % 10).join("");

const PEOPLE = ["Anna Keller", "Bruno", "Chiara Rossi", "دينا", "Emil"];
const RATINGS: readonly Rating[] = ["excellent", "good", "good", "fair", "unknown", "poor", "good"];

const peer = (n: number): NetworkPeerDetail => {
  const ms = 3 + ((n * n * 17) % 190);
  const turn = n * 2.4;
  const name = PEOPLE[n];
  return {
    id: idOf(n + 1),
    ...(name === undefined
      ? {}
      : { did: `did:key:z6Mk${idOf(n + 1)}`, contact: name, trust: n === 1 ? "changed" : "verified" }),
    connection: {
      ...{ rttMicros: ms * 1000 + n * 37, neighbour: n % 3 === 0, lan: n === 1, score: n === 5 ? -4 : 1 },
      address: n % 4 === 2 ? null : `203.0.113.${n + 7}`,
      coordinate: { x: Math.cos(turn) * ms, y: Math.sin(turn) * ms },
      protocols: ["webx/control/1", "webx/table/1", "webx/gossip/1"],
    },
    ...{
      addresses: [`203.0.113.${n + 7}:7701`, `[2001:db8::${n}]:7701`],
      relays: n % 4 === 2 ? ["relay.example:443"] : [],
    },
    ...{ serves: n % 2 === 0, seen: ago(0.01) },
    fitness: {
      ...{ rating: RATINGS[n % RATINGS.length] ?? "unknown", value: 0.8 },
      reasons: [
        {
          ...{ dimension: "latency", effect: "lowers", value: 0.62, own: 40, receipts: 0, hearsay: 0 },
          measured: { unit: "milliseconds", value: ms, p95: ms * 3 },
        },
        {
          ...{ dimension: "availabilityDay", effect: "raises", value: 0.95, own: 90, receipts: 3, hearsay: 0 },
          measured: { unit: "share", value: 0.99 },
        },
        {
          ...{ dimension: "storageProof", effect: "missing", value: 0.05, own: 0, receipts: 0, hearsay: 0 },
          measured: { unit: "share", value: 0 },
        },
        {
          ...{ dimension: "compute", effect: "missing", value: 0.05, own: 0, receipts: 0, hearsay: 0 },
          measured: { unit: "share", value: 0 },
        },
      ],
    },
  };
};

const contact = (n: number, name: string): ContactDetail => {
  const item: ContactItem = {
    ...{
      did: `did:key:z6Mk${idOf(n + 1)}`,
      name,
      note: n === 0 ? "Met at the open day in Ticino." : "",
      added: ago(900),
    },
    trust: n === 1 ? "changed" : n === 2 ? "new" : n === 4 ? "blocked" : "verified",
    origin: n === 2 ? "link" : "inPerson",
    devices: [
      { node: idOf(n + 1), connected: n < 3 },
      { node: idOf(n + 40), connected: false },
    ],
    verified: n === 2 || n === 1 ? null : ago(400),
    met: ago(n * 30 + 0.2),
  };
  return {
    contact: item,
    safetyNumber: digits(n + 3),
    ...(n === 1 ? { previousNumber: digits(n + 9) } : {}),
    changes: n === 1 ? [{ at: ago(2), what: "number", accepted: null, added: [idOf(77)], removed: [] }] : [],
  };
};

export const net: Pick<MemoryOptions, "network" | "contacts"> = {
  network: {
    peers: Array.from({ length: 22 }, (_, n) => peer(n)),
    node: {
      ...{ known: 164, table: 71, stored: 38, networkSize: 1_240, controlBytes: 6_400_000 },
      health: { samples: 9, degree: 7, reached: 0.94 },
      addresses: ["198.51.100.4:7701"],
      traffic: [
        { protocol: "webx/control/1", sent: 1_240_000, received: 1_310_000 },
        { protocol: "webx/table/1", sent: 2_100_000, received: 1_450_000 },
        { protocol: "webx/gossip/1", sent: 180_000, received: 120_000 },
      ],
    },
  },
  contacts: { contacts: PEOPLE.map((name, n) => contact(n, name)) },
};
