import { type Rect, type Size, ZONES, type Zone } from "./geometry";
import { MAX_SPACES, MAX_WINDOWS, type SavedLayout, type Wm } from "./state";

/** What is worth keeping of the state. */
export function toSaved(wm: Wm): SavedLayout {
  return {
    version: 1,
    area: wm.area,
    spaces: wm.spaces,
    current: wm.current,
    windows: wm.stack.flatMap(id => {
      const window = wm.windows[id];
      if (!window) return [];
      const { launch: _, ...kept } = window;
      return [kept];
    }),
    focus: wm.focus,
  };
}

type Json = Record<string, unknown>;
const isObject = (value: unknown): value is Json =>
  typeof value === "object" && value !== null && !Array.isArray(value);
const isNumber = (value: unknown): value is number =>
  typeof value === "number" && Number.isFinite(value) && Math.abs(value) < 100_000;
const isName = (value: unknown): value is string => typeof value === "string" && value.length > 0 && value.length <= 64;

function sizeOf(value: unknown): Size | null {
  if (!isObject(value) || !isNumber(value.w) || !isNumber(value.h) || value.w <= 0 || value.h <= 0) return null;
  return { w: value.w, h: value.h };
}

function rectOf(value: unknown): Rect | null {
  const size = sizeOf(value);
  if (!size || !isObject(value) || !isNumber(value.x) || !isNumber(value.y)) return null;
  return { x: value.x, y: value.y, ...size };
}

function windowOf(value: unknown, spaces: string[]): SavedLayout["windows"][number] | null {
  if (!isObject(value) || !isName(value.id) || !isName(value.app)) return null;
  const rect = rectOf(value.rect);
  if (!rect) return null;
  const space = spaces.find(each => each === value.space) ?? spaces[0];
  if (space === undefined) return null;
  const zone = ZONES.find((each): each is Zone => each === value.zone) ?? null;
  const title = typeof value.title === "string" ? value.title.slice(0, 200) : "";
  return {
    id: value.id,
    app: value.app,
    args: value.args,
    title,
    rect,
    zone,
    minimised: value.minimised === true,
    space,
  };
}

/**
 * Reads a kept layout. It comes from the node, but another version or another browser may have written it, so every
 * part is checked; what does not fit is left out, and null means that nothing can be used.
 */
export function fromSaved(value: unknown, known: (app: string) => boolean): SavedLayout | null {
  if (!isObject(value) || value.version !== 1) return null;
  const area = sizeOf(value.area);
  if (!area || !Array.isArray(value.spaces) || !Array.isArray(value.windows)) return null;
  const spaces = [...new Set(value.spaces.filter(isName))].slice(0, MAX_SPACES);
  const first = spaces[0];
  if (first === undefined) return null;
  const seen = new Set<string>();
  const windows = value.windows.slice(0, MAX_WINDOWS).flatMap(each => {
    const window = windowOf(each, spaces);
    if (!window || !known(window.app) || seen.has(window.id)) return [];
    seen.add(window.id);
    return [window];
  });
  const current = spaces.find(space => space === value.current) ?? first;
  const focus = windows.find(each => each.id === value.focus && !each.minimised && each.space === current)?.id ?? null;
  return { version: 1, area, spaces, current, windows, focus };
}
