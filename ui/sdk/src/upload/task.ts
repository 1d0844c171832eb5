import { encodeImport } from "../import";
import type { Os } from "../os";
import { isProblem, type Problem, toProblem } from "../problem";
import type { NodeId, OnConflict, UploadState } from "../types";
import { Rate } from "./rate";
import { type ConflictChoice, isPassing, type UploadFailure, type UploadPhase, type UploadSnapshot } from "./snapshot";
import { isReadable, type UploadSource } from "./source";

/** Files up to this size travel together in batches; larger ones in chunks that can be resumed. */
export const SMALL = 4 * 1024 * 1024;
const BATCH_BYTES = 16 * 1024 * 1024;
const BATCH_FILES = 1000;
const CHUNK = 16 * 1024 * 1024;
const LANES = 2;
const LONGEST_WAIT = 15_000;

interface Item {
  source: UploadSource;
  onConflict: OnConflict;
  /** Sent before without an answer: it may have arrived. */
  doubtful: boolean;
  upload?: UploadState;
}

export interface UploadTaskOptions {
  onConflict?: OnConflict;
  label?: string;
  /** An upload the node already holds a part of. */
  resume?: UploadState;
  now?: () => number;
}

/** One drop, one paste or one choice of files on its way into a folder. */
export class UploadTask {
  readonly id = crypto.randomUUID();
  readonly parent: NodeId;
  readonly #os: () => Os;
  readonly #changed: () => void;
  readonly #now: () => number;
  readonly #rate = new Rate();
  readonly #folders = new Map<string, Promise<NodeId>>();
  #label: string;
  #phase: UploadPhase = "running";
  #scanning = true;
  #small: Item[] = [];
  #large: Item[] = [];
  #sending = new Set<string>();
  #conflicts: Item[] = [];
  #failures: UploadFailure[] = [];
  #filesDone = 0;
  #filesTotal = 0;
  #bytesDone = 0;
  #bytesTotal = 0;
  #problem: Problem | undefined;
  #lanes = 0;
  #abort = new AbortController();
  #wake: (() => void)[] = [];

  constructor(
    os: () => Os,
    parent: NodeId,
    sources: Iterable<UploadSource> | AsyncIterable<UploadSource>,
    options: UploadTaskOptions,
    changed: () => void,
  ) {
    this.#os = os;
    this.parent = parent;
    this.#label = options.label ?? "";
    this.#changed = changed;
    this.#now = options.now ?? Date.now;
    void this.#scan(sources, options);
    this.#startLanes();
  }

  snapshot(): UploadSnapshot {
    const rate = this.#phase === "running" ? this.#rate.perSecond(this.#now()) : 0;
    const left = this.#bytesTotal - this.#bytesDone;
    return {
      id: this.id,
      parent: this.parent,
      label: this.#label,
      phase: this.#phase,
      scanning: this.#scanning,
      filesDone: this.#filesDone,
      filesTotal: this.#filesTotal,
      bytesDone: this.#bytesDone,
      bytesTotal: this.#bytesTotal,
      bytesPerSecond: rate,
      secondsLeft: rate > 0 && !this.#scanning ? left / rate : undefined,
      conflicts: this.#conflicts.map(item => item.source.path),
      failures: this.#failures.slice(),
      problem: this.#problem,
    };
  }

  /** The uploads on the node that this task feeds. */
  get feeding(): string[] {
    return this.#large.flatMap(item => item.upload?.id ?? []).concat([...this.#sending]);
  }

  get active(): boolean {
    return this.#phase === "running" || this.#phase === "waiting" || this.#phase === "paused";
  }

  /** A batch under way is finished first; a chunk is dropped and sent again later. */
  pause(): void {
    if (this.#phase !== "running" && this.#phase !== "waiting") return;
    this.#phase = "paused";
    this.#rate.reset();
    this.#abort.abort();
    this.#stir();
  }

  resume(): void {
    if (this.#phase !== "paused" && this.#phase !== "waiting") return;
    this.#phase = "running";
    this.#abort = new AbortController();
    this.#startLanes();
    this.#stir();
  }

  /** What arrived stays; what is half there is thrown away. */
  cancel(): void {
    if (!this.active && this.#phase !== "conflicts") return;
    this.#phase = "cancelled";
    this.#abort.abort();
    for (const item of this.#large) if (item.upload) void this.#abandon(item.upload.id);
    this.#small = [];
    this.#large = [];
    this.#conflicts = [];
    this.#stir();
  }

  /** Decides about every name that is taken. */
  decide(choice: ConflictChoice): void {
    const items = this.#conflicts;
    this.#conflicts = [];
    if (choice === "skip") {
      for (const item of items) this.#count(item);
    } else {
      for (const item of items) this.#enqueue({ source: item.source, onConflict: choice, doubtful: false });
    }
    this.#phase = "running";
    this.#startLanes();
    this.#stir();
  }

  async #scan(sources: Iterable<UploadSource> | AsyncIterable<UploadSource>, options: UploadTaskOptions) {
    const onConflict = options.onConflict ?? "fail";
    try {
      for await (const source of sources) {
        if (this.#phase === "cancelled") return;
        const item: Item = { source, onConflict, doubtful: false };
        if (options.resume !== undefined) {
          item.upload = options.resume;
          this.#bytesDone += options.resume.offset;
        }
        if (this.#label === "") this.#label = source.path.split("/")[0] ?? source.path;
        if (!source.path.endsWith("/")) this.#filesTotal += 1;
        this.#bytesTotal += source.body.size;
        this.#enqueue(item);
      }
    } catch (error) {
      this.#problem = toProblem(error);
    }
    this.#scanning = false;
    this.#stir();
  }

  #enqueue(item: Item): void {
    if (item.upload !== undefined || item.source.body.size > SMALL) this.#large.push(item);
    else this.#small.push(item);
    this.#stir();
  }

  #startLanes(): void {
    while (this.#lanes < LANES) {
      this.#lanes += 1;
      void this.#lane(this.#lanes % 2 === 0).finally(() => {
        this.#lanes -= 1;
        this.#settle();
      });
    }
  }

  async #lane(preferLarge: boolean): Promise<void> {
    while (this.#phase === "running" || this.#phase === "waiting") {
      const large = preferLarge || !this.#batchReady() ? this.#large.shift() : undefined;
      if (large !== undefined) {
        await this.#sendLarge(large);
        continue;
      }
      if (this.#batchReady()) {
        await this.#sendBatch(this.#takeBatch());
        continue;
      }
      if (!this.#scanning) return;
      await new Promise<void>(wake => this.#wake.push(wake));
    }
  }

  #batchReady(): boolean {
    if (this.#small.length === 0) return false;
    if (!this.#scanning || this.#small.length >= BATCH_FILES) return true;
    let bytes = 0;
    for (const item of this.#small) bytes += item.source.body.size;
    return bytes >= BATCH_BYTES;
  }

  /** Files of one batch share the way conflicts are treated. */
  #takeBatch(): Item[] {
    const onConflict = this.#small[0]?.onConflict;
    let bytes = 0;
    let count = 0;
    for (const item of this.#small) {
      if (item.onConflict !== onConflict || count >= BATCH_FILES) break;
      if (count > 0 && bytes + item.source.body.size > BATCH_BYTES) break;
      bytes += item.source.body.size;
      count += 1;
    }
    return this.#small.splice(0, count);
  }

  async #sendBatch(batch: Item[]): Promise<void> {
    const first = batch[0];
    if (first === undefined) return;
    // Not the task's signal: a batch cut off in the middle would leave it open what arrived.
    const call = new AbortController();
    const stop = () => {
      if (this.#phase === "cancelled") call.abort();
    };
    this.#abort.signal.addEventListener("abort", stop);
    try {
      const frames = encodeImport(
        batch.map(({ source }) => ({
          path: source.path,
          body: source.body,
          ...(source.modified === undefined ? {} : { modified: source.modified }),
        })),
      );
      const result = await this.#os().files.import(this.parent, frames, first.onConflict, { signal: call.signal });
      this.#answered();
      const failed = new Map(result.failed.map(failure => [failure.path, failure.code]));
      for (const item of batch) {
        const code = failed.get(item.source.path);
        if (code === undefined) this.#arrived(item);
        else if (code === "exists") await this.#taken(item);
        else this.#fail(item, code);
      }
    } catch (error) {
      if (this.#phase === "cancelled") return;
      const problem = toProblem(error);
      if (!isPassing(problem)) {
        for (const item of batch) this.#fail(item, problem.code);
        return;
      }
      // One unreadable file spoils a whole batch, and looks like a lost connection.
      const again: Item[] = [];
      for (const item of batch) {
        if (await isReadable(item.source.body)) again.push({ ...item, doubtful: true });
        else this.#fail(item, "unreadable");
      }
      this.#small.unshift(...again);
      if (again.length === batch.length) await this.#wait(problem);
    } finally {
      this.#abort.signal.removeEventListener("abort", stop);
    }
  }

  async #sendLarge(item: Item): Promise<void> {
    const { source } = item;
    const signal = this.#abort.signal;
    try {
      if (item.upload === undefined) {
        const cut = source.path.lastIndexOf("/");
        const parent = cut < 0 ? this.parent : await this.#folder(source.path.slice(0, cut));
        const name = source.path.slice(cut + 1);
        item.upload = await this.#os().files.uploadBegin({
          parent,
          name,
          size: source.body.size,
          onConflict: item.onConflict,
          ...(source.modified === undefined ? {} : { modified: source.modified }),
        });
      } else if (item.doubtful) {
        const sent = item.upload.offset;
        item.upload = await this.#os().files.uploadState(item.upload.id);
        this.#bytesDone += item.upload.offset - sent;
      }
      item.doubtful = true;
      this.#sending.add(item.upload.id);
      while (item.upload.offset < source.body.size) {
        const start = item.upload.offset;
        const chunk = source.body.slice(start, start + Math.min(CHUNK, item.upload.chunkSize));
        const { offset } = await this.#os().files.uploadAppend(item.upload.id, start, chunk, { signal });
        item.upload = { ...item.upload, offset };
        this.#answered();
        this.#bytesDone += offset - start;
        this.#rate.add(offset - start, this.#now());
        this.#changed();
      }
      await this.#os().files.uploadFinish(item.upload.id);
      this.#filesDone += 1;
      this.#changed();
    } catch (error) {
      await this.#largeFailed(item, toProblem(error));
    } finally {
      if (item.upload) this.#sending.delete(item.upload.id);
    }
  }

  async #largeFailed(item: Item, problem: Problem): Promise<void> {
    if (this.#phase === "cancelled") {
      if (item.upload) await this.#abandon(item.upload.id);
      return;
    }
    if (this.#phase === "paused" || problem.code === "cancelled") {
      this.#large.unshift(item);
      return;
    }
    // A refusal is an answer, too: nobody is waited for.
    if (!isPassing(problem)) this.#answered();
    if (problem.code === "exists") {
      this.#dropUpload(item, true);
      await this.#taken(item);
      return;
    }
    if (problem.code === "wrong-offset" || isPassing(problem)) {
      if (!(await isReadable(item.source.body))) {
        this.#dropUpload(item, true);
        this.#fail(item, "unreadable");
        return;
      }
      this.#large.unshift(item);
      if (problem.code !== "wrong-offset") await this.#wait(problem);
      return;
    }
    if (problem.code === "no-such-upload" && item.upload !== undefined) {
      // It was finished and only the answer was lost, or it expired.
      const complete = item.upload.offset >= item.source.body.size;
      this.#dropUpload(item, false);
      if (complete && (await this.#isThere(item))) this.#arrived(item);
      else this.#large.unshift(item);
      return;
    }
    this.#dropUpload(item, true);
    this.#fail(item, problem.code);
  }

  #dropUpload(item: Item, tell: boolean): void {
    if (item.upload === undefined) return;
    this.#bytesDone -= item.upload.offset;
    if (tell) void this.#abandon(item.upload.id);
    delete item.upload;
  }

  /** The folder of a large file inside a dropped folder, made when it is not there. */
  #folder(path: string): Promise<NodeId> {
    const known = this.#folders.get(path);
    if (known !== undefined) return known;
    const made = this.#makeFolder(path);
    this.#folders.set(path, made);
    made.catch(() => this.#folders.delete(path));
    return made;
  }

  async #makeFolder(path: string): Promise<NodeId> {
    const cut = path.lastIndexOf("/");
    const parent = cut < 0 ? this.parent : await this.#folder(path.slice(0, cut));
    const name = path.slice(cut + 1);
    const { files } = this.#os();
    try {
      return (await files.createFolder(parent, name, "fail")).id;
    } catch (error) {
      if (!isProblem(error, "exists")) throw error;
      const base = (await files.path(parent)).path.replace(/\/$/, "");
      return (await files.resolve(`${base}/${name}`)).id;
    }
  }

  /** A name is taken: by this very file when an answer was lost, else by another one. */
  async #taken(item: Item): Promise<void> {
    if (item.doubtful && (await this.#isThere(item))) this.#arrived(item);
    else this.#conflicts.push(item);
  }

  async #isThere(item: Item): Promise<boolean> {
    try {
      const { files } = this.#os();
      const base = (await files.path(this.parent)).path.replace(/\/$/, "");
      const node = await files.resolve(`${base}/${item.source.path.replace(/\/$/, "")}`);
      if (item.source.path.endsWith("/")) return node.kind === "folder";
      return (
        node.size === item.source.body.size &&
        (item.source.modified === undefined || Date.parse(node.modified) === Date.parse(item.source.modified))
      );
    } catch {
      return false;
    }
  }

  #arrived(item: Item): void {
    this.#rate.add(item.source.body.size, this.#now());
    this.#count(item);
  }

  #count(item: Item): void {
    this.#bytesDone += item.source.body.size;
    if (!item.source.path.endsWith("/")) this.#filesDone += 1;
    this.#changed();
  }

  #fail(item: Item, code: string): void {
    this.#failures.push({ path: item.source.path, code });
    this.#bytesTotal -= item.source.body.size;
    this.#changed();
  }

  #tries = 0;

  #answered(): void {
    this.#tries = 0;
    if (this.#phase === "waiting") this.#phase = "running";
    this.#problem = undefined;
  }

  /** Waits until the node answers again, or a little longer each time. */
  async #wait(problem: Problem): Promise<void> {
    if (this.#phase !== "running" && this.#phase !== "waiting") return;
    this.#phase = "waiting";
    this.#problem = problem;
    this.#rate.reset();
    this.#changed();
    const pause = Math.min(LONGEST_WAIT, 500 * 2 ** this.#tries);
    this.#tries += 1;
    await new Promise<void>(done => {
      const timer = setTimeout(done, (problem.retryAfterSeconds ?? 0) * 1000 || pause);
      const stop = this.#os().online.onChange(online => {
        if (online) finish();
      });
      const finish = () => {
        clearTimeout(timer);
        stop();
        done();
      };
      this.#abort.signal.addEventListener("abort", finish, { once: true });
    });
  }

  #settle(): void {
    if (this.#lanes > 0) return;
    if (this.#phase === "running" || this.#phase === "waiting") {
      if (this.#scanning || this.#small.length > 0 || this.#large.length > 0) {
        this.#startLanes();
        return;
      }
      if (this.#conflicts.length > 0) this.#phase = "conflicts";
      else if (this.#failures.length > 0 || this.#problem !== undefined) this.#phase = "failed";
      else this.#phase = "done";
    }
    this.#changed();
  }

  #stir(): void {
    const waiting = this.#wake;
    this.#wake = [];
    for (const wake of waiting) wake();
    this.#changed();
  }

  async #abandon(id: string): Promise<void> {
    await this.#os()
      .files.uploadAbort(id)
      .catch(() => {});
  }
}
