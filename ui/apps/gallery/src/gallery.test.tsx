import { act, render, screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { AppProvider } from "@webx/sdk";
import { createMemoryOs } from "@webx/sdk/testing";
import * as kit from "@webx/ui";
import { LocaleProvider } from "@webx/ui";
import { Suspense } from "react";
import { expect, it } from "vitest";
import App from ".";
import { exampleOf, GROUPS } from "./examples";

const names = Object.values(GROUPS).flat();

/** Parts of the frame around an app, not things an app places itself. */
const AROUND = new Set(["LocaleProvider", "Toasts"]);

it("shows every component that @webx/ui has", () => {
  const code = names.map(name => exampleOf(name).code).join("\n");
  const components = Object.entries(kit).flatMap(([name, value]) =>
    /^[A-Z][a-z]/.test(name) && typeof value === "function" && !AROUND.has(name) ? [name] : [],
  );
  expect(components.length).toBeGreaterThan(35);
  expect(components.filter(name => !code.includes(`<${name}`))).toEqual([]);
});

it("shows the code of an example, and gives it to the clipboard", async () => {
  const { os } = createMemoryOs();
  await act(async () => {
    render(
      <LocaleProvider locale="en">
        <Suspense>
          <AppProvider os={os} launch={{ args: { find: "disabledReason" } }}>
            <App />
          </AppProvider>
        </Suspense>
      </LocaleProvider>,
    );
  });
  const shown = await screen.findAllByText("Show code");
  expect(shown.length).toBeLessThan(names.length);
  await userEvent.click(shown[0] as HTMLElement);
  await userEvent.click(screen.getByLabelText("Copy the code"));
  expect(await os.clipboard.readText()).toContain("export default function Buttons()");
});
