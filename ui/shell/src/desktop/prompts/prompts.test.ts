import { describe, expect, it } from "vitest";
import { accepts } from "./accept";
import { isolation } from "./isolation";

describe("the file picker", () => {
  it("offers the kinds an app wants, by media type or by ending", () => {
    expect(accepts({ name: "a.png", mime: "image/png" }, ["image/*"])).toBe(true);
    expect(accepts({ name: "a.PNG" }, ["image/*"])).toBe(true);
    expect(accepts({ name: "a.md" }, [".md"])).toBe(true);
    expect(accepts({ name: "a.md" }, ["text/plain"])).toBe(false);
    expect(accepts({ name: "a.bin" }, ["image/*"])).toBe(false);
    expect(accepts({ name: "a.bin" }, [])).toBe(true);
    expect(accepts({ name: "a.bin" }, undefined)).toBe(true);
  });
});

describe("network isolation", () => {
  it("is called full only where the browser enforces it", () => {
    const firefox = "Mozilla/5.0 (X11; Linux x86_64; rv:153.0) Gecko/20100101 Firefox/153.0";
    const safari = "Mozilla/5.0 (Macintosh) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.0 Safari/605.1.15";
    expect(isolation(firefox, undefined)).toBe("reduced");
    expect(isolation(safari, undefined)).toBe("reduced");
    expect(isolation("", [{ brand: "Chromium", version: "155" }])).toBe("reduced");
    expect(isolation("", [{ brand: "Chromium", version: "156" }])).toBe("full");
    expect(isolation("Mozilla/5.0 Chrome/157.0.0.0 Safari/537.36", undefined)).toBe("full");
  });
});
