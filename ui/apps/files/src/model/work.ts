import { type Problem, toProblem } from "@webx/sdk";

const LANES = 6;

/** A longer piece of work on many entries. */
export interface WorkSnapshot {
  id: string;
  label: string;
  done: number;
  total: number;
  failures: { name: string; problem: Problem }[];
  running: boolean;
}

/** Runs the same step for many things, a few at a time, and can be stopped in between. */
export class Work {
  readonly id = crypto.randomUUID();
  readonly label: string;
  #done = 0;
  #total: number;
  #failures: WorkSnapshot["failures"] = [];
  #running = true;
  #cancelled = false;
  readonly #changed: () => void;

  constructor(label: string, total: number, changed: () => void) {
    this.label = label;
    this.#total = total;
    this.#changed = changed;
  }

  get cancelled(): boolean {
    return this.#cancelled;
  }

  snapshot(): WorkSnapshot {
    return {
      id: this.id,
      label: this.label,
      done: this.#done,
      total: this.#total,
      failures: this.#failures,
      running: this.#running,
    };
  }

  cancel(): void {
    this.#cancelled = true;
  }

  async run<T>(things: readonly T[], name: (thing: T) => string, step: (thing: T) => Promise<void>): Promise<void> {
    let next = 0;
    const lane = async () => {
      while (next < things.length && !this.#cancelled) {
        const thing = things[next] as T;
        next += 1;
        try {
          await step(thing);
        } catch (error) {
          this.#failures = [...this.#failures, { name: name(thing), problem: toProblem(error) }];
        }
        this.#done += 1;
        this.#changed();
      }
    };
    await Promise.all(Array.from({ length: Math.min(LANES, things.length) }, lane));
    this.#running = false;
    this.#changed();
  }
}
