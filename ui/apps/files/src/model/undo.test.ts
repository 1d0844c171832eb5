import { describe, expect, it, vi } from "vitest";
import { UndoStack } from "./undo";

describe("what can be undone", () => {
  it("is taken back newest first, each once", async () => {
    const stack = new UndoStack();
    const order: string[] = [];
    for (const label of ["one", "two"])
      stack.push({
        label,
        undo: async () => {
          order.push(label);
        },
      });
    const first = stack.next;
    await stack.undo();
    await stack.undo(first);
    await stack.undo();
    expect(order).toEqual(["two", "one"]);
    expect(await stack.undo()).toBeUndefined();
  });

  it("includes a step that was still being done when the person asked", async () => {
    const stack = new UndoStack();
    const undo = vi.fn(async () => {});
    let finish = () => {};
    const waited = new Promise<void>(resolve => {
      finish = resolve;
    });
    const step = stack.during(async () => {
      await waited;
      stack.push({ label: "late", undo });
    });
    const undone = stack.undo();
    finish();
    await step;
    expect((await undone)?.label).toBe("late");
    expect(undo).toHaveBeenCalledOnce();
  });

  it("waits for a step that fails, and is not stopped by it", async () => {
    const stack = new UndoStack();
    stack.push({ label: "before", undo: async () => {} });
    const failing = stack.during(() => Promise.reject(new Error("refused")));
    const undone = stack.undo();
    await expect(failing).rejects.toThrow("refused");
    expect((await undone)?.label).toBe("before");
  });
});
