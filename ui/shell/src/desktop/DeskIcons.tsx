import { ContextMenu } from "@webx/ui";
import { AppTile } from "./AppTile";
import { appMenu } from "./appMenu";
import { appOf, useApps } from "./apps";
import { activate } from "./Dock";
import { appName, useText } from "./strings";
import "./DeskIcons.css";

/** What the person installed stands on the desktop itself. */
export function DeskIcons() {
  const t = useText();
  const list = useApps(state => state.list);
  const installed = list.filter(app => app.info && !app.info.system);
  if (installed.length === 0) return null;
  return (
    <ContextMenu
      label={t("appMenu")}
      items={target => {
        const app = appOf(target.closest<HTMLElement>("[data-desk-app]")?.dataset.deskApp ?? "");
        return app ? appMenu(app, t).slice(1) : [];
      }}
    >
      <nav className="desk-icons" aria-label={t("installedApps")}>
        {installed.map(app => (
          <button
            key={app.key}
            type="button"
            className="desk-icon"
            data-desk-app={app.key}
            onClick={() => activate(app)}
          >
            <AppTile app={app} size={48} />
            <span>{appName(t, app)}</span>
          </button>
        ))}
      </nav>
    </ContextMenu>
  );
}
