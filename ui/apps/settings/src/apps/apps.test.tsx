import { act, render, screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { type App, AppProvider, type Saga } from "@webx/sdk";
import { createMemoryOs, type MemoryOptions } from "@webx/sdk/testing";
import { LocaleProvider } from "@webx/ui";
import { Suspense } from "react";
import { beforeEach, expect, it } from "vitest";
import Settings from "..";
import { shareDone } from "../pages/Work";

const app = (more: Partial<App> = {}): App => ({
  ...{ install: "i-notes", app: "k3b7.notes", id: "notes", name: "Notes", version: "1.2.0", category: "productivity" },
  ...{ description: "Notes", publisher: { did: "did:key:z6MkhaXg", hash: "k3b7" }, system: false, backend: null },
  ...{
    icon: "icon.svg",
    languages: [],
    workflows: [],
    size: 1000,
    dataSize: 500,
    quota: 1_000_000,
    previousVersion: null,
    picked: [],
  },
  entry: { mode: "builtin", module: "app.js", style: null },
  ...{ window: { width: 1, height: 1, single: false }, installedAt: "2026-01-01T00:00:00Z" },
  updatedAt: "2026-01-01T00:00:00Z",
  permissions: [
    { key: "notify", permission: { kind: "notify", reason: "Reminds you" }, required: false, granted: true },
  ],
  ...more,
});

const saga = (more: Partial<Saga>): Saga => ({
  ...{ id: "s1", kind: "app.install", subject: "Notes", state: "failed", attempt: 2, canRetry: true, canUndo: true },
  ...{ createdAt: "2026-01-01T00:00:00Z", updatedAt: "2026-01-01T00:00:00Z", reason: "The disk is full" },
  steps: [
    { name: "verify", state: "done" },
    { name: "stage", state: "current" },
  ],
  ...more,
});

beforeEach(() => {
  URL.createObjectURL ??= () => "blob:test";
  globalThis.ResizeObserver ??= class {
    observe() {}
    unobserve() {}
    disconnect() {}
  };
});

async function show(apps: MemoryOptions["apps"], args: unknown) {
  const memory = createMemoryOs({ apps: apps ?? {} });
  await act(
    async () =>
      void render(
        <LocaleProvider locale="en">
          <Suspense>
            <AppProvider os={memory.os} launch={{ args }}>
              <Settings />
            </AppProvider>
          </Suspense>
        </LocaleProvider>,
      ),
  );
  return memory;
}

it("takes a permission back and gives it again", async () => {
  const memory = await show({ apps: [app()] }, { page: "apps" });
  await userEvent.click(await screen.findByRole("button", { name: /^Notes/ }));
  const right = await screen.findByRole("switch", { name: /Show notifications/ });
  expect(screen.getByText("Reminds you")).toBeTruthy();
  await userEvent.click(right);
  await waitFor(async () => expect((await memory.os.apps.get("i-notes")).permissions[0]?.granted).toBe(false));
  await userEvent.click(await screen.findByRole("switch", { name: /Show notifications/, checked: false }));
  await waitFor(async () => expect((await memory.os.apps.get("i-notes")).permissions[0]?.granted).toBe(true));
});

it("permissions of the program's own apps are shown, not switched", async () => {
  await show({ apps: [app({ system: true, app: "webx.notes" })] }, { page: "apps", install: "i-notes" });
  expect(await screen.findByText("Show notifications")).toBeTruthy();
  expect(screen.queryByRole("switch")).toBeNull();
  expect(screen.queryByRole("button", { name: /Uninstall/ })).toBeNull();
});

it("takes back a file that was chosen for the app", async () => {
  const memory = await show(
    { apps: [app({ picked: [{ node: "n1", mode: "write", name: "a.md" }] })] },
    { page: "apps", install: "i-notes" },
  );
  await userEvent.click(await screen.findByRole("button", { name: "Take back “a.md”" }));
  await waitFor(async () => expect((await memory.os.apps.get("i-notes")).picked).toEqual([]));
});

it("asks what becomes of the data, uninstalls, and brings the app back", async () => {
  const memory = await show({ apps: [app()] }, { page: "apps", install: "i-notes" });
  await userEvent.click(await screen.findByRole("button", { name: "Uninstall Notes" }));
  const dialog = await screen.findByRole("dialog");
  await userEvent.click(within(dialog).getByRole("radio", { name: /Delete the data/ }));
  await userEvent.click(within(dialog).getByRole("button", { name: "Uninstall" }));
  expect(memory.trace.calls.find(call => call.method === "apps.remove")?.args).toEqual(["i-notes", "delete"]);
  await userEvent.click(await screen.findByRole("button", { name: "Bring back Notes" }));
  expect(await screen.findByRole("button", { name: /^Notes/ })).toBeTruthy();
});

it("shows how a backend stands and what it wrote, and starts it again", async () => {
  const backends = {
    "i-notes": {
      ...{
        kind: "wasm" as const,
        state: "stopped" as const,
        restarts: 4,
        served: 7,
        inFlight: 0,
        problem: "It never answered.",
      },
      log: [{ at: "2026-01-01T00:00:00Z", stream: "err" as const, text: "panic: out of memory" }],
    },
  };
  const memory = await show(
    { apps: [app({ backend: { kind: "wasm", state: "stopped" } })], backends },
    { page: "apps", install: "i-notes" },
  );
  expect(await screen.findByText("panic: out of memory")).toBeTruthy();
  expect(screen.getByText("It never answered.")).toBeTruthy();
  await userEvent.click(screen.getByRole("button", { name: "Restart" }));
  expect(memory.trace.calls.some(call => call.method === "apps.restartBackend")).toBe(true);
});

it("rolls back to the version before", async () => {
  const memory = await show({ apps: [app({ previousVersion: "1.1.0" })] }, { page: "apps", install: "i-notes" });
  await userEvent.click(await screen.findByRole("button", { name: "Roll back" }));
  await waitFor(async () => expect((await memory.os.apps.get("i-notes")).version).toBe("1.1.0"));
});

it("running work: failed work is tried again or taken back", async () => {
  const memory = await show({ sagas: [saga({}), saga({ id: "s2", subject: "Board" })] }, { page: "work" });
  expect(await screen.findAllByText("The disk is full")).toHaveLength(2);
  const [first] = screen.getAllByRole("button", { name: "Try again" });
  await userEvent.click(first as HTMLElement);
  await waitFor(() => expect(memory.trace.calls.some(call => call.method === "sagas.retry")).toBe(true));
  await userEvent.click(await screen.findByRole("button", { name: "Take back" }));
  await waitFor(() => expect(screen.getByText("Undone")).toBeTruthy());
});

it("running work: says that nothing runs", async () => {
  await show({}, { page: "work" });
  expect(await screen.findByText("Nothing runs")).toBeTruthy();
});

it("counts whole steps, and of the current one what it tells", () => {
  expect(shareDone(saga({ progress: 0.5 }))).toBe(0.75);
  expect(shareDone(saga({ progress: 7 }))).toBe(1);
  expect(shareDone({ steps: [] })).toBe(0);
});
