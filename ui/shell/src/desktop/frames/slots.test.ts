import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import * as session from "../../../demo/session";
import { loadApps } from "../apps";
import { emptyWm } from "../wm/state";
import { dispatch, useWm } from "../wm/store";
import { awaitFrame } from "./host";
import { dropSlot, openSlots, replaceSlot, useSlots } from "./slots";

vi.mock("../../session", () => import("../../../demo/session"));

const slots = () => useSlots.getState().slots;
const of = (window: string) => slots().find(slot => slot.window === window)?.id;
const open = (app: string) => {
  dispatch({ type: "open", app, size: { w: 300, h: 200 } });
  return useWm.getState().focus ?? "";
};
let stop = () => {};

beforeEach(async () => {
  vi.useFakeTimers();
  useWm.setState(emptyWm, true);
  session.removeApps();
  const entry = { builtin: { module: "app.js" } };
  const facts = { id: "files", name: "Files", version: "1.0.0", category: "system", description: "", entry };
  session.addApp(session.installed({ ...facts, permissions: { required: [], optional: [] } }));
  await loadApps();
});
afterEach(() => {
  stop();
  vi.useRealTimers();
});

describe("frames that wait", () => {
  it("are made only when the first picture stands", () => {
    open("files");
    expect(slots()).toEqual([]);
    stop = openSlots();
    expect(slots().map(slot => slot.window)).toEqual([useWm.getState().focus]);
    vi.advanceTimersByTime(2_000);
    expect(slots().map(slot => slot.window)).toEqual([useWm.getState().focus, null]);
  });

  it("belong to one window from then on, in their place, and are made anew behind it", () => {
    stop = openSlots();
    vi.advanceTimersByTime(10);
    const [spare] = slots();
    const first = open("files");
    expect(of(first)).toBe(spare?.id);
    vi.advanceTimersByTime(2_000);
    const second = open("files");
    const before = slots().map(slot => slot.id);
    dispatch({ type: "focus", id: first });
    dispatch({ type: "snap", id: second, zone: "left" });
    dispatch({ type: "minimise", id: first });
    expect(slots().map(slot => slot.id)).toEqual(before);
    expect(of(first)).toBe(spare?.id);
  });

  it("go with their window and are never used again", () => {
    stop = openSlots();
    vi.advanceTimersByTime(10);
    const window = open("files");
    const used = of(window);
    dispatch({ type: "close", id: window });
    vi.advanceTimersByTime(2_000);
    expect(slots()).toHaveLength(1);
    expect(of(open("files"))).not.toBe(used);
  });

  it("are replaced when an app is started again or left its page", () => {
    stop = openSlots();
    vi.advanceTimersByTime(10);
    const window = open("files");
    const used = of(window);
    replaceSlot(window);
    expect(of(window)).toBeDefined();
    expect(of(window)).not.toBe(used);
    vi.advanceTimersByTime(2_000);
    const spare = slots().find(slot => slot.window === null)?.id ?? "";
    dropSlot(spare);
    expect(slots().some(slot => slot.id === spare)).toBe(false);
  });
});

describe("the handshake", () => {
  it("gives a port to the frame that is waited for, and to nobody else", () => {
    const frame = document.createElement("iframe");
    const other = document.createElement("iframe");
    document.body.append(frame, other);
    const posted = vi.fn();
    const window = frame.contentWindow;
    if (!window) throw new Error("no window");
    window.postMessage = posted;
    const connected = vi.fn();
    stop = awaitFrame(frame, "null", connected);
    const say = (source: Window | null, origin: string, data: unknown) =>
      dispatchEvent(new MessageEvent("message", { source, origin, data }));
    say(other.contentWindow, "null", { webx: "ready" });
    say(window, "http://evil.example", { webx: "ready" });
    say(window, "null", { webx: "hello" });
    expect(connected).not.toHaveBeenCalled();
    say(window, "null", { webx: "ready" });
    expect(connected).toHaveBeenCalledOnce();
    expect(posted.mock.calls[0]?.[0]).toMatchObject({ webx: "port" });
    expect(posted.mock.calls[0]?.[2]).toHaveLength(1);
    stop();
    say(window, "null", { webx: "ready" });
    expect(connected).toHaveBeenCalledOnce();
    frame.remove();
    other.remove();
  });
});
