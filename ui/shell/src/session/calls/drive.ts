/** The drive over the node's HTTP API. */
import type { Calls } from "@webx/sdk";
import type { GetArchiveData, GetArchiveOfData, GetContentData } from "@webx/sdk/api";
import { type Api, addressOf } from "../http";
import { pass } from "../login";
import { PASS } from "../resource";
import { workerControls } from "../worker";

/** All of it but what asks the person: that the desktop does. */
export type DriveCalls = Omit<Calls["files"], "pick" | "saveAs" | "objectUrl">;

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

const signalOf = (call?: { signal?: AbortSignal }) => (call?.signal ? { signal: call.signal } : {});

/** Hands everything an app keeps to the browser's downloads. */
export async function downloadBlob(blob: Blob, name: string): Promise<void> {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), FRAME_MS);
}

/** The drive as an app, or the desktop itself, reaches it through its own `api`. */
export const driveCalls = (api: Api): DriveCalls => ({
  list: (id, query = {}, call) => api.listChildren({ path: { id }, query, ...signalOf(call) }),
  stat: id => api.getNode({ path: { id } }),
  path: id => api.getNodePath({ path: { id } }),
  resolve: path => api.resolvePath({ query: { path } }),
  search: (q, limit, call) => api.searchDrive({ query: { q, limit }, ...signalOf(call) }),
  usage: () => api.getUsage(),

  createFolder: (id, name, onConflict) => api.createFolder({ path: { id }, body: { name, onConflict } }),
  write: (id, name, body, query = {}, call) => api.putFile({ path: { id, name }, query, body, ...signalOf(call) }),
  save: (id, body, call) => api.putContent({ path: { id }, body, ...signalOf(call) }),
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
    return api.getContent({ path: { id }, query: { version }, headers, parseAs: "blob", ...signalOf(call) });
  },
  download: async (ids, version) => {
    const [only] = ids;
    if (only === undefined) return;
    // Asked as whoever wants it, so that nobody downloads what he may not see; the download itself is the browser's.
    const nodes = await Promise.all(ids.map(id => api.getNode({ path: { id } })));
    if (ids.length > 1) download(await archiveOfAddress(ids));
    else if (nodes[0]?.kind === "folder") download(await archiveAddress(only));
    else download(await contentAddress(only, { version, download: true }));
  },

  uploadBegin: request => api.beginUpload({ body: request }),
  uploadState: id => api.getUpload({ path: { id } }),
  uploadAppend: (id, offset, chunk, call) =>
    api.appendUpload({ path: { id }, headers: { "Upload-Offset": offset }, body: chunk, ...signalOf(call) }),
  uploadFinish: id => api.finishUpload({ path: { id } }),
  uploadAbort: id => api.abortUpload({ path: { id } }),
  uploads: () => api.listUploads(),
  import: (parent, frames, onConflict, call) =>
    api.importFiles({ query: { parent, onConflict }, body: frames, ...signalOf(call) }),

  verify: () => api.verifyDrive(),
});
