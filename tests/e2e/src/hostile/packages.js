/** Makes `.wxa` files with the tool that everybody makes them with. */
import { execFile } from "node:child_process";
import { cp, mkdir, readFile, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { promisify } from "node:util";

const ROOT = resolve(import.meta.dirname, "../../../..");
const WXA = process.env.WXA ?? join(ROOT, "target/debug/wxa");
const run = promisify(execFile);

async function key(folder) {
  const path = join(folder, "publisher.key");
  const made = await readFile(path).catch(() => undefined);
  if (!made) await run(WXA, ["keygen", "--key", path], { env: { ...process.env, HOME: folder } });
  return path;
}

/**
 * Packs the project in `source` and returns the file's path. `change` may edit the manifest; `files` are added, by their
 * path in the project.
 */
export async function pack(source, folder, { change, files = {} } = {}) {
  const text = JSON.parse(await readFile(join(source, "manifest.json"), "utf8"));
  const manifest = change ? change(text) : text;
  const project = join(folder, `${manifest.id}-${manifest.version}`);
  await cp(source, project, { recursive: true, filter: path => !/node_modules|\.webx/.test(path) });
  await writeFile(join(project, "manifest.json"), JSON.stringify(manifest));
  for (const [path, body] of Object.entries(files)) {
    await mkdir(join(project, path, ".."), { recursive: true });
    await writeFile(join(project, path), body);
  }
  const out = join(folder, `${manifest.id}-${manifest.version}.wxa`);
  await run(WXA, ["pack", "--project", project, "--output", out, "--key", await key(folder), "--no-typecheck"], {
    env: { ...process.env, HOME: folder },
  });
  return out;
}

const HERE = import.meta.dirname;
const SHARED = ["panel.js", "channels.js", "probes.js"];

async function shared(below) {
  const files = {};
  for (const name of SHARED) files[join(below, name)] = await readFile(join(HERE, name));
  return files;
}

export const packHostile = async folder => pack(join(HERE, "builtin"), folder, { files: await shared("src") });
export const packHostileWeb = async folder => pack(join(HERE, "web"), folder, { files: await shared("web") });
/** An app that keeps words and may read what was chosen; `version` shows itself in it. */
export const packChooser = (folder, version = "1.0.0", change = manifest => manifest) =>
  pack(join(HERE, "chooser"), folder, {
    change: manifest => change({ ...manifest, version }),
    files: { "src/version.js": `export const VERSION = ${JSON.stringify(version)};\n` },
  });
export const packNotes = (folder, change) => pack(join(ROOT, "examples/notes"), folder, { change });
