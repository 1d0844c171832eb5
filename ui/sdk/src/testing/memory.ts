import type { Calls, Method, Topic, Topics } from "../contract";
import { decodeImport } from "../import";
import { createOs, localTransport, type Os, type Transport } from "../os";
import { Problem, toProblem } from "../problem";
import type {
  ActivityItem,
  BackendRequest,
  BackendResponse,
  FileClip,
  Identity,
  Job,
  Locale,
  Notification,
  PendingUpload,
  PermissionState,
  PickOptions,
  Settings,
  Theme,
  WebDav,
} from "../types";
import { type AppsSeed, memoryApps } from "./apps";
import { type ContactsSeed, memoryContacts } from "./contacts";
import { type CopiesSeed, memoryCopies } from "./copies";
import { type DevicesSeed, memoryDevices } from "./devices";
import { type GuardiansSeed, memoryGuardians } from "./guardians";
import { memoryNetwork, type NetworkSeed } from "./network";
import { memoryStorage } from "./storage";
import { memoryTransfers, type TransfersSeed } from "./transfers";
import { MemoryTree } from "./tree";

/** Folders are objects, files are their text or bytes. */
export interface Seed {
  [name: string]: string | Blob | Seed;
}

export interface MemoryOptions {
  files?: Seed;
  settings?: Settings;
  identity?: Partial<Identity>;
  locale?: Locale;
  theme?: Theme;
  quota?: number | null;
  now?: () => number;
  apps?: AppsSeed;
  network?: NetworkSeed;
  contacts?: ContactsSeed;
  devices?: DevicesSeed;
  guardians?: GuardiansSeed;
  transfers?: TransfersSeed;
  copies?: CopiesSeed;
  /** What this app may do. */
  permissions?: PermissionState[];
  /** What the person picks when asked; nothing when left out. */
  pick?: (options: PickOptions) => string[];
  /** Answers instead of the app's backend. */
  backend?: (path: string, request: BackendRequest) => Promise<BackendResponse>;
}

/** What a test sees of calls that reach outside of the node. */
export interface MemoryTrace {
  calls: { method: Method; args: unknown[] }[];
  opened: { app: string; args: unknown }[];
  downloads: { ids: string[]; version?: number }[];
  documents: string[];
  titles: string[];
}

/** An operating system in memory, for unit tests and for the gallery of components. */
export interface MemoryOs {
  os: Os;
  transport: Transport;
  /** What answers, without the trace. */
  calls: Calls;
  tree: MemoryTree;
  trace: MemoryTrace;
  /** Lets the next call of the method fail. */
  failNext(method: Method, problem: Problem): void;
  /** Holds calls of the method back until the returned function is called. */
  hold(method: Method): () => void;
  emit<T extends Topic>(topic: T, event: Topics[T]): void;
}

const CHUNK = 8 * 1024 * 1024;

export function createMemoryOs(options: MemoryOptions = {}): MemoryOs {
  const now = options.now ?? Date.now;
  const at = (afterMs = 0) => new Date(now() + afterMs).toISOString();
  const listeners = new Map<Topic, Set<(event: never) => void>>();
  const failures = new Map<Method, Problem[]>();
  const gates = new Map<Method, Promise<void>>();
  const trace: MemoryTrace = { calls: [], opened: [], downloads: [], documents: [], titles: [] };

  const emit = <T extends Topic>(topic: T, event: Topics[T]) => {
    for (const listener of [...(listeners.get(topic) ?? [])]) (listener as (event: Topics[T]) => void)(event);
  };

  const tree = new MemoryTree(now);
  seed(tree, "root", options.files ?? {});
  tree.onEvent = event => emit("files", event);

  let settings: Settings = options.settings ?? { theme: "light", language: "en", autoLockMinutes: 15 };
  let identity: Identity = {
    did: "did:scid:vh:1:QmMemoryOnlyIdentity",
    deviceDid: "did:key:z6MkMemoryOnlyDevice",
    displayName: "Ada Lovelace",
    deviceName: "Laptop",
    createdAt: at(),
    recoveryConfirmed: true,
    log: [],
    ...options.identity,
  };
  let webdav: WebDav = { enabled: false, url: "http://webx.localhost:7700/dav/", username: "webx" };
  let clip: FileClip | null = null;
  let text = "";
  const activity: ActivityItem[] = [];
  let notifications: Notification[] = [];
  const jobs: Job[] = [];
  const uploads = new Map<string, PendingUpload & { parts: Blob[]; onConflict: "fail" | "newVersion" | "keepBoth" }>();
  let permissions = options.permissions ?? [];
  let counter = 0;
  const id = () => {
    counter += 1;
    return `memory-${counter}`;
  };
  const upload = (key: string) => {
    const found = uploads.get(key);
    if (found === undefined)
      throw new Problem({ code: "no-such-upload", status: 404, title: "There is no such upload" });
    return found;
  };

  const calls: Calls = {
    files: {
      list: async (folder, query) => tree.list(folder, query),
      stat: async node => tree.entry(node).node,
      path: async node => ({ path: tree.path(node), ancestors: tree.ancestors(node) }),
      resolve: async path => tree.resolve(path),
      search: async (query, limit = 50) => {
        const wanted = query.toLocaleLowerCase();
        return tree
          .all()
          .filter(node => node.trashed == null && node.name.toLocaleLowerCase().includes(wanted))
          .slice(0, limit)
          .map(node => ({ node, path: tree.path(node.id) }));
      },
      usage: async () => {
        const nodes = tree.all();
        const files = nodes.filter(node => node.kind === "file");
        const logical = files.reduce((sum, node) => sum + node.size, 0);
        const trash = tree.trashList().reduce((sum, node) => sum + node.size, 0);
        return {
          files: files.length,
          folders: nodes.length - files.length,
          logical,
          stored: logical,
          versions: 0,
          trash,
          quota: options.quota ?? null,
          free: 500e9,
        };
      },
      createFolder: async (parent, name, onConflict) => tree.createFolder(parent, name, onConflict),
      write: async (parent, name, body, how) => tree.write(parent, name, body, how?.modified, how?.onConflict),
      rename: async (node, name) => tree.rename(node, name),
      move: async (node, parent, onConflict) => tree.move(node, parent, onConflict),
      copy: async (node, parent, name, onConflict) => tree.copy(node, parent, name, onConflict),
      trash: async node => tree.trash(node),
      trashList: async (offset = 0, limit = 1000) => {
        const all = tree.trashList().reverse();
        return { items: all.slice(offset, offset + limit), total: all.length };
      },
      restore: async node => ({ node: tree.restore(node), path: tree.path(node) }),
      purge: async node => tree.purge(node),
      emptyTrash: async () => {
        for (const node of tree.trashList()) tree.purge(node.id);
      },
      versions: async node => tree.versions(node),
      restoreVersion: async (node, version) => tree.restoreVersion(node, version),
      restoreFolderAt: async (node, when) => {
        tree.restoreFolderAt(node, Date.parse(when));
        return { restored: 0, copied: 0, trashed: 0 };
      },
      read: async (node, range, version) => {
        const body = tree.body(node, version);
        return range === undefined ? body : body.slice(range.start, range.end, body.type);
      },
      pick: async (how = {}) => (options.pick?.(how) ?? []).map(node => tree.entry(node).node),
      saveAs: async (name, body) => tree.write("root", name, body, undefined, "keepBoth"),
      save: async (node, body) => {
        const { parent, name } = tree.entry(node).node;
        return tree.write(parent ?? "root", name, body, undefined, "newVersion");
      },
      objectUrl: async (node, version) => URL.createObjectURL(tree.body(node, version)),
      download: async (ids, version) => {
        trace.downloads.push(version === undefined ? { ids } : { ids, version });
      },
      uploadBegin: async request => {
        const onConflict = request.onConflict ?? "fail";
        if (onConflict === "fail" && tree.child(request.parent, request.name) !== undefined)
          throw new Problem({ code: "exists", status: 409, title: "There is already something with this name" });
        const key = id();
        uploads.set(key, {
          id: key,
          offset: 0,
          chunkSize: CHUNK,
          parent: request.parent,
          name: request.name,
          size: request.size,
          modified: request.modified ?? null,
          createdAt: at(),
          parts: [],
          onConflict,
        });
        return { id: key, offset: 0, chunkSize: CHUNK };
      },
      uploadState: async key => {
        const { offset, chunkSize } = upload(key);
        return { id: key, offset, chunkSize };
      },
      uploadAppend: async (key, offset, chunk) => {
        const state = upload(key);
        if (offset !== state.offset)
          throw new Problem({ code: "wrong-offset", status: 409, title: "The upload stands elsewhere" });
        state.parts.push(chunk);
        state.offset += chunk.size;
        return { offset: state.offset };
      },
      uploadFinish: async key => {
        const { parent, name, parts, modified, onConflict } = upload(key);
        uploads.delete(key);
        return tree.write(parent, name, new Blob(parts), modified ?? undefined, onConflict);
      },
      uploadAbort: async key => {
        uploads.delete(key);
      },
      uploads: async () => [...uploads.values()].map(({ parts: _parts, onConflict: _how, ...pending }) => pending),
      import: async (parent, frames, onConflict) => {
        const result = { files: 0, folders: 0, bytes: 0, failed: [] as { path: string; code: string }[] };
        for (const { path, body, modified } of await decodeImport(frames)) {
          const cut = path.lastIndexOf("/");
          try {
            const folder = cut < 0 ? parent : tree.ensureFolder(parent, path.slice(0, cut));
            if (cut === path.length - 1) {
              result.folders += 1;
              continue;
            }
            tree.write(folder, path.slice(cut + 1), body, modified, onConflict);
            result.files += 1;
            result.bytes += body.size;
          } catch (error) {
            result.failed.push({ path, code: toProblem(error).code });
          }
        }
        return result;
      },
      verify: async () => ({ job: id() }),
    },
    settings: {
      get: async () => settings,
      patch: async change => {
        settings = { ...settings, ...(change as Partial<Settings>) };
        emit("settings", settings);
        return settings;
      },
    },
    identity: {
      name: async () => identity.displayName,
      authenticate: async challenge => ({
        ...{ did: identity.did, issuedAt: at(), log: "", signature: btoa("memory") },
        payload: btoa(JSON.stringify({ challenge, did: identity.did })),
      }),
      get: async () => identity,
      patch: async change => {
        identity = { ...identity, ...change };
        emit("identity", identity);
        return identity;
      },
    },
    security: {
      changePassphrase: async () => {},
      checkRecovery: async () => ({ matches: true }),
      lock: async () => {},
      signOut: async () => {},
    },
    activity: {
      list: async (query = {}) => {
        const items = activity
          .filter(item => query.before === undefined || item.id < query.before)
          .filter(item => query.kind === undefined || item.kind === query.kind)
          .slice(0, query.limit ?? 50);
        return { items, next: null };
      },
    },
    notifications: {
      list: async () => notifications,
      notify: async request => {
        const item: Notification = { level: "info", ...request, id: id(), at: at() };
        notifications = [item, ...notifications];
        emit("notifications", item);
      },
      dismiss: async key => {
        notifications = notifications.filter(item => item.id !== key);
      },
    },
    jobs: { list: async () => jobs, cancel: async () => {} },
    webdav: {
      get: async () => webdav,
      put: async change => {
        webdav = { ...webdav, enabled: change.enabled };
        return change.renewToken ? { ...webdav, token: "memory-token" } : webdav;
      },
    },
    system: { status: async () => ({ state: "open", ready: true, version: "0.1.0" }) },
    windows: {
      open: async (app, args) => {
        trace.opened.push({ app, args });
      },
      setTitle: async title => {
        trace.titles.push(title);
      },
      close: async () => {},
      setBusy: async () => {},
      viewDocument: async node => {
        trace.documents.push(node);
      },
    },
    clipboard: {
      writeText: async value => {
        text = value;
      },
      readText: async () => text,
      writeFiles: async value => {
        clip = value;
        emit("clipboard", clip);
      },
      readFiles: async () => clip,
    },
    theme: { get: async () => options.theme ?? { name: "light", reduceMotion: true } },
    i18n: { get: async () => options.locale ?? { language: "en", dir: "ltr" } },
    storage: memoryStorage(at, change => emit("docs", change)),
    backend: {
      fetch: async (path, request = {}) =>
        options.backend?.(path, request) ?? { status: 404, headers: {}, body: new Blob() },
    },
    permissions: {
      list: async () => permissions,
      request: async keys => {
        permissions = permissions.map(one => ({ ...one, granted: one.granted || keys.includes(one.key) }));
        emit("permissions", permissions);
        return permissions.filter(one => one.granted && keys.includes(one.key)).map(one => one.key);
      },
    },
    events: { emit: async (name, data = null) => emit("events", { name, data }) },
    network: memoryNetwork(options.network ?? {}, {
      at,
      did: () => identity.did,
      tell: change => emit("network", change),
    }),
    guardians: memoryGuardians(options.guardians ?? {}, { at, name: () => undefined }),
    devices: memoryDevices(options.devices ?? {}, { at, name: () => identity.deviceName }),
    contacts: memoryContacts(options.contacts ?? {}, {
      at,
      did: () => identity.did,
      tell: change => emit("contacts", change),
    }),
    copies: memoryCopies(options.copies ?? {}),
    transfers: memoryTransfers(options.transfers ?? {}, {
      at,
      stat: file => calls.files.stat(file),
      tell: change => emit("transfers", change),
    }),
    ...memoryApps(options.apps ?? {}, {
      at,
      id,
      tellApps: event => emit("apps", event),
      tellSagas: saga => emit("sagas", saga),
    }),
  };

  const inner = localTransport(calls, (topic, listener) => {
    const set = listeners.get(topic) ?? new Set();
    listeners.set(topic, set);
    set.add(listener as (event: never) => void);
    return () => set.delete(listener as (event: never) => void);
  });
  const transport: Transport = {
    subscribe: inner.subscribe,
    async call(method, args, callOptions) {
      trace.calls.push({ method, args });
      await gates.get(method);
      callOptions?.signal?.throwIfAborted();
      const failure = failures.get(method)?.shift();
      if (failure !== undefined) throw failure;
      return copyOf(await inner.call(method, args, callOptions));
    },
  };

  return {
    os: createOs(transport),
    transport,
    calls,
    tree,
    trace,
    emit,
    failNext(method, problem) {
      failures.set(method, [...(failures.get(method) ?? []), problem]);
    },
    hold(method) {
      let open = () => {};
      gates.set(
        method,
        new Promise(done => {
          open = () => {
            gates.delete(method);
            done();
          };
        }),
      );
      return open;
    },
  };
}

/** An answer over a port is a copy; a test must not see the node's own objects change. */
function copyOf(answer: unknown): unknown {
  if (answer instanceof Blob || answer === undefined || answer === null) return answer;
  return structuredClone(answer);
}

function seed(tree: MemoryTree, parent: string, files: Seed): void {
  for (const [name, content] of Object.entries(files)) {
    if (typeof content === "string") tree.write(parent, name, new Blob([content]));
    else if (content instanceof Blob) tree.write(parent, name, content);
    else seed(tree, tree.createFolder(parent, name).id, content);
  }
}
