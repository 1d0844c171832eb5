/** What an app may send in a while. Time comes in as milliseconds. */
export interface Rates {
  /** Tokens that come back each second. */
  perSecond: number;
  /** Tokens there are at most: what may come at once. */
  burst: number;
}

/** Calls and events together; a file manager that shows a large folder stays far below. */
export const CALLS: Rates = { perSecond: 120, burst: 600 };
/** Bytes of messages themselves. Files travel beside them, by reference, and count at the node. */
export const BYTES: Rates = { perSecond: 4 * 1024 * 1024, burst: 32 * 1024 * 1024 };
/** Whoever owes this much does not slow down when asked to. */
const DEBT_SECONDS = 5;

class Bucket {
  readonly #rates: Rates;
  #left: number;
  #at: number;

  constructor(rates: Rates, now: number) {
    this.#rates = rates;
    this.#left = rates.burst;
    this.#at = now;
  }

  /** Takes, into debt if need be. Returns the seconds until the debt is paid. */
  take(count: number, now: number): number {
    const { perSecond, burst } = this.#rates;
    this.#left = Math.min(burst, this.#left + (Math.max(0, now - this.#at) / 1000) * perSecond) - count;
    this.#at = now;
    return Math.max(0, -this.#left / perSecond);
  }
}

export type Verdict = { kind: "now" } | { kind: "later"; afterMs: number } | { kind: "over"; what: "calls" | "bytes" };

/** The budget of one window: first it is slowed down, then it is closed. */
export class Budget {
  readonly #calls: Bucket;
  readonly #bytes: Bucket;

  constructor(now: number, calls = CALLS, bytes = BYTES) {
    this.#calls = new Bucket(calls, now);
    this.#bytes = new Bucket(bytes, now);
  }

  spend(bytes: number, now: number): Verdict {
    const forCalls = this.#calls.take(1, now);
    const forBytes = this.#bytes.take(bytes, now);
    if (forCalls > DEBT_SECONDS) return { kind: "over", what: "calls" };
    if (forBytes > DEBT_SECONDS) return { kind: "over", what: "bytes" };
    const wait = Math.max(forCalls, forBytes);
    return wait === 0 ? { kind: "now" } : { kind: "later", afterMs: Math.ceil(wait * 1000) };
  }
}
