/** The desktop as people use it: by keyboard alone, in two browsers at once, right to left, on a phone, for every eye. */
import assert from "node:assert/strict";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe } from "node:test";
import { noViolations, screensChecked } from "./harness/axe.js";
import { launch, newContext, SIZES, Watch } from "./harness/browser.js";
import { makeTree } from "./harness/files.js";
import { freshFolder, Node } from "./harness/node.js";
import { appShown, chooseTheme, closeByKey, desktopShown, focused, front, inside, lockShown, onboard, openApp, PERSON, unlock } from "./harness/steps.js";
import { pictured, RESULTS } from "./harness/picture.js";
import { expectFocusIn, expectGone, expectVisible, until } from "./harness/wait.js";

let folder;
let node;
let browser;
let watch;
let context;
let page;
let words;

before(async () => {
  folder = await freshFolder("desktop");
  const tree = await makeTree(folder.path, { count: 60, big: 0 });
  node = await new Node(join(folder.path, "data")).start();
  browser = await launch();
  watch = new Watch([`webx.localhost:${node.port}`]);
  context = await newContext(browser, { watch });
  page = await context.newPage();
  words = await onboard(page, node.url, {
    at: async screen => {
      for (const [theme, media] of Object.entries(MACHINES)) {
        await page.emulateMedia({ reducedMotion: "reduce", ...media });
        await expectVisible(page.locator(`html[data-theme="${theme}"]`));
        await noViolations(page, `${screen}, ${theme}`);
      }
      await page.emulateMedia({ reducedMotion: "reduce", colorScheme: "light", contrast: "no-preference" });
    },
  });
  const files = await openApp(page, "Files");
  await files.locator('input[type="file"][webkitdirectory]').setInputFiles(tree.root);
  await expectVisible(files.getByRole("status").filter({ hasText: "Transfers finished" }), 60_000);
}, { timeout: 240_000 });

after(async () => {
  await browser?.close();
  await node?.stop();
  await folder?.remove();
});

const test = pictured(() => page, async () => {
  // Each test begins at the desktop, whatever the one before left open.
  await page.keyboard.press("Escape");
  await page.emulateMedia({ reducedMotion: "reduce", colorScheme: "light", contrast: "no-preference" });
  if (await page.getByRole("heading", { level: 1, name: "Welcome back" }).isVisible()) await page.reload().then(() => unlock(page));
});

/** What a machine can ask for; the look follows it until the person chooses another. */
const MACHINES = {
  light: { colorScheme: "light", contrast: "no-preference" },
  dark: { colorScheme: "dark", contrast: "no-preference" },
  contrast: { colorScheme: "dark", contrast: "more" },
};

/** A person nobody has met. */
const SOMEBODY = "did:key:z6MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2doK";

const row = name => inside(page).getByRole("row", { name: new RegExp(`^${name}`) });

/** Looks at what is shown in all three themes. The person left the theme to the machine, so the machine chooses. */
async function lookedAt(screen) {
  for (const [theme, media] of Object.entries(MACHINES)) {
    await page.emulateMedia({ reducedMotion: "reduce", ...media });
    await expectVisible(page.locator(`html[data-theme="${theme}"]`));
    await noViolations(page, `${screen}, ${theme}`);
  }
  await page.emulateMedia({ reducedMotion: "reduce", ...MACHINES.light });
}

test("the first picture needs at most 12 requests and 400 KB", { timeout: 60_000 }, async () => {
  const session = await context.newCDPSession(page);
  await session.send("Network.enable");
  await session.send("Network.setCacheDisabled", { cacheDisabled: true });
  const requests = new Map();
  session.on("Network.requestWillBeSent", ({ requestId, request, wallTime }) =>
    requests.set(requestId, { url: request.url, at: wallTime * 1000, bytes: 0 }),
  );
  session.on("Network.loadingFinished", ({ requestId, encodedDataLength }) => {
    const request = requests.get(requestId);
    if (request) request.bytes = encodedDataLength;
  });
  // The moments the dock stood in the page, and the first frame with it was painted.
  await page.addInitScript(() => {
    new MutationObserver((_, observer) => {
      if (!document.querySelector("nav[data-region=dock]")) return;
      observer.disconnect();
      window.desktopDrawn = performance.timeOrigin + performance.now();
      requestAnimationFrame(() =>
        setTimeout(() => {
          window.desktopPainted = performance.timeOrigin + performance.now();
        }),
      );
    }).observe(document, { childList: true, subtree: true });
  });
  await page.reload();
  await desktopShown(page);
  await expectVisible(front(page));
  await page.waitForLoadState("networkidle");
  const painted = await page.evaluate(() => window.desktopPainted);
  const drawn = await page.evaluate(() => window.desktopDrawn);
  const began = await page.evaluate(() => performance.timeOrigin);
  await session.detach();
  const all = [...requests.values()].filter(each => each.url.startsWith("http"));
  // What is asked of the node once the dock stands is for later pictures, however slow the machine paints this one.
  const first = all.filter(each => each.at < (each.url.includes("/api/") ? drawn : painted));
  const sum = list => list.reduce((bytes, each) => bytes + each.bytes, 0);
  const list = first.map(each => `${each.bytes} ${new URL(each.url).pathname}`).join("\n");
  console.log(
    `first desktop paint after ${Math.round(painted - began)} ms: ${first.length} requests, ${sum(first)} bytes; ` +
      `with a window of Files and everything behind it: ${all.length} requests, ${sum(all)} bytes`,
  );
  assert.ok(first.length <= 12, list);
  assert.ok(sum(first) <= 400_000, list);
  // Frames are made when the first picture stands.
  assert.ok(!first.some(each => each.url.includes("/_os/")), list);
});

describe("by keyboard alone", { timeout: 120_000 }, () => {
  test("a person opens an app by the launcher and moves its window", async () => {
    await closeByKey(page);
    await page.keyboard.press("Control+KeyK");
    const field = page.getByRole("combobox", { name: "Search everything" });
    await expectVisible(field);
    await page.keyboard.type("Settings");
    await page.keyboard.press("Enter");
    const window = page.getByRole("dialog", { name: "Settings" });
    await expectVisible(inside(page).getByRole("heading", { level: 1 }));
    await expectFocusIn(window);
    const at = () => window.boundingBox();
    const first = await at();
    await page.keyboard.press("Alt+Shift+KeyV");
    await page.keyboard.press("ArrowRight");
    await page.keyboard.press("ArrowDown");
    await page.keyboard.press("Enter");
    await until(async () => (await at()).x > first.x && (await at()).y > first.y, "the window moved");
    const moved = await at();
    await page.keyboard.press("Alt+Shift+KeyR");
    await page.keyboard.press("ArrowLeft");
    await page.keyboard.press("Enter");
    await until(async () => (await at()).width < moved.width, "the window became narrower");
    await page.keyboard.press("Alt+Shift+ArrowLeft");
    await until(async () => {
      const { x, width } = await at();
      return Math.abs(width - SIZES.desktop.width / 2) < 24 && x < 16;
    }, "the window fills the left half");
    await page.keyboard.press("Alt+Shift+KeyF");
    await until(async () => (await at()).width > SIZES.desktop.width * 0.9, "the window fills the screen");
  });

  test("Tab goes through the window, and the focus is seen", async () => {
    const seen = new Set();
    let outside = 0;
    for (let step = 0; step < 16; step += 1) {
      await page.keyboard.press("Tab");
      const look = () => {
        const element = document.activeElement;
        const style = element && getComputedStyle(element);
        const parent = element?.closest(".wx-input-box, label");
        const outlined = [element, parent].some(each => {
          if (!each) return false;
          const look = getComputedStyle(each);
          return look.outlineStyle !== "none" || look.boxShadow !== "none";
        });
        return { name: element?.getAttribute("aria-label") ?? element?.textContent?.trim().slice(0, 40), tag: element?.tagName, outlined, style: style?.outlineStyle };
      };
      let focus;
      // On its way from one frame to the next the focus is nowhere for a moment. At the end of the page it leaves to the
      // browser's own bars, once each time round.
      const somewhere = async () => (focus = await focused(page, look)).tag !== "BODY";
      const found = await until(somewhere, "something has the focus", 1_000).then(() => true, () => false);
      if (!found) {
        outside += 1;
        assert.ok(outside <= 1, "the focus is lost");
        continue;
      }
      assert.ok(focus.outlined, `no visible focus on ${JSON.stringify(focus)}`);
      seen.add(`${focus.tag} ${focus.name}`);
    }
    assert.ok(seen.size >= 5, [...seen].join("\n"));
  });

  test("windows are switched, sent to another desktop, put away and closed", async () => {
    await openApp(page, "Files");
    await page.keyboard.down("Alt");
    await page.keyboard.press("KeyQ");
    await expectVisible(page.getByRole("listbox", { name: "Switch window" }).or(page.getByRole("dialog", { name: "Switch window" })).first());
    await page.keyboard.up("Alt");
    await expectVisible(page.locator('section.window[data-active][aria-label="Settings"]'));
    await page.keyboard.press("Alt+Shift+KeyN");
    await expectVisible(page.getByRole("button", { name: "Desktop 2", exact: true }));
    await page.keyboard.press("Alt+Shift+PageUp");
    await expectVisible(page.locator('button[aria-current="true"]', { hasText: "1" }));
    await page.keyboard.press("Alt+Shift+KeyM");
    await expectGone(page.getByRole("dialog", { name: "Settings" }));
    await openApp(page, "Settings");
    await closeByKey(page);
    await expectGone(page.getByRole("dialog", { name: "Settings" }));
  });

  test("an invite is made, and a contact is looked for, from the launcher on", async () => {
    const from = async (name, field) => {
      await page.keyboard.press("Control+KeyK");
      await expectVisible(page.getByRole("combobox", { name: "Search everything" }));
      await page.keyboard.type(name);
      await page.keyboard.press("Enter");
      await expectVisible(page.getByRole("dialog", { name }));
      await appShown(page);
      await expectVisible(field());
      await expectFocusIn(page.getByRole("dialog", { name }));
    };
    const here = () =>
      focused(page, () => {
        const element = document.activeElement;
        return { name: element?.getAttribute("aria-label") ?? element?.textContent?.trim(), what: element?.outerHTML.slice(0, 200) };
      });
    const tabTo = async label => {
      const passed = [];
      let lost = 0;
      let at = await here();
      for (let step = 0; step < 24 && at.name !== label; step += 1) {
        passed.push(at.name?.slice(0, 30));
        await page.keyboard.press("Tab");
        // A frame hears of the key a moment later.
        const moved = async () => (await here()).what !== at.what;
        // At the end of the page it leaves to the browser's own bars, once.
        await until(moved, "the focus moved", 1_000).catch(() => (lost += 1));
        assert.ok(lost <= 1, `the keyboard reaches nobody; Tab passed ${passed.join(", ")}`);
        at = await here();
      }
      assert.equal(at.name, label, `Tab passed ${passed.join(", ")}`);
    };
    await from("Network", () => inside(page).getByRole("tab", { name: "Peers" }));
    await tabTo("Peers");
    await page.keyboard.press("End");
    await expectVisible(inside(page).getByRole("tab", { name: "Invite", selected: true }));
    await tabTo("Make an invite");
    await page.keyboard.press("Enter");
    await expectVisible(inside(page).getByRole("img", { name: "The invite as a QR code" }));
    await from("Contacts", () => inside(page).getByRole("button", { name: "My card" }).first());
    await tabTo("My card");
    await page.keyboard.press("Enter");
    await expectVisible(inside(page).getByRole("img", { name: "Your card as a QR code" }));
    for (const name of ["Contacts", "Network"]) {
      await closeByKey(page);
      await expectGone(page.getByRole("dialog", { name }));
    }
  });

  test("apps opened one right after the other have the keyboard at once", async () => {
    for (const name of ["Settings", "Network", "Activity", "Contacts"]) {
      await page.keyboard.press("Control+KeyK");
      await expectVisible(page.getByRole("combobox", { name: "Search everything" }));
      await page.keyboard.type(name);
      await page.keyboard.press("Enter");
      const window = page.getByRole("dialog", { name });
      await expectFocusIn(window.locator("iframe.app-frame"));
      await appShown(page);
      await until(() => inside(page).locator("body").evaluate(() => document.hasFocus()), `${name} has the keyboard`);
      await page.keyboard.press("Tab");
      await until(() => inside(page).locator("body").evaluate(body => document.activeElement !== body), `Tab goes into ${name}`);
      await closeByKey(page);
      await expectGone(window);
    }
  });

  test("files are found, renamed and thrown away", async () => {
    await openApp(page, "Files");
    await row("Papers").dblclick();
    await row("show").dblclick();
    await row("fox\\.txt").click();
    await page.keyboard.press("F2");
    await inside(page).getByRole("textbox", { name: /^New name of/ }).fill("dog.txt");
    await page.keyboard.press("Enter");
    await expectVisible(row("dog\\.txt"));
    await page.keyboard.press("Control+KeyZ");
    await expectVisible(row("fox\\.txt"));
  });
});

test("what one browser does the other sees at once", { timeout: 90_000 }, async () => {
  const second = await newContext(browser, { watch, axe: false });
  const other = await second.newPage();
  await other.goto(node.url);
  await unlock(other);
  const there = await openApp(other, "Files");
  await openApp(page, "Files");
  await inside(page).getByRole("button", { name: "New", exact: true }).click();
  await inside(page).getByRole("menuitem", { name: "New folder" }).click();
  await inside(page).getByRole("textbox", { name: /^New name of/ }).fill("Seen at once");
  await page.keyboard.press("Enter");
  const here = row("Seen at once");
  await expectVisible(here);
  await there.getByRole("button", { name: "Drive", exact: true }).or(there.getByRole("treeitem", { name: "Drive" })).first().click();
  for (const name of ["Papers", "show"]) await there.getByRole("row", { name: new RegExp(`^${name}`) }).dblclick();
  await expectVisible(there.getByRole("row", { name: /^Seen at once/ }));
  await here.click();
  await page.keyboard.press("Delete");
  await expectGone(there.getByRole("row", { name: /^Seen at once/ }));
  await other.getByRole("button", { name: "Lock", exact: true }).click();
  await lockShown(page);
  await second.close();
  await unlock(page);
});

describe("axe finds nothing", { timeout: 600_000 }, () => {
  test("on the locked screen and the way by words", async () => {
    await page.getByRole("button", { name: "Lock", exact: true }).click();
    await lockShown(page);
    for (const [theme, media] of Object.entries(MACHINES)) {
      await page.emulateMedia({ reducedMotion: "reduce", ...media });
      await noViolations(page, `unlock, ${theme}`);
      await page.getByRole("button", { name: "Use my 24 words instead" }).click();
      await noViolations(page, `unlock by words, ${theme}`);
      await page.getByRole("button", { name: "Back" }).click();
    }
    await page.emulateMedia({ reducedMotion: "reduce", colorScheme: "light", contrast: "no-preference" });
    await unlock(page);
  });

  for (const [name, screens] of Object.entries({
    Files: async () => {
      const files = await openApp(page, "Files");
      await files.getByRole("button", { name: "Drive", exact: true }).or(files.getByRole("treeitem", { name: "Drive" })).first().click();
      await lookedAt("files list");
      await files.getByRole("radio", { name: "Grid" }).click();
      await lookedAt("files grid");
      await files.getByRole("radio", { name: "List" }).click();
      for (const step of ["Papers", "show"]) await row(step).dblclick();
      for (const file of ["picture.png", "fox.txt", "plan.md", "page.pdf", "tone.wav"]) {
        await row(file.replace(".", "\\.")).click();
        await page.keyboard.press("Space");
        if (file.endsWith(".pdf")) {
          // An app's frame has no viewer: the desktop opens a window for it.
          await expectVisible(page.getByRole("dialog", { name: file }).locator("embed.view-document"));
          await lookedAt(`the document ${file}`);
          await closeByKey(page);
          await openApp(page, "Files");
          continue;
        }
        const preview = files.getByRole("dialog", { name: `Preview of ${file}` });
        await expectVisible(preview);
        await lookedAt(`preview of ${file}`);
        await preview.getByRole("button", { name: "Close preview" }).click();
      }
      await page.getByRole("navigation", { name: "Dock" }).getByRole("button", { name: "Trash" }).click();
      await lookedAt("files trash");
    },
    Settings: async () => {
      const settings = await openApp(page, "Settings");
      for (const tab of ["Identity & recovery", "Security & lock", "Appearance", "Storage", "About"]) {
        await settings.getByRole("tab", { name: tab }).click();
        await expectVisible(settings.getByRole("heading", { level: 1, name: tab }));
        await expectGone(settings.getByText("Loading"));
        await lookedAt(`settings, ${tab}`);
      }
      await settings.getByRole("tab", { name: "Security & lock" }).click();
      await settings.getByRole("button", { name: "Change…" }).click();
      await noViolations(page, "change passphrase");
      await page.keyboard.press("Escape");
    },
    Activity: async () => {
      await openApp(page, "Activity");
      await lookedAt("activity");
      await inside(page).getByRole("listitem").getByRole("button").first().click();
      await noViolations(page, "activity detail");
      await page.keyboard.press("Escape");
    },
    Network: async () => {
      const network = await openApp(page, "Network");
      await network.getByRole("tab", { name: "Peers" }).click();
      await expectVisible(network.getByRole("heading", { name: "Nobody is connected" }));
      await lookedAt("network, nobody connected");
      await network.getByRole("tab", { name: "Traffic and limits" }).click();
      await expectVisible(network.getByRole("form", { name: "Limits" }));
      await lookedAt("network, limits");
      await network.getByRole("textbox", { name: "Neighbours" }).fill("900");
      await network.getByRole("button", { name: "Save" }).click();
      await expectVisible(network.getByText("This number is too small or too large."));
      await noViolations(page, "network, a wrong limit");
      await network.getByRole("button", { name: "Discard" }).click();
      await network.getByRole("tab", { name: "Invite" }).click();
      await network.getByRole("button", { name: "Make an invite" }).click();
      await expectVisible(network.getByRole("img", { name: "The invite as a QR code" }));
      await lookedAt("network, an invite");
    },
    Contacts: async () => {
      const contacts = await openApp(page, "Contacts");
      await expectVisible(contacts.getByRole("heading", { name: "Your first contact" }));
      await lookedAt("contacts, nobody");
      await contacts.getByRole("button", { name: "My card" }).first().click();
      await expectVisible(contacts.getByRole("img", { name: "Your card as a QR code" }));
      await lookedAt("contacts, the own card");
      await contacts.getByRole("button", { name: "Add a contact" }).first().click();
      await contacts.getByRole("textbox", { name: "Card or identity" }).fill(SOMEBODY);
      await contacts.getByRole("textbox", { name: "Name" }).fill("Grace Hopper");
      await lookedAt("contacts, somebody new");
      await contacts.getByRole("button", { name: "Add", exact: true }).click();
      await expectVisible(contacts.getByRole("heading", { name: "Grace Hopper" }));
      await lookedAt("contacts, a person");
    },
    "what opens over the windows": async () => {
      for (const [key, screen] of [["Control+KeyK", "launcher"], ["Alt+Shift+KeyO", "notifications"], ["Alt+Shift+KeyS", "shortcuts"]]) {
        await page.keyboard.press(key);
        await expectVisible(page.getByRole("dialog").last());
        await noViolations(page, screen);
        await page.keyboard.press("Escape");
      }
    },
  })) test(`on ${name}`, screens);

  test("at 360 pixels, the phone's way", async () => {
    const phone = await newContext(browser, { watch, size: { width: 360, height: 740 }, hasTouch: true, isMobile: true });
    const small = await phone.newPage();
    await small.goto(node.url);
    await lockShown(small);
    await noViolations(small, "unlock, 360 px");
    await small.getByLabel("Passphrase", { exact: true }).fill(PERSON.passphrase);
    await small.getByRole("button", { name: "Unlock" }).click();
    await small.getByRole("button", { name: "Home", exact: true }).click();
    await expectVisible(small.getByRole("button", { name: "Files", exact: true }).first());
    await noViolations(small, "home, 360 px");
    for (const app of ["Files", "Settings", "Activity", "Network", "Contacts"]) {
      await small.getByRole("button", { name: app, exact: true }).first().click();
      await appShown(small);
      await expectGone(inside(small).getByText("Loading"));
      await noViolations(small, `${app}, 360 px`);
      for (const frame of small.frames())
        assert.equal(await frame.evaluate(() => document.documentElement.scrollWidth <= innerWidth), true, `${app} is wider than the screen`);
      await small.getByRole("button", { name: "Home", exact: true }).click();
    }
    await phone.close();
  });
});

test("right to left: everything is mirrored, nothing is cut", { timeout: 120_000 }, async () => {
  const rtl = await newContext(browser, { watch, locale: "ar" });
  const arabic = await rtl.newPage();
  await arabic.goto(node.url);
  await expectVisible(arabic.getByRole("heading", { level: 1, name: "مرحبًا بعودتك" }));
  assert.equal(await arabic.evaluate(() => document.documentElement.dir), "rtl");
  await noViolations(arabic, "unlock, Arabic");
  await mkdir(RESULTS, { recursive: true });
  await arabic.screenshot({ path: join(RESULTS, "unlock-ar.png") });
  await arabic.getByLabel("عبارة المرور", { exact: true }).fill(PERSON.passphrase);
  await arabic.getByRole("button", { name: "فتح القفل" }).click();
  await expectVisible(arabic.locator("nav[data-region=dock]"));
  await openLanguage(page, "العربية");
  await expectVisible(arabic.locator("html[dir=rtl]"));
  if (!(await front(arabic).isVisible())) await arabic.locator('[data-app="files"]').click();
  await expectVisible(front(arabic));
  const bar = await arabic.locator("header.bar").boundingBox();
  const brand = await arabic.locator(".bar-brand").boundingBox();
  assert.ok(brand.x > bar.width / 2, "the brand stands at the right");
  await appShown(arabic);
  const cutIn = frame => frame.evaluate(() =>
    [...document.querySelectorAll("button, h1, h2, label")]
      .filter(element => element.checkVisibility() && element.scrollWidth > element.clientWidth + 1 && getComputedStyle(element).overflow === "hidden" && getComputedStyle(element).textOverflow !== "ellipsis" && !element.closest(".wx-visually-hidden"))
      .map(element => element.textContent),
  );
  for (const frame of arabic.frames()) assert.deepEqual(await cutIn(frame), [], frame.url());
  await noViolations(arabic, "desktop, Arabic");
  await arabic.screenshot({ path: join(RESULTS, "desktop-ar.png") });
  await rtl.close();
  await openLanguage(page, "English");
});

/** The language is a setting: it changes in every browser. */
async function openLanguage(where, name) {
  await where.getByRole("button", { name: /Theme and language|السمة واللغة|المظهر واللغة/ }).click();
  await where.getByRole("menuitemradio", { name }).or(where.getByRole("menuitem", { name })).first().click();
}

test("a person chooses a theme, and it stays after a reload", async () => {
  await chooseTheme(page, "High contrast");
  await page.reload();
  await expectVisible(page.locator('html[data-theme="contrast"]'));
  await desktopShown(page);
  await chooseTheme(page, "Light");
});

test("windows stand where they stood after a reload", async () => {
  await openApp(page, "Settings");
  const before = await front(page).boundingBox();
  const saved = page.waitForResponse(response => response.url().endsWith("/api/desktop") && response.request().method() === "PUT");
  await page.keyboard.press("Alt+Shift+ArrowRight");
  await saved;
  await until(async () => (await front(page).boundingBox()).x !== before.x, "the window moved");
  const placed = await front(page).boundingBox();
  await page.reload();
  await desktopShown(page);
  await expectVisible(page.getByRole("dialog", { name: "Settings" }));
  assert.deepEqual(await page.getByRole("dialog", { name: "Settings" }).boundingBox(), placed);
});

test("in all of this no cookie, no other host, no error of a page", async () => {
  console.log(`axe looked at ${screensChecked.length} screens`);
  assert.equal(words.length, 24);
  assert.deepEqual(await context.cookies(), []);
  assert.deepEqual(watch.setCookies, []);
  assert.deepEqual(watch.foreignHosts, []);
  assert.deepEqual(watch.errors, []);
});
