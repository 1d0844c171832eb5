import type * as Generated from "./generated";

export * from "./types/apps";
export * from "./types/net";
export * from "./types/storage";

/*
 * What the node says about itself is the one definition: these are its types under the names the SDK uses.
 * Written by hand is only what never crosses the wire, or is not yet in the node's document.
 */

/** Hyphenated UUIDv7, or the word `root`. */
export type NodeId = string;
export const ROOT: NodeId = "root";

/** RFC 3339 in UTC. */
export type Timestamp = string;

export type NodeKind = Generated.Kind;
/** `Node`: a file or folder of the drive. `Notification`: what the desktop tells the person. */
export type { Node, Notification } from "./generated";
export type NodePath = Generated.NodePath;
export type Version = Generated.Version;
export type SearchHit = Generated.Hit;
export type Restored = Generated.Restored;
export type RestoredFolder = Generated.RestoredFolder;
/** Bytes, but for the two counts. */
export type Usage = Generated.Usage;
/** What to do when the name is taken. */
export type OnConflict = Generated.OnConflict;
export type ImportResult = Generated.Imported;
export type UploadRequest = Generated.NewUpload;
/** How far an upload is: the next chunk starts at `offset`. */
export type UploadState = Pick<Generated.Upload, "id" | "offset" | "chunkSize">;
/** An upload the node keeps although nobody feeds it. */
export type PendingUpload = Generated.Upload;
export type DriveEvent = Generated.DriveChange;

export interface Page<T> {
  items: T[];
  total: number;
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

export interface WriteOptions {
  modified?: Timestamp;
  onConflict?: OnConflict;
}

export interface ByteRange {
  start: number;
  /** Exclusive; the end of the file when left out. */
  end?: number;
}

export type ThemeName = Generated.Theme;
export type Language = Generated.Language;
export type Settings = Generated.Settings;
export type SettingsPatch = Generated.SettingsPatch;
export type Identity = Generated.Identity;
/** A device of the person; `unfinished`: it stands in the identity but never said that it has its keys. */
export type DeviceItem = Generated.DeviceItem;
/** `webx:pair?…`: whoever reads it can ask to become a device. */
export type PairingOffer = Generated.PairingOffer;
/** How pairing stands on the old device. */
export type PairingView = Generated.PairingView;
export type GuardiansView = Generated.GuardiansView;
/** One who keeps a share; `away`: did not answer when asked last; `lost`: does not have it any more. */
export type GuardianItem = Generated.GuardianItem;
export type WardItem = Generated.WardItem;
/** How the return of a share stands, as in pairing. */
export type HelpView = Generated.HelpView;
export type ActivityItem = Generated.Activity;
export type ActivityPage = Generated.ActivityPage;
export type NotificationRequest = Generated.NewNotification;
export type Job = Generated.Job;
export type WebDav = Generated.WebDav;
export type Status = Generated.Status;

export interface ActivityQuery {
  before?: number;
  limit?: number;
  kind?: string;
}

/** What the OS-wide clipboard holds besides text. */
export interface FileClip {
  mode: "copy" | "cut";
  ids: NodeId[];
}

/** How the desktop looks at this moment. */
export interface Theme {
  name: Exclude<ThemeName, "system">;
  reduceMotion: boolean;
  /** One of the kit's accents. */
  accent?: string;
}

export interface Locale {
  language: Language;
  dir: "ltr" | "rtl";
}
