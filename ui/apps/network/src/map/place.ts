/** Where peers stand on the map: as far from the middle as their round trip is long, in the direction of their coordinate. */
import type { NetworkPeer, NetworkPoint } from "@webx/sdk";

export interface Place {
  peer: NetworkPeer;
  /** From -1 to 1; the own node stands at 0, 0. */
  x: number;
  y: number;
}

export interface Ring {
  /** Milliseconds. */
  at: number;
  /** 0 to 1. */
  radius: number;
}

export interface Layout {
  places: Place[];
  rings: Ring[];
  /** Peers that the map has no room for; the list has all. */
  left: number;
}

/** More dots than these hide each other. */
const MOST = 120;
/** Nobody stands on the own node, nobody on the edge. */
const NEAREST = 0.2;
const FARTHEST = 0.94;
/** How far apart two dots stand, as far as the map allows. */
const GAP = 0.13;
const ROUNDS = 40;
const STEPS = [1, 5, 20, 50, 100, 200, 500, 1000, 2000, 5000];
/** Within this many milliseconds a coordinate says no direction. */
const NO_DIRECTION = 0.05;

/** What is known of the way to a peer: the round trip, or else what the coordinates promise. */
export function distanceOf(peer: NetworkPeer, own: NetworkPoint): number | undefined {
  if (peer.rttMicros != null) return peer.rttMicros / 1000;
  return peer.coordinate ? Math.hypot(peer.coordinate.x - own.x, peer.coordinate.y - own.y) : undefined;
}

/** A direction that belongs to the id, for nodes whose coordinate says none. */
function turnOf(id: string): number {
  let hash = 7;
  for (const letter of id) hash = (hash * 31 + letter.charCodeAt(0)) % 3600;
  return (hash / 3600) * 2 * Math.PI;
}

/** Short distances get more room than long ones. */
const scaled = (ms: number, most: number): number =>
  NEAREST + (FARTHEST - NEAREST) * Math.min(1, Math.log1p(ms / 4) / Math.log1p(most / 4));

/** The same peers give the same map: nothing here is random. */
export function layout(peers: readonly NetworkPeer[], own: NetworkPoint): Layout {
  const known = peers
    .map(peer => ({ peer, ms: distanceOf(peer, own) }))
    .sort(
      (a, b) =>
        Number(b.peer.neighbour) - Number(a.peer.neighbour) ||
        (a.ms ?? Number.POSITIVE_INFINITY) - (b.ms ?? Number.POSITIVE_INFINITY) ||
        a.peer.id.localeCompare(b.peer.id),
    );
  const shown = known.slice(0, MOST);
  const most = Math.max(10, ...shown.map(each => each.ms ?? 0));
  const dots = shown.map(({ peer, ms }) => {
    const [dx, dy] = peer.coordinate ? [peer.coordinate.x - own.x, peer.coordinate.y - own.y] : [0, 0];
    const directed = Math.hypot(dx, dy) > NO_DIRECTION;
    return { peer, turn: directed ? Math.atan2(dy, dx) : turnOf(peer.id), radius: scaled(ms ?? most, most) };
  });
  apart(dots);
  return {
    places: dots
      .sort((a, b) => a.turn - b.turn || a.radius - b.radius)
      .map(({ peer, turn, radius }) => ({ peer, x: radius * Math.cos(turn), y: radius * Math.sin(turn) })),
    rings: STEPS.filter(at => at <= most)
      .slice(-4)
      .map(at => ({ at, radius: scaled(at, most) })),
    left: known.length - shown.length,
  };
}

/** Turns dots that hide each other around the middle; how far they are from it stays true. */
function apart(dots: { turn: number; radius: number }[]): void {
  for (let round = 0; round < ROUNDS; round += 1) {
    let moved = false;
    dots.forEach((one, at) => {
      for (const other of dots.slice(at + 1)) {
        const turn = Math.atan2(Math.sin(other.turn - one.turn), Math.cos(other.turn - one.turn));
        const middle = (one.radius + other.radius) / 2;
        const along = Math.abs(turn) * middle;
        if (Math.hypot(along, one.radius - other.radius) >= GAP) continue;
        const step = ((GAP - along) / middle / 2) * (turn < 0 ? -1 : 1) * 0.5;
        one.turn -= step;
        other.turn += step;
        moved = true;
      }
    });
    if (!moved) return;
  }
}
