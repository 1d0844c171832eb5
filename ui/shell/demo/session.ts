/** Stands in for the session with a node: everything happens in this page's memory. For work on the desktop alone. */
import { type App, type Calls, Problem, type Settings } from "@webx/sdk";
import type { Inspection } from "@webx/sdk/api";
import { createMemoryOs, type Seed } from "@webx/sdk/testing";
import { bestLocale, isLocale, type Locale } from "@webx/ui";
import { create } from "zustand";

const wish = new URLSearchParams(location.search);
const wanted = wish.get("lang") ?? "en";
const settings: Settings = {
  language: isLocale(wanted) ? wanted : "en",
  theme: (wish.get("theme") ?? "light") as NonNullable<Settings["theme"]>,
  ...(wish.get("wallpaper") ? { wallpaper: wish.get("wallpaper") ?? "" } : {}),
};

const many = (count: number): Seed =>
  Object.fromEntries(Array.from({ length: count }, (_, n) => [`Photo ${n + 1}.jpg`, `picture ${n}`]));

const memory = createMemoryOs({
  settings,
  quota: 50_000_000_000,
  locale: { language: settings.language ?? "en", dir: settings.language === "ar" ? "rtl" : "ltr" },
  files: {
    Documents: { "Tax 2025.pdf": "%PDF", "Letter to Anna.md": "# Dear Anna\n\nThank you.", "Budget.csv": "a,b\n1,2" },
    Pictures: { "Summer in Ticino": many(240), "Cat.png": "png" },
    Music: { "Nocturne.flac": "flac" },
    "Welcome.md": "# Welcome\n\nThis is your drive.",
    "notes.txt": "Milk, bread, freedom.",
    "backup.tar.gz": "tar",
  },
});

const useLanguage = create<{ locale: Locale }>(() => ({ locale: bestLocale([settings.language ?? "en"]) }));
export const setLocale = (locale: Locale): void => useLanguage.setState({ locale });
memory.os.settings.onChange(next => isLocale(next.language) && setLocale(next.language));

export interface Manifest {
  id: string;
  name: string;
  version: string;
  category: string;
  description: string;
  entry: { builtin: { module: string; style?: string } };
  permissions: Record<"required" | "optional", App["permissions"][number]["permission"][]>;
  window?: { width: number; height: number; single: boolean };
}

/** A manifest as an app of the program that is installed. */
export function installed(manifest: Manifest): App {
  const now = new Date().toISOString();
  const { required, optional } = manifest.permissions;
  const ask = (permission: App["permissions"][number]["permission"], needed: boolean, index: number) => ({
    key: `${permission.kind}:${needed}:${index}`,
    permission,
    required: needed,
    granted: needed,
  });
  return {
    install: `install-${manifest.id}`,
    app: `webx.${manifest.id}`,
    id: manifest.id,
    name: manifest.name,
    version: manifest.version,
    category: manifest.category,
    description: manifest.description,
    publisher: { did: "did:key:z6MkDemo", hash: "webx" },
    system: true,
    entry: { mode: "builtin", module: manifest.entry.builtin.module, style: manifest.entry.builtin.style ?? null },
    backend: null,
    icon: "icon.svg",
    window: manifest.window ?? { width: 900, height: 620, single: false },
    size: 100_000,
    dataSize: 0,
    quota: 100_000_000,
    languages: ["en", "de", "ar"],
    workflows: [],
    installedAt: now,
    updatedAt: now,
    previousVersion: null,
    permissions: [
      ...required.map((each, index) => ask(each, true, index)),
      ...optional.map((each, index) => ask(each, false, index)),
    ],
    picked: [],
  };
}

const appFile = (id: string, path: string): Promise<Response> => fetch(`/_apps/${id}/${path}`);

/** What tests and the console put in place of packages. */
export const demo: {
  /** What reading a package says. */
  inspection: Inspection | undefined;
  /** Modules by the short names of apps. */
  code: Map<string, string>;
} = { inspection: undefined, code: new Map() };

let own: Promise<App[]> | undefined;
let extra: App[] = [];
const removed = new Map<string, App>();

/** The program's own apps, as they were built. */
async function systemApps(): Promise<App[]> {
  const found = await Promise.all(
    ["files", "contacts", "network", "store", "gallery", "settings", "activity"].map(async (id): Promise<App[]> => {
      const response = await appFile(id, "manifest.json").catch(() => undefined);
      return response?.ok ? [installed((await response.json()) as Manifest)] : [];
    }),
  );
  return found.flat();
}

async function list(): Promise<App[]> {
  own ??= systemApps();
  return [...(await own), ...extra];
}

const tell = (op: "installed" | "removed" | "grants" | "restored", { install, app }: App) =>
  memory.emit("apps", { op, install, app });

/** Puts an app there as if it had been installed. */
export function addApp(app: App): void {
  extra = [...extra.filter(each => each.install !== app.install), app];
  tell("installed", app);
}

export function removeApps(): void {
  extra = [];
}

function refused(): never {
  const detail = "Its signature does not belong to its publisher.";
  throw new Problem({ code: "signature", status: 422, title: "The package is refused", detail });
}

const nameOf = (install: string) => install.replace("install-", "");

const inMemory: Calls = memory.calls;

export const calls = {
  ...inMemory,
  apps: {
    ...inMemory.apps,
    list,
    icon: async (install: string) => (await appFile(nameOf(install), "icon.svg")).blob(),
    setGrants: async (install: string, { grant = [], revoke = [] }: { grant?: string[]; revoke?: string[] }) => {
      const app = extra.find(each => each.install === install);
      if (!app) throw new Problem({ code: "not-found", status: 404, title: "No such app" });
      const permissions = app.permissions.map(each => ({
        ...each,
        granted: (each.granted || grant.includes(each.key)) && !revoke.includes(each.key),
      }));
      const next = { ...app, permissions };
      extra = extra.map(each => (each === app ? next : each));
      tell("grants", app);
      return next;
    },
    remove: async (install: string) => {
      const app = extra.find(each => each.install === install);
      if (app) {
        removed.set(install, app);
        extra = extra.filter(each => each !== app);
        tell("removed", app);
      }
      return { saga: "demo", undoUntil: new Date(Date.now() + 30 * 86_400_000).toISOString() };
    },
    undo: async (install: string) => {
      const app = removed.get(install);
      if (app) {
        extra = [...extra, app];
        tell("restored", app);
      }
      return { saga: "demo", install };
    },
  },
  packages: {
    inspect: async (_file: Blob): Promise<Inspection> => demo.inspection ?? refused(),
    inspectFromStore: async (): Promise<Inspection> => demo.inspection ?? refused(),
    install: async (_upload: string, grant: string[]) => {
      const { manifest, app, added, publisher } = demo.inspection ?? refused();
      const base = installed({
        ...manifest,
        entry: { builtin: { module: "app.js" } },
        permissions: { required: [], optional: [] },
      });
      const permissions = added.map(each => ({ ...each, granted: grant.includes(each.key) }));
      addApp({ ...base, app, publisher, system: false, permissions });
      return { install: base.install, saga: "demo" };
    },
    file: async (install: string, path: string): Promise<Blob> => {
      const code = demo.code.get(nameOf(install));
      if (code !== undefined) return new Blob([path.endsWith(".css") ? "" : code]);
      const response = await appFile(nameOf(install), path);
      if (!response.ok) throw new Problem({ code: "not-found", status: 404, title: "No such file" });
      return response.blob();
    },
    pick: async (_install: string, _node: string, _mode: "read" | "write"): Promise<void> => undefined,
  },
};

/** An installed app's own view: here it is everybody's. */
export const callsAs = (_install: string): Calls => inMemory;

export const subscribe = memory.transport.subscribe;

const RECORD = "webx.demo.layout";
export const desktop = {
  load: async (): Promise<unknown> => JSON.parse(sessionStorage.getItem(RECORD) ?? "null"),
  save: async (value: unknown): Promise<void> => sessionStorage.setItem(RECORD, JSON.stringify(value)),
  onChange: () => () => undefined,
};

export type Phase = "starting" | "unreachable" | "unsupported" | "welcome" | "locked" | "open";
const usePhase = create<{ phase: Phase }>(() => ({ phase: (wish.get("phase") ?? "open") as Phase }));

export function useSession() {
  const phase = usePhase(state => state.phase);
  const locale = useLanguage(state => state.locale);
  return { phase, locale, setLocale, retry: () => usePhase.setState({ phase: "open" }) };
}
export async function lock(): Promise<void> {
  usePhase.setState({ phase: "unreachable" });
}

/** For trying things from the console. */
Object.assign(globalThis, { webxDemo: { memory, demo, addApp, installed } });
