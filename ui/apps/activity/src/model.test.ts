// @vitest-environment node
import type { ActivityItem } from "@webx/sdk";
import { describe, expect, it } from "vitest";
import { areaOf, byDay, filtered, merged, NO_FILTER } from "./model";

const item = (id: number, more: Partial<ActivityItem> = {}): ActivityItem => ({
  id,
  at: new Date(2026, 10, 22, 10, id).toISOString(),
  kind: "drive.created",
  level: "info",
  subject: `file ${id}.txt`,
  detail: {},
  ...more,
});
const ids = (items: readonly ActivityItem[]) => items.map(each => each.id);
const label = (kind: string) => (kind === "drive.created" ? "Created" : kind);

describe("the activity of a node", () => {
  it("is sorted into areas by the first part of its kind", () => {
    expect(["drive.created", "vault.locked", "moon.risen", "drive", ""].map(areaOf)).toEqual([
      "drive",
      "vault",
      "other",
      "drive",
      "other",
    ]);
  });

  it("is found by every word of a search, in subject, name and detail", () => {
    const items = [
      item(3, { detail: { parent: "Holiday" } }),
      item(2),
      item(1, { kind: "vault.locked", level: "warning" }),
    ];
    const search = (text: string) => ids(filtered(items, { ...NO_FILTER, search: text }, label));
    expect(search("CREATED")).toEqual([3, 2]);
    expect(search("created holiday")).toEqual([3]);
    expect(search("nothing")).toEqual([]);
    expect(ids(filtered(items, { ...NO_FILTER, troubleOnly: true }, label))).toEqual([1]);
    expect(ids(filtered(items, { ...NO_FILTER, area: "drive" }, label))).toEqual([3, 2]);
  });

  it("is grouped by day", () => {
    const items = [item(4), item(3), item(2, { at: new Date(2026, 10, 21, 23, 59).toISOString() })];
    expect(byDay(items).map(day => ids(day.items))).toEqual([[4, 3], [2]]);
  });

  it("shows an entry once, whether it came by a page or live", () => {
    expect(ids(merged([item(5), item(4)], [item(6), item(5), item(3)]))).toEqual([6, 5, 4, 3]);
  });
});
