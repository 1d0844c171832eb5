import { act, render, screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import type { ReactNode } from "react";
import { expect, it } from "vitest";
import { AppProvider } from "../react";
import { createMemoryOs, type MemoryOs } from "../testing";
import { useEvent, usePermission } from "./app";
import { useDocs, useKv } from "./storage";

const show = (memory: MemoryOs, app: ReactNode) => render(<AppProvider os={memory.os}>{app}</AppProvider>);

function Draft() {
  const draft = useKv("draft", "");
  if (draft.loading) return <p>loading</p>;
  return <input aria-label="draft" value={draft.value} onChange={event => draft.set(event.target.value)} />;
}

it("useKv: what is typed is there the next time, kept in few calls", async () => {
  const memory = createMemoryOs();
  const first = show(memory, <Draft />);
  await userEvent.type(await screen.findByLabelText("draft"), "hello");
  first.unmount();
  expect(await memory.os.storage.kv.get("draft")).toBe("hello");
  expect(memory.trace.calls.filter(call => call.method === "storage.kv.set").length).toBeLessThan(5);
  show(memory, <Draft />);
  expect(await screen.findByDisplayValue("hello")).toBeTruthy();
});

function List() {
  const docs = useDocs("notes");
  return (
    <ul>
      {docs.data?.map(doc => (
        <li key={doc.id}>{String(doc.value.text)}</li>
      ))}
    </ul>
  );
}

it("useDocs: shows all pages and what another window changes", async () => {
  const memory = createMemoryOs();
  for (let n = 0; n < 1100; n += 1)
    await memory.calls.storage.docs.put("notes", `n${String(n).padStart(4, "0")}`, { text: `note ${n}` });
  show(memory, <List />);
  await waitFor(() => expect(screen.getAllByRole("listitem")).toHaveLength(1100));
  await act(() => memory.os.storage.docs.put("notes", "n0000", { text: "changed" }));
  await act(() => memory.os.storage.docs.put("others", "x", { text: "elsewhere" }));
  expect(await screen.findByText("changed")).toBeTruthy();
  expect(screen.queryByText("elsewhere")).toBeNull();
});

function Bell() {
  const notify = usePermission("notify");
  return (
    <button type="button" onClick={() => void notify.request()}>
      {String(notify.granted)}
    </button>
  );
}

it("usePermission: asks the person and shows the answer", async () => {
  const memory = createMemoryOs({
    permissions: [
      { key: "notify", permission: { kind: "notify", reason: "Reminds you" }, required: false, granted: false },
    ],
  });
  show(memory, <Bell />);
  await userEvent.click(await screen.findByText("false"));
  expect(await screen.findByText("true")).toBeTruthy();
});

function Ear({ hear }: { hear: (data: unknown) => void }) {
  useEvent("hello", hear);
  return null;
}

it("useEvent: hears its name only", async () => {
  const memory = createMemoryOs();
  const heard: unknown[] = [];
  show(memory, <Ear hear={data => heard.push(data)} />);
  await memory.os.events.emit("other", 1);
  await memory.os.events.emit("hello", { from: "there" });
  expect(heard).toEqual([{ from: "there" }]);
});
