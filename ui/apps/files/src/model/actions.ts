import { isProblem, type Node, type NodeId, type OnConflict, type Os, Problem, toProblem } from "@webx/sdk";
import type { ToastMessage } from "@webx/ui";
import type { Key, T } from "../strings";
import { type Undoable, UndoStack } from "./undo";
import { Work } from "./work";

export type Decision = "keepBoth" | "newVersion" | "skip";

/** What the actions need from the window they work for. */
export interface Desk {
  os: Os;
  t: () => T;
  /** Gives the way to take the message back. */
  toast: (message: ToastMessage) => () => void;
  /** Asks what to do with names that are taken; `null` means leave everything as it is. */
  askConflict: (names: string[], target: string, files: boolean) => Promise<Decision | null>;
  /** Shows a longer work in the panel of transfers. */
  show: (work: Work) => void;
  changed: () => void;
}

const SHOWN_FROM = 24;

/** A refusal in the person's words. */
export function explain(t: T, problem: Problem): string {
  const key = `problem.${problem.code}`;
  const text = t(key as Key);
  return text === key ? problem.message : text;
}

/** Everything Files does to the drive, each with its way back. */
export class Actions {
  readonly undoStack = new UndoStack();
  readonly #desk: Desk;

  constructor(desk: Desk) {
    this.#desk = desk;
  }

  async undo(step?: Undoable): Promise<void> {
    const { t, toast } = this.#desk;
    try {
      const done = await this.undoStack.undo(step);
      if (done !== undefined) toast({ title: t()("undone", { what: done.label }), level: "success" });
      else if (step === undefined) toast({ title: t()("nothingToUndo") });
    } catch (error) {
      this.#report(t()("undoFailed"), error);
    }
    this.#desk.changed();
  }

  #done(title: string, undo: () => Promise<void>): void {
    const step: Undoable = { label: title, undo };
    this.undoStack.push(step);
    step.withdraw = this.#desk.toast({
      title,
      level: "success",
      action: { label: this.#desk.t()("undo"), onAction: () => void this.undo(step) },
    });
  }

  #report(title: string, error: unknown): void {
    const problem = toProblem(error);
    if (problem.code === "cancelled") return;
    this.#desk.toast({ title, body: explain(this.#desk.t(), problem), level: "error" });
  }

  /** One step for many nodes: quick ones silently, long ones in the panel. Gives what succeeded. */
  async #each(label: string, nodes: readonly Node[], step: (node: Node) => Promise<void>): Promise<Node[]> {
    const work = new Work(label, nodes.length, () => this.#desk.changed());
    if (nodes.length >= SHOWN_FROM) this.#desk.show(work);
    const good: Node[] = [];
    await work.run(
      nodes,
      node => node.name,
      async node => {
        await step(node);
        good.push(node);
      },
    );
    const { failures } = work.snapshot();
    const [first] = failures;
    if (first !== undefined) {
      const t = this.#desk.t();
      this.#desk.toast({
        title: t("someFailed", { count: failures.length, name: first.name }),
        body: explain(t, first.problem),
        level: "error",
      });
    }
    this.#desk.changed();
    return good;
  }

  rename(node: Node, name: string): Promise<Node | undefined> {
    return this.undoStack.during(async () => {
      const { os, t } = this.#desk;
      if (name === node.name) return node;
      try {
        const after = await os.files.rename(node.id, name);
        this.#done(t()("renamed", { from: node.name, to: name }), async () => {
          await os.files.rename(node.id, node.name);
        });
        this.#desk.changed();
        return after;
      } catch (error) {
        this.#report(t()("renameFailed", { name: node.name }), error);
        return undefined;
      }
    });
  }

  async newFolder(parent: NodeId): Promise<Node | undefined> {
    const { os, t } = this.#desk;
    return this.#create(() => os.files.createFolder(parent, t()("newFolderName"), "keepBoth"));
  }

  async newTextFile(parent: NodeId): Promise<Node | undefined> {
    const { os, t } = this.#desk;
    const body = new Blob([], { type: "text/plain" });
    return this.#create(() => os.files.write(parent, t()("newTextName"), body, { onConflict: "keepBoth" }));
  }

  #create(make: () => Promise<Node>): Promise<Node | undefined> {
    return this.undoStack.during(async () => {
      const { os, t } = this.#desk;
      try {
        const node = await make();
        this.undoStack.push({ label: t()("created", { name: node.name }), undo: () => os.files.trash(node.id) });
        this.#desk.changed();
        return node;
      } catch (error) {
        this.#report(t()("createFailed"), error);
        return undefined;
      }
    });
  }

  /** Tries without touching anything that is there, then asks once about all names that are taken. */
  async #intoFolder(
    label: string,
    nodes: readonly Node[],
    target: string,
    step: (node: Node, onConflict: OnConflict) => Promise<void>,
  ): Promise<Node[]> {
    const taken: Node[] = [];
    const good = await this.#each(label, nodes, async node => {
      try {
        await step(node, "fail");
      } catch (error) {
        if (!isProblem(error, "exists")) throw error;
        taken.push(node);
      }
    });
    const done = good.filter(node => !taken.includes(node));
    if (taken.length === 0) return done;
    const files = taken.every(node => node.kind === "file");
    const choice = await this.#desk.askConflict(
      taken.map(node => node.name),
      target,
      files,
    );
    if (choice === null || choice === "skip") return done;
    return [...done, ...(await this.#each(label, taken, node => step(node, choice)))];
  }

  move(nodes: readonly Node[], parent: NodeId, target: string): Promise<void> {
    return this.undoStack.during(async () => {
      const { os, t } = this.#desk;
      const moving = nodes.filter(node => node.id !== parent && node.parent !== parent);
      if (moving.length === 0) return;
      const label = t()("moving", { count: moving.length });
      const plain = new Set<NodeId>();
      const moved = await this.#intoFolder(label, moving, target, async (node, onConflict) => {
        await os.files.move(node.id, parent, onConflict);
        // A file that became a version of another one is no longer there to be moved back.
        if (onConflict !== "newVersion") plain.add(node.id);
      });
      const back = moved.filter(node => plain.has(node.id));
      if (back.length === 0) return;
      this.#done(t()("moved", { count: moved.length, name: moved[0]?.name ?? "", target }), async () => {
        for (const node of back) {
          const after = await os.files.move(node.id, node.parent ?? "root", "keepBoth");
          if (after.name !== node.name) await os.files.rename(node.id, node.name).catch(() => undefined);
        }
      });
    });
  }

  copy(nodes: readonly Node[], parent: NodeId, target: string): Promise<void> {
    return this.undoStack.during(async () => {
      const { os, t } = this.#desk;
      const copies: NodeId[] = [];
      const label = t()("copying", { count: nodes.length });
      const copied = await this.#each(label, nodes, async node => {
        copies.push((await os.files.copy(node.id, parent, undefined, "keepBoth")).id);
      });
      if (copied.length === 0) return;
      this.#done(t()("copied", { count: copied.length, name: copied[0]?.name ?? "", target }), async () => {
        for (const id of copies) await os.files.trash(id);
      });
    });
  }

  /** Copies beside the originals. */
  duplicate(nodes: readonly Node[]): Promise<void> {
    return this.undoStack.during(async () => {
      const { os, t } = this.#desk;
      const copies: NodeId[] = [];
      const done = await this.#each(t()("copying", { count: nodes.length }), nodes, async node => {
        copies.push((await os.files.copy(node.id, node.parent ?? "root", undefined, "keepBoth")).id);
      });
      if (done.length === 0) return;
      this.#done(t()("duplicated", { count: done.length, name: done[0]?.name ?? "" }), async () => {
        for (const id of copies) await os.files.trash(id);
      });
    });
  }

  /** What is still there of the things that were cut or copied. */
  async stillThere(ids: readonly NodeId[]): Promise<Node[]> {
    const found: Node[] = [];
    const work = new Work("", ids.length, () => {});
    await work.run(
      ids,
      id => id,
      async id => {
        const node = await this.#desk.os.files.stat(id);
        if (node.trashed == null) found.push(node);
      },
    );
    return found;
  }

  trash(nodes: readonly Node[]): Promise<void> {
    return this.undoStack.during(async () => {
      const { os, t } = this.#desk;
      const gone = await this.#each(t()("trashing", { count: nodes.length }), nodes, node => os.files.trash(node.id));
      if (gone.length === 0) return;
      this.#done(t()("trashed", { count: gone.length, name: gone[0]?.name ?? "" }), async () => {
        for (const node of gone) await os.files.restore(node.id);
      });
    });
  }

  restore(nodes: readonly Node[]): Promise<void> {
    return this.undoStack.during(async () => {
      const { os, t } = this.#desk;
      const back = await this.#each(t()("restoring", { count: nodes.length }), nodes, async node => {
        await os.files.restore(node.id);
      });
      if (back.length === 0) return;
      this.#done(t()("restored", { count: back.length, name: back[0]?.name ?? "" }), async () => {
        for (const node of back) await os.files.trash(node.id);
      });
    });
  }

  async purge(nodes: readonly Node[]): Promise<void> {
    const { os, t, toast } = this.#desk;
    const gone = await this.#each(t()("purging", { count: nodes.length }), nodes, node => os.files.purge(node.id));
    if (gone.length > 0) toast({ title: t()("purged", { count: gone.length, name: gone[0]?.name ?? "" }) });
  }

  async emptyTrash(): Promise<void> {
    const { os, t, toast } = this.#desk;
    try {
      await os.files.emptyTrash();
      toast({ title: t()("trashEmptied"), level: "success" });
    } catch (error) {
      this.#report(t()("emptyTrashFailed"), error);
    }
    this.#desk.changed();
  }

  restoreVersion(node: Node, version: number): Promise<void> {
    return this.undoStack.during(async () => {
      const { os, t } = this.#desk;
      try {
        const before = (await os.files.versions(node.id)).find(one => one.current);
        await os.files.restoreVersion(node.id, version);
        this.#done(t()("versionRestored", { name: node.name }), async () => {
          if (before !== undefined) await os.files.restoreVersion(node.id, before.id);
        });
      } catch (error) {
        this.#report(t()("restoreFailed"), error);
      }
      this.#desk.changed();
    });
  }

  restoreFolderAt(folder: Node, at: string): Promise<boolean> {
    return this.undoStack.during(async () => {
      const { os, t } = this.#desk;
      const before = new Date().toISOString();
      try {
        await os.files.restoreFolderAt(folder.id, at);
        this.#done(t()("folderRestored", { name: folder.name || t()("drive"), at: new Date(at) }), async () => {
          await os.files.restoreFolderAt(folder.id, before);
        });
        return true;
      } catch (error) {
        this.#report(t()("restoreFailed"), error);
        return false;
      } finally {
        this.#desk.changed();
      }
    });
  }

  async download(nodes: readonly Node[], version?: number): Promise<void> {
    const { os, t } = this.#desk;
    if (nodes.length === 0) return;
    try {
      await os.files.download(
        nodes.map(node => node.id),
        version,
      );
    } catch (error) {
      this.#report(t()("downloadFailed"), error);
    }
  }

  /** Saves a text as the next version of the file. */
  async save(node: Node, text: string): Promise<Node | undefined> {
    const { os, t, toast } = this.#desk;
    try {
      if (node.parent == null) throw new Problem({ code: "not-found", status: 404, title: "No folder" });
      const body = new Blob([text], { type: node.mime ?? "text/plain" });
      const after = await os.files.write(node.parent, node.name, body, { onConflict: "newVersion" });
      toast({ title: t()("saved", { name: node.name, version: after.version }), level: "success" });
      this.#desk.changed();
      return after;
    } catch (error) {
      this.#report(t()("saveFailed", { name: node.name }), error);
      return undefined;
    }
  }
}
