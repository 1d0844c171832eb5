import { cascadeRect, fit, type Rect, resize, type Size, STAIR, tiles, zoneRect, zoneTowards } from "./geometry";
import { type Action, MAX_SPACES, MAX_WINDOWS, type SavedLayout, type WindowState, type Wm } from "./state";

/** Where a window stands now. */
export function boundsOf(window: WindowState, wm: Pick<Wm, "area">) {
  return window.zone ? zoneRect(window.zone, wm.area) : fit(window.rect, wm.area);
}

/** Windows of a virtual desktop, the lowest first. */
export function windowsIn(wm: Wm, space: string): WindowState[] {
  return wm.stack.flatMap(id => {
    const window = wm.windows[id];
    return window && window.space === space ? [window] : [];
  });
}

function topOf(wm: Wm, space: string): string | null {
  return windowsIn(wm, space).findLast(window => !window.minimised)?.id ?? null;
}

function change(wm: Wm, id: string, part: Partial<WindowState>): Wm {
  const window = wm.windows[id];
  return window ? { ...wm, windows: { ...wm.windows, [id]: { ...window, ...part } } } : wm;
}

function raise(wm: Wm, id: string): Wm {
  if (wm.stack.at(-1) === id) return wm;
  return { ...wm, stack: [...wm.stack.filter(other => other !== id), id] };
}

function focus(wm: Wm, id: string | null): Wm {
  if (id === null) return wm.focus === null ? wm : { ...wm, focus: null };
  const window = wm.windows[id];
  if (!window) return wm;
  const shown = window.minimised ? change(wm, id, { minimised: false }) : wm;
  const raised = raise(shown, id);
  if (raised.focus === id && raised.current === window.space) return raised;
  return { ...raised, focus: id, current: window.space };
}

/** The first stair on which no window of this desktop stands yet. */
function freePlace(wm: Wm, size: Size): Rect {
  const taken = windowsIn(wm, wm.current).map(window => window.rect);
  const stands = (rect: Rect) =>
    taken.some(each => Math.abs(each.x - rect.x) < STAIR / 2 && Math.abs(each.y - rect.y) < STAIR / 2);
  for (let index = 0; index < taken.length; index += 1) {
    const rect = cascadeRect(index, size, wm.area);
    if (!stands(rect)) return rect;
  }
  return cascadeRect(taken.length, size, wm.area);
}

function open(wm: Wm, action: Extract<Action, { type: "open" }>): Wm {
  const running = action.single ? wm.stack.findLast(id => wm.windows[id]?.app === action.app) : undefined;
  if (running) {
    const window = wm.windows[running];
    const launched =
      action.args === undefined || !window ? wm : change(wm, running, { args: action.args, launch: window.launch + 1 });
    return focus(launched, running);
  }
  if (wm.stack.length >= MAX_WINDOWS) return wm;
  const id = `w${wm.next}`;
  const window: WindowState = {
    id,
    app: action.app,
    args: action.args,
    launch: 0,
    title: "",
    rect: freePlace(wm, action.size),
    zone: null,
    minimised: false,
    space: wm.current,
  };
  return { ...wm, next: wm.next + 1, windows: { ...wm.windows, [id]: window }, stack: [...wm.stack, id], focus: id };
}

function close(wm: Wm, id: string): Wm {
  const { [id]: gone, ...windows } = wm.windows;
  if (!gone) return wm;
  const left = { ...wm, windows, stack: wm.stack.filter(other => other !== id) };
  return { ...left, focus: wm.focus === id ? topOf(left, left.current) : wm.focus };
}

function minimise(wm: Wm, id: string): Wm {
  const hidden = change(wm, id, { minimised: true });
  if (hidden === wm) return wm;
  return { ...hidden, focus: wm.focus === id ? topOf(hidden, hidden.current) : wm.focus };
}

/** Minimises all windows of the desktop; asked again, brings them back. */
function showDesktop(wm: Wm): Wm {
  const here = windowsIn(wm, wm.current);
  const anyShown = here.some(window => !window.minimised);
  const changed = here.reduce((state, window) => change(state, window.id, { minimised: anyShown }), wm);
  return { ...changed, focus: anyShown ? null : topOf(changed, changed.current) };
}

function arrange(wm: Wm, rects: (shown: WindowState[]) => WindowState["rect"][]): Wm {
  const shown = windowsIn(wm, wm.current).filter(window => !window.minimised);
  const places = rects(shown);
  return shown.reduce((state, window, index) => {
    const rect = places[index];
    return rect ? change(state, window.id, { rect, zone: null }) : state;
  }, wm);
}

function removeSpace(wm: Wm, space: string): Wm {
  const index = wm.spaces.indexOf(space);
  if (index < 0 || wm.spaces.length === 1) return wm;
  const spaces = wm.spaces.filter(other => other !== space);
  const neighbour = spaces[Math.max(0, index - 1)] ?? wm.current;
  const moved = windowsIn(wm, space).reduce((state, window) => change(state, window.id, { space: neighbour }), wm);
  const current = wm.current === space ? neighbour : wm.current;
  const next = { ...moved, spaces, current };
  return {
    ...next,
    focus: next.focus && next.windows[next.focus]?.space === current ? next.focus : topOf(next, current),
  };
}

function switchSpace(wm: Wm, space: string): Wm {
  if (!wm.spaces.includes(space) || wm.current === space) return wm;
  return { ...wm, current: space, focus: topOf(wm, space) };
}

function sendTo(wm: Wm, action: Extract<Action, { type: "sendTo" }>): Wm {
  if (!wm.spaces.includes(action.space) || !wm.windows[action.id]) return wm;
  const moved = change(wm, action.id, { space: action.space });
  if (action.follow) return focus({ ...moved, current: action.space }, action.id);
  return { ...moved, focus: wm.focus === action.id ? topOf(moved, wm.current) : wm.focus };
}

function load(wm: Wm, saved: SavedLayout): Wm {
  const scale = { x: wm.area.w / saved.area.w, y: wm.area.h / saved.area.h };
  const same = saved.area.w === wm.area.w && saved.area.h === wm.area.h;
  const windows: Record<string, WindowState> = {};
  let next = wm.next;
  const number = (id: string) => Number(/\d+$/.exec(id)?.[0] ?? 0);
  for (const window of saved.windows) {
    const rect = same
      ? window.rect
      : fit({ ...window.rect, x: window.rect.x * scale.x, y: window.rect.y * scale.y }, wm.area);
    windows[window.id] = { ...window, rect, launch: 0 };
    next = Math.max(next, number(window.id) + 1);
  }
  for (const space of saved.spaces) next = Math.max(next, number(space) + 1);
  return {
    area: wm.area,
    spaces: saved.spaces,
    current: saved.current,
    windows,
    stack: saved.windows.map(window => window.id),
    focus: saved.focus,
    next,
  };
}

/** One step of the window manager: pure, total, and closed over every sequence of actions. */
export function reduce(wm: Wm, action: Action): Wm {
  switch (action.type) {
    case "open":
      return open(wm, action);
    case "close":
      return close(wm, action.id);
    case "focus":
      return focus(wm, action.id);
    case "title":
      return wm.windows[action.id]?.title === action.title ? wm : change(wm, action.id, { title: action.title });
    case "place":
      return change(wm, action.id, { rect: fit(action.rect, wm.area), zone: null });
    case "move": {
      const window = wm.windows[action.id];
      if (!window) return wm;
      const at = boundsOf(window, wm);
      return change(wm, action.id, {
        rect: fit({ ...at, x: at.x + action.dx, y: at.y + action.dy }, wm.area),
        zone: null,
      });
    }
    case "resize": {
      const window = wm.windows[action.id];
      if (!window) return wm;
      return change(wm, action.id, {
        rect: fit(resize(boundsOf(window, wm), action.edge, action.dx, action.dy), wm.area),
        zone: null,
      });
    }
    case "snap":
      return change(wm, action.id, { zone: action.zone, minimised: false });
    case "towards": {
      const window = wm.windows[action.id];
      if (!window) return wm;
      const target = zoneTowards(window.zone, action.direction);
      if (target === "minimise") return minimise(wm, action.id);
      return change(wm, action.id, { zone: target === "free" ? null : target });
    }
    case "maximise":
      return change(wm, action.id, { zone: wm.windows[action.id]?.zone === "max" ? null : "max", minimised: false });
    case "minimise":
      return minimise(wm, action.id);
    case "restore":
      return focus(wm, action.id);
    case "showDesktop":
      return showDesktop(wm);
    case "tile":
      return arrange(wm, shown => tiles(shown.length, wm.area));
    case "cascade":
      return arrange(wm, shown =>
        shown.map((window, index) => cascadeRect(index, { w: window.rect.w, h: window.rect.h }, wm.area)),
      );
    case "addSpace": {
      if (wm.spaces.length >= MAX_SPACES) return wm;
      const space = `s${wm.next}`;
      return { ...wm, next: wm.next + 1, spaces: [...wm.spaces, space], current: space, focus: null };
    }
    case "removeSpace":
      return removeSpace(wm, action.space);
    case "switchSpace":
      return switchSpace(wm, action.space);
    case "sendTo":
      return sendTo(wm, action);
    case "area":
      return action.area.w === wm.area.w && action.area.h === wm.area.h ? wm : { ...wm, area: action.area };
    case "load":
      return load(wm, action.saved);
  }
}
