// @vitest-environment node
import { expect, it } from "vitest";
import { decodeImport, encodeImport } from "./import";
import { createOs, type Transport } from "./os";
import { isProblem } from "./problem";
import { createMemoryOs } from "./testing";

it("hands a call to the transport without the options among its arguments", async () => {
  const seen: unknown[] = [];
  const transport: Transport = {
    call: async (...call) => {
      seen.push(call);
    },
    subscribe: () => () => {},
  };
  const { signal } = new AbortController();
  await createOs(transport).files.read("a", undefined, undefined, { signal });
  expect(seen).toEqual([["files.read", ["a"], { signal }]]);
});

it("gives the options back at their place", async () => {
  const { os } = createMemoryOs({ files: { "a.txt": "hello" } });
  const node = await os.files.resolve("/a.txt");
  const blob = await os.files.read(node.id, undefined, undefined, { signal: new AbortController().signal });
  expect(await blob.text()).toBe("hello");
});

it("refuses a method that is not in the contract", async () => {
  const { transport } = createMemoryOs();
  const error = await transport.call("files.constructor" as never, []).catch((one: unknown) => one);
  expect(isProblem(error, "unknown-method")).toBe(true);
});

it("tells listeners what changed until they stop", async () => {
  const { os } = createMemoryOs();
  const seen: string[] = [];
  const stop = os.files.onChange(event => seen.push(event.op));
  const folder = await os.files.createFolder("root", "a");
  await os.files.trash(folder.id);
  stop();
  await os.files.restore(folder.id);
  expect(seen).toEqual(["created", "trashed"]);
});

it("reads an import stream back as it was", async () => {
  const entries = [
    { path: "a/b.txt", body: new Blob(["hello"]), modified: "2026-01-02T03:04:05.000Z" },
    { path: "a/empty/", body: new Blob([]) },
  ];
  const back = await decodeImport(encodeImport(entries));
  expect(back.map(entry => [entry.path, entry.body.size, entry.modified])).toEqual([
    ["a/b.txt", 5, "2026-01-02T03:04:05.000Z"],
    ["a/empty/", 0, undefined],
  ]);
  expect(await back[0]?.body.text()).toBe("hello");
});
