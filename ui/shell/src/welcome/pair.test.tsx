import { act, render, screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { Problem } from "@webx/sdk";
import { LocaleProvider } from "@webx/ui";
import { Suspense } from "react";
import { expect, it, vi } from "vitest";
import { PairDevice } from "./PairDevice";

vi.mock("../session/enter", () => ({}));
vi.mock("../session", () => ({ calls: {} }));

const PASSPHRASE = "correct horse battery staple";

async function show(session: Partial<Parameters<typeof PairDevice>[0]["session"]>) {
  const ways = {
    startPairing: vi.fn(async () => "123 456"),
    finishPairing: vi.fn(async () => true),
    cancelPairing: vi.fn(async () => undefined),
    openDesktop: vi.fn(),
    ...session,
  };
  await act(
    async () =>
      void render(
        <LocaleProvider locale="en">
          <Suspense>
            <PairDevice name="My phone" onBack={() => undefined} session={ways} />
          </Suspense>
        </LocaleProvider>,
      ),
  );
  return ways;
}

async function enter(code: string) {
  await userEvent.type(await screen.findByRole("textbox", { name: "Code of the other device" }), code);
  await userEvent.click(screen.getByRole("button", { name: "Continue" }));
}

async function choose() {
  await screen.findByRole("heading", { name: "Choose a passphrase" });
  for (const field of document.querySelectorAll<HTMLInputElement>('input[autocomplete="new-password"]'))
    await userEvent.type(field, PASSPHRASE);
  await userEvent.click(screen.getByRole("button", { name: "Continue" }));
}

it("shows the digits, waits, and opens the desktop", async () => {
  let decide: (done: boolean) => void = () => undefined;
  const ways = await show({ finishPairing: () => new Promise(resolve => (decide = resolve)) });
  await enter("something");
  expect(await screen.findByText(/This is not a pairing code/)).toBeTruthy();
  await userEvent.clear(screen.getByRole("textbox", { name: "Code of the other device" }));
  await enter(" webx:pair?abc ");
  await choose();
  expect((await screen.findByLabelText("Digits of this device")).textContent).toBe("123 456");
  expect(ways.startPairing).toHaveBeenCalledWith({
    code: "webx:pair?abc",
    passphrase: PASSPHRASE,
    deviceName: "My phone",
  });
  await act(async () => decide(false));
  expect(ways.openDesktop).not.toHaveBeenCalled();
  await act(async () => decide(true));
  expect(ways.openDesktop).toHaveBeenCalledOnce();
});

it("says why the other device let it not in, and begins again", async () => {
  const declined = new Problem({ code: "declined", status: 409, title: "declined" });
  await show({ finishPairing: () => Promise.reject(declined) });
  await enter("webx:pair?abc");
  await choose();
  expect(await screen.findByText("The other device declined. Nothing was changed.")).toBeTruthy();
  expect(screen.getByRole("textbox", { name: "Code of the other device" })).toHaveProperty("value", "");
});

it("gives up when the person cancels", async () => {
  const ways = await show({ finishPairing: () => new Promise(() => undefined) });
  await enter("webx:pair?abc");
  await choose();
  await userEvent.click(await screen.findByRole("button", { name: "Cancel" }));
  expect(ways.cancelPairing).toHaveBeenCalledOnce();
  expect(await screen.findByRole("textbox", { name: "Code of the other device" })).toBeTruthy();
});
