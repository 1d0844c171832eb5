#!/usr/bin/env node
/**
 * Opening an app in a sandboxed frame against the same app as a component of the page, in Chromium: the median of 20 each,
 * turn about, and the memory (PSS of all processes of the browser) that each further app takes.
 *
 * Usage: node tests/bench/frames.mjs [--app NAME] [--runs N] [--json]. Exit code 1 when a target is missed:
 * at most 1.2 times the component, at most 10 MiB for each further app. Needs ui/ built (`npm run build`).
 */
import { spawn, spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { parseArgs } from "node:util";

const ui = resolve(import.meta.dirname, "../../ui");
const { chromium } = createRequire(join(ui, "package.json"))("playwright-core");
const { values: options } = parseArgs({
  options: {
    app: { type: "string", default: "activity" },
    runs: { type: "string", default: "20" },
    json: { type: "boolean", default: false },
  },
});

const TARGET_RATIO = 1.2;
const TARGET_MIB = 10;
const RUNS = Number(options.runs);
const FURTHER = 10;
const CONFIG = "shell/vite.bench.config.ts";

if (!existsSync(join(ui, "dist/_os/frame.html")) || !existsSync(join(ui, "dist-apps", options.app))) {
  console.error("ui/ is not built: run `npm ci && npm run build` in ui/");
  process.exit(2);
}

const vite = join(ui, "node_modules/.bin/vite");
const built = spawnSync(vite, ["build", "-c", CONFIG], { cwd: ui, encoding: "utf8" });
if (built.status !== 0) {
  console.error(built.stdout, built.stderr);
  process.exit(2);
}
const server = spawn(vite, ["preview", "-c", CONFIG, "--port", "0", "--host", "127.0.0.1"], {
  cwd: ui,
  stdio: ["ignore", "pipe", "inherit"],
  env: { ...process.env, NO_COLOR: "1" },
});
const address = await new Promise((found, lost) => {
  createInterface({ input: server.stdout }).on("line", line => {
    const match = /(http:\/\/127\.0\.0\.1:\d+)/.exec(line);
    if (match) found(match[1]);
  });
  server.once("close", lost);
});

/** Every process below one, itself included. */
function processes(root) {
  const parents = new Map();
  for (const entry of readdirSync("/proc")) {
    if (!/^\d+$/.test(entry)) continue;
    try {
      const stat = readFileSync(`/proc/${entry}/stat`, "utf8");
      parents.set(Number(entry), Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1]));
    } catch {
      // It ended meanwhile.
    }
  }
  const found = new Set([root]);
  for (let grew = true; grew; ) {
    grew = false;
    for (const [id, parent] of parents) {
      if (found.has(parent) && !found.has(id)) {
        found.add(id);
        grew = true;
      }
    }
  }
  return [...found];
}

/** Proportional set size of a process and everything below it, in MiB. */
function pss(root) {
  let kib = 0;
  for (const id of processes(root)) {
    try {
      kib += Number(/^Pss:\s+(\d+)/m.exec(readFileSync(`/proc/${id}/smaps_rollup`, "utf8"))?.[1] ?? 0);
    } catch {
      // It ended meanwhile.
    }
  }
  return kib / 1024;
}

const median = list => list.toSorted((a, b) => a - b)[Math.floor(list.length / 2)];
const pause = ms => new Promise(done => setTimeout(done, ms));

const browserServer = await chromium.launchServer({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: [
    ...["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"],
    ...["--disable-component-update", "--disable-sync"],
  ],
});
const root = browserServer.process().pid;
const browser = await chromium.connect(browserServer.wsEndpoint());
let missed = false;
try {
  const page = await browser.newPage({ viewport: { width: 1440, height: 900 }, reducedMotion: "reduce" });
  page.on("pageerror", error => console.error(error.stack ?? error.message));
  await page.goto(address);
  await page.waitForFunction(() => globalThis.bench !== undefined);
  const open = (how, app) => page.evaluate(([how, app]) => bench[how](app), [how, app]);
  const closeAll = async () => {
    await page.evaluate(() => bench.closeAll());
    await pause(300);
  };

  const times = { openHere: [], openInFrame: [] };
  // The first of each warms caches that a person's second opening has, too.
  for (let run = -2; run < RUNS; run += 1) {
    for (const how of Object.keys(times)) {
      const ms = await open(how, options.app);
      if (run >= 0) times[how].push(ms);
      await closeAll();
    }
  }
  const here = median(times.openHere);
  const frame = median(times.openInFrame);

  const settled = async () => {
    await pause(1_500);
    // What is garbage is not the app's, in neither way; nor are pages that the engine has free.
    for (const frame of page.frames()) {
      const session = await page.context().newCDPSession(frame).catch(() => undefined);
      await session?.send("HeapProfiler.collectGarbage");
      await session?.detach();
    }
    await pause(2_500);
    return pss(root);
  };
  await open("openInFrame", options.app);
  const before = await settled();
  for (let app = 0; app < FURTHER; app += 1) await open("openInFrame", options.app);
  const further = ((await settled()) - before) / FURTHER;
  await closeAll();
  await open("openHere", options.app);
  const beforeHere = await settled();
  for (let app = 0; app < FURTHER; app += 1) await open("openHere", options.app);
  const furtherHere = ((await settled()) - beforeHere) / FURTHER;

  const result = {
    app: options.app,
    runs: RUNS,
    componentMs: +here.toFixed(1),
    frameMs: +frame.toFixed(1),
    ratio: +(frame / here).toFixed(2),
    furtherAppMiB: +further.toFixed(1),
    furtherComponentMiB: +furtherHere.toFixed(1),
    targets: { ratio: TARGET_RATIO, furtherAppMiB: TARGET_MIB },
  };
  missed = result.ratio > TARGET_RATIO || further > TARGET_MIB;
  if (options.json) console.log(JSON.stringify(result));
  else {
    console.log(
      `frames::open/app=${result.app}       component ${result.componentMs} ms, sandboxed frame ${result.frameMs} ms: ${result.ratio} times (at most ${TARGET_RATIO})`,
    );
    console.log(
      `frames::memory/app=${result.app}     ${result.furtherAppMiB} MiB for each further app (at most ${TARGET_MIB}); as a component ${result.furtherComponentMiB} MiB`,
    );
  }
} finally {
  await browser.close();
  await browserServer.close();
  server.kill();
}
process.exitCode = missed ? 1 : 0;
