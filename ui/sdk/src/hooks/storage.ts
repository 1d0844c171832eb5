import { useCallback, useEffect, useRef, useState } from "react";
import { type Problem, toProblem } from "../problem";
import { type Loaded, useLoad, useOs } from "../react";
import type { Doc, Json, JsonObject } from "../types";

/** A stored value, and how it stands. */
export interface Kept<T> {
  value: T;
  /** Shows at once and is kept soon after; when that fails, `problem` says why. */
  set: (next: T | ((old: T) => T)) => void;
  /** The first reading is not done yet: `value` is still the initial one. */
  loading: boolean;
  problem: Problem | undefined;
}

/** Typing makes many values; one in this many milliseconds is kept, and always the last. */
const QUIET_MS = 250;

/**
 * A small value of the app that stays: like `useState`, but there again the next time.
 *
 * ```tsx
 * const draft = useKv("draft", "");
 * <TextField value={draft.value} onChange={draft.set} />
 * ```
 */
export function useKv<T>(key: string, initial: T): Kept<T> {
  const os = useOs();
  const [value, setValue] = useState(initial);
  const [loading, setLoading] = useState(true);
  const [problem, setProblem] = useState<Problem>();
  const waiting = useRef<{ timer: ReturnType<typeof setTimeout>; keep: () => void }>(undefined);

  useEffect(() => {
    let gone = false;
    setLoading(true);
    os.storage.kv
      .get(key)
      .then(
        kept => {
          if (!gone && kept !== undefined && waiting.current === undefined) setValue(kept as T);
        },
        (error: unknown) => {
          if (!gone) setProblem(toProblem(error));
        },
      )
      .finally(() => {
        if (!gone) setLoading(false);
      });
    return () => {
      gone = true;
      clearTimeout(waiting.current?.timer);
      waiting.current?.keep();
    };
  }, [os, key]);

  const latest = useRef(value);
  latest.current = value;
  const set = useCallback(
    (next: T | ((old: T) => T)) => {
      const now = typeof next === "function" ? (next as (old: T) => T)(latest.current) : next;
      latest.current = now;
      setValue(now);
      clearTimeout(waiting.current?.timer);
      const keep = () => {
        waiting.current = undefined;
        os.storage.kv.set(key, now as Json).then(
          () => setProblem(undefined),
          (error: unknown) => setProblem(toProblem(error)),
        );
      };
      waiting.current = { timer: setTimeout(keep, QUIET_MS), keep };
    },
    [os, key],
  );
  return { value, set, loading, problem };
}

/** A collection of documents, live. */
export interface Docs<T = JsonObject> extends Loaded<Doc<T>[]> {
  put: (id: string, value: T) => Promise<Doc<T>>;
  remove: (id: string) => Promise<void>;
}

/** All documents of a collection in the order of their ids, also when another window changes one. */
export function useDocs<T = JsonObject>(collection: string): Docs<T> {
  const os = useOs();
  const loaded = useLoad(`docs ${collection}`, async signal => {
    const docs: Doc<T>[] = [];
    let after: string | undefined;
    do {
      signal.throwIfAborted();
      const page = await os.storage.docs.list(collection, after === undefined ? {} : { after });
      docs.push(...(page.items as Doc<T>[]));
      after = page.next ?? undefined;
    } while (after !== undefined);
    return docs;
  });
  const { reload } = loaded;
  useEffect(() => os.storage.docs.onChange(collection, reload), [os, collection, reload]);
  const put = useCallback(
    (id: string, value: T) => os.storage.docs.put(collection, id, value as JsonObject) as Promise<Doc<T>>,
    [os, collection],
  );
  const remove = useCallback((id: string) => os.storage.docs.delete(collection, id), [os, collection]);
  return { ...loaded, put, remove };
}

/** One document, live; `data` is `null` when there is none. */
export function useDoc<T = JsonObject>(collection: string, id: string): Loaded<Doc<T> | null> {
  const os = useOs();
  const loaded = useLoad(
    `doc ${collection} ${id}`,
    async () => ((await os.storage.docs.get(collection, id)) ?? null) as Doc<T> | null,
  );
  const { reload } = loaded;
  useEffect(
    () =>
      os.storage.docs.onChange(collection, change => {
        if (change.id === id) reload();
      }),
    [os, collection, id, reload],
  );
  return loaded;
}
