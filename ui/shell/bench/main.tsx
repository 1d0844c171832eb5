/**
 * The page of `tests/bench/frames.mjs`: opens the same app in a window of the desktop, once as a component of this page
 * and once in a frame of the real pool, over the real broker. Both stand on the same vendors, and both are over when the
 * app has drawn itself.
 */
import { LocaleProvider } from "@webx/ui";
import { Suspense } from "react";
import { createRoot } from "react-dom/client";
import { appOf, followApps, WORK } from "../src/desktop/apps";
import { openSlots } from "../src/desktop/frames/slots";
import { WindowLayer } from "../src/desktop/WindowLayer";
import { dispatch, useWm } from "../src/desktop/wm/store";
import "../src/desktop/Desktop.css";

const root = document.getElementById("root");
if (root)
  createRoot(root).render(
    <LocaleProvider locale="en" root={document.documentElement}>
      <Suspense>
        <WindowLayer />
      </Suspense>
    </LocaleProvider>,
  );
followApps();
openSlots();

const frames = (condition: string) =>
  document.querySelectorAll<HTMLElement>(`iframe.app-frame[data-condition=${condition}]`).length;
const here = () => Number(document.body.dataset.here ?? 0);

function until(holds: () => boolean): Promise<void> {
  return new Promise(done => {
    if (holds()) return done();
    const observer = new MutationObserver(() => {
      if (!holds()) return;
      observer.disconnect();
      done();
    });
    observer.observe(document.body, { subtree: true, childList: true, attributes: true });
  });
}

async function open(id: string, app: string, count: () => number): Promise<number> {
  // As for a person: the frame that comes next is booted, whichever way is measured.
  await until(() => frames("ready") > 0 && appOf(id) !== undefined);
  const size = appOf(id)?.size ?? { w: 900, h: 620 };
  const before = count();
  const began = performance.now();
  dispatch({ type: "open", app, args: { id }, size });
  await until(() => count() > before);
  return performance.now() - began;
}

/** Each resolves with the milliseconds until the app was drawn. */
const openHere = (id: string) => open(id, WORK, here);
const openInFrame = (id: string) => open(id, id, () => frames("running"));

/** Closes everything, and waits until a frame is booted again. */
async function closeAll(): Promise<void> {
  for (const id of Object.keys(useWm.getState().windows)) dispatch({ type: "close", id });
  await until(() => frames("running") === 0 && frames("ready") > 0);
}

Object.assign(globalThis, { bench: { openHere, openInFrame, closeAll } });
