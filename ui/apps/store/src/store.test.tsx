import { act, render, screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { AppProvider, type App as Installed, Problem, type StorePackageDetail } from "@webx/sdk";
import { createMemoryOs, type MemoryOptions } from "@webx/sdk/testing";
import { LocaleProvider } from "@webx/ui";
import { Suspense } from "react";
import { beforeEach, expect, it, vi } from "vitest";
import App, { placeOf } from ".";

const PUBLISHER = { did: "did:key:z6MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2doK", hash: "k3b7q2mfx5ta6zcd" };

const offer = (id: string, more: Partial<StorePackageDetail> = {}): StorePackageDetail => ({
  ...{ store: "home", app: `k3b7q2mfx5ta6zcd.${id}`, name: id, version: "1.1.0", category: "productivity" },
  ...{ description: `About ${id}`, publisher: PUBLISHER, size: 2048, rating: 47, screenshots: 0, warnings: [] },
  versions: [
    { version: "1.1.0", size: 2048, digest: "ab".repeat(32), publishedAt: "2026-02-01T00:00:00Z", notes: "Faster" },
    { version: "1.0.0", size: 1024, digest: "cd".repeat(32), publishedAt: "2026-01-01T00:00:00Z" },
  ],
  permissions: [],
  ...more,
});

const installed = (id: string, version: string): Installed => ({
  ...{ install: `i-${id}`, app: `k3b7q2mfx5ta6zcd.${id}`, id, name: id, version, category: "productivity" },
  ...{
    description: "",
    publisher: PUBLISHER,
    system: false,
    backend: null,
    icon: "icon.svg",
    languages: [],
    workflows: [],
  },
  entry: { mode: "builtin", module: "app.js", style: null },
  ...{
    window: { width: 1, height: 1, single: false },
    size: 1,
    dataSize: 0,
    quota: 1,
    installedAt: "2026-01-01T00:00:00Z",
  },
  ...{ updatedAt: "2026-01-01T00:00:00Z", previousVersion: null, permissions: [], picked: [] },
});

const HOME = { id: "home", name: "Home", location: "/store", packages: 2 };

beforeEach(() => {
  URL.createObjectURL ??= () => "blob:test";
  URL.revokeObjectURL ??= () => {};
});

async function show(apps: MemoryOptions["apps"], args?: unknown) {
  const memory = createMemoryOs({ apps: apps ?? {} });
  await act(
    async () =>
      void render(
        <LocaleProvider locale="en">
          <Suspense fallback="loading">
            <AppProvider os={memory.os} launch={{ args }}>
              <App />
            </AppProvider>
          </Suspense>
        </LocaleProvider>,
      ),
  );
  return memory;
}

it("finds apps by words and by category", async () => {
  await show({ stores: [HOME], packages: [offer("notes"), offer("chess", { category: "games" })] });
  expect(await screen.findByRole("button", { name: /^notes/ })).toBeTruthy();
  await userEvent.click(await screen.findByRole("button", { name: "Games" }));
  await waitFor(() => expect(screen.queryByRole("button", { name: /^notes/ })).toBeNull());
  expect(screen.getByRole("button", { name: /^chess/ })).toBeTruthy();
  await userEvent.type(screen.getByRole("searchbox"), "nothing like it");
  expect(await screen.findByText("No app found")).toBeTruthy();
  await userEvent.click(screen.getByRole("button", { name: "Show all" }));
  expect(await screen.findByRole("button", { name: /^notes/ })).toBeTruthy();
});

it("says what to do when there is no store, and adds one", async () => {
  const memory = await show({});
  await userEvent.click(await screen.findByRole("button", { name: "Add a store" }));
  await userEvent.click(await screen.findByRole("button", { name: "Add a store" }));
  const dialog = await screen.findByRole("dialog");
  await userEvent.type(within(dialog).getByRole("textbox", { name: "Folder of the store" }), "/media/stick/apps");
  await userEvent.type(within(dialog).getByRole("textbox", { name: /Fingerprint/ }), " 9f86d0 ");
  memory.failNext("store.add", new Problem({ code: "bad-index", status: 422, title: "Its index is not signed" }));
  await userEvent.click(within(dialog).getByRole("button", { name: "Add" }));
  expect(await within(dialog).findByText("Its index is not signed")).toBeTruthy();
  await userEvent.click(within(dialog).getByRole("button", { name: "Add" }));
  expect(await screen.findByText("/media/stick/apps")).toBeTruthy();
  const added = memory.trace.calls.filter(call => call.method === "store.add");
  expect(added.at(-1)?.args).toEqual(["/media/stick/apps", "9f86d0"]);
});

it("installs through the desktop, and then offers to open", async () => {
  const memory = await show({ stores: [HOME], packages: [offer("notes")] });
  await userEvent.click(await screen.findByRole("button", { name: /^notes/ }));
  await userEvent.click(await screen.findByRole("button", { name: "Install" }));
  expect(memory.trace.calls.find(call => call.method === "apps.install")?.args).toEqual([
    { store: "home", app: "k3b7q2mfx5ta6zcd.notes", version: "1.1.0" },
  ]);
  await userEvent.click(await screen.findByRole("button", { name: "Open" }));
  expect(memory.trace.opened).toHaveLength(1);
});

it("installs an older version of what is not installed", async () => {
  const memory = await show(
    { stores: [HOME], packages: [offer("notes")] },
    { store: "home", app: "k3b7q2mfx5ta6zcd.notes" },
  );
  await userEvent.click(await screen.findByRole("button", { name: "Install version 1.0.0" }));
  expect(memory.trace.calls.find(call => call.method === "apps.install")?.args).toMatchObject([{ version: "1.0.0" }]);
});

it("warns before an app of another publisher", async () => {
  const warnings = ["You have an app “notes” of another publisher."];
  await show(
    { stores: [HOME], packages: [offer("notes", { warnings })] },
    { store: "home", app: "k3b7q2mfx5ta6zcd.notes" },
  );
  expect(await screen.findByText("Look closely")).toBeTruthy();
  expect(screen.getByText(warnings[0] ?? "")).toBeTruthy();
});

it("updates with one click and goes back with another", async () => {
  const memory = await show({ stores: [HOME], packages: [offer("notes")], apps: [installed("notes", "1.0.0")] });
  await userEvent.click(await screen.findByRole("tab", { name: /Updates 1/ }));
  await userEvent.click(await screen.findByRole("button", { name: "Update notes" }));
  expect(await screen.findByText("Everything is up to date")).toBeTruthy();
  await userEvent.click(screen.getByRole("tab", { name: /Discover/ }));
  await userEvent.click(await screen.findByRole("button", { name: /^notes/ }));
  await userEvent.click(await screen.findByRole("button", { name: "Back to 1.0.0" }));
  await waitFor(() => expect(memory.trace.calls.some(call => call.method === "apps.rollback")).toBe(true));
});

it("shows that the stores cannot be searched, and tries again", async () => {
  const memory = createMemoryOs({ apps: { stores: [HOME], packages: [offer("notes")] } });
  const broken = new Problem({ code: "unreachable", status: 0, title: "The node does not answer" });
  memory.failNext("store.search", broken);
  memory.failNext("store.search", broken);
  await act(
    async () =>
      void render(
        <LocaleProvider locale="en">
          <Suspense>
            <AppProvider os={memory.os}>
              <App />
            </AppProvider>
          </Suspense>
        </LocaleProvider>,
      ),
  );
  expect(await screen.findByText("The stores could not be searched")).toBeTruthy();
  await userEvent.click(screen.getByRole("button", { name: "Try again" }));
  expect(await screen.findByRole("button", { name: /^notes/ })).toBeTruthy();
});

it("takes only a whole place from a link", () => {
  expect(placeOf({ store: "a", app: "b" })).toEqual({ store: "a", app: "b" });
  for (const odd of [null, 1, {}, { store: "a" }, { store: 1, app: "b" }]) expect(placeOf(odd)).toBeUndefined();
  vi.restoreAllMocks();
});
