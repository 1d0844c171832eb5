/**
 * Two people, each with a node and a browser of their own: they exchange cards, compare their safety number, and one sends the other a file.
 * Then one of them gets a second device.
 */
import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before } from "node:test";
import { noViolations } from "./harness/axe.js";
import { launch, newContext, Watch } from "./harness/browser.js";
import { png } from "./harness/files.js";
import { freshFolder, Node, webx } from "./harness/node.js";
import { desktopShown, inside, onboard, openApp, PERSON } from "./harness/steps.js";
import { pictured } from "./harness/picture.js";
import { expectGone, expectVisible } from "./harness/wait.js";

const LONG = 60_000;

let folder;
let browser;
const people = [];
const [ada, grace] = [
  { name: "Ada Lovelace", of: "Grace Hopper" },
  { name: "Grace Hopper", of: "Ada Lovelace" },
];

before(async () => {
  folder = await freshFolder("people");
  browser = await launch();
  for (const one of [ada, grace]) {
    one.data = join(folder.path, one.name.split(" ")[0].toLowerCase());
    one.node = await new Node(one.data).start();
    one.watch = new Watch([`webx.localhost:${one.node.port}`]);
    const context = await newContext(browser, { watch: one.watch });
    one.page = await context.newPage();
    people.push(one);
    one.words = await onboard(one.page, one.node.url, { person: { ...PERSON, name: one.name } });
  }
}, { timeout: 120_000 });

after(async () => {
  await browser?.close();
  for (const one of people) await one.node.stop();
  await folder?.remove();
});

const test = pictured(() => ada.page);

/** The person's own card, as text. */
async function cardOf({ page }) {
  const contacts = await openApp(page, "Contacts");
  await contacts.getByRole("button", { name: "My card" }).first().click();
  await expectVisible(contacts.getByRole("img", { name: "Your card as a QR code" }));
  return contacts.getByText(/^webx:contact/).innerText();
}

test("cards are exchanged, and the two nodes find each other", { timeout: 120_000 }, async () => {
  const cards = { [ada.name]: await cardOf(ada), [grace.name]: await cardOf(grace) };
  for (const one of people) {
    const contacts = inside(one.page);
    await contacts.getByRole("button", { name: "Add a contact" }).first().click();
    await contacts.getByRole("textbox", { name: "Card or identity" }).fill(cards[one.of]);
    await contacts.getByRole("textbox", { name: "Name" }).fill(one.of);
    await contacts.getByRole("button", { name: "Add", exact: true }).click();
    await expectVisible(contacts.getByRole("heading", { name: one.of }));
  }
  for (const one of people) await expectVisible(inside(one.page).getByRole("list", { name: "Safety number" }), LONG);
});

test("both see the same sixty digits", { timeout: 60_000 }, async () => {
  const digits = async ({ page }) => (await inside(page).getByRole("list", { name: "Safety number" }).innerText()).replace(/\D/g, "");
  const [hers, theirs] = [await digits(ada), await digits(grace)];
  assert.equal(hers.length, 60);
  assert.equal(hers, theirs);
  await inside(ada.page).getByRole("button", { name: "They match" }).click();
  await expectVisible(inside(ada.page).getByText("Compared and found right on"));
});

test("a file is offered, accepted, and the same bytes lie in Received", { timeout: 180_000 }, async () => {
  const path = join(folder.path, "picture.png");
  await writeFile(path, png(640, 480));
  const files = await openApp(ada.page, "Files");
  await files.locator('input[type="file"]:not([webkitdirectory])').first().setInputFiles(path);
  await expectVisible(files.getByText("Transfers finished"), LONG);

  const hers = await openApp(ada.page, "Contacts");
  await hers.getByRole("button", { name: "Send a file…" }).click();
  const picker = ada.page.getByRole("dialog", { name: "Choose files" });
  await picker.getByText("picture.png").click();
  await picker.getByRole("button", { name: "Choose", exact: true }).click();
  await expectVisible(hers.getByRole("list", { name: "Files" }).getByText("picture.png"));

  const theirs = inside(grace.page);
  const accept = theirs.getByRole("button", { name: "Accept: picture.png" });
  await expectVisible(accept, LONG);
  await expectVisible(theirs.getByText("You have not compared the safety number of Ada Lovelace."));
  await noViolations(grace.page, "contacts, a file is offered");
  await accept.click();
  for (const contacts of [theirs, hers]) await expectVisible(contacts.getByRole("list", { name: "Files" }).getByText("done", { exact: true }), LONG);
  await expectGone(accept);
  await noViolations(ada.page, "contacts, a file was sent");

  const got = join(folder.path, "got.png");
  const fetched = await webx(grace.data, "drive", "get", "/Received/picture.png", got);
  assert.equal(fetched.code, 0, fetched.err);
  assert.deepEqual(await readFile(got), await readFile(path));
});

test("one gives the other space, and her drive lies there", { timeout: 120_000 }, async () => {
  const theirs = inside(grace.page);
  const space = theirs.getByRole("textbox", { name: "Space for Ada Lovelace, GB" });
  await space.fill("2");
  await theirs.getByRole("region", { name: "Copies" }).getByRole("button", { name: "Save" }).click();
  await expectVisible(theirs.getByRole("region", { name: "Copies" }).getByText("0 bytes of 2 GB"));
  await noViolations(grace.page, "contacts, space is given");

  const hers = inside(ada.page);
  await hers.getByRole("button", { name: "Copies", exact: true }).click();
  await hers.getByRole("button", { name: "Copy now" }).click();
  await expectVisible(hers.getByText("Everything lies on 1 other node."), LONG);
  await expectVisible(hers.getByText(/Each block should lie on 3 nodes/));
  await expectVisible(hers.getByRole("list", { name: "With whom" }).getByText("Grace Hopper"));
  // What was said of a button that is gone stays in the live region for some seconds.
  await hers.locator("[data-live-announcer] [role='img']").first().waitFor({ state: "detached" });
  await noViolations(ada.page, "copies");
  const kept = JSON.parse((await webx(grace.data, "copies", "list", "--json")).out);
  assert.ok(kept.agreements[0].givenUsed > 0, JSON.stringify(kept));
  // Her drive is not empty: nothing is brought into it.
  await hers.getByRole("button", { name: "Bring my drive back" }).click();
  await hers.getByRole("alertdialog").getByRole("button", { name: "Bring my drive back" }).click();
  await expectVisible(hers.getByText(/has files already/));
});

test("a second device is let in by digits and words, is the same person there, and is removed again", { timeout: 240_000 }, async () => {
  const tablet = { name: "tablet", node: await new Node(join(folder.path, "tablet")).start() };
  people.push(tablet);
  tablet.watch = new Watch([`webx.localhost:${tablet.node.port}`]);
  const context = await newContext(browser, { watch: tablet.watch });
  const there = await context.newPage();

  const settings = await openApp(ada.page, "Settings");
  await settings.getByRole("tab", { name: "Devices" }).click();
  const mine = settings.getByRole("list", { name: "Your devices" });
  await expectVisible(mine.getByText("This device"));
  await settings.getByRole("button", { name: "Add a device" }).click();
  const adding = settings.getByRole("dialog", { name: "Add a device" });
  await expectVisible(adding.getByRole("img", { name: "Pairing code as a QR code" }));
  await noViolations(ada.page, "settings, a pairing code");
  const code = await adding.getByText(/^webx:pair/).innerText();

  await there.goto(tablet.node.url);
  await there.getByRole("button", { name: "Continue" }).click();
  await there.getByRole("button", { name: "I have an identity on another device" }).click();
  await there.getByRole("textbox", { name: "Code of the other device" }).fill(code);
  await there.getByRole("textbox", { name: "This device" }).fill("Tablet");
  await noViolations(there, "welcome, a pairing code");
  await there.getByRole("button", { name: "Continue" }).click();
  await there.getByLabel("Passphrase", { exact: true }).fill("another place another phrase");
  await there.getByLabel("Type it again").fill("another place another phrase");
  await there.getByRole("button", { name: "Continue" }).click();
  const theirs = there.getByLabel("Digits of this device");
  await expectVisible(theirs, LONG);
  await noViolations(there, "welcome, digits to compare");

  const digits = adding.getByLabel("Digits to compare");
  await expectVisible(digits, LONG);
  assert.equal(await digits.innerText(), await theirs.innerText());
  assert.match(await digits.innerText(), /^\d{3} \d{3}$/);
  await expectVisible(adding.getByText("Tablet wants to become your device. Does it show the same digits?"));
  const words = adding.getByRole("textbox", { name: "Your 24 words" });
  await words.fill(grace.words.join(" "));
  await adding.getByRole("button", { name: "Let it in" }).click();
  await expectVisible(adding.getByText("These are not the words of your identity. Nothing was changed."), LONG);
  await noViolations(ada.page, "settings, a device asks");
  await words.fill(ada.words.join(" "));
  await adding.getByRole("button", { name: "Let it in" }).click();
  await expectVisible(adding.getByText("Tablet is your device now"), LONG);
  await adding.getByRole("button", { name: "Close", exact: true }).last().click();
  await expectVisible(mine.getByText("Tablet", { exact: true }));

  await desktopShown(there);
  const same = await openApp(there, "Settings");
  await expectVisible(same.getByRole("textbox", { name: "Your name" }));
  assert.equal(await same.getByRole("textbox", { name: "Your name" }).inputValue(), ada.name);
  await same.getByRole("tab", { name: "Devices" }).click();
  await expectVisible(same.getByRole("list", { name: "Your devices" }).getByText("Tablet", { exact: true }));
  await noViolations(there, "settings, devices");
  const contacts = await openApp(there, "Contacts");
  await expectVisible(contacts.getByText(grace.name).first());

  await settings.getByRole("button", { name: "Remove Tablet" }).click();
  const removing = settings.getByRole("dialog", { name: "Remove Tablet?" });
  await removing.getByRole("textbox", { name: "Your 24 words" }).fill(ada.words.join(" "));
  await removing.getByRole("button", { name: "Remove", exact: true }).click();
  await expectGone(mine.getByText("Tablet", { exact: true }));
  await openApp(ada.page, "Contacts");
});

test("who is blocked is not heard, and in all of this no cookie, no other host, no error of a page", { timeout: 60_000 }, async () => {
  const theirs = inside(grace.page);
  await theirs.getByRole("button", { name: "Block", exact: true }).click();
  await expectVisible(theirs.getByText("Nothing is sent to Ada Lovelace and nothing is taken."));
  await expectGone(theirs.getByRole("button", { name: "Send a file…" }));
  for (const { watch } of people) {
    assert.deepEqual(watch.foreignHosts, []);
    assert.deepEqual(watch.setCookies, []);
    assert.deepEqual(watch.errors, []);
  }
});
