import type { CallOptions, Method, Topic, Topics } from "./contract";
import type { KeyHint } from "./keys";
import type { Transport } from "./os";
import { Problem, type ProblemDocument } from "./problem";
import type { Locale, Theme } from "./types";

/*
 * What travels over the one MessagePort between an app and the shell. Either side takes the other's messages as
 * outside data: they are looked at before they are used.
 */

/** Something the shell wants to know although nobody asked for it. */
export type Hint =
  | { hint: "booted" }
  | { hint: "crashed"; message: string; stack?: string }
  | { hint: "focus" | "drag" }
  | KeyHint;

/** From the app to the shell. */
export type ToShell =
  | { id: number; m: string; a: unknown[] }
  | { cancel: number }
  | { sub: string }
  | { unsub: string }
  | Hint;

/** The first thing an app hears. */
export interface Boot {
  /** The app's id: publisher's hash and name. */
  app: string;
  /** This installation. */
  install: string;
  version: string;
  name: string;
  /** The module and the style of a builtin app; an iframe app brings its own. */
  code?: string;
  style?: string;
  /** What the window was opened with. */
  args?: unknown;
  theme: Theme;
  locale: Locale["language"];
  dir: Locale["dir"];
}

/** From the shell to the app. */
export type ToApp =
  | { id: number; ok: unknown }
  | { id: number; err: ProblemDocument }
  | { ev: string; data: unknown }
  | { boot: Boot }
  | { theme: Theme }
  | { locale: Locale }
  /** The window that is open already was asked for again. */
  | { launch: { args?: unknown } }
  /** The window goes; a last moment to put things away. */
  | { close: true };

/** A transport over a port, and what else the port tells. */
export interface PortTransport extends Transport {
  /** Settles with the shell's first message. */
  readonly boot: Promise<Boot>;
  /** Asked to open again while it is open; returns the way to stop. */
  onLaunch(listener: (launch: { args?: unknown }) => void): () => void;
  /** The window is about to close. */
  onClose(listener: () => void): () => void;
  hint(hint: Hint): void;
  /** Ends the connection: whatever waits is refused with `disconnected`. */
  close(): void;
}

export interface PortOptions {
  /** How long a call that waits for nobody may take, in milliseconds. */
  timeout?: number;
  /** Calls that wait for a person or for many bytes, and so for as long as it takes. */
  patient?: ReadonlySet<Method>;
}

const TIMEOUT_MS = 30_000;

interface Pending {
  resolve(answer: unknown): void;
  reject(reason: Problem): void;
  done(): void;
}

type Listener = (event: never) => void;

/** Topics that the shell tells unasked. */
const PUSHED: ReadonlySet<string> = new Set(["theme", "i18n"]);

/** Carries calls, answers and events over a port. The port is the transport's own from here on. */
export function createPortTransport(port: MessagePort, options: PortOptions = {}): PortTransport {
  const { timeout = TIMEOUT_MS, patient = new Set<Method>() } = options;
  const pending = new Map<number, Pending>();
  const topics = new Map<string, Set<Listener>>();
  const launches = new Set<(launch: { args?: unknown }) => void>();
  const closings = new Set<() => void>();
  let booted: (boot: Boot) => void = () => {};
  let unbooted: (reason: Problem) => void = () => {};
  const boot = new Promise<Boot>((resolve, reject) => {
    booted = resolve;
    unbooted = reject;
  });
  // Whoever does not wait for the boot is not to hear of its failure.
  boot.catch(() => {});
  let last = 0;
  let gone = false;

  const send = (message: ToShell, transfer: Transferable[] = []) => {
    if (!gone) port.postMessage(message, transfer);
  };

  const tell = (topic: string, event: unknown) => {
    for (const listener of [...(topics.get(topic) ?? [])]) listener(event as never);
  };

  const settle = (id: number): Pending | undefined => {
    const call = pending.get(id);
    pending.delete(id);
    call?.done();
    return call;
  };

  const end = () => {
    if (gone) return;
    gone = true;
    port.close();
    const lost = new Problem({ code: "disconnected", status: 0, title: "The desktop closed the connection" });
    unbooted(lost);
    for (const id of [...pending.keys()]) settle(id)?.reject(lost);
    topics.clear();
  };

  port.onmessage = ({ data }: MessageEvent<unknown>) => {
    if (typeof data !== "object" || data === null) return;
    const message = data as Partial<Record<string, unknown>>;
    if (typeof message.id === "number") {
      const call = settle(message.id);
      if ("err" in message) call?.reject(problemOf(message.err));
      else call?.resolve(message.ok);
    } else if (typeof message.ev === "string") tell(message.ev, message.data);
    else if (message.boot !== undefined) booted(message.boot as Boot);
    else if (message.theme !== undefined) tell("theme", message.theme);
    else if (message.locale !== undefined) tell("i18n", message.locale);
    else if (message.launch !== undefined)
      for (const listener of [...launches]) listener(message.launch as { args?: unknown });
    else if (message.close === true) for (const listener of [...closings]) listener();
  };
  port.onmessageerror = () => {};
  // Newer browsers say when the other end is gone; in older ones only the time-out does.
  port.addEventListener("close", end);
  port.start();

  return {
    boot,
    call: (method: Method, args: unknown[], { signal, transfer }: CallOptions = {}) =>
      new Promise((resolve, reject) => {
        if (gone) return reject(new Problem({ code: "disconnected", status: 0, title: "There is no desktop" }));
        if (signal?.aborted) return reject(cancelled());
        last += 1;
        const id = last;
        const give = (problem: Problem) => {
          if (settle(id) === undefined) return;
          send({ cancel: id });
          reject(problem);
        };
        const stop = () => give(cancelled());
        const timer = patient.has(method)
          ? undefined
          : setTimeout(
              () => give(new Problem({ code: "timeout", status: 0, title: "The desktop does not answer" })),
              timeout,
            );
        const done = () => {
          clearTimeout(timer);
          signal?.removeEventListener("abort", stop);
        };
        pending.set(id, { resolve, reject, done });
        signal?.addEventListener("abort", stop, { once: true });
        try {
          send({ id, m: method, a: args }, [...(transfer ?? []), ...movedWith(args)]);
        } catch (error) {
          settle(id);
          reject(
            new Problem({
              code: "not-cloneable",
              status: 400,
              title: "An argument cannot be sent",
              detail: error instanceof Error ? error.message : String(error),
            }),
          );
        }
      }),
    subscribe: <T extends Topic>(topic: T, listener: (event: Topics[T]) => void) => {
      const all = topics.get(topic) ?? new Set<Listener>();
      topics.set(topic, all);
      all.add(listener as Listener);
      if (all.size === 1 && !PUSHED.has(topic)) send({ sub: topic });
      return () => {
        if (!all.delete(listener as Listener) || all.size > 0) return;
        if (topics.get(topic) === all) topics.delete(topic);
        if (!PUSHED.has(topic)) send({ unsub: topic });
      };
    },
    onLaunch: listener => {
      launches.add(listener);
      return () => void launches.delete(listener);
    },
    onClose: listener => {
      closings.add(listener);
      return () => void closings.delete(listener);
    },
    hint: send,
    close: end,
  };
}

function cancelled(): Problem {
  return new Problem({ code: "cancelled", status: 0, title: "Cancelled" });
}

/** A refusal as the shell sent it; whatever is missing is filled in. */
function problemOf(value: unknown): Problem {
  const document = (typeof value === "object" && value !== null ? value : {}) as Partial<ProblemDocument>;
  return new Problem({
    ...document,
    code: typeof document.code === "string" ? document.code : "unexpected",
    status: typeof document.status === "number" ? document.status : 0,
    title: typeof document.title === "string" ? document.title : "Something unexpected happened",
  });
}

/** What cannot be copied and so moves: streams and ports, as an argument or as a field of one. */
export function movedWith(values: readonly unknown[]): Transferable[] {
  const moved: Transferable[] = [];
  const look = (value: unknown, deeper: boolean) => {
    if (typeof value !== "object" || value === null) return;
    if (value instanceof ReadableStream || value instanceof WritableStream || value instanceof MessagePort)
      moved.push(value);
    else if (deeper && Object.getPrototypeOf(value) === Object.prototype)
      for (const inner of Object.values(value)) look(inner, false);
  };
  for (const value of values) look(value, true);
  return moved;
}
