import type { CallOptions, Calls, Method, Topic, Topics } from "./contract";
import { METHODS, OPTIONS_AT } from "./methods.gen";
import { Problem } from "./problem";
import type { DocChange, Json } from "./types";

/** What carries calls and events between an app and the OS: the shell's own realm, or the MessagePort of a frame. */
export interface Transport {
  call(method: Method, args: unknown[], options?: CallOptions): Promise<unknown>;
  /** Returns the way to stop. */
  subscribe<T extends Topic>(topic: T, listener: (event: Topics[T]) => void): () => void;
}

interface Changes<T extends Topic> {
  onChange(listener: (event: Topics[T]) => void): () => void;
}

/** Namespaces that tell of their changes under their own name. */
type Telling = Exclude<Topic & (keyof Calls | "online"), "events">;

/** The operating system as an app sees it. */
export type Os = Calls & { [T in Telling]: Changes<T> } & {
  storage: {
    docs: {
      /** Tells of documents of one collection, or of all of them; returns the way to stop. */
      onChange(collection: string | null, listener: (change: DocChange) => void): () => void;
    };
  };
  events: {
    /** Hears what the windows of this app tell each other under that name; returns the way to stop. */
    on(name: string, listener: (data: Json) => void): () => void;
  };
};

const TELLING: readonly Telling[] = [
  "files",
  "permissions",
  "theme",
  "i18n",
  "clipboard",
  "online",
  "settings",
  "identity",
  "activity",
  "notifications",
  "jobs",
  "apps",
  "sagas",
  "network",
  "contacts",
  "transfers",
];

type Branch = { [name: string]: Branch | ((...args: never[]) => unknown) };

/** The object in which the last part of the name stands, made on the way. */
function branch(root: Branch, path: string[]): Branch {
  let at = root;
  for (const part of path) {
    at[part] ??= {};
    at = at[part] as Branch;
  }
  return at;
}

/** Builds the OS an app talks to from nothing but a transport. */
export function createOs(transport: Transport): Os {
  const root: Branch = {};
  for (const method of METHODS) {
    const path = method.split(".");
    const name = path.pop() ?? "";
    const place = OPTIONS_AT[method];
    branch(root, path)[name] = (...args: unknown[]) => {
      const options = place === undefined ? undefined : (args.splice(place)[0] as CallOptions | undefined);
      while (args.length > 0 && args.at(-1) === undefined) args.pop();
      return transport.call(method, args, options);
    };
  }
  for (const topic of TELLING)
    branch(root, [topic]).onChange = (listener: (event: Topics[typeof topic]) => void) =>
      transport.subscribe(topic, listener);
  branch(root, ["storage", "docs"]).onChange = (collection: string | null, listener: (change: DocChange) => void) =>
    transport.subscribe("docs", change => {
      if (collection === null || change.collection === collection) listener(change);
    });
  branch(root, ["events"]).on = (name: string, listener: (data: Json) => void) =>
    transport.subscribe("events", event => {
      if (event.name === name) listener(event.data);
    });
  return root as unknown as Os;
}

const known: ReadonlySet<string> = new Set(METHODS);

/** A transport inside one realm: calls go straight to the functions that answer them. */
export function localTransport(calls: Calls, subscribe: Transport["subscribe"]): Transport {
  return {
    async call(method, args, options) {
      if (!known.has(method)) throw new Problem({ code: "unknown-method", status: 404, title: `No method ${method}` });
      const path = method.split(".");
      const name = path.pop() ?? "";
      let target = calls as unknown as Branch;
      for (const part of path) target = target[part] as Branch;
      const handler = target[name] as (...args: unknown[]) => Promise<unknown>;
      const place = OPTIONS_AT[method];
      if (options === undefined || place === undefined) return handler.apply(target, args);
      const padded = args.slice(0, place);
      while (padded.length < place) padded.push(undefined);
      return handler.apply(target, [...padded, options]);
    },
    subscribe,
  };
}
