// @vitest-environment node
import { Problem } from "@webx/sdk";
import { beforeEach, describe, expect, it, vi } from "vitest";

const OWN = "http://webx.localhost:7700";

vi.hoisted(() => {
  vi.stubGlobal("location", new URL("http://webx.localhost:7700/"));
  vi.stubGlobal("addEventListener", () => undefined);
  vi.stubGlobal("localStorage", { getItem: () => "en", setItem: () => undefined });
});
vi.mock("./records", async () => {
  const { generateKeyPair, proofKeyOf } = await import("./proof");
  const key = generateKeyPair().then(proofKeyOf);
  const login = { token: "first", expiresAt: Date.now() + 3_600_000, pass: "pass" };
  return {
    loadKey: () => key,
    loadLogin: async () => login,
    saveLogin: async () => undefined,
    dropLogin: async () => undefined,
  };
});

const { calls, callsAs } = await import("./calls");
const { whenLocked } = await import("./http");
const { keep, resume } = await import("./login");

/** What the node got, and what it answers next. */
const got: Request[] = [];
let answers: (Response | Error | (() => Promise<Response>))[] = [];

vi.stubGlobal("fetch", async (input: RequestInfo, init?: RequestInit) => {
  got.push(new Request(input, init));
  const next = answers.shift();
  if (next instanceof Error) throw next;
  if (!next) throw new Error("nobody expected this request");
  return typeof next === "function" ? next() : next;
});

const json = (body: unknown, status = 200, type = "application/json") =>
  new Response(JSON.stringify(body), { status, headers: { "content-type": type } });
const refusal = (status: number, code: string) =>
  json(
    { type: `urn:webx:problem:${code}`, title: "A title", detail: "What to do", status, code },
    status,
    "application/problem+json",
  );

function claims(proof: string | null): Record<string, unknown> {
  return JSON.parse(atob((proof?.split(".")[1] ?? "").replaceAll("-", "+").replaceAll("_", "/")));
}

beforeEach(async () => {
  got.length = 0;
  answers = [];
  await resume();
});

describe("a call of the desktop", () => {
  it("goes out as the node's document says, with the token and a proof for this request", async () => {
    answers = [json({ id: "n1" })];
    await expect(calls.files.move("a/b", "p", "keepBoth")).resolves.toEqual({ id: "n1" });

    const [request] = got;
    expect(request?.method).toBe("PATCH");
    expect(request?.url).toBe(`${OWN}/api/drive/nodes/a%2Fb`);
    expect(request?.headers.get("content-type")).toBe("application/json");
    expect(await request?.json()).toEqual({ parent: "p", onConflict: "keepBoth" });
    expect(request?.headers.get("authorization")).toBe("DPoP first");
    expect(claims(request?.headers.get("dpop") ?? null)).toMatchObject({
      htm: "PATCH",
      htu: `${OWN}/api/drive/nodes/a%2Fb`,
      ath: expect.any(String),
    });
    expect(request).toMatchObject({ credentials: "omit", cache: "no-store", redirect: "error" });
  });

  it("leaves out what was not asked for", async () => {
    answers = [json({ items: [], total: 0 })];
    await calls.files.list("root", { sort: "name", descending: false, offset: undefined });
    expect(got[0]?.url).toBe(`${OWN}/api/drive/nodes/root/children?sort=name&descending=false`);
  });

  it("is made again, bytes and all, when the login was renewed on its way", async () => {
    const renewed = async () => {
      await keep({ token: "second", expiresAt: new Date(Date.now() + 3_600_000).toISOString() });
      return refusal(401, "invalid-token");
    };
    answers = [renewed, json({ id: "u", offset: 5 })];
    await calls.files.uploadAppend("u", 0, new Blob(["bytes"]));

    expect(got.map(request => request.headers.get("authorization"))).toEqual(["DPoP first", "DPoP second"]);
    expect(got[0]?.headers.get("dpop")).not.toBe(got[1]?.headers.get("dpop"));
    for (const request of got) {
      expect(request.headers.get("content-type")).toBe("application/octet-stream");
      expect(request.headers.get("upload-offset")).toBe("0");
      expect(await request.text()).toBe("bytes");
    }
  });

  it("gives a file's bytes whatever their type", async () => {
    answers = [json({ a: 1 }, 206)];
    const bytes = await calls.files.read("n", { start: 0, end: 7 }, 3);
    expect(got[0]?.url).toBe(`${OWN}/api/drive/nodes/n/content?version=3`);
    expect(got[0]?.headers.get("range")).toBe("bytes=0-6");
    expect(await bytes.text()).toBe('{"a":1}');
  });

  it("answers nothing where the node answers without content: a stream passes no port", async () => {
    const empty = new Response(new ReadableStream(), { headers: { "content-length": "0" } });
    answers = [empty];
    expect(await callsAs("01890000-0000-7000-8000-000000000001").files.trash("a")).toBeUndefined();
    expect(got.at(-1)?.headers.get("webx-app")).toBe("01890000-0000-7000-8000-000000000001");
  });

  it("throws the node's problem document as a problem", async () => {
    answers = [refusal(409, "exists")];
    const problem = await calls.files.createFolder("root", "x").catch((reason: unknown) => reason);
    expect(problem).toBeInstanceOf(Problem);
    expect(problem).toMatchObject({ code: "exists", status: 409, title: "A title", detail: "What to do" });
  });

  it("throws a problem when the node does not answer", async () => {
    answers = [new TypeError("Failed to fetch")];
    await expect(calls.files.usage()).rejects.toMatchObject({ name: "Problem", code: "unreachable", status: 0 });
  });

  it("tells that the home is locked, but not when only a secret was wrong", async () => {
    const locked = vi.fn();
    whenLocked(locked);
    answers = [refusal(401, "wrong-passphrase"), refusal(423, "locked")];
    await expect(calls.security.changePassphrase("a", "b")).rejects.toMatchObject({ code: "wrong-passphrase" });
    expect(locked).not.toHaveBeenCalled();
    await expect(calls.jobs.cancel("j")).rejects.toMatchObject({ code: "locked" });
    expect(locked).toHaveBeenCalledOnce();
  });
});
