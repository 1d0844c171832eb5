/**
 * The whole way of a person: onboarding, a folder of real files in, the node ends and starts again, everything is there
 * and every byte is the same.
 */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdir, readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { promisify } from "node:util";
import { launch, newContext, Watch } from "./harness/browser.js";
import { hashesOf, hashOf, makeTree, SEED } from "./harness/files.js";
import { freshFolder, Node, webx } from "./harness/node.js";
import { desktopShown, front, inside, lockShown, onboard, openApp, PERSON, unlock } from "./harness/steps.js";
import { expectGone, expectVisible } from "./harness/wait.js";

const MINUTE = 60_000;
const run = promisify(execFile);

let folder;
let node;
let browser;
let watch;
let context;
let page;
let tree;
let words;

before(async () => {
  folder = await freshFolder("journey");
  console.log(`seed: ${SEED}`);
  tree = await makeTree(folder.path);
  node = await new Node(join(folder.path, "data")).start();
  browser = await launch();
  watch = new Watch([`webx.localhost:${node.port}`]);
  context = await newContext(browser, { watch, axe: false });
  page = await context.newPage();
}, { timeout: 5 * MINUTE });

after(async () => {
  await browser?.close();
  await node?.stop();
  await folder?.remove();
});

const row = name => inside(page).getByRole("row", { name: new RegExp(`^${name.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")}`) });

async function openFolder(...path) {
  const files = await openApp(page, "Files");
  await files.getByRole("treeitem", { name: "Drive" }).or(files.getByRole("button", { name: "Drive", exact: true })).first().click();
  for (const name of path) await row(name).dblclick();
  return files;
}

/** Downloads what an action gives and returns where it lies. */
async function downloaded(action, name) {
  const [download] = await Promise.all([page.waitForEvent("download", { timeout: 5 * MINUTE }), action()]);
  const target = join(folder.path, "downloads", name);
  await download.saveAs(target);
  assert.equal(await download.failure(), null);
  return { target, suggested: download.suggestedFilename() };
}

test("a new person is at home in a few steps", { timeout: 3 * MINUTE }, async () => {
  words = await onboard(page, node.url);
  assert.equal(words.length, 24);
  assert.ok(words.every(word => /^[a-z]+$/.test(word)));
  const status = JSON.parse((await webx(node.data, "--json", "status")).out);
  assert.equal(status.ready, true);
});

test("a reload does not ask for the passphrase again", async () => {
  await page.reload();
  await desktopShown(page);
});

test(`a folder of real files goes in, one of them over a gibibyte`, { timeout: 15 * MINUTE }, async () => {
  assert.ok(tree.hashes.size >= 2_000, `${tree.hashes.size} files`);
  assert.ok((await stat(join(tree.root, "big.bin"))).size > 1024 ** 3);
  const files = await openApp(page, "Files");
  await files.locator('input[type="file"][webkitdirectory]').setInputFiles(tree.root);
  await expectVisible(files.getByRole("status").filter({ hasText: "Transfers finished" }), 14 * MINUTE);
  const note = await files.getByRole("region", { name: "Transfers" }).innerText();
  assert.match(note, new RegExp(`${tree.hashes.size.toLocaleString("en")} files`), note);
  await expectVisible(row("Papers"));
});

test("the node ends and starts again; it is locked, and a passphrase opens it", { timeout: 3 * MINUTE }, async () => {
  assert.equal(await node.stop("SIGTERM"), 0, node.log());
  node = await new Node(node.data, node.port).start();
  await lockShown(page);
  await page.getByLabel("Passphrase", { exact: true }).fill("not the passphrase");
  await page.getByRole("button", { name: "Unlock" }).click();
  await expectVisible(page.getByText("That does not fit."));
  await expectVisible(page.getByRole("button", { name: "Unlock", disabled: false }).or(page.getByText("The next try is possible")).first());
  await expectGone(page.getByText("The next try is possible"), MINUTE);
  await unlock(page);
});

test("every kind of file shows itself", { timeout: 3 * MINUTE }, async t => {
  const files = await openFolder("Papers", "show");
  const shown = async name => {
    await row(name).click();
    await page.keyboard.press("Space");
    const preview = files.getByRole("dialog", { name: `Preview of ${name}` });
    await expectVisible(preview);
    return preview;
  };
  const close = async () => {
    await page.keyboard.press("Escape");
    await expectGone(files.getByRole("dialog", { name: /^Preview of/ }));
  };
  await t.test("picture", async () => {
    const preview = await shown("picture.png");
    const image = preview.getByRole("img", { name: "picture.png" });
    await image.evaluate(img => img.decode());
    assert.deepEqual(await image.evaluate(img => [img.naturalWidth, img.naturalHeight]), [640, 400]);
    await close();
  });
  await t.test("text", async () => {
    await expectVisible((await shown("fox.txt")).getByText("Zweite Zeile mit Umlauten: äöü"));
    await close();
  });
  await t.test("Markdown, without running anything in it", async () => {
    const preview = await shown("plan.md");
    await expectVisible(preview.getByRole("heading", { name: "Garden plan" }));
    for (const frame of page.frames()) assert.equal(await frame.evaluate(() => "hacked" in window), false, frame.url());
    await close();
  });
  await t.test("PDF", async () => {
    await row("page.pdf").click();
    await page.keyboard.press("Space");
    // An app's frame has no viewer: the desktop opens a window for it.
    const viewer = page.getByRole("dialog", { name: "page.pdf" });
    await expectVisible(viewer.locator("embed.view-document"));
    await viewer.getByRole("button", { name: "Close window" }).click();
    await openApp(page, "Files");
  });
  await t.test("sound, by ranges", async () => {
    const ranges = [];
    const listen = request => {
      if (request.url().includes("/_object/")) ranges.push(request.headers().range);
    };
    context.on("request", listen);
    const preview = await shown("tone.wav");
    const audio = preview.locator("audio");
    const length = await audio.evaluate(
      media => media.readyState > 0 ? media.duration : new Promise((resolve, reject) => {
        media.addEventListener("loadedmetadata", () => resolve(media.duration), { once: true });
        media.addEventListener("error", () => reject(new Error(media.error?.message)), { once: true });
      }),
    );
    assert.equal(Math.round(length), 30);
    const at = await audio.evaluate(media => new Promise(resolve => {
      media.addEventListener("seeked", () => resolve(media.currentTime), { once: true });
      media.currentTime = 25;
    }));
    assert.equal(at, 25);
    context.off("request", listen);
    assert.ok(ranges.some(range => range?.startsWith("bytes=")), String(ranges));
    await close();
  });
});

test("every file comes out byte for byte", { timeout: 20 * MINUTE }, async t => {
  await mkdir(join(folder.path, "downloads"), { recursive: true });
  const files = await openFolder();
  const menu = async (name, entry) => {
    await row(name).click({ button: "right" });
    await inside(page).getByRole("menuitem", { name: entry }).click();
  };
  await t.test("the whole folder as one archive", async () => {
    const { target, suggested } = await downloaded(() => menu("Papers", /^Download/), "Papers.zip");
    assert.equal(suggested, "Papers.zip");
    const out = join(folder.path, "unpacked");
    await run("python3", ["-m", "zipfile", "-e", target, out], { maxBuffer: 1 << 26 });
    const tops = await readdir(out);
    const found = await hashesOf(tops.length === 1 ? join(out, "Papers") : out);
    // An archive has to open everywhere: characters that Windows forbids in names are written as _.
    const safe = path => path.replace(/[<>:"|?*\\]/g, "_");
    assert.deepEqual([...found.keys()].sort(), [...tree.hashes.keys()].map(safe).sort());
    for (const [path, hash] of tree.hashes) assert.equal(found.get(safe(path)), hash, path);
  });
  await t.test("the large file alone", async () => {
    await row("Papers").dblclick();
    const { target } = await downloaded(() => menu("big.bin", /^Download/), "big.bin");
    assert.equal(await hashOf(target), tree.hashes.get("big.bin"));
  });
  await t.test("names that break careless programs, one by one", async () => {
    await row("hard").dblclick();
    for (const path of [...tree.hashes.keys()].filter(each => /^hard\/[^/]+$/.test(each))) {
      const name = path.slice("hard/".length);
      const { target } = await downloaded(() => menu(name, /^Download/), `one-${Buffer.from(name).toString("hex").slice(0, 40)}`);
      assert.equal(await hashOf(target), tree.hashes.get(path), path);
    }
  });
  await t.test("and by the command line", async () => {
    const out = join(folder.path, "by-command");
    const got = await webx(node.data, "drive", "get", "/Papers/show", out);
    assert.equal(got.code, 0, got.err);
    const found = await hashesOf(out);
    for (const [path, hash] of found) {
      const known = [...tree.hashes].find(([each]) => each.endsWith(path) && each.startsWith("show/"));
      assert.equal(hash, known?.[1], path);
    }
    assert.equal(found.size, [...tree.hashes.keys()].filter(each => each.startsWith("show/")).length);
  });
  assert.ok(files);
});

test("trash, undo and versions", { timeout: 3 * MINUTE }, async t => {
  const files = await openFolder("Papers", "show");
  await t.test("what is put in the trash comes back by undo", async () => {
    await row("fox.txt").click();
    await page.keyboard.press("Delete");
    await expectGone(row("fox.txt"));
    await page.keyboard.press("Control+z");
    await expectVisible(row("fox.txt"));
  });
  await t.test("what lies in the trash is restored to its place", async () => {
    await row("plan.md").click();
    await page.keyboard.press("Delete");
    await expectGone(row("plan.md"));
    await page.getByRole("navigation", { name: "Dock" }).getByRole("button", { name: "Trash" }).click();
    await expectVisible(row("plan.md"));
    await row("plan.md").click({ button: "right" });
    await inside(page).getByRole("menuitem", { name: "Restore" }).click();
    await expectGone(row("plan.md"));
    await openFolder("Papers", "show");
    await expectVisible(row("plan.md"));
  });
  await t.test("a changed file keeps what it was", async () => {
    await row("fox.txt").click();
    await page.keyboard.press("Space");
    const preview = inside(page).getByRole("dialog", { name: "Preview of fox.txt" });
    await preview.getByRole("button", { name: "Edit" }).or(preview.getByRole("switch", { name: "Edit" })).first().click();
    const text = preview.getByRole("textbox").first();
    await text.fill("Only this line now.");
    await preview.getByRole("button", { name: "Save" }).click();
    await expectVisible(inside(page).getByText("saved as version 2"));
    await page.keyboard.press("Escape");
    await row("fox.txt").click();
    const details = inside(page).getByRole("region", { name: "Versions" });
    if (!(await details.isVisible())) await page.keyboard.press("Alt+Enter");
    await expectVisible(details);
    await details.getByRole("button", { name: "Actions for version 1" }).click();
    await inside(page).getByRole("menuitem", { name: "Restore this version" }).click();
    await expectVisible(inside(page).getByText("Older version of “fox.txt” restored"));
    const { target } = await downloaded(async () => {
      await row("fox.txt").click({ button: "right" });
      await inside(page).getByRole("menuitem", { name: /^Download/ }).click();
    }, "fox-restored.txt");
    assert.equal(await hashOf(target), tree.hashes.get("show/fox.txt"));
  });
  assert.ok(files);
});

test("the activity says what happened", async () => {
  const activity = await openApp(page, "Activity");
  await expectVisible(activity.getByRole("heading", { name: "Today" }));
  await expectVisible(activity.getByRole("listitem").first());
});

test("locking takes everything off the screen, in every window", { timeout: 2 * MINUTE }, async () => {
  const other = await context.newPage();
  await other.goto(node.url);
  await desktopShown(other);
  await page.bringToFront();
  await page.getByRole("button", { name: "Lock", exact: true }).click();
  await lockShown(page);
  await lockShown(other);
  assert.equal(await page.getByText("Papers").count(), 0);
  await other.close();
  const left = await page.evaluate(
    () =>
      new Promise((resolve, reject) => {
        const open = indexedDB.open("webx", 1);
        open.onerror = () => reject(open.error);
        open.onsuccess = () => {
          const get = open.result.transaction("session").objectStore("session").get("login");
          get.onsuccess = () => resolve(get.result);
        };
      }),
  );
  assert.equal(left, undefined);
});

test("the 24 words open what the passphrase does not, and set a new one", { timeout: 2 * MINUTE }, async () => {
  await page.getByRole("button", { name: "Use my 24 words instead" }).click();
  await page.getByLabel("Your 24 words").fill(words.join(" "));
  await page.getByRole("button", { name: "Unlock" }).click();
  await expectVisible(page.getByRole("heading", { name: "Choose a new passphrase" }));
  const next = `${PERSON.passphrase} anew`;
  await page.getByLabel("Passphrase", { exact: true }).fill(next);
  await page.getByLabel("Type it again").fill(next);
  await page.getByRole("button", { name: "Save and open the desktop" }).click();
  await desktopShown(page);
  await page.getByRole("button", { name: "Lock", exact: true }).click();
  await unlock(page, next);
});

test("in all of this no cookie, no other host, no error", async () => {
  assert.deepEqual(await context.cookies(), []);
  assert.deepEqual(watch.setCookies, []);
  assert.deepEqual(watch.foreignHosts, []);
  assert.deepEqual(watch.errors, []);
});
