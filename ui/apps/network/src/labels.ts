import type { NetworkPeer, Rating } from "@webx/sdk";
import type { BadgeTone, Formats } from "@webx/ui";
import type { T } from "./strings";

export const RATINGS = ["excellent", "good", "fair", "poor", "unknown"] as const satisfies readonly Rating[];

export const TONES: Readonly<Record<Rating, BadgeTone>> = {
  excellent: "success",
  good: "success",
  fair: "warning",
  poor: "danger",
  unknown: "neutral",
};

/** Enough of an id to know it again. */
export const shortId = (id: string): string => (id.length > 14 ? `${id.slice(0, 6)}…${id.slice(-4)}` : id);

/** What a peer is called: as the person calls its owner, else by its id. */
export const nameOf = ({ id, contact }: { id: string; contact?: string | null }): string => contact ?? shortId(id);

/** A round trip: 12.3 ms, or whole milliseconds where tenths say nothing. */
export function roundTrip(micros: number | null | undefined, format: Formats, t: T): string {
  if (micros == null) return t("rttUnknown");
  const ms = micros / 1000;
  return t("ms", { ms: format.number(ms < 100 ? Math.round(ms * 10) / 10 : Math.round(ms)) });
}

export const wayOf = (peer: Pick<NetworkPeer, "address">, t: T): string => t(peer.address ? "wayDirect" : "wayRelay");

const PROTOCOLS: Readonly<Record<string, Parameters<T>[0]>> = {
  "webx/control/1": "protocolControl",
  "webx/table/1": "protocolTable",
  "webx/gossip/1": "protocolGossip",
  "webx/ping/1": "protocolPing",
  "webx/profile/1": "protocolProfile",
};

/** What a protocol is for; its own name where there are no words for it. */
export function protocolName(protocol: string, t: T): string {
  const key = PROTOCOLS[protocol];
  return key ? t(key) : protocol;
}
