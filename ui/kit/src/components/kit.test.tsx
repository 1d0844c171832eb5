import { act, fireEvent, render, screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import axe from "axe-core";
import { useState } from "react";
import { afterEach, describe, expect, it, vi } from "vitest";
import * as ui from "..";

const person = userEvent.setup();

async function violations(container: Element) {
  // Colours need a browser; the end-to-end tests look at them.
  const result = await axe.run(container, {
    rules: { "color-contrast": { enabled: false }, region: { enabled: false } },
  });
  return result.violations.map(each => `${each.id}: ${each.nodes.map(node => node.html).join(" ")}`);
}

afterEach(() => ui.clearToasts());

function Language() {
  const [value, setValue] = useState<"en" | "de" | null>("en");
  return (
    <ui.Select
      label="Language"
      options={[
        { id: "en", label: "English" },
        { id: "de", label: "Deutsch" },
      ]}
      value={value}
      onChange={setValue}
    />
  );
}

describe("buttons", () => {
  it("act on a press and have a name", async () => {
    const act = vi.fn();
    const { container } = render(
      <>
        <ui.Button onPress={act}>Save</ui.Button>
        <ui.IconButton label="Close" onPress={act}>
          <svg />
        </ui.IconButton>
      </>,
    );
    await person.click(screen.getByRole("button", { name: "Save" }));
    await person.click(screen.getByRole("button", { name: "Close" }));
    expect(act).toHaveBeenCalledTimes(2);
    expect(await violations(container)).toEqual([]);
  });

  it("say why they cannot be used", () => {
    render(<ui.Button disabledReason="Choose a file first">Open</ui.Button>);
    expect(screen.getByRole("button", { name: "Open" })).toHaveProperty("disabled", true);
    expect(screen.getByText("Choose a file first")).toBeTruthy();
  });
});

describe("fields", () => {
  it("tie label, help and error to the input", async () => {
    const { container, rerender } = render(<ui.TextField label="Name" description="As others see it" />);
    const input = screen.getByRole("textbox", { name: "Name" });
    const describedBy = () =>
      (input.getAttribute("aria-describedby") ?? "")
        .split(" ")
        .map(id => document.getElementById(id)?.textContent)
        .join("");
    expect(describedBy()).toContain("As others see it");
    rerender(<ui.TextField label="Name" description="As others see it" error="Too long" />);
    expect(input.getAttribute("aria-invalid")).toBe("true");
    expect(describedBy()).toContain("Too long");
    expect(await violations(container)).toEqual([]);
  });

  it("hide a passphrase until the person wants to see it", async () => {
    render(<ui.PasswordField label="Passphrase" />);
    const input = screen.getByLabelText("Passphrase");
    expect(input.getAttribute("type")).toBe("password");
    await person.click(screen.getByRole("button", { name: "Show passphrase" }));
    expect(input.getAttribute("type")).toBe("text");
    expect(screen.getByRole("button", { name: "Hide passphrase" }).getAttribute("aria-pressed")).toBe("true");
  });

  it("clear a search by its button and by Escape", async () => {
    const onChange = vi.fn();
    render(<ui.SearchField placeholder="Search names" onChange={onChange} />);
    const input = screen.getByRole("searchbox", { name: "Search names" });
    await person.type(input, "tax");
    await person.click(screen.getByRole("button", { name: "Clear" }));
    expect(input).toHaveProperty("value", "");
    await person.type(input, "a{Escape}");
    expect(input).toHaveProperty("value", "");
  });
});

describe("choices", () => {
  it("are told by role and state", async () => {
    const { container } = render(
      <>
        <ui.Checkbox>Remember</ui.Checkbox>
        <ui.Switch description="Less movement">Calm</ui.Switch>
        <ui.RadioGroup
          label="Theme"
          options={[
            { id: "light", label: "Light" },
            { id: "dark", label: "Dark" },
          ]}
          value="light"
          onChange={() => undefined}
        />
        <ui.Slider label="Volume" value={40} onChange={() => undefined} />
        <ui.Segmented
          label="View"
          options={[
            { id: "list", label: "List" },
            { id: "grid", label: "Grid" },
          ]}
          value="grid"
          onChange={() => undefined}
        />
      </>,
    );
    await person.click(screen.getByRole("checkbox", { name: "Remember" }));
    expect(screen.getByRole("checkbox", { name: "Remember" })).toHaveProperty("checked", true);
    expect(screen.getByRole("switch", { name: /Calm/ })).toBeTruthy();
    expect(
      within(screen.getByRole("radiogroup", { name: "Theme" })).getByRole("radio", { name: "Light" }),
    ).toHaveProperty("checked", true);
    expect(screen.getByRole("slider", { name: "Volume" }).getAttribute("value")).toBe("40");
    expect(screen.getByRole("radio", { name: "Grid" }).getAttribute("aria-checked")).toBe("true");
    expect(await violations(container)).toEqual([]);
  });

  it("choose from a list by keyboard", async () => {
    render(<Language />);
    await person.tab();
    await person.keyboard("{Enter}");
    const list = await screen.findByRole("listbox");
    expect(within(list).getByRole("option", { name: "English" }).getAttribute("aria-selected")).toBe("true");
    await person.keyboard("{ArrowDown}{Enter}");
    await waitFor(() => expect(screen.getByRole("button", { name: /Deutsch/ })).toBeTruthy());
  });
});

describe("overlays", () => {
  it("open a dialog with a title, close it by Escape and give the focus back", async () => {
    render(
      <ui.Dialog title="Rename" trigger={<ui.Button>Rename…</ui.Button>}>
        Text
      </ui.Dialog>,
    );
    await person.click(screen.getByRole("button", { name: "Rename…" }));
    const dialog = await screen.findByRole("dialog", { name: "Rename" });
    expect(await violations(dialog)).toEqual([]);
    await person.keyboard("{Escape}");
    await waitFor(() => expect(screen.queryByRole("dialog")).toBeNull());
    await waitFor(() => expect(document.activeElement).toBe(screen.getByRole("button", { name: "Rename…" })));
  });

  it("ask once before danger, with the safe answer in focus", async () => {
    const act = vi.fn();
    const close = vi.fn();
    render(
      <ui.AlertDialog title="Empty the trash?" action="Empty" danger isOpen onOpenChange={close} onAction={act}>
        This cannot be undone.
      </ui.AlertDialog>,
    );
    await screen.findByRole("alertdialog", { name: "Empty the trash?" });
    expect(document.activeElement?.textContent).toBe("Cancel");
    await person.click(screen.getByRole("button", { name: "Empty" }));
    expect(act).toHaveBeenCalledOnce();
    await waitFor(() => expect(close).toHaveBeenCalledWith(false));
  });

  it("open a menu, run an entry, and skip what is disabled", async () => {
    const act = vi.fn();
    render(
      <ui.Menu
        label="File"
        trigger={<ui.Button>File</ui.Button>}
        items={[
          { id: "cut", label: "Cut", disabled: true },
          { id: "copy", label: "Copy", keys: "Ctrl+C", onAction: act },
          "separator",
          { id: "delete", label: "Delete", danger: true },
        ]}
      />,
    );
    await person.click(screen.getByRole("button", { name: "File" }));
    const menu = await screen.findByRole("menu");
    expect(within(menu).getByRole("menuitem", { name: /Cut/ }).getAttribute("aria-disabled")).toBe("true");
    await person.click(within(menu).getByRole("menuitem", { name: /Copy/ }));
    expect(act).toHaveBeenCalledOnce();
  });

  it("open a context menu where the person asks for one, but leave text fields alone", async () => {
    const act = vi.fn();
    render(
      <ui.ContextMenu label="Desk" items={[{ id: "new", label: "New folder", onAction: act }]}>
        <button type="button">Here</button>
        <input aria-label="Text" />
      </ui.ContextMenu>,
    );
    await person.pointer({ keys: "[MouseRight]", target: screen.getByLabelText("Text") });
    expect(screen.queryByRole("menu")).toBeNull();
    await person.pointer({ keys: "[MouseRight]", target: screen.getByRole("button", { name: "Here" }) });
    await person.click(await screen.findByRole("menuitem", { name: "New folder" }));
    expect(act).toHaveBeenCalledOnce();
  });

  it("open the context menu after a long press, but not after a scroll", async () => {
    vi.useFakeTimers();
    render(
      <ui.ContextMenu label="Desk" items={[{ id: "new", label: "New folder" }]}>
        <button type="button">Here</button>
      </ui.ContextMenu>,
    );
    const target = screen.getByRole("button", { name: "Here" });
    const touch = { pointerType: "touch", clientX: 20, clientY: 20 };
    fireEvent.pointerDown(target, touch);
    fireEvent.pointerMove(target, { ...touch, clientY: 60 });
    act(() => vi.advanceTimersByTime(1000));
    expect(screen.queryByRole("menu")).toBeNull();
    fireEvent.pointerUp(target, touch);
    fireEvent.pointerDown(target, touch);
    act(() => vi.advanceTimersByTime(1000));
    expect(screen.getByRole("menu", { name: "Desk" })).toBeTruthy();
    vi.useRealTimers();
  });

  it("show a toast with its action", async () => {
    const undo = vi.fn();
    render(<ui.Toasts />);
    ui.toast({ title: "Moved to trash", action: { label: "Undo", onAction: undo } });
    const shown = await screen.findByRole("alertdialog");
    expect(shown.textContent).toContain("Moved to trash");
    await person.click(screen.getByRole("button", { name: "Undo" }));
    expect(undo).toHaveBeenCalledOnce();
    await waitFor(() => expect(screen.queryByText("Moved to trash")).toBeNull());
  });
});

describe("what shows a state", () => {
  it("has the right roles", async () => {
    const retry = vi.fn();
    const { container } = render(
      <>
        <ui.ProgressBar label="Upload" value={30} />
        <ui.Meter label="Storage" value={9} max={10} />
        <ui.ErrorState onRetry={retry}>The node does not answer.</ui.ErrorState>
        <ui.EmptyState title="No files yet" />
        <ui.SkeletonList rows={2} />
        <ui.Breadcrumbs
          label="Path"
          onAction={() => undefined}
          items={[
            { id: "root", label: "Drive" },
            { id: "a", label: "Documents" },
          ]}
        />
        <ui.KeyValue items={[{ label: "DID", value: "did:scid:vh:1", mono: true }]} />
      </>,
    );
    expect(screen.getByRole("progressbar", { name: "Upload" }).getAttribute("aria-valuenow")).toBe("30");
    expect(screen.getByRole("meter", { name: "Storage" })).toBeTruthy();
    expect(screen.getByRole("alert").textContent).toContain("does not answer");
    expect(screen.getByText("Documents").closest("[aria-current]")).toBeTruthy();
    await person.click(screen.getByRole("button", { name: "Try again" }));
    expect(retry).toHaveBeenCalledOnce();
    expect(await violations(container)).toEqual([]);
  });

  it("tells what sort of file a name is", () => {
    expect(ui.fileGroupOf("photo.JPG")).toBe("image");
    expect(ui.fileGroupOf("archive.tar.gz")).toBe("archive");
    expect(ui.fileGroupOf(".bashrc")).toBe("other");
    expect(ui.fileGroupOf("Pictures", "folder")).toBe("folder");
  });
});

describe("panels", () => {
  it("are resized by the arrow keys within their limits", async () => {
    render(
      <ui.SplitView side={<p>Side</p>} initial={200} min={150} max={220}>
        <p>Main</p>
      </ui.SplitView>,
    );
    const divider = screen.getByRole("separator", { name: "Resize panels" });
    divider.focus();
    await person.keyboard("{ArrowRight}{ArrowRight}");
    expect(divider.getAttribute("aria-valuenow")).toBe("220");
    await person.keyboard("{Home}");
    expect(divider.getAttribute("aria-valuenow")).toBe("150");
  });

  it("go through tabs by the arrow keys", async () => {
    render(
      <ui.Tabs
        label="Settings"
        items={[
          { id: "one", label: "One", content: <p>First</p> },
          { id: "two", label: "Two", content: <p>Second</p> },
        ]}
      />,
    );
    await person.click(screen.getByRole("tab", { name: "One" }));
    await person.keyboard("{ArrowRight}");
    expect(screen.getByRole("tab", { name: "Two" }).getAttribute("aria-selected")).toBe("true");
    expect(screen.getByRole("tabpanel").textContent).toBe("Second");
  });
});
