import { complaint, isMethod, isTopic } from "../broker";
import type { CallOptions, Method, Topic } from "../contract";
import type { Transport } from "../os";
import { type Hint, movedWith, type ToApp } from "../port";
import { Problem, toProblem } from "../problem";

/** The other end of an app's port, with the checks that the shell makes: for tests of apps. */
export interface PortHost {
  send(message: ToApp): void;
  /** Cancels what runs, ends every subscription, closes the port. */
  close(): void;
}

export interface Answering {
  /** Runs a call that exists and has arguments of the right shape; whether the app may make it is for this to say. */
  call(method: Method, args: unknown[], options: CallOptions): Promise<unknown>;
  subscribe: Transport["subscribe"];
  /** Sees every message first: `false` drops it unanswered, a problem refuses the call. */
  admit?(message: unknown): boolean | Problem;
  onHint?(hint: Hint): void;
}

/** Calls under way at once; more are refused. */
const MOST_CALLS = 256;

const HINTS: ReadonlySet<unknown> = new Set(["booted", "crashed", "focus", "key"]);

/** Answers an app over its port. Nothing the app sends is believed, and nothing it sends throws here. */
export function answerPort(port: MessagePort, answering: Answering): PortHost {
  const running = new Map<number, AbortController>();
  const subscriptions = new Map<Topic, () => void>();
  let closed = false;

  const send = (message: ToApp) => {
    if (closed) return;
    try {
      port.postMessage(message, movedWith("ok" in message ? [message.ok] : "data" in message ? [message.data] : []));
    } catch {
      if ("id" in message)
        port.postMessage({ id: message.id, err: refusal("not-cloneable", 500, "The answer cannot be sent") });
    }
  };

  const run = async (id: number, method: unknown, args: unknown, admitted: boolean | Problem) => {
    if (running.has(id)) return;
    const controller = new AbortController();
    try {
      if (admitted instanceof Problem) throw admitted;
      if (!isMethod(method)) throw new Problem(refusal("unknown-method", 404, "There is no such method"));
      if (!Array.isArray(args)) throw new Problem(refusal("bad-request", 400, "The arguments are no list"));
      const wrong = complaint(method, args);
      if (wrong !== undefined) throw new Problem({ ...refusal("bad-request", 400, "Wrong arguments"), detail: wrong });
      if (running.size >= MOST_CALLS) throw new Problem(refusal("throttled", 429, "Too many calls at once"));
      running.set(id, controller);
      const ok = await answering.call(method, args, { signal: controller.signal });
      if (!controller.signal.aborted) send({ id, ok });
    } catch (error) {
      if (!controller.signal.aborted) send({ id, err: toProblem(error).toJSON() });
    } finally {
      if (running.get(id) === controller) running.delete(id);
    }
  };

  port.onmessage = ({ data }: MessageEvent<unknown>) => {
    if (closed) return;
    const admitted = answering.admit?.(data) ?? true;
    if (admitted === false || typeof data !== "object" || data === null) return;
    const message = data as Partial<Record<string, unknown>>;
    if (typeof message.id === "number") void run(message.id, message.m, message.a, admitted);
    else if (admitted instanceof Problem) return;
    else if (typeof message.cancel === "number") {
      running.get(message.cancel)?.abort();
      running.delete(message.cancel);
    } else if (isTopic(message.sub)) {
      const topic = message.sub;
      if (subscriptions.has(topic)) return;
      subscriptions.set(
        topic,
        answering.subscribe(topic, event => send({ ev: topic, data: event })),
      );
    } else if (isTopic(message.unsub)) {
      subscriptions.get(message.unsub)?.();
      subscriptions.delete(message.unsub);
    } else if (HINTS.has(message.hint)) answering.onHint?.(message as unknown as Hint);
  };

  const close = () => {
    if (closed) return;
    closed = true;
    for (const controller of running.values()) controller.abort();
    for (const stop of subscriptions.values()) stop();
    running.clear();
    subscriptions.clear();
    port.close();
  };
  port.start();
  return { send, close };
}

function refusal(code: string, status: number, title: string) {
  return { code, status, title };
}
