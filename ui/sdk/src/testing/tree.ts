import { Problem } from "../problem";
import type { DriveEvent, ListQuery, Node, NodeId, OnConflict, Page, Version } from "../types";

interface State {
  at: number;
  parent: NodeId | null;
  name: string;
  trashed: boolean;
}

interface Entry {
  node: Node;
  bodies: { version: Version; body: Blob }[];
  states: State[];
  children: Set<NodeId>;
}

const collator = new Intl.Collator("en", { numeric: true, sensitivity: "base" });

const refusal = (code: string, status: number, title: string) => new Problem({ code, status, title });

/** A drive in memory with the rules of the real one: unique names, versions, trash, history. */
export class MemoryTree {
  #entries = new Map<NodeId, Entry>();
  #sorted = new Map<string, Node[]>();
  #next = 0;
  readonly #now: () => number;
  onEvent: (event: DriveEvent) => void = () => {};

  constructor(now: () => number) {
    this.#now = now;
    this.#put(null, "", "folder", "root");
  }

  #put(parent: NodeId | null, name: string, kind: Node["kind"], id = this.#id()): Entry {
    const at = new Date(this.#now()).toISOString();
    const node: Node = { id, parent, name, kind, size: 0, modified: at, created: at, version: 1, versionId: 0 };
    if (kind === "folder") node.childCount = 0;
    const entry: Entry = { node, bodies: [], states: [], children: new Set() };
    this.#entries.set(id, entry);
    if (parent !== null) this.#attach(entry, parent);
    this.#record(entry);
    return entry;
  }

  #id(): NodeId {
    this.#next += 1;
    return `0190a000-0000-7000-8000-${this.#next.toString(16).padStart(12, "0")}`;
  }

  #versionId(): number {
    this.#next += 1;
    return this.#next;
  }

  #record(entry: Entry): void {
    const { name, trashed } = entry.node;
    const parent = entry.node.parent ?? null;
    entry.states.push({ at: this.#now(), parent, name, trashed: trashed != null });
  }

  #attach(entry: Entry, parent: NodeId): void {
    const folder = this.entry(parent);
    folder.children.add(entry.node.id);
    folder.node.childCount = folder.children.size;
    entry.node.parent = parent;
    this.#sorted.clear();
  }

  #detach(entry: Entry): void {
    if (entry.node.parent == null) return;
    const folder = this.entry(entry.node.parent);
    folder.children.delete(entry.node.id);
    folder.node.childCount = folder.children.size;
    this.#sorted.clear();
  }

  entry(id: NodeId): Entry {
    const entry = this.#entries.get(id);
    if (entry === undefined) throw refusal("not-found", 404, "There is no such file or folder");
    return entry;
  }

  #emit(op: DriveEvent["op"], node: Node): void {
    this.onEvent({ op, node: node.id, parent: node.parent ?? null });
  }

  child(parent: NodeId, name: string): Node | undefined {
    for (const id of this.entry(parent).children) {
      const { node } = this.entry(id);
      if (node.name === name) return node;
    }
    return undefined;
  }

  #checkName(name: string): void {
    // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is refused
    if (name === "" || name === "." || name === ".." || /[/\u0000-\u001f]/.test(name) || name.length > 255)
      throw refusal("bad-name", 422, "This name cannot be used");
  }

  #freeName(parent: NodeId, name: string): string {
    const dot = name.lastIndexOf(".");
    const [stem, end] = dot > 0 ? [name.slice(0, dot), name.slice(dot)] : [name, ""];
    for (let n = 2; ; n += 1) {
      const candidate = `${stem} (${n})${end}`;
      if (this.child(parent, candidate) === undefined) return candidate;
    }
  }

  #place(parent: NodeId, name: string, onConflict: OnConflict): string {
    this.#checkName(name);
    if (this.child(parent, name) === undefined) return name;
    if (onConflict === "keepBoth") return this.#freeName(parent, name);
    throw refusal("exists", 409, "There is already something with this name");
  }

  createFolder(parent: NodeId, name: string, onConflict: OnConflict = "fail"): Node {
    const entry = this.#put(parent, this.#place(parent, name, onConflict), "folder");
    this.#emit("created", entry.node);
    return entry.node;
  }

  write(parent: NodeId, name: string, body: Blob, modified?: string, onConflict: OnConflict = "fail"): Node {
    const there = this.child(parent, name);
    const again = there !== undefined && onConflict === "newVersion" && there.kind === "file";
    const entry = again ? this.entry(there.id) : this.#put(parent, this.#place(parent, name, onConflict), "file");
    this.#addVersion(entry, body, modified);
    if (body.type !== "") entry.node.mime = body.type;
    this.#emit(again ? "changed" : "created", entry.node);
    return entry.node;
  }

  #addVersion(entry: Entry, body: Blob, modified = new Date(this.#now()).toISOString()): void {
    for (const { version } of entry.bodies) version.current = false;
    const number = entry.bodies.length + 1;
    entry.bodies.push({
      body,
      version: {
        id: this.#versionId(),
        number,
        size: body.size,
        modified,
        createdAt: new Date(this.#now()).toISOString(),
        current: true,
      },
    });
    entry.node.size = body.size;
    entry.node.modified = modified;
    entry.node.version = number;
    entry.node.versionId = entry.bodies.at(-1)?.version.id ?? 0;
    this.#sorted.clear();
  }

  list(id: NodeId, query: ListQuery = {}): Page<Node> {
    if (query.at !== undefined) return this.#page(this.#listAt(id, Date.parse(query.at)), query);
    const key = `${id} ${query.sort ?? "name"} ${query.descending === true}`;
    let nodes = this.#sorted.get(key);
    if (nodes === undefined) {
      nodes = [...this.entry(id).children].map(child => this.entry(child).node);
      nodes.sort(order(query));
      this.#sorted.set(key, nodes);
    }
    return this.#page(nodes, query);
  }

  #page(nodes: Node[], query: ListQuery): Page<Node> {
    const offset = query.offset ?? 0;
    return { items: nodes.slice(offset, offset + (query.limit ?? 200)), total: nodes.length };
  }

  #stateAt(entry: Entry, at: number): State | undefined {
    return entry.states.findLast(state => state.at <= at);
  }

  #listAt(id: NodeId, at: number): Node[] {
    const nodes: Node[] = [];
    for (const entry of this.#entries.values()) {
      const state = this.#stateAt(entry, at);
      if (state?.parent === id && !state.trashed) nodes.push({ ...entry.node, name: state.name });
    }
    return nodes.sort(order({}));
  }

  restoreFolderAt(id: NodeId, at: number): void {
    for (const node of this.list(id, { limit: Number.MAX_SAFE_INTEGER }).items) {
      const state = this.#stateAt(this.entry(node.id), at);
      if (state === undefined || state.parent !== id) this.trash(node.id);
    }
    for (const then of this.#listAt(id, at)) {
      const entry = this.entry(then.id);
      if (entry.node.trashed != null) this.restore(then.id);
      if (entry.node.name !== then.name) this.rename(then.id, then.name);
      if (entry.node.kind === "folder") this.restoreFolderAt(then.id, at);
    }
  }

  rename(id: NodeId, name: string): Node {
    const entry = this.entry(id);
    if (entry.node.name !== name) this.#place(entry.node.parent ?? "root", name, "fail");
    entry.node.name = name;
    this.#record(entry);
    this.#sorted.clear();
    this.#emit("renamed", entry.node);
    return entry.node;
  }

  move(id: NodeId, parent: NodeId, onConflict: OnConflict = "fail"): Node {
    for (let up: NodeId | null = parent; up !== null; up = this.entry(up).node.parent ?? null)
      if (up === id) throw refusal("into-itself", 409, "A folder cannot be moved into itself");
    const entry = this.entry(id);
    if (entry.node.parent === parent) return entry.node;
    const name = this.#place(parent, entry.node.name, onConflict);
    this.#detach(entry);
    entry.node.name = name;
    this.#attach(entry, parent);
    this.#record(entry);
    this.#emit("moved", entry.node);
    return entry.node;
  }

  copy(id: NodeId, parent: NodeId, name?: string, onConflict: OnConflict = "fail"): Node {
    const from = this.entry(id);
    const entry = this.#put(parent, this.#place(parent, name ?? from.node.name, onConflict), from.node.kind);
    const last = from.bodies.at(-1);
    if (last !== undefined) this.#addVersion(entry, last.body, last.version.modified);
    if (from.node.mime != null) entry.node.mime = from.node.mime;
    for (const child of [...from.children]) this.copy(child, entry.node.id);
    this.#emit("created", entry.node);
    return entry.node;
  }

  trash(id: NodeId): void {
    const entry = this.entry(id);
    entry.node.trashed = { at: new Date(this.#now()).toISOString(), fromPath: this.path(id) };
    this.#detach(entry);
    this.#record(entry);
    this.#emit("trashed", entry.node);
  }

  trashList(): Node[] {
    return [...this.#entries.values()].map(entry => entry.node).filter(node => node.trashed != null);
  }

  restore(id: NodeId): Node {
    const entry = this.entry(id);
    const parent = entry.node.parent ?? "root";
    entry.node.name = this.#place(parent, entry.node.name, "keepBoth");
    entry.node.trashed = null;
    this.#attach(entry, parent);
    this.#record(entry);
    this.#emit("restored", entry.node);
    return entry.node;
  }

  purge(id: NodeId): void {
    const entry = this.entry(id);
    for (const child of [...entry.children]) this.purge(child);
    this.#detach(entry);
    this.#entries.delete(id);
    this.#emit("purged", entry.node);
  }

  versions(id: NodeId): Version[] {
    return this.entry(id)
      .bodies.map(({ version }) => version)
      .reverse();
  }

  body(id: NodeId, version?: number): Blob {
    const { bodies } = this.entry(id);
    const found = version === undefined ? bodies.at(-1) : bodies.find(one => one.version.id === version);
    if (found === undefined) throw refusal("not-found", 404, "There is no such version");
    return found.body;
  }

  restoreVersion(id: NodeId, version: number): Node {
    const entry = this.entry(id);
    this.#addVersion(entry, this.body(id, version));
    this.#emit("changed", entry.node);
    return entry.node;
  }

  path(id: NodeId): string {
    const names: string[] = [];
    for (let at = this.entry(id).node; at.parent != null; at = this.entry(at.parent).node) names.unshift(at.name);
    return `/${names.join("/")}`;
  }

  ancestors(id: NodeId): { id: NodeId; name: string }[] {
    const ancestors: { id: NodeId; name: string }[] = [];
    for (let up = this.entry(id).node.parent; up != null; up = this.entry(up).node.parent)
      ancestors.unshift({ id: up, name: this.entry(up).node.name });
    return ancestors;
  }

  resolve(path: string): Node {
    let node = this.entry("root").node;
    for (const name of path.split("/").filter(part => part !== "")) {
      const child = this.child(node.id, name);
      if (child === undefined) throw refusal("not-found", 404, "There is no such file or folder");
      node = child;
    }
    return node;
  }

  /** The folder at that path below `parent`, made where it is missing. */
  ensureFolder(parent: NodeId, path: string): NodeId {
    let at = parent;
    for (const name of path.split("/").filter(part => part !== ""))
      at = this.child(at, name)?.id ?? this.createFolder(at, name).id;
    return at;
  }

  all(): Node[] {
    return [...this.#entries.values()].map(entry => entry.node).filter(node => node.parent != null);
  }

  /** Many empty files at once, without an event each. */
  fill(parent: NodeId, count: number, name: (index: number) => string): void {
    for (let index = 0; index < count; index += 1) this.#put(parent, name(index), "file");
  }
}

function order(query: ListQuery): (a: Node, b: Node) => number {
  const sign = query.descending ? -1 : 1;
  return (a, b) => {
    if (a.kind !== b.kind) return a.kind === "folder" ? -1 : 1;
    let by = 0;
    if (query.sort === "size") by = a.size - b.size;
    else if (query.sort === "modified") by = a.modified < b.modified ? -1 : a.modified > b.modified ? 1 : 0;
    return sign * (by || collator.compare(a.name, b.name));
  };
}
