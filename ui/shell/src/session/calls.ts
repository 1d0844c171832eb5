/** What an app can ask of the OS, answered over the node's HTTP API. */
import {
  type ActivityPage,
  type Calls,
  type Identity,
  type ImportResult,
  type Job,
  type Node,
  type NodePath,
  type Notification,
  type Page,
  type PendingUpload,
  Problem,
  type Restored,
  type RestoredFolder,
  type SearchHit,
  type Settings,
  type Status,
  type UploadState,
  type Usage,
  type Version,
  type WebDav,
} from "@webx/sdk";
import { addressOf, ask, type Query, segment, send } from "./http";
import { setLocale } from "./locale";
import { pass } from "./login";
import { leave } from "./phase";
import { localRecords } from "./records";
import { PASS } from "./resource";
import { workerControls } from "./worker";

const DRIVE = "/api/drive";
const node = (id: string) => `${DRIVE}/nodes/${segment(id)}`;

/** An address that a tag of this page can load; the service worker adds the proof. */
async function bytesAddress(path: string, query: Query): Promise<string> {
  await workerControls();
  return addressOf(path, { ...query, [PASS]: pass() });
}

/** How long the frame of a download stays: until long after the browser has taken the answer over. */
const FRAME_MS = 60_000;

/**
 * Hands an address to the browser's downloads. A hidden frame navigates there, because a link with `download` goes past
 * the service worker in Chromium; the node's `Content-Disposition` makes a download of it.
 */
function download(address: string): void {
  const frame = document.createElement("iframe");
  frame.hidden = true;
  frame.title = "";
  frame.src = address;
  document.body.append(frame);
  setTimeout(() => frame.remove(), FRAME_MS);
}

/** The language of the settings is the language of the screen. */
function followed(settings: Settings): Settings {
  if (settings.language) setLocale(settings.language);
  return settings;
}

const files: Calls["files"] = {
  list: (folder, query = {}, call) =>
    ask<Page<Node>>("GET", `${node(folder)}/children`, { query: { ...query }, signal: call?.signal }),
  stat: id => ask<Node>("GET", node(id)),
  path: id => ask<NodePath>("GET", `${node(id)}/path`),
  resolve: path => ask<Node>("GET", `${DRIVE}/resolve`, { query: { path } }),
  search: (q, limit, call) => ask<SearchHit[]>("GET", `${DRIVE}/search`, { query: { q, limit }, signal: call?.signal }),
  usage: () => ask<Usage>("GET", `${DRIVE}/usage`),

  createFolder: (parent, name, onConflict) =>
    ask<Node>("POST", `${node(parent)}/children`, { json: { name, ...(onConflict ? { onConflict } : {}) } }),
  write: (parent, name, body, options = {}, call) =>
    ask<Node>("PUT", `${node(parent)}/files/${segment(name)}`, { query: { ...options }, body, signal: call?.signal }),
  rename: (id, name) => ask<Node>("PATCH", node(id), { json: { name } }),
  move: (id, parent, onConflict) =>
    ask<Node>("PATCH", node(id), { json: { parent, ...(onConflict ? { onConflict } : {}) } }),
  copy: (id, parent, name, onConflict) =>
    ask<Node>("POST", `${node(id)}/copy`, {
      json: { parent, ...(name === undefined ? {} : { name }), ...(onConflict ? { onConflict } : {}) },
    }),
  trash: id => ask<void>("DELETE", node(id)),
  trashList: (offset, limit) => ask<Page<Node>>("GET", `${DRIVE}/trash`, { query: { offset, limit } }),
  restore: id => ask<Restored>("POST", `${DRIVE}/trash/${segment(id)}/restore`),
  purge: id => ask<void>("DELETE", `${DRIVE}/trash/${segment(id)}`),
  emptyTrash: () => ask<void>("DELETE", `${DRIVE}/trash`),

  versions: id => ask<Version[]>("GET", `${node(id)}/versions`),
  restoreVersion: (id, version) => ask<Node>("POST", `${node(id)}/versions/${version}/restore`),
  restoreFolderAt: (id, at) => ask<RestoredFolder>("POST", `${node(id)}/restore-at`, { json: { at } }),

  read: async (id, range, version, call) => {
    const headers: Record<string, string> = {};
    if (range) {
      if (range.end !== undefined && range.end <= range.start) return new Blob();
      headers.range = `bytes=${range.start}-${range.end === undefined ? "" : range.end - 1}`;
    }
    return (await send("GET", `${node(id)}/content`, { query: { version }, headers, signal: call?.signal })).blob();
  },
  contentUrl: (id, version) => bytesAddress(`${node(id)}/content`, { version }),
  download: async (ids, version) => {
    const [only] = ids;
    if (only === undefined) return;
    if (ids.length > 1) download(await bytesAddress(`${DRIVE}/archive`, { ids: ids.join(",") }));
    else if ((await files.stat(only)).kind === "folder") download(await bytesAddress(`${node(only)}/archive`, {}));
    else download(await bytesAddress(`${node(only)}/content`, { version, download: true }));
  },

  uploadBegin: request => ask<UploadState>("POST", `${DRIVE}/uploads`, { json: request }),
  uploadState: id => ask<UploadState>("GET", `${DRIVE}/uploads/${segment(id)}`),
  uploadAppend: (id, offset, chunk, call) =>
    ask<{ offset: number }>("PATCH", `${DRIVE}/uploads/${segment(id)}`, {
      headers: { "upload-offset": String(offset) },
      body: chunk,
      signal: call?.signal,
    }),
  uploadFinish: id => ask<Node>("POST", `${DRIVE}/uploads/${segment(id)}/finish`),
  uploadAbort: id => ask<void>("DELETE", `${DRIVE}/uploads/${segment(id)}`),
  uploads: () => ask<PendingUpload[]>("GET", `${DRIVE}/uploads`),
  import: (parent, frames, onConflict, call) =>
    ask<ImportResult>("POST", `${DRIVE}/import`, { query: { parent, onConflict }, body: frames, signal: call?.signal }),

  verify: () => ask<{ job: string }>("POST", `${DRIVE}/verify`),
};

/** Everything but what belongs to a window: that the desktop answers. */
export const calls: Omit<Calls, "windows" | "clipboard" | "theme" | "i18n"> = {
  files,
  settings: {
    get: async () => followed(await ask<Settings>("GET", "/api/settings")),
    patch: async change => followed(await ask<Settings>("PATCH", "/api/settings", { json: change })),
  },
  identity: {
    get: () => ask<Identity>("GET", "/api/identity"),
    patch: change => ask<Identity>("PATCH", "/api/identity", { json: change }),
  },
  security: {
    changePassphrase: (current, next) => ask<void>("POST", "/api/security/passphrase", { json: { current, next } }),
    checkRecovery: words => ask<{ matches: boolean }>("POST", "/api/security/recovery-check", { json: { words } }),
    lock: async () => {
      await ask<void>("POST", "/api/lock");
      await leave();
    },
    signOut: async () => {
      await ask<void>("DELETE", "/api/session");
      await leave();
    },
  },
  activity: { list: (query = {}) => ask<ActivityPage>("GET", "/api/activity", { query: { ...query } }) },
  notifications: {
    list: () => ask<Notification[]>("GET", "/api/notifications"),
    notify: async request => {
      await ask("POST", "/api/notifications", { json: request });
    },
    dismiss: id => ask<void>("DELETE", `/api/notifications/${segment(id)}`),
  },
  jobs: {
    list: () => ask<Job[]>("GET", "/api/jobs"),
    cancel: id => ask<void>("DELETE", `/api/jobs/${segment(id)}`),
  },
  webdav: {
    get: () => ask<WebDav>("GET", "/api/doors/webdav"),
    put: change => ask<WebDav>("PUT", "/api/doors/webdav", { json: change }),
  },
  system: { status: () => ask<Status>("GET", "/api/status") },
  local: {
    get: localRecords.get,
    set: localRecords.set,
    delete: localRecords.delete,
    keys: localRecords.keys,
  },
};

/** The window layout, kept by the node so that it is there after a reload and on every screen. */
export const layout = {
  load: async (): Promise<unknown> => {
    try {
      return await ask<unknown>("GET", "/api/desktop");
    } catch (reason) {
      if (reason instanceof Problem && reason.status === 404) return null;
      throw reason;
    }
  },
  save: (value: unknown): Promise<void> => ask<void>("PUT", "/api/desktop", { json: value }),
};
