// @vitest-environment node
import { describe, expect, it, vi } from "vitest";
import { createOs } from "../os";
import { Problem } from "../problem";
import { createMemoryOs } from "../testing";
import { UploadQueue } from "./queue";
import type { UploadSource } from "./source";
import { SMALL, type UploadTask } from "./task";

const unreachable = () => new Problem({ code: "unreachable", status: 0, title: "The node does not answer" });
const bytes = (size: number, seed = 1) =>
  new Blob([Uint8Array.from({ length: size }, (_, index) => (index * 31 + seed) % 251)]);
async function sameBytes(a: Blob, b: Blob): Promise<boolean> {
  const [left, right] = await Promise.all([a.arrayBuffer(), b.arrayBuffer()]);
  const [one, other] = [new Uint8Array(left), new Uint8Array(right)];
  return one.length === other.length && one.every((byte, index) => byte === other[index]);
}
const source = (path: string, body: Blob = new Blob([path])): UploadSource => ({
  path,
  body,
  modified: "2026-01-02T03:04:05.000Z",
});
const until = (task: UploadTask, phase: string) =>
  vi.waitFor(() => expect(task.snapshot().phase).toBe(phase), { timeout: 5000 });

describe("uploads", () => {
  it("sends thousands of small files in a few requests and keeps their folders", async () => {
    const { os, tree, trace } = createMemoryOs();
    const sources = Array.from({ length: 2500 }, (_, index) => source(`photos/${index % 10}/f${index}.txt`));
    const task = new UploadQueue(os).add("root", sources);
    await until(task, "done");
    expect(trace.calls.filter(call => call.method === "files.import").length).toBeLessThan(10);
    expect(tree.list(tree.resolve("/photos/3").id).total).toBe(250);
    expect(task.snapshot()).toMatchObject({ filesDone: 2500, filesTotal: 2500, label: "photos" });
  });

  it("keeps empty folders", async () => {
    const { os, tree } = createMemoryOs();
    await until(new UploadQueue(os).add("root", [source("a/empty/", new Blob([]))]), "done");
    expect(tree.resolve("/a/empty").kind).toBe("folder");
  });

  it("sends a large file in chunks, byte for byte", async () => {
    const { os, tree } = createMemoryOs();
    const body = bytes(20 * 1024 * 1024);
    await until(new UploadQueue(os).add("root", [source("films/a.mkv", body)]), "done");
    const node = tree.resolve("/films/a.mkv");
    expect(await sameBytes(tree.body(node.id), body)).toBe(true);
    expect(node.modified).toBe("2026-01-02T03:04:05.000Z");
  });

  it("goes on where the node stands after the connection was lost", async () => {
    const { os, tree, trace, failNext, emit } = createMemoryOs();
    const body = bytes(20 * 1024 * 1024);
    failNext("files.uploadAppend", unreachable());
    const task = new UploadQueue(os).add("root", [source("a.mkv", body)]);
    await until(task, "waiting");
    emit("online", true);
    await until(task, "done");
    expect(tree.resolve("/a.mkv").size).toBe(body.size);
    expect(trace.calls.some(call => call.method === "files.uploadState")).toBe(true);
    expect(task.snapshot().bytesDone).toBe(body.size);
  });

  it("does not take its own file for a conflict when an answer was lost", async () => {
    const { os, tree, failNext, emit } = createMemoryOs();
    tree.write("root", "a.txt", new Blob(["a.txt"]), "2026-01-02T03:04:05.000Z");
    failNext("files.import", unreachable());
    const task = new UploadQueue(os).add("root", [source("a.txt")]);
    await until(task, "waiting");
    emit("online", true);
    await until(task, "done");
    expect(task.snapshot().conflicts).toEqual([]);
  });

  it("knows that a large file arrived although the answer was lost", async () => {
    const { os, tree, transport, emit } = createMemoryOs();
    const body = bytes(SMALL + 1);
    const { call } = transport;
    let lost = false;
    transport.call = async (method, args, options) => {
      const answer = await call(method, args, options);
      if (method !== "files.uploadFinish" || lost) return answer;
      lost = true;
      throw unreachable();
    };
    const task = new UploadQueue(createOs(transport)).add("root", [source("a.mkv", body)]);
    await until(task, "waiting");
    emit("online", true);
    await until(task, "done");
    expect(tree.list("root").total).toBe(1);
    expect(await os.files.uploads()).toEqual([]);
    expect(task.snapshot().bytesDone).toBe(body.size);
  });

  it("asks about names that are taken once everything else is done", async () => {
    const { os, tree } = createMemoryOs({ files: { "a.txt": "old" } });
    const queue = new UploadQueue(os);
    const first = queue.add("root", [source("a.txt"), source("b.txt")]);
    await until(first, "conflicts");
    expect(first.snapshot().conflicts).toEqual(["a.txt"]);
    expect(tree.resolve("/b.txt").size).toBe(5);
    first.decide("newVersion");
    await until(first, "done");
    expect(tree.versions(tree.resolve("/a.txt").id).length).toBe(2);

    const second = queue.add("root", [source("a.txt")]);
    await until(second, "conflicts");
    second.decide("keepBoth");
    await until(second, "done");
    expect(tree.resolve("/a (2).txt").kind).toBe("file");

    const third = queue.add("root", [source("a.txt")]);
    await until(third, "conflicts");
    third.decide("skip");
    await until(third, "done");
    expect(tree.list("root").total).toBe(3);
  });

  it("asks about a large file whose name is taken", async () => {
    const { os, tree } = createMemoryOs({ files: { "a.mkv": "old" } });
    const task = new UploadQueue(os).add("root", [source("a.mkv", bytes(SMALL + 1))]);
    await until(task, "conflicts");
    task.decide("newVersion");
    await until(task, "done");
    expect(tree.resolve("/a.mkv").version).toBe(2);
  });

  it("stops on pause, goes on, and sends no byte twice", async () => {
    const { os, tree, trace, hold } = createMemoryOs();
    const body = bytes(20 * 1024 * 1024);
    const release = hold("files.uploadAppend");
    const task = new UploadQueue(os).add("root", [source("a.mkv", body)]);
    await vi.waitFor(() => expect(trace.calls.some(call => call.method === "files.uploadAppend")).toBe(true));
    task.pause();
    release();
    await until(task, "paused");
    await vi.waitFor(() => expect(tree.list("root").total).toBe(0));
    task.resume();
    await until(task, "done");
    expect(tree.resolve("/a.mkv").size).toBe(body.size);
  });

  it("throws away what is half there on cancel", async () => {
    const { os, tree, trace, hold } = createMemoryOs();
    const release = hold("files.uploadAppend");
    const task = new UploadQueue(os).add("root", [source("a.mkv", bytes(SMALL + 1))]);
    await vi.waitFor(() => expect(trace.calls.some(call => call.method === "files.uploadAppend")).toBe(true));
    task.cancel();
    release();
    await vi.waitFor(async () => expect(await os.files.uploads()).toEqual([]));
    expect(task.snapshot().phase).toBe("cancelled");
    expect(tree.list("root").total).toBe(0);
  });

  it("names the files that cannot be read and sends the others", async () => {
    const { os, tree, failNext } = createMemoryOs();
    const gone = new Blob(["gone"]);
    gone.slice = () => ({ arrayBuffer: () => Promise.reject(new DOMException("gone", "NotReadableError")) }) as never;
    failNext("files.import", unreachable());
    const task = new UploadQueue(os).add("root", [source("gone.txt", gone), source("b.txt")]);
    await until(task, "failed");
    expect(task.snapshot().failures).toEqual([{ path: "gone.txt", code: "unreadable" }]);
    expect(tree.resolve("/b.txt").kind).toBe("file");
  });

  it("says why when the disk is full", async () => {
    const { os, failNext } = createMemoryOs();
    failNext("files.import", new Problem({ code: "disk-full", status: 507, title: "The disk is full" }));
    const task = new UploadQueue(os).add("root", [source("a.txt")]);
    await until(task, "failed");
    expect(task.snapshot().failures).toEqual([{ path: "a.txt", code: "disk-full" }]);
  });

  it("goes on after a reload with the same file and refuses another one", async () => {
    const { os, tree } = createMemoryOs();
    const body = bytes(20 * 1024 * 1024);
    const date = Date.parse("2026-01-02T03:04:05.000Z");
    const begun = await os.files.uploadBegin({
      parent: "root",
      name: "a.mkv",
      size: body.size,
      modified: "2026-01-02T03:04:05.000Z",
    });
    await os.files.uploadAppend(begun.id, 0, body.slice(0, 8 * 1024 * 1024));

    const queue = new UploadQueue(os);
    const [pending] = await queue.interrupted();
    if (pending === undefined) throw new Error("the upload is not listed");
    expect(() => queue.resume(pending, new File(["other"], "a.mkv"))).toThrow("not the file");
    const task = queue.resume(pending, new File([body], "a.mkv", { lastModified: date }));
    await until(task, "done");
    expect(tree.resolve("/a.mkv").size).toBe(body.size);
    expect(task.snapshot().bytesDone).toBe(body.size);
  });
});
