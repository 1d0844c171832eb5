import { act, render, screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { LocaleProvider } from "@webx/ui";
import { Suspense, useEffect, useState } from "react";
import { beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import * as session from "../../demo/session";
import Desktop from ".";
import { type App, useApps } from "./apps";
import { useNotifications } from "./notifications";
import { usePanel } from "./panels";
import { useText } from "./strings";
import { emptyWm, type WindowState } from "./wm/state";
import { dispatch, useWm } from "./wm/store";

vi.mock("../session", () => import("../../demo/session"));

const mounted = vi.hoisted(() => ({ files: 0 }));

/** Stands in for a frame with an app in it: shows what it was opened with and can rename its window. */
function Probe({ app, window }: { app?: App; window?: WindowState }) {
  const [text, setText] = useState("");
  const name = app?.id ?? "";
  useEffect(() => {
    if (name === "files") mounted.files += 1;
  }, [name]);
  if (!app || !window) return null;
  return (
    <div>
      <p>{`${name} ${JSON.stringify(window.args ?? null)}`}</p>
      <input aria-label={`${name} text`} value={text} onChange={event => setText(event.target.value)} />
      <button type="button" onClick={() => dispatch({ type: "title", id: window.id, title: "Holiday" })}>
        {`rename ${name}`}
      </button>
    </div>
  );
}
vi.mock("./frames/AppFrame", () => ({ AppFrame: Probe, OriginFrame: Probe }));

const SYSTEM = [
  ["files", "Files", false],
  ["settings", "Settings", true],
  ["activity", "Activity", true],
] as const;

const person = userEvent.setup();

async function desktop() {
  const shown = render(
    <LocaleProvider locale="en" root={document.documentElement}>
      <Suspense fallback="waiting">
        <Desktop />
      </Suspense>
    </LocaleProvider>,
  );
  await screen.findByRole("navigation", { name: "Dock" });
  return shown;
}
const dock = (name: RegExp) => within(screen.getByRole("navigation", { name: "Dock" })).getByRole("button", { name });
const windows = () => screen.queryAllByRole("dialog").filter(each => each.matches("[data-window]"));
const names = () => windows().map(each => each.getAttribute("aria-label"));
const keys = (text: string) => person.keyboard(text);
const combo = (code: string) => keys(`{Alt>}{Shift>}[${code}]{/Shift}{/Alt}`);

// The texts are there before the first picture, as they are on a second visit.
beforeAll(async () => {
  await useText.load("en");
});

beforeEach(() => {
  sessionStorage.clear();
  mounted.files = 0;
  session.removeApps();
  for (const [id, name, single] of SYSTEM) {
    const entry = { builtin: { module: "app.js" } };
    const window = { width: 900, height: 620, single };
    const facts = { id, name, version: "1.0.0", category: "system", description: name, entry, window };
    session.addApp(session.installed({ ...facts, permissions: { required: [], optional: [] } }));
  }
  act(() => {
    useWm.setState(emptyWm, true);
    usePanel.setState({ panel: null });
    useNotifications.setState({ items: [], jobs: [] });
  });
});

describe("the desktop", () => {
  it("opens Files for a person who is here for the first time", async () => {
    await desktop();
    expect(await screen.findByText("files null")).toBeTruthy();
    expect(names()).toEqual(["Files"]);
  });

  it("opens, puts away and brings back an app from the dock", async () => {
    await desktop();
    await person.click(dock(/^Settings/));
    expect(await screen.findByText("settings null")).toBeTruthy();
    expect(dock(/^Settings/).getAttribute("aria-label")).toContain("1 window open");
    await person.click(dock(/^Settings/));
    expect(screen.getByText("settings null").closest("[data-window]")?.hasAttribute("inert")).toBe(true);
    await person.click(dock(/^Settings/));
    expect(screen.getByText("settings null").closest("[data-window]")?.hasAttribute("inert")).toBe(false);
  });

  it("never mounts an app again while its window is moved, snapped, covered or put away", async () => {
    await desktop();
    const text = await screen.findByLabelText("files text");
    await person.type(text, "draft");
    await person.click(dock(/^Settings/));
    await screen.findByText("settings null");
    const before = mounted.files;
    await person.click(dock(/^Files/));
    await combo("ArrowLeft");
    await combo("KeyM");
    await combo("KeyN");
    await combo("PageUp");
    await person.click(dock(/^Files/));
    await combo("KeyG");
    expect(mounted.files).toBe(before);
    expect(screen.getByLabelText("files text")).toBe(text);
    expect(text).toHaveProperty("value", "draft");
  });

  it("gives the keyboard back to the place it had in a window", async () => {
    await desktop();
    const text = await screen.findByLabelText("files text");
    await person.click(text);
    await person.click(dock(/^Settings/));
    await screen.findByText("settings null");
    await person.click(dock(/^Files/));
    await waitFor(() => expect(document.activeElement).toBe(text));
  });

  it("snaps, maximises and closes by keys", async () => {
    await desktop();
    await screen.findByText("files null");
    await combo("ArrowRight");
    expect(windows()[0]?.dataset.zone).toBe("right");
    await combo("ArrowUp");
    expect(windows()[0]?.dataset.zone).toBe("top-right");
    await combo("KeyF");
    expect(windows()[0]?.dataset.zone).toBe("max");
    await combo("KeyW");
    expect(windows()).toHaveLength(0);
    expect(screen.getByRole("button", { name: "Open Files" })).toBeTruthy();
  });

  it("leaves arrow keys with Alt and Shift to a text field", async () => {
    await desktop();
    await person.click(await screen.findByLabelText("files text"));
    await combo("ArrowRight");
    expect(windows()[0]?.dataset.zone).toBeUndefined();
  });

  it("moves a window by the arrow keys, and takes it back on Escape", async () => {
    await desktop();
    await screen.findByText("files null");
    const place = () => windows()[0]?.style.transform;
    const before = place();
    await combo("KeyV");
    await keys("{ArrowDown}{ArrowDown}");
    expect(place()).not.toBe(before);
    await keys("{Escape}");
    expect(place()).toBe(before);
    await combo("KeyV");
    await person.click(screen.getByRole("button", { name: "Move down" }));
    await person.click(screen.getByRole("button", { name: "Keep this place" }));
    expect(place()).not.toBe(before);
    expect(screen.queryByRole("toolbar", { name: "Move" })).toBeNull();
  });

  it("moves a window by pointer and undoes that on Escape", async () => {
    await desktop();
    await screen.findByText("files null");
    const window = windows()[0];
    const bar = window?.querySelector<HTMLElement>(".window-title");
    if (!window || !bar) throw new Error("no window");
    Object.assign(bar.closest("header") ?? {}, { setPointerCapture: () => undefined });
    const before = window.style.transform;
    await person.pointer([
      { keys: "[MouseLeft>]", target: bar, coords: { clientX: 600, clientY: 300 } },
      { target: bar, coords: { clientX: 640, clientY: 350 } },
    ]);
    expect(window.style.transform).not.toBe(before);
    await keys("{Escape}");
    expect(window.style.transform).toBe(before);
    await person.pointer({ keys: "[/MouseLeft]", target: bar });
    expect(window.style.transform).toBe(before);
  });

  it("keeps windows on their virtual desktops", async () => {
    await desktop();
    await screen.findByText("files null");
    await combo("KeyN");
    const desktops = screen.getByRole("navigation", { name: "Virtual desktops" });
    expect(within(desktops).getByRole("button", { name: "Desktop 2" }).getAttribute("aria-current")).toBe("true");
    expect(windows()[0]?.hasAttribute("inert") ?? true).toBe(true);
    await combo("PageUp");
    expect(windows()[0]?.hasAttribute("inert")).toBe(false);
    await combo("End");
    expect(within(desktops).getByRole("button", { name: "Desktop 2" }).getAttribute("aria-current")).toBe("true");
    expect(names()).toEqual(["Files"]);
    await combo("KeyX");
    expect(within(desktops).queryByRole("button", { name: "Desktop 2" })).toBeNull();
    expect(names()).toEqual(["Files"]);
  });

  it("finds settings pages and files in the launcher and opens them", async () => {
    await desktop();
    await screen.findByText("files null");
    await keys("{Control>}[KeyK]{/Control}");
    const field = await screen.findByRole("combobox", { name: "Search everything" });
    await person.type(field, "wallp");
    const option = await screen.findByRole("option", { name: /Appearance/ });
    expect(option.getAttribute("aria-selected")).toBe("true");
    expect(field.getAttribute("aria-activedescendant")).toBe(option.id);
    await keys("{Enter}");
    expect(await screen.findByText('settings {"page":"appearance"}')).toBeTruthy();

    await keys("{Control>}[KeyK]{/Control}");
    await person.type(await screen.findByRole("combobox"), "Letter");
    await person.click(await screen.findByRole("option", { name: /Letter to Anna/ }));
    expect(await screen.findByText(/files .*"preview"/)).toBeTruthy();
  });

  it("says what an app is called, and renames its window when the app asks", async () => {
    await desktop();
    await person.click(await screen.findByRole("button", { name: "rename files" }));
    await waitFor(() => expect(names()).toEqual(["Holiday"]));
  });

  it("shows an app that is installed meanwhile, and closes its windows when it is removed", async () => {
    await desktop();
    await screen.findByText("files null");
    const facts = { id: "notes", name: "Notes", version: "1.0.0", category: "productivity", description: "Notes" };
    const notes = {
      ...session.installed({
        ...facts,
        entry: { builtin: { module: "app.js" } },
        permissions: { required: [], optional: [] },
      }),
      system: false,
    };
    act(() => session.addApp(notes));
    const icons = await screen.findByRole("navigation", { name: "Installed apps" });
    await person.click(within(icons).getByRole("button", { name: "Notes" }));
    expect(await screen.findByText("notes null")).toBeTruthy();
    await act(() => session.calls.apps.remove(notes.install));
    await waitFor(() => expect(names()).toEqual(["Files"]));
    expect(useApps.getState().list.map(app => app.id)).not.toContain("notes");
  });

  it("shows the windows again after a reload as they were", async () => {
    vi.useFakeTimers({ shouldAdvanceTime: true });
    const first = await desktop();
    await screen.findByText("files null");
    act(() => dispatch({ type: "snap", id: useWm.getState().focus ?? "", zone: "left" }));
    await act(() => vi.advanceTimersByTimeAsync(1000));
    first.unmount();
    vi.useRealTimers();
    act(() => useWm.setState(emptyWm, true));
    await desktop();
    await screen.findByText("files null");
    expect(windows()[0]?.dataset.zone).toBe("left");
  });

  it("switches windows with Alt and Q, and chooses when Alt is let go", async () => {
    await desktop();
    await screen.findByText("files null");
    await person.click(dock(/^Settings/));
    await screen.findByText("settings null");
    await keys("{Alt>}[KeyQ]");
    const list = await screen.findByRole("listbox", { name: "Switch window" });
    expect(within(list).getByRole("option", { selected: true }).textContent).toContain("Files");
    await keys("{/Alt}");
    await waitFor(() => expect(screen.queryByRole("listbox")).toBeNull());
    await waitFor(() =>
      expect(
        windows()
          .find(each => each.hasAttribute("data-active"))
          ?.getAttribute("aria-label"),
      ).toBe("Files"),
    );
  });

  it("tells a notification, counts it and opens what it is about", async () => {
    await desktop();
    await screen.findByText("files null");
    await act(() =>
      session.calls.notifications.notify({
        title: "Confirm your words",
        level: "warning",
        open: { app: "settings", args: { page: "identity" } },
      }),
    );
    await person.click(await screen.findByRole("button", { name: "1 notification" }));
    const panel = await screen.findByRole("dialog", { name: "Notifications" });
    await person.click(within(panel).getByRole("button", { name: "Open" }));
    expect(await screen.findByText('settings {"page":"identity"}')).toBeTruthy();
    await waitFor(() => expect(screen.getByRole("button", { name: "Notifications" })).toBeTruthy());
  });
});

describe("closing the desktop", () => {
  it("forgets every name it has shown", async () => {
    const shown = await desktop();
    await person.click(await screen.findByRole("button", { name: "rename files" }));
    await waitFor(() => expect(names()).toEqual(["Holiday"]));
    await act(() => session.calls.notifications.notify({ title: "Secret plan" }));
    await keys("{Control>}[KeyK]{/Control}");
    await screen.findByRole("combobox");
    shown.unmount();
    expect(useWm.getState()).toEqual(emptyWm);
    expect(useNotifications.getState().items).toEqual([]);
    expect(usePanel.getState().panel).toBeNull();
  });

  it("keeps the last change before it locks", async () => {
    await desktop();
    await screen.findByText("files null");
    await waitFor(() => expect(sessionStorage.getItem("webx.demo.layout")).toContain("files"));
    await combo("ArrowLeft");
    await combo("KeyL");
    await waitFor(() => expect(sessionStorage.getItem("webx.demo.layout")).toContain('"zone":"left"'));
  });
});
