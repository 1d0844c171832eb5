import {
  type App as AppInfo,
  type DriveEvent,
  type Json,
  type NotificationRequest,
  OPTIONS_AT,
  Problem,
  type Topic,
} from "@webx/sdk";
import { CAPABILITY, complaint, isMethod, isTopic, suffices, TOPIC_CAPABILITY } from "@webx/sdk/broker";
import { callsAs, subscribe } from "../../session";
import { appOf, DOCUMENT, useApps } from "../apps";
import { setBusy } from "../busy";
import { clipboard, isOwnTopic, locale, look, openApp, subscribeOwn } from "../os";
import { askInstall, askPermissions, askPick, askSaveAs } from "../prompts/ask";
import { dispatch, useWm } from "../wm/store";
import type { Answers } from "./broker";
import { heldBy } from "./held";

/** The window a call comes from. */
export interface Caller {
  window: string;
  /** Key of its app. */
  app: string;
}

const problem = (code: string, status: number, title: string, detail?: string) =>
  new Problem({ code, status, title, ...(detail === undefined ? {} : { detail }) });

function infoOf(key: string): AppInfo {
  const info = appOf(key)?.info;
  if (!info) throw problem("app-gone", 410, "The app is not installed any more");
  return info;
}

type Listener = (data: { name: string; data: Json }) => void;
/** What windows of one app tell each other, by installation. */
const rooms = new Map<string, Set<Listener>>();

function join(install: string, listener: Listener): () => void {
  const room = rooms.get(install) ?? new Set();
  rooms.set(install, room.add(listener));
  return () => {
    room.delete(listener);
    if (room.size === 0) rooms.delete(install);
  };
}

const TITLE_MAX = 200;

const isFront = (window: string): boolean => useWm.getState().focus === window;

/** What the desktop itself answers: it belongs to a window, or it asks the person. */
function deskCalls({ window, app }: Caller) {
  const info = () => infoOf(app);
  const node = callsAs(info().install);
  return {
    ...node,
    files: {
      ...node.files,
      pick: (options = {}, { signal }: { signal?: AbortSignal } = {}) => askPick(info(), options, signal),
      saveAs: (name: string, body: Blob, options = {}, { signal }: { signal?: AbortSignal } = {}) =>
        askSaveAs(info(), name, body, options, signal),
    },
    apps: {
      ...node.apps,
      install: (source: Parameters<typeof askInstall>[0], { signal }: { signal?: AbortSignal } = {}) =>
        askInstall(source, signal),
    },
    notifications: {
      ...node.notifications,
      // Nobody speaks for the system, or for another app.
      notify: (request: NotificationRequest) => {
        const { system, name } = info();
        const title = system ? request.title : `${name}: ${request.title}`.slice(0, TITLE_MAX);
        return node.notifications.notify({ ...request, title });
      },
    },
    permissions: {
      list: async () => info().permissions,
      request: (keys: string[], { signal }: { signal?: AbortSignal } = {}) => askPermissions(info(), keys, signal),
    },
    events: {
      emit: async (name: string, data: Json = null) => {
        for (const tell of rooms.get(info().install) ?? []) tell({ name, data });
      },
    },
    windows: {
      open: async (name: string, args?: unknown) => {
        const target = appOf(name);
        // What the desktop draws itself is opened by calls of its own.
        if (!target?.info) throw problem("no-such-app", 404, `There is no app ${name}`);
        const mine = target.key === app;
        if (!info().system && !isFront(window))
          throw problem("not-in-front", 409, "Only the app in front opens windows");
        openApp(target.key, mine || info().system ? args : undefined);
      },
      setTitle: async (title: string) => dispatch({ type: "title", id: window, title: title.slice(0, 200) }),
      close: async () => dispatch({ type: "close", id: window }),
      setBusy: async (reason: string | null) => setBusy(window, reason),
      viewDocument: async (id: string, version?: number) => {
        const { name, mime, size } = await node.files.stat(id);
        openApp(DOCUMENT, { id, version, name, mime, size });
      },
    },
    clipboard: {
      ...clipboard,
      writeText: async (text: string) => {
        if (!isFront(window)) throw problem("not-in-front", 409, "Only the app in front copies");
        await clipboard.writeText(text);
      },
      readText: async () => {
        if (!isFront(window)) throw problem("not-in-front", 409, "Only the app in front pastes");
        return clipboard.readText();
      },
    },
    theme: { get: async () => look() },
    i18n: { get: async () => locale() },
  };
}

type Branch = { [name: string]: Branch | ((...args: unknown[]) => Promise<unknown>) };

/** Only what was picked, for an app that does not have the whole drive. */
function mayHear(info: AppInfo, event: DriveEvent): boolean {
  return info.picked.some(each => each.node === event.node || each.node === event.parent);
}

/** Answers the calls of one window. Every call is judged by what its app holds at that moment. */
export function answersFor(caller: Caller): Answers {
  const root = deskCalls(caller) as unknown as Branch;

  const call: Answers["call"] = async (method, args, signal) => {
    if (!isMethod(method)) throw problem("unknown-method", 404, "There is no such call", method);
    const wrong = complaint(method, args);
    if (wrong !== undefined) throw problem("bad-arguments", 400, "The arguments have another shape", wrong);
    const needed = CAPABILITY[method];
    if (!suffices(heldBy(infoOf(caller.app)), needed))
      throw problem("app-denied", 403, "The app may not do this", `${method} needs ${needed.join(" or ")}`);
    const path = method.split(".");
    const name = path.pop() ?? "";
    const at = path.reduce<Branch>((branch, part) => branch[part] as Branch, root);
    const handler = at[name] as (...args: unknown[]) => Promise<unknown>;
    const place = OPTIONS_AT[method];
    if (place === undefined) return handler.apply(at, args);
    return handler.apply(at, [...Array.from({ length: place }, (_, index) => args[index]), { signal }]);
  };

  const listen = (topic: Topic, listener: (event: unknown) => void): (() => void) => {
    if (isOwnTopic(topic)) return subscribeOwn(topic, listener);
    const { install } = infoOf(caller.app);
    switch (topic) {
      case "events":
        return join(install, listener);
      case "permissions":
        return useApps.subscribe((now, before) => {
          const [next, last] = [now, before].map(({ list }) => list.find(each => each.install === install)?.info);
          if (next && JSON.stringify(next.permissions) !== JSON.stringify(last?.permissions))
            listener(next.permissions);
        });
      case "files":
        return subscribe(topic, event => {
          const info = appOf(caller.app)?.info;
          if (info && (heldBy(info).has("system:drive") || mayHear(info, event))) listener(event);
        });
      case "docs":
        return subscribe("apps", ({ op, install: where, data }) => {
          if (op === "data" && where === install && data) listener(data);
        });
      default:
        return subscribe(topic, listener);
    }
  };

  return {
    call,
    subscribe: (topic, listener) => {
      if (!isTopic(topic)) return undefined;
      const allowed = () => {
        const info = appOf(caller.app)?.info;
        return info !== undefined && suffices(heldBy(info), TOPIC_CAPABILITY[topic]);
      };
      if (!allowed()) return undefined;
      // A grant that is taken back ends what it allowed at once.
      return listen(topic, event => {
        if (allowed()) listener(event);
      });
    },
  };
}
