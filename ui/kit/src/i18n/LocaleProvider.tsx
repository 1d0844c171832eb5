import { createContext, type ReactNode, useContext, useEffect, useMemo } from "react";
import { I18nProvider } from "react-aria-components/I18nProvider";
import { type Formats, formatsOf } from "./formats";
import { type Direction, directionOf, type Locale } from "./locales";

export interface LocaleContext {
  locale: Locale;
  dir: Direction;
  format: Formats;
}

const Context = createContext<LocaleContext>({ locale: "en", dir: "ltr", format: formatsOf("en") });

export interface LocaleProviderProps {
  locale: Locale;
  /** The element that gets `lang` and `dir`; the shell gives the document's root, an app its own. */
  root?: HTMLElement;
  children: ReactNode;
}

/**
 * Sets the language for everything below: texts, formats, and React Aria's own strings.
 * Change `locale` inside `startTransition`, then the old language stays until the new one is loaded.
 */
export function LocaleProvider({ locale, root, children }: LocaleProviderProps) {
  const value = useMemo<LocaleContext>(
    () => ({ locale, dir: directionOf(locale), format: formatsOf(locale) }),
    [locale],
  );
  useEffect(() => {
    if (!root) return;
    root.lang = locale;
    root.dir = value.dir;
  }, [root, locale, value.dir]);
  return (
    <Context value={value}>
      <I18nProvider locale={locale}>{children}</I18nProvider>
    </Context>
  );
}

/** Language, direction and formats: `const { format } = useLocale(); format.bytes(node.size)`. */
export function useLocale(): LocaleContext {
  return useContext(Context);
}
