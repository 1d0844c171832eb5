/** Something that can be taken back. */
export interface Undoable {
  label: string;
  undo: () => Promise<void>;
  /** Takes the offer to undo off the screen. */
  withdraw?: () => void;
}

const DEPTH = 50;

/** What can be undone in a window, newest last. */
export class UndoStack {
  #done: Undoable[] = [];
  readonly #running = new Set<Promise<unknown>>();

  /** Does a step that can be taken back; an undo asked for meanwhile waits until it is done. */
  async during<T>(step: () => Promise<T>): Promise<T> {
    const work = step();
    this.#running.add(work);
    try {
      return await work;
    } finally {
      this.#running.delete(work);
    }
  }

  push(step: Undoable): void {
    this.#done = [...this.#done, step].slice(-DEPTH);
  }

  get next(): Undoable | undefined {
    return this.#done.at(-1);
  }

  /** Takes back that step, or the newest one. */
  async undo(wanted?: Undoable): Promise<Undoable | undefined> {
    if (wanted === undefined) await Promise.allSettled(this.#running);
    const step = wanted ?? this.#done.at(-1);
    if (step === undefined || !this.#done.includes(step)) return undefined;
    this.#done = this.#done.filter(one => one !== step);
    step.withdraw?.();
    await step.undo();
    return step;
  }
}
