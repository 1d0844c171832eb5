import { catalogue } from "@webx/ui";

/** The texts of what the desktop asks in the name of apps. */
export const useAskText = catalogue({
  en: () => import("./locales/en.json"),
  de: () => import("./locales/de.json"),
  ar: () => import("./locales/ar.json"),
});

export type AskText = ReturnType<typeof useAskText>;
