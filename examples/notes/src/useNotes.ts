import { type Os, type Problem, toProblem, useOs } from "@webx/sdk";
import { useCallback, useEffect, useMemo, useRef, useState } from "react";
import { inOrder, type Note, noteOf } from "./note";

const COLLECTION = "notes";
/** What is written goes to the vault when the person rests for this long. */
const REST = 400;

export interface Notes {
  /** In order; `undefined` until they are loaded. */
  notes: Note[] | undefined;
  problem: Problem | undefined;
  /** Something is written that is not yet in the vault. */
  saving: boolean;
  reload: () => void;
  create: () => string;
  change: (id: string, part: Partial<Pick<Note, "text" | "pinned">>) => void;
  remove: (id: string) => Note | undefined;
  putBack: (note: Note) => void;
}

/** All notes of this app, the same in every window that shows them. */
export function useNotes(onFailure: (problem: Problem) => void): Notes {
  const os = useOs();
  const [all, setAll] = useState<ReadonlyMap<string, Note>>();
  const [problem, setProblem] = useState<Problem>();
  const [round, setRound] = useState(0);
  const [dirty, setDirty] = useState<ReadonlySet<string>>(new Set());
  const failed = useRef(onFailure);
  failed.current = onFailure;

  const set = useCallback((id: string, note: Note | undefined) => {
    setAll(old => {
      const next = new Map(old);
      if (note) next.set(id, note);
      else next.delete(id);
      return next;
    });
  }, []);

  const writer = useMemo(
    () =>
      new Writer(os, {
        onDirty: ids => setDirty(ids),
        onFailure: reason => failed.current(toProblem(reason)),
      }),
    [os],
  );
  useEffect(() => {
    const flush = () => writer.flush();
    addEventListener("pagehide", flush);
    return () => {
      removeEventListener("pagehide", flush);
      writer.flush();
    };
  }, [writer]);

  // biome-ignore lint/correctness/useExhaustiveDependencies: `round` loads again
  useEffect(() => {
    let gone = false;
    setProblem(undefined);
    load(os).then(
      notes => {
        if (!gone) setAll(new Map(notes.map(note => [note.id, note])));
      },
      reason => {
        if (!gone) setProblem(toProblem(reason));
      },
    );
    const stop = os.storage.docs.onChange(COLLECTION, async change => {
      // What is being written here is newer than what another window wrote.
      if (writer.has(change.id)) return;
      const doc = change.op === "put" ? await os.storage.docs.get(COLLECTION, change.id) : undefined;
      if (!gone && !writer.has(change.id)) set(change.id, doc && noteOf(doc));
    });
    return () => {
      gone = true;
      stop();
    };
  }, [os, writer, set, round]);

  const put = useCallback(
    (note: Note) => {
      set(note.id, note);
      writer.write(note);
    },
    [set, writer],
  );

  return {
    notes: useMemo(() => all && inOrder(all.values()), [all]),
    problem,
    saving: dirty.size > 0,
    reload: () => setRound(n => n + 1),
    create: () => {
      const note = { id: newId(), text: "", pinned: false, changed: Date.now() };
      put(note);
      return note.id;
    },
    change: (id, part) => {
      const old = all?.get(id);
      if (old) put({ ...old, ...part, changed: "text" in part ? Date.now() : old.changed });
    },
    remove: id => {
      const old = all?.get(id);
      set(id, undefined);
      writer.remove(id);
      return old;
    },
    putBack: put,
  };
}

/** Begins with the time, so that the vault lists notes in the order in which they were made. */
function newId(): string {
  const random = crypto.getRandomValues(new Uint32Array(2));
  return `${Date.now().toString(36)}-${[...random].map(part => part.toString(36)).join("")}`;
}

async function load(os: Os): Promise<Note[]> {
  const notes: Note[] = [];
  let after: string | undefined;
  do {
    const page = await os.storage.docs.list(COLLECTION, { limit: 200, ...(after === undefined ? {} : { after }) });
    notes.push(...page.items.map(noteOf));
    after = page.next ?? undefined;
  } while (after !== undefined);
  return notes;
}

interface Hearers {
  onDirty: (ids: ReadonlySet<string>) => void;
  onFailure: (reason: unknown) => void;
}

/** Writes notes to the vault, each at most once at a time and the last state of each for sure. */
class Writer {
  private readonly waiting = new Map<string, { note: Note; timer: ReturnType<typeof setTimeout> }>();
  private readonly running = new Map<string, Promise<void>>();

  constructor(
    private readonly os: Os,
    private readonly hear: Hearers,
  ) {}

  /** Whether this window has something newer than the vault. */
  has(id: string): boolean {
    return this.waiting.has(id) || this.running.has(id);
  }

  write(note: Note): void {
    clearTimeout(this.waiting.get(note.id)?.timer);
    const timer = setTimeout(() => this.send(note.id), REST);
    this.waiting.set(note.id, { note, timer });
    this.tell();
  }

  remove(id: string): void {
    clearTimeout(this.waiting.get(id)?.timer);
    this.waiting.delete(id);
    this.run(id, () => this.os.storage.docs.delete(COLLECTION, id));
  }

  flush(): void {
    for (const [id, { timer }] of this.waiting) {
      clearTimeout(timer);
      this.send(id);
    }
  }

  private send(id: string): void {
    const next = this.waiting.get(id);
    if (!next) return;
    this.waiting.delete(id);
    const { text, pinned, changed } = next.note;
    this.run(id, async () => {
      await this.os.storage.docs.put(COLLECTION, id, { text, pinned, changed });
    });
  }

  /** One after the other for each note, so that an older state never overtakes a newer one. */
  private run(id: string, task: () => Promise<void>): void {
    const before = this.running.get(id) ?? Promise.resolve();
    const all = before
      .then(task)
      .catch(this.hear.onFailure)
      .finally(() => {
        if (this.running.get(id) === all) this.running.delete(id);
        this.tell();
      });
    this.running.set(id, all);
    this.tell();
  }

  private tell(): void {
    this.hear.onDirty(new Set([...this.waiting.keys(), ...this.running.keys()]));
  }
}
