// Says what the first picture of the desktop costs, compressed as the node sends it, and fails above the budget.
import { readdirSync, readFileSync } from "node:fs";
import { basename } from "node:path";
import { brotliCompressSync } from "node:zlib";

const BUDGET = { requests: 12, bytes: 400_000 };
const dist = new URL("../dist/", import.meta.url);
const html = readFileSync(new URL("index.html", dist), "utf8");
const linked = [...html.matchAll(/(?:src|href)="\/(assets\/[^"]+)"/g)].map(match => match[1]);
// What the page asks for itself once it knows that somebody is signed in.
const later = readdirSync(new URL("assets/", dist))
  .filter(name => /^(desktop|desk|text-en)-.*\.js$/.test(name))
  .map(name => `assets/${name}`);

/** A file and everything it imports at once. */
function withImports(path, found = new Set()) {
  if (found.has(path)) return found;
  found.add(path);
  if (!path.endsWith(".js")) return found;
  const text = readFileSync(new URL(path, dist), "utf8");
  for (const [, name] of text.matchAll(/(?:import|from)\s*["'`]\.\/([^"'`]+\.js)["'`]/g))
    withImports(`assets/${name}`, found);
  return found;
}

const rows = ["index.html", ...new Set([...linked, ...later].flatMap(path => [...withImports(path)]))].map(path => {
  const bytes = readFileSync(new URL(path, dist));
  return { file: basename(path), raw: bytes.length, sent: brotliCompressSync(bytes).length };
});
const sent = rows.reduce((sum, row) => sum + row.sent, 0);
// And what is asked of the node: its state, the apps, the settings, the windows.
const requests = rows.length + 4;

for (const row of rows)
  process.stdout.write(`${String(row.sent).padStart(8)} ${String(row.raw).padStart(8)}  ${row.file}\n`);
process.stdout.write(`${requests} requests (at most ${BUDGET.requests}), ${sent} bytes (at most ${BUDGET.bytes})\n`);
if (requests > BUDGET.requests || sent > BUDGET.bytes) process.exitCode = 1;
