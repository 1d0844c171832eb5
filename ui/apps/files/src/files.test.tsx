import { fireEvent, render, screen, waitFor, within } from "@testing-library/react";
import { AppProvider, Problem } from "@webx/sdk";
import { createMemoryOs, type MemoryOptions, type MemoryOs } from "@webx/sdk/testing";
import { LocaleProvider, Toasts } from "@webx/ui";
import { Suspense } from "react";
import { beforeAll, describe, expect, it, vi } from "vitest";
import App from "./index";

beforeAll(() => {
  vi.stubGlobal(
    "ResizeObserver",
    class {
      observe() {}
      unobserve() {}
      disconnect() {}
    },
  );
  vi.stubGlobal("CSS", { escape: (text: string) => text, supports: () => false });
  // jsdom lays nothing out: every element is a window of 900 by 600.
  Object.defineProperty(HTMLElement.prototype, "clientWidth", { configurable: true, get: () => 900 });
  Object.defineProperty(HTMLElement.prototype, "clientHeight", { configurable: true, get: () => 600 });
});

function start(options: MemoryOptions = {}, prepare?: (memory: MemoryOs) => void, args?: unknown): MemoryOs {
  const memory = createMemoryOs(options);
  prepare?.(memory);
  render(
    <Suspense>
      <LocaleProvider locale="en">
        <AppProvider os={memory.os} launch={args === undefined ? {} : { args }}>
          <App />
        </AppProvider>
        <Toasts />
      </LocaleProvider>
    </Suspense>,
  );
  return memory;
}

const row = (name: string) => screen.findByRole("row", { name: new RegExp(name) });
const press = (element: Element) => {
  fireEvent.pointerDown(element, { button: 0, pointerType: "mouse" });
  fireEvent.pointerUp(element, { button: 0, pointerType: "mouse" });
  fireEvent.click(element, { button: 0 });
};
const grid = () => screen.getByRole("grid");
const key = (name: string, more: object = {}) => fireEvent.keyDown(grid(), { key: name, ...more });

const FILES = {
  Documents: { "deep.txt": "deep" },
  Photos: {},
  "a.txt": "alpha",
  "b.txt": "beta",
  "notes.md": "# Hello",
};

describe("Files", () => {
  it("keeps only the rows in sight in the document, of 100,000", async () => {
    const { trace } = start({}, memory => memory.tree.fill("root", 100_000, index => `file-${index}`));
    await row("file-0 ");
    expect(grid().getAttribute("aria-rowcount")).toBe("100001");
    expect(screen.getAllByRole("row").length).toBeLessThan(60);
    grid().focus();
    key("End");
    const scroller = document.querySelector(".fx-scroll") as HTMLElement;
    fireEvent.scroll(scroller);
    await row("file-99999");
    expect(screen.getAllByRole("row").length).toBeLessThan(60);
    expect(trace.calls.filter(call => call.method === "files.list").length).toBeLessThan(12);
  });

  it("says that a folder is empty and offers the next step", async () => {
    start();
    expect(await screen.findByRole("heading", { name: "“Drive” is empty" })).toBeTruthy();
    expect(screen.getAllByRole("button", { name: "Upload files" })[0]).toBeTruthy();
  });

  it("shows what went wrong and tries again", async () => {
    start({ files: FILES }, memory => {
      // The list of places asks too.
      for (const _ of [1, 2])
        memory.failNext("files.list", new Problem({ code: "damaged", status: 500, title: "Damaged" }));
    });
    expect(await screen.findByText(/A block on the disk is damaged/)).toBeTruthy();
    press(screen.getByRole("button", { name: "Try again" }));
    expect(await row("a.txt")).toBeTruthy();
  });

  it("opens folders by double click and goes up by Backspace, the folder selected", async () => {
    start({ files: FILES });
    fireEvent.doubleClick(await row("Documents"));
    await row("deep.txt");
    key("Backspace");
    const documents = await row("Documents");
    await waitFor(() => expect(documents.getAttribute("aria-selected")).toBe("true"));
  });

  it("moves and selects by keys", async () => {
    start({ files: FILES });
    await row("a.txt");
    grid().focus();
    key("ArrowDown");
    key("ArrowDown");
    key("ArrowDown", { shiftKey: true });
    await waitFor(() => expect(screen.getAllByRole("row", { selected: true })).toHaveLength(2));
    key("a", { ctrlKey: true });
    await waitFor(() => expect(screen.getByText(/5 of 5 selected/)).toBeTruthy());
    key("n");
    await waitFor(() => expect(screen.getByRole("row", { selected: true }).textContent).toContain("notes.md"));
  });

  it("renames in place and takes it back", async () => {
    const { tree } = start({ files: FILES });
    press(await row("a.txt"));
    key("F2");
    const field = await screen.findByRole("textbox", { name: "New name of a.txt" });
    fireEvent.change(field, { target: { value: "a/b" } });
    expect(screen.getByText("A name cannot contain /")).toBeTruthy();
    fireEvent.change(field, { target: { value: "omega.txt" } });
    fireEvent.keyDown(field, { key: "Enter" });
    await row("omega.txt");
    fireEvent.keyDown(grid(), { key: "z", ctrlKey: true });
    await row("a.txt");
    expect(tree.resolve("/a.txt").size).toBe(5);
  });

  it("keeps what is typed into a name while the folder changes", async () => {
    const { tree } = start({ files: FILES });
    press(await row("a.txt"));
    key("F2");
    const field = await screen.findByRole<HTMLInputElement>("textbox", { name: "New name of a.txt" });
    fireEvent.change(field, { target: { value: "om" } });
    field.setSelectionRange(2, 2);
    tree.write("root", "other.txt", new Blob(["x"]));
    await row("other.txt");
    expect([field.value, field.selectionStart, field.selectionEnd]).toEqual(["om", 2, 2]);
  });

  it("moves to the trash, shows it there, and restores it by undo", async () => {
    const { tree } = start({ files: FILES });
    press(await row("a.txt"));
    key("Delete");
    await waitFor(() => expect(tree.trashList()).toHaveLength(1));
    await waitFor(() => expect(screen.queryByRole("row", { name: /a\.txt/ })).toBeNull());
    key("z", { ctrlKey: true });
    await row("a.txt");
    expect(tree.trashList()).toHaveLength(0);
  });

  it("asks once before the trash is emptied", async () => {
    const { tree } = start({ files: FILES }, memory => memory.tree.trash(memory.tree.resolve("/a.txt").id), {
      trash: true,
    });
    await row("a.txt");
    press(screen.getByRole("button", { name: "Empty trash" }));
    const dialog = await screen.findByRole("alertdialog", { name: "Empty the trash?" });
    press(within(dialog).getByRole("button", { name: "Empty trash" }));
    expect(await screen.findByRole("heading", { name: "The trash is empty" })).toBeTruthy();
    expect(tree.trashList()).toHaveLength(0);
  });

  it("cuts and pastes into another folder, and asks when the name is taken", async () => {
    const { tree } = start({ files: { ...FILES, Photos: { "a.txt": "other" } } });
    press(await row("a.txt"));
    key("x", { ctrlKey: true });
    fireEvent.doubleClick(await row("Photos"));
    await waitFor(() => expect(screen.queryByRole("row", { name: /b\.txt/ })).toBeNull());
    await row("a.txt");
    key("v", { ctrlKey: true });
    press(await screen.findByRole("button", { name: "Keep both" }));
    await row("a \\(2\\).txt");
    expect(tree.list("root").items.map(node => node.name)).not.toContain("a.txt");
  });

  it("makes a folder and lets it be named at once", async () => {
    const { tree } = start({ files: FILES });
    await row("a.txt");
    key("F7");
    const field = await screen.findByRole("textbox", { name: "New name of New folder" });
    fireEvent.change(field, { target: { value: "Trip" } });
    fireEvent.keyDown(field, { key: "Enter" });
    await row("Trip");
    expect(tree.resolve("/Trip").kind).toBe("folder");
  });

  it("follows what others change", async () => {
    const { tree } = start({ files: FILES });
    await row("a.txt");
    tree.write("root", "from outside.txt", new Blob(["x"]));
    await row("from outside.txt");
  });

  it("finds names anywhere in the drive", async () => {
    start({ files: FILES });
    await row("a.txt");
    fireEvent.change(screen.getByRole("searchbox"), { target: { value: "deep" } });
    const hit = await row("deep.txt");
    expect(hit.textContent).toContain("/Documents");
  });

  it("goes to a typed path and says when there is none", async () => {
    start({ files: FILES });
    await row("a.txt");
    key("l", { ctrlKey: true });
    const field = await screen.findByRole("textbox", { name: "Path" });
    fireEvent.change(field, { target: { value: "/Nowhere" } });
    fireEvent.keyDown(field, { key: "Enter" });
    await screen.findByText("There is nothing at this path");
    fireEvent.change(field, { target: { value: "/Documents" } });
    fireEvent.keyDown(field, { key: "Enter" });
    await row("deep.txt");
  });

  it("previews Markdown, steps to the next file, and closes by Escape", async () => {
    start({ files: FILES });
    fireEvent.doubleClick(await row("notes.md"));
    const preview = await screen.findByRole("dialog", { name: "Preview of notes.md" });
    expect(await within(preview).findByRole("heading", { name: "Hello" })).toBeTruthy();
    fireEvent.keyDown(preview, { key: "ArrowLeft" });
    const before = await screen.findByRole("dialog", { name: "Preview of b.txt" });
    expect(await within(before).findByText("beta")).toBeTruthy();
    fireEvent.keyDown(before, { key: "Escape" });
    await waitFor(() => expect(screen.queryByRole("dialog")).toBeNull());
  });

  it("edits a text into a new version", async () => {
    const { tree } = start({ files: FILES });
    fireEvent.doubleClick(await row("a.txt"));
    press(await screen.findByRole("button", { name: "Edit" }));
    fireEvent.change(await screen.findByRole("textbox", { name: "Content of a.txt" }), {
      target: { value: "alpha and more" },
    });
    press(screen.getByRole("button", { name: "Save" }));
    await waitFor(() => expect(tree.versions(tree.resolve("/a.txt").id)).toHaveLength(2));
    expect(await tree.body(tree.resolve("/a.txt").id).text()).toBe("alpha and more");
  });

  it("lists versions and restores one", async () => {
    const { tree } = start({ files: FILES }, memory =>
      memory.tree.write("root", "a.txt", new Blob(["newer text"]), undefined, "newVersion"),
    );
    press(await row("a.txt"));
    press(screen.getByRole("button", { name: "Details" }));
    press(await screen.findByRole("button", { name: "Actions for version 1" }));
    press(await screen.findByRole("menuitem", { name: "Restore this version" }));
    await waitFor(() => expect(tree.versions(tree.resolve("/a.txt").id)).toHaveLength(3));
    expect(tree.resolve("/a.txt").size).toBe(5);
  });

  it("takes a folder back to a moment", async () => {
    let now = Date.now() - 3 * 3_600_000;
    const { tree } = start({ files: FILES, now: () => now }, memory => {
      now = Date.now() - 60_000;
      memory.tree.trash(memory.tree.resolve("/a.txt").id);
    });
    await row("b.txt");
    fireEvent.contextMenu(grid(), { clientX: 500, clientY: 500 });
    press(await screen.findByRole("menuitem", { name: /Go back in time/ }));
    const dialog = await screen.findByRole("dialog");
    expect(await within(dialog).findByText("a.txt")).toBeTruthy();
    press(within(dialog).getByRole("button", { name: "Restore this moment" }));
    await row("a.txt");
    expect(tree.trashList()).toHaveLength(0);
  });

  it("uploads chosen files and shows how it went", async () => {
    const { tree } = start({ files: FILES });
    await row("a.txt");
    const input = screen.getByLabelText("Upload files", { selector: "input" });
    fireEvent.change(input, { target: { files: [new File(["one"], "one.txt"), new File(["two"], "a.txt")] } });
    const panel = await screen.findByRole("region", { name: "Transfers" });
    press(await within(panel).findByRole("button", { name: "Keep both" }));
    await waitFor(() => expect(tree.resolve("/a (2).txt").size).toBe(3));
    await row("one.txt");
  });

  it("downloads several things together", async () => {
    const { trace } = start({ files: FILES });
    await row("a.txt");
    grid().focus();
    key("a", { ctrlKey: true });
    fireEvent.contextMenu(await row("b.txt"), { clientX: 10, clientY: 10 });
    press(await screen.findByRole("menuitem", { name: "Download as zip" }));
    await waitFor(() => expect(trace.downloads[0]?.ids).toHaveLength(5));
  });

  it("sorts by a column and turns the order around", async () => {
    const { tree } = start({ files: { "big.bin": "x".repeat(100), "small.bin": "x" } });
    await row("big.bin");
    expect(tree.list("root").total).toBe(2);
    press(screen.getByRole("button", { name: "Size" }));
    const first = () => screen.getAllByRole("row")[1]?.textContent;
    await waitFor(() => expect(first()).toContain("big.bin"));
    press(screen.getByRole("button", { name: "Size" }));
    await waitFor(() => expect(first()).toContain("small.bin"));
  });

  it("opens a document in a window of the desktop, and a package in its install sheet", async () => {
    const { trace, tree } = start({ files: { "tax.pdf": "%PDF", "notes.wxa": "PK" } });
    fireEvent.doubleClick(await row("tax.pdf"));
    await waitFor(() => expect(trace.documents).toEqual([tree.resolve("/tax.pdf").id]));
    fireEvent.doubleClick(await row("notes.wxa"));
    await waitFor(() =>
      expect(trace.calls.find(call => call.method === "apps.install")?.args).toEqual([
        { node: tree.resolve("/notes.wxa").id },
      ]),
    );
    expect(await screen.findByText("The app could not be installed")).toBeTruthy();
  });

  it("gives the address of a link to the clipboard: a frame leads nowhere", async () => {
    const { os } = start({ files: { "a.md": "[Docs](https://example.org/docs)" } });
    fireEvent.doubleClick(await row("a.md"));
    fireEvent.click(await screen.findByRole("link", { name: "Docs" }));
    await waitFor(async () => expect(await os.clipboard.readText()).toBe("https://example.org/docs"));
  });

  it("takes what is dragged over from another window", async () => {
    const { tree } = start({ files: FILES });
    const id = tree.resolve("/a.txt").id;
    const folder = await row("Photos");
    const dataTransfer = {
      types: ["application/x-webx-nodes"],
      getData: (type: string) => (type === "application/x-webx-nodes" ? `${id},../root` : ""),
      effectAllowed: "copyMove",
      dropEffect: "none",
    };
    const target = folder.querySelector("[data-folder]") ?? folder;
    fireEvent.dragOver(target, { dataTransfer });
    fireEvent.drop(target, { dataTransfer });
    await waitFor(() => expect(tree.resolve("/Photos/a.txt").id).toBe(id));
  });

  it("does not offer to continue an upload that another window feeds", async () => {
    const memory = createMemoryOs();
    const mine = await memory.calls.files.uploadBegin({ parent: "root", name: "fed.mkv", size: 9 });
    await memory.calls.files.uploadBegin({ parent: "root", name: "left.mkv", size: 9 });
    memory.os.events.on("who-feeds", () => void memory.os.events.emit("feeding", [mine.id]));
    render(
      <Suspense>
        <LocaleProvider locale="en">
          <AppProvider os={memory.os}>
            <App />
          </AppProvider>
        </LocaleProvider>
      </Suspense>,
    );
    expect(await screen.findByText("left.mkv")).toBeTruthy();
    expect(screen.queryByText("fed.mkv")).toBeNull();
  });

  it("says that uploads run, so that the desktop asks before it closes the window", async () => {
    const { trace } = start({}, memory => memory.hold("files.import"), {
      folder: "root",
      upload: [{ path: "a.txt", file: new File(["alpha"], "a.txt") }],
    });
    await waitFor(() =>
      expect(trace.calls.filter(call => call.method === "windows.setBusy").at(-1)?.args).toEqual([
        "1 upload is running",
      ]),
    );
  });
});
