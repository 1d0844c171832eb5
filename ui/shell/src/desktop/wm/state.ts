import type { Edge, Rect, Size, Zone } from "./geometry";

/** One window. Its `rect` is where it stands when it is neither snapped nor maximised. */
export interface WindowState {
  id: string;
  app: string;
  /** What it was opened with. */
  args: unknown;
  /** Counts how often it was asked for again with new arguments. */
  launch: number;
  /** What the app calls it; empty means: the app's own name. */
  title: string;
  rect: Rect;
  zone: Zone | null;
  minimised: boolean;
  /** The virtual desktop it is on. */
  space: string;
}

/** The whole state of the window manager. */
export interface Wm {
  /** Size of the work area, between the top bar and the dock. */
  area: Size;
  /** Virtual desktops in order; never empty. */
  spaces: string[];
  current: string;
  windows: Readonly<Record<string, WindowState>>;
  /** All windows, the lowest first. */
  stack: string[];
  /** The window that has the keyboard; null = the desktop itself. */
  focus: string | null;
  /** Source of the next identifier. */
  next: number;
}

export type Action =
  | { type: "open"; app: string; args?: unknown; size: Size; single?: boolean }
  | { type: "close"; id: string }
  | { type: "focus"; id: string | null }
  | { type: "title"; id: string; title: string }
  | { type: "place"; id: string; rect: Rect }
  | { type: "move"; id: string; dx: number; dy: number }
  | { type: "resize"; id: string; edge: Edge; dx: number; dy: number }
  | { type: "snap"; id: string; zone: Zone | null }
  | { type: "towards"; id: string; direction: "left" | "right" | "up" | "down" }
  | { type: "maximise"; id: string }
  | { type: "minimise"; id: string }
  | { type: "restore"; id: string }
  | { type: "showDesktop" }
  | { type: "tile" }
  | { type: "cascade" }
  | { type: "addSpace" }
  | { type: "removeSpace"; space: string }
  | { type: "switchSpace"; space: string }
  | { type: "sendTo"; id: string; space: string; follow: boolean }
  | { type: "area"; area: Size }
  | { type: "load"; saved: SavedLayout };

/** What is kept across reloads. */
export interface SavedLayout {
  version: 1;
  area: Size;
  spaces: string[];
  current: string;
  windows: Array<Omit<WindowState, "launch">>;
  focus: string | null;
}

export const MAX_SPACES = 9;
export const MAX_WINDOWS = 64;

export const emptyWm: Wm = {
  area: { w: 1280, h: 720 },
  spaces: ["s1"],
  current: "s1",
  windows: {},
  stack: [],
  focus: null,
  next: 2,
};
