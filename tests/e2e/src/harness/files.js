/** Real files to put in: what a Debian machine has, pictures and sounds made here, and one file over 1 GiB. */
import { createCipheriv, createHash } from "node:crypto";
import { constants } from "node:fs";
import { access, copyFile, mkdir, open, opendir, realpath, stat, utimes, writeFile } from "node:fs/promises";
import { dirname, join, relative } from "node:path";
import { deflateSync } from "node:zlib";

const SOURCES = ["/usr/share/doc", "/usr/share/icons", "/usr/share/common-licenses", "/usr/share/perl5", "/usr/share/zoneinfo", "/usr/lib/python3"];
const LARGEST = 4 * 1024 * 1024;
export const SEED = process.env.SEED ?? "webx-e2e-1";

/** Bytes that look random and are the same for one seed: the key stream of AES-CTR. */
export function seeded(seed) {
  const key = createHash("sha256").update(seed).digest();
  const cipher = createCipheriv("aes-256-ctr", key, Buffer.alloc(16));
  return length => cipher.update(Buffer.alloc(length));
}

async function* walk(folder) {
  const entries = await opendir(folder).catch(() => undefined);
  if (!entries) return;
  const found = [];
  for await (const entry of entries) found.push(entry);
  found.sort((left, right) => (left.name < right.name ? -1 : 1));
  for (const entry of found) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) yield* walk(path);
    else yield path;
  }
}

/** Copies readable regular files (links are followed) until there are `count`. */
async function copyReal(target, count) {
  let copied = 0;
  for (const source of SOURCES) {
    const share = Math.ceil(count * (source === SOURCES[0] ? 0.6 : source === SOURCES[1] ? 0.9 : 1));
    for await (const path of walk(source)) {
      if (copied >= share) break;
      const real = await realpath(path).catch(() => undefined);
      if (!real || !(await access(real, constants.R_OK).then(() => true, () => false))) continue;
      const info = await stat(real);
      if (!info.isFile() || info.size > LARGEST) continue;
      const to = join(target, relative("/usr", path));
      await mkdir(dirname(to), { recursive: true });
      await copyFile(real, to);
      await utimes(to, info.atime, info.mtime);
      copied += 1;
    }
  }
  const random = seeded(`${SEED}/text`);
  for (; copied < count; copied += 1) {
    await mkdir(join(target, "made"), { recursive: true });
    await writeFile(join(target, "made", `${copied}.txt`), random(1 + (copied % 40_000)).toString("base64"));
  }
}

async function writeSeeded(path, size) {
  const random = seeded(`${SEED}/${size}`);
  const file = await open(path, "w");
  for (let left = size; left > 0; ) {
    const length = Math.min(left, 8 * 1024 * 1024);
    await file.write(random(length));
    left -= length;
  }
  await file.close();
}

const crcTable = Array.from({ length: 256 }, (_, index) => {
  let value = index;
  for (let bit = 0; bit < 8; bit += 1) value = value & 1 ? 0xedb88320 ^ (value >>> 1) : value >>> 1;
  return value >>> 0;
});
const crc32 = bytes => {
  let value = 0xffffffff;
  for (const byte of bytes) value = crcTable[(value ^ byte) & 255] ^ (value >>> 8);
  return (value ^ 0xffffffff) >>> 0;
};

/** A PNG of a colour gradient. */
export function png(width, height) {
  const chunk = (type, data) => {
    const body = Buffer.concat([Buffer.from(type, "latin1"), data]);
    const out = Buffer.alloc(8 + body.length);
    out.writeUInt32BE(data.length, 0);
    body.copy(out, 4);
    out.writeUInt32BE(crc32(body), 4 + body.length);
    return out;
  };
  const head = Buffer.alloc(13);
  head.writeUInt32BE(width, 0);
  head.writeUInt32BE(height, 4);
  head.set([8, 2, 0, 0, 0], 8);
  const rows = Buffer.alloc((width * 3 + 1) * height);
  for (let y = 0; y < height; y += 1) {
    for (let x = 0; x < width; x += 1) {
      const at = y * (width * 3 + 1) + 1 + x * 3;
      rows.set([(255 * x) / width, (255 * y) / height, 160], at);
    }
  }
  const signature = Buffer.from([137, 80, 78, 71, 13, 10, 26, 10]);
  return Buffer.concat([signature, chunk("IHDR", head), chunk("IDAT", deflateSync(rows)), chunk("IEND", Buffer.alloc(0))]);
}

/** Seconds of a sine tone as a WAV file. */
export function wav(seconds, rate = 22_050) {
  const samples = seconds * rate;
  const out = Buffer.alloc(44 + samples * 2);
  out.write("RIFF", 0);
  out.writeUInt32LE(36 + samples * 2, 4);
  out.write("WAVEfmt ", 8);
  out.writeUInt32LE(16, 16);
  out.writeUInt16LE(1, 20);
  out.writeUInt16LE(1, 22);
  out.writeUInt32LE(rate, 24);
  out.writeUInt32LE(rate * 2, 28);
  out.writeUInt16LE(2, 32);
  out.writeUInt16LE(16, 34);
  out.write("data", 36);
  out.writeUInt32LE(samples * 2, 40);
  for (let i = 0; i < samples; i += 1) out.writeInt16LE(Math.round(9000 * Math.sin((i * 440 * 2 * Math.PI) / rate)), 44 + i * 2);
  return out;
}

/** A PDF of one page with a line of text. */
export function pdf(text) {
  const objects = [
    "<</Type/Catalog/Pages 2 0 R>>",
    "<</Type/Pages/Kids[3 0 R]/Count 1>>",
    "<</Type/Page/Parent 2 0 R/MediaBox[0 0 300 200]/Contents 4 0 R/Resources<</Font<</F1 5 0 R>>>>>>",
    (stream => `<</Length ${stream.length}>>\nstream\n${stream}\nendstream`)(`BT /F1 20 Tf 20 100 Td (${text}) Tj ET`),
    "<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
  ];
  let out = "%PDF-1.4\n";
  const places = objects.map((object, index) => {
    const at = out.length;
    out += `${index + 1} 0 obj\n${object}\nendobj\n`;
    return at;
  });
  const table = out.length;
  out += `xref\n0 ${objects.length + 1}\n0000000000 65535 f \n`;
  for (const place of places) out += `${String(place).padStart(10, "0")} 00000 n \n`;
  return Buffer.from(`${out}trailer\n<</Size ${objects.length + 1}/Root 1 0 R>>\nstartxref\n${table}\n%%EOF\n`, "latin1");
}

const MARKDOWN = "# Garden plan\n\nA **short** list:\n\n- beans\n- [safe link](https://example.org)\n\n<script>window.hacked = true</script>\n";
const TEXT = "The quick brown fox jumps over the lazy dog.\nZweite Zeile mit Umlauten: äöü\nسطر ثالث\n";

/**
 * Makes the folder to upload. Returns its path and what is in it: relative path → SHA-256, as hexadecimal.
 * `show` holds one file for each kind of preview, `hard` holds names and sizes that break careless programs.
 */
export async function makeTree(folder, { count = 2_200, big = 1_100_000_000 } = {}) {
  const root = join(folder, "Papers");
  await mkdir(join(root, "show"), { recursive: true });
  await mkdir(join(root, "hard", "deep", "a", "b", "c", "d", "e", "f"), { recursive: true });
  await copyReal(join(root, "system"), count);
  await writeFile(join(root, "show", "picture.png"), png(640, 400));
  await writeFile(join(root, "show", "tone.wav"), wav(30));
  await writeFile(join(root, "show", "page.pdf"), pdf("Hello from the drive"));
  await writeFile(join(root, "show", "plan.md"), MARKDOWN);
  await writeFile(join(root, "show", "fox.txt"), TEXT);
  await writeFile(join(root, "hard", "empty"), "");
  await writeFile(join(root, "hard", `${"n".repeat(251)}.txt`), "long name");
  await writeFile(join(root, "hard", "#% ?&+;=@ 'quote' \"double\".txt"), "signs");
  await writeFile(join(root, "hard", "مرحبا بالعالم.txt"), "right to left");
  await writeFile(join(root, "hard", "emoji 🗂️ 家族.txt"), "wide");
  await writeFile(join(root, "hard", "Caf\u00e9.txt"), "composed");
  await writeFile(join(root, "hard", "deep", "a", "b", "c", "d", "e", "f", "leaf.bin"), seeded("leaf")(1024 * 1024 + 1));
  if (big > 0) await writeSeeded(join(root, "big.bin"), big);
  return { root, hashes: await hashesOf(root) };
}

async function hashOf(path) {
  const hash = createHash("sha256");
  const file = await open(path);
  for await (const chunk of file.createReadStream({ highWaterMark: 1024 * 1024 })) hash.update(chunk);
  return hash.digest("hex");
}

/** SHA-256 of every file below a folder, by relative path. */
export async function hashesOf(root) {
  const hashes = new Map();
  for await (const path of walk(root)) hashes.set(relative(root, path).normalize("NFC"), await hashOf(path));
  return hashes;
}

export { hashOf, MARKDOWN, TEXT };
