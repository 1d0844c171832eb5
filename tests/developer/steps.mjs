#!/usr/bin/env node
/*
 * The seven steps of docs/developers.md against a real `webx` and a real `wxa`, from nothing to an app that is installed, running,
 * updated and removed. Without a browser; the browser run takes the same steps through `steps` and looks at the desktop in between.
 *
 *   node steps.mjs --webx target/debug/webx --wxa target/debug/wxa [--dir DIR] [--keep]
 */
import { execFile, spawn } from "node:child_process";
import { get } from "node:http";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { parseArgs } from "node:util";

/** All seven steps together, in seconds. */
const LIMIT = 120;
const PASSPHRASE = "correct horse battery staple";

/** A node of its own, in a home of its own. */
export class Desk {
  constructor({ webx, wxa, dir }) {
    this.webx = resolve(webx);
    this.wxa = resolve(wxa);
    this.dir = dir;
    this.data = join(dir, "data");
    this.project = join(dir, "hello");
    // Nothing of the person who runs this is read or written.
    this.env = { ...process.env, HOME: dir, XDG_CONFIG_HOME: join(dir, "config"), XDG_DATA_HOME: join(dir, "share") };
    delete this.env.WEBX_DATA;
    delete this.env.WXA_KEY;
  }

  async start(port = 0) {
    const passphrase = join(this.dir, "passphrase");
    await writeFile(passphrase, PASSPHRASE, { mode: 0o600 });
    await this.node("init", "--passphrase-file", passphrase, "--yes");
    this.up = spawn(this.webx, ["up", "--data", this.data, "--port", String(port), "--no-open"], { env: this.env, stdio: "ignore" });
    const control = await this.until("the node has started", async () => {
      const text = await readFile(join(this.data, "run", "control.json"), "utf8").catch(() => "");
      return text === "" ? undefined : JSON.parse(text);
    });
    this.url = `http://${control.addr}`;
    this.token = control.token;
    await this.node("unlock", "--passphrase-file", passphrase);
  }

  async stop() {
    if (!this.up) return;
    const ended = new Promise(done => this.up.once("exit", done));
    this.up.kill("SIGTERM");
    await ended;
  }

  /** `webx …`, its answer as JSON. */
  node(...args) {
    return this.run(this.webx, [...args, "--data", this.data, "--json"]);
  }

  /** `wxa …`, its answer as JSON. */
  tool(...args) {
    return this.run(this.wxa, [...args, "--json"]);
  }

  async run(program, args, options = {}) {
    const { code, out, err } = await new Promise(done => {
      execFile(program, args, { env: this.env, maxBuffer: 64 << 20, ...options }, (error, out, err) =>
        done({ code: error ? (error.code ?? 1) : 0, out, err }),
      );
    });
    if (code !== 0) throw Object.assign(new Error(`${program} ${args.join(" ")} failed (${code}): ${err || out}`), { code, err });
    return out.trimStart().startsWith("{") || out.trimStart().startsWith("[") ? JSON.parse(out) : out;
  }

  /** A file of an installed app, as the desktop gets it. Not by `fetch`: that says it is a browser, and the control token is not for those. */
  file(install, path) {
    const headers = { Authorization: `Bearer ${this.token}` };
    return new Promise((done, failed) => {
      get(`${this.url}/api/apps/${install}/package/${path}`, { headers }, answer => {
        let text = "";
        answer.setEncoding("utf8");
        answer.on("data", part => {
          text += part;
        });
        answer.on("end", () => (answer.statusCode === 200 ? done(text) : failed(new Error(`${path}: ${answer.statusCode} ${text}`))));
      }).on("error", failed);
    });
  }

  /** The installed app of that name, as `webx app ls` tells it. */
  async app(name) {
    return (await this.node("app", "ls")).find(app => app.name === name);
  }

  async until(what, look, seconds = 30) {
    const end = Date.now() + seconds * 1000;
    for (;;) {
      const seen = await look();
      if (seen !== undefined && seen !== false) return seen;
      if (Date.now() > end) throw new Error(`not within ${seconds} s: ${what}`);
      await new Promise(done => setTimeout(done, 20));
    }
  }

  edit(path, change) {
    const file = join(this.project, path);
    return readFile(file, "utf8").then(text => {
      const next = change(text);
      check(next !== text, `${path} has what is to be changed`);
      return writeFile(file, next);
    });
  }
}

/** `wxa dev`, its events one by one. */
export class Live {
  constructor(desk) {
    this.child = spawn(desk.wxa, ["dev", "--project", desk.project, "--data", desk.data, "--json"], { env: desk.env, stdio: ["ignore", "pipe", "pipe"] });
    this.said = "";
    this.child.stderr.on("data", part => {
      this.said += part;
    });
    this.lines = createInterface({ input: this.child.stdout })[Symbol.asyncIterator]();
  }

  /** The next event of that name. */
  async next(name) {
    for (;;) {
      const { value, done } = await this.lines.next();
      if (done) throw new Error(`wxa dev ended: ${this.said}`);
      const event = JSON.parse(value);
      if (event.event === name) return event;
      if (event.event === "failed") throw new Error(`wxa dev: ${value}`);
    }
  }

  async end() {
    const ended = new Promise(done => this.child.once("exit", done));
    this.child.kill("SIGTERM");
    await ended;
  }
}

export const steps = [
  {
    title: "make a project",
    async run(desk) {
      await desk.tool("new", "hello", "--in", desk.dir);
      await readFile(join(desk.project, "src", "index.tsx"));
    },
  },
  {
    title: "get the type checker",
    async run(desk) {
      const npm = process.platform === "win32" ? "npm.cmd" : "npm";
      // npm keeps its own configuration and cache: it says where packages come from on this machine.
      const env = { ...process.env };
      await desk.run(npm, ["install", "--no-audit", "--no-fund", "--silent"], { cwd: desk.project, env });
    },
  },
  {
    title: "see it in the desktop, new at each change",
    async run(desk) {
      const live = new Live(desk);
      try {
        const { install } = await live.next("installed");
        const app = await desk.app("Hello (dev)");
        check(app?.install === install, "the app is on the desktop, marked as a development build");
        await live.next("types-right");

        await desk.edit("src/index.tsx", text => text.replace("One more", "One more of them"));
        const updated = await live.next("updated");
        check((await desk.file(install, "app.js")).includes("One more of them"), "the change has arrived");

        await desk.edit("src/index.tsx", text => text.replace("</Button>", "</Buton>"));
        const failed = await live.next("failed");
        check(failed.findings[0].file === "src/index.tsx" && failed.findings[0].line > 1, "the error names file and line");
        await desk.until("the window shows the error", async () => (await desk.file(install, "app.js")).includes("src/index.tsx:"));

        await desk.edit("src/index.tsx", text => text.replace("</Buton>", "</Button>"));
        await live.next("updated");
        return `a change is in the desktop after ${updated.millis} ms (built in ${updated.buildMillis} ms)`;
      } finally {
        await live.end();
      }
    },
  },
  {
    title: "pack it",
    async run(desk) {
      const packed = await desk.tool("pack", "--project", desk.project);
      check(packed.version === "0.1.0" && packed.publisher.startsWith("did:key:"), "packed and signed");
      const verified = await desk.tool("verify", packed.file, "--rebuild");
      check(verified.rebuilt?.startsWith("the same"), "the bundle comes from the shipped source");
      const again = await desk.tool("pack", "--project", desk.project, "-o", join(desk.dir, "again.wxa"));
      check(again.digest === packed.digest, "packed again it is the same file");
      desk.first = packed;
      return `${(packed.size / 1024).toFixed(1)} KiB in ${packed.seconds.toFixed(2)} s`;
    },
  },
  {
    title: "install and run it",
    async run(desk) {
      await desk.node("app", "install", desk.first.file, "--yes");
      const app = await desk.until("the app is listed", () => desk.app("Hello"));
      check(app.app === desk.first.app && app.version === "0.1.0", "it is the packed app");
      check((await desk.file(app.install, "app.js")).includes("One more of them"), "its code is served");
      desk.install = app.install;
    },
  },
  {
    title: "update it",
    async run(desk) {
      await desk.edit("manifest.json", text => text.replace('"0.1.0"', '"0.2.0"'));
      await desk.edit("src/index.tsx", text => text.replace("One more of them", "Yet another"));
      const packed = await desk.tool("pack", "--project", desk.project);
      await desk.node("app", "install", packed.file, "--yes");
      const app = await desk.until("the new version is there", async () => {
        const app = await desk.app("Hello");
        return app?.version === "0.2.0" ? app : undefined;
      });
      check(app.install === desk.install, "it is the same app, updated");
      check((await desk.file(app.install, "app.js")).includes("Yet another"), "its new code is served");
      const lower = await desk.node("app", "install", desk.first.file, "--yes").catch(error => error);
      check(lower.code === 1, "a lower version is refused");
    },
  },
  {
    title: "remove it",
    async run(desk) {
      await desk.node("app", "rm", desk.install, "--yes");
      await desk.until("the app is gone", async () => (await desk.app("Hello")) === undefined);
      await desk.node("app", "undo", desk.install);
      const back = await desk.until("the app is back", () => desk.app("Hello"));
      check(back.version === "0.2.0", "undo brings it back");
      await desk.node("app", "rm", desk.install, "--yes");
      await desk.until("the app is gone again", async () => (await desk.app("Hello")) === undefined);
    },
  },
];

export function check(condition, what) {
  if (!condition) throw new Error(`not so: ${what}`);
}

async function main() {
  const { values } = parseArgs({
    options: { webx: { type: "string" }, wxa: { type: "string" }, dir: { type: "string" }, keep: { type: "boolean" } },
  });
  if (!values.webx || !values.wxa) throw new Error("usage: steps.mjs --webx PATH --wxa PATH [--dir DIR] [--keep]");
  const parent = values.dir ?? tmpdir();
  await mkdir(parent, { recursive: true });
  const dir = await mkdtemp(join(parent, "webx-steps-"));
  const desk = new Desk({ webx: values.webx, wxa: values.wxa, dir });
  let passed = 0;
  try {
    await desk.start();
    const began = performance.now();
    for (const [index, step] of steps.entries()) {
      const from = performance.now();
      const note = await step.run(desk);
      const seconds = ((performance.now() - from) / 1000).toFixed(1);
      console.log(`${index + 1}. ${step.title.padEnd(42)} ${seconds.padStart(5)} s${note ? `  ${note}` : ""}`);
      passed += 1;
    }
    const all = (performance.now() - began) / 1000;
    check(all < LIMIT, `all steps within ${LIMIT} s (they took ${all.toFixed(0)} s)`);
    console.log(`all seven steps in ${all.toFixed(1)} s`);
  } finally {
    await desk.stop();
    if (!values.keep) await rm(dir, { recursive: true, force: true });
    console.log(`${passed} passed, ${passed === steps.length ? 0 : 1} failed`);
  }
}

if (process.argv[1] && import.meta.url === new URL(`file://${resolve(process.argv[1])}`).href) {
  await main().catch(error => {
    console.error(error.message);
    process.exitCode = 1;
  });
}
