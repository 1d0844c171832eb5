import { defineCatalogue } from "./i18n/catalogue";
import { useI18n } from "./i18n/I18n";

/** The kit's own few texts. The shell loads them with the language, so that no component waits. */
export const kitStrings = defineCatalogue({
  en: () => import("./locales/en.json"),
  de: () => import("./locales/de.json"),
  ar: () => import("./locales/ar.json"),
});

export function useKitText() {
  return useI18n(kitStrings).t;
}
