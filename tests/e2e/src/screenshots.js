/** Pictures of every screen at 1440, 1024 and 390 px, light and dark, into test-results/screenshots; the README's is docs/desktop.png. */
import { mkdir } from "node:fs/promises";
import { join, resolve } from "node:path";
import { launch, newContext, SIZES } from "./harness/browser.js";
import { makeTree } from "./harness/files.js";
import { freshFolder, Node } from "./harness/node.js";
import { RESULTS } from "./harness/picture.js";
import { appShown, closeByKey, front, inside, lockShown, onboard, openApp, PERSON, unlock } from "./harness/steps.js";
import { expectGone, expectVisible } from "./harness/wait.js";

const DOCS = resolve(import.meta.dirname, "../../../docs");
const OUT = process.env.SCREENSHOTS ?? join(RESULTS, "screenshots");
const WIDTHS = { 1440: SIZES.desktop, 1024: SIZES.tablet, 390: SIZES.phone };
const APPS = ["Files", "Settings", "Activity", "Network", "Contacts"];

const folder = await freshFolder("screenshots");
const tree = await makeTree(folder.path, { count: 120, big: 0 });
const node = await new Node(join(folder.path, "data")).start();
const browser = await launch();
let taken = 0;

async function picture(page, name, file = join(OUT, `${name}.png`)) {
  await page.evaluate(() =>
    Promise.all(
      document
        .getAnimations()
        .filter(each => each.effect?.getComputedTiming().iterations !== Number.POSITIVE_INFINITY)
        .map(each => each.finished.catch(() => undefined)),
    ),
  );
  await page.screenshot({ path: file });
  taken += 1;
}

/** A folder as it comes out of the box, filled by the person's own browser. */
async function moveIn() {
  const context = await newContext(browser, { axe: false });
  const page = await context.newPage();
  await onboard(page, node.url, { at: screen => picture(page, `1440-light-${screen}`) });
  const files = await openApp(page, "Files");
  await files.locator('input[type="file"][webkitdirectory]').setInputFiles(tree.root);
  await expectVisible(files.getByText("Transfers finished"), 60_000);
  await files.getByRole("button", { name: "Close transfers" }).click();
  await closeByKey(page);
  await page.getByRole("button", { name: "Lock", exact: true }).click();
  await lockShown(page);
  await context.close();
}

async function enter(width, scheme) {
  const context = await newContext(browser, {
    axe: false,
    size: WIDTHS[width],
    colorScheme: scheme,
    ...(width === "390" ? { isMobile: true, hasTouch: true, deviceScaleFactor: 2 } : {}),
  });
  const page = await context.newPage();
  await page.goto(node.url);
  await lockShown(page);
  await picture(page, `${width}-${scheme}-unlock`);
  return { context, page };
}

async function open(page, app, phone) {
  if (!phone) return openApp(page, app);
  const home = page.getByRole("button", { name: "Home", exact: true });
  await home.click();
  await page.getByRole("button", { name: app, exact: true }).first().click();
  await appShown(page);
  return inside(page);
}

/** The picture of the README: a folder in front, the look beside it. Every window is closed before and after. */
async function readme(page) {
  for (const _ of APPS) await closeByKey(page);
  const settings = await openApp(page, "Settings");
  await settings.getByRole("tab", { name: "Appearance" }).click();
  await expectGone(settings.getByText("Loading"));
  const files = await openApp(page, "Files");
  for (const step of ["Papers", "show"]) await files.getByRole("row", { name: new RegExp(`^${step}`) }).dblclick();
  await files.getByRole("radio", { name: "Grid" }).click();
  await expectVisible(files.getByRole("option").first());
  // Files goes down and to the right by its title bar, so that both can be seen.
  const { x, y } = await front(page).boundingBox();
  await page.mouse.move(x + 300, y + 15);
  await page.mouse.down();
  await page.mouse.move(x + 520, y + 105, { steps: 8 });
  await page.mouse.up();
  await page.mouse.move(5, 500);
  await picture(page, "", join(DOCS, "desktop.png"));
  await files.getByRole("radio", { name: "List" }).click();
  for (const _ of ["Files", "Settings"]) await closeByKey(page);
}

async function screens(width, scheme) {
  const { context, page } = await enter(width, scheme);
  const phone = width === "390";
  const name = screen => `${width}-${scheme}-${screen}`;
  if (phone) {
    await page.getByLabel("Passphrase", { exact: true }).fill(PERSON.passphrase);
    await page.getByRole("button", { name: "Unlock" }).click();
    await expectVisible(page.getByRole("button", { name: "Home", exact: true }));
  } else await unlock(page);
  for (const app of APPS) {
    const window = await open(page, app, phone);
    await expectGone(window.getByText("Loading"));
    await picture(page, name(app.toLowerCase()));
    if (app === "Files") {
      for (const step of ["Papers", "show"]) await window.getByRole("row", { name: new RegExp(`^${step}`) }).dblclick();
      await window.getByRole("row", { name: /^picture\.png/ }).click();
      await page.keyboard.press("Space");
      const preview = window.getByRole("dialog", { name: "Preview of picture.png" });
      await preview.getByRole("img").evaluate(image => image.decode());
      await picture(page, name("preview"));
      await preview.getByRole("button", { name: "Close preview" }).click();
    }
    if (app === "Settings") {
      for (const tab of ["Security & lock", "Appearance", "Storage", "About"]) {
        await window.getByRole("tab", { name: tab }).click();
        await expectVisible(window.getByRole("heading", { level: 1, name: tab }));
        await expectGone(window.getByText("Loading"));
        await picture(page, name(`settings-${tab.split(" ")[0].toLowerCase()}`));
      }
    }
  }
  if (!phone) {
    await page.keyboard.press("Control+KeyK");
    await expectVisible(page.getByRole("combobox", { name: "Search everything" }));
    await picture(page, name("launcher"));
    await page.keyboard.press("Escape");
    if (width === "1440" && scheme === "light") await readme(page);
    else for (const _ of APPS) await closeByKey(page);
  }
  await context.close();
}

try {
  await mkdir(OUT, { recursive: true });
  await moveIn();
  for (const width of Object.keys(WIDTHS).sort((a, b) => b - a))
    for (const scheme of ["light", "dark"]) await screens(width, scheme);
  console.log(`${taken} pictures in ${OUT}`);
} finally {
  await browser.close();
  await node.stop();
  await folder.remove();
}
