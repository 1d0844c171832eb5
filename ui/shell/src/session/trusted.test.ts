import { describe, expect, it, vi } from "vitest";
import { trusted } from "./trusted";

describe("addresses that count as code", () => {
  vi.stubGlobal("location", { origin: "http://webx.localhost:7700" });

  it("are the worker's script and the objects of the node", () => {
    for (const url of ["/sw.js", "/_object/aZ09_-", "http://webx.localhost:7700/_object/abc"])
      expect(trusted(url)).toBe(url);
  });

  it("are nothing else", () => {
    for (const url of [
      "",
      "/",
      "/sw.js?x",
      "/sw.js#x",
      "/_object/",
      "/_object/../app.js",
      "/_object/a/b",
      "/_object/a?b",
      "//evil.example/_object/abc",
      "https://webx.localhost:7700/_object/abc",
      "javascript:alert(1)",
      "data:text/html,x",
      "blob:http://webx.localhost:7700/_object/abc",
    ])
      expect(() => trusted(url), url).toThrow(TypeError);
  });
});
