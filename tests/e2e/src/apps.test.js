/** Apps from a file to gone and back: what the person is asked, what an app gets, and what it loses again. */
import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";

import { closeFront, dropOnDesktop, install, launchApp, sheet } from "./harness/apps.js";
import { launch, newContext } from "./harness/browser.js";
import { launchFirefox, newFirefoxContext } from "./harness/firefox.js";
import { freshFolder, Node, webx } from "./harness/node.js";
import { desktopShown, onboard, unlock } from "./harness/steps.js";
import { expectGone, expectVisible, until } from "./harness/wait.js";
import { packChooser } from "./hostile/packages.js";

const BROWSERS = {
  Chromium: { start: launch, context: browser => newContext(browser, { axe: false }) },
  Firefox: { start: launchFirefox, context: newFirefoxContext },
};
const chosen = (process.env.BROWSERS ?? "Chromium,Firefox").split(",");

for (const [name, kind] of Object.entries(BROWSERS).filter(([each]) => chosen.includes(each)))
  describe(`apps in ${name}`, { timeout: 600_000 }, () => {
    let folder;
    let node;
    let browser;
    let context;
    let page;
    let packages;
    let ids;

    const command = async (...given) => {
      const done = await webx(node.data, "--json", ...given);
      assert.equal(done.code, 0, done.err);
      return done.out.trim() === "" ? undefined : JSON.parse(done.out);
    };
    const app = async () => {
      const list = await command("app", "ls");
      return (list.apps ?? list).find(each => each.name === "Chooser");
    };
    /** The app in the window that is open, or in a new one. */
    const chooser = async () => {
      const window = page.locator('section.window[aria-label="Chooser"]');
      return (await window.count()) > 0 ? window.first().frameLocator("iframe.app-frame") : launchApp(page, "Chooser");
    };
    const says = (place, text) => expectVisible(place.getByRole("status").filter({ hasText: text }));

    before(async () => {
      folder = await freshFolder(`apps-${name}`);
      packages = {
        first: await packChooser(folder.path),
        second: await packChooser(folder.path, "1.1.0", manifest => ({
          ...manifest,
          permissions: {
            ...manifest.permissions,
            required: [...manifest.permissions.required, { kind: "notify", reason: "Tells when a word is old" }],
          },
        })),
        third: await packChooser(folder.path, "1.2.0", manifest => ({
          ...manifest,
          permissions: {
            ...manifest.permissions,
            required: [...manifest.permissions.required, { kind: "notify", reason: "Tells when a word is old" }],
          },
        })),
      };
      node = await new Node(join(folder.path, "data")).start();
      browser = await kind.start();
      context = await kind.context(browser);
      context.setDefaultTimeout(45_000);
      page = await context.newPage();
      await onboard(page, node.url);
      for (const file of ["secret.txt", "letter.txt"]) {
        await writeFile(join(folder.path, file), `this is ${file}`);
        await command("drive", "put", join(folder.path, file), "/");
      }
      const nodes = await command("drive", "ls", "/");
      ids = Object.fromEntries(nodes.map(each => [each.name, each.id]));
    }, { timeout: 240_000 });

    after(async () => {
      await browser?.close();
      await node?.stop();
      await folder?.remove();
    });

    test("a file that is no package is refused and leaves nothing", async () => {
      const broken = join(folder.path, "broken.wxa");
      await writeFile(broken, "no package");
      await dropOnDesktop(page, broken);
      const asked = sheet(page, "Not installed");
      await expectVisible(asked.getByText("Nothing was written."));
      await asked.getByRole("button", { name: "Close", exact: true }).last().click();
      await expectGone(asked);
      assert.equal(await app(), undefined);
    });

    test("the sheet says who made an app and what it needs before anything is written", async () => {
      await install(page, packages.first, "Chooser", async asked => {
        await expectVisible(asked.getByText("Keep its own data"));
        await expectVisible(asked.getByText("Keeps your words"));
        await expectVisible(asked.getByText("Open files that you choose"));
        await expectVisible(asked.getByText("did:key:", { exact: false }).first());
        assert.equal(await app(), undefined);
      });
      assert.equal((await app()).version, "1.0.0");
    });

    test("it opens in a window and is there in another browser without a reload", async () => {
      const place = await launchApp(page, "Chooser");
      await expectVisible(place.getByRole("heading", { name: "Chooser 1.0.0" }));
      const other = await kind.context(browser);
      other.setDefaultTimeout(45_000);
      const second = await other.newPage();
      await second.goto(node.url);
      await unlock(second);
      await desktopShown(second);
      const there = await launchApp(second, "Chooser");
      // In Firefox both are tabs of one window, and what lies behind cannot be clicked.
      await page.bringToFront();
      await place.getByLabel("Word", { exact: true }).fill("blackbird");
      await place.getByRole("button", { name: "Keep", exact: true }).click();
      await expectVisible(place.getByRole("listitem").filter({ hasText: "blackbird" }));
      await expectVisible(there.getByRole("listitem").filter({ hasText: "blackbird" }));
      await other.close();
    });

    test("what the person chooses is all that the app gets", async () => {
      const place = await chooser();
      await place.getByRole("button", { name: "Choose a file" }).click();
      const prompt = sheet(page, "Chooser asks for permission");
      await expectVisible(prompt.getByText("Reads a file that you choose"));
      await prompt.getByRole("button", { name: "Allow", exact: true }).click();
      const picker = sheet(page, "Choose a file");
      await picker.getByText("letter.txt").click();
      await picker.getByRole("button", { name: "Choose", exact: true }).click();
      await says(place, "Chosen letter.txt");
      await place.getByRole("button", { name: "Read it" }).click();
      await says(place, "Read this is letter.txt");
      const { parent } = await command("drive", "stat", "/letter.txt").catch(() => ({ parent: "root" }));
      await place.getByLabel("Facts").fill(JSON.stringify({ other: ids["secret.txt"], folder: parent ?? "root" }));
      await place.getByRole("button", { name: "Look around" }).click();
      await says(place, "Tried 20, got nothing");
    });

    test("what is taken back ends at once", async () => {
      const { install: id } = await app();
      const place = await chooser();
      await command("app", "grants", id, "--revoke", "storage:pick:read");
      await place.getByRole("button", { name: "Read it" }).click();
      await says(place, "Refused: app-denied");
      await closeFront(page);
    });

    test("an update asks only for what is new", async () => {
      await dropOnDesktop(page, packages.second);
      const asked = sheet(page, "Update Chooser?");
      await expectVisible(asked.getByText("1.0.0 → 1.1.0"));
      await expectVisible(asked.getByText("Show notifications"));
      assert.equal(await asked.getByText("Keep its own data").count(), 0);
      await asked.getByRole("button", { name: "Update", exact: true }).click();
      await expectVisible(page.getByText("Chooser is up to date").first());
      const place = await launchApp(page, "Chooser");
      await expectVisible(place.getByRole("heading", { name: "Chooser 1.1.0" }));
      await expectVisible(place.getByRole("listitem").filter({ hasText: "blackbird" }));
    });

    test("a notification says whose it is", async () => {
      const place = await chooser();
      await place.getByRole("button", { name: "Speak" }).click();
      await expectVisible(page.getByText("Chooser: WEB X. OS: your vault is open").first());
      await closeFront(page);
    });

    test("an update that needs nothing new says so, and the version before it can come back", async () => {
      await dropOnDesktop(page, packages.third);
      const asked = sheet(page, "Update Chooser?");
      await expectVisible(asked.getByText("It asks for nothing new."));
      await asked.getByRole("button", { name: "Update", exact: true }).click();
      await until(async () => (await app()).version === "1.2.0", "the update is there", 30_000);
      const { install: id } = await app();
      // The update ends a moment after its version is there; until then nothing else is done to the app.
      await until(async () => (await webx(node.data, "--json", "app", "rollback", id)).code === 0, "the version before came back", 30_000);
      assert.equal((await app()).version, "1.1.0");
    });

    test("it goes from the desktop, and undo brings back the same data", async () => {
      const { install: id } = await app();
      const before = await command("app", "show", id);
      const dock = page.getByRole("navigation", { name: "Dock" });
      await launchApp(page, "Chooser");
      await dock.getByRole("button", { name: /^Chooser\b/ }).click({ button: "right" });
      await page.getByRole("menuitem", { name: /^Uninstall Chooser/ }).click();
      const asked = sheet(page, "Uninstall Chooser?");
      await asked.getByRole("radio", { name: /^Keep the data/ }).check({ force: true });
      await asked.getByRole("button", { name: "Uninstall", exact: true }).click();
      await expectVisible(page.getByText("Chooser was removed").first());
      assert.equal(await app(), undefined);
      await page.getByRole("button", { name: "Undo", exact: true }).first().click();
      const place = await launchApp(page, "Chooser");
      await expectVisible(place.getByRole("listitem").filter({ hasText: "blackbird" }));
      const now = await command("app", "show", id);
      assert.deepEqual([now.version, now.dataSize], [before.version, before.dataSize]);
    });
  });
