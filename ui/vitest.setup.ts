import { cleanup, configure } from "@testing-library/react";
import { afterEach, vi } from "vitest";

afterEach(cleanup);
// The machine may be busy; a test that waits for something says so by failing, not by being slow.
configure({ asyncUtilTimeout: 10_000 });

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
