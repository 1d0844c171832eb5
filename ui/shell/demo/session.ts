/** Stands in for the session with a node: everything happens in this page's memory. For work on the desktop alone. */
import { createOs, type Settings } from "@webx/sdk";
import { createMemoryOs, type Seed } from "@webx/sdk/testing";
import { bestLocale, isLocale, type Locale } from "@webx/ui";
import { create } from "zustand";

const wish = new URLSearchParams(location.search);
const wanted = wish.get("lang") ?? "en";
const settings: Settings = {
  language: isLocale(wanted) ? wanted : "en",
  theme: (wish.get("theme") ?? "light") as NonNullable<Settings["theme"]>,
  ...(wish.get("wallpaper") ? { wallpaper: wish.get("wallpaper") ?? "" } : {}),
};

const many = (count: number): Seed =>
  Object.fromEntries(Array.from({ length: count }, (_, n) => [`Photo ${n + 1}.jpg`, `picture ${n}`]));

const memory = createMemoryOs({
  settings,
  quota: 50_000_000_000,
  locale: { language: settings.language ?? "en", dir: settings.language === "ar" ? "rtl" : "ltr" },
  files: {
    Documents: { "Tax 2025.pdf": "%PDF", "Letter to Anna.md": "# Dear Anna\n\nThank you.", "Budget.csv": "a,b\n1,2" },
    Pictures: { "Summer in Ticino": many(240), "Cat.png": "png" },
    Music: { "Nocturne.flac": "flac" },
    "Welcome.md": "# Welcome\n\nThis is your drive.",
    "notes.txt": "Milk, bread, freedom.",
    "backup.tar.gz": "tar",
  },
});

const useLanguage = create<{ locale: Locale }>(() => ({ locale: bestLocale([settings.language ?? "en"]) }));
export const setLocale = (locale: Locale): void => useLanguage.setState({ locale });
memory.os.settings.onChange(next => isLocale(next.language) && setLocale(next.language));

export const calls = memory.calls;
export const subscribe = memory.transport.subscribe;
export const os = createOs(memory.transport);

const RECORD = "webx.demo.layout";
export const desktop = {
  load: async (): Promise<unknown> => JSON.parse(sessionStorage.getItem(RECORD) ?? "null"),
  save: async (value: unknown): Promise<void> => sessionStorage.setItem(RECORD, JSON.stringify(value)),
  onChange: () => () => undefined,
};

export type Phase = "starting" | "unreachable" | "unsupported" | "welcome" | "locked" | "open";
const usePhase = create<{ phase: Phase }>(() => ({ phase: (wish.get("phase") ?? "open") as Phase }));

export function useSession() {
  const phase = usePhase(state => state.phase);
  const locale = useLanguage(state => state.locale);
  return { phase, locale, setLocale, retry: () => usePhase.setState({ phase: "open" }) };
}
export async function lock(): Promise<void> {
  usePhase.setState({ phase: "unreachable" });
}

/** For trying things from the console. */
Object.assign(globalThis, { webxDemo: memory });
