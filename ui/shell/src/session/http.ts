/** Requests to the node: JSON in, JSON out, problems as {@link Problem}. */
import { type Problem, toProblem } from "@webx/sdk";
import { readJson, readOk, signedFetch } from "./login";

export type Query = Readonly<Record<string, string | number | boolean | null | undefined>>;

export interface Asking {
  query?: Query;
  json?: unknown;
  body?: Blob;
  headers?: Record<string, string>;
  signal?: AbortSignal | undefined;
}

/** Told when the node says that this browser has no login, or that it is locked. */
let onLocked: (() => void) | undefined;

export function whenLocked(listener: () => void): void {
  onLocked = listener;
}

/** Codes of refused secrets: a 401 with one of them says nothing about the login. */
const SECRET_CODES = new Set(["wrong-passphrase", "wrong-words"]);

function saysLocked(problem: Problem): boolean {
  return (
    (problem.status === 423 && (problem.code === "locked" || problem.code === "welcome")) ||
    (problem.status === 401 && !SECRET_CODES.has(problem.code))
  );
}

/** One part of a path: whatever it holds stays one part. */
export function segment(text: string): string {
  return encodeURIComponent(text);
}

export function addressOf(path: string, query: Query = {}): string {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined && value !== null) search.set(name, String(value));
  }
  const text = search.toString();
  return text ? `${path}?${text}` : path;
}

export async function send(method: string, path: string, asking: Asking = {}): Promise<Response> {
  const { json, body, signal } = asking;
  try {
    const headers = new Headers(asking.headers);
    if (json !== undefined) headers.set("content-type", "application/json");
    else if (body) headers.set("content-type", "application/octet-stream");
    const content = json === undefined ? body : JSON.stringify(json);
    return await readOk(
      await signedFetch(addressOf(path, asking.query), {
        method,
        headers,
        ...(content === undefined ? {} : { body: content }),
        ...(signal ? { signal } : {}),
      }),
    );
  } catch (reason) {
    const problem = toProblem(reason);
    if (saysLocked(problem)) onLocked?.();
    throw problem;
  }
}

/** Asks for JSON; an empty answer is `undefined`. */
export async function ask<T>(method: string, path: string, asking?: Asking): Promise<T> {
  const response = await send(method, path, asking);
  return response.status === 204 ? (undefined as T) : readJson<T>(response);
}
