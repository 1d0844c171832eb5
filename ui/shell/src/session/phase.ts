/** Where the desktop stands: what the node says, and whether this browser has a login. */
import { isProblem, type Status } from "@webx/sdk";
import { create } from "zustand";
import { api, whenLocked } from "./http";
import { connect, disconnect, hurry } from "./live";
import { drop, resume, watchLogin } from "./login";
import { publish } from "./topics";
import { startWorker } from "./worker";

/**
 * `starting`: not known yet. `unreachable`: the node does not answer. `unsupported`: the browser lacks what keeps a
 * session safe. `welcome`: nobody lives here yet. `locked`: a passphrase is needed. `open`: the desktop.
 */
export type Phase = "starting" | "unreachable" | "unsupported" | "welcome" | "locked" | "open";

interface State {
  phase: Phase;
  /** The node refuses to look at a secret before then (milliseconds since 1970). */
  retryAt: number;
}

export const usePhase = create<State>(() => ({ phase: "starting", retryAt: 0 }));

const PROBE_MS = 1_500;

let onboarding = false;
let timer: ReturnType<typeof setTimeout> | undefined;
let checking: Promise<void> | undefined;

function enter(phase: Phase, retryAfterSeconds = 0): void {
  clearTimeout(timer);
  usePhase.setState({ phase, retryAt: retryAfterSeconds > 0 ? Date.now() + retryAfterSeconds * 1000 : 0 });
  if (phase === "open") {
    connect({ locked: () => void leave(), lost: () => void check(), identity: () => void tellIdentity() });
    void startWorker().catch(() => undefined);
    return;
  }
  disconnect();
  if (phase === "unreachable") timer = setTimeout(() => void check(), PROBE_MS);
}

async function tellIdentity(): Promise<void> {
  await api.getIdentity().then(
    identity => publish("identity", identity),
    () => undefined,
  );
}

/** Looks where the node stands and follows. One look at a time. */
export function check(): Promise<void> {
  checking ??= look().finally(() => {
    checking = undefined;
  });
  return checking;
}

async function look(): Promise<void> {
  if (!globalThis.crypto?.subtle || !globalThis.indexedDB || !navigator.locks) {
    enter("unsupported");
    return;
  }
  let status: Status;
  try {
    status = await api.getStatus();
  } catch (reason) {
    // Windows stay where they are while the node restarts; the live connection brings them back.
    if (usePhase.getState().phase !== "open") enter("unreachable");
    else if (isProblem(reason) && reason.status !== 0) enter("unreachable");
    return;
  }
  if (onboarding) return;
  if (status.state === "open" && (await resume())) {
    enter("open");
    return;
  }
  if (status.state !== "open" && usePhase.getState().phase === "open") await drop();
  enter(status.state === "welcome" ? "welcome" : "locked");
}

/** The node locked or the login ended: the windows go, and with them everything they showed. */
export async function leave(): Promise<void> {
  await drop();
  onboarding = false;
  enter("locked");
  await check();
}

/** Signed in: the desktop opens, in every tab. */
export function arrive(): void {
  onboarding = false;
  enter("open");
}

/** While a new person still reads the 24 words, an open node does not take the screen away. */
export function holdForOnboarding(): void {
  onboarding = true;
}

export function retry(): void {
  hurry();
  void check();
}

/** Called once by the page. */
export function begin(): void {
  whenLocked(() => {
    if (usePhase.getState().phase === "open") void leave();
  });
  watchLogin({
    login: () => void check(),
    gone: () => {
      if (usePhase.getState().phase === "open") enter("locked");
    },
  });
  globalThis.addEventListener("online", retry);
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState === "visible") hurry();
  });
  void check();
}
