import type { Json } from "./storage";

/** What an app may be allowed; the words of the manifest. */
export type Permission =
  | { kind: "network"; hosts: string[]; reason: string }
  | { kind: "storage"; access: "own"; reason: string }
  | { kind: "storage"; access: "pick"; mode: "read" | "write"; reason: string }
  | { kind: "identity"; claims: string[]; reason: string }
  | { kind: "services"; apps: string[]; reason: string }
  | { kind: "system"; areas: string[]; reason: string }
  | { kind: "messages" | "notify" | "compute" | "wallet" | "native-code" | "clipboard"; reason: string };

export interface PermissionState {
  /** Stable name of what is granted: `storage:own`, `network:api.example.org`. */
  key: string;
  permission: Permission;
  required: boolean;
  granted: boolean;
}

export interface Publisher {
  did: string;
  /** The first part of the ids of its apps. */
  hash: string;
}

export type Category =
  | "productivity"
  | "communication"
  | "media"
  | "developer"
  | "finance"
  | "network"
  | "system"
  | "games"
  | "education"
  | "other";

export type BackendState = "stopped" | "starting" | "running" | "waiting" | "failed";

/** An installed app. */
export interface App {
  /** This installation. */
  install: string;
  /** Publisher's hash and name: the same wherever the app is installed. */
  app: string;
  /** The name part alone, as in the manifest. */
  id: string;
  name: string;
  version: string;
  category: Category;
  description: string;
  publisher: Publisher;
  /** Part of the program: cannot be removed. */
  system: boolean;
  entry: { mode: "builtin"; module: string; style?: string | null } | { mode: "iframe"; origin: string; start: string };
  backend: { kind: string; state: BackendState } | null;
  /** Path in the package. */
  icon: string;
  window: { width: number; height: number; single: boolean };
  /** Bytes of the package. */
  size: number;
  /** Bytes the app keeps. */
  dataSize: number;
  installedAt: string;
  updatedAt: string;
  /** What a roll-back goes to. */
  previousVersion: string | null;
  permissions: PermissionState[];
  /** Files and folders the person picked for it. */
  picked: { node: string; mode: "read" | "write"; name: string }[];
}

export interface RemovedApp {
  install: string;
  app: string;
  name: string;
  version: string;
  removedAt: string;
  undoUntil: string;
  /** Whether the data was kept for good. */
  dataKept: boolean;
}

export type DataChoice = "keep" | "delete";

/** Where the package of an installation comes from. */
export type InstallSource = { store: string; app: string; version: string } | { node: string } | { file: Blob };

export interface Installation {
  install: string;
  saga: string;
}

export interface BackendLog {
  state: BackendState;
  restarts: number;
  /** When it is tried again after a failure. */
  nextStartAt: string | null;
  log: { at: string; stream: string; line: string }[];
}

export interface InstallEvent {
  op: "installed" | "updated" | "removed" | "restored" | "grants" | "backend";
  install: string;
  app: string;
}

export type SagaState = "running" | "done" | "failed" | "undoing" | "undone" | "stuck";

export interface SagaStep {
  name: string;
  state: "waiting" | "running" | "done" | "failed" | "undone";
  tries: number;
  error: string | null;
}

/** Work in steps, each journaled. */
export interface Saga {
  id: string;
  /** What it does: `app.install`, `app.remove`, `workflow`. */
  kind: string;
  /** What it is about, in words: the name of the app, of the workflow. */
  subject: string;
  state: SagaState;
  startedAt: string;
  updatedAt: string;
  /** Why it stopped. */
  error: string | null;
  steps: SagaStep[];
  /** What the person can do now. */
  can: { retry: boolean; undo: boolean };
  detail?: Json;
}

export interface SagaQuery {
  state?: SagaState;
}

/** A signed index of packages. */
export interface Store {
  id: string;
  name: string;
  /** A folder, an address. */
  location: string;
  packages: number;
  /** When its index was last read; `null`: never. */
  refreshedAt: string | null;
  /** Until when its index may be believed. */
  expiresAt: string | null;
  /** Why the last reading failed. */
  problem: string | null;
}

export interface StoreVersion {
  version: string;
  size: number;
  publishedAt: string;
  changes: string | null;
}

/** An app as a store offers it. */
export interface StorePackage {
  store: string;
  app: string;
  id: string;
  name: string;
  description: string;
  category: Category;
  publisher: Publisher;
  /** The newest first. */
  versions: StoreVersion[];
  /** How many pictures there are. */
  screenshots: number;
  languages: string[];
  permissions: { required: Permission[]; optional: Permission[] };
  rating: { average: number; count: number } | null;
  /** The installation of this app, if there is one. */
  installed: { install: string; version: string } | null;
  /** The store signs for another publisher than the installed app has: never an update. */
  publisherChanged: boolean;
}

export interface StoreQuery {
  q?: string;
  category?: Category;
  store?: string;
}

export interface AppUpdate {
  install: string;
  app: string;
  name: string;
  from: string;
  to: string;
  store: string;
  size: number;
}
