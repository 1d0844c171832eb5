// @vitest-environment node
import type { App, PermissionState } from "@webx/sdk";
import { describe, expect, it } from "vitest";
import { heldBy } from "./held";

const state = (permission: object, granted = true): PermissionState =>
  ({ key: "k", permission: { reason: "why", ...permission }, required: false, granted }) as PermissionState;
const app = (permissions: PermissionState[], more: Partial<App> = {}): App =>
  ({ permissions, system: false, backend: null, ...more }) as App;

describe("what an app holds", () => {
  it("is what was granted", () => {
    const held = heldBy(app([state({ kind: "storage", access: "own" }), state({ kind: "notify" }, false)]));
    expect([...held]).toEqual(["storage:own"]);
  });
  it("is each claim by itself", () => {
    expect([...heldBy(app([state({ kind: "identity", claims: ["name"] })]))]).toEqual(["identity:name"]);
  });
  it("is never a part of the system for an app that did not come with the program", () => {
    const wants = state({ kind: "system", areas: ["drive", "apps"] });
    expect([...heldBy(app([wants]))]).toEqual([]);
    expect([...heldBy(app([wants], { system: true }))]).toEqual(["system:drive", "system:apps"]);
  });
  it("is a backend for whoever has one", () => {
    expect(heldBy(app([], { backend: { kind: "wasm", state: "idle" } })).has("backend")).toBe(true);
  });
});
