/** The apps of this node, live: what is installed on any browser is there at once on all of them. */
import type { App as InstalledApp } from "@webx/sdk";
import { create } from "zustand";
import { calls, subscribe } from "../session";
import type { Size } from "./wm/geometry";

/** An app the desktop can open. */
export interface App {
  /**
   * Names it in windows, in the dock and in the kept layout: the short name of an app of the program, else the
   * installation.
   */
  key: string;
  /** The installation; empty for what the desktop draws itself. */
  install: string;
  /** Short name of its manifest. */
  id: string;
  /** The name in its manifest; the desktop's catalogue has a translated one for apps of the program. */
  name: string;
  description: string;
  version: string;
  /** How its window is made: in a frame that waits, in a frame with an origin of its own, or by the desktop itself. */
  entry: "builtin" | "iframe" | "desktop";
  /** Everything the node says about it; undefined for what the desktop draws itself. */
  info: InstalledApp | undefined;
  size: Size;
  /** One window is enough. */
  single: boolean;
  /** Address of its own icon, when it has one that is loaded. */
  icon: string | undefined;
}

interface Apps {
  /** Sorted by name; the program's own first. */
  list: readonly App[];
  /** Whether the node has answered once. */
  loaded: boolean;
  failed: boolean;
}

export const useApps = create<Apps>(() => ({ list: [], loaded: false, failed: false }));

/** What the desktop draws itself, in windows like those of apps. */
export const DOCUMENT = "desktop.document";
export const WORK = "desktop.work";
export const BACKEND = "desktop.backend";

const own = (key: string, name: string, size: Size, single: boolean): App => ({
  key,
  install: "",
  id: key,
  name,
  description: "",
  version: "",
  entry: "desktop",
  info: undefined,
  size,
  single,
  icon: undefined,
});

const OWN: readonly App[] = [
  own(DOCUMENT, "Document", { w: 820, h: 680 }, false),
  own(WORK, "Running work", { w: 720, h: 560 }, true),
  own(BACKEND, "Backend", { w: 760, h: 560 }, false),
];

export const FILES = "files";
export const SETTINGS = "settings";
/** In this order the program's own apps stand in dock and launcher. */
const ORDER = [FILES, "contacts", "network", "store", "gallery", SETTINGS, "activity"];

const rank = (app: App): number => {
  if (!app.info?.system) return ORDER.length + 1;
  const at = ORDER.indexOf(app.id);
  return at < 0 ? ORDER.length : at;
};

const icons = new Map<string, { version: string; address: string }>();

function viewOf(info: InstalledApp): App {
  const kept = icons.get(info.install);
  return {
    key: info.system ? info.id : info.install,
    install: info.install,
    id: info.id,
    name: info.name,
    description: info.description,
    version: info.version,
    entry: info.entry.mode,
    info,
    size: { w: info.window.width, h: info.window.height },
    single: info.window.single,
    icon: kept?.address,
  };
}

/** Loads the icons that are not there yet. Those of the program's own apps are drawn by the desktop. */
async function loadIcons(list: readonly App[]): Promise<void> {
  const wanted = list.filter(app => app.info && !app.info.system && icons.get(app.install)?.version !== app.version);
  await Promise.all(
    wanted.map(async app => {
      try {
        const blob = await calls.apps.icon(app.install);
        const before = icons.get(app.install);
        icons.set(app.install, { version: app.version, address: URL.createObjectURL(blob) });
        if (before) URL.revokeObjectURL(before.address);
      } catch {
        // Its first letter stands in for it.
      }
    }),
  );
  if (wanted.length > 0)
    useApps.setState(({ list }) => ({ list: list.map(app => ({ ...app, icon: icons.get(app.install)?.address })) }));
}

const sorted = (list: App[]): App[] => list.sort((a, b) => rank(a) - rank(b) || a.name.localeCompare(b.name));

let asking: Promise<void> | undefined;
let again = false;

/** Asks the node. While one question is under way, one more waits behind it. */
export function loadApps(): Promise<void> {
  if (asking) {
    again = true;
    return asking;
  }
  asking = calls.apps
    .list()
    .then(
      infos => {
        const list = sorted(infos.map(viewOf));
        useApps.setState({ list, loaded: true, failed: false });
        void loadIcons(list);
      },
      () => useApps.setState({ failed: true }),
    )
    .finally(() => {
      asking = undefined;
      if (again) {
        again = false;
        void loadApps();
      }
    });
  return asking;
}

/** Loads the apps and follows them. Returns the way to stop, which also forgets them. */
export function followApps(): () => void {
  void loadApps();
  const stops = [
    subscribe("apps", ({ op }) => {
      if (op !== "data") void loadApps();
    }),
    subscribe("online", online => online && void loadApps()),
  ];
  return () => {
    for (const stop of stops) stop();
    for (const { address } of icons.values()) URL.revokeObjectURL(address);
    icons.clear();
    useApps.setState({ list: [], loaded: false, failed: false });
  };
}

/** Apps a person opens by themselves. */
export const apps = (): readonly App[] => useApps.getState().list;

const named = (list: readonly App[], name: string): App | undefined =>
  list.find(app => app.key === name || app.install === name || app.info?.app === name) ??
  OWN.find(app => app.key === name);

/** By key, installation or full id. */
export const appOf = (name: string): App | undefined => named(useApps.getState().list, name);

/** The same, live. */
export const useApp = (name: string): App | undefined => useApps(state => named(state.list, name));
