import { Problem, type ProblemDocument, toProblem } from "@webx/sdk";
import { Budget, type Verdict } from "./budget";
import { type FromApp, MAX_BYTES, parse, weigh } from "./message";

/** What the desktop answers an app with. */
export interface Answers {
  /** Refuses by throwing a {@link Problem}. */
  call(method: string, args: unknown[], signal: AbortSignal): Promise<unknown>;
  /** Undefined when the app may not hear of it. */
  subscribe(topic: string, listener: (event: unknown) => void): (() => void) | undefined;
}

/** What the window of the app is told. */
export interface Watcher {
  hint(hint: Extract<FromApp, { kind: "booted" | "focus" | "drag" | "crashed" | "key" }>): void;
  /** The app did not keep to its budget or to the protocol; nothing it says is heard any more. */
  stopped(why: StopReason): void;
}

export type StopReason = "calls" | "bytes" | "protocol";

/** Calls under way at once; the others wait their turn. */
const AT_ONCE = 32;
/** Calls that may wait. Whoever has more open than that floods. */
const WAITING = 2_000;
const TOPICS = 32;
/** Messages that are none may happen with another version of the SDK; many of them do not. */
const STRANGE = 50;

type Call = Extract<FromApp, { kind: "call" }>;

/**
 * The one way from an app to anything. It stands between the port of a window and the desktop: takes every message
 * apart, keeps the app to its budget, and gives what is left to {@link Answers}, where grants are checked.
 */
export class Broker {
  readonly #port: MessagePort;
  readonly #answers: Answers;
  readonly #watcher: Watcher;
  readonly #now: () => number;
  readonly #budget: Budget;
  readonly #running = new Map<number, AbortController>();
  readonly #topics = new Map<string, () => void>();
  #queue: Call[] = [];
  #timer: ReturnType<typeof setTimeout> | undefined;
  #notBefore = 0;
  #strange = 0;
  #closed = false;

  constructor(port: MessagePort, answers: Answers, watcher: Watcher, now: () => number = () => performance.now()) {
    this.#port = port;
    this.#answers = answers;
    this.#watcher = watcher;
    this.#now = now;
    this.#budget = new Budget(now());
    port.onmessage = event => this.#hear(event.data);
    port.onmessageerror = () => this.#oddity();
  }

  /** Says something to the app that it did not ask for. */
  tell(message: object): void {
    if (!this.#closed) this.#port.postMessage(message);
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    clearTimeout(this.#timer);
    this.#port.close();
    this.#queue = [];
    for (const controller of this.#running.values()) controller.abort();
    this.#running.clear();
    for (const stop of this.#topics.values()) stop();
    this.#topics.clear();
  }

  #stop(why: StopReason): void {
    if (this.#closed) return;
    this.close();
    this.#watcher.stopped(why);
  }

  #oddity(): void {
    this.#strange += 1;
    if (this.#strange > STRANGE) this.#stop("protocol");
  }

  #hear(data: unknown): void {
    if (this.#closed) return;
    const bytes = weigh(data);
    const verdict: Verdict = this.#budget.spend(bytes ?? MAX_BYTES, this.#now());
    if (verdict.kind === "over") {
      this.#stop(verdict.what);
      return;
    }
    const message = parse(data);
    if (!message) {
      this.#oddity();
      return;
    }
    if (bytes === undefined) {
      if (message.kind === "call") this.#refuse(message.id, tooLarge());
      return;
    }
    if (verdict.kind === "later") this.#notBefore = Math.max(this.#notBefore, this.#now() + verdict.afterMs);
    switch (message.kind) {
      case "call":
        this.#queue.push(message);
        if (this.#queue.length > WAITING) this.#stop("calls");
        else this.#pump();
        break;
      case "cancel":
        this.#running.get(message.id)?.abort();
        this.#queue = this.#queue.filter(call => call.id !== message.id);
        break;
      case "subscribe":
        this.#subscribe(message.topic);
        break;
      case "unsubscribe":
        this.#topics.get(message.topic)?.();
        this.#topics.delete(message.topic);
        break;
      default:
        this.#watcher.hint(message);
    }
  }

  #subscribe(topic: string): void {
    if (this.#topics.has(topic) || this.#topics.size >= TOPICS) return;
    const stop = this.#answers.subscribe(topic, data => this.tell({ ev: topic, data }));
    if (stop) this.#topics.set(topic, stop);
  }

  /** Starts what may start now. */
  #pump(): void {
    clearTimeout(this.#timer);
    const wait = this.#notBefore - this.#now();
    if (wait > 0) {
      this.#timer = setTimeout(() => this.#pump(), wait);
      return;
    }
    while (this.#running.size < AT_ONCE) {
      const call = this.#queue.shift();
      if (!call) return;
      void this.#run(call);
    }
  }

  async #run({ id, method, args }: Call): Promise<void> {
    if (this.#running.has(id)) {
      this.#oddity();
      return;
    }
    const controller = new AbortController();
    this.#running.set(id, controller);
    try {
      const ok = await this.#answers.call(method, args, controller.signal);
      if (this.#running.get(id) === controller) this.#answer(id, ok);
    } catch (reason) {
      if (this.#running.get(id) === controller) this.#refuse(id, toProblem(reason).toJSON());
    } finally {
      this.#running.delete(id);
      if (!this.#closed) this.#pump();
    }
  }

  #answer(id: number, ok: unknown): void {
    try {
      this.tell({ id, ok });
    } catch (reason) {
      this.#refuse(id, toProblem(reason).toJSON());
    }
  }

  #refuse(id: number, err: ProblemDocument): void {
    this.tell({ id, err });
  }
}

function tooLarge(): ProblemDocument {
  return new Problem({
    code: "message-too-large",
    status: 413,
    title: "The message is too large, or holds something that cannot be sent",
    detail: `A message is at most ${MAX_BYTES} bytes; send a Blob for more.`,
  }).toJSON();
}
