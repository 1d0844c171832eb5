/** Bytes a second over the last few seconds. */
export class Rate {
  #marks: { at: number; bytes: number }[] = [];
  readonly #window: number;

  constructor(windowMilliseconds = 5000) {
    this.#window = windowMilliseconds;
  }

  add(bytes: number, now: number): void {
    this.#marks.push({ at: now, bytes });
    this.#trim(now);
  }

  perSecond(now: number): number {
    this.#trim(now);
    const first = this.#marks[0];
    if (first === undefined) return 0;
    // The first mark only opens the interval: its bytes were sent before it.
    let bytes = 0;
    for (const mark of this.#marks) bytes += mark.bytes;
    bytes -= first.bytes;
    const seconds = (now - first.at) / 1000;
    return seconds <= 0 ? 0 : bytes / seconds;
  }

  reset(): void {
    this.#marks = [];
  }

  #trim(now: number): void {
    while (this.#marks.length > 1 && now - (this.#marks[0]?.at ?? now) > this.#window) this.#marks.shift();
  }
}
