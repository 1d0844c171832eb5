import { act, render, screen, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { AppProvider, Problem } from "@webx/sdk";
import { createMemoryOs, type DevicesSeed } from "@webx/sdk/testing";
import { LocaleProvider } from "@webx/ui";
import { Suspense } from "react";
import { expect, it } from "vitest";
import { Devices } from "./pages/Devices";

const WORDS = Array.from({ length: 24 }, (_, at) => `word${String.fromCharCode(97 + at)}`).join(" ");
const OTHER = Array.from({ length: 24 }, () => "other").join(" ");

async function show(devices: DevicesSeed) {
  const memory = createMemoryOs({ devices });
  await act(
    async () =>
      void render(
        <LocaleProvider locale="en">
          <AppProvider os={memory.os}>
            <Suspense>
              <Devices />
            </Suspense>
          </AppProvider>
        </LocaleProvider>,
      ),
  );
  await screen.findByRole("list", { name: "Your devices" });
  return memory;
}

const rows = () => within(screen.getByRole("list", { name: "Your devices" })).getAllByRole("listitem");

it("lets a device in after its digits were compared, by the right words alone", async () => {
  await show({ asks: { name: "Phone", digits: "123 456" }, words: WORDS });
  expect(rows()).toHaveLength(1);
  expect(screen.queryByRole("button", { name: /^Remove/ })).toBeNull();
  await userEvent.click(screen.getByRole("button", { name: "Add a device" }));
  const dialog = await screen.findByRole("dialog", { name: "Add a device" });
  expect((await within(dialog).findByLabelText("Digits to compare", {}, { timeout: 3000 })).textContent).toBe(
    "123 456",
  );
  const field = within(dialog).getByRole("textbox", { name: "Your 24 words" });
  await userEvent.click(field);
  await userEvent.paste(OTHER);
  await userEvent.click(within(dialog).getByRole("button", { name: "Let it in" }));
  expect(await within(dialog).findByText(/not the words of your identity/)).toBeTruthy();
  await userEvent.clear(field);
  await userEvent.click(field);
  await userEvent.paste(WORDS.toUpperCase());
  await userEvent.click(within(dialog).getByRole("button", { name: "Let it in" }));
  expect(await within(dialog).findByText("Phone is your device now")).toBeTruthy();
  await userEvent.click(within(dialog).getAllByRole("button", { name: "Close" }).at(-1) as HTMLElement);
  expect(await screen.findByText("Phone")).toBeTruthy();
  expect(rows()).toHaveLength(2);
});

it("says what a code that reaches this machine alone is good for, and takes it back", async () => {
  const memory = await show({ reach: "loopback" });
  await userEvent.click(screen.getByRole("button", { name: "Add a device" }));
  const dialog = await screen.findByRole("dialog", { name: "Add a device" });
  expect(await within(dialog).findByText(/webx up --qnet any/)).toBeTruthy();
  expect(within(dialog).getByRole("img", { name: "Pairing code as a QR code" })).toBeTruthy();
  await userEvent.click(within(dialog).getByRole("button", { name: "Cancel" }));
  expect(memory.trace.calls.map(call => call.method)).toContain("devices.withdraw");
});

it("says what to do where QNet is off", async () => {
  const memory = await show({});
  memory.failNext("devices.offer", new Problem({ code: "no-network", status: 409, title: "off" }));
  await userEvent.click(screen.getByRole("button", { name: "Add a device" }));
  expect(await screen.findByText(/This node is not on QNet/)).toBeTruthy();
});

it("removes a device by the words", async () => {
  const phone = {
    ...{ node: "b".repeat(52), name: "Phone", thisDevice: false },
    ...{ added: "2026-11-22T10:00:00Z", state: "unfinished" as const, connected: false },
  };
  const memory = await show({ others: [phone], words: WORDS });
  expect(screen.getByText("Not finished")).toBeTruthy();
  await userEvent.click(screen.getByRole("button", { name: "Remove Phone" }));
  const dialog = await screen.findByRole("dialog", { name: "Remove Phone?" });
  await userEvent.click(within(dialog).getByRole("textbox", { name: "Your 24 words" }));
  await userEvent.paste(WORDS);
  await userEvent.click(within(dialog).getByRole("button", { name: "Remove" }));
  await screen.findByRole("list", { name: "Your devices" });
  expect(memory.trace.calls.filter(call => call.method === "devices.remove")).toHaveLength(1);
  expect(rows()).toHaveLength(1);
});
