/**
 * The generated client as this browser uses it: every request signed, every refusal a {@link Problem}, a lost login told.
 * The addresses, bodies and answers of the calls are the node's own OpenAPI document.
 */
import { type Problem, toProblem } from "@webx/sdk";
import * as api from "@webx/sdk/api";
import { client } from "@webx/sdk/api/client";
import { problemOf, signedAnswer, signedFetch } from "./login";

export { api };

/** The operations of the node. */
export type Api = typeof api;

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

const reach: typeof fetch = async (input, init) => {
  try {
    return await signedFetch(input, init);
  } catch (reason) {
    const problem = toProblem(reason);
    if (saysLocked(problem)) onLocked?.();
    throw problem;
  }
};

client.setConfig({ baseUrl: location.origin, fetch: reach });

/** The address of an operation for what is no call: a tag, a download. */
export const addressOf: typeof client.buildUrl = client.buildUrl;

/** Says for which app a request is made; the node then allows what that app may. */
const APP_HEADER = "webx-app";

/** `fetch` in the name of an installed app. */
export const fetchAs =
  (install: string): typeof fetch =>
  (input, init) => {
    const request = new Request(input, init);
    request.headers.set(APP_HEADER, install);
    return reach(request);
  };

/** A request to the backend of an app: what that answers is the app's business, also when it is a refusal. */
export async function backendFetchAs(install: string, input: URL, init: RequestInit): Promise<Response> {
  const request = new Request(input, init);
  request.headers.set(APP_HEADER, install);
  const response = await signedAnswer(request);
  const fromNode = response.headers.get("content-type")?.startsWith("application/problem+json") ?? false;
  if (!fromNode || response.ok) return response;
  const problem = await problemOf(response.clone());
  if (saysLocked(problem)) onLocked?.();
  if (NODE_CODES.has(problem.code)) throw problem;
  return response;
}

/** Refusals of the node on the way to a backend. */
const NODE_CODES = new Set([
  "locked",
  "welcome",
  "no-session",
  "session-ended",
  "app-denied",
  "throttled",
  "not-running",
]);

type Operation = (options?: Record<string, unknown>) => Promise<unknown>;

/** The generated client gives the body of an answer without content, a stream that no port carries; it is nothing. */
const content = (answer: unknown): unknown => (answer instanceof ReadableStream ? undefined : answer);

/** The operations of the node in the name of an installed app: the node narrows each of them to what the app may. */
export function apiAs(install: string): Api {
  const fetch = fetchAs(install);
  const operations = Object.entries(api as unknown as Record<string, Operation>).map(([name, operation]) => [
    name,
    (options?: Record<string, unknown>) => operation({ ...options, fetch }).then(content),
  ]);
  return Object.fromEntries(operations) as Api;
}
