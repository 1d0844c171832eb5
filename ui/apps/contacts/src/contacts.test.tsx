import { act, render, screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { AppProvider, type ContactDetail, type ContactItem, type TransferItem } from "@webx/sdk";
import { createMemoryOs, type MemoryOptions } from "@webx/sdk/testing";
import { LocaleProvider } from "@webx/ui";
import axe from "axe-core";
import { Suspense } from "react";
import { expect, it } from "vitest";
import App, { placeOf } from ".";

const NUMBER = "0123456789".repeat(6);
const OTHER = "9876543210".repeat(6);
const NODE = "b".repeat(52);

const person = (name: string, more: Partial<ContactItem> = {}, detail: Partial<ContactDetail> = {}): ContactDetail => ({
  contact: {
    ...{ did: `did:key:z${name}`, name, note: "", trust: "new", origin: "link", added: "2026-01-01T00:00:00Z" },
    devices: [{ node: NODE, connected: true }],
    ...{ verified: null, met: "2026-02-01T00:00:00Z" },
    ...more,
  },
  safetyNumber: NUMBER,
  changes: [],
  ...detail,
});
const CHANGED = person(
  "Bob",
  { trust: "changed" },
  {
    safetyNumber: OTHER,
    previousNumber: NUMBER,
    changes: [{ at: "2026-03-01T00:00:00Z", what: "number", accepted: null, added: [NODE], removed: [] }],
  },
);

async function show(contacts: ContactDetail[], args?: unknown, more: MemoryOptions = {}) {
  const memory = createMemoryOs({ contacts: { contacts }, ...more });
  await act(
    async () =>
      void render(
        <LocaleProvider locale="en">
          <Suspense fallback="loading">
            <AppProvider os={memory.os} launch={{ args }}>
              <main>
                <App />
              </main>
            </AppProvider>
          </Suspense>
        </LocaleProvider>,
      ),
  );
  return memory;
}

/** Colours need a browser; the end-to-end tests look at them. */
async function violations() {
  const result = await axe.run("main", { rules: { "color-contrast": { enabled: false } } });
  return result.violations.map(each => `${each.id}: ${each.nodes.map(node => node.html).join(" ")}`);
}

const people = () => screen.findByRole("region", { name: "People" });
const group = (name: string) => screen.findByRole("region", { name });

it("finds a person by name or note", async () => {
  await show([person("Ann", { note: "met in Ticino" }), person("Cid")]);
  await userEvent.type(await screen.findByRole("searchbox"), "ticino");
  await waitFor(async () => expect(within(await people()).queryByRole("button", { name: /Cid/ })).toBeNull());
  await userEvent.click(screen.getByRole("button", { name: /^Ann/ }));
  expect(await screen.findByRole("heading", { level: 2, name: "Ann" })).toBeTruthy();
  await userEvent.type(screen.getByRole("searchbox"), " moon");
  await userEvent.click(await screen.findByRole("button", { name: "Show all" }));
  expect(await screen.findByRole("button", { name: /^Cid/ })).toBeTruthy();
  expect(await violations()).toEqual([]);
});

it("says what to do when nobody is known", async () => {
  await show([]);
  expect(await screen.findByText("Your first contact")).toBeTruthy();
  expect(await violations()).toEqual([]);
});

it("verifies a person whose number was compared", async () => {
  const memory = await show([person("Ann")], { did: "did:key:zAnn" });
  const safety = await group("Safety number");
  expect(
    within(safety)
      .getAllByRole("listitem")
      .map(each => each.textContent),
  ).toEqual(Array.from({ length: 6 }, () => ["01234", "56789"]).flat());
  await userEvent.click(within(safety).getByRole("button", { name: "They match" }));
  expect(await within(safety).findByText(/^Compared and found right/)).toBeTruthy();
  expect(memory.trace.calls.find(call => call.method === "contacts.verify")?.args).toEqual(["did:key:zAnn", NUMBER]);
});

it("warns when the numbers differ, and verifies nobody", async () => {
  const memory = await show([person("Ann")], { did: "did:key:zAnn" });
  await userEvent.click(await screen.findByRole("button", { name: "They differ" }));
  expect(await screen.findByText("Then somebody may stand between you")).toBeTruthy();
  expect(memory.trace.calls.some(call => call.method === "contacts.verify")).toBe(false);
});

it("puts a changed safety number before everything, with both numbers and what is stopped", async () => {
  await show([person("Ann"), CHANGED]);
  const first = within(await people()).getAllByRole("listitem")[0];
  expect(first?.textContent).toContain("Safety number changed");
  await userEvent.click(screen.getByRole("button", { name: /^Bob/ }));
  const warning = await group("The safety number of Bob changed");
  expect(within(warning).getByText(/nothing is sent to Bob/)).toBeTruthy();
  expect(within(warning).getByText(/1 device came/)).toBeTruthy();
  expect(within(warning).getByRole("list", { name: "Before" }).textContent).toBe(NUMBER);
  expect(within(warning).getByRole("list", { name: "Now" }).textContent).toBe(OTHER);
  expect(await violations()).toEqual([]);
});

it("asks once before a changed number is accepted unseen, and then the contact is new", async () => {
  const memory = await show([CHANGED], { did: "did:key:zBob" });
  await userEvent.click(await screen.findByRole("button", { name: "Accept without comparing" }));
  expect(memory.trace.calls.some(call => call.method === "contacts.accept")).toBe(false);
  const question = await screen.findByRole("alertdialog");
  await userEvent.click(within(question).getByRole("button", { name: "Accept without comparing" }));
  await waitFor(() => expect(screen.queryByRole("region", { name: "The safety number of Bob changed" })).toBeNull());
  expect(memory.trace.calls.find(call => call.method === "contacts.accept")?.args).toEqual(["did:key:zBob", OTHER]);
  expect((await memory.os.contacts.get("did:key:zBob")).contact.trust).toBe("new");
});

it("has no number before the first meeting, and looks for the device of the card", async () => {
  const met = person("Ann", { devices: [], met: null, cardNode: NODE }, { safetyNumber: null });
  const peer = {
    ...{ id: NODE, did: "did:key:zSomebody", addresses: ["192.0.2.1:7701"], relays: [], serves: false },
    fitness: { rating: "unknown" as const, value: 0.05, reasons: [] },
  };
  const memory = await show([met], { did: "did:key:zAnn" }, { network: { peers: [peer] } });
  expect(await screen.findByText(/There is no number yet/)).toBeTruthy();
  await userEvent.click(screen.getByRole("button", { name: "Look for it now" }));
  expect(await screen.findByText("Another person answers on this device.")).toBeTruthy();
  expect(memory.trace.calls.find(call => call.method === "network.ping")?.args).toEqual([NODE]);
});

it("renames, notes, blocks and unblocks", async () => {
  const memory = await show([person("Ann")], { did: "did:key:zAnn" });
  const words = await group("Name and note");
  const name = within(words).getByRole("textbox", { name: "Name" });
  await userEvent.clear(name);
  await userEvent.type(name, "Ann Lee");
  await userEvent.type(within(words).getByRole("textbox", { name: "Note" }), "met in Ticino");
  await userEvent.click(within(words).getByRole("button", { name: "Save" }));
  expect(await screen.findByRole("heading", { level: 2, name: "Ann Lee" })).toBeTruthy();
  expect((await memory.os.contacts.get("did:key:zAnn")).contact.note).toBe("met in Ticino");
  await userEvent.click(screen.getByRole("button", { name: "Block" }));
  await userEvent.click(await screen.findByRole("button", { name: "Unblock" }));
  expect(await screen.findByRole("button", { name: "Block" })).toBeTruthy();
});

it("asks once before it removes a person", async () => {
  const memory = await show([person("Ann")], { did: "did:key:zAnn" });
  await userEvent.click(await screen.findByRole("button", { name: "Remove" }));
  const question = await screen.findByRole("alertdialog", { name: "Remove Ann?" });
  expect(document.activeElement?.textContent).toBe("Cancel");
  await userEvent.click(within(question).getByRole("button", { name: "Remove" }));
  expect(await screen.findByText("Your first contact")).toBeTruthy();
  expect(await memory.os.contacts.list()).toEqual([]);
});

it("adds by DID with a name, and says what is wrong", async () => {
  await show([person("Ann")], { add: "did:key:zNew" });
  expect(await screen.findByRole("textbox", { name: "Card or identity" })).toHaveProperty("value", "did:key:zNew");
  await userEvent.click(screen.getByRole("button", { name: "Add" }));
  expect(await screen.findByText("Write a name.")).toBeTruthy();
  await userEvent.type(screen.getByRole("textbox", { name: "Name" }), "Newt");
  const text = screen.getByRole("textbox", { name: "Card or identity" });
  for (const [typed, wrong] of [
    ["nonsense", /neither a card nor an identity/],
    ["did:key:zAnn", /among your contacts already/],
    ["did:scid:vh:1:QmMemoryOnlyIdentity", /This is you/],
  ] as const) {
    await userEvent.clear(text);
    await userEvent.type(text, typed);
    await userEvent.click(screen.getByRole("button", { name: "Add" }));
    expect(await screen.findByText(wrong)).toBeTruthy();
  }
  await userEvent.clear(text);
  await userEvent.type(text, "did:key:zNew");
  await userEvent.click(screen.getByRole("button", { name: "Add" }));
  expect(await screen.findByRole("heading", { level: 2, name: "Newt" })).toBeTruthy();
});

it("takes the name of a card, and knows that it came from hand to hand", async () => {
  const memory = await show([], { add: "webx:contact:abc" });
  await userEvent.click(await screen.findByRole("checkbox", { name: /own screen or paper/ }));
  expect(await violations()).toEqual([]);
  await userEvent.click(screen.getByRole("button", { name: "Add" }));
  expect(await screen.findByText("by a card from hand to hand")).toBeTruthy();
  expect(memory.trace.calls.find(call => call.method === "contacts.add")?.args).toEqual([
    { text: "webx:contact:abc", inPerson: true },
  ]);
});

it("shows the own card as a QR code and gives it to the clipboard", async () => {
  const memory = await show([]);
  await userEvent.click((await screen.findAllByRole("button", { name: "My card" }))[0] as HTMLElement);
  expect(await screen.findByRole("img", { name: "Your card as a QR code" })).toBeTruthy();
  await userEvent.click(screen.getByRole("button", { name: "Copy the card" }));
  expect(await memory.os.clipboard.readText()).toBe("webx:contact:memory");
  expect(await violations()).toEqual([]);
});

const transfer = (id: number, name: string, more: Partial<TransferItem> = {}): TransferItem => ({
  ...{ id, did: "did:key:zAnn", contact: "Ann", trust: "new", name, size: 2_000_000, incoming: true },
  ...{ moved: 0, moving: false, state: "offered", created: "2026-03-01T00:00:00Z", changed: "2026-03-01T00:00:00Z" },
  ...more,
});

it("offers the file that the person picks, and withdraws it", async () => {
  let picked: string[] = [];
  const drive: MemoryOptions = { files: { "cat.jpg": "cat" }, pick: () => picked };
  const memory = await show([person("Ann")], { did: "did:key:zAnn" }, drive);
  picked = [(await memory.os.files.resolve("/cat.jpg")).id];
  const files = await group("Files");
  await userEvent.click(within(files).getByRole("button", { name: "Send a file…" }));
  expect(await within(files).findByText("not decided yet")).toBeTruthy();
  const sent = memory.trace.calls.find(call => call.method === "transfers.send");
  expect(sent?.args).toEqual(["did:key:zAnn", picked[0]]);
  await userEvent.click(within(files).getByRole("button", { name: "Withdraw: cat.jpg" }));
  expect(await within(files).findByText("withdrawn")).toBeTruthy();
  await userEvent.click(within(files).getByRole("button", { name: "Remove from the list: cat.jpg" }));
  await waitFor(() => expect(within(files).queryByRole("list")).toBeNull());
  expect(await violations()).toEqual([]);
});

it("asks about a file that is offered, says whether the contact is compared, and takes or refuses it", async () => {
  const transfers = [transfer(1, "photo.jpg"), transfer(2, "film.mp4")];
  const memory = await show([person("Ann"), person("Ben")], undefined, { transfers: { transfers } });
  const row = await screen.findByRole("button", { name: /^Ann/ });
  await waitFor(() => expect(row.textContent).toContain("Wants to send you a file"));
  await userEvent.click(row);
  const files = await group("Files");
  expect((await within(files).findAllByText(/You have not compared the safety number of Ann/)).length).toBe(2);
  expect(await violations()).toEqual([]);
  await userEvent.click(within(files).getByRole("button", { name: "Accept: photo.jpg" }));
  expect(await within(files).findByText("done")).toBeTruthy();
  await userEvent.click(within(files).getByRole("button", { name: "Refuse: film.mp4" }));
  expect(await within(files).findByText("refused")).toBeTruthy();
  expect((await memory.os.transfers.list()).map(each => each.state)).toEqual(["done", "refused"]);
});

it("shows how far a file is and why one failed, and tries that one again", async () => {
  const transfers = [
    transfer(1, "film.mp4", { state: "accepted", moving: true, moved: 500_000 }),
    transfer(2, "large.zip", { state: "failed", why: "space" }),
  ];
  const memory = await show([person("Ann")], { did: "did:key:zAnn" }, { transfers: { transfers } });
  const files = await group("Files");
  const bar = await within(files).findByRole("progressbar", { name: "film.mp4 on its way" });
  expect(bar.getAttribute("aria-valuenow")).toBe("500000");
  expect(within(files).getByText(/no space is left/)).toBeTruthy();
  expect(await violations()).toEqual([]);
  await userEvent.click(within(files).getByRole("button", { name: "Try again: large.zip" }));
  await waitFor(() => expect(within(files).queryByText(/no space is left/)).toBeNull());
  expect(memory.trace.calls.find(call => call.method === "transfers.accept")?.args).toEqual([2]);
});

it("sends nothing to somebody who is blocked or changed", async () => {
  await show([CHANGED], { did: "did:key:zBob" });
  const files = await group("Files");
  expect(within(files).getByText(/Nothing is sent to Bob and nothing is taken/)).toBeTruthy();
  expect(within(files).queryByRole("button", { name: "Send a file…" })).toBeNull();
});

it("takes only what it knows from a link", () => {
  expect(placeOf({ did: "a" })).toEqual({ kind: "person", did: "a" });
  expect(placeOf({ add: "did:a" })).toEqual({ kind: "add", text: "did:a" });
  for (const odd of [null, 1, {}, { did: 1 }]) expect(placeOf(odd)).toBeUndefined();
});

it("gives a contact space and shows what each keeps for the other", async () => {
  const agreement = {
    ...{ did: "did:key:zAnn", contact: "Ann", given: 0, givenUsed: 0, taken: 50e9, takenUsed: 12e9 },
    ...{ blocks: 9, proved: 40, failed: 2 },
  };
  const memory = await show(
    [person("Ann")],
    { did: "did:key:zAnn" },
    { copies: { view: { agreements: [agreement] } } },
  );
  const copies = await group("Copies");
  expect(await within(copies).findByText(/12.* of 50/)).toBeTruthy();
  expect(within(copies).getByText(/2 pieces of your drive could not be shown/)).toBeTruthy();
  const field = within(copies).getByRole("textbox", { name: "Space for Ann, GB" });
  await userEvent.clear(field);
  await userEvent.type(field, "much");
  expect(await within(copies).findByText("Write a number of gigabytes.")).toBeTruthy();
  await userEvent.clear(field);
  await userEvent.type(field, "2,5");
  await userEvent.click(within(copies).getByRole("button", { name: "Save" }));
  await waitFor(async () => expect((await memory.os.copies.view()).agreements[0]?.given).toBe(2.5e9));
  expect(await violations()).toEqual([]);
});

it("says where the drive is besides here, copies now, and brings it back", async () => {
  const round = { hosts: 2, blocks: 40, lacking: 40, proved: 32 };
  await show([person("Ann")], undefined, { copies: { round, restored: { files: 3, folders: 1, bytes: 7e6 } } });
  await userEvent.click(await screen.findByRole("button", { name: "Copies" }));
  expect(await screen.findByText("Nothing was copied since the node was started.")).toBeTruthy();
  await userEvent.click(screen.getByRole("button", { name: "Copy now" }));
  expect(await screen.findByText("Everything lies on other nodes, 2 in all.")).toBeTruthy();
  expect(screen.getByText(/Each block should lie on 3 nodes/)).toBeTruthy();
  await userEvent.click(screen.getByRole("button", { name: "Bring my drive back" }));
  const question = await screen.findByRole("alertdialog", { name: "Bring the drive back?" });
  await userEvent.click(within(question).getByRole("button", { name: "Bring my drive back" }));
  await waitFor(() => expect(screen.queryByRole("alertdialog")).toBeNull());
  expect(await violations()).toEqual([]);
});

it("says that nobody keeps anything, and that a restoration found nothing", async () => {
  await show([person("Ann")]);
  await userEvent.click(await screen.findByRole("button", { name: "Copies" }));
  await userEvent.click(await screen.findByRole("button", { name: "Copy now" }));
  expect(await screen.findByText("No contact keeps anything for you")).toBeTruthy();
  await userEvent.click(screen.getByRole("button", { name: "Bring my drive back" }));
  const question = await screen.findByRole("alertdialog");
  await userEvent.click(within(question).getByRole("button", { name: "Bring my drive back" }));
  expect(await screen.findByText("No contact keeps a copy")).toBeTruthy();
});
