/** The languages the desktop speaks. */
export const LOCALES = ["en", "de", "ar"] as const;
export type Locale = (typeof LOCALES)[number];
export type Direction = "ltr" | "rtl";

/** Each language by its own name, for a person who cannot read the current one. */
export const LOCALE_NAMES: Readonly<Record<Locale, string>> = { en: "English", de: "Deutsch", ar: "العربية" };

export function isLocale(value: unknown): value is Locale {
  return LOCALES.some(locale => locale === value);
}

export function directionOf(locale: Locale): Direction {
  return locale === "ar" ? "rtl" : "ltr";
}

/** The first language of the list that we speak (`de-AT` counts as `de`); English when none is. */
export function bestLocale(wanted: readonly string[]): Locale {
  for (const tag of wanted) {
    const language = tag.toLowerCase().split("-")[0];
    if (isLocale(language)) return language;
  }
  return "en";
}
