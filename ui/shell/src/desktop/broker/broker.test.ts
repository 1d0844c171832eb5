// @vitest-environment node
import { Problem } from "@webx/sdk";
import { describe, expect, it, vi } from "vitest";
import { type Answers, Broker, type StopReason } from "./broker";
import { Budget } from "./budget";
import { MAX_BYTES, parse, weigh } from "./message";

const turn = () => new Promise(done => setTimeout(done, 0));

function broker(answers: Partial<Answers> = {}) {
  const sent: Record<string, unknown>[] = [];
  const state: { stopped?: StopReason; hints: unknown[]; now: number; closed: boolean } = {
    hints: [],
    now: 0,
    closed: false,
  };
  const port = {
    onmessage: (_: { data: unknown }) => {},
    onmessageerror: () => {},
    postMessage: (message: Record<string, unknown>) => sent.push(message),
    close: () => {
      state.closed = true;
    },
  };
  const subject = new Broker(
    port as unknown as MessagePort,
    { call: async () => "yes", subscribe: () => () => {}, ...answers },
    {
      hint: hint => state.hints.push(hint),
      stopped: why => {
        state.stopped = why;
      },
    },
    () => state.now,
  );
  return { subject, sent, state, say: (data: unknown) => port.onmessage({ data }) };
}

describe("the broker", () => {
  it("answers a call with what the desktop says, and a refusal with its code", async () => {
    const { say, sent } = broker({
      call: async (method, args) => {
        if (method === "files.stat") throw new Problem({ code: "app-denied", status: 403, title: "No" });
        return args;
      },
    });
    say({ id: 1, m: "files.list", a: ["root"] });
    say({ id: 2, m: "files.stat", a: [] });
    await turn();
    expect(sent).toEqual([
      { id: 1, ok: ["root"] },
      { id: 2, err: { code: "app-denied", status: 403, title: "No" } },
    ]);
  });

  it("cancels what an app no longer wants, and answers it no more", async () => {
    let aborted = false;
    const { say, sent } = broker({
      call: (_, __, signal) =>
        new Promise((_, refuse) =>
          signal.addEventListener("abort", () => {
            aborted = true;
            refuse(new Problem({ code: "cancelled", status: 0, title: "Cancelled" }));
          }),
        ),
    });
    say({ id: 7, m: "files.read", a: ["x"] });
    await turn();
    say({ cancel: 7 });
    await turn();
    expect(aborted).toBe(true);
    expect(sent.every(each => "err" in each)).toBe(true);
  });

  it("tells an app what it listens to, until it stops or is closed", () => {
    let tell: (event: unknown) => void = () => {};
    const stop = vi.fn();
    const { say, sent, subject } = broker({
      subscribe: (_, listener) => {
        tell = listener;
        return stop;
      },
    });
    say({ sub: "files" });
    tell({ op: "created" });
    expect(sent).toEqual([{ ev: "files", data: { op: "created" } }]);
    say({ unsub: "files" });
    expect(stop).toHaveBeenCalledOnce();
    say({ sub: "files" });
    subject.close();
    expect(stop).toHaveBeenCalledTimes(2);
    tell({ op: "changed" });
    expect(sent).toHaveLength(1);
  });

  it("slows a hasty app down and then lets it go on", async () => {
    vi.useFakeTimers();
    const call = vi.fn(async () => 1);
    const { say, state } = broker({ call });
    for (let id = 1; id <= 700; id += 1) say({ id, m: "theme.get", a: [] });
    await vi.advanceTimersByTimeAsync(0);
    expect(call.mock.calls.length).toBeLessThan(700);
    expect(state.stopped).toBeUndefined();
    state.now += 5_000;
    await vi.advanceTimersByTimeAsync(5_000);
    expect(call).toHaveBeenCalledTimes(700);
    vi.useRealTimers();
  });

  it("closes an app that floods it, and hears nothing of it any more", async () => {
    const call = vi.fn(async () => 1);
    const { say, state } = broker({ call });
    for (let id = 1; id <= 20_000; id += 1) say({ id, m: "theme.get", a: [] });
    await turn();
    expect(state.stopped).toBe("calls");
    expect(state.closed).toBe(true);
    const before = call.mock.calls.length;
    say({ id: 30_000, m: "theme.get", a: [] });
    await turn();
    expect(call.mock.calls.length).toBe(before);
  });

  it("closes an app that sends more bytes than anybody needs", () => {
    const { say, state } = broker();
    const large = "x".repeat(2_000_000);
    for (let id = 1; id <= 40; id += 1) say({ id, m: "events.emit", a: [large] });
    expect(state.stopped).toBe("bytes");
  });

  it("closes an app that speaks another language", () => {
    const { say, state } = broker();
    for (let index = 0; index < 60; index += 1) say({ hello: index });
    expect(state.stopped).toBe("protocol");
  });

  it("does not take one number for two calls", async () => {
    const call = vi.fn(() => new Promise(() => {}));
    const { say } = broker({ call });
    say({ id: 1, m: "files.list", a: [] });
    say({ id: 1, m: "files.list", a: [] });
    await turn();
    expect(call).toHaveBeenCalledOnce();
  });
});

describe("a message", () => {
  it("is weighed without being trusted", () => {
    expect(weigh({ id: 1, m: "x", a: [new Blob(["abc"])] })).toBeGreaterThan(0);
    expect(weigh(new Uint8Array(MAX_BYTES + 1))).toBeUndefined();
    expect(weigh(() => 1)).toBeUndefined();
    expect(weigh(new Map([[1, 2]]))).toBeUndefined();
    let deep: unknown = 1;
    for (let index = 0; index < 100; index += 1) deep = [deep];
    expect(weigh(deep)).toBeUndefined();
    expect(weigh(Array.from({ length: 100_000 }, () => 0))).toBeUndefined();
  });

  it("is a call, a cancellation, a subscription or a hint, and nothing else", () => {
    expect(parse({ id: 3, m: "files.list", a: [] })).toEqual({ kind: "call", id: 3, method: "files.list", args: [] });
    expect(parse({ id: -1, m: "files.list", a: [] })).toBeUndefined();
    expect(parse({ id: 1.5, m: "files.list", a: [] })).toBeUndefined();
    expect(parse({ id: 1, m: "files.list", a: "root" })).toBeUndefined();
    expect(parse({ id: 1, m: "m".repeat(65), a: [] })).toBeUndefined();
    expect(parse({ id: 1, m: "files.list", a: Array.from({ length: 9 }) })).toBeUndefined();
    expect(parse({ cancel: 4 })).toEqual({ kind: "cancel", id: 4 });
    expect(parse({ sub: "" })).toBeUndefined();
    expect(parse({ hint: "crashed", message: 5 })).toEqual({ kind: "crashed", message: "", stack: "" });
    expect(parse({ hint: "key", type: "keypress", key: "a", code: "KeyA" })).toBeUndefined();
    expect(parse("ready")).toBeUndefined();
    expect(parse(null)).toBeUndefined();
  });
});

describe("a budget", () => {
  it("gives back what was spent with time, and no more than it had", () => {
    const budget = new Budget(0, { perSecond: 10, burst: 20 }, { perSecond: 1_000, burst: 1_000 });
    for (let call = 0; call < 20; call += 1) expect(budget.spend(1, 0).kind).toBe("now");
    expect(budget.spend(1, 0)).toEqual({ kind: "later", afterMs: 100 });
    expect(budget.spend(1, 10_000).kind).toBe("now");
    for (let call = 0; call < 19; call += 1) expect(budget.spend(1, 10_000).kind).toBe("now");
    expect(budget.spend(1, 10_000).kind).toBe("later");
    expect(budget.spend(100_000, 60_000)).toEqual({ kind: "over", what: "bytes" });
  });
});
