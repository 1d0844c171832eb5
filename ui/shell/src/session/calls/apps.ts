/** Installed apps and the stores, over the node's HTTP API. */
import type { Calls } from "@webx/sdk";
import type { Inspection } from "@webx/sdk/api";
import type { Api } from "../http";
import { downloadBlob } from "./drive";

/** All of it but what asks the person: that the desktop does. */
export type AppCalls = Omit<Calls["apps"], "install">;

const signalOf = (call?: { signal?: AbortSignal }) => (call?.signal ? { signal: call.signal } : {});

/** A file of a package. */
const packageFile = (api: Api, install: string, path: string): Promise<Blob> =>
  api.getPackageFile({ path: { install, path }, parseAs: "blob" }) as Promise<Blob>;

export const appCalls = (api: Api): AppCalls => ({
  list: () => api.listApps(),
  get: install => api.getApp({ path: { install } }),
  icon: async install => {
    const { icon } = await api.getApp({ path: { install } });
    const file = await packageFile(api, install, icon ?? "icon.svg");
    return new Blob([file], { type: icon?.endsWith(".png") ? "image/png" : "image/svg+xml" });
  },
  remove: (install, data) => api.removeApp({ path: { install }, query: { data } }),
  removed: () => api.listRemovedApps(),
  undo: install => api.undoRemoval({ path: { install } }),
  rollback: install => api.rollBackApp({ path: { install } }),
  setGrants: (install, change) =>
    api.patchGrants({ path: { install }, body: { grant: change.grant ?? [], revoke: change.revoke ?? [] } }),
  unpick: (install, node) => api.unpickForApp({ path: { install, node } }),
  backend: install => api.getBackend({ path: { install } }),
  restartBackend: install => api.restartBackend({ path: { install } }),
  export: async install => {
    const [app, archive] = await Promise.all([
      api.getApp({ path: { install } }),
      api.exportApp({ path: { install }, parseAs: "blob" }) as Promise<Blob>,
    ]);
    await downloadBlob(archive, `${app.id}.zip`);
  },
});

export const storeCalls = (api: Api): Calls["store"] => ({
  list: () => api.listStores(),
  add: (location, fingerprint) => api.addStore({ body: { location, fingerprint } }),
  remove: id => api.removeStore({ path: { id } }),
  refresh: () => api.refreshStores(),
  search: (query = {}, call) =>
    api.searchStores({ query: { q: query.q, category: query.category }, ...signalOf(call) }),
  get: (id, app) => api.getStorePackage({ path: { id, app } }),
  screenshot: (id, app, number) => api.getScreenshot({ path: { id, app, number }, parseAs: "blob" }) as Promise<Blob>,
  updates: async () => {
    const all = await api.searchStores({});
    return all.flatMap(({ store, app, name, version, size, installed }) =>
      installed?.update
        ? [{ install: installed.install, app, name, from: installed.version, to: version, store, size }]
        : [],
    );
  },
});

/** What the desktop itself does with packages; no app has any of it. */
export interface Packages {
  /** Reads a package; nothing is installed. */
  inspect(file: Blob, signal?: AbortSignal): Promise<Inspection>;
  inspectFromStore(store: string, app: string, version: string): Promise<Inspection>;
  /** Installs or updates what was inspected. */
  install(upload: string, grant: string[]): Promise<{ install: string; saga: string }>;
  file(install: string, path: string): Promise<Blob>;
  /** Lets an app use what the person chose. */
  pick(install: string, node: string, mode: "read" | "write"): Promise<void>;
}

export const packages = (api: Api): Packages => ({
  inspect: (file, signal) => api.inspectApp({ body: file, ...(signal ? { signal } : {}) }),
  inspectFromStore: (id, app, version) => api.fetchPackage({ path: { id }, body: { app, version } }),
  install: (upload, grant) => api.installApp({ body: { upload, grant } }),
  file: (install, path) => packageFile(api, install, path),
  pick: async (install, node, mode) => {
    await api.pickForApp({ path: { install }, body: { node, mode } });
  },
});
