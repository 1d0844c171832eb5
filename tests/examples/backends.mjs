#!/usr/bin/env node
/*
 * Packs, installs and uses the examples that have a server half.
 *
 *   node backends.mjs --webx target/debug/webx --wxa target/debug/wxa [--keep]
 */
import { spawn } from "node:child_process";
import { cp, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { request } from "node:http";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { deflateSync } from "node:zlib";
import { Desk } from "../developer/steps.mjs";

const EXAMPLES = resolve(dirname(fileURLToPath(import.meta.url)), "../../examples");

function check(held, what) {
  if (!held) throw new Error(what);
}

/** A request with a Host header of its own, which fetch does not allow. */
function ask(url, { method = "GET", headers = {}, body } = {}) {
  return new Promise((done, failed) => {
    // A connection of its own: one that the server has just let go of must not be taken for the next request.
    const asked = request(url, { method, headers, agent: false }, answer => {
      const parts = [];
      answer.on("data", part => parts.push(part));
      answer.on("end", () => done({ status: answer.statusCode, headers: answer.headers, body: Buffer.concat(parts) }));
    });
    asked.on("error", failed);
    asked.end(body);
  });
}

/** A PNG of this size in stripes, made without a library. */
export function png(width, height) {
  const table = Array.from({ length: 256 }, (_, n) => {
    let c = n;
    for (let k = 0; k < 8; k++) c = c & 1 ? 0xedb88320 ^ (c >>> 1) : c >>> 1;
    return c >>> 0;
  });
  const crc = bytes => (bytes.reduce((sum, byte) => table[(sum ^ byte) & 255] ^ (sum >>> 8), 0xffffffff) ^ 0xffffffff) >>> 0;
  const chunk = (name, data) => {
    const named = Buffer.concat([Buffer.from(name), data]);
    const out = Buffer.alloc(data.length + 12);
    out.writeUInt32BE(data.length, 0);
    named.copy(out, 4);
    out.writeUInt32BE(crc(named), data.length + 8);
    return out;
  };
  const head = Buffer.alloc(13);
  head.writeUInt32BE(width, 0);
  head.writeUInt32BE(height, 4);
  head.set([8, 2, 0, 0, 0], 8);
  const rows = Buffer.alloc(height * (1 + width * 3));
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const at = y * (1 + width * 3) + 1 + x * 3;
      rows.set([(x * 7) & 255, (y * 5) & 255, ((x ^ y) * 3) & 255], at);
    }
  }
  const magic = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
  return Buffer.concat([magic, chunk("IHDR", head), chunk("IDAT", deflateSync(rows)), chunk("IEND", Buffer.alloc(0))]);
}

/** Starts the node of a desk that was stopped. */
async function resume(desk) {
  await rm(join(desk.data, "run"), { recursive: true, force: true });
  desk.up = spawn(desk.webx, ["up", "--data", desk.data, "--port", "0", "--no-open"], { env: desk.env, stdio: "ignore" });
  const control = await desk.until("the node has started again", async () => {
    const text = await readFile(join(desk.data, "run", "control.json"), "utf8").catch(() => "");
    return text === "" ? undefined : JSON.parse(text);
  });
  desk.url = `http://${control.addr}`;
  desk.token = control.token;
  await desk.node("unlock", "--passphrase-file", join(desk.dir, "passphrase"));
}

/** Packs and installs an example from a copy of it. */
async function install(desk, name) {
  const project = join(desk.dir, name);
  await cp(join(EXAMPLES, name), project, { recursive: true });
  const file = join(desk.dir, `${name}.wxa`);
  await desk.tool("pack", "--project", project, "--output", file, "--key", join(desk.dir, "key"), "--no-typecheck");
  await desk.node("app", "install", file, "--yes");
  const { install } = (await desk.node("app", "ls")).find(app => app.id === name);
  return install;
}

/** A request to the backend of an installed app, as the desktop makes it. */
function backend(desk, install, path, options = {}) {
  const headers = { Authorization: `Bearer ${desk.token}`, ...options.headers };
  return ask(`${desk.url}/_api/${install}${path}`, { ...options, headers });
}

const form = fields => ({
  method: "POST",
  headers: { "Content-Type": "application/x-www-form-urlencoded" },
  body: new URLSearchParams(fields).toString(),
});

async function freePort() {
  const server = createServer().listen(0, "127.0.0.1");
  await new Promise(done => server.once("listening", done));
  const { port } = server.address();
  await new Promise(done => server.close(done));
  return port;
}

/** The guestbook without any of us: Flask's own server. */
async function plainFlask(desk) {
  const project = join(desk.dir, "plain");
  await cp(join(EXAMPLES, "guestbook/backend"), project, { recursive: true });
  await desk.run("python3", ["-m", "venv", join(project, ".venv")]);
  await desk.run(join(project, ".venv/bin/pip"), ["install", "-q", "-r", join(project, "requirements.txt")]);
  const port = await freePort();
  const flask = spawn(join(project, ".venv/bin/flask"), ["run", "--port", String(port)], { cwd: project, env: desk.env, stdio: "ignore" });
  try {
    const url = `http://127.0.0.1:${port}`;
    await desk.until("flask run answers", () => ask(url).then(answer => answer.status === 200, () => undefined));
    await ask(url, form({ name: "Ada", text: "by flask run", colour: "moss" }));
    check((await ask(url)).body.includes("by flask run"), "the unchanged app keeps an entry under flask run");
  } finally {
    const ended = new Promise(done => flask.once("exit", done));
    flask.kill("SIGTERM");
    await ended;
  }
}

async function guestbook(desk) {
  const app = await install(desk, "guestbook");
  const first = await backend(desk, app, "/");
  check(first.status === 200 && first.body.includes("Be the first to sign"), `the guestbook opens: ${first.status} ${first.body}`);
  const style = await backend(desk, app, "/static/style.css");
  check(style.status === 200 && style.headers["content-type"].startsWith("text/css"), "its style sheet comes from the same app");
  for (const text of ["a first line", "<script>alert(1)</script>"]) {
    const signed = await backend(desk, app, "/", form({ name: "Ada Lovelace", text, colour: "sky" }));
    check(signed.status === 302, `signing answers 302, not ${signed.status}: ${signed.body}`);
    check(!("set-cookie" in signed.headers), "no cookie is set");
  }
  const empty = await backend(desk, app, "/", form({ name: "", text: "x", colour: "sky" }));
  check(empty.status === 422 && empty.body.includes("Please write your name"), "an empty name is refused in words");
  const seen = (await backend(desk, app, "/")).body.toString();
  check(seen.includes("a first line") && seen.includes("2 visitors"), "both entries are shown");
  check(seen.includes("&lt;script&gt;") && !seen.includes("<script>"), "what visitors write is text");
  await desk.stop();
  return async () => {
    const kept = JSON.parse((await backend(desk, app, "/entries.json")).body);
    check(kept.length === 2 && kept[1].text === "a first line", "entries are there after the node was started again");
    await backend(desk, app, `/entries/${kept[1].id}/remove`, form({}));
    check(JSON.parse((await backend(desk, app, "/entries.json")).body).length === 1, "an entry can be removed");
  };
}

async function imageResize(desk) {
  const app = await install(desk, "image-resize");
  const large = png(1600, 900);
  const made = await backend(desk, app, "/resize?width=400&height=400&format=jpeg&quality=80", { method: "POST", body: large });
  check(made.status === 200, `a picture comes back: ${made.status} ${made.body.subarray(0, 200)}`);
  check(made.headers["content-type"] === "image/jpeg" && made.body.readUInt16BE(0) === 0xffd8, "it is a JPEG");
  check(made.headers["x-picture-width"] === "400" && made.headers["x-picture-height"] === "225", "it fits, with its proportions");
  check(made.body.length < large.length, "it is smaller");
  const same = await backend(desk, app, "/resize?width=4000&height=4000&format=same", { method: "POST", body: large });
  check(same.headers["x-picture-width"] === "1600" && same.headers["content-type"] === "image/png", "it is never made larger");
  for (const [body, path, status] of [
    [Buffer.from("no picture"), "/resize?width=10&height=10", 422],
    [large.subarray(0, 200), "/resize?width=10&height=10", 422],
    [large, "/resize?width=0&height=10", 400],
    [large, "/resize", 400],
    [large, "/elsewhere", 404],
  ]) {
    const answer = await backend(desk, app, path, { method: "POST", body });
    check(answer.status === status && answer.body.length > 10, `${path} is refused with ${status} and words, not ${answer.status}`);
  }
  const { state } = JSON.parse((await ask(`${desk.url}/api/apps/${app}/backend`, { headers: { Authorization: `Bearer ${desk.token}` } })).body);
  check(["running", "idle"].includes(state), `its backend is well after all that: ${state}`);
}

/** A project that `wxa new` makes, packed and installed once `change` has been at it. */
async function fromTemplate(desk, name, template, change = async () => {}) {
  await desk.tool("new", name, "--template", template, "--in", desk.dir);
  const project = join(desk.dir, name);
  const file = join(desk.dir, `${name}.wxa`);
  const pack = () => desk.tool("pack", "--project", project, "--output", file, "--key", join(desk.dir, "key"), "--no-typecheck");
  await change(project, pack);
  await pack();
  await desk.node("app", "install", file, "--yes");
  const { install } = (await desk.node("app", "ls")).find(app => app.id === name);
  return install;
}

async function countsWords(desk) {
  const app = await fromTemplate(desk, "word-count", "javascript");
  const counted = await backend(desk, app, "/words", { method: "POST", body: "three small words" });
  check(counted.status === 200 && counted.body.toString() === "3", `the words are counted: ${counted.status} ${counted.body}`);
  const other = await backend(desk, app, "/elsewhere");
  check(other.status === 404, `what it does not know is refused by the app itself, not with ${other.status}`);
}

const SUMS = `import socket
import numpy
from flask import Flask, request

app = Flask(__name__)


@app.post("/sum")
def total():
    return str(int(numpy.array(request.get_json(), dtype=numpy.int64).sum()))


@app.get("/out")
def out():
    try:
        socket.create_connection(("127.0.0.1", 9), timeout=1)
    except OSError as error:
        return f"no way out: {type(error).__name__}"
    return "out"
`;

/** numpy, a native wheel fetched by `wxa pack` and pinned by its hash, in the jail. */
async function addsInTheJail(desk) {
  const change = async (project, pack) => {
    await writeFile(join(project, "backend/app.py"), SUMS);
    await writeFile(join(project, "backend/requirements.txt"), "flask==3.1.2\nnumpy==2.3.5\n");
    const path = join(project, "manifest.json");
    const manifest = JSON.parse(await readFile(path, "utf8"));
    const pin = async wheels => {
      manifest.backend = { wsgi: { app: "app:app", source: "backend/", mount: "/", native: { wheels } } };
      manifest.permissions = { required: [{ kind: "native-code", reason: "Adds with numpy" }], optional: [] };
      await writeFile(path, JSON.stringify(manifest, null, 2));
    };
    await pin([]);
    const told = await pack().then(
      () => "packed without a pin",
      error => JSON.parse(error.err).todo,
    );
    const wheels = JSON.parse(/\[.*\]/s.exec(told)[0]);
    check(
      wheels.some(wheel => /numpy-.*manylinux/.test(wheel.path)),
      `the lines to write name the native wheel: ${told}`,
    );
    await pin(wheels.map(wheel => ({ ...wheel, sha256: "0".repeat(64) })));
    const refused = await pack().then(
      () => "",
      error => error.err,
    );
    check(refused.includes("sha256") || refused.includes("digest") || refused.includes("hash"), `a wheel with another hash is refused: ${refused}`);
    await pin(wheels);
  };
  const app = await fromTemplate(desk, "sums", "flask", change);
  const sum = await backend(desk, app, "/sum", { method: "POST", headers: { "Content-Type": "application/json" }, body: "[1, 2, 39]" });
  check(sum.status === 200 && sum.body.toString() === "42", `numpy adds: ${sum.status} ${sum.body}`);
  const out = await backend(desk, app, "/out");
  check(out.body.toString().startsWith("no way out"), `it opens no socket: ${out.status} ${out.body}`);
}

async function timed(title, work) {
  const start = Date.now();
  const result = await work();
  console.log(`ok   ${title} (${((Date.now() - start) / 1000).toFixed(1)} s)`);
  return result;
}

const { values } = parseArgs({ options: { webx: { type: "string" }, wxa: { type: "string" }, keep: { type: "boolean" } } });
const dir = await mkdtemp(join(tmpdir(), "webx-examples-"));
const desk = new Desk({ webx: values.webx ?? "target/debug/webx", wxa: values.wxa ?? "target/debug/wxa", dir });
// Compilers that wxa fetched once serve every run.
desk.env.WXA_CACHE ??= join(tmpdir(), "webx-wxa-cache");
for (const name of ["CARGO_HOME", "RUSTUP_HOME"]) {
  desk.env[name] ??= join(process.env.HOME ?? "/root", `.${name.split("_")[0].toLowerCase()}`);
}
try {
  await timed("the guestbook runs under flask run", () => plainFlask(desk));
  await timed("a node starts", () => desk.start());
  await desk.tool("keygen", "--key", join(desk.dir, "key"));
  const again = await timed("the guestbook is packed, installed and signed", () => guestbook(desk));
  await timed("the node starts again", () => resume(desk));
  await timed("the guestbook remembers", again);
  await timed("a picture is made smaller by a Rust backend", () => imageResize(desk));
  await timed("words are counted by a JavaScript backend", () => countsWords(desk));
  await timed("numpy adds in the jail, by a native wheel that is pinned", () => addsInTheJail(desk));
  console.log("8 passed, 0 failed");
} finally {
  await desk.stop().catch(() => {});
  if (values.keep) console.log(dir);
  else await rm(dir, { recursive: true, force: true });
}
