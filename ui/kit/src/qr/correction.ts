/** Reed-Solomon correction words over GF(2⁸) with the polynomial of QR codes, 0x11d. */

function multiply(one: number, other: number): number {
  let product = 0;
  for (let bit = 7; bit >= 0; bit -= 1) {
    product = (product << 1) ^ ((product >>> 7) * 0x11d);
    product ^= ((other >>> bit) & 1) * one;
  }
  return product;
}

/** The generator of a degree without its leading 1. */
function generator(degree: number): number[] {
  const factors = [...Array.from({ length: degree - 1 }, () => 0), 1];
  let root = 1;
  for (let round = 0; round < degree; round += 1) {
    for (let at = 0; at < degree; at += 1) factors[at] = multiply(factors[at] ?? 0, root) ^ (factors[at + 1] ?? 0);
    root = multiply(root, 2);
  }
  return factors;
}

function correction(words: readonly number[], factors: readonly number[]): number[] {
  let rest: number[] = factors.map(() => 0);
  for (const word of words) {
    const [first = 0, ...others] = rest;
    const lead = word ^ first;
    rest = [...others, 0].map((value, at) => value ^ multiply(factors[at] ?? 0, lead));
  }
  return rest;
}

/** Cuts the words into blocks, gives each its correction, and weaves the blocks into one line. */
export function withCorrection(words: readonly number[], blocks: number, degree: number): number[] {
  const factors = generator(degree);
  const least = Math.floor(words.length / blocks);
  const short = blocks - (words.length % blocks);
  const parts = Array.from({ length: blocks }, (_, at) => {
    const start = at * least + Math.max(0, at - short);
    const part = words.slice(start, start + least + (at < short ? 0 : 1));
    return { part, correction: correction(part, factors) };
  });
  const woven: number[] = [];
  for (let at = 0; at <= least; at += 1)
    for (const { part } of parts) {
      const word = part[at];
      if (word !== undefined) woven.push(word);
    }
  for (let at = 0; at < degree; at += 1) for (const part of parts) woven.push(part.correction[at] ?? 0);
  return woven;
}
