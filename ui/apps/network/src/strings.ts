import { catalogue } from "@webx/ui";

export const useT = catalogue({
  en: () => import("./locales/en.json"),
  de: () => import("./locales/de.json"),
  ar: () => import("./locales/ar.json"),
});

export type T = ReturnType<typeof useT>;
