/** The real program, started on a data folder of its own. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";

const PROGRAM = process.env.WEBX ?? resolve(import.meta.dirname, "../../../../target/debug/webx");
const READY_MS = 60_000;

/** A fresh folder that is removed when the tests are over. */
export async function freshFolder(name) {
  const path = await mkdtemp(join(tmpdir(), `webx-e2e-${name}-`));
  return { path, remove: () => rm(path, { recursive: true, force: true }) };
}

/** Runs a command of the program to its end. */
export async function webx(data, ...args) {
  const child = spawn(PROGRAM, ["--data", data, ...args], { stdio: ["ignore", "pipe", "pipe"] });
  const out = [];
  const err = [];
  child.stdout.on("data", chunk => out.push(chunk));
  child.stderr.on("data", chunk => err.push(chunk));
  const [code] = await once(child, "close");
  return { code, out: Buffer.concat(out).toString(), err: Buffer.concat(err).toString() };
}

/** A running node. `port` 0 takes a free one; give the same port again so that the browser finds its origin. */
export class Node {
  #child;
  #log = [];

  constructor(data, port = 0) {
    this.data = data;
    this.port = port;
  }

  async start() {
    const child = spawn(PROGRAM, ["--data", this.data, "--json", "up", "--no-open", "--port", String(this.port)], {
      stdio: ["ignore", "pipe", "pipe"],
      env: { ...process.env, RUST_BACKTRACE: "1" },
    });
    this.#child = child;
    child.stderr.on("data", chunk => this.#log.push(chunk));
    const lines = createInterface({ input: child.stdout });
    const ready = await Promise.race([
      once(lines, "line").then(([line]) => JSON.parse(line)),
      once(child, "close").then(([code]) => {
        throw new Error(`the node ended with ${code} before it was ready:\n${this.log()}`);
      }),
      new Promise((_, reject) => {
        const timer = setTimeout(() => reject(new Error(`the node was not ready in time:\n${this.log()}`)), READY_MS);
        timer.unref();
      }),
    ]);
    this.url = ready.url;
    this.port = Number(new URL(ready.url).port);
    return this;
  }

  /** Asks the node to end and waits for it. Resolves with its exit code. */
  async stop(signal = "SIGTERM") {
    const child = this.#child;
    if (!child || child.exitCode !== null) return child?.exitCode ?? null;
    const closed = once(child, "close");
    child.kill(signal);
    const [code] = await closed;
    return code;
  }

  log() {
    return Buffer.concat(this.#log).toString();
  }
}
