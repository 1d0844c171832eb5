import { type MenuEntry, toast } from "@webx/ui";
import KeyRound from "lucide-react/icons/key-round";
import ScrollText from "lucide-react/icons/scroll-text";
import Trash2 from "lucide-react/icons/trash-2";
import { type App, BACKEND, SETTINGS } from "./apps";
import { openApp } from "./os";
import { removeApp } from "./prompts/remove";
import { appName, type Text } from "./strings";

/** What can be done with an installed app itself. */
export function appMenu(app: App, t: Text): MenuEntry[] {
  const { info } = app;
  if (!info) return [];
  return [
    "separator",
    {
      id: "permissions",
      label: t("appPermissions"),
      icon: KeyRound,
      onAction: () => openApp(SETTINGS, { page: "apps", install: app.install }),
    },
    ...(info.backend
      ? [
          {
            id: "log",
            label: t("backendLog"),
            icon: ScrollText,
            onAction: () => openApp(BACKEND, { install: app.install }),
          },
        ]
      : []),
    ...(info.system
      ? []
      : [
          {
            id: "remove",
            label: t("uninstallNamed", { app: appName(t, app) }),
            icon: Trash2,
            danger: true,
            onAction: () => {
              removeApp(app, t).catch(() => toast({ level: "error", title: t("uninstallFailed") }));
            },
          },
        ]),
  ];
}
