import { type CallOptions, type Calls, METHODS, type Method, OPTIONS_AT, type Topic, type Topics } from "./contract";
import { Problem } from "./problem";

/** What carries calls and events between an app and the OS: the shell's own realm today, a MessagePort for packages. */
export interface Transport {
  call(method: Method, args: unknown[], options?: CallOptions): Promise<unknown>;
  /** Returns the way to stop. */
  subscribe<T extends Topic>(topic: T, listener: (event: Topics[T]) => void): () => void;
}

interface Changes<T extends Topic> {
  onChange(listener: (event: Topics[T]) => void): () => void;
}

/** The operating system as an app sees it. */
export type Os = Omit<
  Calls,
  "files" | "settings" | "identity" | "activity" | "notifications" | "jobs" | "theme" | "i18n" | "clipboard"
> & {
  files: Calls["files"] & Changes<"files">;
  settings: Calls["settings"] & Changes<"settings">;
  identity: Calls["identity"] & Changes<"identity">;
  activity: Calls["activity"] & Changes<"activity">;
  notifications: Calls["notifications"] & Changes<"notifications">;
  jobs: Calls["jobs"] & Changes<"jobs">;
  theme: Calls["theme"] & Changes<"theme">;
  i18n: Calls["i18n"] & Changes<"i18n">;
  clipboard: Calls["clipboard"] & Changes<"clipboard">;
  online: Changes<"online">;
};

function takeOptions(args: unknown[]): CallOptions | undefined {
  const last = args.at(-1);
  if (typeof last !== "object" || last === null || !("signal" in last)) return undefined;
  args.pop();
  return last as CallOptions;
}

/** Builds the OS an app talks to from nothing but a transport. */
export function createOs(transport: Transport): Os {
  const os: Record<string, Record<string, unknown>> = {};
  for (const [namespace, methods] of Object.entries(METHODS)) {
    const calls: Record<string, unknown> = {};
    for (const name of methods) {
      const method = `${namespace}.${name}` as Method;
      calls[name] = (...args: unknown[]) => {
        const options = takeOptions(args);
        while (args.length > 0 && args.at(-1) === undefined) args.pop();
        return transport.call(method, args, options);
      };
    }
    os[namespace] = calls;
  }
  const topics: Topic[] = [
    "files",
    "settings",
    "identity",
    "activity",
    "notifications",
    "jobs",
    "theme",
    "i18n",
    "clipboard",
    "online",
  ];
  for (const topic of topics) {
    const part = os[topic] ?? {};
    part.onChange = (listener: (event: never) => void) =>
      transport.subscribe(topic, listener as (event: Topics[typeof topic]) => void);
    os[topic] = part;
  }
  return os as unknown as Os;
}

/** A transport inside one realm: calls go straight to the functions that answer them. */
export function localTransport(calls: Calls, subscribe: Transport["subscribe"]): Transport {
  return {
    async call(method, args, options) {
      const [namespace, name] = method.split(".") as [keyof Calls, string];
      const known = METHODS[namespace] as readonly string[] | undefined;
      if (!known?.includes(name))
        throw new Problem({ code: "unknown-method", status: 404, title: `No method ${method}` });
      const target = calls[namespace] as unknown as Record<string, (...a: unknown[]) => Promise<unknown>>;
      const handler = target[name];
      if (handler === undefined)
        throw new Problem({ code: "unknown-method", status: 404, title: `No method ${method}` });
      const place = OPTIONS_AT[method];
      if (options === undefined || place === undefined) return handler.apply(target, args);
      const padded = args.slice(0, place);
      while (padded.length < place) padded.push(undefined);
      return handler.apply(target, [...padded, options]);
    },
    subscribe,
  };
}
