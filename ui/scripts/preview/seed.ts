/** Apps, stores and work such as a node might have. */
import type { App, PermissionState, StorePackageDetail } from "@webx/sdk";
import type { MemoryOptions } from "@webx/sdk/testing";
import { net } from "./net";

const ADA = { did: "did:key:z6MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2doK", hash: "k3b7q2mfx5ta6zcd" };
const LIN = { did: "did:key:z6MkpTHR8VNsBxYAAWHut2Geadd9jSwuBV8xRoAnwWsdvktH", hash: "w5e2jrq7oplx3n4a" };
const ago = (hours: number) => new Date(Date.now() - hours * 3600e3).toISOString();

const may = (
  key: string,
  permission: PermissionState["permission"],
  required = true,
  granted = required,
): PermissionState => ({
  key,
  permission,
  required,
  granted,
});
const OWN = may("storage:own", { kind: "storage", access: "own", reason: "Keeps your notes" });
const NOTIFY = may("notify", { kind: "notify", reason: "Reminds you of what is due" }, false, true);
const PICK = may(
  "storage:pick:write",
  { kind: "storage", access: "pick", mode: "write", reason: "Opens and saves Markdown files" },
  false,
  true,
);
const NET = may(
  "network:api.open-meteo.com",
  { kind: "network", hosts: ["api.open-meteo.com"], reason: "Asks for the weather of your place" },
  false,
);

/** A tile with a sign on it, in a hue of its own. */
export const icon = (sign: string, hue: number): string =>
  `data:image/svg+xml,${encodeURIComponent(
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 64 64"><defs><linearGradient id="g" x2="0" y2="1"><stop stop-color="hsl(${hue} 62% 58%)"/><stop offset="1" stop-color="hsl(${hue + 14} 60% 42%)"/></linearGradient></defs><rect width="64" height="64" rx="16" fill="url(#g)"/><text x="32" y="43" font-family="system-ui" font-size="30" font-weight="600" fill="#fff" text-anchor="middle">${sign}</text></svg>`,
  )}`;

const app = (id: string, name: string, more: Partial<App>): App => ({
  ...{ install: `i-${id}`, app: `${ADA.hash}.${id}`, id, name, version: "1.2.0", category: "productivity" },
  ...{ description: `${name} for your desktop.`, publisher: ADA, system: false, backend: null, icon: "icon.svg" },
  entry: { mode: "builtin", module: "app.js", style: "app.css" },
  ...{ window: { width: 900, height: 620, single: false }, languages: ["en"], workflows: [], size: 184_320 },
  ...{
    dataSize: 48_212,
    quota: 268_435_456,
    installedAt: ago(300),
    updatedAt: ago(26),
    previousVersion: null,
    picked: [],
  },
  permissions: [OWN],
  ...more,
});

const offer = (
  id: string,
  name: string,
  category: string,
  description: string,
  sign: [string, number],
  more: Partial<StorePackageDetail> = {},
): StorePackageDetail => ({
  ...{ store: "home", app: `${ADA.hash}.${id}`, name, version: "1.3.0", category, description, publisher: ADA },
  ...{ size: 210_944, rating: 46, screenshots: 3, icon: icon(...sign), installed: null, warnings: [] },
  versions: [
    {
      ...{ version: "1.3.0", size: 210_944, digest: "ab".repeat(32), publishedAt: ago(30) },
      notes: "Search in all notebooks. Faster start. Corrections.",
    },
    { ...{ version: "1.2.0", size: 184_320, digest: "cd".repeat(32), publishedAt: ago(700) }, notes: "Dark theme." },
    { ...{ version: "1.0.0", size: 150_000, digest: "ef".repeat(32), publishedAt: ago(2400) }, notes: null },
  ],
  permissions: [OWN, PICK, NOTIFY],
  ...more,
});

const system = { app: "webx.files", publisher: { did: "did:key:z6MkSystem", hash: "webx" }, system: true, dataSize: 0 };

export const seed: MemoryOptions = {
  ...net,
  files: { "Welcome.md": "# Welcome", Documents: { "Tax.pdf": "%PDF", "Letter.md": "Dear Anna" }, "notes.wxa": "PK" },
  apps: {
    apps: [
      app("notes", "Notes", {
        permissions: [OWN, PICK, NOTIFY, NET],
        previousVersion: "1.1.0",
        picked: [
          { node: "n1", mode: "write", name: "Letter to Anna.md" },
          { node: "n2", mode: "read", name: "Recipes" },
        ],
      }),
      app("guestbook", "Guestbook", {
        ...{ version: "0.9.1", publisher: LIN, app: `${LIN.hash}.guestbook`, size: 27_600_000, dataSize: 2_400_128 },
        backend: { kind: "wsgi", state: "resting" },
        entry: { mode: "iframe", origin: "http://abc.webx.localhost:7700", start: "/" },
      }),
      app("board", "Board", { version: "2.0.0", dataSize: 0, permissions: [OWN] }),
      app("files", "Files", {
        ...system,
        permissions: [
          may("system:drive", { kind: "system", areas: ["drive"], reason: "Shows and changes your files" }),
        ],
      }),
      app("settings", "Settings", { ...system, app: "webx.settings" }),
    ],
    removed: [
      {
        ...{ install: "i-old", app: `${ADA.hash}.timer`, name: "Timer", version: "3.1.4", removedAt: ago(60) },
        ...{ undoUntil: ago(-660), dataSize: 12_000, deleteData: false },
      },
    ],
    backends: {
      "i-guestbook": {
        ...{
          kind: "wsgi",
          state: "resting",
          restarts: 3,
          served: 41,
          inFlight: 0,
          nextStartAt: new Date(Date.now() + 8000).toISOString(),
        },
        problem: "It used more than 128 MiB and was stopped.",
        log: [
          { at: ago(0.2), stream: "system", text: "started in 14 ms" },
          { at: ago(0.19), stream: "out", text: "GET / 200" },
          { at: ago(0.1), stream: "out", text: "POST /entries 303" },
          { at: ago(0.01), stream: "err", text: "MemoryError: cannot allocate 67108864 bytes" },
          { at: ago(0.01), stream: "system", text: "stopped: memory limit; again in 8 s" },
        ],
      },
    },
    sagas: [
      {
        ...{ id: "s1", kind: "app.install", subject: "Wrapped", state: "failed", attempt: 3, createdAt: ago(2) },
        ...{ updatedAt: ago(1), canRetry: true, canUndo: true },
        reason: "The backend could not be compiled: there is not enough free space on the disk (needs 44 MB).",
        steps: [
          { name: "upload", state: "done" },
          { name: "verify", state: "done" },
          { name: "compile", state: "current" },
          { name: "register", state: "open" },
        ],
      },
      {
        ...{ id: "s2", kind: "workflow", subject: "Notes: Month as PDF", state: "running", attempt: 1, progress: 0.4 },
        ...{ createdAt: ago(0.02), updatedAt: ago(0.01), canRetry: false, canUndo: true },
        steps: [
          { name: "collect", state: "done" },
          { name: "render", state: "current" },
          { name: "save", state: "open" },
        ],
      },
      {
        ...{ id: "s3", kind: "app.remove", subject: "Timer", state: "done", attempt: 1, createdAt: ago(60) },
        ...{ updatedAt: ago(60), canRetry: false, canUndo: false, steps: [{ name: "tombstone", state: "done" }] },
      },
    ],
    stores: [
      {
        ...{ id: "home", name: "Home shelf", location: "/home/ada/store", packages: 9, refreshedAt: ago(3) },
      },
      {
        ...{ id: "club", name: "Chaos club", location: "/media/usb/apps", packages: 2, refreshedAt: ago(400) },
        problem: "The folder is not there: is the drive connected?",
      },
    ],
    packages: [
      offer("notes", "Notes", "productivity", "Write, sort and find notes. Markdown, encrypted, yours.", ["N", 42]),
      offer("board", "Board", "productivity", "Cards in columns: plan a week or a house.", ["B", 205], {
        version: "2.0.0",
        rating: 41,
      }),
      offer(
        "guestbook",
        "Guestbook",
        "communication",
        "A guest book with a Flask backend, for parties and open days.",
        ["G", 150],
        {
          ...{ app: `${LIN.hash}.guestbook`, publisher: LIN, version: "0.9.1", size: 27_600_000, rating: null },
          permissions: [OWN],
        },
      ),
      offer("resize", "Image resize", "media", "Makes pictures smaller, on your machine alone.", ["R", 330], {
        screenshots: 1,
      }),
      offer("chess", "Chess", "games", "Against a friend or the machine.", ["♞", 25], { rating: 49 }),
      offer("ledger", "Household ledger", "finance", "Who paid what, and who owes whom.", ["€", 120]),
      offer("vocab", "Vocabulary", "education", "Five minutes a day, with cards that come back.", ["V", 270]),
      offer("logs", "Log viewer", "developer", "Follows and filters large logs.", ["L", 190], { rating: 38 }),
      offer("impostor", "Timer", "productivity", "Counts down, gently.", ["T", 0], {
        warnings: [
          "You have an app “Timer” of another publisher. This one is a different app: it gets none of that one’s data.",
        ],
      }),
    ],
  },
};
