import { expect, it, vi } from "vitest";
import { closeWindow, setBusy } from "./busy";
import { useQuestions } from "./prompts/ask";
import { dispatch, useWm } from "./wm/store";

vi.mock("./apps", () => ({
  appOf: () => ({ info: { install: "i-files", name: "Files" } }),
  loadApps: () => {},
}));
vi.mock("../session", () => ({ calls: {} }));

function open(): string {
  dispatch({ type: "area", area: { w: 1000, h: 800 } });
  dispatch({ type: "open", app: "files", args: undefined, size: { w: 400, h: 300 }, single: false });
  return useWm.getState().focus ?? "";
}
const isOpen = (id: string) => useWm.getState().windows[id] !== undefined;
const question = () => useQuestions.getState().waiting[0];

it("closes at once what has nothing to lose", async () => {
  const id = open();
  setBusy(id, "3 uploads are running");
  setBusy(id, null);
  await closeWindow(id);
  expect(isOpen(id)).toBe(false);
});

it("asks with the app's own reason, cut to a sensible length, and keeps the window when told to", async () => {
  const id = open();
  setBusy(id, "u".repeat(5000));
  const closing = closeWindow(id);
  const asked = question();
  expect(asked).toMatchObject({ kind: "close", reason: "u".repeat(200) });
  if (asked?.kind === "close") asked.answer(false);
  await closing;
  expect(isOpen(id)).toBe(true);
  const again = closeWindow(id);
  const second = question();
  if (second?.kind === "close") second.answer(true);
  await again;
  expect(isOpen(id)).toBe(false);
});

it("lets the browser ask before the page goes, as long as something runs", async () => {
  const leave = () => {
    const event = new Event("beforeunload", { cancelable: true });
    globalThis.dispatchEvent(event);
    return event.defaultPrevented;
  };
  const id = open();
  expect(leave()).toBe(false);
  setBusy(id, "1 upload is running");
  expect(leave()).toBe(true);
  dispatch({ type: "close", id });
  expect(leave()).toBe(false);
});
