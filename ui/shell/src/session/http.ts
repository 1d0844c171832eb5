/**
 * The generated client as this browser uses it: every request signed, every refusal a {@link Problem}, a lost login told.
 * The addresses, bodies and answers of the calls are the node's own OpenAPI document.
 */
import { type Problem, toProblem } from "@webx/sdk";
import { client } from "@webx/sdk/api/client";
import { signedFetch } from "./login";

export * as api from "@webx/sdk/api";

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
