import type { NodeId, SortKey, Timestamp } from "@webx/sdk";

/** What a window of Files shows. */
export type Place =
  | { kind: "folder"; id: NodeId }
  /** A folder as it was. */
  | { kind: "past"; id: NodeId; at: Timestamp }
  | { kind: "search"; query: string }
  | { kind: "trash" };

export interface Sort {
  key: SortKey;
  descending: boolean;
}

export function placeKey(place: Place): string {
  switch (place.kind) {
    case "folder":
      return `folder ${place.id}`;
    case "past":
      return `past ${place.id} ${place.at}`;
    case "search":
      return `search ${place.query}`;
    case "trash":
      return "trash";
  }
}

export interface Trail {
  readonly places: readonly Place[];
  readonly index: number;
}

export const trailAt = (trail: Trail): Place => trail.places[trail.index] ?? { kind: "trash" };

/** Goes to a place; what lay ahead is forgotten. Searching again replaces the search before. */
export function visit(trail: Trail, place: Place): Trail {
  const here = trailAt(trail);
  if (placeKey(here) === placeKey(place)) return trail;
  const keep = here.kind === "search" && place.kind === "search" ? trail.index : trail.index + 1;
  const places = [...trail.places.slice(0, keep), place];
  return { places, index: places.length - 1 };
}

export const canGoBack = (trail: Trail): boolean => trail.index > 0;
export const canGoForward = (trail: Trail): boolean => trail.index < trail.places.length - 1;

export function step(trail: Trail, by: -1 | 1): Trail {
  const index = trail.index + by;
  return index < 0 || index >= trail.places.length ? trail : { ...trail, index };
}
