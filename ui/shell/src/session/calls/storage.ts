/** What an app keeps in the vault, over the node's HTTP API. */
import { type Calls, isProblem, type Slice } from "@webx/sdk";
import type { Api } from "../http";

/** Nothing there is an answer, not a failure. */
async function found<T>(answer: Promise<T>): Promise<T | undefined> {
  try {
    return await answer;
  } catch (reason) {
    if (isProblem(reason) && reason.status === 404) return undefined;
    throw reason;
  }
}

const slice = <T>(items: T[], next: string | null | undefined): Slice<T> => ({ items, next: next ?? null });

const signalOf = (call?: { signal?: AbortSignal }) => (call?.signal ? { signal: call.signal } : {});

export const storageCalls = (api: Api, install: string): Calls["storage"] => ({
  kv: {
    get: async key => (await found(api.getValue({ path: { install, key } })))?.value as never,
    set: (key, value) => api.putValue({ path: { install, key }, body: { value } }),
    delete: key => api.deleteValue({ path: { install, key } }),
    keys: async (query = {}) => {
      const page = await api.listKeys({ path: { install }, query });
      return slice(page.keys, page.next);
    },
  },
  docs: {
    get: (collection, id) => found(api.getDocument({ path: { install, collection, id } })) as never,
    put: (collection, id, value) =>
      api.putDocument({ path: { install, collection, id }, body: { value: value as never } }) as never,
    delete: (collection, id) => api.deleteDocument({ path: { install, collection, id } }),
    list: async (collection, query = {}) => {
      const page = await api.listDocuments({ path: { install, collection }, query });
      return slice(page.items, page.next) as never;
    },
    query: async (collection, { field, equals }, query = {}) => {
      const where = `${field}:${equals}`;
      const page = await api.listDocuments({ path: { install, collection }, query: { ...query, where } });
      return slice(page.items, page.next) as never;
    },
  },
  blobs: {
    get: (name, range, call) => {
      const headers: Record<string, string> = {};
      if (range) headers.range = `bytes=${range.start}-${range.end === undefined ? "" : range.end - 1}`;
      return found(api.getBlob({ path: { install, name }, headers, parseAs: "blob", ...signalOf(call) }) as never);
    },
    put: (name, body, call) => api.putBlob({ path: { install, name }, body, ...signalOf(call) }) as never,
    delete: name => api.deleteBlob({ path: { install, name } }),
    list: async (query = {}) => {
      const page = await api.listBlobs({ path: { install }, query });
      return slice(page.items, page.next) as never;
    },
    url: async name => objectAddress(await api.makeObject({ path: { install }, body: { blob: name } })),
  },
});

/** An address that tags of the app's window can load. */
export const objectAddress = ({ url }: { url: string }): string => new URL(url, location.href).href;
