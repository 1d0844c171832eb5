// @vitest-environment node
import { describe, expect, it } from "vitest";
import { keptHeaders, mayAsk, wantsProof, withoutPass } from "./resource";

const own = "http://webx.localhost:7700";
const asked = (path: string, more: Partial<{ method: string; headers: Headers; mode: RequestMode }> = {}) => ({
  url: new URL(path, own).href,
  method: "GET",
  headers: new Headers(),
  mode: "no-cors" as RequestMode,
  ...more,
});

describe("the service worker", () => {
  it("adds a proof to bytes of the drive", () => {
    for (const path of [
      "/api/drive/nodes/1/content",
      "/api/drive/nodes/1/content?version=2",
      "/api/drive/nodes/1/archive",
      "/api/drive/archive?ids=1,2",
    ])
      expect(wantsProof(asked(path), own), path).toBe(true);
  });

  it("adds a proof to nothing else", () => {
    for (const path of [
      "/",
      "/api/status",
      "/api/settings",
      "/api/drive/nodes/1",
      "/api/drive/nodes/1/content/x",
      "/x/api/drive/nodes/1/content",
      "http://evil.example/api/drive/nodes/1/content",
      "http://localhost:7700/api/drive/nodes/1/content",
    ])
      expect(wantsProof(asked(path), own), path).toBe(false);
    expect(wantsProof(asked("/api/drive/nodes/1/content", { method: "POST" }), own)).toBe(false);
    expect(
      wantsProof(asked("/api/drive/nodes/1/content", { headers: new Headers({ authorization: "DPoP x" }) }), own),
    ).toBe(false);
  });

  it("lets nobody navigate to bytes without the pass", () => {
    const path = "/api/drive/nodes/1/content";
    expect(mayAsk(asked(path), "secret")).toBe(true);
    expect(mayAsk(asked(path, { mode: "navigate" }), "secret")).toBe(false);
    expect(mayAsk(asked(`${path}?pass=guess`, { mode: "navigate" }), "secret")).toBe(false);
    expect(mayAsk(asked(`${path}?pass=secret`, { mode: "navigate" }), "secret")).toBe(true);
  });

  it("keeps the pass and foreign headers from the node", () => {
    expect(withoutPass(`${own}/a?version=2&pass=secret`).href).toBe(`${own}/a?version=2`);
    expect([...keptHeaders(new Headers({ range: "bytes=0-", "x-other": "1" })).keys()]).toEqual(["range"]);
  });
});
