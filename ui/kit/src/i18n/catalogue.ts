import { use } from "react";
import { type Formats, formatsOf } from "./formats";
import { useLocale } from "./LocaleProvider";
import type { Locale } from "./locales";
import { type Part, parse, print, type Values } from "./message";

export type Translate<Key extends string = string> = (key: Key, values?: Values) => string;

type Texts = Readonly<Record<string, string>>;
type Source<T extends Texts> = T | (() => Promise<{ default: T }>);

/** The hook of a catalogue: `t` in the current language. Suspends while the language loads. */
export interface Catalogue<Key extends string> {
  (): Translate<Key>;
  /** Loads a language once; for code that is no component, and to warm a language up. */
  load(locale: Locale): Promise<Translate<Key>>;
}

/** Lets React's `use` read a promise without waiting: React looks at these two fields. */
function fulfilled<T>(promise: Promise<T>, value: T): Promise<T> {
  return Object.assign(promise, { status: "fulfilled", value });
}

function translator<Key extends string>(texts: Texts, formats: Formats): Translate<Key> {
  const parsed = new Map<string, readonly Part[]>();
  return (key, values = {}) => {
    let parts = parsed.get(key);
    if (!parts) {
      const text = texts[key];
      if (text === undefined) return key;
      parts = parse(text);
      parsed.set(key, parts);
    }
    return print(parts, values, formats);
  };
}

/**
 * Declares the texts of a package, one flat JSON file for each language. A function is called when its language is
 * first shown; a plain object is part of the bundle. The English file fixes the keys: `t("…")` takes no other.
 *
 * ```ts
 * export const useT = catalogue({
 *   en: () => import("./locales/en.json"),
 *   de: () => import("./locales/de.json"),
 *   ar: () => import("./locales/ar.json"),
 * });
 * // in a component
 * const t = useT();
 * t("selected", { count: 3 }); // "{count, plural, one {# file} other {# files}} selected"
 * ```
 */
export function catalogue<T extends Texts>(sources: {
  en: Source<T>;
  de: Source<Texts>;
  ar: Source<Texts>;
}): Catalogue<keyof T & string> {
  type Key = keyof T & string;
  const loads = new Map<Locale, Promise<Translate<Key>>>();

  function load(locale: Locale): Promise<Translate<Key>> {
    const known = loads.get(locale);
    if (known) return known;
    const source: Source<Texts> = sources[locale];
    const keep = (texts: Texts) => translator<Key>(texts, formatsOf(locale));
    if (typeof source !== "function") {
      const value = keep(source);
      const ready = fulfilled(Promise.resolve(value), value);
      loads.set(locale, ready);
      return ready;
    }
    const loading = source().then(file => keep(file.default));
    loads.set(locale, loading);
    loading.then(
      value => fulfilled(loading, value),
      () => loads.delete(locale),
    );
    return loading;
  }

  function useT(): Translate<Key> {
    const { locale } = useLocale();
    return use(load(locale));
  }
  return Object.assign(useT, { load });
}
