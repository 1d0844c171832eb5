import { type Node, type NodeId, type Os, type Problem, toProblem } from "@webx/sdk";
import { type Place, placeKey, type Sort } from "./place";

export const PAGE = 500;
const TRASH_PAGE = 1000;

/** Of what lies in the trash, the day it came there. */
const dateOf = (node: Node): number => Date.parse(node.trashed?.at ?? node.modified);

interface Loading {
  abort: AbortController;
}

/**
 * The entries of a place, loaded page by page where somebody looks. A refresh keeps what is shown until the new
 * pages are there, so that a live change never makes the list flicker.
 */
export class Listing {
  readonly place: Place;
  readonly sort: Sort;
  readonly key: string;
  readonly #os: Os;
  readonly #compare: (a: string, b: string) => number;
  #pages = new Map<number, Node[]>();
  #stale = new Set<number>();
  #loading = new Map<number, Loading>();
  #wanted: [number, number] = [0, 0];
  #paths = new Map<NodeId, string>();
  #listeners = new Set<() => void>();
  #closed = false;
  #version = 0;
  total: number | undefined;
  problem: Problem | undefined;

  constructor(os: Os, place: Place, sort: Sort, compare: (a: string, b: string) => number) {
    this.#os = os;
    this.place = place;
    this.sort = sort;
    this.key = `${placeKey(place)} ${sort.key} ${sort.descending}`;
    this.#compare = compare;
  }

  subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  /** Grows with every change; what React compares. */
  getVersion = (): number => this.#version;

  open(): void {
    this.#closed = false;
  }

  close(): void {
    this.#closed = true;
    for (const { abort } of this.#loading.values()) abort.abort();
    this.#loading.clear();
  }

  at(index: number): Node | undefined {
    return this.#pages.get(Math.floor(index / PAGE))?.[index % PAGE];
  }

  /** Where a search found it. */
  pathOf(id: NodeId): string | undefined {
    return this.#paths.get(id);
  }

  /** Of those that are loaded. */
  indexOf(id: NodeId): number | undefined {
    for (const [page, nodes] of this.#pages) {
      const index = nodes.findIndex(node => node.id === id);
      if (index >= 0) return page * PAGE + index;
    }
    return undefined;
  }

  /** A loaded entry, `null` when everything is loaded and it is not there. */
  find(id: NodeId): Node | null | undefined {
    const index = this.indexOf(id);
    if (index !== undefined) return this.at(index);
    return this.#complete ? null : undefined;
  }

  get #complete(): boolean {
    return this.total !== undefined && this.#pages.size * PAGE >= this.total && this.#stale.size === 0;
  }

  /** Says which entries are looked at; missing ones are loaded, requests nobody waits for are dropped. */
  want(start: number, end: number): void {
    this.#wanted = [start, end];
    const [first, last] = this.#wantedPages();
    for (const [page, { abort }] of this.#loading) {
      if (page >= first - 1 && page <= last + 1) continue;
      abort.abort();
      this.#loading.delete(page);
    }
    for (let page = first; page <= last; page += 1)
      if (!this.#pages.has(page) || this.#stale.has(page)) void this.#load(page);
  }

  #wantedPages(): [number, number] {
    const [start, end] = this.#wanted;
    return [Math.floor(start / PAGE), Math.floor(Math.max(start, end - 1) / PAGE)];
  }

  /** Something changed: what is looked at is loaded again, the rest is forgotten. */
  refresh(): void {
    const [first, last] = this.#wantedPages();
    for (const { abort } of this.#loading.values()) abort.abort();
    this.#loading.clear();
    for (const page of this.#pages.keys()) {
      if (page < first || page > last) this.#pages.delete(page);
      else this.#stale.add(page);
    }
    this.problem = undefined;
    for (let page = first; page <= last; page += 1) void this.#load(page);
  }

  /** Makes sure that these entries are loaded and gives them. */
  async range(start: number, end: number): Promise<Node[]> {
    const nodes: Node[] = [];
    for (let page = Math.floor(start / PAGE); page * PAGE < end; page += 1) {
      const loaded = this.#pages.get(page) ?? (await this.#ask(page));
      for (const [offset, node] of loaded.entries()) {
        const index = page * PAGE + offset;
        if (index >= start && index < end) nodes.push(node);
      }
    }
    return nodes;
  }

  all(): Promise<Node[]> {
    return this.range(0, this.total ?? 0);
  }

  async #load(page: number): Promise<void> {
    if (this.#closed || this.#loading.has(page)) return;
    const abort = new AbortController();
    this.#loading.set(page, { abort });
    try {
      await this.#ask(page, abort.signal);
    } catch (error) {
      if (abort.signal.aborted) return;
      this.problem = toProblem(error);
    } finally {
      if (this.#loading.get(page)?.abort === abort) this.#loading.delete(page);
    }
    this.#changed();
  }

  async #ask(page: number, signal = new AbortController().signal): Promise<Node[]> {
    const nodes = await this.#fetch(page, signal);
    signal.throwIfAborted();
    this.#pages.set(page, nodes);
    this.#stale.delete(page);
    this.problem = undefined;
    return nodes;
  }

  async #fetch(page: number, signal: AbortSignal): Promise<Node[]> {
    const { place } = this;
    if (place.kind === "trash") return this.#whole(page, await this.#trash());
    if (place.kind === "search") {
      const hits = await this.#os.files.search(place.query, 1000, { signal });
      for (const { node, path } of hits) this.#paths.set(node.id, path);
      return this.#whole(
        page,
        hits.map(hit => hit.node),
      );
    }
    const query = { sort: this.sort.key, descending: this.sort.descending, offset: page * PAGE, limit: PAGE };
    const answer = await this.#os.files.list(place.id, place.kind === "past" ? { ...query, at: place.at } : query, {
      signal,
    });
    signal.throwIfAborted();
    this.total = answer.total;
    return answer.items;
  }

  async #trash(): Promise<Node[]> {
    const nodes: Node[] = [];
    for (;;) {
      const { items, total } = await this.#os.files.trashList(nodes.length, TRASH_PAGE);
      nodes.push(...items);
      if (items.length === 0 || nodes.length >= total) return nodes;
    }
  }

  /** Places the node gives in one piece are sorted and cut here. */
  #whole(wanted: number, nodes: Node[]): Node[] {
    const sorted = nodes.slice().sort((a, b) => this.#order(a, b));
    this.total = sorted.length;
    this.#pages.clear();
    for (let page = 0; page * PAGE < sorted.length; page += 1)
      this.#pages.set(page, sorted.slice(page * PAGE, (page + 1) * PAGE));
    return this.#pages.get(wanted) ?? [];
  }

  #order(a: Node, b: Node): number {
    if (a.kind !== b.kind) return a.kind === "folder" ? -1 : 1;
    const sign = this.sort.descending ? -1 : 1;
    let by = 0;
    if (this.sort.key === "size") by = a.size - b.size;
    if (this.sort.key === "modified") by = dateOf(a) - dateOf(b);
    return sign * (by || this.#compare(a.name, b.name));
  }

  #changed(): void {
    if (this.#closed) return;
    this.#version += 1;
    for (const listener of this.#listeners) listener();
  }

  /**
   * The next entry after `from` whose name starts with the typed text. Loaded entries first; in a folder sorted by
   * name the others are found by bisection, so a letter jumps through 100,000 entries in a few requests.
   */
  async typeAhead(text: string, from: number): Promise<number | undefined> {
    const total = this.total ?? 0;
    const wanted = text.toLocaleLowerCase();
    const fits = (node: Node | undefined) => node?.name.toLocaleLowerCase().startsWith(wanted) === true;
    let missing = false;
    for (let step = 0; step < total; step += 1) {
      const index = (from + step) % total;
      const node = this.at(index);
      if (node === undefined) missing = true;
      else if (fits(node)) return index;
    }
    if (!missing || this.sort.key !== "name" || this.sort.descending || this.place.kind !== "folder") return undefined;
    const files = await this.#bisect(0, total, node => node.kind === "file");
    for (const [low, high] of [
      [0, files],
      [files, total],
    ] as const) {
      const index = await this.#bisect(low, high, node => this.#compare(node.name, text) >= 0);
      if (index < high && fits((await this.range(index, index + 1))[0])) return index;
    }
    return undefined;
  }

  async #bisect(low: number, high: number, right: (node: Node) => boolean): Promise<number> {
    let [from, to] = [low, high];
    while (from < to) {
      const middle = (from + to) >> 1;
      const [node] = await this.range(middle, middle + 1);
      if (node !== undefined && !right(node)) from = middle + 1;
      else to = middle;
    }
    return from;
  }
}
