import { catalogue } from "@webx/ui";
import type { App } from "./apps";

/** The desktop's texts. */
export const useText = catalogue({
  en: () => import("./locales/en.json"),
  de: () => import("./locales/de.json"),
  ar: () => import("./locales/ar.json"),
});

export type Text = ReturnType<typeof useText>;

/** The name of an app: translated for those that come with the desktop. */
export function appName(t: Text, app: App): string {
  if (app.id === "files") return t("appFiles");
  if (app.id === "settings") return t("appSettings");
  if (app.id === "activity") return t("appActivity");
  return app.name;
}

export function appDescription(t: Text, app: App): string {
  if (app.id === "files") return t("appFilesAbout");
  if (app.id === "settings") return t("appSettingsAbout");
  if (app.id === "activity") return t("appActivityAbout");
  return app.description;
}
