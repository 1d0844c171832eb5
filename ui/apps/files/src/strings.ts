import { catalogue, type Translate } from "@webx/ui";
import en from "./locales/en.json";

/** The texts of Files. English is part of the bundle, the others load when they are needed. */
export const useT = catalogue({
  en,
  de: () => import("./locales/de.json"),
  ar: () => import("./locales/ar.json"),
});

export type Key = keyof typeof en;
export type T = Translate<Key>;
