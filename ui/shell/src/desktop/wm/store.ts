import { create } from "zustand";
import type { Rect, Zone } from "./geometry";
import { reduce } from "./reducer";
import { type Action, emptyWm, type Wm } from "./state";

/** The window manager of this page. */
export const useWm = create<Wm>(() => emptyWm);

export function dispatch(action: Action): void {
  const before = useWm.getState();
  const after = reduce(before, action);
  if (after !== before) useWm.setState(after, true);
}

/** What happens with a window right now and is never kept. */
interface Gesture {
  /** Where a dragged window would snap. */
  preview: Zone | null;
  dragging: boolean;
  /** A window that is moved or resized by keys or by the arrow buttons. */
  mode: { id: string; kind: "move" | "resize"; rect: Rect; zone: Zone | null } | null;
}

export const useGesture = create<Gesture>(() => ({ preview: null, dragging: false, mode: null }));

export function startMode(id: string, kind: "move" | "resize"): void {
  const window = useWm.getState().windows[id];
  if (!window) return;
  dispatch({ type: "focus", id });
  useGesture.setState({ mode: { id, kind, rect: window.rect, zone: window.zone } });
}

/** Ends the mode; without `keep` the window goes back to where it was. */
export function endMode(keep: boolean): void {
  const { mode } = useGesture.getState();
  if (!mode) return;
  useGesture.setState({ mode: null });
  if (keep) return;
  dispatch({ type: "place", id: mode.id, rect: mode.rect });
  if (mode.zone) dispatch({ type: "snap", id: mode.id, zone: mode.zone });
}

/** One step of the mode, in pixels. */
export function stepMode(dx: number, dy: number): void {
  const { mode } = useGesture.getState();
  if (!mode) return;
  if (mode.kind === "move") dispatch({ type: "move", id: mode.id, dx, dy });
  else dispatch({ type: "resize", id: mode.id, edge: "se", dx, dy });
}
