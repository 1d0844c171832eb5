// @vitest-environment node
import type { Node } from "@webx/sdk";
import { createMemoryOs } from "@webx/sdk/testing";
import { describe, expect, it, vi } from "vitest";
import { cellBox, contentHeight, gridGeometry, listGeometry, moved, touched, visibleRange } from "./geometry";
import { Listing, PAGE } from "./listing";
import { mediaOf, nameFault, splitName } from "./names";
import { canGoBack, canGoForward, type Place, step, trailAt, visit } from "./place";
import * as selecting from "./selection";

const byName = { key: "name", descending: false } as const;
const compare = new Intl.Collator("en", { numeric: true }).compare;

function node(id: string, over: Partial<Node> = {}): Node {
  const at = "2026-01-01T00:00:00Z";
  return {
    id,
    parent: "root",
    name: id,
    kind: "file",
    size: 1,
    modified: at,
    created: at,
    version: 1,
    versionId: 1,
    ...over,
  };
}

describe("geometry", () => {
  const list = listGeometry(800, 36);
  const grid = gridGeometry(524, 124, 140, 12);

  it("shows only the rows in sight and a few more", () => {
    expect(visibleRange(list, 100_000, 36_000, 360, 5)).toEqual([995, 1015]);
    expect(visibleRange(list, 3, 0, 360, 5)).toEqual([0, 3]);
    expect(contentHeight(list, 100_000)).toBe(3_600_000);
  });

  it("finds the tiles a rubber band touches", () => {
    expect(grid.columns).toBe(4);
    expect(touched(grid, 10, { left: 20, top: 20, right: 150, bottom: 160 })).toEqual([0, 1, 4, 5]);
    expect(touched(grid, 6, { left: 0, top: 0, right: 9999, bottom: 9999 })).toHaveLength(6);
    expect(cellBox(grid, 5).left).toBe(137);
  });

  it("moves by keys, mirrored from right to left", () => {
    expect(moved("ArrowDown", 0, list, 10, 360, false)).toBe(1);
    expect(moved("ArrowDown", 9, list, 10, 360, false)).toBe(9);
    expect(moved("ArrowRight", 0, grid, 10, 360, false)).toBe(1);
    expect(moved("ArrowRight", 1, grid, 10, 360, true)).toBe(0);
    expect(moved("ArrowRight", 0, list, 10, 360, false)).toBeUndefined();
    expect(moved("End", 0, list, 100_000, 360, false)).toBe(99_999);
    expect(moved("PageDown", 0, list, 100, 360, false)).toBe(9);
    expect(moved("Home", 0, list, 0, 360, false)).toBeUndefined();
  });
});

describe("selection", () => {
  it("selects everything without having it loaded", () => {
    const all = selecting.everything();
    expect(selecting.count(all, 100_000)).toBe(100_000);
    const less = selecting.toggle(all, node("a"));
    expect(selecting.count(less, 100_000)).toBe(99_999);
    expect(selecting.has(less, "a")).toBe(false);
    expect(selecting.has(less, "b")).toBe(true);
  });

  it("forgets what is gone and follows what changed", () => {
    const some = selecting.only([node("a"), node("b")]);
    const after = selecting.refresh(some, id => (id === "a" ? null : node("b", { name: "new" })));
    expect([...after.nodes.values()].map(one => one.name)).toEqual(["new"]);
    expect(selecting.refresh(some, () => undefined)).toBe(some);
  });
});

describe("trail", () => {
  it("goes back and forward and forgets what lay ahead", () => {
    const folder = (id: string): Place => ({ kind: "folder", id });
    let trail = visit(visit({ places: [folder("a")], index: 0 }, folder("b")), folder("c"));
    trail = step(trail, -1);
    expect(trailAt(trail)).toEqual(folder("b"));
    expect([canGoBack(trail), canGoForward(trail)]).toEqual([true, true]);
    trail = visit(trail, folder("d"));
    expect(canGoForward(trail)).toBe(false);
    expect(visit(trail, folder("d"))).toBe(trail);
  });

  it("keeps one place for a search that is typed letter by letter", () => {
    const start = { places: [{ kind: "trash" } as const], index: 0 };
    const trail = visit(visit(start, { kind: "search", query: "a" }), { kind: "search", query: "ab" });
    expect(trail.places).toHaveLength(2);
  });
});

describe("names", () => {
  it("says what is wrong with a name before the node does", () => {
    expect(nameFault("a.txt")).toBeUndefined();
    expect(nameFault(" ")).toBe("empty");
    expect(nameFault("..")).toBe("reserved");
    expect(nameFault("a/b")).toBe("slash");
    expect(nameFault("a\u202eb")).toBe("control");
    expect(nameFault("ä".repeat(128))).toBe("long");
  });

  it("knows what a file is by its ending, and by its type without one", () => {
    expect(splitName(".profile")).toEqual([".profile", ""]);
    expect(mediaOf("a.MD")).toBe("markdown");
    expect(mediaOf("LICENSE")).toBe("text");
    expect(mediaOf("x", "video/webm")).toBe("video");
    expect(mediaOf("x.bin", "application/octet-stream")).toBe("other");
  });
});

describe("listing of 100,000 entries", () => {
  const big = () => {
    const memory = createMemoryOs();
    memory.tree.fill("root", 100_000, index => `file-${index}`);
    return { ...memory, listing: new Listing(memory.os, { kind: "folder", id: "root" }, byName, compare) };
  };

  it("asks only for the pages somebody looks at", async () => {
    const { listing, trace } = big();
    listing.want(0, 30);
    await vi.waitFor(() => expect(listing.total).toBe(100_000));
    listing.want(99_000, 99_040);
    await vi.waitFor(() => expect(listing.at(99_000)?.name).toBe("file-99000"));
    expect(listing.at(50_000)).toBeUndefined();
    expect(trace.calls.filter(call => call.method === "files.list")).toHaveLength(2);
  });

  it("drops requests nobody waits for", async () => {
    const { listing, hold } = big();
    listing.want(0, 30);
    await vi.waitFor(() => expect(listing.total).toBe(100_000));
    const release = hold("files.list");
    for (let index = 1; index < 50; index += 1) listing.want(index * 2000, index * 2000 + 30);
    release();
    await vi.waitFor(() => expect(listing.at(98_000)).toBeDefined());
    expect(listing.at(2000)).toBeUndefined();
  });

  it("jumps to a name in a few requests", async () => {
    const { listing, trace } = big();
    listing.want(0, 30);
    await vi.waitFor(() => expect(listing.total).toBe(100_000));
    expect(await listing.typeAhead("file-77777", 0)).toBe(77_777);
    expect(await listing.typeAhead("nothing", 0)).toBeUndefined();
    expect(trace.calls.length).toBeLessThan(60);
  });

  it("shows what it has while it asks again", async () => {
    const { listing, tree } = big();
    listing.want(0, 30);
    await vi.waitFor(() => expect(listing.total).toBe(100_000));
    tree.rename(listing.at(0)?.id ?? "", "file-00000 first");
    listing.refresh();
    expect(listing.at(0)?.name).toBe("file-0");
    await vi.waitFor(() => expect(listing.at(0)?.name).toBe("file-00000 first"));
    expect(PAGE).toBeLessThanOrEqual(1000);
  });
});
