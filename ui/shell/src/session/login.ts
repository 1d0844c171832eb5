/** The login of this browser: shared by all tabs, renewed before it ends, gone at once when the node locks. */
import { Problem, type ProblemDocument } from "@webx/sdk";
import { refreshSession, type Session } from "@webx/sdk/api";
import { makeProof, type ProofKey, randomText } from "./proof";
import { dropLogin, type Login, loadKey, loadLogin, saveLogin } from "./records";

/** What tabs tell each other. `login`: there is a new one. `gone`: there is none any more. */
export type TabMessage = "login" | "gone";

const RENEW_BEFORE_MS = 5 * 60_000;
const RETRY_MS = 20_000;

let key: Promise<ProofKey> | undefined;
let current: Login | undefined;
let timer: ReturnType<typeof setTimeout> | undefined;
let onGone: () => void = () => undefined;

const tabs = new BroadcastChannel("webx-session");

function browserKey(): Promise<ProofKey> {
  key ??= loadKey().catch((reason: unknown) => {
    key = undefined;
    throw reason;
  });
  return key;
}

/** The login other tabs or an earlier page left, if it still holds. */
export async function resume(): Promise<boolean> {
  current = await loadLogin();
  schedule();
  return current !== undefined;
}

/** Keeps what the node issued and lets the other tabs know. */
export async function keep(issued: Pick<Session, "token" | "expiresAt">): Promise<void> {
  const login = { token: issued.token, expiresAt: Date.parse(issued.expiresAt), pass: current?.pass ?? randomText() };
  await saveLogin(login);
  current = login;
  schedule();
  tabs.postMessage("login" satisfies TabMessage);
}

/** Forgets the login, here and in every tab. */
export async function drop(): Promise<void> {
  forget();
  await dropLogin();
  tabs.postMessage("gone" satisfies TabMessage);
}

function forget(): void {
  clearTimeout(timer);
  current = undefined;
}

export function pass(): string | undefined {
  return current?.pass;
}

/** Hears what happens in other tabs, and when this tab's login ends by itself. */
export function watchLogin(on: { login(): void; gone(): void }): void {
  onGone = on.gone;
  tabs.addEventListener("message", (event: MessageEvent<TabMessage>) => {
    if (event.data === "login") void resume().then(there => there && on.login());
    else {
      forget();
      on.gone();
    }
  });
}

function schedule(): void {
  clearTimeout(timer);
  if (!current) return;
  const left = current.expiresAt - Date.now();
  timer = setTimeout(() => void renew(), Math.max(0, left - RENEW_BEFORE_MS));
}

/** One tab renews for all: whoever gets the lock second finds the work done. */
async function renew(): Promise<void> {
  const before = current?.token;
  try {
    await navigator.locks.request("webx-renew", async () => {
      const stored = await loadLogin();
      if (!stored) throw new Problem({ code: "session-ended", status: 401, title: "The session has ended" });
      current = stored;
      if (stored.token === before) await keep(await refreshSession({ fetch: signedFetch }));
      else schedule();
    });
  } catch (reason) {
    const over = reason instanceof Problem && reason.status === 401;
    if (over || !current || current.expiresAt <= Date.now()) {
      forget();
      onGone();
    } else timer = setTimeout(() => void renew(), RETRY_MS);
  }
}

/** The first message on a live connection: who is there, over the nonce the node gave. */
export async function liveProof(url: string, nonce: string): Promise<{ token: string; proof: string } | undefined> {
  if (!current) return undefined;
  const { token } = current;
  return { token, proof: await makeProof(await browserKey(), { method: "GET", url, token, nonce }) };
}

/**
 * `fetch` with a proof, and with the token where there is one. What is sent is a copy, so that the request can be made
 * again when the token was renewed while it was on its way.
 */
export const signedAnswer: typeof fetch = async (input, init) => {
  const request = new Request(input, init);
  const send = async () => {
    const token = current?.token;
    const headers = new Headers(request.headers);
    headers.set(
      "dpop",
      await makeProof(await browserKey(), {
        method: request.method,
        url: request.url,
        ...(token === undefined ? {} : { token }),
      }),
    );
    if (token !== undefined) headers.set("authorization", `DPoP ${token}`);
    const response = await fetch(request.clone(), {
      headers,
      credentials: "omit",
      cache: "no-store",
      redirect: "error",
    });
    return { response, token };
  };
  const first = await send();
  const renewed = first.response.status === 401 && current !== undefined && current.token !== first.token;
  return renewed ? (await send()).response : first.response;
};

/** The same, with a refusal thrown as a {@link Problem}. */
export const signedFetch: typeof fetch = async (input, init) => {
  const response = await signedAnswer(input, init);
  if (!response.ok) throw await problemOf(response);
  return response;
};

export async function problemOf(response: Response): Promise<Problem> {
  const fallback = {
    code: `http-${response.status}`,
    status: response.status,
    title: response.statusText || `HTTP ${response.status}`,
  };
  const type = response.headers.get("content-type") ?? "";
  if (!type.includes("json")) return new Problem(fallback);
  const document = (await response.json().catch(() => ({}))) as Partial<ProblemDocument>;
  return new Problem({ ...fallback, ...document, status: response.status });
}
