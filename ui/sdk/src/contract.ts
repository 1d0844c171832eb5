import type {
  ActivityItem,
  ActivityPage,
  ActivityQuery,
  ByteRange,
  DriveEvent,
  FileClip,
  Identity,
  ImportResult,
  Job,
  ListQuery,
  Locale,
  Node,
  NodeId,
  NodePath,
  Notification,
  NotificationRequest,
  OnConflict,
  Page,
  PendingUpload,
  Restored,
  RestoredFolder,
  SearchHit,
  Settings,
  Status,
  Theme,
  Timestamp,
  UploadRequest,
  UploadState,
  Usage,
  Version,
  WebDav,
  WriteOptions,
} from "./types";

/** Travels beside the arguments, never inside them. */
export interface CallOptions {
  signal?: AbortSignal;
}

/*
 * The one definition of what an app can ask of the OS. Every method is asynchronous and every argument and
 * answer can be structured-cloned, so the same calls work in the shell's realm and over a MessagePort.
 */

export interface FilesCalls {
  list(folder: NodeId, query?: ListQuery, call?: CallOptions): Promise<Page<Node>>;
  stat(id: NodeId): Promise<Node>;
  path(id: NodeId): Promise<NodePath>;
  resolve(path: string): Promise<Node>;
  search(query: string, limit?: number, call?: CallOptions): Promise<SearchHit[]>;
  usage(): Promise<Usage>;

  createFolder(parent: NodeId, name: string, onConflict?: OnConflict): Promise<Node>;
  /** Writes a whole file in one request; for large ones see the upload calls. */
  write(parent: NodeId, name: string, body: Blob, options?: WriteOptions, call?: CallOptions): Promise<Node>;
  rename(id: NodeId, name: string): Promise<Node>;
  move(id: NodeId, parent: NodeId, onConflict?: OnConflict): Promise<Node>;
  copy(id: NodeId, parent: NodeId, name?: string, onConflict?: OnConflict): Promise<Node>;
  /** To the trash; `restore` brings it back. */
  trash(id: NodeId): Promise<void>;
  /** The last removed first. */
  trashList(offset?: number, limit?: number): Promise<Page<Node>>;
  restore(id: NodeId): Promise<Restored>;
  /** For ever. */
  purge(id: NodeId): Promise<void>;
  emptyTrash(): Promise<void>;

  versions(id: NodeId): Promise<Version[]>;
  restoreVersion(id: NodeId, version: number): Promise<Node>;
  /** Brings the folder back to what it was at that time. */
  restoreFolderAt(id: NodeId, at: Timestamp): Promise<RestoredFolder>;

  /** The bytes of the file, or of the range. */
  read(id: NodeId, range?: ByteRange, version?: number, call?: CallOptions): Promise<Blob>;
  /** An address that `<img>`, `<video>` and `<audio>` of this window can load, ranges included. */
  contentUrl(id: NodeId, version?: number): Promise<string>;
  /** Hands the file to the browser's downloads; a folder, or more than one thing, as one zip. */
  download(ids: NodeId[], version?: number): Promise<void>;

  uploadBegin(request: UploadRequest): Promise<UploadState>;
  uploadState(id: string): Promise<UploadState>;
  uploadAppend(id: string, offset: number, chunk: Blob, call?: CallOptions): Promise<{ offset: number }>;
  uploadFinish(id: string): Promise<Node>;
  uploadAbort(id: string): Promise<void>;
  uploads(): Promise<PendingUpload[]>;
  /** `frames` is the batch import stream made by `encodeImport`. */
  import(parent: NodeId, frames: Blob, onConflict?: OnConflict, call?: CallOptions): Promise<ImportResult>;

  /** Starts a check of every block; progress comes as a job. */
  verify(): Promise<{ job: string }>;
}

export interface SettingsCalls {
  get(): Promise<Settings>;
  patch(change: Partial<Settings>): Promise<Settings>;
}

export interface IdentityCalls {
  get(): Promise<Identity>;
  patch(change: { displayName?: string; deviceName?: string }): Promise<Identity>;
}

export interface SecurityCalls {
  changePassphrase(current: string, next: string): Promise<void>;
  checkRecovery(words: string): Promise<{ matches: boolean }>;
  /** Locks the vault for everybody. */
  lock(): Promise<void>;
  /** Ends the session of this browser alone. */
  signOut(): Promise<void>;
}

export interface ActivityCalls {
  list(query?: ActivityQuery): Promise<ActivityPage>;
}

export interface NotificationCalls {
  list(): Promise<Notification[]>;
  notify(request: NotificationRequest): Promise<void>;
  dismiss(id: string): Promise<void>;
}

export interface JobCalls {
  list(): Promise<Job[]>;
  cancel(id: string): Promise<void>;
}

export interface WebDavCalls {
  get(): Promise<WebDav>;
  put(change: { enabled: boolean; renewToken?: boolean }): Promise<WebDav>;
}

export interface SystemCalls {
  status(): Promise<Status>;
}

/** About the window that made the call. */
export interface WindowCalls {
  open(app: string, args?: unknown): Promise<void>;
  setTitle(title: string): Promise<void>;
  close(): Promise<void>;
}

export interface ClipboardCalls {
  writeText(text: string): Promise<void>;
  readText(): Promise<string>;
  writeFiles(clip: FileClip | null): Promise<void>;
  readFiles(): Promise<FileClip | null>;
}

export interface ThemeCalls {
  get(): Promise<Theme>;
}

export interface I18nCalls {
  get(): Promise<Locale>;
}

/** A few records of the app kept in this browser alone. Never put a secret here. */
export interface LocalCalls {
  get(key: string): Promise<unknown>;
  set(key: string, value: unknown): Promise<void>;
  delete(key: string): Promise<void>;
  keys(): Promise<string[]>;
}

/** Everything an app can call, by namespace. */
export interface Calls {
  files: FilesCalls;
  settings: SettingsCalls;
  identity: IdentityCalls;
  security: SecurityCalls;
  activity: ActivityCalls;
  notifications: NotificationCalls;
  jobs: JobCalls;
  webdav: WebDavCalls;
  system: SystemCalls;
  windows: WindowCalls;
  clipboard: ClipboardCalls;
  theme: ThemeCalls;
  i18n: I18nCalls;
  local: LocalCalls;
}

/** Everything an app can listen to. */
export interface Topics {
  files: DriveEvent;
  settings: Settings;
  identity: Identity;
  activity: ActivityItem;
  notifications: Notification;
  jobs: Job;
  theme: Theme;
  i18n: Locale;
  clipboard: FileClip | null;
  /** `false` while the node cannot be reached; `true` again means: what you have may be stale. */
  online: boolean;
}

export type Topic = keyof Topics;

type NamespaceMethods = {
  [N in keyof Calls]: readonly (keyof Calls[N] & string)[];
};

/** The allow-list a broker checks a call against. */
export const METHODS = {
  files: [
    "list",
    "stat",
    "path",
    "resolve",
    "search",
    "usage",
    "createFolder",
    "write",
    "rename",
    "move",
    "copy",
    "trash",
    "trashList",
    "restore",
    "purge",
    "emptyTrash",
    "versions",
    "restoreVersion",
    "restoreFolderAt",
    "read",
    "contentUrl",
    "download",
    "uploadBegin",
    "uploadState",
    "uploadAppend",
    "uploadFinish",
    "uploadAbort",
    "uploads",
    "import",
    "verify",
  ],
  settings: ["get", "patch"],
  identity: ["get", "patch"],
  security: ["changePassphrase", "checkRecovery", "lock", "signOut"],
  activity: ["list"],
  notifications: ["list", "notify", "dismiss"],
  jobs: ["list", "cancel"],
  webdav: ["get", "put"],
  system: ["status"],
  windows: ["open", "setTitle", "close"],
  clipboard: ["writeText", "readText", "writeFiles", "readFiles"],
  theme: ["get"],
  i18n: ["get"],
  local: ["get", "set", "delete", "keys"],
} as const satisfies NamespaceMethods;

/** `files.list`, `settings.get`, … */
export type Method = {
  [N in keyof Calls]: `${N}.${keyof Calls[N] & string}`;
}[keyof Calls];

/** Where the call options stand in the arguments of those methods that take them. */
export const OPTIONS_AT: Partial<Record<Method, number>> = {
  "files.list": 2,
  "files.search": 2,
  "files.write": 4,
  "files.read": 3,
  "files.uploadAppend": 3,
  "files.import": 3,
};
