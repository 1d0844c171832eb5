/** The language before anybody signed in; afterwards it follows the settings. Not a secret, so it stays in the browser. */
import { bestLocale, isLocale, type Locale } from "@webx/ui";
import { create } from "zustand";

const RECORD = "webx.language";

function remembered(): Locale {
  const stored = localStorage.getItem(RECORD);
  return isLocale(stored) ? stored : bestLocale(navigator.languages);
}

export const useLanguage = create<{ locale: Locale }>(() => ({ locale: remembered() }));

export function setLocale(locale: Locale): void {
  localStorage.setItem(RECORD, locale);
  useLanguage.setState({ locale });
}
