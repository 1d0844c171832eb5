import type { Calls } from "../contract";
import { Problem } from "../problem";
import type {
  App,
  AppUpdate,
  BackendStatus,
  InstallEvent,
  RemovedApp,
  Saga,
  Store,
  StorePackage,
  StorePackageDetail,
} from "../types";

/** What is installed, offered and running before a test begins. */
export interface AppsSeed {
  apps?: App[];
  removed?: RemovedApp[];
  backends?: Record<string, BackendStatus>;
  stores?: Store[];
  packages?: StorePackageDetail[];
  sagas?: Saga[];
}

interface Ends {
  at(): string;
  id(): string;
  tellApps(event: InstallEvent): void;
  tellSagas(saga: Saga): void;
}

const DAYS_30 = 30 * 24 * 3600 * 1000;
const PICTURE = new Blob(
  ['<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 10"><rect width="16" height="10" fill="#8aa"/></svg>'],
  { type: "image/svg+xml" },
);

function notFound(what: string): Problem {
  return new Problem({ code: "not-found", status: 404, title: `There is no such ${what}` });
}

/** Apps, stores and sagas in memory. */
export function memoryApps(
  seed: AppsSeed,
  { at, id, tellApps, tellSagas }: Ends,
): Pick<Calls, "apps" | "store" | "sagas" | "workflows"> {
  let apps = seed.apps ?? [];
  let removed: (RemovedApp & { was?: App })[] = seed.removed ?? [];
  let stores = seed.stores ?? [];
  const packages = seed.packages ?? [];
  let sagas = seed.sagas ?? [];

  const find = (install: string): App => {
    const app = apps.find(one => one.install === install);
    if (app === undefined) throw notFound("app");
    return app;
  };
  const change = (install: string, op: InstallEvent["op"], next: Partial<App>): App => {
    const app = { ...find(install), ...next };
    apps = apps.map(one => (one.install === install ? app : one));
    tellApps({ op, install, app: app.app });
    return app;
  };
  const saga = (kind: string, subject: string): Saga => {
    const done: Saga = {
      ...{ id: id(), kind, subject, state: "done", attempt: 1, createdAt: at(), updatedAt: at() },
      ...{ canRetry: false, canUndo: false, steps: [{ name: kind, state: "done" }] },
    };
    sagas = [done, ...sagas];
    tellSagas(done);
    return done;
  };
  const offered = <T extends StorePackage>(one: T): T => {
    const app = apps.find(each => each.app === one.app);
    if (app === undefined) return { ...one, installed: null };
    const { install, version } = app;
    return { ...one, installed: { install, version, update: version !== one.version } };
  };
  const sagaTo = (key: string, state: Saga["state"]): Saga => {
    const found = sagas.find(one => one.id === key);
    if (found === undefined) throw notFound("saga");
    const next: Saga = { ...found, state, reason: null, updatedAt: at(), canRetry: false, canUndo: false };
    sagas = sagas.map(one => (one.id === key ? next : one));
    tellSagas(next);
    return next;
  };

  return {
    apps: {
      list: async () => apps,
      get: async install => find(install),
      icon: async () => PICTURE,
      install: async source => {
        if (!("store" in source)) throw new Problem({ code: "refused", status: 422, title: "This is no package" });
        const one = packages.find(each => each.app === source.app && each.store === source.store);
        if (one === undefined) throw notFound("package");
        const there = apps.find(each => each.app === one.app);
        if (there !== undefined) {
          change(there.install, "updated", { version: source.version, previousVersion: there.version });
          return { install: there.install, saga: saga("app.update", one.name).id };
        }
        const app: App = {
          install: id(),
          app: one.app,
          id: one.app.split(".").at(-1) ?? one.app,
          name: one.name,
          version: source.version,
          category: one.category,
          description: one.description,
          publisher: one.publisher,
          system: false,
          entry: { mode: "builtin", module: "app.js", style: null },
          backend: null,
          icon: "icon.svg",
          window: { width: 900, height: 620, single: false },
          size: one.size,
          dataSize: 0,
          quota: 256 * 1024 * 1024,
          languages: ["en"],
          workflows: [],
          installedAt: at(),
          updatedAt: at(),
          previousVersion: null,
          permissions: one.permissions.map(each => ({ ...each, granted: true })),
          picked: [],
        };
        apps = [...apps, app];
        tellApps({ op: "installed", install: app.install, app: app.app });
        return { install: app.install, saga: saga("app.install", one.name).id };
      },
      remove: async (install, data) => {
        const app = find(install);
        const undoUntil = new Date(Date.parse(at()) + DAYS_30).toISOString();
        apps = apps.filter(one => one !== app);
        removed = [
          {
            install,
            app: app.app,
            name: app.name,
            version: app.version,
            removedAt: at(),
            undoUntil,
            dataSize: app.dataSize,
            deleteData: data === "delete",
            was: app,
          },
          ...removed,
        ];
        tellApps({ op: "removed", install, app: app.app });
        return { saga: saga("app.remove", app.name).id, undoUntil };
      },
      removed: async () => removed.map(({ was: _was, ...one }) => one),
      undo: async install => {
        const one = removed.find(each => each.install === install);
        if (one === undefined) throw notFound("removed app");
        removed = removed.filter(each => each !== one);
        if (one.was !== undefined) apps = [...apps, one.was];
        tellApps({ op: "restored", install, app: one.app });
        return { install, saga: saga("app.restore", one.name).id };
      },
      rollback: async install => {
        const app = find(install);
        if (app.previousVersion === null)
          throw new Problem({ code: "nothing-before", status: 409, title: "There is no version before" });
        change(install, "updated", { version: app.previousVersion, previousVersion: app.version });
        return { install, saga: saga("app.rollback", app.name).id };
      },
      setGrants: async (install, { grant = [], revoke = [] }) =>
        change(install, "grants", {
          permissions: find(install).permissions.map(one => ({
            ...one,
            granted: grant.includes(one.key) || (one.granted && !revoke.includes(one.key)),
          })),
        }),
      unpick: async (install, node) => {
        change(install, "grants", { picked: find(install).picked.filter(one => one.node !== node) });
      },
      backend: async install =>
        seed.backends?.[install] ?? { kind: "wasm", state: "running", restarts: 0, served: 0, inFlight: 0, log: [] },
      restartBackend: async install => {
        change(install, "backend", {});
      },
      export: async () => {},
    },
    store: {
      list: async () => stores,
      add: async location => {
        const store: Store = {
          id: id(),
          name: location.split("/").filter(Boolean).at(-1) ?? location,
          location,
          packages: 0,
          refreshedAt: at(),
        };
        stores = [...stores, store];
        return store;
      },
      remove: async store => {
        stores = stores.filter(one => one.id !== store);
      },
      refresh: async () => {
        stores = stores.map(one => ({ ...one, refreshedAt: at() }));
        return stores;
      },
      search: async (query = {}) => {
        const wanted = (query.q ?? "").toLocaleLowerCase();
        return packages
          .filter(one => stores.some(store => store.id === one.store))
          .filter(one => query.category === undefined || one.category === query.category)
          .filter(one => `${one.name} ${one.description}`.toLocaleLowerCase().includes(wanted))
          .map(offered);
      },
      get: async (store, app) => {
        const one = packages.find(each => each.store === store && each.app === app);
        if (one === undefined) throw notFound("package");
        return offered(one);
      },
      screenshot: async () => PICTURE,
      updates: async () => {
        const updates: AppUpdate[] = [];
        for (const { app, name, store, size, version, installed } of packages.map(offered))
          if (installed?.update)
            updates.push({ install: installed.install, app, name, from: installed.version, to: version, store, size });
        return updates;
      },
    },
    sagas: {
      list: async ({ state } = {}) => sagas.filter(one => state === undefined || one.state === state),
      retry: async key => sagaTo(key, "running"),
      undo: async key => sagaTo(key, "undone"),
    },
    workflows: { start: async name => ({ install: "own", saga: saga("workflow", name).id }) },
  };
}
