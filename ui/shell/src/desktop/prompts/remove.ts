import { toast } from "@webx/ui";
import { calls } from "../../session";
import { type App, loadApps } from "../apps";
import { appName, type Text } from "../strings";
import { askRemove } from "./ask";

/** Asks what happens to the data, removes the app, and offers the way back. */
export async function removeApp(app: App, t: Text): Promise<void> {
  if (!app.info) return;
  const data = await askRemove(app.info);
  if (data === null) return;
  await calls.apps.remove(app.install, data);
  await loadApps();
  const name = appName(t, app);
  toast({
    title: t("uninstalled", { app: name }),
    body: t("uninstalledHelp"),
    action: {
      label: t("undo"),
      onAction: () => {
        calls.apps.undo(app.install).then(
          () => loadApps(),
          () => toast({ level: "error", title: t("undoFailed", { app: name }) }),
        );
      },
    },
  });
}
