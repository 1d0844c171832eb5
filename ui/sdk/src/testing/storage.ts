import type { Calls } from "../contract";
import { Problem } from "../problem";
import type { BlobInfo, Doc, DocChange, Json, PageQuery, Slice } from "../types";

/** One page of sorted things, after the last key of the page before. */
function slice<T>(all: readonly T[], key: (one: T) => string, query: PageQuery = {}): Slice<T> {
  const from = query.after === undefined ? 0 : all.findIndex(one => key(one) > (query.after ?? ""));
  if (from < 0) return { items: [], next: null };
  const items = all.slice(from, from + (query.limit ?? 1000));
  const last = items.at(-1);
  return { items, next: last !== undefined && from + items.length < all.length ? key(last) : null };
}

const byKey = <T>(map: ReadonlyMap<string, T>): [string, T][] =>
  [...map].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));

const KV_MOST = 64 * 1024;
const DOC_MOST = 256 * 1024;

function keep<T extends Json>(value: T, most: number): T {
  if (JSON.stringify(value).length > most)
    throw new Problem({ code: "too-large", status: 413, title: "The value is too large" });
  return structuredClone(value);
}

/** The storage of one app, in memory. */
export function memoryStorage(at: () => string, tell: (change: DocChange) => void): Calls["storage"] {
  const values = new Map<string, Json>();
  const collections = new Map<string, Map<string, Doc>>();
  const blobs = new Map<string, { info: BlobInfo; body: Blob }>();
  const docsOf = (collection: string) => byKey(collections.get(collection) ?? new Map()).map(([, doc]) => doc);
  return {
    kv: {
      get: async key => values.get(key),
      set: async (key, value) => {
        values.set(key, keep(value, KV_MOST));
      },
      delete: async key => {
        values.delete(key);
      },
      keys: async query => {
        const keys = byKey(values).map(([key]) => key);
        return slice(
          keys.filter(key => key.startsWith(query?.prefix ?? "")),
          key => key,
          query,
        );
      },
    },
    docs: {
      get: async (collection, id) => collections.get(collection)?.get(id),
      put: async (collection, id, value) => {
        const docs = collections.get(collection) ?? new Map<string, Doc>();
        collections.set(collection, docs);
        const version = (docs.get(id)?.version ?? 0) + 1;
        const doc = { id, value: keep(value, DOC_MOST), version, updatedAt: at() };
        docs.set(id, doc);
        tell({ collection, id, version });
        return doc;
      },
      delete: async (collection, id) => {
        if (collections.get(collection)?.delete(id)) tell({ collection, id });
      },
      list: async (collection, query) => slice(docsOf(collection), doc => doc.id, query),
      query: async (collection, { field, equals }, query) =>
        slice(
          docsOf(collection).filter(({ value }) => value[field] === equals),
          doc => doc.id,
          query,
        ),
    },
    blobs: {
      get: async (name, range) => {
        const body = blobs.get(name)?.body;
        return range === undefined ? body : body?.slice(range.start, range.end);
      },
      put: async (name, body) => {
        const info = { name, size: body.size, type: body.type || "application/octet-stream", updatedAt: at() };
        blobs.set(name, { info, body });
        return info;
      },
      delete: async name => {
        blobs.delete(name);
      },
      list: async query => {
        const all = byKey(blobs).map(([, { info }]) => info);
        return slice(
          all.filter(({ name }) => name.startsWith(query?.prefix ?? "")),
          info => info.name,
          query,
        );
      },
      url: async name => {
        const body = blobs.get(name)?.body;
        if (body === undefined) throw new Problem({ code: "not-found", status: 404, title: "There is no such blob" });
        return URL.createObjectURL(body);
      },
    },
  };
}
