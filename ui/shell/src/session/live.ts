/** The live connection: what happens on the node shows at once in every window. */
import type { LiveEvent } from "@webx/sdk/api";
import { liveProof } from "./login";
import { publish } from "./topics";

export interface LiveEnds {
  /** The node locked, or this login ended. */
  locked(): void;
  /** Names changed or the recovery words were confirmed. */
  identity(): void;
  /** The connection broke; it is being made again. */
  lost(): void;
}

const FIRST_WAIT_MS = 300;
const LONGEST_WAIT_MS = 10_000;
const REFUSED = new Set([4401, 4403, 4423]);

/** How long to wait before try number `tries` (from 0): doubles each time, spread so that tabs do not knock together. */
export function waitBefore(tries: number, random: number): number {
  return Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** Math.min(tries, 10)) * (0.75 + random / 2);
}

/** Tells the node that the person is there, at most this often; it counts for the auto-lock. */
const ACTIVE_EVERY_MS = 30_000;

const desktopListeners = new Set<() => void>();

export function onDesktopChange(listener: () => void): () => void {
  desktopListeners.add(listener);
  return () => void desktopListeners.delete(listener);
}

let socket: WebSocket | undefined;
let timer: ReturnType<typeof setTimeout> | undefined;
let tries = 0;
let online = false;
let running: LiveEnds | undefined;

function setOnline(now: boolean): void {
  online = now;
  publish("online", now);
}

/** Connects and stays connected until {@link disconnect}. */
export function connect(ends: LiveEnds): void {
  running = ends;
  looking ??= setInterval(lookForUse, LOOK_EVERY_MS);
  if (!socket) open();
}

export function disconnect(): void {
  running = undefined;
  clearTimeout(timer);
  clearInterval(looking);
  looking = undefined;
  tries = 0;
  const closing = socket;
  socket = undefined;
  closing?.close(1000);
  if (online) setOnline(false);
}

/** Tries at once instead of after the wait: the person or the browser says that it may work now. */
export function hurry(): void {
  if (!running || socket) return;
  tries = 0;
  open();
}

function open(): void {
  clearTimeout(timer);
  const address = new URL("/api/live", location.href);
  const proved = address.href;
  address.protocol = address.protocol === "https:" ? "wss:" : "ws:";
  const mine = new WebSocket(address);
  socket = mine;
  mine.onmessage = message => {
    if (socket !== mine) return;
    const event = JSON.parse(String(message.data)) as LiveEvent;
    if (event.type === "hello") {
      void liveProof(proved, event.nonce).then(proof => {
        if (socket !== mine) return;
        if (proof) mine.send(JSON.stringify(proof));
        else running?.locked();
      });
    } else if (event.type === "ready") {
      tries = 0;
      setOnline(true);
    } else dispatch(event);
  };
  mine.onclose = close => {
    if (socket !== mine) return;
    socket = undefined;
    if (online) setOnline(false);
    if (REFUSED.has(close.code)) {
      running?.locked();
      return;
    }
    running?.lost();
    timer = setTimeout(open, waitBefore(tries, Math.random()));
    tries += 1;
  };
}

function dispatch(event: LiveEvent): void {
  switch (event.type) {
    case "drive":
      publish("files", { op: event.op, node: event.node, parent: event.parent ?? null });
      break;
    case "activity":
      publish("activity", event.item);
      break;
    case "notification":
      publish("notifications", event.item);
      break;
    case "settings":
      publish("settings", event.settings);
      break;
    case "job": {
      const { type: _, ...job } = event;
      publish("jobs", job);
      break;
    }
    case "app": {
      const { type: _, ...change } = event;
      publish("apps", change as never);
      break;
    }
    case "saga":
      publish("sagas", event.saga as never);
      break;
    case "network":
      publish("network", { running: event.running, peers: event.peers });
      break;
    case "contacts":
      publish("contacts", { did: event.did ?? null });
      break;
    case "transfers":
      publish("transfers", { did: event.did ?? null });
      break;
    case "desktop":
      for (const listener of desktopListeners) listener();
      break;
    case "identity":
      running?.identity();
      break;
    case "resync":
      publish("online", true);
      break;
    case "locked":
      running?.locked();
      break;
  }
}

/** A press or a key counts as use for five seconds; looking more often than that misses none. */
const LOOK_EVERY_MS = 4_000;
let looking: ReturnType<typeof setInterval> | undefined;

/** Apps run in frames, and what a person does there no listener of this page hears; the browser itself tells. */
function lookForUse(): void {
  if (navigator.userActivation?.isActive) active();
}

let lastActive = 0;

function active(): void {
  const now = Date.now();
  if (now - lastActive < ACTIVE_EVERY_MS || !online || socket?.readyState !== WebSocket.OPEN) return;
  lastActive = now;
  socket.send(JSON.stringify({ type: "active" }));
}

for (const event of ["pointerdown", "pointermove", "keydown", "wheel"])
  globalThis.addEventListener(event, active, { capture: true, passive: true });
