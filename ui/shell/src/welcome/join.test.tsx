import { act, render, screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { Problem } from "@webx/sdk";
import { createMemoryOs, type NetworkSeed } from "@webx/sdk/testing";
import { LocaleProvider } from "@webx/ui";
import { Suspense } from "react";
import { expect, it, vi } from "vitest";
import { JoinByInvite } from "./JoinByInvite";

vi.mock("../session", () => ({ calls: {} }));

async function show(network: NetworkSeed) {
  const memory = createMemoryOs({ network });
  await act(
    async () =>
      void render(
        <LocaleProvider locale="en">
          <Suspense>
            <JoinByInvite network={memory.os.network} />
          </Suspense>
        </LocaleProvider>,
      ),
  );
  await userEvent.click(await screen.findByRole("button", { name: "I have an invite" }));
  return memory;
}

it("joins by the invite that a new person was given", async () => {
  const memory = await show({ reach: "any" });
  const field = await screen.findByRole("textbox", { name: "Link of the invite" });
  memory.failNext("network.join", new Problem({ code: "bad-invite", status: 400, title: "it has expired" }));
  await userEvent.type(field, " webx:join?abc ");
  await userEvent.click(screen.getByRole("button", { name: "Join" }));
  expect(await screen.findByText("This invite does not work: it has expired")).toBeTruthy();
  await userEvent.click(screen.getByRole("button", { name: "Join" }));
  expect((await screen.findByRole("status")).textContent).toContain("Joined.");
  expect(memory.trace.calls.filter(call => call.method === "network.join").map(call => call.args)).toEqual([
    ["webx:join?abc"],
    ["webx:join?abc"],
  ]);
});

it("says what to do where QNet is off", async () => {
  await show({ reach: "off" });
  expect(await screen.findByText(/webx up --qnet any/)).toBeTruthy();
  expect(screen.queryByRole("textbox")).toBeNull();
});
