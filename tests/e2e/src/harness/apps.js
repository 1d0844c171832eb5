/** Apps as a person has them: dropped on the desktop, asked about, opened, used, removed. */
import { readFile } from "node:fs/promises";
import { basename } from "node:path";

import { appShown, front, inside } from "./steps.js";
import { expectGone, expectVisible } from "./wait.js";

/** Drops a file on the desktop, as from the machine's own file manager. */
export async function dropOnDesktop(page, path) {
  const bytes = (await readFile(path)).toString("base64");
  const data = await page.evaluateHandle(
    ([text, name]) => {
      const transfer = new DataTransfer();
      transfer.items.add(new File([Uint8Array.from(atob(text), letter => letter.charCodeAt(0))], name));
      return transfer;
    },
    [bytes, basename(path)],
  );
  const desk = page.locator(".desk-main");
  for (const kind of ["dragenter", "dragover", "drop"]) await desk.dispatchEvent(kind, { dataTransfer: data });
}

export const sheet = (page, name) => page.getByRole("dialog", { name });

/** Installs a package by hand. `look` is told the sheet before anything is agreed to. */
export async function install(page, path, name, look = async () => {}) {
  await dropOnDesktop(page, path);
  const asked = sheet(page, `Install ${name}?`);
  await expectVisible(asked);
  await look(asked);
  await asked.getByRole("button", { name: "Install", exact: true }).click();
  await expectVisible(page.getByText(`${name} is installed`).first());
  await expectGone(asked);
}

/** Opens an app by the launcher, in front. Gives what is inside. */
export async function launchApp(page, name, shown = true) {
  await page.getByRole("button", { name: "Apps and search" }).first().click();
  const field = page.getByRole("combobox", { name: "Search everything" });
  await expectVisible(field);
  await field.fill(name);
  await expectVisible(page.getByRole("option", { name: new RegExp(`^${name}\\b`) }).first());
  await page.keyboard.press("Enter");
  await expectVisible(page.locator(`section.window[data-active][aria-label="${name}"]`));
  if (shown) await appShown(page);
  return inside(page);
}

export async function closeFront(page) {
  const id = await front(page).getAttribute("data-window");
  const window = page.locator(`section.window[data-window="${id}"]`);
  await window.getByRole("button", { name: "Close window" }).first().click();
  await expectGone(window);
}
