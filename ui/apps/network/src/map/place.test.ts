// @vitest-environment node
import type { NetworkPeer } from "@webx/sdk";
import { describe, expect, it } from "vitest";
import { layout } from "./place";

const OWN = { x: 3, y: -2 };
const peer = (id: string, more: Partial<NetworkPeer> = {}): NetworkPeer => ({
  ...{ id, lan: false, neighbour: false, score: 0, rating: "unknown" },
  ...more,
});
const far = ({ x, y }: { x: number; y: number }) => Math.hypot(x, y);

describe("the map", () => {
  it("puts the nearer peer nearer to the middle, in the direction of its coordinate", () => {
    const { places } = layout(
      [
        peer("near", { rttMicros: 4_000, coordinate: { x: 5, y: -2 } }),
        peer("far", { rttMicros: 180_000, coordinate: { x: -80, y: -2 } }),
      ],
      OWN,
    );
    const of = (id: string) => places.find(each => each.peer.id === id) ?? { x: 0, y: 0 };
    expect(far(of("near"))).toBeLessThan(far(of("far")));
    expect(of("near").x).toBeGreaterThan(0);
    expect(of("far").x).toBeLessThan(0);
    expect(far(of("far"))).toBeLessThan(1);
  });

  it("moves nobody nearer or farther when it makes room", () => {
    const crowd = Array.from({ length: 60 }, (_, n) =>
      peer(`p${n}`, { rttMicros: 20_000, coordinate: { x: 9, y: 9 } }),
    );
    const { places } = layout(crowd, OWN);
    for (const place of places) expect(far(place)).toBeCloseTo(far(places[0] ?? place), 6);
    expect(new Set(places.map(({ x, y }) => `${x.toFixed(3)} ${y.toFixed(3)}`)).size).toBe(60);
  });

  it("is the same for the same peers, in whatever order they come", () => {
    const peers = Array.from({ length: 30 }, (_, n) => peer(`p${n}`, { rttMicros: n * 3_000 }));
    expect(layout(peers.toReversed(), OWN)).toEqual(layout(peers, OWN));
  });

  it("keeps the neighbours and the nearest when there are too many, and says how many it left out", () => {
    const many = Array.from({ length: 500 }, (_, n) => peer(`p${n}`, { rttMicros: (n + 1) * 1_000 }));
    const { places, left } = layout([...many, peer("mine", { neighbour: true, rttMicros: 900_000 })], OWN);
    expect(places.length + left).toBe(501);
    expect(places.map(each => each.peer.id)).toContain("mine");
    expect(places.map(each => each.peer.id)).not.toContain("p499");
  });

  it("has a place for a peer of which nothing is known", () => {
    const { places, rings } = layout([peer("a")], OWN);
    expect(places).toHaveLength(1);
    expect(far(places[0] ?? { x: 9, y: 9 })).toBeLessThan(1);
    expect(rings.length).toBeGreaterThan(0);
  });
});
