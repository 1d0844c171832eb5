/**
 * What an app can send out, and what it can get at. Two apps without any permission try everything they know, in both
 * browsers: one in a frame of the desktop, one as a web app of its own origin. Somebody else's server counts what comes.
 */
import assert from "node:assert/strict";
import { once } from "node:events";
import { readFile, writeFile } from "node:fs/promises";
import http from "node:http";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";

import { closeFront, install, launchApp } from "./harness/apps.js";
import { launch, newContext } from "./harness/browser.js";
import { launchFirefox, newFirefoxContext } from "./harness/firefox.js";
import { png } from "./harness/files.js";
import { freshFolder, Node, webx } from "./harness/node.js";
import { front, inside, onboard } from "./harness/steps.js";
import { expectVisible, until } from "./harness/wait.js";
import { CHANNELS } from "./hostile/channels.js";
import { Listener } from "./hostile/listener.js";
import { packChooser, packHostile, packHostileWeb } from "./hostile/packages.js";
import { PROBES } from "./hostile/probes.js";

const BROWSERS = {
  Chromium: { start: () => launch({ predicting: true }), context: browser => newContext(browser, { axe: false }), isolation: /Network isolation: full/, may: [] },
  Firefox: {
    start: launchFirefox,
    context: newFirefoxContext,
    isolation: /Network isolation: reduced/,
    // Firefox has no header that holds it: a bare connection, without a request.
    may: ["preconnect", "preconnect by a host's name"],
  },
};
const chosen = (process.env.BROWSERS ?? "Chromium,Firefox").split(",");
const STAYING = CHANNELS.filter(each => !each.leaves);
const LEAVING = CHANNELS.filter(each => each.leaves);
const APPS = { builtin: "Hostile", web: "Hostile web" };

let folder;
let listener;
let packages;

before(async () => {
  folder = await freshFolder("egress");
  listener = await new Listener().start(CHANNELS);
  packages = { builtin: await packHostile(folder.path), web: await packHostileWeb(folder.path), chooser: await packChooser(folder.path) };
}, { timeout: 120_000 });

after(async () => {
  listener?.close();
  await folder?.remove();
});

test("there are enough ways and probes", () => {
  assert.ok(CHANNELS.filter(each => !each.blind).length >= 45);
  for (const kind of ["builtin", "web"]) assert.ok(PROBES.filter(each => !each.only || each.only === kind).length >= 30);
});

const written = heard => [...heard].map(([name, { tcp, udp, request }]) => `${name} (${tcp} TCP, ${request} requests, ${udp} UDP)`).join("; ") || "nothing";

/** An ordinary page with the same buttons, from a server without any policy. */
async function ordinaryPage() {
  const files = Object.fromEntries(
    await Promise.all(["panel.js", "channels.js", "probes.js"].map(async name => [`/${name}`, await readFile(join(import.meta.dirname, "hostile", name))])),
  );
  const html = '<!doctype html><meta charset="utf-8"><title>Ordinary</title><main></main><script type="module">import{panel}from"./panel.js";panel(document.querySelector("main"))</script>';
  const server = http.createServer((request, answer) => {
    const file = files[request.url];
    answer.setHeader("content-type", file ? "text/javascript" : "text/html");
    answer.end(file ?? html);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return { url: `http://127.0.0.1:${server.address().port}/`, close: () => server.close() };
}

const said = (place, text) => expectVisible(place.getByRole("status").filter({ hasText: text }), 60_000);
const triedAll = place => said(place, `Tried ${STAYING.length} ways`);
/** A press that counts as the person's own, and no waiting for what the page does then: these pages go away, or try to. */
const press = (place, name) =>
  place.getByRole("button", { name, exact: true }).evaluate(button => {
    setTimeout(() => button.click());
  });
const tell = async (place, facts) => place.getByLabel("Facts").fill(JSON.stringify(facts));

for (const [name, kind] of Object.entries(BROWSERS).filter(([each]) => chosen.includes(each)))
  describe(name, { timeout: 1_800_000 }, () => {
    let node;
    let browser;
    let context;
    let page;
    let facts;
    const dialogs = [];

    before(async () => {
      node = await new Node(join(folder.path, `data-${name}`)).start();
      browser = await kind.start();
      context = await kind.context(browser);
      context.setDefaultTimeout(45_000);
      page = await context.newPage();
      page.on("dialog", dialog => {
        dialogs.push(dialog.message());
        void dialog.dismiss();
      });
      await onboard(page, node.url);
      const secret = join(folder.path, "secret.png");
      await writeFile(secret, png(8, 8));
      const put = await webx(node.data, "drive", "put", secret, "/");
      assert.equal(put.code, 0, put.err);
    }, { timeout: 240_000 });

    after(async () => {
      await browser?.close();
      await node?.stop();
    });

    test("an ordinary page finds the ways open", { timeout: 240_000, skip: process.env.CONTROL === "no" }, async () => {
      const control = await ordinaryPage();
      // A server of its own: a browser goes on knocking for a while after the page is gone.
      const server = await new Listener().start(CHANNELS);
      const own = await kind.context(browser);
      own.on("page", each => each.on("dialog", dialog => void dialog.dismiss().catch(() => undefined)));
      const open = async () => {
        const plain = await own.newPage();
        await plain.goto(control.url);
        await tell(plain, { ports: server.ports });
        return plain;
      };
      const plain = await open();
      await press(plain, "Try every way");
      // Some of the ways keep an ordinary page from ever being done; what reached the server is what counts.
      let heard = new Map();
      await until(async () => (heard = await server.heard()).size >= 45, "an ordinary page reaches the server", 120_000);
      await own.close();
      control.close();
      server.close();
      await page.bringToFront();
      console.log(`${name}, an ordinary page: ${heard.size} of ${STAYING.length} ways reach the server: ${[...heard.keys()].join(", ")}`);
      assert.ok(heard.size >= 45, written(heard));
    });

    for (const app of ["builtin", "web"])
      test(`the sheet says what the browser holds (${app})`, { timeout: 180_000 }, async () => {
        await install(page, packages[app], APPS[app], async asked => {
          await expectVisible(asked.getByText(kind.isolation));
          await expectVisible(asked.getByText("It asks for nothing."));
        });
      });

    test("another app is there, too", { timeout: 180_000 }, async () => {
      await install(page, packages.chooser, "Chooser");
      const list = JSON.parse((await webx(node.data, "--json", "app", "ls")).out);
      const apps = list.apps ?? list;
      const of = id => apps.find(each => each.id === id || each.app?.endsWith(`.${id}`));
      const drive = JSON.parse((await webx(node.data, "--json", "drive", "ls", "/")).out);
      const file = drive.find(each => each.name === "secret.png");
      facts = { ports: listener.ports, node: new URL(node.url).origin, file: file.id, folder: "root", apps: { builtin: of("hostile"), web: of("hostile-web"), chooser: of("chooser") } };
      assert.ok(facts.apps.builtin?.install && facts.apps.web?.install && facts.apps.chooser?.install, JSON.stringify(list));
    });

    for (const app of ["builtin", "web"]) {
      const openHostile = async () => {
        // Each try begins with an app that was not touched yet, whatever became of the one before.
        while ((await page.locator("section.window[data-active]").count()) > 0) await closeFront(page);
        const place = await launchApp(page, APPS[app]);
        await said(place, "Ready");
        const other = app === "builtin" ? facts.apps.web : facts.apps.builtin;
        const origin = other.entry?.origin ?? `http://${"a".repeat(26)}.${new URL(facts.node).host}/`;
        await tell(place, { ...facts, self: facts.apps[app].install, other: { install: facts.apps.chooser.install, app: facts.apps.chooser.app, origin: origin.endsWith("/") ? origin : `${origin}/` } });
        return place;
      };

      test(`the ${app} app gets nothing out while it stays`, { timeout: 240_000 }, async () => {
        listener.forget();
        const place = await openHostile();
        await press(place, "Try every way");
        await triedAll(place);
        const heard = await listener.heard();
        console.log(`${name}, ${app}: ${STAYING.length} ways tried, ${heard.size} leaked: ${written(heard)}`);
        const leaked = [...heard].filter(([way, { request, udp }]) => !kind.may.includes(way) || request > 0 || udp > 0);
        assert.deepEqual(leaked, []);
        assert.equal(context.pages().length, 1, "no window was opened");
        await closeFront(page);
      });

      test(`the ${app} app gets nothing out by leaving its page`, { timeout: 600_000 }, async () => {
        listener.forget();
        for (const way of LEAVING) {
          const place = await openHostile();
          await press(place, `Leave by ${way.name}`);
          await closeFront(page);
          assert.equal(new URL(page.url()).origin, facts.node, way.name);
        }
        const heard = await listener.heard();
        console.log(`${name}, ${app}: ${LEAVING.length} ways to leave tried, ${heard.size} leaked: ${written(heard)}`);
        assert.equal(heard.size, 0, written(heard));
        assert.equal(context.pages().length, 1, "no window was opened");
      });

      test(`the ${app} app gets at nothing that is not its own`, { timeout: 300_000 }, async () => {
        const wanted = PROBES.filter(each => !each.only || each.only === app);
        listener.forget();
        const place = await openHostile();
        await press(place, "Probe everything");
        await expectVisible(place.getByRole("status").filter({ hasText: "Probed everything" }), 240_000);
        const succeeded = await place.locator('li[data-state="succeeded"]').allTextContents();
        const tried = await place.locator("li[data-name]").count();
        console.log(`${name}, ${app}: ${tried} probes tried, ${succeeded.length} succeeded ${succeeded.join("; ")}`);
        assert.deepEqual(succeeded, []);
        assert.equal(tried, wanted.length);
        assert.deepEqual(dialogs, []);
        const inFrames = page.frames().slice(1).map(each => each.url());
        const strange = inFrames.filter(url => !url.startsWith(`${facts.node}/_os/frame.html`) && !/^(about:|chrome-error:|$)/.test(url) && !(app === "web" && /^http:\/\/[a-z2-7]{26}\./.test(url)));
        assert.deepEqual(strange, []);
        assert.equal(await page.evaluate(() => ({}).polluted), undefined);
        await closeFront(page);
      });

      test(`the ${app} app that floods is closed with a notice`, { timeout: 180_000 }, async () => {
        const place = await openHostile();
        await press(place, "Flood");
        await expectVisible(front(page).getByText(`${APPS[app]} was stopped`));
        await closeFront(page);
        const again = await openHostile();
        await press(again, "Send strange things");
        await expectVisible(front(page).getByText("It sent messages that no app sends."));
        await closeFront(page);
      });

      test(`the ${app} app stays inside of its window`, { timeout: 180_000 }, async () => {
        const place = await openHostile();
        // A frame over everything, as large as it can make it.
        await inside(page).locator("main").evaluate(main => {
          main.style.cssText = "position:fixed;inset:-4000px;z-index:2147483647;background:red";
        });
        const covered = await page.evaluate(() => {
          const dock = document.querySelector("nav[data-region=dock]").getBoundingClientRect();
          return document.elementFromPoint(dock.x + dock.width / 2, dock.y + dock.height / 2)?.closest("nav")?.dataset.region;
        });
        assert.equal(covered, "dock");
        await inside(page).locator("main").evaluate(main => {
          main.style.cssText = "";
        });
        await place.getByRole("button", { name: "Send strange things" }).waitFor();
        await closeFront(page);
      });
    }
  });
