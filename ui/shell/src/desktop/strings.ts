import { catalogue } from "@webx/ui";
import { type App, BACKEND, DOCUMENT, WORK } from "./apps";

/** The desktop's texts. */
export const useText = catalogue({
  en: () => import("./locales/en.json"),
  de: () => import("./locales/de.json"),
  ar: () => import("./locales/ar.json"),
});

export type Text = ReturnType<typeof useText>;

/** The name of an app: translated for those that come with the desktop. */
export function appName(t: Text, app: App): string {
  switch (app.info && !app.info.system ? "" : app.id) {
    case "files":
      return t("appFiles");
    case "settings":
      return t("appSettings");
    case "activity":
      return t("appActivity");
    case "store":
      return t("appStore");
    case "gallery":
      return t("appGallery");
    case "network":
      return t("appNetwork");
    case "contacts":
      return t("appContacts");
    case DOCUMENT:
      return t("document");
    case WORK:
      return t("runningWork");
    case BACKEND:
      return t("backendLog");
    default:
      return app.name;
  }
}

export function appDescription(t: Text, app: App): string {
  switch (app.info?.system ? app.id : "") {
    case "files":
      return t("appFilesAbout");
    case "settings":
      return t("appSettingsAbout");
    case "activity":
      return t("appActivityAbout");
    case "store":
      return t("appStoreAbout");
    case "gallery":
      return t("appGalleryAbout");
    case "network":
      return t("appNetworkAbout");
    case "contacts":
      return t("appContactsAbout");
    default:
      return app.description;
  }
}
