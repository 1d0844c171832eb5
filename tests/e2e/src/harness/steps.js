/** What a person does, found by role and label as a person would find it. */
import { expectVisible } from "./wait.js";

export const PERSON = { name: "Ada Lovelace", device: "Test machine", passphrase: "copper window lazy harbour violin" };

const heading = (page, name) => page.getByRole("heading", { name, level: 1 });

/** From the first screen to the open desktop. `at` is told each screen, to look at it. Returns the 24 words. */
export async function onboard(page, url, { person = PERSON, at = async () => {} } = {}) {
  await page.goto(url);
  await expectVisible(heading(page, "Welcome"));
  await at("welcome-language");
  await page.getByRole("button", { name: "Continue" }).click();
  await expectVisible(heading(page, /private place/));
  await at("welcome-about");
  await page.getByRole("button", { name: "Let’s begin" }).click();
  await expectVisible(heading(page, "Who lives here?"));
  await page.getByLabel("Your name").fill(person.name);
  await page.getByLabel("This device").fill(person.device);
  await at("welcome-names");
  await page.getByRole("button", { name: "Continue" }).click();
  await expectVisible(heading(page, "Choose a passphrase"));
  await page.getByLabel("Passphrase", { exact: true }).fill(person.passphrase);
  await page.getByLabel("Type it again").fill(person.passphrase);
  await at("welcome-passphrase");
  await page.getByRole("button", { name: "Continue" }).click();
  await expectVisible(heading(page, "Your 24 recovery words"));
  await at("welcome-words-hidden");
  await page.getByRole("button", { name: "Show the words" }).click();
  const words = (await page.getByRole("listitem").allInnerTexts()).map(text => text.replace(/^\d+\s*/, "").trim());
  await at("welcome-words");
  await page.getByRole("checkbox", { name: /written all 24/ }).press("Space");
  await page.getByRole("button", { name: "Continue" }).click();
  await expectVisible(heading(page, "Are they on paper?"));
  await at("welcome-confirm");
  await answerWords(page, words);
  await expectVisible(heading(page, /It is yours, /));
  await at("welcome-done");
  await page.getByRole("button", { name: "Open the desktop" }).click();
  await desktopShown(page);
  return words;
}

/** Types the words that are asked for. */
export async function answerWords(page, words) {
  const fields = page.getByRole("textbox", { name: /^Word \d+$/ });
  await expectVisible(fields.first());
  for (const field of await fields.all()) {
    const number = Number((await field.evaluate(input => input.labels[0].textContent)).replace(/\D/g, ""));
    await field.fill(words[number - 1]);
  }
  await page.getByRole("button", { name: "Check" }).click();
}

export async function desktopShown(page) {
  await expectVisible(page.getByRole("navigation", { name: "Dock" }));
  // The windows are where they were, or the desktop says that there are none.
  await expectVisible(front(page).or(page.getByText("What would you like to do?")).first());
}

export async function lockShown(page) {
  await expectVisible(heading(page, "Welcome back"));
}

export async function unlock(page, passphrase = PERSON.passphrase) {
  await lockShown(page);
  await page.getByLabel("Passphrase", { exact: true }).fill(passphrase);
  await page.getByRole("button", { name: "Unlock" }).click();
  await desktopShown(page);
}

/** The window in front. */
export function front(page) {
  return page.locator("section.window[data-active]");
}

/** The app in the window in front: it runs in a frame of its own. */
export function inside(page) {
  return front(page).frameLocator("iframe.app-frame");
}

/** Waits until the app in front has drawn itself. */
export async function appShown(page) {
  await expectVisible(front(page).locator('iframe.app-frame[data-condition="running"], iframe.app-frame[data-condition="loaded"]'));
}

/** Where the keyboard is, through frames: facts about the element that has it. */
export async function focused(page, look) {
  let at = page.mainFrame();
  for (;;) {
    const frame = at;
    const asked = (async () => {
      const element = (await frame.evaluateHandle(() => document.activeElement)).asElement();
      const within = await element?.contentFrame();
      return within ? { within } : { seen: await frame.evaluate(look) };
    })();
    // A frame that is about to go answers nobody.
    const answer = await Promise.race([asked, after(5_000)]);
    if (!answer) throw new Error(`the frame with the focus does not answer: ${frame.url()}, of ${page.frames().map(each => each.url()).join(" ")}`);
    if ("seen" in answer) return answer.seen;
    at = answer.within;
  }
}

const after = ms => new Promise(done => setTimeout(done, ms).unref());

/** Opens an app by the dock, or brings its window to the front. Gives what is inside of it. */
export async function openApp(page, name) {
  const button = page.getByRole("navigation", { name: "Dock" }).getByRole("button", { name: new RegExp(`^${name}\\b`) });
  if ((await button.getAttribute("data-active")) === null) await button.click();
  await expectVisible(front(page));
  await appShown(page);
  return inside(page);
}

/** Closes the window in front, when there is one, by the key for it. */
export async function closeByKey(page) {
  const window = await front(page).elementHandle({ timeout: 1_000 }).catch(() => null);
  const modifiers = ["Alt", "Shift"];
  for (const key of modifiers) await page.keyboard.down(key);
  // The key takes away the frame that had the keyboard, and with it, now and then, the browser's answer to it.
  const pressed = page.keyboard.down("KeyW");
  pressed.catch(() => undefined);
  await (window ? window.waitForElementState("hidden") : pressed);
  for (const key of ["KeyW", ...modifiers]) await page.keyboard.up(key);
}

/** The look for everybody, by the menu in the bar. */
export async function chooseTheme(page, name) {
  await page.getByRole("button", { name: "Theme and language" }).click();
  await page.getByRole("menuitem", { name }).click();
  const theme = { Light: "light", Dark: "dark", "High contrast": "contrast" }[name];
  await expectVisible(page.locator(`html[data-theme="${theme}"]`));
}
