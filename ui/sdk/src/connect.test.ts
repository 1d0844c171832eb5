import { afterEach, expect, it, vi } from "vitest";
import { connect, desktopOrigins, receivePort } from "./connect";
import type { Problem } from "./problem";

const real = window.parent;
afterEach(() => Object.defineProperty(window, "parent", { value: real, configurable: true }));

const DESKTOP = "http://webx.localhost:7700";

/** A window around this one that heard what was said to it. */
function around() {
  const heard: unknown[] = [];
  const parent = { postMessage: (message: unknown) => heard.push(message) };
  Object.defineProperty(window, "parent", { value: parent, configurable: true });
  const say = (data: unknown, origin: string, source: unknown, ports: MessagePort[] = []) =>
    window.dispatchEvent(
      Object.assign(new MessageEvent("message", { data, origin }), {}) &&
        Object.defineProperties(new MessageEvent("message", { data, origin }), {
          source: { value: source },
          ports: { value: ports },
        }),
    );
  return { parent, heard, say };
}

it("knows where the desktop of a page can be", () => {
  expect(desktopOrigins("http://abc.webx.localhost:7700/index.html")).toEqual([
    DESKTOP,
    "http://localhost:7700",
    "http://127.0.0.1:7700",
  ]);
  expect(desktopOrigins("https://abc.apps.example.org/")).toEqual([
    "https://abc.apps.example.org",
    "https://apps.example.org",
  ]);
});

it("takes the port only from the window around, at the desktop's origin", async () => {
  const { parent, heard, say } = around();
  const { port1, port2 } = new MessageChannel();
  const received = receivePort({ desktop: [DESKTOP] });
  expect(heard).toEqual([{ webx: "ready" }]);
  const stranger = new MessageChannel().port1;
  say({ webx: "port" }, "http://evil.example", parent, [stranger]);
  say({ webx: "port" }, DESKTOP, {}, [stranger]);
  say({ webx: "port" }, DESKTOP, parent, []);
  say({ webx: "other" }, DESKTOP, parent, [stranger]);
  say({ webx: "port" }, DESKTOP, parent, [port2]);
  expect(await received).toBe(port2);
  port1.close();
});

it("connects: the OS, and what the window was opened with", async () => {
  const { parent, say } = around();
  const { port1, port2 } = new MessageChannel();
  const heard: unknown[] = [];
  port1.onmessage = ({ data }) => {
    heard.push(data);
    if ("id" in data) port1.postMessage({ id: data.id, ok: "Ada" });
  };
  const connecting = connect({ desktop: [DESKTOP] });
  say({ webx: "port", keys: [{ code: "Space", alt: true }] }, DESKTOP, parent, [port2]);
  const boot = { app: "h.a", install: "1", version: "1.0.0", name: "A", locale: "en", dir: "ltr", args: { a: 1 } };
  port1.postMessage({ boot: { ...boot, theme: { name: "light", reduceMotion: false } } });
  const { os, boot: got, transport } = await connecting;
  expect(got.args).toEqual({ a: 1 });
  expect(await os.identity.name()).toBe("Ada");
  await vi.waitFor(() => expect(heard).toContainEqual({ hint: "booted" }));
  const taken = new KeyboardEvent("keydown", { code: "Space", altKey: true, cancelable: true });
  window.dispatchEvent(taken);
  expect(taken.defaultPrevented).toBe(true);
  const own = new KeyboardEvent("keydown", { code: "KeyA", key: "a", cancelable: true });
  window.dispatchEvent(own);
  expect(own.defaultPrevented).toBe(false);
  await vi.waitFor(() => expect(heard).toContainEqual(expect.objectContaining({ hint: "key", code: "Space" })));
  expect(heard).not.toContainEqual(expect.objectContaining({ code: "KeyA" }));
  transport.close();
  port1.close();
});

it("says so outside of the desktop, and when the desktop is silent", async () => {
  Object.defineProperty(window, "parent", { value: window, configurable: true });
  expect(await connect().catch((one: Problem) => one.code)).toBe("no-desktop");
  around();
  expect(await connect({ timeout: 5 }).catch((one: Problem) => one.code)).toBe("timeout");
});
