import { desktop } from "../session";
import { appOf, loadApps, useApps } from "./apps";
import { isPhone } from "./phone";
import { fromSaved, toSaved } from "./wm/saved";
import { dispatch, useWm } from "./wm/store";

const PAUSE_MS = 800;
const LIMIT = 60_000;

/** Files handed over by a drop cannot be kept; everything else an app was opened with can. */
function keepable(args: unknown): unknown {
  if (typeof args !== "object" || args === null || !("upload" in args)) return args;
  const { upload: _, ...rest } = args;
  return rest;
}

function picture(): string {
  const saved = toSaved(useWm.getState());
  const text = JSON.stringify({
    ...saved,
    windows: saved.windows.map(each => ({ ...each, args: keepable(each.args) })),
  });
  if (text.length <= LIMIT) return text;
  return JSON.stringify({ ...saved, windows: saved.windows.map(each => ({ ...each, args: undefined })) });
}

let flushing: (() => Promise<void>) | undefined;

/** Writes what is not written yet. */
export async function flushLayout(): Promise<void> {
  await flushing?.();
}

/**
 * Brings back the windows as they were and keeps them from then on. Only what the person does here is written, after a
 * short pause; what another browser writes is not followed live, so two open desktops never fight: the last one used
 * is the one a reload shows. Returns whether there was a layout, and the way to stop.
 */
export async function keepLayout(): Promise<{ found: boolean; stop: () => void }> {
  let found = false;
  try {
    const [kept] = await Promise.all([desktop.load(), loadApps()]);
    // While it is not known what is installed, nobody's window is thrown away.
    const { loaded } = useApps.getState();
    const saved = fromSaved(kept, app => !loaded || appOf(app) !== undefined);
    if (saved) {
      found = true;
      // On a phone every window fills the screen; the places they have on a desktop are left alone.
      if (isPhone()) dispatch({ type: "area", area: saved.area });
      dispatch({ type: "load", saved });
    }
  } catch {
    // Without the old layout the desktop starts empty.
  }
  let written = picture();
  let stopped = false;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const write = async () => {
    clearTimeout(timer);
    timer = undefined;
    const now = picture();
    if (stopped || now === written) return;
    try {
      await desktop.save(JSON.parse(now));
      written = now;
    } catch {
      if (!stopped) timer ??= setTimeout(write, 10 * PAUSE_MS);
    }
  };
  const stopWatching = useWm.subscribe((now, before) => {
    const same =
      now.windows === before.windows &&
      now.stack === before.stack &&
      now.spaces === before.spaces &&
      now.current === before.current;
    if (same) return;
    clearTimeout(timer);
    timer = setTimeout(write, PAUSE_MS);
  });
  const flush = async () => {
    if (timer !== undefined) await write();
  };
  const flushNow = () => void flush();
  flushing = flush;
  addEventListener("pagehide", flushNow);
  document.addEventListener("visibilitychange", flushNow);
  return {
    found,
    stop: () => {
      stopped = true;
      if (flushing === flush) flushing = undefined;
      clearTimeout(timer);
      stopWatching();
      removeEventListener("pagehide", flushNow);
      document.removeEventListener("visibilitychange", flushNow);
    },
  };
}
