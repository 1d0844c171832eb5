import { cleanup } from "@testing-library/react";
import { afterEach, vi } from "vitest";

afterEach(cleanup);

// What a browser has and jsdom lacks.
if (typeof window !== "undefined") {
  vi.stubGlobal("CSS", {
    escape: (text: string) => text.replace(/[^\w-]/g, match => `\\${match}`),
    supports: () => false,
  });
  window.matchMedia ??= query =>
    Object.assign(new EventTarget(), {
      matches: false,
      media: query,
      onchange: null,
      addListener: () => undefined,
      removeListener: () => undefined,
    });
  globalThis.ResizeObserver ??= class {
    observe() {}
    unobserve() {}
    disconnect() {}
  };
}
