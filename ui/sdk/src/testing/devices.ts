import type { Calls } from "../contract";
import { Problem } from "../problem";
import type { DeviceItem, NetworkReach, PairingView } from "../types";

/** The person's devices before a test begins. */
export interface DevicesSeed {
  /** Besides this one. */
  others?: DeviceItem[];
  /** The device that comes when a code is shown; none when left out. */
  asks?: { name: string; digits: string };
  reach?: NetworkReach;
  /** The words that are right. */
  words?: string;
}

const NODE = "a".repeat(52);

/** Devices in memory: the one that is seeded comes as soon as a code is open. */
export function memoryDevices(
  seed: DevicesSeed,
  { at, name }: { at(afterMs?: number): string; name(): string },
): Calls["devices"] {
  const others = [...(seed.others ?? [])];
  let pairing: PairingView = { state: "none" };
  const prove = (words: string) => {
    if (words !== (seed.words ?? words))
      throw new Problem({ code: "wrong-words", status: 422, title: "These are not the words of this identity" });
  };
  return {
    list: async () => [
      { node: NODE, name: name(), thisDevice: true, added: at(), state: "ready", connected: false },
      ...others,
    ],
    offer: async () => {
      const expires = at(600_000);
      pairing = seed.asks
        ? { state: "asked", ...seed.asks, node: "b".repeat(52), expires }
        : { state: "open", expires };
      return { code: `webx:pair?${"x".repeat(300)}`, expires, reach: seed.reach ?? "any" };
    },
    pairing: async () => pairing,
    withdraw: async () => {
      pairing = { state: "none" };
    },
    admit: async (words, digits) => {
      prove(words);
      if (pairing.state !== "asked" || pairing.digits !== digits)
        throw new Problem({ code: "other-digits", status: 409, title: "Other digits" });
      const added: DeviceItem = {
        ...{ node: "b".repeat(52), name: pairing.name ?? null, added: at() },
        ...{ thisDevice: false, state: "ready", connected: true },
      };
      others.push(added);
      pairing = { state: "done", name: pairing.name ?? null };
      return added;
    },
    remove: async (node, words) => {
      prove(words);
      const place = others.findIndex(each => each.node === node);
      if (place < 0) throw new Problem({ code: "not-found", status: 404, title: "There is no such device" });
      others.splice(place, 1);
    },
  };
}
