import type * as Generated from "../generated";

/** What can be kept: everything JSON can say. */
export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

export type JsonObject = { [key: string]: Json };

/** One page of a list that goes on: ask again with `after: next`. */
export interface Slice<T> {
  items: T[];
  /** `null` at the end. */
  next: string | null;
}

export interface PageQuery {
  /** The `next` of the page before. */
  after?: string;
  /** At most 1,000. */
  limit?: number;
}

/** A document of an app. */
export interface Doc<T = JsonObject> {
  id: string;
  value: T;
  /** Counts from 1, one more with each `put`. */
  version: number;
  /** RFC 3339 in UTC. */
  updatedAt: string;
}

/** A document that changed: its version now, and none when it was deleted. */
export type DocChange = Generated.DataChange;

/** Something large that an app keeps. */
export interface BlobInfo {
  name: string;
  size: number;
  type: string;
  /** RFC 3339 in UTC. */
  updatedAt: string;
}

/** What one window of an app tells the others. */
export interface OwnEvent {
  name: string;
  data: Json;
}

export interface BackendRequest {
  method?: "GET" | "HEAD" | "POST" | "PUT" | "PATCH" | "DELETE";
  headers?: { [name: string]: string };
  body?: string | Blob | ArrayBuffer;
}

export interface BackendResponse {
  status: number;
  /** Names in lower case. */
  headers: { [name: string]: string };
  body: Blob;
}

/** What the person is asked to choose. */
export interface PickOptions {
  kind?: "file" | "folder";
  /** What the app may do with it from then on; `read` when left out. */
  mode?: "read" | "write";
  multiple?: boolean;
  /** Only files that are one of these: `image/*`, `text/plain`, `.md`. */
  accept?: string[];
}

export interface SaveOptions {
  /** Suggested ending and sort of the file: `text/markdown`. */
  type?: string;
}

/** That this person answered a challenge through this app: a signature of the person's device over `payload`. */
export type DidProof = Generated.Authentication;
