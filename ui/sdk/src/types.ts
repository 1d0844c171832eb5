/** Hyphenated UUIDv7, or the word `root`. */
export type NodeId = string;
export const ROOT: NodeId = "root";

/** RFC 3339 in UTC. */
export type Timestamp = string;

export type NodeKind = "folder" | "file";

/** A file or folder of the drive. */
export interface Node {
  id: NodeId;
  /** Absent for the drive's own folder and for what lies in the trash. */
  parent?: NodeId | null;
  name: string;
  kind: NodeKind;
  /** Bytes of the current version; 0 for a folder. */
  size: number;
  modified: Timestamp;
  created: Timestamp;
  /** Number of the current version, counted from 1. */
  version: number;
  mime?: string | null;
  childCount?: number | null;
  trashed?: { at: Timestamp; fromPath: string } | null;
}

export type SortKey = "name" | "size" | "modified" | "kind";

export interface ListQuery {
  sort?: SortKey;
  descending?: boolean;
  offset?: number;
  /** At most 1,000. */
  limit?: number;
  /** The folder as it was then. */
  at?: Timestamp;
}

export interface Page<T> {
  items: T[];
  total: number;
}

export interface NodePath {
  path: string;
  /** From the drive's root down to the parent. */
  ancestors: { id: NodeId; name: string }[];
}

export interface Version {
  id: number;
  number: number;
  size: number;
  modified: Timestamp;
  createdAt: Timestamp;
  current: boolean;
}

/** Something that came back out of the trash. */
export interface Restored {
  node: Node;
  /** Differs from the one it had when the folder is gone or the name was taken. */
  path: string;
}

/** What going back to a time did, in numbers of files and folders. */
export interface RestoredFolder {
  restored: number;
  /** These lie elsewhere now: they stay there, and the folder got a copy. */
  copied: number;
  /** These were not there at that time: they are in the trash. */
  trashed: number;
}

export interface SearchHit {
  node: Node;
  path: string;
}

/** Bytes, but for the two counts. */
export interface Usage {
  files: number;
  folders: number;
  /** What the person sees: the sum of current versions. */
  logical: number;
  /** What the disk holds. */
  stored: number;
  versions: number;
  trash: number;
  quota: number | null;
}

/** What to do when the name is taken. */
export type OnConflict = "fail" | "newVersion" | "keepBoth";

export interface WriteOptions {
  modified?: Timestamp;
  onConflict?: OnConflict;
}

export interface UploadRequest extends WriteOptions {
  parent: NodeId;
  name: string;
  size: number;
}

export interface UploadState {
  id: string;
  /** Bytes the node has on disk; the next chunk starts here. */
  offset: number;
  /** Largest chunk the node takes. */
  chunkSize: number;
}

/** An upload the node keeps although nobody feeds it. */
export interface PendingUpload extends UploadState {
  parent: NodeId;
  name: string;
  size: number;
  modified?: Timestamp | null;
  createdAt?: Timestamp;
}

export interface ImportResult {
  files: number;
  folders: number;
  bytes: number;
  failed: { path: string; code: string }[];
}

export interface ByteRange {
  start: number;
  /** Exclusive; the end of the file when left out. */
  end?: number;
}

export interface DriveEvent {
  op: "created" | "changed" | "moved" | "renamed" | "trashed" | "restored" | "purged";
  node: NodeId;
  parent?: NodeId | null;
}

export type ThemeName = "light" | "dark" | "contrast" | "system";
export type Language = "en" | "de" | "ar";

export interface Settings {
  theme?: ThemeName;
  language?: Language;
  wallpaper?: string;
  accent?: string;
  /** 0 = never. */
  autoLockMinutes?: number;
  lockOnSleep?: boolean;
  reduceMotion?: boolean;
  quotaBytes?: number | null;
  [key: string]: unknown;
}

export interface Identity {
  did: string;
  deviceDid: string;
  displayName: string;
  deviceName: string;
  createdAt: Timestamp;
  recoveryConfirmed: boolean;
  log: unknown[];
}

export interface ActivityItem {
  id: number;
  at: Timestamp;
  kind: string;
  level: "info" | "warning" | "error";
  subject: string;
  detail: Record<string, unknown>;
}

export interface ActivityQuery {
  before?: number;
  limit?: number;
  kind?: string;
}

export interface ActivityPage {
  items: ActivityItem[];
  /** Pass as `before` for the next page; null at the end. */
  next: number | null;
}

export interface NotificationRequest {
  title: string;
  body?: string;
  level?: "info" | "success" | "warning" | "error";
  /** Opens when the person follows the notification. */
  open?: { app: string; args?: unknown };
}

export interface Notification extends NotificationRequest {
  id: string;
  at: Timestamp;
}

export interface Job {
  id: string;
  kind: string;
  done: number;
  total: number;
  bytesPerSecond: number;
  state: "running" | "done" | "failed" | "cancelled";
}

export interface WebDav {
  enabled: boolean;
  url: string;
  username: string;
  /** Only in the answer that made it. */
  token?: string;
}

export interface Status {
  state: "welcome" | "locked" | "open";
  ready: boolean;
  version: string;
  retryAfterSeconds?: number;
}

/** What the OS-wide clipboard holds besides text. */
export interface FileClip {
  mode: "copy" | "cut";
  ids: NodeId[];
}

export interface Theme {
  name: Exclude<ThemeName, "system">;
  reduceMotion: boolean;
}

export interface Locale {
  language: Language;
  dir: "ltr" | "rtl";
}
