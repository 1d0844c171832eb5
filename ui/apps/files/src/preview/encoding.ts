export const ENCODINGS = [
  "utf-8",
  "utf-16le",
  "utf-16be",
  "windows-1252",
  "iso-8859-15",
  "windows-1256",
  "shift_jis",
  "gb18030",
] as const;
export type Encoding = (typeof ENCODINGS)[number];

/** Above this a file is shown piece by piece. */
export const TEXT_STEP = 512 * 1024;

function isUtf8(bytes: Uint8Array): boolean {
  // The last character may be cut off by the size limit.
  for (let cut = 0; cut < 4 && cut <= bytes.length; cut += 1) {
    try {
      new TextDecoder("utf-8", { fatal: true }).decode(bytes.subarray(0, bytes.length - cut));
      return true;
    } catch {
      // Tried again with one byte less.
    }
  }
  return false;
}

/** The encoding by its mark, else by what the bytes allow; `undefined` for something that is no text. */
export function detectEncoding(bytes: Uint8Array): Encoding | undefined {
  const [a, b] = bytes;
  if (a === 0xff && b === 0xfe) return "utf-16le";
  if (a === 0xfe && b === 0xff) return "utf-16be";
  const head = bytes.subarray(0, 4096);
  let zerosEven = 0;
  let zerosOdd = 0;
  for (const [index, byte] of head.entries()) {
    if (byte !== 0) continue;
    if (index % 2 === 0) zerosEven += 1;
    else zerosOdd += 1;
  }
  const half = head.length / 2;
  if (head.length >= 4 && zerosOdd > half * 0.4 && zerosEven < half * 0.1) return "utf-16le";
  if (head.length >= 4 && zerosEven > half * 0.4 && zerosOdd < half * 0.1) return "utf-16be";
  if (zerosEven + zerosOdd > 0) return undefined;
  return isUtf8(bytes) ? "utf-8" : "windows-1252";
}

export function decode(bytes: Uint8Array, encoding: Encoding): string {
  return new TextDecoder(encoding).decode(bytes);
}
