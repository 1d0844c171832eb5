import type { Settings, Theme, ThemeName } from "@webx/sdk";
import { isAccent } from "@webx/ui";
import { create } from "zustand";

/** How the person wants the screen to look. */
export interface Wanted {
  theme: ThemeName;
  reduceMotion: boolean;
  accent: string;
}

interface State extends Wanted {
  /** What that means on this machine now. */
  shown: Theme;
}

/** Kept in this browser so that the first picture already has the right colours; it is no secret. */
const RECORD = "webx.appearance";
const dark = matchMedia("(prefers-color-scheme: dark)");
const contrast = matchMedia("(prefers-contrast: more)");
const still = matchMedia("(prefers-reduced-motion: reduce)");

function resolve(wanted: Wanted): Theme {
  const system = contrast.matches ? "contrast" : dark.matches ? "dark" : "light";
  return {
    name: wanted.theme === "system" ? system : wanted.theme,
    reduceMotion: wanted.reduceMotion || still.matches,
  };
}

const isTheme = (value: unknown): value is ThemeName =>
  value === "light" || value === "dark" || value === "contrast" || value === "system";

function wantedFrom(value: Partial<Record<keyof Wanted, unknown>>): Wanted {
  return {
    theme: isTheme(value.theme) ? value.theme : "system",
    reduceMotion: value.reduceMotion === true,
    accent: isAccent(value.accent) ? value.accent : "indigo",
  };
}

function remembered(): Wanted {
  try {
    const value: unknown = JSON.parse(localStorage.getItem(RECORD) ?? "{}");
    return wantedFrom(typeof value === "object" && value !== null ? value : {});
  } catch {
    return wantedFrom({});
  }
}

const first = remembered();
export const useAppearance = create<State>(() => ({ ...first, shown: resolve(first) }));

/** Makes the document look as wanted. */
export function applyAppearance(wanted: Wanted): void {
  const shown = resolve(wanted);
  const root = document.documentElement;
  root.dataset.theme = shown.name;
  root.dataset.accent = wanted.accent;
  if (shown.reduceMotion) root.dataset.motion = "reduce";
  else delete root.dataset.motion;
  const before = useAppearance.getState().shown;
  const same = before.name === shown.name && before.reduceMotion === shown.reduceMotion;
  useAppearance.setState({ ...wanted, shown: same ? before : shown });
}

/** Takes the look from the person's settings. */
export function appearanceFrom(settings: Settings): void {
  const wanted = wantedFrom(settings);
  localStorage.setItem(RECORD, JSON.stringify(wanted));
  applyAppearance(wanted);
}

/** Follows the machine's own light, dark and motion choices. Called once. */
export function startAppearance(): void {
  applyAppearance(first);
  for (const query of [dark, contrast, still]) {
    query.addEventListener("change", () => applyAppearance(useAppearance.getState()));
  }
}
