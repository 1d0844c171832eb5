/**
 * QR codes of ISO/IEC 18004: a text as a square of dark and light modules. Text of capital letters, digits and
 * ` $%*+-./:` takes less room than other text. The least version that holds the text is taken, at correction level M where
 * that costs nothing, else at L.
 */
import { withCorrection } from "./correction";

export interface Square {
  /** Modules on a side. */
  size: number;
  dark(x: number, y: number): boolean;
}

const SMALL = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:";
const PADDING = [0xec, 0x11];
/** Correction words in each block, and blocks, by version from 1. */
const LEVELS = {
  L: {
    format: 1,
    words: [
      7, 10, 15, 20, 26, 18, 20, 24, 30, 18, 20, 24, 26, 30, 22, 24, 28, 30, 28, 28, 28, 28, 30, 30, 26, 28, 30, 30, 30,
      30, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30,
    ],
    blocks: [
      1, 1, 1, 1, 1, 2, 2, 2, 2, 4, 4, 4, 4, 4, 6, 6, 6, 6, 7, 8, 8, 9, 9, 10, 12, 12, 12, 13, 14, 15, 16, 17, 18, 19,
      19, 20, 21, 22, 24, 25,
    ],
  },
  M: {
    format: 0,
    words: [
      10, 16, 26, 18, 24, 16, 18, 22, 22, 26, 30, 22, 22, 24, 24, 28, 28, 26, 26, 26, 26, 28, 28, 28, 28, 28, 28, 28,
      28, 28, 28, 28, 28, 28, 28, 28, 28, 28, 28, 28,
    ],
    blocks: [
      1, 1, 1, 2, 2, 4, 4, 4, 5, 5, 5, 8, 9, 9, 10, 10, 11, 13, 14, 16, 17, 17, 18, 20, 21, 23, 25, 26, 28, 29, 31, 33,
      35, 37, 38, 40, 43, 45, 47, 49,
    ],
  },
} as const;
type Level = keyof typeof LEVELS;

/** Words of a version, correction included: what its fixed patterns leave. */
function wordsOf(version: number): number {
  let modules = (16 * version + 128) * version + 64;
  if (version >= 2) {
    const marks = Math.floor(version / 7) + 2;
    modules -= (25 * marks - 10) * marks - 55;
    if (version >= 7) modules -= 36;
  }
  return Math.floor(modules / 8);
}

function blocksOf(version: number, level: Level): { blocks: number; words: number } {
  const { blocks, words } = LEVELS[level];
  return { blocks: blocks[version - 1] ?? 1, words: words[version - 1] ?? 0 };
}

/** Words that a version leaves for the text. */
function room(version: number, level: Level): number {
  const { blocks, words } = blocksOf(version, level);
  return wordsOf(version) - blocks * words;
}

/** Bits, the highest first. */
class Bits {
  readonly bits: number[] = [];
  put(value: number, length: number): void {
    for (let at = length - 1; at >= 0; at -= 1) this.bits.push((value >>> at) & 1);
  }
  words(): number[] {
    const words: number[] = [];
    for (let at = 0; at < this.bits.length; at += 8)
      words.push(this.bits.slice(at, at + 8).reduce((word, bit) => (word << 1) | bit, 0));
    return words;
  }
}

/** The text as bits behind a head whose length depends on the version. */
function textBits(text: string, version: number): Bits {
  const out = new Bits();
  const step = version < 10 ? 0 : version < 27 ? 1 : 2;
  const places = Array.from(text, letter => SMALL.indexOf(letter));
  if (!places.includes(-1)) {
    out.put(0b0010, 4);
    out.put(places.length, 9 + 2 * step);
    for (let at = 0; at < places.length; at += 2) {
      const [first = 0, second] = places.slice(at, at + 2);
      if (second === undefined) out.put(first, 6);
      else out.put(first * SMALL.length + second, 11);
    }
    return out;
  }
  const bytes = new TextEncoder().encode(text);
  out.put(0b0100, 4);
  out.put(bytes.length, step === 0 ? 8 : 16);
  for (const byte of bytes) out.put(byte, 8);
  return out;
}

/** The least version with room for the text, and all its words; none when no version has. */
export function wordsFor(text: string): { version: number; level: Level; words: number[] } | undefined {
  // More than any version holds; the loop below would find that out forty times.
  if (text.length > 4296) return undefined;
  for (let version = 1; version <= 40; version += 1) {
    const bits = textBits(text, version);
    const used = bits.bits.length;
    const level = (["M", "L"] as const).find(each => used <= room(version, each) * 8);
    if (level === undefined) continue;
    const whole = room(version, level) * 8;
    bits.put(0, Math.min(4, whole - used));
    bits.put(0, (8 - (bits.bits.length % 8)) % 8);
    const words = bits.words();
    for (let at = 0; words.length < whole / 8; at += 1) words.push(PADDING[at % 2] ?? 0);
    const { blocks, words: correction } = blocksOf(version, level);
    return { version, level, words: withCorrection(words, blocks, correction) };
  }
  return undefined;
}

/** Where the middles of the alignment patterns stand, on both axes. */
function marksOf(version: number, size: number): number[] {
  if (version === 1) return [];
  const count = Math.floor(version / 7) + 2;
  const step = version === 32 ? 26 : Math.ceil((size - 13) / (count * 2 - 2)) * 2;
  return [6, ...Array.from({ length: count - 1 }, (_, at) => size - 7 - (count - 2 - at) * step)];
}

/** The remainder of a BCH code, in bits. */
function remainder(value: number, generator: number, length: number): number {
  let rest = value;
  for (let at = 0; at < length; at += 1) rest = (rest << 1) ^ ((rest >>> (length - 1)) * generator);
  return rest;
}

/** Which modules a mask turns over. */
const MASKS: readonly ((x: number, y: number) => boolean)[] = [
  (x, y) => (x + y) % 2 === 0,
  (_, y) => y % 2 === 0,
  x => x % 3 === 0,
  (x, y) => (x + y) % 3 === 0,
  (x, y) => (Math.floor(x / 3) + Math.floor(y / 2)) % 2 === 0,
  (x, y) => ((x * y) % 2) + ((x * y) % 3) === 0,
  (x, y) => (((x * y) % 2) + ((x * y) % 3)) % 2 === 0,
  (x, y) => (((x + y) % 2) + ((x * y) % 3)) % 2 === 0,
];

class Drawing implements Square {
  readonly size: number;
  private readonly modules: Uint8Array;
  /** Modules that belong to a pattern and hold no words. */
  private readonly taken: Uint8Array;

  constructor(
    version: number,
    private readonly level: Level,
    words: readonly number[],
  ) {
    this.size = 17 + 4 * version;
    this.modules = new Uint8Array(this.size ** 2);
    this.taken = new Uint8Array(this.size ** 2);
    this.patterns(version);
    this.fill(words);
  }

  dark(x: number, y: number): boolean {
    return this.modules[y * this.size + x] === 1;
  }

  private pattern(x: number, y: number, dark: boolean): void {
    if (x < 0 || y < 0 || x >= this.size || y >= this.size) return;
    this.modules[y * this.size + x] = dark ? 1 : 0;
    this.taken[y * this.size + x] = 1;
  }

  /** A square of rings around a middle. */
  private rings(x: number, y: number, reach: number, light: (ring: number) => boolean): void {
    for (let dy = -reach; dy <= reach; dy += 1)
      for (let dx = -reach; dx <= reach; dx += 1)
        this.pattern(x + dx, y + dy, !light(Math.max(Math.abs(dx), Math.abs(dy))));
  }

  private patterns(version: number): void {
    const { size } = this;
    for (let at = 0; at < size; at += 1) {
      this.pattern(6, at, at % 2 === 0);
      this.pattern(at, 6, at % 2 === 0);
    }
    const marks = marksOf(version, size);
    const last = marks.length - 1;
    marks.forEach((x, across) => {
      marks.forEach((y, down) => {
        const corner =
          (across === 0 && down === 0) || (across === 0 && down === last) || (across === last && down === 0);
        if (!corner) this.rings(x, y, 2, ring => ring === 1);
      });
    });
    for (const [x, y] of [
      [3, 3],
      [size - 4, 3],
      [3, size - 4],
    ] as const)
      this.rings(x, y, 4, ring => ring === 2 || ring === 4);
    this.format(0);
    if (version < 7) return;
    const bits = (version << 12) | remainder(version, 0x1f25, 12);
    for (let at = 0; at < 18; at += 1) {
      const [far, near] = [size - 11 + (at % 3), Math.floor(at / 3)];
      this.pattern(far, near, ((bits >>> at) & 1) === 1);
      this.pattern(near, far, ((bits >>> at) & 1) === 1);
    }
  }

  /** Level and mask, twice. */
  private format(mask: number): void {
    const value = (LEVELS[this.level].format << 3) | mask;
    const bits = ((value << 10) | remainder(value, 0x537, 10)) ^ 0x5412;
    const end = this.size - 1;
    for (let at = 0; at < 15; at += 1) {
      const dark = ((bits >>> at) & 1) === 1;
      if (at < 6) this.pattern(8, at, dark);
      else if (at < 8) this.pattern(8, at + 1, dark);
      else if (at === 8) this.pattern(7, 8, dark);
      else this.pattern(14 - at, 8, dark);
      if (at < 8) this.pattern(end - at, 8, dark);
      else this.pattern(8, end - 14 + at, dark);
    }
    this.pattern(8, end - 7, true);
  }

  /** The words, up and down in columns of two from the right. */
  private fill(words: readonly number[]): void {
    const { size } = this;
    let bit = 0;
    for (let right = size - 1; right >= 1; right -= 2) {
      if (right === 6) right = 5;
      const upward = ((right + 1) & 2) === 0;
      for (let row = 0; row < size; row += 1)
        for (const x of [right, right - 1]) {
          const place = (upward ? size - 1 - row : row) * size + x;
          if (this.taken[place] === 1) continue;
          this.modules[place] = ((words[bit >>> 3] ?? 0) >>> (7 - (bit & 7))) & 1;
          bit += 1;
        }
    }
  }

  /** Turns over what a mask says; the same again takes it back. */
  private turn(mask: (x: number, y: number) => boolean): void {
    for (let y = 0; y < this.size; y += 1)
      for (let x = 0; x < this.size; x += 1) {
        const place = y * this.size + x;
        if (this.taken[place] === 0 && mask(x, y)) this.modules[place] = 1 - (this.modules[place] ?? 0);
      }
  }

  /** Takes the mask that a reader has the least trouble with. */
  masked(): this {
    let best = { mask: 0, penalty: Number.POSITIVE_INFINITY };
    MASKS.forEach((turns, mask) => {
      this.turn(turns);
      this.format(mask);
      const penalty = this.penalty();
      if (penalty < best.penalty) best = { mask, penalty };
      this.turn(turns);
    });
    this.format(best.mask);
    this.turn(MASKS[best.mask] ?? (() => false));
    return this;
  }

  private line(at: number, across: boolean): string {
    let line = "";
    for (let step = 0; step < this.size; step += 1)
      line += (across ? this.dark(step, at) : this.dark(at, step)) ? "1" : "0";
    return line;
  }

  /** Long runs, full squares, what looks like a finder, more of one colour than of the other. */
  private penalty(): number {
    const { size } = this;
    let sum = 0;
    for (let at = 0; at < size; at += 1)
      for (const line of [this.line(at, true), this.line(at, false)]) {
        for (const [run] of line.matchAll(/0{5,}|1{5,}/g)) sum += run.length - 2;
        const edged = `0000${line}0000`;
        sum += 40 * [...edged.matchAll(/1011101(?=0000)/g)].length;
        sum += 40 * [...edged.matchAll(/(?<=0000)1011101/g)].length;
      }
    let dark = 0;
    for (let y = 0; y < size; y += 1)
      for (let x = 0; x < size; x += 1) {
        const here = this.dark(x, y);
        if (here) dark += 1;
        const square = x + 1 < size && y + 1 < size;
        if (square && [this.dark(x + 1, y), this.dark(x, y + 1), this.dark(x + 1, y + 1)].every(each => each === here))
          sum += 3;
      }
    return sum + 10 * Math.floor(Math.abs((dark / size ** 2) * 20 - 10));
  }
}

/** The text as a square; none when it is longer than a QR code can hold. */
export function qrSquare(text: string): Square | undefined {
  const found = wordsFor(text);
  return found && new Drawing(found.version, found.level, found.words).masked();
}
