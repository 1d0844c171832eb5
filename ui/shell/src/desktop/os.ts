/** What the desktop asks of the system for itself, and what all windows share: clipboard, language, look. */
import { type FileClip, type Locale, Problem, type Theme, type Topic, type Topics } from "@webx/sdk";
import { directionOf } from "@webx/ui";
import { useAppearance } from "../appearance";
import { calls, subscribe } from "../session";
import { appOf } from "./apps";
import { dispatch } from "./wm/store";

const telling = <T extends Topic>(topic: T) => ({
  onChange: (listener: (event: Topics[T]) => void) => subscribe(topic, listener),
});

/** The system as the desktop itself sees it. */
export const os = {
  ...calls,
  settings: { ...calls.settings, ...telling("settings") },
  notifications: { ...calls.notifications, ...telling("notifications") },
  jobs: { ...calls.jobs, ...telling("jobs") },
  sagas: { ...calls.sagas, ...telling("sagas") },
  apps: { ...calls.apps, ...telling("apps") },
  online: telling("online"),
};

export function openApp(app: string, args?: unknown): void {
  const known = appOf(app);
  if (!known) throw new Problem({ code: "no-such-app", status: 404, title: `No app ${app}` });
  dispatch({ type: "open", app: known.key, args, size: known.size, single: known.single });
}

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

/** How the desktop looks now, as apps are told. */
export function look(): Theme {
  const { shown, accent } = useAppearance.getState();
  return { ...shown, accent };
}

useAppearance.subscribe((state, before) => {
  if (state.shown === before.shown && state.accent === before.accent) return;
  for (const tell of listeners.theme) tell(look());
});

/** Which language the desktop speaks now, as apps are told. */
export const locale = (): Locale => language;

export function setOsLanguage(name: Locale["language"]): void {
  if (language.language === name) return;
  language = { language: name, dir: directionOf(name) };
  for (const tell of listeners.i18n) tell(language);
}

/** Hears what the desktop itself knows. Returns the way to stop. */
export function subscribeOwn<T extends keyof Own>(topic: T, listener: (event: Own[T]) => void): () => void {
  listeners[topic].add(listener);
  return () => void listeners[topic].delete(listener);
}

export const isOwnTopic = (topic: string): topic is keyof Own => topic in listeners;

export const clipboard = {
  writeText: (text: string): Promise<void> => navigator.clipboard.writeText(text),
  readText: (): Promise<string> => navigator.clipboard.readText(),
  writeFiles: async (next: FileClip | null): Promise<void> => {
    clip = next;
    for (const tell of listeners.clipboard) tell(clip);
  },
  readFiles: async (): Promise<FileClip | null> => clip,
};

/** Forgets what was copied; part of closing the desktop. */
export function forgetClipboard(): void {
  clip = null;
}
