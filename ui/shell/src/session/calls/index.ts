/** What an app can ask of the OS, answered over the node's HTTP API. */
import type { BackendRequest, BackendResponse, Calls } from "@webx/sdk";
import { type Api, api, apiAs, backendFetchAs } from "../http";
import { type AppCalls, appCalls, packages, storeCalls } from "./apps";
import { type DriveCalls, driveCalls } from "./drive";
import { objectAddress, storageCalls } from "./storage";
import { type SystemParts, systemCalls } from "./system";

export type { Packages } from "./apps";
export { packages };

/** What the node answers for an app. The rest asks the person or belongs to a window: that the desktop answers. */
export interface NodeCalls
  extends SystemParts,
    Pick<Calls, "storage" | "backend" | "identity" | "workflows" | "store"> {
  files: DriveCalls & Pick<Calls["files"], "objectUrl">;
  apps: AppCalls;
}

const identityCalls = (api: Api): Omit<Calls["identity"], "name" | "authenticate"> => ({
  get: () => api.getIdentity(),
  patch: change => api.patchIdentity({ body: change }),
});

async function backendFetch(
  install: string,
  path: string,
  { method = "GET", headers = {}, body }: BackendRequest = {},
  signal?: AbortSignal,
): Promise<BackendResponse> {
  const address = new URL(`/_api/${install}/`, location.href);
  const asked = new URL(`.${path.startsWith("/") ? path : `/${path}`}`, address);
  if (!asked.pathname.startsWith(address.pathname)) throw new TypeError("the path leads out of the app's backend");
  const response = await backendFetchAs(install, asked, {
    method,
    headers,
    ...(body === undefined ? {} : { body }),
    ...(signal ? { signal } : {}),
  });
  return {
    status: response.status,
    headers: Object.fromEntries(response.headers),
    body: await response.blob(),
  };
}

/** Everything the node answers in the name of an installed app. */
export function callsAs(install: string): NodeCalls {
  const own = apiAs(install);
  return {
    ...systemCalls(own),
    files: {
      ...driveCalls(own),
      objectUrl: async (node, version) =>
        objectAddress(await own.makeObject({ path: { install }, body: { node, version } })),
    },
    storage: storageCalls(own, install),
    backend: { fetch: (path, request, call) => backendFetch(install, path, request, call?.signal) },
    identity: {
      ...identityCalls(own),
      name: async () => (await own.getNameForApp({ path: { install } })).displayName,
      authenticate: (challenge, call) =>
        own.authenticateForApp({
          path: { install },
          body: { challenge } as never,
          ...(call?.signal ? { signal: call.signal } : {}),
        }),
    },
    workflows: {
      start: (name, input = null) => own.startWorkflow({ path: { install, name }, body: { input } }),
    },
    apps: appCalls(own),
    store: storeCalls(own),
  };
}

/** What the desktop itself asks of the node, with the whole session. */
export const calls = {
  ...systemCalls(api),
  files: driveCalls(api),
  identity: identityCalls(api),
  apps: appCalls(api),
  packages: packages(api),
};

/** The window layout, kept by the node so that it is there after a reload and on every screen; empty before the first. */
export const layout = {
  load: (): Promise<unknown> => api.getDesktop(),
  save: (value: Record<string, unknown>): Promise<void> => api.putDesktop({ body: value }),
};
