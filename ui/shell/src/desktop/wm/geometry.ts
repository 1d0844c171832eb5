/** Rectangles of windows, in pixels from the top left corner of the work area. Physical sides: a snapped left half is on the left in every language. */

export interface Size {
  w: number;
  h: number;
}
export interface Rect extends Size {
  x: number;
  y: number;
}

export const MIN_SIZE: Size = { w: 300, h: 200 };
/** How much of a title bar must stay reachable when a window is pushed off an edge. */
export const REACH = 96;
const TITLE_HEIGHT = 40;

export const ZONES = [
  "max",
  "left",
  "right",
  "top",
  "bottom",
  "top-left",
  "top-right",
  "bottom-left",
  "bottom-right",
] as const;
/** A place a window can be snapped to. */
export type Zone = (typeof ZONES)[number];

export type Edge = "n" | "s" | "e" | "w" | "ne" | "nw" | "se" | "sw";

const clamp = (value: number, low: number, high: number) => Math.min(Math.max(value, low), Math.max(low, high));

/** The rectangle of a zone. Halves of an odd size share the odd pixel so that no gap and no overlap remains. */
export function zoneRect(zone: Zone, area: Size): Rect {
  const midX = Math.round(area.w / 2);
  const midY = Math.round(area.h / 2);
  const left = zone === "left" || zone.endsWith("-left");
  const right = zone === "right" || zone.endsWith("-right");
  const top = zone.startsWith("top");
  const bottom = zone.startsWith("bottom");
  const x = right ? midX : 0;
  const y = bottom ? midY : 0;
  return { x, y, w: (left ? midX : area.w) - x, h: (top ? midY : area.h) - y };
}

/** Keeps a free window usable: not smaller than the least size, its title bar never out of reach. */
export function fit(rect: Rect, area: Size): Rect {
  const w = clamp(Math.round(rect.w), Math.min(MIN_SIZE.w, area.w), Math.max(area.w, MIN_SIZE.w));
  const h = clamp(Math.round(rect.h), Math.min(MIN_SIZE.h, area.h), Math.max(area.h, MIN_SIZE.h));
  return {
    w,
    h,
    x: clamp(Math.round(rect.x), REACH - w, area.w - REACH),
    y: clamp(Math.round(rect.y), 0, area.h - TITLE_HEIGHT),
  };
}

/** Moves the given edges by a distance; the opposite edges stay where they are. */
export function resize(rect: Rect, edge: Edge, dx: number, dy: number): Rect {
  let { x, y, w, h } = rect;
  if (edge.includes("e")) w = Math.max(MIN_SIZE.w, w + dx);
  if (edge.includes("s")) h = Math.max(MIN_SIZE.h, h + dy);
  if (edge.includes("w")) {
    const next = Math.max(MIN_SIZE.w, w - dx);
    x += w - next;
    w = next;
  }
  if (edge.includes("n")) {
    const next = Math.max(MIN_SIZE.h, h - Math.max(dy, -y));
    y += h - next;
    h = next;
  }
  return { x, y, w, h };
}

/** The zone a pointer at this place asks for while it drags a window, or none. */
export function zoneAt(x: number, y: number, area: Size): Zone | null {
  const edge = 14;
  const corner = Math.min(120, area.h / 4);
  const left = x <= edge;
  const right = x >= area.w - edge;
  const side = left ? "left" : right ? "right" : null;
  if (side) {
    if (y <= corner) return `top-${side}`;
    if (y >= area.h - corner) return `bottom-${side}`;
    return side;
  }
  return y <= 4 ? "max" : null;
}

/** Where a snapped window goes when the person asks for the next place in a direction. */
export function zoneTowards(
  zone: Zone | null,
  direction: "left" | "right" | "up" | "down",
): Zone | "free" | "minimise" {
  if (direction === "left" || direction === "right") {
    if (zone === direction) return zone;
    if (zone === (direction === "left" ? "right" : "left")) return "free";
    if (zone?.startsWith("top")) return `top-${direction}`;
    if (zone?.startsWith("bottom")) return `bottom-${direction}`;
    return direction;
  }
  if (direction === "up") {
    if (zone === "left" || zone === "right") return `top-${zone}`;
    if (zone === "bottom-left") return "left";
    if (zone === "bottom-right") return "right";
    if (zone === "bottom") return "free";
    if (zone === "max") return "top";
    return zone?.startsWith("top-") ? zone : "max";
  }
  if (zone === "left" || zone === "right") return `bottom-${zone}`;
  if (zone === "top-left") return "left";
  if (zone === "top-right") return "right";
  if (zone === "top") return "max";
  if (zone === "max") return "free";
  if (zone === null) return "minimise";
  return zone === "bottom" ? "minimise" : zone;
}

/** Rectangles that fill the area with `count` windows: columns as equal as can be, the last one takes the rest. */
export function tiles(count: number, area: Size): Rect[] {
  if (count <= 0) return [];
  const columns = Math.max(1, Math.min(count, Math.round(Math.sqrt((count * area.w) / Math.max(area.h, 1)))));
  const out: Rect[] = [];
  let placed = 0;
  for (let column = 0; column < columns; column += 1) {
    const rows = Math.ceil((count - placed) / (columns - column));
    const x = Math.round((area.w * column) / columns);
    const end = Math.round((area.w * (column + 1)) / columns);
    for (let row = 0; row < rows; row += 1) {
      const y = Math.round((area.h * row) / rows);
      out.push({ x, y, w: end - x, h: Math.round((area.h * (row + 1)) / rows) - y });
    }
    placed += rows;
  }
  return out;
}

/** How far one window of a staircase stands from the one before. */
export const STAIR = 32;
const STAIRS = 4;

/** The n-th place of a staircase of windows of this size; on a small screen they are smaller, so that it has some stairs. */
export function cascadeRect(index: number, size: Size, area: Size): Rect {
  const room = (STAIRS - 1) * STAIR + 24;
  const w = Math.min(size.w, Math.max(area.w - room, Math.min(MIN_SIZE.w, area.w)));
  const h = Math.min(size.h, Math.max(area.h - room, Math.min(MIN_SIZE.h, area.h)));
  const place = (free: number, share: number) => {
    const stairs = Math.max(1, Math.min(8, Math.floor((free - 12) / STAIR) + 1));
    return Math.max(0, (free - (stairs - 1) * STAIR) * share) + (index % stairs) * STAIR;
  };
  return fit({ x: place(area.w - w, 1 / 2), y: place(area.h - h, 1 / 3), w, h }, area);
}
