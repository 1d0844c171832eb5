export { type Catalogue, catalogue, type Translate } from "./catalogue";
export { type Formats, formatsOf } from "./formats";
export { type LocaleContext, LocaleProvider, type LocaleProviderProps, useLocale } from "./LocaleProvider";
export { bestLocale, type Direction, directionOf, isLocale, LOCALE_NAMES, LOCALES, type Locale } from "./locales";
export type { Value, Values } from "./message";
