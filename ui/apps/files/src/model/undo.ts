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

  push(step: Undoable): void {
    this.#done = [...this.#done, step].slice(-DEPTH);
  }

  get next(): Undoable | undefined {
    return this.#done.at(-1);
  }

  /** Takes back that step, or the newest one. */
  async undo(step = this.#done.at(-1)): Promise<Undoable | undefined> {
    if (step === undefined || !this.#done.includes(step)) return undefined;
    this.#done = this.#done.filter(one => one !== step);
    step.withdraw?.();
    await step.undo();
    return step;
  }
}
