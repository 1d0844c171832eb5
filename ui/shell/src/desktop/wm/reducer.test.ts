import { describe, expect, it } from "vitest";
import { type Edge, MIN_SIZE, REACH, tiles, ZONES, zoneAt, zoneRect } from "./geometry";
import { boundsOf, reduce, windowsIn } from "./reducer";
import { fromSaved, toSaved } from "./saved";
import { type Action, emptyWm, MAX_SPACES, MAX_WINDOWS, type Wm } from "./state";

/** A small seeded generator, so that a failure can be played again. */
function random(seed: number) {
  let state = seed >>> 0;
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
  const int = (low: number, high: number) => low + Math.floor(next() * (high - low + 1));
  const pick = <T>(list: readonly T[]): T => list[int(0, list.length - 1)] as T;
  return { next, int, pick };
}

const size = { w: 800, h: 500 };
const open = (app: string, single = false): Action => ({ type: "open", app, size, single });
const run = (wm: Wm, ...actions: Action[]) => actions.reduce(reduce, wm);
const edges: Edge[] = ["n", "s", "e", "w", "ne", "nw", "se", "sw"];

function anyAction(wm: Wm, r: ReturnType<typeof random>): Action {
  const id = r.next() < 0.05 ? "nobody" : wm.stack.length > 0 ? r.pick(wm.stack) : "nobody";
  const space = r.next() < 0.05 ? "nowhere" : r.pick(wm.spaces);
  const far = () => r.int(-3000, 3000);
  return r.pick<() => Action>([
    () => open(r.pick(["files", "settings", "activity"]), r.next() < 0.3),
    () => open(r.pick(["files", "settings", "activity"])),
    () => ({ type: "close", id }),
    () => ({ type: "focus", id: r.next() < 0.2 ? null : id }),
    () => ({ type: "title", id, title: `title ${r.int(0, 9)}` }),
    () => ({ type: "place", id, rect: { x: far(), y: far(), w: far(), h: far() } }),
    () => ({ type: "move", id, dx: far(), dy: far() }),
    () => ({ type: "resize", id, edge: r.pick(edges), dx: far(), dy: far() }),
    () => ({ type: "snap", id, zone: r.next() < 0.2 ? null : r.pick(ZONES) }),
    () => ({ type: "towards", id, direction: r.pick(["left", "right", "up", "down"] as const) }),
    () => ({ type: "maximise", id }),
    () => ({ type: "minimise", id }),
    () => ({ type: "restore", id }),
    () => ({ type: "showDesktop" }),
    () => ({ type: "tile" }),
    () => ({ type: "cascade" }),
    () => ({ type: "addSpace" }),
    () => ({ type: "removeSpace", space }),
    () => ({ type: "switchSpace", space }),
    () => ({ type: "sendTo", id, space, follow: r.next() < 0.5 }),
    () => ({ type: "area", area: { w: r.int(320, 3000), h: r.int(240, 2000) } }),
  ])();
}

function checkInvariants(wm: Wm) {
  expect(wm.spaces.length).toBeGreaterThan(0);
  expect(wm.spaces.length).toBeLessThanOrEqual(MAX_SPACES);
  expect(new Set(wm.spaces).size).toBe(wm.spaces.length);
  expect(wm.spaces).toContain(wm.current);
  expect([...wm.stack].sort()).toEqual(Object.keys(wm.windows).sort());
  expect(wm.stack.length).toBeLessThanOrEqual(MAX_WINDOWS);
  for (const window of Object.values(wm.windows)) {
    expect(wm.spaces).toContain(window.space);
    const at = boundsOf(window, wm);
    expect(at.y).toBeGreaterThanOrEqual(0);
    expect(at.y).toBeLessThan(wm.area.h);
    expect(at.x).toBeLessThanOrEqual(Math.max(0, wm.area.w - REACH));
    expect(at.x + at.w).toBeGreaterThanOrEqual(Math.min(REACH, wm.area.w / 2 - 1));
    if (!window.zone) {
      expect(at.w).toBeGreaterThanOrEqual(Math.min(MIN_SIZE.w, wm.area.w));
      expect(at.h).toBeGreaterThanOrEqual(Math.min(MIN_SIZE.h, wm.area.h));
    }
  }
  if (wm.focus !== null) {
    const focused = wm.windows[wm.focus];
    expect(focused).toBeDefined();
    expect(focused?.minimised).toBe(false);
    expect(focused?.space).toBe(wm.current);
  }
}

describe("the window manager", () => {
  it("keeps its rules under any sequence of actions", () => {
    for (let round = 0; round < 60; round += 1) {
      const seed = 1000 + round;
      const r = random(seed);
      let wm = emptyWm;
      const played: Action[] = [];
      try {
        for (let step = 0; step < 120; step += 1) {
          const action = anyAction(wm, r);
          played.push(action);
          wm = reduce(wm, action);
          checkInvariants(wm);
        }
      } catch (problem) {
        throw new Error(`seed ${seed}, after ${JSON.stringify(played.slice(-3))}`, { cause: problem });
      }
    }
  });

  it("comes back from a saved layout as it was", () => {
    for (let seed = 1; seed <= 40; seed += 1) {
      const r = random(seed);
      let wm = emptyWm;
      for (let step = 0; step < 60; step += 1) wm = reduce(wm, anyAction(wm, r));
      const text = JSON.parse(JSON.stringify(toSaved(wm)));
      const saved = fromSaved(text, () => true);
      expect(saved, `seed ${seed}`).not.toBeNull();
      if (!saved) continue;
      const back = reduce({ ...emptyWm, area: wm.area }, { type: "load", saved });
      checkInvariants(back);
      expect(toSaved(back), `seed ${seed}`).toEqual(toSaved(wm));
      checkInvariants(reduce(back, open("files")));
      expect(Object.keys(reduce(back, open("files")).windows).length).toBe(
        Math.min(MAX_WINDOWS, back.stack.length + 1),
      );
    }
  });

  it("reads no nonsense from a saved layout", () => {
    const wm = run(emptyWm, open("files"), open("settings"));
    const saved = toSaved(wm);
    expect(fromSaved(null, () => true)).toBeNull();
    expect(fromSaved({ ...saved, version: 2 }, () => true)).toBeNull();
    expect(fromSaved({ ...saved, spaces: [] }, () => true)).toBeNull();
    expect(fromSaved({ ...saved, area: { w: Number.NaN, h: 1 } }, () => true)).toBeNull();
    const odd = fromSaved({ ...saved, windows: [...saved.windows, ...saved.windows, { id: 3 }, null] }, () => true);
    expect(odd?.windows).toHaveLength(2);
    expect(fromSaved(saved, app => app === "files")?.windows.map(each => each.app)).toEqual(["files"]);
  });

  it("moves a layout to a smaller screen without losing a window", () => {
    const wide = run(emptyWm, open("files"), { type: "place", id: "w2", rect: { x: 900, y: 600, w: 800, h: 500 } });
    const saved = toSaved(wide);
    const small = reduce({ ...emptyWm, area: { w: 640, h: 400 } }, { type: "load", saved });
    checkInvariants(small);
    expect(small.stack).toEqual(["w2"]);
  });

  it("opens a new window on top, with the keyboard", () => {
    const wm = run(emptyWm, open("files"), open("settings"));
    expect(wm.stack.map(id => wm.windows[id]?.app)).toEqual(["files", "settings"]);
    expect(wm.focus).toBe(wm.stack[1]);
  });

  it("never opens a window exactly over another, also on a small screen", () => {
    for (const area of [
      { w: 1440, h: 788 },
      { w: 1024, h: 608 },
      { w: 700, h: 488 },
    ]) {
      const sizes = [
        { w: 980, h: 620 },
        { w: 900, h: 620 },
        { w: 760, h: 560 },
        { w: 980, h: 620 },
      ];
      const wm = sizes.reduce((state, each) => reduce(state, { type: "open", app: "a", size: each }), {
        ...emptyWm,
        area,
      } as Wm);
      const corners = Object.values(wm.windows).map(each => ({ x: each.rect.x, y: each.rect.y }));
      for (const [index, corner] of corners.entries()) {
        for (const other of corners.slice(index + 1)) {
          expect(Math.max(Math.abs(corner.x - other.x), Math.abs(corner.y - other.y))).toBeGreaterThanOrEqual(16);
        }
      }
    }
  });

  it("asks a running single-window app again instead of opening it twice", () => {
    const wm = run(emptyWm, open("settings", true), open("files"), {
      type: "open",
      app: "settings",
      size,
      single: true,
      args: { page: "about" },
    });
    expect(wm.stack).toHaveLength(2);
    expect(wm.windows[wm.focus ?? ""]).toMatchObject({ app: "settings", launch: 1, args: { page: "about" } });
  });

  it("gives the keyboard to the window below when one is closed or minimised", () => {
    const wm = run(emptyWm, open("a"), open("b"), open("c"));
    const [a, b, c] = wm.stack as [string, string, string];
    expect(reduce(wm, { type: "close", id: c }).focus).toBe(b);
    expect(run(wm, { type: "minimise", id: c }, { type: "minimise", id: b }).focus).toBe(a);
    expect(reduce(wm, { type: "close", id: a }).focus).toBe(c);
  });

  it("returns a maximised window to where it was", () => {
    const wm = run(emptyWm, open("a"), { type: "place", id: "w2", rect: { x: 40, y: 50, w: 500, h: 400 } });
    const big = reduce(wm, { type: "maximise", id: "w2" });
    expect(boundsOf(big.windows.w2 as never, big)).toEqual({ x: 0, y: 0, ...big.area });
    const back = reduce(big, { type: "maximise", id: "w2" });
    expect(boundsOf(back.windows.w2 as never, back)).toEqual({ x: 40, y: 50, w: 500, h: 400 });
  });

  it("keeps the opposite edge still while an edge is dragged, even past the least size", () => {
    const wm = run(emptyWm, open("a"), { type: "place", id: "w2", rect: { x: 300, y: 200, w: 400, h: 300 } });
    const west = reduce(wm, { type: "resize", id: "w2", edge: "w", dx: 900, dy: 0 }).windows.w2?.rect;
    expect(west && west.x + west.w).toBe(700);
    expect(west?.w).toBe(MIN_SIZE.w);
    const north = reduce(wm, { type: "resize", id: "w2", edge: "n", dx: 0, dy: -9000 }).windows.w2?.rect;
    expect(north && north.y + north.h).toBe(500);
    expect(north?.y).toBe(0);
  });

  it("walks a window through halves and quarters by the arrow keys", () => {
    const wm = run(emptyWm, open("a"));
    const walk = (...way: Array<"left" | "right" | "up" | "down">) =>
      way.reduce((state, direction) => reduce(state, { type: "towards", id: "w2", direction }), wm).windows.w2;
    expect(walk("left")?.zone).toBe("left");
    expect(walk("left", "up")?.zone).toBe("top-left");
    expect(walk("left", "up", "right")?.zone).toBe("top-right");
    expect(walk("left", "right")?.zone).toBeNull();
    expect(walk("up")?.zone).toBe("max");
    expect(walk("up", "down")?.zone).toBeNull();
    expect(walk("down")?.minimised).toBe(true);
  });

  it("moves the windows of a removed desktop to its neighbour", () => {
    const wm = run(emptyWm, open("a"), { type: "addSpace" }, open("b"), open("c"));
    const second = wm.current;
    const left = reduce(wm, { type: "removeSpace", space: second });
    expect(left.spaces).toEqual(["s1"]);
    expect(windowsIn(left, "s1").map(each => each.app)).toEqual(["a", "b", "c"]);
    expect(reduce(left, { type: "removeSpace", space: "s1" })).toBe(left);
  });

  it("sends a window to another desktop, with or without the person", () => {
    const wm = run(emptyWm, { type: "addSpace" }, { type: "switchSpace", space: "s1" }, open("a"), open("b"));
    const [a, b] = wm.stack as [string, string];
    const other = wm.spaces[1] as string;
    expect(reduce(wm, { type: "sendTo", id: b, space: other, follow: false })).toMatchObject({
      current: "s1",
      focus: a,
    });
    expect(reduce(wm, { type: "sendTo", id: b, space: other, follow: true })).toMatchObject({
      current: other,
      focus: b,
    });
  });

  it("shows the desktop and brings the windows back", () => {
    const wm = run(emptyWm, open("a"), open("b"));
    const bare = reduce(wm, { type: "showDesktop" });
    expect(bare.focus).toBeNull();
    expect(Object.values(bare.windows).every(each => each.minimised)).toBe(true);
    expect(reduce(bare, { type: "showDesktop" }).focus).toBe(wm.focus);
  });
});

describe("tiling", () => {
  it("fills the area without gap or overlap for any number of windows", () => {
    for (const area of [
      { w: 1440, h: 800 },
      { w: 801, h: 1203 },
      { w: 640, h: 333 },
    ]) {
      for (let count = 1; count <= 20; count += 1) {
        const rects = tiles(count, area);
        expect(rects).toHaveLength(count);
        expect(rects.reduce((sum, each) => sum + each.w * each.h, 0)).toBe(area.w * area.h);
      }
    }
  });

  it("splits the area into halves and quarters exactly", () => {
    const area = { w: 1281, h: 719 };
    const sum = (...zones: Array<(typeof ZONES)[number]>) =>
      zones.reduce((total, zone) => total + zoneRect(zone, area).w * zoneRect(zone, area).h, 0);
    const all = area.w * area.h;
    expect(sum("left", "right")).toBe(all);
    expect(sum("top", "bottom")).toBe(all);
    expect(sum("top-left", "top-right", "bottom-left", "bottom-right")).toBe(all);
  });

  it("offers a zone only near an edge", () => {
    const area = { w: 1200, h: 800 };
    expect(zoneAt(600, 400, area)).toBeNull();
    expect(zoneAt(2, 400, area)).toBe("left");
    expect(zoneAt(1199, 10, area)).toBe("top-right");
    expect(zoneAt(3, 790, area)).toBe("bottom-left");
    expect(zoneAt(600, 0, area)).toBe("max");
  });
});
