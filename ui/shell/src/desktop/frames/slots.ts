import { create } from "zustand";
import { appOf } from "../apps";
import { useWm } from "../wm/store";

/** A frame that is booted before anybody needs it, and then belongs to one window until that closes. Used once. */
export interface Slot {
  id: string;
  /** The window it belongs to; null while it waits. */
  window: string | null;
}

interface Slots {
  /** In the order they were made: their place in the document never changes. */
  slots: readonly Slot[];
  /** No frame is made before the desktop has painted its first picture. */
  open: boolean;
}

export const useSlots = create<Slots>(() => ({ slots: [], open: false }));

/** How many booted frames wait. */
const SPARE = 1;
const REFILL_MS = 1_200;

let made = 0;
let refill: ReturnType<typeof setTimeout> | undefined;

function fresh(window: string | null): Slot {
  made += 1;
  return { id: `frame-${made}`, window };
}

const needsSlot = (app: string): boolean => appOf(app)?.entry === "builtin";

/** Gives every window of a builtin app a frame, and drops the frames of windows that are gone. */
function assign(): void {
  const { slots, open } = useSlots.getState();
  if (!open) return;
  const { windows } = useWm.getState();
  const kept = slots.filter(slot => slot.window === null || windows[slot.window] !== undefined);
  const served = new Set(kept.map(slot => slot.window));
  const wanting = Object.values(windows).filter(each => !served.has(each.id) && needsSlot(each.app));
  if (kept.length === slots.length && wanting.length === 0) return;
  const next = kept.map(slot => {
    if (slot.window !== null) return slot;
    const window = wanting.shift();
    return window ? { ...slot, window: window.id } : slot;
  });
  useSlots.setState({ slots: [...next, ...wanting.map(window => fresh(window.id))] });
}

/** Boots the next frame a little after the last one was taken, so that it does not compete with the app that opens. */
export function refillSoon(pause = REFILL_MS): void {
  clearTimeout(refill);
  refill = setTimeout(() => {
    const { slots, open } = useSlots.getState();
    const spare = slots.filter(slot => slot.window === null).length;
    if (open && spare < SPARE) useSlots.setState({ slots: [...slots, fresh(null)] });
  }, pause);
}

/** Takes the frame away from a window and gives it another one: the way to start an app again. */
export function replaceSlot(window: string): void {
  useSlots.setState(({ slots }) => ({ slots: slots.filter(slot => slot.window !== window) }));
  assign();
  refillSoon();
}

/** A frame that left its page or never came up is not given to anybody. */
export function dropSlot(id: string): void {
  useSlots.setState(({ slots }) => ({ slots: slots.filter(slot => slot.id !== id) }));
  assign();
  refillSoon();
}

/** Makes frames from now on. Returns the way to stop, which takes all of them away. */
export function openSlots(): () => void {
  useSlots.setState({ open: true });
  assign();
  refillSoon(0);
  const stopWatching = useWm.subscribe((now, before) => {
    if (now.windows === before.windows) return;
    assign();
    refillSoon();
  });
  return () => {
    stopWatching();
    clearTimeout(refill);
    useSlots.setState({ slots: [], open: false });
  };
}

/** The list of apps changed: windows whose app was not known yet may need a frame now. */
export const appsChanged = assign;
