/** An app at work behind a port: what it is told, and how its window hears of it. */

import { calls } from "../../session";
import type { App } from "../apps";
import { answersFor } from "../broker/answers";
import { Broker, type StopReason } from "../broker/broker";
import { locale, look, subscribeOwn } from "../os";
import { dispatch } from "../wm/store";

/** How a window's app does. */
export type Condition =
  | { kind: "loading" }
  | { kind: "running" }
  | { kind: "crashed"; message: string; stack: string }
  | { kind: "stopped"; why: StopReason }
  /** Its files could not be had. */
  | { kind: "missing" };

export interface Running {
  /** The window that is open was asked for again. */
  launch(args: unknown): void;
  close(): void;
}

interface Start {
  port: MessagePort;
  frame: HTMLIFrameElement;
  window: string;
  app: App;
  args: unknown;
  changed(condition: Condition): void;
  /** Files from outside are being dragged into the frame. */
  dragged(): void;
}

interface Package {
  code: string;
  style: string;
}

const packages = new Map<string, Promise<Package>>();

const text = async (install: string, path: string): Promise<string> =>
  (await calls.packages.file(install, path)).text();

/** Module and style of a builtin app. Kept while this version is the one that is installed. */
function packageOf(app: App): Promise<Package> {
  const name = `${app.install}@${app.version}`;
  const known = packages.get(name);
  if (known) return known;
  const entry = app.info?.entry;
  if (entry?.mode !== "builtin") return Promise.reject(new TypeError("no module"));
  const { module, style } = entry;
  const fresh = Promise.all([text(app.install, module), style ? text(app.install, style) : ""]).then(
    ([code, style]) => ({ code, style }),
  );
  for (const other of packages.keys()) if (other.startsWith(`${app.install}@`)) packages.delete(other);
  packages.set(name, fresh);
  fresh.catch(() => packages.delete(name));
  return fresh;
}

/** Fetches what an app that will likely be opened needs. */
export function expectApp(app: App): void {
  if (app.entry === "builtin") void packageOf(app).catch(() => undefined);
}

export function forgetPackages(): void {
  packages.clear();
}

const holdsKeyboard = (frame: HTMLIFrameElement): boolean => document.activeElement === frame;

/** A key is taken from the app that has the keyboard, and only while the person really types. */
function hearKey(frame: HTMLIFrameElement, type: string, init: KeyboardEventInit): void {
  if (!holdsKeyboard(frame) || navigator.userActivation?.isActive === false) return;
  document.dispatchEvent(new KeyboardEvent(type, init));
}

/** Gives an app its port, its code and its first picture's worth of facts. */
export function startApp({ port, frame, window, app, args, changed, dragged }: Start): Running {
  const broker = new Broker(port, answersFor({ window, app: app.key }), {
    hint: hint => {
      if (hint.kind === "booted") changed({ kind: "running" });
      else if (hint.kind === "crashed") {
        stop();
        changed({ kind: "crashed", message: hint.message, stack: hint.stack });
      } else if (hint.kind === "focus") {
        if (holdsKeyboard(frame)) dispatch({ type: "focus", id: window });
      } else if (hint.kind === "drag") dragged();
      else hearKey(frame, hint.type, hint.init);
    },
    stopped: why => {
      stop();
      changed({ kind: "stopped", why });
    },
  });
  const stops = [
    subscribeOwn("theme", theme => broker.tell({ theme })),
    subscribeOwn("i18n", language => broker.tell({ locale: language })),
  ];
  let over = false;
  const stop = () => {
    over = true;
    for (const each of stops) each();
    broker.close();
  };
  const boot = (files: Partial<Package>) => {
    const { language, dir } = locale();
    broker.tell({
      boot: {
        app: app.info?.app ?? app.id,
        install: app.install,
        version: app.version,
        name: app.name,
        ...files,
        args,
        theme: look(),
        locale: language,
        dir,
      },
    });
  };
  if (app.entry === "iframe") boot({});
  else
    packageOf(app).then(
      files => !over && boot(files),
      () => {
        if (over) return;
        stop();
        changed({ kind: "missing" });
      },
    );
  return {
    launch: next => broker.tell({ launch: { args: next } }),
    close: () => {
      broker.tell({ close: true });
      stop();
    },
  };
}
