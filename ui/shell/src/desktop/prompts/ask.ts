/** What the desktop asks the person in the name of an app. One question at a time; all of them are drawn by the desktop. */
import {
  type App,
  type Installation,
  type InstallSource,
  type Node,
  type PickOptions,
  Problem,
  type SaveOptions,
} from "@webx/sdk";
import { create } from "zustand";
import { calls, type Packages } from "../../session";
import { loadApps } from "../apps";
import { heldBy } from "../broker/held";

export type Inspection = Awaited<ReturnType<Packages["inspect"]>>;

interface Base {
  id: number;
}

/** An app asks for permissions of its manifest that it does not have. */
export interface PermissionQuestion extends Base {
  kind: "permissions";
  app: App;
  keys: string[];
  answer(granted: string[]): void;
}

export interface PickQuestion extends Base {
  kind: "pick";
  app: App;
  options: PickOptions;
  /** Empty: the person went back. */
  answer(nodes: Node[]): void;
}

export interface SaveQuestion extends Base {
  kind: "save";
  app: App;
  name: string;
  body: Blob;
  options: SaveOptions;
  answer(node: Node | null): void;
}

export interface InstallQuestion extends Base {
  kind: "install";
  source: InstallSource;
  answer(installation: Installation | null): void;
}

export interface RemoveQuestion extends Base {
  kind: "remove";
  app: App;
  answer(data: "keep" | "delete" | null): void;
}

/** A window is to close, and its app says that something ends with it. */
export interface CloseQuestion extends Base {
  kind: "close";
  app: App;
  reason: string;
  answer(close: boolean): void;
}

export type Question =
  | PermissionQuestion
  | PickQuestion
  | SaveQuestion
  | InstallQuestion
  | RemoveQuestion
  | CloseQuestion;

/** The first of them is on the screen. */
export const useQuestions = create<{ waiting: readonly Question[] }>(() => ({ waiting: [] }));

let count = 0;

type Unnumbered<Q> = Q extends Question ? Omit<Q, "id" | "answer"> : never;

/** Puts a question behind those that wait. An app has one at a time. */
function ask<Q extends Question>(question: Unnumbered<Q>, nothing: Parameters<Q["answer"]>[0], signal?: AbortSignal) {
  return new Promise<Parameters<Q["answer"]>[0]>((resolve, reject) => {
    const install = "app" in question ? (question.app as App).install : undefined;
    const { waiting } = useQuestions.getState();
    if (install !== undefined && waiting.some(each => "app" in each && each.app.install === install)) {
      reject(new Problem({ code: "already-asking", status: 409, title: "The person is being asked already" }));
      return;
    }
    count += 1;
    const id = count;
    const done = (value: Parameters<Q["answer"]>[0]) => {
      signal?.removeEventListener("abort", stop);
      useQuestions.setState(({ waiting }) => ({ waiting: waiting.filter(each => each.id !== id) }));
      resolve(value);
    };
    const stop = () => done(nothing);
    signal?.addEventListener("abort", stop, { once: true });
    useQuestions.setState({ waiting: [...waiting, { ...question, id, answer: done } as unknown as Question] });
  });
}

/** Takes every question off the screen; whoever asked hears that nothing was given. */
export function dropQuestions(): void {
  for (const each of useQuestions.getState().waiting) {
    if (each.kind === "permissions" || each.kind === "pick") each.answer([]);
    else if (each.kind === "close") each.answer(false);
    else each.answer(null);
  }
}

/** Asks for optional permissions. Answers with those of `keys` that are granted now. */
export async function askPermissions(app: App, keys: string[], signal?: AbortSignal): Promise<string[]> {
  const known = app.permissions.filter(each => keys.includes(each.key));
  const missing = known.filter(each => !each.granted).map(each => each.key);
  const had = known.filter(each => each.granted).map(each => each.key);
  if (missing.length === 0) return had;
  const grant = await ask<PermissionQuestion>({ kind: "permissions", app, keys: missing }, [], signal);
  if (grant.length === 0) return had;
  await calls.apps.setGrants(app.install, { grant });
  await loadApps();
  return [...had, ...grant];
}

/** Who has the whole drive needs nothing picked; a part of the system that has not is an app like any other. */
const needsPick = (app: App): boolean => !heldBy(app).has("system:drive");

/** The powerbox: what the person chooses, and nothing else, can be used by the app from then on. */
export async function askPick(app: App, options: PickOptions, signal?: AbortSignal): Promise<Node[]> {
  const nodes = await ask<PickQuestion>({ kind: "pick", app, options }, [], signal);
  const mode = options.mode ?? "read";
  if (needsPick(app)) await Promise.all(nodes.map(node => calls.packages.pick(app.install, node.id, mode)));
  if (nodes.length > 0) await loadApps();
  return nodes;
}

/** The person chooses folder and name; the desktop writes, and the app may go on with that one file. */
export async function askSaveAs(
  app: App,
  name: string,
  body: Blob,
  options: SaveOptions,
  signal?: AbortSignal,
): Promise<Node | null> {
  const node = await ask<SaveQuestion>({ kind: "save", app, name, body, options }, null, signal);
  if (node === null) return null;
  if (needsPick(app)) await calls.packages.pick(app.install, node.id, "write");
  await loadApps();
  return node;
}

/** The install sheet: for a new app as for another version of one that is here. */
export function askInstall(source: InstallSource, signal?: AbortSignal): Promise<Installation | null> {
  return ask<InstallQuestion>({ kind: "install", source }, null, signal);
}

export function askRemove(app: App): Promise<"keep" | "delete" | null> {
  return ask<RemoveQuestion>({ kind: "remove", app }, null);
}

/** Whether the window may close although its app says why it should not. */
export function askClose(app: App, reason: string): Promise<boolean> {
  return ask<CloseQuestion>({ kind: "close", app, reason }, false);
}
