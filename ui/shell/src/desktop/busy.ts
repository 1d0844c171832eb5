/** Windows whose apps say that something is lost when they close: the person is asked first. */
import { appOf } from "./apps";
import { askClose } from "./prompts/ask";
import { dispatch, useWm } from "./wm/store";

const LONGEST_REASON = 200;
const reasons = new Map<string, string>();

useWm.subscribe(({ windows }) => {
  for (const id of reasons.keys()) if (!windows[id]) reasons.delete(id);
});

// The same for the whole page; the browser asks in its own words.
globalThis.addEventListener("beforeunload", event => {
  if (reasons.size > 0) event.preventDefault();
});

/** Says why a window should not close unasked; `null`: it may again. */
export function setBusy(window: string, reason: string | null): void {
  const text = reason?.trim().slice(0, LONGEST_REASON) ?? "";
  if (text === "") reasons.delete(window);
  else if (useWm.getState().windows[window]) reasons.set(window, text);
}

/** Closes a window as the person asked for, after one question where something would be lost. */
export async function closeWindow(id: string): Promise<void> {
  const reason = reasons.get(id);
  const app = appOf(useWm.getState().windows[id]?.app ?? "")?.info;
  // Two windows of an app that close at once: the person is asked about one of them, the other one stays.
  const close = reason === undefined || !app || (await askClose(app, reason).catch(() => false));
  if (close) dispatch({ type: "close", id });
}
