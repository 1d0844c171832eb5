import type * as Generated from "../generated";

/** An installed app. */
export type App = Generated.App;
/** What an app may be allowed; the words of the manifest. */
export type Permission = Generated.Permission;
export type PermissionState = Generated.AppPermission;
export type Publisher = Generated.Publisher;
/** A file or folder the person picked for an app. */
export type Picked = Generated.Picked;
/** An app that was removed and can come back. */
export type RemovedApp = Generated.RemovedApp;
export type BackendState = Generated.BackendState;
/** How the server side of an app stands, and what it last wrote. */
export type BackendStatus = Generated.BackendStatus;
export type LogLine = Generated.LogLine;
/** What happened to an installation. */
export type InstallEvent = Generated.AppChange;
/** Work that began on an installation. */
export type Installation = Generated.AppWork;
export type Removal = Generated.Removal;

/** What becomes of the data of a removed app. */
export type DataChoice = "keep" | "delete";

/** Where the package of an installation comes from. */
export type InstallSource = { store: string; app: string; version: string } | { node: string } | { file: Blob };

/** Work in steps, each journaled. */
export type Saga = Generated.Saga;
export type SagaState = Generated.SagaState;

export interface SagaQuery {
  state?: SagaState;
}

/** A signed index of packages. */
export type Store = Generated.Store;
/** An app as a store offers it. */
export type StorePackage = Generated.StorePackage;
/** Everything a store says about an app. */
export type StorePackageDetail = Generated.StorePackageDetail;
export type StoreVersion = Generated.StoreVersion;

export interface StoreQuery {
  q?: string;
  category?: string;
}

/** A newer version of something that is installed. */
export interface AppUpdate {
  install: string;
  app: string;
  name: string;
  from: string;
  to: string;
  store: string;
  size: number;
}
