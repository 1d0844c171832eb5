import type { Os } from "../os";
import { Problem } from "../problem";
import type { NodeId, PendingUpload } from "../types";
import type { UploadSnapshot } from "./snapshot";
import type { UploadSource } from "./source";
import { UploadTask, type UploadTaskOptions } from "./task";

/** All uploads of an app; it outlives the window that began them. */
export class UploadQueue {
  #os: Os;
  #tasks: UploadTask[] = [];
  #listeners = new Set<() => void>();
  #snapshot: readonly UploadSnapshot[] = [];
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(os: Os) {
    this.#os = os;
  }

  get active(): boolean {
    return this.#tasks.some(task => task.active);
  }

  /** The uploads on the node that this queue feeds: for nobody else to go on with. */
  get feeding(): string[] {
    return this.#tasks.filter(task => task.active).flatMap(task => task.feeding);
  }

  /** A window of the same person took the place of the one that began. */
  attach(os: Os): void {
    this.#os = os;
  }

  add(
    parent: NodeId,
    sources: Iterable<UploadSource> | AsyncIterable<UploadSource>,
    options: UploadTaskOptions = {},
  ): UploadTask {
    const task = new UploadTask(
      () => this.#os,
      parent,
      sources,
      options,
      () => this.#changed(),
    );
    this.#tasks = [...this.#tasks, task];
    this.#changed();
    return task;
  }

  task(id: string): UploadTask | undefined {
    return this.#tasks.find(task => task.id === id);
  }

  /** Takes what is finished off the list. */
  clear(id?: string): void {
    this.#tasks = this.#tasks.filter(task => {
      const phase = task.snapshot().phase;
      const over = !task.active && phase !== "conflicts";
      return id === undefined ? !over : task.id !== id || task.active;
    });
    this.#changed();
  }

  /** Uploads that stopped when their window was left: each goes on with `resume` once the file is chosen again. */
  interrupted(): Promise<PendingUpload[]> {
    return this.#os.files.uploads();
  }

  /** Goes on with an interrupted upload. The file must be the same: size and date are compared. */
  resume(upload: PendingUpload, file: File): UploadTask {
    const sameDate = upload.modified == null || Math.abs(Date.parse(upload.modified) - file.lastModified) < 1000;
    if ((upload.size != null && file.size !== upload.size) || !sameDate)
      throw new Problem({ code: "other-file", status: 0, title: "This is not the file that was being uploaded" });
    const source: UploadSource = { path: upload.name, body: file };
    if (upload.modified != null) source.modified = upload.modified;
    return this.add(upload.parent, [source], { resume: upload, label: upload.name });
  }

  discard(upload: PendingUpload): Promise<void> {
    return this.#os.files.uploadAbort(upload.id);
  }

  subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  getSnapshot = (): readonly UploadSnapshot[] => this.#snapshot;

  /** Tells the listeners at most ten times a second. */
  #changed(): void {
    if (this.#timer !== undefined) return;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.#snapshot = this.#tasks.map(task => task.snapshot());
      for (const listener of this.#listeners) listener();
    }, 100);
  }
}

let shared: { os: Os; queue: UploadQueue } | undefined;

/** The queue of this realm, so that a window that is opened again finds the uploads of the one that was closed. */
export function uploadQueue(os: Os): UploadQueue {
  if (shared === undefined || (shared.os !== os && !shared.queue.active)) shared = { os, queue: new UploadQueue(os) };
  else if (shared.os !== os) {
    shared.os = os;
    shared.queue.attach(os);
  }
  return shared.queue;
}
