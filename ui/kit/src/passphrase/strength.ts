/**
 * How long a passphrase would hold against somebody who has the disk. An estimate, and shown as one: it counts what a
 * guesser tries first (common passwords, runs, repeats, years, words) as cheap, and everything else by its alphabet.
 */

export type Level = 0 | 1 | 2 | 3 | 4;
/** What would help most; a key of the catalogue. */
export type Hint = "tooShort" | "common" | "repeats" | "name" | "longer" | "fair" | "good";

export interface Strength {
  level: Level;
  bits: number;
  hint: Hint;
}

export const MIN_LENGTH = 8;
/** Least bits of each level from 1 on. One guess costs half a second of a strong machine (Argon2id). */
const STEPS = [20, 35, 50, 70] as const;

const COMMON =
  "password passwort passphrase 12345678 123456789 1234567890 qwertyui qwertyuiop qwertzui qwerty123 asdfghjk iloveyou sunshine princess football baseball superman batman dragon monkey master welcome letmein trustno1 abcdefgh abcd1234 abc12345 11111111 00000000 changeme administrator hallo123 schatz passw0rd p@ssw0rd startrek pokemon whatever computer internet".split(
    " ",
  );
const ROWS = [
  "abcdefghijklmnopqrstuvwxyz",
  "01234567890",
  "qwertyuiop",
  "qwertzuiop",
  "asdfghjkl",
  "yxcvbnm",
  "zxcvbnm",
];

function alphabet(text: string): number {
  let size = 0;
  if (/\p{Ll}/u.test(text)) size += 26;
  if (/\p{Lu}/u.test(text)) size += 26;
  if (/\p{Lo}/u.test(text)) size += 28;
  if (/\p{Nd}/u.test(text)) size += 10;
  if (/[^\p{L}\p{Nd}]/u.test(text)) size += 20;
  return Math.max(size, 10);
}

/** How many characters are no guess from the one before: runs (abc, 321), rows of keys and repeats count once. */
function surprising(text: string): number {
  const lower = Array.from(text.toLowerCase());
  let count = 0;
  for (const [index, char] of lower.entries()) {
    const before = lower[index - 1];
    const run =
      before !== undefined &&
      (char === before || ROWS.some(row => row.includes(before + char) || row.includes(char + before)));
    if (!run) count += 1;
  }
  // A part that came before is no surprise the second time.
  const half = lower.join("").match(/^(.{2,}?)\1+$/u);
  return half?.[1] ? Math.min(count, Array.from(half[1]).length + 1) : count;
}

function words(text: string): string[] {
  return text.split(/[\s\-_.,;:+/]+/u).filter(word => /^\p{L}{3,}$/u.test(word));
}

/** Judges a passphrase. `known` are texts that others know or can guess, such as the person's name. */
export function strengthOf(passphrase: string, known: readonly string[] = []): Strength {
  const text = passphrase.normalize("NFKC");
  const lower = text.toLowerCase();
  const length = Array.from(text).length;
  const longest = COMMON.filter(each => lower.includes(each)).reduce((most, each) => Math.max(most, each.length), 0);
  const said = known.map(each => each.trim().toLowerCase()).find(each => each.length >= 3 && lower.includes(each));
  const free = length - longest - (said ? Array.from(said).length : 0);
  const real = Math.max(0, Math.min(surprising(text), free));
  let bits = real * Math.log2(alphabet(text)) * 0.85;
  const spoken = words(text);
  // Words are picked from a few thousand, whatever their length.
  if (spoken.length > 0) {
    const rest = Math.max(0, length - spoken.join("").length);
    bits = Math.min(bits, new Set(spoken.map(word => word.toLowerCase())).size * 12 + rest * 2);
  }
  const level: Level = length < MIN_LENGTH ? 0 : (STEPS.filter(step => bits >= step).length as Level);
  const hint: Hint =
    length < MIN_LENGTH
      ? "tooShort"
      : longest > 0 && level < 3
        ? "common"
        : said && level < 3
          ? "name"
          : surprising(text) < length * 0.6 && level < 3
            ? "repeats"
            : level < 3
              ? "longer"
              : level === 3
                ? "fair"
                : "good";
  return { level, bits: Math.round(bits), hint };
}
