import {
  type Calls,
  createOs,
  type FileClip,
  type Locale,
  localTransport,
  type Os,
  Problem,
  type Theme,
  type Transport,
} from "@webx/sdk";
import { directionOf } from "@webx/ui";
import { useAppearance } from "../appearance";
import { calls, subscribe } from "../session";
import { appOf } from "./apps";
import { dispatch } from "./wm/store";

/** Topics that the desktop itself knows. */
interface Own {
  theme: Theme;
  i18n: Locale;
  clipboard: FileClip | null;
}
const listeners: { [T in keyof Own]: Set<(event: Own[T]) => void> } = {
  theme: new Set(),
  i18n: new Set(),
  clipboard: new Set(),
};

let clip: FileClip | null = null;
let language: Locale = { language: "en", dir: "ltr" };

useAppearance.subscribe((state, before) => {
  if (state.shown !== before.shown) for (const tell of listeners.theme) tell(state.shown);
});

/** Tells the apps which language the desktop speaks. */
export function setOsLanguage(name: Locale["language"]): void {
  if (language.language === name) return;
  language = { language: name, dir: directionOf(name) };
  for (const tell of listeners.i18n) tell(language);
}

const subscribeAll: Transport["subscribe"] = (topic, listener) => {
  if (topic === "theme" || topic === "i18n" || topic === "clipboard") {
    const set = listeners[topic as keyof Own] as Set<unknown>;
    set.add(listener);
    return () => void set.delete(listener);
  }
  return subscribe(topic, listener);
};

export function openApp(app: string, args?: unknown): void {
  const known = appOf(app);
  if (!known) throw new Problem({ code: "no-such-app", status: 404, title: `No app ${app}` });
  dispatch({ type: "open", app, args, size: known.size, single: known.single });
}

const clipboard: Calls["clipboard"] = {
  writeText: text => navigator.clipboard.writeText(text),
  readText: () => navigator.clipboard.readText(),
  writeFiles: async next => {
    clip = next;
    for (const tell of listeners.clipboard) tell(clip);
  },
  readFiles: async () => clip,
};

/** Forgets what was copied; part of closing the desktop. */
export function forgetClipboard(): void {
  clip = null;
}

/** The operating system as one window sees it; without a window: as the desktop itself does. */
export function osFor(windowId: string | null): Os {
  const own: Pick<Calls, "windows" | "clipboard" | "theme" | "i18n"> = {
    windows: {
      open: async (app, args) => openApp(app, args),
      setTitle: async title => {
        if (windowId) dispatch({ type: "title", id: windowId, title: title.slice(0, 200) });
      },
      close: async () => {
        if (windowId) dispatch({ type: "close", id: windowId });
      },
    },
    clipboard,
    theme: { get: async () => useAppearance.getState().shown },
    i18n: { get: async () => language },
  };
  return createOs(localTransport({ ...calls, ...own }, subscribeAll));
}

export const os = osFor(null);
