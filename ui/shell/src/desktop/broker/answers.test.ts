import { METHODS, type Problem } from "@webx/sdk";
import { CAPABILITY } from "@webx/sdk/broker";
import { beforeEach, describe, expect, it, vi } from "vitest";
import * as session from "../../../demo/session";
import { loadApps } from "../apps";
import { emptyWm } from "../wm/state";
import { dispatch, useWm } from "../wm/store";
import { answersFor } from "./answers";

vi.mock("../../session", () => import("../../../demo/session"));

const NOW = new AbortController().signal;
const own = { key: "storage:own", permission: { kind: "storage", access: "own", reason: "why" } } as const;

/** Installs an app of somebody else, opens it, and gives its answers. */
async function app(id: string, granted: boolean) {
  const facts = { id, name: id.toUpperCase(), version: "1.0.0", category: "other", description: "" };
  const base = session.installed({
    ...facts,
    entry: { builtin: { module: "app.js" } },
    permissions: { required: [], optional: [] },
  });
  const permissions = [{ ...own, required: false, granted }];
  session.addApp({ ...base, app: `publisher.${id}`, system: false, permissions });
  await loadApps();
  dispatch({ type: "open", app: base.install, size: { w: 300, h: 200 } });
  const window = useWm.getState().focus ?? "";
  return { install: base.install, window, answers: answersFor({ window, app: base.install }) };
}
const code = (answer: Promise<unknown>) =>
  answer.then(
    () => "answered",
    (problem: Problem) => problem.code,
  );

beforeEach(() => {
  useWm.setState(emptyWm, true);
  session.removeApps();
});

describe("what an app may ask", () => {
  it("is nothing but the harmless when nothing was granted", async () => {
    const { answers } = await app("probe", false);
    // The shape comes first; whatever gets past it is refused for want of a grant.
    for (const method of METHODS.filter(each => CAPABILITY[each].length > 0))
      expect(["app-denied", "bad-arguments"], method).toContain(await code(answers.call(method, ["a"], NOW)));
    expect(await code(answers.call("files.list", ["root"], NOW))).toBe("app-denied");
    expect(await code(answers.call("apps.list", [], NOW))).toBe("app-denied");
    expect(await code(answers.call("theme.get", [], NOW))).toBe("answered");
  });

  it("is refused when there is no such call or the arguments have another shape", async () => {
    const { answers } = await app("probe", true);
    for (const method of ["files", "files.", "constructor", "__proto__.call", "storage.kv", "packages.install"])
      expect(await code(answers.call(method, [], NOW)), method).toBe("unknown-method");
    expect(await code(answers.call("storage.kv.set", [1, 2], NOW))).toBe("bad-arguments");
    expect(await code(answers.call("storage.kv.set", ["a", 2], NOW))).toBe("answered");
  });

  it("ends with the grant, also for what it listens to already", async () => {
    const { answers, install } = await app("probe", true);
    const heard: unknown[] = [];
    answers.subscribe("docs", event => heard.push(event));
    await session.calls.apps.setGrants(install, { revoke: ["storage:own"] });
    await loadApps();
    expect(await code(answers.call("storage.kv.get", ["a"], NOW))).toBe("app-denied");
    expect(answers.subscribe("docs", () => {})).toBeUndefined();
    expect(answers.subscribe("files", () => {})).toBeUndefined();
    expect(heard).toEqual([]);
  });

  it("ends when the app is removed", async () => {
    const { answers, install } = await app("probe", true);
    await session.calls.apps.remove(install);
    await loadApps();
    expect(await code(answers.call("theme.get", [], NOW))).toBe("app-gone");
  });
});

describe("what an app can do to others", () => {
  it("is to speak with its own windows, and with nobody else's", async () => {
    const one = await app("one", false);
    const two = await app("two", false);
    const heard: unknown[] = [];
    one.answers.subscribe("events", event => heard.push(["one", event]));
    two.answers.subscribe("events", event => heard.push(["two", event]));
    await one.answers.call("events.emit", ["saved", 1], NOW);
    expect(heard).toEqual([["one", { name: "saved", data: 1 }]]);
  });

  it("is not to open windows, copy or paste from behind", async () => {
    const back = await app("back", false);
    const front = await app("front", false);
    expect(await code(back.answers.call("windows.open", [back.install], NOW))).toBe("not-in-front");
    expect(await code(back.answers.call("clipboard.writeText", ["x"], NOW))).toBe("not-in-front");
    expect(await code(front.answers.call("windows.open", [back.install, { secret: 1 }], NOW))).toBe("answered");
    // What it says reaches only its own windows.
    const opened = Object.values(useWm.getState().windows).filter(each => each.app === back.install);
    expect(opened.every(each => each.args === undefined)).toBe(true);
    expect(await code(front.answers.call("windows.open", ["desktop.document", { id: "x" }], NOW))).toBe("no-such-app");
  });

  it("touches its own window alone", async () => {
    const one = await app("one", false);
    const two = await app("two", false);
    await one.answers.call("windows.setTitle", ["Mine"], NOW);
    expect(useWm.getState().windows[one.window]?.title).toBe("Mine");
    expect(useWm.getState().windows[two.window]?.title).toBe("");
    await one.answers.call("windows.close", [], NOW);
    expect(useWm.getState().windows[two.window]).toBeDefined();
  });
});
