// @vitest-environment node
import { afterEach, expect, it, vi } from "vitest";
import { CAPABILITY, complaint, fits, isMethod, suffices } from "./broker";
import type { Capability } from "./contract";
import { METHODS, OPTIONS_AT, PATIENT } from "./methods.gen";
import { type Boot, createPortTransport, type ToShell } from "./port";
import { isProblem, Problem } from "./problem";
import { answerPort, createMemoryOs, throughPort } from "./testing";

const open: (() => void)[] = [];
afterEach(() => {
  for (const end of open.splice(0)) end();
  vi.useRealTimers();
});

function connected(memory = createMemoryOs({ files: { "a.txt": "hello" } })) {
  const { os, transport, host } = throughPort(memory);
  open.push(() => host.close(), transport.close);
  return { os, transport, host, memory };
}

/** The shell's end, played by hand. */
function byHand(options: Parameters<typeof createPortTransport>[1] = {}) {
  const { port1, port2 } = new MessageChannel();
  const heard: ToShell[] = [];
  port1.onmessage = ({ data }) => heard.push(data);
  const transport = createPortTransport(port2, options);
  open.push(() => port1.close(), transport.close);
  return { shell: port1, heard, transport };
}

const problemOf = (call: Promise<unknown>) =>
  call.then(
    () => undefined,
    (reason: unknown) => (reason as Problem).code,
  );

it("carries calls, answers and bytes over a port", async () => {
  const { os } = connected();
  const node = await os.files.resolve("/a.txt");
  const blob = await os.files.read(node.id, { start: 1, end: 3 });
  expect(await blob.text()).toBe("el");
});

it("carries refusals with their code and detail", async () => {
  const { os, memory } = connected();
  memory.failNext(
    "files.stat",
    new Problem({ code: "too-soon", status: 429, title: "Wait", detail: "a little", retryAfterSeconds: 3 }),
  );
  const reason = await os.files.stat("root").catch((one: unknown) => one);
  expect(isProblem(reason, "too-soon")).toBe(true);
  expect(reason).toMatchObject({ status: 429, detail: "a little", retryAfterSeconds: 3 });
});

it("tells events to every listener over one subscription, until the last one stops", async () => {
  const { heard, shell, transport } = byHand();
  const seen: unknown[] = [];
  const first = transport.subscribe("jobs", job => seen.push(job));
  const second = transport.subscribe("jobs", job => seen.push(job));
  await vi.waitFor(() => expect(heard).toEqual([{ sub: "jobs" }]));
  shell.postMessage({ ev: "jobs", data: 1 });
  await vi.waitFor(() => expect(seen).toEqual([1, 1]));
  first();
  second();
  second();
  await vi.waitFor(() => expect(heard.at(-1)).toEqual({ unsub: "jobs" }));
  expect(heard).toHaveLength(2);
});

it("hears theme and language without asking for them", async () => {
  const { heard, shell, transport } = byHand();
  const themes: unknown[] = [];
  const languages: unknown[] = [];
  transport.subscribe("theme", theme => themes.push(theme.name));
  transport.subscribe("i18n", locale => languages.push(locale.dir));
  shell.postMessage({ theme: { name: "dark", reduceMotion: false } });
  shell.postMessage({ locale: { language: "ar", dir: "rtl" } });
  await vi.waitFor(() => expect([themes, languages]).toEqual([["dark"], ["rtl"]]));
  expect(heard).toEqual([]);
});

it("cancels a call on both sides", async () => {
  const { memory, os } = connected();
  const letGo = memory.hold("files.list");
  let seen: AbortSignal | undefined;
  const { call } = memory.transport;
  memory.transport.call = (method, args, options) => {
    seen = options?.signal;
    return call(method, args, options);
  };
  const controller = new AbortController();
  const asked = os.files.list("root", {}, { signal: controller.signal });
  await vi.waitFor(() => expect(seen).toBeDefined());
  controller.abort();
  expect(await problemOf(asked)).toBe("cancelled");
  await vi.waitFor(() => expect(seen?.aborted).toBe(true));
  letGo();
});

it("does not send a call that was cancelled before", async () => {
  const { heard, transport } = byHand();
  expect(await problemOf(transport.call("files.list", ["root"], { signal: AbortSignal.abort() }))).toBe("cancelled");
  expect(heard).toEqual([]);
});

it("gives up on a shell that does not answer, but waits for a person", async () => {
  const { heard, transport } = byHand({ timeout: 20, patient: PATIENT });
  const picking = transport.call("files.pick", []);
  expect(await problemOf(transport.call("files.stat", ["root"]))).toBe("timeout");
  await vi.waitFor(() => expect(heard).toContainEqual({ cancel: 2 }));
  const winner = await Promise.race([picking.then(() => "answer"), Promise.resolve("still waiting")]);
  expect(winner).toBe("still waiting");
  transport.close();
  expect(await problemOf(picking)).toBe("disconnected");
  expect(await problemOf(transport.call("files.stat", ["root"]))).toBe("disconnected");
});

it("says so when an argument cannot be cloned", async () => {
  const { os } = connected();
  const asked = os.windows.open("files", { call: () => {} });
  expect(await problemOf(asked)).toBe("not-cloneable");
});

it("moves streams instead of copying them", async () => {
  const { heard, transport } = byHand();
  const stream = new Blob(["abc"]).stream();
  void transport.call("windows.open", ["x", { stream }]).catch(() => {});
  await vi.waitFor(() => expect(heard).toHaveLength(1));
  const [message] = heard as unknown as [{ a: [string, { stream: ReadableStream }] }];
  expect(await new Response(message.a[1].stream).text()).toBe("abc");
});

it("settles with the boot message, and tells of a second launch and of the end", async () => {
  const { shell, transport } = byHand();
  const launches: unknown[] = [];
  const ends: string[] = [];
  transport.onLaunch(({ args }) => launches.push(args));
  transport.onClose(() => ends.push("close"));
  const boot: Boot = {
    ...{ app: "hash.notes", install: "1", version: "1.0.0", name: "Notes", locale: "en", dir: "ltr" },
    theme: { name: "light", reduceMotion: false },
  };
  shell.postMessage({ boot });
  shell.postMessage({ launch: { args: { folder: "a" } } });
  shell.postMessage({ close: true });
  expect(await transport.boot).toEqual(boot);
  await vi.waitFor(() => expect([launches, ends]).toEqual([[{ folder: "a" }], ["close"]]));
});

it("is not moved by messages that are none", async () => {
  const { shell, transport } = byHand();
  for (const noise of [null, 1, "x", [], {}, { id: 99, ok: 1 }, { ev: "nothing" }, { err: 3 }])
    shell.postMessage(noise);
  const asked = transport.call("files.stat", ["root"]);
  shell.postMessage({ id: 1, err: 7 });
  expect(await problemOf(asked)).toBe("unexpected");
});

it("the shell's end survives whatever an app sends", async () => {
  const { port1, port2 } = new MessageChannel();
  const answers: unknown[] = [];
  const called = vi.fn(async () => "fine");
  const host = answerPort(port1, { call: called, subscribe: () => () => {} });
  open.push(
    () => host.close(),
    () => port2.close(),
  );
  port2.onmessage = ({ data }) => answers.push(data);
  const deep: Record<string, unknown> = {};
  deep.self = deep;
  for (const [index, message] of [
    null,
    { id: "1", m: "files.stat", a: [] },
    { id: 1, m: "files.constructor", a: [] },
    { id: 2, m: "__proto__", a: [] },
    { id: 3, m: "files.stat", a: "root" },
    { id: 4, m: "files.stat", a: [] },
    { id: 5, m: "files.stat", a: [7] },
    { id: 6, m: "files.stat", a: ["root", "more"] },
    { id: 7, m: "storage.kv.set", a: ["key", deep] },
    { id: 8, m: "settings.patch", a: [{ theme: "dark", admin: true }] },
    { sub: "everything" },
    { unsub: 4 },
    { cancel: "x" },
    { hint: "format-the-disk" },
    { id: 9, m: "files.stat", a: ["root"] },
  ].entries())
    port2.postMessage(message ?? index);
  await vi.waitFor(() => expect(answers).toHaveLength(9));
  expect(called).toHaveBeenCalledTimes(1);
  const codes = (answers as { id: number; err?: { code: string } }[]).map(({ id, err }) => [id, err?.code]);
  expect(Object.fromEntries(codes)).toEqual({
    ...{ 1: "unknown-method", 2: "unknown-method", 3: "bad-request", 4: "bad-request", 5: "bad-request" },
    ...{ 6: "bad-request", 7: "bad-request", 8: "bad-request", 9: undefined },
  });
});

it("closes: calls under way are cancelled and subscriptions end", async () => {
  const stopped = vi.fn();
  const { port1, port2 } = new MessageChannel();
  let signal: AbortSignal | undefined;
  const host = answerPort(port1, {
    call: (_method, _args, options) => {
      signal = options.signal;
      return new Promise(() => {});
    },
    subscribe: () => stopped,
  });
  port2.postMessage({ sub: "files" });
  port2.postMessage({ id: 1, m: "files.stat", a: ["root"] });
  await vi.waitFor(() => expect(signal).toBeDefined());
  host.close();
  port2.close();
  expect(signal?.aborted).toBe(true);
  expect(stopped).toHaveBeenCalledOnce();
});

it("knows of every method what it needs and how its arguments look", () => {
  for (const method of METHODS) {
    expect(isMethod(method)).toBe(true);
    expect(CAPABILITY[method]).toBeDefined();
    expect(
      complaint(
        method,
        Array.from({ length: 20 }, () => ({ odd: Symbol.iterator.toString() })),
      ),
    ).toBeDefined();
  }
  expect(OPTIONS_AT["files.read"]).toBe(3);
  expect(CAPABILITY["files.purge"]).toEqual(["system:drive"]);
  expect(CAPABILITY["files.read"]).toEqual(["system:drive", "storage:pick"]);
  expect(complaint("storage.kv.set", ["draft", { lines: ["a", 1, null, true] }])).toBeUndefined();
  expect(complaint("storage.kv.set", ["draft", new Date(0)])).toBeDefined();
  expect(complaint("files.list", ["root", { sort: "name", limit: 10 }])).toBeUndefined();
  expect(complaint("files.list", ["root", { sort: "colour" }])).toBeDefined();
  expect(complaint("files.list", ["root", { limit: Number.NaN }])).toBeDefined();
  expect(complaint("files.read", ["id", undefined, 3])).toBeUndefined();
  expect(complaint("backend.fetch", ["/x", { method: "CONNECT" }])).toBeDefined();
});

it("one of several capabilities is enough, and none is needed for what needs none", () => {
  const held = new Set<Capability>(["storage:pick"]);
  expect(suffices(held, CAPABILITY["files.read"])).toBe(true);
  expect(suffices(held, CAPABILITY["files.purge"])).toBe(false);
  expect(suffices(held, CAPABILITY["theme.get"])).toBe(true);
});

it("refuses values that go too deep, without falling over", () => {
  let deep: unknown = 1;
  for (let level = 0; level < 10_000; level += 1) deep = [deep];
  expect(fits("json", deep)).toBe(false);
});
