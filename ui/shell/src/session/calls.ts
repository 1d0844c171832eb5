/** What an app can ask of the OS, answered over the node's HTTP API. */
import type { Calls, Settings } from "@webx/sdk";
import type { GetArchiveData, GetArchiveOfData, GetContentData } from "@webx/sdk/api";
import { addressOf, api } from "./http";
import { setLocale } from "./locale";
import { pass } from "./login";
import { leave } from "./phase";
import { localRecords } from "./records";
import { PASS } from "./resource";
import { workerControls } from "./worker";

/** An address that a tag of this page can load; the service worker adds the proof. */
async function bytesAddress(address: string): Promise<string> {
  await workerControls();
  const url = new URL(address);
  url.searchParams.set(PASS, pass() ?? "");
  return url.href;
}

function contentAddress(id: string, query: NonNullable<GetContentData["query"]>): Promise<string> {
  return bytesAddress(addressOf<GetContentData>({ url: "/api/drive/nodes/{id}/content", path: { id }, query }));
}

function archiveAddress(id: string): Promise<string> {
  return bytesAddress(addressOf<GetArchiveData>({ url: "/api/drive/nodes/{id}/archive", path: { id } }));
}

function archiveOfAddress(ids: string[]): Promise<string> {
  return bytesAddress(addressOf<GetArchiveOfData>({ url: "/api/drive/archive", query: { ids: ids.join(",") } }));
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
  list: (id, query = {}, call) => api.listChildren({ path: { id }, query, ...call }),
  stat: id => api.getNode({ path: { id } }),
  path: id => api.getNodePath({ path: { id } }),
  resolve: path => api.resolvePath({ query: { path } }),
  search: (q, limit, call) => api.searchDrive({ query: { q, limit }, ...call }),
  usage: () => api.getUsage(),

  createFolder: (id, name, onConflict) => api.createFolder({ path: { id }, body: { name, onConflict } }),
  write: (id, name, body, query = {}, call) => api.putFile({ path: { id, name }, query, body, ...call }),
  rename: (id, name) => api.patchNode({ path: { id }, body: { name } }),
  move: (id, parent, onConflict) => api.patchNode({ path: { id }, body: { parent, onConflict } }),
  copy: (id, parent, name, onConflict) => api.copyNode({ path: { id }, body: { parent, name, onConflict } }),
  trash: id => api.removeNode({ path: { id } }),
  trashList: (offset, limit) => api.listTrash({ query: { offset, limit } }),
  restore: id => api.restoreFromTrash({ path: { id } }),
  purge: id => api.purge({ path: { id } }),
  emptyTrash: () => api.emptyTrash(),

  versions: id => api.listVersions({ path: { id } }),
  restoreVersion: (id, version) => api.restoreVersion({ path: { id, version } }),
  restoreFolderAt: (id, at) => api.restoreFolderAt({ path: { id }, body: { at } }),

  read: async (id, range, version, call) => {
    const headers: Record<string, string> = {};
    if (range) {
      if (range.end !== undefined && range.end <= range.start) return new Blob();
      headers.range = `bytes=${range.start}-${range.end === undefined ? "" : range.end - 1}`;
    }
    return api.getContent({ path: { id }, query: { version }, headers, parseAs: "blob", ...call });
  },
  contentUrl: (id, version) => contentAddress(id, { version }),
  download: async (ids, version) => {
    const [only] = ids;
    if (only === undefined) return;
    if (ids.length > 1) download(await archiveOfAddress(ids));
    else if ((await files.stat(only)).kind === "folder") download(await archiveAddress(only));
    else download(await contentAddress(only, { version, download: true }));
  },

  uploadBegin: request => api.beginUpload({ body: request }),
  uploadState: id => api.getUpload({ path: { id } }),
  uploadAppend: (id, offset, chunk, call) =>
    api.appendUpload({ path: { id }, headers: { "Upload-Offset": offset }, body: chunk, ...call }),
  uploadFinish: id => api.finishUpload({ path: { id } }),
  uploadAbort: id => api.abortUpload({ path: { id } }),
  uploads: () => api.listUploads(),
  import: (parent, frames, onConflict, call) =>
    api.importFiles({ query: { parent, onConflict }, body: frames, ...call }),

  verify: () => api.verifyDrive(),
};

/** Everything but what belongs to a window: that the desktop answers. */
export const calls: Omit<Calls, "windows" | "clipboard" | "theme" | "i18n"> = {
  files,
  settings: {
    get: async () => followed(await api.getSettings()),
    patch: async change => followed(await api.patchSettings({ body: change })),
  },
  identity: {
    get: () => api.getIdentity(),
    patch: change => api.patchIdentity({ body: change }),
  },
  security: {
    changePassphrase: (current, next) => api.changePassphrase({ body: { current, next } }),
    checkRecovery: words => api.checkRecovery({ body: { words } }),
    lock: async () => {
      await api.lock();
      await leave();
    },
    signOut: async () => {
      await api.logOut();
      await leave();
    },
  },
  activity: { list: query => api.listActivity({ query }) },
  notifications: {
    list: () => api.listNotifications(),
    notify: async request => {
      await api.addNotification({ body: request });
    },
    dismiss: id => api.dismissNotification({ path: { id } }),
  },
  jobs: {
    list: () => api.listJobs(),
    cancel: id => api.cancelJob({ path: { id } }),
  },
  webdav: {
    get: () => api.getWebdav(),
    put: change => api.putWebdav({ body: change }),
  },
  system: { status: () => api.getStatus() },
  local: {
    get: localRecords.get,
    set: localRecords.set,
    delete: localRecords.delete,
    keys: localRecords.keys,
  },
};

/** The window layout, kept by the node so that it is there after a reload and on every screen; empty before the first. */
export const layout = {
  load: (): Promise<unknown> => api.getDesktop(),
  save: (value: Record<string, unknown>): Promise<void> => api.putDesktop({ body: value }),
};
