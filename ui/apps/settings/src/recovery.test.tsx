import { act, render, screen, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { AppProvider, type ContactItem, Problem } from "@webx/sdk";
import { createMemoryOs, type GuardiansSeed } from "@webx/sdk/testing";
import { LocaleProvider } from "@webx/ui";
import { Suspense } from "react";
import { expect, it } from "vitest";
import { Recovery } from "./pages/Recovery";

const WORDS = Array.from({ length: 24 }, (_, at) => `word${String.fromCharCode(97 + at)}`).join(" ");

const contact = (name: string, trust: ContactItem["trust"] = "verified"): ContactItem => ({
  ...{ did: `did:key:${name}`, name, note: "", trust, origin: "did" as const },
  ...{ added: "2026-11-22T10:00:00Z", devices: [] },
});

async function show(guardians: GuardiansSeed) {
  const people = [contact("Ann"), contact("Ben"), contact("Cleo"), contact("Eve", "changed")];
  const memory = createMemoryOs({
    guardians,
    contacts: { contacts: people.map(each => ({ contact: each, changes: [] })) },
  });
  await act(
    async () =>
      void render(
        <LocaleProvider locale="en">
          <AppProvider os={memory.os}>
            <Suspense>
              <Recovery />
            </Suspense>
          </AppProvider>
        </LocaleProvider>,
      ),
  );
  await screen.findByRole("heading", { name: "Your guardians" });
  return memory;
}

it("gives contacts whose number did not change a share each, by the right words", async () => {
  const memory = await show({ words: WORDS });
  await userEvent.click(screen.getByRole("button", { name: "Choose guardians" }));
  const dialog = await screen.findByRole("dialog", { name: "Choose guardians" });
  await within(dialog).findByRole("checkbox", { name: "Ann" });
  expect(within(dialog).queryByRole("checkbox", { name: "Eve" })).toBeNull();
  for (const name of ["Ann", "Ben", "Cleo"]) await userEvent.click(within(dialog).getByRole("checkbox", { name }));
  await userEvent.click(within(dialog).getByRole("button", { name: "Continue" }));
  expect(within(dialog).getByText(/split for 3 guardians, 2 of whom are needed/)).toBeTruthy();
  await userEvent.click(within(dialog).getByRole("textbox", { name: "Your 24 words" }));
  await userEvent.paste(WORDS);
  await userEvent.click(within(dialog).getByRole("button", { name: "Give the shares" }));
  expect(await screen.findByText("2 of 3 are needed.")).toBeTruthy();
  const appointed = memory.trace.calls.find(call => call.method === "guardians.appoint");
  expect(appointed?.args.slice(1)).toEqual([2, ["did:key:Ann", "did:key:Ben", "did:key:Cleo"]]);
});

it("says who is away and keeps the guardians that there were", async () => {
  const memory = await show({});
  memory.failNext("guardians.appoint", new Problem({ code: "away", status: 409, title: "not there now: Ben" }));
  await userEvent.click(screen.getByRole("button", { name: "Choose guardians" }));
  const dialog = await screen.findByRole("dialog", { name: "Choose guardians" });
  for (const name of ["Ann", "Ben"]) await userEvent.click(await within(dialog).findByRole("checkbox", { name }));
  await userEvent.click(within(dialog).getByRole("button", { name: "Continue" }));
  await userEvent.click(within(dialog).getByRole("textbox", { name: "Your 24 words" }));
  await userEvent.paste(WORDS);
  await userEvent.click(within(dialog).getByRole("button", { name: "Give the shares" }));
  expect(await within(dialog).findByText(/not there now: Ben/)).toBeTruthy();
});

it("shows who has lost his share, and lets nobody go who is needed", async () => {
  const guardian = (name: string, state: "kept" | "lost") => ({ did: `did:key:${name}`, name, state });
  await show({ view: { threshold: 2, guardians: [guardian("Ann", "kept"), guardian("Ben", "lost")] } });
  expect(screen.getByText("Share lost")).toBeTruthy();
  const release = screen.getByRole("button", { name: "Release Ann" });
  expect(release.getAttribute("aria-disabled") ?? release.hasAttribute("disabled")).toBeTruthy();
});

it("gives a share back only after the person says to have spoken to the ward", async () => {
  const memory = await show({
    wards: [{ did: "did:key:Ada", name: "Ada", since: "2026-11-22T10:00:00Z" }],
    asks: { name: "laptop", digits: "123 456" },
  });
  await userEvent.click(screen.getByRole("button", { name: "Give the share of Ada back" }));
  const dialog = await screen.findByRole("dialog", { name: "Bring Ada back" });
  const digits = await within(dialog).findByLabelText("Digits to compare", {}, { timeout: 3000 });
  expect(digits.textContent).toBe("123 456");
  await userEvent.click(within(dialog).getByRole("button", { name: "Give back" }));
  expect(memory.trace.calls.some(call => call.method === "guardians.giveBack")).toBe(false);
  await userEvent.click(within(dialog).getByRole("checkbox", { name: /I have spoken to Ada/ }));
  await userEvent.click(within(dialog).getByRole("button", { name: "Give back" }));
  expect(await within(dialog).findByText("Ada has the share back")).toBeTruthy();
});
