import { ContextMenu, type MenuEntry, Toolbar, Tooltip } from "@webx/ui";
import LayoutGrid from "lucide-react/icons/layout-grid";
import Pin from "lucide-react/icons/pin";
import PinOff from "lucide-react/icons/pin-off";
import Plus from "lucide-react/icons/plus";
import Trash2 from "lucide-react/icons/trash-2";
import X from "lucide-react/icons/x";
import { Button } from "react-aria-components/Button";
import { AppTile } from "./AppTile";
import { appMenu } from "./appMenu";
import { type App, appOf, FILES, useApps } from "./apps";
import { closeWindow } from "./busy";
import { useNotifications } from "./notifications";
import { openApp } from "./os";
import { togglePanel } from "./panels";
import { changeSettings, useSettings } from "./settings";
import { appName, useText } from "./strings";
import { dispatch, useWm } from "./wm/store";
import "./Dock.css";

/** The apps that always stand in the dock. */
function usePinned(): string[] {
  const dock = useSettings(state => state.dock);
  const pinned = typeof dock === "object" && dock !== null && "pinned" in dock ? dock.pinned : undefined;
  const list = useApps(state => state.list);
  if (!Array.isArray(pinned)) return list.map(app => app.key);
  return pinned.filter((key): key is string => typeof key === "string" && list.some(app => app.key === key));
}

export function Dock() {
  const t = useText();
  const pinned = usePinned();
  const running = useWm(state => [...new Set(Object.values(state.windows).map(each => each.app))].join(" "));
  const ids = [...new Set([...pinned, ...running.split(" ").filter(Boolean)])];

  const menu = (target: Element): MenuEntry[] => {
    const app = appOf(target.closest<HTMLElement>("[data-app]")?.dataset.app ?? "");
    if (!app) return [];
    const open = Object.values(useWm.getState().windows).filter(each => each.app === app.key);
    const isPinned = pinned.includes(app.key);
    return [
      ...open.map(window => ({
        id: window.id,
        label: window.title || appName(t, app),
        onAction: () => dispatch({ type: "focus", id: window.id }),
      })),
      ...(open.length > 0 ? (["separator"] as const) : []),
      ...(app.single && open.length > 0
        ? []
        : [{ id: "new", label: t("newWindow"), icon: Plus, onAction: () => openApp(app.key) }]),
      {
        id: "pin",
        label: isPinned ? t("unpin") : t("pin"),
        icon: isPinned ? PinOff : Pin,
        onAction: () =>
          void changeSettings(
            { dock: { pinned: isPinned ? pinned.filter(each => each !== app.key) : [...pinned, app.key] } },
            t("settingFailed"),
          ),
      },
      ...appMenu(app, t),
      ...(open.length > 0
        ? [
            {
              id: "close",
              label: t("closeAll", { count: open.length }),
              icon: X,
              danger: true,
              onAction: () => {
                for (const window of open) void closeWindow(window.id);
              },
            },
          ]
        : []),
    ];
  };

  return (
    <nav className="dock-place" data-region="dock" aria-label={t("dock")}>
      <ContextMenu label={t("appMenu")} items={menu}>
        <Toolbar label={t("dock")} className="dock">
          <Tooltip text={t("openLauncher")} placement="top">
            <Button className="dock-item" aria-label={t("openLauncher")} onPress={() => togglePanel("launcher")}>
              <span className="dock-plain">
                <LayoutGrid size={24} aria-hidden="true" />
              </span>
            </Button>
          </Tooltip>
          <span className="dock-line" />
          {ids.map(id => {
            const app = appOf(id);
            return app && <DockApp key={id} app={app} />;
          })}
          <span className="dock-line" />
          <Tooltip text={t("trash")} placement="top">
            <Button className="dock-item" aria-label={t("trash")} onPress={() => openApp(FILES, { trash: true })}>
              <span className="dock-plain">
                <Trash2 size={24} aria-hidden="true" />
              </span>
            </Button>
          </Tooltip>
        </Toolbar>
      </ContextMenu>
    </nav>
  );
}

/** A press opens the app, brings its windows forward one after the other, or puts the only one away. */
export function activate(app: App): void {
  const { windows, stack, focus, current } = useWm.getState();
  const own = stack.flatMap(id => (windows[id]?.app === app.key ? [windows[id]] : []));
  const here = own.filter(each => each.space === current);
  const front = here.find(each => each.id === focus);
  // The lowest of the app's windows comes forward, so that repeated presses go through all of them.
  const next = front ? here[0] : (here.at(-1) ?? own.at(-1));
  if (!next) openApp(app.key);
  else if (front && here.length === 1) dispatch({ type: "minimise", id: front.id });
  else dispatch({ type: "focus", id: next.id });
}

function DockApp({ app }: { app: App }) {
  const t = useText();
  const count = useWm(state => Object.values(state.windows).filter(each => each.app === app.key).length);
  const active = useWm(state => state.focus !== null && state.windows[state.focus]?.app === app.key);
  const badge = useNotifications(
    state => state.items.filter(each => appOf(each.open?.app ?? "")?.key === app.key).length,
  );
  const name = appName(t, app);
  const label = [
    name,
    count > 0 ? t("windowsOpen", { count }) : null,
    badge > 0 ? t("notificationsCount", { count: badge }) : null,
  ]
    .filter(Boolean)
    .join(", ");
  return (
    <Tooltip text={name} placement="top">
      <Button
        className="dock-item"
        aria-label={label}
        data-app={app.key}
        data-active={active || undefined}
        onPress={() => activate(app)}
      >
        <AppTile app={app} size={44} />
        {count > 0 && (
          <span className="dock-dots" aria-hidden="true">
            {Array.from({ length: Math.min(count, 3) }, (_, dot) => (
              // biome-ignore lint/suspicious/noArrayIndexKey: dots are all alike
              <i key={dot} />
            ))}
          </span>
        )}
        {badge > 0 && (
          <span className="dock-badge" aria-hidden="true">
            {badge > 9 ? "9+" : badge}
          </span>
        )}
      </Button>
    </Tooltip>
  );
}
